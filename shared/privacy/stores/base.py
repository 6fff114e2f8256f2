"""What every store of personal data can do for a request: find, and erase what was found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from shared.privacy.person import Person

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Find(NamedTuple):
    """`where` names the place for people, `held` is what an export shows of it, `amount` counts it (lines of an object, say)."""

    where: str
    held: Any
    ref: Any  # the store's own
    amount: int = 1


class Chunk(NamedTuple):
    """What was found, and the cursor that goes on behind it."""

    cursor: str
    finds: list[Find]


def scanned(
    client: "DynamoDBClient", table: str, cursor: str, *, consistent: bool = False
) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """The items of a table behind the cursor, a page at a time, each with the cursor that goes on behind it; "" at the end."""
    start: Any = {"ExclusiveStartKey": {"pk": {"S": cursor}}} if cursor else {}
    while True:
        page = client.scan(TableName=table, ConsistentRead=consistent, **start)
        last: Any = page.get("LastEvaluatedKey")
        yield page["Items"], last["pk"]["S"] if last else ""
        if not last:
            return
        start = {"ExclusiveStartKey": last}


class Store(Protocol):
    name: str
    title: str  # for people: "shoppers' states"

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        """Everything the store holds of the person, from `cursor` on. Nothing is changed."""
        ...

    def erase(self, person: Person, finds: list[Find]) -> None:
        """Idempotent: what is gone already is no error."""
        ...
