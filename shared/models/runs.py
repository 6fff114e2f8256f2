"""Where a training run keeps what it makes, between its steps and after publishing."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.events.lake import folder as hour_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WINDOW_DAYS = 400
READERS = 16


class Run:
    """Objects under `runs/<version>/`; publish copies them to `models/<version>/`."""

    def __init__(self, client: "S3Client", bucket: str, version: str) -> None:
        self.client = client
        self.bucket = bucket
        self.version = version

    def put(self, name: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=f"runs/{self.version}/{name}", Body=data, ContentType=content_type
        )

    def put_json(self, name: str, value: Any) -> None:
        self.put(name, json.dumps(value).encode(), "application/json")

    def get(self, name: str, folder: str = "runs") -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=f"{folder}/{self.version}/{name}")["Body"].read()

    def get_json(self, name: str, folder: str = "runs") -> Any:
        return json.loads(self.get(name, folder))


def window(days: Iterable[str], length: int = WINDOW_DAYS) -> list[str]:
    """Of the days in the lake (YYYY-MM-DD) the last `length` before the newest."""
    known = sorted(days)
    if not known:
        return []
    first = (date.fromisoformat(known[-1]) - timedelta(days=length)).isoformat()
    return [day for day in known if day > first]


def days(client: "S3Client", bucket: str, length: int = WINDOW_DAYS) -> list[str]:
    """The last `length` days of the lake, YYYY-MM-DD."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="events/dt=", Delimiter="/")
    return window(
        (p["Prefix"][len("events/dt=") : -1] for page in pages for p in page.get("CommonPrefixes", [])), length
    )


def objects(
    client: "S3Client", bucket: str, since: float | None = None, length: int = WINDOW_DAYS
) -> list[tuple[str, int]]:
    """Key and size in bytes of all that lies in the last `length` days, or in the hours from that of `since` (epoch seconds) on."""
    pages = client.get_paginator("list_objects_v2")
    first = "" if since is None else hour_folder(datetime.fromtimestamp(since, UTC))
    return [
        (entry["Key"], entry["Size"])
        for day in days(client, bucket, length)
        if f"events/dt={day}/" >= first[: len("events/dt=YYYY-MM-DD/")]
        for page in pages.paginate(Bucket=bucket, Prefix=f"events/dt={day}/")
        for entry in page.get("Contents", [])
        if entry["Key"] >= first
    ]


def download(
    client: "S3Client", bucket: str, folder: Path, since: float | None = None, length: int = WINDOW_DAYS
) -> list[str]:
    """Copy those of `objects` into `folder`; returns the files."""
    keys = [key for key, _ in objects(client, bucket, since, length)]
    return copied(client, bucket, keys, folder)


def copied(client: "S3Client", bucket: str, keys: Iterable[str], folder: Path) -> list[str]:
    """Copy objects into `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(pair: tuple[int, str]) -> str:
        path = folder / f"{pair[0]}.jsonl.gz"
        client.download_file(bucket, pair[1], str(path))
        return str(path)

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(fetch, enumerate(keys)))
