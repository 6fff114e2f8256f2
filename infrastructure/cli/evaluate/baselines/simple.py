"""What is popular, and what the shopper dealt with already."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from infrastructure.cli.evaluate.baselines.scores import Floats, SameForAll, Scored, latest
from infrastructure.cli.evaluate.baselines.tuned import Rank, Settings, Tuned
from shared.evaluation.task import Cases
from shared.models.interactions import DAY, Interactions

ALL = 10_000.0  # days: everything


def popularity() -> Tuned:
    return Tuned("popularity, all time", _popular, {"days": [ALL]})


def recent_popularity() -> Tuned:
    return Tuned("popularity, recent", _popular, {"days": [1.0, 3.0, 7.0, 14.0, 30.0]})


def own() -> Tuned:
    """What was dealt with in the session or the history, latest or most frequent first, and nothing else."""
    return Tuned("own items", _own, {"days": [0.0]}, {"order": ["latest", "count"]})


def own_and_popular() -> Tuned:
    """Own items in front, then what is popular."""
    orders = {"order": ["latest", "count", "count, popular"]}
    return Tuned("own items + popularity", _own, {"days": [7.0, 30.0, ALL]}, orders)


def counts(train: Interactions, now: float, days: float) -> Floats:
    """How many shoppers dealt with each item in the last `days`, over their maximum plus 1, so that it is always below 1."""
    recent = train.since(now - days * DAY)
    pairs = np.unique(recent.shopper.astype(np.int64) * len(train.items) + recent.item)
    found = np.bincount(pairs % len(train.items), minlength=len(train.items)).astype(np.float32)
    found /= found.max(initial=0.0) + np.float32(1.0)
    return found


def _popular(train: Interactions, now: float, settings: Settings) -> Rank:
    values = counts(train, now, settings["days"])
    return lambda _: SameForAll(values)


def _own(train: Interactions, now: float, settings: Settings) -> Rank:
    popular = counts(train, now, settings["days"])

    def scores(cases: Cases, order: str) -> Any:
        """Own items have 1 and more: by how late the latest event was, or by the number of events and of equals by that or by
        popularity, which is below 1."""
        size = (len(cases), len(cases.history.items))
        case, item, steps = latest(cases)
        behind = popular[item] if order == "count, popular" else 1.0 / (1.0 + steps)
        events = sp.csr_matrix((np.ones(len(cases.history)), (cases.history.shopper, cases.history.item)), shape=size)
        values = behind + (1.0 if order == "latest" else 2.0 * events[case, item].A1)
        if not popular.any():
            return sp.csr_matrix((values, (case, item)), shape=size)
        dense = np.tile(np.where(popular > 0, popular, -np.inf), (len(cases), 1))
        dense[case, item] = values
        return dense

    return lambda chosen: Scored(lambda cases: scores(cases, chosen["order"]))
