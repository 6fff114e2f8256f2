"""Who is who on the deployed stack."""

import gzip
import uuid
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from infrastructure.cli import identity
from shared.auth import user_hash
from shared.identity.apply import read
from shared.identity.graph import Link
from shared.identity.linker import Linker
from shared.identity.links import Seen
from shared.profiles.store import ShoppersStore
from shared.versioned import VersionedTable
from tests.integration.conftest import YES, eventually, view


@pytest.fixture
def states(stack, aws):
    store = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"])
    return lambda key: store.get_many([key])[key].state


@pytest.fixture
def login(stack, browser_api):
    """A browser logs a user in, with the proof that the shop's server put into its page."""

    def log_in(user, device):
        proof = {**YES, "userHash": user_hash(stack.secret_key, user)}
        message = {"anonymousId": device, "userId": user, "messageId": uuid.uuid4().hex, "context": proof}
        browser_api.call("POST", "/v1/identify", message)

    return log_in


@pytest.fixture
def wares(shop):
    """Ids of a few items that are in stock."""
    return [item["id"] for item in shop.items if item["stock"]][:6]


def seen(state):
    return {touch.item for touch in state.recent}


def test_two_devices_of_one_person_have_one_history(stack, browser_api, states, login, shopper, wares):
    user, phone, laptop = f"user-{shopper}", f"{shopper}-phone", f"{shopper}-laptop"
    browser_api.call("POST", "/v1/batch", {"batch": [view(phone, wares[0]), view(laptop, wares[1])]})
    login(user, phone)
    login(user, laptop)
    eventually(lambda: seen(states(f"u#{user}")) >= {wares[0], wares[1]})
    told = identity.explain(stack, user)
    assert f"in profile user:{user}" in told and f"anonymous:{phone}, since" in told and "signed user hash" in told


def test_one_device_of_two_people_is_mixed_with_neither(stack, browser_api, states, login, shopper, wares):
    ann, bob, pad = f"ann-{shopper}", f"bob-{shopper}", f"{shopper}-pad"
    browser_api.call("POST", "/v1/track", view(pad, wares[0]))
    login(ann, pad)
    eventually(lambda: wares[0] in seen(states(f"u#{ann}")))
    browser_api.call("POST", "/v1/track", view(pad, wares[1]))  # after Ann left, before Bob says who he is
    login(bob, pad)
    eventually(lambda: wares[1] in seen(states(f"u#{bob}")))
    assert seen(states(f"u#{ann}")) == {wares[0]} and seen(states(f"u#{bob}")) == {wares[1]}
    assert states(f"a#{pad}").shared
    assert "belongs to none of them" in identity.explain(stack, pad)


def test_history_before_the_login_counts_in_the_first_answer_after_it(stack, browser_api, states, shopper, shop):
    ropes = [i["id"] for i in shop.items if i["stock"] and i["product_type"] == "Climbing > Ropes"]
    browser_api.call("POST", "/v1/track", view(shopper, ropes[0]))
    eventually(lambda: states(f"a#{shopper}").candidates)
    user = f"user-{shopper}"
    who = {"anonymousId": shopper, "userId": user, "userHash": user_hash(stack.secret_key, user)}
    answer = browser_api.call("POST", "/v1/recommendations", {"placement": "home", "context": YES, **who})
    assert answer["served"]["tier"] == "live"


def test_a_claim_is_written_down_and_opens_nothing(stack, browser_api, server_api, states, shopper, wares):
    user, stranger = f"user-{shopper}", f"{shopper}-stranger"
    server_api.call("POST", "/v1/batch", {"batch": [view(shopper, wares[0], userId=user)]})
    eventually(lambda: wares[0] in seen(states(f"u#{user}")))
    browser_api.call("POST", "/v1/batch", {"batch": [view(stranger, wares[1], userId=user)]})
    eventually(lambda: wares[1] in seen(states(f"a#{stranger}")))
    assert seen(states(f"u#{user}")) == {wares[0]}
    asked = {"placement": "home", "userId": user, "anonymousId": stranger, "context": YES, "count": 20}
    shown = browser_api.call("POST", "/v1/recommendations", asked)
    assert all(wares[0] not in (r.get("because") or "") for i in shown["items"] for r in i["reasons"])
    assert f"anonymous:{stranger} says it is user:{user}" in identity.explain(stack, stranger)
    assert f"anonymous:{stranger}, since" not in identity.explain(stack, user)


def test_a_hashed_address_links_devices_and_is_nowhere_in_clear(stack, aws, server_api, states, login, shopper, wares):
    address, user = f"Jo.{shopper}@Shop-Mail.de", f"user-{shopper}"
    phone, laptop = f"{shopper}-phone", f"{shopper}-laptop"
    server_api.call("POST", "/v1/track", view(phone, wares[0]))
    for device in (phone, laptop):
        server_api.call("POST", "/v1/identify", {"anonymousId": device, "traits": {"email": address}, "context": YES})
    eventually(lambda: f"anonymous:{laptop}" in _explained(stack, phone))
    login(user, laptop)
    eventually(lambda: wares[0] in seen(states(f"u#{user}")))  # the phone is the same person's

    lake = stack.outputs["LakeBucket"]
    pages = aws("s3").get_paginator("list_objects_v2").paginate(Bucket=lake, Prefix="events/")
    names = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    bodies = b"".join(gzip.decompress(aws("s3").get_object(Bucket=lake, Key=n)["Body"].read()) for n in names)
    items = repr(aws("dynamodb").scan(TableName=stack.outputs["IdentityTable"])["Items"]).encode()
    plain = address.lower().encode()
    for needle in (plain, plain.split(b"@")[0], sha256(plain).hexdigest().encode()):
        assert needle not in bodies.lower() and needle not in items.lower()


def test_what_an_operator_takes_apart_is_rebuilt_from_the_event_log(stack, browser_api, states, login, shopper, wares):
    user, phone = f"user-{shopper}", f"{shopper}-phone"
    browser_api.call("POST", "/v1/track", view(phone, wares[0]))
    login(user, phone)
    eventually(lambda: wares[0] in seen(states(f"u#{user}")))
    told = identity.unmerge(stack, phone, user, "a borrowed phone")
    assert f"a#{phone}" in told
    assert seen(states(f"a#{phone}")) == {wares[0]} and seen(states(f"u#{user}")) == set()
    assert "a borrowed phone" in identity.explain(stack, user)


def test_consumers_that_merge_the_same_nodes_at_once_lose_no_link(stack, aws, shopper):
    """Six of them with a connection of their own, on one table: every link is decided by DynamoDB's conditions."""
    store = VersionedTable(aws("dynamodb"), stack.outputs["IdentityTable"])
    names = [(f"email:{shopper}{n % 4}", f"phone:{shopper}{n % 9}") for n in range(36)]
    links = [Seen(Link(float(n), f"m{n}", pair), arrived=(float(n), "")) for n, pair in enumerate(names)]

    def consume(part):
        Linker(VersionedTable(aws("dynamodb"), stack.outputs["IdentityTable"])).observe(part)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(consume, [links[n::6] for n in range(6)]))
    draft = read(store, {name for pair in names for name in pair})
    kept = {link.identifiers for part in draft.components.values() for link in part.links}
    assert kept == set(names) and len({draft.home(name) for pair in names for name in pair}) == 1


def _explained(stack, name):
    try:
        return identity.explain(stack, name)
    except Exception:  # nothing is known yet
        return ""
