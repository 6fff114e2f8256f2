"""Law, the shop's reach and the shopper's own word, in answers, in reranked lists and in what is told of them."""

import pytest
from msgspec.structs import replace

from shared.catalog.card import kept_card
from shared.expressions.facts import ContextFacts, ShopperFacts
from shared.merchandising.matching import Matcher
from shared.merchandising.plan import Plan, Rule
from shared.preferences.request import lists
from shared.preferences.wishes import changed
from shared.recommend.constraints import Constraints, proven_age
from shared.recommend.explain import explained, why_not
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.rerank import parse_rerank, rerank
from shared.recommend.resolve import Resolved
from shared.recommend.static import from_card
from tests.unit.recommend.shop import NOW, Catalog, ask, item, popular, scored, state

SHOP = Catalog(
    item("plain"),
    item("beer", minimum_age=18),
    item("gin", minimum_age=21),
    item("local", countries=["DE"]),
    item("banned", excluded_countries=["DE"]),
    item("shirt", sizes=["S", "L"], brand="Berg"),
    item("rope", product_type="Climbing > Ropes"),
    item("stove", brand="Own"),
)
NAMES = list(SHOP)


def shopper(*names, age="", **wishes):
    made = state(*names)
    made.preferences = changed([], lists(wishes), 1.0) if wishes else []
    made.traits = {"age": age} if age else {}
    return made


def shown(who, **request):
    reads = popular(*NAMES)._replace(state=who, static=lambda: scored(*NAMES))
    made = answer(ask(count=20, **request), reads, SHOP.lookup, NOW)
    return [pick.item for pick in made.picks], made, reads


CASES = [
    (shopper(), {}, {"beer": "no_proof_of_age_18", "gin": "no_proof_of_age_21"}),
    (shopper(age="18-24"), {}, {"gin": "no_proof_of_age_21"}),
    (shopper(age="65+"), {}, {}),
    (shopper(age="65+"), {"context": {"country": "DE"}}, {"banned": "not_sold_in_DE"}),
    (shopper(age="65+"), {"context": {"country": "AT"}}, {"local": "not_sold_in_AT"}),
    (shopper(age="65+", sizes=["M"]), {}, {"shirt": "not_in_size_M"}),
    (shopper(age="65+", sizes=["M", "XL"]), {}, {"shirt": "not_in_size_M_or_XL"}),
    (shopper(age="65+", hidden={"items": ["plain"]}), {}, {"plain": "hidden_item"}),
    (shopper(age="65+", hidden={"brands": ["own"]}), {}, {"stove": "hidden_brand"}),
    (shopper(age="65+", hidden={"categories": ["Climbing"]}), {}, {"rope": "hidden_category"}),
]


@pytest.mark.parametrize(("who", "request_", "away"), CASES)
def test_every_source_obeys_and_the_reason_is_named(who, request_, away):
    for candidates in ((), tuple(NAMES)):
        items, made, _ = shown(replace(who, candidates=state(*candidates).candidates), **request_)
        assert set(items) == set(NAMES) - set(away)
        assert {name: cause for cause, names in made.removed.items() for name in names} == away


@pytest.mark.parametrize(("who", "request_", "away"), CASES)
def test_a_pin_does_not_undo_them(who, request_, away):
    pins = Plan(rules=tuple(Rule(name=name, action="pin", items=(name,), slots=(1,)) for name in NAMES))
    request = ask(count=20, **request_)
    facts = ShopperFacts(), ContextFacts()
    rules = Matcher(pins).match(*facts, NOW)
    reads = Reads(who, resolved=Resolved(request, *facts, rules))
    made = answer(request, reads, SHOP.lookup, NOW)
    assert not set(away) & {pick.item for pick in made.picks}


@pytest.mark.parametrize(("who", "request_", "away"), CASES)
def test_a_list_of_the_shop_loses_them_but_nothing_else(who, request_, away):
    who = replace(who, candidates=[], purchases=state(bought=("plain",)).purchases, cart={"stove": 1.0})
    asked = parse_rerank({"items": [*NAMES, "unknown"], "exclude": ["rope"], **request_})
    made = rerank(asked, Reads(who), SHOP.lookup, NOW)
    left = {asked.items[place] for place in made.order}
    assert left == {*NAMES, "unknown"} - set(away) - {"rope"}
    assert {name for names in made.removed.values() for name in names} == {*away, "rope"}


def test_a_hidden_item_goes_even_when_the_catalog_does_not_know_it():
    made = rerank(parse_rerank({"items": ["gone", "x"]}), Reads(shopper(hidden={"items": ["gone"]})), SHOP.lookup, NOW)
    assert made.order == [1] and made.removed == {"hidden_item": ["gone"]}


def test_why_not_says_it_in_words():
    who = shopper(sizes=["M"], hidden={"items": ["plain"], "brands": ["Own"]})
    _, made, reads = shown(who, context={"country": "DE"})

    def why(name):
        return why_not(name, made, ask(context={"country": "DE"}), reads, SHOP.lookup)

    assert {why(name)["stage"] for name in ("plain", "stove", "beer", "banned", "shirt")} == {"constraint"}
    assert [why(name)["why"] for name in ("plain", "stove", "beer", "banned", "shirt")] == [
        "hidden by the shopper",
        "its brand is hidden by the shopper",
        "no proof of age 18",
        "not sold in DE",
        "not in size M",
    ]


def test_favourites_count_half_as_much_again_and_are_told():
    plain, _, _ = shown(shopper("plain", "stove"), placement="home", filter={"brands": ["Alm", "Own"]})
    who = shopper("plain", "stove", favourites={"brands": ["Own"]})
    items, made, reads = shown(who, placement="home", filter={"brands": ["Alm", "Own"]})
    assert plain[:2] == ["plain", "stove"] and items[:2] == ["stove", "plain"]
    told = explained(made, ask(), reads)
    assert told["favourites"] == {"factor": 1.5, "items": ["stove"]}
    scores = {entry.id: entry.score for entry in made.pool}
    assert scores["stove"] == pytest.approx(0.99 * 1.5) and scores["plain"] == 1.0


def test_a_favourite_moves_up_in_a_list_of_the_shop_but_not_at_strength_0():
    who = Reads(shopper(favourites={"categories": ["Climbing"]}))

    def order(strength):
        asked = parse_rerank({"items": ["plain", "stove", "rope"], "strength": strength})
        return [asked.items[place] for place in rerank(asked, who, SHOP.lookup, NOW).order]

    assert order(0) == ["plain", "stove", "rope"] and order(1)[0] == "rope"


def test_what_the_constraints_are_made_of_is_told():
    told = Constraints(ask(context={"country": "DE"}), shopper(age="25-34", hidden={"brands": ["a", "b"]}, sizes=["M"]))
    assert told.told() == {
        "hidden": {"categories": 0, "brands": 2, "items": 0},
        "provenAge": 25,
        "country": "DE",
        "sizes": {"*": ["m"]},
    }


def test_where_nobody_knows_the_country_nothing_is_said_and_what_is_known_counts():
    who = shopper(age="65+")
    assert {"local", "banned"} <= set(shown(who)[0])
    who.traits["country"] = "DE"
    assert "banned" not in shown(who)[0] and "banned" in shown(who, context={"country": "AT"})[0]


@pytest.mark.parametrize(("band", "age"), [("", 0), ("18-24", 18), ("65+", 65), ("adult", 0)])
def test_a_band_proves_its_lower_bound(band, age):
    assert proven_age(band) == age


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_last_resort_knows_to_whom_its_items_may_be_shown(name):
    one, kept = SHOP[name], from_card(kept_card(SHOP[name], NOW))
    for field in ("minimum_age", "countries", "excluded_countries", "sizes", "brand", "product_type"):
        assert getattr(kept, field) == getattr(one, field)
