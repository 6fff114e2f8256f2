"""Whose event it is. First version: a verified user id names one shopper; everything else belongs to the device.

A claim is not a proof: an unverified `user_id` is kept in the lake, but leads to nobody's history.
"""

from shared.events.model import Event


def shopper(event: Event) -> str:
    """Key of the state the event belongs to: `u#…`, `a#…`, or "" for an event of nobody."""
    if event.verified and event.user_id:
        return f"u#{event.user_id}"
    return f"a#{event.anonymous_id}" if event.anonymous_id else ""


def device(event: Event) -> str:
    """Key of the device whose history joins the shopper's with this event; "" when there is none to join."""
    if not (event.verified and event.user_id):
        return ""
    identifier = event.previous_id if event.type == "alias" else event.anonymous_id
    return f"a#{identifier}" if identifier else ""
