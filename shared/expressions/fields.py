"""The fields an expression may ask about: `item.price`, `shopper.orders`, `context.hour` …"""

from difflib import get_close_matches
from typing import Literal, NamedTuple

Subject = Literal["item", "shopper", "context"]
Kind = Literal["word", "path", "text", "number", "flag", "words", "attribute"]

OPERATORS: dict[Kind, tuple[str, ...]] = {
    "word": ("=", "!=", "in", "starts with", "contains"),
    "path": ("=", "!=", "in", "within", "starts with", "contains"),
    "text": ("=", "!=", "starts with", "contains"),
    "number": ("=", "!=", "<", "<=", ">", ">=", "in"),
    "flag": ("=", "!="),
    "words": ("contains",),
    "attribute": ("=", "!=", "<", "<=", ">", ">=", "in", "starts with", "contains"),
}
SAYS: dict[Kind, str] = {
    "word": "a word",
    "path": "a category",
    "text": "text",
    "number": "a number",
    "flag": "true or false",
    "words": "a list of words",
    "attribute": "an attribute",
}
ATTRIBUTES = "item.attributes."


class Field(NamedTuple):
    """`choices` are the only words it can be; empty: any. `name` is that of the facts, or of the attribute in lower case."""

    subject: Subject
    name: str
    kind: Kind
    choices: tuple[str, ...] = ()


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEVICES = ("mobile", "tablet", "desktop")

_WORDS: dict[Subject, dict[Kind, str]] = {
    "item": {
        "word": "id brand group",
        "path": "category",
        "text": "title text",
        "number": "price list_price discount margin stock stock_cover age",
        "flag": "on_sale",
        "words": "tags",
    },
    "shopper": {
        "word": "lifecycle country gender age",
        "number": "orders views revenue average_order days_since_order days_since_seen cart_size",
        "flag": "abandoned_cart",
        "words": "segments brands categories",
    },
    "context": {"word": "placement page country", "text": "query", "number": "hour cart_value"},
}
FIELDS: dict[str, Field] = {
    f"{subject}.{name}": Field(subject, name, kind)
    for subject, kinds in _WORDS.items()
    for kind, names in kinds.items()
    for name in names.split()
} | {
    "shopper.device": Field("shopper", "device", "word", DEVICES),
    "context.device": Field("context", "device", "word", DEVICES),
    "context.weekday": Field("context", "weekday", "word", DAYS),
}


def field_of(name: str) -> Field | None:
    """The field called `name`; None when there is none. Every name after `item.attributes.` is one."""
    if name.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES):
        return Field("item", name.removeprefix(ATTRIBUTES).casefold(), "attribute")
    return FIELDS.get(name)


def unknown(name: str, allowed: frozenset[str]) -> str:
    """What to tell who wrote a field that does not exist: the one that was meant, else all there are."""
    known = [field for field in FIELDS if field.partition(".")[0] in allowed]
    near = [field for field in known if field.partition(".")[2] == name] or get_close_matches(name, known, 1, 0.5)
    if near:
        return f"there is no field {name}; did you mean {near[0]}?"
    also = [f"{ATTRIBUTES}<name>"] if "item" in allowed else []
    return f"there is no field {name}; there are {', '.join(known + also)}"
