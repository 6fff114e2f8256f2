"""Which wishes are about an item, and in which of the shopper's sizes it comes."""

import pytest

from shared.preferences.matching import Sizes, Wished
from shared.preferences.request import lists
from shared.preferences.wishes import changed
from tests.unit.recommend.shop import item


def wishes(**body):
    return changed([], lists(body), 1.0)


@pytest.mark.parametrize(
    ("hidden", "part"),
    [
        ({"items": ["tent"]}, "item"),
        ({"items": ["TENT"]}, ""),
        ({"items": ["group"]}, "item"),
        ({"brands": ["alm"]}, "brand"),
        ({"brands": ["Al"]}, ""),
        ({"categories": ["camping"]}, "category"),
        ({"categories": ["Camping>Tents"]}, "category"),
        ({"categories": ["Camping > Tents > Domes"]}, ""),
        ({"categories": ["Tents"]}, ""),
        ({"categories": ["Camp"]}, ""),
    ],
)
def test_what_of_an_item_a_wish_is_about(hidden, part):
    assert Wished(wishes(hidden=hidden), "hidden").part(item("tent", item_group_id="group")) == part
    assert Wished(wishes(hidden=hidden), "favourite").part(item("tent")) == ""


def test_an_item_without_brand_and_category_is_hidden_by_neither():
    hidden = Wished(wishes(hidden={"brands": ["Alm"], "categories": ["Camping"]}), "hidden")
    assert hidden.part(item("x", brand="", product_type="")) == ""


@pytest.mark.parametrize(
    ("told", "category", "there", "missing"),
    [
        (["M"], "Clothing", ["m"], set()),
        (["M"], "Clothing", ["L", "XL"], {"m"}),
        (["M", "L"], "Clothing", ["L"], set()),
        (["M"], "Clothing", [], set()),
        ([], "Clothing", ["L"], set()),
        (["M"], "Shoes", ["42"], set()),
        (["M", "41"], "Shoes", ["42"], {"41"}),
        (["2XL"], "Clothing", ["M"], {"2xl"}),
        ({"Shoes": ["42"]}, "Shoes > Boots", ["43"], {"42"}),
        ({"Shoes": ["42"]}, "Clothing", ["50"], set()),
        ({"Shoes": ["42"], "Shoes > Boots": ["43"]}, "Shoes > Boots", ["43"], set()),
        ({"Shoes": ["42"], "*": ["50"]}, "Shoes", ["50"], {"42"}),
        ({"Shoes": ["42"], "*": ["50"]}, "Clothing", ["50"], set()),
    ],
)
def test_sizes(told, category, there, missing):
    sizes = Sizes(wishes(sizes=told))
    assert sizes.missing(item("x", product_type=category, sizes=there)) == missing
