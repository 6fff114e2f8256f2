"""What belongs together because it has a name in common."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def together(things: Iterable[T], names_of: Callable[[T], Iterable[str]]) -> list[list[T]]:
    """Groups of things, in their order, such that no two groups share a name, not even by way of others. A thing has at least one name."""
    member: dict[str, str] = {}

    def root(name: str) -> str:
        while member.setdefault(name, name) != name:
            member[name] = name = member[member[name]]
        return name

    firsts: list[tuple[T, str]] = []
    for thing in things:
        first, *rest = names_of(thing)
        for name in rest:
            member[root(name)] = root(first)
        firsts.append((thing, first))
    groups: dict[str, list[T]] = {}
    for thing, first in firsts:
        groups.setdefault(root(first), []).append(thing)
    return list(groups.values())
