"""Delivery can repeat, split and regroup: the states must come out the same."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.identity import linker
from shared.identity.linker import Linker
from shared.profiles.batch import entry, fold_group, groups, placed, rank_group
from shared.profiles.fold import fold
from shared.profiles.merge import merge
from shared.profiles.signals import read
from shared.profiles.state import MESSAGE_IDS, RECENT_ITEMS, Candidate, State, encode
from shared.versioned import VersionedMemory
from tests.factories import NOON, event, order


@pytest.fixture(autouse=True, scope="module")
def one_writer():
    """Links that meet in one component are saved in the order of chance when several writers save them, and whichever is first says what a
    device gained: states then differ in a mark by which records are recognised. Here they shall not differ at all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linker, "WRITERS", 1)
        yield


def entries(*events, start=1):
    """In the order they arrived, whatever the device's clock said."""
    arrived = [replace(e, received_at=NOON + timedelta(seconds=start + i)) for i, e in enumerate(events)]
    return [entry(start + i, e.anonymous_id or e.user_id or e.message_id, e, read(e)) for i, e in enumerate(arrived)]


def deliver(states, batch, linker=None):
    """`states` are all that lasts, the graph of identifiers included."""
    graph = states.setdefault("graph", VersionedMemory())
    standings = (linker or Linker(graph)).observe([e.seen for e in batch])
    for group in groups(map(placed, batch, standings)):
        mine = {key: states.setdefault(key, State()) for key in group.keys}
        fold_group(group, mine)
        states.update(mine)


def snapshot(states):
    return {key: encode(state) for key, state in states.items() if key != "graph"}


def login(user="u1", anonymous="a1", minutes=1.0, **fields):
    return event(
        "",
        type="identify",
        user_id=user,
        anonymous_id=anonymous,
        verified=True,
        properties={},
        minutes=minutes,
        **fields,
    )


def test_history_before_login_belongs_to_the_shopper_who_logs_in():
    states = {}
    deliver(states, entries(event(item="tent"), login(), event(item="stove", user_id="u1", verified=True, minutes=2)))
    assert [t.item for t in states["u#u1"].recent] == ["tent", "stove"]
    assert states["a#a1"].recent == [] and states["a#a1"].user_id == "u1"


def test_a_claimed_user_id_leads_to_nobodys_history():
    states = {}
    deliver(states, entries(event(user_id="u1", verified=False)))
    assert set(states) == {"a#a1", "graph"}


def test_two_users_of_one_device_are_never_mixed():
    states = {}
    deliver(states, entries(event(item="tent"), login("u1"), event(item="stove", minutes=3), login("u2", minutes=4)))
    assert [t.item for t in states["u#u1"].recent] == ["tent"]
    assert [t.item for t in states["u#u2"].recent] == ["stove"]


def test_on_a_shared_device_only_the_session_of_the_login_joins():
    states = {}
    deliver(
        states,
        entries(
            login("u1", minutes=0),
            login("u2", minutes=1),
            event(item="tent", minutes=100),  # somebody, who leaves
            event(item="stove", minutes=200),
            login("u1", minutes=201),
            event(item="lamp", minutes=300),
            login("u2", minutes=400),
        ),
    )
    assert [t.item for t in states["u#u1"].recent] == ["stove"]
    assert states["u#u2"].recent == [] and states["a#a1"].recent == [] and states["a#a1"].shared


def test_a_device_linked_by_a_server_brings_its_history_when_the_shopper_logs_in_elsewhere():
    states = {}
    told = event(type="identify", event="", source="server", identifiers={"email": "k:1"}, properties={}, minutes=1)
    deliver(states, entries(event(item="tent"), told))
    assert [t.item for t in states["a#a1"].recent] == ["tent"]
    known = login("u1", "a2", 2, source="server", identifiers={"email": "k:1"})
    deliver(states, entries(known, start=10))
    assert [t.item for t in states["u#u1"].recent] == ["tent"] and states["a#a1"].recent == []


def test_the_order_of_a_gift_links_nobody():
    """Whoever receives it is named in the order only; capture takes no identifiers from orders."""
    states = {}
    gift = order("tent", user_id="u1", verified=True, source="server")
    deliver(states, entries(gift, login("u2", "a9", 2)))
    assert states["u#u1"].totals.orders == 1 and states["u#u2"].totals.orders == 0


def test_two_devices_of_one_shopper_share_a_history():
    states = {}
    deliver(
        states,
        entries(event(item="tent"), login(), event(item="stove", anonymous_id="a2"), login(anonymous="a2", minutes=2)),
    )
    assert {t.item for t in states["u#u1"].recent} == {"tent", "stove"}
    assert states["u#u1"].merged == 2


def test_the_same_message_sent_twice_counts_once():
    states = {}
    first = event("Product Added", message_id="same")
    deliver(states, entries(first, event(item="stove"), first))
    assert states["a#a1"].cart == {"tent": 1.0}


def test_a_message_resent_after_login_counts_once():
    states = {}
    first = event("Product Added", message_id="same")
    deliver(states, entries(first, login(), event("Product Added", message_id="same", user_id="u1", verified=True)))
    assert states["u#u1"].cart == {"tent": 1.0}


def test_joining_long_histories_is_bounded_by_what_a_state_holds():
    """A hundred devices with fifty thousand events: the shopper's state is as large as any shopper's."""
    user = State()
    for device in range(100):
        state = State()
        for n in range(500):
            fold(state, read(event(item=f"i{(device * 31 + n) % 999}", anonymous_id=f"a{device}", minutes=7 * n)))
        left = merge(user, state, "u1")
        assert left.totals.events == 0 and left.recent == []
    assert user.totals.events == 50_000 and user.merged == 100
    assert len(user.recent) <= RECENT_ITEMS and len(user.message_ids) <= MESSAGE_IDS and len(encode(user)) < 20_000


shoppers = st.sampled_from(["a1", "a2"])
steps = st.one_of(
    st.builds(
        lambda a, i, m: event(item=i, anonymous_id=a, minutes=m), shoppers, st.sampled_from("xyz"), st.integers(0, 90)
    ),
    st.builds(lambda a, m: event("Product Added", anonymous_id=a, minutes=m), shoppers, st.integers(0, 90)),
    st.builds(lambda a, m: order("tent", anonymous_id=a, minutes=m), shoppers, st.integers(0, 90)),
    st.builds(lambda a, u, m: login(u, a, m), shoppers, st.sampled_from(["u1", "u2"]), st.integers(0, 90)),
    st.builds(
        lambda a, u, m: event(anonymous_id=a, user_id=u, verified=True, minutes=m),
        shoppers,
        st.sampled_from(["u1", "u2"]),
        st.integers(0, 90),
    ),
)
histories = st.lists(steps, min_size=1, max_size=20)


@settings(max_examples=300)
@given(histories, st.data())
def test_redelivery_from_any_point_in_any_batches_changes_nothing(history, data):
    whole = entries(*history)
    once: dict[str, State] = {}
    deliver(once, whole)

    again: dict[str, State] = {}
    lasting = Linker(again.setdefault("graph", VersionedMemory()))
    done = 0
    for _ in range(8):
        # a consumer that dies goes on from its checkpoint, which never lies beyond what was folded
        start = data.draw(st.integers(0, done))
        end = data.draw(st.integers(start, len(whole)))
        deliver(again, whole[start:end], lasting if data.draw(st.booleans()) else None)
        done = max(done, end)
    deliver(again, whole)
    assert snapshot(again) == snapshot(once)


@given(histories)
def test_no_event_is_folded_into_two_shoppers(history):
    """And into none only what somebody unknown did on a shared device, in a session that ended without a log-in."""
    states: dict[str, State] = {}
    deliver(states, entries(*history))
    folded = sum(state.totals.events for key, state in states.items() if key != "graph")
    assert folded <= len(history)
    if not any(state.shared for key, state in states.items() if key != "graph"):
        assert folded == len(history)


@given(histories)
def test_shoppers_that_never_meet_are_in_groups_of_their_own(history):
    placed_entries = list(
        map(placed, entries(*history), Linker(VersionedMemory()).observe([e.seen for e in entries(*history)]))
    )
    for group in groups(placed_entries):
        devices = {e.partition_key for e in group.entries}
        users = {e.user_id for e in group.entries if e.device}
        assert len(devices) == 1 or users
    assert sum(len(group.entries) for group in groups(placed_entries)) == len(history)


def test_who_dealt_with_no_item_is_left_to_the_popular_lists():
    states = {"a#new": State(), "a#one": State()}
    fold(states["a#new"], read(event("Category Viewed", properties={"category": "Tents"})))
    fold(states["a#one"], read(event(item="tent")))
    rank_group(states, lambda state, now: ([Candidate("stove", 1.0, "similar_to", "tent")], []), "v1")
    assert states["a#new"].totals.events == 1 and not states["a#new"].candidates
    assert [c.item for c in states["a#one"].candidates] == ["stove"] and states["a#one"].model_version == "v1"
