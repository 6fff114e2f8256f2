"""A small shop in AWS as moto plays it: tables, versioned buckets, keys, and the two bundles of privacy requests."""

import gzip
import importlib
import json
from base64 import b64encode
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.events import lake
from shared.events.model import encode
from shared.identity.linker import Linker
from shared.identity.links import seen
from shared.lists.model import Pointer
from shared.lists.store import ListsStore
from shared.models import members
from shared.privacy.keys import PrivacyKey
from shared.profiles.fold import fold
from shared.profiles.signals import read
from shared.profiles.state import State
from shared.profiles.store import ShoppersStore, Versioned
from shared.versioned import VersionedTable
from tests import tables
from tests.factories import NOON, event

TABLES = ("shoppers", "lists", "identity")
SECRETS = {"secret": {"secretKey": "sk"}, "identity-key": {"current": "i" * 64}, "privacy-key": {"current": "p" * 64}}
ENV = {
    "SHOPPERS_TABLE": "shoppers",
    "LISTS_TABLE": "lists",
    "IDENTITY_TABLE": "identity",
    "LAKE_BUCKET": "lake",
    "MODELS_BUCKET": "models",
    "SECRET_ARN": "secret",
    "IDENTITY_KEY_ARN": "identity-key",
    "PRIVACY_KEY_ARN": "privacy-key",
    "PRIVACY_MACHINE": "arn:aws:states:us-east-1:123456789012:stateMachine:privacy",
    "IN_FLIGHT": "0",
}


@pytest.fixture
def aws(monkeypatch):
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    made = (clients.dynamodb, clients.s3, clients.s3_links, clients.secrets, clients.stepfunctions)
    for client in made:
        client.cache_clear()
    with mock_aws():
        tables.create(boto3.client("dynamodb"), *TABLES)
        for bucket in ("lake", "models"):
            boto3.client("s3").create_bucket(Bucket=bucket)
            boto3.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for name, value in SECRETS.items():
            boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))
        yield
    for client in made:
        client.cache_clear()


class Machines:
    """As much of Step Functions as a request needs to begin: a name runs once."""

    class exceptions:  # noqa: N801 - as boto3 has it
        class ExecutionAlreadyExists(Exception): ...

    def __init__(self, begun):
        self.begun = begun

    def start_execution(self, **asked):
        if asked["name"] in self.begun:
            raise self.exceptions.ExecutionAlreadyExists
        self.begun.append(asked["name"])


class Shop:
    """Fills the stores, calls the API as API Gateway does, works requests off as the state machine does, and searches everything."""

    def __init__(self):
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        self.shoppers = ShoppersStore(self.dynamodb, "shoppers")
        self.key = PrivacyKey(lambda: boto3.client("secretsmanager"), "privacy-key")
        self.api = importlib.reload(importlib.import_module("functions.privacy.api"))
        self.worker = importlib.reload(importlib.import_module("functions.privacy.worker"))
        self.begun = []
        self.api.desk = self.api.desk._replace(machines=lambda: Machines(self.begun))
        self.left = 900_000  # milliseconds an invocation has

    def state(self, key, version=0, **fields):
        state = State(**fields)
        fold(state, read(event()))
        self.shoppers.save({key: Versioned(state, version)}, NOON.timestamp())

    def events(self, *events, name="shard-0-1-2.jsonl.gz"):
        key = lake.folder(events[0].timestamp) + name
        self.s3.put_object(Bucket="lake", Key=key, Body=lake.lines(map(encode, events)))
        return key

    def lines(self, key):
        return gzip.decompress(self.s3.get_object(Bucket="lake", Key=key)["Body"].read()).splitlines()

    def quarantined(self, data, key="k", folder="quarantine"):
        body = {"reason": "r", "data": b64encode(data).decode(), "partitionKey": key}
        place = f"{folder}/dt=2026-03-02/s-{key}-{len(data)}.json"
        self.s3.put_object(Bucket="lake", Key=place, Body=json.dumps(body).encode())
        return place

    def model(self, version, *keys):
        data = members.dump(version, keys)
        self.s3.put_object(Bucket="models", Key=members.members_key(version), Body=data)
        store = ListsStore(self.dynamodb, "lists")
        pointer, at = store.pointer()
        store.flip(Pointer(version, [version, *pointer.kept], 0.0), at)

    def call(self, route, body=None, request_id="", key="sk"):
        method, path = route.split(" ")
        headers = {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"} if key else {}
        answer = self.api.lambda_handler(
            {
                "routeKey": route,
                "rawPath": path,
                "headers": headers,
                "requestContext": {"http": {"method": method}},
                "pathParameters": {"id": request_id},
                "body": json.dumps(body),
            },
            CONTEXT,
        )
        content = answer["body"]
        return answer["statusCode"], json.loads(content) if content.startswith("{") else content

    def ask(self, kind, **fields):
        status, body = self.call("POST /v1/privacy/requests", {"type": kind, **fields})
        assert status == 202, body
        return body["id"]

    def status(self, request_id):
        status, body = self.call("GET /v1/privacy/requests/{id}", request_id=request_id)
        assert status == 200, body
        return body

    def work(self, request_id, most=200):
        """As the state machine: until it is done. Returns how many invocations that took."""
        for number in range(1, most):
            if self.once(request_id):
                return number
        raise AssertionError("never done")

    def once(self, request_id):
        """One invocation. Whether the request is done."""
        context = SimpleNamespace(**vars(CONTEXT), get_remaining_time_in_millis=lambda: self.left)
        return self.worker.lambda_handler({"id": request_id}, context)["done"]

    def linked(self, *events):
        """As the stream's consumer: links go into the live graph."""
        Linker(VersionedTable(self.dynamodb, "identity")).observe([seen(one) for one in events])

    def fail(self, request_id, error):
        cause = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
        self.worker.lambda_handler({"id": request_id, "error": {"Error": "x", "Cause": cause}}, CONTEXT)

    def done(self, kind, **fields):
        request_id = self.ask(kind, **fields)
        self.work(request_id)
        return self.status(request_id)

    def export(self, status):
        return json.loads(self.s3.get_object(Bucket="lake", Key=f"privacy/exports/{status['id']}.json")["Body"].read())

    def everything(self):
        """(place, bytes) of every item and of every version of every object, unpacked."""
        for table in TABLES:
            for item in self.dynamodb.scan(TableName=table)["Items"]:
                yield f"{table}/{item['pk']['S']}", repr(item).encode() + item.get("value", {}).get("B", b"")
        for bucket in ("lake", "models"):
            for version in self.s3.list_object_versions(Bucket=bucket).get("Versions", []):
                body = self.s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])[
                    "Body"
                ].read()
                yield f"{bucket}/{version['Key']}", gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body

    def holding(self, *names):
        return sorted({p for p, body in self.everything() for name in names if name.encode() in body or name in p})


CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")


@pytest.fixture
def shop(aws):
    return Shop()
