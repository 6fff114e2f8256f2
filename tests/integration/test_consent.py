"""Consent on the deployed stack: what is said takes effect in the next answer, and of who says no nothing is stored."""

import gzip
import json
import time
import uuid
from base64 import b64encode
from datetime import UTC, datetime

import pytest
import urllib3

from shared.auth import user_hash
from shared.versioned import VersionedTable
from tests.integration.conftest import YES, eventually, view

NO = {"consent": {"categoryPreferences": {"analytics": False, "personalization": False}}}
ALL, NOTHING = (dict.fromkeys(("analytics", "personalization", "advertising"), value) for value in (True, False))


@pytest.fixture
def known(browser_api, states, shopper, shop):
    """The shopper, with a history."""
    item = next(i["id"] for i in shop.items if i["stock"] and i["product_type"] == "Climbing > Ropes")
    browser_api.call("POST", "/v1/track", view(shopper, item))
    eventually(lambda: (s := states(f"a#{shopper}")) and s.candidates)
    return shopper


@pytest.fixture
def home(browser_api):
    def home(**fields):
        asked = {"placement": "home", "count": 6, **fields}
        answer = browser_api.call("POST", "/v1/recommendations", asked)
        return answer["served"]["tier"]

    return home


def lake(stack, aws):
    """All events that lie in the lake for today."""
    s3, bucket = aws("s3"), stack.outputs["LakeBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"events/dt={datetime.now(UTC):%Y-%m-%d}/"
    )
    keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
    return b"".join(gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys)


def test_consent_withdrawn_by_the_api_takes_effect_in_the_next_answer(stack, aws, browser_api, states, known, home):
    assert home(anonymousId=known) == "live"
    answer = browser_api.call("PUT", "/v1/consent", {"anonymousId": known, "consent": NOTHING})
    assert answer["changed"]
    assert home(anonymousId=known) == home(anonymousId=known, context=YES) == "contextual"
    state = states(f"a#{known}")
    assert not (state.recent or state.candidates or state.totals.events) and len(state.choices) >= 2

    browser_api.call("POST", "/v1/track", view(known, "late"))
    time.sleep(2)
    assert not states(f"a#{known}").recent, "an event that was on its way, or of a browser that has not heard"
    told = browser_api.call("GET", f"/v1/consent?anonymousId={known}")
    assert told["consent"] == NOTHING and [h["consent"]["personalization"] for h in told["history"]] == [True, False]
    eventually(
        lambda: any(b"Consent Changed" in line and known.encode() in line for line in lake(stack, aws).splitlines())
    )


def test_a_log_in_after_a_withdrawal_links_nobody(stack, aws, browser_api, server_api, states, known):
    """The browser goes on to send its old yes, with a proven log-in: the graph must not learn of it."""
    browser_api.call("PUT", "/v1/consent", {"anonymousId": known, "consent": NOTHING})
    user, other = f"user-{known}", f"other-{known}"
    for who, device in ((user, known), (other, f"b-{known}")):
        context = {**YES, "userHash": user_hash(stack.secret_key, who)}
        browser_api.call("POST", "/v1/track", view(device, "x", userId=who, context=context))
    nodes = VersionedTable(aws("dynamodb"), stack.outputs["IdentityTable"])
    eventually(lambda: nodes.get(f"i#user:{other}").version)
    time.sleep(1)
    assert not nodes.get(f"i#user:{user}").version and states(f"u#{user}") is None


def test_consent_given_again_opens_a_new_history(browser_api, states, known, home, shop):
    browser_api.call("PUT", "/v1/consent", {"anonymousId": known, "consent": NOTHING})
    browser_api.call("PUT", "/v1/consent", {"anonymousId": known, "consent": ALL})
    item = shop.items[3]["id"]
    browser_api.call("POST", "/v1/track", view(known, item))
    state = eventually(lambda: (s := states(f"a#{known}")).recent and s)
    assert [touch.item for touch in state.recent] == [item] and home(anonymousId=known) in ("live", "lists", "popular")


def test_consent_withdrawn_by_an_event_takes_effect_in_the_next_answer(browser_api, states, known, home):
    browser_api.call("POST", "/v1/track", view(known, "x", context=NO))
    assert home(anonymousId=known) == "contextual"
    assert states(f"a#{known}").candidates == []
    assert home(anonymousId=known, context=YES) != "contextual", "the request is a later word"


def test_a_no_in_the_request_always_counts(known, home):
    assert home(anonymousId=known, context=NO) == "contextual" and home(anonymousId=known) == "live"


def test_missing_means_no(stack, aws, browser_api, states, shopper, home):
    assert home(anonymousId=shopper) == "contextual" and home(anonymousId=shopper, context=YES) == "popular"
    browser_api.call(
        "POST", "/v1/batch", {"batch": [view(shopper, "x", context={}, messageId=f"m-{uuid.uuid4().hex}")]}
    )
    time.sleep(2)
    assert states(f"a#{shopper}") is None


@pytest.mark.parametrize("way", ["event", "api"])
def test_nothing_is_stored_of_an_unknown_shopper_who_says_no(stack, aws, browser_api, states, shopper, way):
    message = f"m-{uuid.uuid4().hex}"
    if way == "api":
        answer = browser_api.call("PUT", "/v1/consent", {"anonymousId": shopper, "consent": NOTHING})
        assert answer["known"] is False and "nothing was stored" in answer["message"]
        browser_api.call("POST", "/v1/track", view("", "x", context=NO, messageId=message))
    else:
        browser_api.call("POST", "/v1/track", view(shopper, "x", context=NO, messageId=message))
    written = eventually(lambda: message.encode() in (found := lake(stack, aws)) and found)
    assert shopper.encode() not in written and states(f"a#{shopper}") is None


def call(stack, method, path, body, **headers):
    key = b64encode(f"{stack.write_key}:".encode()).decode()
    url = f"{stack.endpoint}/_aws/execute-api/{stack.outputs['ApiId']}/$default{path}"
    sent = {"Authorization": f"Basic {key}", "Content-Type": "application/json", **headers}
    return json.loads(urllib3.request(method, url, body=json.dumps(body).encode(), headers=sent).data)


def test_global_privacy_control_means_no_advertising(stack, browser_api, states, shopper):
    context = {"consent": {"categoryPreferences": ALL}}
    assert call(stack, "POST", "/v1/track", view(shopper, "x", context=context), **{"Sec-GPC": "1"})["success"]
    state = eventually(lambda: states(f"a#{shopper}"))
    assert [(c.personalization, c.advertising) for c in state.choices] == [(True, False)]
    told = call(stack, "PUT", "/v1/consent", {"anonymousId": shopper, "consent": ALL}, **{"Sec-GPC": "1"})
    assert told["consent"] == {**ALL, "advertising": False}
    assert not browser_api.call("GET", f"/v1/consent?anonymousId={shopper}")["consent"]["advertising"]


def test_only_a_proof_changes_and_shows_a_known_shoppers_consent(stack, browser_api, server_api, states, shopper, home):
    user = f"user-{shopper}"
    server_api.call("PUT", "/v1/consent", {"userId": user, "consent": ALL})
    said = {"anonymousId": shopper, "userId": user, "consent": NOTHING}
    assert browser_api.call("PUT", "/v1/consent", said)["known"] is False
    assert home(userId=user, userHash=user_hash(stack.secret_key, user)) != "contextual"
    assert browser_api.call("GET", f"/v1/consent?anonymousId={shopper}&userId={user}")["history"] == []
    proof = {"userHash": user_hash(stack.secret_key, user)}
    assert browser_api.call("PUT", "/v1/consent", {**said, **proof})["applies"] == ["userId"]
    assert home(userId=user, **proof) == "contextual"
    assert states(f"a#{shopper}") is None


def test_history_before_the_log_in_counts_in_the_first_answer_after_it(
    stack, browser_api, server_api, known, home, states
):
    user = f"user-{known}"
    proof = {"userId": user, "userHash": user_hash(stack.secret_key, user)}
    assert home(anonymousId=known, context=YES, **proof) == "live", "no event has told of the log-in yet"
    assert states(f"u#{user}") is None
    server_api.call("PUT", "/v1/consent", {"userId": user, "consent": NOTHING})
    assert home(anonymousId=known, context=YES, **proof) == "live", "of a shopper nobody knows a no is not stored"
