"""Trees that LightGBM grew, evaluated by numpy alone.

QuickScorer (Lucchese et al., SIGIR 2015): the leaves of a tree are bits, counted from its left. A node whose question a row answers
with no clears the bits of the leaves below its left child; the lowest bit left is the row's leaf. The nodes of all trees that ask
about one feature are sorted by threshold, and what the first b of them clear together is one row of `masks`: a row of data needs
one look-up for each feature, whatever the depth of the trees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAVES = 32  # bits of a mask


@dataclass(frozen=True)
class Forest:
    """T trees over F features. Rows of features must be finite."""

    thresholds: NDArray[np.float64]  # (nodes,) of feature 0 ascending, then of feature 1, …
    starts: NDArray[np.int32]  # (F + 1,) where each feature's thresholds begin
    masks: NDArray[np.uint32]  # (nodes + F, T)
    leaves: NDArray[np.float32]  # (T, LEAVES)
    names: NDArray[Any]  # (F,) unicode

    @cached_property
    def asks(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        return tuple(self.names.tolist())

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {f"forest_{field.name}": getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def of(arrays: Mapping[str, Any]) -> "Forest | None":
        """From what `arrays` gave; None when there is none."""
        names = ("thresholds", "starts", "masks", "leaves", "names")
        if "forest_names" not in arrays:
            return None
        return Forest(**{name: arrays[f"forest_{name}"] for name in names})

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(m,) sums of the trees' leaves for (m, F) features."""
        trees = np.arange(len(self.leaves))
        alive = np.full((len(rows), len(trees)), 0xFFFFFFFF, np.uint32)
        columns = np.ascontiguousarray(rows.T).astype(np.float64)
        for number, column in enumerate(columns):
            start, end = int(self.starts[number]), int(self.starts[number + 1])
            if start == end:
                continue
            passed = np.searchsorted(self.thresholds[start:end], column, side="left")
            alive &= self.masks.take(start + number + passed, axis=0)
        lowest = (alive & (~alive + np.uint32(1))).astype(np.float32)  # a power of two, whose exponent is the leaf
        leaf = (lowest.view(np.int32) >> 23) - 127
        total: NDArray[np.float32] = self.leaves[trees, leaf].sum(axis=1, dtype=np.float64).astype(np.float32)
        return total


def grown(dumped: Mapping[str, Any]) -> Forest:
    """The forest of LightGBM's `dump_model()`. Raises ValueError for trees it cannot hold: categorical splits, over LEAVES leaves."""
    names = list(dumped["feature_names"])
    nodes: list[tuple[int, float, int, int]] = []  # feature, threshold, tree, mask
    leaves = np.zeros((len(dumped["tree_info"]), LEAVES), np.float32)
    for number, tree in enumerate(dumped["tree_info"]):
        if tree["num_leaves"] > LEAVES:
            raise ValueError(f"a tree has {tree['num_leaves']} leaves, {LEAVES} at most")
        _walk(tree["tree_structure"], number, 0, nodes, leaves)
    nodes.sort(key=lambda node: node[:3])
    counts = np.bincount([node[0] for node in nodes], minlength=len(names))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    thresholds = np.array([node[1] for node in nodes], np.float64)
    return Forest(thresholds, starts, _masks(nodes, starts, len(leaves)), leaves, np.array(names, dtype=np.str_))


def _masks(nodes: list[tuple[int, float, int, int]], starts: NDArray[np.int32], trees: int) -> NDArray[np.uint32]:
    masks = np.full((len(nodes) + len(starts) - 1, trees), 0xFFFFFFFF, np.uint32)
    row = 0
    for feature in range(len(starts) - 1):
        for _, _, tree, mask in nodes[starts[feature] : starts[feature + 1]]:
            masks[row + 1] = masks[row]
            masks[row + 1, tree] &= np.uint32(mask)
            row += 1
        row += 1
    return masks


def _walk(node: Mapping[str, Any], tree: int, first: int, nodes: list[Any], leaves: NDArray[np.float32]) -> int:
    """Number the leaves below `node` from `first` on; returns the number after the last."""
    if "split_index" not in node:
        leaves[tree, first] = node["leaf_value"]
        return first + 1
    if node["decision_type"] != "<=":
        raise ValueError(f"a split by {node['decision_type']!r} cannot be held")
    middle = _walk(node["left_child"], tree, first, nodes, leaves)
    end = _walk(node["right_child"], tree, middle, nodes, leaves)
    cleared = ((1 << (middle - first)) - 1) << first
    nodes.append((node["split_feature"], node["threshold"], tree, 0xFFFFFFFF & ~cleared))
    return end
