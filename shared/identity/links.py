"""What one event says about who is who: what somebody vouches for, and claims that nobody does."""

from typing import NamedTuple

from shared.events.model import Event
from shared.identity.graph import Link, Pair

Arrival = tuple[float, str]  # when capture received it (epoch seconds), and its sequence number in the stream
Key = tuple[tuple[str, ...], tuple[Pair, ...], tuple[Pair, ...], str]


class Seen(NamedTuple):
    """`vouched` are identifiers that belong together. `claims` are (device, identifier it claims). `renamed` maps identifiers hashed
    with the former key to their present names. `user` is the verified one, `device` the anonymous id whose history a log-in joins."""

    link: Link
    claims: tuple[Pair, ...] = ()
    renamed: tuple[Pair, ...] = ()
    user: str = ""
    device: str = ""
    arrived: Arrival = (0.0, "")

    @property
    def key(self) -> Key:
        """Equal for events that say the same."""
        return self.link.identifiers, self.claims, self.renamed, self.device

    @property
    def tells(self) -> bool:
        return len(self.link.identifiers) > 1 or bool(self.claims)


NOTHING = Seen(Link(0.0, "", ()))


def seen(event: Event) -> Seen:
    """A server vouches for all it says. A browser vouches for nothing, except that its anonymous id and a user id proven by its hash
    belong together; what else it says is a claim, which never opens or joins a known shopper's history."""
    anonymous = [f"anonymous:{event.anonymous_id}"] if event.anonymous_id else []
    before = [f"anonymous:{event.previous_id}"] if event.type == "alias" and event.previous_id else []
    user = [f"user:{event.user_id}"] if event.user_id else []
    others = sorted(f"{kind}:{value}" for kind, value in event.identifiers.items())
    proven = user if event.verified else []
    server = event.source == "server"
    vouched = {*anonymous, *before, *proven, *(others if server else ())} if server or proven else set()
    return Seen(
        link=Link(event.timestamp.timestamp(), event.message_id, tuple(sorted(vouched)), event.source),
        claims=tuple((device, name) for device in anonymous for name in (*user, *others) if name not in vouched),
        renamed=_renamed(event, vouched),
        user=next(iter(proven), ""),
        device=next(iter(before or anonymous), "") if proven else "",
    )


def _renamed(event: Event, vouched: set[str]) -> tuple[Pair, ...]:
    """Of identifiers that are vouched for: who claims one changes no name."""
    present = {**event.identifiers, "user": event.user_id, "anonymous": event.anonymous_id}
    return tuple(
        (f"{kind}:{was}", name)
        for kind, was in sorted(event.previous_identifiers.items())
        if (name := f"{kind}:{present.get(kind, '')}") in vouched and was != present[kind]
    )
