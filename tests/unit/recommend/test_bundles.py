"""Bundles: had when all of their items can be had, one for each item dealt with."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.model import Price
from shared.merchandising.places import group
from shared.profiles.state import Touch
from shared.recommend.bundles import MOST_ITEMS, bundles, joint_price, joint_stock, wanted
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.placements import PLACEMENTS
from shared.recommend.render import render
from shared.recommend.settings import changed, changes
from tests.unit.recommend.shop import NOW, Catalog, ask, item, state

NAMES = ("tent", "mat", "lamp", "stove", "gas")


def reads(**lists):
    return Reads(lists={f"together#{name}": scored for name, scored in lists.items()})


def asked(request, number=3):
    return replace(request, changed=changed(PLACEMENTS[request.placement], changes({"bundles": number}, "home")))


def made(shop, what, request=None, number=3, refusal=lambda name: ""):
    return bundles(asked(request or ask(placement="product", items=["tent"]), number), what, shop, refusal, NOW)


def ids(found):
    return [[one.id for one in bundle.items] for bundle in found]


SHOP = Catalog(*(item(name, margin=2.0, stock=place + 1) for place, name in enumerate(NAMES)))
TOGETHER = reads(tent=[("mat", 0.8), ("lamp", 0.5), ("gas", 0.1)], stove=[("gas", 0.6)])


def test_an_item_with_what_is_bought_with_it_and_a_third_that_nearly_as_often_is():
    (found,) = made(SHOP, TOGETHER)
    assert ids([found]) == [["tent", "mat", "lamp"]]
    assert found.price == Price(30.0, "EUR") and found.stock == 1
    assert found.value == pytest.approx(0.8 * (1 + 6 / 30)), "what the shop keeps counts"


def test_what_may_not_be_shown_is_in_none():
    gone = {"mat": "unavailable"}
    assert ids(made(SHOP, TOGETHER, refusal=lambda name: gone.get(name, ""))) == [["tent", "lamp"]]
    assert not made(SHOP, TOGETHER, refusal=lambda name: "purchased" if name == "tent" else "")
    assert ids(made(SHOP, TOGETHER, refusal=lambda name: "on_page" if name == "tent" else ""))
    assert not made(SHOP, TOGETHER, refusal=lambda name: "hidden_brand")


def test_the_best_first_and_no_item_twice():
    request = ask(placement="home", items=["stove", "tent"])
    found = made(SHOP, TOGETHER, request)
    assert ids(found) == [["tent", "mat", "lamp"], ["stove", "gas"]]
    assert len(made(SHOP, TOGETHER, request, number=1)) == 1
    assert ids(made(SHOP, reads(tent=[("gas", 0.8)], stove=[("gas", 0.6)]), request)) == [["tent", "gas"]]


def test_variants_are_no_partners_of_one_another():
    shop = Catalog(item("tent", item_group_id="g"), item("mat", item_group_id="g"), item("lamp"))
    assert ids(made(shop, TOGETHER)) == [["tent", "lamp"]]


def test_a_placement_without_the_setting_has_none_and_reads_nothing_for_them():
    request = ask(placement="product", items=["tent"])
    assert not bundles(request, TOGETHER, SHOP, lambda name: "", NOW) and not wanted(request, TOGETHER)
    assert wanted(asked(request), TOGETHER) == ["tent", "mat", "lamp", "gas"]


def test_prices_add_up_in_one_currency_or_are_not_told():
    on_sale = item("x", sale_price=Price(4.0, "EUR"))
    assert joint_price([on_sale, item("y")], NOW) == Price(14.0, "EUR")
    assert joint_price([item("x"), item("y", price=Price(1.0, "USD"))], NOW) is None
    assert joint_price([item("x"), item("y", price=None)], NOW) is None
    assert joint_stock([item("x", stock=3), item("y")]) == 3 and joint_stock([item("y")]) is None


def test_a_whole_answer_has_them_beside_its_items_and_keeps_hard_constraints():
    shop = Catalog(*(item(name, in_stock=name != "mat") for name in NAMES))
    what = TOGETHER._replace(state=state(seen=()))
    what.state.recent = [Touch("tent", NOW)]
    request = asked(ask(placement="home", count=3))
    found = answer(request, what, shop.lookup, NOW)
    assert ids(found.bundles) == [["tent", "lamp"]]
    body = render(found, request, what, "r1", "v1")
    assert body["bundles"] == [
        {
            "items": [{"id": "tent"} | body["bundles"][0]["items"][0], body["bundles"][0]["items"][1]],
            "price": {"amount": 20.0, "currency": "EUR"},
        }
    ]
    assert "margin" not in str(body) and "stock" not in str(body)
    assert "bundles" not in render(
        answer(ask(placement="home"), what, shop.lookup, NOW), ask(placement="home"), what, "r1", "v1"
    )


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0.01, 1)), max_size=5))
)
def test_whatever_the_lists(lists):
    shop = Catalog(*(item(name, item_group_id="g" if name in ("mat", "gas") else "") for name in NAMES))
    request = ask(placement="home", items=list(NAMES))
    found = made(shop, reads(**{name: sorted(rows, key=lambda row: -row[1]) for name, rows in lists.items()}), request)
    listed = [group(one) for bundle in found for one in bundle.items]
    assert len(listed) == len(set(listed)) and all(2 <= len(bundle.items) <= MOST_ITEMS for bundle in found)
    assert [bundle.value for bundle in found] == sorted((bundle.value for bundle in found), reverse=True)
