"""The graph over the whole lake at once, whose each event is, and where the live graph says otherwise.

Most components are plain: one known shopper at most and nothing near a limit. They are profiles as they are; only the others go
through the replay of `shared.identity.graph`, so that both ways give the same profiles.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import duckdb
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from shared.identity.attribution import CLAIMS, LINKS, OF_SESSIONS, OWNED, RENAMED, WILLING
from shared.identity.graph import DEFAULT, Graph, Known, Link, Pair, Settings, decide, kind_of, rank, shared_devices


class Recomputed(NamedTuple):
    """Profile id by identifier, and the devices that are shared."""

    profiles: dict[str, str]
    shared: frozenset[str]
    links: int


class Disagreement(NamedTuple):
    """`missing` identifiers are in a profile by the lake and in none by the live graph, `extra` the other way round; `elsewhere` are in
    both with other companions. `agreeing` is the rest."""

    agreeing: int
    missing: list[str]
    extra: list[str]
    elsewhere: list[str]


def own(
    db: duckdb.DuckDBPyConnection,
    settings: Settings = DEFAULT,
    cuts: Iterable[Pair] = (),
    live: Mapping[str, str] | None = None,
) -> Recomputed:
    """Read the table `events`; make the table `owned`, which has the column `shopper` besides, "" for nobody's events.

    `live` are profiles as the live graph has them, by identifier: for events that are not all there are.

    A shopper is `u#<user id>`, `a#<anonymous id>`, `a#<anonymous id>~<session>` on a shared device, or `p:<identifier>` for a profile
    that no log-in named.
    """
    db.execute(WILLING)
    db.execute(LINKS)
    links = _links(db)
    db.execute(RENAMED)
    renamed = dict(db.execute("SELECT old, name FROM renamed").fetchall())
    graph = recompute(links, settings, frozenset(cuts), renamed)
    _table(db, "owners", ("device", "shopper"), owners({**graph.profiles, **(live or {})}))
    _table(db, "profiles", ("name", "shopper"), shoppers(graph.profiles))
    _table(db, "shared", ("device", "_"), {name.partition(":")[2]: "" for name in graph.shared})
    for statement in (CLAIMS, OF_SESSIONS, OWNED):
        db.execute(statement)
    return graph


def shoppers(profiles: Mapping[str, str]) -> dict[str, str]:
    """The shopper of each identifier that is in a profile."""
    return {name: _key(profile) for name, profile in profiles.items()}


def owners(profiles: Mapping[str, str]) -> dict[str, str]:
    """Whose the devices in profiles are: the shopper by anonymous id."""
    named = shoppers(profiles)
    return {name.partition(":")[2]: named[name] for name in named if kind_of(name) == "anonymous"}


def recompute(
    links: Sequence[Link], settings: Settings, cuts: frozenset[Pair], renamed: Mapping[str, str]
) -> Recomputed:
    """The profiles of all links: what `decide` says of them, component by component."""
    known = Known(tuple(links), renamed=renamed).present()
    shared = shared_devices(known, cuts, settings)
    names: dict[str, int] = {}
    rows, columns = [], []
    for row, link in enumerate(known):
        for name in link.identifiers:
            if name not in shared:
                rows.append(row)
                columns.append(names.setdefault(name, len(names)))
    links_of, members_of = _components(len(known), np.array(rows), np.array(columns), list(names))
    profiles: dict[str, str] = {}
    for label, members in members_of.items():
        if len(members) < 2:
            continue
        if _plain(members, settings) and not cuts:
            best = min(members, key=lambda name: (rank(name, settings)[0], name))
            profiles |= dict.fromkeys(members, best)
        else:
            part = Known(tuple(known[row] for row in links_of[label]), shared, cuts)
            profiles |= _profiles(decide(part, settings))
    return Recomputed(profiles, shared, len(known))


def compare(lake: Mapping[str, str], live: Mapping[str, str]) -> Disagreement:
    """Profile ids by identifier, from the lake and live. What is compared is who is together, not what a profile is called."""
    ours, theirs = _groups(lake), _groups(live)
    both = lake.keys() & live.keys()
    elsewhere = sorted(name for name in both if ours[lake[name]] != theirs[live[name]])
    return Disagreement(len(both) - len(elsewhere), sorted(lake.keys() - both), sorted(live.keys() - both), elsewhere)


def summary_of(lake: Recomputed, told: Disagreement) -> dict[str, int]:
    """Plain numbers for the report; nobody is named in it."""
    return {
        "links": lake.links,
        "profiles": len(set(lake.profiles.values())),
        "identifiers in them": len(lake.profiles),
        "shared devices": len(lake.shared),
        "agreeing with the live graph": told.agreeing,
        "in other company live": len(told.elsewhere),
        "in a profile by the lake only": len(told.missing),
        "in a profile live only": len(told.extra),
    }


def _groups(profiles: Mapping[str, str]) -> dict[str, frozenset[str]]:
    members: dict[str, set[str]] = {}
    for name, profile in profiles.items():
        members.setdefault(profile, set()).add(name)
    return {profile: frozenset(names) for profile, names in members.items()}


def _plain(members: list[str], settings: Settings) -> bool:
    """Whether no limit can be touched, whatever the order."""
    kinds = Counter(map(kind_of, members))
    within = all(count <= settings.limit(kind).most for kind, count in kinds.items())
    return within and len(members) <= min(settings.merges, settings.identifiers)


def _components(
    links: int, rows: np.ndarray, columns: np.ndarray, names: list[str]
) -> tuple[dict[int, list[int]], dict[int, list[str]]]:
    """Links and identifiers by component, of the graph that has both as nodes."""
    size = links + len(names)
    edges = coo_matrix((np.ones(len(rows), np.int8), (rows, columns + links)), (size, size)) if len(rows) else None
    labels = connected_components(edges, directed=False)[1] if edges is not None else np.arange(size)
    links_of: dict[int, list[int]] = {}
    members_of: dict[int, list[str]] = {}
    for row, label in enumerate(labels[:links].tolist()):
        links_of.setdefault(label, []).append(row)
    for column, label in enumerate(labels[links:].tolist()):
        members_of.setdefault(label, []).append(names[column])
    return links_of, members_of


def _profiles(graph: Graph) -> dict[str, str]:
    return {name: profile.id for profile in graph.profiles for name in profile.joined}


def _key(profile: str) -> str:
    kind, _, value = profile.partition(":")
    return f"u#{value}" if kind == "user" else f"p:{profile}"


def _links(db: duckdb.DuckDBPyConnection) -> list[Link]:
    rows = db.execute("SELECT ts, messageId, names, source FROM links ORDER BY ts, messageId").fetchall()
    return [Link(ts, message, tuple(names), source) for ts, message, names, source in rows]


def _table(db: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, str], values: Mapping[str, str]) -> None:
    db.execute(
        f"CREATE TABLE {name} AS SELECT unnest(?::VARCHAR[]) AS {columns[0]}, unnest(?::VARCHAR[]) AS {columns[1]}",  # noqa: S608
        [list(values), list(values.values())],
    )
