"""Privacy requests from the API to the last store, on AWS as moto plays it."""

import json
from threading import Lock

import pytest

from shared.answers.model import Answered, decode, folder, packed, unit_of
from shared.auth import user_hash
from shared.errors import Conflict
from shared.events.lake import lines
from shared.models import members
from shared.privacy.keys import hidden
from shared.privacy.receipt import valid
from shared.privacy.requests import RequestStore
from shared.privacy.stores.lake import Unreadable
from shared.privacy.suppression import SuppressionStore
from shared.profiles.state import Wish
from tests.factories import NOON, event, order

ANNA, PHONE, FAMILY, BERT = "user-of-anna", "phone-of-anna", "family-tablet", "user-of-bert"
GIVEN = (ANNA, PHONE, FAMILY, BERT, "")  # to whom answers were given


@pytest.fixture
def people(shop):
    """Anna has a phone; she and Bert use the family's tablet."""
    shop.state(f"u#{ANNA}", preferences=[Wish("item", "what-anna-hid", "hidden", 1.0)])
    shop.state(f"a#{PHONE}", user_id=ANNA)
    shop.state(f"u#{BERT}", watermarks={ANNA: "7", BERT: "8"})
    shop.state(f"a#{FAMILY}", user_id=ANNA)
    shop.mine = shop.events(
        event(anonymous_id=PHONE, message_id="phone-1"),
        event(
            anonymous_id=PHONE, user_id=ANNA, verified=True, minutes=1, identifiers={"email": "k:anna"}, source="server"
        ),
        event(
            anonymous_id=BERT,
            user_id=BERT,
            verified=True,
            minutes=2,
            properties={"product_id": "x", "recipient_id": ANNA},
        ),
    )
    shop.family = shop.events(
        event(anonymous_id=FAMILY, minutes=100, message_id="before-anna"),
        event(anonymous_id=FAMILY, minutes=101, user_id=ANNA, verified=True, message_id="anna-logs-in"),
        event(anonymous_id=FAMILY, minutes=102, message_id="before-bert"),
        event(anonymous_id=FAMILY, minutes=103, user_id=BERT, verified=True, message_id="bert-logs-in"),
        event(anonymous_id=FAMILY, minutes=104, message_id="nobodys"),
        event(anonymous_id=FAMILY, minutes=200, message_id="later"),
        name="family.jsonl.gz",
    )
    shop.only = shop.events(order("tent", anonymous_id=PHONE, minutes=300), name="only.jsonl.gz")
    shop.others = shop.events(event(anonymous_id="somebody", minutes=400))
    shop.quarantined(b'{"userId": "user-of-anna", bad', "q1")
    shop.quarantined(b"\x00\x01", PHONE)
    shop.quarantined(b'{"userId": "user-of-anna", bad', "q2", "quarantine-replayed")
    shop.kept = shop.quarantined(b'{"userId": "user-of-bert", bad', "q3")
    given = [
        Answered(f"{n:023x}", NOON.timestamp(), "home", ["tent"], unit=unit_of(name)) for n, name in enumerate(GIVEN)
    ]
    shop.answers = folder(NOON.timestamp()) + "a.jsonl.gz"
    shop.s3.put_object(Bucket="lake", Key=shop.answers, Body=packed(given))
    mails = [json.dumps({"userId": user, "items": [{"id": "tent"}]}).encode() for user in (ANNA, BERT)]
    shop.mails = "batch/email/20260302T120000Z.jsonl.gz"
    shop.s3.put_object(Bucket="lake", Key=shop.mails, Body=lines(mails))
    for version, keys in {"v1": [f"u#{ANNA}"], "v2": [f"u#{BERT}"]}.items():
        shop.model(version, *keys)
        shop.s3.put_object(Bucket="models", Key=f"runs/{version}/members.bin", Body=members.dump(version, keys))
        shop.s3.put_object(Bucket="models", Key=f"runs/{version}/bundle.npz", Body=b"sums")
    return shop


def message_ids(shop, key):
    return [json.loads(line)["messageId"] for line in shop.lines(key)]


def test_an_export_shows_everything_by_store_with_where_it_came_from(people):
    status = people.done("export", userId=ANNA)
    assert status["status"] == "done" and status["found"] and "download link" in status["message"]
    assert "X-Amz-Signature" in status["download"]["url"]
    document = people.export(status)
    stores = {store["store"]: store["finds"] for store in document["stores"]}
    assert {"type": "anonymousId", "value": PHONE} in document["person"]["identifiers"]
    assert {"type": "email", "value": "k:anna"} in document["person"]["identifiers"]
    states = {find["from"]: find["holds"] for find in stores["shoppers"]}
    assert states[f"table Shoppers, item u#{ANNA}"]["recent"][0]["item"] == "tent"
    [wish] = states[f"table Shoppers, item u#{ANNA}"]["preferences"]
    assert wish == {"about": "item", "value": "what-anna-hid", "said": "hidden", "at": 1.0, "within": ""}
    assert {"candidates", "choices", "purchases"} <= set(states[f"table Shoppers, item u#{ANNA}"])
    held = {find["from"]: [e["messageId"] for e in find["holds"]["events"]] for find in stores["lake"]}
    assert (
        held[people.family] == ["before-anna", "anna-logs-in"]
        and len(held[people.mine]) == 2
        and len(held[people.only]) == 1
    )
    assert len(stores["quarantine"]) == 3
    assert [find["holds"]["version"] for find in stores["models"]] == ["v1"]
    assert [find["holds"]["run"] for find in stores["runs"]] == ["v1"]
    assert people.holding("before-bert") == [f"lake/{people.family}"]  # nothing was changed


def test_an_erasure_leaves_no_trace_in_any_store_and_nothing_of_others_is_lost(people):
    people.done("export", userId=ANNA)
    before = message_ids(people, people.others)
    status = people.done("erase", userId=ANNA)
    assert status["status"] == "done" and status["found"] and "erased" in status["message"]
    assert (
        people.holding(
            ANNA, PHONE, "k:anna", "before-anna", "anna-logs-in", "what-anna-hid", unit_of(ANNA), unit_of(PHONE)
        )
        == []
    )
    units = [decode(line).unit for line in people.lines(people.answers)]
    assert units == ["", "", unit_of(FAMILY), unit_of(BERT), ""]
    assert [json.loads(line)["userId"] for line in people.lines(people.mails)] == [BERT]
    assert message_ids(people, people.family) == ["before-bert", "bert-logs-in", "nobodys", "later"]
    assert message_ids(people, people.others) == before
    [bert] = [json.loads(line) for line in people.lines(people.mine)]
    assert bert["userId"] == BERT and bert["properties"] == {"product_id": "x", "recipient_id": "[erased]"}
    state = people.shoppers.get_many([f"u#{BERT}", f"a#{FAMILY}"])
    assert state[f"u#{BERT}"].state.watermarks == {BERT: "8"} and state[f"u#{BERT}"].state.totals.views == 1
    assert state[f"a#{FAMILY}"].state.user_id == "" and state[f"a#{FAMILY}"].state.totals.views == 1
    assert people.s3.get_object(Bucket="lake", Key=people.kept)
    assert not people.s3.list_objects_v2(Bucket="models", Prefix="runs/v1/").get("Contents")
    assert people.s3.list_objects_v2(Bucket="models", Prefix="runs/v2/")["KeyCount"] == 2


def test_older_versions_of_objects_go_too(people):
    people.s3.put_object(
        Bucket="lake", Key=people.others, Body=people.s3.get_object(Bucket="lake", Key=people.only)["Body"].read()
    )
    people.events(event(anonymous_id="somebody", minutes=400))
    people.s3.delete_object(Bucket="lake", Key=people.kept)
    people.quarantined(ANNA.encode(), "gone")
    people.s3.delete_object(Bucket="lake", Key="quarantine/dt=2026-03-02/s-gone-12.json")
    people.done("erase", userId=ANNA)
    assert people.holding(ANNA, PHONE) == []
    versions = people.s3.list_object_versions(Bucket="lake", Prefix="events/")["Versions"]
    older = [version["Key"] for version in versions if not version["IsLatest"]]
    assert older == [people.others] and len(versions) == 4  # what somebody else did, overwritten


def test_the_receipt_names_nobody_counts_everything_and_is_signed(people):
    status = people.done("erase", userId=ANNA)
    signed = status["receipt"]
    _, pem = people.call("GET /v1/privacy/key", key="")
    assert valid(signed, pem) and not valid({**signed, "receipt": signed["receipt"] + " "}, pem)
    facts = json.loads(signed["receipt"])
    assert not [name for name in (ANNA, PHONE, "k:anna", FAMILY) if name in signed["receipt"]]
    assert hidden(people.key.suppression, "userId", ANNA) in facts["person"] and len(facts["person"]) == 3
    counts = {store["store"]: (store["found"], store["foundAfterwards"]) for store in facts["stores"]}
    assert counts == {
        "shoppers": (4, 0),
        "identity": (0, 0),
        "lake": (6, 0),
        "answers": (2, 0),
        "batches": (1, 0),
        "quarantine": (3, 0),
        "exports": (0, 0),
        "runs": (1, 0),
    }
    assert (
        facts["models"]["sawThePerson"] == ["v1"]
        and facts["models"]["lastRetiredBy"] < facts["models"]["lastCopyGoneBy"]
    )
    assert facts["devicesSharedWithOthers"] == 1 and facts["found"] is True
    assert {r["what"] for r in facts["remains"]} >= {
        "records in the event stream",
        "point-in-time backups of the tables",
    }


def test_after_an_erasure_the_request_itself_names_nobody(people):
    request_id = people.done("erase", userId=ANNA)["id"]
    assert RequestStore(people.dynamodb, "identity").get(request_id).identifiers == []
    assert not people.s3.list_object_versions(Bucket="lake", Prefix="privacy/").get("Versions")


def test_somebody_unknown_is_told_so(people):
    status = people.done("export", userId="nobody-of-that-name")
    assert status["found"] is False and "Nothing is held" in status["message"] and "download" not in status
    erased = people.done("erase", userId="nobody-of-that-name")
    assert erased["found"] is False and "nothing was erased" in erased["message"] and erased["receipt"]


def test_a_shared_device_named_alone_loses_what_nobody_logged_in_for(people):
    people.done("erase", anonymousId=FAMILY)
    assert message_ids(people, people.family) == ["before-anna", "anna-logs-in", "before-bert", "bert-logs-in"]
    assert people.shoppers.get_many([f"a#{FAMILY}"])[f"a#{FAMILY}"].version == 0


def test_late_events_are_suppressed_and_new_ones_are_not(people):
    people.done("erase", userId=ANNA)
    store = SuppressionStore(people.dynamodb, "identity", lambda: people.key.suppression)
    found = store.find([("userId", ANNA), ("anonymousId", PHONE), ("anonymousId", FAMILY), ("userId", BERT)])
    assert set(found) == {("userId", ANNA), ("anonymousId", PHONE)}
    at = found["userId", ANNA].erased_at
    assert found["userId", ANNA].covers(at - 1) and not found["userId", ANNA].covers(at + 1)
    people.done("erase", userId=ANNA, suppress="forever")
    assert store.find([("userId", ANNA)])["userId", ANNA].covers(at + 1e9)
    people.done("erase", userId=ANNA)
    assert store.find([("userId", ANNA)])["userId", ANNA].forever


def step(people, request_id, name):
    return next((s["status"] for s in people.status(request_id)["steps"] if s["name"] == name), "")


def test_a_step_that_fails_keeps_its_place_and_resumes(people):
    bad = "events/dt=2026-03-02/hour=23/bad.jsonl.gz"
    request_id = people.ask("erase", userId=ANNA)
    people.left = 0  # every invocation stops as soon as it may
    while step(people, request_id, "devices") != "done":
        people.once(request_id)
    people.s3.put_object(Bucket="lake", Key=bad, Body=b"no gzip")
    with pytest.raises(Unreadable, match=bad) as stopped:
        people.work(request_id)
    people.fail(request_id, stopped.value)
    status = people.status(request_id)
    assert status["status"] == "failed" and "erase lake" in status["message"] and bad in status["message"]
    assert [s["status"] for s in status["steps"][:6]] == ["done"] * 6
    assert people.holding(f"u#{ANNA}") != people.holding(ANNA) != []
    people.s3.delete_object(Bucket="lake", Key=bad)
    [version] = people.s3.list_object_versions(Bucket="lake", Prefix=bad)["Versions"]
    people.s3.delete_object(Bucket="lake", Key=bad, VersionId=version["VersionId"])
    people.work(request_id)
    assert people.status(request_id)["status"] == "done" and people.holding(ANNA, PHONE) == []


def test_an_erasure_that_stops_after_every_piece_comes_to_the_same_end(people):
    people.left = 0
    request_id = people.ask("erase", userId=ANNA)
    assert people.work(request_id) > 5
    assert people.holding(ANNA, PHONE) == []


def test_sending_a_request_again_changes_nothing_and_another_under_its_id_is_refused(shop):
    body = {"type": "erase", "userId": "u1", "requestId": "ticket-1"}
    first, second = (shop.call("POST /v1/privacy/requests", body) for _ in range(2))
    assert first == second and first[0] == 202 and first[1]["id"] == "ticket-1"
    status, refused = shop.call("POST /v1/privacy/requests", {**body, "userId": "u2"})
    assert status == 409 and refused["field"] == "requestId"
    shop.work("ticket-1")
    assert shop.call("POST /v1/privacy/requests", body)[1]["status"] == "done"
    assert shop.begun == ["ticket-1-1"]


@pytest.mark.parametrize("key", ["", "nope", user_hash("sk", "u1")])
def test_only_the_secret_key_opens_requests(shop, key):
    assert shop.call("POST /v1/privacy/requests", {"type": "export", "userId": "u"}, key=key)[0] == 401
    assert shop.call("GET /v1/privacy/requests/{id}", request_id="x", key=key)[0] == 401


def test_what_is_wrong_is_answered_with_the_field_and_the_unknown_with_404(shop):
    status, body = shop.call("POST /v1/privacy/requests", {"type": "erase", "phone": "123"})
    assert (status, body["field"]) == (400, "phone")
    assert shop.call("GET /v1/privacy/requests/{id}", request_id="nope")[0] == 404


def test_of_two_workers_on_one_request_one_gives_way(shop):
    request_id = shop.ask("export", userId="u1")
    one, two = RequestStore(shop.dynamodb, "identity"), RequestStore(shop.dynamodb, "identity")
    mine, theirs = one.get(request_id), two.get(request_id)
    one.save(mine)
    with pytest.raises(Conflict):
        two.save(theirs)


def test_the_list_of_the_suppressed_loses_nobody_and_gives_way_when_it_is_full(shop, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    from shared.privacy import suppression

    # DynamoDB checks a condition and writes in one; moto does in one thread
    call, lock = shop.dynamodb._make_api_call, Lock()

    def one_at_a_time(*asked):
        with lock:
            return call(*asked)

    monkeypatch.setattr(shop.dynamodb, "_make_api_call", one_at_a_time)
    store = SuppressionStore(shop.dynamodb, "identity", lambda: b"k")
    assert store.known() == frozenset()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: store.put([("userId", f"u{n}")], 1.0, forever=False), range(12)))
    names = {suppression.short(hidden(b"k", "userId", f"u{n}")) for n in range(12)}
    assert store.known() == names
    monkeypatch.setattr(suppression, "MOST_KNOWN", 12)
    store.put([("userId", "one too many")], 1.0, forever=False)
    assert store.known() is None and ("userId", "one too many") in store.find([("userId", "one too many")])
    store.put([("userId", "another")], 1.0, forever=False)
    assert store.known() is None


def test_the_cache_forgets_the_person_too(people):
    from shared.cache import MemoryCache

    cache = MemoryCache()
    cache.put_many({f"s:{key}": b"x" for key in (f"u#{ANNA}", f"a#{PHONE}", f"a#{FAMILY}", f"u#{BERT}", "u#else")}, 60)
    people.worker.cache = cache
    people.done("erase", userId=ANNA)
    assert set(cache.values) == {"s:u#else"}


def test_erasing_goes_by_keys_and_a_table_is_searched_as_a_whole_only_to_verify(people):
    """A state that the graph puts nowhere near Anna names her: it is found, erased and counted all the same."""
    people.linked(
        event(anonymous_id=PHONE, user_id=ANNA, verified=True), event(anonymous_id=FAMILY, user_id=ANNA, verified=True)
    )
    people.state("u#carl", watermarks={ANNA: "7"})
    scans, at = [], lambda: next(s["name"] for s in people.status(request_id)["steps"] if s["status"] != "done")
    people.worker.graph.client.meta.events.register(
        "before-call.dynamodb.Scan", lambda params, **_: scans.append((at(), json.loads(params["body"])["TableName"]))
    )
    request_id = people.ask("erase", userId=ANNA)
    people.work(request_id)
    assert set(scans) == {("verify shoppers", "shoppers"), ("verify identity", "identity")}
    assert people.holding(ANNA, PHONE) == []
    facts = json.loads(people.status(request_id)["receipt"]["receipt"])
    counts = {store["store"]: (store["found"], store["foundAfterwards"]) for store in facts["stores"]}
    assert counts["shoppers"] == (5, 0) and counts["identity"][0] >= 3 and counts["identity"][1] == 0


def test_a_search_of_a_table_goes_on_where_it_stopped(shop):
    from shared.privacy.stores.base import scanned

    for number in range(60):
        shop.dynamodb.put_item(TableName="shoppers", Item={"pk": {"S": f"k{number}"}, "pad": {"S": "x" * 60_000}})
    whole, cursor, pieces = [], "", 0
    while pieces == 0 or cursor:
        items, cursor = next(scanned(shop.dynamodb, "shoppers", cursor))
        whole += [item["pk"]["S"] for item in items]
        pieces += 1
    assert sorted(whole) == sorted(f"k{number}" for number in range(60)) and pieces > 1
    assert len(next(scanned(shop.dynamodb, "shoppers", "a cursor of an earlier release"))[0]) > 0
