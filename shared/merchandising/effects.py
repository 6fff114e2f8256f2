"""Applies the rules that hold for a request to a scored pool.

Precedence: hard constraint > exclude > replace > pin > include > boost and bury > dials. Within an action the higher priority goes first,
then the name in alphabetical order.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from shared.merchandising.matching import Matched
from shared.merchandising.places import InOrder, Natural, Shelf
from shared.merchandising.pool import Pool
from shared.merchandising.steered import Effect, Entry, Outside, Steered

NOTHING = Outside()


def wanted(rules: Matched, pool: Collection[str] = ()) -> list[str]:
    """Ids of items that the rules may bring in and that the pool does not have, those that matter most first: read them before `apply`."""
    ids: dict[str, None] = {}
    for action in ("replace", "pin", "include"):
        for _, rule in rules.of(action):
            ids |= dict.fromkeys((rule.target,) if action == "replace" else rule.items)
    return [item for item in ids if item not in pool]


def apply(
    rules: Matched,
    pool: Iterable[Entry],
    count: int,
    outside: Outside = NOTHING,
    natural: Callable[[list[Entry]], Natural] = InOrder,
) -> Steered:
    """At most `count` of the pool's items and of those that rules bring in.

    The entries of `pool`, best first, may all be shown: hard constraints were applied to them. `outside` holds the items of `wanted`, to
    which they are applied here. `natural` makes of what boosts and buries leave what fills
    the places that no rule fills. Of variants one is shown, and none of those that are taken.
    """
    steering = Pool(rules, pool, outside)
    ranked = steering.ranked()
    shown = Shelf(steering, ranked, natural(ranked), count, outside.taken).filled()
    places = {entry.id: slot for slot, entry in enumerate(shown, 1)}
    effects = list(steering.effects.values())
    for effect in effects:
        _finish(effect, places)
    return Steered(shown, effects, steering.removed)


def _finish(effect: Effect, places: Mapping[str, int]) -> None:
    """Slots as they came out, where a shelf is shorter than it might be; and why there was no effect."""
    if effect.action in ("pin", "include"):
        effect.slots = [places[item] for item in effect.items]
    if not effect.items:
        effect.why = next(iter(effect.misses.values()), "") or NO_EFFECT[effect.action]


NO_EFFECT = dict.fromkeys(("boost", "bury", "exclude", "replace"), "nothing in the pool is what the rule is about") | {
    "pin": "there is nothing to pin",
    "include": "its items have their places without the rule, or there are none",
}
