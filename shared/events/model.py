"""The one form an event has between capture and everything behind it: stream records and lake lines are this, as JSON.

Field names on the wire are the Segment ones (camelCase); times are UTC.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

Type = Literal["track", "identify", "page", "screen", "alias", "group"]
Source = Literal["browser", "server"]


class Consent(msgspec.Struct, rename="camel", frozen=True):
    """What the shopper agreed to for this event. Missing means no.

    `updated_at` is when they said so, where the client tells. `presumed`: nobody said anything, and the shop's country lets it go on.
    """

    analytics: bool = False
    personalization: bool = False
    advertising: bool = False
    updated_at: datetime | None = None
    presumed: bool = False


class Event(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """One captured event.

    `verified` is true when a secret key or a signed user hash proves `user_id`; otherwise `user_id` is only a claim.
    `timestamp` is corrected for the clock of the device; `original_timestamp` is what the device said.
    `event` is the track event's name, empty for other types.
    `identifiers` are further names of the shopper by type (email, phone, device, loyalty, or a type of the shop's own), each a
    keyed hash; `previous_identifiers` are those of them that had another hash under the key before. `source` says who vouches:
    a server called with the secret key, a browser with the public one.
    """

    message_id: str
    type: Type
    timestamp: datetime
    received_at: datetime
    event: str = ""
    anonymous_id: str = ""
    user_id: str = ""
    previous_id: str = ""
    verified: bool = False
    original_timestamp: datetime | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    consent: Consent = Consent()
    identifiers: dict[str, str] = {}
    previous_identifiers: dict[str, str] = {}
    source: Source = "browser"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    return _encoder.encode(event)


def decode(record: bytes) -> Event:
    """Raises msgspec.ValidationError (bad field, named) or msgspec.DecodeError (not JSON)."""
    return _decoder.decode(record)
