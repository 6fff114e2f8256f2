"""The promises of the catalog store and of feeds, kept on DynamoDB and S3 as moto plays them."""

import gzip
import json

import boto3
import pytest
from moto import mock_aws

from shared.catalog.desk import CatalogDesk
from shared.catalog.intake import FeedIntake
from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.errors import InvalidRequest, NotFound


@pytest.fixture
def store():
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="catalog",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="lake")
        yield CatalogStore(client, "catalog")


def item(name, updated_at=1.0, **fields):
    return Item(id=name, title=fields.pop("title", name), updated_at=updated_at, **fields)


def test_an_older_update_never_overwrites_a_newer_one(store):
    assert store.put_many([item("a", 2.0, title="new")]) == [True]
    assert store.put_many([item("a", 1.0, title="old"), item("b")]) == [False, True]
    assert store.get_many(["a", "b", "nope"])["a"].title == "new"


def test_every_item_is_listed_once_over_pages(store):
    store.put_many([item(f"i{n}") for n in range(25)])
    seen, cursor = [], ""
    while True:
        page, cursor = store.page(10, cursor)
        seen += [i.id for i in page]
        if not cursor:
            break
    assert sorted(seen) == sorted(f"i{n}" for n in range(25)) == sorted(i.id for i in store.scan())


def test_a_cursor_that_is_not_ours_is_refused(store):
    with pytest.raises(InvalidRequest):
        store.page(10, "\u2603")


def test_the_desk_judges_every_item_on_its_own(store):
    desk = CatalogDesk(store, now=5.0)
    answer = desk.put_many({"items": [{"id": "a", "title": "A"}, {"id": "b"}]})
    assert answer["written"] == 1 and answer["rejected"] == [
        {"index": 1, "error": "invalid_request", "message": "is missing; every item needs one", "field": "title"}
    ]
    with pytest.raises(InvalidRequest) as refused:
        desk.put_many({"items": [{"id": "b"}]})
    assert refused.value.field == "items[0].title"


def test_patch_get_and_delete(store):
    desk = CatalogDesk(store, now=5.0)
    desk.put("a", {"title": "A", "stock": 3})
    assert desk.patch("a", {"stock": 0})["stock"] == 0
    assert not store.get_many(["a"])["a"].in_stock
    assert desk.delete("a") == {"deleted": "a"}
    for call in (lambda: desk.get("a"), lambda: desk.delete("a"), lambda: desk.patch("a", {})):
        with pytest.raises(NotFound):
            call()


def feed(store, name, text):
    s3 = boto3.client("s3", region_name="us-east-1")
    body = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    s3.put_object(Bucket="lake", Key=f"feeds/{name}", Body=body)
    return FeedIntake(store, s3, "lake"), s3


def test_a_feed_is_taken_and_what_cannot_be_is_kept_with_line_and_reason(store):
    intake, s3 = feed(store, "spring.csv", "id,title,price\na,A,1 EUR\nb,,1 EUR\n")
    assert intake.take("feeds/spring.csv", 5.0) == {
        "feed": "feeds/spring.csv",
        "read": 2,
        "written": 1,
        "older": 0,
        "rejected": 1,
        "outOfStock": 0,
    }
    kept = json.loads(s3.get_object(Bucket="lake", Key="feeds-rejected/spring.csv.jsonl")["Body"].read())
    assert kept["line"] == 3 and kept["reason"].startswith("title")


def test_what_a_full_feed_lacks_goes_out_of_stock(store):
    store.put_many([item("gone"), item("a")])
    intake, _ = feed(store, "all.full.tsv.gz", "id\ttitle\na\tA\n")
    assert intake.take("feeds/all.full.tsv.gz", 5.0)["outOfStock"] == 1
    assert not store.get_many(["gone"])["gone"].in_stock and store.get_many(["a"])["a"].in_stock
