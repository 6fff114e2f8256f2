"""Making a version current, and going back to one that was."""

import json
from typing import TYPE_CHECKING

from shared.catalog.card import kept_card
from shared.catalog.model import recommendable
from shared.catalog.store import CatalogStore
from shared.errors import Conflict, InvalidRequest, NotFound
from shared.lists.model import Pointer, key
from shared.lists.store import ListsStore
from shared.models import lists as model_lists
from shared.models.members import base_of
from shared.models.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEPT = 5  # of nightly trainings
REFRESHES = 2  # of the newest one
FILES = ("bundle.npz", "content.npz", "lists.msgpack", "members.bin", "manifest.json", "metrics.json", "report.html")
STATIC = "static/popular.json"
STATIC_LENGTH = 100


def worth_keeping(versions: list[str]) -> list[str]:
    """Of versions, newest first: the latest nightly ones, and the latest refreshes of the newest.

    >>> worth_keeping(["c.r3", "c.r2", "c.r1", "c", "b.r9", "b"])
    ['c.r3', 'c.r2', 'c', 'b']
    """
    nights = list(dict.fromkeys(map(base_of, versions)))[:KEPT]
    refreshed = [v for v in versions if v != base_of(v) == nights[0]][:REFRESHES]
    return [v for v in versions if v in nights or v in refreshed]


class Publisher:
    def __init__(self, lists: ListsStore, catalog: CatalogStore, client: "S3Client", bucket: str) -> None:
        self.lists = lists
        self.catalog = catalog
        self.client = client
        self.bucket = bucket

    def publish(self, version: str, now: float) -> Pointer:
        """Write everything under the version, then flip the pointer in one conditional write, then tidy up.

        Raises Conflict for the refresh of a version that does not serve any more.
        """
        before, _ = self.lists.pointer()
        if version != base_of(version) != base_of(before.current):
            raise Conflict(f"{version} refreshes a version that does not serve any more; {before.current} does")
        run = Run(self.client, self.bucket, version)
        named = model_lists.load(run.get("lists.msgpack"))
        for name in FILES:
            self.client.copy_object(
                Bucket=self.bucket,
                Key=f"models/{version}/{name}",
                CopySource={"Bucket": self.bucket, "Key": f"runs/{version}/{name}"},
            )
        self.lists.put_many({key(version, kind, name): scored for (kind, name), scored in named.items()})
        self._write_static([item for item, _ in named.get(("popular", "all"), [])], now)
        pointer, read_at = self.lists.pointer()
        every = [version, *(v for v in pointer.kept if v != version)]
        flipped = Pointer(current=version, kept=worth_keeping(every), published_at=now)
        self.lists.flip(flipped, read_at)
        for old in every:
            if old not in flipped.kept:
                self._delete(old)
        return flipped

    def rollback(self, version: str, now: float) -> Pointer:
        """Raises NotFound for a version that is not kept, InvalidRequest for the current one."""
        pointer, read_at = self.lists.pointer()
        if version not in pointer.kept:
            raise NotFound(
                f"version {version!r} is not kept; these are: {', '.join(pointer.kept) or 'none'}", "version"
            )
        if version == pointer.current:
            raise InvalidRequest(f"version {version} is current already", "version")
        flipped = Pointer(current=version, kept=pointer.kept, published_at=now)
        self.lists.flip(flipped, read_at)
        return flipped

    def _delete(self, version: str) -> None:
        named = model_lists.load(Run(self.client, self.bucket, version).get("lists.msgpack", "models"))
        self.lists.delete_many(key(version, kind, name) for kind, name in named)
        for name in FILES:
            self.client.delete_object(Bucket=self.bucket, Key=f"models/{version}/{name}")

    def _write_static(self, ids: list[str], now: float) -> None:
        """The list of last resort: complete items, so that showing it needs no table."""
        items = self.catalog.get_many(ids)
        shown = [kept_card(items[i], now) for i in ids if i in items and recommendable(items[i], now)][:STATIC_LENGTH]
        self.client.put_object(
            Bucket=self.bucket, Key=STATIC, Body=json.dumps(shown).encode(), ContentType="application/json"
        )
