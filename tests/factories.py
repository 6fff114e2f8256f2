"""Builders of events and records with sensible defaults."""

import base64
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from shared.events.model import Consent, Event, encode
from shared.identity.keys import hashed
from shared.streams import Record

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_ids = count()


class GivenKeys:
    """Identity keys without Secrets Manager."""

    def __init__(self, current: str = "identity-key", previous: str = "") -> None:
        self.current_key, self.previous_key = current, previous

    def hashed(self, kind: str, value: str) -> str:
        return hashed(self.current_key, kind, value)

    def previous(self, kind: str, value: str) -> str:
        return hashed(self.previous_key, kind, value) if self.previous_key else ""


KEYS = GivenKeys()


def event(name: str = "Product Viewed", item: str = "tent", *, minutes: float = 0, **fields: Any) -> Event:
    """A consented track event `minutes` after NOON by anonymous shopper a1, unless fields say otherwise."""
    at = NOON + timedelta(minutes=minutes)
    defaults: dict[str, Any] = {
        "message_id": f"m{next(_ids)}",
        "type": "track",
        "event": name,
        "anonymous_id": "a1",
        "timestamp": at,
        "received_at": at,
        "properties": {"product_id": item, "category": "Camping > Tents", "brand": "Alm", "price": 20.0},
        "consent": Consent(True, True, False),
    }
    return Event(**{**defaults, **fields})


def order(*items: str, minutes: float = 0, order_id: str = "o1", **fields: Any) -> Event:
    products = [{"product_id": item, "price": 10, "quantity": 1} for item in items]
    return event(
        "Order Completed",
        minutes=minutes,
        properties={"order_id": order_id, "total": 10.0 * len(items), "products": products},
        **fields,
    )


def record(event: Event, sequence: int, shard: str = "shardId-000000000000") -> Record:
    key = event.anonymous_id or event.user_id or event.message_id
    return Record(shard, sequence, key, encode(event), event.received_at.timestamp())


def invocation(records: list[Record]) -> dict[str, Any]:
    """The Lambda event of a Kinesis event source mapping."""
    return {
        "Records": [
            {
                "eventID": f"{r.shard}:{r.sequence}",
                "eventSource": "aws:kinesis",
                "kinesis": {
                    "partitionKey": r.partition_key,
                    "sequenceNumber": str(r.sequence),
                    "data": base64.b64encode(r.data).decode(),
                    "approximateArrivalTimestamp": r.arrived,
                },
            }
            for r in records
        ]
    }
