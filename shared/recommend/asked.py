"""What a call asks for: one shelf, several shelves of a page, a list in another order, or why an item is not shown."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.auth import Access
from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest, Unauthorized
from shared.merchandising.plan import DRAFT
from shared.recommend.page import parse_page
from shared.recommend.placements import Placement
from shared.recommend.reads import Reader
from shared.recommend.request import LONGEST, Request, from_query, parse
from shared.recommend.rerank import Rerank, parse_rerank

WHY_NOT = "/v1/why-not"


class WhyNot(NamedTuple):
    request: Request
    item: str


Asked = Request | list[Request] | Rerank | WhyNot


class Call(NamedTuple):
    """A call as it came. `query` only of the GET form, which has no body."""

    path: str
    body: Any
    access: Access
    query: dict[str, str] | None = None
    policy: Policy = OPT_IN


def planned(reader: Reader, wanted: str, access: Access) -> Reader:
    """`wanted` is "" for the plan that is served, or "draft". Raises InvalidRequest, Unauthorized."""
    if not wanted:
        return reader
    if wanted != DRAFT:
        raise InvalidRequest("must be draft, or left out for the plan that is served", "plan")
    if access != "secret":
        raise Unauthorized("what the draft would show is told to the secret key alone")
    return reader.previewing()


def understood(call: Call, reader: Reader) -> Asked:
    """Raises InvalidRequest naming the field. A placement that is not known may have been published a moment ago."""
    try:
        return _parsed(call, reader.placements)
    except InvalidRequest as error:
        if error.field.rpartition(".")[2] != "placement" or not reader.renew():
            raise
    return _parsed(call, reader.placements)


def _parsed(call: Call, placements: Mapping[str, Placement]) -> Asked:
    if call.path.endswith("/v1/rerank"):
        return parse_rerank(call.body, call.policy, placements)
    if call.query is not None and call.path.endswith(WHY_NOT):
        if call.access != "secret":
            raise Unauthorized("why an item is not shown is told to the secret key alone")
        return _why_not(call.query, call.policy, placements)
    if call.query is not None:
        return from_query(call.query, call.policy, placements)
    if isinstance(call.body, dict) and "page" in call.body:
        return parse_page(call.body, call.policy, placements)
    return parse(call.body, call.policy, placements)


def _why_not(query: dict[str, str], policy: Policy, placements: Mapping[str, Placement]) -> WhyNot:
    item = query.get("item", "")
    if not 1 <= len(item) <= LONGEST:
        raise InvalidRequest(f"must be the id of the item in question, of at most {LONGEST} characters", "item")
    rest = {name: value for name, value in query.items() if name != "item"}
    return WhyNot(from_query(rest, policy, placements), item)
