"""What a shopper asks for holds in the next answer, on the deployed stack: without consent, across devices, in lists of the shop's own."""

import uuid

import pytest

from infrastructure.cli.api import ApiError
from shared.auth import user_hash
from tests.integration.conftest import YES, eventually, view

NO = {"consent": {"categoryPreferences": {"personalization": False}}}


@pytest.fixture
def popular(browser_api, shop):
    def shown(**who):
        body = {"placement": "best-sellers", "count": 6, "context": {}, **who}
        return browser_api.call("POST", "/v1/recommendations", body)["items"]

    return shown


@pytest.fixture
def limited(server_api):
    """Items with one limit each, by what limits them."""
    made = {kind: f"{kind}-{uuid.uuid4().hex}" for kind in ("free", "adult", "country", "size")}
    limits = {"adult": {"adult": "yes"}, "country": {"excluded_countries": "DE"}, "size": {"size": "L"}}
    items = [{"id": name, "title": kind, "stock": 5, **limits.get(kind, {})} for kind, name in made.items()]
    server_api.call("PUT", "/v1/catalog/items", {"items": items})
    yield made
    for name in made.values():
        server_api.call("DELETE", f"/v1/catalog/items/{name}")


def test_what_is_hidden_is_gone_from_the_next_answer_with_consent_and_without(browser_api, popular, states, shopper):
    first, second, *_ = popular(anonymousId=shopper)
    told = browser_api.call("PUT", "/v1/preferences", {"anonymousId": shopper, "hidden": {"items": [first["id"]]}})
    assert told["hidden"]["items"] == [first["id"]]
    for context in ({}, NO, YES):
        assert first["id"] not in {one["id"] for one in popular(anonymousId=shopper, context=context)}
    browser_api.call("PUT", "/v1/preferences", {"anonymousId": shopper, "hidden": {"brands": [second["brand"]]}})
    assert second["brand"] not in {one["brand"] for one in popular(anonymousId=shopper, context=NO)}
    kept = states(f"a#{shopper}")
    assert kept.choices == [] and kept.totals.events == 0 and not kept.watermarks, "and nothing else is kept"
    told = browser_api.call("PUT", "/v1/preferences", {"anonymousId": shopper, "hidden": {"items": [], "brands": []}})
    assert told == browser_api.call("GET", f"/v1/preferences?anonymousId={shopper}") and first in popular(
        anonymousId=shopper
    )


def test_what_a_device_hid_follows_the_shopper_who_logs_in(stack, browser_api, popular, states, shopper):
    user = f"user-{shopper}"
    proof = user_hash(stack.secret_key, user)
    hidden = popular()[0]["id"]
    browser_api.call("PUT", "/v1/preferences", {"anonymousId": shopper, "hidden": {"items": [hidden]}})
    context = {**YES, "userHash": proof}
    browser_api.call("POST", "/v1/track", view(shopper, "x", userId=user, context=context))
    state = eventually(lambda: (found := states(f"u#{user}")) and found.preferences and found)
    assert [wish.value for wish in state.preferences] == [hidden] and states(f"a#{shopper}").preferences == []
    phone = {"anonymousId": f"phone-{shopper}", "userId": user}
    assert hidden not in {one["id"] for one in popular(**phone, userHash=proof)}
    assert hidden in {one["id"] for one in popular(**phone)}, "a claim is not a proof"
    browser_api.call("PUT", "/v1/preferences", {**phone, "userHash": proof, "hidden": {"items": []}})
    assert hidden in {one["id"] for one in popular(**phone, userHash=proof)}
    with pytest.raises(ApiError) as refused:
        browser_api.call("GET", f"/v1/preferences?userId={user}")
    assert refused.value.status == 403


def test_age_country_and_size_hold_in_a_list_of_the_shop_and_are_named(
    browser_api, server_api, limited, states, shopper
):
    def left(**fields):
        asked = {"items": [*limited.values()], "anonymousId": shopper, **fields}
        body = browser_api.call("POST", "/v1/rerank", asked)
        return {kind for kind, name in limited.items() if name in {one["id"] for one in body["items"]}}

    eventually(lambda: left() == {"free", "country", "size"})
    assert left(context={"country": "DE"}) == {"free", "size"}
    browser_api.call("PUT", "/v1/preferences", {"anonymousId": shopper, "sizes": ["M"]})
    assert left() == {"free", "country"}
    grown = {"type": "identify", "anonymousId": shopper, "traits": {"age": 30}, "messageId": uuid.uuid4().hex}
    browser_api.call("POST", "/v1/identify", {**grown, "context": YES})
    eventually(lambda: (found := states(f"a#{shopper}")) and found.traits.get("age"))
    assert left() == {"free", "adult", "country"} and left(context=NO) == {"free", "country"}
    whys = {
        kind: server_api.call("GET", f"/v1/why-not?item={limited[kind]}&country=DE&anonymousId=nobody-{shopper}")["why"]
        for kind in ("adult", "country")
    }
    assert whys == {"adult": "no proof of age 18", "country": "not sold in DE"}
    why = server_api.call("GET", f"/v1/why-not?item={limited['size']}&anonymousId={shopper}")
    assert (why["stage"], why["why"]) == ("constraint", "not in size M")
