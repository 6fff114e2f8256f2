"""Who is meant: from the identifiers of a request to every name of the person.

The live graph answers by key. The lake may know more (history loaded into it, links beyond the graph's bounds), so a pass over it looks
for what touches the names found; names that are new from there are asked for in the graph and sought in a further pass. Everything
found is in a `Search`, and every pass has a cursor: the work can stop and go on anywhere.
"""

from collections.abc import Iterator
from typing import Any

import duckdb

from shared.events import lake
from shared.identity.apply import Draft, read
from shared.identity.graph import Link, Settings, kind_of
from shared.identity.statements import FIRST, VOUCHED
from shared.privacy.objects import Objects, Version
from shared.privacy.search import Search, seeking, ties
from shared.privacy.stores.lake import batches, broken, downloaded
from shared.versioned import Versions

PASSES = 6  # over the lake: one when the graph knew all names, three or so when only the lake knows the person
HOPS = 10  # from names to components to further names
MOST_ASKED = 5000  # names: a profile has at most 1,000

COLUMNS = (
    "{messageId: 'VARCHAR', type: 'VARCHAR', timestamp: 'TIMESTAMP', anonymousId: 'VARCHAR', userId: 'VARCHAR', previousId: 'VARCHAR',"
    " verified: 'BOOLEAN', source: 'VARCHAR', identifiers: 'MAP(VARCHAR, VARCHAR)', previousIdentifiers: 'MAP(VARCHAR, VARCHAR)'}"
)
EVENTS = f"""
SELECT * REPLACE (coalesce(anonymousId, '') AS anonymousId, coalesce(userId, '') AS userId, coalesce(previousId, '') AS previousId,
                  coalesce(source, 'browser') AS source, coalesce(verified, false) AS verified), epoch(timestamp) AS ts
FROM read_json($files, format='newline_delimited', columns={COLUMNS}, maximum_object_size=4000000)
"""  # noqa: S608 - no outside text in it

# Links that touch the names sought, and what these were called under a former key: capture hashed the same value with both. Few events
# hold a value of theirs, and only those are looked at closely.
TOUCHING = f"""
WITH events AS (
  SELECT * FROM ({EVENTS}) WHERE list_has_any($values::VARCHAR[], [anonymousId, userId, previousId])
  OR list_has_any(map_values(coalesce(identifiers, MAP {{}})) || map_values(coalesce(previousIdentifiers, MAP {{}})), $values::VARCHAR[])),
{VOUCHED},
former AS (
  SELECT names, ts, messageId, source, list_filter(list_transform(map_entries(coalesce(previousIdentifiers, MAP {{}})), lambda e: {{
           'was': e.key || ':' || e.value,
           'now': coalesce(e.key || ':' || identifiers[e.key], CASE e.key WHEN 'user' THEN 'user:' || userId
                           WHEN 'anonymous' THEN 'anonymous:' || anonymousId END)}}), lambda pair: pair.now IS NOT NULL) AS renamed
  FROM vouched)
SELECT names, renamed, {FIRST} FROM former
WHERE list_has_any(names || list_transform(renamed, lambda r: r.was) || list_transform(renamed, lambda r: r.now), $names::VARCHAR[])
GROUP BY names, renamed
"""  # noqa: S608 - no outside text in it


class Resolver:
    def __init__(self, graph: Versions, objects: Objects, settings: Settings) -> None:
        self.graph = graph
        self.objects = objects
        self.settings = settings

    def begin(self, given: list[str]) -> Search:
        search = Search(given=sorted(given))
        self.go_on(search)
        return search

    def pieces(self, search: Search, cursor: str) -> Iterator[str]:
        """The pass over the lake from the cursor on. `search` grows piece by piece; each yields the cursor behind it, "" at the end."""
        for batch in batches(latest(self.objects, cursor)):
            search.add(*self._touching(search, batch))
            yield batch[-1].key
        yield ""

    def go_on(self, search: Search) -> bool:
        """After a pass, whether another is needed: names are known that the lake was not asked for."""
        search.sought = sorted({*search.sought, *search.seeking})
        self._ask(search)
        search.seeking = sorted(seeking(search, self.settings) - set(search.sought))
        return bool(search.seeking)

    def _ask(self, search: Search) -> None:
        """The live graph, by key, until it names nobody new. What it does not get to, the lake has to tell."""
        for _ in range(HOPS):
            wanted = sorted(seeking(search, self.settings) - set(search.asked))
            if not wanted or len(wanted) + len(search.asked) > MOST_ASKED:
                return
            learn(search, read(self.graph, wanted))
            search.asked = [*search.asked, *wanted]

    def _touching(self, search: Search, batch: list[Version]) -> tuple[list[Link], dict[str, str]]:
        tied = ties(search, self.settings)
        names = [n for n in search.seeking if kind_of(n) not in self.settings.solitary or len(tied.owners[n]) < 2]
        values = [name.partition(":")[2] for name in names]
        rows = over(self.objects, batch, TOUCHING, {"names": names, "values": values})
        links = [Link(ts, message, tuple(names), source) for names, _, ts, message, source in rows if len(names) > 1]
        return links, {pair["was"]: pair["now"] for row in rows for pair in row[1]}


def learn(search: Search, draft: Draft) -> None:
    """What the graph holds of the names it was asked for."""
    parts = [part for part in draft.components.values() if not part.moved]
    for part in parts:
        known = part.known()
        search.add(known.links, dict(known.renamed))
    search.cuts = sorted({*search.cuts, *(cut for part in parts for cut in part.known().cuts)})
    search.shared = sorted({*search.shared, *(device for part in parts for device in part.shared)})
    met = {(name, user) for name, one in draft.nodes.items() for user in one.users}
    search.met = sorted({*search.met, *met})


def latest(objects: Objects, cursor: str = "") -> Iterator[Version]:
    """The lake as it is now, behind the cursor."""
    return (v for v in objects.versions(lake.PREFIX, cursor) if v.latest and not v.marker)


def over(objects: Objects, batch: list[Version], statement: str, asked: dict[str, list[str]]) -> list[tuple[Any, ...]]:
    """The rows of a statement over some files of the lake; its parameters are `$files` and those asked."""
    with downloaded(objects, batch) as files, duckdb.connect() as db:
        try:
            return db.execute(statement, {"files": list(files), **asked}).fetchall() if files else []
        except duckdb.Error as error:
            raise broken(objects, files, error) from error
