"""Item-item models over sessions: the similarity of the last item, or of the history with weights decay^(steps back)."""

import warnings
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

from infrastructure.cli.evaluate.baselines.scores import Scored, histories
from infrastructure.cli.evaluate.baselines.tuned import Rank, Settings, Tuned
from shared.evaluation.task import Task
from shared.models.interactions import Interactions
from shared.models.pairs import walked

WALK_NEIGHBOURS = 200
DECAYS = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
KINDS: dict[str, Any] = {"TF-IDF": TFIDFRecommender, "cosine": CosineRecommender, "BM25": BM25Recommender}


def last_item() -> Tuned:
    return Tuned("item-item TF-IDF, last item", partial(_fit, "TF-IDF"), {"neighbours": [100, 500]}, {"decay": [0.0]})


def decayed(kind: str, task: Task) -> Tuned:
    """`kind` is one of KINDS. BM25 has two more settings. Where shoppers have one session each there is nothing else to count by."""
    grid: dict[str, list[Any]] = {"neighbours": [100, 500]}
    if task == "top":
        grid |= {"by": ["session", "shopper"]}
    if kind == "BM25":
        grid |= {"K1": [1.2], "B": [0.2, 0.75]}
    return Tuned(f"item-item {kind}, decayed", partial(_fit, kind), grid, {"decay": DECAYS})


def walks(task: Task) -> Tuned:
    """RP³β, random walks of three steps (Paudel et al., 2017)."""
    grid: dict[str, list[Any]] = {"beta": [0.3, 0.5, 0.7]}
    if task == "top":
        grid |= {"by": ["session", "shopper"]}
    return Tuned("RP3beta", _walks, grid, {"decay": DECAYS})


def matrix(train: Interactions, by: str) -> Any:
    """The sessions or shoppers there are by items, how often each: (s, n)."""
    names, rows = np.unique(train.session if by == "session" else train.shopper, return_inverse=True)
    shape = (len(names), len(train.items))
    return sp.csr_matrix((np.ones(len(train), np.float32), (rows, train.item)), shape=shape)


def _fit(kind: str, train: Interactions, now: float, settings: Settings) -> Rank:
    options = {name: settings[name] for name in ("K1", "B") if name in settings}
    model = KINDS[kind](K=settings["neighbours"], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of conversions it makes itself
        model.fit(matrix(train, settings.get("by", "session")), show_progress=False)
    return _from(sp.csr_matrix(model.similarity, dtype=np.float32))


def _walks(train: Interactions, now: float, settings: Settings) -> Rank:
    items, scores = walked(matrix(train, settings.get("by", "session")), WALK_NEIGHBOURS, settings["beta"])
    row, column = np.nonzero(items >= 0)
    size = len(items)
    return _from(sp.csr_matrix((scores[row, column], (row, items[row, column])), shape=(size, size)))


def _from(similarity: Any) -> Rank:
    return lambda chosen: Scored(lambda cases: histories(cases, chosen["decay"]) @ similarity)
