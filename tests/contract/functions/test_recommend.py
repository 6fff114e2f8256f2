"""The recommend handler on moto's tables: shelves, pages and lists to be ordered."""

import json
import time

import boto3
import pytest

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from shared.experiments.tag import parse as parse_tag
from shared.lists.model import Pointer
from shared.lists.store import ListsStore
from shared.merchandising.desk import PlanDesk
from shared.merchandising.store import PlanStore
from shared.profiles.state import Candidate, State, Totals
from shared.profiles.store import ShoppersStore, Versioned
from shared.recommend.loaded import mistakes
from shared.versioned import VersionedTable
from tests.contract.functions.calls import CONTEXT, handler, sample

NAMES = [f"i{n:02}" for n in range(30)]


@pytest.fixture
def recommend(aws):
    db = boto3.client("dynamodb")
    CatalogStore(db, "catalog").put_many([Item(id=name, title=name) for name in NAMES])
    lists = ListsStore(db, "lists")
    lists.put_many({"v1#popular#all": [(name, 1.0 - n / 50) for n, name in enumerate(NAMES)]})
    lists.flip(Pointer("v1", ["v1"], time.time()), 0)
    liked = State(candidates=[Candidate("i20", 0.9, "for_you"), Candidate("i10", 0.8, "for_you")], totals=Totals(3))
    ShoppersStore(db, "shoppers").save({"a#a1": Versioned(liked, 0)}, time.time())
    call = handler("functions.recommend.handler")

    def asked(body, path="/v1/recommendations", key="d3JpdGUta2V5Og==", query=None):
        event = {**sample("recommend"), "rawPath": path, "body": json.dumps(body)}
        if query is not None:
            event["requestContext"] = {"http": {"method": "GET"}}
            event["queryStringParameters"] = query
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


SECRET = "c2s6"
PIN = {"rules": [{"name": "hero", "action": "pin", "items": ["i29"], "slots": [1]}]}


@pytest.fixture
def desk(monkeypatch):
    monkeypatch.setattr("shared.recommend.plans.FRESH", -1.0)  # looked for at each request
    return PlanDesk(PlanStore(VersionedTable(boto3.client("dynamodb"), "plans")), [mistakes], time.time())


def test_a_draft_is_shown_to_the_secret_key_before_it_is_published(recommend, desk):
    assert recommend({"plan": "draft"}, key=SECRET)[1]["field"] == "plan"
    desk.put_draft({"document": PIN, "revision": 0})
    drafted = recommend({"plan": "draft"}, key=SECRET)[1]
    assert ids(drafted)[0] == "i29" and drafted["served"]["ruleVersion"] == "draft"
    served = recommend({})[1]
    assert ids(served)[0] == "i00" and served["served"]["ruleVersion"] is None
    assert recommend({"plan": "draft"})[0] == 401
    assert recommend({"plan": "7"}, key=SECRET)[1]["field"] == "plan"
    desk.put_draft({"document": {"rules": 3}, "revision": 1})
    assert "mistakes" in recommend({"plan": "draft"}, key=SECRET)[1]["message"]


def test_a_published_plan_steers_shelves_pages_and_explanations(recommend, desk):
    spring = {"placements": {"spring": {"like": "popular", "count": 2}}}
    desk.put_draft({"document": {**PIN, **spring}, "revision": 0})
    desk.publish({"revision": 1})
    status, body = recommend({"placement": "spring", "explain": True})
    assert status == 200 and ids(body) == ["i29", "i00"] and body["served"]["ruleVersion"] == "1"
    assert body["explain"]["rules"] == [{"rule": "hero", "action": "pin", "items": ["i29"], "slots": [1]}]
    shelves = recommend({"page": [{"placement": "spring"}, {"placement": "home", "count": 3}]})[1]["shelves"]
    assert ids(shelves[0]) == ["i29", "i00"] and "i29" not in ids(shelves[1]) and len(ids(shelves[1])) == 3


def test_a_bandit_marks_its_answers(recommend, desk):
    arms = [{"name": "a", "settings": {"count": 2}}, {"name": "b", "settings": {"count": 2, "newcomers": False}}]
    desk.put_draft({"document": {"bandits": {"x": {"placement": "home", "arms": arms}}}, "revision": 0})
    desk.publish({"revision": 1})
    body = recommend({"anonymousId": "a1"})[1]
    tag = parse_tag(body["recommendationId"])
    assert tag.placement == "home" and tag.arm == body["served"]["arm"] in ("a", "b")
    assert body["served"]["propensity"] == 0.5 and len(ids(body)) == 2


def test_why_an_item_is_not_shown_is_told_to_the_secret_key(recommend, desk):
    def why(key=SECRET, **query):
        return recommend({}, "/v1/why-not", key, query)

    status, told = why(item="i06", count="3")
    assert status == 200 and told["stage"] == "rank" and told["why"].startswith("rank ")
    assert why(item="i00", exclude="i00")[1]["cause"] == "excluded"
    assert why(item="nothing")[1]["cause"] == "not_in_catalog"
    assert why()[1]["field"] == "item" and why()[0] == 400
    assert why(key="d3JpdGUta2V5Og==", item="i25")[0] == 401
