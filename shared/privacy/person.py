"""Who a privacy request is about: every name the person goes by here, and how to recognise one in what is stored."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import msgspec
from msgspec import json

from shared.answers.model import unit_of

USER, ANONYMOUS = "userId", "anonymousId"
UNIT = "unit"  # what stands for either in the log of answers
LONG = 12  # characters; a name this long is found inside other text too, as it cannot be there by accident
NAMING = re.compile(
    r"user|customer|client|visitor|anonymous|device|account|member|profile|person|recipient|shopper|e-?mail|phone", re.I
)
GONE = "[erased]"
NOTHING = r"[^\s\S]"

Identifier = tuple[str, str]  # (type, value): a user or anonymous id as it is, every other type as its keyed hash


class Person(msgspec.Struct, dict=True, kw_only=True):
    """`shared` are devices that others use too: their ids stay, only the messages in `messages` are this person's there.
    `opened` are those of them that the request named itself: what nobody logged in for is the person's as well. `near` are names as in
    the identity graph, of shared devices and of users who share a name: what is kept of them may name the person."""

    identifiers: list[Identifier]
    shared: list[str] = []
    opened: list[str] = []
    messages: list[str] = []
    near: list[str] = []

    @cached_property
    def users(self) -> frozenset[str]:
        return frozenset(value for kind, value in self.identifiers if kind == USER)

    @cached_property
    def devices(self) -> frozenset[str]:
        return frozenset(value for kind, value in self.identifiers if kind == ANONYMOUS)

    @cached_property
    def hashes(self) -> frozenset[str]:
        return frozenset(value for kind, value in self.identifiers if kind not in (USER, ANONYMOUS))

    @cached_property
    def names(self) -> frozenset[str]:
        """All values that must not be found afterwards."""
        return self.users | self.devices | self.hashes

    @cached_property
    def attributed(self) -> frozenset[str]:
        return frozenset(self.messages)

    @cached_property
    def units(self) -> frozenset[str]:
        """On a shared device nobody can tell whose an answer was; it is the person's if they named the device itself."""
        return frozenset(unit_of(name) for name in self.users | self.devices | set(self.opened))

    @property
    def keys(self) -> list[str]:
        """Keys of the person's states."""
        return [f"u#{user}" for user in sorted(self.users)] + [
            f"a#{device}" for device in sorted(self.devices | set(self.opened))
        ]

    @property
    def near_keys(self) -> list[str]:
        """Keys of states that may name the person."""
        parts = [name.partition(":") for name in self.near]
        return [f"{kind[0]}#{value}" for kind, _, value in parts if kind in ("user", "anonymous")]

    @cached_property
    def pattern(self) -> str:
        """A regular expression (Python's and RE2's) that finds every JSON text with one of the names in it."""
        return _pattern(self.names)

    @cached_property
    def packed(self) -> re.Pattern[bytes]:
        """Finds every MessagePack document with one of the names in it, and some others: texts lie there as they are."""
        return re.compile(b"|".join(sorted(re.escape(name.encode()) for name in self.names)) or NOTHING.encode())

    @cached_property
    def wide_pattern(self) -> str:
        """The same for events: on a shared device any may turn out to be the person's."""
        return _pattern({*self.names, *self.shared})


def concerns(person: Person, line: dict[str, Any]) -> bool:
    """Whether an event (a decoded line of the lake) is the person's, or names the person as who acted."""
    return bool(
        line.get("userId") in person.users
        or line.get("anonymousId") in person.devices
        or line.get("previousId") in person.users | person.devices
        or line.get("messageId") in person.attributed
        or _values(line.get("identifiers")) & person.hashes
        or _values(line.get("previousIdentifiers")) & person.hashes
    )


def redacted(person: Person, value: Any, field: str = "") -> Any:
    """`value` without mentions of the person: an id under a field that names people, or a long id inside any text."""
    if isinstance(value, dict):
        return {name: redacted(person, part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [redacted(person, part, field) for part in value]
    if isinstance(value, str):
        return GONE if value in person.names and NAMING.search(field) else _without(person, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return GONE if str(value) in person.names and NAMING.search(field) else value
    return value


def mentions(person: Person, value: Any) -> bool:
    """Whether a decoded document has one of the person's names among its texts, alone, after a prefix, or inside if it is long."""
    return any(_names(person, text) for text in texts(value))


def texts(value: Any) -> Iterator[str]:
    """Every text in a decoded JSON or MessagePack document, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts(part))
    elif isinstance(value, list | tuple):
        yield from (text for part in value for text in texts(part))


def _names(person: Person, text: str) -> bool:
    after = {text, text.partition("#")[2], text.partition(":")[2], text.partition("#")[2].partition(":")[2]}
    return bool(after & person.names) or _without(person, text) != text


def _without(person: Person, text: str) -> str:
    for name in person.names:
        if len(name) >= LONG and name in text:
            text = text.replace(name, GONE)
    return text


def _pattern(names: Iterable[str]) -> str:
    return "|".join(sorted({part for name in names for part in _parts(name)})) or NOTHING


def _parts(name: str) -> Iterable[str]:
    inside = re.escape(json.encode(name).decode()[1:-1])
    if len(name) >= LONG:
        return (inside,)
    return (f'"{inside}"', f"[:,[]{inside}[],}}]") if name.isdecimal() else (f'"{inside}"',)


def _values(found: Any) -> set[str]:
    return {value for value in found.values() if isinstance(value, str)} if isinstance(found, dict) else set()
