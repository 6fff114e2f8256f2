"""From what a shop's server says (an e-mail address, a phone number) to the hashes under which it may be stored.

An adapter: `shared.identity` normalises and hashes at capture, and this must say the same.
"""

import hashlib
import hmac
from collections.abc import Callable


def key_id(key: str) -> str:
    return hashlib.blake2b(key.encode()).hexdigest()[:6]


def normalised(kind: str, raw: str) -> str:
    """Raises ValueError with a sentence for what cannot be one."""
    if kind == "email":
        if raw.count("@") != 1:
            raise ValueError("is no e-mail address")
        return raw.strip().lower()
    if kind == "phone":
        digits = "".join(c for c in raw if c.isdigit())
        if not raw.strip().startswith("+") or not 7 <= len(digits) <= 15:
            raise ValueError("must be a phone number with its country, such as +49 30 123456")
        return f"+{digits}"
    return raw.strip()


def hashed(keys: Callable[[], list[str]], kind: str, raw: str) -> list[str]:
    """The hash under the current key, and under the previous one while there is one. `keys` gives them, the current first."""
    value = normalised(kind, raw).encode()
    return [f"{key_id(key)}:{hmac.digest(key.encode(), value, 'sha256').hex()[:32]}" for key in keys() if key]
