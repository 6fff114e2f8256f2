"""API Gateway HTTP API (payload 2.0) to values and back, for handlers too light for a router."""

import binascii
import zlib
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import DecodeError, json

from shared.errors import InvalidRequest, ShopwindowError, TooLarge, Unavailable

JSON = {"content-type": "application/json"}


def json_body(event: dict[str, Any], limit: int) -> Any:
    """The decoded body, whatever its content type (beacons can only send text). Raises InvalidRequest or TooLarge (over `limit` bytes)."""
    raw = body_bytes(event, limit)
    if not raw:
        raise InvalidRequest("the body is empty; send JSON")
    try:
        return json.decode(raw)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None


def body_bytes(event: dict[str, Any], limit: int) -> bytes:
    text = event.get("body") or ""
    try:
        raw = b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
        if event["headers"].get("content-encoding", "").lower() == "gzip":
            raw = _gunzip(raw, limit)
    except (binascii.Error, zlib.error, UnicodeEncodeError) as error:
        raise InvalidRequest(f"the body cannot be decoded: {error}") from None
    if len(raw) > limit:
        raise TooLarge(f"the body has more than {limit} bytes; send smaller batches")
    return raw


def _gunzip(raw: bytes, limit: int) -> bytes:
    """At most one byte more than `limit`: a small body must not unpack to gigabytes."""
    return zlib.decompressobj(wbits=31).decompress(raw, limit + 1)


def answer(status: int, body: bytes, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {"statusCode": status, "headers": {**JSON, **(headers or {})}, "body": body.decode()}


def failed(error: ShopwindowError) -> dict[str, Any]:
    headers = {"retry-after": "1"} if error.status in (429, 503) else None
    return answer(error.status, json.encode(error.body()), headers)


def served(answer: Callable[[], dict[str, Any]], outage: Callable[[Exception], None]) -> dict[str, Any]:
    """What `answer` gives, or what went wrong as the API tells it. `outage` is told of a service of AWS that failed."""
    try:
        return answer()
    except ShopwindowError as error:
        return failed(error)
    except (ClientError, BotoCoreError) as error:
        outage(error)
        return failed(Unavailable(f"something did not answer ({type(error).__name__}); send the same again"))
