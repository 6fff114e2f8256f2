"""How well shoppers are served of whom nothing is known: by the lists of their segment, as `recommend` shows them."""

from typing import Any

import numpy as np

from shared.evaluation.protocol import MOST_SHOPPERS, Case, K, Ranked, measure, popular_first
from shared.lists.segments import of_traits
from shared.models.bundle import Bundle
from shared.models.interactions import ORDER, Interactions
from shared.models.lists import of_segments
from shared.profiles.state import State
from shared.recommend.shelves import BLEND, Shelf, in_turn, tiers
from shared.trends.lists import Named


def strangers(data: Interactions, moment: float, most: int = MOST_SHOPPERS) -> list[Case]:
    """Shoppers first seen after `moment`, with what they then bought (or looked at, where there are few orders); a seeded sample."""
    test = data.since(moment)
    orders = test.where(test.kind == ORDER)
    truth = orders if len(orders) >= 100 else test
    new = np.setdiff1d(np.unique(truth.shopper), np.unique(data.before(moment).shopper))
    if len(new) > most:
        new = np.sort(np.random.default_rng(1).choice(new, most, replace=False))
    right: dict[int, set[str]] = {int(shopper): set() for shopper in new}
    for row in np.flatnonzero(np.isin(truth.shopper, new)):
        right[int(truth.shopper[row])].add(str(data.items[truth.item[row]]))
    countries = data.countries if len(data.countries) else np.full(len(data.shoppers), "")
    return [
        Case(shopper, State(traits={"country": str(countries[shopper])}), frozenset(), frozenset(items))
        for shopper, items in right.items()
    ]


def by_segment(named: Named) -> Ranked:
    """What a shopper is shown of whom only traits are known."""

    def ranked(state: State) -> tuple[list[str], list[str]]:
        groups: dict[str, list[Shelf]] = {}
        for tier, segment, weight in tiers(of_traits(state.traits)):
            shelves = (
                Shelf(tier, segment, named.get((kind, segment), []), kind, weight * BLEND[kind]) for kind in BLEND
            )
            groups.setdefault(tier, []).extend(shelves)
        shown = dict.fromkeys(item for group in groups.values() for _, item, _ in in_turn(group))
        return list(shown)[:K], list(shown)[:K]

    return ranked


def measured(data: Interactions, moment: float, trial: Bundle) -> dict[str, Any]:
    """A row of the table by activity; {} when nobody new came."""
    shoppers = strangers(data, moment)
    if not shoppers:
        return {}
    models = {"model": by_segment(of_segments(data.before(moment), trial, moment)), "popularity": popular_first(trial)}
    means = {name: measure(ranked, shoppers).means() for name, ranked in models.items()}
    return {"nothing": {"shoppers": len(shoppers), **means}}
