"""Items as vectors of what the catalog says of them: texts, and facets (category path, brand, price band).

Each part is TF-IDF, reduced by a truncated SVD (scikit-learn) and scaled to length 1; the vectors are both parts side by side, so that
their product is TEXT × cosine of texts + (1 − TEXT) × cosine of facets. What is needed to place a new item later goes with the vectors
and takes numpy only. Saved without pickle.
"""

import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.catalog.model import Item
from shared.catalog.words import words
from shared.models.bundle import Floats, Ints

TEXT = 0.6  # of a likeness comes from texts
DIMENSIONS = {"text": 64, "facet": 32}
MOST_TERMS = 20_000
FREQUENT = 3  # in how many items a term must be, where there are over 1,000
BANDS = 2.0  # of prices, for each doubling
SEED = 1
CHUNK = 256  # rows whose products with all others are in memory at once


@dataclass(frozen=True)
class Content:
    """n items, t + f dimensions. `*_terms` are sorted; `*_weights` (terms, dimensions) hold inverse document frequency times SVD."""

    ids: NDArray[Any]  # (n,) unicode, in the order of the rows
    vectors: Floats  # (n, t + f), rows of length 1 at most: 0 for an item that nothing is said of
    text_terms: NDArray[Any]
    text_weights: Floats
    facet_terms: NDArray[Any]
    facet_weights: Floats
    dealings: Ints  # (n,) how often shoppers dealt with the item, as far as the version knows


class Likeness(NamedTuple):
    """Positions of the most alike items, best first, −1 where there are fewer, and their cosines; (rows, K)."""

    items: Ints
    scores: Floats


def facets(item: Item) -> list[str]:
    """`c:` category paths, every step of the way; `b:` brand; `p:` price band, and the next one, so that neighbours share one."""
    steps = [step.strip() for step in item.product_type.split(" > ") if step.strip()]
    found = [f"c:{' > '.join(steps[: n + 1])}" for n in range(len(steps))]
    found += [f"b:{item.brand.lower()}"] if item.brand else []
    if item.price and item.price.amount > 0:
        band = math.floor(BANDS * math.log2(item.price.amount))
        found += [f"p:{band}", f"p:{band + 1}"]
    return found


PARTS: tuple[tuple[str, Callable[[Item], list[str]]], ...] = (("text", words), ("facet", facets))


def embed(items: Iterable[Item]) -> Content:
    """Vectors of the items, in order of their ids."""
    known = sorted(items, key=lambda item: item.id)
    vocabulary: dict[str, Any] = {}
    for part, tokens in PARTS:
        vocabulary[f"{part}_terms"], vocabulary[f"{part}_weights"] = _learned(known, tokens, DIMENSIONS[part])
    ids = np.array([item.id for item in known], dtype=np.str_) if known else np.empty(0, "U1")
    bare = Content(ids, np.zeros((0, 0), np.float32), **vocabulary, dealings=np.zeros(len(ids), np.int32))
    return placed_anew(bare, known)


def placed_anew(content: Content, items: Iterable[Item]) -> Content:
    """The items of today in the space that `content` has learned, in order of their ids; nothing is counted yet."""
    known = sorted(items, key=lambda item: item.id)
    ids = np.array([item.id for item in known], dtype=np.str_) if known else np.empty(0, "U1")
    return replace(content, ids=ids, vectors=placed(content, known), dealings=np.zeros(len(ids), np.int32))


def _learned(items: Sequence[Item], tokens: Callable[[Item], list[str]], dimensions: int) -> tuple[Any, Floats]:
    """Terms, sorted, and their weights (terms, dimensions): as they are where there are no more terms than dimensions."""
    from sklearn.decomposition import TruncatedSVD  # noqa: PLC0415 - the trends function has numpy only
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    if not any(tokens(item) for item in items):
        return np.empty(0, "U1"), np.zeros((0, 0), np.float32)
    frequent = FREQUENT if len(items) > 1000 else 1
    model = TfidfVectorizer(
        analyzer=tokens, sublinear_tf=True, max_features=MOST_TERMS, min_df=frequent, dtype=np.float32
    )
    matrix = model.fit_transform(items)
    terms = np.array(model.get_feature_names_out(), dtype=np.str_)
    if min(matrix.shape) <= dimensions + 1:
        return terms, np.asarray(np.diag(model.idf_), np.float32)
    svd = TruncatedSVD(dimensions, algorithm="randomized", n_iter=4, random_state=SEED).fit(matrix)
    return terms, np.asarray(model.idf_[:, None] * svd.components_.T, np.float32)


def placed(content: Content, items: Sequence[Item]) -> Floats:
    """Vectors of items, whether learned from or not, by what `content` knows; (len(items), dimensions) float32."""
    shares = (math.sqrt(TEXT), math.sqrt(1.0 - TEXT))
    parts = [
        share * _projected(getattr(content, f"{part}_terms"), getattr(content, f"{part}_weights"), items, tokens)
        for share, (part, tokens) in zip(shares, PARTS, strict=True)
    ]
    together: Floats = np.hstack(parts)
    return together


def _projected(terms: Any, weights: Floats, items: Sequence[Item], tokens: Callable[[Item], list[str]]) -> Floats:
    """Term frequencies, dampened, times weights, to length 1. TF-IDF's own scaling to length 1 falls out of it."""
    place = {term: n for n, term in enumerate(terms.tolist())}
    rows = np.zeros((len(items), weights.shape[1]), np.float32)
    for n, item in enumerate(items):
        counts = Counter(place[token] for token in tokens(item) if token in place)
        if counts:
            amounts = 1.0 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
            rows[n] = amounts @ weights[list(counts)]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, lengths, out=rows, where=lengths > 0)
    return unit


def counted(content: Content, items: Any, dealings: Any) -> Content:
    """The content with how often items were dealt with: `dealings` (n,) are those with each of `items` (ids)."""
    numbers = dict(zip(items.tolist(), dealings.tolist(), strict=True))
    return replace(content, dealings=np.array([numbers.get(item, 0) for item in content.ids.tolist()], np.int32))


def neighbours(content: Content, k: int, of: Ints | None = None) -> Likeness:
    """The k items most like each (or like those at the positions `of`), itself left out, by exact cosine."""
    rows = np.arange(len(content.ids), dtype=np.int32) if of is None else of
    found = [_nearest(content.vectors, content.vectors[chunk], k, chunk) for chunk in _chunks(rows)]
    return _joined(found, k)


def like(content: Content, vectors: Floats, k: int) -> Likeness:
    """The k items of `content` most like each of the vectors."""
    rows = np.arange(len(vectors), dtype=np.int32)
    return _joined([_nearest(content.vectors, vectors[chunk], k) for chunk in _chunks(rows)], k)


def _nearest(vectors: Floats, wanted: Floats, k: int, itself: Ints | None = None) -> Likeness:
    products = wanted @ vectors.T
    if itself is not None:
        products[np.arange(len(itself)), itself] = -1.0
    width = min(k, products.shape[1])
    top = np.argpartition(-products, width - 1, axis=1)[:, :width] if width else np.zeros((len(wanted), 0), np.int64)
    top.sort(axis=1)  # of equals the first item
    scores = np.take_along_axis(products, top, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    scores = np.take_along_axis(scores, order, axis=1)
    items = np.where(scores > 0, np.take_along_axis(top, order, axis=1), -1)
    return Likeness(items.astype(np.int32), np.maximum(scores, 0.0).astype(np.float32))


def _chunks(rows: Ints) -> Iterator[Ints]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _joined(parts: list[Likeness], k: int) -> Likeness:
    if not parts:
        return Likeness(np.full((0, k), -1, np.int32), np.zeros((0, k), np.float32))
    return Likeness(np.vstack([part.items for part in parts]), np.vstack([part.scores for part in parts]))


def dump(content: Content) -> bytes:
    """Vectors are kept with 16 bits: 19 MB for 100,000 items."""
    arrays = {field.name: getattr(content, field.name) for field in fields(Content)}
    out = io.BytesIO()
    np.savez(out, **{**arrays, "vectors": content.vectors.astype(np.float16)})
    return out.getvalue()


def load(data: bytes) -> Content:
    """Raises ValueError or KeyError when the bytes are no content."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        values = {field.name: arrays[field.name] for field in fields(Content)}
        return Content(**{**values, "vectors": values["vectors"].astype(np.float32)})
