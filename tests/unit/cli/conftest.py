"""A small deployed stack in this process: AWS as moto plays it, and an API that is our own capture and profiles code behind real HTTP."""

import json
import threading
import time
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from moto import mock_aws

from infrastructure.local.layout import Stack
from shared.capture import intake
from shared.catalog.desk import CatalogDesk
from shared.catalog.store import CatalogStore
from shared.events.quarantine import Quarantine
from shared.identity.linker import Linker
from shared.profiles.process import Processor, read
from shared.profiles.store import ShoppersStore
from shared.streams import Record
from shared.versioned import VersionedTable
from tests import tables
from tests.factories import KEYS

TABLES = ("shoppers", "lists", "catalog", "identity")


class Back:
    """What stands behind the API. `refuse` are statuses to answer the next batches with; `batches` are sizes of what was taken."""

    def __init__(self, stack):
        self.stack = stack
        self.shoppers = ShoppersStore(boto3.client("dynamodb"), "shoppers")
        self.linker = Linker(VersionedTable(boto3.client("dynamodb"), "identity"))
        self.catalog = CatalogStore(boto3.client("dynamodb"), "catalog")
        self.quarantine = Quarantine(boto3.client("s3"), "lake")
        self.lock = threading.Lock()
        self.refuse = []
        self.batches = []
        self.timestamps = []

    def batch(self, data):
        with self.lock:
            if self.refuse:
                return self.refuse.pop(), b"busy"
            assert len(data) <= intake.MAX_BATCH_BYTES
            taken = intake.take(
                "batch",
                json.loads(data),
                received_at=datetime.now(UTC),
                verified=lambda user, proof: True,
                new_id=lambda: "none",
                keys=KEYS,
                server=True,
            )
            start = sum(self.batches) + 1
            records = [
                Record("shard-0", start + n, key, body, time.time()) for n, (key, body) in enumerate(taken.entries)
            ]
            entries = read(records, self.quarantine)
            assert (
                Processor(self.shoppers, self.linker, lambda state, now: ([], []), "v1", lambda states: None).process(
                    entries
                )
                is None
            )
            self.batches.append(len(records))
            self.timestamps += [json.loads(record.data)["timestamp"] for record in records]
            return intake.answer(taken)

    def put_items(self, data):
        with self.lock:
            return 200, json.dumps(CatalogDesk(self.catalog, time.time()).put_many(json.loads(data))).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args, back):
        self.back = back
        super().__init__(*args)

    def answer(self, act):
        status, body = act(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answer(self.back.batch)

    def do_PUT(self):
        self.answer(self.back.put_items)

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def stack():
    with mock_aws():
        tables.create(boto3.client("dynamodb"), *TABLES)
        for bucket in ("lake", "models"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        outputs = {
            "ShoppersTable": "shoppers",
            "ListsTable": "lists",
            "CatalogTable": "catalog",
            "IdentityTable": "identity",
            "LakeBucket": "lake",
            "ModelsBucket": "models",
            "Stream": "events",
            "SecretArn": "arn:of:secret",
            "IdentityKeyArn": "identity-key",
        }
        yield Stack(endpoint="", api_url="", write_key="wk", secret_key="sk", outputs=outputs)


@pytest.fixture
def back(stack):
    behind = Back(stack)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, back=behind))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    object.__setattr__(stack, "api_url", f"http://127.0.0.1:{server.server_port}")
    yield behind
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lake(stack):
    """Key -> bytes of everything under a prefix of the lake."""

    def found(prefix=""):
        s3 = boto3.client("s3")
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])]
        return {key: s3.get_object(Bucket="lake", Key=key)["Body"].read() for key in keys}

    return found
