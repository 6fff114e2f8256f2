"""To whom an item may be shown at all, as product data says it: from what age, in which countries, in which sizes."""

from collections.abc import Mapping
from typing import Any

from shared.catalog.model import Item
from shared.catalog.values import LONGEST_TAG, tags
from shared.errors import InvalidRequest
from shared.events.products import number

ADULT = 18  # what Google's `adult` means
OLDEST = 120
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0", ""})
ONE_SIZE = frozenset({"one size", "one_size", "onesize", "one size fits all", "osfa", "os"})


def minimum_age(fields: Mapping[str, Any], attributes: Mapping[str, str]) -> int:
    """Years, 0 for everybody: the stricter of our `minimum_age` and Google's `adult`. Google's `age_group` says for whom clothes are cut,
    not who may buy them."""
    value = number(fields.get("minimum_age", 0))
    if value is None or value != int(value) or not 0 <= value <= OLDEST:
        raise InvalidRequest("must be a whole number of years, such as 18", "minimum_age")
    return max(int(value), _adult({**attributes, **fields}))


def countries(fields: dict[str, Any], name: str) -> list[str]:
    """Two-letter codes in capitals, from a list or from one text with commas."""
    found = list(dict.fromkeys(country.upper() for country in tags(fields, name)))
    if not all(len(country) == 2 and country.isascii() and country.isalpha() for country in found):  # noqa: PLR2004
        raise InvalidRequest("must hold countries of two letters (ISO 3166), such as GB", name)
    return found


def sizes(fields: dict[str, Any], attributes: Mapping[str, str]) -> list[str]:
    """Our `sizes`, a list; otherwise Google's `size` of a variant. What fits everybody has none."""
    return _fitting(tags(fields, "sizes")) or _fitting([attributes.get("size", "")[:LONGEST_TAG].strip()])


def _fitting(found: list[str]) -> list[str]:
    return [size for size in found if size and size.casefold() not in ONE_SIZE]


def as_feed(item: Item) -> dict[str, Any]:
    """Without what the item's attributes say already, so that a changed attribute changes it."""
    own_age = item.minimum_age if item.minimum_age != _adult(item.attributes) else 0
    own_sizes = item.sizes if item.sizes != sizes({}, item.attributes) else []
    return {
        "minimum_age": own_age or None,
        "countries": item.countries,
        "excluded_countries": item.excluded_countries,
        "sizes": own_sizes,
    }


def _adult(said_by: Mapping[str, Any]) -> int:
    """Read from the fields as they came, too: of very many attributes some are dropped, but never this one."""
    said = str(said_by.get("adult", "")).strip().lower()
    if said in YES:
        return ADULT
    if said in NO:
        return 0
    raise InvalidRequest("must be yes or no", "adult")
