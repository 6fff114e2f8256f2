"""From what a shop's server says (an e-mail address, a phone number) to the names under which capture keeps it."""

from shared.identity import ids, normalise
from shared.privacy.person import ANONYMOUS, USER


def stored(keys: ids.Hashes, kind: str, raw: str, plus_tags: str = "keep") -> list[str]:
    """The hashes under all live keys; a user or anonymous id as it is, unless it is an address or a number itself. Raises ValueError
    with a sentence for what cannot be one."""
    plain = kind in (USER, ANONYMOUS)
    known = ids.personal(raw, plus_tags) if plain else (kind, normalised(kind, raw, plus_tags))
    return [name for name in (keys.hashed(*known), keys.previous(*known)) if name] if known else [raw]


def normalised(kind: str, raw: str, plus_tags: str) -> str:
    if kind == "email":
        if value := normalise.email(raw, plus_tags):
            return value
        raise ValueError("is no e-mail address")
    if kind == "phone":
        if value := normalise.phone(raw, ""):
            return value
        raise ValueError("must be a phone number with its country, such as +49 30 123456")
    return raw.strip().lower() if kind == "device" else raw.strip()
