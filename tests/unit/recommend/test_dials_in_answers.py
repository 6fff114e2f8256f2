"""Dials in whole answers: what was shown in vain sinks, and so does what is nearly sold out."""

import pytest

from shared.events.products import Product
from shared.lists.sales import Sales
from shared.lists.sales import encode as encode_sales
from shared.merchandising.plan import Plan, Pointer, Rule, encode, key
from shared.profiles.fatigue import HALF_LIFE
from shared.profiles.fold import fold
from shared.profiles.signals import Signal
from shared.profiles.state import encode as encode_state
from shared.recommend.loaded import load
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.request import parse
from shared.recommend.rerank import parse_rerank, rerank
from tests.unit.recommend.shop import NOW, catalog, state
from tests.unit.recommend.test_reads import db, failures, make, shown  # noqa: F401 - fixtures

SHOP = catalog("a", "b", "c", "d")
REPETITION, STOCK = {"repetition": 1.0}, {"stockDays": 10}


def placements(dials):
    return {"landing": {"like": "home", "dials": dials, "newcomers": False}}


def happened(known, kind, *items, at=NOW):
    fold(known, Signal(kind, at, [Product(item) for item in items], 0.0, 0.0, 0.0, {}))


def seen(*times):
    """A shopper to whom a, b, c and d fit in this order, and were shown so many times."""
    known = state("a", "b", "c", "d")
    for item, often in zip("abcd", times, strict=False):
        for _ in range(often):
            happened(known, "shown", item)
    return known


def order(known, dials, now=NOW, covers=None, **fields):
    ready = load(Plan(placements=placements(dials)))
    request = parse({"placement": "landing", **fields}, placements=ready.placements)
    made = answer(request, Reads(known, covers=covers or {}), SHOP.lookup, now)
    return "".join(pick.item for pick in made.picks)


def test_what_was_shown_in_vain_sinks_a_click_restores_it_and_time_brings_it_back():
    known = seen(1, 4)
    assert order(known, REPETITION) == "cdab"
    assert order(known, {"margin": 0.1}) == "abcd", "only where the dial is turned up"
    assert order(known, REPETITION, NOW + 8 * HALF_LIFE) == "abcd"
    happened(known, "click", "b", at=NOW + 1)
    assert order(known, REPETITION, NOW + 1) == "bcda"


@pytest.mark.parametrize(("turned", "first"), [(0.0, "a"), (0.01, "a"), (0.1, "b"), (1.0, "b")])
def test_the_dial_says_how_much_it_counts(turned, first):
    assert order(seen(4), {"repetition": turned})[0] == first


def test_a_list_to_be_ordered_heeds_what_was_shown_in_vain():
    known = seen(0, 0, 0, 9)
    ready = load(Plan(placements=placements(REPETITION)))
    body = {"placement": "landing", "items": list("dabc"), "strength": 0.0}
    made = rerank(parse_rerank(body, placements=ready.placements), Reads(known), SHOP.lookup, NOW)
    assert [body["items"][place] for place in made.order] == list("abcd")


def test_what_sells_out_soon_fades_and_a_filter_may_ask_for_what_lasts():
    known, covers = state("a", "b", "c", "d"), {"a": 2.0, "b": 9.95, "c": 40.0}
    assert order(known, STOCK, covers=covers) == "bcda"
    assert order(known, {"margin": 0.1}, covers=covers) == "abcd"
    assert order(known, STOCK, covers=covers, filter="item.stock_cover > 5") == "bc"
    assert order(known, STOCK, covers=covers, filter="item.stock_cover is missing") == "d"


def test_rules_know_the_cover_that_is_read_with_the_lists(db, make):  # noqa: F811
    """From the tables to the shelf: the value is read with what is read anyway."""
    overstock = Rule(name="overstock", action="boost", where="item.stock_cover > 90", by=10.0)
    db.tables["plans"] = {
        "pointer": encode(Pointer("1")),
        key("1"): encode(Plan(version="1", rules=(overstock,), placements=placements(STOCK))),
    }
    db.tables["shoppers"]["a#1"] = encode_state(state("x", "tent", "p1"))
    db.tables["lists"]["live#sales#all"] = encode_sales(Sales({"x": 1.0, "p1": 200.0}))
    reader = make()
    reader.warm()
    asked = parse({"placement": "landing", "count": 3}, placements=reader.placements)
    shown(reader, asked)
    db.requests.clear()
    assert shown(reader, asked) == ["p1", "tent", "p2"], "x lasts a day and gives way even to what only fills up"
    assert len(db.requests) == 2
