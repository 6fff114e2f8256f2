"""What a privacy request may say, and what it says back."""

import pytest

from shared.errors import InvalidRequest
from shared.privacy.hashing import stored
from shared.privacy.requests import Step, describe, message, parse
from tests.factories import GivenKeys

KEYS = ["k" * 64, "p" * 64]


def asked(body, keys=KEYS):
    return parse(body, "new", 1000.0, stored=lambda kind, raw: stored(GivenKeys(*keys), kind, raw), key=b"key")


def test_ids_stay_as_they_are_and_everything_else_is_hashed_under_both_keys():
    request = asked({"type": "erase", "userId": "u1", "email": " Ann@Shop.example", "identifiers": {"club": "7"}})
    kinds = [kind for kind, _ in request.identifiers]
    assert kinds == ["userId", "email", "email", "club", "club"] and request.identifiers[0] == ("userId", "u1")
    assert "ann" not in str(request).lower() and request.suppress == "late" and request.id == "new"
    assert request.identifiers[1] == asked({"type": "export", "email": "ann@shop.EXAMPLE"}, KEYS[:1]).identifiers[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        ({"type": "forget", "userId": "u"}, "type"),
        ({"type": "erase"}, ""),
        ({"type": "erase", "userId": ""}, "userId"),
        ({"type": "erase", "userId": ["u"]}, "userId"),
        ({"type": "erase", "userId": "x" * 501}, "userId"),
        ({"type": "erase", "email": "nobody"}, "email"),
        ({"type": "erase", "phone": "030 123"}, "phone"),
        ({"type": "erase", "userId": "u", "suppress": "never"}, "suppress"),
        ({"type": "erase", "user_id": "u"}, "user_id"),
        ({"type": "erase", "identifiers": {"a b": "u"}}, "identifiers.a b"),
        ({"type": "erase", "identifiers": 1}, "identifiers"),
        ({"type": "erase", "userId": "u", "requestId": "a b"}, "requestId"),
        ({"type": "erase", "userId": "anna", "requestId": "erase-anna-1"}, "requestId"),
    ],
)
def test_what_is_wrong_is_named(body, field):
    with pytest.raises(InvalidRequest) as refused:
        asked(body)
    assert refused.value.field == field


def test_the_same_request_is_recognised_and_another_is_not():
    one = asked({"type": "erase", "userId": "u1"})
    assert one.digest == asked({"userId": "u1", "type": "erase", "requestId": "r-1"}).digest
    assert one.digest != asked({"type": "erase", "userId": "u1", "suppress": "forever"}).digest
    assert one.digest != asked({"type": "export", "userId": "u1"}).digest


def test_a_request_says_in_plain_words_where_it_stands():
    request = asked({"type": "export", "userId": "u1"})
    assert "will begin" in message(request)
    request.steps, request.status = [Step("resolve", "done"), Step("find lake")], "running"
    assert "find lake" in message(request)
    request.status, request.error = "failed", "the lake is on fire"
    assert (
        "find lake" in message(request) and "on fire" in message(request) and "privacy resume new" in message(request)
    )
    request.steps, request.status = [Step("find lake", "done", 0), Step("find models", "done", 3)], "done"
    assert "Nothing is held" in message(request) and describe(request)["found"] is False
    request.steps[0].found = 2
    assert "download link" in message(request) and describe(request)["found"] is True
