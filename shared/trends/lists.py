"""Lists by segment, made of counts and the catalog: of the counters every minute, of the whole log every night."""

from collections.abc import Callable, Iterable, Mapping

from shared.catalog.model import Item, recommendable, top_category
from shared.lists import scores
from shared.lists.model import Kind, Scored
from shared.lists.segments import ALL
from shared.trends.counters import HALF_LIVES, Counters, Items, Sums, scaled

LENGTH = 100
FORGOTTEN = 0.05  # a decayed sum below this is no news
COUNTED: dict[Kind, Callable[[Sums], float]] = {
    "popular": scores.popular,
    "trending": scores.trending,
    "best-sellers": scores.best_seller,
    "most-viewed": scores.most_viewed,
}
NOTHING = Sums()
Named = dict[tuple[Kind, str], Scored]  # (kind, item or segment) -> list


def merged(all_counters: Iterable[Counters], now: float) -> dict[str, Items]:
    """Segment -> item -> sums as of `now` (epoch seconds) over all shards; `all` is always there."""
    total: dict[str, Items] = {ALL: {}}
    for counters in all_counters:
        fade = [2 ** ((counters.landmark - now) / half_life) for half_life in HALF_LIVES]
        for segment, items in ((ALL, counters.items), *counters.segments.items()):
            mine = total.setdefault(segment, {})
            for item, sums in items.items():
                faded = scaled(sums, *fade)
                mine[item] = _added(mine[item], faded) if item in mine else faded
    return {
        segment: {item: sums for item, sums in items.items() if sums.slow >= FORGOTTEN or sums.shown >= 1.0}
        for segment, items in total.items()
    }


def _added(a: Sums, b: Sums) -> Sums:
    return Sums(
        a.fast + b.fast,
        a.slow + b.slow,
        a.category or b.category,
        a.views + b.views,
        a.carts + b.carts,
        a.orders + b.orders,
        a.shown + b.shown,
        a.units + b.units,
    )


def lists(people: Mapping[str, Items], items: Mapping[str, Item], now: float) -> Named:
    """Every list of every segment in `people` (`all` among them) and of every top category, best first and scaled to 1.0.

    `items` are what is known of the catalog. A list may be empty.
    """
    everyone = people[ALL]
    usual = scores.conversion(everyone.values())
    made: Named = {}
    for segment, members in (*people.items(), *_by_category(everyone, items).items()):
        for kind, score in COUNTED.items():
            made[kind, segment] = best({item: score(sums) for item, sums in members.items()})
        made["high-margin", segment] = _in_order(
            best({item: scores.high_margin(sums, items.get(item), usual) for item, sums in members.items()})
        )
        made["on-sale", segment] = best({i: scores.sale(items.get(i), s.slow, now) for i, s in members.items()})
    for segment, known in _catalog(items).items():
        interest = {item.id: everyone.get(item.id, NOTHING).slow for item in known}
        made["on-sale", segment] = best({item.id: scores.sale(item, interest[item.id], now) for item in known})
        made["new-arrivals", segment] = best({i.id: scores.new(i, now) for i in known if recommendable(i, now)})
    return made


def _by_category(everyone: Items, items: Mapping[str, Item]) -> dict[str, Items]:
    found: dict[str, Items] = {}
    for item, sums in everyone.items():
        category = top_category(items[item]) if item in items else sums.category
        if category:
            found.setdefault(f"category:{category}", {})[item] = sums
    return found


def _catalog(items: Mapping[str, Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {ALL: list(items.values())}
    for item in items.values():
        if category := top_category(item):
            found.setdefault(f"category:{category}", []).append(item)
    return found


def best(values: Mapping[str, float]) -> Scored:
    """The LENGTH largest positive ones, of equals the first id."""
    ranked = sorted((p for p in values.items() if p[1] > 0), key=lambda p: (-p[1], p[0]))[:LENGTH]
    return [(item, round(value / ranked[0][1], 3)) for item, value in ranked]


def _in_order(scored: Scored) -> Scored:
    """Scores by place alone: margins are the shop's own business."""
    return [(item, 1.0 - place / LENGTH) for place, (item, _) in enumerate(scored)]
