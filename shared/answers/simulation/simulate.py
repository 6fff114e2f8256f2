"""What a draft would have shown instead, from the log of answers: places changed, who loses exposure, what it brings, what each rule costs.

Expected clicks and revenue are sums over places of what a place is worth (`shared.answers.simulation.worth`), so that the doubt about a
difference is that of a sum, and small where both plans show nearly the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from shared.answers.model import Answered
from shared.answers.recreate import Ready, ready, recreated
from shared.answers.simulation.worth import SEED, Floats, Worth
from shared.catalog.model import Item, top_category
from shared.recommend.loaded import Loaded
from shared.recommend.pipeline import Answer

STARVED = 0.5  # a category that keeps less than this share of its exposure
SEEN = 0.005  # … of those with at least this share of all


class Estimate(NamedTuple):
    """What one plan brings more than another, for all answers together, with a 95 % interval."""

    mean: float
    low: float
    high: float


class Brings(NamedTuple):
    clicks: Estimate
    revenue: Estimate


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


class Gain:
    """What one plan brings more than another: by row of the worth (see `Worth`), and its spread over answers."""

    def __init__(self, worth: Worth) -> None:
        self.worth = worth
        self.answers = 0
        self.moved: Counter[tuple[str, int]] = Counter()  # (item, place) -> how often more
        self.items: dict[str, Item] = {}
        self.clicks: list[float] = []
        self.revenue: list[float] = []

    def add(self, shown: Sequence[Item], instead: Sequence[Item]) -> None:
        """`shown` by the one plan, `instead` by the other."""
        if [item.id for item in shown] == [item.id for item in instead]:
            return
        self.answers += 1
        for items, sign in ((shown, 1), (instead, -1)):
            for place, item in enumerate(items):
                self.items[item.id] = item
                self.moved[item.id, place] += sign
        ours, theirs = expected(self.worth, shown), expected(self.worth, instead)
        self.clicks.append(ours[0] - theirs[0])
        self.revenue.append(ours[1] - theirs[1])

    def brings(self) -> Brings:
        rows = len(self.worth.buys)
        clicks, revenue = np.zeros(rows), np.zeros(rows)
        for (name, place), times in self.moved.items():
            if times:
                item = self.items[name]
                chance = times * self.worth.clicks(item, place)
                clicks += chance
                revenue += chance * price(item)
        return Brings(_estimate(clicks, self.clicks), _estimate(revenue * self.worth.buys, self.revenue))


def expected(worth: Worth, shown: Iterable[Item]) -> tuple[float, float]:
    """Clicks on an answer, and the revenue that comes of them."""
    clicks = revenue = 0.0
    for place, item in enumerate(shown):
        chance = float(worth.look[0, min(place, worth.look.shape[1] - 1)] * worth.appeal[0, worth.column(item)])
        clicks += chance
        revenue += chance * float(worth.buys[0]) * price(item)
    return clicks, revenue


def price(item: Item) -> float:
    found = item.sale_price or item.price
    return found.amount if found else 0.0


def simulate(
    answers: Iterable[Answered], plan: Loaded, draft: Loaded, items: Mapping[str, Item], worth: Worth
) -> Simulated:
    """`plan` is the one in force. `items` are the catalog's."""
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
    )


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


def _estimate(rows: Floats, by_answer: Sequence[float]) -> Estimate:
    """The interval is of what the worth might be and of which answers are asked for next time, as many of them."""
    spread = float(np.std(by_answer) * len(by_answer) ** 0.5) if by_answer else 0.0
    drawn = rows[1:] + np.random.default_rng(SEED).normal(0.0, 1.0, len(rows) - 1) * spread
    mean = float(rows[0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(mean, min(float(low), mean), max(float(high), mean))
