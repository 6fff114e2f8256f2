"""What capture takes, keeps and refuses; what an event says of consent."""

import json

import boto3
import pytest

from shared.events.model import decode
from shared.identity.keys import hashed
from tests.contract.functions.calls import CONTEXT, handler, know, sample, states, streamed


def test_capture_takes_what_is_good_and_names_what_is_not(aws):
    answer = handler("functions.capture.handler")(sample("capture"), CONTEXT)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200 and body["accepted"] == 2
    assert [(v["index"], v["field"]) for v in body["rejected"]] == [(2, "event")]
    assert {decode(r["Data"]).type for r in streamed()} == {"track", "identify"}
    assert {r["PartitionKey"] for r in streamed()} == {"a1"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {}}, 401),
        ({"headers": {"authorization": "Basic bm9wZTo="}}, 401),
        ({"body": "nonsense"}, 400),
        ({"body": json.dumps({"batch": ["x" * 500_001]})}, 413),
    ],
)
def test_capture_refuses_with_the_right_status(aws, change, status):
    assert handler("functions.capture.handler")({**sample("capture"), **change}, CONTEXT)["statusCode"] == status
    assert streamed() == []


def test_capture_says_come_back_when_the_stream_is_gone(aws):
    boto3.client("kinesis").delete_stream(StreamName="events")
    answer = handler("functions.capture.handler")(sample("capture"), CONTEXT)
    assert answer["statusCode"] == 503 and answer["headers"]["retry-after"] == "1"


def test_capture_keeps_a_hash_of_what_names_a_shopper(aws):
    body = {"userId": "Jo@Shop.de", "traits": {"phone": "+49 176 1234567", "country": "Germany"}}
    consent = {"context": {"consent": {"categoryPreferences": {"personalization": True}}}}
    sent = {**sample("capture"), "rawPath": "/v1/identify", "body": json.dumps({**body, **consent})}
    assert handler("functions.capture.handler")(sent, CONTEXT)["statusCode"] == 200
    [record] = streamed()
    event = decode(record["Data"])
    assert event.user_id == record["PartitionKey"] == hashed("ik", "email", "jo@shop.de")
    assert event.identifiers == {"phone": hashed("ik", "phone", "+491761234567")} and event.traits == {"country": "DE"}
    assert event.source == "browser" and b"hop.de" not in record["Data"] and b"1234567" not in record["Data"]


def test_capture_takes_nothing_while_the_identity_key_cannot_be_read(aws):
    boto3.client("secretsmanager").delete_secret(SecretId="identity-key", ForceDeleteWithoutRecovery=True)
    sent = {**sample("capture"), "rawPath": "/v1/track", "body": json.dumps({"event": "Seen", "userId": "jo@shop.de"})}
    consented = {"context": {"consent": {"categoryPreferences": {"personalization": True}}}}
    sent["body"] = json.dumps({**json.loads(sent["body"]), **consented})
    assert handler("functions.capture.handler")(sent, CONTEXT)["statusCode"] == 503 and streamed() == []


def captured(preferences, headers=None, **fields):
    context = {"consent": {"categoryPreferences": preferences}, **fields.pop("context", {})}
    body = {"event": "Product Viewed", "properties": {"product_id": "tent"}, "context": context, **fields}
    event = {**sample("capture"), "rawPath": "/v1/track", "body": json.dumps(body)}
    event["headers"] = {**event["headers"], **(headers or {})}
    assert handler("functions.capture.handler")(event, CONTEXT)["statusCode"] == 200


def test_an_event_that_says_no_withdraws_for_whom_it_names_and_is_itself_nobodys(aws):
    know("a#a1")
    captured({"personalization": False}, anonymousId="a1")
    state = states("a#a1")["a#a1"]
    assert not state.cart and [(c.source, c.personalization) for c in state.choices] == [("event", False)]
    viewed, proof = sorted((decode(r["Data"]) for r in streamed()), key=lambda e: e.event == "Consent Changed")
    assert viewed.anonymous_id == "" and proof.anonymous_id == "a1" and not proof.consent.personalization


@pytest.mark.parametrize("preferences", [{"personalization": False}, {}, {"analytics": False}, None])
def test_nothing_is_stored_of_somebody_unknown_who_says_no_or_nothing(aws, preferences):
    captured(preferences, anonymousId="a9", userId="u9")
    assert not states("a#a9", "u#u9")
    assert all(b'"a9"' not in r["Data"] and b'"u9"' not in r["Data"] for r in streamed())


def test_silence_is_no_withdrawal(aws):
    know("a#a1")
    captured({}, anonymousId="a1")
    assert states("a#a1")["a#a1"].cart


def test_captures_events_obey_gpc_and_the_shops_countries(aws, monkeypatch):
    captured({"personalization": True, "advertising": True}, headers={"sec-gpc": "1"}, anonymousId="a1")
    assert not decode(streamed()[0]["Data"]).consent.advertising
    monkeypatch.setenv("CONSENT_OPT_OUT_COUNTRIES", "US,CA")
    captured(None, anonymousId="a2", context={"location": {"country": "US"}})
    [presumed] = [e for r in streamed() if (e := decode(r["Data"])).anonymous_id == "a2"]
    assert presumed.consent.presumed and presumed.consent.personalization
