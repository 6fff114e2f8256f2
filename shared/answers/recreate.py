"""An answer made again from what the log kept of it: by the plan it was made with, which must come to the same, or by another one.

What was looked at and what was known of the shopper are the log's; the catalog is as it is now. What the sources offered is taken as it
was: of a plan that changes sources, `shared.answers.sources` asks them again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from msgspec import convert

from shared.answers.model import Answered, Question
from shared.catalog.model import Item
from shared.experiments.model import MIXED
from shared.expressions.facts import ShopperFacts
from shared.expressions.parse import parse
from shared.merchandising.effects import wanted
from shared.profiles.state import State
from shared.recommend import reasons
from shared.recommend.facts import context_facts
from shared.recommend.loaded import Loaded, Part
from shared.recommend.picks import CONTEXT_ITEMS, Pick, Reads, page_items
from shared.recommend.pipeline import MOST_WANTED, Answer, Filling, answer
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import ABOUT_ITEMS, Filter, Request
from shared.recommend.resolve import Resolved, Side, side, strategy_of

BARRED = "barred"


class Ready(NamedTuple):
    """An answer of the log and a plan, brought together."""

    answered: Answered
    resolved: Resolved
    reads: Reads
    anew: bool = False  # made of what `reads` offers, not of what was looked at then

    @property
    def items(self) -> list[str]:
        """All whose catalog entries making it again needs."""
        named = [item for item, _ in self.answered.pool]
        page = page_items(self.resolved.request)[-CONTEXT_ITEMS:]
        return list(dict.fromkeys([*named, *self.answered.waiting, *page, *wanted(self.resolved.rules)[:MOST_WANTED]]))


def ready(answered: Answered, loaded: Loaded) -> Ready:
    """Raises KeyError when the plan does not have the placement."""
    request = asked(answered)
    facts = _facts(answered.known.facts, loaded)
    context = context_facts(request, loaded.plan, answered.time)
    strategy = strategy_of(request, facts, context, loaded)
    matched = loaded.matcher.match(facts, context, answered.time)
    made: Side = side(request, strategy, _took(answered), matched, loaded)
    name, covers = strategy.name if strategy else "", answered.known.covers
    resolved = Resolved(made.request, facts, context, made.rules, loaded.version, name).covering(covers)
    return Ready(answered, resolved, Reads(_state(answered), resolved=resolved, covers=covers))


def recreated(one: Ready, items: Mapping[str, Item]) -> Answer:
    """`items` of the catalog, at least those of `one.items` that are still there."""
    answered, request = one.answered, one.resolved.request
    if one.anew:
        request = replace(request, exclude=request.exclude | frozenset(answered.barred))
        return answer(
            request, one.reads, lambda ids: {name: items[name] for name in ids if name in items}, answered.time
        )
    filling = Filling(request, one.reads, answered.time, dict.fromkeys(answered.barred, BARRED))
    filling.waiting = (
        [Pick(item, 0.0, reasons.NEW, "", "lists") for item in answered.waiting] if request.spec.newcomers else []
    )
    filling.picks |= {pick.item: pick for pick in filling.waiting}
    filling.found = dict(items)
    why = {shown.item: shown for shown in answered.why}
    barred = frozenset(answered.barred)
    filling.add((_pick(item, value, why), value) for item, value in answered.pool if item not in barred)
    return filling.answer(filling.filled(page_items(request)[-CONTEXT_ITEMS:]))


def asked(answered: Answered) -> Request:
    """As the function understood it, but for whose it was."""
    said = answered.question
    return Request(
        placement=answered.placement,
        count=said.count,
        counted=said.counted,
        items=tuple(said.items),
        cart=tuple(said.cart),
        exclude=frozenset(said.exclude),
        filter=_filter(said),
        country=said.country,
        device=said.device,
        query=said.query,
        page=said.page,
        changed=PLACEMENTS.get(answered.placement),
    )


def _filter(said: Question) -> Filter:
    return Filter(
        frozenset(said.categories),
        frozenset(said.brands),
        said.price_min,
        said.price_max if said.price_max is not None else float("inf"),
        said.allow_purchased,
        parse(said.where, "where", ABOUT_ITEMS) if said.where else None,
    )


def _took(answered: Answered) -> Iterable[Part]:
    if answered.arm:
        yield ("bandit", answered.bandit, answered.arm)
    for experiment, variant in answered.assigned:
        if variant != MIXED:
            yield ("experiment", experiment, variant)


def _facts(kept: Mapping[str, Any], loaded: Loaded) -> ShopperFacts:
    """Segments of the shop's own are those of the plan."""
    facts = convert(kept, ShopperFacts)
    own = {name.casefold() for name in loaded.matcher.named}
    ready_made = (name for name in facts.segments if name not in own)
    held = map(str.casefold, loaded.matcher.segments(facts))
    return replace(facts, segments=frozenset((*ready_made, *held)))


def _state(answered: Answered) -> State:
    known = answered.known
    facts = known.facts
    return State(
        traits=_traits(facts),
        categories=known.categories,
        brands=known.brands,
        price_log_mean=known.price_log_mean,
        price_weight=known.price_weight,
        shown=known.shown,
    )


def _traits(facts: Mapping[str, Any]) -> dict[str, str]:
    made = {name: str(facts[name]) for name in ("age", "gender", "device") if name in facts}
    return {**made, "country": str(facts["country"]).upper()} if "country" in facts else made


def _pick(item: str, value: float, why: Mapping[str, Any]) -> Pick:
    shown = why.get(item)
    return (
        Pick(item, shown.score, shown.reason, shown.because, shown.tier) if shown else Pick(item, value, "", "", "log")
    )
