"""What rules make of the pool before places are given: excluded items leave, replaced ones change, scores are multiplied."""

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from shared.merchandising.matching import Matched
from shared.merchandising.plan import Rule
from shared.merchandising.steered import Effect, Entry, Outside
from shared.merchandising.values import MOST_FACTOR

LEAST_SCORE = 1e-9  # so that rules reorder what has no score, such as the list of last resort


class Moved(NamedTuple):
    """What the same boosts and buries make of an item's score; `limit` says so when they would multiply by more than they may."""

    factor: float
    effects: list[Effect]
    limit: str


class Pool:
    """The entries, and the items that rules may bring in from outside."""

    def __init__(self, rules: Matched, entries: Iterable[Entry], outside: Outside) -> None:
        self.rules = rules
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            self.entries.setdefault(entry.id, entry)
        self.outside = outside
        self.masks = {entry.id: rules.mask(entry.item) for entry in self.entries.values()}
        self.effects = {bit: Effect(rule.name, rule.action) for bit, rule in rules.rules(rules.active)}
        self.removed: dict[str, list[str]] = {}
        self.becomes_known: dict[str, str] = {}

    def mask(self, item: str) -> int:
        known = self.masks.get(item)
        if known is None:
            found = self.outside.items.get(item)
            known = self.masks[item] = self.rules.mask(found) if found else 0
        return known

    def entry(self, item: str) -> Entry:
        """Of the pool, or brought in; ask `refused` before."""
        return self.entries.get(item) or Entry(item, 0.0, self.outside.items[item])

    def refused(self, item: str) -> str:
        """Why the item must not be shown; "" when it may."""
        if item not in self.entries:
            reason = self.outside.refusal(item) or ("" if item in self.outside.items else "not_in_catalog")
            if reason:
                return reason
        out = self.mask(item) & self.rules.bits("exclude")
        return f"excluded by {next(self.rules.rules(out))[1].name}" if out else ""

    def ranked(self) -> list[Entry]:
        """The pool after exclusion and replacement, best first by the scores that boosts and buries leave."""
        kept = self._replaced(self._kept())
        moving = self.rules.bits("boost") | self.rules.bits("bury")
        return self._weighted(kept, moving) if moving else kept

    def becomes(self, item: str) -> str:
        """The item that is shown instead; itself when there is none, or when replacements lead back to it."""
        known = self.becomes_known.get(item)
        if known is not None:
            return known
        path = [item]
        while (step := self._step(path[-1])) and step[1].target not in path:
            path.append(step[1].target)
        last = path[-1]
        if step:  # round and round: who is on the way in circles stays, who leads to it becomes the first of it
            self.effects[step[0]].misses.setdefault(last, "replacements go round in a circle")
            last = step[1].target
        self.becomes_known[item] = last
        if last != item and (first := self._step(item)):
            self.effects[first[0]].items.append(item)
        return last

    def _kept(self) -> list[Entry]:
        out = self.rules.bits("exclude")
        if not out:
            return list(self.entries.values())
        kept = []
        for entry in self.entries.values():
            hit = self.masks[entry.id] & out
            if not hit:
                kept.append(entry)
                continue
            self.removed.setdefault("excluded_by_rule", []).append(entry.id)
            for bit, _ in self.rules.rules(hit):
                self.effects[bit].items.append(entry.id)
        return kept

    def _replaced(self, kept: list[Entry]) -> list[Entry]:
        """An item that stands in for several, or that is in the pool as well, has the best of the places."""
        if not self.rules.bits("replace"):
            return kept
        shown: dict[str, Entry] = {}
        for entry in kept:
            other = self.becomes(entry.id)
            if other != entry.id:
                self.removed.setdefault("replaced_by_rule", []).append(entry.id)
            shown.setdefault(other, entry if other == entry.id else self.entry(other)._replace(score=entry.score))
        return list(shown.values())

    def _step(self, item: str) -> tuple[int, Rule] | None:
        """The first rule that puts another item, which may be shown, in the place of this one."""
        for bit, rule in self.rules.rules(self.mask(item) & self.rules.bits("replace")):
            if rule.target == item:
                continue
            reason = self.refused(rule.target)
            if not reason:
                return bit, rule
            self.effects[bit].misses[item] = f"{rule.target}: {reason}"
        return None

    def _weighted(self, kept: list[Entry], moving: int) -> list[Entry]:
        """The order of the pool counts, not only its scores: a score above that of the entry before is taken as equal to it."""
        weighed: list[tuple[float, Entry]] = []
        moves: dict[int, Moved] = {}  # many items have the same rules
        level = float("inf")
        for entry in kept:
            level = min(level, max(entry.score, LEAST_SCORE))
            hit = self.mask(entry.id) & moving
            if not hit:
                weighed.append((level, entry))
                continue
            moved = moves.get(hit) or moves.setdefault(hit, self._moved(hit))
            for effect in moved.effects:
                effect.items.append(entry.id)
                if moved.limit:
                    effect.misses[entry.id] = moved.limit
            score = level * moved.factor
            weighed.append((score, Entry(entry.id, score, entry.item)))
        weighed.sort(key=itemgetter(0), reverse=True)
        return [entry for _, entry in weighed]

    def _moved(self, hit: int) -> Moved:
        """All that apply multiply, up to MOST_FACTOR either way."""
        factor, effects = 1.0, []
        for bit, rule in self.rules.rules(hit):
            effect = self.effects[bit]
            effect.factor = rule.by if rule.action == "boost" else 1.0 / rule.by
            factor *= effect.factor
            effects.append(effect)
        limited = min(max(factor, 1.0 / MOST_FACTOR), MOST_FACTOR)
        return Moved(limited, effects, f"rules together multiply by {limited:g} at most" if limited != factor else "")
