"""Kinesis event source mappings as on AWS, over the emulator's public APIs: shards in parallel and each in order, batching window,
partial batch response, bisect, retries, age limit and failure destination.

Positions are kept in a file, so that a restarted stack goes on where it was.
"""

import base64
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger("poller")
IDLE = 0.1
PAYLOAD = 5_000_000  # an invocation takes 6 MB, base64 included
Batch = list[dict[str, Any]]


class Positions:
    """Last sequence number delivered, by mapping and shard."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, key: str) -> str:
        return self.known.get(key, "")

    def set(self, key: str, sequence: str) -> None:
        with self.lock:
            self.known[key] = sequence
            fresh = self.path.with_suffix(".new")
            fresh.write_text(json.dumps(self.known))
            fresh.replace(self.path)


class Delivery:
    """Delivers batches of one mapping to its function by AWS's rules."""

    def __init__(self, mapping: dict[str, Any], shard: str) -> None:
        self.mapping = mapping
        self.shard = shard
        self.functions = boto3.client("lambda", config=Config(read_timeout=910, retries={"total_max_attempts": 1}))
        self.queues = boto3.client("sqs")

    def deliver(self, batch: Batch, attempt: int = 0) -> None:
        """Return when every record of the batch was processed or given up."""
        while batch:
            outcome = self._invoke(batch)
            if outcome is None and self.mapping.get("BisectBatchOnFunctionError") and len(batch) > 1:
                middle = len(batch) // 2
                self.deliver(batch[:middle], attempt)
                batch = batch[middle:]
                continue
            if outcome == len(batch):
                return
            if outcome:
                batch, attempt = batch[outcome:], 0
            attempt += 1
            reason = self._exhausted(batch, attempt)
            if reason:
                self._give_up(batch, reason, attempt)
                return
            time.sleep(min(0.1 * 2**attempt, 5.0))

    def _invoke(self, batch: Batch) -> int | None:
        """How many records from the start were processed; None when the invocation failed as a whole."""
        event = {"Records": [self._record(record) for record in batch]}
        try:
            answer = self.functions.invoke(FunctionName=self.mapping["FunctionArn"], Payload=json.dumps(event).encode())
        except (ClientError, BotoCoreError) as error:
            log.warning("invoking %s: %s", self.mapping["FunctionArn"], error)
            return None
        body = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            log.warning("%s failed: %s", self.mapping["FunctionArn"], str(body)[:500])
            return None
        reported = "ReportBatchItemFailures" in self.mapping.get("FunctionResponseTypes", [])
        failures = (body or {}).get("batchItemFailures") or [] if reported and isinstance(body, dict) else []
        if not failures:
            return len(batch)
        places = {record["SequenceNumber"]: place for place, record in enumerate(batch)}
        # a number that is not in the batch fails all of it
        failed: list[int] = [places.get(failure.get("itemIdentifier"), 0) for failure in failures]
        return int(min(failed))

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "eventSourceARN": self.mapping["EventSourceArn"],
        }

    def _exhausted(self, batch: Batch, attempt: int) -> str:
        retries = self.mapping.get("MaximumRetryAttempts", -1)
        age = self.mapping.get("MaximumRecordAgeInSeconds", -1)
        if 0 <= retries < attempt:
            return "RetryAttemptsExhausted"
        oldest = datetime.now(UTC) - batch[0]["ApproximateArrivalTimestamp"]
        return "MaximumRecordAgeExceeded" if 0 < age < oldest.total_seconds() else ""

    def _give_up(self, batch: Batch, reason: str, attempts: int) -> None:
        log.warning("%s gives up %d records of %s: %s", self.mapping["FunctionArn"], len(batch), self.shard, reason)
        target = (self.mapping.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination", "")
        if ":sqs:" not in target:
            return
        message = {
            "requestContext": {
                "functionArn": self.mapping["FunctionArn"],
                "condition": reason,
                "approximateInvokeCount": attempts,
            },
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(),
            "KinesisBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": batch[0]["SequenceNumber"],
                "endSequenceNumber": batch[-1]["SequenceNumber"],
                "batchSize": len(batch),
                "streamArn": self.mapping["EventSourceArn"],
            },
        }
        queue = self.queues.get_queue_url(QueueName=target.rsplit(":", 1)[-1])["QueueUrl"]
        self.queues.send_message(QueueUrl=queue, MessageBody=json.dumps(message))


class ShardReader(threading.Thread):
    """Reads one shard for one mapping and hands over batches, in order, for as long as the mapping exists."""

    def __init__(self, mapping: dict[str, Any], shard: str, positions: Positions) -> None:
        super().__init__(daemon=True, name=f"{mapping['UUID'][:8]}-{shard[-4:]}")
        self.mapping = mapping
        self.shard = shard
        self.positions = positions
        self.key = f"{mapping['UUID']}/{shard}"
        self.kinesis: Any = boto3.client("kinesis")
        self.stopped = False

    def run(self) -> None:
        iterator = ""
        buffer: Batch = []
        while not self.stopped:
            try:
                iterator = iterator or self._iterator(buffer)
                answer = self.kinesis.get_records(ShardIterator=iterator, Limit=self._room(buffer))
                iterator = answer["NextShardIterator"]
                buffer += answer["Records"]
                buffer = self._hand_over(buffer, more=bool(answer["Records"]))
            except (ClientError, BotoCoreError) as error:
                log.info("%s: %s", self.name, error)
                iterator, buffer = "", []
                time.sleep(1)

    def _room(self, buffer: Batch) -> int:
        return int(max(self.mapping.get("BatchSize", 100) - len(buffer), 1))

    def _iterator(self, buffer: Batch) -> str:
        stream = self.mapping["EventSourceArn"].rsplit("/", 1)[-1]
        last = buffer[-1]["SequenceNumber"] if buffer else self.positions.get(self.key)
        where: dict[str, Any] = {"ShardIteratorType": self.mapping.get("StartingPosition", "TRIM_HORIZON")}
        if last:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
        return str(self.kinesis.get_shard_iterator(StreamName=stream, ShardId=self.shard, **where)["ShardIterator"])

    def _hand_over(self, buffer: Batch, *, more: bool) -> Batch:
        """Deliver what is due and return the rest: a full batch, or one whose window has passed."""
        size = self.mapping.get("BatchSize", 100)
        window = self.mapping.get("MaximumBatchingWindowInSeconds", 0)
        if not buffer:
            time.sleep(IDLE)
            return buffer
        waited = datetime.now(UTC) - buffer[0]["ApproximateArrivalTimestamp"]
        if len(buffer) < size and waited.total_seconds() < window:
            time.sleep(0 if more else IDLE)
            return buffer
        batch = _fitting(buffer[:size])
        Delivery(self.mapping, self.shard).deliver(batch)
        self.positions.set(self.key, batch[-1]["SequenceNumber"])
        return buffer[len(batch) :]


def _fitting(batch: Batch) -> Batch:
    total = 0
    for place, record in enumerate(batch):
        total += len(record["Data"]) * 4 // 3 + 400
        if place and total > PAYLOAD:
            return batch[:place]
    return batch


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    positions = Positions(Path(os.environ["SHOPWINDOW_POSITIONS"]))
    functions, kinesis = boto3.client("lambda"), boto3.client("kinesis")
    readers: dict[str, ShardReader] = {}
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            _follow(functions, kinesis, readers, positions)
        except (ClientError, BotoCoreError) as error:
            log.info("waiting for the emulator: %s", error)
        time.sleep(1)
    sys.exit("the emulator has gone")


def _follow(functions: Any, kinesis: Any, readers: dict[str, ShardReader], positions: Positions) -> None:
    """Start a reader for each shard of each enabled mapping, stop those whose mapping is gone or changed."""
    wanted = {f"{mapping['UUID']}/{shard}": (mapping, shard) for mapping, shard in _mapped_shards(functions, kinesis)}
    for key, reader in list(readers.items()):
        if key not in wanted or not reader.is_alive():
            reader.stopped = True
            del readers[key]
    for key, (mapping, shard) in wanted.items():
        if key not in readers:
            readers[key] = ShardReader(mapping, shard, positions)
            readers[key].start()
        readers[key].mapping.update(mapping)


def _mapped_shards(functions: Any, kinesis: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if ":kinesis:" in mapping["EventSourceArn"] and mapping["State"] == "Enabled":
                stream = mapping["EventSourceArn"].rsplit("/", 1)[-1]
                yield from ((mapping, shard["ShardId"]) for shard in kinesis.list_shards(StreamName=stream)["Shards"])


if __name__ == "__main__":
    main()
