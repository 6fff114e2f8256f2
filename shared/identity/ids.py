"""The id under which a shopper is kept. Everything that looks a shopper up by an id from outside asks here.

Most ids are the shop's own and need nothing; `recommend` loads no more than this for them.
"""

import re
from typing import Protocol

Found = tuple[str, str]  # type, normalised value
_SIGNS = re.compile(r"[@+%]")


class Hashes(Protocol):
    """As IdentityKeys has them."""

    def hashed(self, kind: str, value: str) -> str: ...

    def previous(self, kind: str, value: str) -> str: ...


def known_as(value: str, keys: Hashes, plus_tags: str = "keep") -> str:
    """The id itself, unless it is an e-mail address or a phone number, or holds one: then its hash. A hash is known as itself."""
    known = personal(value, plus_tags)
    return keys.hashed(*known) if known else value


def personal(value: str, plus_tags: str = "keep") -> Found | None:
    """As what to hash an id that must not be kept; None for one that may."""
    if not value or (value.isascii() and not _SIGNS.search(value)):
        return None
    from shared.identity import normalise, scrub  # noqa: PLC0415 - tables and patterns that most ids never need

    if address := normalise.email(value, plus_tags):
        return "email", address
    if number := normalise.e164(value):
        return "phone", number
    return ("id", value) if scrub.names_somebody(value) else None
