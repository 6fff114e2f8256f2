"""What an expression is made of, and how it is written."""

import re
from dataclasses import dataclass

from shared.expressions.fields import ATTRIBUTES, Field

Value = str | float | bool
BARE = re.compile(r"[^\W\d][\w-]*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against one value or, for `in`, several. `missing` and `holds` (a bare flag) have none."""

    field: Field
    operator: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Two parts or more, none of them another All."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Two parts or more, none of them another Any."""

    parts: tuple["Node", ...]


Node = Comparison | Not | All | Any


def every(parts: list[Node]) -> Node:
    """All of them as one; nested ones become one level."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def either(parts: list[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Any) else (part,))]
    return flat[0] if len(flat) == 1 else Any(tuple(flat))


def negated(part: Node) -> Node:
    """A denial twice over is none."""
    return part.part if isinstance(part, Not) else Not(part)


def comparisons(node: Node) -> list[Comparison]:
    """Every comparison in it, as written."""
    if isinstance(node, Comparison):
        return [node]
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return [test for part in parts for test in comparisons(part)]


def subjects(node: Node) -> frozenset[str]:
    return frozenset(test.field.subject for test in comparisons(node))


def written(node: Node) -> str:
    """The canonical form: parsing it gives the node again."""
    if isinstance(node, Comparison):
        return _written_comparison(node)
    if isinstance(node, Not):
        inner = written(node.part)
        return f"not ({inner})" if isinstance(node.part, All | Any) else f"not {inner}"
    if isinstance(node, Any):
        return " or ".join(map(written, node.parts))
    return " and ".join(f"({written(part)})" if isinstance(part, Any) else written(part) for part in node.parts)


def _written_comparison(test: Comparison) -> str:
    name = _written_field(test.field)
    if test.operator == "holds":
        return name
    if test.operator == "missing":
        return f"{name} is missing"
    if test.operator == "in":
        return f"{name} in ({', '.join(map(written_value, test.values))})"
    return f"{name} {test.operator} {written_value(test.values[0])}"


def _written_field(field: Field) -> str:
    if field.kind != "attribute":
        return f"{field.subject}.{field.name}"
    return ATTRIBUTES + (field.name if BARE.fullmatch(field.name) else written_value(field.name))


def written_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
