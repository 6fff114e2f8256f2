"""Events a second and core through capture, archive and profiles: `python -m tests.benchmarks.ingest [--events N]`.

The handlers run in this process with real boto3 clients against a stub in another process that answers at once, so that what counts is our
code and the client's. CPU seconds of this process are counted, not wall time: a Lambda waits for nothing else.
"""

import argparse
import json
import multiprocessing
import os
import platform
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

from shared.events.model import Consent, Event, encode
from tests.factories import NOON, invocation, record

CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1769, invoked_function_arn="arn", aws_request_id="r")
YES = {"consent": {"categoryPreferences": {"personalization": True}}}


class Stub(BaseHTTPRequestHandler):
    """Kinesis and S3 that take everything, S3 that holds a model, and DynamoDB in which the shoppers `a#known…` have a history."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    bundle = b""
    pointer = b""
    state = ""

    def reply(self, body, kind="application/x-amz-json-1.0"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_expect_100(self):
        go_on = super().handle_expect_100()
        self.wfile.flush()  # botocore waits a second for it
        return go_on

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        action = self.headers["X-Amz-Target"].split(".")[1]
        if action == "PutRecords":
            results = [{"SequenceNumber": "1", "ShardId": "s"}] * len(body["Records"])
            self.reply(json.dumps({"Records": results}).encode())
        elif action == "GetSecretValue":
            self.reply(b'{"SecretString": "{\\"current\\": \\"k\\"}"}')
        elif action == "BatchGetItem":
            found = {table: self.known(asked["Keys"]) for table, asked in body["RequestItems"].items()}
            self.reply(json.dumps({"Responses": found, "UnprocessedKeys": {}}).encode())
        elif action == "GetItem" and body["Key"]["pk"]["S"] == "pointer":
            self.reply(self.pointer)
        else:
            self.reply(b"{}")

    def known(self, keys):
        names = [key["pk"]["S"] for key in keys]
        return [
            {"pk": {"S": name}, "value": {"B": self.state}, "version": {"N": "1"}}
            for name in names
            if name.startswith("a#known")
        ]

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(b"")

    def do_GET(self):
        self.reply(self.bundle, "application/octet-stream")

    def log_message(self, *args):
        """Quiet."""


def serve(ready, items):
    from base64 import b64encode

    from shared.lists.model import Pointer, encode
    from shared.models.bundle import dump

    Stub.bundle = dump(model(items))
    Stub.state = b64encode(history(items)).decode()
    value = b64encode(encode(Pointer(current="v1", kept=["v1"]))).decode()
    Stub.pointer = json.dumps({"Item": {"pk": {"S": "pointer"}, "value": {"B": value}, "version": {"N": "1"}}}).encode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    ready.put(server.server_port)
    server.serve_forever()


def model(items, factors=64, neighbours=50):
    """A bundle of random numbers of realistic size."""
    import numpy as np

    from shared.models.bundle import DEFAULTS, Bundle

    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(items, factors)).astype(np.float32)
    beside = rng.integers(0, items, (items, neighbours)).astype(np.int32)
    scores = np.sort(rng.random((items, neighbours), np.float32))[:, ::-1]
    return Bundle(
        item_ids=np.array([f"item-{n:06d}" for n in range(items)]),
        item_factors=vectors,
        gram=vectors.T @ vectors,
        similar_items=beside,
        similar_scores=scores,
        together_items=beside,
        together_scores=scores,
        popularity=rng.random(items, np.float32),
        categories=np.array([f"c{n % 20}" for n in range(items)]),
        brands=np.array([""] * items),
        prices=np.full(items, np.nan, np.float32),
        settings=DEFAULTS,
    )


def history(items, views=60, orders=15):
    """The stored state of a shopper who came often: as many recent items, purchases and candidates as one holds."""
    from shared.models.candidates import rank
    from shared.profiles import state as states
    from shared.profiles.fold import fold
    from shared.profiles.signals import read
    from tests.factories import event, order

    rng = random.Random(2)
    state = states.State()
    for n in range(views):
        fold(state, read(event(item=f"item-{rng.randrange(items):06d}", minutes=-n)))
    for n in range(orders):
        fold(state, read(order(*(f"item-{rng.randrange(items):06d}" for _ in range(2)), minutes=-900 - n)))
    state.candidates, state.again = rank(state, model(items), NOON.timestamp())
    state.message_ids = [rng.getrandbits(63) for _ in range(states.MESSAGE_IDS)]
    return states.encode(state)


def events(count, items, shopper="new", shopper_events=2.5, seed=1):
    """Views, carts and engagement in batches of about 2.5 events a shopper, as a stream batch has them."""
    rng = random.Random(seed)
    for n in range(count):
        kind = rng.choices(["Product Viewed", "Page Engaged", "Product Added"], [5, 4, 1])[0]
        yield Event(
            message_id=f"m{n}",
            type="track",
            event=kind,
            anonymous_id=f"{shopper}{int(n / 500) * 200 + rng.randrange(int(500 / shopper_events))}",
            timestamp=NOON,
            received_at=NOON,
            properties={
                "product_id": f"item-{rng.randrange(items):06d}",
                "category": "Camping > Tents",
                "price": 20.0,
                "dwell_seconds": 12.5,
            },
            context={"locale": "en-GB", "device": {"type": "mobile"}, **YES},
            consent=Consent(True, True),
        )


def requests(count, items):
    """Tracking calls of 20 events each."""
    made = list(events(count, items))
    for start in range(0, count, 20):
        batch = [
            {
                "type": "track",
                "event": e.event,
                "anonymousId": e.anonymous_id,
                "messageId": e.message_id,
                "properties": e.properties,
                "context": e.context,
            }
            for e in made[start : start + 20]
        ]
        yield {
            "rawPath": "/v1/batch",
            "headers": {"authorization": "Basic d2s6"},
            "body": json.dumps({"batch": batch, "sentAt": NOON.isoformat()}),
            "isBase64Encoded": False,
        }


def stream(count, items, shopper="new", size=500):
    first = 1 + count * (shopper == "known")  # the shard goes on
    made = [record(event, first + n) for n, event in enumerate(events(count, items, shopper))]
    return [invocation(made[start : start + size]) for start in range(0, count, size)]


def measure(name, handler, invocations, count):
    handler(invocations[0], CONTEXT)  # connections, the model
    cpu, wall = time.process_time(), time.perf_counter()
    for event in invocations[1:]:
        handler(event, CONTEXT)
    done = count * (len(invocations) - 1) / len(invocations)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return f"| {name} | {done / cpu:,.0f} | {done / wall:,.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=10_000)
    args = parser.parse_args()
    ready = multiprocessing.get_context("spawn").Queue()
    stub = multiprocessing.get_context("spawn").Process(target=serve, args=(ready, args.items), daemon=True)
    stub.start()
    names = (
        "STREAM",
        "SECRET_ARN",
        "LAKE_BUCKET",
        "MODELS_BUCKET",
        "SHOPPERS_TABLE",
        "LISTS_TABLE",
        "IDENTITY_TABLE",
        "IDENTITY_KEY_ARN",
        "PRIVACY_KEY_ARN",
    )
    os.environ.update(
        {
            **dict.fromkeys(names, "x"),
            "WRITE_KEY": "wk",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ready.get(timeout=60)}",
        }
    )
    os.environ.update(
        AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1", OPENBLAS_NUM_THREADS="1"
    )
    from functions.archive.handler import lambda_handler as archive
    from functions.capture.handler import lambda_handler as capture
    from functions.profiles.handler import lambda_handler as profiles

    quiet, sys.stdout = sys.stdout, Path(os.devnull).open("w")  # noqa: SIM115 - metrics are printed for CloudWatch
    rows = [
        measure("capture, 20 events a call", capture, list(requests(args.events, args.items)), args.events),
        measure("archive, 500 records a batch", archive, stream(args.events, args.items), args.events),
        *(
            measure(
                f"profiles, {args.items:,} items, {kind}", profiles, stream(args.events, args.items, name), args.events
            )
            for name, kind in (("new", "shoppers not seen before"), ("known", "shoppers with a long history"))
        ),
    ]
    sys.stdout = quiet
    stub.terminate()
    size = len(encode(next(events(1, 10))))
    print(
        f"{platform.machine()}, Python {platform.python_version()}, boto3 {version('boto3')}, {args.events} events of {size} bytes, seed 1"
    )
    print("\n| function | events/s per CPU second | events/s of wall time |\n|---|--:|--:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
