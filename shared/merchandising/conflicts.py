"""Rules of a plan that get into each other's way, and which of them wins. What is found is certain from the rules alone: the same
slot, the same item, the same expression. What depends on the catalog, an answer's explanation tells."""

from collections.abc import Iterable, Iterator
from itertools import combinations, islice
from math import inf
from typing import NamedTuple

from shared.merchandising.plan import Action, Plan, Rule
from shared.merchandising.values import MOST_FACTOR

Key = tuple[str, str]
MOST_SHOWN = 100
SHOWN = 3  # slots, items or expressions that are named of one conflict
FIRST: tuple[Action, ...] = ("exclude", "replace", "pin", "include", "boost", "bury")
MOVING: tuple[Action, ...] = ("boost", "bury")


class Clash(NamedTuple):
    """`rules`: the one that wins, then the other; two that both count in the order of the plan."""

    rules: tuple[str, str]
    message: str


def conflicts(plan: Plan) -> list[Clash]:
    """At most MOST_SHOWN, those of the rules with the highest precedence first."""
    return list(islice(_all(plan.rules), MOST_SHOWN))


def _all(rules: tuple[Rule, ...]) -> Iterator[Clash]:
    ordered = sorted(
        rules, key=lambda rule: FIRST.index(rule.action)
    )  # stable: priority and name decide within an action
    for (first, about), (second, also) in combinations([(rule, _about(rule)) for rule in ordered], 2):
        if not about.isdisjoint(also) and _meet(first, second):
            names = first.name, second.name
            yield from (Clash(names, message) for message in _messages(first, second, about & also))


def _about(rule: Rule) -> frozenset[Key]:
    """("slot", n), ("item", id) of those it moves or brings in, ("where", expression)."""
    slots = [("slot", str(slot)) for slot in rule.slots]
    items = [("item", item) for item in (*rule.items, *filter(None, [rule.target]))]
    return frozenset([*slots, *items, *([("where", " ".join(rule.where.split()))] if rule.where else [])])


def _meet(one: Rule, other: Rule) -> bool:
    """Whether there may be a request for which both hold, as far as places and times tell."""
    if one.placements and other.placements and not set(one.placements) & set(other.placements):
        return False
    return one.start < (other.end or inf) and other.start < (one.end or inf)


def _messages(first: Rule, second: Rule, shared: Iterable[Key]) -> Iterator[str]:
    slots = sorted((value for kind, value in shared if kind == "slot"), key=int)
    if slots:
        yield _same_slots(first, second, slots)
    about = _named("item", [item for item in first.items if item in second.items])
    about = about or _named("items for which", [value for kind, value in shared if kind == "where"])
    if about and (message := _same_items(first, second)):
        yield f"{about}: {message}"
    yield from _replacing(first, second)


def _same_slots(first: Rule, second: Rule, slots: list[str]) -> str:
    if second.action == "pin":
        return f"{_named('slot', slots)}: “{first.name}” has it; what “{second.name}” pins there gets no slot"
    return f"{_named('slot', slots)}: “{first.name}” has it; “{second.name}” gets its other slots only"


def _same_items(first: Rule, second: Rule) -> str:
    """ "" where both can have their way."""
    actions = first.action, second.action
    if first.action in MOVING and second.action in MOVING:
        return _together(first, second)
    if actions == ("replace", "replace"):
        return f"“{first.name}” says what is shown instead, not “{second.name}”"
    if actions == ("pin", "pin"):
        return f"“{first.name}” says where it stands, not “{second.name}”"
    if first.action == "exclude" != second.action:
        return f"“{first.name}” takes it out, so “{second.name}” has no effect on it"
    if first.action == "replace":
        return f"“{first.name}” shows {first.target} instead, before “{second.name}” applies"
    return ""


def _together(first: Rule, second: Rule) -> str:
    if first.action != second.action:
        return f"both count: together they multiply by {first.by / second.by:.3g}"
    limit = f"both count, but together they multiply by {MOST_FACTOR:g} at most"
    return limit if first.by * second.by > MOST_FACTOR else ""


def _replacing(first: Rule, second: Rule) -> Iterator[str]:
    if first.action == "exclude" and second.action == "replace" and second.target in first.items:
        yield f"“{first.name}” takes out {second.target}, so “{second.name}” has nothing to show instead"
    if first.action == second.action == "replace" and first.target in second.items and second.target in first.items:
        yield f"the replacements of “{first.name}” and “{second.name}” lead round in a circle; what is in it stays"


def _named(what: str, values: list[str]) -> str:
    if not values:
        return ""
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return f"{what} {', '.join(values[:SHOWN])}{more}"
