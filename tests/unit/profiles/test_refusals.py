"""Of who refused nothing is linked; and who has a new name by a new key keeps what was known under the former one."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.consent.choices import CHANGED
from shared.events.model import Consent
from shared.identity.linker import Linker
from shared.identity.record import decode_component
from shared.profiles import signals
from shared.profiles.batch import entry
from shared.profiles.process import Processor
from shared.profiles.state import State
from shared.profiles.store import ShoppersStore
from shared.versioned import VersionedMemory
from tests.factories import NOON, event

ALL = Consent(True, True, True)


class Shop:
    """The consumer with stores in memory."""

    def __init__(self):
        self.states, self.graph = VersionedMemory(), VersionedMemory()
        self.store = ShoppersStore(None, "")
        self.store.items = self.states

    def take(self, *numbered):
        entries = [entry(number, e.anonymous_id or e.user_id, e, signals.read(e)) for number, e in numbered]
        linker = Linker(self.graph, wall=NOON.timestamp)
        assert (
            Processor(self.store, linker, lambda state, at: ([], []), "v1", lambda states: None).process(entries)
            is None
        )

    def tell(self, *events):
        self.take(*enumerate(events, 1))

    def state(self, key):
        return self.store.get_many([key])[key].state

    def links(self):
        """Identifiers of all links and claims."""
        found = set()
        for key, kept in self.graph.items.items():
            if key.startswith("c#"):
                part = decode_component(kept.value)
                found |= {link.identifiers for link in part.links} | {(name,) for name in part.claims}
        return found


def view(minutes, **fields):
    return event(minutes=minutes, **fields)


def login(minutes, user="u1", device="a1", **fields):
    return event(
        "", type="identify", properties={}, user_id=user, anonymous_id=device, verified=True, minutes=minutes, **fields
    )


def says(minutes, personalization, device="a1", user=""):
    """On purpose, through the API."""
    at = NOON + timedelta(minutes=minutes)
    agreed = Consent(personalization, personalization, personalization, at)
    fields = {"user_id": user, "anonymous_id": "", "verified": True} if user else {"anonymous_id": device}
    return event(CHANGED, minutes=minutes, properties={"source": "api"}, consent=agreed, **fields)


def test_a_yes_that_comes_along_after_a_refusal_links_nobody():
    for refusal in (says(2, False), says(2, False, user="u1")):
        shop = Shop()
        shop.tell(view(0), login(0, device="a9"), refusal, login(3))
        assert ("anonymous:a1", "user:u1") not in shop.links()
        assert ("anonymous:a9", "user:u1") in shop.links(), "said before"
        assert not shop.state("u#u1").recent


def test_nothing_is_stored_of_an_unknown_shopper_who_logs_in_on_a_device_that_refused():
    shop = Shop()
    shop.tell(view(0), says(1, False), login(2))
    assert shop.state("u#u1") == State() and "u#u1" not in shop.states.items


def test_a_refused_claim_is_not_written_down():
    claim = event("", type="identify", properties={}, user_id="u1", minutes=3)
    shop, willing = Shop(), Shop()
    shop.tell(view(0), says(2, False), claim)
    willing.tell(view(0), claim)
    assert not shop.graph.items and willing.graph.items


def test_a_new_yes_on_purpose_links_again():
    shop = Shop()
    shop.tell(view(0), says(2, False), login(3), says(4, True), login(5))
    assert shop.links() == {("anonymous:a1", "user:u1")}


def test_a_no_of_somebody_unknown_stands_in_nobodys_way():
    shop = Shop()
    shop.tell(says(0, False), login(3))
    assert shop.links() == {("anonymous:a1", "user:u1")}


def test_what_comes_late_from_before_a_withdrawal_links_nobody():
    shop = Shop()
    shop.tell(view(0), says(2, False), says(4, True), login(1))
    assert shop.links() == set()


devices, users, minutes = st.sampled_from(["a1", "a2"]), st.sampled_from(["u1", "u2"]), st.integers(0, 50)
happenings = st.one_of(
    st.builds(lambda at, device: view(at, anonymous_id=device), minutes, devices),
    st.builds(login, minutes, users, devices),
    st.builds(says, minutes, st.booleans(), devices),
    st.builds(lambda at, yes, user: says(at, yes, user=user), minutes, st.booleans(), users),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, max_size=12), st.data())
def test_delivered_again_from_anywhere_the_refused_stay_unlinked(history, data):
    """The stream in batches, each of which may be delivered again from any place before its end; then all of it once more."""
    numbered = list(enumerate((replace(e, message_id=f"m{n}") for n, e in enumerate(history)), 1))
    shop, done = Shop(), 0
    while done < len(numbered):
        again = data.draw(st.integers(0, done))
        end = data.draw(st.integers(done + 1, len(numbered)))
        shop.take(*numbered[again:end])
        done = end
    links = shop.links()
    shop.take(*numbered)
    assert shop.links() == links
    refusing = {key for key in ("a#a1", "a#a2", "u#u1", "u#u2") if _always_refused(history, key)}
    named = {f"{'user' if key[0] == 'u' else 'anonymous'}:{key[2:]}" for key in refusing}
    assert not any(named & set(names) for names in links)


def _always_refused(history, key):
    """Known by a first view or word, then a no for good before any log-in."""
    mine = [e for e in history if key in (f"a#{e.anonymous_id}", f"u#{e.user_id}")]
    words = [e for e in mine if e.event == CHANGED]
    if len(words) < 2 or not words[0].consent.personalization or mine[:2] != words[:2]:
        return False
    yes, no = words[:2]
    later = [e for e in words[2:] if e.consent.personalization]
    return not no.consent.personalization and no.timestamp > yes.timestamp and not later


OLD, NEW = "hash-old", "hash-new"
RENAMED = {"previous_identifiers": {"user": OLD}}


def test_a_new_name_by_a_new_key_takes_over_what_the_former_one_had():
    shop = Shop()
    shop.tell(login(0, user=OLD), view(1, user_id=OLD, verified=True, item="tent"))
    again = [(3, view(5, user_id=NEW, verified=True, item="stove", **RENAMED))]
    shop.take(*again)
    assert [touch.item for touch in shop.state(f"u#{NEW}").recent] == ["tent", "stove"]
    assert not shop.state(f"u#{OLD}").recent and not shop.state(f"u#{OLD}").choices
    before = dict(shop.states.items)
    shop.take(*again)
    assert shop.states.items == before, "delivered again"
    shop.take((4, view(6, user_id=NEW, verified=True, item="rope", **RENAMED)))
    assert shop.state(f"u#{NEW}").totals.events == 4 and len(shop.state(f"u#{NEW}").recent) == 3


def test_an_anonymous_name_changes_too_and_a_claimed_user_carries_nothing():
    shop = Shop()
    shop.tell(view(0, anonymous_id=OLD), view(0, user_id=OLD, verified=True, anonymous_id="a2"))
    shop.take((3, view(1, anonymous_id=NEW, user_id="x", previous_identifiers={"anonymous": OLD, "user": OLD})))
    assert shop.state(f"a#{NEW}").totals.events == 2 and not shop.state(f"a#{OLD}").recent
    assert shop.state(f"u#{OLD}").totals.events == 1


def test_a_refusal_goes_along_with_the_name():
    shop = Shop()
    shop.tell(view(0, user_id=OLD, verified=True, anonymous_id=""), says(1, False, user=OLD))
    shop.take((3, login(5, user=NEW, **RENAMED)))
    assert shop.links() == set() and not shop.state(f"u#{NEW}").recent
    assert [choice.personalization for choice in shop.state(f"u#{NEW}").choices] == [True, False]


def test_a_device_is_not_shared_by_both_names_of_one_shopper():
    shop = Shop()
    shop.tell(login(0, user=OLD), login(5, user=NEW, **RENAMED), view(6, item="rope"))
    shop.take((4, login(7, user=NEW, **RENAMED)))
    assert not shop.state("a#a1").shared
    assert [touch.item for touch in shop.state(f"u#{NEW}").recent] == ["rope"]
