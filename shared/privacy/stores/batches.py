"""Recommendations written for a mail tool: lines of the person go."""

import re

from msgspec import MsgspecError, json

from shared.privacy.person import NOTHING, Person
from shared.privacy.stores.lake import Cleaned, Lines

PREFIX = "batch/"


class Batches(Lines):
    name = "batches"
    title = "recommendations written for a mail tool"
    prefix = PREFIX
    held = "batches"

    def pattern(self, person: Person) -> str:
        return "|".join(re.escape(json.encode(user).decode()) for user in sorted(person.users)) or NOTHING

    def clean(self, person: Person, body: bytes) -> Cleaned:
        kept: list[bytes] = []
        taken: list[bytes] = []
        for line in body.splitlines():
            (taken if _user(line) in person.users else kept).append(line)
        return Cleaned(b"".join(line + b"\n" for line in kept), taken, 0)


def _user(line: bytes) -> str:
    """ "" for a line that nobody can read."""
    try:
        return str(json.decode(line)["userId"])
    except (MsgspecError, KeyError, TypeError):
        return ""
