"""One comparison as a closure over the facts of its subject. Texts compare without regard to case."""

import math
from collections.abc import Callable
from operator import attrgetter, ge, gt, le, lt
from typing import Any

from shared.expressions.fields import Field
from shared.expressions.nodes import Comparison, Value

Read = Callable[[Any], Any]
Ask = Callable[[Any], bool]
ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def closure_of(test: Comparison) -> Ask:
    """Every closure answers True or False, never another truth."""
    read = _read(test.field, numeric=any(isinstance(value, float) for value in test.values))
    if test.operator == "missing":
        return lambda facts: read(facts) is None
    if test.operator == "holds":
        return lambda facts: read(facts) is True
    wanted = [_folded(value) for value in test.values]
    if test.operator == "in":
        among = frozenset(wanted)
        return lambda facts: read(facts) in among
    return _against(test.operator, read, wanted[0])


def _against(operator: str, read: Read, wanted: Any) -> Ask:
    """A comparison with one value."""
    if operator == "=":
        return lambda facts: bool(read(facts) == wanted)
    if operator == "!=":
        return lambda facts: bool(read(facts) != wanted)
    if operator == "contains":
        return lambda facts: (value := read(facts)) is not None and wanted in value
    if operator == "starts with":
        return lambda facts: (value := read(facts)) is not None and value.startswith(wanted)
    if operator == "within":
        below = f"{wanted} > "
        return lambda facts: (value := read(facts)) is not None and (value == wanted or value.startswith(below))
    order = ORDER[operator]
    return lambda facts: (value := read(facts)) is not None and order(value, wanted)


def _read(field: Field, *, numeric: bool) -> Read:
    """The field's value; None when it is missing. Facts of an item are in lower case already."""
    name = field.name
    if field.kind == "attribute":
        return (lambda facts: _number(facts.attributes.get(name))) if numeric else _attribute(name)
    get = attrgetter(name)
    if field.subject == "item" or field.kind in ("number", "flag"):
        return get
    if field.kind == "words":
        return lambda facts: frozenset(map(str.casefold, get(facts))) or None
    return lambda facts: get(facts).casefold() or None


def _attribute(name: str) -> Read:
    return lambda facts: facts.attributes.get(name) or None


def _number(written: str | None) -> float | None:
    """Of an attribute, which the catalog keeps as text; None for anything but a plain number."""
    try:
        number = float(written or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _folded(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value
