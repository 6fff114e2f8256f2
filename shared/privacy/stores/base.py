"""What every store of personal data can do for a request: find, and erase what was found."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from shared.privacy.person import Person


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


class Store(Protocol):
    name: str
    title: str  # for people: "shoppers' states"

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        """Everything the store holds of the person, from `cursor` on. Nothing is changed."""
        ...

    def erase(self, person: Person, finds: list[Find]) -> None:
        """Idempotent: what is gone already is no error."""
        ...
