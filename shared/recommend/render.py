"""Answers as the storefront gets them."""

from typing import Any

from shared.catalog.card import card, price
from shared.recommend.bundles import Bundle
from shared.recommend.explain import explained
from shared.recommend.picks import Reads
from shared.recommend.pipeline import Answer
from shared.recommend.request import Request
from shared.recommend.rerank import Rerank, Reranked

FALLBACKS = frozenset({"segment", "popular", "static", "none"})


def render(answer: Answer, request: Request, reads: Reads, recommendation_id: str, version: str) -> dict[str, Any]:
    """One shelf. `version` is that of the published lists; live candidates may be of another."""
    model_version = reads.state.model_version if answer.tier == "live" else version
    body: dict[str, Any] = {
        "recommendationId": recommendation_id,
        "placement": request.placement,
        "items": [
            {
                **card(answer.items[pick.item], answer.at),
                "position": place,
                "score": round(pick.score, 4),
                "reasons": [{"reason": pick.reason, "because": pick.because}],
            }
            for place, pick in enumerate(answer.picks, 1)
        ],
        "served": {**served(answer.tier, model_version, reads), "tier": tier(answer, reads)},
    }
    if request.spec.bundles:
        body["bundles"] = [bundled(one, answer.at) for one in answer.bundles]
    if request.explain:
        body["explain"] = explained(answer, request, reads)
    return body


def bundled(bundle: Bundle, now: float) -> dict[str, Any]:
    """What is left of the stock and what the shop earns is its own business."""
    return {"items": [card(item, now) for item in bundle.items], "price": price(bundle.price)}


def reranked(asked: Rerank, made: Reranked, reads: Reads, recommendation_id: str) -> dict[str, Any]:
    tier = "contextual" if reads.contextual else "live"
    return {
        "recommendationId": recommendation_id,
        "placement": asked.request.placement,
        "items": [
            {"id": asked.items[was], "position": place, "was": was + 1, "score": round(value, 4)}
            for place, (was, value) in enumerate(zip(made.order, made.values, strict=True), 1)
        ],
        "removed": made.removed,
        "served": served(tier, reads.state.model_version, reads),
    }


def tier(answer: Answer, reads: Reads) -> str:
    """`contextual` for an answer without the person, unless it says that a part of ours is down."""
    return "contextual" if reads.contextual and answer.tier not in ("static", "none") else answer.tier


def served(tier: str, version: str, reads: Reads) -> dict[str, Any]:
    """`propensity`: the chance with which just this recipe was shown."""
    resolved = reads.resolved
    first = resolved.assigned[0] if resolved and resolved.assigned else None
    return {
        "tier": tier,
        "modelVersion": version or None,
        "ruleVersion": resolved.version or None if resolved else None,
        "strategy": resolved.strategy or None if resolved else None,
        "experiment": first.experiment.name if first else None,
        "variant": first.variant.name if first else None,
        "arm": resolved.drawn.arm.name if resolved and resolved.drawn else None,
        "propensity": resolved.propensity if resolved else 1.0,
        "fallback": tier in FALLBACKS,
    }
