"""Consent over HTTPS."""

import json

import boto3
import pytest

from shared.auth import user_hash
from shared.events.model import decode
from tests.contract.functions.calls import CONTEXT, NO, YES, handler, know, sample, states, streamed


def test_the_sample_of_consent_is_told_and_on_record(aws):
    answer = handler("functions.consent.handler")(sample("consent"), CONTEXT)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == 200 and body["known"] and body["changed"] and body["applies"] == ["anonymousId"]
    assert [c.source for c in states("a#a1")["a#a1"].choices] == ["api"]
    [record] = [decode(r["Data"]) for r in streamed()]
    assert record.event == "Consent Changed" and record.anonymous_id == "a1" and record.consent.personalization


def test_a_withdrawal_is_effective_at_once_and_in_the_history(consent):
    know("a#a1")
    assert consent("PUT", {"anonymousId": "a1", "consent": YES})[1]["changed"]
    status, body = consent("PUT", {"anonymousId": "a1", "consent": NO})
    assert (status, body["changed"], body["consent"]["personalization"]) == (200, True, False)
    assert states("a#a1")["a#a1"].cart == {}
    status, body = consent("GET", anonymousId="a1")
    assert (status, body["consent"], body["source"]) == (200, NO, "api")
    assert [change["consent"]["personalization"] for change in body["history"]] == [True, False]
    assert [decode(r["Data"]).consent.personalization for r in streamed()] == [True, False]


def test_a_no_of_somebody_unknown_is_answered_plainly_and_stored_nowhere(consent):
    status, body = consent("PUT", {"anonymousId": "a9", "consent": NO})
    assert status == 200 and not body["known"] and "nothing was stored" in body["message"]
    assert not states("a#a9") and not streamed()
    assert consent("GET", anonymousId="a9")[1]["consent"] is None


def test_a_claim_neither_changes_nor_shows_the_known_shopper(consent):
    know("u#u1", "a#a1")
    who = {"anonymousId": "a1", "userId": "u1"}
    consent("PUT", {**who, "consent": NO})
    assert states("u#u1")["u#u1"].cart and not states("a#a1")["a#a1"].cart
    assert consent("PUT", {"userId": "u1", "consent": NO})[0] == 403 == consent("GET", userId="u1")[0]
    proof = user_hash("sk", "u1")
    assert consent("GET", userId="u1", userHash=proof)[1]["history"] == []
    assert consent("PUT", {**who, "userHash": proof, "consent": NO})[1]["applies"] == ["userId", "anonymousId"]
    assert not states("u#u1")["u#u1"].cart
    assert consent("GET", key="sk", userId="u1")[1]["consent"] == NO


def test_global_privacy_control_is_heard_from_the_header(consent):
    body = consent("PUT", {"anonymousId": "a1", "consent": YES}, headers={"sec-gpc": "1"})[1]
    assert body["consent"] == {**YES, "advertising": False}
    assert consent("GET", anonymousId="a1", headers={"sec-gpc": "1"})[1]["gpc"]


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ([], "write-key", 400),
        ({"consent": YES}, "write-key", 400),
        ({"anonymousId": "a1"}, "write-key", 400),
        ({"anonymousId": "a1", "consent": YES}, "nonsense", 401),
        ({"anonymousId": "a1", "consent": YES, "x": "x" * 100_001}, "write-key", 413),
    ],
)
def test_consent_refuses_with_the_right_status(consent, body, key, status):
    assert consent("PUT", body, key)[0] == status
    assert not streamed() and not states("a#a1")


def test_consent_says_come_back_when_the_stream_is_gone_and_changes_nothing(consent):
    know("a#a1")
    boto3.client("kinesis").delete_stream(StreamName="events")
    assert consent("PUT", {"anonymousId": "a1", "consent": NO})[0] == 503
    assert states("a#a1")["a#a1"].cart
