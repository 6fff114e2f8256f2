"""What identity costs: a decision, a merge, a look-up among a million identifiers, and joining long histories.

python -m tests.benchmarks.identity [--identifiers 1000000]
"""

import argparse
import platform
import random
import statistics
import time

import boto3
from moto import mock_aws

from shared.identity.apply import read
from shared.identity.graph import Known, Link, decide
from shared.identity.linker import Linker
from shared.identity.links import Seen
from shared.identity.record import Component, Node, StoredLink, encode
from shared.profiles import signals
from shared.profiles.fold import fold
from shared.profiles.merge import merge
from shared.profiles.state import State
from shared.profiles.state import encode as encode_state
from shared.versioned import Kept, VersionedMemory, VersionedTable
from tests import tables
from tests.factories import event


def login(user, device, at):
    names = tuple(sorted((f"user:{user}", f"anonymous:{device}")))
    return Seen(Link(at, f"m{at}", names), user=f"user:{user}", device=f"anonymous:{device}", arrived=(at, ""))


def timed(run, times):
    began = time.process_time()
    for n in range(times):
        run(n)
    return (time.process_time() - began) / times


def decisions():
    """A profile of five devices, an address and a claim to two users' address: ten links."""
    links = [Link(n, f"m{n}", (f"anonymous:d{n}", "user:u")) for n in range(5)]
    links += [Link(10 + n, f"m{10 + n}", ("email:e", f"user:{'uvwxy'[n]}")) for n in range(5)]
    known = Known(tuple(links))
    return timed(lambda n: decide(known), 5000)


def merges(store, count):
    """Log-ins of shoppers on devices of their own, each a merge of two identifiers, and half of them a second device."""
    linker = Linker(store)
    began, cpu = time.perf_counter(), time.process_time()
    for n in range(count):
        linker.observe([login(f"u{n // 2}", f"d{n}", float(n))])
    return count / (time.perf_counter() - began), count / (time.process_time() - cpu)


def lookups(store, identifiers, times=5000):
    """p50 and p99 in microseconds of `node → component → profile` among so many identifiers."""
    for n in range(0, identifiers, 4):
        names = [f"anonymous:d{n + k}" for k in range(3)] + [f"user:u{n}"]
        links = [
            StoredLink(float(k), f"m{n + k}", tuple(sorted((names[k], names[3]))), "browser", (0.0, ""))
            for k in range(3)
        ]
        store.items[f"c#{n}"] = Kept(encode(Component(links=links)), 1)
        for name in names:
            store.items[f"i#{name}"] = Kept(encode(Node(str(n))), 1)
    rng, took = random.Random(1), []
    for _ in range(times):
        name = f"anonymous:d{rng.randrange(identifiers // 4) * 4}"
        began = time.perf_counter()
        draft = read(store, [name])
        assert decide(draft.components[draft.home(name)].known()).profile_of(name)
        took.append((time.perf_counter() - began) * 1e6)
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[98]


def joining(devices=100, events=50_000):
    """Milliseconds to join so many devices' histories into one, and the bytes of the result."""
    rng, states = random.Random(2), []
    for device in range(devices):
        state = State()
        for n in range(events // devices):
            one = event(item=f"i{rng.randrange(5000)}", anonymous_id=f"a{device}", minutes=n * 7)
            fold(state, signals.read(one))
        states.append(state)
    user = State()
    began = time.process_time()
    for state in states:
        merge(user, state, "u")
    return (time.process_time() - began) * 1000, len(encode_state(user)), user.totals.events


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identifiers", type=int, default=1_000_000)
    args = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, seeds 1 and 2\n\n| what | figure |\n|---|--:|")
    print(f"| one decision over a component of ten links | {decisions() * 1e6:,.0f} µs |", flush=True)
    wall, cpu = merges(VersionedMemory(), 4000)
    print(f"| merges/s, store in memory (wall, CPU) | {wall:,.0f}, {cpu:,.0f} |", flush=True)
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        tables.create(client, "i")
        wall, cpu = merges(VersionedTable(client, "i"), 200)
        print(
            f"| merges/s, DynamoDB as moto plays it in this process (wall, CPU) | {wall:,.0f}, {cpu:,.0f} |", flush=True
        )
    p50, p99 = lookups(VersionedMemory(), args.identifiers)
    print(f"| look-up among {args.identifiers:,} identifiers without the network, p50 | {p50:,.0f} µs |")
    print(f"| the same, p99 | {p99:,.0f} µs |", flush=True)
    took, size, count = joining()
    print(f"| joining 100 devices' histories of {count:,} events | {took:,.1f} ms, {size:,} bytes |")


if __name__ == "__main__":
    main()
