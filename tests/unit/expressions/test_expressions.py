"""What filters, rules and segments are written in."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog.model import Item
from shared.errors import InvalidRequest
from shared.expressions import parse as limits
from shared.expressions.condition import Condition
from shared.expressions.facts import NOBODY, NOWHERE, ContextFacts, ItemFacts, ShopperFacts
from shared.expressions.fields import FIELDS, OPERATORS
from shared.expressions.nodes import written
from shared.expressions.parse import parse
from tests.unit.expressions.naive import contexts, facts, items, nodes, numbers, shoppers, truth

TENT = ItemFacts(
    Item(
        id="tent",
        title="Alm Tent",
        brand="Alm",
        product_type="Camping > Tents",
        attributes={"Colour": "green", "g": "900"},
    ),
    0.0,
)


def holds(text, item=TENT, shopper=NOBODY, context=NOWHERE):
    return parse(text, "filter").holds(item, shopper, context)


def refused(text, allowed=limits.EVERYTHING):
    with pytest.raises(InvalidRequest) as caught:
        parse(text, "filter", allowed)
    assert caught.value.field == "filter"
    return caught.value.message


@settings(max_examples=600)
@given(node=nodes(), item=items, cover=st.none() | numbers, shopper=shoppers, context=contexts)
def test_an_expression_means_what_a_naive_reading_of_it_means(node, item, cover, shopper, context):
    condition = parse(written(node), "filter")
    assert condition.node == node and str(condition) == written(node)
    assert condition.holds(facts(item, cover), shopper, context) is truth(node, item, cover, shopper, context)


@settings(max_examples=150)
@given(node=nodes(), item=items, shopper=shoppers, context=contexts)
def test_a_condition_is_the_same_as_its_parts_together(node, item, shopper, context):
    condition = Condition(node)
    parts = condition.parts()
    told = [part.holds(facts(item), shopper, context) for part in parts if part]
    assert all(told) is condition.holds(facts(item), shopper, context)
    if parts.request:
        parts.request.holds(None, shopper, context)
    if parts.item:
        assert parts.item.holds(facts(item), None, None) is parts.item.asked(facts(item))


@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(["item.price", "not", "(", ")", "and", "or", "<", "3", '"x"', "in", ",", "is", "missing"]),
        max_size=12,
    ).map(" ".join)
)
def test_anything_written_is_an_expression_or_is_refused_with_the_place(text):
    try:
        parse(text, "filter")
    except InvalidRequest as error:
        assert error.message.startswith("at character ")
        assert 1 <= int(error.message.split()[2].rstrip(":")) <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('item.brand = "ALM" and item.category within "camping"', True),
        ('item.category within "Camping>Tents"', True),
        ('item.category within "Camp"', False),
        ("ITEM.brand = 'x' or item.brand = 'alm'".replace("ITEM", "item"), True),
        ('item.brand != "Peak"', True),
        ('item.group != "g1"', True),  # missing: not =
        ("item.price < 10", False),
        ("not item.price < 10", True),
        ("item.price is missing and item.brand is not missing", True),
        ('item.attributes.colour in ("red", "GREEN")', True),
        ("item.attributes.g <= 900", True),
        ('item.attributes.g starts with "9"', True),
        ('item.title contains "tent"', True),
        ('item.brand NOT IN ("alm")', False),
        ("item.on_sale = false AND NOT item.on_sale", True),
        ("item.brand = 'alm' or item.price > 3 and item.price < 2", True),  # `and` binds closer
        ("(item.brand = 'alm' or item.price > 3) and item.price < 2", False),
    ],
)
def test_expressions_read_as_they_are_written(text, expected):
    assert holds(text) is expected


def test_shoppers_and_contexts_are_asked_the_same_way():
    shopper = ShopperFacts(segments=["VIP"], orders=3, abandoned_cart=True, country="DE")
    context = ContextFacts(placement="home", hour=20, weekday="Sat", query="rain Jacket")
    assert holds(
        'shopper.segments contains "vip" and shopper.abandoned_cart and shopper.country = "de"', shopper=shopper
    )
    assert holds(
        'context.weekday in ("sat", "sun") and context.hour >= 18 and context.query contains "jacket"', context=context
    )
    assert not holds("shopper.orders >= 0 or shopper.abandoned_cart or context.hour >= 0")  # of nobody nothing is known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at character 1: expected a field such as item.price"),
        ("item.price >=", "at character 14: expected a value after '>='"),
        ("item.brand = Alm", "at character 14: expected a value after '='; write text in quotes: \"Alm\""),
        ('item.price = "red"', 'at character 14: expected a number, not "red"'),
        ("item.id = 12", 'at character 11: expected a text in quotes, such as "12"'),
        ("item.on_sale = 1", "at character 16: expected true or false, not 1"),
        ("item.pric = 3", "at character 1: there is no field item.pric; did you mean item.price?"),
        ("price = 3", "at character 1: there is no field price; did you mean item.price?"),
        ('item.tags = "x"', "at character 11: this field is a list of words and knows `contains`"),
        ("item.price", "at character 11: expected a comparison such as `=` after 'item.price'"),
        ("item.on_sale & item.price > 1", "at character 14: write `and`"),
        ('item.brand = "Alm', "at character 14: this text has no closing quote"),
        ('item.brand = " "', "at character 14: this text is empty; ask `is missing`"),
        ('context.weekday = "sunday"', "at character 19: must be one of mon, tue, wed, thu, fri, sat, sun"),
        ("(item.on_sale", "at character 14: expected `)` after 'item.on_sale'"),
        ("item.on_sale item.on_sale", "at character 14: expected `and`, `or` or the end after 'item.on_sale'"),
        ('item.attributes.x in (1, "a")', "at character 29: the values must be all texts or all numbers"),
        ("item.price > 1e999", "at character 14: this number is too large"),
        ("item.brand starts", "at character 18: expected `with` after 'starts'"),
        ("item.on_sale not", "at character 17: expected `in`, `within`, `contains` or `starts with` after 'not'"),
        ("item.on_sale is", "at character 16: expected `missing` or `not missing` after 'is'"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(text, message):
    assert refused(text) == message


def test_what_does_not_resemble_any_field_is_answered_with_all_of_them():
    message = refused("weather = 3", frozenset({"context"}))
    assert all(name in message for name in FIELDS if name.startswith("context.")) and "item.id" not in message


def test_only_the_subjects_that_are_allowed_may_be_asked():
    assert (
        refused("shopper.orders > 1", frozenset({"item"}))
        == "at character 1: shopper.orders cannot be asked here, only item.…"
    )


def test_an_expression_has_limits():
    deep = "(" * limits.DEEPEST + "item.on_sale" + ")" * limits.DEEPEST
    assert str(parse(deep, "filter")) == "item.on_sale"
    assert "inside each other" in refused(f"({deep})")
    assert "inside each other" in refused("not " * 500 + "item.on_sale")
    assert "more than 100 comparisons" in refused(" or ".join(["item.on_sale"] * 101))
    assert "more than 200 values" in refused(f"item.price in ({', '.join(['1'] * 201)})")
    assert "more than 4000 characters" in refused("item.on_sale" + " " * 4000)


def test_every_field_can_be_asked_of_facts():
    for name, field in FIELDS.items():
        value = {"number": "1", "flag": "true"}.get(field.kind, f'"{field.choices[0]}"' if field.choices else '"x"')
        for operator in OPERATORS[field.kind]:
            holds(f"{name} {operator} " + (f"({value})" if operator == "in" else value))
        assert holds(f"{name} is missing") in (True, False)


def test_fields_are_named():
    assert parse("item.attributes.Colour = 'x' and not context.hour > 3", "f").fields == {
        "item.attributes.colour",
        "context.hour",
    }
