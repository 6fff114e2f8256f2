"""Answers as the storefront gets them."""

from typing import Any

from shared.catalog.card import card
from shared.recommend.offers import offered
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
        "served": {**served(answer.tier, model_version), "tier": tier(answer, reads)},
    }
    if request.explain:
        body["explain"] = explained(answer, request, reads)
    return body


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
        "served": {**served(tier, reads.state.model_version)},
    }


def tier(answer: Answer, reads: Reads) -> str:
    """`contextual` for an answer without the person, unless it says that a part of ours is down."""
    return "contextual" if reads.contextual and answer.tier not in ("static", "none") else answer.tier


def served(tier: str, version: str) -> dict[str, Any]:
    return {
        "tier": tier,
        "modelVersion": version or None,
        "ruleVersion": None,
        "experiment": None,
        "variant": None,
        "propensity": 1.0,
        "fallback": tier in FALLBACKS,
    }


def explained(answer: Answer, request: Request, reads: Reads) -> dict[str, Any]:
    """Of each item shown, what every source gave; of each item left out, why; and what is known of the shopper."""
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
    return {
        "tiers": {pick.item: pick.tier for pick in answer.picks},
        "sources": sources,
        "removed": answer.removed,
        "removedCounts": {cause: len(items) for cause, items in answer.removed.items()},
        "known": {"events": reads.state.totals.events, "candidates": len(reads.state.candidates)},
        "personal": not reads.contextual,
    }
