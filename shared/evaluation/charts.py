"""Bars with whiskers as SVG: nothing to install, nothing loaded from elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

WIDTH = 640
ROW = 26


class Bar(NamedTuple):
    name: str
    mean: float
    low: float
    high: float
    colour: str


def bars(title: str, rows: Sequence[Bar], names: int = 130) -> str:
    """One bar a row, its interval as a line. `names` is how many units of the width the names take."""
    scale = (WIDTH - names - 90) / (max((row.high for row in rows), default=0.0) or 1.0)
    body = "".join(_row(row, 26 + place * ROW, names, scale) for place, row in enumerate(rows))
    return (
        f'<svg viewBox="0 0 {WIDTH} {34 + len(rows) * ROW}" role="img" aria-label="{escape(title)}">'
        f'<text x="0" y="14" font-weight="bold">{escape(title)}</text>{body}</svg>'
    )


def _row(row: Bar, y: int, left: int, scale: float) -> str:
    return (
        f'<text x="0" y="{y + 13}">{escape(row.name)}</text>'
        f'<rect x="{left}" y="{y}" width="{row.mean * scale:.1f}" height="17" rx="3" fill="{row.colour}"/>'
        f'<path d="M{left + row.low * scale:.1f} {y + 8.5}H{left + row.high * scale:.1f}" stroke="#1d2733"/>'
        f'<text x="{left + 8 + row.high * scale:.1f}" y="{y + 13}">{row.mean:.4f}</text>'
    )
