"""Whose history an answer may draw on."""

from collections.abc import Callable

from shared.auth import Access
from shared.recommend.request import Request


def shopper_key(
    request: Request, access: Access, proven: Callable[[str, str], bool], known_as: Callable[[str], str] = str
) -> str:
    """Key in the shoppers table, "" for nobody. Only a proof (`proven(user id, user hash)`) or the secret key opens a known
    shopper's history; a claim gets the device's own. `known_as(id)` is the id under which capture keeps a shopper ("": it cannot
    be told); a proof is about the id as it was sent."""
    if request.user_id and (access == "secret" or proven(request.user_id, request.user_hash)):
        user = known_as(request.user_id)
        return f"u#{user}" if user else ""
    device = known_as(request.anonymous_id) if request.anonymous_id else ""
    return f"a#{device}" if device else ""
