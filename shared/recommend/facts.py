"""What expressions may ask of the shopper and of the page, in a request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from shared.expressions.facts import ContextFacts, ShopperFacts
from shared.merchandising.matching import Matcher
from shared.merchandising.plan import Plan, local
from shared.profiles import lifecycle
from shared.profiles.lifecycle import USUAL, Limits
from shared.profiles.state import State
from shared.recommend.request import Request
from shared.recommend.shelves import segments

FAVOURITES = 3  # categories and brands that count as a shopper's favourites


def context_facts(request: Request, plan: Plan, now: float) -> ContextFacts:
    hour, weekday = local(plan, now)
    return ContextFacts(
        placement=request.placement,
        page=request.page.casefold(),
        device=request.device.casefold(),
        country=request.country.casefold(),
        hour=hour,
        weekday=weekday,
        query=request.query.casefold(),
    )


class Asker(NamedTuple):
    """Who asks. `unit` is the profile's id, "" for who takes part in nothing; `known`: they have logged in. `chance`, drawn evenly from
    [0, 1), decides between the arms of a bandit. `limits` say where their stage with the shop begins and ends."""

    state: State
    unit: str = ""
    known: bool = False
    chance: float = 0.0
    limits: Limits = USUAL


def shopper_facts(request: Request, asker: Asker, matcher: Matcher, now: float) -> ShopperFacts:
    """Of nobody nothing but the place and the device. `matcher` knows the shop's own segments."""
    state, traits = asker.state, asker.state.traits
    made = ShopperFacts(
        lifecycle=lifecycle.lifecycle(state, now, asker.limits, known=asker.known),
        orders=float(state.totals.orders),
        views=float(state.totals.views),
        revenue=state.totals.revenue,
        average_order=lifecycle.average_order(state),
        days_since_order=lifecycle.days_since_order(state, now),
        days_since_seen=lifecycle.days_since_seen(state, now),
        cart_size=float(len(state.cart) or len(request.cart)),
        abandoned_cart=lifecycle.abandoned_cart(state, now),
        country=(request.country or traits.get("country", "")).casefold(),
        device=(request.device or traits.get("device", "")).casefold(),
        gender=traits.get("gender", ""),
        age=traits.get("age", ""),
        brands=_favourites(state.brands),
        categories=_favourites(state.categories),
    )
    own = [*segments(request, state, contextual=not state.totals.events), *matcher.segments(made)]
    return replace(made, segments=frozenset(map(str.casefold, own)))


def _favourites(affinities: Mapping[str, float]) -> frozenset[str]:
    best = sorted(affinities, key=lambda name: -affinities[name])[:FAVOURITES]
    return frozenset(map(str.casefold, best))
