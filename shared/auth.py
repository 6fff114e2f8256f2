"""Who may call: the write key (public), the secret key (servers), and the proof of a user id."""

import hashlib
import hmac
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import json

from shared.errors import Unauthorized

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

Access = Literal["public", "secret"]
FRESH = 300.0  # seconds a secret is used before it is read again


class CachedSecret:
    """A secret's fields, read from Secrets Manager when first needed: most requests never need one."""

    def __init__(
        self, client: "Callable[[], SecretsManagerClient]", arn: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.client = client
        self.arn = arn
        self.clock = clock
        self.read: tuple[dict[str, str], float] | None = None

    def __call__(self) -> dict[str, str]:
        if self.read is None or self.clock() - self.read[1] > FRESH:
            answer = self.client().get_secret_value(SecretId=self.arn)
            self.read = json.decode(answer["SecretString"], type=dict[str, str]), self.clock()
        return self.read[0]


class SecretKey:
    """The shop's secret key and, while it is being rotated, the one before it."""

    def __init__(
        self, client: "Callable[[], SecretsManagerClient]", arn: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.secret = CachedSecret(client, arn, clock)

    def __call__(self) -> str:
        return self.secret()["secretKey"]

    def good(self) -> tuple[str, ...]:
        """The keys that open: pages and servers go on with the former one until the rotation is finished."""
        former = self.secret().get("previousSecretKey", "")
        return (self(), former) if former else (self(),)


def key_of(headers: Mapping[str, str], *elsewhere: str) -> str:
    """The key of a request: user name of HTTP basic authentication (`headers` in lower case), else the first of `elsewhere`."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return b64decode(credentials, validate=True).decode().partition(":")[0]
        except (Base64Error, UnicodeDecodeError):
            raise Unauthorized(
                "the Authorization header is not HTTP basic authentication: base64 of key and a colon"
            ) from None
    return next(filter(None, elsewhere), "")


def access(key: str, write_key: str, secret_key: Callable[[], str]) -> Access:
    """What a key opens. The secret key is asked for only when it is not the write key. Raises Unauthorized."""
    if not key:
        raise Unauthorized("send the write key or the secret key as user name of HTTP basic authentication")
    if _same(key, write_key):
        return "public"
    if any(_same(key, good) for good in _good(secret_key)):
        return "secret"
    raise Unauthorized("this key is neither the shop's write key nor its secret key")


class Caller(NamedTuple):
    """Who calls, by the key they sent."""

    access: Access
    secret_key: Callable[[], str]

    def proves(self, user_id: str, proof: str) -> bool:
        """Whether a user id is proven: by its user hash, and whatever a server of the shop says is."""
        return self.access == "secret" or verify_user_hash(self.secret_key, user_id, proof)


def caller(key: str, write_key: str, secret_key: Callable[[], str]) -> Caller:
    """Raises Unauthorized."""
    return Caller(access(key, write_key, secret_key), secret_key)


def need_secret(key: str, secret_key: Callable[[], str]) -> None:
    """For what only the shop's servers may do. Raises Unauthorized."""
    if not key or not any(_same(key, good) for good in _good(secret_key)):
        raise Unauthorized("this needs the shop's secret key as user name of HTTP basic authentication")


def user_hash(secret_key: str, user_id: str) -> str:
    """Hex HMAC-SHA256(secret key, user id): what a shop's server puts in the page to prove who is logged in."""
    return hmac.new(secret_key.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def verify_user_hash(secret_key: Callable[[], str], user_id: str, proof: str) -> bool:
    return bool(user_id and proof) and any(_same(proof, user_hash(good, user_id)) for good in _good(secret_key))


def text(body: Any, field: str) -> str:
    """A string field of a body that may be anything."""
    value = body.get(field) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def _good(secret_key: Callable[[], str]) -> tuple[str, ...]:
    return secret_key.good() if isinstance(secret_key, SecretKey) else (secret_key(),)


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())
