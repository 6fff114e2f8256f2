"""Two rankers in one list: nothing that holds of each of their answers is lost by mixing them."""

from collections import Counter
from random import Random

import pytest
from msgspec.structs import replace

from shared.catalog.model import top_category
from shared.experiments.interleaving import credit
from shared.experiments.model import MIXED
from shared.lists.arms import NONE
from shared.merchandising.places import group
from shared.merchandising.plan import Plan, Rule
from shared.profiles.state import State
from shared.recommend.loaded import load, mistakes
from shared.recommend.logged import answered
from shared.recommend.mixed import answered as mixed
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.request import parse
from shared.recommend.resolve import Asker, resolve
from tests.unit.recommend.shop import NOW, Catalog, candidates, item
from tests.unit.recommend.test_whole_properties import allowed, catalog, plan, reads

SHOP = Catalog(*(item(f"i{n:02}", brand=f"b{n % 4}", price=None) for n in range(30)))
LIKED = Reads(State(candidates=candidates(*sorted(SHOP))))


def planned(rules=(), kind="interleaving", **settings):
    variants = [
        {"name": "now", "share": 0.5},
        {"name": "turned", "share": 0.5, **({"settings": settings} if settings else {})},
    ]
    experiments = {"e": {"kind": kind, "placements": ["home"], "variants": variants}}
    return load(Plan(version="1", rules=tuple(rules), experiments=experiments))


def shown(loaded, what=LIKED, shop=SHOP, count=8, seed=1, **fields):
    asked = parse({"placement": "home", "count": count, **fields}, placements=loaded.placements)
    resolved = resolve(asked, Asker(what.state, "u1"), loaded, NONE, NOW)
    coin = Random(seed)
    found = what._replace(resolved=resolved)
    return resolved, mixed(resolved.request, found, shop.lookup, NOW, lambda: coin.random() < 0.5)


def test_who_takes_part_sees_picks_of_both_and_the_log_tells_whose():
    resolved, made = shown(planned(dials={"diversity": 0.9}))
    assert [one.variant.name for one in resolved.assigned] == [MIXED] and resolved.propensity == 1.0
    assert len(made.teams) == len(made.picks) and {"a", "b"} <= set(made.teams)
    kept = answered("0" * 23, made, resolved.request, LIKED._replace(resolved=resolved), "m1")
    assert kept.teams == made.teams and kept.assigned == [("e", MIXED)] and kept.unit
    assert abs(credit(kept.shown, kept.teams, kept.shown)) <= 1, "who clicks everything prefers neither"


def test_both_alike_show_what_either_would():
    resolved, made = shown(planned())
    alone = answer(resolved.request, LIKED._replace(resolved=resolved._replace(sides=())), SHOP.lookup, NOW)
    assert [pick.item for pick in made.picks] == [pick.item for pick in alone.picks]


def test_who_takes_part_in_nothing_sees_one():
    loaded = planned(dials={"brandCap": 1})
    asked = parse({"placement": "home"}, placements=loaded.placements)
    assert not resolve(asked, Asker(LIKED.state), loaded, NONE, NOW).sides


def test_a_pin_that_both_have_keeps_its_place_and_is_nobodys():
    pins = [Rule(name="hero", action="pin", items=("i29", "i28"), slots=(1, 5))]
    for seed in range(20):
        _, made = shown(planned(pins, dials={"diversity": 0.9}), seed=seed)
        items = [pick.item for pick in made.picks]
        assert (items[0], items[4]) == ("i29", "i28") and (made.teams[0], made.teams[4]) == ("-", "-")


def test_the_catalog_is_read_once():
    shop = Catalog(*SHOP.values())
    shown(planned(dials={"brandCap": 2}), shop=shop)
    assert len([name for ids in shop.asked for name in ids]) == len({name for ids in shop.asked for name in ids})


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_plan_and_its_variants(seed):
    """Hard constraints, variants, caps and fullness, as `test_whole_properties` has them for one ranker."""
    drafted = 0
    for number in range(100):
        r = Random(f"mixed {seed}/{number}")
        shop, made_plan, what = catalog(r), plan(r).plan, reads(r)
        both = {**made_plan.experiments["e"], "kind": "interleaving", "placements": ["home"]}
        loaded = load(replace(made_plan, experiments={"e": both}))
        resolved, made = shown(loaded, what, shop, r.randint(1, 12), seed, exclude=["i3"], cart=["i4"])
        at, dials = f"seed {seed}, case {number}", [side.request.spec.dials for side in resolved.sides]
        listed = [shop[pick.item] for pick in made.picks]
        assert len(listed) <= resolved.request.count and all(
            allowed(one, resolved.request, what.state) for one in listed
        ), at
        assert len({group(one) for one in listed}) == len(listed) == len(made.teams), at
        drafted += len(set(made.teams)) > 1
        moved = {name for effect in made.effects if effect.action in ("pin", "include") for name in effect.items}
        rest = [one for one in listed if one.id not in moved]
        for cap, key in (("brand_cap", lambda one: one.brand), ("category_cap", top_category)):
            most = [getattr(one, cap) for one in dials]
            counts = Counter(filter(None, map(key, rest)))
            assert 0 in most or not counts or max(counts.values()) <= max(most), at
    assert drafted > 20


def test_two_interleavings_of_a_placement_at_a_time_are_refused():
    both = {
        "kind": "interleaving",
        "placements": ["home"],
        "variants": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}],
    }
    found = mistakes({"experiments": {"e": {**both, "layer": "one"}, "f": {**both, "layer": "two"}}})
    assert any("interleav" in one.message for one in found)
    assert not mistakes(
        {"experiments": {"e": {**both, "layer": "one"}, "f": {**both, "layer": "two", "placements": ["cart"]}}}
    )
