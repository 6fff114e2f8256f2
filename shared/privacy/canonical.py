"""One text for the same facts, so that it can be signed and compared."""

from json import dumps
from typing import Any


def canonical(facts: Any) -> str:
    """The one text of these facts: fields sorted, no white space, UTF-8. Raises ValueError for numbers that JSON does not know."""
    return dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
