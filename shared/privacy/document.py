"""An export as one document, put together from the pieces that the search put down."""

from typing import Any

from msgspec import json

from shared.privacy.person import Person
from shared.privacy.requests import Request, moment
from shared.privacy.stores.base import Find, Store


def piece(store: Store, finds: list[Find]) -> bytes:
    return json.encode({"store": store.name, "finds": [{"from": find.where, "holds": find.held} for find in finds]})


def document(request: Request, who: Person, stores: dict[str, Store], pieces: list[bytes], now: float) -> bytes:
    """JSON for people and machines."""
    found: dict[str, list[Any]] = {name: [] for name in stores}
    for part in map(json.decode, pieces):
        found[part["store"]] += part["finds"]
    facts = {
        "request": request.id,
        "madeAt": moment(now),
        "person": {"identifiers": [{"type": kind, "value": value} for kind, value in who.identifiers]},
        "stores": [{"store": name, "what": store.title, "finds": found[name]} for name, store in stores.items()],
    }
    return json.format(json.encode(facts), indent=2)
