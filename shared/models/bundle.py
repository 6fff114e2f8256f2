"""Everything the profiles function needs of a model, as arrays over the items it knows.

n items, k factors, K neighbours. Written with numpy's npz, without pickle.
"""

import io
import json
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from shared.models.forest import Forest

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
FACTS = ("support", "trend", "first_day", "returns", "interval", "conversion")  # see `fit.counted`
HEAD = 10_000  # items that ALS and content look through for a shopper; more would cost more than the event is worth
TOP = 100  # most popular items kept at hand, overall and of each category

DEFAULTS: dict[str, float] = {
    # weight of each source for items not bought yet
    "similar": 0.75,
    "next": 0.5,
    "together": 0.2,
    "factors": 0.5,
    "popularity": 0.5,
    "category": 0.1,
    "content": 0.1,
    "seen": 0.5,
    # the same for items bought before, and the weight of the wish to buy them again
    "again_similar": 0.2,
    "again_next": 0.0,
    "again_together": 0.0,
    "again_factors": 0.75,
    "again_popularity": 0.75,
    "again_category": 0.0,
    "again_content": 0.0,
    "again_seen": 0.0,
    "own": 2.0,
    # reading a shopper's state
    "step_decay": 0.7,  # weight of an item by how many items ago it was dealt with
    "next_decay": 0.4,  # the same for what comes next
    "seen_decay": 0.7,  # the same for the wish to see it again
    "purchase_days": 365.0,  # half-life of a purchase's influence
    "own_days": 365.0,  # half-life of the wish to buy the same again
    "long_look": 1.0,  # what a long look adds to a view
    "cart": 2.0,  # what each putting into the cart adds
    "bounce": 0.5,  # what is left of a view that ended at once
    # fitting
    "similar_days": 90.0,  # half-life of what sessions say about similarity
    "similar_kind": 0.0,  # 0 TF-IDF, 1 BM25, 2 cosine, 3 RP³β, 4 ridge regression
    "similar_ridge": 20.0,  # its penalty, in sessions
    "together_kind": 0.0,  # 0 cosine, 1 lift, 2 NPMI
    "next_days": 90.0,  # half-life of what sessions say about what comes next
    "factors_days": 180.0,  # half-life of what ALS learns from
    "alpha": 2.0,  # confidence of ALS per unit of signal
    "regularization": 10.0,
    "popular_days": 14.0,  # half-life of popularity
}


def _nothing() -> Any:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class Bundle:
    item_ids: NDArray[Any]  # (n,) unicode, sorted
    item_factors: Floats  # (n, k)
    gram: Floats  # (k, k): YᵀY
    similar_items: Ints  # (n, K), −1 where there are fewer
    similar_scores: Floats  # (n, K)
    together_items: Ints  # (n, K')
    together_scores: Floats  # (n, K')
    popularity: Floats  # (n,) 0–1
    categories: NDArray[Any]  # (n,) unicode
    brands: NDArray[Any]  # (n,) unicode
    prices: Floats  # (n,), NaN unknown
    settings: dict[str, float]
    next_items: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int32))  # (n, K''): what followed in sessions
    next_scores: Floats = field(default_factory=_nothing)  # (n, K'')
    facts: Floats = field(default_factory=_nothing)  # (FACTS, n): what was counted of each item
    content: Floats = field(default_factory=_nothing)  # (n, d) unit vectors of catalog texts, d 0 unknown
    worth: Floats = field(
        default_factory=lambda: np.zeros(0, np.float32)
    )  # (n,) see `objective.worth_of`; (0,) nothing
    forest: Forest | None = None  # the ranker; None: the blend of the settings ranks

    @property
    def size(self) -> int:
        return len(self.item_ids)

    @cached_property
    def category_codes(self) -> tuple[list[str], Ints]:
        """The category names, and the position of each item's in them."""
        return _codes(self.categories)

    @cached_property
    def brand_codes(self) -> tuple[list[str], Ints]:
        return _codes(self.brands)

    @cached_property
    def log_prices(self) -> Floats:
        return np.log(np.where(self.prices > 0, self.prices, np.nan)).astype(np.float32)

    def fact(self, name: str) -> Floats:
        """(n,) one of FACTS; 0 where nothing was counted."""
        return self.facts[FACTS.index(name)] if self.facts.size else np.zeros(self.size, np.float32)

    @cached_property
    def popular(self) -> Ints:
        """Positions of the TOP most popular items, best first."""
        return np.argsort(-self.popularity, kind="stable")[:TOP].astype(np.int32)

    @cached_property
    def popular_of(self) -> list[Ints]:
        """The same of each category."""
        order = np.argsort(-self.popularity, kind="stable")
        names, codes = self.category_codes
        by_code = order[np.argsort(codes[order], kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(names)))
        return [part[:TOP].astype(np.int32) for part in np.split(by_code, ends[:-1])]

    @cached_property
    def head(self) -> tuple[Ints, Floats, Floats]:
        """Positions of the HEAD most popular items (sorted), their factors and their content vectors."""
        order = np.sort(np.argsort(-self.popularity, kind="stable")[:HEAD]).astype(np.int32)
        content = self.content if len(self.content) else np.zeros((self.size, 0), np.float32)
        return order, np.ascontiguousarray(self.item_factors[order]), np.ascontiguousarray(content[order])

    def indices(self, ids: list[str]) -> Ints:
        """Position of each id, −1 for items the model does not know."""
        if not ids or not self.size:
            return np.full(len(ids), -1, np.int32)
        wanted = np.array(ids, dtype=np.str_)
        places = np.minimum(np.searchsorted(self.item_ids, wanted), self.size - 1)
        return np.where(self.item_ids[places] == wanted, places, -1).astype(np.int32)


def _codes(values: Any) -> tuple[list[str], Ints]:
    names, codes = np.unique(values, return_inverse=True)
    return names.tolist(), codes.astype(np.int32)


ARRAYS = [f.name for f in fields(Bundle) if f.name not in ("settings", "forest")]


def dump(bundle: Bundle) -> bytes:
    arrays: dict[str, Any] = {name: getattr(bundle, name) for name in ARRAYS}
    arrays |= bundle.forest.arrays() if bundle.forest else {}
    out = io.BytesIO()
    np.savez(out, settings=np.array(json.dumps(bundle.settings)), **arrays)
    return out.getvalue()


def load(data: bytes | BinaryIO) -> Bundle:
    """From what `dump` gave, or a file of it, which takes half the memory: each array is read by itself.

    Raises ValueError or KeyError when it is no bundle. Arrays that an older bundle has not are empty.
    """
    with np.load(io.BytesIO(data) if isinstance(data, bytes) else data, allow_pickle=False) as arrays:
        values = {name: arrays[name] for name in ARRAYS if name in arrays}
        if "item_ids" not in values:
            raise ValueError("not a bundle: item_ids is missing")
        settings = {**DEFAULTS, **json.loads(str(arrays["settings"]))}
        return Bundle(settings=settings, forest=Forest.of(arrays), **values)
