"""What law, the shop's reach and the shopper's own word keep away. No rule, dial, experiment or fallback undoes it."""

from collections.abc import Mapping
from typing import Any

from shared.catalog.model import Item
from shared.preferences.matching import Sizes, Wished
from shared.preferences.wishes import HIDDEN
from shared.profiles.state import State
from shared.recommend.request import Request

NO_COVERS: Mapping[str, float] = {}


class Constraints:
    """For one request. Of whom nothing may be known, `state` holds no more than what they asked for themselves: then no age is proven."""

    def __init__(self, request: Request, state: State, covers: Mapping[str, float] = NO_COVERS) -> None:
        self.covers = covers  # item id -> days its stock lasts: a filter may ask
        self.hidden = Wished(state.preferences, HIDDEN)
        self.hides = bool(self.hidden)
        self.sizes = Sizes(state.preferences)
        self.wishes = self.hides or bool(self.sizes.told)
        self.age = proven_age(state.traits.get("age", ""))
        self.country = request.country or state.traits.get("country", "")

    def refusal(self, item: Item) -> str:
        """Which of them the item breaks; "" none."""
        if self.hides and (part := self.hidden.part(item)):
            return f"hidden_{part}"
        if item.minimum_age > self.age:
            return f"no_proof_of_age_{item.minimum_age}"
        if (item.countries or item.excluded_countries) and not self._sold(item):
            return f"not_sold_in_{self.country}"
        if item.sizes and (missing := self.sizes.missing(item)):
            return f"not_in_size_{'_or_'.join(sorted(map(str.upper, missing)))}"
        return ""

    def unwished(self, item: Item) -> bool:
        """Whether the shopper's own word keeps it away, be it hidden or not in their size."""
        return (self.hides and bool(self.hidden.part(item))) or bool(item.sizes and self.sizes.missing(item))

    def _sold(self, item: Item) -> bool:
        """Where nobody knows the country, nothing is said."""
        if not self.country:
            return True
        return self.country not in item.excluded_countries and (not item.countries or self.country in item.countries)

    def told(self) -> dict[str, Any]:
        """What they are made of, for explanations."""
        hidden = self.hidden
        return {
            "hidden": {"categories": len(hidden.categories), "brands": len(hidden.brands), "items": len(hidden.items)},
            "provenAge": self.age or None,
            "country": self.country or None,
            "sizes": {category or "*": sorted(sizes) for category, sizes in self.sizes.told.items()},
        }


def proven_age(band: str) -> int:
    """The least age in years that a band such as `25-34` or `65+` leaves; 0 for none.

    >>> proven_age("25-34"), proven_age("65+"), proven_age("")
    (25, 65, 0)
    """
    least = band.removesuffix("+").partition("-")[0]
    return int(least) if least.isdigit() else 0
