"""What changed from one plan's document to another, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import json

PARTS = {
    "rules": "rule",
    "segments": "segment",
    "lifecycle": "limit",
    "placements": "placement",
    "experiments": "experiment",
    "bandits": "bandit",
}
LONGEST = 120  # characters of a value that are shown
NONE = object()  # a value that is not there


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Of documents that the parser took or not. The order of rules means nothing and is not compared."""
    return list(_all(before, after))


def _all(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("timezone", "UTC") != after.get("timezone", "UTC"):
        yield f"timezone: {before.get('timezone', 'UTC')} → {after.get('timezone', 'UTC')}"
    for part, word in PARTS.items():
        old, new = _named(before.get(part)), _named(after.get(part))
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _of_one(f"{word} “{name}”", old.get(name), new.get(name))


def _of_one(what: str, old: Any, new: Any) -> Iterator[str]:
    if old == new:
        return
    if old is None:
        yield f"{what} is new: {_short(new)}"
    elif new is None:
        yield f"{what} is gone: {_short(old)}"
    else:
        was, now = _flat(old), _flat(new)
        paths = [path for path in {**was, **now} if was.get(path, NONE) != now.get(path, NONE)]
        changes = (f"{_at(path)}{_short(was.get(path, NONE))} → {_short(now.get(path, NONE))}" for path in paths)
        yield f"{what}: {'; '.join(changes)}"


def _named(part: Any) -> dict[str, Any]:
    """Parts by name; a list's by the names in them, what has none by its place."""
    if isinstance(part, dict):
        return part
    rows = part if isinstance(part, list) else []
    return {
        str(row.get("name", f"[{place}]") if isinstance(row, dict) else f"[{place}]"): _unnamed(row)
        for place, row in enumerate(rows)
    }


def _unnamed(row: Any) -> Any:
    return {name: value for name, value in row.items() if name != "name"} if isinstance(row, dict) else row


def _flat(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Values by their path, such as ("dials", "diversity"); lists are values."""
    if not isinstance(value, dict) or (path and not value):
        return {path: value}
    found: dict[tuple[str, ...], Any] = {}
    for name, inner in value.items():
        found |= _flat(inner, (*path, name))
    return found


def _at(path: tuple[str, ...]) -> str:
    return f"{'.'.join(path)} " if path else ""


def _short(value: Any) -> str:
    if isinstance(value, dict) and value:
        return ", ".join(f"{_at(path)}{_short(inner)}" for path, inner in _flat(value).items())
    text = "none" if value is NONE else value if value and isinstance(value, str) else json.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
