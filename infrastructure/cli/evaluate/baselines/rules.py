"""Association rules and sequential rules, from the last item (Ludewig and Jannach, 2018: `ar` and `sr` of session-rec)."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from infrastructure.cli.evaluate.baselines.scores import Scored, histories
from infrastructure.cli.evaluate.baselines.tuned import Rank, Settings, Tuned
from shared.models.interactions import Interactions


def association() -> Tuned:
    """How often two items were in one session, every pair of events counted."""
    return Tuned("association rules", _association, {}, {"decay": [0.0]})


def sequential() -> Tuned:
    """How often an item came after another in one session, at most `steps` later, weighted 1/steps."""
    return Tuned("sequential rules", _sequential, {"steps": [1, 3, 10], "itself": [False, True]}, {"decay": [0.0]})


def by_time(train: Interactions) -> tuple[Any, Any]:
    """Sessions and items of the rows, a session's rows one after the other in order of time."""
    order = np.argsort(train.session, kind="stable")
    return train.session[order], train.item[order]


def _association(train: Interactions, now: float, settings: Settings) -> Rank:
    size = len(train.items)
    height = int(train.session.max(initial=0)) + 1
    sessions = sp.csr_matrix((np.ones(len(train), np.float32), (train.session, train.item)), shape=(height, size))
    return _from_last(_without_diagonal(sessions.T @ sessions))


def _sequential(train: Interactions, now: float, settings: Settings) -> Rank:
    session, item = by_time(train)
    size, rules = len(train.items), sp.csr_matrix((len(train.items), len(train.items)), dtype=np.float32)
    for step in range(1, settings["steps"] + 1):
        same = session[step:] == session[:-step]
        pairs = (item[:-step][same], item[step:][same])
        rules = rules + sp.csr_matrix((np.full(int(same.sum()), 1.0 / step, np.float32), pairs), shape=(size, size))
    return _from_last(rules if settings["itself"] else _without_diagonal(rules))


def _from_last(rules: Any) -> Rank:
    return lambda chosen: Scored(lambda cases: histories(cases, chosen["decay"], counted=False) @ rules)


def _without_diagonal(rules: Any) -> Any:
    found = sp.csr_matrix(rules)
    found.setdiag(0.0)
    found.eliminate_zeros()
    return found
