"""Learning to rank candidates: LightGBM's LambdaRank over moments that the sources have not seen.

The ranker is taken only where it does better than the blend on moments of its own; and where a single source does clearly better than
either, that source ranks alone: a mixture must not lose to one of its parts.
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
WRONG = 40  # candidates that did not come, of each moment; more while all moments together have fewer than ROWS
ROWS = 400_000
JUDGED = 0.25  # share of the shoppers that the trees stop by and are judged on
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
    shoppers = np.unique([m.shopper for m in moments])
    held = set(np.random.default_rng(1).permutation(shoppers)[: int(len(shoppers) * JUDGED)].tolist())
    learning = [m for m in moments if m.shopper not in held]
    judged = [row for m in moments if m.shopper in held and (row := _judged(bundle, m))]
    if len(learning) < FEWEST or len(shoppers) < FEWEST_SHOPPERS or not judged:
        return Learned(None, [], {})
    table, check = tabled(bundle, learning), _checked(judged)
    booster, curve = _grow(table, check)
    forest = grown(booster.dump_model())
    values = _compare(judged, forest)
    compared = {name: float(found.mean()) for name, found in values.items()}
    best = "ranker" if compared["ranker"] > compared["blend"] else "blend"
    alone = max(SOURCES, key=lambda name: compared[name])
    if clearly_worse(values[best].tolist(), values[alone].tolist()):
        return Learned(None, curve, compared, alone)
    return Learned(forest if best == "ranker" else None, curve, compared)


def tabled(bundle: Bundle, moments: Sequence[Moment], seed: int = 1) -> Table:
    """What came and, of many moments, some of what did not: half of it what the blend puts first, half drawn from the rest.

    Of few moments all of it: what is drawn looks unlike what is served, and where much comes at once the trees then order it worse than the
    blend does.
    """
    random, most = np.random.default_rng(seed), max(WRONG, ROWS // max(len(moments), 1))
    parts = []
    for moment in moments:
        found = candidates(bundle, moment)
        gain = _gains(bundle, found.items, moment.right)
        if not gain.any():
            continue
        wrong = np.flatnonzero(gain == 0)
        first = wrong[np.argsort(-found.blend[wrong], kind="stable")]
        drawn = random.permutation(first[most // 2 :])[: most - most // 2]
        kept = np.concatenate([np.flatnonzero(gain), first[: most // 2], drawn])
        parts.append((found.rows[kept], gain[kept], moment.weight))
    return _table(parts)


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


def _checked(judged: Sequence[Judged]) -> Table:
    return _table([(one.rows, one.gains, one.weight) for one in judged if one.gains.any()])


def _grow(table: Table, check: Table) -> tuple[lgb.Booster, list[float]]:
    options: dict[str, Any] = {"feature_name": list(NAMES), "free_raw_data": False}
    data = lgb.Dataset(table.rows, table.gains, group=table.sizes, weight=_uneven(table), **options)
    other = lgb.Dataset(check.rows, check.gains, group=check.sizes, weight=_uneven(check), reference=data)
    parameters = {**PARAMETERS, "monotone_constraints": [int(name in INCREASING) for name in NAMES]}
    curves: dict[str, Any] = {}
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    booster = lgb.train(parameters, data, TREES, valid_sets=[other], callbacks=[stop, lgb.record_evaluation(curves)])
    return booster, next(iter(curves["valid_0"].values()))


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
