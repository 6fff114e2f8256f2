"""Everything that PrivacyKey is good for. One secret, never rotated; what is derived from it cannot be turned back."""

import hashlib
import hmac
from functools import cached_property
from typing import TYPE_CHECKING

from shared.auth import CachedSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager import SecretsManagerClient


class PrivacyKey:
    """Read from Secrets Manager when first needed, then kept: it never changes."""

    def __init__(self, client: "Callable[[], SecretsManagerClient]", arn: str) -> None:
        self.read = CachedSecret(client, arn)

    @cached_property
    def secret(self) -> bytes:
        return self.read()["current"].encode()

    @cached_property
    def suppression(self) -> bytes:
        """Hides who is suppressed, and whom a receipt is about."""
        return hmac.digest(self.secret, b"shopwindow/suppression", "sha256")

    @cached_property
    def requests(self) -> bytes:
        """Recognises a request that is sent again."""
        return hmac.digest(self.secret, b"shopwindow/requests", "sha256")

    @property
    def seed(self) -> bytes:
        """Of the Ed25519 key that signs receipts."""
        return hashlib.sha256(self.secret).digest()

    @cached_property
    def pem(self) -> str:
        """The public key that verifies receipts."""
        from shared.privacy.receipt import public_key  # noqa: PLC0415 - cryptography loads for this answer only

        return public_key(self.seed)


def hidden(key: bytes, kind: str, value: str) -> str:
    """An identifier as 32 hex digits that say nothing to who lacks the key."""
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256").hex()[:32]
