"""What new items are like, by the content of the version that serves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.catalog.model import Item, top_category
from shared.lists.model import Scored
from shared.lists.newcomers import Newcomer
from shared.lists.store import ListsStore
from shared.models.content import Content, like, load, placed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NEIGHBOURS = 12
FAINT = 0.2  # a smaller likeness says nothing


def content_key(version: str) -> str:
    return f"models/{version}/content.npz"


class Matcher:
    """Before the first version nothing is like anything. What was found for an item holds until the item or the version changes."""

    def __init__(self, lists: ListsStore, client: "S3Client", bucket: str) -> None:
        self.lists = lists
        self.client = client
        self.bucket = bucket
        self.version = ""
        self.content: Content | None = None
        self.dealings: dict[str, int] = {}
        self.found: dict[tuple[str, float], Scored] = {}

    def refresh(self) -> None:
        """Look after the current version."""
        version = self.lists.pointer()[0].current
        if version == self.version:
            return
        self.content = self._load(version) if version else None
        ids, dealings = (self.content.ids.tolist(), self.content.dealings.tolist()) if self.content else ([], [])
        self.version, self.dealings, self.found = version, dict(zip(ids, dealings, strict=True)), {}

    def match(self, items: Sequence[Item]) -> list[Newcomer]:
        wanted = [item for item in items if (item.id, item.updated_at) not in self.found]
        known = {(item.id, item.updated_at): self.found.get((item.id, item.updated_at), []) for item in items}
        if self.content and wanted:
            found = like(self.content, placed(self.content, wanted), NEIGHBOURS + 1)
            for item, places, scores in zip(wanted, found.items.tolist(), found.scores.tolist(), strict=True):
                known[item.id, item.updated_at] = self._named(item, places, scores)
        self.found = known
        return [Newcomer(item.id, top_category(item), known[item.id, item.updated_at]) for item in items]

    def _named(self, item: Item, places: list[int], scores: list[float]) -> Scored:
        if self.content is None:
            return []
        ids = self.content.ids
        pairs = [(str(ids[place]), round(score, 3)) for place, score in zip(places, scores, strict=True) if place >= 0]
        return [pair for pair in pairs if pair[0] != item.id and pair[1] >= FAINT][:NEIGHBOURS]

    def _load(self, version: str) -> Content | None:
        """None for a version from before there was content."""
        try:
            return load(self.client.get_object(Bucket=self.bucket, Key=content_key(version))["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
