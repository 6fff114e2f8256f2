"""A product feed as a file: CSV, TSV or JSON Lines, plain or gzip, read line by line with bounded memory."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any, NamedTuple

from msgspec import DecodeError, json

from shared.catalog.model import Item
from shared.catalog.parse import parse
from shared.errors import InvalidRequest

LONGEST_LINE = 1_000_000
DELIMITERS = "\t,;|"  # of equally frequent ones the first
csv.field_size_limit(LONGEST_LINE)


class Line(NamedTuple):
    """One row of a feed: an item, or the reason why it is none. `number` is the file's line on which the row ends."""

    number: int
    item: Item | None
    row: Any
    reason: str = ""


def lines(name: str, stream: IO[bytes], updated_at: float) -> Iterator[Line]:
    """Every row of the feed called `name` (its suffix tells the format), bad ones with the reason.

    Raises InvalidRequest for a format unknown to us, and where a file cannot be read any further.
    """
    suffixes = name.lower().removesuffix(".gz")
    if suffixes.endswith((".jsonl", ".ndjson")):
        rows = _json_rows
    elif suffixes.endswith((".csv", ".tsv", ".txt")):
        rows = _table_rows
    else:
        raise InvalidRequest("a feed must end in .csv, .tsv, .txt, .jsonl or .ndjson, with or without .gz", "key")
    raw: Any = gzip.GzipFile(fileobj=stream) if name.lower().endswith(".gz") else stream
    text = io.TextIOWrapper(io.BufferedReader(raw, 1 << 16), "utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from (_line(*row, updated_at) for row in rows(text))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidRequest(f"the file is damaged or cut off: {error}", "key") from None
    except csv.Error as error:
        raise InvalidRequest(f"the table cannot be read any further (a quote never closed?): {error}", "key") from None


def _json_rows(text: io.TextIOWrapper) -> Iterator[tuple[int, Any, str]]:
    for number, line in enumerate(_bounded(text), 1):
        if line.strip():
            try:
                yield number, json.decode(line), ""
            except (DecodeError, UnicodeError, RecursionError) as error:
                yield number, line, f"is not one JSON object in UTF-8: {error}"


def _table_rows(text: io.TextIOWrapper) -> Iterator[tuple[int, Any, str]]:
    """The delimiter is the one that the header has most of."""
    rows = _bounded(text)
    header = next(rows, "")
    reader = csv.DictReader(chain([header], rows), delimiter=max(DELIMITERS, key=header.count))
    if "id" not in [name.strip().lower() for name in reader.fieldnames or []]:
        raise InvalidRequest(f"the first line must name the columns, `id` among them; it is {header[:200]!r}", "key")
    for row in reader:
        surplus = row.pop(None, None)
        yield reader.line_num, row, f"has more fields than the header: {surplus}" if surplus else ""


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines. Raises InvalidRequest at one that no memory should hold."""
    for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE), ""), 1):
        if len(line) == LONGEST_LINE:
            raise InvalidRequest(f"a line is longer than {LONGEST_LINE} characters, about {number} lines in", "key")
        yield line


def _line(number: int, row: Any, reason: str, updated_at: float) -> Line:
    if reason:
        return Line(number, None, row, reason)
    try:
        return Line(number, parse(row, updated_at), row)
    except InvalidRequest as error:
        return Line(number, None, row, f"{error.field} {error.message}".strip())
