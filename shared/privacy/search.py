"""Whose the names are: what was found so far, and what follows from it. Pure.

Names are written as in the identity graph (`user:42`, `anonymous:6f1c`, `email:k1:9e…`). Each has owners: users, or for a profile that no
log-in named, its best name. A name is somebody's own when nobody else owns it too.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from shared.identity.graph import DEFAULT, Known, Link, Pair, Settings, decide, kind_of, pair
from shared.privacy.person import ANONYMOUS, USER, Identifier, Person

UNKNOWN = ""  # an owner of whom no more is known: the graph says that a device is shared, and not with whom
KINDS = {USER: "user", ANONYMOUS: "anonymous"}
TYPES = {kind: name for name, kind in KINDS.items()}


class Search(msgspec.Struct, kw_only=True):
    """What was found of who belongs together. `met` are pairs of device and user, `renamed` names under a former key, `asked` those
    the graph was asked for, `seeking` those that this pass over the lake looks for, `sought` those of passes before."""

    given: list[str]
    links: list[Link] = []
    renamed: dict[str, str] = {}
    cuts: list[Pair] = []
    shared: list[str] = []
    met: list[Pair] = []
    asked: list[str] = []
    seeking: list[str] = []
    sought: list[str] = []

    def add(self, links: Iterable[Link], renamed: dict[str, str]) -> None:
        """Told again, nothing changes: each link is kept once, as it was first seen."""
        first = {link.identifiers: link for link in self.links}
        for link in links:
            first[link.identifiers] = min(link, first.get(link.identifiers, link))
        self.links = sorted(first.values())
        self.renamed |= {was: now for was, now in renamed.items() if _value(was) and _value(now)}

    def known(self) -> Known:
        return Known(tuple(self.links), frozenset(self.shared), frozenset(self.cuts), self.renamed)


class Ties(NamedTuple):
    """Names by owner, and owners by name."""

    names: dict[str, set[str]]
    owners: dict[str, set[str]]

    def tie(self, owner: str, name: str) -> None:
        self.names[owner].add(name)
        self.owners[name].add(owner)

    def alone(self, name: str, owners: set[str]) -> bool:
        return self.owners.get(name, set()) <= owners


class Closure(NamedTuple):
    """`owners` are who is meant, `own` all names that are theirs, those given among them. `near` are names they share with others."""

    owners: set[str]
    own: set[str]
    near: set[str]


def ties(search: Search, settings: Settings = DEFAULT) -> Ties:
    """What was said of a user outright counts whatever the limits of a profile; what the graph concludes counts where nothing was said."""
    known, found = search.known(), Ties(defaultdict(set), defaultdict(set))
    said = [(user, name) for link in known.present() for user in link.identifiers for name in link.identifiers]
    for user, name in [*said, *((user, device) for device, user in search.met)]:
        if kind_of(user) == "user" != kind_of(name) and pair(user, name) not in known.cuts:
            found.tie(user, name)
    graph, outright = decide(known, settings), set(found.owners)
    for profile in graph.profiles:
        owner = next((name for name in profile.joined if kind_of(name) == "user"), profile.id)
        for name in profile.joined:
            if name not in outright and kind_of(name) != "user":
                found.tie(owner, name)
    for device in graph.shared:
        if len(found.owners[device]) < 2:
            found.tie(UNKNOWN, device)
    return found


def closure(ties: Ties, given: Iterable[str], renamed: dict[str, str], settings: Settings = DEFAULT) -> Closure:
    """The given names, who is behind them, and the names only these have. A shared device leads to nobody; a name of another kind
    that several have means all of them."""
    given = {*given, *(name for one in given for name in _now(one, renamed))}
    owners = {name for name in given if kind_of(name) == "user"}
    for name in given:
        behind = ties.owners.get(name, set())
        if kind_of(name) not in settings.solitary or len(behind) == 1:
            owners |= behind
    reached = {name for owner in owners for name in ties.names.get(owner, set())}
    own = {name for name in reached if ties.alone(name, owners)} | {name for name in owners if kind_of(name) == "user"}
    own |= {name for name in given if kind_of(name) not in settings.solitary or ties.alone(name, owners)}
    own |= {was for was in renamed if own.intersection(_now(was, renamed))}
    return Closure(owners, own, reached - own)


def seeking(search: Search, settings: Settings = DEFAULT) -> set[str]:
    """Names whose links must be known: theirs, and those that may be theirs. What is known to be a shared device is not followed."""
    tied = ties(search, settings)
    found = closure(tied, search.given, search.renamed, settings)
    crowded = {n for n in found.near if kind_of(n) in settings.solitary and len(tied.owners[n]) > 1}
    return (found.own | found.near | set(search.given)) - crowded


def person(search: Search, settings: Settings = DEFAULT) -> Person:
    """Without the messages on shared devices. A name without a value is nobody's: it would take the events of all who have none."""
    tied = ties(search, settings)
    found = closure(tied, search.given, search.renamed, settings)
    devices = {name for name in found.near if kind_of(name) == "anonymous"}
    opened = {name for name in search.given if kind_of(name) == "anonymous"} - found.own
    others = {owner for name in found.near for owner in tied.owners[name] if kind_of(owner) == "user"} - found.own
    return Person(
        identifiers=sorted(identifier(name) for name in found.own if _value(name)),
        shared=sorted(_value(name) for name in devices | opened),
        opened=sorted(map(_value, opened)),
        near=sorted(devices | opened | others),
    )


def node(identifier: Identifier) -> str:
    kind, value = identifier
    return f"{KINDS.get(kind, kind)}:{value}"


def identifier(name: str) -> Identifier:
    kind = kind_of(name)
    return TYPES.get(kind, kind), _value(name)


def _value(name: str) -> str:
    return name.partition(":")[2]


def _now(name: str, renamed: dict[str, str]) -> list[str]:
    """The names that one became, one after the other."""
    found: list[str] = []
    while (name := renamed.get(name, "")) and name not in found:
        found.append(name)
    return found
