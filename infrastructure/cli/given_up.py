"""Batches that a consumer of the stream gave up after all retries: their records are still in the stream, and go back to its end.

They are put back, not handed to the consumer, because the shopper may have gone on meanwhile: a record older than the last one folded
counts as folded. With a new place in the stream it is new, and the message id says whether it was folded before.
"""

import json
from typing import Any, NamedTuple

from infrastructure.cli.aws import client
from infrastructure.local.layout import Stack
from shared.streams import put_all

HIDDEN = 300  # seconds a message is ours while its records are put back
READ = 1000


class Outcome(NamedTuple):
    batches: int
    records: int
    lost: int  # records that are no longer in the stream; their messages stay in the queue


def waiting(stack: Stack) -> int:
    """About how many batches were given up."""
    answer = client(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.outputs["StreamFailures"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def put_back(stack: Stack) -> Outcome:
    """Put the records of all given-up batches back on the stream, and take what is done off the queue."""
    sqs, queue = client(stack, "sqs"), stack.outputs["StreamFailures"]
    batches = records = lost = 0
    while messages := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=HIDDEN, WaitTimeSeconds=1
    ).get("Messages"):
        for message in messages:
            batch = json.loads(message["Body"])["KinesisBatchInfo"]
            found = _records(stack, batch)
            put_all(client(stack, "kinesis"), stack.outputs["Stream"], found)
            missing = max(int(batch["batchSize"]) - len(found), 0)
            if not missing:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            batches, records, lost = batches + 1, records + len(found), lost + missing
    return Outcome(batches, records, lost)


def _records(stack: Stack, batch: dict[str, Any]) -> list[tuple[str, bytes]]:
    """(partition key, data) of the batch's records that the stream still has."""
    kinesis, last = client(stack, "kinesis"), int(batch["endSequenceNumber"])
    iterator = kinesis.get_shard_iterator(
        StreamName=stack.outputs["Stream"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    found: list[tuple[str, bytes]] = []
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=READ)
        for record in answer["Records"]:
            if int(record["SequenceNumber"]) > last:
                return found
            found.append((record["PartitionKey"], record["Data"]))
        if len(found) >= int(batch["batchSize"]) or not (answer["Records"] or answer.get("MillisBehindLatest")):
            return found
        iterator = answer.get("NextShardIterator", "")
    return found
