"""What every store of personal data can do for a request: find, and erase what was found."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from msgspec import MsgspecError, json

from shared.privacy.person import Identifier, Person

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENTS = 4  # of a table, read at once


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
    """The items of a table behind the cursor: a page of each of its segments at a time, read at once, with the cursor that goes on
    behind them; "" at the end. The cursor is where each segment stands: "" at its beginning, null at its end."""

    def page(numbered: tuple[int, str | None]) -> tuple[list[dict[str, Any]], str | None]:
        number, place = numbered
        if place is None:
            return [], None
        start: Any = {"ExclusiveStartKey": {"pk": {"S": place}}} if place else {}
        found = client.scan(
            TableName=table, ConsistentRead=consistent, Segment=number, TotalSegments=len(places), **start
        )
        last: Any = found.get("LastEvaluatedKey")
        return found["Items"], last["pk"]["S"] if last else None

    places: list[str | None] = _places(cursor)
    with ThreadPoolExecutor(SEGMENTS) as pool:
        while any(place is not None for place in places):
            pages = list(pool.map(page, enumerate(places)))
            places = [place for _, place in pages]
            ended = all(place is None for place in places)
            yield [item for items, _ in pages for item in items], "" if ended else json.encode(places).decode()


def _places(cursor: str) -> list[str | None]:
    """One of an earlier release is none: searching from the beginning finds the same."""
    try:
        return json.decode(cursor, type=list[str | None])
    except MsgspecError:
        return [""] * SEGMENTS


class Store(Protocol):
    name: str
    title: str  # for people: "shoppers' states"

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        """Everything the store holds of the person, from `cursor` on. Nothing is changed."""
        ...

    def erase(self, person: Person, finds: list[Find]) -> None:
        """Idempotent: what is gone already is no error."""
        ...


@runtime_checkable
class Keyed(Protocol):
    """A table: most of what is held of a person lies under keys that are known, of their names and of what is near them. A restore may
    bring an earlier state of it back."""

    def likely(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        """What these keys hold, without a search of the whole store."""
        ...

    def names(self, cursor: str) -> Iterator[tuple[set[Identifier], str]]:
        """Every name in the table behind the cursor, piece by piece, each with the cursor that goes on behind it."""
        ...
