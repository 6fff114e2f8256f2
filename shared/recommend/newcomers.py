"""New items that nobody knows enough of yet get places of their own, few enough to cost a shelf little: decision 0018."""

from collections.abc import Mapping

from shared.recommend import reasons
from shared.recommend.picks import STEP_DECAY, Pick, Reads, latest
from shared.recommend.request import Request

FIRST, EVERY = 4, 8  # the 4th place of a shelf, the 12th, the 20th …
MOST = 4  # looked at for a request: one more than there are places, in case a rule keeps one away

NEXT = 0.97
ENOUGH = 0.5  # of a newcomer's worth, once it was shown in vain


def its_turn(place: int) -> bool:
    """Whether a newcomer may stand in this place, counted from 1."""
    return place % EVERY == FIRST


def newcomers(request: Request, reads: Reads, tired: Mapping[str, float]) -> list[Pick]:
    """Those most like what the shopper is after, best first; on a category's page the newest of the category, and for who has
    done nothing yet the newest of all.

    `tired`: item -> fatigue, 0-1. What was shown in vain falls behind as the placement's dial asks, and gives up its place when it
    counts less than ENOUGH.
    """
    if not request.spec.newcomers:
        return []
    places = (request.count + EVERY - FIRST) // EVERY
    most = min(places + 1, MOST) if places else 0
    groups = (_related(request, reads), _newest(request, reads))
    return [pick for group in groups for pick in _rested(group, request.spec.dials.repetition, tired)][:most]


def _rested(picks: list[Pick], repetition: float, tired: Mapping[str, float]) -> list[Pick]:
    """Where newcomers have no scores, one step down the list is worth NEXT of the one before."""
    if not (repetition and tired):
        return picks
    left = [1.0 - repetition * tired.get(pick.item, 0.0) for pick in picks]
    worth = [(pick.score or NEXT**place) * left[place] for place, pick in enumerate(picks)]
    ranked = sorted(range(len(picks)), key=lambda place: -worth[place])
    return [picks[place] for place in ranked if left[place] >= ENOUGH]


def _related(request: Request, reads: Reads) -> list[Pick]:
    total: dict[str, float] = {}
    because: dict[str, str] = {}
    for step, item in enumerate(reversed(latest(request, reads))):
        for newcomer, score in reads.newcomers.related.get(item, ()):
            total[newcomer] = total.get(newcomer, 0.0) + STEP_DECAY**step * score
            because.setdefault(newcomer, item)
    ranked = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Pick(item, score, reasons.NEW, because[item], "lists") for item, score in ranked]


def _newest(request: Request, reads: Reads) -> list[Pick]:
    tops = {category.split(" > ", 1)[0] for category in request.filter.categories}
    if request.placement == "product" or not (tops or not latest(request, reads)):
        return []
    return [
        Pick(item, 0.0, reasons.NEW, f"category:{category}" if tops else "all", "popular")
        for item, category in reads.newcomers.newest
        if not tops or category in tops
    ]
