"""The answer as the storefront gets it."""

from typing import Any

from msgspec import json

from shared.catalog.card import card
from shared.recommend.pipeline import Answer, Reads
from shared.recommend.request import Request

FALLBACKS = frozenset({"segment", "popular", "static", "none"})


def render(answer: Answer, request: Request, reads: Reads, recommendation_id: str, version: str) -> bytes:
    items = [
        {
            **card(answer.items[pick.item]),
            "position": place,
            "score": round(pick.score, 4),
            "reasons": [{"reason": pick.reason, "because": pick.because}],
        }
        for place, pick in enumerate(answer.picks, 1)
    ]
    body = _body(items, request, recommendation_id, answer.tier, reads.state.model_version or version)
    if request.explain:
        body["explain"] = {
            "tiers": {pick.item: pick.tier for pick in answer.picks},
            "removed": answer.removed,
            "known": {"events": reads.state.totals.events, "candidates": len(reads.state.candidates)},
        }
    return json.encode(body)


def render_static(cards: list[dict[str, Any]], request: Request, recommendation_id: str) -> bytes:
    """When no table answers: the popular items of the last publishing, less what the request itself rules out."""
    barred = {*request.cart, *request.exclude, *request.items}
    shown = [one for one in cards if one["id"] not in barred][: request.count]
    items = [
        {**one, "position": place, "score": 0.0, "reasons": [{"reason": "popular", "because": "static"}]}
        for place, one in enumerate(shown, 1)
    ]
    return json.encode(_body(items, request, recommendation_id, "static" if items else "none", ""))


def _body(
    items: list[dict[str, Any]], request: Request, recommendation_id: str, tier: str, version: str
) -> dict[str, Any]:
    return {
        "recommendationId": recommendation_id,
        "placement": request.placement,
        "items": items,
        "served": {
            "tier": tier,
            "modelVersion": version or None,
            "ruleVersion": None,
            "experiment": None,
            "variant": None,
            "propensity": 1.0,
            "fallback": tier in FALLBACKS,
        },
    }
