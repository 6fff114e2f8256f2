"""Several shelves of one page in one request: read together, and no item on two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest
from shared.recommend.mixed import answered
from shared.recommend.picks import Reads
from shared.recommend.pipeline import Answer, first
from shared.recommend.placements import PLACEMENTS, Placement
from shared.recommend.reads import Reader
from shared.recommend.request import Request, parse
from shared.recommend.shopper import Shopper
from shared.recommend.tables import Found, Readable

MOST_SHELVES = 12
OF_THE_SHOPPER = ("anonymousId", "userId", "userHash", "context", "consent")  # a page has one


def parse_page(
    body: dict[str, Any], policy: Policy = OPT_IN, placements: Mapping[str, Placement] = PLACEMENTS
) -> list[Request]:
    """One request a shelf: what stands beside `page` holds for all of them. Raises InvalidRequest naming the field."""
    shelves = body["page"]
    if not isinstance(shelves, list) or not 1 <= len(shelves) <= MOST_SHELVES:
        raise InvalidRequest(f"must be a list of 1 to {MOST_SHELVES} shelves, each with a placement", "page")
    common = {name: value for name, value in body.items() if name != "page"}
    return [_shelf(common, shelf, place, policy, placements) for place, shelf in enumerate(shelves)]


def _shelf(
    common: dict[str, Any], shelf: Any, place: int, policy: Policy, placements: Mapping[str, Placement]
) -> Request:
    if not isinstance(shelf, dict):
        raise InvalidRequest("must be an object", f"page[{place}]")
    if own := [name for name in OF_THE_SHOPPER if name in shelf]:
        raise InvalidRequest("belongs beside `page`: it is one shopper", f"page[{place}].{own[0]}")
    try:
        return parse({**common, **shelf}, policy, placements)
    except InvalidRequest as error:
        inside = error.field.partition(".")[0] in shelf or not error.field
        raise InvalidRequest(error.message, f"page[{place}].{error.field}" if inside else error.field) from None


class Remembering:
    """Tables that are asked for nothing twice while a page is made."""

    def __init__(self, tables: Readable) -> None:
        self.tables = tables
        self.known: dict[str, bytes | None] = {}
        self.whole = True

    def get(self, keys: Iterable[str]) -> Found:
        wanted = list(dict.fromkeys(keys))
        if missing := [key for key in wanted if key not in self.known]:
            found = self.tables.get(missing)
            self.whole = self.whole and found.whole
            self.known.update((key, found.values.get(key)) for key in missing)
        return Found({key: value for key in wanted if (value := self.known[key]) is not None}, self.whole)


def answers(
    requests: list[Request], reader: Reader, shopper: Shopper, now: float
) -> list[tuple[Request, Reads, Answer]]:
    """The shelves in the order of the page; an item of an earlier one is not shown again (`on_page`)."""
    remembering = reader.on(Remembering(reader.tables))
    remembering.prepare(requests, shopper)
    reads = [remembering.read(request, shopper) for request in requests]
    requests = [read.asked(request) for request, read in zip(requests, reads, strict=True)]
    before = 0
    wanted: list[str] = []
    for request, read in zip(requests, reads, strict=True):
        wanted += first(request, read, before, now)
        before += request.count
    remembering.items(wanted)
    made: list[tuple[Request, Reads, Answer]] = []
    shown: frozenset[str] = frozenset()
    for request, read in zip(requests, reads, strict=True):
        mine = replace(request, shown=shown)
        made.append((mine, read, answered(mine, read, remembering.items, now, reader.coin)))
        shown |= {pick.item for pick in made[-1][2].picks}
    return made
