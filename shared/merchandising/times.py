"""A campaign's times as its author's wall clock shows them. Needs a time zone database; what is published needs none."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import InvalidRequest

YEARS = 10  # for which the clock is known ahead
DAY = 86400.0


def zone(name: str, field: str) -> ZoneInfo:
    """Raises InvalidRequest."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        raise InvalidRequest(f"{name!r} is no time zone; write one such as Europe/Berlin", field) from None


def moment(written: str, within: ZoneInfo, field: str, *, last: bool = False) -> float:
    """Epoch seconds of an ISO 8601 time: local unless it has an offset. A day alone is its beginning, or with `last` its end.

    An hour that the clock shows twice in autumn is its first for a beginning, its second for an end. A time that it leaves out in spring
    counts on from before the change. Raises InvalidRequest.
    """
    try:
        if _is_day(written):
            day = datetime.fromisoformat(written)
            return _seconds(day + timedelta(days=1) if last else day, within, last=last)
        return _seconds(datetime.fromisoformat(written), within, last=last)
    except (ValueError, OverflowError):
        usual = "must be an ISO 8601 day or time after 1970, such as 2026-12-01 or 2026-12-01T18:00"
        raise InvalidRequest(usual, field) from None


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _seconds(read: datetime, within: ZoneInfo, *, last: bool) -> float:
    if read.tzinfo is None:
        first, second = (read.replace(tzinfo=within, fold=fold).timestamp() for fold in (0, 1))
        seconds = max(first, second) if last else first
    else:
        seconds = read.timestamp()
    if seconds <= 0:
        raise ValueError(read)
    return seconds


def clock(within: ZoneInfo, now: float) -> tuple[tuple[float, float], ...]:
    """When the zone's distance from UTC changes in the coming years: (epoch seconds, seconds east), the first for all time before."""
    changes = [(0.0, _east(within, now))]
    for day in range(366 * YEARS):
        start, end = now + day * DAY, now + (day + 1) * DAY
        if _east(within, end) != changes[-1][1]:
            changes.append((_change(within, start, end), _east(within, end)))
    return tuple(changes)


def _change(within: ZoneInfo, start: float, end: float) -> float:
    """The second at which the distance becomes that of `end`."""
    low, high = int(start), int(end)
    while high - low > 1:
        middle = (low + high) // 2
        if _east(within, middle) == _east(within, end):
            high = middle
        else:
            low = middle
    return float(high)


def _east(within: ZoneInfo, at: float) -> float:
    offset = datetime.fromtimestamp(at, UTC).astimezone(within).utcoffset()
    return offset.total_seconds() if offset else 0.0
