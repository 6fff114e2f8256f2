"""Recommendations for many shoppers at once, as a mail tool wants them: the same answers that each would get by asking."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from shared.answers.model import Answered
from shared.expressions.condition import Condition
from shared.recommend import logged
from shared.recommend.page import Remembering
from shared.recommend.pipeline import answer
from shared.recommend.reads import Reader
from shared.recommend.render import render
from shared.recommend.request import Request
from shared.recommend.service import recommendation_id
from shared.recommend.shopper import Shopper

AT_ONCE = 200  # shoppers whose items are read together


class Made(NamedTuple):
    """`row` is `userId` beside what the API answers."""

    row: dict[str, Any]
    answered: Answered


def batch(
    reader: Reader, states: Iterable[tuple[str, bytes]], request: Request, who: Condition | None, now: float
) -> Iterator[Made]:
    """For each shopper of `states` (key `u#<user id>`, stored state) that `who` is about: those who agreed to personalization and for
    whom there is something to show. Interleavings show one ranker here: a mail has no place for two."""
    each = iter(states)
    while some := dict(islice(each, AT_ONCE)):
        tables = Remembering(reader.tables)
        tables.known.update((f"s:{key}", state) for key, state in some.items())
        near = reader.on(tables)
        for key in some:
            if made := _one(near, key, request, who, now):
                yield made


def _one(reader: Reader, key: str, request: Request, who: Condition | None, now: float) -> Made | None:
    reads = reader.read(request, Shopper(key, named=True))
    resolved = reads.resolved
    if reads.contextual or resolved is None or (who and not who.holds(None, resolved.shopper, resolved.context)):
        return None
    made = answer(resolved.request, reads, reader.items, now)
    if not made.picks:
        return None
    own_id = recommendation_id(now, reads)
    body = render(made, resolved.request, reads, own_id, reader.version)
    told = logged.answered(own_id, made, resolved.request, reads, body["served"]["modelVersion"] or "")
    return Made({"userId": key[2:], **body}, told)
