"""One batch of the stream, from records to saved states."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Conflict, Unavailable
from shared.events import model
from shared.events.quarantine import Quarantine
from shared.identity.linker import Linker
from shared.profiles import consent, signals
from shared.profiles.batch import Entry, Group, Rank, entry, fold_group, groups, placed, rank_group
from shared.profiles.refusals import named, willing
from shared.profiles.state import State
from shared.profiles.store import ShoppersStore, Versioned
from shared.streams import Record

CONFLICTS = 8
WRITERS = 4
Saved = Callable[[dict[str, State]], None]


def read(records: Iterable[Record], quarantine: Quarantine) -> list[Entry]:
    """Records as entries. One that can never be read goes to quarantine, and the batch goes on."""
    entries = []
    for record in records:
        try:
            event = model.decode(record.data)
            entries.append(entry(record.sequence, record.partition_key, event, signals.read(event)))
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError) as error:
            quarantine.put(record, f"{type(error).__name__}: {error}")
    return entries


class Processor:
    """Folds batches. `linker` says whose devices they are, `rank` and `model_version` what to show; `saved` is told the written states."""

    def __init__(self, store: ShoppersStore, linker: Linker, rank: Rank, model_version: str, saved: Saved) -> None:
        self.store = store
        self.linker = linker
        self.rank = rank
        self.model_version = model_version
        self.saved = saved

    def process(self, entries: list[Entry]) -> int | None:
        """Fold and save. Returns the lowest sequence number that could not be saved, None when all were.

        Records after it may have been saved already: their watermarks make the second delivery harmless.
        """
        try:
            read = self.store.get_many({key for entry in entries for key in named(entry)})
            agreeing = willing(entries, {key: versioned.state for key, versioned in read.items()})
            standings = self.linker.observe([entry.seen for entry in agreeing])
            parts = groups(placed(entry, standing) for entry, standing in zip(agreeing, standings, strict=True))
            read |= self.store.get_many({key for group in parts for key in group.keys} - read.keys())
        except (ClientError, BotoCoreError, Unavailable, Conflict):
            return entries[0].sequence if entries else None
        with ThreadPoolExecutor(WRITERS) as pool:
            failed = [seq for seq in pool.map(lambda group: self._save(group, read), parts) if seq is not None]
        if failed:
            self.linker.forget()
        return min(failed, default=None)

    def _save(self, group: Group, read: dict[str, Versioned]) -> int | None:
        versions = {key: read[key] for key in group.keys}
        for _ in range(CONFLICTS):
            try:
                self._apply(group, versions)
                return None
            except Conflict:
                versions = self.store.get_many(group.keys)
            except (ClientError, BotoCoreError, Unavailable):
                break
        return group.first

    def _apply(self, group: Group, versions: dict[str, Versioned]) -> None:
        states = {key: versioned.state for key, versioned in versions.items()}
        received = fold_group(group, states)
        if not received:
            return
        rank_group(states, self.rank, self.model_version)
        known = {key: state for key, state in states.items() if versions[key].version or not consent.unknown(state)}
        self.store.save({key: Versioned(state, versions[key].version) for key, state in known.items()}, received)
        self.saved(known)
