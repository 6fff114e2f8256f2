"""What lies in the lake line by line: gzip JSON Lines. DuckDB finds the objects worth a look; those are read line by line, exactly."""

import gzip
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from msgspec import MsgspecError, json

from shared.events import lake
from shared.privacy.objects import Gone, Objects, Version
from shared.privacy.person import Person, concerns, redacted
from shared.privacy.stores.base import Chunk, Find

MOST_BYTES = 256_000_000  # compressed, that lie on the disk at once
MOST_FILES = 400
READERS = 16
LONGEST = 4_000_000  # bytes of a line
ATTEMPTS = 8

# \x01 never stands in JSON as it is, so that a whole line is one column
LINES = f"""read_csv(?, columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', escape='', header=false, auto_detect=false,
  filename=true, compression='gzip', max_line_size={LONGEST}, strict_mode=false)"""
MATCHING = f"SELECT DISTINCT filename FROM {LINES} WHERE regexp_matches(line, ?)"  # noqa: S608 - no outside text in it


class Unreadable(Exception):
    """An object that cannot be searched. Erasing stops: nobody can say what it holds."""


class Cleaned(NamedTuple):
    """`taken` are the lines that went, `changed` counts lines of others that named the person."""

    body: bytes
    taken: list[bytes]
    changed: int


class Lines:
    """Objects of lines under a prefix, of which some are a person's."""

    name: str
    title: str
    prefix: str
    held: str  # what the lines are called in an export

    def __init__(self, objects: Objects) -> None:
        self.objects = objects

    def pattern(self, person: Person) -> str:
        """A regular expression that every line of the person fits."""
        raise NotImplementedError

    def clean(self, person: Person, body: bytes) -> Cleaned:
        raise NotImplementedError

    def find(self, person: Person, cursor: str = "") -> Iterator[Chunk]:
        for batch in batches(self.objects.versions(self.prefix, cursor)):
            finds = [
                find
                for version in suspects(self.objects, batch, self.pattern(person))
                if (find := self._find(person, version))
            ]
            yield Chunk(batch[-1].key, finds)
        yield Chunk("", [])

    def erase(self, person: Person, finds: list[Find]) -> None:
        for find in finds:
            version: Version = find.ref
            if not version.latest:
                self.objects.delete([version])
            else:
                self._rewrite(person, version)

    def _find(self, person: Person, version: Version) -> Find | None:
        try:
            cleaned = self.clean(person, unpacked(self.objects, version))
        except Gone:
            return None
        if not (cleaned.taken or cleaned.changed):
            return None
        held: dict[str, Any] = {self.held: [_decoded(line) for line in cleaned.taken]}
        if cleaned.changed:
            held["mentionsInEventsOfOthers"] = cleaned.changed
        return Find(version.place, held, version, len(cleaned.taken) + cleaned.changed)

    def _rewrite(self, person: Person, version: Version) -> None:
        for _ in range(ATTEMPTS):
            try:
                cleaned = self.clean(person, unpacked(self.objects, version))
            except Gone:
                return
            if not cleaned.body:
                self.objects.delete([version])
                return
            if self.objects.replace(version, lake.lines(cleaned.body.splitlines()), "application/gzip"):
                return
            latest = [v for v in self.objects.versions(version.key) if v.key == version.key and v.latest]
            if not latest or latest[0].marker:
                self.objects.delete([version])
                return
            version = latest[0]
        raise OSError(f"{version.key} is being written by somebody else all the time")


class Lake(Lines):
    name = "lake"
    title = "events in the lake"
    prefix = lake.PREFIX
    held = "events"

    def pattern(self, person: Person) -> str:
        return person.wide_pattern

    def clean(self, person: Person, body: bytes) -> Cleaned:
        return clean(person, body)


def clean(person: Person, body: bytes) -> Cleaned:
    """Lines without those of the person, and without mentions in those of others. Untouched lines stay byte for byte."""
    near = re.compile(person.wide_pattern.encode())
    kept: list[bytes] = []
    taken: list[bytes] = []
    changed = 0
    for line in body.splitlines():
        if not near.search(line):
            kept.append(line)
            continue
        try:
            event = json.decode(line)
        except MsgspecError:
            event = None
        if not isinstance(event, dict) or concerns(person, event):
            taken.append(line)
            continue
        without = redacted(person, event)
        changed += without != event
        kept.append(line if without == event else json.encode(without))
    return Cleaned(b"".join(line + b"\n" for line in kept), taken, changed)


def batches(versions: Iterable[Version]) -> Iterator[list[Version]]:
    """As many as fit on the disk; versions of one key stay together, so that a key can be the cursor."""
    batch: list[Version] = []
    size = 0
    for version in versions:
        full = size + version.size > MOST_BYTES or len(batch) >= MOST_FILES
        if batch and full and version.key != batch[-1].key:
            yield batch
            batch, size = [], 0
        batch.append(version)
        size += version.size
    if batch:
        yield batch


def suspects(objects: Objects, batch: list[Version], pattern: str) -> list[Version]:
    """The versions in which some line fits a regular expression."""
    with downloaded(objects, batch) as files, duckdb.connect() as db:
        if not files:
            return []
        try:
            found = db.execute(MATCHING, [list(files), pattern]).fetchall()
        except duckdb.Error as error:
            raise broken(objects, files, error) from error
        return sorted(files[path] for (path,) in found)


class downloaded:  # noqa: N801 - reads as a word: with downloaded(…) as files
    """Versions as files in a folder that goes away: path -> version. Those deleted meanwhile are left out."""

    def __init__(self, objects: Objects, batch: Iterable[Version]) -> None:
        self.objects = objects
        self.batch = [version for version in batch if not version.marker]
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> dict[str, Version]:
        with ThreadPoolExecutor(READERS) as pool:
            paths = list(pool.map(self._fetch, enumerate(self.batch)))
        return {path: version for path, version in zip(paths, self.batch, strict=True) if path}

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()

    def _fetch(self, numbered: tuple[int, Version]) -> str:
        number, version = numbered
        path = Path(self.folder.name, f"{number}.jsonl.gz")
        try:
            path.write_bytes(self.objects.read(version))
        except Gone:
            return ""
        return str(path)


def broken(objects: Objects, files: dict[str, Version], error: Exception) -> Exception:
    """Which object it was: DuckDB knows only the file."""
    for version in files.values():
        try:
            unpacked(objects, version)
        except (Unreadable, Gone) as found:
            return found
    return Unreadable(f"the lake cannot be searched: {error}")


def unpacked(objects: Objects, version: Version) -> bytes:
    try:
        return gzip.decompress(objects.read(version))
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"{version.key} is no gzip file ({error}); mend or delete it, then resume") from error


def _decoded(line: bytes) -> Any:
    try:
        return json.decode(line)
    except MsgspecError:
        return line.decode(errors="replace")
