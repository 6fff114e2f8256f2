"""Objects that are kept or deleted as a whole: quarantine, earlier exports, training runs; and published models, which only tell."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import groupby
from typing import Any
from zipfile import BadZipFile, ZipFile

from msgspec import MsgspecError, json

from shared.events import quarantine
from shared.models import members
from shared.privacy.desk import EXPORTS, export
from shared.privacy.objects import Gone, Objects, Version
from shared.privacy.person import Person
from shared.privacy.stores.base import Chunk, Find

PAGE = 200  # objects between two cursors
RUNS, MODELS = "runs/", "models/"
WORK = "privacy/work/"
REPLAYED = "quarantine-replayed/"


class Quarantine:
    """Records that could not be processed, also those that were replayed: their bytes may be anybody's."""

    name = "quarantine"
    title = "records in quarantine"

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        yield from _paged(self.objects, (quarantine.PREFIX, REPLAYED), cursor, lambda v, body: _record(person, body))

    def erase(self, person: Person, finds: list[Find]) -> None:
        self.objects.delete(find.ref for find in finds)


class Exports:
    """What earlier requests of the person made, and what this machine put down while it worked on them."""

    name = "exports"
    title = "earlier exports of the person"

    def __init__(self, objects: Objects, own: str) -> None:
        """`own` is the id of the request being worked on."""
        self.objects = objects
        self.own = own

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        near = re.compile(person.pattern.encode())
        mine = (f"{WORK}{self.own}/", export(self.own))

        def held(version: Version, body: bytes) -> Any:
            return {"export": version.key} if not version.key.startswith(mine) and near.search(body) else None

        yield from _paged(self.objects, (EXPORTS, WORK), cursor, held)

    def erase(self, person: Person, finds: list[Find]) -> None:
        self.objects.delete(find.ref for find in finds)


class Runs:
    """Training runs keep shoppers' interactions for two weeks: a run that holds the person goes as a whole."""

    name = "runs"
    title = "training runs"

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        for version, found in _folders(self.objects, RUNS, cursor):
            needles = run_needles(person, version)
            holding = [v for v in found if not v.marker and self._holds(v, needles)]
            held = {"run": version, "objects": [v.key for v in holding]}
            yield Chunk(f"{RUNS}{version}/\x7f", [Find(f"{RUNS}{version}/", held, found)] if holding else [])
        yield Chunk("", [])

    def erase(self, person: Person, finds: list[Find]) -> None:
        for find in finds:
            self.objects.delete(find.ref)

    def _holds(self, version: Version, needles: list[bytes]) -> bool:
        try:
            body = self.objects.read(version)
        except Gone:
            return False
        return any(needle in part for part in unzipped(body) for needle in needles)


class Models:
    """Published versions hold sums over all shoppers and no key of one. `members.bin` says whether one saw the person."""

    name = "models"
    title = "models that learned from the person among others"

    def __init__(self, objects: Objects, kept: Callable[[], list[str]]) -> None:
        """`kept` gives the versions that can be made current, newest first."""
        self.objects = objects
        self.kept = kept

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        finds = [find for version in self.kept() if (find := self._find(person, version))]
        yield Chunk("", finds)

    def erase(self, person: Person, finds: list[Find]) -> None:
        """Nothing to erase: the version goes when newer ones have taken its place."""

    def _find(self, person: Person, version: str) -> Find | None:
        place = members.members_key(version)
        latest = [v for v in self.objects.versions(place) if v.key == place and v.latest and not v.marker]
        if not latest:
            return Find(f"{MODELS}{version}/", {"version": version, "sawThePerson": "unknown"}, version)
        seen = members.contains(self.objects.read(latest[0]), version, person.keys)
        return Find(place, {"version": version, "sawThePerson": "yes"}, version) if seen else None


def run_needles(person: Person, version: str) -> list[bytes]:
    """How a shopper may stand in what a run keeps: by key or by digest, as text or as numpy's wide characters."""
    digests = [members.digest(version, key) for key in person.keys]
    words = [*person.keys, *(digest.hex() for digest in digests)]
    wide = [word.encode("utf-32-le") for word in words]
    return [*digests, *wide, *(word.encode() for word in words)]


def unzipped(body: bytes) -> list[bytes]:
    """The members of a zip file (an .npz is one), or the bytes themselves."""
    if not body.startswith(b"PK"):
        return [body]
    try:
        with ZipFile(BytesIO(body)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    except BadZipFile:
        return [body]


def _record(person: Person, body: bytes) -> Any:
    """What a quarantined record holds of the person; None when nothing."""
    try:
        record = json.decode(body)
        data = b64decode(record["data"])
    except (MsgspecError, KeyError, TypeError, ValueError):
        record, data = {"data": ""}, body
    if record.get("partitionKey") in person.names or re.search(person.pattern.encode(), data):
        return {**{k: v for k, v in record.items() if k != "data"}, "record": data.decode(errors="replace")}
    return None


def _paged(
    objects: Objects, prefixes: Iterable[str], cursor: str, held: Callable[[Version, bytes], Any]
) -> Iterator[Chunk]:
    """All versions under some prefixes, in pages; `held` is asked for every one that has content. Keys are their own cursors."""
    for prefix in sorted(prefixes):
        if cursor and cursor > prefix + "\x7f":
            continue
        after = cursor if cursor.startswith(prefix) else ""
        finds: list[Find] = []
        for number, (key, versions) in enumerate(groupby(objects.versions(prefix, after), lambda v: v.key), 1):
            for version in versions:
                found = None if version.marker else _held(objects, version, held)
                if found is not None:
                    finds.append(Find(version.place, found, version))
            if number % PAGE == 0:
                yield Chunk(key, finds)
                finds = []
        yield Chunk(prefix + "\x7f\x7f", finds)
    yield Chunk("", [])


def _held(objects: Objects, version: Version, held: Callable[[Version, bytes], Any]) -> Any:
    try:
        return held(version, objects.read(version))
    except Gone:
        return None


def _folders(objects: Objects, prefix: str, cursor: str) -> Iterator[tuple[str, list[Version]]]:
    """Versions by the folder below the prefix."""
    for folder, found in groupby(objects.versions(prefix, cursor), lambda v: v.key[len(prefix) :].partition("/")[0]):
        yield folder, list(found)
