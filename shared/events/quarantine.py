"""Where records go that can never be processed: their bytes and the reason, one object a record, until someone replays them."""

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.streams import Record

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "quarantine/"


def key(record: Record) -> str:
    """The same for every delivery of the record, so that a retry writes the same object."""
    day = datetime.fromtimestamp(record.arrived, UTC).date().isoformat()
    return f"{PREFIX}dt={day}/{record.shard}-{record.sequence}.json"


class Quarantine:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def put(self, record: Record, reason: str) -> None:
        body = {
            "reason": reason,
            "data": base64.b64encode(record.data).decode(),
            "partitionKey": record.partition_key,
            "sequenceNumber": str(record.sequence),
            "shard": record.shard,
            "at": datetime.fromtimestamp(record.arrived, UTC).isoformat(),
        }
        self.client.put_object(
            Bucket=self.bucket, Key=key(record), Body=json.dumps(body).encode(), ContentType="application/json"
        )
