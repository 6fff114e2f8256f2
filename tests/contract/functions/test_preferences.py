"""What a shopper asks for, from the API to the next answer, on moto's tables: with consent and without, before log-in and after."""

import time
from datetime import UTC, datetime

import boto3
import pytest

from shared.auth import user_hash
from shared.consent.choices import API
from shared.consent.person import Person
from shared.errors import Conflict
from shared.preferences import desk
from shared.profiles.state import Choice, State, Totals
from shared.profiles.store import ShoppersStore, Versioned
from tests.contract.functions.calls import NO, YES, states, streamed, suppress
from tests.contract.functions.test_recommend import NAMES, ids, recommend  # noqa: F401

NOTHING = {
    "favourites": {"categories": [], "brands": [], "items": []},
    "hidden": {"categories": [], "brands": [], "items": []},
}
NOTHING["sizes"] = {}


@pytest.fixture
def preferences(consent):
    """Calls the API: (status, body)."""

    def call(method, body=None, **more):
        return consent(method, body, path="/v1/preferences", **more)

    return call


def hide(*items):
    return {"hidden": {"items": list(items)}}


def test_what_is_asked_for_is_told_and_lists_that_are_not_sent_stay(preferences):
    assert preferences("GET", anonymousId="a1") == (200, NOTHING)
    assert states("a#a1") == {}, "asking stores nothing"
    status, body = preferences("PUT", {"anonymousId": "a1", **hide("i00"), "sizes": ["M"]})
    assert (status, body) == (
        200,
        {**NOTHING, "hidden": {**NOTHING["hidden"], "items": ["i00"]}, "sizes": {"*": ["M"]}},
    )
    preferences("PUT", {"anonymousId": "a1", "favourites": {"brands": ["Alm"]}})
    told = preferences("GET", anonymousId="a1")[1]
    assert (told["hidden"]["items"], told["favourites"]["brands"], told["sizes"]) == (["i00"], ["Alm"], {"*": ["M"]})
    assert streamed() == [], "no event names who asks"


def test_the_next_answer_obeys_whatever_was_agreed_to(preferences, recommend):  # noqa: F811
    agreed, refused = ({"consent": {"categoryPreferences": said}} for said in (YES, NO))
    preferences("PUT", {"anonymousId": "a2", **hide("i00", "i01")})
    for context in ({}, agreed, refused):
        for placement in ("home", "popular"):
            _, body = recommend({"anonymousId": "a2", "placement": placement, "count": 30, "context": context})
            assert len(ids(body)) == len(NAMES) - 2 and not {"i00", "i01"} & set(ids(body))
    assert recommend({"anonymousId": "a2"})[1]["served"]["tier"] == "contextual", "it is no consent"
    _, body = recommend({"anonymousId": "a2", "items": ["i00", "i02", "i01"], "context": refused}, "/v1/rerank")
    assert ids(body) == ["i02"] and body["removed"] == {"hidden_item": ["i00", "i01"]}


def test_consent_withdrawn_takes_nothing_back_and_taking_back_needs_no_consent(consent, preferences):
    preferences("PUT", {"anonymousId": "a1", **hide("i00")})
    assert consent("PUT", {"anonymousId": "a1", "consent": NO})[1]["changed"] is False, (
        "nothing is known that could be cleared"
    )
    assert states("a#a1")["a#a1"].choices == [] and streamed() == []
    consent("PUT", {"anonymousId": "a1", "consent": YES})
    consent("PUT", {"anonymousId": "a1", "consent": NO})
    assert preferences("GET", anonymousId="a1")[1]["hidden"]["items"] == ["i00"]
    assert preferences("PUT", {"anonymousId": "a1", **hide()})[1] == NOTHING == preferences("GET", anonymousId="a1")[1]


def test_a_known_shopper_has_them_on_every_device_and_a_claim_sees_none(preferences):
    proof = user_hash("sk", "u1")
    preferences("PUT", {"anonymousId": "a1", **hide("i00")})
    preferences("PUT", {"anonymousId": "a1", "userId": "u1", "userHash": proof, "favourites": {"items": ["i05"]}})
    told = preferences("GET", anonymousId="another", userId="u1", userHash=proof)[1]
    assert (told["hidden"]["items"], told["favourites"]["items"]) == (["i00"], ["i05"])
    assert preferences("GET", anonymousId="a1", userId="u1")[1]["favourites"]["items"] == []
    assert preferences("GET", userId="u1")[0] == 403 == preferences("PUT", {"userId": "u1", **hide("x")})[0]
    assert preferences("GET", key="sk", userId="u1")[1]["hidden"]["items"] == ["i00"]
    preferences("PUT", {"anonymousId": "a1", "userId": "u1", "userHash": proof, **hide()})
    assert preferences("GET", anonymousId="a1", userId="u1", userHash=proof)[1]["hidden"]["items"] == []


def test_what_somebody_else_told_a_shared_device_is_nobodys_business(preferences):
    told = State(shared=True, user_id="u2", choices=[Choice(1.0, API, True, True)], totals=Totals(events=1))
    ShoppersStore(boto3.client("dynamodb"), "shoppers").save({"a#tablet": Versioned(told, 0)}, time.time())
    preferences("PUT", {"anonymousId": "tablet", **hide("i00")})
    who = {"anonymousId": "tablet", "userId": "u1", "userHash": user_hash("sk", "u1")}
    assert preferences("GET", **who)[1] == NOTHING
    assert preferences("PUT", {**who, **hide("i01")})[1]["hidden"]["items"] == ["i01"]


@pytest.mark.parametrize(
    ("body", "key", "status", "field"),
    [
        ({"hidden": {"items": ["x"]}}, "write-key", 400, "anonymousId"),
        ({"anonymousId": "a1"}, "write-key", 400, "favourites"),
        ({"anonymousId": "a1", "hidden": {"items": "x"}}, "write-key", 400, "hidden.items"),
        ({"anonymousId": "a1", "hidden": {"items": ["x"]}}, "nonsense", 401, None),
        ({"anonymousId": "a1", "x": "x" * 100_001}, "write-key", 413, None),
    ],
)
def test_what_is_wrong_is_refused_and_named(preferences, body, key, status, field):
    answered, told = preferences("PUT", body, key=key)
    assert (answered, told.get("field")) == (status, field) and states("a#a1") == {}


def test_the_longest_lists_are_taken(preferences):
    long = {
        name: {kind: [f"{kind}{name}{n}" + "x" * 60 for n in range(100)] for kind in ("categories", "brands", "items")}
        for name in ("favourites", "hidden")
    }
    status, body = preferences("PUT", {"anonymousId": "a1", **long})
    assert status == 200 and len(body["hidden"]["items"]) == 100 == len(states("a#a1")["a#a1"].preferences) / 6


def test_who_was_erased_for_good_is_not_stored_again(preferences, aws):
    suppress(time.time(), forever=True)
    told = preferences("PUT", {"anonymousId": "a1", **hide("i00")})[1]
    assert "erased" in told["message"] and states("a#a1") == {}


class Racing(ShoppersStore):
    """Somebody else writes between the read and the write, `races` times."""

    races = 0

    def save(self, written, received):
        if self.races:
            self.races -= 1
            [key] = written
            read = self.get_many([key])[key]
            read.state.cart[f"item{self.races}"] = 1.0
            super().save({key: read}, received)
        super().save(written, received)


def test_nothing_of_a_race_is_lost_and_one_without_end_says_come_back(preferences):
    store = Racing(boto3.client("dynamodb"), "shoppers")
    saved = []
    kept = desk.PreferencesDesk(store, saved.append, lambda _: False)
    store.races = 3
    kept.put(Person("a1"), {("item", "hidden"): [("i00", "")]}, datetime.now(UTC))
    state = states("a#a1")["a#a1"]
    assert len(state.cart) == 3 and [wish.value for wish in state.preferences] == ["i00"] and saved == [{"a#a1": state}]
    store.races = 99
    with pytest.raises(Conflict):
        kept.put(Person("a1"), {("item", "hidden"): [("i01", "")]}, datetime.now(UTC))
