"""How AWS delivers a batch of stream records to a function: partial batch response, bisect, retries, age limit, failure destination."""

import base64
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger("poller")
Batch = list[dict[str, Any]]
UNHEARD = 1.0  # seconds until a function that could not be called is called again


class Stopped(Exception):
    """The mapping has gone while its batch was on the way; the batch is not done."""


@dataclass(frozen=True)
class Delivery:
    """Delivers the batches of one shard by one mapping. `sleep` and `alive` are arguments for tests' sake."""

    mapping: dict[str, Any]
    shard: str
    functions: Any
    queues: Any
    alive: Callable[[], bool] = lambda: True
    sleep: Callable[[float], None] = time.sleep

    def deliver(self, batch: Batch, attempt: int = 0) -> None:
        """Return when every record of the batch was processed or given up. Raises Stopped."""
        while batch:
            if self._too_old(batch[0]):
                return self._give_up(batch, "MaximumRecordAgeExceeded", attempt)
            processed = self._invoke(batch)
            if processed is None and self.mapping.get("BisectBatchOnFunctionError") and len(batch) > 1:
                middle = len(batch) // 2
                self.deliver(batch[:middle], attempt)
                batch = batch[middle:]
                continue
            if processed == len(batch):
                return None
            if processed:
                batch, attempt = batch[processed:], 0
            attempt += 1
            if 0 <= self._limit("MaximumRetryAttempts") < attempt:
                return self._give_up(batch, "RetryAttemptsExhausted", attempt)
            self.sleep(min(0.1 * 2**attempt, 5.0))
        return None

    def _invoke(self, batch: Batch) -> int | None:
        """How many records from the start were processed; None when the function failed as a whole."""
        answer = self._call(json.dumps({"Records": [self._record(record) for record in batch]}).encode())
        body = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            log.warning("%s failed: %s", self.mapping["FunctionArn"], str(body)[:500])
            return None
        reported = "ReportBatchItemFailures" in (self.mapping.get("FunctionResponseTypes") or [])
        failures = (body.get("batchItemFailures") or []) if reported and isinstance(body, dict) else []
        places = {record["SequenceNumber"]: place for place, record in enumerate(batch)}
        # a number that is not in the batch fails all of it
        return min((places.get(failure.get("itemIdentifier"), 0) for failure in failures), default=len(batch))

    def _call(self, payload: bytes) -> Any:
        """Call until the function was reached: being throttled, absent or cut off is no failure of the batch."""
        while self.alive():
            try:
                return self.functions.invoke(FunctionName=self.mapping["FunctionArn"], Payload=payload)
            except (ClientError, BotoCoreError) as error:
                log.warning("%s cannot be called: %s", self.mapping["FunctionArn"], error)
                self.sleep(UNHEARD)
        raise Stopped

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

    def _limit(self, name: str) -> int:
        """-1: no limit, which is AWS's default, too."""
        value = self.mapping.get(name)
        return -1 if value is None else int(value)

    def _too_old(self, record: dict[str, Any]) -> bool:
        age = datetime.now(UTC) - record["ApproximateArrivalTimestamp"]
        return bool(0 < self._limit("MaximumRecordAgeInSeconds") < age.total_seconds())

    def _give_up(self, batch: Batch, reason: str, attempts: int) -> None:
        log.warning("%s gives up %d records of %s: %s", self.mapping["FunctionArn"], len(batch), self.shard, reason)
        target = ((self.mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
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
                "approximateArrivalOfFirstRecord": batch[0]["ApproximateArrivalTimestamp"].isoformat(),
                "approximateArrivalOfLastRecord": batch[-1]["ApproximateArrivalTimestamp"].isoformat(),
                "batchSize": len(batch),
                "streamArn": self.mapping["EventSourceArn"],
            },
        }
        queue = self.queues.get_queue_url(QueueName=target.rsplit(":", 1)[-1])["QueueUrl"]
        self.queues.send_message(QueueUrl=queue, MessageBody=json.dumps(message))
