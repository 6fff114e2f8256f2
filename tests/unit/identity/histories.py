"""Generated histories of who was seen with whom: small worlds, so that everything meets everything."""

from itertools import product

from hypothesis import strategies as st

from shared.identity.graph import Limit, Link, Settings
from shared.identity.links import Seen

USERS = [f"user:u{n}" for n in range(4)]
DEVICES = [f"anonymous:d{n}" for n in range(5)]
OTHERS = [f"email:e{n}" for n in range(4)] + [f"phone:p{n}" for n in range(3)] + ["loyalty:l0"]
TIGHT = Settings(
    limits={"user": Limit(1), "anonymous": Limit(2, "weekly"), "email": Limit(2)},
    others=Limit(2),
    merges=3,
    identifiers=7,
)
LOOSE = Settings()

settings = st.sampled_from([TIGHT, LOOSE])


def _subjects():
    """Log-ins and what a server tells, each with and without a browser's claim beside it: (identifiers, user, device, claims)."""
    for user, device in product(["", *USERS], ["", *DEVICES]):
        for others in [(), *((one,) for one in OTHERS), *zip(OTHERS, OTHERS[1:], strict=False)]:
            names = tuple(sorted(filter(None, (user, device, *others))))
            yield names, user, device if user else "", ()
            if device:
                yield names, user, device if user else "", ((device, USERS[len(names) % 4]),)


SUBJECTS = list(_subjects())


def _event(drawn):
    number, at = divmod(drawn, 1000)
    names, user, device, claims = SUBJECTS[number % len(SUBJECTS)]
    return Seen(Link(at * 2600.0, f"m{number}", names), claims, user=user, device=device)


events = st.integers(0, 1000 * len(SUBJECTS) - 1).map(_event)  # one number an event: ten thousand histories in seconds
histories = st.lists(events, max_size=12)


def earliest(history):
    """Each link once, as it was first seen: what a component is to hold, put plainly."""
    first = {}
    for one in history:
        if len(one.link.identifiers) > 1:
            first[one.link.identifiers] = min(first.get(one.link.identifiers, one.link), one.link)
    return tuple(first.values())


def partition(graph):
    return {frozenset(profile.joined) for profile in graph.profiles}
