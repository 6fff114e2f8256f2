"""Why an answer is as it is: for the shop's people, in one object."""

from collections.abc import Callable
from typing import Any

from shared.catalog.model import Item
from shared.merchandising.places import group
from shared.merchandising.steered import Effect
from shared.preferences.matching import Wished
from shared.preferences.wishes import FAVOURITE
from shared.recommend.constraints import Constraints
from shared.recommend.dials import FAVOURITE as FACTOR
from shared.recommend.dials import OFF
from shared.recommend.offers import offered
from shared.recommend.picks import CONTEXT_ITEMS, Reads, page_items
from shared.recommend.pipeline import Answer
from shared.recommend.request import Request
from shared.recommend.rules import barred, refusal
from shared.recommend.standing import outranked

MOST_OF_POOL = 100

CAUSES = {
    "purchased": "the shopper has bought it",
    "on_page": "it is on the page already",
    "in_cart": "it is in the cart",
    "excluded": "the request excludes it",
    "not_in_catalog": "the catalog does not have it",
    "unavailable": "it is out of stock or not on sale at this time",
    "not_on_sale": "its price is not reduced",
    "filtered": "the request's filter leaves it out",
    "hidden_item": "hidden by the shopper",
    "hidden_brand": "its brand is hidden by the shopper",
    "hidden_category": "its category is hidden by the shopper",
    "variant_shown": "another variant of it is shown",
    "brand_cap": "its brand has as many places as the placement's dials allow",
    "category_cap": "its category has as many places as the placement's dials allow",
}


def explained(answer: Answer, request: Request, reads: Reads) -> dict[str, Any]:
    """Of each item shown, what every source gave; of each left out, why; what rules, dials and experiments did; what is known of the
    shopper."""
    dials = request.spec.dials
    return {
        "tiers": {pick.item: pick.tier for pick in answer.picks},
        "sources": _sources(answer, request, reads),
        "removed": answer.removed,
        "removedCounts": {cause: len(items) for cause, items in answer.removed.items()},
        "known": {"events": reads.state.totals.events, "candidates": len(reads.state.candidates)},
        "personal": not reads.contextual,
        "pool": [
            {"item": entry.id, "rank": rank, "score": round(entry.score, 4)}
            for rank, entry in enumerate(answer.pool[:MOST_OF_POOL], 1)
        ],
        "bundles": [
            {"items": [item.id for item in one.items], "value": round(one.value, 4), "stock": one.stock}
            for one in answer.bundles
        ],
        "rules": [_effect(effect) for effect in answer.effects],
        "constraints": Constraints(request, reads.state).told(),
        "favourites": _favourites(answer, reads),
        "dials": {name: value for name, value in dials._asdict().items() if value != getattr(OFF, name)},
        **_recipe(reads),
    }


def _sources(answer: Answer, request: Request, reads: Reads) -> dict[str, list[dict[str, Any]]]:
    sources: dict[str, list[dict[str, Any]]] = {pick.item: [] for pick in answer.picks}
    for offer in offered(request, reads):
        for item, score in offer.scored:
            if item in sources:
                pick = offer.pick(item, offer.weight * score)
                given = {
                    "tier": pick.tier,
                    "score": round(pick.score, 4),
                    "reason": pick.reason,
                    "because": pick.because,
                }
                sources[item].append(given)
    return sources


def _favourites(answer: Answer, reads: Reads) -> dict[str, Any]:
    """Items of the pool that count more because the shopper named them, their brand or their category."""
    favourites = Wished(reads.state.preferences, FAVOURITE)
    items = [entry.id for entry in answer.pool if favourites.part(entry.item)] if favourites else []
    return {"factor": FACTOR, "items": items}


def _effect(effect: Effect) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": effect.rule, "action": effect.action, "items": effect.items}
    if effect.slots:
        told["slots"] = effect.slots
    if effect.factor != 1.0:
        told["factor"] = round(effect.factor, 4)
    if effect.misses:
        told["misses"] = effect.misses
    if effect.why:
        told["why"] = effect.why
    return told


def _recipe(reads: Reads) -> dict[str, Any]:
    """Which strategy, experiments and arm made the placement what it is, and for whom."""
    resolved = reads.resolved
    if resolved is None:
        return {}
    drawn = resolved.drawn
    return {
        "plan": resolved.version or None,
        "strategy": resolved.strategy or None,
        "lifecycle": resolved.shopper.lifecycle or None,
        "segments": sorted(resolved.shopper.segments),
        "experiments": [
            {"experiment": one.experiment.name, "variant": one.variant.name, "propensity": round(one.propensity, 6)}
            for one in resolved.assigned
        ],
        "bandit": drawn
        and {
            "bandit": drawn.bandit.name,
            "arm": drawn.arm.name,
            "segment": drawn.segment,
            "propensity": round(drawn.propensity, 6),
        },
    }


def why_not(
    item: str, answer: Answer, request: Request, reads: Reads, lookup: Callable[[list[str]], dict[str, Item]]
) -> dict[str, Any]:
    """Where an item of the shop dropped out of this answer, in a sentence for people and a `stage` for machines:
    shown, constraint, rule, variety, rank or sources."""
    shown = [pick.item for pick in answer.picks]
    if item in shown:
        return {"stage": "shown", "position": shown.index(item) + 1, "why": f"it is shown, at {shown.index(item) + 1}"}
    cause = next((cause for cause, items in answer.removed.items() if item in items), "")
    if not cause:
        cause = barred(request, reads.state, page_items(request)).get(item, "")
    if not cause:
        constraints = Constraints(request, reads.state, reads.covers)
        cause = refusal(lookup([item]).get(item), request, constraints, answer.at)
    if cause in ("excluded_by_rule", "replaced_by_rule"):
        return _by_rule(item, cause, answer)
    if cause:
        stage = "variety" if cause in ("variant_shown", "brand_cap", "category_cap") else "constraint"
        return {"stage": stage, "cause": cause, "why": said(cause)}
    rank = next((place for place, entry in enumerate(answer.standing.ranked, 1) if entry.id == item), 0)
    if not rank:
        why = "none of the placement's sources came to offer it before the shelf was full"
        return {"stage": "sources", "cause": "not_offered", "why": why}
    page = lookup(list(page_items(request)[-CONTEXT_ITEMS:]))
    told = outranked(rank, answer.standing, [group(one) for one in page.values()])
    return told if "why" in told else {**told, "why": said(told["cause"])}


def said(cause: str) -> str:
    """In words. Causes that name an age, a country or a size are words already.

    >>> said("not_sold_in_DE")
    'not sold in DE'
    """
    return CAUSES.get(cause) or cause.replace("_", " ")


def _by_rule(item: str, cause: str, answer: Answer) -> dict[str, Any]:
    action = "exclude" if cause == "excluded_by_rule" else "replace"
    rule = next((effect.rule for effect in answer.effects if effect.action == action and item in effect.items), "")
    done = "removed" if action == "exclude" else "replaced"
    return {"stage": "rule", "cause": cause, "rule": rule or None, "why": f"{done} by rule {rule}"}
