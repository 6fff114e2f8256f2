"""Files of public sets, and their rows as interactions."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infrastructure.local.layout import LocalStackError
from shared.models.interactions import ORDER, Interactions, by_time

GAP = 1800.0  # seconds without an event end a session


def find(folder: Path, pattern: str) -> Path:
    """The one file of that name, gzipped or not. Raises LocalStackError naming what is missing."""
    found = sorted([*folder.glob(pattern), *folder.glob(f"{pattern}.gz")])
    if len(found) != 1:
        raise LocalStackError(f"{folder} should hold one file {pattern} or {pattern}.gz; it holds {len(found)}.")
    return found[0]


def lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
        yield from (line.rstrip("\r\n") for line in file)


def rows(path: Path, columns: tuple[str, ...], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """Lines of a table with a header. Raises LocalStackError when a column is missing or a line has too few."""
    table = csv.DictReader(lines(path), delimiter=delimiter)
    missing = [name for name in columns if name not in (table.fieldnames or ())]
    if missing:
        raise LocalStackError(f"{path} lacks the columns {', '.join(missing)}.")
    for row in table:
        if None in row.values():
            raise LocalStackError(f"{path}, line {table.line_num} has too few columns.")
        yield row


def numbers(path: Path, line: str, number: int) -> list[int]:
    """A line of whole numbers. Raises LocalStackError naming the line."""
    try:
        return [int(word) for word in line.split()]
    except ValueError:
        raise LocalStackError(f"{path}, line {number} should hold whole numbers only: {line[:80]!r}") from None


def interactions(  # noqa: PLR0913 - the columns of a table
    shopper: Any,
    item: Any,
    at: Any,
    *,
    kind: Any = ORDER,
    quantity: Any = 1.0,
    basket: Any = None,
    shoppers: int = 0,
    items: NDArray[Any] | None = None,
) -> Interactions:
    """Rows of (position of the shopper, item id, epoch seconds …) in any order.

    `items` lists further ids. Sessions end after 30 minutes without an event; without `basket` each order row is an order of its own.
    """
    ids, places = np.unique(np.asarray(item, np.str_), return_inverse=True)
    if items is not None:
        everything = np.union1d(ids, np.asarray(items, np.str_))
        ids, places = everything, np.searchsorted(everything, ids)[places]
    at = np.asarray(at, np.float64)
    order = np.argsort(at, kind="stable")
    who, when = np.asarray(shopper, np.int32)[order], at[order]
    kinds = np.broadcast_to(np.asarray(kind, np.int8), len(at))[order]
    baskets = np.arange(len(at)) if basket is None else np.asarray(basket)
    size = max(int(who.max(initial=-1)) + 1, shoppers)
    return Interactions(
        items=ids,
        shoppers=np.arange(size, dtype=np.uint64),
        shopper=who,
        item=places[order].astype(np.int32),
        at=when,
        kind=kinds,
        session=by_time(_sessions(who, when)),
        basket=by_time(np.where(kinds == ORDER, baskets[order], -1).astype(np.int32)),
        quantity=np.broadcast_to(np.asarray(quantity, np.float32), len(at))[order],
        countries=np.full(size, "", "U2"),
    )


def _sessions(who: Any, when: Any) -> Any:
    order = np.lexsort((when, who))
    new = (np.diff(who[order], prepend=-1) != 0) | (np.diff(when[order], prepend=0.0) > GAP)
    sessions = np.empty(len(who), np.int32)
    sessions[order] = np.cumsum(new) - 1
    return sessions


def places(ids: NDArray[Any], wanted: Any) -> NDArray[np.int32]:
    """Positions in sorted `ids`, −1 for others."""
    if not len(ids):
        return np.full(len(wanted), -1, np.int32)
    words = np.asarray(wanted, np.str_)
    at = np.minimum(np.searchsorted(ids, words), len(ids) - 1)
    return np.where(ids[at] == words, at, -1).astype(np.int32)
