"""After a restore of the tables, everybody who was erased since then is erased again, from what the receipts hide."""

import json

import pytest

from shared.errors import InvalidRequest
from shared.privacy.requests import Request, RequestStore
from shared.privacy.suppression import SuppressionStore
from tests.factories import event

ANNA, PHONE, TABLET, BERT, CARL = "user-of-anna", "phone-of-anna", "family-tablet", "user-of-bert", "user-of-carl"


def login(device, user, **fields):
    return event(anonymous_id=device, user_id=user, verified=True, **fields)


@pytest.fixture
def town(shop):
    shop.linked(
        login(PHONE, ANNA, source="server", identifiers={"email": "k:anna"}),
        login(TABLET, ANNA, minutes=1),
        login(TABLET, BERT, minutes=2),
        login("phone-of-carl", CARL),
    )
    shop.state(f"u#{ANNA}")
    shop.state(f"a#{PHONE}", user_id=ANNA)
    shop.state(f"a#{TABLET}", user_id=ANNA)
    shop.state(f"u#{BERT}", watermarks={ANNA: "7", BERT: "8"})
    shop.state(f"u#{CARL}")
    return shop


def contents(shop):
    return {table: shop.dynamodb.scan(TableName=table)["Items"] for table in ("shoppers", "identity")}


def restore(shop, then):
    for table, items in then.items():
        for item in contents(shop)[table]:
            shop.dynamodb.delete_item(TableName=table, Key={"pk": item["pk"]})
        for item in items:
            shop.dynamodb.put_item(TableName=table, Item=item)


def replayed(shop, since=0.0, left=900_000):
    store = RequestStore(shop.dynamodb, "identity")
    store.create(Request(id="replay-1", type="replay", created=1e9, digest="", identifiers=[], since=since))
    shop.left = left
    shop.work("replay-1")
    return shop.status("replay-1")


@pytest.mark.parametrize("left", [0, 900_000])
def test_who_came_back_with_a_restore_is_erased_again_and_nobody_else(town, left):
    then = contents(town)
    town.done("erase", userId=ANNA, suppress="forever")
    assert town.holding(ANNA, PHONE, "k:anna") == []
    restore(town, then)
    assert len(town.holding(ANNA, PHONE, "k:anna")) > 5
    others = {place for place in town.holding(BERT, CARL) if "c#" not in place}
    status = replayed(town, left=left)
    assert status["status"] == "done" and "erased again" in status["message"], status
    assert town.holding(ANNA, PHONE, "k:anna") == []
    assert others <= set(town.holding(BERT, CARL))
    assert town.shoppers.get_many([f"u#{BERT}"])[f"u#{BERT}"].state.watermarks == {BERT: "8"}
    suppressed = SuppressionStore(town.dynamodb, "identity", lambda: town.key.suppression)
    found = suppressed.find([("userId", ANNA), ("anonymousId", PHONE), ("userId", BERT)])
    assert set(found) == {("userId", ANNA), ("anonymousId", PHONE)} and found["userId", ANNA].forever
    assert len(suppressed.known()) == 3
    facts = json.loads(status["receipt"]["receipt"])
    assert facts["namesMetAgain"] == 3 and len(facts["erasures"]) == 1 and ANNA not in status["receipt"]["receipt"]
    assert {store["store"]: store["foundAfterwards"] for store in facts["stores"]} == {"shoppers": 0, "identity": 0}


def test_a_shared_device_that_was_named_itself_goes_again_too(town):
    then = contents(town)
    town.done("erase", anonymousId=TABLET)
    restore(town, then)
    replayed(town)
    assert town.shoppers.get_many([f"a#{TABLET}"])[f"a#{TABLET}"].version == 0
    assert town.shoppers.get_many([f"u#{ANNA}"])[f"u#{ANNA}"].version


def test_nobody_who_was_erased_before_is_looked_for_and_the_request_says_so(town):
    ended = town.worker.requests.get(town.done("erase", userId=ANNA)["id"]).ended
    town.state(f"u#{ANNA}")  # somebody new, long after
    status = replayed(town, since=ended + 2)
    assert status["found"] is False and "nobody who was erased" in status["message"]
    assert town.holding(f"u#{ANNA}")


def test_a_receipt_that_was_tampered_with_is_refused_by_name(town):
    town.done("erase", userId=ANNA)
    [kept] = town.s3.list_objects_v2(Bucket="lake", Prefix="receipts/")["Contents"]
    body = json.loads(town.s3.get_object(Bucket="lake", Key=kept["Key"])["Body"].read())
    forged = {**body, "receipt": body["receipt"].replace("late", "forever")}
    town.s3.put_object(Bucket="lake", Key=kept["Key"], Body=json.dumps(forged).encode())
    with pytest.raises(InvalidRequest, match=kept["Key"]):
        replayed(town)
