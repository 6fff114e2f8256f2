"""What is counted of each item for the ranker."""

import numpy as np

from shared.distinct import distinct
from shared.models.bundle import FACTS, Floats
from shared.models.interactions import DAY, ORDER, VIEW, Interactions

FAST, SLOW = 3.0, 21.0  # days: half-lives of which the trend is the relation
FEW = 5.0  # rows an item is assumed to have had besides
FEW_INTERVALS = 3.0  # intervals between two orders that an item is assumed to have had, as long as usual


def counted(data: Interactions, now: float) -> Floats:
    """(len(FACTS), n). `support` is the logarithm of the rows, `trend` that of recent against former ones, `first_day` the epoch day
    of the first, `returns` how often a session comes back to the item, `interval` the days between a shopper's orders of it
    (0 when nobody orders anything twice), `conversion` orders a view."""
    size, item = len(data.items), data.item.astype(np.intp)
    rows = np.bincount(item, minlength=size)
    fast, slow = (
        np.bincount(item, np.exp2((data.at - now) / (days * DAY)), size) / days + FEW / SLOW / 10
        for days in (FAST, SLOW)
    )
    first = np.full(size, now / DAY)
    np.minimum.at(first, item, data.at / DAY)
    visits = np.bincount(distinct(data.session.astype(np.int64) * size + item) % max(size, 1), minlength=size)
    orders = np.bincount(item[data.kind == ORDER], minlength=size)
    views = np.bincount(item[data.kind == VIEW], minlength=size)
    facts = {
        "support": np.log1p(rows),
        "trend": np.log(fast / slow),
        "first_day": first,
        "returns": (rows - visits) / (visits + FEW),
        "interval": _intervals(data, size),
        "conversion": orders / (views + FEW),
    }
    return np.stack([facts[name] for name in FACTS]).astype(np.float32)


def _intervals(data: Interactions, size: int) -> Floats:
    orders = data.where(data.kind == ORDER)
    pair = orders.shopper.astype(np.int64) * size + orders.item
    by_pair = np.argsort(pair, kind="stable")  # rows are in order of time
    same = pair[by_pair][1:] == pair[by_pair][:-1]
    days = np.diff(orders.at[by_pair])[same] / DAY
    item, days = orders.item[by_pair][1:][same][days > 0], days[days > 0]
    if not len(days):
        return np.zeros(size, np.float32)
    usual = float(days.mean())
    counts, sums = np.bincount(item, minlength=size), np.bincount(item, days, size)
    intervals: Floats = ((sums + FEW_INTERVALS * usual) / (counts + FEW_INTERVALS)).astype(np.float32)
    return intervals
