"""A feed dropped into the lake bucket becomes the catalog; what cannot be taken is kept beside it with the reason."""

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from shared.catalog.feed import Line, lines
from shared.catalog.store import CatalogStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.catalog.model import Item

CHUNK = 1000
MOST_REJECTED = 10_000  # kept in full; the report counts all


class FeedIntake:
    def __init__(self, store: CatalogStore, client: "S3Client", bucket: str) -> None:
        self.store = store
        self.client = client
        self.bucket = bucket

    def take(self, key: str, updated_at: float) -> dict[str, Any]:
        """Read `feeds/<name>` and report. A name with `.full.` holds the whole catalog: what it lacks goes out of stock."""
        name = key.removeprefix("feeds/")
        body: Any = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        rows = lines(name, body, updated_at)
        report = {"feed": key, "read": 0, "written": 0, "older": 0, "rejected": 0, "outOfStock": 0}
        rejected: list[dict[str, Any]] = []
        seen: set[str] = set()
        while chunk := list(islice(rows, CHUNK)):
            self._chunk(chunk, report, rejected, seen)
        if ".full." in name and seen:
            report["outOfStock"] = self._empty_shelves(seen, updated_at)
        self._write(f"feeds-reports/{name}.json", json.dumps(report))
        if rejected:
            self._write(f"feeds-rejected/{name}.jsonl", "\n".join(map(json.dumps, rejected)))
        return report

    def _chunk(self, chunk: list[Line], report: dict[str, Any], rejected: list[dict[str, Any]], seen: set[str]) -> None:
        items = {line.item.id: line.item for line in chunk if line.item}
        written = self.store.put_many(list(items.values()))
        bad = [{"line": line.number, "reason": line.reason, "row": line.row} for line in chunk if line.item is None]
        rejected += bad[: max(MOST_REJECTED - len(rejected), 0)]
        seen.update(items)
        report["read"] += len(chunk)
        report["written"] += sum(written)
        report["older"] += written.count(False)
        report["rejected"] += len(bad)

    def _empty_shelves(self, seen: set[str], updated_at: float) -> int:
        gone: list[Item] = [
            replace(item, in_stock=False, availability="out_of_stock", updated_at=updated_at)
            for item in self.store.scan()
            if item.id not in seen and item.in_stock
        ]
        return sum(self.store.put_many(gone))

    def _write(self, key: str, body: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), ContentType="application/json")
