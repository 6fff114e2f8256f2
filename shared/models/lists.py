"""The lists a version publishes: what goes with each item, and what shoppers of a segment should know of."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from msgspec import msgpack

from shared.catalog.model import Item
from shared.distinct import distinct
from shared.lists.model import Kind, Scored
from shared.lists.segments import ALL
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.content import Content
from shared.models.content import neighbours as alike
from shared.models.interactions import CART, ORDER, VIEW, Interactions
from shared.trends.counters import HALF_LIVES, Items, Sums
from shared.trends.lists import Named
from shared.trends.lists import lists as by_segment

if TYPE_CHECKING:
    from shared.models.impute import Imputed

SMALLEST_SEGMENT = 50  # shoppers; below, a segment has no lists of its own
LIKELY = 0.5  # a guess must be likelier than this to count
COUNTS_HALF_LIFE = 14 * 86400.0  # the long view; live counters have the short one
ENOUGH = 10.0  # as many dealings with an item make its co-occurrences count as much as its content
KNOWN_WELL = 200  # dealings from which on content has no say
NEIGHBOURS = 50
NOBODY: Mapping[str, Any] = {}


class Besides(NamedTuple):
    """What is known besides what shoppers did.

    `guesses` are countries of shoppers who did not say theirs; a guess more likely right than wrong counts as much as it is likely.
    `people` maps further segments to masks over the shoppers. Items of the `catalog` that nobody dealt with have lists by `content`.
    """

    guesses: "Imputed | None" = None
    people: Mapping[str, Any] = NOBODY
    catalog: Mapping[str, Item] = NOBODY
    content: Content | None = None


NOTHING_BESIDES = Besides()


def lists(data: Interactions, bundle: Bundle, now: float, besides: Besides = NOTHING_BESIDES) -> Named:
    """All lists of a version as of `now` (epoch seconds). `data` and `bundle` number items alike."""
    made: Named = {}
    for place, item in enumerate(bundle.item_ids):
        made["similar", str(item)] = _row(bundle, bundle.similar_items[place], bundle.similar_scores[place])
        made["together", str(item)] = _row(bundle, bundle.together_items[place], bundle.together_scores[place])
    if besides.content is not None:
        made.update({("similar", item): row for item, row in _with_content(made, besides.content)})
    made.update(of_segments(data, bundle, now, besides))
    return {name: scored for name, scored in made.items() if scored}


def of_segments(data: Interactions, bundle: Bundle, now: float, besides: Besides = NOTHING_BESIDES) -> Named:
    """The lists of segments alone."""
    sums = {name: _sums(data, rows, shares, now) for name, rows, shares in _segments(data, besides)}
    return by_segment(sums, besides.catalog or _items(bundle), now)


def dump(named: Named) -> bytes:
    return msgpack.encode([[kind, name, scored] for (kind, name), scored in named.items()])


def load(data: bytes) -> Named:
    rows = msgpack.decode(data, type=list[tuple[Kind, str, Scored]])
    return {(kind, name): scored for kind, name, scored in rows}


def _items(bundle: Bundle) -> dict[str, Item]:
    """What the bundle knows of the catalog: the categories."""
    return {
        str(i): Item(id=str(i), title="", product_type=str(c))
        for i, c in zip(bundle.item_ids, bundle.categories, strict=True)
    }


def _with_content(made: Named, content: Content) -> Iterator[tuple[str, Scored]]:
    """Lists of the items that are not known well: content, giving way to co-occurrence as dealings grow."""
    ids, dealings = content.ids.tolist(), content.dealings.tolist()
    places = np.flatnonzero(content.dealings < KNOWN_WELL).astype(np.int32)
    found = alike(content, NEIGHBOURS, places)
    for place, items, scores in zip(places.tolist(), found.items.tolist(), found.scores.tolist(), strict=True):
        item = ids[place]
        by_content = {ids[other]: score for other, score in zip(items, scores, strict=True) if other >= 0}
        trust = dealings[place] / (dealings[place] + ENOUGH)
        yield item, _blended(made.get(("similar", item), []), by_content, trust)


def _blended(seen: Scored, by_content: dict[str, float], trust: float) -> Scored:
    """`seen` has its best at 1; content's cosines stay as they are: a faint likeness is no match."""
    total = {item: (1.0 - trust) * score for item, score in by_content.items()}
    for item, score in seen:
        total[item] = total.get(item, 0.0) + trust * score
    ranked = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS]
    return [(item, round(score / ranked[0][1], 4)) for item, score in ranked] if ranked and ranked[0][1] > 0 else []


def _segments(data: Interactions, besides: Besides) -> Iterator[tuple[str, Any, Any]]:
    """Segment, the rows of its shoppers, and how much each counts."""
    yield ALL, np.arange(len(data)), np.ones(len(data), np.float32)
    countries, sizes = np.unique(data.countries, return_counts=True)
    for country, size in zip(countries, sizes, strict=True):
        if country and size >= SMALLEST_SEGMENT:  # of shoppers who are known to be of the country
            shares = _belonging(data, str(country), besides.guesses)[data.shopper]
            rows = np.flatnonzero(shares)
            yield f"country:{country}", rows, shares[rows]
    for name, members in besides.people.items():
        if np.count_nonzero(members) >= SMALLEST_SEGMENT:
            rows = np.flatnonzero(members[data.shopper])
            yield name, rows, np.ones(len(rows), np.float32)
    returning = _after_first_order(data)
    for name, mask in (("lifecycle:new", ~returning), ("lifecycle:returning", returning)):
        if len(distinct(data.shopper[mask])) >= SMALLEST_SEGMENT:
            rows = np.flatnonzero(mask)
            yield name, rows, np.ones(len(rows), np.float32)


def _after_first_order(data: Interactions) -> Any:
    """Which rows come after their shopper's first order: what is done then is done by a customer."""
    first = np.full(len(data.shoppers), np.inf)
    orders = data.kind == ORDER
    np.minimum.at(first, data.shopper[orders], data.at[orders])
    return data.at > first[data.shopper]


def _belonging(data: Interactions, country: str, guesses: "Imputed | None") -> Floats:
    """How much each shopper belongs to the country: 1 who said so, the probability of a guess, 0 all others."""
    belonging: Floats = (data.countries == country).astype(np.float32)
    if guesses is not None:
        guessed = guesses.imputed & (guesses.values == country) & (guesses.probability > LIKELY)
        belonging[guessed] = guesses.probability[guessed]
    return belonging


def _sums(data: Interactions, rows: Any, shares: Any, now: float) -> Items:
    """Item -> sums as of `now`, as the live counters have them but for the half-life of the numbers of events."""
    ago, kind, item = now - data.at[rows], data.kind[rows], data.item[rows]
    weight = data.weight[rows] * shares

    def total(amounts: Any, half_life: float) -> list[float]:
        decayed = amounts * 0.5 ** (ago / half_life)
        summed: list[float] = np.bincount(item, decayed, len(data.items)).tolist()
        return summed

    weighted = [total(weight, half_life) for half_life in HALF_LIVES]
    counts = [total(shares * (kind == code), COUNTS_HALF_LIFE) for code in (VIEW, CART, ORDER)]
    columns = zip(data.items.tolist(), *weighted, *counts, strict=True)
    return {name: Sums(fast, slow, "", *numbers) for name, fast, slow, *numbers in columns if slow > 0}


def _row(bundle: Bundle, items: Ints, scores: Floats) -> Scored:
    top = scores[0] if len(scores) and scores[0] > 0 else 1.0
    return [(str(bundle.item_ids[i]), round(float(s / top), 4)) for i, s in zip(items, scores, strict=True) if i >= 0]
