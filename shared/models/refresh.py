"""What came since the last training, folded into the version that serves, every hour: counted again with its settings, nothing searched.

Neighbours and popularity are the same sums as at night, over what the night knew and what came since: a refresh and a full recount
cannot differ. ALS is not fitted again: items that are new, or that many more shoppers deal with now, are folded in.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from shared.distinct import distinct
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import rank
from shared.models.fit import sums
from shared.models.interactions import DAY, Interactions
from shared.profiles.state import State

GREW = 2.0  # times as many shoppers as before
FEWEST_SHOPPERS = 5  # of an item that is folded in
SAMPLE = 2000  # shoppers whose factors stand for all
SEED = 1
SAME_HEAD = 0.2  # of the most popular items before, so many are still among them
HEAD = 50


def refresh(base: Bundle, data: Interactions, since: float, now: float) -> Bundle:
    """`base` with all of `data` as of `now`; rows from `since` on are what it did not know (epoch seconds).

    `data` has every item of `base`, and perhaps new ones. Without new rows the result is `base` itself.
    """
    if not (data.at >= since).any():
        return base
    counted = replace(grown(base, data.items), **sums(data, now, base.settings))
    return folded(counted, data, since, now)


def grown(base: Bundle, items: Any) -> Bundle:
    """`base` over `items` (sorted, a superset of its own). New rows are empty: "", NaN for prices, −1 for neighbours, else 0."""
    if len(items) == base.size:
        return base
    places = np.searchsorted(items, base.item_ids).astype(np.int32)
    changed: dict[str, Any] = {"item_ids": items}
    for name in per_item(base):
        column = getattr(base, name)
        if name.endswith("_items"):  # neighbours are positions
            column = np.where(column >= 0, places[column], -1).astype(np.int32)
        rows = np.full((len(items), *column.shape[1:]), _nothing(name, column), column.dtype)
        rows[places] = column
        changed[name] = rows
    return replace(base, **changed)


def per_item(bundle: Bundle) -> list[str]:
    """The fields with a row for each item, `item_ids` apart."""
    arrays = {field.name: getattr(bundle, field.name) for field in fields(bundle)}
    several = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray) and value.ndim}
    return [name for name, value in several.items() if name not in ("item_ids", "gram") and len(value) == bundle.size]


def _nothing(name: str, column: Any) -> Any:
    if column.dtype.kind == "U":
        return ""
    return -1 if name.endswith("_items") else np.nan if name == "prices" else 0


def folded(bundle: Bundle, data: Interactions, since: float, now: float) -> Bundle:
    """With factors of the items that changed most, by the step of ALS that solves items (Hu, Koren, Volinsky 2008):

    y = (XᵀX + Xᵀ(C−I)X + λI)⁻¹ XᵀC p. No shopper's factors are stored, so X is folded in from the items first, and XᵀX over all shoppers is
    that of a seeded sample, scaled up.
    """
    chosen = changed_most(data, since)
    if not len(chosen) or not bundle.item_factors.shape[1]:
        return bundle
    everybody = distinct(data.shopper)
    rng = np.random.default_rng(SEED)
    sample = rng.choice(everybody, min(SAMPLE, len(everybody)), replace=False)
    dealt = data.where(np.isin(data.item, chosen))
    asked = np.union1d(sample, dealt.shopper)
    # what is to be found is not what it is found from
    taste = shopper_factors(bundle, data.where(~np.isin(data.item, chosen)), asked, now)
    typical = taste[np.searchsorted(asked, sample)]
    gram = typical.T @ typical * np.float32(len(everybody) / len(sample))
    factors = bundle.item_factors.copy()
    for item in chosen:
        who, confidence = _signal(dealt, dealt.item == item, dealt.shopper, bundle, now)
        mine = taste[np.searchsorted(asked, who)]
        factors[item] = solved(gram, mine, confidence, bundle.settings["regularization"])
    return replace(bundle, item_factors=factors, gram=factors.T @ factors)


def changed_most(data: Interactions, since: float) -> Ints:
    """Items that at least twice as many shoppers dealt with as before `since`, new ones among them; at least FEWEST_SHOPPERS."""
    size = len(data.items)
    before, after = (_shoppers_by_item(rows, size) for rows in (data.before(since), data))
    return np.flatnonzero((after >= FEWEST_SHOPPERS) & (after >= GREW * before) & (after > before)).astype(np.int32)


def _shoppers_by_item(data: Interactions, size: int) -> Any:
    pairs = distinct(data.shopper.astype(np.int64) * size + data.item)
    return np.bincount(pairs % size, minlength=size)


def shopper_factors(bundle: Bundle, data: Interactions, shoppers: Any, now: float) -> Floats:
    """(len(shoppers), k): what each did, folded in; 0 for who did nothing."""
    found = np.zeros((len(shoppers), bundle.item_factors.shape[1]), np.float32)
    mine = data.where(np.isin(data.shopper, shoppers))
    order = np.argsort(mine.shopper, kind="stable")
    starts = np.searchsorted(mine.shopper[order], shoppers)
    ends = np.searchsorted(mine.shopper[order], shoppers, side="right")
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end > start:
            items, confidence = _signal(mine, order[start:end], mine.item, bundle, now)
            found[row] = solved(bundle.gram, bundle.item_factors[items], confidence, bundle.settings["regularization"])
    return found


def _signal(data: Interactions, rows: Any, column: Any, bundle: Bundle, now: float) -> tuple[Any, Floats]:
    """The different values of a column among some rows, and the confidence in each, as ALS is fitted with."""
    fade = np.exp2((data.at[rows] - now) / (bundle.settings["factors_days"] * DAY))
    names, places = np.unique(column[rows], return_inverse=True)
    sums = np.bincount(places, data.weight[rows] * fade, len(names))
    return names, (bundle.settings["alpha"] * sums).astype(np.float32)


def solved(gram: Floats, factors: Floats, confidence: Floats, regularization: float) -> Floats:
    """One row of ALS from the `factors` of what it was dealt with, (m, k)."""
    left = gram + (factors.T * (confidence - 1.0)) @ factors
    left[np.diag_indices(len(left))] += regularization
    row: Floats = np.linalg.solve(left, factors.T @ confidence).astype(np.float32)
    return row


def objections(base: Bundle, made: Bundle, now: float) -> list[str]:
    """What speaks against publishing a refreshed bundle, in sentences. Cheap: an hour has no days to hold out and measure on."""
    found = [
        f"{name} has values that are no numbers."
        for name in ("item_factors", "similar_scores", "popularity")
        if not np.isfinite(getattr(made, name)).all()
    ]
    if missing := set(base.item_ids.tolist()) - set(made.item_ids.tolist()):
        found.append(f"{len(missing)} items of the version before are missing.")
    heads = [set(b.item_ids[np.argsort(-b.popularity, kind="stable")[:HEAD]].tolist()) for b in (base, made)]
    left = len(heads[0] & heads[1]) / max(len(heads[0]), 1)
    if base.size >= 2 * HEAD and left < SAME_HEAD:
        found.append(
            f"Only {left:.0%} of the {HEAD} most popular items are still among them: that is no hour's change."
        )
    if base.size and not rank(State(), made, now, 10)[0]:
        found.append("A shopper of whom nothing is known would be shown nothing.")
    return found
