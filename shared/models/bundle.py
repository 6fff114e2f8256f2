"""Everything the profiles function needs of a model, as arrays over the items it knows.

n items, k factors, K neighbours. Written with numpy's npz, without pickle.
"""

import io
import json
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

DEFAULTS: dict[str, float] = {
    # weight of each source for items not bought yet
    "similar": 0.75,
    "together": 0.2,
    "factors": 0.5,
    "popularity": 0.5,
    "category": 0.1,
    # the same for items bought before, and the weight of the wish to buy them again
    "again_similar": 0.2,
    "again_together": 0.0,
    "again_factors": 0.75,
    "again_popularity": 0.75,
    "again_category": 0.0,
    "own": 2.0,
    # reading a shopper's state
    "step_decay": 0.7,  # weight of an item by how many items ago it was dealt with
    "purchase_days": 365.0,  # half-life of a purchase's influence
    "own_days": 365.0,  # half-life of the wish to buy the same again
    # fitting
    "similar_days": 90.0,  # half-life of what sessions say about similarity
    "similar_bm25": 0.0,  # 1: BM25 instead of TF-IDF
    "factors_days": 180.0,  # half-life of what ALS learns from
    "alpha": 2.0,  # confidence of ALS per unit of signal
    "regularization": 10.0,
    "popular_days": 14.0,  # half-life of popularity
}


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

    @property
    def size(self) -> int:
        return len(self.item_ids)

    @cached_property
    def category_codes(self) -> tuple[list[str], Ints]:
        """The category names, and the position of each item's in them."""
        names, codes = np.unique(self.categories, return_inverse=True)
        return names.tolist(), codes.astype(np.int32)

    def indices(self, ids: list[str]) -> Ints:
        """Position of each id, −1 for items the model does not know."""
        if not ids or not self.size:
            return np.full(len(ids), -1, np.int32)
        wanted = np.array(ids, dtype=np.str_)
        places = np.minimum(np.searchsorted(self.item_ids, wanted), self.size - 1)
        return np.where(self.item_ids[places] == wanted, places, -1).astype(np.int32)


def dump(bundle: Bundle) -> bytes:
    arrays = {field.name: getattr(bundle, field.name) for field in fields(Bundle) if field.name != "settings"}
    out = io.BytesIO()
    np.savez(out, settings=np.array(json.dumps(bundle.settings)), **arrays)
    return out.getvalue()


def load(data: bytes) -> Bundle:
    """Raises ValueError or KeyError when the bytes are no bundle."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        values = {field.name: arrays[field.name] for field in fields(Bundle) if field.name != "settings"}
        return Bundle(settings={**DEFAULTS, **json.loads(str(arrays["settings"]))}, **values)
