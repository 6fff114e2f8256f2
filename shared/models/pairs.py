"""Items that go with items, counted over groups (orders, sessions): association measures with support, three-step random
walks, and regression."""

from collections.abc import Callable, Sequence
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
PAIRS = 500  # of each item, by cosine, that count when its predictors are held against each other

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
    near, cosines = pairs
    norms, wide = np.sqrt(sizes), near.shape[1]
    place, found = np.full(len(near) + 1, -1, np.int32), []  # padding, −1, reads the last
    for item in np.flatnonzero(near[:, :1].ravel() >= 0).tolist():
        chosen = near[item, :PREDICTORS]
        chosen = chosen[chosen >= 0]
        count = len(chosen)
        place[chosen] = np.arange(count)
        columns = place.take(near.take(chosen, axis=0)).ravel()
        place[chosen] = -1
        told = np.flatnonzero(columns >= 0)
        products = np.zeros((count, count))
        products[told // wide, columns.take(told)] = cosines.take(chosen, axis=0).ravel().take(told)
        # of a pair either item may have left the other out
        products = np.maximum(products, products.T) * np.outer(norms[chosen], norms[chosen])
        products[np.diag_indices(count)] = sizes[chosen] + ridge
        weights = np.linalg.solve(products, cosines[item, :count] * norms[chosen] * norms[item])
        good = weights > 0
        found.append((chosen[good], np.full(int(good.sum()), item, np.int32), weights[good]))
    return _packed(found, len(near), neighbours)


def _packed(found: Sequence[tuple[Any, Any, Any]], size: int, neighbours: int) -> tuple[Ints, Floats]:
    """The best entries of each row, of parts of (rows, columns, values)."""
    items, scores = np.full((size, neighbours), -1, np.int32), np.zeros((size, neighbours), np.float32)
    if found:
        _fill(items, scores, *(np.concatenate(part) for part in zip(*found, strict=True)))
    return items, scores


def _fill(items: Ints, scores: Floats, row: Any, column: Any, value: Any) -> None:
    """Write entries into a table, of each row as many as fit: the best first, of equals the first column."""
    order = np.lexsort((column, -value, row))
    row, column, value = row[order], column[order], value[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    top = place < items.shape[1]
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
        row, column = np.repeat(np.arange(product.shape[0]), np.diff(product.indptr)), product.indices
        value = worth(product.data.astype(np.float64), row + start, column).astype(np.float32)
        kept = (value > 0) & (column != row + start)
        _fill(items, scores, row[kept] + start, column[kept], value[kept])
    return items, scores
