"""Privacy requests on the deployed stack: export, erase and search everything, late events, receipts, failures that resume."""

import gzip
import json
import subprocess
import time
import urllib.request
import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZipFile

import pytest

from infrastructure.cli import privacy, replay
from infrastructure.cli.api import ApiError
from infrastructure.local.layout import LocalStackError
from shared.events import lake
from shared.events.model import encode
from shared.identity.linker import Linker
from shared.identity.links import seen
from shared.privacy import registry
from shared.profiles.store import ShoppersStore
from shared.versioned import VersionedTable
from tests.factories import NOON, event
from tests.integration.conftest import YES, eventually, view

TABLES = ("ShoppersTable", "ListsTable", "CatalogTable", "IdentityTable")
BUCKETS = ("LakeBucket", "ModelsBucket")


@pytest.fixture(scope="module")
def objects(stack, aws):
    """(place, bytes) of every version of every object, unpacked as far as it goes. A version never changes: each is read once."""
    read = {}

    def body(bucket, version):
        name = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
        with suppress(aws("s3").exceptions.NoSuchKey):  # deleted since it was listed
            read[bucket, version["Key"], version["VersionId"]] = b"".join(
                unpacked(aws("s3").get_object(**name)["Body"].read())
            )

    def found(*outputs):
        for output in outputs:
            bucket = stack.outputs[output]
            pages = aws("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
            versions = [version for page in pages for version in page.get("Versions", [])]
            fresh = [v for v in versions if (bucket, v["Key"], v["VersionId"]) not in read]
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda v, bucket=bucket: body(bucket, v), fresh))
            for v in versions:
                if (bucket, v["Key"], v["VersionId"]) in read:
                    yield f"{output}/{v['Key']}", read[bucket, v["Key"], v["VersionId"]]

    return found


@pytest.fixture
def everything(stack, aws, objects):
    """The same of every item of every table too."""

    def found():
        for output in TABLES:
            for page in aws("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[output]):
                for item in page["Items"]:
                    yield f"{output}/{item['pk']['S']}", repr(item).encode() + item.get("value", {}).get("B", b"")
        yield from objects(*BUCKETS)

    return found


def unpacked(body):
    if body[:2] == b"\x1f\x8b":
        yield gzip.decompress(body)
    elif body[:2] == b"PK":
        with ZipFile(BytesIO(body)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    else:
        yield body
        with suppress(ValueError, KeyError, TypeError):
            yield b64decode(json.loads(body)["data"])


def places(found, names):
    needles = [form for name in names for form in (name.encode(), name.encode("utf-32-le"))]
    return sorted({place for place, body in found if any(n in body or n in place.encode() for n in needles)})


@pytest.fixture
def holding(everything):
    return lambda *names: places(everything(), names)


@pytest.fixture
def archived(objects):
    """How many objects of the lake hold a name: for waiting, as it asks no table."""
    objects("LakeBucket")
    return lambda name: sum("/events/" in place for place in places(objects("LakeBucket"), [name]))


@pytest.fixture
def states(stack, aws):
    store = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"])
    return lambda key: store.get_many([key])[key]


@pytest.fixture
def person(stack, aws, browser_api, server_api, states, archived):
    """Somebody with a phone, who also logged in on the family's tablet; their events are in every store."""

    class Person:
        user, phone, tablet, other = (f"{n}-{uuid.uuid4().hex}" for n in ("user", "phone", "tablet", "other"))

    who = Person()
    at = {"timestamp": "2026-02-03T10:00:00.000Z"}
    browser_api.call("POST", "/v1/batch", {"batch": [view(who.phone, "p1", **at), view(who.tablet, "p2", **at)]})
    eventually(lambda: states(f"a#{who.phone}").version and states(f"a#{who.tablet}").version)
    server_api.call(
        "POST",
        "/v1/batch",
        {
            "batch": [
                view(who.phone, "p3", userId=who.user, timestamp="2026-02-03T10:01:00.000Z"),
                view(who.tablet, "p4", userId=who.user, timestamp="2026-02-03T10:02:00.000Z"),
                view(who.tablet, "p5", userId=who.other, timestamp="2026-02-03T10:40:00.000Z"),
                view(who.other, "p6", userId=who.other, properties={"product_id": "p6", "recipient_id": who.user}),
            ]
        },
    )
    aws("kinesis").put_record(
        StreamName=stack.outputs["Stream"], Data=f'{{"userId": "{who.user}", bad'.encode(), PartitionKey=who.phone
    )
    eventually(lambda: states(f"u#{who.user}").state.totals.views >= 4 and states(f"u#{who.other}").state.totals.views)
    eventually(lambda: [1 for _, body in replay.quarantined(stack) if body["partitionKey"] == who.phone])
    eventually(lambda: archived(who.user) >= 2, 60)
    return who


def done(server_api, kind, seconds=240, **fields):
    request_id = server_api.call("POST", "/v1/privacy/requests", {"type": kind, **fields})["id"]
    path = f"/v1/privacy/requests/{request_id}"
    return eventually(lambda: (s := server_api.call("GET", path))["status"] in ("done", "failed") and s, seconds)


def test_an_export_has_everything_by_store_behind_a_link_that_ends(server_api, person):
    status = done(server_api, "export", userId=person.user)
    assert status["status"] == "done" and status["found"], status
    with urllib.request.urlopen(status["download"]["url"]) as answer:
        document = json.load(answer)
    assert "X-Amz-Expires=86400" in status["download"]["url"]
    stores = {store["store"]: store["finds"] for store in document["stores"]}
    own = next(f["holds"] for f in stores["shoppers"] if f["from"].endswith(f"u#{person.user}"))
    assert {touch["item"] for touch in own["recent"]} == {"p1", "p2", "p3", "p4"} and "choices" in own
    events = [event for find in stores["lake"] for event in find["holds"].get("events", [])]
    assert {event["properties"]["product_id"] for event in events} == {"p1", "p2", "p3", "p4"}
    assert all(find["from"].startswith("events/dt=") for find in stores["lake"])
    assert len(stores["quarantine"]) >= 1
    assert person.other not in json.dumps(document["stores"][0])


def test_after_an_erasure_no_store_knows_the_person_and_others_lose_nothing(
    stack, server_api, browser_api, states, person, holding, archived, tmp_path
):
    done(server_api, "export", userId=person.user)
    held = {place.split("/")[0] for place in holding(person.user, person.phone)}
    assert held == {"ShoppersTable", "IdentityTable", "LakeBucket"}
    status = done(server_api, "erase", userId=person.user)
    assert status["status"] == "done" and status["found"], status
    assert holding(person.user, person.phone) == []
    others = states(f"u#{person.other}").state
    assert {touch.item for touch in others.recent} == {"p5", "p6"}
    assert archived(person.other)
    facts = json.loads(status["receipt"]["receipt"])
    assert all(store["foundAfterwards"] == 0 for store in facts["stores"])
    assert {s["store"] for s in facts["stores"] if s["found"]} >= {"shoppers", "lake", "quarantine", "exports"}

    # the receipt, as docs/privacy.md says
    (tmp_path / "receipt.json").write_bytes(status["receipt"]["receipt"].encode())
    (tmp_path / "receipt.sig").write_bytes(b64decode(status["receipt"]["signature"]))
    (tmp_path / "key.pem").write_text(browser_api.call("GET", "/v1/privacy/key"))
    documented = "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in receipt.json -sigfile receipt.sig"
    command = documented.split()
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "receipt.json").write_text(status["receipt"]["receipt"].replace('"found":true', '"found":false', 1))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0
    (tmp_path / "whole.json").write_text(json.dumps(status["receipt"]))
    assert privacy.verify(stack, tmp_path / "whole.json").startswith("Valid")
    (tmp_path / "whole.json").write_text(json.dumps({**status["receipt"], "receipt": "{}"}))
    with pytest.raises(LocalStackError, match="NOT VALID"):
        privacy.verify(stack, tmp_path / "whole.json")

    # late events of theirs come to nothing, and what they do from now on counts again
    late = view(person.phone, "late", userId=person.user, timestamp="2026-02-03T11:00:00.000Z")
    marker = f"marker-{uuid.uuid4().hex}"
    server_api.call("POST", "/v1/batch", {"batch": [late, view(marker, "m", timestamp="2026-02-03T11:00:00.000Z")]})
    eventually(lambda: states(f"a#{marker}").version and archived(marker), 60)
    assert holding(person.user, person.phone) == []
    server_api.call("POST", "/v1/batch", {"batch": [view(person.phone, "new", userId=person.user)]})
    eventually(lambda: states(f"u#{person.user}").state.recent)


def test_somebody_unknown_is_answered_plainly(server_api, holding):
    name = f"nobody-{uuid.uuid4().hex}"
    status = done(server_api, "export", userId=name)
    assert status["found"] is False and "Nothing is held" in status["message"] and holding(name) == []


def test_a_step_that_fails_says_why_and_goes_on_when_told(stack, aws, server_api, states, holding, archived, shopper):
    s3, bucket = aws("s3"), stack.outputs["LakeBucket"]
    server_api.call("POST", "/v1/batch", {"batch": [view(shopper, "p1", userId=f"u-{shopper}")]})
    eventually(lambda: states(f"u#u-{shopper}").version and archived(shopper), 60)
    bad = f"events/dt=2026-02-03/hour=23/{shopper[-8:]}.jsonl.gz"
    version = s3.put_object(Bucket=bucket, Key=bad, Body=b"no gzip")["VersionId"]
    try:
        status = done(server_api, "erase", userId=f"u-{shopper}")
        assert status["status"] == "failed" and bad in status["message"] and "privacy resume" in status["message"]
        assert "at the step “resolve”" in status["message"]
    finally:
        s3.delete_object(Bucket=bucket, Key=bad, VersionId=version)
    assert privacy.resume(stack, status["id"])["status"] == "done"
    assert holding(shopper) == []
    with pytest.raises(LocalStackError, match="is done"):
        privacy.resume(stack, status["id"])


def test_names_that_only_the_graph_or_only_the_lake_knows_are_found(stack, aws, server_api, holding, shopper):
    """One device was imported with the shop's history, the log-in on the other is in the graph alone; an e-mail address joins a third."""
    user, imported, live, joined = (f"{shopper}-{name}" for name in ("user", "imported", "live", "joined"))
    at = {"user_id": user, "verified": True}
    folder = lake.folder(NOON)
    lines = lake.lines(
        map(encode, [event(anonymous_id=imported, **at), event(anonymous_id=joined), event(anonymous_id=live)])
    )
    aws("s3").put_object(Bucket=stack.outputs["LakeBucket"], Key=f"{folder}import-{shopper}.jsonl.gz", Body=lines)
    mail = {"source": "server", "identifiers": {"email": f"k:{shopper}"}}
    links = [event(anonymous_id=live, **at, **mail), event(anonymous_id=joined, **mail)]
    Linker(VersionedTable(aws("dynamodb"), stack.outputs["IdentityTable"])).observe([seen(one) for one in links])
    assert holding(imported) and holding(live) and holding(joined)
    status = done(server_api, "erase", anonymousId=imported)
    assert status["status"] == "done" and holding(shopper) == [], status


def test_who_came_back_with_a_restored_table_is_erased_again(stack, aws, server_api, states, holding, person):
    tables = [stack.outputs[name] for name in ("ShoppersTable", "IdentityTable")]
    dynamodb, since = aws("dynamodb"), datetime.now(UTC)
    pages = {table: dynamodb.get_paginator("scan").paginate(TableName=table) for table in tables}
    backup = {table: [item for page in found for item in page["Items"]] for table, found in pages.items()}
    status = done(server_api, "erase", userId=person.user)
    assert status["status"] == "done" and holding(person.user, person.phone) == []
    for table, items in backup.items():
        for item in items:
            if person.user in repr(item) + item.get("value", {}).get("B", b"").decode(errors="replace"):
                dynamodb.put_item(TableName=table, Item=item)
    assert states(f"u#{person.user}").version and holding(person.user)
    replayed = privacy.replay(stack, since.isoformat())
    assert replayed["status"] == "done" and replayed["found"], replayed
    assert holding(person.user, person.phone) == [] and states(f"u#{person.other}").state.recent
    facts = json.loads(replayed["receipt"]["receipt"])
    assert status["id"] in facts["erasures"] and person.user not in replayed["receipt"]["receipt"]


def test_who_was_erased_for_ever_is_not_known_again_by_a_yes(browser_api, server_api, states, shopper):
    browser_api.call("POST", "/v1/track", view(shopper, "p1"))
    eventually(lambda: states(f"a#{shopper}").version)
    assert done(server_api, "erase", anonymousId=shopper, suppress="forever")["status"] == "done"
    said = {"anonymousId": shopper, "consent": {"personalization": True}}
    answer = eventually(lambda: (a := browser_api.call("PUT", "/v1/consent", said)) and "message" in a and a)
    assert "never to be known again" in answer["message"] and not answer["known"]
    assert not states(f"a#{shopper}").version


def test_requests_are_for_the_secret_key_and_say_what_is_wrong(browser_api, server_api):
    with pytest.raises(ApiError) as refused:
        browser_api.call("POST", "/v1/privacy/requests", {"type": "export", "userId": "u"})
    assert refused.value.status == 401
    with pytest.raises(ApiError) as refused:
        server_api.call("POST", "/v1/privacy/requests", {"type": "erase", "email": "nobody"})
    assert (refused.value.status, refused.value.body["field"]) == (400, "email")


def test_everything_that_is_stored_is_registered(stack, aws, shop, person, server_api):
    """After the other tests: every kind of item and object that there is."""
    done(server_api, "erase", anonymousId=f"nobody-{uuid.uuid4().hex}")
    places = [e for e in registry.STORES if e.kind in ("table", "bucket")]
    names = {"ShoppersTable": "Shoppers", "ListsTable": "Lists", "IdentityTable": "Identity"}
    for output, store in names.items():
        known = [e.where.replace("<version>#", "20") for e in places if e.store == store]
        for page in aws("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[output]):
            for item in page["Items"]:
                assert item["pk"]["S"].startswith(tuple(known)), item["pk"]["S"]
    for output, store in {"LakeBucket": "Lake", "ModelsBucket": "Models"}.items():
        known = tuple(e.where for e in places if e.store == store)
        for page in aws("s3").get_paginator("list_object_versions").paginate(Bucket=stack.outputs[output]):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                assert entry["Key"].startswith(known), entry["Key"]


def test_two_erasures_at_once_both_come_through(server_api, browser_api, states, holding, archived, shopper):
    people = [f"{shopper}-{n}" for n in range(2)]
    browser_api.call("POST", "/v1/batch", {"batch": [view(p, "p1", context=YES) for p in people]})
    eventually(lambda: all(states(f"a#{p}").version for p in people) and archived(shopper), 60)
    ids = [server_api.call("POST", "/v1/privacy/requests", {"type": "erase", "anonymousId": p})["id"] for p in people]
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        found = [server_api.call("GET", f"/v1/privacy/requests/{i}") for i in ids]
        if all(s["status"] in ("done", "failed") for s in found):
            break
        time.sleep(0.3)
    assert [s["status"] for s in found] == ["done", "done"], [s["message"] for s in found]
    assert holding(shopper) == []
