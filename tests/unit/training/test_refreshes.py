"""What came since the night is folded in."""

import hashlib
import json

import boto3
import numpy as np
import pytest

from shared.catalog.model import Item, Price
from shared.catalog.store import CatalogStore
from shared.errors import Conflict
from shared.events import lake
from shared.events.model import Consent, encode
from shared.lists.model import key
from shared.lists.store import ListsStore
from shared.models import interactions
from shared.models.bundle import load
from shared.models.members import contains
from tests.factories import event
from tests.unit.training.nights import DAY, body, whole


def launch(shoppers=12, days=41):
    """A day after the window, shoppers who are new look at what is new, beside things that are not; some have been here before."""
    for shopper in range(shoppers):
        who = {"anonymous_id": f"a{shopper * 2}" if shopper % 3 else f"b{shopper}"}
        looks = ["i03", "fresh", "i02"]
        yield from (event(item=item, minutes=days * DAY + shopper * 3 + n / 2, **who) for n, item in enumerate(looks))


def arrive(events):
    by_hour = {}
    for one in events:
        by_hour.setdefault(lake.folder(one.timestamp), []).append(encode(one))
    for folder, lines in by_hour.items():
        boto3.client("s3").put_object(Bucket="lake", Key=f"{folder}later.jsonl.gz", Body=lake.lines(lines))


def refreshed(step):
    found = step("gather")
    if not found["refresh"]:
        return found
    made = step("refresh", version=found["version"], clicks=found["clicks"])
    return made | (step("publish", version=made["version"]) if made["passed"] else {})


def test_before_there_is_a_model_nothing_is_folded_in(step, shop):
    assert not step("gather")["refresh"]


def test_what_came_since_is_folded_in_and_can_be_taken_back(step, night):
    base = night
    assert "Less than" in refreshed(step)["reasons"][0]
    arrive(launch())
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many(
        [Item(id="fresh", title="Fresh", price=Price(9.0, "EUR"))]
    )

    made = refreshed(step)
    assert made["version"] == f"{base}.r1" and made["kept"] == [f"{base}.r1", base]
    assert (
        made["interactions"] == 36
        and made["new_items"] == 1
        and made["drift"]["unknown_items"] == pytest.approx(1 / 3, abs=1e-3)
    )
    old, new = (load(body(f"models/{version}/bundle.npz")) for version in (base, made["version"]))
    assert set(new.item_ids) - set(old.item_ids) == {"fresh"} and new.settings == old.settings
    beside = ListsStore(boto3.client("dynamodb"), "lists").get_many([key(made["version"], "similar", "i03")])
    assert "fresh" in [item for scored in beside.values() for item, _ in scored]
    manifest = json.loads(body(f"models/{made['version']}/manifest.json"))
    assert (
        manifest["refreshes"] == base
        and manifest["sha256"] == hashlib.sha256(body(f"models/{made['version']}/bundle.npz")).hexdigest()
    )
    listed = body(f"models/{made['version']}/members.bin")
    assert contains(listed, made["version"], ["a#a1", "a#b0", "a#nobody"]) == {"a#a1", "a#b0"}

    again = refreshed(step)  # the same events: the same bundle under the next name
    assert again["kept"] == [f"{base}.r2", f"{base}.r1", base]
    after = load(body(f"models/{base}.r2/bundle.npz"))
    assert np.array_equal(after.similar_scores, new.similar_scores) and np.array_equal(
        after.item_factors, new.item_factors
    )

    step("rollback", version=base)
    assert "went back" in refreshed(step)["reasons"][0]


def test_refreshes_are_tidied_up_and_five_nights_stay(step, night):
    nights = [night, whole(step, "2026-04-21T03:00:00Z")["version"]]
    arrive(launch())
    kept = [refreshed(step)["kept"] for _ in range(3)][-1]
    assert kept == [f"{nights[1]}.r3", f"{nights[1]}.r2", nights[1], nights[0]]
    gone = boto3.client("s3").list_objects_v2(Bucket="models", Prefix=f"models/{nights[1]}.r1/")
    assert "Contents" not in gone
    third = whole(step, "2026-04-22T03:00:00Z")["kept"]
    assert third == ["20260422T030000Z", nights[1], nights[0]]
    with pytest.raises(Conflict, match="does not serve any more"):
        step("publish", version=f"{nights[1]}.r3")


def test_who_withdrew_since_is_not_in_what_is_counted_again(step, night):
    base = night
    left = event(
        "Consent Changed", minutes=41 * DAY, anonymous_id="a1", properties={}, consent=Consent(True, False, False)
    )
    arrive([*launch(), left])
    version = refreshed(step)["version"]
    hashes = np.frombuffer(body(f"runs/{version}/left.bin"), ">u8")
    assert len(hashes) == 1 and hashes[0] in interactions.load(body(f"runs/{base}/interactions.npz")).shoppers
    counted = json.loads(body(f"models/{version}/manifest.json"))["interactions"]
    known = interactions.load(body(f"runs/{base}/interactions.npz"))
    assert counted == len(known) + 36 - (known.shoppers[known.shopper] == hashes[0]).sum()
