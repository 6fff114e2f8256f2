"""Which answers are written down, and where the function that made them says so."""

from collections.abc import Callable, Iterable

from shared.answers.line import written
from shared.answers.model import Answered

DIGITS = 6  # of the id's, drawn by chance


class AnswersLog:
    """`share`, 0-1, of the answers; those of experiments always, since one that is left out would make a variant look worse.
    `write` takes a line."""

    def __init__(self, share: float, write: Callable[[str], None] = print) -> None:
        self.share = share
        self.write = write

    def put(self, answers: Iterable[Answered], milliseconds: float) -> None:
        """`milliseconds`: how long all of them took together."""
        for one in answers:
            if one.assigned or self.taken(one.id):
                one.ms = round(milliseconds, 2)
                self.write(written(one))

    def taken(self, recommendation_id: str) -> bool:
        chance = recommendation_id.partition(".")[0][-DIGITS:]
        return bool(int(chance, 16) < self.share * 16**DIGITS)
