"""What a draft would have shown instead, from the log of answers: places changed, who loses exposure, what it brings, what each rule costs.

Expected clicks and revenue are sums over places of what a place is worth (`shared.answers.simulation.worth`), so that the doubt about a
difference is that of a sum, and small where both plans show nearly the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.answers.model import Answered
from shared.answers.recreate import Ready, ready, recreated
from shared.answers.simulation.gain import Brings, Gain, expected
from shared.answers.simulation.worth import Worth
from shared.answers.sources import shaping
from shared.catalog.model import Item, top_category
from shared.recommend.loaded import Loaded
from shared.recommend.pipeline import Answer

STARVED = 0.5  # a category that keeps less than this share of its exposure
SEEN = 0.005  # … of those with at least this share of all


class RulePrice(NamedTuple):
    """What the draft brings with the rule more than without; below zero it costs. `answers`: in how many it changes what is shown."""

    rule: str
    action: str
    answers: int
    brings: Brings


class Starved(NamedTuple):
    category: str
    before: float  # share of all looks
    after: float


class Anew(NamedTuple):
    """Of `answers` the sources were asked again, because the draft asks others or weighs them otherwise. By the plan in force the
    candidates of the log come to `items` on all shelves together; what sources offer when they are asked again to `same` of them."""

    answers: int = 0
    items: int = 0
    same: int = 0


class Shop(NamedTuple):
    """`items` are the catalog's; `again` asks the sources of an answer again (see `shared.answers.sources`)."""

    items: Mapping[str, Item]
    worth: Worth
    again: Callable[[Ready], Ready]


class Simulated(NamedTuple):
    """`skipped`: why an answer was left out -> how many. `short`: places that stay empty, as the log knows no further candidates."""

    answers: int
    skipped: dict[str, int]
    changed: int
    places: int
    changed_places: int
    short: int
    clicks: float  # expected of what the plan in force shows
    revenue: float
    brings: Brings
    starved: list[Starved]
    rules: list[RulePrice]
    anew: Anew


def simulate(answers: Iterable[Answered], plan: Loaded, draft: Loaded, shop: Shop) -> Simulated:
    """`plan` is the one in force."""
    items, worth = shop.items, shop.worth
    anew = Anew()
    gain = Gain(worth)
    by_rule: dict[str, Gain] = {}
    looks: tuple[dict[str, float], dict[str, float]] = {}, {}
    skipped: Counter[str] = Counter()
    seen = places = changed_places = short = 0
    clicks = revenue = 0.0
    for answered in sorted(answers, key=lambda one: one.time):
        made = _both(answered, plan, draft, skipped)
        if made is None:
            continue
        if shaping(made[0].resolved.request) != shaping(made[1].resolved.request):
            if answered.own is None:
                skipped["the draft asks other sources, and the log did not keep yet what they are asked by"] += 1
                continue
            of_log, made = made[0], (shop.again(made[0]), shop.again(made[1]))
            anew = _compared(anew, recreated(of_log, items), recreated(made[0], items))
        seen += 1
        drafted = recreated(made[1], items)
        before, after = _shown(recreated(made[0], items)), _shown(drafted)
        places += len(before)
        changed_places += sum(a.id != b.id for a, b in zip(before, after, strict=False)) + abs(len(before) - len(after))
        short += max(len(before) - len(after), 0)
        gain.add(after, before)
        told = expected(worth, before)
        clicks, revenue = clicks + told[0], revenue + told[1]
        _count(looks, (before, after), worth)
        for effect in drafted.effects:
            one = by_rule.setdefault(effect.rule, Gain(worth))
            if effect.items:
                one.add(after, _shown(recreated(without(made[1], effect.rule), items)))
    rules = [RulePrice(name, _action(draft, name), one.answers, one.brings()) for name, one in sorted(by_rule.items())]
    return Simulated(
        seen,
        dict(skipped),
        gain.answers,
        places,
        changed_places,
        short,
        clicks,
        revenue,
        gain.brings(),
        starved(*looks),
        rules,
        anew,
    )


def _compared(anew: Anew, of_log: Answer, again: Answer) -> Anew:
    then, now = {pick.item for pick in of_log.picks}, {pick.item for pick in again.picks}
    return Anew(anew.answers + 1, anew.items + len(then), anew.same + len(then & now))


def _both(answered: Answered, plan: Loaded, draft: Loaded, skipped: Counter[str]) -> tuple[Ready, Ready] | None:
    if not answered.pool:
        skipped["nothing was kept of what it was made of"] += 1
        return None
    try:
        return ready(answered, plan), ready(answered, draft)
    except KeyError:
        skipped[f"the plan or the draft has no placement {answered.placement}"] += 1
        return None


def without(one: Ready, rule: str) -> Ready:
    """The same, the rule being switched off."""
    resolved = one.resolved
    bit = next(1 << place for place, other in enumerate(resolved.rules.matcher.plan.rules) if other.name == rule)
    rules = resolved.rules._replace(active=resolved.rules.active & ~bit)
    return one._replace(reads=one.reads._replace(resolved=resolved._replace(rules=rules)))


def _shown(made: Answer) -> list[Item]:
    return [made.items[pick.item] for pick in made.picks]


def _action(loaded: Loaded, name: str) -> str:
    return next(rule.action for rule in loaded.plan.rules if rule.name == name)


def _count(looks: Sequence[dict[str, float]], shown: Sequence[list[Item]], worth: Worth) -> None:
    for counted, items in zip(looks, shown, strict=True):
        for place, item in enumerate(items):
            top = top_category(item)
            counted[top] = counted.get(top, 0.0) + float(worth.look[0, min(place, worth.look.shape[1] - 1)])


def starved(before: Mapping[str, float], after: Mapping[str, float]) -> list[Starved]:
    """Categories that lose most of their exposure, the largest loss first."""
    all_before, all_after = sum(before.values()) or 1.0, sum(after.values()) or 1.0
    shares = [
        Starved(name, looks / all_before, after.get(name, 0.0) / all_after) for name, looks in before.items() if name
    ]
    lost = [one for one in shares if one.before >= SEEN and one.after < STARVED * one.before]
    return sorted(lost, key=lambda one: one.after - one.before)
