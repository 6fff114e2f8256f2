"""Who an event is about, as hashes."""

import pytest
from msgspec.structs import replace

from shared.events.model import Consent
from shared.identity.extract import MOST, USUAL, Policy, identified, policy, raw
from shared.identity.ids import known_as
from tests.factories import KEYS, GivenKeys, event, order

JO = KEYS.hashed("email", "jo@shop.de")


def identify(traits=None, context=None, **fields):
    return event(
        **{
            "type": "identify",
            "event": "",
            "properties": {},
            "traits": traits or {},
            "context": context or {},
            **fields,
        }
    )


def found(*args, using=USUAL, **fields):
    return raw(identify(*args, **fields), using)


def test_traits_name_a_shopper_wherever_they_are_said():
    assert found({"email": " Jo@Shop.de", "phone": "+49 176 1234567", "loyalty_id": " L7 "}) == {
        "email": "jo@shop.de",
        "phone": "+491761234567",
        "loyalty": "L7",
    }
    assert found({}, {"traits": {"email": "jo@shop.de", "loyaltyId": 7}}) == {"email": "jo@shop.de", "loyalty": "7"}


def test_a_phone_number_belongs_to_the_country_of_its_owner_else_of_the_shop():
    assert found({"phone": "0176 1234567", "address": {"country": "Germany"}}) == {"phone": "+491761234567"}
    assert found({"phone": "0176 1234567"}, using=Policy(country="DE")) == {"phone": "+491761234567"}
    assert found({"phone": "0176 1234567"}) == {}


def test_a_device_is_named_by_its_own_id_else_by_that_for_advertising():
    assert found({}, {"device": {"id": "D-1", "advertisingId": "A-1"}}) == {"device": "d-1"}
    assert found({}, {"device": {"id": "0000-0000", "advertisingId": "A-1"}}) == {"device": "a-1"}


def test_external_ids_are_of_the_shops_own_types():
    rows = [
        {"type": "crm", "id": "C9"},
        {"type": "email", "id": "JO@shop.de"},
        {"type": "phone", "id": "+491761234567"},
        {"type": "user", "id": "u2"},
        {"type": "anonymous_id", "id": "a2"},
        {"type": "No Type", "id": "x"},
        {"type": "till", "id": "null"},
        {"type": "x", "id": {"a": 1}},
        7,
    ]
    assert found({}, {"externalIds": rows}) == {"crm": "C9", "email": "jo@shop.de", "phone": "+491761234567"}
    assert len(found({}, {"externalIds": [{"type": f"t{n}", "id": "x"} for n in range(30)]})) == MOST
    assert found({}, {"externalIds": "x"}) == {}


@pytest.mark.parametrize(
    "traits",
    [{"email": "noreply@shop.de"}, {"email": "test@test.com"}, {"email": 7, "phone": []}, {"loyalty_id": "undefined"}],
)
def test_what_names_nobody_is_left_out(traits):
    assert found(traits) == {}


def test_properties_never_name_a_shopper():
    assert (
        raw(event(properties={"product_id": "tent", "email": "friend@shop.de", "phone": "+491761234567"}), USUAL) == {}
    )


@pytest.mark.parametrize("name", ["Order Completed", "order refunded", "Checkout Started", "Payment Info Entered"])
def test_gifts_and_guests_link_nobody(name):
    gift = order(
        "tent",
        traits={"email": "friend@shop.de"},
        context={"traits": {"phone": "+491761234567"}, "device": {"id": "d"}},
    )
    assert raw(replace(gift, event=name), USUAL) == {}


def test_identifiers_are_hashes_and_the_former_ones_are_told_during_a_rotation():
    made = identified(identify({"email": "jo@shop.de"}), KEYS, USUAL, server=False)
    assert made.identifiers == {"email": JO} and made.previous_identifiers == {} and made.source == "browser"
    made = identified(identify({"email": "jo@shop.de"}), GivenKeys("next", "identity-key"), USUAL, server=True)
    assert made.previous_identifiers == {"email": JO} and made.identifiers["email"] != JO and made.source == "server"


def test_without_consent_nobody_is_named():
    assert identified(identify({"email": "jo@shop.de"}, consent=Consent()), KEYS, USUAL, server=True).identifiers == {}


def test_an_id_that_is_an_address_is_its_hash_whatever_the_spelling():
    for value in ("jo@shop.de", " JO@SHOP.DE", "jo＠shop.de"):
        assert known_as(value, KEYS) == JO
    assert known_as("jo+x@shop.de", KEYS, "drop") == JO
    assert known_as("+49 176-1234567", KEYS) == KEYS.hashed("phone", "+491761234567")
    assert known_as(JO, KEYS) == JO


def test_an_id_that_holds_an_address_is_hashed_whole():
    for value in ("user:jo@shop.de", "jo@shop.de/phone", "x +491761234567"):
        assert "jo" not in known_as(value, KEYS).lower() and known_as(value, KEYS) == KEYS.hashed("id", value)


class Never:
    def hashed(self, kind, value):
        raise AssertionError("the key was asked for")

    previous = hashed


@pytest.mark.parametrize(
    "value", ["", "u1", "a/b?c", "4006381333931", "00491761234567", "a+b", "set-1+4006381333931", "50%", "@jo"]
)
def test_any_other_id_is_the_shops_own_and_needs_no_key(value):
    assert known_as(value, Never()) == value


def test_an_event_that_names_nobody_needs_no_key():
    assert identified(event(), Never(), USUAL, server=False).anonymous_id == "a1"


def test_all_ids_of_an_event_are_replaced():
    made = identified(
        identify(
            user_id="jo@shop.de", anonymous_id="+491761234567", previous_id="old@shop.de", message_id="m jo@shop.de"
        ),
        GivenKeys("next", "identity-key"),
        USUAL,
        server=True,
    )
    assert not {"@", "+"} & set("".join((made.user_id, made.anonymous_id, made.previous_id, made.message_id)))
    assert made.previous_identifiers == {"user": JO, "anonymous": KEYS.hashed("phone", "+491761234567")}


def test_settings_are_read_from_words():
    assert policy() == USUAL
    assert policy("drop", "Germany", "^kiosk ^till") == Policy("drop", "DE", ("^kiosk", "^till"))


def test_the_address_of_a_group_links_nobody_in_it():
    """Everybody of a company would be one shopper."""
    office = event("", type="group", traits={"email": "office@shop.de"}, source="server", properties={})
    assert raw(office, USUAL) == {}
