"""Which arm an answer used, told by its id: `<23 hex digits>.<placement>/<segment>/<arm>`.

The id comes back with what shoppers do, from browsers that anybody may imitate: what has not exactly this form has no arm.
"""

import re
from typing import Any, NamedTuple

LONGEST = 160
_FORM = re.compile(r"[0-9a-f]{23}\.([a-z0-9-]{1,40})/([A-Za-z0-9:+_-]{1,40})/([A-Za-z0-9][A-Za-z0-9_-]{0,39})")


class Tag(NamedTuple):
    placement: str
    segment: str
    arm: str

    @property
    def key(self) -> str:
        return "/".join(self)


def make(recommendation_id: str, tag: Tag) -> str:
    """The id with the tag. Raises ValueError when they would not be understood again."""
    made = f"{recommendation_id}.{tag.key}"
    if parse(made) != tag:
        raise ValueError(f"{made} is no id of an answer with an arm")
    return made


def parse(recommendation_id: Any) -> Tag | None:
    """None for an answer without an arm, and for anything else."""
    if not isinstance(recommendation_id, str) or len(recommendation_id) > LONGEST:
        return None
    found = _FORM.fullmatch(recommendation_id)
    return Tag(*found.groups()) if found else None
