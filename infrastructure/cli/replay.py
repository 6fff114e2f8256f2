"""Records in quarantine: look at them, and put them on the stream again once what was wrong is mended."""

import json
from base64 import b64decode
from collections import Counter
from typing import Any

from infrastructure.cli.aws import client
from infrastructure.local.layout import Stack
from shared.events.quarantine import PREFIX
from shared.streams import put_all

REPLAYED = "quarantine-replayed/"
CHUNK = 100
EXAMPLE = 200  # bytes of a record that are shown
Records = list[tuple[str, dict[str, Any]]]


def quarantined(stack: Stack, since: str = "") -> Records:
    """(object key, {reason, data, partitionKey, …}) of each record that arrived on day `since` (YYYY-MM-DD) or later, oldest first."""
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    start = {"StartAfter": f"{PREFIX}dt={since}/"} if since else {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX, **start)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [(key, json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in sorted(keys)]


def summary(records: Records) -> str:
    """How many for each reason, with one of them."""
    reasons = Counter(body["reason"] for _, body in records)
    examples = {body["reason"]: (key, body) for key, body in reversed(records)}
    lines = [f"{count:6} × {reason}\n         {_example(*examples[reason])}" for reason, count in reasons.most_common()]
    return "\n".join(lines) or "Nothing is in quarantine."


def _example(key: str, body: dict[str, Any]) -> str:
    data = b64decode(body["data"])
    shown = data[:EXAMPLE].decode(errors="backslashreplace")
    return f"e.g. {key}: {shown}{' …' if len(data) > EXAMPLE else ''}"


def replay(stack: Stack, records: Records) -> int:
    """Put records back on the stream, each as it was; what fails again comes back into quarantine. Returns how many.

    A replayed record is moved to `quarantine-replayed/`. When this stops half-way, some records may come twice, which changes nothing.
    """
    s3, bucket, kinesis = client(stack, "s3"), stack.outputs["LakeBucket"], client(stack, "kinesis")
    for start in range(0, len(records), CHUNK):
        chunk = records[start : start + CHUNK]
        put_all(
            kinesis, stack.outputs["Stream"], [(body["partitionKey"], b64decode(body["data"])) for _, body in chunk]
        )
        for key, _ in chunk:
            source = {"Bucket": bucket, "Key": key}
            s3.copy_object(Bucket=bucket, Key=REPLAYED + key.removeprefix(PREFIX), CopySource=source)
            s3.delete_object(Bucket=bucket, Key=key)
    return len(records)
