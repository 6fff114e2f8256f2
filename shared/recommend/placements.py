"""The places in a shop that ask for recommendations, and what each is for."""

from dataclasses import dataclass
from typing import Literal

Source = Literal["live", "similar", "together", "category"]
About = Literal["shopper", "item", "cart", "order"]


@dataclass(frozen=True, slots=True)
class Placement:
    """`weights` says how much each source counts; what no source fills comes from popular lists.

    `about` is what the page shows already: nothing but the shopper, the last of the request's items, its cart, or all its items.
    """

    count: int
    weights: dict[Source, float]
    about: About = "shopper"
    allow_purchased: bool = False


PLACEMENTS: dict[str, Placement] = {
    "home": Placement(12, {"live": 1.0, "similar": 0.8}),
    "product": Placement(8, {"similar": 1.0, "together": 0.4, "live": 0.2}, "item"),
    "cart": Placement(6, {"together": 1.0, "similar": 0.3, "live": 0.2}, "cart"),
    "order-confirmation": Placement(6, {"together": 1.0, "live": 0.5, "similar": 0.1}, "order"),
    "category": Placement(12, {"category": 0.5, "live": 1.0, "similar": 0.3}),
}
