"""The shop's plan in a table: a draft, the versions that were published, and which of them is current.

A version is kept twice, as it is served (`plan#`) and as it was written (`document#`): `recommend` reads no more than it needs.
"""

import zlib
from typing import Any

import msgspec

from shared.errors import Conflict, NotFound, TooLarge
from shared.merchandising.plan import DRAFT, EMPTY, POINTER, Plan, Pointer, decode, decode_pointer, encode, key
from shared.versioned import Kept, Versions

DOCUMENT = "document#"
LARGEST = 390_000  # bytes; DynamoDB takes items of 400 KB, names and numbers included


class Draft(msgspec.Struct, frozen=True):
    """A document as it was written last, by whom, and when (epoch seconds). It may be full of mistakes."""

    document: dict[str, Any] = {}
    who: str = ""
    at: float = 0.0


class PlanStore:
    """What is read comes with its revision; a write says which one it was made of, and is refused when there is a newer one."""

    def __init__(self, items: Versions) -> None:
        self.items = items

    def draft(self) -> tuple[Draft, int]:
        """The draft and its revision, 0 when there is none."""
        kept = self.items.get_many([DRAFT])[DRAFT]
        return (_unpacked(kept.value), kept.version) if kept.version else (Draft(), 0)

    def save_draft(self, draft: Draft, plan: Plan | None, revision: int) -> int:
        """The new revision. `plan` is what `recommend` shows of the draft before it is published: None while it has mistakes.

        Raises Conflict when the draft has another revision than `revision` meanwhile, TooLarge.
        """
        packed = _packed(draft, "the draft")
        served = encode(msgspec.structs.replace(plan, version=DRAFT)) if plan else b""
        _check_size(served)
        try:
            self.items.save({DRAFT: Kept(packed, revision), key(DRAFT): Kept(served, revision)})
        except Conflict as error:
            raise Conflict(
                "somebody else changed the draft meanwhile; read it again and put your changes into it", "revision"
            ) from error
        return revision + 1

    def pointer(self) -> tuple[Pointer, int]:
        kept = self.items.get_many([POINTER])[POINTER]
        return (decode_pointer(kept.value), kept.version) if kept.version else (Pointer(), 0)

    def current(self) -> Plan:
        """The plan that is served; an empty one before the first is published."""
        version = self.pointer()[0].current
        kept = self.items.get_many([key(version)])[key(version)] if version else None
        return decode(kept.value) if kept and kept.version else EMPTY

    def document(self, version: str) -> dict[str, Any]:
        """A kept version as it was written. Raises NotFound."""
        kept = self.items.get_many([DOCUMENT + version])[DOCUMENT + version]
        if not kept.version:
            raise NotFound(f"there is no version {version}; `versions` lists those that are kept", "version")
        return _unpacked(kept.value).document

    def publish(self, plan: Plan, document: dict[str, Any], pointer: Pointer, revision: int) -> None:
        """The version `plan.version` and the pointer to it, both or none. Raises Conflict, TooLarge."""
        served = encode(plan)
        _check_size(served)
        written = _packed(Draft(document), "the plan")
        self._flip(pointer, revision, {key(plan.version): Kept(served), DOCUMENT + plan.version: Kept(written)})

    def flip(self, pointer: Pointer, revision: int) -> None:
        """Make a kept version current. Raises Conflict."""
        self._flip(pointer, revision, {})

    def forget(self, versions: list[str]) -> None:
        """Both forms of them, as far as they are there."""
        self.items.delete([form for version in versions for form in (key(version), DOCUMENT + version)])

    def _flip(self, pointer: Pointer, revision: int, more: dict[str, Kept]) -> None:
        try:
            self.items.save({**more, POINTER: Kept(encode(pointer), revision)})
        except Conflict as error:
            raise Conflict("somebody else published or went back meanwhile; look at the versions again") from error


def _check_size(served: bytes) -> None:
    if len(served) > LARGEST:
        raise TooLarge(
            f"the plan has {len(served):,} bytes as it is served, {LARGEST:,} are the most; shorten lists of items, "
            "or say with `where` what they have in common"
        )


def _packed(value: Draft, what: str) -> bytes:
    packed = zlib.compress(msgspec.json.encode(value))
    if len(packed) > LARGEST:
        raise TooLarge(f"{what} has {len(packed):,} bytes, compressed; {LARGEST:,} are the most", "document")
    return packed


def _unpacked(value: bytes) -> Draft:
    return msgspec.json.decode(zlib.decompress(value), type=Draft)
