"""Who an event is about: identifiers normalised and hashed, and ids that are an address or a phone number replaced by their hash."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.events.model import Event
from shared.identity import normalise
from shared.identity.blocked import is_blocked
from shared.identity.ids import Found, Hashes, known_as, personal

MOST = 10
LONGEST = 200
OF_OTHERS = ("order", "checkout", "payment")  # a gift's recipient, or whoever pays as a guest
RESERVED = frozenset({"user", "user_id", "anonymous", "anonymous_id"})
_TYPE = re.compile(r"[a-z0-9_]{1,30}")


class Policy(NamedTuple):
    """`country` (two letters) is where phone numbers without a country's code belong. `blocked` are patterns beside the usual ones."""

    plus_tags: str = "keep"
    country: str = ""
    blocked: tuple[str, ...] = ()


USUAL = Policy()


def policy(plus_tags: str = "", country: str = "", blocked: str = "") -> Policy:
    """From settings: words, `blocked` as patterns with blanks between them. Raises re.error for a pattern that is none."""
    patterns = tuple(blocked.split())
    is_blocked("", patterns)
    return Policy(plus_tags or "keep", normalise.country(country), patterns)


def identified(event: Event, keys: Hashes, policy: Policy, *, server: bool) -> Event:
    """The event with its identifiers as hashes. The raw values are still in it: scrub it next."""
    found = raw(event, policy) if event.consent.personalization else {}
    ids = {"user": event.user_id, "anonymous": event.anonymous_id}
    before = {
        name: keys.previous(*known) for name, value in ids.items() if (known := personal(value, policy.plus_tags))
    }
    before |= {kind: keys.previous(kind, value) for kind, value in found.items()}
    return replace(
        event,
        message_id=known_as(event.message_id, keys, policy.plus_tags),
        user_id=known_as(event.user_id, keys, policy.plus_tags),
        anonymous_id=known_as(event.anonymous_id, keys, policy.plus_tags),
        previous_id=known_as(event.previous_id, keys, policy.plus_tags),
        identifiers={kind: keys.hashed(kind, value) for kind, value in found.items()},
        previous_identifiers={kind: value for kind, value in before.items() if value},
        source="server" if server else "browser",
    )


def raw(event: Event, policy: Policy) -> dict[str, str]:
    """Identifiers by type, normalised, not hashed. Properties are never asked: they are about what was bought, and for whom."""
    if event.event.lower().startswith(OF_OTHERS):
        return {}
    found: dict[str, str] = {}
    for kind, value in _said(event, policy):
        if value and kind not in found and len(found) < MOST and not is_blocked(value, policy.blocked):
            found[kind] = value
    return found


def _said(event: Event, policy: Policy) -> Iterator[Found]:
    own = {} if event.type == "group" else event.traits  # a group's address is everybody's in it
    about = (own, _object(event.context.get("traits")))
    for traits in filter(None, about):
        if "email" in traits:
            yield "email", normalise.email(traits["email"], policy.plus_tags)
        if "phone" in traits:
            yield "phone", normalise.phone(traits["phone"], _country(traits) or policy.country)
        for name in ("loyalty_id", "loyaltyId"):
            yield "loyalty", _word(traits.get(name))
    device = _object(event.context.get("device"))
    for name in ("id", "advertisingId"):
        if name in device:
            yield "device", _word(device[name]).lower()
    if "externalIds" in event.context:
        yield from _external(event.context["externalIds"], policy)


def _external(rows: Any, policy: Policy) -> Iterator[Found]:
    for row in rows[:LONGEST] if isinstance(rows, list) else ():
        kind = row.get("type") if isinstance(row, dict) else None
        if not isinstance(kind, str) or not _TYPE.fullmatch(kind) or kind in RESERVED:
            continue
        if kind == "email":
            yield kind, normalise.email(row.get("id"), policy.plus_tags)
        elif kind == "phone":
            yield kind, normalise.phone(row.get("id"), policy.country)
        else:
            yield kind, _word(row.get("id"))


def _country(traits: dict[str, Any]) -> str:
    return normalise.country(_object(traits.get("address")).get("country")) or normalise.country(traits.get("country"))


def _word(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and abs(value) >= 10**20):
        return ""
    word = str(value).strip()
    return word if len(word) <= LONGEST else ""


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
