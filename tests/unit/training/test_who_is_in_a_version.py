"""Versions name nobody, and know by whom they were made."""

import io
import json

import boto3
import numpy as np
from msgspec.structs import replace

from shared.events import lake
from shared.events.model import Consent, encode
from shared.models import impute, interactions
from shared.models.members import contains
from tests.factories import event
from tests.unit.training.nights import DAY, body, visits, whole


def everything():
    """Every object of the models bucket and every item of the lists table, arrays of npz files spelled out."""
    s3, found = boto3.client("s3"), {}
    for entry in s3.list_objects_v2(Bucket="models")["Contents"]:
        name = entry["Key"]
        found[name] = body(name)
        if name.endswith(".npz"):
            with np.load(io.BytesIO(found[name])) as arrays:
                found[name] = repr({field: arrays[field].tolist() for field in arrays.files}).encode()
    found["lists"] = repr(boto3.client("dynamodb").scan(TableName="lists")["Items"]).encode()
    return found


def test_no_object_of_a_version_names_a_shopper_and_its_members_are_known(step):
    def known_by(n):
        return {"anonymous_id": f"ZZdevice{n}", "user_id": f"ZZuser{n}", "verified": n % 2 == 0}

    shoppers = [replace(one, **known_by(int(one.anonymous_id[1:]))) for one in visits()]
    shoppers = [replace(one, message_id=f"{one.anonymous_id}-{n}") for n, one in enumerate(shoppers)]
    left = event("Consent Changed", consent=Consent(True, False, False), minutes=50 * DAY, **known_by(2))
    boto3.client("s3").put_object(
        Bucket="lake",
        Key="events/dt=2026-03-02/hour=12/a.jsonl.gz",
        Body=lake.lines(encode(e) for e in [*shoppers, left]),
    )
    version = whole(step, "2026-04-20T03:00:00Z")["version"]
    objects = everything()
    assert {f"models/{version}/members.bin", f"runs/{version}/interactions.npz", "lists"} <= set(objects)
    assert b"i00" in objects[f"runs/{version}/interactions.npz"] and b"i00" in objects["lists"]  # a name would be seen
    assert not [name for name, data in objects.items() if b"ZZdevice" in data or b"ZZuser" in data]

    listed = body(f"models/{version}/members.bin")
    users, devices = ([f"{kind}{n}" for n in range(60)] for kind in ("u#ZZuser", "a#ZZdevice"))
    assert contains(listed, version, users) == set(users) - {"u#ZZuser2"}  # proven or claimed: a claim is attributed
    assert contains(listed, version, devices) == set(devices) - {"a#ZZdevice2"}
    assert not contains(listed, "another", users + devices)


def test_guesses_are_told_in_the_report_and_are_not_published(step):
    lines = [
        replace(one, traits={"country": "GB", "gender": "f"}) if int(one.anonymous_id[1:]) < 55 else one
        for one in visits()
    ]
    boto3.client("s3").put_object(
        Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lake.lines(encode(e) for e in lines)
    )
    version = whole(step, "2026-04-20T03:00:00Z")["version"]
    country, gender, device, years = json.loads(body(f"runs/{version}/counts.json"))["imputed"]
    assert (country["known"], country["imputed"], country["imputer"]) == (55, 5, "plain")
    assert (device["known"], device["imputed"], device["imputer"], years["imputed"]) == (0, 0, "", 0)
    guessed = impute.load(body(f"runs/{version}/guesses.npz"))
    assert (
        guessed.imputed.sum() == 5 and set(guessed.values) == {"GB"} and guessed.probability[guessed.imputed].max() < 1
    )
    data = interactions.load(body(f"runs/{version}/interactions.npz"))
    assert (data.countries == "").sum() == 5  # facts stay what they were
    published = {
        entry["Key"] for entry in boto3.client("s3").list_objects_v2(Bucket="models", Prefix="models/")["Contents"]
    }
    assert not [name for name in published if "guesses" in name or "interactions" in name]
    page = body(f"models/{version}/report.html").decode()
    assert "<td>country</td><td class=n>55</td><td class=n>5</td><td>most frequent or median</td>" in page
