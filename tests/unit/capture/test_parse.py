from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.capture.intake import MAX_EVENT_BYTES, answer, take
from shared.capture.parse import parse
from shared.errors import InvalidRequest, ShopwindowError
from shared.events.model import decode
from tests.factories import KEYS

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
YES = {"consent": {"categoryPreferences": {"personalization": True, "analytics": True}}}


def message(**fields):
    base = {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": "a1",
        "properties": {"product_id": "tent"},
        "context": YES,
    }
    return {**base, **fields}


def parsed(sent_at=None, **fields):
    return parse(message(**fields), received_at=NOW, sent_at=sent_at, message_id="given")


def taken(kind, body, verified=lambda user, proof: False, **options):
    return take(
        kind, body, **{"received_at": NOW, "verified": verified, "new_id": lambda: "given", "keys": KEYS, **options}
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "teleport"}, "type"),
        ({"event": ""}, "event"),
        ({"event": 7}, "event"),
        ({"anonymousId": {"a": 1}}, "anonymousId"),
        ({"anonymousId": None}, "anonymousId"),
        ({"userId": "x" * 201}, "userId"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 5}, "timestamp"),
        ({"properties": []}, "properties"),
        ({"context": "x"}, "context"),
        ({"properties": {}}, "properties.product_id"),
        ({"properties": {"product_id": "x", "price": "cheap"}}, "properties.price"),
        ({"event": "Order Completed", "properties": {"order_id": "1"}}, "properties.products"),
        (
            {"event": "Order Completed", "properties": {"products": [{"product_id": "x"}, {}]}},
            "properties.products[1].product_id",
        ),
        ({"event": "Order Completed", "properties": {"products": [7]}}, "properties.products[0]"),
        ({"type": "alias", "userId": "u"}, "previousId"),
    ],
)
def test_what_is_malformed_is_refused_with_the_field_named(fields, field):
    with pytest.raises(InvalidRequest) as refused:
        parsed(**fields)
    assert refused.value.field == field


def test_a_wrong_device_clock_is_corrected():
    device_now = NOW + timedelta(hours=5)
    event = parsed(timestamp=(device_now - timedelta(seconds=10)).isoformat(), sent_at=device_now)
    assert event.timestamp == NOW - timedelta(seconds=10)
    assert event.original_timestamp == device_now - timedelta(seconds=10)


def test_nothing_happens_in_the_future():
    assert parsed(timestamp="2030-01-01T00:00:00Z").timestamp == NOW


def test_history_keeps_its_own_time():
    assert parsed(timestamp="2011-01-01T00:00:00", sent_at=NOW).timestamp == datetime(2011, 1, 1, tzinfo=UTC)


def test_without_consent_nothing_that_names_a_person_passes():
    body = message(
        context={
            "page": {"url": "https://s/?email=jo", "path": "/tent"},
            "ip": "1.2.3.4",
            "userAgent": "x",
            "userHash": "h",
        },
        userId="jo",
        traits={"email": "jo@example.org"},
        properties={"product_id": "tent", "order_id": "o1"},
    )
    [(key, data)] = taken("track", body).entries
    event = decode(data)
    assert not (event.anonymous_id or event.user_id or event.traits or event.verified)
    assert key == "given"
    assert event.properties == {"product_id": "tent"}
    assert event.context == {"page": {"path": "/tent"}}


@pytest.mark.parametrize(
    "preferences", [None, [], {}, {"personalization": False}, {"personalization": "true"}, {"personalization": 1}]
)
def test_only_an_explicit_true_is_consent(preferences):
    event = parsed(context={"consent": {"categoryPreferences": preferences}})
    assert not event.consent.personalization


def test_one_bad_event_does_not_stop_the_others():
    intake = taken("batch", {"batch": [message(), message(event="", messageId="bad"), message()]})
    status, body = answer(intake)
    assert (status, len(intake.entries)) == (200, 2)
    assert b'"index":1' in body and b'"messageId":"bad"' in body and b'"field":"event"' in body


def test_a_request_with_nothing_usable_is_refused():
    assert answer(taken("batch", {"batch": [message(event="")]}))[0] == 400
    with pytest.raises(InvalidRequest) as refused:
        taken("batch", {"batch": {}})
    assert refused.value.field == "batch"


def test_an_oversized_event_is_refused_and_named():
    status, body = answer(taken("track", message(properties={"product_id": "x", "blob": "x" * MAX_EVENT_BYTES})))
    assert status == 413 and str(MAX_EVENT_BYTES).encode() in body


def test_only_a_proof_verifies_a_user():
    body = message(userId="u1", context={**YES, "userHash": "right"})
    [(_, data)] = taken("track", body, verified=lambda user, proof: (user, proof) == ("u1", "right")).entries
    assert decode(data).verified and "userHash" not in decode(data).context
    [(_, data)] = taken(
        "track", {**body, "context": {**YES, "userHash": "wrong"}}, verified=lambda u, p: p == "right"
    ).entries
    assert not decode(data).verified


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 2**70) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(
    ["type", "event", "anonymousId", "userId", "properties", "context", "timestamp", "sentAt", "traits", "messageId"]
)


@given(st.dictionaries(keys, json_values, max_size=6), st.sampled_from(["track", "batch", "identify", "page"]))
def test_nonsense_is_answered_never_crashed_on(fields, kind):
    try:
        status, _ = answer(taken(kind, {"batch": [message(**fields)]} if kind == "batch" else message(**fields)))
        assert status in (200, 400, 413)
    except ShopwindowError as error:
        assert error.status == 400
