"""Every error a caller may see, with the HTTP status it answers."""

from typing import Any, NamedTuple


class ShopwindowError(Exception):
    """Base of all errors that are answered as `{"error": code, "message": …, "field": …}`."""

    status = 500
    code = "internal"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def body(self) -> dict[str, Any]:
        answer = {"error": self.code, "message": self.message}
        return {**answer, "field": self.field} if self.field else answer


class InvalidRequest(ShopwindowError):
    """Something the caller sent is malformed; `field` names it. Sending it again will not help."""

    status = 400
    code = "invalid_request"


class Mistake(NamedTuple):
    """One of several things that are wrong with a document; `field` is its place in it, "" the whole."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Unauthorized(ShopwindowError):
    status = 401
    code = "unauthorized"


class Forbidden(ShopwindowError):
    status = 403
    code = "forbidden"


class NotFound(ShopwindowError):
    status = 404
    code = "not_found"


class Conflict(ShopwindowError):
    """Somebody else changed it meanwhile; read again and retry."""

    status = 409
    code = "conflict"


class TooLarge(ShopwindowError):
    status = 413
    code = "too_large"


class Unavailable(ShopwindowError):
    """A part we need did not answer. Nothing was half done: send the same again later."""

    status = 503
    code = "unavailable"


class TooLittleData(ShopwindowError):
    """There is nothing to learn from yet; the message says what is missing."""

    status = 409
    code = "too_little_data"
