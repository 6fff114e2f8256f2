"""Whose history an answer may draw on."""

from collections.abc import Callable

from shared.auth import Access
from shared.recommend.request import Request


def shopper_key(request: Request, access: Access, proven: Callable[[str, str], bool]) -> str:
    """Key in the shoppers table, "" for nobody. Only a proof (`proven(user id, user hash)`) or the secret key opens a known
    shopper's history; a claim gets the device's own."""
    if request.user_id and (access == "secret" or proven(request.user_id, request.user_hash)):
        return f"u#{request.user_id}"
    return f"a#{request.anonymous_id}" if request.anonymous_id else ""
