"""The keyed hash under which an identifier is known. Without the key nobody can try addresses until one fits."""

import hashlib
import hmac
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.auth import CachedSecret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

HEX = 32  # 128 bits: enough that no two shoppers ever meet, half the room in tables and links


class IdentityKeys:
    """The shop's identity key, and during a rotation the one before it; read from Secrets Manager when there is something to hash."""

    def __init__(
        self, client: "Callable[[], SecretsManagerClient]", arn: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.secret = CachedSecret(client, arn, clock)

    def hashed(self, kind: str, value: str) -> str:
        """`<key id>:<32 hex>` of a normalised value."""
        return hashed(self.secret()["current"], kind, value)

    def previous(self, kind: str, value: str) -> str:
        """The same under the key before; "" when there is none."""
        key = self.secret().get("previous", "")
        return hashed(key, kind, value) if key else ""


def hashed(key: str, kind: str, value: str) -> str:
    message = f"{kind}:{value}".encode("utf-8", "surrogatepass")
    return f"{key_id(key)}:{hmac.digest(key.encode(), message, 'sha256').hex()[:HEX]}"


@lru_cache(maxsize=8)
def key_id(key: str) -> str:
    """Says under which key something was hashed, and nothing about the key."""
    return hashlib.blake2b(key.encode()).hexdigest()[:6]
