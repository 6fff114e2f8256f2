"""What the recommend function does with a request that it has understood."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import json

from shared.answers.model import Answered
from shared.experiments import tag
from shared.recommend import logged
from shared.recommend.asked import Asked, WhyNot
from shared.recommend.explain import why_not
from shared.recommend.mixed import answered
from shared.recommend.page import answers
from shared.recommend.picks import Reads
from shared.recommend.pipeline import Answer, answer
from shared.recommend.reads import Reader
from shared.recommend.render import render, reranked, tier
from shared.recommend.request import Request
from shared.recommend.rerank import Rerank, rerank
from shared.recommend.shopper import Shopper


class Served(NamedTuple):
    """`tier` is that of the first shelf. `keepable`: anybody may be given the same answer for a while. `answered` is for the log."""

    body: bytes
    tier: str
    fallback: bool
    keepable: bool = False
    answered: tuple[Answered, ...] = ()


class Service:
    """`identify` says whose history a request may draw on, `clock` gives epoch seconds."""

    def __init__(self, reader: Reader, identify: Callable[[Request], Shopper], clock: Callable[[], float]) -> None:
        self.reader = reader
        self.identify = identify
        self.clock = clock

    def serve(self, asked: Asked) -> Served:
        if isinstance(asked, Rerank):
            return self.rerank(asked)
        if isinstance(asked, WhyNot):
            return self.why_not(asked)
        return self.page(asked) if isinstance(asked, list) else self.recommend(asked)

    def recommend(self, request: Request) -> Served:
        who = self.identify(request)
        reads = self.reader.read(request, who)
        request = reads.asked(request)
        now = self.clock()
        made = answered(request, reads, self.reader.items, now, self.reader.coin)
        chance = reads.resolved and reads.resolved.drawn
        keepable = not who.named and not chance and made.tier not in ("static", "none")
        body, told = self._shelf(request, reads, made)
        return Served(json.encode(body), *_told(reads, made), keepable, (told,))

    def page(self, requests: list[Request]) -> Served:
        made = answers(requests, self.reader, self.identify(requests[0]), self.clock())
        shelves, told = zip(*(self._shelf(*shelf) for shelf in made), strict=True)
        return Served(json.encode({"shelves": shelves}), *_told(*made[0][1:]), answered=told)

    def rerank(self, asked: Rerank) -> Served:
        reads = self.reader.read(asked.request, self.identify(asked.request))
        asked = asked._replace(request=reads.asked(asked.request))
        now = self.clock()
        made = rerank(asked, reads, self.reader.items, now)
        own_id = recommendation_id(now, reads)
        body = reranked(asked, made, reads, own_id)
        told = logged.reranked(own_id, made, asked, reads, now)
        return Served(json.encode(body), body["served"]["tier"], fallback=False, answered=(told,))

    def why_not(self, asked: WhyNot) -> Served:
        reads = self.reader.read(asked.request, self.identify(asked.request))
        request = reads.asked(asked.request)
        made = answer(request, reads, self.reader.items, self.clock())
        told = why_not(asked.item, made, request, reads, self.reader.items)
        body = {"item": asked.item, "placement": request.placement, "at": made.at, **told}
        return Served(json.encode(body), *_told(reads, made))

    def _shelf(self, request: Request, reads: Reads, made: Answer) -> tuple[dict[str, Any], Answered]:
        own_id = recommendation_id(made.at, reads)
        body = render(made, request, reads, own_id, self.reader.version)
        return body, logged.answered(own_id, made, request, reads, body["served"]["modelVersion"] or "")


def _told(reads: Reads, made: Answer) -> tuple[str, bool]:
    return tier(made, reads), made.tier != "live"


def recommendation_id(now: float, reads: Reads) -> str:
    """Sorts by time: milliseconds, then chance, in hexadecimal; and the arm of the bandit that made the answer, if one did."""
    made = f"{int(now * 1000):011x}{os.urandom(6).hex()}"
    drawn = reads.resolved and reads.resolved.drawn
    return tag.make(made, drawn.tag) if drawn else made
