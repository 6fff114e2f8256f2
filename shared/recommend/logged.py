"""What the log of answers keeps of an answer."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from shared.answers.model import Answered, Known, Own, Question, Shown, unit_of
from shared.expressions.facts import ShopperFacts
from shared.profiles.state import Candidate
from shared.recommend.picks import Pick, Reads
from shared.recommend.pipeline import Answer
from shared.recommend.render import FALLBACKS
from shared.recommend.request import Request
from shared.recommend.rerank import Rerank, Reranked

AFFINITIES = 10
MOST_OWN, MOST_RECENT = 40, 12
MOST_BARRED = 100
MOST_RERANKED = 100  # places of a list put in order that anybody looks at
FACTS = tuple(field.name for field in fields(ShopperFacts))


def answered(recommendation_id: str, made: Answer, request: Request, reads: Reads, version: str) -> Answered:
    """`version` is that of the model. The unit is kept of who takes part in an experiment alone."""
    told = _recipe(recommendation_id, made.at, request, reads)
    told.model = version
    told.shown = [pick.item for pick in made.picks]
    told.why = [_shown(pick) for pick in made.picks]
    told.teams = made.teams
    told.bundles = [[item.id for item in one.items] for one in made.bundles]
    told.fallback = made.tier in FALLBACKS
    told.known.shown = _of(reads.state.shown, made.offered)
    told.known.covers = _of(reads.covers, made.offered)
    told.pool = [(item, float(f"{value:.6g}")) for item, value in made.offered]
    told.waiting = made.waiting
    told.barred = list(made.barred)[:MOST_BARRED]
    told.own = own(reads)
    return told


def reranked(recommendation_id: str, made: Reranked, asked: Rerank, reads: Reads, now: float) -> Answered:
    told = _recipe(recommendation_id, now, asked.request, reads)
    told.model = reads.state.model_version
    told.shown = [asked.items[place] for place in made.order[:MOST_RERANKED]]
    return told


def _recipe(recommendation_id: str, now: float, request: Request, reads: Reads) -> Answered:
    told = Answered(recommendation_id, now, request.placement, question=question(request), known=known(reads))
    resolved = reads.resolved
    if resolved:
        told.plan, told.strategy, told.propensity = resolved.version, resolved.strategy, resolved.propensity
        told.assigned = [(one.experiment.name, one.variant.name) for one in resolved.assigned]
        told.unit = unit_of(resolved.unit) if resolved.assigned else ""
        if drawn := resolved.drawn:
            told.bandit, told.arm, told.segment = drawn.bandit.name, drawn.arm.name, drawn.segment
    return told


def question(request: Request) -> Question:
    wanted = request.filter
    return Question(
        count=request.count,
        counted=request.counted,
        items=list(request.items),
        cart=list(request.cart),
        exclude=sorted(request.exclude),
        categories=sorted(wanted.categories),
        brands=sorted(wanted.brands),
        price_min=wanted.price_min,
        price_max=wanted.price_max if wanted.price_max < float("inf") else None,
        where=str(wanted.where) if wanted.where else "",
        allow_purchased=wanted.allow_purchased,
        country=request.country,
        device=request.device,
        query=request.query,
        page=request.page,
    )


def known(reads: Reads) -> Known:
    state, resolved = reads.state, reads.resolved
    return Known(
        facts=_facts(resolved.shopper) if resolved else {},
        categories=_strongest(state.categories),
        brands=_strongest(state.brands),
        price_log_mean=state.price_log_mean,
        price_weight=state.price_weight,
    )


def own(reads: Reads) -> Own:
    state = reads.state
    recent = [touch.item for touch in state.recent[-MOST_RECENT:]]
    return Own(_shares(state.candidates), _shares(state.again), recent, reads.contextual)


def _shares(candidates: list[Candidate]) -> list[tuple[str, float]]:
    top = candidates[0].score if candidates else 0.0
    return [(one.item, round(one.score / top, 4)) for one in candidates[:MOST_OWN]] if top > 0 else []


def _facts(shopper: ShopperFacts) -> dict[str, Any]:
    """Those that are known, as JSON has them."""
    made: dict[str, Any] = {}
    for name in FACTS:
        value = getattr(shopper, name)
        if value is None or (not value and not isinstance(value, bool | float)):
            continue
        made[name] = value if isinstance(value, str | bool | float) else sorted(value)
    return made


def _of(values: Mapping[str, float], offered: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {item: values[item] for item, _ in offered if item in values} if values else {}


def _strongest(affinities: dict[str, float]) -> dict[str, float]:
    best = sorted(affinities, key=lambda name: -affinities[name])[:AFFINITIES]
    return {name: round(affinities[name], 4) for name in best}


def _shown(pick: Pick) -> Shown:
    return Shown(pick.item, round(pick.score, 4), pick.reason, pick.because, pick.tier)
