"""A list that the shop made itself, of search results or a category, in the order that suits this shopper."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from shared.catalog.model import Item
from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest
from shared.events.products import number
from shared.recommend.constraints import Constraints
from shared.recommend.dials import About, factor, familiarity
from shared.recommend.offers import candidates
from shared.recommend.picks import Reads
from shared.recommend.pipeline import Lookup, Removed, about
from shared.recommend.placements import PLACEMENTS, Placement
from shared.recommend.request import Request, parse, words
from shared.recommend.rules import refusal

MOST = 500
USUAL = 0.5  # how much the shopper counts against the order that was given
OF_CANDIDATES = (
    0.6  # of what is known of a shopper, how much what they are shown elsewhere counts; the rest is their taste
)
NOT_ASKED = ("items", "count", "page")


class Rerank(NamedTuple):
    request: Request
    items: tuple[str, ...]
    strength: float


class Reranked(NamedTuple):
    """`order` are places in the list that was given; `removed` are items that may not be shown, by cause."""

    order: list[int]
    values: list[float]
    removed: Removed


def parse_rerank(body: Any, policy: Policy = OPT_IN, placements: Mapping[str, Placement] = PLACEMENTS) -> Rerank:
    """As a request for recommendations, but `items` is the list to be ordered and `latest` holds what the shopper dealt with last.

    Raises InvalidRequest naming the field.
    """
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    items = words(body, "items", most=MOST)
    if not items:
        raise InvalidRequest(f"must be the list to be ordered: 1 to {MOST} ids", "items")
    rest = {name: value for name, value in body.items() if name not in NOT_ASKED}
    try:
        request = parse({"placement": "search", **rest, "items": body.get("latest")}, policy, placements)
    except InvalidRequest as error:
        raise InvalidRequest(error.message, "latest" if error.field == "items" else error.field) from None
    return Rerank(replace(request, count=len(items)), tuple(dict.fromkeys(items)), _strength(body))


def _strength(body: dict[str, Any]) -> float:
    value = USUAL if body.get("strength") is None else number(body["strength"])
    if value is None or not 0 <= value <= 1:
        raise InvalidRequest("must be a number from 0 (the order given) to 1 (the shopper's taste alone)", "strength")
    return value


def rerank(asked: Rerank, reads: Reads, lookup: Lookup, now: float) -> Reranked:
    """Every item that may be shown, once. Of who nothing is known the order stays; so does the place of items that the catalog does
    not know, as far as others let it. What the shopper has bought or put into the cart stays: they may be looking for just that."""
    constraints = Constraints(asked.request, reads.state, reads.covers)
    found, dials = lookup(list(asked.items)), asked.request.spec.dials
    known = about(asked.request, reads, now)
    plain = known._replace(favourites=None)  # they count as taste here
    liked = {pick.item: pick.score for pick in candidates(asked.request, reads)}
    top = max(liked.values(), default=0.0)
    removed: Removed = {}
    valued: list[tuple[float, int]] = []
    for place, name in enumerate(asked.items):
        item = found.get(name)
        if cause := _refusal(name, item, asked.request, constraints, now):
            removed.setdefault(cause, []).append(name)
            continue
        own = liked.get(name, 0.0) / top if top > 0 else 0.0
        prior = 1.0 - place / len(asked.items)
        value = (1.0 - asked.strength) * prior + asked.strength * _liking(own, item, known)
        valued.append((value * factor(dials, item, plain, now) if item else value, place))
    valued.sort(key=lambda pair: (-pair[0], pair[1]))
    return Reranked([place for _, place in valued], [value for value, _ in valued], removed)


def _refusal(name: str, item: Item | None, request: Request, constraints: Constraints, now: float) -> str:
    """The shop's own word stands for an item that the catalog does not know, but not against the shopper's."""
    if name in request.exclude:
        return "excluded"
    if item:
        return refusal(item, request, constraints, now)
    return "hidden_item" if name in constraints.hidden.items else ""


def _liking(own: float, item: Item | None, known: About) -> float:
    """A favourite counts like what the shopper deals with most."""
    if item is None:
        return OF_CANDIDATES * own
    favourite = known.favourites is not None and known.favourites.part(item)
    return OF_CANDIDATES * own + (1.0 - OF_CANDIDATES) * (1.0 if favourite else familiarity(item, known.state))
