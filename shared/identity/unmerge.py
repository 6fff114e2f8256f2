"""Taking a profile apart: which pairs of identifiers to cut so that two of them are in different profiles again."""

from dataclasses import replace

from shared.errors import NotFound
from shared.identity.apply import read
from shared.identity.graph import DEFAULT, Known, Pair, Settings, decide, pair
from shared.identity.linker import RETENTION
from shared.identity.record import Component, Cut, Entry
from shared.versioned import Versions


def taken_apart(known: Known, one: str, other: str, settings: Settings = DEFAULT) -> list[Pair]:
    """The cuts beside `known.cuts` that separate `one` from `other`; none when they were never near each other.

    Where a link names both, they were not seen together after all, so a device is not shared on that ground. Then the link that
    joined the two is undone, and the next that would join them, until none does.
    """
    direct = pair(one, other)
    named = any(one in link.identifiers and other in link.identifiers for link in known.present())
    fresh: list[Pair] = [direct] if named and direct not in known.cuts else []
    known = replace(known, cuts=known.cuts | frozenset(fresh))
    while (joining := _joining(known, one, other, settings)) is not None:
        before, names = _first(known, joining, settings), sorted(known.present())[joining].identifiers
        mine = before.get(one, {one})
        yours = before.get(other, {other})
        cut = {pair(a, b) for a in names if a in mine for b in names if b in yours}
        fresh += sorted(cut - known.cuts)
        known = replace(known, cuts=known.cuts | cut)
    return fresh


def _joining(known: Known, one: str, other: str, settings: Settings) -> int | None:
    """Position of the link that brings the two into one profile; None when none does."""

    def together(count: int) -> bool:
        return other in _first(known, count, settings).get(one, ())

    low, high = 0, len(known.links)
    if not together(high):
        return None
    while high - low > 1:  # apart after `low` links, together after `high`: profiles only grow along the replay
        middle = (low + high) // 2
        low, high = (low, middle) if together(middle) else (middle, high)
    return low


def _first(known: Known, count: int, settings: Settings) -> dict[str, set[str]]:
    """Members of the profile of each identifier after the first `count` links, with what is shared in the end."""
    shared = decide(known, settings).shared
    part = Known(tuple(sorted(known.present())[:count]), shared, known.cuts)
    profiles = [set(profile.joined) for profile in decide(part, settings).profiles]
    return {name: members for members in profiles for name in members}


def unmerge(store: Versions, names: Pair, reason: str, now: float, settings: Settings = DEFAULT) -> list[Component]:
    """Take two identifiers apart in the stored graph for good, and return the components that changed: two when a shared device was
    seen with the one and belongs to the other.

    Nothing is deleted: the links stay, and the cut is kept with its reason. Raises NotFound when the two were never seen near each
    other, Conflict when somebody else changed a component meanwhile.
    """
    draft = read(store, names)
    changed: dict[str, Component] = {}
    for home in sorted({draft.home(name) for name in names} - {""}):
        part = draft.components[home]
        for one, other in taken_apart(part.known(), *names, settings):
            part.cuts.append(Cut(one, other, now, reason))
            part.log.append(Entry(now, now, "cut", (one, other), reason))
            changed[home] = part
            for device, user in ((one, other), (other, one)):
                changed |= draft.forget(device, user)
    if not changed:
        raise NotFound(f"{names[0]} and {names[1]} are not in one profile, and were not seen together")
    changes = draft.changes()
    store.save(changes, dict.fromkeys(changes, int(now) + RETENTION))
    return list(changed.values())
