"""Answers of the log, read from the lake."""

import gzip
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from shared.answers.collect import WINDOW, prefix
from shared.answers.model import PREFIX, Answered, decode, folder
from shared.errors import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TIME_DIGITS = 11  # of a recommendationId: milliseconds in hexadecimal


class Reader:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def find(self, recommendation_id: str) -> Answered | None:
        """The id says when: its window is read, and the next, as a line is in the log a little later. Raises InvalidRequest."""
        at = moment(recommendation_id)
        for start in (at // WINDOW * WINDOW, at // WINDOW * WINDOW + WINDOW):
            for key in self._keys(prefix(start)):
                for one in self._read(key):
                    if one.id == recommendation_id:
                        return one
        return None

    def since(self, at: float) -> Iterator[Answered]:
        """From the time on (epoch seconds), by days and windows; lines that cannot be read are left out."""
        for key in self.keys(at):
            yield from (one for one in self._read(key) if one.time >= at)

    def keys(self, at: float) -> Iterator[str]:
        """Of the objects from the day of `at` on, oldest first."""
        return (key for key in self._keys(PREFIX) if key >= folder(at))

    def _keys(self, under: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=under)
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _read(self, key: str) -> Iterator[Answered]:
        body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        for line in gzip.decompress(body).splitlines():
            try:
                yield decode(line)
            except msgspec.MsgspecError:
                continue


def moment(recommendation_id: str) -> float:
    """When the answer with this id was given, epoch seconds. Raises InvalidRequest."""
    try:
        return int(recommendation_id[:TIME_DIGITS], 16) / 1000.0
    except ValueError:
        raise InvalidRequest("is no recommendationId, which begins with 23 hexadecimal digits", "id") from None
