import random
import threading

from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from shared.identity.graph import DEFAULT, Known, Link, decide
from shared.identity.linker import Linker
from shared.identity.links import Seen
from shared.identity.record import decode_component
from shared.versioned import VersionedMemory
from tests.unit.identity.histories import earliest, histories, partition
from tests.unit.identity.histories import settings as protections

CLOCK = 1_800_000_000.0


def linker(store, settings=DEFAULT):
    return Linker(store, settings, wall=lambda: CLOCK)


def components(store):
    found = {key: decode_component(kept.value) for key, kept in store.items.items() if key.startswith("c#")}
    return {key: part for key, part in found.items() if not part.moved}


def live(store, settings=DEFAULT):
    """The profiles of everything stored."""
    return {group for part in components(store).values() for group in partition(decide(part.known(), settings))}


def login(user, device, at=0.0, *others):
    names = tuple(sorted((f"user:{user}", f"anonymous:{device}", *others)))
    link = Link(at, f"m-{user}-{device}-{at}", names)
    return Seen(link, user=f"user:{user}", device=f"anonymous:{device}", arrived=(at, ""))


def told(at, *names):
    return Seen(Link(at, f"m-{at}", tuple(sorted(names))))


@run(max_examples=10_000, deadline=None)
@given(histories, protections, st.integers(0, 10**6))
def test_order_of_delivery_and_duplicates_do_not_change_the_graph(history, protection, seed):
    """Delivered in any order, in any batches, in part again and by several instances: the live graph is the one of the whole log."""
    chance = random.Random(seed)  # one number drawn, not one for each word of chance: that took longer than the graphs
    deliveries = [*history, *(one for one in history if chance.random() < 0.3)]
    chance.shuffle(deliveries)
    store = VersionedMemory()
    instances = [linker(store, protection), linker(store, protection)]
    while deliveries:
        size = chance.randint(1, 5)
        chance.choice(instances).observe(deliveries[:size])
        del deliveries[:size]
    assert live(store, protection) == partition(decide(Known(earliest(history)), protection))


def test_a_login_joins_the_device_and_the_next_is_known_already():
    store = VersionedMemory()
    mine = linker(store)
    assert mine.observe([login("ann", "phone")])[0].joined
    written = dict(store.items)
    assert mine.observe([login("ann", "phone", 5.0)])[0].joined
    assert linker(store).observe([login("ann", "phone", 6.0)])[0].joined
    assert store.items == written  # the same said again writes nothing


def test_the_second_user_of_a_device_makes_it_shared_for_both():
    store = VersionedMemory()
    mine = linker(store)
    assert mine.observe([login("ann", "kiosk", 1.0)])[0].joined
    bob = mine.observe([login("bob", "kiosk", 2.0)])[0]
    assert bob.shared and not bob.joined
    again = linker(store).observe([login("ann", "kiosk", 3.0)])[0]
    assert again.shared and not again.joined


def test_an_event_delivered_again_later_gets_the_standing_it_had():
    store = VersionedMemory()
    ann = login("ann", "kiosk", 1.0)
    first = linker(store).observe([ann])
    linker(store).observe([login("bob", "kiosk", 2.0)])
    assert linker(store).observe([ann]) == first


def test_a_kiosk_does_not_gather_its_users_in_one_component():
    store = VersionedMemory()
    mine = linker(store)
    mine.observe([login(f"u{n}", "kiosk", float(n)) for n in range(50)])
    assert max(len(part.links) for part in components(store).values()) <= 2
    assert live(store) == set()


def test_a_login_gains_the_devices_that_were_linked_through_others():
    store = VersionedMemory()
    mine = linker(store)
    mine.observe([told(1.0, "anonymous:phone", "email:a")])
    standing = mine.observe([login("ann", "laptop", 2.0, "email:a")])[0]
    assert standing.joined and standing.gained == ("anonymous:phone",)
    assert mine.observe([login("ann", "laptop", 2.0, "email:a")])[0].gained == ("anonymous:phone",)  # delivered again
    assert mine.observe([login("ann", "laptop", 3.0, "email:a")])[0].gained == ()


def test_an_earlier_event_that_comes_late_decides_anew():
    """Whoever was first in time keeps the e-mail address, whoever was delivered first."""
    store = VersionedMemory()
    mine = linker(store)
    mine.observe([told(9.0, "user:bob", "email:x")])
    mine.observe([told(1.0, "user:ann", "email:x")])
    assert live(store) == {frozenset({"user:ann", "email:x"})}


def test_a_claim_is_written_down_and_joins_nothing():
    store = VersionedMemory()
    claim = Seen(Link(1.0, "m1", ()), claims=(("anonymous:phone", "user:ann"),))
    linker(store).observe([claim, claim, login("ann", "laptop", 2.0)])
    assert live(store) == {frozenset({"user:ann", "anonymous:laptop"})}
    claims = [claim for part in components(store).values() for claim in part.claims]
    assert [(c.device, c.identifier) for c in claims] == [("anonymous:phone", "user:ann")]


def test_every_decision_is_kept_with_its_reason_and_when_it_was_made():
    store = VersionedMemory()
    linker(store).observe([told(1.0, "user:ann", "email:x")])
    linker(store).observe([told(2.0, "user:bob", "email:x", "phone:p")])
    (part,) = components(store).values()
    assert [(entry.kind, entry.made_at) for entry in part.log] == [("linked", CLOCK)] + 2 * [("dropped", CLOCK)]
    assert "at most 1 of type user" in part.log[1].reason


def test_threads_that_merge_the_same_nodes_lose_no_link():
    store = VersionedMemory()
    rng = random.Random(7)
    links = [told(float(n), f"email:{rng.randrange(12)}", f"phone:{n % 9}") for n in range(120)]
    crew = [threading.Thread(target=linker(store).observe, args=([*links[n::6]],)) for n in range(6)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    kept = {link.identifiers for part in components(store).values() for link in part.links}
    assert kept == {one.link.identifiers for one in links}
