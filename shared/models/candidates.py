"""What to show a shopper: a blend of the sources ranks all items. Runs when the shopper acts."""

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.models.sources import SOURCES, Scores, score
from shared.profiles.state import Candidate, State
from shared.recommend import reasons

WORDS = (reasons.SIMILAR, reasons.TOGETHER, reasons.FOR_YOU, reasons.POPULAR, reasons.FOR_YOU)
BLOCKS = 8  # for each item wanted


def rank(state: State, bundle: Bundle, now: float, limit: int = 100) -> tuple[list[Candidate], list[Candidate]]:
    """The best `limit` items never bought, and the bought ones worth buying again; scores of both compare.

    `now` in epoch seconds. Deterministic: ties go to the item id that sorts first.
    """
    if not bundle.size:
        return [], []
    scores = score(state, bundle, now)
    values = blend(scores.sources, bundle.settings)
    wishes = again(scores.sources[:, scores.purchased], scores.own, bundle.settings)
    values[scores.purchased] = -1.0
    fresh = best(values, limit)
    order = np.lexsort((scores.purchased, -wishes))
    order = order[wishes[order] > 0][:limit]
    return _explained(fresh, values, scores, bundle), _repeats(scores.purchased[order], wishes[order], bundle)


def blend(sources: Floats, settings: dict[str, float]) -> Floats:
    """Scores as something new of items whose `sources` are the columns."""
    weights = np.array([settings[name] for name in SOURCES], np.float32)
    total: Floats = np.einsum("s,sn->n", weights, sources)
    return total


def again(sources: Floats, own: Floats, settings: dict[str, float]) -> Floats:
    """Scores as something to buy again of items whose `sources` are the columns and whose wish is `own`."""
    weights = np.array([settings[f"again_{name}"] for name in SOURCES], np.float32)
    total: Floats = np.einsum("s,sn->n", weights, sources)
    return total + np.float32(settings["own"]) * own


def best(values: Floats, limit: int) -> Ints:
    """Positions of the `limit` largest positive values, best first; of equals the first position."""
    # Any `limit` block maxima bound the limit-th largest value from below, and are cheaper to find.
    tops = np.maximum.reduceat(values, np.arange(0, len(values), max(len(values) // (BLOCKS * limit), 1)))
    floor = np.partition(tops, len(tops) - limit)[len(tops) - limit] if len(tops) > limit else 0.0
    chosen = np.flatnonzero((values >= floor) & (values > 0))
    order = np.lexsort((chosen, -values[chosen]))
    return chosen[order][:limit].astype(np.int32)


def _repeats(places: Ints, wishes: Floats, bundle: Bundle) -> list[Candidate]:
    ids, rounded = bundle.item_ids[places].tolist(), _rounded(wishes)
    return [Candidate(item, value, reasons.AGAIN, item) for item, value in zip(ids, rounded, strict=True)]


def _explained(chosen: Ints, values: Floats, scores: Scores, bundle: Bundle) -> list[Candidate]:
    """Each chosen item with the source that gave most, and the item that led to it there."""
    if not len(chosen):
        return []
    weights = np.array([bundle.settings[name] for name in SOURCES], np.float32)
    leading = (scores.sources[:, chosen] * weights[:, None]).argmax(axis=0)
    basis = scores.basis
    cause = np.full(len(chosen), -1, np.int32)
    seen, bought = leading == 0, leading == 1
    cause[seen] = _causes(chosen[seen], bundle.similar_items, bundle.similar_scores, basis.seen, basis.seen_weights)
    cause[bought] = _causes(
        chosen[bought], bundle.together_items, bundle.together_scores, basis.bought, basis.bought_weights
    )
    because = np.where(cause >= 0, bundle.item_ids[cause], "").tolist()
    ids, rounded = bundle.item_ids[chosen].tolist(), _rounded(values[chosen])
    words = [WORDS[source] for source in leading.tolist()]
    return [Candidate(*row) for row in zip(ids, rounded, words, because, strict=True)]


def _causes(chosen: Ints, items: Ints, values: Floats, rows: Ints, weights: Floats) -> Ints:
    """For each chosen item the row that contributed most to it (the first of equals), −1 when none did."""
    found = np.full(len(chosen), -1, np.int32)
    if not len(rows) or not len(chosen):
        return found
    place = np.full(len(items) + 1, -1, np.int32)  # −1 (padding) reads the last, which stays −1
    place[chosen] = np.arange(len(chosen))
    columns = place[items[rows]]
    row, column = np.nonzero(columns >= 0)
    target, amounts = columns[row, column], (values[rows] * weights[:, None])[row, column]
    order = np.lexsort((-row, amounts))  # the last write wins: the largest amount, of equals the first row
    found[target[order]] = rows[row[order]]
    return found


def _rounded(values: Floats) -> list[float]:
    return [round(value, 5) for value in values.tolist()]
