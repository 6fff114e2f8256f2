"""Delivery can repeat, split and regroup: the states must come out the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.profiles.batch import entry, fold_group, groups
from shared.profiles.signals import read
from shared.profiles.state import State, encode
from tests.factories import event, order


def entries(*events, start=1):
    return [entry(start + i, e.anonymous_id or e.user_id or e.message_id, e, read(e)) for i, e in enumerate(events)]


def deliver(states, batch):
    for group in groups(batch):
        mine = {key: states.setdefault(key, State()) for key in group.keys}
        fold_group(group, mine)
        states.update(mine)


def snapshot(states):
    return {key: encode(state) for key, state in states.items()}


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
    assert set(states) == {"a#a1"}


def test_two_users_of_one_device_are_never_mixed():
    states = {}
    deliver(states, entries(event(item="tent"), login("u1"), event(item="stove", minutes=3), login("u2", minutes=4)))
    assert [t.item for t in states["u#u1"].recent] == ["tent"]
    assert [t.item for t in states["u#u2"].recent] == ["stove"]


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
    done = 0
    for _ in range(8):
        # a consumer that dies goes on from its checkpoint, which never lies beyond what was folded
        start = data.draw(st.integers(0, done))
        end = data.draw(st.integers(start, len(whole)))
        deliver(again, whole[start:end])
        done = max(done, end)
    deliver(again, whole)
    assert snapshot(again) == snapshot(once)


@given(histories)
def test_no_event_is_folded_into_two_shoppers(history):
    states: dict[str, State] = {}
    deliver(states, entries(*history))
    assert sum(state.totals.events for state in states.values()) == len(history)


@given(histories)
def test_shoppers_that_never_meet_are_in_groups_of_their_own(history):
    for group in groups(entries(*history)):
        devices = {e.partition_key for e in group.entries}
        users = {e.user_id for e in group.entries if e.device}
        assert len(devices) == 1 or users
    assert sum(len(group.entries) for group in groups(entries(*history))) == len(history)
