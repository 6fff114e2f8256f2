"""Kinesis: our own poller delivers to functions (`infrastructure.local.poller`), so the emulator's must not.

Unpatched, a batch reported as partly failed is never delivered again, retries and failure destinations are ignored, and a put takes
time in proportion to what the stream holds.
"""

import time
from typing import Any

from ministack.services import kinesis, lambda_svc


def apply() -> None:
    lambda_svc._poll_kinesis = lambda: False
    kinesis._expire_records = _expire


def _expire(stream: dict[str, Any]) -> None:
    """Drop old records, looking only at the oldest: records lie in order of arrival."""
    cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard in stream["shards"].values():
        if shard["records"] and shard["records"][0]["ApproximateArrivalTimestamp"] < cutoff:
            shard["records"] = [r for r in shard["records"] if r["ApproximateArrivalTimestamp"] >= cutoff]
