"""Learning to rank candidates: LightGBM's LambdaRank over moments that the sources have not seen.

The ranker is taken only where it does clearly better than the blend on moments of shoppers it has not seen (cross-validation where there
are few); and where a single source does clearly better than either, that source ranks alone: a mixture must not lose to one of its parts.
A ranker that is taken is grown once more, as many trees, of all moments.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from shared.evaluation.metrics import clearly_worse, worth_ndcg
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import best, blended, shortlist
from shared.models.features import INCREASING, NAMES, Asked, features
from shared.models.forest import LEAVES, Forest, grown
from shared.models.judge import placed
from shared.models.moments import Moment
from shared.models.sources import SOURCES, Scores, score

MOST = 8_000  # moments learned from
FEWEST = 200  # moments; below, the blend ranks
FEWEST_SHOPPERS = 60  # a quarter of them judges
PARTS = 4  # of the shoppers, of which one is kept apart for the trees to stop by and to be judged on
MOST_FOLDED = 4_000  # moments up to which every part is kept apart once: few moments tell little, and growing trees of them takes seconds
TREES = 80
PATIENCE = 15  # trees without gain before stopping
K = 20
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [K],
    "lambdarank_truncation_level": 20,
    "num_leaves": LEAVES - 1,
    "learning_rate": 0.1,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Learned(NamedTuple):
    """`forest` is None when the blend does as well, `alone` the source that is to rank alone, "" for none. `curve` is the NDCG@20 after
    each tree on judged moments, `compared` what each way of ranking has there."""

    forest: Forest | None
    curve: list[float]
    compared: dict[str, float]
    alone: str = ""


class Table(NamedTuple):
    """Candidates of moments, one after the other; `sizes` says how many are of each."""

    rows: Floats  # (m, len(NAMES))
    gains: NDArray[np.int32]  # (m,) 0 what did not come
    sizes: NDArray[np.int32]
    weights: Floats  # (m,) of the moment each row is of


class Candidates(NamedTuple):
    """What is ordered at a moment: positions `chosen` of `scores`, their features, and the blend's scores of them."""

    scores: Scores
    chosen: Ints
    rows: Floats
    blend: Floats

    @property
    def items(self) -> Ints:
        return self.scores.items[self.chosen]


class Judged(NamedTuple):
    """Candidates of one moment: features, scores of all ways to rank but the trees, and what the right ones, by position, are worth."""

    rows: Floats
    others: dict[str, Floats]
    right: Mapping[int, float]
    gains: NDArray[np.int32]
    weight: float


def learn(bundle: Bundle, moments: Sequence[Moment]) -> Learned:
    """`bundle` must know nothing of what came after the moments began."""
    parts = _parts(moments)
    least = len(moments) - max(map(len, parts))
    if least < FEWEST or len({m.shopper for m in moments}) < FEWEST_SHOPPERS:
        return Learned(None, [], {})
    found = [judged(bundle, part) for part in parts]
    tables = [tabled(part) for part in found]
    if not all(len(table.sizes) for table in tables):
        # of some part nothing that came is found: there is nothing to learn or to judge by
        return Learned(None, [], {})
    apart = range(len(parts) if len(moments) <= MOST_FOLDED else 1)
    folds = [_fold(tables[:fold] + tables[fold + 1 :], found[fold]) for fold in apart]
    curve = _mean([one.curve for one in folds])
    values = {name: np.concatenate([one.values[name] for one in folds]) for name in folds[0].values}
    compared = {name: float(all_of.mean()) for name, all_of in values.items()}
    better = clearly_worse(values["blend"].tolist(), values["ranker"].tolist())
    alone = max(SOURCES, key=lambda name: compared[name])
    if clearly_worse(values["ranker" if better else "blend"].tolist(), values[alone].tolist()):
        return Learned(None, curve, compared, alone)
    return Learned(_grown(tables, int(np.argmax(curve)) + 1) if better else None, curve, compared)


def _parts(moments: Sequence[Moment]) -> list[list[Moment]]:
    """The moments of PARTS shares of the shoppers, drawn."""
    shoppers = np.unique([m.shopper for m in moments])
    drawn = np.random.default_rng(1).permutation(len(shoppers)) % PARTS
    part = dict(zip(shoppers.tolist(), drawn.tolist(), strict=True))
    return [[m for m in moments if part[m.shopper] == number] for number in range(PARTS)]


class Fold(NamedTuple):
    """Trees grown without a part of the shoppers: NDCG@20 after each tree on that part, and of each way to rank at each of its moments."""

    curve: list[float]
    values: dict[str, NDArray[np.float64]]


def _fold(learning: Sequence[Table], apart: Sequence[Judged]) -> Fold:
    booster, curve = _grow(_joined(learning), tabled(apart))
    return Fold(curve, _compare(apart, grown(booster.dump_model())))


def _mean(curves: Sequence[list[float]]) -> list[float]:
    """As far as all of them go."""
    shortest = min(map(len, curves))
    mean: list[float] = np.mean([curve[:shortest] for curve in curves], axis=0).tolist()
    return mean


def _grown(tables: Sequence[Table], trees: int) -> Forest:
    return grown(lgb.train(_parameters(), _dataset(_joined(tables)), trees).dump_model())


def tabled(judged: Sequence[Judged]) -> Table:
    """What came, among all that is ordered with it: wrong candidates that are drawn look unlike what is served, and trees that learned from
    some of them order the rest worse."""
    return _table([(one.rows, one.gains, one.weight) for one in judged if one.gains.any()])


def candidates(bundle: Bundle, moment: Moment) -> Candidates:
    """Those served to such a shopper; of what was shown, those shown that are candidates at all. Features are those of all that is
    ordered together, as they are served."""
    scores = score(moment.state, bundle, moment.now)
    values = blended(scores, bundle.settings)
    chosen = shortlist(scores, values)
    if not moment.shown:
        rows = features(scores, values, chosen, Asked(moment.state, moment.now), bundle)
        return Candidates(scores, chosen, rows, values[chosen])
    shown = np.flatnonzero(np.isin(scores.items, bundle.indices(list(moment.shown)))).astype(np.int32)
    together = np.union1d(chosen, shown).astype(np.int32)
    rows = features(scores, values, together, Asked(moment.state, moment.now), bundle)
    return Candidates(scores, shown, rows[np.searchsorted(together, shown)], values[shown])


def _table(parts: Sequence[tuple[Floats, NDArray[np.int32], float]]) -> Table:
    if not parts:
        none = np.zeros(0, np.int32)
        return Table(np.zeros((0, len(NAMES)), np.float32), none, none, np.zeros(0, np.float32))
    sizes = np.array([len(gains) for _, gains, _ in parts], np.int32)
    weights = np.repeat(np.array([weight for _, _, weight in parts], np.float32), sizes)
    return Table(np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), sizes, weights)


def _gains(bundle: Bundle, items: Ints, right: dict[str, float]) -> NDArray[np.int32]:
    """Whole numbers from 1 for what came, by what it is worth beside the other things that came."""
    places = bundle.indices(list(right))
    worth = np.array(list(right.values()), np.float32)
    top = max(float(worth.max(initial=0.0)), 1e-9)
    levels = (
        np.where(worth > 0, 1 + np.floor(3.0 * worth / top), 1) if len(np.unique(worth)) > 1 else np.ones(len(worth))
    )
    found = np.zeros(len(items), np.int32)
    for place, level in zip(places.tolist(), levels.tolist(), strict=True):
        found[items == place] = int(level)
    return found


def judged(bundle: Bundle, moments: Sequence[Moment]) -> list[Judged]:
    """The moments that some way of ranking could do well at."""
    return [one for moment in moments if (one := _judged(bundle, moment))]


def _judged(bundle: Bundle, moment: Moment) -> Judged | None:
    """None when nothing that came is known to the model: no way of ranking could find it."""
    places = bundle.indices(list(moment.right)).tolist()
    right = {place: worth for place, worth in zip(places, moment.right.values(), strict=True) if place >= 0}
    if not any(right.values()):
        return None
    found = candidates(bundle, moment)
    others = {name: row[found.chosen] for name, row in zip(SOURCES, found.scores.sources, strict=True)}
    gains = _gains(bundle, found.items, moment.right)
    # what came and was not found counts as missed
    return Judged(found.rows, {"blend": found.blend, **others}, placed(found.items, right), gains, moment.weight)


def _joined(tables: Sequence[Table]) -> Table:
    return Table(*(np.concatenate(parts) for parts in zip(*tables, strict=True)))


def _grow(table: Table, check: Table) -> tuple[lgb.Booster, list[float]]:
    data = _dataset(table)
    curves: dict[str, Any] = {}
    stop: Any = lgb.early_stopping(PATIENCE, verbose=False)
    others, noted = [_dataset(check, data)], lgb.record_evaluation(curves)
    booster = lgb.train(_parameters(), data, TREES, valid_sets=others, callbacks=[stop, noted])
    return booster, next(iter(curves["valid_0"].values()))


def _parameters() -> dict[str, Any]:
    return {**PARAMETERS, "monotone_constraints": [int(name in INCREASING) for name in NAMES]}


def _dataset(table: Table, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    options: dict[str, Any] = {"feature_name": list(NAMES), "free_raw_data": False, "reference": reference}
    return lgb.Dataset(table.rows, table.gains, group=table.sizes, weight=_uneven(table), **options)


def _uneven(table: Table) -> Floats | None:
    """None where all moments count the same, for then LightGBM has less to do."""
    return None if (table.weights == 1.0).all() else table.weights


def _compare(judged: Sequence[Judged], forest: Forest) -> dict[str, NDArray[np.float64]]:
    """NDCG@20, by worth, of the trees, of the blend and of every source, of each moment, times its weight beside the mean one."""
    values: dict[str, list[float]] = {}
    for moment in judged:
        raw = forest.predict(moment.rows)
        ways = {**moment.others, "ranker": raw - raw.min() + 1.0}
        for name, scores in ways.items():
            values.setdefault(name, []).append(worth_ndcg(best(scores, K).tolist(), moment.right))
    weights = np.array([moment.weight for moment in judged])
    return {name: np.array(found) * weights / weights.mean() for name, found in values.items()}
