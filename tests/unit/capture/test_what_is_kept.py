"""Of what a client sends, nothing that names a person is put on the stream; and the keys are read only when they are needed."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.auth import user_hash
from shared.events.model import decode
from shared.identity.extract import Policy
from tests.factories import KEYS
from tests.unit.capture.test_parse import YES, message, taken
from tests.unit.identity.test_scrub import EMAILS, PHONES, nonsense, texts

JO = KEYS.hashed("email", "jo@shop.de")


class Never:
    def hashed(self, kind, value):
        raise AssertionError("the key was asked for")

    previous = hashed


def only(body, kind="track", **options):
    intake = taken(kind, body, **options)
    assert not intake.refused
    [(key, data)] = intake.entries
    return key, data.decode(), decode(data)


secrets = st.sampled_from(["jo@shop.de", "Jo.Doe+tag@mail.shop.de", "jo%40shop.de", "+491761234567", "+49 176 1234567"])
strings = texts(secrets)
parts = st.dictionaries(
    st.sampled_from(["a", "url", "email", "device", "traits", "name"]) | strings, nonsense(strings), max_size=3
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{name: parts for name in ("properties", "traits", "context")},
            **{name: secrets | strings for name in ("userId", "anonymousId", "messageId", "event", "previousId")},
        },
    ),
    st.booleans(),
    st.sampled_from(["track", "identify", "page", "alias"]),
)
def test_no_address_and_no_number_is_left_wherever_it_was(fields, consented, kind):
    body = {"anonymousId": "a1", "event": "Seen", **fields}
    body["context"] = {**fields.get("context", {}), **(YES if consented else {})}
    for key, data in taken(kind, body).entries:
        for left in (key, json.dumps(json.loads(data), ensure_ascii=False)):
            assert not re.search(r"jo@|jo\.doe|jo%40shop|(?<!\w)\+49 ?176", left, re.IGNORECASE)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(EMAILS | PHONES)
def test_an_id_is_never_an_address_or_a_number(value):
    if not value.strip() or len(value) > 200:
        return
    intake = taken("track", message(userId=value, anonymousId=value))
    for key, data in intake.entries:
        assert value not in key and value not in json.dumps(json.loads(data), ensure_ascii=False)


def test_an_address_as_user_id_is_proven_as_it_was_sent_and_kept_as_its_hash():
    context = {**YES, "userHash": user_hash("sk", "Jo@Shop.de")}
    verified = lambda user, proof: proof == user_hash("sk", user)  # noqa: E731
    key, _, event = only(message(userId="Jo@Shop.de", anonymousId=None, context=context), verified=verified)
    assert event.verified and event.user_id == key == JO and event.source == "browser"


def test_traits_become_identifiers_and_facts():
    body = {"userId": "u1", "traits": {"email": "jo@shop.de", "name": "Jo", "country": "Germany"}, "context": YES}
    _, data, event = only(body, "identify", server=True)
    assert event.identifiers == {"email": JO} and event.traits == {"country": "DE"} and event.source == "server"
    assert "shop.de" not in data


def test_a_gift_links_nobody():
    gift = {"order_id": "o1", "email": "friend@shop.de", "products": [{"product_id": "tent"}]}
    _, data, event = only(message(event="Order Completed", properties=gift, traits={"email": "friend@shop.de"}))
    assert event.identifiers == {} and "friend" not in data and event.properties["order_id"] == "o1"


def test_a_placeholder_is_nobodys_id():
    assert only(message(userId="null"))[2].user_id == ""
    [verdict] = taken("track", message(anonymousId="undefined")).refused
    assert verdict.error.field == "anonymousId" and verdict.error.status == 400
    [verdict] = taken("track", message(anonymousId="kiosk-1"), naming=Policy(blocked=("^kiosk-",))).refused
    assert verdict.error.field == "anonymousId"


def test_without_consent_nothing_is_hashed_or_linked():
    context = {"device": {"id": "D", "type": "mobile"}, "traits": {"email": "jo@shop.de"}}
    _, _, event = only(message(userId="jo@shop.de", context=context), keys=Never())
    assert event.identifiers == {} and not event.user_id and event.context == {"device": {"type": "mobile"}}


@pytest.mark.parametrize("fields", [{}, {"userId": "u1"}, {"traits": {"country": "DE"}}])
def test_the_keys_are_read_only_when_there_is_something_to_hash(fields):
    assert only(message(**fields), keys=Never())[2].anonymous_id == "a1"
