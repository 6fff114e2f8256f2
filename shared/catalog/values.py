"""Texts, addresses, times and lists of product data. Everything raises InvalidRequest naming the field."""

import math
import re
from collections.abc import Container
from datetime import UTC, datetime
from typing import Any

from shared.errors import InvalidRequest
from shared.events.products import number, text

MOST_TAGS = 50
LONGEST_TAG = 100
MOST_ATTRIBUTES = 50
LONGEST_ATTRIBUTE = 500
LONGEST_LINK = 2000
ADDRESS = re.compile(r"(https?://|/)", re.IGNORECASE)
END_OF_TIME = 253402300800.0  # the year 10000


def string(value: Any, name: str) -> str:
    """A text or an integer, without white space around it."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest("must be text", name)
    if isinstance(value, int) and abs(value) >= 10**18:
        raise InvalidRequest("is too large a number; write it as text, in quotes", name)
    found = text(value)
    try:
        found.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("has bytes that are not UTF-8; save the feed as UTF-8", name) from None
    return found


def short(fields: dict[str, Any], name: str, longest: int) -> str:
    """A text that means nothing if cut: refused when longer than `longest` characters."""
    found = string(fields.get(name, ""), name)
    if len(found) > longest:
        raise InvalidRequest(f"is longer than {longest} characters", name)
    return found


def link(fields: dict[str, Any], name: str) -> str:
    """A web address; anything else (`javascript:`, `data:`) must not get into a page."""
    found = short(fields, name, LONGEST_LINK)
    if found and not ADDRESS.match(found):
        raise InvalidRequest("must be an address that starts with https:// (or with / inside the shop)", name)
    return found


def moment(value: Any, name: str) -> float:
    """Epoch seconds of an ISO 8601 time with its zone (or of epoch seconds); 0 when not given."""
    if value is None or value == "":
        return 0.0
    seconds = number(value)
    if seconds is None:
        seconds = _iso(value, name)
    if not 0 <= seconds < END_OF_TIME:
        raise InvalidRequest("must be a time after 1970, such as 2026-12-01T00:00:00Z", name)
    return seconds


def _iso(value: Any, name: str) -> float:
    try:
        read = datetime.fromisoformat(value.strip())
    except (AttributeError, ValueError):
        raise InvalidRequest("must be an ISO 8601 time with its zone, such as 2026-12-01T00:00:00Z", name) from None
    if read.tzinfo is None:
        raise InvalidRequest("needs a time zone, such as 2026-12-01T00:00:00Z", name)
    return read.timestamp()


def shown_moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z") if seconds else ""


def period(fields: dict[str, Any], name: str) -> tuple[float, float]:
    """Both ends of `<start>/<end>`; (0, 0) when not given. One end may be left out: `/<end>`."""
    value = fields.get(name, "")
    start, slash, end = value.partition("/") if isinstance(value, str) else ("", "", "")
    if value != "" and (not slash or not (start.strip() or end.strip())):
        raise InvalidRequest("must be two times, such as 2026-12-01T00:00:00Z/2026-12-24T00:00:00Z", name)
    first, last = moment(start.strip(), name), moment(end.strip(), name)
    if last and last <= first:
        raise InvalidRequest("ends before it begins", name)
    return first, last


def shown_period(first: float, last: float) -> str:
    return f"{shown_moment(first)}/{shown_moment(last)}" if first or last else ""


def tags(fields: dict[str, Any], name: str) -> list[str]:
    """A list of words, or one text with commas. Repeats are dropped."""
    value = fields.get(name, [])
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list):
        raise InvalidRequest("must be a list of words", name)
    words = [string(tag, name)[:LONGEST_TAG] for tag in found]
    return [word for word in dict.fromkeys(words) if word][:MOST_TAGS]


def attributes(fields: dict[str, Any], known: Container[str]) -> dict[str, str]:
    """`attributes`, and every plain value we have no name for: a feed has many, and a rule may want them."""
    given = fields.get("attributes", {})
    if not isinstance(given, dict) or not all(_plain(value) for value in given.values()):
        raise InvalidRequest("must be an object of texts, numbers and booleans", "attributes")
    unknown = {name: value for name, value in fields.items() if name not in known and _plain(value)}
    found = {
        string(str(name), "attributes")[:100]: _written(value, str(name) or "attributes")
        for name, value in {**given, **unknown}.items()
    }
    return dict([(name, value) for name, value in found.items() if name and value][:MOST_ATTRIBUTES])


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _written(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    return (repr(value) if isinstance(value, float) else string(value, name))[:LONGEST_ATTRIBUTE].strip()
