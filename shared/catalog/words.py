"""The words that a catalog uses of an item: what content vectors and sketches are made of."""

import re

from shared.catalog.model import Item

DESCRIPTION_WORDS = 80
WORDS = re.compile(r"[^\W_]+")
ENDING = re.compile(r"(?<=\w{3})(?:ies|es|s)$")  # a plural is the same word


def texts(item: Item) -> list[str]:
    """What the texts say, brand and category left out; a word of the title counts twice."""
    said = " ".join((item.title, item.title, *item.tags, *item.attributes.values()))
    return _words(said) + _words(item.description, DESCRIPTION_WORDS)


def words(item: Item) -> list[str]:
    """With brand and category."""
    return [*texts(item), *_words(f"{item.brand} {item.product_type}")]


def _words(said: str, most: int | None = None) -> list[str]:
    found = WORDS.findall(said.lower())[:most]
    return [ENDING.sub("", word) if word[-1] == "s" else word for word in found if len(word) > 1]
