"""Which rules of a plan hold for a request, and which of them are about an item. Made once for a version, asked by every request."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.catalog.model import Item
from shared.errors import InvalidRequest
from shared.expressions.condition import Condition
from shared.expressions.facts import ContextFacts, ItemFacts, ShopperFacts
from shared.expressions.parse import parse
from shared.merchandising.index import ItemIndex
from shared.merchandising.plan import ACTIONS, EMPTY, Action, Plan, Rule

TIMED = frozenset({"item.price", "item.discount", "item.on_sale", "item.age", "item.stock_cover"})
MOST_KEPT = 100_000  # items whose rules are remembered, some 15 MB
WHERE, WHEN, SEGMENT = frozenset({"item"}), frozenset({"shopper", "context"}), frozenset({"shopper"})


class Matcher:
    """Remembers which rules are about an item: until the item changes and, where time matters to a rule, for the minute.

    `broken`: rule or segment -> why this code cannot read it; it is left out. A plan is
    checked when it is published, but maybe by newer code.
    """

    def __init__(self, plan: Plan = EMPTY) -> None:
        self.plan = plan
        self.broken: dict[str, str] = {}
        self.index = ItemIndex()
        self.timed = False
        self.minute = -1
        self.kept: dict[str, tuple[float, int]] = {}
        self.of_action: dict[str, int] = dict.fromkeys(ACTIONS, 0)
        self.everywhere = 0
        self.in_placement: dict[str, int] = {}
        self.limited: list[tuple[float, float, int]] = []
        self.whens: dict[str, tuple[Condition, int]] = {}
        for place, rule in enumerate(plan.rules):
            try:
                self._add(place, rule)
            except InvalidRequest as error:
                self.broken[rule.name] = error.message
        self.named = dict(self._segments())

    def _add(self, place: int, rule: Rule) -> None:
        bit = 1 << place
        where = parse(rule.where, "where", WHERE) if rule.where else None
        when = parse(rule.when, "when", WHEN) if rule.when else None
        if where:
            self.index.add(place, where)
            self.timed = self.timed or bool(TIMED & where.fields)
        self.index.add_items(place, rule.items)
        if when:
            known = self.whens.get(str(when), (when, 0))
            self.whens[str(when)] = (known[0], known[1] | bit)
        if rule.start or rule.end:
            self.limited.append((rule.start, rule.end or float("inf"), bit))
        self.of_action[rule.action] |= bit
        self.everywhere |= 0 if rule.placements else bit
        for placement in rule.placements:
            self.in_placement[placement] = self.in_placement.get(placement, 0) | bit

    def _segments(self) -> Iterator[tuple[str, Condition]]:
        for name, expression in self.plan.segments.items():
            try:
                yield name, parse(expression, "segments", SEGMENT)
            except InvalidRequest as error:
                self.broken[name] = error.message

    def segments(self, shopper: ShopperFacts) -> list[str]:
        """The plan's segments the shopper belongs to; they ask about everything but `shopper.segments`."""
        return [name for name, condition in self.named.items() if condition.holds(None, shopper, None)]

    def match(self, shopper: ShopperFacts, context: ContextFacts, now: float) -> "Matched":
        """The rules that hold for a request at `now` (epoch seconds), no stock cover being known."""
        active = self.everywhere | self.in_placement.get(context.placement, 0)
        for start, end, bit in self.limited:
            if not start <= now < end:
                active &= ~bit
        for condition, bits in self.whens.values():
            if active & bits and not condition.holds(None, shopper, context):
                active &= ~bits
        return Matched(self, active, now)

    def mask(self, item: Item, now: float, covers: Mapping[str, float]) -> int:
        """Bits of all rules that are about the item."""
        if self.timed and now // 60 != self.minute:
            self.kept.clear()
            self.minute = int(now // 60)
        known = self.kept.get(item.id)
        if known and known[0] == item.updated_at:
            return known[1]
        if len(self.kept) >= MOST_KEPT:
            self.kept.clear()
        mask = self.index.mask(ItemFacts(item, now, covers.get(item.id)))
        self.kept[item.id] = (item.updated_at, mask)
        return mask


class Matched(NamedTuple):
    """The rules that hold for a request: bits of the plan's rules, whose order is that of precedence. `covers`: item id -> days its
    stock lasts, where known."""

    matcher: Matcher
    active: int
    now: float
    covers: Mapping[str, float] = {}

    def mask(self, item: Item) -> int:
        """Bits of those that are about the item."""
        return self.active and self.matcher.mask(item, self.now, self.covers) & self.active

    def bits(self, action: Action) -> int:
        return self.matcher.of_action[action] & self.active

    def rules(self, bits: int) -> Iterator[tuple[int, Rule]]:
        """(bit, rule) of each, the one that comes first before the others."""
        rules = self.matcher.plan.rules
        while bits:
            bit = bits & -bits
            bits ^= bit
            yield bit, rules[bit.bit_length() - 1]

    def of(self, action: Action) -> Iterator[tuple[int, Rule]]:
        return self.rules(self.bits(action))
