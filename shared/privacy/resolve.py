"""Who is meant: from the identifiers of a request to every name of the person.

`Identities` is the door: an identity graph can stand behind it. `LakeIdentities` derives the links from the events themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import duckdb

from shared.events import lake
from shared.privacy.objects import Objects
from shared.privacy.person import ANONYMOUS, USER, Identifier, Person
from shared.privacy.stores.lake import batches, broken, downloaded

SESSION = 1800  # seconds without an event end a session

COLUMNS = (
    "{messageId: 'VARCHAR', type: 'VARCHAR', timestamp: 'TIMESTAMP', anonymousId: 'VARCHAR', userId: 'VARCHAR', previousId: 'VARCHAR',"
    " verified: 'BOOLEAN', source: 'VARCHAR', identifiers: 'MAP(VARCHAR, VARCHAR)', previousIdentifiers: 'MAP(VARCHAR, VARCHAR)'}"
)
EVENTS = f"SELECT * FROM read_json(?, format='newline_delimited', columns={COLUMNS}, maximum_object_size=4000000)"  # noqa: S608

# What ties a name to a user for certain: a proven log-in, and whatever a server says of its user.
LINKS = f"""
WITH events AS ({EVENTS}), proven AS (SELECT * FROM events WHERE verified AND userId <> '')
SELECT DISTINCT userId, unnest(map_entries(map_concat(
    CASE WHEN anonymousId <> '' THEN MAP {{'anonymousId': anonymousId}} ELSE MAP {{}} END,
    CASE WHEN source = 'server' THEN coalesce(identifiers, MAP {{}}) ELSE MAP {{}} END))) AS name FROM proven
UNION SELECT userId, {{'key': 'anonymousId', 'value': previousId}} FROM proven WHERE type = 'alias' AND previousId <> ''
UNION SELECT userId, unnest(map_entries(previousIdentifiers)) FROM proven WHERE source = 'server' AND previousIdentifiers IS NOT NULL
"""  # noqa: S608 - no outside text in it

MOMENTS = f"""
INSERT INTO moments SELECT anonymousId, epoch(timestamp), messageId, CASE WHEN verified THEN coalesce(userId, '') ELSE '' END
FROM ({EVENTS}) WHERE anonymousId IN (SELECT device FROM devices)
"""  # noqa: S608 - no outside text in it

# An event belongs to who logs in next on the device, in the same session; nobody if nobody does.
OWNERS = f"""
WITH gaps AS (SELECT *, ts - lag(ts) OVER (PARTITION BY device ORDER BY ts, message) > {SESSION} AS fresh FROM moments),
sessions AS (SELECT *, sum(CASE WHEN fresh THEN 1 ELSE 0 END) OVER (PARTITION BY device ORDER BY ts, message) AS session FROM gaps)
SELECT DISTINCT device, message, first_value(nullif(login, '') IGNORE NULLS) OVER (
    PARTITION BY device, session ORDER BY ts, message ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS owner
FROM sessions
"""  # noqa: S608 - a number of ours


class Identities(Protocol):
    def closure(self, identifiers: Iterable[Identifier]) -> set[Identifier]:
        """All names that are certainly of the same person, those given among them; a name of several people is not in it."""
        ...


class Links(NamedTuple):
    """By user the names tied to it, and by name the users."""

    names: dict[str, set[Identifier]]
    users: dict[Identifier, set[str]]


class LakeIdentities:
    """Reads the whole lake, once."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.read: Links | None = None

    @property
    def links(self) -> Links:
        if self.read is None:
            with duckdb.connect() as db:
                self.read = linked(_over_the_lake(db, self.objects, LINKS))
        return self.read

    def closure(self, identifiers: Iterable[Identifier]) -> set[Identifier]:
        return closure(self.links, identifiers)


def linked(rows: Iterable[tuple[str, dict[str, str]]]) -> Links:
    """Rows of (user, {"key": type, "value": value})."""
    links = Links(defaultdict(set), defaultdict(set))
    for user, name in rows:
        identifier = (name["key"], name["value"])
        links.names[user].add(identifier)
        links.users[identifier].add(user)
    return links


def closure(links: Links, identifiers: Iterable[Identifier]) -> set[Identifier]:
    """The given names, the users behind them, and the names only these users have. A device of several users leads to none of them."""
    given = set(identifiers)
    users = {value for kind, value in given if kind == USER}
    for identifier in given:
        behind = links.users.get(identifier, set())
        if identifier[0] != ANONYMOUS or len(behind) == 1:
            users |= behind
    own = {name for user in users for name in links.names.get(user, set()) if links.users[name] <= users}
    strangers = {i for i in given if i[0] == ANONYMOUS and not links.users.get(i, set()) <= users}
    return (given - strangers) | own | {(USER, user) for user in users}


def person(identities: Identities, objects: Objects, given: Iterable[Identifier]) -> Person:
    """The person with what is theirs on devices that others use too."""
    asked = list(given)
    names = identities.closure(asked)
    users = {value for kind, value in names if kind == USER}
    own = {value for kind, value in names if kind == ANONYMOUS}
    opened = {value for kind, value in asked if kind == ANONYMOUS} - own
    shared = (visited(identities, objects, users) - own) | opened
    messages = [message for message, owner in owners(objects, shared, opened) if owner in users or owner is None]
    return Person(identifiers=sorted(names), shared=sorted(shared), opened=sorted(opened), messages=sorted(messages))


def visited(identities: Identities, objects: Objects, users: set[str]) -> set[str]:
    """Devices on which one of the users logged in."""
    links = identities.links if isinstance(identities, LakeIdentities) else LakeIdentities(objects).links
    return {value for user in users for kind, value in links.names.get(user, set()) if kind == ANONYMOUS}


def owners(objects: Objects, devices: set[str], opened: set[str]) -> Iterator[tuple[str, str | None]]:
    """(message id, user) of what was done on the devices before a log-in in the same session. None is nobody: only on `opened` devices."""
    if not devices:
        return
    with duckdb.connect() as db:
        db.execute("CREATE TABLE devices (device VARCHAR)")
        db.executemany("INSERT INTO devices VALUES (?)", [[device] for device in sorted(devices)])
        db.execute("CREATE TABLE moments (device VARCHAR, ts DOUBLE, message VARCHAR, login VARCHAR)")
        list(_over_the_lake(db, objects, MOMENTS))
        for device, message, owner in db.execute(OWNERS).fetchall():
            if owner is not None or device in opened:
                yield message, owner


def _over_the_lake(db: duckdb.DuckDBPyConnection, objects: Objects, statement: str) -> Iterator[Any]:
    """The rows of a statement over the lake as it is now, some files at a time."""
    for batch in batches(v for v in objects.versions(lake.PREFIX) if v.latest and not v.marker):
        with downloaded(objects, batch) as files:
            try:
                rows = db.execute(statement, [list(files)]).fetchall() if files else []
            except duckdb.Error as error:
                raise broken(objects, files, error) from error
        yield from rows
