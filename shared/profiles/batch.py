"""A batch of stream records as groups of shoppers that must be saved together, each folded on its own.

Idempotent: a record whose sequence number is not above the watermark of its partition key was folded in before, and a message
id seen before is the same event sent twice. So a batch may be delivered again, whole or in part, and changes nothing.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import NamedTuple

from shared.consent.choices import refused
from shared.events.model import Event
from shared.identity.linker import Standing
from shared.identity.links import NOTHING, Seen, seen
from shared.profiles import consent
from shared.profiles.fold import SESSION_GAP, fold
from shared.profiles.merge import left_over, merge, moved
from shared.profiles.signals import Signal
from shared.profiles.state import MESSAGE_IDS, WATERMARKS, Candidate, State
from shared.together import together

Rank = Callable[[State, float], tuple[list[Candidate], list[Candidate]]]


class Entry(NamedTuple):
    """One record, read: everything that can fail has been done.

    `device` is the key of the device whose history joins the shopper's with this entry, "" for none; only what it did in the same
    session when it is `shared`. `gained` are keys of further devices found to be the shopper's. `former` are pairs of keys: of a state
    under a name hashed with the former identity key, and under its present name. A `withheld` entry is of who refused: it counts nowhere.
    """

    sequence: int
    partition_key: str
    shopper: str
    user_id: str
    message_id: int
    received: float  # epoch seconds
    signal: Signal
    seen: Seen
    device: str = ""
    shared: bool = False
    gained: tuple[str, ...] = ()
    former: tuple[tuple[str, str], ...] = ()
    withheld: bool = False


class Group(NamedTuple):
    """Entries of shoppers that meet in this batch, in stream order, and the keys of their states."""

    keys: tuple[str, ...]
    entries: list[Entry]

    @property
    def first(self) -> int:
        return self.entries[0].sequence


def entry(sequence: int, partition_key: str, event: Event, signal: Signal) -> Entry:
    refusal = signal.choice is not None and not signal.choice.personalization  # a no links nobody
    received = event.received_at.timestamp()
    digest = blake2b(event.message_id.encode(), digest_size=8).digest()
    return Entry(
        sequence=sequence,
        partition_key=partition_key,
        shopper=shopper(event),
        user_id=event.user_id,
        message_id=int.from_bytes(digest, "big") >> 1,
        received=received,
        signal=signal,
        seen=NOTHING if refusal else seen(event)._replace(arrived=(received, f"{sequence:056d}")),
        former=_former(event),
    )


def _former(event: Event) -> tuple[tuple[str, str], ...]:
    """A claimed user id carries nothing along: it leads to no state."""
    names = {"user": event.user_id if event.verified else "", "anonymous": event.anonymous_id}
    return tuple(
        (old, new)
        for kind, name in names.items()
        if name and (was := event.previous_identifiers.get(kind))
        for old, new in [(state_key(f"{kind}:{was}"), state_key(f"{kind}:{name}"))]
        if old != new
    )


def shopper(event: Event) -> str:
    """Key of the state the event belongs to: `u#…` with a verified user id, else `a#…`, or "" for an event of nobody."""
    if event.verified and event.user_id:
        return f"u#{event.user_id}"
    return f"a#{event.anonymous_id}" if event.anonymous_id else ""


def placed(entry: Entry, standing: Standing) -> Entry:
    """The entry with what the identity graph says of its device."""
    if not (entry.seen.device and (standing.joined or standing.shared)):
        return entry
    return entry._replace(
        device=state_key(entry.seen.device), shared=standing.shared, gained=tuple(map(state_key, standing.gained))
    )


def state_key(name: str) -> str:
    """Of the state kept under an identifier of the graph; "" for those without one, such as e-mail addresses."""
    kind, _, value = name.partition(":")
    return {"user": f"u#{value}", "anonymous": f"a#{value}"}.get(kind, "")


def groups(entries: Iterable[Entry]) -> list[Group]:
    """Entries of nobody are left out. Two shoppers are in one group when an entry links them."""
    parts = together((e for e in entries if e.shopper), _keys)
    return [Group(tuple(sorted({key for e in part for key in _keys(e)})), part) for part in parts]


def _keys(e: Entry) -> list[str]:
    return [*_joining(e), *(key for pair in e.former for key in pair)]


def _joining(e: Entry) -> list[str]:
    return [e.shopper, *([e.device] if e.device else []), *e.gained]


def fold_group(group: Group, states: dict[str, State]) -> float:
    """Fold the group's entries into `states` (changed in place; every key of the group is present).

    Returns when the latest folded entry was received (epoch seconds), 0.0 when all had been folded in before.
    """
    received = 0.0
    for e in group.entries:
        carry(e, states)
        state = states[e.shopper]
        if folded_before(state, e) or _untold(state, e):
            continue
        received = max(received, e.received)
        if not _agreed(e, states) or e.withheld:
            _mark(state, e)
            continue
        for key in _joining(e)[1:]:
            if not refused(states[key].choices):
                states[key] = _joined(state, states[key], e, shared=e.shared and key == e.device)
                _mark(states[key], e)
        if state.shared and e.signal.at - state.session.last > SESSION_GAP:
            state = states[e.shopper] = left_over(state)
        repeated = e.message_id in state.message_ids
        _mark(state, e)
        if not repeated:
            fold(state, e.signal)
            state.message_ids = [*state.message_ids, e.message_id][-MESSAGE_IDS:]
    return received


def carry(e: Entry, states: dict[str, State]) -> None:
    """Give what is kept under former names to the present ones, choices of consent first of all. What stays there only recognises
    records, so carrying again adds nothing."""
    for old, new in e.former:
        if consent.unknown(states[old]) and not states[old].preferences:
            continue
        states[new], states[old] = moved(states[new], states[old])


def _joined(user: State, device: State, e: Entry, *, shared: bool) -> State:
    """What stays on the device. Of a shared one, only what was done in the session of the log-in is the user's; the rest was
    somebody's whom nobody knows."""
    device.shared = shared or device.shared
    if device.shared and e.signal.at - device.session.last > SESSION_GAP:
        return left_over(device)
    return merge(user, device, e.user_id)


def _agreed(e: Entry, states: dict[str, State]) -> bool:
    """Whether the event may count for the shopper, and for the device it came from; both hear what it says."""
    heard = [consent.hear(states[key], e.signal.choice) for key in dict.fromkeys((e.shopper, e.device)) if key]
    return all(heard) and not consent.forgotten(states[e.shopper], e.signal.at)


def rank_group(states: dict[str, State], rank: Rank, model_version: str) -> None:
    """Compute what to show each shopper of a folded group, as of the shopper's latest event. Of who dealt with no item yet a model
    knows nothing that the live popular lists do not know better."""
    for state in states.values():
        known = state.recent or state.purchases
        state.candidates, state.again = rank(state, state.session.last) if known else ([], [])
        state.model_version = model_version if known else ""


def _untold(state: State, e: Entry) -> bool:
    """Whether not even a mark may be stored: it would be the first that is known of somebody."""
    return consent.says_nothing(state, e.signal.choice) or (e.withheld and consent.unknown(state))


def folded_before(state: State, e: Entry) -> bool:
    return int(state.watermarks.get(e.partition_key, "0")) >= e.sequence


def _mark(state: State, e: Entry) -> None:
    marks = {k: v for k, v in state.watermarks.items() if k != e.partition_key}
    state.watermarks = {**marks, e.partition_key: str(e.sequence)}
    if len(state.watermarks) > WATERMARKS:
        oldest = min(state.watermarks, key=lambda key: int(state.watermarks[key]))
        del state.watermarks[oldest]
