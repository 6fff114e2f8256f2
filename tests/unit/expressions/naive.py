"""What an expression means, written a second time without regard to speed; and makers of expressions and of what they ask about."""

import math

from hypothesis import strategies as st

from shared.catalog.model import Item, Price
from shared.expressions.facts import ContextFacts, ItemFacts, ShopperFacts
from shared.expressions.fields import FIELDS, OPERATORS, Field
from shared.expressions.nodes import All, Any, Comparison, Not, either, every, negated

NOW = 1_000_000_000.0
WORDS = ["Alm", "alm", "Peak", "Straße", "a b", 'say "hi"', "back\\slash", "it's", "Größe > 3", "ßx"]
PATHS = ["Camping", "Camping > Tents", "Camping > Tents > Tunnel", "Campingkitchen", "Climbing > Ropes"]
NUMBERS = [-3.0, 0.0, 0.5, 1.0, 7.0, 20.0, 1e20, 0.1 + 0.2]

words = st.sampled_from(WORDS)
numbers = st.sampled_from(NUMBERS)
attributes = st.builds(
    lambda name: Field("item", name, "attribute"), st.sampled_from(["colour", "fill power", "in", "a.b"])
)
fields = st.sampled_from(sorted(FIELDS.values())) | attributes


def value_of(field, operator):
    if field.kind == "number" or operator in ("<", "<=", ">", ">="):
        return numbers
    if field.kind == "flag":
        return st.booleans()
    if field.kind == "attribute" and operator in ("=", "!=", "in"):
        return st.sampled_from(["Green", "3", "true"]) | numbers
    if field.kind == "path":
        return st.sampled_from(PATHS)
    return st.sampled_from(field.choices) if field.choices else words


@st.composite
def comparisons(draw, of=fields):
    field = draw(of)
    operator = draw(st.sampled_from([*OPERATORS[field.kind], "missing", *(["holds"] if field.kind == "flag" else [])]))
    if operator in ("missing", "holds"):
        return Comparison(field, operator)
    first = draw(value_of(field, operator))
    if operator != "in":
        return Comparison(field, operator, (first,))
    others = draw(st.lists(value_of(field, operator).filter(lambda value: type(value) is type(first)), max_size=3))
    return Comparison(field, operator, (first, *others))


def nodes(of=fields):
    """Expressions as the parser would make them."""

    def grown(inner):
        parts = st.lists(inner, min_size=2, max_size=3)
        return parts.map(every) | parts.map(either) | inner.map(negated)

    return st.recursive(comparisons(of), grown, max_leaves=8)


prices = st.none() | st.builds(Price, st.sampled_from([0.0, 0.5, 7.0, 20.0]), st.just("EUR"))
items = st.builds(
    Item,
    id=words,
    title=words,
    description=words | st.just(""),
    brand=words | st.just(""),
    product_type=st.sampled_from(["", *PATHS]),
    item_group_id=words | st.just(""),
    price=prices,
    sale_price=prices,
    sale_until=st.sampled_from([0.0, NOW, NOW + 1]),
    stock=st.none() | st.sampled_from([0, 1, 7]),
    margin=st.none() | numbers,
    tags=st.lists(words, max_size=2),
    attributes=st.dictionaries(
        st.sampled_from(["Colour", "fill power", "a.b"]), st.sampled_from(["green", "3", "TRUE", "0.5"])
    ),
    first_seen=st.sampled_from([0.0, NOW - 7 * 86400, NOW - 43200]),
    available_from=st.sampled_from([0.0, NOW - 86400]),
)
optional = st.none() | numbers
shoppers = st.builds(
    ShopperFacts,
    segments=st.frozensets(words, max_size=2),
    brands=st.lists(words, max_size=2),
    orders=optional,
    revenue=optional,
    abandoned_cart=st.none() | st.booleans(),
    country=words | st.just(""),
    device=st.sampled_from(["", "Mobile"]),
)
contexts = st.builds(
    ContextFacts,
    placement=words,
    query=words | st.just(""),
    hour=st.none() | st.sampled_from([0, 7, 20]),
    weekday=st.sampled_from(["", "mon", "sun"]),
)


def fact(field, item, cover, shopper, context):
    """The value of a field, None when it is missing."""
    if field.subject != "item":
        value = getattr(shopper if field.subject == "shopper" else context, field.name)
        return None if value is None or value == "" or (field.kind == "words" and not value) else value
    sale = item.sale_price is not None and item.sale_from <= NOW and (not item.sale_until or item.sale_until > NOW)
    since = max(item.first_seen, item.available_from)
    amount = item.price.amount if item.price else None
    reduced = sale and item.price and item.price.amount > 0
    value = {
        "id": lambda: item.id,
        "brand": lambda: item.brand,
        "group": lambda: item.item_group_id,
        "category": lambda: item.product_type,
        "title": lambda: item.title,
        "text": lambda: f"{item.title}\n{item.description}",
        "price": lambda: item.sale_price.amount if sale else amount,
        "list_price": lambda: amount,
        "discount": lambda: None if amount is None else 1 - item.sale_price.amount / amount if reduced else 0.0,
        "margin": lambda: item.margin,
        "stock": lambda: item.stock,
        "stock_cover": lambda: cover,
        "age": lambda: (NOW - since) / 86400 if since else None,
        "on_sale": lambda: sale,
        "tags": lambda: item.tags,
    }.get(
        field.name if field.kind != "attribute" else "",
        lambda: {k.lower(): v for k, v in item.attributes.items()}.get(field.name),
    )()
    return None if value is None or value in ("", []) else value


def truth(node, *facts):
    if isinstance(node, Not):
        return not truth(node.part, *facts)
    if isinstance(node, All):
        return all([truth(part, *facts) for part in node.parts])
    if isinstance(node, Any):
        return any([truth(part, *facts) for part in node.parts])
    value = fact(node.field, *facts)
    if node.operator == "missing":
        return value is None
    if node.operator == "!=":
        return not _holds(node.field, "=", value, node.values)
    return value is not None and _holds(node.field, node.operator, value, node.values)


def _holds(field, operator, value, wanted):
    if field.kind == "attribute" and any(type(one) is float for one in wanted):
        try:
            value = float(value)
        except (TypeError, ValueError):
            return False
    value, wanted = _lower(value), [_lower(one) for one in wanted]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return {
        "holds": lambda: value is True,
        "=": lambda: value == wanted[0],
        "in": lambda: value in wanted,
        "<": lambda: value < wanted[0],
        "<=": lambda: value <= wanted[0],
        ">": lambda: value > wanted[0],
        ">=": lambda: value >= wanted[0],
        "contains": lambda: wanted[0] in value,
        "starts with": lambda: value[: len(wanted[0])] == wanted[0],
        "within": lambda: value.split(" > ")[: len(wanted[0].split(" > "))] == wanted[0].split(" > "),
    }[operator]()


def _lower(value):
    if isinstance(value, str):
        return value.casefold()
    return [one.casefold() for one in value] if isinstance(value, list | frozenset | tuple) else value


def facts(item, cover=None):
    return ItemFacts(item, NOW, cover)
