"""An expression made ready to be asked often: closures over the facts."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from shared.expressions.facts import ContextFacts, ItemFacts, ShopperFacts
from shared.expressions.nodes import All, Comparison, Node, Not, comparisons, every, subjects, written
from shared.expressions.operators import closure_of

Ask = Callable[[Any], bool]  # of the facts of one subject
AskAll = Callable[[Any, Any, Any], bool]


class Condition:
    """Equal when written the same. A missing value makes every comparison false, and so `!=`, which is `not =`, true."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.subjects = subjects(node)

    def holds(self, item: ItemFacts | None, shopper: ShopperFacts | None, context: ContextFacts | None) -> bool:
        """Facts that it does not ask about may be None."""
        return self._ask(item, shopper, context)

    @cached_property
    def asked(self) -> Ask:
        """The same of a condition about one subject, with that subject's facts alone."""
        return _single(self.node)

    @cached_property
    def _ask(self) -> AskAll:
        return _mixed(self.node)

    def parts(self) -> "Parts":
        """What of it can be told of a request alone, what of an item alone, and the rest: it holds when all that are there hold."""
        split: dict[str, list[Node]] = {"request": [], "item": [], "mixed": []}
        for part in conjuncts(self.node):
            about = subjects(part)
            split["item" if about == {"item"} else "mixed" if "item" in about else "request"].append(part)
        return Parts(*(Condition(every(found)) if found else None for found in split.values()))

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields it asks, such as `item.price`; attributes by the name they have in lower case."""
        return frozenset(
            f"{test.field.subject}.{'attributes.' if test.field.kind == 'attribute' else ''}{test.field.name}"
            for test in comparisons(self.node)
        )

    def __str__(self) -> str:
        return written(self.node)

    def __repr__(self) -> str:
        return f"Condition({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.node == other.node

    def __hash__(self) -> int:
        return hash(self.node)


class Parts(NamedTuple):
    """Each None when there is no such part."""

    request: Condition | None
    item: Condition | None
    mixed: Condition | None


def conjuncts(node: Node) -> tuple[Node, ...]:
    """What must hold, each on its own."""
    return node.parts if isinstance(node, All) else (node,)


def _single(node: Node) -> Ask:
    if isinstance(node, Comparison):
        return closure_of(node)
    if isinstance(node, Not):
        inner = _single(node.part)
        return lambda facts: not inner(facts)
    parts = tuple(map(_single, node.parts))
    wanted = not isinstance(node, All)  # one such part settles it

    def ask(facts: Any) -> bool:
        for part in parts:
            if part(facts) is wanted:
                return wanted
        return not wanted

    return ask


def _mixed(node: Node) -> AskAll:
    about = subjects(node)
    if len(about) == 1:
        one = _single(node)
        if about == {"item"}:
            return lambda item, shopper, context: one(item)
        if about == {"shopper"}:
            return lambda item, shopper, context: one(shopper)
        return lambda item, shopper, context: one(context)
    if isinstance(node, Not):
        inner = _mixed(node.part)
        return lambda item, shopper, context: not inner(item, shopper, context)
    return _several(node)


def _several(node: Node) -> AskAll:
    assert not isinstance(node, Comparison | Not)  # noqa: S101 - those are about one subject, or wrap what is not
    parts = tuple(map(_mixed, node.parts))
    wanted = not isinstance(node, All)

    def ask(item: Any, shopper: Any, context: Any) -> bool:
        for part in parts:
            if part(item, shopper, context) is wanted:
                return wanted
        return not wanted

    return ask
