"""From what a shop's server says (an e-mail address, a phone number) to the names under which capture keeps it."""

from collections.abc import Callable

from shared.identity import ids, normalise
from shared.identity.keys import hashed as keyed
from shared.privacy.person import ANONYMOUS, USER


def stored(keys: Callable[[], list[str]], kind: str, raw: str, plus_tags: str = "keep") -> list[str]:
    """The hash under the current key, and under the previous one while there is one; a user or anonymous id as it is, unless it is an
    address or a number itself. `keys` gives the keys, the current first. Raises ValueError with a sentence for what cannot be one."""
    if kind in (USER, ANONYMOUS):
        personal = ids.personal(raw, plus_tags)
        if personal is None:
            return [raw]
        kind, value = personal
    else:
        value = normalised(kind, raw, plus_tags)
    return [keyed(key, kind, value) for key in keys() if key]


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
