"""Whose history an answer draws on, and when it has to do without the person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent.choices import API, EVENT
from shared.consent.statement import Policy
from shared.profiles.fold import SESSION_GAP
from shared.profiles.state import Choice, State, Wish, encode
from shared.recommend.pipeline import answer
from shared.recommend.render import render
from shared.recommend.request import parse
from shared.recommend.shopper import Shopper, joined, shopper
from tests.unit.recommend.shop import NOW, ask, candidates, popular, state
from tests.unit.recommend.test_reads import db, failures, make, who  # noqa: F401 - fixtures

YES = {"consent": {"categoryPreferences": {"personalization": True}}}
NO = {"consent": {"categoryPreferences": {"personalization": False}}}
UPDATED = {"consent": {"categoryPreferences": {"personalization": True}, "updatedAt": "1970-01-01T00:10:00Z"}}


def known(*names, choices=(), **fields):
    made = state(*names, **fields)
    made.totals.events, made.choices, made.traits = 1, list(choices), {"country": "GB"}
    return made


def test_a_claim_is_the_devices_own_and_a_proof_joins_both():
    request = ask(anonymousId="a1", userId="u1", userHash="right")
    assert shopper(request, "public", lambda user, proof: proof == "right") == Shopper("u#u1", "a#a1", True)
    assert shopper(request, "public", lambda user, proof: False) == Shopper("a#a1", "", True)
    assert shopper(ask(userId="u1"), "secret", lambda user, proof: False) == Shopper("u#u1", "", True)
    assert shopper(ask(userId="u1"), "public", lambda user, proof: False) == Shopper("", "", True)
    assert not shopper(ask(), "secret", lambda user, proof: True).named


@pytest.fixture
def served(make, db):  # noqa: F811
    """(tier, items) of an answer, and what the shoppers table was asked."""

    def served(states, key="a#1", device="", policy=Policy(), **body):  # noqa: B008
        db.tables["shoppers"] = {name: encode(one) for name, one in states.items()}
        request, reader = parse({"count": 3, **body}, policy), make()
        reader.warm()
        db.requests.clear()
        reads = reader.read(request, Shopper(key, device, named=bool(key or device)))
        told = render(answer(request, reads, reader.items, NOW), request, reads, "r", reader.version)
        asked = [pk for one in db.requests for pk in one.get("shoppers", [])]
        return told["served"]["tier"], [item["id"] for item in told["items"]], asked

    return served


SAID_NO, SAID_YES = Choice(500.0, API), Choice(500.0, API, True, True)


@pytest.mark.parametrize(
    ("context", "choices", "personal"),
    [
        ({}, None, False),  # named, and nobody ever said a word
        (YES, None, True),
        (NO, None, False),
        ({}, (), True),  # states of old exist by consent
        ({}, (SAID_YES,), True),
        ({}, (SAID_NO,), False),
        ({}, (SAID_YES, Choice(600.0, EVENT)), True),
        ({}, (Choice(600.0, EVENT),), False),
        (YES, (SAID_NO,), False),  # the browser has not heard of the withdrawal yet
        (UPDATED, (SAID_NO,), True),
        (YES, (Choice(600.0, EVENT),), True),
        (NO, (SAID_YES,), False),
        ({"consent": {"tcfString": "broken"}}, (SAID_YES,), False),
        ({"consent": {"gpc": True}}, (SAID_YES,), True),
    ],
)
def test_what_is_effective(served, context, choices, personal):
    states = {} if choices is None else {"a#1": known("x", choices=choices)}
    tier, items, _ = served(states, context=context)
    assert (tier == "contextual") is not personal
    if choices is not None:
        assert ("x" in items) is personal


@pytest.mark.parametrize("choices", [(), (SAID_YES,), (SAID_NO,)])
def test_what_the_shopper_hid_stays_hidden_whatever_they_agreed_to(served, choices):
    hiding = known("x", "p3", choices=choices)
    hiding.preferences = [Wish("item", "p1", "hidden", 1.0), Wish("brand", "Alm", "favourite", 1.0)]
    assert "p1" not in served({"a#1": hiding})[1] + served({"a#1": hiding}, context=NO)[1]
    assert served({"a#1": hiding}, context=NO)[0] == "contextual"
    assert "p1" not in served({"u#1": hiding, "a#1": known("y")}, "u#1", "a#1")[1]
    assert "p1" not in served({"u#1": known("y"), "a#1": hiding}, "u#1", "a#1")[1]


def test_preferences_alone_are_no_consent_and_no_history(served, make):  # noqa: F811
    hiding = State(preferences=[Wish("item", "p1", "hidden", 1.0), Wish("brand", "Alm", "favourite", 1.0)])
    assert served({"a#1": hiding})[:2] == ("contextual", ["p2"])
    assert served({"a#1": hiding}, context=YES)[0] == "popular"
    reads = make().read(ask(), Shopper("a#1", "", named=True))
    assert reads.contextual and [wish.said for wish in reads.state.preferences] == ["hidden"], (
        "no favourites without consent"
    )


def test_what_was_hidden_before_the_log_in_stays_hidden_unless_somebody_else_uses_the_device():
    hiding = State(preferences=[Wish("item", "p1", "hidden", 1.0)])
    assert joined(known("x"), hiding, "u1", NOW).preferences == hiding.preferences
    for shared in (
        State(preferences=hiding.preferences, shared=True),
        State(preferences=hiding.preferences, user_id="u2"),
    ):
        assert joined(known("x"), shared, "u1", NOW).preferences == []


def test_nobody_in_particular_needs_no_consent(served):
    assert served({}, key="")[0] == "popular" and served({}, key="", context=NO)[0] == "contextual"


def test_without_the_person_a_page_is_still_a_page_but_a_session_is_none(served):
    assert served({}, placement="product", items=["tent"])[:2] == ("contextual", ["s1", "t1", "p1"])
    assert served({}, placement="home", items=["tent"])[1] == ["p1", "p2"]
    assert served({}, placement="home", items=["tent"], context=YES)[1][0] == "s1"


def test_the_country_counts_only_when_the_request_names_it(served):
    refused = {"a#1": known("x", choices=[SAID_NO])}
    assert "gb1" not in served(refused)[1] and served(refused, context={"country": "GB"})[1][0] == "gb1"


def test_where_the_law_allows_it_silence_is_consent(served):
    held = Policy(opt_out=frozenset({"US"}))
    assert served({}, policy=held, context={"country": "us"})[0] == "popular"
    assert served({}, policy=held, context={"location": {"country": "US"}})[0] == "popular"
    assert served({}, policy=held, context={"country": "DE"})[0] == "contextual"
    assert served({"a#1": known("x", choices=[SAID_NO])}, policy=held, context={"country": "US"})[0] == "contextual"


def test_history_before_the_log_in_counts_in_the_first_answer_after_it(served):
    states = {"u#1": known("x"), "a#1": known("t1", bought=("p1",))}
    tier, items, asked = served(states, "u#1", "a#1")
    assert tier == "live" and set(items[:2]) == {"x", "t1"} and "p1" not in items and sorted(asked) == ["a#1", "u#1"]
    assert served({"a#1": known("t1")}, "u#1", "a#1")[1][0] == "t1"


def test_a_no_of_either_counts(served):
    for refusing in ("u#1", "a#1"):
        states = {"u#1": known("x"), "a#1": known("t1")}
        states[refusing].choices = [SAID_NO]
        assert served(states, "u#1", "a#1")[:2] == ("contextual", ["p1", "p2"])


def test_when_the_tables_are_down_the_answer_does_without_the_person(make, db):  # noqa: F811
    reader = make()
    reader.warm()
    reader.tables.rests_until = 1e12
    reads = reader.read(ask(), who("a#1"))
    assert reads.contextual and not reader.read(ask(context=YES), who("a#1")).contextual


def test_a_stretch_of_a_shared_device_joins_within_its_session_only():
    def device(last):
        made = known("d")
        made.shared, made.session.last = True, last
        return made

    fresh = joined(known("x"), device(NOW - SESSION_GAP + 1), "u1", NOW)
    stale = joined(known("x"), device(NOW - SESSION_GAP - 1), "u1", NOW)
    assert {c.item for c in fresh.candidates} == {"x", "d"} and {c.item for c in stale.candidates} == {"x"}


names = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5)


def test_where_somebody_else_logged_in_last_only_the_present_session_joins():
    """Before the stream has told that the device is shared."""

    def left_by(user, ago):
        made = known("y")
        made.user_id, made.session.last = user, NOW - ago
        return made

    def names(device):
        return [c.item for c in joined(known("x"), device, "u2", NOW).candidates]

    assert names(left_by("u1", 2 * SESSION_GAP)) == ["x"]
    assert set(names(left_by("u1", 60))) == set(names(left_by("u2", 2 * SESSION_GAP))) == {"x", "y"}


@given(names, names, names, names, st.floats(0.1, 50))
def test_candidates_interleave_by_scaled_score_and_what_either_bought_is_barred(ours, theirs, bought, again, scale):
    user, device = known(*ours, bought=tuple(bought)), known(*theirs, again=tuple(again))
    for one in device.candidates + device.again:
        one.score *= scale
    device.purchases = known(bought=tuple(again)).purchases
    made = joined(user, device, "u1", NOW)
    assert sorted(c.item for c in made.candidates) == sorted({*ours, *theirs})
    scores = [c.score for c in made.candidates]
    assert scores == sorted(scores, reverse=True) and all(0 < score <= 1.0 for score in scores)
    assert {p.item for p in made.purchases} == {*bought, *again}
    best = [c.item for c in made.candidates if c.score == pytest.approx(1.0)]
    assert not ours or ours[0] in best


def test_a_device_without_a_history_changes_nothing():
    user = known("x")
    assert joined(user, State(user_id="u1"), "u1", NOW).candidates == candidates("x")


def test_an_answer_without_the_person_says_so_and_a_failing_part_too():
    request = ask(count=1, explain=True)
    reads = popular("p")._replace(contextual=True)
    from tests.unit.recommend.shop import catalog

    told = render(answer(request, reads, catalog("p").lookup, NOW), request, reads, "r", "v")
    assert told["served"]["tier"] == "contextual" and told["served"]["fallback"] and not told["explain"]["personal"]
    told = render(answer(request, reads, catalog().lookup, NOW), request, reads, "r", "v")
    assert told["served"]["tier"] == "none"
