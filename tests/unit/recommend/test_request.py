"""What a storefront may ask, and how a mistake is answered."""

import pytest

from shared.errors import InvalidRequest
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import MOST_ITEMS, Filter, from_query, parse

WRONG = [
    ([], ""),
    ("home", ""),
    ({"placement": "attic"}, "placement"),
    ({"placement": ["home"]}, "placement"),
    ({"count": 0}, "count"),
    ({"count": 101}, "count"),
    ({"count": 2.5}, "count"),
    ({"count": "many"}, "count"),
    ({"count": True}, "count"),
    ({"count": float("nan")}, "count"),
    ({"anonymousId": {"a": 1}}, "anonymousId"),
    ({"anonymousId": "x" * 201}, "anonymousId"),
    ({"userId": True}, "userId"),
    ({"userHash": 1.5}, "userHash"),
    ({"items": "tent"}, "items"),
    ({"items": ["tent", ""]}, "items"),
    ({"items": ["tent", None]}, "items"),
    ({"items": ["i"] * (MOST_ITEMS + 1)}, "items"),
    ({"cart": {"tent": 1}}, "cart"),
    ({"exclude": [["tent"]]}, "exclude"),
    ({"context": "GB"}, "context"),
    ({"context": {"country": "Great Britain"}}, "context.country"),
    ({"context": {"country": "G1"}}, "context.country"),
    ({"filter": []}, "filter"),
    ({"filter": {"categories": "Tents"}}, "filter.categories"),
    ({"filter": {"brands": [1.5]}}, "filter.brands"),
    ({"filter": {"priceMin": "cheap"}}, "filter.priceMin"),
    ({"filter": {"priceMax": -1}}, "filter.priceMax"),
    ({"filter": {"priceMin": 5, "priceMax": 4}}, "filter.priceMin"),
    ({"filter": {"allowPurchased": "yes"}}, "filter.allowPurchased"),
    ({"explain": 1}, "explain"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=lambda value: str(value)[:40])
def test_a_mistake_is_refused_with_the_field_named(body, field):
    with pytest.raises(InvalidRequest) as refused:
        parse(body)
    assert refused.value.field == field and refused.value.message


def test_everything_a_request_may_say_is_understood():
    request = parse(
        {
            "placement": "product",
            "anonymousId": "a1",
            "userId": 7,
            "userHash": "ff",
            "items": ["tent", 42],
            "cart": ["rope"],
            "context": {"country": "gb", "device": "mobile"},
            "count": 5,
            "filter": {
                "categories": ["Camping"],
                "brands": ["Alm"],
                "priceMin": 1,
                "priceMax": "9.5",
                "allowPurchased": True,
            },
            "exclude": ["stove"],
            "explain": True,
        }
    )
    assert (request.placement, request.count, request.anonymous_id) == ("product", 5, "a1")
    assert (request.user_id, request.user_hash) == ("7", "ff")
    assert (request.items, request.cart, request.exclude) == (("tent", "42"), ("rope",), {"stove"})
    assert (request.country, request.explain) == ("GB", True)
    assert request.filter == Filter(frozenset(["Camping"]), frozenset(["Alm"]), 1.0, 9.5, allow_purchased=True)


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_what_is_not_said_has_the_placements_default(placement):
    request = parse({"placement": placement, "count": None, "items": None, "filter": None, "context": None})
    assert request.count == PLACEMENTS[placement].count
    assert request.filter == Filter() and not request.explain


def test_the_query_form_says_the_same_as_the_body():
    query = {
        "placement": "category",
        "anonymousId": "a1",
        "items": "tent,rope",
        "cart": "",
        "exclude": "stove",
        "categories": "Camping > Tents,Climbing",
        "brands": "Alm",
        "priceMin": "1",
        "priceMax": "20",
        "allowPurchased": "false",
        "country": "de",
        "count": "5",
        "explain": "true",
        "writeKey": "w",
    }
    assert from_query(query) == parse(
        {
            "placement": "category",
            "anonymousId": "a1",
            "items": ["tent", "rope"],
            "exclude": ["stove"],
            "context": {"country": "DE"},
            "filter": {
                "categories": ["Camping > Tents", "Climbing"],
                "brands": ["Alm"],
                "priceMin": 1,
                "priceMax": 20,
                "allowPurchased": False,
            },
            "count": 5,
            "explain": True,
        }
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"priceMin": "x"}, "priceMin"),
        ({"country": "Germany"}, "country"),
        ({"explain": "perhaps"}, "explain"),
        ({"count": "1.5"}, "count"),
        ({"allowPurchased": "1"}, "allowPurchased"),
        ({"items": ",".join(["i"] * 51)}, "items"),
    ],
)
def test_a_mistake_in_the_query_is_named_as_it_was_sent(query, field):
    with pytest.raises(InvalidRequest) as refused:
        from_query(query)
    assert refused.value.field == field
