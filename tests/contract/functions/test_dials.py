"""From events to shelves: stock against sales, and what was shown in vain, with AWS as moto plays it."""

import json
import time

import boto3
import pytest

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.lists.sales import decode
from shared.lists.store import ListsStore
from shared.merchandising.desk import PlanDesk
from shared.merchandising.store import PlanStore
from shared.recommend.loaded import mistakes
from shared.versioned import VersionedTable
from tests.contract.functions.calls import CONTEXT, handler, sample
from tests.factories import NOON, event, invocation, record

NAMES = [f"i{n:02}" for n in range(30)]


@pytest.fixture
def shop(aws, monkeypatch):
    """A shop before its first model: shelves are made of live lists. Gives ids of the items on a shelf."""
    items = [Item(id=name, title=name, updated_at=time.time() - 60) for name in NAMES]
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many(items)
    live = [(name, 1.0 - n / 50) for n, name in enumerate(NAMES)]
    ListsStore(boto3.client("dynamodb"), "lists").put_many({"live#popular#all": live})
    monkeypatch.setattr("shared.recommend.plans.FRESH", -1.0)
    monkeypatch.setattr("shared.recommend.popular.LISTS_FRESH", -1.0)

    def shelf(**body):
        event = {**sample("recommend"), "body": json.dumps(body)}
        event["headers"] = {"authorization": "Basic d3JpdGUta2V5Og=="}
        answer = handler("functions.recommend.handler")(event, CONTEXT)
        return [item["id"] for item in json.loads(answer["body"])["items"]]

    return shelf


def now_events(*named):
    """Events of just now, as records: (name, properties, who)."""
    minutes = (time.time() - NOON.timestamp()) / 60 - 1
    made = [
        event(name, minutes=minutes + place / 1000, anonymous_id=who, properties=properties)
        for place, (name, properties, who) in enumerate(named)
    ]
    return invocation([record(one, place) for place, one in enumerate(made, 1)])


def publish(dials):
    desk = PlanDesk(PlanStore(VersionedTable(boto3.client("dynamodb"), "plans")), [mistakes], time.time())
    desk.put_draft({"document": {"placements": {"home": {"dials": dials, "newcomers": False}}}, "revision": 0})
    desk.publish({"revision": 1})


def stored():
    found = boto3.client("dynamodb").get_item(TableName="lists", Key={"pk": {"S": "live#sales#all"}})
    return decode(found["Item"]["value"]["B"]).covers if "Item" in found else None


def test_what_sells_faster_than_it_is_stocked_fades(shop):
    now = time.time()
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many(
        [
            Item(id="i20", title="i20", stock=14, updated_at=now),
            Item(id="i10", title="i10", stock=10_000, updated_at=now),
        ]
    )
    trends = handler("functions.profiles.trends")
    assert trends(sample("trends"), CONTEXT)["covers"] == 0 and stored() is None, "nothing sells: nothing is written"
    rows = [{"product_id": item, "quantity": 7} for item in ("i20", "i10", "i11")]
    sale = ("Order Completed", {"order_id": "o", "total": 10, "products": rows}, "somebody")
    assert handler("functions.profiles.handler")(now_events(sale), CONTEXT) == {"batchItemFailures": []}
    assert trends(sample("trends"), CONTEXT)["covers"] == 2
    assert stored() == {"i20": 1.9, "i10": 365.0}, (
        "14 pieces, 7 of them sold on the first day; i11 has no number of pieces"
    )
    assert set(shop()[:3]) == {"i10", "i11", "i20"}, "alike in sales, they are shown first"
    publish({"stockDays": 20})
    shelf = shop()
    assert shelf[:2] == ["i10", "i11"] and "i20" not in shelf


def test_what_a_shopper_leaves_unclicked_makes_room(shop):
    publish({"repetition": 1.0})
    before = shop(anonymousId="b1")
    shown = {"recommendation_id": "r1", "products": [{"product_id": before[0]}]}
    sent = [("Recommendation Viewed", shown, "b1") for _ in range(6)]
    assert handler("functions.profiles.handler")(now_events(*sent), CONTEXT) == {"batchItemFailures": []}
    assert before[0] not in shop(anonymousId="b1", count=3)
    assert shop(anonymousId="b2") == before
    clicked = ("Recommendation Clicked", {"recommendation_id": "r1", "product_id": before[0]}, "b1")
    again = now_events(*sent, clicked)
    handler("functions.profiles.handler")(again, CONTEXT)
    assert shop(anonymousId="b1", count=3) == before[:3]
