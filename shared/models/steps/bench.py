"""What every step of training reads and writes: runs and versions, the catalog, the pointer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.catalog.model import top_category
from shared.catalog.store import CatalogStore
from shared.lists.store import ListsStore
from shared.models.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.evaluation.protocol import Facts


@dataclass(frozen=True)
class Bench:
    client: "S3Client"
    bucket: str  # of models
    catalog: CatalogStore
    lists: ListsStore
    code: str = ""  # version of the code that is at work

    def run(self, version: str) -> Run:
        return Run(self.client, self.bucket, version)

    def facts(self) -> "Facts":
        return {
            item.id: (top_category(item), item.brand, item.price.amount if item.price else float("nan"))
            for item in self.catalog.scan()
        }

    def serving(self) -> tuple[str, dict[str, Any]]:
        """The version that serves now and its manifest; "" and {} when there is none."""
        pointer, _ = self.lists.pointer()
        if not pointer.current:
            return "", {}
        return pointer.current, self.run(pointer.current).get_json("manifest.json", "models")
