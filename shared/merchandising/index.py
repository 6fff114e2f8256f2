"""Which rules are about an item, as bits of one number: bit n is the plan's nth rule.

A rule whose expression needs an id, a brand, a group, a category or a tag is only looked at for items that have it.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.expressions.condition import Condition, conjuncts
from shared.expressions.facts import ItemFacts
from shared.expressions.nodes import Comparison, Node, every

Ask = Callable[[ItemFacts], bool]
Key = tuple[str, str]  # (kind, value in lower case)
ANCHORS = {
    ("id", "="): "id",
    ("id", "in"): "id",
    ("brand", "="): "brand",
    ("brand", "in"): "brand",
    ("group", "="): "group",
    ("group", "in"): "group",
    ("category", "="): "within",
    ("category", "in"): "within",
    ("category", "within"): "within",
    ("tags", "contains"): "tag",
}
SETTLED = {kind for kind in ANCHORS if kind not in (("category", "="), ("category", "in"))}  # nothing is left to ask


class About(NamedTuple):
    """Rules that are about an item for sure, and those that have to be asked."""

    sure: int = 0
    perhaps: int = 0


NONE = About()


class ItemIndex:
    def __init__(self) -> None:
        self.ids: dict[str, int] = {}  # exactly as they are written
        self.found: dict[Key, About] = {}
        self.kinds: set[str] = set()
        self.unanchored = 0
        self.asks: dict[int, Ask] = {}  # by the place of the rule

    def add_items(self, place: int, ids: tuple[str, ...]) -> None:
        for item in ids:
            self.ids[item] = self.ids.get(item, 0) | 1 << place

    def add(self, place: int, condition: Condition) -> None:
        """A rule about the items for which `condition`, which asks about items alone, holds."""
        parts = list(conjuncts(condition.node))
        anchor = next((part for part in parts if _anchors(part)), None)
        if anchor is None:
            self.unanchored |= 1 << place
            self.asks[place] = condition.asked
            return
        if _settled(anchor):
            parts.remove(anchor)
        if parts:
            self.asks[place] = Condition(every(parts)).asked
        for key in _anchors(anchor):
            self.kinds.add(key[0])
            about = self.found.get(key, NONE)
            bit = 1 << place
            self.found[key] = (
                About(about.sure, about.perhaps | bit) if parts else About(about.sure | bit, about.perhaps)
            )

    def mask(self, facts: ItemFacts) -> int:
        sure, perhaps = self.ids.get(facts.item.id, 0), self.unanchored
        for key in self._keys(facts):
            about = self.found.get(key)
            if about:
                sure |= about.sure
                perhaps |= about.perhaps
        perhaps &= ~sure
        while perhaps:
            bit = perhaps & -perhaps
            perhaps ^= bit
            if self.asks[bit.bit_length() - 1](facts):
                sure |= bit
        return sure

    def _keys(self, facts: ItemFacts) -> Iterator[Key]:
        kinds = self.kinds
        if "brand" in kinds and facts.brand:
            yield "brand", facts.brand
        if "within" in kinds and facts.category:
            path = facts.category
            yield "within", path
            while (end := path.rfind(" > ")) > 0:
                path = path[:end]
                yield "within", path
        if "tag" in kinds:
            for tag in facts.tags or ():
                yield "tag", tag
        if "id" in kinds:
            yield "id", facts.id
        if "group" in kinds and facts.group:
            yield "group", facts.group


def _anchors(part: Node) -> list[Key]:
    """What an item must have one of for the part to hold; [] when that is not told by a key."""
    if not isinstance(part, Comparison) or part.field.subject != "item" or part.field.kind == "attribute":
        return []
    kind = ANCHORS.get((part.field.name, part.operator))
    return [(kind, str(value).casefold()) for value in part.values] if kind else []


def _settled(part: Node) -> bool:
    return isinstance(part, Comparison) and (part.field.name, part.operator) in SETTLED
