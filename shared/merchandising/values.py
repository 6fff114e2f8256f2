"""Values of a plan's document. A value that is not there is its default; everything else raises InvalidRequest naming the field."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

from msgspec.structs import replace

from shared.errors import InvalidRequest
from shared.merchandising.plan import Rule
from shared.profiles.lifecycle import USUAL, Limits

T = TypeVar("T")
LONGEST_NAME = 100
LONGEST_ID = 200
MOST_ITEMS = 100
MOST_SLOTS = 100
LAST_SLOT = 100  # nobody asks for a longer shelf
MOST_FACTOR = 10.0  # of one rule, and of several together
MOST_PRIORITY = 1_000_000
LIMITS = {  # of a shopper's stages: name -> (field of Limits, least, most)
    "loyalOrders": ("loyal_orders", 1, 1000),
    "highValue": ("high_value_revenue", 0.01, 1e9),
    "lapsingDays": ("lapsing_days", 1, 3650),
}


def unknown(row: dict[str, Any], names: Collection[str], of: str) -> Iterator[tuple[str, str]]:
    """(name, what to tell) of each field that `of` does not have."""
    for name in row:
        if name not in names:
            near = get_close_matches(str(name), names, 1)
            meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"
            yield name, f"is no field of {of}{meant}"


def mapping(row: dict[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name, {})
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", name)
    return value


def rows(row: dict[str, Any], name: str, most: int) -> list[Any]:
    value = row.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise InvalidRequest(f"must be a list of at most {most}", name)
    return value


def text(row: dict[str, Any], name: str, at: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str):
        raise InvalidRequest("must be text", at + name)
    return value


def name(row: dict[str, Any], name: str, at: str) -> str:
    value = text(row, name, at)
    if not value.strip() or len(value) > LONGEST_NAME:
        raise InvalidRequest(f"must be text of 1 to {LONGEST_NAME} characters", at + name)
    return value


def choice(row: dict[str, Any], name: str, choices: Collection[str], at: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or value not in choices:
        raise InvalidRequest(f"must be one of {', '.join(choices)}", at + name)
    return value


def flag(row: dict[str, Any], name: str, at: str) -> bool:
    value = row.get(name, True)
    if not isinstance(value, bool):
        raise InvalidRequest("must be true or false", at + name)
    return value


def whole(row: dict[str, Any], name: str, at: str) -> int:
    value = row.get(name, 0)
    if not _number(value) or value != int(value) or abs(value) > MOST_PRIORITY:
        raise InvalidRequest(f"must be a whole number, at most {MOST_PRIORITY}", at + name)
    return int(value)


def factor(row: dict[str, Any], name: str, at: str) -> float:
    if name not in row:
        return 1.0
    value = row[name]
    if not _number(value) or not 1 < value <= MOST_FACTOR:
        raise InvalidRequest(f"must be a number above 1, at most {MOST_FACTOR:g}", at + name)
    return float(value)


def share(row: dict[str, Any], name: str, at: str) -> float:
    if name not in row:
        return 0.0
    value = row[name]
    if not _number(value) or not 0 < value <= 1:
        raise InvalidRequest("must be a number above 0, at most 1", at + name)
    return float(value)


def limits(row: dict[str, Any], at: str) -> Limits:
    made: dict[str, Any] = {
        field: _between(row[name], low, high, at + name) for name, (field, low, high) in LIMITS.items() if name in row
    }
    orders = made.get("loyal_orders", USUAL.loyal_orders)
    if orders != int(orders):
        raise InvalidRequest("must be a whole number", f"{at}loyalOrders")
    return USUAL._replace(**{**made, "loyal_orders": int(orders)})


def _between(value: Any, low: float, high: float, at: str) -> float:
    if not _number(value) or not low <= value <= high:
        raise InvalidRequest(f"must be a number from {low:,.10g} to {high:,.10g}", at)
    return float(value)


def item_id(row: dict[str, Any], name: str, at: str) -> str:
    return _id(row[name], at + name) if name in row else ""


def ids(row: dict[str, Any], name: str, at: str) -> tuple[str, ...]:
    if name not in row:
        return ()
    value = row[name]
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_ITEMS:
        raise InvalidRequest(f"must be a list of 1 to {MOST_ITEMS} item ids", at + name)
    return _once([_id(one, at + name) for one in value], at + name)


def words(row: dict[str, Any], name: str, at: str) -> tuple[str, ...]:
    value = row.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidRequest("must be a list of texts", at + name)
    return _once(value, at + name)


def slots(row: dict[str, Any], name: str, at: str) -> tuple[int, ...]:
    if name not in row:
        return ()
    value = row[name]
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_SLOTS:
        raise InvalidRequest(f"must be a list of 1 to {MOST_SLOTS} slots", at + name)
    if not all(_number(one) and one == int(one) and 1 <= one <= LAST_SLOT for one in value):
        raise InvalidRequest(f"must hold whole numbers from 1 to {LAST_SLOT}: the first slot is 1", at + name)
    return _once([int(one) for one in value], at + name)


def with_slots(rule: Rule) -> Rule:
    """Pinned from the front on, in the order of the items."""
    return replace(rule, slots=tuple(range(1, len(rule.items) + 1)))


def _once(found: list[T], at: str) -> tuple[T, ...]:
    if len(set(found)) != len(found):
        raise InvalidRequest("names one of them twice", at)
    return tuple(found)


def _id(value: Any, at: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_ID:
        raise InvalidRequest(f"must be an item's id: text of 1 to {LONGEST_ID} characters", at)
    return value.strip()


def _number(value: Any) -> bool:
    """A finite one: JSON as other programs write it may hold NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
