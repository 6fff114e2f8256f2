"""States as the event log has them, for shoppers whom a changed graph took apart or put together."""

from collections.abc import Iterable

from shared.events.model import Event
from shared.identity.graph import Graph
from shared.identity.linker import Standing
from shared.identity.links import Seen
from shared.profiles import signals
from shared.profiles.batch import Entry, entry, fold_group, groups, placed
from shared.profiles.merge import merged_watermarks
from shared.profiles.state import State


def rebuilt(events: Iterable[Event], graph: Graph, live: dict[str, State]) -> dict[str, State]:
    """What the events make of the shoppers `live` has, in the order they arrived, with devices standing as `graph` says.

    Keys of the result are those of `live` and whatever else the events belong to. Every state carries the watermarks of all live
    ones: an event that is delivered again after the rebuilding is known, wherever it belongs now.
    """
    inside = set(live)
    told: set[tuple[str, ...]] = set()
    entries = [_entry(place, event, graph, told) for place, event in enumerate(sorted(events, key=_arrival))]
    states: dict[str, State] = {}
    for group in groups(one for one in entries if one.shopper in inside):
        mine = {key: states.setdefault(key, State()) for key in group.keys}
        fold_group(group, mine)
        states.update(mine)
    marks: dict[str, str] = {}
    for state in live.values():
        marks = merged_watermarks(marks, state.watermarks)
    for key in {*states, *live}:
        state = states.setdefault(key, State())
        state.watermarks = marks
        state.shared = f"anonymous:{key[2:]}" in graph.shared
        state.preferences = live[key].preferences if key in live else []  # no event: they stay where they are
    return states


def not_yet_archived(events: Iterable[Event], live: dict[str, State]) -> int:
    """How many events the live states know of that are not among `events`: while there are any, the log is behind."""
    known = {entry(0, "", event, signals.read(event)).message_id for event in events}
    return len({number for state in live.values() for number in state.message_ids} - known)


def _entry(place: int, event: Event, graph: Graph, told: set[tuple[str, ...]]) -> Entry:
    """`told` are the links that earlier events showed: only the first brings the shopper's other devices along, as it does live."""
    made = entry(place + 1, event.anonymous_id or event.user_id or event.message_id, event, signals.read(event))
    standing = _standing(made.seen, graph)
    if made.seen.link.identifiers in told:
        standing = standing._replace(gained=())
    told.add(made.seen.link.identifiers)
    return placed(made, standing)


def _standing(seen: Seen, graph: Graph) -> Standing:
    profile = graph.profile_of(seen.user) if seen.user else None
    members = profile.joined if profile else {}
    others = sorted(
        name
        for name, joined in members.items()
        if name.startswith("anonymous:") and name != seen.device and joined <= seen.link.at
    )
    return Standing(seen.device in members, seen.device in graph.shared, tuple(others))


def _arrival(event: Event) -> tuple[float, str]:
    return event.received_at.timestamp(), event.message_id
