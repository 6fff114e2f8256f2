"""What an event means for a shopper's state: read once, here, so that folding is arithmetic that cannot fail."""

from typing import Any, Literal, NamedTuple

from shared.consent import choices
from shared.events.model import Event
from shared.events.products import Product, number, products, text
from shared.experiments import tag
from shared.lists.segments import age_band
from shared.profiles.state import Choice

Kind = Literal["view", "cart", "uncart", "order", "refund", "engaged", "click", "shown", "other"]

KINDS: dict[str, Kind] = {
    "Product Viewed": "view",
    "Product Added": "cart",
    "Product Removed": "uncart",
    "Order Completed": "order",
    "Order Refunded": "refund",
    "Order Cancelled": "refund",
    "Page Engaged": "engaged",
    "Recommendation Clicked": "click",
    "Recommendation Viewed": "shown",
}
LONGEST_DWELL = 1800.0
GENDERS = {
    **dict.fromkeys(("f", "female", "woman", "w"), "f"),
    **dict.fromkeys(("m", "male", "man"), "m"),
    **dict.fromkeys(("x", "d", "diverse", "non-binary", "nonbinary", "other"), "x"),
}


class Signal(NamedTuple):
    kind: Kind
    at: float  # epoch seconds
    products: list[Product]
    dwell: float
    scroll: float
    revenue: float
    traits: dict[str, str]
    choice: Choice | None = None  # what it says about consent
    arm: str = ""  # placement/segment/arm of the answer that was seen or clicked, "" where no bandit was at work
    order: str = ""  # id of the order that was made or given back


def read(event: Event) -> Signal:
    properties = event.properties
    kind = KINDS.get(event.event, "other") if event.type == "track" else "other"
    return Signal(
        kind=kind,
        at=event.timestamp.timestamp(),
        products=[] if kind == "other" else products(properties),
        dwell=_between(properties.get("dwell_seconds"), LONGEST_DWELL) if kind == "engaged" else 0.0,
        scroll=_between(properties.get("scroll_depth"), 1.0) if kind == "engaged" else 0.0,
        revenue=_revenue(properties) if kind in ("order", "refund") else 0.0,
        traits=_traits(event),
        choice=choices.of_event(event),
        arm=_arm(properties) if kind in ("click", "shown") else "",
        order=text(properties.get("order_id")) if kind in ("order", "refund") else "",
    )


def _arm(properties: dict[str, Any]) -> str:
    found = tag.parse(properties.get("recommendation_id"))
    return found.key if found else ""


def _between(value: Any, top: float) -> float:
    return min(max(number(value) or 0.0, 0.0), top)


def _revenue(properties: dict[str, Any]) -> float:
    for name in ("revenue", "total", "value"):
        amount = number(properties.get(name))
        if amount is not None:
            return amount
    return 0.0


def _traits(event: Event) -> dict[str, str]:
    """The few facts segments are made of: `country` (ISO 3166 alpha-2), `device` (mobile, tablet, desktop), and where the shopper said
    them `gender` (f, m, x) and `age` (a band, at the time of the event)."""
    location, address = _part(event.context, "location"), _part(event.traits, "address")
    locale = text(event.context.get("locale"))
    places = (address.get("country"), event.traits.get("country"), location.get("country"), locale[-2:])
    country = next((code for place in places if len(code := text(place)) == 2 and code.isalpha()), "")
    device = text(_part(event.context, "device").get("type")).lower()
    gender = GENDERS.get(text(event.traits.get("gender")).lower(), "")
    facts = (("country", country.upper()), ("device", device[:20]), ("gender", gender), ("age", _age(event)))
    return {k: v for k, v in facts if v}


def _age(event: Event) -> str:
    born, age = number(event.traits.get("birth_year")), number(event.traits.get("age"))
    return age_band(event.timestamp.year - born if born else age or 0.0)


def _part(values: dict[str, Any], name: str) -> dict[str, Any]:
    part = values.get(name)
    return part if isinstance(part, dict) else {}
