"""Kinesis event source mappings as on AWS, over the emulator's public APIs: shards in parallel and each in order, batching window,
positions by sequence number. `delivery` holds what happens to a batch.

Positions are kept in a file, so that a restarted stack goes on where it was.
"""

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

from infrastructure.local.delivery import Batch, Delivery, Stopped

log = logging.getLogger("poller")
IDLE = 0.2  # seconds between two looks into an empty shard
PAYLOAD = 5_000_000  # an invocation takes 6 MB, base64 included
NOT_DONE = ("FilterCriteria", "TumblingWindowInSeconds")


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


class ShardReader(threading.Thread):
    """Reads one shard for one mapping and hands over batches, in order, for as long as the mapping exists."""

    def __init__(self, mapping: dict[str, Any], shard: str, positions: Positions, clients: dict[str, Any]) -> None:
        super().__init__(daemon=True, name=f"{mapping['UUID'][:8]}-{shard[-4:]}")
        self.mapping = mapping
        self.shard = shard
        self.positions = positions
        self.clients = clients
        self.key = f"{mapping['UUID']}/{shard}"
        self.stopped = False

    def run(self) -> None:
        iterator = ""
        buffer: Batch = []
        while not self.stopped:
            try:
                iterator = iterator or self._iterator()
                answer = self.clients["kinesis"].get_records(ShardIterator=iterator, Limit=self._room(buffer))
                iterator = answer["NextShardIterator"]
                buffer += answer["Records"]
                buffer = self._hand_over(buffer, more=bool(answer["Records"]))
            except Stopped:
                return
            except (ClientError, BotoCoreError) as error:
                log.info("%s: %s", self.name, error)
                iterator, buffer = "", []
                time.sleep(1)

    def _room(self, buffer: Batch) -> int:
        return int(max(self.mapping.get("BatchSize", 100) - len(buffer), 1))

    def _iterator(self) -> str:
        stream = self.mapping["EventSourceArn"].rsplit("/", 1)[-1]
        where: dict[str, Any] = {"ShardIteratorType": self.mapping.get("StartingPosition", "TRIM_HORIZON")}
        if last := self.positions.get(self.key):
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
        answer = self.clients["kinesis"].get_shard_iterator(StreamName=stream, ShardId=self.shard, **where)
        return str(answer["ShardIterator"])

    def _hand_over(self, buffer: Batch, *, more: bool) -> Batch:
        """Deliver what is due and return the rest: a full batch, or one whose window has passed."""
        size = self.mapping.get("BatchSize", 100)
        window = self.mapping.get("MaximumBatchingWindowInSeconds") or 0
        if not buffer:
            time.sleep(IDLE)
            return buffer
        waited = datetime.now(UTC) - buffer[0]["ApproximateArrivalTimestamp"]
        if len(buffer) < size and waited.total_seconds() < window:
            time.sleep(0 if more else IDLE)
            return buffer
        batch = _fitting(buffer[:size])
        clients, alive = self.clients, lambda: not self.stopped
        Delivery(self.mapping, self.shard, clients["lambda"], clients["sqs"], alive).deliver(batch)
        self.positions.set(self.key, batch[-1]["SequenceNumber"])
        return buffer[len(batch) :]


def _fitting(batch: Batch) -> Batch:
    total = 0
    for place, record in enumerate(batch):
        total += len(record["Data"]) * 4 // 3 + 400
        if place and total > PAYLOAD:
            return batch[:place]
    return batch


def follow(clients: dict[str, Any], readers: dict[str, ShardReader], positions: Positions) -> None:
    """Start a reader for each shard of each enabled mapping, stop those whose mapping has gone."""
    wanted = {f"{mapping['UUID']}/{shard}": (mapping, shard) for mapping, shard in _mapped_shards(clients)}
    for key, reader in list(readers.items()):
        if key not in wanted or not reader.is_alive():
            reader.stopped = True
            del readers[key]
    for key, (mapping, shard) in wanted.items():
        if key not in readers:
            _warn(mapping)
            readers[key] = ShardReader(mapping, shard, positions, clients)
            readers[key].start()
        readers[key].mapping = mapping


def _mapped_shards(clients: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for page in clients["lambda"].get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if ":kinesis:" in mapping["EventSourceArn"] and mapping["State"] == "Enabled":
                stream = mapping["EventSourceArn"].rsplit("/", 1)[-1]
                shards = clients["kinesis"].list_shards(StreamName=stream)["Shards"]
                yield from ((mapping, shard["ShardId"]) for shard in shards)


def _warn(mapping: dict[str, Any]) -> None:
    missing = [name for name in NOT_DONE if mapping.get(name)]
    if (mapping.get("ParallelizationFactor") or 1) > 1:
        missing.append("ParallelizationFactor above 1")
    if missing:
        log.warning("%s asks for what the local stack does not do: %s", mapping["FunctionArn"], ", ".join(missing))


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    positions = Positions(Path(os.environ["SHOPWINDOW_POSITIONS"]))
    waiting = Config(read_timeout=910, retries={"total_max_attempts": 1}, max_pool_connections=50)
    make: Any = boto3.client
    clients = {service: make(service, config=waiting) for service in ("lambda", "kinesis", "sqs")}
    readers: dict[str, ShardReader] = {}
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            follow(clients, readers, positions)
        except (ClientError, BotoCoreError) as error:
            log.info("waiting for the emulator: %s", error)
        time.sleep(1)
    sys.exit("the emulator has gone")


if __name__ == "__main__":
    main()
