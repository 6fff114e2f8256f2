"""What privacy costs: the gate in front of the consumers, and searching and rewriting the lake.

`python -m tests.benchmarks.privacy [--events N]`. S3 and DynamoDB are replaced by memory: what counts is our code, gzip and DuckDB.
"""

import argparse
import gzip
import platform
import time
from importlib.metadata import version
from types import SimpleNamespace

from shared.events import lake
from shared.events.model import encode
from shared.identity.graph import DEFAULT
from shared.privacy.keys import hidden
from shared.privacy.objects import Version
from shared.privacy.person import ANONYMOUS, USER, Person
from shared.privacy.replay import Replayed, search
from shared.privacy.resolve import Resolver
from shared.privacy.search import node
from shared.privacy.stores.lake import Lake
from shared.privacy.stores.states import States
from shared.privacy.stretches import Stretches, pieces
from shared.privacy.suppression import Gate, short
from shared.profiles.fold import fold
from shared.profiles.signals import read
from shared.profiles.state import State
from shared.profiles.state import encode as encode_state
from shared.versioned import VersionedMemory
from tests.benchmarks.ingest import events
from tests.factories import event, record

PER_OBJECT = 5000


class Memory:
    """As much of `Objects` as searching the lake needs."""

    def __init__(self, bodies):
        self.bodies = bodies

    def versions(self, prefix, after=""):
        return (
            Version(key, "1", "e", len(body), latest=True) for key, body in sorted(self.bodies.items()) if key > after
        )

    def read(self, found):
        return self.bodies[found.key]

    def replace(self, found, body, content_type):
        self.bodies[found.key] = body
        return True


class Known:
    """A table with `count` suppressed people, none of whom comes by: the rule."""

    def __init__(self, count):
        self.names = frozenset(short(hidden(b"k", USER, f"gone-{n}")) for n in range(count))

    def key(self):
        return b"k"

    def known(self):
        return self.names

    def find(self, identifiers):
        return {}


class Table:
    """As much of DynamoDB as searching states needs: four segments, pages of 500 items."""

    def __init__(self, states):
        self.items = {
            key: {"pk": {"S": key}, "version": {"N": "1"}, "value": {"B": encode_state(s)}} for key, s in states
        }
        self.pages = [list(self.items.values())[n::4] for n in range(4)]

    def scan(self, *, Segment, ExclusiveStartKey=None, **_):  # noqa: N803 - boto3's names
        start = int(ExclusiveStartKey["pk"]["S"]) if ExclusiveStartKey else 0
        last = {"LastEvaluatedKey": {"pk": {"S": str(start + 500)}}} if start + 500 < len(self.pages[Segment]) else {}
        return {"Items": self.pages[Segment][start : start + 500], **last}

    def batch_get_item(self, RequestItems):  # noqa: N803
        [(name, asked)] = RequestItems.items()
        keys = [key["pk"]["S"] for key in asked["Keys"]]
        return {"Responses": {name: [self.items[key] for key in keys if key in self.items]}}


def tables(count):
    """Rows of the table for searching states as a whole and for a replay."""
    state = State(user_id="u1", watermarks={f"device-{n}": str(n) for n in range(3)})
    for at in range(50):
        fold(state, read(event(item=f"item-{at}", minutes=at)))
    table = Table((f"{kind}#{n:036d}", state) for kind in "ua" for n in range(count // 2))
    store, who = States(table, "shoppers"), Person(identifiers=[(kind, f"{7:036d}") for kind in (USER, ANONYMOUS)])
    size = sum(len(item["value"]["B"]) for item in table.items.values())
    found = Replayed(hidden=[hidden(b"k", USER, f"{n:036d}") for n in range(1000)])
    key = SimpleNamespace(suppression=b"k")
    yield timed("states of the person, by key", lambda: list(store.likely(who)), 0, 2)
    yield timed("all states, to verify", lambda: list(store.find(who)), size, count)
    yield timed("all states, replay", lambda: list(search([("s", store)], found, key, "")), size, count)


def gate(made, suppressed):
    """Microseconds of CPU an event."""
    records = [record(event, n) for n, event in enumerate(made)]
    batches = [records[start : start + 500] for start in range(0, len(records), 500)]
    guard = Gate(Known(suppressed))
    guard.keep([])
    began = time.process_time()
    for batch in batches:
        guard.keep(batch)
    return (time.process_time() - began) / len(records) * 1e6


def timed(name, work, size, lines):
    """CPU seconds are of all threads: what a machine with other work makes no difference to."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return f"| {name} | {took:.2f} | {cpu:.2f} | {lines / cpu:,.0f} | {size / cpu / 1e6:,.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    count = parser.parse_args().events
    made = list(events(count, 10_000))
    print(
        f"{platform.machine()}, Python {platform.python_version()}, duckdb {version('duckdb')}, {count:,} events, seed 1"
    )
    for suppressed in (0, 30_000):
        print(f"\ngate with {suppressed:,} suppressed: {gate(made[:100_000], suppressed):.2f} µs of CPU an event")
    bodies = {
        f"{lake.PREFIX}dt=2026-03-02/hour=12/{n:06d}.jsonl.gz": lake.lines(map(encode, made[n : n + PER_OBJECT]))
        for n in range(0, count, PER_OBJECT)
    }
    size, plain = sum(map(len, bodies.values())), sum(len(gzip.decompress(body)) for body in bodies.values())
    print(f"\nlake: {len(bodies)} objects, {size / 1e6:.0f} MB, {plain / 1e6:.0f} MB unpacked\n")
    objects = Memory(bodies)
    person = Person(
        identifiers=[(USER, "u-not-there-0123"), (ANONYMOUS, made[0].anonymous_id), (ANONYMOUS, made[-1].anonymous_id)]
    )
    store = Lake(objects)
    print("| step | s | CPU s | events/CPU s | MB/CPU s compressed |\n|---|--:|--:|--:|--:|")
    resolver = Resolver(VersionedMemory(), objects, DEFAULT)
    names = resolver.begin([node(one) for one in person.identifiers])
    print(timed("names of the person, one pass", lambda: list(resolver.pieces(names, "")), size, count))
    shared = Person(identifiers=[(USER, "nobody")], shared=[e.anonymous_id for e in made[:: count // 5]])
    print(timed("theirs on five shared devices", lambda: list(pieces(objects, shared, Stretches(), "")), size, count))
    print(timed("search", lambda: list(store.find(person)), size, count))
    print(timed("search and rewrite", lambda: [store.erase(person, c.finds) for c in store.find(person)], size, count))
    print(timed("verify", lambda: list(store.find(person)), size, count))
    print("\n| step | s | CPU s | states/CPU s | MB/CPU s |\n|---|--:|--:|--:|--:|")
    for row in tables(100_000):
        print(row)


if __name__ == "__main__":
    main()
