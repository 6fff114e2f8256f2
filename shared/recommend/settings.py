"""Settings of placements as a shop writes them down: what differs from the ready-made ones, with every mistake named."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_args

from shared.errors import InvalidRequest
from shared.recommend.dials import Dials
from shared.recommend.placements import PLACEMENTS, About, Placement, Source
from shared.recommend.reasons import OF_LIST
from shared.recommend.shelves import MOST_KINDS

SOURCES: tuple[str, ...] = get_args(Source)
ABOUTS: tuple[str, ...] = get_args(About)
MOST_POOL, MOST_COUNT, MOST_BUNDLES = 200, 100, 5
Changes = dict[str, Any]  # fields of a Placement; `dials` holds fields of Dials
Check = Callable[[Any, str], Any]


def changed(placement: Placement, changes: Changes) -> Placement:
    """The placement with some settings changed; dials that are not named stay."""
    dials = placement.dials._replace(**changes.get("dials", {}))
    return replace(placement, **{**changes, "dials": dials})


def changes(raw: Any, path: str) -> Changes:
    """Checked settings. Raises InvalidRequest naming the first mistake's place below `path`."""
    return _fields(raw, path, SETTINGS)


def placement(raw: Any, path: str, name: str) -> Placement:
    """A ready-made placement changed, or a new one made `like` a ready-made one."""
    if not isinstance(raw, dict):
        raise InvalidRequest("must be an object of settings", path)
    like = raw.get("like", name)
    if not isinstance(like, str) or like not in PLACEMENTS:
        known = ", ".join(PLACEMENTS)
        raise InvalidRequest(f"{name!r} is new: say which one it is `like`, one of {known}", f"{path}.like")
    rest = {field: value for field, value in raw.items() if field not in ("like", "strategies")}
    return changed(PLACEMENTS[like], changes(rest, path))


def _fields(raw: Any, path: str, known: Mapping[str, tuple[str, Check]]) -> Changes:
    if not isinstance(raw, dict):
        raise InvalidRequest("must be an object of settings", path)
    for name in raw:
        if name not in known:
            raise InvalidRequest(f"is no setting; there are {', '.join(known)}", f"{path}.{name}")
    return {known[name][0]: known[name][1](value, f"{path}.{name}") for name, value in raw.items()}


def _number(low: float, high: float) -> Check:
    def check(value: Any, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise InvalidRequest(f"must be a number from {low:g} to {high:g}", path)
        return float(value)

    return check


def _whole(low: int, high: int) -> Check:
    def check(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidRequest(f"must be a whole number from {low} to {high}", path)
        return value

    return check


def _one_of(words: tuple[str, ...]) -> Check:
    def check(value: Any, path: str) -> str:
        if value not in words:
            raise InvalidRequest(f"must be one of {', '.join(words)}", path)
        return str(value)

    return check


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest("must be true or false", path)
    return value


def _weights(words: tuple[str, ...], most: int) -> Check:
    weight = _number(0.0, 100.0)

    def check(value: Any, path: str) -> dict[str, float]:
        if not isinstance(value, dict) or not 1 <= len(value) <= most:
            raise InvalidRequest(f"must be an object of 1 to {most} weights", path)
        for name in value:
            if name not in words:
                raise InvalidRequest(f"must be one of {', '.join(words)}", f"{path}.{name}")
        return {name: weight(amount, f"{path}.{name}") for name, amount in value.items()}

    return check


def _range(value: Any, path: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - a range has two ends
        raise InvalidRequest("must be two multiples of the shopper's usual price, such as [0.5, 2]", path)
    low = _number(0.0, 1000.0)(value[0], f"{path}[0]")
    high = math.inf if value[1] is None else _number(0.001, 1000.0)(value[1], f"{path}[1]")
    if low > high:
        raise InvalidRequest("is above the other end", f"{path}[0]")
    return low, high


DIALS: dict[str, tuple[str, Check]] = {
    **{name: (name, _number(0.0, 1.0)) for name in ("diversity", "freshness", "serendipity", "repetition", "margin")},
    "brandCap": ("brand_cap", _whole(0, 100)),
    "categoryCap": ("category_cap", _whole(0, 100)),
    "priceRange": ("price_range", _range),
    "stockDays": ("stock_days", _number(0.0, 365.0)),
}


def _dials(value: Any, path: str) -> Changes:
    return _fields(value, path, DIALS)


LISTS = tuple(OF_LIST)
SETTINGS: dict[str, tuple[str, Check]] = {
    "count": ("count", _whole(1, MOST_COUNT)),
    "sources": ("weights", _weights(SOURCES, len(SOURCES))),
    "about": ("about", _one_of(ABOUTS)),
    "allowPurchased": ("allow_purchased", _flag),
    "list": ("shelf", _one_of(LISTS)),
    "strict": ("strict", _flag),
    "newcomers": ("newcomers", _flag),
    "dials": ("dials", _dials),
    "pool": ("pool", _whole(0, MOST_POOL)),
    "bundles": ("bundles", _whole(0, MOST_BUNDLES)),
    "fallback": ("blend", _weights(LISTS, MOST_KINDS)),
}
assert set(Dials._fields) == {field for field, _ in DIALS.values()}  # noqa: S101 - a dial nobody can turn is a mistake of ours
