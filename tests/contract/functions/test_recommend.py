"""The recommend handler on moto's tables: shelves, pages and lists to be ordered."""

import json
import time

import boto3
import pytest

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.lists.model import Pointer
from shared.lists.store import ListsStore
from shared.profiles.state import Candidate, State, Totals
from shared.profiles.store import ShoppersStore, Versioned
from tests.contract.functions.test_handlers import CONTEXT, aws, handler, sample  # noqa: F401 - a fixture

NAMES = [f"i{n:02}" for n in range(30)]


@pytest.fixture
def recommend(aws):  # noqa: F811
    db = boto3.client("dynamodb")
    CatalogStore(db, "catalog").put_many([Item(id=name, title=name) for name in NAMES])
    lists = ListsStore(db, "lists")
    lists.put_many({"v1#popular#all": [(name, 1.0 - n / 50) for n, name in enumerate(NAMES)]})
    lists.flip(Pointer("v1", ["v1"], time.time()), 0)
    liked = State(candidates=[Candidate("i20", 0.9, "for_you"), Candidate("i10", 0.8, "for_you")], totals=Totals(3))
    ShoppersStore(db, "shoppers").save({"a#a1": Versioned(liked, 0)}, time.time())
    call = handler("functions.recommend.handler")

    def asked(body, path="/v1/recommendations", key="d3JpdGUta2V5Og=="):
        event = {**sample("recommend"), "rawPath": path, "body": json.dumps(body)}
        event["headers"] = {"authorization": f"Basic {key}"}
        answer = call(event, CONTEXT)
        return answer["statusCode"], json.loads(answer["body"])

    return asked


def ids(shelf):
    return [item["id"] for item in shelf["items"]]


def test_a_page_is_answered_shelf_by_shelf(recommend):
    status, body = recommend(
        {"anonymousId": "a1", "page": [{"placement": "home", "count": 3}, {"placement": "popular"}]}
    )
    home, popular = body["shelves"]
    assert status == 200 and ids(home)[:2] == ["i20", "i10"] and ids(popular)[0] == "i01"
    assert home["recommendationId"] != popular["recommendationId"] and not set(ids(home)) & set(ids(popular))


def test_a_list_is_put_in_the_shoppers_order(recommend):
    status, body = recommend({"items": NAMES[:25], "anonymousId": "a1", "strength": 0.9}, "/v1/rerank")
    assert status == 200 and ids(body)[:2] == ["i20", "i10"] and sorted(ids(body)) == NAMES[:25]
    assert body["items"][0] | {"score": 0} == {"id": "i20", "position": 1, "was": 21, "score": 0}
    assert ids(recommend({"items": NAMES[:25], "anonymousId": "nobody"}, "/v1/rerank")[1]) == NAMES[:25]


@pytest.mark.parametrize(
    ("body", "path", "field"),
    [
        ({"page": []}, "/v1/recommendations", "page"),
        ({"page": [{"placement": "attic"}]}, "/v1/recommendations", "page[0].placement"),
        ([1], "/v1/recommendations", None),
        ({"items": []}, "/v1/rerank", "items"),
        ([1], "/v1/rerank", None),
    ],
)
def test_mistakes_are_named(recommend, body, path, field):
    status, told = recommend(body, path)
    assert status == 400 and told.get("field") == field and told["message"]


def test_a_key_is_needed(recommend):
    assert recommend({}, key="bm9wZTo=")[0] == 401
