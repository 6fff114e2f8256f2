"""How far a shop has moved in: a small object in the lake's bucket, so that loading again changes nothing and goes on where it stopped."""

import json
import threading
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

PREFIX = "imports/"


def begun(until: datetime, live_days: float, lanes: int) -> dict[str, Any]:
    """The facts of an arrival that has done nothing yet."""
    return {"until": until.isoformat(), "liveDays": live_days, "sent": [0] * lanes, "finished": False}


class Arrival:
    """`until` is where the shop's history ends, kept from the first time; `sent` are the live events of each connection."""

    def __init__(self, client: Any, bucket: str, key: str, facts: dict[str, Any]) -> None:
        self.client = client
        self.bucket = bucket
        self.key = key
        self.facts = facts
        self.lock = threading.Lock()

    @classmethod
    def of(cls, client: Any, bucket: str, key: str, fresh: dict[str, Any]) -> "Arrival":
        """As it stands in the bucket, or begun now with the facts `fresh`."""
        try:
            body = client.get_object(Bucket=bucket, Key=f"{PREFIX}{key}.json")["Body"].read()
            return cls(client, bucket, key, json.loads(body))
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
        new = cls(client, bucket, key, fresh)
        new._save()
        return new

    @property
    def until(self) -> datetime:
        return datetime.fromisoformat(self.facts["until"])

    @property
    def live_days(self) -> float:
        return float(self.facts["liveDays"])

    @property
    def finished(self) -> bool:
        return bool(self.facts["finished"])

    @property
    def sent(self) -> list[int]:
        return list(self.facts["sent"])

    def add(self, lane: int, count: int) -> None:
        with self.lock:
            self.facts["sent"][lane] += count
            self._save()

    def finish(self) -> None:
        with self.lock:
            self.facts["finished"] = True
            self._save()

    def _save(self) -> None:
        body = json.dumps(self.facts).encode()
        self.client.put_object(
            Bucket=self.bucket, Key=f"{PREFIX}{self.key}.json", Body=body, ContentType="application/json"
        )
