"""What is known of a moment without knowing the person, as six characters: device, country, quarter of the day, weekend, life cycle.

The code is in the id of the answer, so that what is learned from is what was drawn by: an event's own context may differ.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

DEVICES = {"mobile": "m", "tablet": "t"}  # all others: d
MOST_COUNTRIES = 3
# 1, mobile, tablet, three countries, three quarters of the day, weekend, returning
SIZE = 11
_FORM = re.compile(r"x([mtd])([0-3])([0-3])([we])([nr])")


def code(device: str, country: str, countries: Sequence[str], orders: int, at: float) -> str:
    """`countries` are those that the shop tells apart; `at` in epoch seconds, its hours in UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    place = countries.index(country) + 1 if country in countries else 0
    weekend = "e" if moment.weekday() >= 5 else "w"
    return f"x{DEVICES.get(device, 'd')}{place}{moment.hour // 6}{weekend}{'r' if orders else 'n'}"


def features(written: str) -> tuple[int, ...] | None:
    """Positions, ascending, of the ones in a vector of SIZE zeros and ones; None when it is no code.

    >>> features("xm10wn"), features("xd03er")
    ((0, 1, 3), (0, 8, 9, 10))
    """
    found = _FORM.fullmatch(written)
    if not found:
        return None
    device, country, quarter, day, lifecycle = found.groups()
    ones = [
        0,
        {"m": 1, "t": 2, "d": 0}[device],
        2 + int(country) if country != "0" else 0,
        5 + int(quarter) if quarter != "0" else 0,
        9 if day == "e" else 0,
        10 if lifecycle == "r" else 0,
    ]
    return tuple(sorted(set(ones)))
