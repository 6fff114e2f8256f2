"""Values that stand where an identifier should be and name nobody: every shop has some, and each would join strangers."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from msgspec.structs import replace

from shared.errors import InvalidRequest
from shared.events.model import Event

PATTERNS = (
    r"^[0-]*$",
    r"^-1$",
    r"^(null|undefined|none|nan|nil|n/a|unknown|anonymous|guest|\(not set\)|\[object object\])$",
    r"^test@test\.[a-z]+$",
    r"@(.+\.)?example\.(com|org|net|edu)$",
    r"^no-?reply@",
)
IDS = {"anonymous_id": "anonymousId", "user_id": "userId", "previous_id": "previousId"}


def is_blocked(value: Any, more: Iterable[str] = ()) -> bool:
    """`more` are patterns of the shop's own, beside PATTERNS. Case and surrounding whitespace do not count."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return True
    return bool(_compiled(tuple(more)).search(str(value).strip().lower()))


def without(event: Event, more: tuple[str, ...] = ()) -> Event:
    """The event as if blocked ids had not been sent. Raises InvalidRequest when that leaves nobody to whom a consented one belongs."""
    fallen = [field for field in IDS if (value := getattr(event, field)) and is_blocked(value, more)]
    if not fallen:
        return event
    left = replace(event, **dict.fromkeys(fallen, ""))
    nobody = event.consent.personalization and not (left.user_id or left.anonymous_id)
    broken = event.type == "alias" and not (left.user_id and left.previous_id)
    if nobody or broken:
        raise InvalidRequest("is a placeholder that names nobody; send the shopper's own id or none", IDS[fallen[0]])
    return left


@cache
def _compiled(more: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in (*PATTERNS, *more)), re.IGNORECASE)
