"""The stream of events, whose truth the log is."""

from typing import TYPE_CHECKING

from shared import streams
from shared.events.model import Event, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_kinesis import KinesisClient


class EventStream:
    def __init__(self, client: "Callable[[], KinesisClient]", name: str) -> None:
        self.client = client
        self.name = name

    def put(self, events: list[Event]) -> None:
        """In order for each device, or each user where there is none. Raises Throttled or Unavailable."""
        self.put_encoded([(event.anonymous_id or event.user_id, encode(event)) for event in events])

    def put_encoded(self, entries: list[tuple[str, bytes]]) -> None:
        """(partition key, encoded event)"""
        streams.put_all(self.client(), self.name, entries)
