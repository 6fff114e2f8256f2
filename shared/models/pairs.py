"""Items that go with items, counted over groups (orders, sessions): association measures with support, three-step random
walks, and regression."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from shared.models.bundle import Floats, Ints

COSINE, LIFT, NPMI = range(3)
FEWEST = 3  # groups that a pair must share before its lift or NPMI says anything
DOUBT = 10.0  # groups: the lift of a pair that shares so many counts half
BETA = 0.5  # of RP³β: how much popularity is held against an item
BLOCK = 2048  # rows of a product held at once
PREDICTORS = 60  # items that one item is foretold from
PAIRS = 150  # of each item, by cosine, that count when its predictors are held against each other
BATCH = 128  # regressions solved at once

Worth = Callable[[Any, Any, Any], Any]  # values, positions from, positions to -> scores


def associated(groups: "sp.csr_matrix", kind: int, neighbours: int) -> tuple[Ints, Floats]:
    """The items most associated with each item over `groups` (g, n), of which only counts who is in them: positions and scores, (n, K).

    With c the groups of a pair, a and b those of its items: cosine c/√(ab); log lift log(c·g/(ab)), times c/(c + DOUBT); NPMI
    log(c·g/(ab)) / log(g/c) (Bouma, 2009), 1 for items that are never apart. By the latter two, pairs that share less than FEWEST
    groups, or less than chance would have it, are left out.
    """
    member = sp.csr_matrix((np.ones(groups.nnz, np.float32), groups.indices, groups.indptr), shape=groups.shape)
    sizes = np.asarray(member.sum(axis=0)).ravel().astype(np.float64)
    total = float((np.diff(member.indptr) > 0).sum())

    def worth(shared: Any, one: Any, other: Any) -> Any:
        if kind == COSINE:
            return shared / np.sqrt(sizes[one] * sizes[other])
        surprise = np.log(shared * total / (sizes[one] * sizes[other]))
        told = shared >= FEWEST
        if kind == LIFT:
            return np.where(told, surprise * shared / (shared + DOUBT), 0.0)
        rarity = np.log(total / shared)
        return np.where(told & (rarity > 0), surprise / np.maximum(rarity, 1e-9), 0.0)

    return _best(member.T.tocsr(), member, worth, neighbours)


def walked(groups: "sp.csr_matrix", neighbours: int, beta: float = BETA) -> tuple[Ints, Floats]:
    """RP³β (Paudel et al., 2017): the chance to get from an item by one of its groups to another item, divided by that item's share of
    all to the power of `beta`; positions and scores, (n, K). `groups` (g, n) are weights."""
    weights = groups.astype(np.float32)
    into, out = (_by_row(matrix) for matrix in (weights.T.tocsr(), weights))
    popular = np.asarray(weights.sum(axis=0)).ravel().astype(np.float64)
    against = np.maximum(popular / max(popular.max(initial=0.0), 1e-12), 1e-12) ** beta
    return _best(into, out, lambda values, _, other: values / against[other], neighbours)


def regressed(groups: "sp.csr_matrix", neighbours: int, ridge: float) -> tuple[Ints, Floats]:
    """What each item's presence in a group adds to the chance of another's, all else the same; positions and scores, (n, K). `groups`
    (g, n) are weights. See `weighed`."""
    members = sp.csr_matrix(groups, dtype=np.float32, copy=True)
    members.data = np.sqrt(members.data)  # so that a group of half the weight counts half
    members.eliminate_zeros()  # what happened too long ago to weigh anything
    sizes = np.asarray(members.multiply(members).sum(axis=0)).ravel().astype(np.float64)

    def cosine(shared: Any, one: Any, other: Any) -> Any:
        return shared / np.sqrt(sizes[one] * sizes[other])

    return weighed(_best(members.T.tocsr(), members, cosine, PAIRS), sizes, neighbours, ridge)


def weighed(pairs: tuple[Ints, Floats], sizes: Any, neighbours: int, ridge: float) -> tuple[Ints, Floats]:
    """Neighbours by ridge regression of each item on the PREDICTORS that are closest to it by cosine: fsSLIM (Ning and Karypis, 2011)
    with a squared penalty alone, or EASE (Steck, 2019) where only items close to each other may have a weight.

    `pairs` are positions and cosines (n, P), best first, padded with −1; `sizes` (n,) the sums of squares they were divided by. With G the
    items' products, the weights of predictors S of item j are (G_SS + ridge·I)⁻¹ G_Sj. Pairs that are not among `pairs` count 0.
    """
    near, cosines = np.ascontiguousarray(pairs[0]), np.ascontiguousarray(pairs[1])  # rows are taken one by one
    counts = (near[:, :PREDICTORS] >= 0).sum(axis=1)
    by_count = np.argsort(counts, kind="stable")
    told = by_count[counts[by_count] > 0]
    batches = [told[start : start + BATCH] for start in range(0, len(told), BATCH)]
    found = [_regression(near, cosines, sizes, ridge, items) for items in batches]
    table = np.full((len(near), neighbours), -1, np.int32), np.zeros((len(near), neighbours), np.float32)
    if found:
        rows, columns, weights = (np.concatenate(part) for part in zip(*found, strict=True))
        shape = (len(near), len(near))
        _fill(*table, sp.csr_matrix((weights.astype(np.float32), (rows, columns)), shape=shape))
    return table


def _regression(near: Ints, cosines: Floats, sizes: Any, ridge: float, items: Any) -> tuple[Any, Any, Any]:
    """Predictors, the `items` they foretell (about as many for each, the last having most) and the weights above 0."""
    width = int((near[items[-1], :PREDICTORS] >= 0).sum())
    chosen = near[items, :width]
    held = chosen >= 0
    norms = np.where(held, np.sqrt(sizes[chosen]), 0.0)
    alike = _alike(near, cosines, chosen)
    # of a pair either item may have left the other out
    products = np.maximum(alike, alike.transpose(0, 2, 1)) * norms[:, :, None] * norms[:, None, :]
    diagonal = np.arange(width)
    products[:, diagonal, diagonal] = norms**2 + ridge
    right = cosines[items, :width] * norms * np.sqrt(sizes[items, None])
    weights = np.linalg.solve(products, right[:, :, None])[:, :, 0]
    good = weights > 0
    return chosen[good], np.repeat(items, good.sum(axis=1)), weights[good]


def _alike(near: Ints, cosines: Floats, chosen: Ints) -> Any:
    """The cosines of the `chosen` (b, k), padded with −1, of each row with each other, as far as the table knows them: (b, k, k)."""
    (size, width), wide = chosen.shape, near.shape[1]
    place, order = np.full(len(near) + 1, -1, np.int32), np.arange(width, dtype=np.int32)  # padding, −1, reads the last
    entries, columns = [], []
    for number, row in enumerate(chosen):
        mine = row[row >= 0]
        place[mine] = order[: len(mine)]
        column = place.take(near.take(mine, axis=0).ravel())
        place[mine] = -1
        told = np.flatnonzero(column >= 0)
        entries.append(told + number * width * wide)
        columns.append(column.take(told))
    rows, at = np.divmod(np.concatenate(entries), wide)
    alike = np.zeros((size * width, width))
    alike[rows, np.concatenate(columns)] = cosines[chosen.ravel()[rows], at]
    return alike.reshape(size, width, width)


def _fill(items: Ints, scores: Floats, found: Any) -> None:
    """Write the entries above 0 of each row of `found`, a sparse matrix of 32-bit numbers, into a table: as many as fit, the best first,
    of equals the first column."""
    found.sort_indices()
    counts = np.diff(found.indptr)
    row, value = np.repeat(np.arange(len(counts)), counts), np.where(found.data > 0, found.data, np.float32(0))
    # numbers that are not negative compare as their bits do, and one key sorts several times as fast as two
    order = np.argsort((row << 32) - value.view(np.int32), kind="stable")
    column, value = found.indices[order], value[order]
    place = np.arange(found.nnz) - np.repeat(found.indptr[:-1], counts)
    top = (place < items.shape[1]) & (value > 0)
    items[row[top], place[top]] = column[top]
    scores[row[top], place[top]] = value[top]


def _by_row(matrix: Any) -> Any:
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    return sp.csr_matrix(sp.diags_array((1.0 / np.maximum(sums, 1e-12)).astype(np.float32)) @ matrix)


def _best(left: Any, right: Any, worth: Worth, neighbours: int) -> tuple[Ints, Floats]:
    """The `neighbours` best entries of each row of left · right (n, n), an item never its own; best first, of equals the first item;
    padded with −1."""
    size = right.shape[1]
    items, scores = np.full((size, neighbours), -1, np.int32), np.zeros((size, neighbours), np.float32)
    for start in range(0, size, BLOCK):
        product = sp.csr_matrix(left[start : start + BLOCK] @ right)
        row, column = np.repeat(np.arange(start, start + product.shape[0]), np.diff(product.indptr)), product.indices
        value = worth(product.data.astype(np.float64), row, column).astype(np.float32)
        product.data = np.where(column == row, np.float32(0), value)
        _fill(items[start : start + BLOCK], scores[start : start + BLOCK], product)
    return items, scores
