"""What holds whatever the plan: 10,000 plans with rules, dials, strategies, experiments and bandits, each with a request and a catalog.

Cases are drawn by seed; a failure names seed and number, so that it can be drawn again.
"""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from shared.catalog.model import Price, on_sale, recommendable, top_category
from shared.lists.arms import NONE
from shared.merchandising.places import group
from shared.merchandising.plan import Plan, Rule
from shared.profiles.state import Candidate, Purchase, State, Touch, Wish
from shared.recommend.loaded import load
from shared.recommend.picks import Reads, page_items
from shared.recommend.pipeline import answer
from shared.recommend.request import parse
from shared.recommend.rerank import Rerank, rerank
from shared.recommend.resolve import Asker, resolve
from shared.recommend.rules import ANYTHING, admits, takes_purchased
from shared.recommend.shelves import Shelf
from tests.unit.recommend.shop import NOW, Catalog, item

SEEDS, CASES = range(20), 500
NAMES = [f"i{n}" for n in range(24)]
WHERE = ['item.brand = "Alm"', "item.price < 10", 'item.category within "Camping"', "item.on_sale", "not item.on_sale"]
WHEN = ["", "", "shopper.orders >= 1", 'shopper.lifecycle = "anonymous"', 'context.device = "mobile"']
FILTERS = [None, None, 'item.brand = "Berg"', {"categories": ["Camping"]}, {"priceMax": 9}, {"allowPurchased": True}]


def catalog(r):
    return Catalog(
        *(
            item(
                name,
                brand=r.choice(["Alm", "Berg", ""]),
                product_type=r.choice(["Camping > Tents", "Camping", "Kitchen", ""]),
                in_stock=r.random() < 0.85,
                available_until=r.choice([0.0, 0.0, 0.0, NOW - 1]),
                item_group_id=r.choice(["", "", "", "g1", "g2"]),
                price=Price(r.choice([5.0, 10.0, 20.0]), "EUR"),
                sale_price=r.choice([None, None, Price(4.0, "EUR")]),
                minimum_age=r.choice([0, 0, 0, 0, 18, 21]),
                countries=r.choice([[], [], [], ["DE"], ["AT", "DE"]]),
                excluded_countries=r.choice([[], [], [], ["AT"]]),
                sizes=r.choice([[], [], ["M"], ["S", "L"], ["42"]]),
            )
            for name in NAMES
            if r.random() < 0.9
        )
    )


def some(r, most):
    return r.sample(NAMES, r.randrange(most + 1))


def rule(r, number):
    action = r.choice(["pin", "pin", "include", "exclude", "replace", "boost", "bury"])
    about = {"where": r.choice(WHERE)} if r.random() < 0.6 else {"items": tuple(r.sample(NAMES, r.randint(1, 3)))}
    more = {}
    if action == "pin":
        about = {"items": tuple(r.sample(NAMES, r.randint(1, 2)))}
        more["slots"] = tuple(r.sample(range(1, 9), len(about["items"])))
    elif action == "include":
        more = {"slots": tuple(r.sample(range(1, 9), 2))} if r.random() < 0.5 else {"share": r.choice([0.2, 0.5])}
    elif action == "replace":
        more["target"] = r.choice(NAMES)
    elif action in ("boost", "bury"):
        more["by"] = r.choice([0.2, 2.0, 5.0])
    window = {"start": NOW - 5, "end": NOW + r.choice([-1, 5])} if r.random() < 0.2 else {}
    name = f"r{number:02d}"
    return Rule(name=name, action=action, when=r.choice(WHEN), priority=r.randrange(3), **about, **more, **window)


def settings(r):
    dials = {
        "diversity": r.choice([0, 0, 0.4, 1]),
        "margin": r.choice([0, 0.5]),
        "repetition": r.choice([0, 0.7]),
        "stockDays": r.choice([0, 0, 10]),
    }
    if r.random() < 0.4:
        dials["brandCap"] = r.randint(1, 3)
    if r.random() < 0.4:
        dials["categoryCap"] = r.randint(1, 4)
    return {"dials": dials, "pool": r.choice([0, 20])}


def plan(r):
    rules = sorted((rule(r, n) for n in range(r.randrange(9))), key=lambda one: (-one.priority, one.name))
    home = {**settings(r), "strategies": [{"name": "s", "when": "shopper.orders >= 1", **settings(r)}]}
    variants = [{"name": "on", "share": 0.5, "settings": settings(r)}, {"name": "off", "share": 0.5}]
    experiments = {"e": {"placements": ["home", "product"], "variants": variants}}
    bandits = {"b": {"placement": "home", "arms": [{"name": "a"}, {"name": "z", "settings": settings(r)}]}}
    kept = {"placements": {"home": home}, "experiments": experiments, "bandits": bandits}
    return load(Plan(version="1", rules=tuple(rules), **kept))


def scored(r):
    return sorted(((name, r.random()) for name in some(r, 12)), key=lambda pair: -pair[1])


def preferences(r):
    """What a shopper asked for: of brands, categories and items some are hidden, some favourites; sizes by category or for all."""

    def wishes(about, names, saids):
        return [Wish(about, name, r.choice(saids), NOW) for name in names if r.random() < 0.3]

    sizes = [
        Wish("size", r.choice(["M", "l", "41", "42"]), "own", NOW, r.choice(["", "", "camping", "Camping > Tents"]))
        for _ in range(r.randrange(3))
    ]
    found = [
        *wishes("brand", ["alm", "Berg"], ["hidden", "favourite", "favourite", ""]),
        *wishes("category", ["Camping > Tents", "kitchen"], ["hidden", "favourite", ""]),
        *wishes("item", [*some(r, 6), "g1"], ["hidden", "favourite", ""]),
        *(sizes if r.random() < 0.4 else []),
    ]
    return found if r.random() < 0.6 else []


def reads(r):
    lists = {f"{kind}#{name}": scored(r) for kind in ("similar", "together") for name in some(r, 4)}
    state = State(
        recent=[Touch(name, NOW) for name in some(r, 4)],
        cart=dict.fromkeys(some(r, 2), 1.0),
        purchases=[Purchase(name, NOW, 1) for name in some(r, 3)],
        candidates=[Candidate(name, score, "for_you") for name, score in scored(r)],
        shown={name: NOW + 86400 * r.randint(-9, 9) for name in some(r, 5)},
        preferences=preferences(r),
        traits=r.choice([{}, {}, {"age": "18-24"}, {"age": "65+", "country": "AT"}]),
    )
    return Reads(
        state,
        lists,
        shelf=[Shelf("popular", "all", scored(r), "on-sale")],
        popular=lambda: [],
        static=lambda: [(name, 0.0) for name in NAMES],
        covers={name: r.uniform(0, 20) for name in some(r, 4)},
    )


def case(r):
    shop, ready, what = catalog(r), plan(r), reads(r)
    asked = parse(
        {
            "placement": r.choice(["home", "home", "product", "on-sale", "cart", "recently-viewed"]),
            "count": r.randint(1, 12),
            "items": some(r, 2),
            "cart": some(r, 2),
            "exclude": some(r, 3),
            "filter": r.choice(FILTERS),
            "context": {"device": r.choice(["mobile", "desktop"]), "country": r.choice([None, None, "DE", "AT", "FR"])},
        },
        placements=ready.placements,
    )
    asker = Asker(what.state, r.choice(["", "u1", "u2", "u3"]), known=r.random() < 0.5, chance=r.random())
    resolved = resolve(asked, asker, ready, NONE, NOW)
    made = answer(resolved.request, what._replace(resolved=resolved), shop.lookup, NOW)
    return shop, resolved, what, made


def wished(state, said, about):
    return {wish.value.casefold() for wish in state.preferences if wish.said == said and wish.about == about}


def paths(one):
    """The item's category and those it is in, narrowest first."""
    parts = one.product_type.casefold().split(" > ")
    return [" > ".join(parts[:end]) for end in range(len(parts), 0, -1)] if one.product_type else []


def fits(one, state):
    """Whether it comes in one of the shopper's sizes, as far as they told sizes of this kind for its category."""
    told = [(wish.within.casefold(), wish.value.casefold()) for wish in state.preferences if wish.said == "own"]
    mine = next((found for path in [*paths(one), ""] if (found := {s for within, s in told if within == path})), set())
    there = {size.casefold() for size in one.sizes}
    comparable = {size for size in mine if any(size.isdecimal() == other.isdecimal() for other in there)}
    return not comparable or bool(comparable & there)


def lawful(one, request, state):
    """What holds wherever the item comes from, and in a list of the shop's own too."""
    band = state.traits.get("age", "")
    country = request.country or state.traits.get("country", "")
    return (
        one.minimum_age <= {"": 0, "18-24": 18, "65+": 65}[band]
        and (not country or not one.countries or country in one.countries)
        and (not country or country not in one.excluded_countries)
        and not {one.id, one.item_group_id} & wished(state, "hidden", "item")
        and one.brand.casefold() not in wished(state, "hidden", "brand")
        and not set(paths(one)) & wished(state, "hidden", "category")
        and fits(one, state)
        and recommendable(one, NOW)
        and admits(request.filter, one, NOW)
    )


def allowed(one, request, state):
    return (
        lawful(one, request, state)
        and recommendable(one, NOW)
        and admits(request.filter, one, NOW)
        and one.id not in {*state.cart, *request.cart, *request.exclude, *page_items(request)}
        and (request.spec.shelf != "on-sale" or on_sale(one, NOW))
        and (takes_purchased(request) or one.id not in {bought.item for bought in state.purchases})
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_plan(seed):
    for number in range(CASES):
        shop, resolved, what, made = case(Random(f"{seed}/{number}"))
        at, request = f"seed {seed}, case {number}", resolved.request
        shown = [shop[pick.item] for pick in made.picks]
        assert len(shown) <= request.count, at
        assert all(allowed(one, request, what.state) for one in shown), at
        assert len({group(one) for one in shown}) == len(shown), at
        caps_hold(request.spec.dials, made, shown, at)
        pins_land(resolved, request, what.state, shop, made, at)
        left_out = [name for names in made.removed.values() for name in names]
        assert not {one.id for one in shown} & set(left_out), at
        full(shop, request, what, made, at)
        reranked(shop, request, what, at)


def reranked(shop, request, what, at):
    """Of a list that the shop gives, just what may not be shown at all is left out; what was bought or is in the cart stays."""
    request = replace(request, filter=ANYTHING)
    asked = Rerank(request, tuple(NAMES), 0.5)
    made = rerank(asked, what, shop.lookup, NOW)
    hidden = wished(what.state, "hidden", "item")
    left = {
        name
        for name in NAMES
        if name not in request.exclude
        and name not in hidden
        and (name not in shop or lawful(shop[name], request, what.state))
        and (request.spec.shelf != "on-sale" or name not in shop or on_sale(shop[name], NOW))
    }
    assert {NAMES[place] for place in made.order} == left, at
    assert {name for names in made.removed.values() for name in names} == set(NAMES) - left, at


def caps_hold(dials, made, shown, at):
    """Of what no rule put there. Places of new items count too."""
    moved = {name for effect in made.effects if effect.action in ("pin", "include") for name in effect.items}
    rest = [one for one in shown if one.id not in moved]
    brands, categories = (
        Counter(one.brand for one in rest if one.brand),
        Counter(filter(None, map(top_category, rest))),
    )
    assert not dials.brand_cap or all(n <= dials.brand_cap for n in brands.values()), at
    assert not dials.category_cap or all(n <= dials.category_cap for n in categories.values()), at


def pins_land(resolved, request, state, shop, made, at):
    """The first pin of all lands wherever no rule takes its item away; on a shelf with places left empty it moves up."""
    first = next((one for _, one in resolved.rules.of("pin")), None)
    if first is None:
        return
    wanted, slot = first.items[0], first.slots[0]
    one = shop.get(wanted)
    taken_away = any(
        wanted in effect.items for effect in made.effects if effect.action in ("exclude", "replace") and effect.items
    ) or any(rule.action in ("exclude", "replace") for _, rule in resolved.rules.rules(resolved.rules.active))
    beside = {group(shop[name]) for name in page_items(request)[-5:] if name in shop}
    if one and allowed(one, request, state) and not taken_away and group(one) not in beside and slot <= request.count:
        shown = [pick.item for pick in made.picks]
        assert wanted in shown, at
        assert shown.index(wanted) == slot - 1 or (shown.index(wanted) < slot and len(shown) < request.count), at


def full(shop, request, what, made, at):
    """Every place is filled when the catalog allows: no cap, no rule that takes items away, no placement that shows less on purpose."""
    dials = request.spec.dials
    takes = any(effect.action in ("exclude", "replace") for effect in made.effects)
    if dials.brand_cap or dials.category_cap or takes or request.spec.strict:
        return
    beside = {group(shop[name]) for name in page_items(request)[-5:] if name in shop}
    there = {group(one) for one in shop.values() if allowed(one, request, what.state)} - beside
    assert len(made.picks) == min(request.count, len(there)), at


def test_cases_are_worth_drawing():
    """Rules of every kind have effects, caps keep items away, variants and arms change placements, hard constraints refuse."""
    effects, causes, arms, variants = Counter(), Counter(), Counter(), Counter()
    for number in range(300):
        _, resolved, _, made = case(Random(f"0/{number}"))
        effects.update(effect.action for effect in made.effects if effect.items)
        causes.update(made.removed.keys())
        arms.update([resolved.drawn.arm.name] if resolved.drawn else [])
        variants.update(one.variant.name for one in resolved.assigned)
    assert set(effects) == {"pin", "include", "exclude", "replace", "boost", "bury"}
    assert {"purchased", "in_cart", "excluded", "filtered", "unavailable", "brand_cap", "category_cap"} <= set(causes)
    constraints = {
        "hidden_item",
        "hidden_brand",
        "hidden_category",
        "no_proof_of_age_18",
        "not_sold_in_AT",
        "not_in_size_M",
    }
    assert constraints <= set(causes)
    assert len(arms) == len(variants) == 2


def test_a_wrong_answer_would_be_noticed():
    shop, resolved, what, made = next(
        found for n in range(100) if (found := case(Random(f"0/{n}"))) and len(found[3].picks) > 2 and found[1].request
    )
    barred = replace(resolved.request, exclude=frozenset(pick.item for pick in made.picks))
    assert not all(allowed(shop[pick.item], barred, what.state) for pick in made.picks)
