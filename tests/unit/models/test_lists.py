"""What a version publishes for items and segments."""

import numpy as np
import pytest

from shared.catalog.model import Item, Price
from shared.models import people
from shared.models.bundle import DEFAULTS
from shared.models.content import counted, embed
from shared.models.fit import fit
from shared.models.interactions import CART, DAY, ORDER, VIEW, Interactions
from shared.models.lists import Besides, lists
from shared.models.people import People

NOW = 100 * DAY
KINDS = {"v": VIEW, "c": CART, "o": ORDER}


def data(rows, countries=None):
    """`rows`: (shopper, item, kind letter, days before NOW); a session is what a shopper does on a day."""
    rows = sorted(rows, key=lambda row: -row[3])
    shopper, item, kind, ago = zip(*rows, strict=True)
    ids, place = np.unique(item, return_inverse=True)
    size = max(shopper) + 1
    _, session = np.unique([f"{s}-{a}" for s, a in zip(shopper, ago, strict=True)], return_inverse=True)
    orders = np.array([n if k == "o" else -1 for n, k in enumerate(kind)], np.int32)
    return Interactions(
        items=ids,
        shoppers=np.arange(size, dtype=np.uint64),
        shopper=np.array(shopper, np.int32),
        item=place.astype(np.int32),
        at=np.array([NOW - a * DAY for a in ago]),
        kind=np.array([KINDS[k] for k in kind], np.int8),
        session=session.astype(np.int32),
        basket=orders,
        quantity=np.ones(len(rows), np.float32),
        countries=np.array(countries if countries else [""] * size),
    )


def published(interactions, **besides):
    return lists(interactions, fit(interactions, NOW, DEFAULTS), NOW, Besides(**besides))


def first(scored, count=1):
    return [item for item, _ in scored[:count]]


def test_best_sellers_are_what_is_bought_and_most_viewed_what_is_looked_at():
    rows = [(s, "seen", "v", 1) for s in range(20)] + [(s, "bought", "o", 1) for s in range(6)] + [(1, "once", "o", 1)]
    made = published(data(rows))
    assert first(made["best-sellers", "all"], 9) == ["bought"] and first(made["most-viewed", "all"], 9) == ["seen"]


def test_what_was_popular_long_ago_is_popular_no_more():
    rows = [(s, "old", "v", 90) for s in range(30)] + [(s, "now", "v", 2) for s in range(6)]
    assert first(published(data(rows))["popular", "all"], 2) == ["now", "old"]


def test_high_margin_weighs_margin_by_the_sales_to_be_expected():
    rows = [(s, "steady", "v", 1) for s in range(60)] + [(s, "steady", "o", 1) for s in range(12)]
    rows += [(s, "lucky", "v", 1) for s in range(1)] + [(1, "lucky", "o", 1)]
    catalog = {name: Item(id=name, title=name, margin=margin) for name, margin in (("steady", 5.0), ("lucky", 20.0))}
    made = published(data(rows), catalog=catalog)
    assert first(made["high-margin", "all"], 2) == ["steady", "lucky"], "one order of one view is no rate"
    assert [score for _, score in made["high-margin", "all"]] == [1.0, 0.99], "scores do not tell the margin"


def test_a_sale_and_an_arrival_need_no_shopper_and_end_in_time():
    catalog = {
        item.id: item
        for item in (
            Item(id="half", title="", price=Price(10, "EUR"), sale_price=Price(5, "EUR"), product_type="A > B"),
            Item(id="over", title="", price=Price(10, "EUR"), sale_price=Price(1, "EUR"), sale_until=NOW),
            Item(id="new", title="", first_seen=NOW - DAY, product_type="A"),
            Item(id="newer", title="", first_seen=NOW - 60 * DAY, available_from=NOW - 60, product_type="B"),
            Item(id="soon", title="", first_seen=NOW - DAY, available_from=NOW + DAY),
            Item(id="known", title="", first_seen=NOW - 40 * DAY),
        )
    }
    made = published(data([(1, "known", "v", 1)]), catalog=catalog)
    assert first(made["on-sale", "all"], 9) == first(made["on-sale", "category:A"], 9) == ["half"]
    assert first(made["new-arrivals", "all"], 9) == ["newer", "new"]
    assert first(made["new-arrivals", "category:A"], 9) == ["new"]


def test_segments_have_their_own_lists_from_fifty_shoppers_on():
    rows = [(s, "tea" if s < 60 else "coffee", "v", 1) for s in range(160)]
    said = People(
        country=np.array(["GB"] * 60 + ["DE"] * 100),
        gender=np.array(["f"] * 60 + ["m"] * 60 + [""] * 40),
        birth_year=np.array([1990.0] * 60 + [np.nan] * 100),
        device=np.array(["mobile"] * 49 + [""] * 111),
        language=np.array([""] * 160),
        timezone=np.array([""] * 160),
    )
    groups = people.load(people.dump(people.segments(said, 2026)))
    made = published(data(rows, said.country.tolist()), people=groups)
    for segment in ("country:GB", "people:f", "people:35-44", "people:f-35-44"):
        assert first(made["popular", segment], 9) == ["tea"]
    assert first(made["popular", "people:m"]) == ["coffee"] and ("popular", "device:mobile") not in made
    assert not [name for _, name in made if name.startswith("people:m-")]


def test_what_is_done_before_the_first_order_is_what_new_shoppers_do():
    rows = [(s, "starter", "o", 9) for s in range(60)] + [(s, "refill", "o", 3) for s in range(60)]
    made = published(data(rows))
    assert first(made["popular", "lifecycle:new"], 9) == ["starter"]
    assert first(made["popular", "lifecycle:returning"], 9) == ["refill"]


@pytest.fixture(scope="module")
def tents():
    catalog = {f"t{n}": Item(id=f"t{n}", title="A tent with poles", product_type="Camping > Tents") for n in range(4)}
    catalog |= {f"m{n}": Item(id=f"m{n}", title="An enamel mug", product_type="Kitchen > Mugs") for n in range(4)}
    return catalog


def with_content(rows, catalog):
    interactions = data(rows)
    described = counted(embed(catalog.values()), interactions.items, interactions.dealings)
    return published(interactions, catalog=catalog, content=described)


def test_an_item_nobody_dealt_with_is_beside_what_it_is_like(tents):
    made = with_content([(1, "t0", "v", 1)], tents)
    assert set(first(made["similar", "t3"], 3)) == {"t0", "t1", "t2"} and made["similar", "t3"][0][1] == 1.0
    assert {item for item, _ in made["similar", "m0"]} <= {"m1", "m2", "m3"}


def test_what_shoppers_do_takes_over_as_it_grows(tents):
    few = [(s, item, "v", 1) for s in range(1) for item in ("t0", "m0")]
    many = [(s, item, "v", 1) for s in range(100) for item in ("t0", "m0")]
    other = [(s, f"t{1 + s % 3}", "v", 1) for s in range(400, 1400)]
    assert first(with_content(few + other, tents)["similar", "t0"])[0].startswith("t")
    assert first(with_content(many + other, tents)["similar", "t0"]) == ["m0"]
    known_well = [(s, item, "v", 1) for s in range(300) for item in ("t0", "m0")]
    assert first(with_content(known_well + other, tents)["similar", "t0"], 9) == ["m0"], "content has no say any more"
