"""What rules are applied to, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.catalog.model import Item
from shared.merchandising.plan import Action


class Entry(NamedTuple):
    """An item that may be shown, with its score. One that a rule brought in has none: 0."""

    id: str
    score: float
    item: Item


@dataclass(slots=True)
class Effect:
    """What one rule did to one answer.

    `items`: those it moved, in order: pinned and included ones with the `slots` they were shown in, boosted and buried ones of the pool
    with `factor`, excluded and replaced ones. `misses`: item id or `slot <n>` -> why the rule had no effect there. `why`: the reason when
    it had none at all.
    """

    rule: str
    action: Action
    items: list[str] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    factor: float = 1.0
    misses: dict[str, str] = field(default_factory=dict)
    why: str = ""


class Outside(NamedTuple):
    """What rules may bring in: `items` by id as far as they exist, and which hard constraint one of them breaks ("" for none).
    `taken`: groups of variants (`shared.merchandising.places.group`) that are on the page already -> where."""

    items: Mapping[str, Item] = {}
    refusal: Callable[[str], str] = lambda item: ""
    taken: Mapping[str, str] = {}


class Steered(NamedTuple):
    """`shown`: at most as many as there are places, best first. `effects`: one of each rule that holds for the request,
    by priority and name. `removed`: `excluded_by_rule` and `replaced_by_rule` -> item ids."""

    shown: list[Entry]
    effects: list[Effect]
    removed: dict[str, list[str]]
