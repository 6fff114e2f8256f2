"""Two sets of interactions as one, when the later continues the earlier; shoppers are hashed alike in both."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from shared.models.impute import Imputed
from shared.models.interactions import Interactions


def merged(known: Interactions, new: Interactions, left: Any = ()) -> Interactions:
    """All rows in order of time. `left` are hashes of shoppers who withdrew consent: their rows go, wherever they are.

    A session that was going on when `known` ended counts as two.
    """
    items = np.union1d(known.items, new.items)
    shoppers = np.union1d(known.shoppers, new.shoppers)
    countries = np.full(len(shoppers), "", np.result_type(known.countries.dtype, new.countries.dtype, "U1"))
    countries[np.searchsorted(shoppers, known.shoppers)] = known.countries
    said = new.countries != ""
    countries[np.searchsorted(shoppers, new.shoppers[said])] = new.countries[said]
    sessions, baskets = (int(column.max(initial=-1)) + 1 for column in (known.session, known.basket))
    at = np.concatenate([known.at, new.at])
    order = np.argsort(at, kind="stable")

    def column(one: Any, other: Any) -> Any:
        return np.concatenate([one, other])[order].astype(one.dtype)

    whole = Interactions(
        items=items,
        shoppers=shoppers,
        shopper=column(*(np.searchsorted(shoppers, d.shoppers).astype(np.int32)[d.shopper] for d in (known, new))),
        item=column(*(np.searchsorted(items, d.items).astype(np.int32)[d.item] for d in (known, new))),
        at=at[order],
        kind=column(known.kind, new.kind),
        session=column(known.session, new.session + sessions),
        basket=column(known.basket, np.where(new.basket >= 0, new.basket + baskets, -1)),
        quantity=column(known.quantity, new.quantity),
        countries=countries,
    )
    gone = np.isin(shoppers, np.asarray(left, np.uint64))
    return whole.where(~gone[whole.shopper]) if gone.any() else whole


def carried(guesses: Imputed, known: Interactions, data: Interactions) -> Imputed:
    """Guesses about the shoppers of `known`, numbered as those of `data`. Of new shoppers nothing is guessed before the night."""
    places = np.searchsorted(data.shoppers, known.shoppers)
    values = data.countries.astype(np.result_type(data.countries.dtype, guesses.values.dtype))
    imputed, probability = np.zeros(len(values), np.bool_), (values != "").astype(np.float32)
    still = guesses.imputed & (values[places] == "")
    values[places[still]] = guesses.values[still]
    imputed[places[still]] = True
    probability[places[still]] = guesses.probability[still]
    return Imputed(values, imputed, probability)


def carried_segments(segments: Mapping[str, Any], known: Interactions, data: Interactions) -> dict[str, Any]:
    """Masks over the shoppers of `known`, as masks over those of `data`. New shoppers are of no segment before the night."""
    places = np.searchsorted(data.shoppers, known.shoppers)
    found = {name: np.zeros(len(data.shoppers), np.bool_) for name in segments}
    for name, mask in segments.items():
        found[name][places] = mask
    return found
