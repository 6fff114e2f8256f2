"""What a call asks for: one shelf, several shelves of a page, or a list in another order."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest
from shared.recommend.page import parse_page
from shared.recommend.placements import Placement
from shared.recommend.reads import Reader
from shared.recommend.request import Request, from_query, parse
from shared.recommend.rerank import Rerank, parse_rerank

Asked = Request | list[Request] | Rerank


class Call(NamedTuple):
    """A call as it came. `query` only of the GET form, which has no body."""

    path: str
    body: Any
    query: dict[str, str] | None = None
    policy: Policy = OPT_IN


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
    if call.query is not None:
        return from_query(call.query, call.policy, placements)
    if isinstance(call.body, dict) and "page" in call.body:
        return parse_page(call.body, call.policy, placements)
    return parse(call.body, call.policy, placements)
