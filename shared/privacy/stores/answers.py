"""The log of answers: a person's lines lose their unit. What was shown stays, and is nobody's."""

import msgspec

from shared.answers.model import PREFIX, decode, encode
from shared.privacy.person import NOTHING, Person
from shared.privacy.stores.lake import Cleaned, Lines


class Answers(Lines):
    name = "answers"
    title = "answers that the person was given"
    prefix = PREFIX
    held = "answers"

    def pattern(self, person: Person) -> str:
        return "|".join(sorted(person.units)) or NOTHING

    def clean(self, person: Person, body: bytes) -> Cleaned:
        kept: list[bytes] = []
        taken: list[bytes] = []
        units = {unit.encode() for unit in person.units}
        for line in body.splitlines():
            if not any(unit in line for unit in units):
                kept.append(line)
                continue
            taken.append(line)
            try:
                kept.append(encode(msgspec.structs.replace(decode(line), unit="")))
            except msgspec.MsgspecError:
                continue  # nobody can read it, so it goes as a whole
        return Cleaned(b"".join(line + b"\n" for line in kept), taken, 0)
