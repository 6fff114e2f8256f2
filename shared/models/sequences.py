"""What comes next in sessions: transitions from an item to those after it, nearer ones counting more, the direction kept."""

import numpy as np
import scipy.sparse as sp

from shared.models.bundle import Floats, Ints
from shared.models.interactions import DAY, ENGAGED, Interactions

FOLLOWING = 50
REACH = 5  # items ahead; the one `d` ahead counts 1/d
LATEST = 5_000_000  # rows that sequences are read from
SHRINK = 3.0  # transitions that an item is assumed to have had to nowhere: few observations say little


def following(data: Interactions, now: float, days: float, neighbours: int = FOLLOWING) -> tuple[Ints, Floats]:
    """Of each item the items that follow it most, and how often after it: positions and shares, (n, K), padded with −1.

    What happened `days` before `now` (epoch seconds) counts half.
    """
    size = len(data.items)
    rows = np.flatnonzero(data.kind != ENGAGED)[-LATEST:]
    rows = rows[np.argsort(data.session[rows], kind="stable")]
    again = (data.item[rows][1:] == data.item[rows][:-1]) & (data.session[rows][1:] == data.session[rows][:-1])
    rows = rows[np.concatenate([[True], ~again])] if len(rows) else rows
    item, session = data.item[rows], data.session[rows]
    fresh = np.exp2((data.at[rows] - now) / (days * DAY)).astype(np.float32)
    total = sp.csr_matrix((size, size), dtype=np.float32)
    for step in range(1, REACH + 1):
        near = (session[step:] == session[:-step]) & (item[step:] != item[:-step])
        pair = (item[:-step][near], item[step:][near])
        total += sp.csr_matrix((fresh[step:][near] / np.float32(step), pair), shape=(size, size))
    return top(total, neighbours)


def top(matrix: "sp.csr_matrix", neighbours: int) -> tuple[Ints, Floats]:
    """The largest entries of each row as a share of the row, best first, of equals the first."""
    size, sums = matrix.shape[0], np.asarray(matrix.sum(axis=1)).ravel()
    items, scores = np.full((size, neighbours), -1, np.int32), np.zeros((size, neighbours), np.float32)
    row = np.repeat(np.arange(size), np.diff(matrix.indptr))
    share = (matrix.data / (sums[row] + SHRINK)).astype(np.float32)
    order = np.argsort(row - share.astype(np.float64) / 2, kind="stable")  # shares lie below 1
    place = np.arange(matrix.nnz) - matrix.indptr[:-1][row]
    kept = place < neighbours
    items[row[kept], place[kept]] = matrix.indices[order][kept]
    scores[row[kept], place[kept]] = share[order][kept]
    return items, scores
