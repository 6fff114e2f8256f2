import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.feed import lines
from shared.catalog.model import Item, Price, recommendable
from shared.catalog.parse import as_feed, parse, patched
from shared.errors import InvalidRequest

TENT = {"id": "tent", "title": "Tent", "price": "12.50 EUR", "product_type": "Camping>Tents"}


def tent(**fields):
    return parse({**TENT, **fields}, 5.0)


@pytest.mark.parametrize(
    ("given_price", "price"),
    [
        ("12.50 EUR", Price(12.5, "EUR")),
        ("EUR 12,50", Price(12.5, "EUR")),
        ({"amount": 3, "currency": "GBP"}, Price(3.0, "GBP")),
        ("", None),
    ],
)
def test_prices_are_understood_in_the_forms_feeds_have(given_price, price):
    assert tent(price=given_price).price == price


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 101}, "id"),
        ({"title": None}, "title"),
        ({"title": []}, "title"),
        ({"price": "cheap"}, "price"),
        ({"price": "12.50"}, "price"),
        ({"price": "-1 EUR"}, "price"),
        ({"availability": "maybe"}, "availability"),
        ({"stock": "-3"}, "stock"),
        ({"stock": "1.5"}, "stock"),
        ({"margin": "high"}, "margin"),
        ({"available_from": "2026-01-01"}, "available_from"),
        ({"tags": 7}, "tags"),
        ({"attributes": "x"}, "attributes"),
    ],
)
def test_what_is_wrong_is_named(fields, field):
    with pytest.raises(InvalidRequest) as refused:
        tent(**fields)
    assert refused.value.field == field


def test_no_stock_is_out_of_stock_whatever_availability_says():
    assert not tent(stock=0).in_stock
    assert not tent(availability="out of stock", stock=5).in_stock
    assert tent(availability="preorder").in_stock


def test_an_item_is_shown_only_in_its_time():
    item = tent(available_from="2026-01-01T00:00:00Z", available_until="2026-02-01T00:00:00Z")
    assert [recommendable(item, at) for at in (1767225599, 1767225600, 1769903999, 1769904000)] == [
        False,
        True,
        True,
        False,
    ]


def test_fields_we_have_no_name_for_are_kept():
    assert tent(colour="red", gtin=123).attributes == {"colour": "red", "gtin": "123"}


def test_a_patch_changes_what_it_names_and_nothing_else():
    item = tent(stock=4, colour="red")
    changed = patched(item, {"stock": 0, "price": "9.00 EUR"}, 9.0)
    assert (changed.stock, changed.in_stock, changed.price, changed.updated_at) == (0, False, Price(9.0, "EUR"), 9.0)
    assert changed.attributes == {"colour": "red"} and changed.product_type == "Camping > Tents"


words = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8)


@given(
    st.builds(
        Item,
        id=words,
        title=words,
        brand=words,
        stock=st.none() | st.integers(1, 99),
        updated_at=st.just(5.0),
        price=st.none()
        | st.builds(Price, st.integers(0, 10**6).map(lambda cents: cents / 100), st.sampled_from(["EUR", "GBP"])),
        tags=st.lists(words, max_size=3),
        attributes=st.dictionaries(st.just("colour"), words),
    )
)
def test_an_item_survives_the_way_out_and_in(item):
    assert parse(as_feed(item), 5.0) == item


junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(max_size=3), x, max_size=2),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [*TENT, "stock", "margin", "available_from", "tags", "attributes", "availability", "sale_price", "x"]
        ),
        junk,
    )
    | junk
)
def test_nonsense_is_refused_never_crashed_on(row):
    try:
        assert parse({**TENT, **row} if isinstance(row, dict) else row, 5.0).id
    except InvalidRequest as error:
        assert error.message


def test_feeds_are_read_as_csv_tsv_and_json_lines():
    csv = b'\xef\xbb\xbfid,title,price\ntent,"A tent, large",12.50 EUR\nbad,,1 EUR\nx,y,2 EUR,surplus\n'
    read = list(lines("a.csv", io.BytesIO(csv), 1.0))
    assert [line.item.title if line.item else line.reason for line in read][0] == "A tent, large"
    assert "title" in read[1].reason and "more fields" in read[2].reason and read[2].number == 4
    assert next(lines("a.tsv", io.BytesIO(b"id\ttitle\nt\tTent\n"), 1.0)).item.title == "Tent"
    read = list(lines("a.jsonl", io.BytesIO(b'{"id":"t","title":"Tent"}\n\n{broken\n'), 1.0))
    assert read[0].item.id == "t" and read[1].item is None and read[1].number == 3
    with pytest.raises(InvalidRequest):
        lines("a.xlsx", io.BytesIO(b""), 1.0)
