"""Who stands in which place: pins first, then what is to be included, then the best of the rest."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from math import floor
from typing import Protocol

from shared.catalog.model import Item
from shared.merchandising.plan import Rule
from shared.merchandising.pool import Pool
from shared.merchandising.steered import Effect, Entry


class Natural(Protocol):
    """What fills the places that no rule fills."""

    def take(self, slot: int, shown: list[Entry], where: Callable[[Entry], str]) -> Entry | None:
        """The entry for a place; `where` says why one cannot stand there, "" when it can."""
        ...


class InOrder:
    """The best of the rest."""

    def __init__(self, ranked: list[Entry]) -> None:
        self.ranked = iter(ranked)

    def take(self, slot: int, shown: list[Entry], where: Callable[[Entry], str]) -> Entry | None:  # noqa: ARG002
        return next((entry for entry in self.ranked if not where(entry)), None)


class Inclusion:
    """A rule that promotes items: `queue` has them in the order in which they get places, `about` says of one whether it is among them."""

    def __init__(self, rule: Rule, effect: Effect, queue: Iterable[Entry], about: Callable[[str], bool]) -> None:
        self.rule = rule
        self.effect = effect
        self.queue = iter(queue)
        self.about = about
        self.slots = frozenset(rule.slots)
        self.shown = 0  # of its items, whoever put them there

    def wants(self, slot: int) -> bool:
        """A share counts from the front: at each place, `share` of all places so far, rounded, so that it is spread evenly."""
        return slot in self.slots if self.slots else self.shown < floor(self.rule.share * slot + 0.5)


class Shelf:
    """`ranked` is what `Pool.ranked` gave; `taken` says of ids and of groups of variants where they are already."""

    def __init__(
        self, pool: Pool, ranked: list[Entry], natural: Natural, count: int, taken: Mapping[str, str] = {}
    ) -> None:
        self.pool = pool
        self.ranked = ranked
        self.natural = natural
        self.count = count
        self.pinned: dict[int, tuple[Entry, Effect]] = {}
        self.taken = dict(taken)
        self.shown: list[Entry] = []

    def filled(self) -> list[Entry]:
        for bit, rule in self.pool.rules.of("pin"):
            self._pin(rule, self.pool.effects[bit])
        inclusions = [self._inclusion(bit, rule) for bit, rule in self.pool.rules.of("include")]
        for slot in range(1, self.count + 1):
            entry = self._entry(slot, inclusions)
            if entry:
                self.shown.append(entry)
                for inclusion in inclusions:
                    inclusion.shown += inclusion.about(entry.id)
        return self.shown

    def _pin(self, rule: Rule, effect: Effect) -> None:
        for wanted, slot in zip(rule.items, rule.slots, strict=True):
            refused = self.pool.refused(wanted)
            item = wanted if refused else self.pool.becomes(wanted)
            reason = refused or self._occupied(item, slot)
            if reason:
                effect.misses[wanted] = reason
                continue
            entry = self.pool.entry(item)
            self.pinned[slot] = entry, effect
            self._take(entry, f"pinned to slot {slot} by {rule.name}")
            effect.items.append(item)

    def _occupied(self, item: str, slot: int) -> str:
        if slot > self.count:
            return f"the shelf has {self.count} places"
        if slot in self.pinned:
            return f"slot {slot} is taken by {self.pinned[slot][1].rule}"
        return self._where(self.pool.entry(item))

    @cached_property
    def by_rule(self) -> dict[int, list[Entry]]:
        """The entries that each rule of inclusion is about, best first: one way through the pool for all of them."""
        found: dict[int, list[Entry]] = {}
        including = self.pool.rules.bits("include")
        for entry in self.ranked:
            for bit, _ in self.pool.rules.rules(self.pool.mask(entry.id) & including):
                found.setdefault(bit, []).append(entry)
        return found

    def _inclusion(self, bit: int, rule: Rule) -> Inclusion:
        effect = self.pool.effects[bit]
        if not rule.items:
            return Inclusion(rule, effect, self.by_rule.get(bit, ()), lambda item: bool(self.pool.mask(item) & bit))
        queue: dict[str, Entry] = {}
        for wanted in rule.items:
            reason = self.pool.refused(wanted)
            if reason:
                effect.misses[wanted] = reason
            else:
                item = self.pool.becomes(wanted)
                queue.setdefault(item, self.pool.entry(item))
        return Inclusion(rule, effect, queue.values(), queue.__contains__)

    def _entry(self, slot: int, inclusions: list[Inclusion]) -> Entry | None:
        if slot in self.pinned:
            return self.pinned[slot][0]
        wanting = [inclusion for inclusion in inclusions if inclusion.wants(slot)]
        for place, inclusion in enumerate(wanting):
            entry = self._first(inclusion)
            if entry:
                self._take(entry, f"shown by {inclusion.rule.name}")
                inclusion.effect.items.append(entry.id)
                for other in wanting[place + 1 :]:
                    other.effect.misses[f"slot {slot}"] = f"taken by {inclusion.rule.name}"
                return entry
            inclusion.effect.misses.setdefault(f"slot {slot}", "no item is left that the rule is about")
        entry = self.natural.take(slot, self.shown, self._where)
        if entry:
            self._take(entry, "shown already")
        return entry

    def _first(self, inclusion: Inclusion) -> Entry | None:
        return next((entry for entry in inclusion.queue if not self._where(entry)), None)

    def _where(self, entry: Entry) -> str:
        """Why the item cannot stand here: it, or a variant of it, stands elsewhere; "" when neither does."""
        if entry.id in self.taken:
            return self.taken[entry.id]
        return "a variant is " + self.taken[group(entry.item)] if group(entry.item) in self.taken else ""

    def _take(self, entry: Entry, where: str) -> None:
        self.taken[entry.id] = where
        self.taken[group(entry.item)] = where


def group(item: Item) -> str:
    """Of the item's variants, apart from ids by a letter that no id begins with."""
    return f"\0{item.item_group_id or item.id}"
