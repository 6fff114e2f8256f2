"""The shop's plan from the API to the shelf, on the deployed stack."""

import time
import uuid
from datetime import UTC, datetime

import pytest

from infrastructure.cli import plan
from infrastructure.cli.api import Api, ApiError
from infrastructure.local.layout import LocalStackError
from tests.integration.conftest import eventually

PLACE = "not-found"  # no other test asks for it
SHOWN_WITHIN = 5.0


@pytest.fixture
def desk(server_api):
    """Writes and publishes; leaves the stack as it was."""

    def publish(document, note=""):
        revision = server_api.call("GET", "/v1/plan/draft")["revision"]
        drafted = server_api.call("PUT", "/v1/plan/draft", {"document": document, "revision": revision})
        return server_api.call("POST", "/v1/plan/publish", {"revision": drafted["revision"], "note": note})

    publish({})
    yield publish
    publish({})


@pytest.fixture
def item(server_api, shop):
    """An item that nobody has dealt with, which no list would show first."""
    name = f"campaign-{uuid.uuid4().hex}"
    fields = {"id": name, "title": "Of the campaign", "price": "9 EUR", "stock": 5}
    server_api.call("PUT", "/v1/catalog/items", {"items": [fields]})
    yield name
    server_api.call("DELETE", f"/v1/catalog/items/{name}")


def campaign(item, **more):
    return {"rules": [{"name": "campaign", "action": "pin", "items": [item], "placements": [PLACE], **more}]}


@pytest.fixture
def shown(browser_api):
    def ids():
        body = {"placement": PLACE, "anonymousId": f"t-{uuid.uuid4().hex}", "count": 6}
        return [found["id"] for found in browser_api.call("POST", "/v1/recommendations", body)["items"]]

    return ids


def test_a_campaign_is_on_within_seconds_and_ends_by_its_clock(desk, item, shown):
    assert item not in shown()
    end = time.time() + 12.0
    until = datetime.fromtimestamp(end, UTC).isoformat()
    desk(campaign(item, until=until))
    eventually(lambda: shown()[:1] == [item], SHOWN_WITHIN)
    while time.time() < end - 1.0:
        assert shown()[:1] == [item]
        time.sleep(0.5)
    time.sleep(max(end - time.time(), 0) + 0.1)
    after = shown()
    assert item not in after and len(after) == 6


def test_going_back_takes_a_campaign_away_and_brings_it_again(desk, item, shown, server_api):
    before = server_api.call("GET", "/v1/plan/versions")["current"]
    made = desk(campaign(item), note="a campaign")
    eventually(lambda: shown()[:1] == [item], SHOWN_WITHIN)
    server_api.call("POST", "/v1/plan/rollback", {"version": before})
    eventually(lambda: item not in shown(), SHOWN_WITHIN)
    server_api.call("POST", "/v1/plan/rollback", {"version": made["current"]})
    eventually(lambda: shown()[:1] == [item], SHOWN_WITHIN)


def test_a_wrong_plan_is_refused_with_all_its_mistakes_and_the_former_one_stays(desk, item, server_api):
    current = desk(campaign(item))["current"]
    wrong = {"rules": [{"name": "x", "action": "boost", "where": "item.pice < 3", "by": 99}], "placements": {"home": 7}}
    with pytest.raises(ApiError) as refused:
        desk(wrong)
    assert refused.value.status == 400
    fields = {mistake["field"] for mistake in refused.value.body["mistakes"]}
    assert fields == {"rules[0].where", "rules[0].by", "placements.home"}
    assert server_api.call("GET", "/v1/plan/versions")["current"] == current


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/plan"),
        ("GET", "/v1/plan/draft"),
        ("PUT", "/v1/plan/draft"),
        ("POST", "/v1/plan/publish"),
        ("POST", "/v1/plan/rollback"),
        ("GET", "/v1/plan/versions"),
        ("GET", "/v1/plan/schema"),
    ],
)
def test_a_browsers_key_does_not_open_the_plan(browser_api, method, path):
    with pytest.raises(ApiError) as refused:
        browser_api.call(method, path, None if method == "GET" else {})
    assert refused.value.status == 401


def test_two_editors_do_not_overwrite_one_another(desk, server_api):
    revision = server_api.call("GET", "/v1/plan/draft")["revision"]
    server_api.call("PUT", "/v1/plan/draft", {"document": {"timezone": "UTC"}, "revision": revision})
    with pytest.raises(ApiError) as refused:
        server_api.call("PUT", "/v1/plan/draft", {"document": {}, "revision": revision})
    assert refused.value.status == 409
    assert server_api.call("GET", "/v1/plan/draft")["document"] == {"timezone": "UTC"}


def test_the_command_line_does_what_the_api_does(desk, stack, tmp_path):
    file = tmp_path / "plan.json"
    file.write_text('{"timezone": "Europe/Berlin", "segments": {"vip": "shopper.orders > 3"}}')
    assert "segment “vip” is new" in plan.edit(stack, file, None, "Ann")
    assert "is current" in plan.publish(stack, "vip", "Ann")
    assert plan.versions(stack).startswith("* ") and plan.versions(stack).splitlines()[0].endswith("Ann  vip")
    assert plan.diff(stack, str(file), "current") == "They say the same."
    with pytest.raises(LocalStackError, match="not kept"):
        plan.rollback(stack, "never", "")


def test_more_versions_than_are_kept_leave_only_those(desk, stack, server_api, aws):
    for n in range(22):
        desk({"segments": {"s": f"shopper.orders > {n}"}})
    kept = [found["version"] for found in server_api.call("GET", "/v1/plan/versions")["versions"]]
    assert len(kept) == 20
    stored = {item["pk"]["S"] for item in aws("dynamodb").scan(TableName=stack.outputs["PlansTable"])["Items"]}
    versions = {f"{form}#{version}" for form in ("plan", "document") for version in kept}
    assert stored == {"pointer", "draft", "plan#draft", *versions}
    with pytest.raises(ApiError) as gone:
        server_api.call("GET", f"/v1/plan?version={int(kept[-1]) - 1}")
    assert gone.value.status == 404
    assert Api(stack, stack.secret_key).call("GET", f"/v1/plan?version={kept[-1]}")["document"]
