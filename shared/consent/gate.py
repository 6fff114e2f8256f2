"""Without consent to personalization nothing that names a person passes."""

from msgspec.structs import replace

from shared.events.model import Event

ANONYMOUS_CONTEXT = ("page", "device", "locale", "timezone", "library")


def admit(event: Event) -> Event:
    """The event as it may be kept: whole with consent to personalization, otherwise as nobody's.

    A nobody's event keeps what happened (name, properties without order and coupon ids) and coarse context: it counts in
    aggregates and can be traced to no one.
    """
    if event.consent.personalization:
        return event
    page = event.context.get("page")
    context = {name: event.context[name] for name in ANONYMOUS_CONTEXT if name in event.context}
    if isinstance(page, dict):
        context["page"] = {"path": page["path"]} if isinstance(page.get("path"), str) else {}
    properties = {
        name: value
        for name, value in event.properties.items()
        if name not in ("order_id", "checkout_id", "cart_id", "coupon", "email", "url", "query")
    }
    return replace(
        event,
        anonymous_id="",
        user_id="",
        previous_id="",
        verified=False,
        traits={},
        identifiers={},
        previous_identifiers={},
        context=context,
        properties=properties,
    )
