"""What belongs to a person, and what only names them."""

import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from shared.privacy.person import ANONYMOUS, GONE, USER, Person, concerns, mentions, redacted
from shared.privacy.stores.lake import clean

ANNA = Person(identifiers=[(USER, "anna"), (ANONYMOUS, "device-of-anna"), ("email", "k1:0123456789abcdef")])
NAMES = st.text('ab"\\/ü.*|[(1', min_size=1, max_size=16)


def line(**fields):
    return json.encode({"messageId": "m", "type": "track", **fields})


def test_events_of_the_user_the_device_and_the_identifiers_are_the_persons():
    for mine in (
        {"userId": "anna"},
        {"anonymousId": "device-of-anna"},
        {"previousId": "anna"},
        {"previousId": "device-of-anna"},
        {"identifiers": {"email": "k1:0123456789abcdef"}},
        {"previousIdentifiers": {"email": "k1:0123456789abcdef"}},
    ):
        assert concerns(ANNA, mine), mine
    for other in ({"userId": "annabel"}, {"anonymousId": "anna"}, {"userId": "device-of-anna"}, {"identifiers": None}):
        assert not concerns(ANNA, other), other


def test_an_event_of_others_loses_the_name_and_nothing_else():
    gift = {
        "userId": "bert",
        "properties": {"recipient_id": "anna", "product_id": "anna", "price": 1.5, "url": "/for/device-of-anna?x=1"},
    }
    assert redacted(ANNA, gift) == {
        "userId": "bert",
        "properties": {"recipient_id": GONE, "product_id": "anna", "price": 1.5, "url": f"/for/{GONE}?x=1"},
    }


def test_a_short_name_is_found_only_as_a_whole_and_a_number_too():
    person = Person(identifiers=[(USER, "42")])
    near = re.compile(person.pattern.encode())
    assert near.search(b'{"userId":"42"}') and near.search(b'{"customer_id":42}')
    assert not near.search(b'{"price":420,"item":"4242"}')
    assert redacted(person, {"customer_id": 42, "quantity": 42, "product_id": "42"}) == {
        "customer_id": GONE,
        "quantity": 42,
        "product_id": "42",
    }


def test_documents_that_name_the_person_are_recognised():
    assert mentions(ANNA, {"x": ["u#anna"]}) and mentions(ANNA, {"userId:anna": 1}) and mentions(ANNA, "i#userId:anna")
    assert not mentions(ANNA, {"x": ["annabel", "u#annabel"]})


def test_what_is_untouched_stays_byte_for_byte():
    others = [b'{ "messageId": "1",  "userId":"bert" }', b"", b"not json"]
    body = b"\n".join([others[0], line(userId="anna"), *others[1:]]) + b"\n"
    cleaned = clean(ANNA, body)
    assert cleaned.body == b"\n".join(others) + b"\n"
    assert cleaned.taken == [line(userId="anna")] and cleaned.changed == 0


def test_a_line_that_nobody_can_read_goes_when_it_names_the_person():
    assert clean(ANNA, b'{"userId": "anna", broken\n').taken


@given(
    st.lists(st.tuples(NAMES, NAMES, st.booleans()), max_size=20),
    NAMES,
    NAMES,
)
def test_after_cleaning_no_event_is_the_persons_and_no_event_of_others_is_lost(events, user, device):
    person = Person(identifiers=[(USER, user), (ANONYMOUS, device)])
    lines = [
        line(number=n, userId=u if known else "", anonymousId=a, properties={"customer": u})
        for n, (u, a, known) in enumerate(events)
    ]
    cleaned = clean(person, b"".join(text + b"\n" for text in lines))
    left = [json.decode(text) for text in cleaned.body.splitlines()]
    theirs = [n for n, (u, a, known) in enumerate(events) if (known and u == user) or a == device]
    assert [e["number"] for e in left] == [n for n in range(len(events)) if n not in theirs]
    assert all(e["properties"]["customer"] not in person.names for e in left)
    assert not clean(person, cleaned.body).taken and not clean(person, cleaned.body).changed
