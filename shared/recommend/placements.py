"""The places in a shop that ask for recommendations, and what each is for. A shop's plan changes them and adds its own."""

from dataclasses import dataclass
from typing import Literal

from shared.lists.model import Kind
from shared.recommend.dials import OFF, Dials

Source = Literal["live", "similar", "together", "category", "list", "again", "recent"]
About = Literal["shopper", "item", "cart", "order"]
Weights = dict[Source, float]
Blend = dict[Kind, float]


@dataclass(frozen=True, slots=True)
class Placement:
    """`weights` says how much each source counts; what no source fills comes from popular lists, unless the placement is `strict`.

    `about` is what the page shows already: nothing but the shopper, the last of the request's items, its cart, or all its items.
    `shelf` is the kind of list that the source `list` shows. `newcomers`: new items may take their share of the places.
    `pool`: how many candidates are looked at, 0 as many as the count needs. `bundles`: at most so many beside the items.
    `blend`: which lists fill up, None the shop's usual ones.
    """

    count: int
    weights: Weights
    about: About = "shopper"
    allow_purchased: bool = False
    shelf: Kind | None = None
    strict: bool = False
    newcomers: bool = False
    dials: Dials = OFF
    pool: int = 0
    blend: Blend | None = None
    bundles: int = 0


def _of_one_list(kind: Kind, *, strict: bool = False) -> Placement:
    return Placement(12, {"list": 1.0}, shelf=kind, strict=strict)


PLACEMENTS: dict[str, Placement] = {
    "home": Placement(12, {"live": 1.0, "similar": 0.8}, newcomers=True),
    "product": Placement(8, {"similar": 1.0, "together": 0.4, "live": 0.2}, "item", newcomers=True),
    "similar": Placement(8, {"similar": 1.0, "live": 0.1}, "item", newcomers=True),
    "bought-together": Placement(6, {"together": 1.0}, "item", strict=True),
    "complements": Placement(6, {"together": 1.0, "live": 0.3}, "item"),
    "cart": Placement(6, {"together": 1.0, "similar": 0.3, "live": 0.2}, "cart"),
    "order-confirmation": Placement(6, {"together": 1.0, "live": 0.5, "similar": 0.1}, "order"),
    "category": Placement(12, {"category": 0.5, "live": 1.0, "similar": 0.3}, newcomers=True),
    "search": Placement(12, {"live": 1.0, "similar": 0.8, "category": 0.5}),
    "not-found": Placement(12, {"live": 1.0, "similar": 0.8}),
    "email": Placement(6, {"live": 1.0, "together": 0.4, "similar": 0.3}, newcomers=True),
    "recently-viewed": Placement(12, {"recent": 1.0}, allow_purchased=True, strict=True),
    "buy-again": Placement(12, {"again": 1.0}, allow_purchased=True, strict=True),
    "popular": _of_one_list("popular"),
    "trending": _of_one_list("trending"),
    "best-sellers": _of_one_list("best-sellers"),
    "most-viewed": _of_one_list("most-viewed"),
    "new-arrivals": _of_one_list("new-arrivals", strict=True),
    "on-sale": _of_one_list("on-sale", strict=True),
    "high-margin": _of_one_list("high-margin"),
}
