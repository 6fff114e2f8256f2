"""The JSON Schema of a plan and the parser judge alike, as far as a schema can say."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shared.merchandising.parse import InvalidPlan, parse
from shared.merchandising.schema import schema
from shared.recommend.loaded import mistakes
from tests.unit.merchandising.shop import NOW

VALIDATOR = Draft202012Validator(schema())
COMMON = {"when": 'context.device = "mobile"', "placements": ["home", "own"], "from": "2026-12-01", "timezone": "UTC"}
FULL = {
    "$schema": "https://shop.example/plan.json",
    "timezone": "Europe/Berlin",
    "segments": {"vip": "shopper.orders > 3"},
    "lifecycle": {"loyalOrders": 4, "highValue": 800.5, "lapsingDays": 60},
    "rules": [
        {"name": "a", "action": "pin", "items": ["tent", "rope"], "slots": [1, 3], **COMMON, "until": "2026-12-24"},
        {"name": "b", "action": "boost", "where": "item.price < 9", "by": 2, "priority": 3, "enabled": False},
        {"name": "c", "action": "bury", "items": ["mat"], "by": 1.5},
        {"name": "d", "action": "include", "where": 'item.tags contains "new"', "share": 0.25},
        {"name": "e", "action": "include", "items": ["mat"], "slots": [2, 4]},
        {"name": "f", "action": "exclude", "where": 'item.brand = "Alm"', "when": 'shopper.segments contains "vip"'},
        {"name": "g", "action": "replace", "items": ["tent"], "with": "tarp"},
    ],
    "placements": {
        "home": {"count": 8, "dials": {"diversity": 0.4, "priceRange": [0.5, None]}},
        "own": {"like": "home", "strategies": [{"name": "loyal", "when": "shopper.orders > 2", "newcomers": False}]},
    },
    "experiments": {
        "boosted": {
            "placements": ["home"],
            "variants": [{"name": "off", "share": 0.5}, {"name": "on", "share": 0.5, "rules": {"a": True}}],
        }
    },
    "bandits": {"dials": {"placement": "cart", "arms": [{"name": "x"}, {"name": "y", "settings": {"count": 4}}]}},
}
# what only the parser can judge, by how its words begin
BEYOND = (
    ("placements.", ""),
    ("experiments.", ""),
    ("bandits.", ""),
    ("segments.", ""),
    ("rules", "there is no"),
    ("rules", "must be an ISO 8601"),
    ("rules", "must be as many as"),
    ("rules", "names one of them twice"),
    ("rules", "is among"),
    ("rules", "ends before"),
)
AT_EXPRESSIONS = (".where", ".when", "timezone")


def judged(document):
    """All mistakes of parser and checks."""
    try:
        parse(copy.deepcopy(document), NOW, [mistakes])
    except InvalidPlan as error:
        return error.mistakes
    return []


def beyond(mistake):
    field, message = mistake
    has_name = message.startswith("rules[") and message.endswith("has this name too")
    begins = any(field.startswith(place) and message.startswith(words) for place, words in BEYOND)
    return has_name or begins or field.endswith(AT_EXPRESSIONS)


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*path, name))


PLACES = [path for path in places(FULL) if path]
WORDS = st.sampled_from(
    ["where", "items", "slots", "share", "by", "with", "when", "extra", "pin", "home", "", " ", "vip"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-2, 12, width=32) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=5,
)


@st.composite
def changed(draw):
    """The full document with one to three values replaced, taken away or added."""
    document = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(PLACES))
        here = document
        try:
            for step in way:
                here = here[step]
            kind = draw(st.sampled_from(["replace", "remove", "add"]))
            if kind == "replace":
                here[last] = draw(JSON)
            elif kind == "remove":
                del here[last]
            elif isinstance(here, dict):
                here[draw(WORDS)] = draw(JSON)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return document


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("document", [{}, FULL, {"rules": FULL["rules"][1:5]}])
def test_good_documents_satisfy_both(document):
    assert judged(document) == [] and VALIDATOR.is_valid(document)


@settings(max_examples=400, deadline=None)
@given(changed())
def test_the_schema_refuses_what_the_parser_refuses_and_nothing_else(document):
    found = judged(document)
    if not found:
        assert VALIDATOR.is_valid(document), list(VALIDATOR.iter_errors(document))
    elif not all(map(beyond, found)):
        assert not VALIDATOR.is_valid(document), found
