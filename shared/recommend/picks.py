"""What was read for a request, what is picked of it, and which items the request is about."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.lists.model import Scored
from shared.lists.newcomers import NONE, Newcomers
from shared.profiles.state import State
from shared.recommend.request import Request
from shared.recommend.resolve import Resolved
from shared.recommend.shelves import Shelf

STEP_DECAY = 0.7  # weight of an item of the request by how many came after it
CONTEXT_ITEMS = 5
EMPTY = State()


class Reads(NamedTuple):
    """`lists` holds `similar#<item>` and `together#<item>`; `category` the popular lists of the categories asked for; `shelf` the
    lists of a placement that shows one kind of list. `popular` gives groups of fallback lists in order, those of a group shown by
    turns; it is asked when candidates are too few, and `static` when nothing else is left. `contextual`: the answer has to do
    without the person. `covers`: item -> days its stock lasts, where known."""

    state: State = EMPTY
    lists: dict[str, Scored] = {}
    category: list[Scored] = []
    shelf: list[Shelf] = []
    popular: Callable[[], list[list[Shelf]]] = list
    newcomers: Newcomers = NONE
    static: Callable[[], Scored] = list
    contextual: bool = False
    resolved: Resolved | None = None
    covers: Mapping[str, float] = {}

    def asked(self, request: Request) -> Request:
        """The request with what the shop wants of its placement."""
        return self.resolved.request if self.resolved else request


class Pick(NamedTuple):
    item: str
    score: float
    reason: str
    because: str
    tier: str


def page_items(request: Request) -> tuple[str, ...]:
    """What the page shows already, latest last; nothing on pages that are about the shopper."""
    about = request.spec.about
    if about == "item":
        return request.items[-1:]
    if about == "cart":
        return request.cart or request.items
    return (request.items or request.cart) if about == "order" else ()


def context(request: Request, state: State, contextual: bool = False) -> tuple[str, ...]:
    """The items whose lists count, latest last: the page's own, else what the shopper did that the state has not seen yet,
    and what they did last when no model has computed candidates for them. A `contextual` answer knows the page only."""
    page = page_items(request)
    if page or contextual:
        return page[-CONTEXT_ITEMS:]
    items = request.items[-CONTEXT_ITEMS:]
    if not state.candidates:
        return items or tuple(touch.item for touch in state.recent[-CONTEXT_ITEMS:])
    folded = {touch.item for touch in state.recent[-len(items) :]} if items else ()
    return tuple(item for item in items if item not in folded)


def latest(request: Request, reads: Reads) -> tuple[str, ...]:
    """The items that say what the shopper is after now, latest last: the page's own, else what they dealt with last."""
    return dealt_with(request, reads.state, reads.contextual)


def dealt_with(request: Request, state: State, contextual: bool) -> tuple[str, ...]:
    page = page_items(request)
    if page or contextual:
        return page[-CONTEXT_ITEMS:]
    return (*(touch.item for touch in state.recent[-CONTEXT_ITEMS:]), *request.items)[-CONTEXT_ITEMS:]
