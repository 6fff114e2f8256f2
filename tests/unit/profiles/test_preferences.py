"""Where a shopper's own preferences go when histories are joined, cleared, renamed and rebuilt."""

from shared.consent.choices import API, CHANGED
from shared.events.model import Consent
from shared.identity.graph import Known, decide
from shared.profiles.batch import carry
from shared.profiles.consent import unknown
from shared.profiles.fold import SESSION_GAP
from shared.profiles.merge import left_over, merge, moved
from shared.profiles.rebuild import rebuilt
from shared.profiles.state import Session, State, Wish
from tests.factories import NOON, event
from tests.unit.profiles.test_batch import deliver, entries, login

AT = NOON.timestamp()
HIDDEN, LIKED = Wish("item", "stove", "hidden", 1.0), Wish("item", "stove", "favourite", 2.0)


def test_a_log_in_brings_them_along_and_the_latest_word_holds():
    states = {
        "a#a1": State(preferences=[HIDDEN]),
        "u#u1": State(preferences=[LIKED, Wish("brand", "Alm", "hidden", 1.0)]),
    }
    deliver(states, entries(event(), login()))
    assert states["u#u1"].preferences == [Wish("brand", "Alm", "hidden", 1.0), LIKED]
    assert states["a#a1"].preferences == [], "moved, not copied"


def test_a_device_without_any_event_brings_them_too():
    user, device = State(), State(preferences=[HIDDEN])
    left = merge(user, device, "u1")
    assert user.preferences == [HIDDEN] and left.preferences == [] and user.merged == 0


def test_a_withdrawal_keeps_them():
    states = {"a#a1": State(preferences=[HIDDEN])}
    deliver(states, entries(event(), event(CHANGED, consent=Consent(), minutes=1, properties={"source": API})))
    assert states["a#a1"].preferences == [HIDDEN] and states["a#a1"].recent == []


def test_alone_they_are_no_consent_and_a_no_of_their_owner_stores_nothing():
    states = {"a#a1": State(preferences=[HIDDEN])}
    assert unknown(states["a#a1"])
    deliver(states, entries(event(CHANGED, consent=Consent(), properties={"source": API})))
    assert states["a#a1"] == State(preferences=[HIDDEN])
    assert not unknown(State(preferences=[HIDDEN], watermarks={"a1": "1"}))


def test_on_a_shared_device_a_new_session_keeps_what_was_asked_since_the_last():
    session = Session(number=1, last=AT)
    old, new = Wish("item", "a", "hidden", AT + 60), Wish("item", "b", "hidden", AT + SESSION_GAP + 1)
    assert left_over(State(session=session, preferences=[old, new])).preferences == [new]


def test_who_is_renamed_keeps_them():
    present, former = moved(State(preferences=[LIKED]), State(preferences=[HIDDEN], shared=True))
    assert present.preferences == [LIKED] and former.preferences == []
    renamed = event(anonymous_id="new", previous_identifiers={"anonymous": "old"})
    [one] = entries(renamed)
    states = {"a#old": State(preferences=[HIDDEN]), "a#new": State()}
    carry(one, states)
    assert states["a#new"].preferences == [HIDDEN] and states["a#old"] == State()


def test_states_rebuilt_from_the_log_keep_what_the_log_does_not_have():
    live = {"a#a1": State(preferences=[HIDDEN]), "u#u1": State()}
    made = rebuilt([event()], decide(Known(())), live)
    assert made["a#a1"].preferences == [HIDDEN] and made["a#a1"].totals.events == 1 and made["u#u1"].preferences == []
