"""A placeholder is nobody's name."""

import pytest

from shared.errors import InvalidRequest
from shared.events.model import Consent
from shared.identity.blocked import is_blocked, without
from tests.factories import event


@pytest.mark.parametrize(
    "value",
    [
        "", "0", "0000", "-1", "00000000-0000-0000-0000-000000000000", "---", "null", "NULL", " undefined ", "None", "NaN", "anonymous",
        "[object Object]", "test@test.com", "jo@example.com", "jo@mail.example.org", "noreply@shop.de", "No-Reply@shop.de", None, True,
    ],
)  # fmt: skip
def test_placeholders_are_blocked(value):
    assert is_blocked(value)


@pytest.mark.parametrize(
    "value", ["1", 17, "10", "-2", "nullarbor", "anna", "jo@shop.de", "nan-1", "jo@notexample.com", "a0000"]
)
def test_names_are_not(value):
    assert not is_blocked(value)


def test_a_shop_blocks_values_of_its_own():
    assert (
        is_blocked("kiosk-7", ("^kiosk-", "^till")) and is_blocked("null", ("^kiosk-",)) and not is_blocked("kiosk-7")
    )


def test_a_blocked_id_is_as_if_it_had_not_been_sent():
    assert without(event(user_id="null")).user_id == "" and without(event(user_id="null")).anonymous_id == "a1"
    assert without(event(anonymous_id="0", user_id="u1")).anonymous_id == ""
    same = event(user_id="u1")
    assert without(same) is same


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"anonymous_id": "undefined"}, "anonymousId"),
        ({"anonymous_id": "", "user_id": "-1"}, "userId"),
        ({"anonymous_id": "null", "user_id": "null"}, "anonymousId"),
        ({"type": "alias", "user_id": "u1", "previous_id": "null"}, "previousId"),
        ({"type": "alias", "user_id": "null", "previous_id": "a1"}, "userId"),
    ],
)
def test_an_event_of_nobody_is_refused_with_the_field_named(fields, field):
    with pytest.raises(InvalidRequest) as refused:
        without(event(**fields))
    assert refused.value.field == field


def test_without_consent_an_event_needs_nobody():
    assert without(event(anonymous_id="null", consent=Consent())).anonymous_id == ""
