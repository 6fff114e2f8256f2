"""What is shown where, and why."""

import pytest

from shared.profiles.state import Candidate, State
from shared.recommend.pipeline import Reads, answer
from shared.recommend.shelves import Shelf
from tests.unit.recommend.shop import NOW, Catalog, ask, catalog, item, popular, scored, state


def shown(request, reads, items):
    return [pick.item for pick in answer(request, reads, items.lookup, NOW).picks]


def test_a_shopper_nobody_knows_sees_what_is_popular():
    made = answer(ask(placement="home", count=2), popular("a", "b", "c"), catalog("a", "b", "c").lookup, NOW)
    assert [(p.item, p.reason, p.because) for p in made.picks] == [("a", "popular", "all"), ("b", "popular", "all")]
    assert made.tier == "popular"


def test_a_known_shopper_sees_the_candidates_computed_for_them():
    reads = popular("p")._replace(state=state("x", "y"))
    made = answer(ask(placement="home", count=3), reads, catalog("p", "x", "y").lookup, NOW)
    assert [p.item for p in made.picks] == ["x", "y", "p"]
    assert made.tier == "live"


def test_a_click_named_in_the_request_changes_the_answer_at_once():
    reads = popular("p1", "p2")._replace(
        state=state("x", "y", seen=("old",)), lists={"similar#tent": scored("s1", "s2")}
    )
    items = catalog("p1", "p2", "x", "y", "s1", "s2")
    before = shown(ask(placement="home", count=3), reads, items)
    after = shown(ask(placement="home", count=3, items=["tent"]), reads, items)
    assert "s1" in after and "s1" not in before and after[0] == "x"


def test_a_click_that_the_state_has_seen_does_not_count_twice():
    reads = Reads(state=state("x", "y", seen=("tent",)), lists={"similar#tent": scored("s1", "s2")})
    assert shown(ask(placement="home", count=2, items=["tent"]), reads, catalog("x", "y", "s1", "s2")) == ["x", "y"]


def test_the_latest_click_counts_most():
    lists = {"similar#first": scored("a"), "similar#last": scored("b")}
    request = ask(placement="home", count=2, items=["first", "last"])
    assert shown(request, Reads(lists=lists), catalog("a", "b")) == ["b", "a"]


def test_a_shopper_without_a_model_gets_the_neighbours_of_what_they_looked_at():
    reads = Reads(state=state(seen=("tent",)), lists={"similar#tent": scored("a")})
    made = answer(ask(placement="home"), reads, catalog("a").lookup, NOW)
    assert [(p.item, p.reason, p.because, p.tier) for p in made.picks] == [("a", "similar_to", "tent", "lists")]


def test_a_product_page_shows_what_is_like_it_in_the_order_the_shopper_likes():
    lists = {"similar#tent": [("a", 1.0), ("b", 0.95)], "similar#other": scored("z")}
    items = catalog("a", "b", "z", "tent")
    request = ask(placement="product", items=["other", "tent"], count=2)
    assert shown(request, Reads(lists=lists), items) == ["a", "b"]
    assert shown(request, Reads(lists=lists, state=state("b")), items) == ["b", "a"]


def test_a_product_page_never_shows_its_own_item_nor_a_variant_of_it():
    reads = popular("tent-red", "other")._replace(lists={"similar#tent": scored("tent", "tent-red", "a")})
    items = Catalog(item("tent", item_group_id="t"), item("tent-red", item_group_id="t"), item("a"), item("other"))
    assert shown(ask(placement="product", items=["tent"]), reads, items) == ["a", "other"]


def test_a_cart_page_shows_what_goes_with_the_cart_before_what_is_like_it():
    lists = {"together#tent": scored("pegs"), "similar#tent": scored("tent2", "tent3")}
    request = ask(placement="cart", cart=["tent"], items=["tent"], count=2)
    assert shown(request, Reads(lists=lists), catalog("pegs", "tent2", "tent3")) == ["pegs", "tent2"]


def test_an_order_confirmation_shows_complements_and_nothing_just_bought():
    lists = {"together#tent": scored("pegs", "rope"), "together#rope": scored("tent", "chalk")}
    request = ask(placement="order-confirmation", items=["tent", "rope"])
    assert set(shown(request, Reads(lists=lists), catalog("pegs", "chalk", "tent", "rope"))) == {"pegs", "chalk"}


def test_a_category_page_shows_its_own_items_only():
    items = Catalog(item("t1"), item("t2"), item("k", product_type="Kitchen"), item("c", product_type="Camping"))
    reads = popular("k", "c")._replace(state=state("k", "t2"), category=[scored("t1", "t2")])
    request = ask(placement="category", filter={"categories": ["Camping > Tents"]})
    assert shown(request, reads, items) == ["t2", "t1"]
    assert shown(ask(placement="category", filter={"categories": ["Camping"]}), reads, items) == ["t2", "t1", "c"]


def test_bought_items_come_back_by_score_only_when_asked_for():
    reads = Reads(state=state("x", "y", bought=("milk",), again=("milk",)))
    reads.state.again[0].score = 0.995
    items = catalog("x", "y", "milk")
    assert shown(ask(placement="home"), reads, items) == ["x", "y"]
    made = answer(ask(placement="home", filter={"allowPurchased": True}), reads, items.lookup, NOW)
    assert [(p.item, p.reason) for p in made.picks] == [("x", "for_you"), ("milk", "buy_again"), ("y", "for_you")]


@pytest.mark.parametrize(
    ("cause", "request_", "reads", "items"),
    [
        ("purchased", {}, popular("bad", "good")._replace(state=state(bought=("bad",))), catalog("bad", "good")),
        ("in_cart", {"cart": ["bad"]}, popular("bad", "good"), catalog("bad", "good")),
        ("in_cart", {}, popular("bad", "good")._replace(state=state(cart=("bad",))), catalog("bad", "good")),
        ("excluded", {"exclude": ["bad"]}, popular("bad", "good"), catalog("bad", "good")),
        ("on_page", {"placement": "product", "items": ["bad"]}, popular("bad", "good"), catalog("bad", "good")),
        ("not_in_catalog", {}, popular("bad", "good"), catalog("good")),
        ("unavailable", {}, popular("bad", "good"), Catalog(item("bad", in_stock=False), item("good"))),
        ("unavailable", {}, popular("bad", "good"), Catalog(item("bad", available_from=NOW + 1), item("good"))),
        ("unavailable", {}, popular("bad", "good"), Catalog(item("bad", available_until=NOW), item("good"))),
        (
            "filtered",
            {"filter": {"brands": ["Alm"]}},
            popular("bad", "good"),
            Catalog(item("bad", brand="B"), item("good")),
        ),
        (
            "filtered",
            {"filter": {"categories": ["Camping"]}},
            popular("bad", "good"),
            Catalog(item("bad", product_type="Campingaz"), item("good")),
        ),
        (
            "filtered",
            {"filter": {"priceMax": 15}},
            popular("bad", "good"),
            Catalog(item("bad", price=None), item("good")),
        ),
        (
            "variant_shown",
            {},
            popular("first", "bad", "good"),
            Catalog(item("first", item_group_id="g"), item("bad", item_group_id="g"), item("good")),
        ),
    ],
)
def test_what_may_not_be_shown_is_left_out_with_its_cause(cause, request_, reads, items):
    made = answer(ask(**request_), reads, items.lookup, NOW)
    assert made.removed == {cause: ["bad"]}
    assert [p.item for p in made.picks][-1] == "good"


def test_a_sale_price_decides_about_the_price_filter():
    from shared.catalog.model import Price

    items = Catalog(item("a", price=Price(30.0, "EUR"), sale_price=Price(9.0, "EUR")))
    assert shown(ask(filter={"priceMin": 5, "priceMax": 10}), popular("a"), items) == ["a"]


def test_a_sale_that_is_over_does_not():
    from shared.catalog.model import Price

    items = Catalog(item("a", price=Price(30.0, "EUR"), sale_price=Price(9.0, "EUR"), sale_until=NOW))
    assert shown(ask(filter={"priceMin": 5, "priceMax": 10}), popular("a"), items) == []


def test_the_catalog_is_read_once_and_again_only_while_rules_leave_gaps():
    names = [f"i{n:03}" for n in range(300)]
    full = catalog(*names)
    assert len(shown(ask(count=10), popular(*names), full)) == 10 and len(full.asked) == 1
    last = catalog(*names[-10:])
    assert shown(ask(count=10), popular(*names), last) == names[-10:]
    assert all(len(ids) <= 100 for ids in last.asked)


def test_the_static_list_is_asked_only_when_nothing_else_fills_the_shelf():
    def never():
        raise AssertionError("asked")

    assert shown(ask(count=1), popular("a")._replace(static=never), catalog("a")) == ["a"]
    made = answer(ask(count=3), popular("a")._replace(static=lambda: scored("b", "a")), catalog("a", "b").lookup, NOW)
    assert [(p.item, p.tier) for p in made.picks] == [("a", "popular"), ("b", "static")]


def test_the_tier_of_an_answer_is_the_one_that_gave_most():
    reads = Reads(
        state=state("x"),
        popular=lambda: [[Shelf("segment", "country:GB", scored("a", "b"))], [Shelf("popular", "all", scored("c"))]],
    )
    assert answer(ask(count=4), reads, catalog("x", "a", "b", "c").lookup, NOW).tier == "segment"
    assert answer(ask(count=2), reads, catalog("x", "a").lookup, NOW).tier == "live"
    assert answer(ask(), Reads(), catalog().lookup, NOW).tier == "none"


def test_the_list_of_last_resort_stands_behind_what_sources_offered():
    """Its values begin at the top again, but they are worth no more than the last of what came before."""
    who = State(candidates=[Candidate("a", 1.0, "for_you"), Candidate("b", 0.1, "for_you")])
    reads = Reads(who, static=lambda: scored("x", "y"))
    made = answer(ask(placement="home", count=4), reads, catalog("a", "b", "x", "y").lookup, NOW)
    assert [pick.item for pick in made.picks] == ["a", "b", "x", "y"]
