"""A product feed as a file: CSV, TSV or JSON Lines, plain or gzip, read line by line."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple

from shared.catalog.model import Item
from shared.catalog.parse import parse
from shared.errors import InvalidRequest

csv.field_size_limit(1_000_000)


class Line(NamedTuple):
    """One row of a feed: an item, or the reason why it is none."""

    number: int
    item: Item | None
    row: Any
    reason: str = ""


def lines(name: str, stream: IO[bytes], updated_at: float) -> Iterator[Line]:
    """Every row of the feed called `name` (its suffix tells the format). Raises InvalidRequest for a format unknown to us."""
    if name.endswith(".gz"):
        return lines(name[:-3], gzip.GzipFile(fileobj=stream), updated_at)  # type: ignore[arg-type]
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
    if name.endswith((".jsonl", ".ndjson")):
        return _items(_json_rows(text), updated_at)
    if name.endswith((".csv", ".tsv", ".txt")):
        return _items(_table_rows(text, "\t" if not name.endswith(".csv") else ","), updated_at)
    raise InvalidRequest("a feed must end in .csv, .tsv, .txt or .jsonl, with or without .gz", "key")


def _json_rows(text: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                yield number, error


def _table_rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(text, delimiter=delimiter)
    for row in reader:
        surplus = row.pop(None, None)
        yield reader.line_num, ValueError(f"has more fields than the header: {surplus}") if surplus else row


def _items(rows: Iterable[tuple[int, Any]], updated_at: float) -> Iterator[Line]:
    for number, row in rows:
        if isinstance(row, ValueError):
            yield Line(number, None, None, str(row))
            continue
        try:
            yield Line(number, parse(row, updated_at), row)
        except InvalidRequest as error:
            yield Line(number, None, row, f"{error.field}: {error.message}" if error.field else error.message)
