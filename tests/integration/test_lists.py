"""Lists as placements, and a new item on its way to shoppers, on the deployed stack."""

import json
import uuid

import pytest

from tests.integration.conftest import YES, eventually, view

MINUTE = 90.0  # what is made every minute is in memory for another


@pytest.fixture
def trends(stack, aws):
    """What the minute's schedule does, at once."""

    def run():
        answer = aws("lambda").invoke(FunctionName=stack.outputs["TrendsFunction"], Payload=b"{}")
        made = json.loads(answer["Payload"].read())
        assert "lists" in made, made
        return made

    return run


def asked(browser_api, placement, **fields):
    return browser_api.call("POST", "/v1/recommendations", {"placement": placement, **fields})


@pytest.mark.parametrize(
    ("placement", "reason"),
    [
        ("popular", "popular"),
        ("trending", "trending"),
        ("best-sellers", "best_seller"),
        ("most-viewed", "most_viewed"),
        ("new-arrivals", "new_arrival"),
    ],
)
def test_every_list_of_the_shop_can_be_asked_for(browser_api, shop, trends, placement, reason):
    trends()
    made = eventually(lambda: (a := asked(browser_api, placement, count=4))["items"] and a, MINUTE)
    assert made["served"]["tier"] == "lists" and not made["served"]["fallback"]
    assert {r["reason"] for item in made["items"] for r in item["reasons"]} == {reason}


def test_what_is_on_sale_is_on_its_list_and_nothing_else(browser_api, server_api, shop, trends):
    def on_sale():
        return asked(browser_api, "on-sale", count=100)["items"]

    new = f"sale-{uuid.uuid4().hex}"
    fields = {"id": new, "title": "A bargain", "price": "9 EUR", "sale_price": "3 EUR"}
    server_api.call("PUT", "/v1/catalog/items", {"items": [fields]})
    try:
        trends()
        eventually(lambda: new in [i["id"] for i in on_sale()], MINUTE)
        assert all("salePrice" in i for i in on_sale())
        server_api.call("PATCH", f"/v1/catalog/items/{new}", {"sale_price": None})
        eventually(lambda: new not in [i["id"] for i in on_sale()])
    finally:
        server_api.call("DELETE", f"/v1/catalog/items/{new}")


def test_a_new_item_reaches_shoppers_within_minutes_and_before_any_event(
    browser_api, server_api, shop, shopper, trends
):
    alike = next(i for i in shop.items if i["stock"] and i["product_type"] == "Climbing > Ropes")
    new = f"new-{uuid.uuid4().hex}"
    fields = {name: alike[name] for name in ("title", "description", "brand", "product_type", "price") if name in alike}
    server_api.call("PUT", "/v1/catalog/items", {"items": [{**fields, "id": new, "stock": 5}]})
    try:
        trends()

        def ids(placement, **more):
            return [i["id"] for i in asked(browser_api, placement, **more)["items"]]

        eventually(lambda: new in ids("new-arrivals"), MINUTE)
        assert new in ids("new-arrivals", filter={"categories": ["Climbing"]})

        def alone():  # an environment keeps lists and new items in memory, each for a minute of its own
            page = asked(browser_api, "product", items=[new], count=4)
            return page if page["served"]["tier"] == "lists" else None

        page = eventually(alone, MINUTE)
        assert all(i["productType"].startswith("Climbing") for i in page["items"])
        browser_api.call("POST", "/v1/track", view(shopper, new))

        def reasons():
            clicked = asked(browser_api, "home", anonymousId=shopper, context=YES, items=[new], count=6)
            return [i["reasons"][0] for i in clicked["items"]]

        eventually(lambda: {"reason": "similar_to", "because": new} in reasons(), MINUTE)
        neighbours = [i["id"] for i in asked(browser_api, "product", items=[new], count=12)["items"]]

        def beside():
            shown = [ids("product", items=[item], count=4) for item in neighbours]
            return [page.index(new) for page in shown if new in page]

        places = eventually(beside, MINUTE)
        assert min(places) >= 3, "in the place of newcomers or as a neighbour"
    finally:
        server_api.call("DELETE", f"/v1/catalog/items/{new}")
