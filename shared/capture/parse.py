"""The Segment HTTP Tracking API: from what a client sent to events, or to a sentence that says what is wrong with it."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast, get_args

from shared.consent import statement
from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest
from shared.events.model import Event, Type
from shared.events.products import item_id, number

TYPES: frozenset[str] = frozenset(get_args(Type))
LONGEST_ID = 200
NEEDS_PRODUCT = frozenset({"Product Viewed", "Product Added", "Product Removed"})
NEEDS_PRODUCTS = frozenset({"Order Completed"})


def parse(
    message: Any, *, received_at: datetime, sent_at: datetime | None, message_id: str, policy: Policy = OPT_IN
) -> Event:
    """One message of the Tracking API as an event; `message_id` is used when the client gave none.

    The device's clock is corrected as Segment does it: timestamp = receivedAt − (sentAt − originalTimestamp); nothing happens
    in the future. Raises InvalidRequest naming the field.
    """
    if not isinstance(message, dict):
        raise InvalidRequest("an event must be a JSON object")
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise InvalidRequest(f"must be one of {', '.join(sorted(TYPES))}", "type")
    original = timestamp(message, "originalTimestamp") or timestamp(message, "timestamp")
    sent = timestamp(message, "sentAt") or sent_at
    context = _object(message, "context")
    event = Event(
        message_id=_identifier(message, "messageId") or message_id,
        type=cast("Type", kind),
        timestamp=_corrected(original, sent, received_at),
        received_at=received_at,
        event=_name(message) if kind == "track" else "",
        anonymous_id=_identifier(message, "anonymousId"),
        user_id=_identifier(message, "userId"),
        previous_id=_identifier(message, "previousId"),
        original_timestamp=original,
        properties=_object(message, "properties"),
        traits=_object(message, "traits"),
        context=context,
        consent=statement.read(context, policy, received_at).consent,
    )
    _check(event)
    return event


def timestamp(message: dict[str, Any], field: str) -> datetime | None:
    value = message.get(field)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise InvalidRequest("must be an ISO 8601 time such as 2026-03-01T12:00:00.000Z", field) from None


def _corrected(original: datetime | None, sent: datetime | None, received: datetime) -> datetime:
    if original is None:
        return received
    skew = received - sent if sent else timedelta(0)
    try:
        return min(original + skew, received)
    except OverflowError:
        raise InvalidRequest("lies outside the years 1 to 9999", "timestamp") from None


def _check(event: Event) -> None:
    if event.type == "alias" and not (event.previous_id and event.user_id):
        raise InvalidRequest("an alias needs previousId and userId", "userId" if event.previous_id else "previousId")
    if not (event.anonymous_id or event.user_id) and event.consent.personalization:
        raise InvalidRequest("an event needs anonymousId or userId", "anonymousId")
    if event.type == "track":
        _check_products(event)


def _check_products(event: Event) -> None:
    rows = event.properties.get("products")
    if rows is not None and not isinstance(rows, list):
        raise InvalidRequest("must be a list of objects with product_id", "properties.products")
    if event.event in NEEDS_PRODUCT:
        _check_product(event.properties, "properties")
    if event.event in NEEDS_PRODUCTS and not rows:
        raise InvalidRequest(f"{event.event} needs at least one product", "properties.products")
    for index, row in enumerate(rows or []):
        _check_product(row, f"properties.products[{index}]")


def _check_product(row: Any, path: str) -> None:
    if not isinstance(row, dict):
        raise InvalidRequest("must be an object with product_id", path)
    identifier = item_id(row)
    if not identifier:
        raise InvalidRequest("must be the product's id in the catalog, a string or an integer", f"{path}.product_id")
    if len(identifier) > LONGEST_ID:
        raise InvalidRequest(f"is longer than {LONGEST_ID} characters", f"{path}.product_id")
    for name in ("price", "quantity"):
        if row.get(name) not in (None, "") and number(row[name]) is None:
            raise InvalidRequest("must be a number", f"{path}.{name}")


def _name(message: dict[str, Any]) -> str:
    value = message.get("event")
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest("a track event needs a name, such as Product Viewed", "event")
    if len(value) > LONGEST_ID:
        raise InvalidRequest(f"is longer than {LONGEST_ID} characters", "event")
    return value.strip()


def _identifier(message: dict[str, Any], field: str) -> str:
    value = message.get(field)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRequest("must be a string", field)
    identifier = str(value).strip()
    if len(identifier) > LONGEST_ID:
        raise InvalidRequest(f"is longer than {LONGEST_ID} characters", field)
    return identifier


def _object(message: dict[str, Any], field: str) -> dict[str, Any]:
    value = message.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", field)
    return value
