"""What a TC string of IAB Europe's Transparency & Consent Framework (2.0 to 2.3) says about our three purposes.

Only the core segment is read, and of it only what the shopper consented to: legitimate interest is no consent. Vendor lists do not
matter, for the shop serves itself.
"""

import binascii
from base64 import b64decode

from shared.events.model import Consent

VERSION = 2
PURPOSES_AT, PURPOSES = 152, 24  # bits
LEAST_BITS = 230  # up to where the list of vendors begins; a string that ends before is cut off
LONGEST = 20_000
ANALYTICS = (1, 8)  # store on the device; measure content
PERSONALIZATION = (1, 5, 6)  # store on the device; make a profile for content; choose content by it
ADVERTISING = (1, 3, 4)  # store on the device; make a profile for advertising; choose advertising by it


def purposes(text: str) -> frozenset[int] | None:
    """The numbers of the purposes consented to; None for what is no TC string of version 2."""
    core = text.partition(".")[0]
    if len(text) > LONGEST or not core.isascii():
        return None
    try:
        raw = b64decode(core + "=" * (-len(core) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    length = len(raw) * 8
    if length < LEAST_BITS or raw[0] >> 2 != VERSION:
        return None
    bits = int.from_bytes(raw, "big") >> (length - PURPOSES_AT - PURPOSES)
    return frozenset(number for number in range(1, PURPOSES + 1) if bits >> (PURPOSES - number) & 1)


def consent(text: str) -> Consent | None:
    """Our purposes: each needs all of its numbers. None for what is no TC string."""
    given = purposes(text)
    if given is None:
        return None
    return Consent(given.issuperset(ANALYTICS), given.issuperset(PERSONALIZATION), given.issuperset(ADVERTISING))
