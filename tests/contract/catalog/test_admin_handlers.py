"""The catalog's two functions from the event that AWS delivers to what is stored."""

import base64
import gzip
import importlib
import json
from functools import cache
from pathlib import Path

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from shared import clients

EVENTS = Path(__file__).parents[3] / "events"


class Context(LambdaContext):
    def __init__(self, remaining=900_000):
        self._function_name = "admin"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:admin"
        self._aws_request_id = "r1"
        self.remaining = remaining

    def get_remaining_time_in_millis(self):
        return self.remaining


def sample(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def modules(cloud):
    """Loads a function's module with the settings of this stack."""
    secret = cloud("secretsmanager").create_secret(Name="key", SecretString='{"secretKey": "secret-key"}')
    settings = {"CATALOG_TABLE": "catalog", "LAKE_BUCKET": "lake", "SECRET_ARN": secret["ARN"]}
    cached = (clients.dynamodb, clients.s3, clients.secrets)
    for client in cached:
        client.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield cache(lambda name: importlib.reload(importlib.import_module(f"functions.admin.{name}")))
    for client in cached:
        client.cache_clear()


@pytest.fixture
def loaded(aws, modules):
    return modules


@pytest.fixture
def call(loaded):
    """Calls the catalog's API as the shop's server would."""
    handler = loaded("catalog").lambda_handler

    def answer(method, item_id=None, body=None, key="secret-key", headers=None, **changes):
        event = sample("catalog")
        route = "/v1/catalog/items" + ("/{id}" if item_id is not None else "")
        path = "/v1/catalog/items" + (f"/{item_id}" if item_id is not None else "")
        event.update(
            routeKey=f"{method} {route}",
            rawPath=path,
            body=body if body is None or isinstance(body, str) else json.dumps(body),
        )
        event["requestContext"]["http"].update(method=method, path=path)
        event["headers"]["authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        event["headers"].update(headers or {})
        event.update({"pathParameters": {"id": item_id}} if item_id is not None else {})
        event.update(changes)
        got = handler(event, Context())
        return got["statusCode"], json.loads(got["body"])

    return answer


def test_the_sample_request_is_answered_with_a_verdict_on_every_item(loaded, store):
    got = loaded("catalog").lambda_handler(sample("catalog"), Context())
    answer = json.loads(got["body"])
    assert got["statusCode"] == 200 and answer["written"] == 1 and answer["older"] == []
    assert [(bad["index"], bad["id"], bad["field"]) for bad in answer["rejected"]] == [(1, "nameless", "title")]
    assert store.get_many(["tent"])["tent"].attributes == {"colour": "green"}


@pytest.mark.parametrize("item_id", ["tent", "a b", "shop:GB/7", 'ü"#?\\'])
def test_an_item_of_any_id_is_put_patched_read_listed_and_deleted(call, item_id):
    assert call("PUT", item_id, {"title": "Tent", "price": "9.00 EUR"})[0] == 200
    assert call("PATCH", item_id, {"stock": 0})[1]["stock"] == 0
    expected = {"id": item_id, "title": "Tent", "availability": "in_stock", "price": "9.00 EUR", "stock": 0}
    assert call("GET", item_id) == (200, expected)
    assert call("GET") == (200, {"items": [expected]})
    assert call("DELETE", item_id) == (200, {"deleted": item_id})
    status, body = call("GET", item_id)
    assert (status, body["error"], body["field"]) == (404, "not_found", "id")


def test_items_are_listed_page_by_page(call):
    call("PUT", body={"items": [{"id": f"i{n}", "title": "x"} for n in range(5)]})
    first = call("GET", queryStringParameters={"limit": "3"})[1]
    second = call("GET", queryStringParameters={"limit": "3", "cursor": first["nextCursor"]})[1]
    assert sorted(i["id"] for page in (first, second) for i in page["items"]) == [f"i{n}" for n in range(5)]
    assert call("GET", queryStringParameters={"limit": "none"})[1]["field"] == "limit"


@pytest.mark.parametrize("key", ["", "write-key", "secret-key2"])
def test_nothing_is_open_without_the_secret_key(call, key):
    for method, item_id in [("PUT", None), ("GET", None), ("PUT", "a"), ("PATCH", "a"), ("GET", "a"), ("DELETE", "a")]:
        status, body = call(method, item_id, {"items": [{"id": "a", "title": "A"}], "title": "A"}, key=key)
        assert (status, body["error"]) == (401, "unauthorized")
    assert call("GET")[1] == {"items": []}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ("{", 400, None),
        ('{"items": [{"id": "a"}]}', 400, "items[0].title"),
        ("x" * 5_000_001, 413, None),
        (None, 400, None),
    ],
)
def test_what_is_wrong_with_a_request_is_said(call, body, status, field):
    got, answer = call("PUT", body=body)
    assert (got, answer.get("field")) == (status, field) and answer["message"]


def test_a_compressed_request_is_read(call):
    content = gzip.compress(json.dumps({"items": [{"id": "a", "title": "A"}]}).encode())
    body = base64.b64encode(content).decode()
    status, answer = call("PUT", body=body, headers={"content-encoding": "gzip"}, isBase64Encoded=True)
    assert (status, answer["written"]) == (200, 1)


def test_a_table_that_does_not_answer_is_a_reason_to_come_back(call, aws):
    aws("dynamodb").delete_table(TableName="catalog")
    status, answer = call("PUT", body={"items": [{"id": "a", "title": "A"}]})
    assert (status, answer["error"]) == (503, "unavailable")


def dropped(aws, text, key="feeds/spring.csv"):
    aws("s3").put_object(Bucket="lake", Key=key, Body=text.encode())


def test_the_sample_feed_event_fills_the_catalog_as_of_its_time(loaded, aws, store):
    dropped(aws, "id,title\ntent,Alm Tent\n")
    reports = loaded("feed").lambda_handler(sample("feed"), Context())
    assert [report["written"] for report in reports] == [1]
    assert store.get_many(["tent"])["tent"].updated_at == 1772452800.0


def test_an_s3_notification_is_understood_too(loaded, aws, store):
    dropped(aws, "id,title\ntent,Alm Tent\n", "feeds/spring sale+1.csv")
    record = {
        "eventTime": "2026-03-02T12:00:00.000Z",
        "s3": {"bucket": {"name": "lake"}, "object": {"key": "feeds/spring+sale%2B1.csv"}},
    }
    loaded("feed").lambda_handler({"Records": [record]}, Context())
    assert store.get_many(["tent"])["tent"].updated_at == 1772452800.0


def test_a_folder_is_no_feed(loaded, aws):
    event = sample("feed")
    event["detail"]["object"]["key"] = "feeds/"
    assert loaded("feed").lambda_handler(event, Context()) == []


def test_a_feed_taken_in_part_fails_loudly(loaded, aws):
    dropped(aws, "title\nAlm Tent\n")
    feed = loaded("feed")
    with pytest.raises(feed.FeedIncomplete, match="first line must name the columns"):
        feed.lambda_handler(sample("feed"), Context())
    dropped(aws, "id,title\ntent,Alm Tent\n")
    with pytest.raises(feed.FeedIncomplete, match="split the feed"):
        feed.lambda_handler(sample("feed"), Context(remaining=1000))
