"""Who is who: a pure function from what was seen together to profiles, with a reason for every decision.

An identifier is a string `type:value` (`user:42`, `anonymous:6f1c…`, `email:ab12cd:9e…`). A link says that identifiers were seen
together and that somebody trustworthy vouched for it. Profiles are what links connect, after merge protection as Segment's Unify has
it: limits per type, priorities, and caps. Links are replayed in the order of their times, whatever the order they came in: so the
same links give the same profiles, delivered in any order and any number of times.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

DAY = 86400.0
WINDOWS = {"ever": math.inf, "annually": 365 * DAY, "monthly": 30 * DAY, "weekly": 7 * DAY}
Kind = Literal["linked", "merged", "dropped", "shared", "cut", "full"]
Pair = tuple[str, str]


class Limit(NamedTuple):
    """At most `most` identifiers of a type joined a profile within `window` (a word of WINDOWS)."""

    most: int
    window: str = "ever"


@dataclass(frozen=True, slots=True)
class Settings:
    """Merge protection. `solitary` types name a device: one seen with two known shoppers is shared and belongs to neither."""

    limits: Mapping[str, Limit] = field(
        default_factory=lambda: {"user": Limit(1), "anonymous": Limit(5, "weekly"), "device": Limit(5, "annually")}
    )
    others: Limit = Limit(5)
    priorities: tuple[str, ...] = ("user", "email")  # the rest ranks below, by alphabet
    solitary: frozenset[str] = frozenset({"anonymous", "device"})
    merges: int = 100
    identifiers: int = 1000

    def limit(self, kind: str) -> Limit:
        return self.limits.get(kind, self.others)


DEFAULT = Settings()


class Link(NamedTuple):
    """Identifiers seen together. `at` (epoch seconds) and `message_id` are of the earliest event that showed it."""

    at: float
    message_id: str
    identifiers: tuple[str, ...]  # sorted, at least one
    source: str = "server"


@dataclass(frozen=True, slots=True)
class Known:
    """What profiles are decided from. `shared` are devices known to be shared from links that are not here, `cuts` sorted pairs that
    an operator took apart; `renamed` maps identifiers hashed with a former key to their present names."""

    links: tuple[Link, ...] = ()
    shared: frozenset[str] = frozenset()
    cuts: frozenset[Pair] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def present(self) -> list[Link]:
        """The links with present names."""
        if not self.renamed:
            return list(self.links)
        return [
            link._replace(identifiers=tuple(sorted({self._newest(name) for name in link.identifiers})))
            for link in self.links
        ]

    def _newest(self, name: str) -> str:
        seen = {name}
        while (newer := self.renamed.get(name)) is not None and newer not in seen:
            seen.add(name := newer)
        return name


class Decision(NamedTuple):
    """What was decided about a link and why; `identifiers` are those concerned."""

    at: float
    message_id: str
    kind: Kind
    identifiers: tuple[str, ...]
    reason: str


class Profile(NamedTuple):
    id: str  # its best identifier
    joined: dict[str, float]  # identifier -> when it joined, epoch seconds
    merges: int


class Graph(NamedTuple):
    profiles: list[Profile]  # by id; of two identifiers or more
    shared: frozenset[str]  # devices of several known shoppers
    decisions: list[Decision]

    def profile_of(self, identifier: str) -> Profile | None:
        return next((profile for profile in self.profiles if identifier in profile.joined), None)


def pair(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def kind_of(identifier: str) -> str:
    return identifier.partition(":")[0]


def rank(identifier: str, settings: Settings) -> tuple[int, str, str]:
    """Sorts the most trusted identifier first."""
    kind, _, value = identifier.partition(":")
    place = settings.priorities.index(kind) if kind in settings.priorities else len(settings.priorities)
    return place, kind, value


def decide(known: Known, settings: Settings = DEFAULT) -> Graph:
    """The profiles that the links make."""
    links = sorted(known.present())
    shared = shared_devices(links, known.cuts, settings) | known.shared
    replay = _Replay(settings, shared, known.cuts)
    for link in links:
        replay.take(link)
    return Graph(replay.profiles(), shared, replay.decisions)


def users_by_device(links: Iterable[Link], settings: Settings = DEFAULT) -> dict[str, set[str]]:
    """Known shoppers seen with each identifier of a solitary type."""
    seen: dict[str, set[str]] = {}
    for link in links:
        users = {name for name in link.identifiers if kind_of(name) == "user"}
        for name in link.identifiers:
            if users and kind_of(name) in settings.solitary:
                seen.setdefault(name, set()).update(users)
    return seen


def shared_devices(links: Iterable[Link], cuts: frozenset[Pair], settings: Settings) -> frozenset[str]:
    """Identifiers of solitary types that were seen with several known shoppers."""
    seen = users_by_device(links, settings)
    for one, other in cuts:
        for device, user in ((one, other), (other, one)):
            seen.get(device, set()).discard(user)
    return frozenset(device for device, users in seen.items() if len(users) > 1)


class _Part:
    """A profile in the making."""

    __slots__ = ("joined", "merges", "times")

    def __init__(self, identifier: str, at: float) -> None:
        self.joined = {identifier: at}
        self.merges = 0
        self.times: dict[str, list[float]] = {kind_of(identifier): [at]}  # of joining, by type

    def absorb(self, other: "_Part") -> None:
        if len(self.joined) > 1 and len(other.joined) > 1:
            self.merges += 1
        self.merges += other.merges
        self.joined.update(other.joined)
        for kind, times in other.times.items():
            self.times.setdefault(kind, []).extend(times)


class _Replay:
    def __init__(self, settings: Settings, shared: frozenset[str], cuts: frozenset[Pair]) -> None:
        self.settings = settings
        self.shared = shared
        self.cuts = cuts
        self.part: dict[str, _Part] = {}
        self.decisions: list[Decision] = []

    def take(self, link: Link) -> None:
        left = [name for name in link.identifiers if name not in self.shared]
        gone = [name for name in link.identifiers if name in self.shared]
        if gone:
            self._say(link, "shared", gone, "several known shoppers use this device, so it belongs to none of them")
        left.sort(key=lambda name: rank(name, self.settings))
        left = self._uncut(link, left)
        while len(left) > 1:
            parts = self._parts(left, link.at)
            if len(parts) == 1:
                return
            reason = self._forbidden(parts, link.at)
            if not reason:
                self._join(link, left, parts)
                return
            self._say(link, "dropped", [left.pop()], reason)

    def profiles(self) -> list[Profile]:
        parts = {id(part): part for part in self.part.values() if len(part.joined) > 1}
        made = [Profile(self._best(part), dict(sorted(part.joined.items())), part.merges) for part in parts.values()]
        return sorted(made, key=lambda profile: profile.id)

    def _best(self, part: _Part) -> str:
        return min(part.joined, key=lambda name: (rank(name, self.settings)[0], part.joined[name], name))

    def _uncut(self, link: Link, ranked: list[str]) -> list[str]:
        if not self.cuts:
            return ranked
        kept: list[str] = []
        for name in ranked:
            if any(pair(name, other) in self.cuts for other in kept):
                self._say(link, "cut", [name], "taken apart by an operator")
            else:
                kept.append(name)
        return kept

    def _parts(self, names: list[str], at: float) -> list[_Part]:
        found = {}
        for name in names:
            part = self.part.get(name) or _Part(name, at)
            found[id(part)] = part
        return list(found.values())

    def _forbidden(self, parts: list[_Part], at: float) -> str:
        """Why the parts may not be one profile as of `at`; "" when they may."""
        settings = self.settings
        for kind in sorted({kind for part in parts for kind in part.times}):
            limit = settings.limit(kind)
            since = at - WINDOWS[limit.window]
            if sum(time >= since for part in parts for time in part.times.get(kind, ())) > limit.most:
                return f"a profile has at most {limit.most} of type {kind} ({limit.window})"
        if sum(len(part.joined) for part in parts) > settings.identifiers:
            return f"a profile has at most {settings.identifiers} identifiers"
        grown = sum(len(part.joined) > 1 for part in parts)
        if sum(part.merges for part in parts) + max(grown - 1, 0) > settings.merges:
            return f"a profile is merged at most {settings.merges} times"
        return ""

    def _join(self, link: Link, names: list[str], parts: list[_Part]) -> None:
        parts.sort(key=lambda part: len(part.joined), reverse=True)
        whole, *rest = parts
        merged = len(rest) > 0 and len(rest[0].joined) > 1
        for part in rest:
            whole.absorb(part)
            for name in part.joined:
                self.part[name] = whole
        for name in names:
            self.part[name] = whole
        self._say(link, "merged" if merged else "linked", names, f"seen together, vouched for by a {_voucher(link)}")

    def _say(self, link: Link, kind: Kind, names: list[str], reason: str) -> None:
        self.decisions.append(Decision(link.at, link.message_id, kind, tuple(sorted(names)), reason))


def _voucher(link: Link) -> str:
    return "signed user hash" if link.source == "browser" else "server with the secret key"
