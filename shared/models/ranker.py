"""Learning to rank candidates: LightGBM's LambdaRank over moments that the sources have not seen.

The ranker is taken only where it does better than the blend and than every single source on moments of its own.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from shared.evaluation.metrics import ndcg
from shared.models.bundle import Bundle, Floats, Ints
from shared.models.candidates import best, blended, shortlist
from shared.models.features import INCREASING, NAMES, Asked, features
from shared.models.forest import LEAVES, Forest, grown
from shared.models.moments import Moment
from shared.models.sources import SOURCES, score

MOST = 8_000  # moments learned from
FEWEST = 200  # moments; below, the blend ranks
FEWEST_SHOPPERS = 60  # a quarter of them judges
WRONG = 40  # candidates that did not come, of each moment
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
    """`forest` is None when the blend does as well. `curve` is the NDCG@20 after each tree on judged moments, `compared` what each way
    of ranking has there."""

    forest: Forest | None
    curve: list[float]
    compared: dict[str, float]


class Table(NamedTuple):
    """Candidates of moments, one after the other; `sizes` says how many are of each."""

    rows: Floats  # (m, len(NAMES))
    gains: NDArray[np.int32]  # (m,) 0 what did not come
    sizes: NDArray[np.int32]


class Judged(NamedTuple):
    """Candidates of one moment: features, scores of all ways to rank but the trees, and positions of the right ones."""

    rows: Floats
    others: dict[str, Floats]
    right: frozenset[int]


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
    compared = _compare(judged, forest)
    mine = compared.pop("ranker")
    better = mine > max(compared.values())
    return Learned(forest if better else None, curve, {"ranker": mine, **compared})


def tabled(bundle: Bundle, moments: Sequence[Moment], seed: int = 1) -> Table:
    """What came and some of what did not: half of it what the blend puts first, half drawn from the rest."""
    random = np.random.default_rng(seed)
    rows, gains, sizes = [], [], []
    for moment in moments:
        scores = score(moment.state, bundle, moment.now)
        values = blended(scores, bundle.settings)
        chosen = shortlist(scores, values)
        gain = _gains(bundle, scores.items[chosen], moment.right)
        if not gain.any():
            continue
        wrong = np.flatnonzero(gain == 0)
        first = wrong[np.argsort(-values[chosen[wrong]], kind="stable")]
        drawn = random.permutation(first[WRONG // 2 :])[: WRONG - WRONG // 2]
        kept = np.concatenate([np.flatnonzero(gain), first[: WRONG // 2], drawn])
        # features are those of the whole shortlist, as they are served
        rows.append(features(scores, values, chosen, Asked(moment.state, moment.now), bundle)[kept])
        gains.append(gain[kept])
        sizes.append(len(kept))
    width = len(NAMES)
    if not rows:
        return Table(np.zeros((0, width), np.float32), np.zeros(0, np.int32), np.zeros(0, np.int32))
    return Table(np.concatenate(rows), np.concatenate(gains), np.array(sizes, np.int32))


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
    right = bundle.indices(list(moment.right))
    right = right[right >= 0]
    if not len(right):
        return None
    scores = score(moment.state, bundle, moment.now)
    values = blended(scores, bundle.settings)
    chosen = shortlist(scores, values)
    told = features(scores, values, chosen, Asked(moment.state, moment.now), bundle)
    others = {name: row[chosen] for name, row in zip(SOURCES, scores.sources, strict=True)}
    came = frozenset(np.flatnonzero(np.isin(scores.items[chosen], right)).tolist())
    # what came and was not found counts as missed, by positions that no list has
    return Judged(told, {"blend": values[chosen], **others}, came | frozenset(range(-len(right) + len(came), 0)))


def _checked(judged: Sequence[Judged]) -> Table:
    gains = [np.isin(np.arange(len(j.rows)), list(j.right)).astype(np.int32) for j in judged]
    found = [n for n, gain in enumerate(gains) if gain.any()]
    sizes = np.array([len(gains[n]) for n in found], np.int32)
    return Table(np.concatenate([judged[n].rows for n in found]), np.concatenate([gains[n] for n in found]), sizes)


def _grow(table: Table, check: Table) -> tuple[lgb.Booster, list[float]]:
    data = lgb.Dataset(table.rows, table.gains, group=table.sizes, feature_name=list(NAMES), free_raw_data=False)
    other = lgb.Dataset(check.rows, check.gains, group=check.sizes, reference=data)
    parameters = {**PARAMETERS, "monotone_constraints": [int(name in INCREASING) for name in NAMES]}
    curves: dict[str, Any] = {}
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    booster = lgb.train(parameters, data, TREES, valid_sets=[other], callbacks=[stop, lgb.record_evaluation(curves)])
    return booster, next(iter(curves["valid_0"].values()))


def _compare(judged: Sequence[Judged], forest: Forest) -> dict[str, float]:
    """Mean NDCG@20 of the trees, of the blend and of every source."""
    values: dict[str, list[float]] = {}
    for moment in judged:
        raw = forest.predict(moment.rows)
        ways = {**moment.others, "ranker": raw - raw.min() + 1.0}
        for name, scores in ways.items():
            values.setdefault(name, []).append(ndcg(best(scores, K).tolist(), moment.right))
    return {name: float(np.mean(found)) for name, found in values.items()}
