"""Groups of shoppers that have lists of their own. Only what a shopper, their device or the request said counts, never a guess."""

from collections.abc import Mapping

ALL = "all"
DEVICES = frozenset({"mobile", "tablet", "desktop"})
AGES = (18, 25, 35, 45, 55, 65)  # where bands of age begin


def around(country: str, device: str) -> list[str]:
    """Segments of the place and the device: known of every request, without knowing who asks."""
    places = [f"country:{country}"] if country else []
    return places + ([f"device:{device}"] if device in DEVICES else [])


def of_traits(traits: Mapping[str, str]) -> list[str]:
    """Segments of a shopper by what they said, the narrowest first."""
    gender, age = traits.get("gender", ""), traits.get("age", "")
    people = [f"people:{gender}-{age}"] if gender and age else []
    people += [f"people:{word}" for word in (gender, age) if word]
    return people + around(traits.get("country", ""), traits.get("device", ""))


def lifecycle(orders: int) -> str:
    """`new` until the first order."""
    return "lifecycle:returning" if orders else "lifecycle:new"


def age_band(age: float) -> str:
    """`25-34`, `65+`, "" for children and impossible ages."""
    if not AGES[0] <= age <= 110:
        return ""
    place = max(n for n, start in enumerate(AGES) if start <= age)
    return f"{AGES[place]}-{AGES[place + 1] - 1}" if place + 1 < len(AGES) else f"{AGES[place]}+"
