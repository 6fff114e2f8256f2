"""Which rules hold for a request, and which of them are about an item."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.catalog.model import Price
from shared.expressions.condition import Condition
from shared.expressions.facts import NOBODY, NOWHERE, ContextFacts, ItemFacts, ShopperFacts
from shared.expressions.fields import FIELDS
from shared.merchandising.index import ItemIndex
from shared.merchandising.matching import Matcher
from shared.merchandising.plan import Plan, Rule
from tests.unit.expressions.naive import facts, items, nodes
from tests.unit.merchandising.shop import NOW, SHOP, matched, plan

about_items = st.sampled_from([field for field in FIELDS.values() if field.subject == "item"])
anchored = st.sampled_from([FIELDS[f"item.{name}"] for name in ("id", "brand", "group", "category", "tags")])


def names(found, item):
    return [rule.name for _, rule in found.rules(found.mask(item))]


@settings(max_examples=400)
@given(st.lists(nodes(anchored) | nodes(about_items), max_size=6), items)
def test_the_index_finds_what_asking_every_rule_finds(wheres, item):
    index = ItemIndex()
    for place, node in enumerate(wheres):
        index.add(place, Condition(node))
    expected = sum(1 << place for place, node in enumerate(wheres) if Condition(node).asked(facts(item)))
    assert index.mask(facts(item)) == expected


def test_rules_hold_in_their_time_their_placements_and_when_they_say():
    rules = [
        Rule(name="always", action="boost", items=("i1",)),
        Rule(name="home", action="boost", items=("i1",), placements=("home",)),
        Rule(name="campaign", action="boost", items=("i1",), start=NOW, end=NOW + 60),
        Rule(name="loyal", action="boost", items=("i1",), when="shopper.orders >= 3 and context.country = 'de'"),
        Rule(name="loyal too", action="boost", items=("i1",), when='shopper.orders>=3 and context.country="de"'),
    ]

    def held(shopper=NOBODY, context=NOWHERE, now=NOW):
        return names(matched(*rules, shopper=shopper, context=context, now=now), SHOP["i1"])

    assert held() == ["always", "campaign"]
    assert held(now=NOW + 60) == held(now=NOW - 1) == ["always"]
    assert held(context=ContextFacts(placement="home", country="DE"), now=0) == ["always", "home"]
    assert held(ShopperFacts(orders=3), ContextFacts(country="DE"), 0) == ["always", "loyal", "loyal too"]


def test_what_is_remembered_of_an_item_ends_with_the_item_and_with_the_minute():
    cheap = Rule(name="cheap", action="boost", where="item.price < 10", by=2.0)
    matcher = Matcher(Plan(rules=(cheap,)))
    item = replace(
        SHOP["i3"], price=Price(20.0, "EUR"), sale_price=Price(5.0, "EUR"), sale_until=NOW + 60, updated_at=1.0
    )
    assert names(matcher.match(NOBODY, NOWHERE, NOW), item) == ["cheap"]
    assert names(matcher.match(NOBODY, NOWHERE, NOW + 61), item) == []
    assert names(matcher.match(NOBODY, NOWHERE, NOW + 61), replace(item, price=Price(9.0, "EUR"), updated_at=2.0)) == [
        "cheap"
    ]


def test_how_long_the_stock_lasts_is_what_the_caller_says():
    matcher = Matcher(plan({"action": "boost", "where": "item.stock_cover > 90", "by": 2}))
    assert names(matcher.match(NOBODY, NOWHERE, NOW)._replace(covers={"i1": 100.0}), SHOP["i1"]) == ["r0"]
    assert names(matcher.match(NOBODY, NOWHERE, NOW)._replace(covers={"i1": 100.0}), SHOP["i2"]) == []


def test_ids_of_a_rule_are_the_catalogs_letter_by_letter():
    found = matched(Rule(name="r", action="exclude", items=("I1",)))
    assert names(found, SHOP["i1"]) == [] and names(found, replace(SHOP["i1"], id="I1")) == ["r"]


def test_a_shopper_belongs_to_the_segments_of_the_plan():
    matcher = Matcher(plan(segments={"VIP": "shopper.revenue > 1000", "new": "shopper.orders = 0"}))
    assert matcher.segments(ShopperFacts(revenue=2000.0, orders=9)) == ["VIP"]
    assert matcher.segments(NOBODY) == []


def test_a_rule_that_this_code_cannot_read_is_left_out_and_told():
    broken = Rule(name="newer", action="exclude", where="item.colour = 'red'")
    fine = Rule(name="fine", action="exclude", where="item.brand = 'Own'")
    matcher = Matcher(Plan(rules=(broken, fine), segments={"s": "shopper.mood = 'good'"}))
    assert set(matcher.broken) == {"newer", "s"} and "there is no field" in matcher.broken["newer"]
    assert names(matcher.match(NOBODY, NOWHERE, NOW), SHOP["i2"]) == ["fine"]


def test_without_rules_nothing_is_asked_of_an_item():
    assert matched().mask(SHOP["i1"]) == 0
    assert ItemIndex().mask(ItemFacts(SHOP["i1"], NOW)) == 0
