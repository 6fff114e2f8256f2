"""What a statement of consent does to what is known, however the stream delivers it."""

from hypothesis import given
from hypothesis import strategies as st

from shared.consent import choices
from shared.consent.choices import API, CHANGED, EVENT
from shared.events.model import Consent
from shared.profiles.batch import fold_group, groups
from shared.profiles.consent import unknown
from shared.profiles.state import Choice, State
from tests.factories import NOON, event, order
from tests.unit.profiles.test_batch import deliver, entries, login, snapshot

YES, NO = Consent(True, True), Consent()


def changed(consent=NO, minutes=0.0, **fields):
    return event(CHANGED, consent=consent, minutes=minutes, properties={"source": fields.pop("said", API)}, **fields)


def test_a_withdrawal_clears_behaviour_and_keeps_what_proves_and_what_recognises():
    states = {}
    deliver(states, entries(event(traits={"country": "GB"}), order("stove", minutes=1), changed(minutes=2)))
    state = states["a#a1"]
    assert state.choices[-1] == Choice(NOON.timestamp() + 120, API)
    assert state.watermarks == {"a1": "3"} and len(state.message_ids) == 2
    assert State(choices=state.choices, watermarks=state.watermarks, message_ids=state.message_ids) == state


def test_events_on_their_way_while_consent_is_withdrawn_are_not_folded_and_leave_no_trace():
    states = {}
    deliver(states, entries(event(), changed(minutes=2)))
    before = list(states["a#a1"].choices)
    deliver(states, entries(event(minutes=1), event(item="late", minutes=3), start=3))
    assert states["a#a1"].totals.events == 0 and states["a#a1"].choices == before
    assert states["a#a1"].watermarks == {"a1": "4"}


def test_a_newer_word_in_an_event_opens_a_new_history():
    states = {}
    newer = Consent(True, True, updated_at=event(minutes=4).timestamp)
    deliver(states, entries(event(), changed(minutes=2), event(item="new", minutes=5, consent=newer)))
    assert [touch.item for touch in states["a#a1"].recent] == ["new"] and not choices.refused(states["a#a1"].choices)


def test_after_a_no_that_came_with_an_event_the_next_yes_counts():
    states = {}
    deliver(states, entries(event(), changed(minutes=2, said=EVENT), event(item="new", minutes=3)))
    assert [touch.item for touch in states["a#a1"].recent] == ["new"]


def test_a_no_of_somebody_unknown_makes_no_state():
    states = {}
    [group] = groups(entries(changed()))
    states = {key: State() for key in group.keys}
    assert fold_group(group, states) == 0.0 and all(unknown(state) for state in states.values())


def test_a_device_that_said_no_is_joined_to_nobody():
    states = {}
    deliver(
        states,
        entries(event(), changed(minutes=1), login(minutes=2), event(item="x", user_id="u1", verified=True, minutes=3)),
    )
    assert states["u#u1"].totals.events == 0 and states["a#a1"].user_id == ""


def test_the_history_of_consent_goes_with_the_history_of_the_device():
    states = {}
    deliver(states, entries(changed(YES), event(minutes=1), login(minutes=2)))
    assert states["u#u1"].choices[0] == states["a#a1"].choices[0] == Choice(NOON.timestamp(), API, True, True)
    assert states["u#u1"].totals.events == 3


def test_a_yes_of_somebody_else_on_a_shared_device_is_not_the_shoppers():
    """Said on purpose, it would outrank the no that the shopper's own event brings."""
    states = {}
    own = {"user_id": "u1", "anonymous_id": "a2", "verified": True}
    deliver(states, entries(login("u1", minutes=0), login("u2", minutes=1), event(minutes=2, **own)))
    deliver(states, entries(changed(YES, 3), event(minutes=4), login("u1", minutes=5), start=4))
    assert states["a#a1"].shared and API not in {choice.source for choice in states["u#u1"].choices}
    deliver(states, entries(changed(NO, 6, said=EVENT, **own), start=7))
    assert choices.refused(states["u#u1"].choices)


def test_what_was_done_before_a_withdrawal_stays_forgotten_when_it_comes_late():
    states = {}
    deliver(states, entries(changed(YES, 0), changed(NO, 10), changed(YES, 20), event(item="late", minutes=5)))
    assert states["a#a1"].recent == []
    deliver(states, entries(event(item="new", minutes=25), start=9))
    assert [touch.item for touch in states["a#a1"].recent] == ["new"]


stories = st.lists(
    st.sampled_from(["view", "yes", "no", "event-no", "login"]).map(lambda kind: kind), min_size=1, max_size=12
)


def told(story):
    made = {
        "view": lambda m: event(item=f"i{m}", minutes=m),
        "yes": lambda m: changed(YES, m),
        "no": lambda m: changed(NO, m),
        "event-no": lambda m: changed(NO, m, said=EVENT),
        "login": lambda m: login(minutes=m),
    }
    return [made[kind](minute) for minute, kind in enumerate(story)]


def stored(states):
    return {key: value for key, value in snapshot(states).items() if not unknown(states[key])}


@given(stories, st.lists(st.integers(0, 12), max_size=4))
def test_batches_however_cut_and_delivered_again_come_to_the_same(story, cuts):
    batch = entries(*told(story))
    once, again = {}, {}
    deliver(once, batch)
    places = sorted({0, *(min(cut, len(batch)) for cut in cuts), len(batch)})
    for start, end in zip(places, places[1:], strict=False):
        deliver(again, batch[start:end])
        deliver(again, batch[max(start - 2, 0) : end])
    assert stored(once) == stored(again)


@given(stories)
def test_who_refuses_has_no_behaviour_on_record(story):
    states = {}
    deliver(states, entries(*told(story)))
    for key in snapshot(states):
        state = states[key]
        if choices.refused(state.choices):
            assert not (state.recent or state.totals.events or state.candidates or state.categories or state.traits)


def test_a_device_that_said_no_does_not_say_it_for_the_shopper_it_is_found_to_be_of():
    states = {}
    other = {"anonymous_id": "a2", "user_id": "u1", "verified": True}
    deliver(states, entries(event(), changed(minutes=1), event(minutes=2, **other)))
    server = event(
        "", type="identify", user_id="u1", anonymous_id="a1", verified=True, source="server", minutes=3, properties={}
    )
    deliver(states, entries(server, event(item="new", minutes=4, **other), start=4))
    assert [touch.item for touch in states["u#u1"].recent] == ["tent", "new"]
    assert choices.refused(states["a#a1"].choices) and not choices.refused(states["u#u1"].choices)
