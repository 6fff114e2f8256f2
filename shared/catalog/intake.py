"""A feed dropped into the lake bucket becomes the catalog; what cannot be taken is kept beside it with the reason."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from shared.catalog.feed import Line, lines
from shared.catalog.parse import id_of
from shared.catalog.store import CatalogStore
from shared.errors import InvalidRequest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
CHUNK = 1000
MOST_REJECTED = 10_000  # kept with their rows; the report counts all
LONGEST_ROW = 5_000  # of a rejected row


class Taken:
    """What has become of a feed so far. `ids` are those a full feed speaks of."""

    def __init__(self, key: str) -> None:
        self.report: dict[str, Any] = {"feed": key, "read": 0, "written": 0, "older": 0, "rejected": 0, "outOfStock": 0}
        self.rejected: list[str] = []
        self.ids: set[str] = set()

    def add(self, chunk: list[Line], written: list[bool]) -> None:
        bad = [line for line in chunk if line.item is None]
        self.rejected += [_kept(line) for line in bad[: MOST_REJECTED - len(self.rejected)]]
        counts = {"read": len(chunk), "written": sum(written), "older": written.count(False), "rejected": len(bad)}
        for name, count in counts.items():
            self.report[name] += count


class FeedIntake:
    def __init__(self, store: CatalogStore, client: "S3Client", bucket: str) -> None:
        self.store = store
        self.client = client
        self.bucket = bucket

    def take(self, key: str, updated_at: float, out_of_time: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """Write the items of `feeds/<name>` and report, also to `feeds-reports/<name>.json`.

        A name with `.full.` holds the whole catalog: what it lacks goes out of stock. A feed that could not be taken to its
        end has the reason as `incomplete` in its report, and empties no shelf. Taking a feed again changes nothing.
        """
        name = key.removeprefix("feeds/")
        taken = Taken(key)
        body: Any = self.client.get_object(Bucket=self.bucket, Key=key)["Body"]
        try:
            for chunk in _chunks(lines(name, body, updated_at)):
                _check(out_of_time)
                self._write(chunk, taken, keep_ids=".full." in name)
            if ".full." in name:
                self._empty_shelves(taken, updated_at, out_of_time)
        except InvalidRequest as error:
            taken.report["incomplete"] = error.message
        self._put_report(name, taken, updated_at)
        return taken.report

    def _write(self, chunk: list[Line], taken: Taken, *, keep_ids: bool) -> None:
        taken.add(chunk, self.store.put_many([line.item for line in chunk if line.item]))
        if keep_ids:
            taken.ids.update(line.item.id if line.item else id_of(line.row) for line in chunk)

    def _empty_shelves(self, taken: Taken, updated_at: float, out_of_time: Callable[[], bool]) -> None:
        """Only when every row said which item it is about: a row that cannot be read must not cost an item its place."""
        if "" in taken.ids or not taken.ids:
            raise InvalidRequest(
                "some rows name no id, so nothing went out of stock; correct them and drop the feed again"
            )
        gone = (
            replace(item, in_stock=False, availability="out_of_stock", updated_at=updated_at)
            for item in self.store.scan()
            if item.in_stock and item.id not in taken.ids
        )
        for chunk in _chunks(gone):
            _check(out_of_time)
            taken.report["outOfStock"] += sum(self.store.put_many(chunk))

    def _put_report(self, name: str, taken: Taken, updated_at: float) -> None:
        if taken.rejected:
            dropped = datetime.fromtimestamp(updated_at, UTC)
            taken.report["rejectedRows"] = f"feeds-rejected/{name}-{dropped:%Y%m%dT%H%M%SZ}.jsonl"
            self._put(taken.report["rejectedRows"], "\n".join(taken.rejected))
        self._put(f"feeds-reports/{name}.json", json.dumps(taken.report))

    def _put(self, key: str, body: str) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), ContentType="application/json")


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    source = iter(values)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _check(out_of_time: Callable[[], bool]) -> None:
    if out_of_time():
        raise InvalidRequest("there was no time left for the rest; split the feed into smaller files")


def _kept(line: Line) -> str:
    row: Any = json.dumps(line.row)
    row = line.row if len(row) <= LONGEST_ROW else row[:LONGEST_ROW]
    return json.dumps({"line": line.number, "reason": line.reason, "row": row})
