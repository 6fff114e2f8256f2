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


def quarantined(stack: Stack) -> list[tuple[str, dict[str, Any]]]:
    """(object key, {reason, data, partitionKey, …}) of each record, oldest first."""
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [(key, json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in sorted(keys)]


def summary(records: list[tuple[str, dict[str, Any]]]) -> str:
    reasons = Counter(body["reason"] for _, body in records)
    return "\n".join(f"{count:6} × {reason}" for reason, count in reasons.most_common()) or "Nothing is in quarantine."


def replay(stack: Stack, records: list[tuple[str, dict[str, Any]]]) -> int:
    """Put records back on the stream, each as it was; what fails again comes back into quarantine. Returns how many."""
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    entries = [(body["partitionKey"], b64decode(body["data"])) for _, body in records]
    put_all(client(stack, "kinesis"), stack.outputs["Stream"], entries)
    for key, _ in records:
        source = {"Bucket": bucket, "Key": key}
        s3.copy_object(Bucket=bucket, Key=REPLAYED + key.removeprefix(PREFIX), CopySource=source)
        s3.delete_object(Bucket=bucket, Key=key)
    return len(records)
