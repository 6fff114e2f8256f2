"""The lists of a version and the content they are made with, from what a run has learned to its objects."""

from shared.models import content, lists
from shared.models.bundle import Bundle
from shared.models.interactions import Interactions
from shared.models.lists import Besides
from shared.models.runs import Run


def make(run: Run, data: Interactions, made: Bundle, now: float, besides: Besides) -> None:
    """Writes `content.npz` and `lists.msgpack` as of `now` (epoch seconds); `besides` has all but the content."""
    described = content.counted(content.embed(besides.catalog.values()), data.items, data.item)
    run.put("content.npz", content.dump(described))
    run.put("lists.msgpack", lists.dump(lists.lists(data, made, now, besides._replace(content=described))))
