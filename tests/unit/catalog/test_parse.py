import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from shared.catalog.card import card
from shared.catalog.feed import lines
from shared.catalog.model import Item, Price, decode, encode, recommendable
from shared.catalog.parse import KNOWN, as_feed, id_of, parse, patched
from shared.catalog.sketch import sketch
from shared.errors import InvalidRequest

TENT = {"id": "tent", "title": "Tent", "price": "12.50 EUR", "product_type": "Camping>Tents"}


def tent(**fields):
    return parse({**TENT, **fields}, 5.0)


@pytest.mark.parametrize(
    ("given_price", "price"),
    [
        ("12.50 EUR", Price(12.5, "EUR")),
        ("EUR 12,50", Price(12.5, "EUR")),
        (" 0.0125eur ", Price(0.0125, "EUR")),
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
        ({"price": -1, "currency": "EUR"}, "price"),
        ({"price": "1,299 EUR"}, "price"),
        ({"price": 1, "currency": "euro"}, "price"),
        ({"price": "9" * 400 + " EUR"}, "price"),
        ({"price": {"amount": True, "currency": "EUR"}}, "price"),
        ({"sale_price": "cheap"}, "sale_price"),
        ({"sale_price_effective_date": "2026-01-01T00:00Z"}, "sale_price_effective_date"),
        ({"sale_price_effective_date": "2026-02-01T00:00Z/2026-01-01T00:00Z"}, "sale_price_effective_date"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "https://" + "x" * 2000}, "link"),
        ({"image_link": "data:image/svg+xml,<svg/>"}, "image_link"),
        ({"id": "a\nb"}, "id"),
        ({"id": True}, "id"),
        ({"id": 10**5000}, "id"),
        ({"availability": 10**5000}, "availability"),
        ({"stock": 10**5000}, "stock"),
        ({"price": 10**5000, "currency": "EUR"}, "price"),
        ({"title": "caf\udce9"}, "title"),
        ({"item_group_id": "x" * 101}, "item_group_id"),
        ({"availability": "maybe"}, "availability"),
        ({"stock": "-3"}, "stock"),
        ({"stock": "1.5"}, "stock"),
        ({"margin": "high"}, "margin"),
        ({"available_from": "2026-01-01"}, "available_from"),
        ({"tags": 7}, "tags"),
        ({"tags": ["a", []]}, "tags"),
        ({"attributes": "x"}, "attributes"),
        ({"attributes": {"sizes": ["S", "M"]}}, "attributes"),
        ({"minimum_age": "adult"}, "minimum_age"),
        ({"minimum_age": 1.5}, "minimum_age"),
        ({"minimum_age": 200}, "minimum_age"),
        ({"adult": "perhaps"}, "adult"),
        ({"attributes": {"adult": "perhaps"}}, "adult"),
        ({"countries": "Germany"}, "countries"),
        ({"excluded_countries": ["DE", "D1"]}, "excluded_countries"),
        ({"sizes": 7}, "sizes"),
        ({"available_until": "1960-01-01T00:00:00Z"}, "available_until"),
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
    item = tent(colour="red", gtin=123, Energy_Class="A", organic=True, weight=1.5, sizes=["S"])
    assert item.attributes == {
        "colour": "red",
        "gtin": "123",
        "energy_class": "A",
        "organic": "true",
        "weight": "1.5",
    }
    assert len(tent(**{f"field{n}": "x" * 9999 for n in range(99)}).attributes) == 50


def test_long_texts_are_cut():
    item = tent(title="x" * 501, description="y" * 5001)
    assert (len(item.title), len(item.description)) == (500, 5000)


def test_a_price_may_be_a_number_beside_a_currency():
    assert tent(price=12.5, currency="eur").price == tent(price="12.5", currency="EUR").price == Price(12.5, "EUR")


def test_headlines_of_a_feed_may_be_written_as_people_do():
    item = parse({"ID": "t", " Title ": "Tent", "Image Link": "/t.png", "Product Type": "A>B"}, 1.0)
    assert (item.id, item.title, item.image_link, item.product_type) == ("t", "Tent", "/t.png", "A > B")


def test_a_patch_changes_what_it_names_and_nothing_else():
    item = tent(stock=4, colour="red")
    changed = patched(item, {"stock": 0, "price": "9.00 EUR"}, 9.0)
    assert (changed.stock, changed.in_stock, changed.price, changed.updated_at) == (0, False, Price(9.0, "EUR"), 9.0)
    assert changed.attributes == {"colour": "red"} and changed.product_type == "Camping > Tents"
    assert patched(item, {"colour": "blue", "size": "L"}, 9.0).attributes == {"colour": "blue", "size": "L"}
    assert patched(item, {"attributes": {"size": "L"}}, 9.0).attributes == {"size": "L"}


def test_null_takes_a_value_away():
    item = tent(stock=0, colour="red")
    changed = patched(item, {"stock": None, "colour": None, "price": None}, 9.0)
    assert (changed.stock, changed.in_stock, changed.attributes, changed.price) == (None, True, {}, None)
    with pytest.raises(InvalidRequest) as refused:
        patched(item, {"title": None}, 9.0)
    assert refused.value.field == "title"


def test_a_patched_price_keeps_the_currency_it_had():
    assert patched(tent(), {"price": 9}, 9.0).price == Price(9.0, "EUR")
    assert patched(tent(), {"price": "9 GBP"}, 9.0).price == Price(9.0, "GBP")


def test_the_age_an_item_may_be_shown_from_is_the_strictest_that_is_said():
    assert tent().minimum_age == tent(adult="no", age_group="adult").minimum_age == 0
    assert tent(adult="yes").minimum_age == tent(attributes={"adult": True}).minimum_age == 18
    assert tent(minimum_age=21, adult="TRUE").minimum_age == 21 and tent(minimum_age="16", adult=1).minimum_age == 18
    assert tent(**{f"field{n}": "x" for n in range(99)}, adult="yes").minimum_age == 18, "however much else is said"
    assert patched(tent(adult="yes"), {"adult": "no"}, 9.0).minimum_age == 0
    assert patched(tent(minimum_age=21, adult="yes"), {"adult": None}, 9.0).minimum_age == 21


def test_countries_and_sizes_are_lists_or_texts_with_commas():
    assert tent(countries="de, AT").countries == tent(countries=["DE", "at", "de"]).countries == ["DE", "AT"]
    assert tent(excluded_countries="us").excluded_countries == ["US"]
    assert (
        tent(size="M").sizes == ["M"]
        and tent(size="M", sizes="S, L").sizes == ["S", "L"]
        and tent(size=42).sizes == ["42"]
    )
    assert tent(size="One Size").sizes == tent(sizes=["OS"]).sizes == tent().sizes == []
    assert patched(tent(size="M"), {"size": "L"}, 9.0).sizes == ["L"]


def test_an_id_never_changes():
    with pytest.raises(InvalidRequest) as refused:
        patched(tent(), {"id": "other"}, 9.0)
    assert refused.value.field == "id"


words = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8)
moments = st.just(0.0) | st.integers(1, 4_000_000_000).map(float)
periods = st.tuples(moments, st.integers(1, 10**6)).map(lambda p: (p[0], p[0] + p[1])) | st.tuples(
    moments, st.just(0.0)
)
prices = st.none() | st.builds(
    Price, st.integers(0, 10**10).map(lambda parts: parts / 10_000), st.sampled_from(["EUR", "GBP"])
)


@st.composite
def items(draw):
    sale_from, sale_until = draw(periods)
    item = Item(
        id=draw(words),
        title=draw(words),
        brand=draw(words),
        link=draw(st.sampled_from(["", "/p", "https://shop.example/p?x=1"])),
        product_type=draw(st.sampled_from(["", "A", "A > B"])),
        stock=draw(st.none() | st.integers(1, 99)),
        margin=draw(st.none() | st.floats(-1, 1)),
        price=draw(prices),
        sale_price=draw(prices),
        tags=draw(st.lists(words, max_size=3, unique=True)),
        attributes=draw(st.dictionaries(words.map(lambda word: f"custom {word}"), words, max_size=3)),
        available_from=draw(moments),
        available_until=draw(moments),
        updated_at=5.0,
        sale_from=sale_from,
        sale_until=sale_until,
        minimum_age=draw(st.sampled_from([0, 16, 18])),
        countries=draw(st.lists(st.sampled_from(["DE", "AT"]), unique=True)),
        excluded_countries=draw(st.lists(st.sampled_from(["US"]), unique=True)),
        sizes=draw(st.lists(st.sampled_from(["M", "L", "42"]), unique=True)),
    )
    return replace(item, sketch=sketch(item))


@given(items())
def test_an_item_survives_the_way_out_and_in(item):
    assert parse(as_feed(item), 5.0) == item
    assert parse(json.decode(json.encode(as_feed(item))), 5.0) == item
    assert decode(encode(item)) == item


@given(items())
def test_an_empty_patch_changes_nothing(item):
    assert patched(item, {}, 5.0) == item


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(st.characters(exclude_categories=[]), max_size=4)
    | st.just(10**300),
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(max_size=3), x, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*KNOWN, "x", "a b"]), junk) | junk)
def test_nonsense_is_refused_with_the_field_named_never_crashed_on(row):
    try:
        item = parse({**TENT, **row} if isinstance(row, dict) else row, 5.0)
        assert decode(encode(item)) == item
    except InvalidRequest as error:
        names = [str(name).strip().lower().replace(" ", "_") for name in row] if isinstance(row, dict) else [""]
        assert error.message and error.field in {*KNOWN, *names}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_may_have_any_usual_delimiter(delimiter):
    table = f'id{delimiter}title\nt{delimiter}"A tent{delimiter} large"\n'.encode()
    for name in ("a.csv", "a.TSV", "a.txt"):
        assert [line.item.title for line in lines(name, io.BytesIO(table), 1.0)] == [f"A tent{delimiter} large"]


def test_rows_of_a_table_that_cannot_be_taken_are_named_by_their_line():
    table = b'\xef\xbb\xbfid,title,price\ntent,"A tent,\nlarge",12.50 EUR\nbad,,1 EUR\nx,y,2 EUR,surplus\nz,caf\xe9,\nshort,Short\n'
    read = list(lines("a.csv", io.BytesIO(table), 1.0))
    assert [line.number for line in read] == [3, 4, 5, 6, 7]
    assert read[0].item.title == "A tent,\nlarge" and read[4].item.title == "Short"
    assert [line.item for line in read[1:4]] == [None] * 3
    assert "title is missing" in read[1].reason and "more fields" in read[2].reason and "UTF-8" in read[3].reason
    assert [id_of(line.row) for line in read] == ["tent", "bad", "x", "z", "short"]


def test_json_lines_are_judged_one_by_one():
    feed = b'{"id":"t","title":"Tent"}\n\n{broken\n[1]\n{"id":"u","title":"\xff"}\n{"id":"v","title":"V"}'
    read = list(lines("a.jsonl", io.BytesIO(feed), 1.0))
    assert [(line.number, line.item.id if line.item else None) for line in read] == [
        (1, "t"),
        (3, None),
        (4, None),
        (5, None),
        (6, "v"),
    ]
    assert all(line.reason for line in read if line.item is None)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"", "must end in"),
        ("a.csv", b"", "first line"),
        ("a.csv", b"title,price\nA,1 EUR\n", "first line"),
        ("a.csv.gz", b"id,title\n", "damaged"),
        ("a.csv.gz", gzip.compress(b"id,title\n" * 999, mtime=0)[:-20], "damaged"),
        ("a.csv", b"id,title\na," + b"x" * 1_100_000, "longer than"),
        ("a.jsonl", b" " * 1_100_000, "longer than"),
        ("a.csv", b'id,title\na,"never closed' + b"\nx" * 600_000, "quote"),
    ],
)
def test_a_file_that_cannot_be_read_on_is_refused_with_a_sentence(name, content, reason):
    with pytest.raises(InvalidRequest, match=reason):
        list(lines(name, io.BytesIO(content), 1.0))


def test_a_sale_price_is_shown_only_while_it_holds():
    item = tent(sale_price="9 EUR", sale_price_effective_date="2026-11-24T00:00+0100/2026-11-29T00:00+0100")
    start, end = item.sale_from, item.sale_until
    assert (start, end) == (1795474800.0, 1795906800.0)
    assert ["salePrice" in card(item, at) for at in (start - 1, start, end - 1, end)] == [False, True, True, False]
    assert "salePrice" not in card(item) and "salePrice" in card(tent(sale_price="9 EUR"))
