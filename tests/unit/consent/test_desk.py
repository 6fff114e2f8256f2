"""What the API is asked and answers, and how capture's denials are handled; states live in a dictionary."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.consent import choices, request
from shared.consent.choices import API, CHANGED
from shared.consent.denials import FRESH, Denials
from shared.consent.desk import ConsentDesk, current
from shared.consent.person import Person
from shared.consent.statement import OPT_IN, Policy
from shared.errors import Conflict, Forbidden, InvalidRequest
from shared.events.model import Consent
from shared.identity.links import seen
from shared.profiles.state import Choice, Purchase, State, Totals, decode, encode
from shared.profiles.store import Versioned
from tests.factories import event

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT = NOW.timestamp()
DEVICE, BOTH = Person("a1"), Person("a1", "u1", True)
YES, NO = Choice(AT, API, True, True), Choice(AT, API)


class Store:
    """Versions as the table keeps them; `race` happens between a read and the write after it."""

    def __init__(self):
        self.items, self.reads, self.race = {}, 0, None

    def get_many(self, keys):
        self.reads += 1
        found = {key: self.items.get(key, (encode(State()), 0)) for key in keys}
        race, self.race = self.race, None
        if race:
            race()
        return {key: Versioned(decode(value), version) for key, (value, version) in found.items()}

    def save(self, states, received):
        if any(self.items.get(key, (b"", 0))[1] != read.version for key, read in states.items()):
            raise Conflict("changed meanwhile")
        self.items.update({key: (encode(read.state), read.version + 1) for key, read in states.items()})

    def __getitem__(self, key):
        return decode(self.items[key][0])

    def give(self, key, **fields):
        self.items[key] = (encode(State(totals=Totals(events=3), purchases=[Purchase("tent", 1.0)], **fields)), 1)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def logged():
    return []


@pytest.fixture
def desk(store, logged):
    return ConsentDesk(store, logged.extend, lambda states: None, lambda: "m1")


def test_a_no_about_somebody_unknown_is_stored_nowhere(desk, store, logged):
    assert desk.put(BOTH, NO, NOW, "browser")[:2] == ((), False)
    assert not store.items and not logged


def test_a_yes_about_somebody_unknown_is_the_first_that_is_known_of_them(desk, store, logged):
    assert desk.put(DEVICE, YES, NOW, "browser")[:2] == (("a#a1",), True)
    assert store["a#a1"] == State(choices=[YES]) and logged[0].event == CHANGED


def test_a_no_clears_what_is_known_and_leaves_its_proof_in_state_and_log(desk, store, logged):
    store.give("u#u1", choices=[Choice(1.0, API, True, True)], watermarks={"a1": "7"}, message_ids=[1])
    store.give("a#a1")
    assert desk.put(BOTH, NO, NOW, "server")[:2] == (("u#u1", "a#a1"), True)
    assert store["u#u1"] == State(choices=[Choice(1.0, API, True, True), NO], watermarks={"a1": "7"}, message_ids=[1])
    assert store["a#a1"] == State(choices=[NO])
    assert [(r.anonymous_id, r.user_id, r.verified, r.source) for r in logged] == [
        ("", "u1", True, "server"),
        ("a1", "", False, "server"),
    ]
    for record in logged:
        assert choices.of_event(record) == NO and not record.consent.personalization and not seen(record).tells


def test_ids_nothing_is_known_of_are_left_out_of_the_proof(desk, store, logged):
    store.give("a#a1")
    desk.put(BOTH, NO, NOW, "browser")
    assert "u#u1" not in store.items and (logged[0].anonymous_id, logged[0].user_id) == ("a1", "")


def test_saying_the_same_again_writes_nothing(desk, store, logged):
    store.give("a#a1")
    desk.put(DEVICE, NO, NOW, "browser")
    assert desk.put(DEVICE, Choice(AT + 60, API), NOW, "browser")[:2] == (("a#a1",), False)
    assert desk.put(DEVICE, NO, NOW, "browser")[:2] == (("a#a1",), False) and len(logged) == 1


def test_a_lost_race_is_run_again_and_logged_once(desk, store, logged):
    store.give("a#a1")
    store.race = lambda: store.items.update({"a#a1": (encode(State(totals=Totals(events=9))), 2)})
    assert desk.put(DEVICE, NO, NOW, "browser")[:2] == (("a#a1",), True)
    assert store["a#a1"] == State(choices=[NO]) and len(logged) == 1


def test_a_no_of_either_state_holds():
    assert current([[NO], [Choice(AT + 5, API, True, True)]]) == NO
    assert current([[YES], []]) == YES and current([]) is None


def test_only_a_proof_leads_to_the_known_shopper():
    said = {"anonymousId": "a1", "userId": "u1", "userHash": "right"}

    def keys(**fields):
        return request.person({**said, **fields}, lambda user, proof: proof == "right").keys

    assert keys() == ("u#u1", "a#a1") and keys(userHash="wrong") == ("a#a1",) and keys(userId=None) == ("a#a1",)
    with pytest.raises(Forbidden):
        keys(anonymousId=None, userHash="wrong")
    with pytest.raises(InvalidRequest):
        keys(anonymousId=None, userId=" ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "consent"),
        ({"consent": {}}, "consent"),
        ({"consent": [True]}, "consent"),
        ({"consent": {"analytics": "yes"}}, "consent.analytics"),
        ({"consent": {"personalization": None}}, "consent.personalization"),
        ({"consent": {"analytics": True}, "updatedAt": "soon"}, "updatedAt"),
        (
            {"consent": {"analytics": True}, "updatedAt": "9999-12-31T23:59:59Z", "sentAt": "0001-01-01T00:00:00Z"},
            "updatedAt",
        ),
    ],
)
def test_a_mistake_is_refused_with_the_field_named(body, field):
    with pytest.raises(InvalidRequest) as refused:
        request.choice(body, OPT_IN, NOW)
    assert refused.value.field == field


def test_what_a_body_says():
    said = {"analytics": True, "personalization": True, "advertising": True}
    assert request.choice({"consent": said}, OPT_IN, NOW) == Choice(AT, API, True, True, True)
    assert request.choice({"consent": said}, Policy(gpc=True), NOW) == Choice(AT, API, True, True, False)
    assert request.choice({"consent": {"analytics": True}}, Policy(opt_out=frozenset({""})), NOW) == Choice(
        AT, API, True
    )
    early = {"consent": said, "updatedAt": "2026-03-02T10:00:00Z"}
    assert request.choice(early, OPT_IN, NOW).at == AT - 7200
    assert request.choice({**early, "sentAt": "2026-03-02T10:00:05Z"}, OPT_IN, NOW).at == AT - 5
    assert request.choice({"consent": said, "updatedAt": "2030-01-01T00:00:00Z"}, OPT_IN, NOW).at == AT


def test_the_answer_to_get_tells_what_holds_and_every_change():
    told = request.get_answer([[YES, Choice(AT + 1, API, True, True), Choice(AT + 2, API, True)]], Policy(gpc=True))
    assert (
        told["known"]
        and told["gpc"]
        and told["consent"] == {"analytics": True, "personalization": False, "advertising": False}
    )
    assert [(h["updatedAt"], h["consent"]["personalization"]) for h in told["history"]] == [
        ("2026-03-02T12:00:00.000Z", True),
        ("2026-03-02T12:00:02.000Z", False),
    ]
    assert request.get_answer([], OPT_IN) == {
        "known": False, "gpc": False, "consent": None, "updatedAt": None, "source": None, "history": []
    }  # fmt: skip


def denial(**fields):
    return event(consent=Consent(**fields.pop("consent", {})), **fields)


def test_an_event_that_denies_withdraws_for_whom_it_names_and_is_looked_up_once_a_minute(desk, store, logged):
    store.give("a#a1")
    now = [0.0]
    denials = Denials(lambda: desk, lambda: now[0])
    assert denials.take([denial(), denial(minutes=1)], NOW) == 1 and store.reads == 1
    assert store["a#a1"].purchases == [] and choices.refused(store["a#a1"].choices)
    now[0] += FRESH + 1
    assert denials.take([denial(minutes=2)], NOW) == 0 and store.reads == 2 and len(logged) == 1


def test_a_new_statement_is_looked_up_at_once(desk, store):
    denials = Denials(lambda: desk, lambda: 0.0)
    denials.take([denial(consent={"updated_at": NOW - timedelta(hours=1)})], NOW)
    denials.take([denial(consent={"updated_at": NOW})], NOW)
    assert store.reads == 2 and not store.items


def test_a_claimed_user_id_withdraws_for_the_device_only(desk, store):
    store.give("u#u1")
    store.give("a#a1")
    Denials(lambda: desk, lambda: 0.0).take([denial(user_id="u1"), denial(user_id="u1", anonymous_id="")], NOW)
    assert store["u#u1"].purchases and not store["a#a1"].purchases


def test_an_old_habit_of_a_browser_does_not_undo_what_was_told_to_the_api(desk, store, logged):
    store.give("a#a1", choices=[Choice(1.0, API, True, True)])
    assert Denials(lambda: desk, lambda: 0.0).take([denial()], NOW) == 0
    assert store["a#a1"].purchases


def test_who_was_erased_for_good_gets_no_state_back(store, logged):
    """By any name that the call speaks for; who merely claims the name is not told."""
    gone = ConsentDesk(
        store, logged.extend, lambda states: None, lambda: "m1", lambda who: ("userId", "u1") in who.names
    )
    for person in (BOTH, Person("", "u1", True)):
        outcome = gone.put(person, YES, NOW, "server")
        assert outcome.erased and not outcome.changed and not store.items and not logged
        assert "erased" in request.put_answer(YES, outcome)["message"]
    assert gone.put(Person("a1", "u1"), YES, NOW, "browser") == (("a#a1",), True, False)
    assert list(store.items) == ["a#a1"]
