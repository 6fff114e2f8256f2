"""Kinesis: our own poller delivers to functions (`infrastructure.local.poller`), so the emulator's must not.

Unpatched, a batch reported as partly failed is never delivered again, retries and failure destinations are ignored, every call takes
time in proportion to what the stream holds and to the iterators handed out in the last five minutes, and a reader skips as many
records as expire behind it.
"""

import time
from typing import Any

from ministack.services import kinesis, lambda_svc

SWEEP = 10.0  # seconds between two looks for expired iterators
_swept = 0.0


def apply() -> None:
    lambda_svc._poll_kinesis = lambda: False
    sweep = kinesis._expire_iterators

    def sweep_now_and_then() -> None:
        global _swept  # noqa: PLW0603 - as the emulator keeps its own state
        if time.monotonic() - _swept > SWEEP:
            _swept = time.monotonic()
            sweep()

    kinesis._expire_iterators = sweep_now_and_then
    kinesis._expire_records = _expire


def _expire(stream: dict[str, Any]) -> None:
    """Drop old records, looking only at the oldest: records lie in order of arrival."""
    cutoff = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard_id, shard in stream["shards"].items():
        records = shard["records"]
        if records and records[0]["ApproximateArrivalTimestamp"] < cutoff:
            shard["records"] = [r for r in records if r["ApproximateArrivalTimestamp"] >= cutoff]
            _shift_iterators(stream["StreamName"], shard_id, len(records) - len(shard["records"]))


def _shift_iterators(stream: str, shard: str, dropped: int) -> None:
    """An iterator is a place in the list of records: it moves when the list gets shorter in front of it."""
    for iterator in kinesis._shard_iterators.values():
        if iterator["stream"] == stream and iterator["shard_id"] == shard:
            iterator["position"] = max(0, iterator["position"] - dropped)
