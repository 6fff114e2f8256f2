"""What to show a shopper: sources find candidates, the ranker (or the blend of the sources) orders them. Runs when the shopper acts."""

from typing import NamedTuple

import numpy as np

from shared.models.bundle import Bundle, Floats, Ints
from shared.models.features import NAMES, Asked, features
from shared.models.sources import SEEN, SOURCES, Basis, Scores, score
from shared.profiles.state import Candidate, State
from shared.recommend import reasons

WORDS = (
    reasons.SIMILAR, reasons.SIMILAR, reasons.TOGETHER, reasons.FOR_YOU, reasons.POPULAR, reasons.FOR_YOU, reasons.FOR_YOU, reasons.SEEN,
)  # fmt: skip
SHORTLIST = 130  # best candidates of the blend that the ranker orders
OF_EACH = 12  # best candidates of each source that it orders in any case


class Ranking(NamedTuple):
    """Scores of candidates at positions `chosen` of `scores`, new and bought ones alike."""

    scores: Scores
    chosen: Ints
    values: Floats


def rank(state: State, bundle: Bundle, now: float, limit: int = 100) -> tuple[list[Candidate], list[Candidate]]:
    """The best `limit` items never bought, and the bought ones worth buying again; scores of both compare.

    `now` in epoch seconds. Deterministic: ties go to the item id that sorts first.
    """
    if not bundle.size:
        return [], []
    made = ranking(state, bundle, now)
    bought = np.isin(made.chosen, made.scores.purchased)
    fresh = best(np.where(bought, -1.0, made.values), limit)
    again = best(np.where(bought, made.values, -1.0), limit)
    return _explained(fresh, made, bundle), _repeats(again, made, bundle)


def ranking(state: State, bundle: Bundle, now: float) -> Ranking:
    scores = score(state, bundle, now)
    values = blended(scores, bundle.settings)
    if (
        bundle.forest is None or bundle.forest.asks != NAMES
    ):  # trees of another version of the code ask about other things
        return Ranking(scores, np.arange(len(values), dtype=np.int32), values)
    chosen = shortlist(scores, values)
    told = features(scores, values, chosen, Asked(state, now), bundle)
    return Ranking(scores, chosen, _squashed(bundle.forest.predict(told)))


def shortlist(scores: Scores, values: Floats) -> Ints:
    """Positions of the candidates that are worth the ranker's time, ascending."""
    strong = [best(values, SHORTLIST), *(best(row, OF_EACH) for row in scores.sources)]
    return np.unique(np.concatenate(strong)).astype(np.int32)


def blended(scores: Scores, settings: dict[str, float]) -> Floats:
    """Scores of all candidates by the weights in `settings`, bought ones by those of repeats."""
    values = blend(scores.sources, settings)
    values[scores.purchased] = again(scores.sources[:, scores.purchased], scores.own, settings)
    return values


def blend(sources: Floats, settings: dict[str, float]) -> Floats:
    """Scores as something new of items whose `sources` are the columns."""
    weights = np.array([settings[name] for name in SOURCES], np.float32)
    total: Floats = weights @ sources
    return total


def again(sources: Floats, own: Floats, settings: dict[str, float]) -> Floats:
    """Scores as something to buy again of items whose `sources` are the columns and whose wish is `own`."""
    weights = np.array([settings[f"again_{name}"] for name in SOURCES], np.float32)
    total: Floats = weights @ sources
    return total + np.float32(settings["own"]) * own


def best(values: Floats, limit: int) -> Ints:
    """Positions of the `limit` largest positive values, best first; of equals the first position."""
    chosen = np.flatnonzero(values > 0)
    if len(chosen) > limit:
        found = values[chosen]
        chosen = chosen[found >= np.partition(found, len(found) - limit)[len(found) - limit]]
    order = np.argsort(-values[chosen], kind="stable")
    return chosen[order][:limit].astype(np.int32)


def _squashed(values: Floats) -> Floats:
    """Between 0 and 1, in the same order: lists are shown positive scores."""
    squashed: Floats = (1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0)))).astype(np.float32)
    return squashed


def _repeats(places: Ints, made: Ranking, bundle: Bundle) -> list[Candidate]:
    ids = bundle.item_ids[made.scores.items[made.chosen[places]]].tolist()
    rounded = _rounded(made.values[places])
    return [Candidate(item, value, reasons.AGAIN, item) for item, value in zip(ids, rounded, strict=True)]


def _explained(places: Ints, made: Ranking, bundle: Bundle) -> list[Candidate]:
    """Each candidate with the source that speaks most for it, and the item that led to it there."""
    if not len(places):
        return []
    scores, chosen = made.scores, made.chosen[places]
    weights = np.array([bundle.settings[name] for name in SOURCES], np.float32)
    leading = (scores.sources[:, chosen] * weights[:, None]).argmax(axis=0)
    items = scores.items[chosen]
    cause = np.full(len(items), -1, np.int32)
    tables = (
        (bundle.similar_items, bundle.similar_scores),
        (bundle.next_items, bundle.next_scores),
        (bundle.together_items, bundle.together_scores),
    )
    for number, table in enumerate(tables):
        led = leading == number
        cause[led] = _causes(items[led], table, scores.basis, number)
    seen = leading == SEEN
    cause[seen] = items[seen]
    because = np.where(cause >= 0, bundle.item_ids[cause], "").tolist()
    words = [WORDS[source] for source in leading.tolist()]
    rows = zip(bundle.item_ids[items].tolist(), _rounded(made.values[places]), words, because, strict=True)
    return [Candidate(*row) for row in rows]


def _causes(items: Ints, table: tuple[Ints, Floats], basis: Basis, number: int) -> Ints:
    """For each of the items the row that contributed most to it (the first of equals), −1 when none did."""
    found, rows = np.full(len(items), -1, np.int32), basis.rows[number]
    if not len(rows) or not len(items) or not len(table[0]):
        return found
    order = np.argsort(items)
    entries = table[0][rows]
    places = np.minimum(np.searchsorted(items[order], entries), len(items) - 1)
    row, column = np.nonzero(items[order][places] == entries)
    target, amounts = order[places[row, column]], (table[1][rows] * basis.weights[number][:, None])[row, column]
    by_amount = np.lexsort((-row, amounts))  # the last write wins: the largest amount, of equals the first row
    found[target[by_amount]] = rows[row[by_amount]]
    return found


def _rounded(values: Floats) -> list[float]:
    return [round(value, 6) for value in values.tolist()]
