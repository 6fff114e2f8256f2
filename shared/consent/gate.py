"""What a shopper agreed to. Missing consent means no, and without consent nothing that names a person passes."""

from typing import Any

from msgspec.structs import replace

from shared.events.model import Consent, Event

ANONYMOUS_CONTEXT = ("page", "device", "locale", "timezone", "library")


def parse(context: dict[str, Any]) -> Consent:
    """Read `context.consent.categoryPreferences`, Segment's form. Only an explicit `true` is a yes."""
    consent = context.get("consent")
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    given = preferences if isinstance(preferences, dict) else {}
    return Consent(
        analytics=given.get("analytics") is True,
        personalization=given.get("personalization") is True,
        advertising=given.get("advertising") is True,
    )


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
        context=context,
        properties=properties,
    )
