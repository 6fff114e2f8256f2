"""An answer that two rankers made together, for who takes part in an interleaving."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from shared.catalog.model import Item, top_category
from shared.experiments.interleaving import BOTH, Limits, interleave
from shared.merchandising.places import group
from shared.recommend.picks import Reads
from shared.recommend.pipeline import Answer, Lookup, answer
from shared.recommend.request import Request
from shared.recommend.resolve import Side

PLACED = ("pin", "include")


def answered(request: Request, reads: Reads, lookup: Lookup, now: float, coin: Callable[[], bool]) -> Answer:
    """What `answer` gives, or where two variants are compared in one list, both of theirs by turns (see `interleave`)."""
    sides = reads.resolved.sides if reads.resolved else ()
    if not sides:
        return answer(request, reads, lookup, now)
    looked_up = _once(lookup)
    made = [_one(request, side, reads, looked_up, now) for side in sides]
    return draft(made[0], made[1], sides, coin)


def _one(request: Request, side: Side, reads: Reads, lookup: Lookup, now: float) -> Answer:
    mine = replace(side.request, shown=request.shown)
    resolved = reads.resolved and reads.resolved._replace(request=mine, rules=side.rules)
    return answer(mine, reads._replace(resolved=resolved), lookup, now)


def draft(a: Answer, b: Answer, sides: Sequence[Side], coin: Callable[[], bool]) -> Answer:
    """Rules put what both have in the same place there; caps are the wider ones of both, and of variants of an item one is shown."""
    items = a.items | b.items
    fixed = dict(_placed(a).items() & _placed(b).items())
    fits = Fits(items, sides, frozenset(fixed.values()))
    count = max(side.request.count for side in sides)
    made = interleave([p.item for p in a.picks], [p.item for p in b.picks], count, coin, Limits(fixed, fits))
    picks = {"a": {p.item: p for p in a.picks}, "b": {p.item: p for p in b.picks}}
    picks[BOTH] = picks["a"]
    shown = [picks[team][item] for item, team in zip(made.items, made.teams, strict=True)]
    removed = {
        cause: list(dict.fromkeys([*a.removed.get(cause, []), *b.removed.get(cause, [])]))
        for cause in a.removed | b.removed
    }
    return a._replace(
        picks=shown,
        items={item: items[item] for item in made.items},
        removed={
            cause: left for cause, names in removed.items() if (left := [n for n in names if n not in made.items])
        },
        effects=[*a.effects, *(effect for effect in b.effects if effect not in a.effects)],
        teams=made.teams,
    )


class Fits:
    """Whether an item may stand beside what was picked; what rules placed is counted from the start."""

    def __init__(self, items: Mapping[str, Item], sides: Sequence[Side], fixed: frozenset[str]) -> None:
        self.items = items
        self.fixed = fixed
        dials = [side.request.spec.dials for side in sides]
        self.brand_cap = _wider(one.brand_cap for one in dials)
        self.category_cap = _wider(one.category_cap for one in dials)

    def __call__(self, item: str, picks: Sequence[str]) -> bool:
        mine = self.items[item]
        there = [self.items[name] for name in {*picks, *self.fixed}]
        if any(group(other) == group(mine) for other in there):
            return False
        if self.brand_cap and mine.brand and sum(o.brand == mine.brand for o in there) >= self.brand_cap:
            return False
        top = top_category(mine)
        return not (self.category_cap and top) or sum(top_category(o) == top for o in there) < self.category_cap


def _wider(caps: Iterable[int]) -> int:
    """0 is no cap at all."""
    found = list(caps)
    return 0 if 0 in found else max(found)


def _placed(made: Answer) -> dict[int, str]:
    """Places that rules fill, from 1."""
    return {
        slot: item
        for one in made.effects
        if one.action in PLACED
        for slot, item in zip(one.slots, one.items, strict=True)
    }


def _once(lookup: Lookup) -> Lookup:
    """Both sides ask for nearly the same items."""
    known: dict[str, Item] = {}
    asked: set[str] = set()

    def look(ids: list[str]) -> dict[str, Item]:
        if missing := [name for name in ids if name not in asked]:
            asked.update(missing)
            known.update(lookup(missing))
        return {name: known[name] for name in ids if name in known}

    return look
