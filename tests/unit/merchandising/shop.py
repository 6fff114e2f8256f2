"""A small shop, pools of it, and plans about it."""

from hypothesis import strategies as st

from shared.catalog.model import Item, Price
from shared.expressions.facts import NOBODY, NOWHERE
from shared.merchandising.matching import Matcher
from shared.merchandising.parse import parse
from shared.merchandising.plan import Plan, Rule
from shared.merchandising.steered import Entry

NOW = 1_700_000_000.0
BRANDS = ["Alm", "Peak", "Own"]
PATHS = ["Camping > Tents", "Camping > Mats", "Climbing > Ropes"]
SHOP = {
    f"i{n}": Item(
        id=f"i{n}",
        title=f"Item {n}",
        brand=BRANDS[n % 3],
        product_type=PATHS[n % len(PATHS)] if n % 4 else "",
        price=Price(5.0 * n, "EUR"),
        tags=["new"] if n % 5 == 0 else [],
        item_group_id="g" if n in (3, 4) else "",
    )
    for n in range(24)
}
IDS = list(SHOP)


def entries(*ids):
    """A pool in this order, the first with the highest score."""
    return [Entry(item, float(len(ids) - place), SHOP[item]) for place, item in enumerate(ids)]


def matched(*rules, shopper=NOBODY, context=NOWHERE, now=NOW):
    ordered = sorted(rules, key=lambda rule: (-rule.priority, rule.name))
    return Matcher(Plan(rules=tuple(ordered))).match(shopper, context, now)


def plan(*rows, **document):
    return parse({"rules": [{"name": f"r{n}", **row} for n, row in enumerate(rows)], **document}, NOW)


wheres = st.sampled_from(
    [
        'item.brand = "own"',
        'item.brand in ("Alm", "Peak") and item.price > 20',
        'item.category within "Camping"',
        'item.tags contains "new"',
        "item.price < 40",
        'item.id = "i7" or item.brand = "peak"',
        'not item.category is missing and item.brand != "Alm"',
        'item.brand = "Nobody"',
    ]
)
ids = st.sampled_from(IDS)
some = st.lists(ids, min_size=1, max_size=4, unique=True).map(tuple)
about = st.fixed_dictionaries({"where": wheres}) | st.fixed_dictionaries({"items": some})
slots = st.lists(st.integers(1, 14), min_size=1, max_size=4, unique=True).map(tuple)
ways = st.fixed_dictionaries({"slots": slots}) | st.fixed_dictionaries(
    {"share": st.sampled_from([0.1, 0.25, 0.5, 1.0])}
)


@st.composite
def rule(draw, name="r", actions=("pin", "boost", "bury", "include", "exclude", "replace")):
    action = draw(st.sampled_from(actions))
    fields = {"name": name, "action": action, "priority": draw(st.integers(0, 2))}
    if action == "pin":
        pinned = draw(some)
        places = draw(st.lists(st.integers(1, 14), min_size=len(pinned), max_size=len(pinned), unique=True))
        return Rule(**fields, items=pinned, slots=tuple(places))
    fields |= draw(about)
    if action in ("boost", "bury"):
        fields["by"] = draw(st.sampled_from([1.5, 3.0, 10.0]))
    if action == "include":
        fields |= draw(ways)
    if action == "replace":
        fields["target"] = draw(ids.filter(lambda item: item not in fields.get("items", ())))
    return Rule(**fields)


@st.composite
def rules(draw, most=6, **of):
    return [draw(rule(name=f"r{n}", **of)) for n in range(draw(st.integers(0, most)))]


pools = st.lists(ids, max_size=20, unique=True).map(lambda chosen: entries(*chosen))
counts = st.integers(1, 14)
