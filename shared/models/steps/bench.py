"""What every step of training reads and writes: runs and versions, the catalog, the pointer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from shared.catalog.model import Item, top_category
from shared.catalog.store import CatalogStore
from shared.lists.store import ListsStore
from shared.models.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from shared.evaluation.protocol import Facts


def facts_of(items: Iterable[Item]) -> "Facts":
    return {
        item.id: (top_category(item), item.brand, item.price.amount if item.price else float("nan")) for item in items
    }


def margins_of(items: Iterable[Item]) -> dict[str, float]:
    return {item.id: item.margin for item in items if item.margin is not None}


class Names(Protocol):
    """As the settings of a function have them."""

    @property
    def models_bucket(self) -> str: ...

    @property
    def catalog_table(self) -> str: ...

    @property
    def lists_table(self) -> str: ...


@dataclass(frozen=True)
class Bench:
    client: "S3Client"
    bucket: str  # of models
    catalog: CatalogStore
    lists: ListsStore
    code: str = ""  # version of the code that is at work

    @classmethod
    def of(cls, client: "S3Client", dynamodb: "DynamoDBClient", names: "Names", code: str) -> "Bench":
        catalog, lists = CatalogStore(dynamodb, names.catalog_table), ListsStore(dynamodb, names.lists_table)
        return cls(client, names.models_bucket, catalog, lists, code)

    def run(self, version: str) -> Run:
        return Run(self.client, self.bucket, version)

    def items(self) -> dict[str, Item]:
        return {item.id: item for item in self.catalog.scan()}

    def facts(self) -> "Facts":
        return facts_of(self.catalog.scan())

    def serving(self) -> tuple[str, dict[str, Any]]:
        """The version that serves now and its manifest; "" and {} when there is none."""
        pointer, _ = self.lists.pointer()
        if not pointer.current:
            return "", {}
        return pointer.current, self.run(pointer.current).get_json("manifest.json", "models")
