"""Trade-offs of a placement: what, beside relevance, an item's place depends on. All dials at 0 leave the order as it is."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from shared.catalog.model import Item, on_sale, top_category
from shared.catalog.sketch import likeness
from shared.lists.scores import new
from shared.preferences.matching import Wished
from shared.profiles.state import State

FAVOURITE = 1.5  # what a shopper's favourite counts more, whatever of it is the favourite
# Of closeness, by how alike two items are in each; 1.0 together would be the same item.
PARTS_WORTH, SAME_TEXTS, SAME_BRAND = 0.5, 0.3, 0.2


class Dials(NamedTuple):
    """From 0 (off) to 1, but for the last four: at most so many items of a brand, of a top category (0: any number), prices as
    multiples of the shopper's usual one, and days of stock below which an item fades."""

    diversity: float = 0.0
    freshness: float = 0.0
    serendipity: float = 0.0
    repetition: float = 0.0
    margin: float = 0.0
    brand_cap: int = 0
    category_cap: int = 0
    price_range: tuple[float, float] = (0.0, math.inf)
    stock_days: float = 0.0


OFF = Dials()


class About(NamedTuple):
    """What the dials ask of the shopper and the shop: `fatigue` by item, 0-1; `cover` is days of stock, of items that run short."""

    state: State
    fatigue: Mapping[str, float] = {}
    cover: Mapping[str, float] = {}
    favourites: Wished | None = None


def factor(dials: Dials, item: Item, about: About, now: float) -> float:
    """What an item's relevance is multiplied by, ≥ 0: more for the new and for what earns, less for the all too familiar, for what
    was shown in vain, for what the shopper finds dear or cheap, and for what is nearly sold out."""
    made = 1.0
    if dials.freshness:
        made *= 1.0 + dials.freshness * new(item, now)
    if dials.serendipity:
        made *= 1.0 - dials.serendipity * familiarity(item, about.state)
    if dials.repetition and about.fatigue:
        made *= 1.0 - dials.repetition * about.fatigue.get(item.id, 0.0)
    if dials.margin:
        made *= 1.0 + dials.margin * margin_rate(item, now)
    if dials.price_range != OFF.price_range:
        made *= _price(dials, item, about.state, now)
    if dials.stock_days and (cover := about.cover.get(item.id)) is not None:
        made *= min(cover / dials.stock_days, 1.0)
    return made


def favour(item: Item, about: About) -> float:
    """FAVOURITE for what the shopper named themselves, whatever the dials."""
    return FAVOURITE if about.favourites and about.favourites.part(item) else 1.0


def familiarity(item: Item, state: State) -> float:
    """0 for a category and a brand that the shopper never dealt with, 1 for those they deal with most."""
    category = _share(state.categories, top_category(item))
    brand = _share(state.brands, item.brand)
    return max(category, brand)


def _share(affinities: Mapping[str, float], name: str) -> float:
    found = affinities.get(name, 0.0) if name else 0.0
    return found / max(affinities.values()) if found > 0 else 0.0


def margin_rate(item: Item, now: float) -> float:
    """Margin by price, 0-1; 0 where either is unknown."""
    price = _amount(item, now)
    return min(max(item.margin / price, 0.0), 1.0) if item.margin and price > 0 else 0.0


def _amount(item: Item, now: float) -> float:
    price = item.sale_price if on_sale(item, now) else item.price
    return price.amount if price else 0.0


def _price(dials: Dials, item: Item, state: State, now: float) -> float:
    """1 inside the range around exp(mean of ln price) of what the shopper looked at; halved for every doubling outside."""
    amount = _amount(item, now)
    if amount <= 0 or state.price_weight <= 0:
        return 1.0
    multiple = amount / math.exp(state.price_log_mean)
    low, high = dials.price_range
    if multiple < low:
        return multiple / low
    return high / multiple if multiple > high else 1.0


def closeness(one: Item, other: Item) -> float:
    """How much two items are the same thing to a shopper, 0-1: by category, texts and brand."""
    near = PARTS_WORTH * _shared_path(one.product_type, other.product_type)
    near += SAME_TEXTS * likeness(one.sketch, other.sketch)
    return near + SAME_BRAND if one.brand and one.brand == other.brand else near


def _shared_path(ours: str, theirs: str) -> float:
    """Of two category paths, how much of the longer one they share."""
    if not (ours and theirs):
        return 0.0
    if ours == theirs:
        return 1.0
    a, b = ours.split(" > "), theirs.split(" > ")
    shared = 0
    while shared < min(len(a), len(b)) and a[shared] == b[shared]:
        shared += 1
    return shared / max(len(a), len(b))
