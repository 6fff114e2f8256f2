"""What a storefront may ask: parsed once, with every mistake named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.consent import statement
from shared.consent.statement import OPT_IN, Policy, Statement
from shared.errors import InvalidRequest
from shared.events.model import Consent
from shared.events.products import number, text
from shared.expressions.condition import Condition
from shared.expressions.parse import parse as expression
from shared.recommend.placements import PLACEMENTS, Placement

MOST_ITEMS = 50
MOST_COUNT = 100
LONGEST = 200
ABOUT_ITEMS = frozenset({"item"})


class Filter(NamedTuple):
    categories: frozenset[str] = frozenset()  # top categories or paths
    brands: frozenset[str] = frozenset()
    price_min: float = 0.0
    price_max: float = float("inf")
    allow_purchased: bool | None = None  # None: as the placement says
    where: Condition | None = None  # about the item


@dataclass(frozen=True, slots=True)
class Request:
    placement: str
    count: int
    anonymous_id: str = ""
    user_id: str = ""
    user_hash: str = ""
    items: tuple[str, ...] = ()  # what the shopper has before the eyes and dealt with last, latest last
    cart: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    filter: Filter = Filter()
    country: str = ""
    device: str = ""
    explain: bool = False
    consent: Statement = Statement(Consent())
    query: str = ""  # what was searched for
    page: str = ""  # the kind of page, in the shop's own words
    shown: frozenset[str] = frozenset()  # on other shelves of the page
    counted: bool = True  # the request says how many items it wants
    changed: Placement | None = None  # what the shop made of the placement

    @property
    def spec(self) -> Placement:
        return self.changed or PLACEMENTS[self.placement]


def parse(body: Any, policy: Policy = OPT_IN, placements: Mapping[str, Placement] = PLACEMENTS) -> Request:
    """Raises InvalidRequest naming the field."""
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    placement = _word(body, "placement") or "home"
    if placement not in placements:
        raise InvalidRequest(f"must be one of {', '.join(placements)}", "placement")
    context = _object(body, "context")
    return Request(
        placement=placement,
        count=_count(body, placements[placement].count),
        anonymous_id=_word(body, "anonymousId"),
        user_id=_word(body, "userId"),
        user_hash=_word(body, "userHash"),
        items=words(body, "items"),
        cart=words(body, "cart"),
        exclude=frozenset(words(body, "exclude")),
        filter=_filter(body),
        country=_country(context),
        device=_device(context),
        explain=_flag(body, "explain") or False,
        consent=statement.read(_placed(context), policy),
        query=_word(context, "query", "context."),
        page=text(context["page"])[:LONGEST]
        if isinstance(context.get("page"), str)
        else "",  # events have an object there
        counted=body.get("count") is not None,
        changed=placements[placement],
    )


def from_query(
    query: dict[str, str], policy: Policy = OPT_IN, placements: Mapping[str, Placement] = PLACEMENTS
) -> Request:
    """The GET form: lists separated by commas; filters as `categories`, `brands`, `priceMin`, `priceMax`, `allowPurchased`, `where`."""
    body: dict[str, Any] = dict(query)
    for name in ("items", "cart", "exclude", "categories", "brands"):
        if name in body:
            body[name] = [part for part in query[name].split(",") if part]
    for name in ("explain", "allowPurchased"):
        if name in body:
            body[name] = {"true": True, "false": False}.get(query[name].lower(), query[name])
    body["context"] = {name: query[name] for name in ("country", "device", "query", "page") if name in query}
    names = ("categories", "brands", "priceMin", "priceMax", "allowPurchased", "where")
    body["filter"] = {name: body[name] for name in names if name in body}
    try:
        return parse(body, policy, placements)
    except InvalidRequest as error:  # name the parameter as it was sent
        raise InvalidRequest(error.message, error.field.rsplit(".", 1)[-1]) from None


def _placed(context: dict[str, Any]) -> dict[str, Any]:
    """The context with its short form of the country where events have it."""
    return context if "location" in context else {**context, "location": {"country": context.get("country")}}


def _filter(whole: dict[str, Any]) -> Filter:
    """An object, or an expression alone."""
    if isinstance(whole.get("filter"), str):
        return Filter(where=expression(whole["filter"], "filter", ABOUT_ITEMS))
    body = _object(whole, "filter")
    where = body.get("where")
    if where is not None and not isinstance(where, str):
        raise InvalidRequest("must be an expression, such as item.price < 20", "filter.where")
    least, most = _amount(body, "priceMin", 0.0), _amount(body, "priceMax", float("inf"))
    if least > most:
        raise InvalidRequest("is above priceMax", "filter.priceMin")
    return Filter(
        categories=frozenset(words(body, "categories", "filter.")),
        brands=frozenset(words(body, "brands", "filter.")),
        price_min=least,
        price_max=most,
        allow_purchased=_flag(body, "allowPurchased", "filter."),
        where=expression(where, "filter.where", ABOUT_ITEMS) if where else None,
    )


def _country(context: dict[str, Any]) -> str:
    country = _word(context, "country", "context.")
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InvalidRequest("must be two letters (ISO 3166), such as GB", "context.country")
    return country.upper()


def _device(context: dict[str, Any]) -> str:
    """`mobile`, `tablet` or `desktop`, as `context.device.type` of events or in short as `context.device`."""
    device = context.get("device")
    word = _word(_object(context, "device"), "type") if isinstance(device, dict) else _word(context, "device")
    return word.lower()


def _count(body: dict[str, Any], default: int) -> int:
    value = default if body.get("count") is None else number(body["count"])
    if value is None or value != int(value) or not 1 <= value <= MOST_COUNT:
        raise InvalidRequest(f"must be a whole number from 1 to {MOST_COUNT}", "count")
    return int(value)


def _amount(body: dict[str, Any], name: str, default: float) -> float:
    if body.get(name) is None:
        return default
    value = number(body[name])
    if value is None or value < 0:
        raise InvalidRequest("must be a number, 0 or more", f"filter.{name}")
    return value


def _word(body: dict[str, Any], name: str, path: str = "") -> str:
    value = body.get(name)
    if value is None:
        return ""
    word = text(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or len(word) > LONGEST:
        raise InvalidRequest(f"must be a string of at most {LONGEST} characters", path + name)
    return word


def words(body: dict[str, Any], name: str, path: str = "", most: int = MOST_ITEMS) -> tuple[str, ...]:
    """A list of ids; none when it is missing."""
    values = body.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > most:
        raise InvalidRequest(f"must be a list of at most {most} ids", path + name)
    found = [text(value) for value in values]
    if not all(found) or any(len(word) > LONGEST for word in found):
        raise InvalidRequest("must hold ids only: strings or integers", path + name)
    return tuple(found)


def _flag(body: dict[str, Any], name: str, path: str = "") -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidRequest("must be true or false", path + name)
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidRequest("must be an object", name)
    return value or {}
