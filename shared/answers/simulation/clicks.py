"""Which answers' items were clicked, and how many of those were ordered, from the events of the lake."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from shared.events.model import decode
from shared.events.products import products, text

CLICK, ORDER = "Recommendation Clicked", "Order Completed"
TOLD = (CLICK.encode(), ORDER.encode())


class Clicks(NamedTuple):
    """`pairs` of (recommendationId, item). Of the `clicked` (shopper, item), `ordered` were ordered by who clicked."""

    pairs: frozenset[tuple[str, str]]
    clicked: int
    ordered: int

    def has(self, recommendation_id: str, item: str) -> bool:
        return (recommendation_id, item) in self.pairs


def read(lines: Iterable[bytes]) -> Clicks:
    """Lines that are no events count for nothing. The order of lines does not matter: hardly anybody orders first and clicks then."""
    pairs: set[tuple[str, str]] = set()
    clicked: dict[tuple[str, str], set[str]] = {}  # (who, item) -> all names of who
    ordered: set[tuple[str, str]] = set()
    for line in lines:
        if not any(name in line for name in TOLD):
            continue
        try:
            event = decode(line)
        except msgspec.MsgspecError:
            continue
        names = {name for name in (event.anonymous_id, event.user_id) if name}
        items = [product.item for product in products(event.properties)] if names else []
        if event.event == ORDER:
            ordered.update((name, item) for name in names for item in items)
        elif event.event == CLICK:
            pairs.update((text(event.properties.get("recommendation_id")), item) for item in items)
            for item in items:
                clicked.setdefault((event.anonymous_id or event.user_id, item), set()).update(names)
    bought = sum(any((name, item) in ordered for name in names) for (_, item), names in clicked.items())
    return Clicks(frozenset(pairs), len(clicked), bought)
