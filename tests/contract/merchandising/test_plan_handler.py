"""The plan over HTTPS, with AWS as moto plays it."""

import importlib
import json
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from shared import clients
from shared.merchandising.schema import schema
from tests import tables

SAMPLE = json.loads((Path(__file__).parents[3] / "events" / "plan.json").read_text())
DOCUMENT = json.loads(SAMPLE["body"])["document"]
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")


@pytest.fixture
def call(monkeypatch):
    """(status, body) of a call with a key."""
    monkeypatch.setenv("PLANS_TABLE", "plans")
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("SECRET_ARN", "secret")
    for made in (clients.dynamodb, clients.s3, clients.secrets):
        made.cache_clear()
    with mock_aws():
        tables.create(boto3.client("dynamodb"), "plans")
        boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
        handler = importlib.reload(importlib.import_module("functions.plan.handler")).lambda_handler

        def called(route, body=None, key="sk", **query):
            headers = {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"} if key else {}
            text = body if isinstance(body, str) else json.dumps(body)
            event = {**SAMPLE, "routeKey": route, "headers": headers, "body": text, "queryStringParameters": query}
            answer = handler(event, CONTEXT)
            return answer["statusCode"], json.loads(answer["body"])

        called.sample = lambda: handler(SAMPLE, CONTEXT)
        yield called


ROUTES = [
    *("GET /v1/plan", "GET /v1/plan/draft", "PUT /v1/plan/draft", "POST /v1/plan/publish", "POST /v1/plan/rollback"),
    *("GET /v1/plan/versions", "GET /v1/plan/schema"),
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("key", ["", "write-key"])
def test_only_the_secret_key_opens_the_plan(call, route, key):
    status, body = call(route, {}, key=key)
    assert status == 401 and body["error"] == "unauthorized"


def test_from_the_sample_event_to_a_published_plan_and_back(call):
    answer = call.sample()
    drafted = json.loads(answer["body"])
    assert answer["statusCode"] == 200 and answer["headers"]["cache-control"] == "private, no-store"
    assert drafted["revision"] == 1 and drafted["mistakes"] == []
    assert call("GET /v1/plan/draft") == (200, drafted)
    assert call("POST /v1/plan/publish", {"revision": 1, "note": "winter"})[1]["current"] == "1"
    document = {**DOCUMENT, "timezone": "UTC"}
    assert call("PUT /v1/plan/draft", {"revision": 1, "document": document})[0] == 200
    status, published = call("POST /v1/plan/publish", {"revision": 2})
    assert status == 200 and published["changes"] == ["timezone: Europe/Berlin → UTC"]
    assert call("GET /v1/plan")[1]["document"] == document
    assert call("GET /v1/plan", version="1")[1] | {"at": ""} == {
        **{"version": "1", "at": "", "who": "", "note": "winter", "current": False},
        "document": DOCUMENT,
    }
    assert call("POST /v1/plan/rollback", {"version": "1"})[1]["current"] == "1"
    assert [v["version"] for v in call("GET /v1/plan/versions")[1]["versions"]] == ["2", "1"]


def test_a_plan_full_of_mistakes_is_refused_with_all_of_them(call):
    rules = [{"name": f"r{n}", "action": "boost", "where": "item.pice < 3", "by": 2} for n in range(5)]
    assert len(call("PUT /v1/plan/draft", {"revision": 0, "document": {"rules": rules}})[1]["mistakes"]) == 5
    status, body = call("POST /v1/plan/publish", {"revision": 1})
    assert status == 400 and body["error"] == "invalid_request"
    assert [m["field"] for m in body["mistakes"]] == [f"rules[{n}].where" for n in range(5)]


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("PUT /v1/plan/draft", {"revision": 4, "document": {}}, 409),
        ("PUT /v1/plan/draft", "", 400),
        ("PUT /v1/plan/draft", "[" * 5000, 400),
        ("PUT /v1/plan/draft", {"revision": 0, "document": {"x": "y" * 2_000_000}}, 413),
        ("POST /v1/plan/publish", {"revision": 0}, 409),
        ("POST /v1/plan/rollback", {"version": "1"}, 404),
    ],
)
def test_what_cannot_be_done_has_its_status(call, route, body, status):
    assert call(route, body)[0] == status


def test_what_was_never_there_is_not_found(call):
    assert call("GET /v1/plan", version="7")[0] == 404
    assert call("GET /v1/plan")[1] == {"version": "", "document": {}}


def test_the_schema_is_served(call):
    assert call("GET /v1/plan/schema") == (200, json.loads(json.dumps(schema())))


def test_a_table_that_is_gone_is_told_as_later(call):
    boto3.client("dynamodb").delete_table(TableName="plans")
    assert call("GET /v1/plan/draft")[0] == 503
