"""Moments from recommendations that were seen: which of the items shown was clicked, each click as heavy as its place was unlikely to be
looked at (inverse propensity weighting; Joachims, Swaminathan and Schnabel, WSDM 2017)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from shared.evaluation.protocol import Facts, signals
from shared.models.examination import PLACES, examined
from shared.models.impressions import Impressions
from shared.models.interactions import Interactions
from shared.models.moments import SEED, Moment, rows_of
from shared.profiles.fold import fold
from shared.profiles.state import State, decode, encode


class _Answer(NamedTuple):
    at: float
    items: tuple[str, ...]
    clicks: dict[str, float]  # item clicked -> weight


def shown_moments(data: Interactions, seen: Impressions, since: float, facts: Facts, most: int) -> list[Moment]:
    """About `most` moments of answers at or after `since` (epoch seconds), one a click, of shoppers drawn by SEED.

    Answers without a click, or clicked as a whole, say nothing of what is better than what. Weights have a mean of 1.
    """
    by_shopper = _answers(data, seen.where(seen.at >= since), examined(seen))
    shoppers = np.random.default_rng(SEED).permutation(np.array(sorted(by_shopper), np.int64))
    found: list[Moment] = []
    for shopper, rows in rows_of(data, shoppers):
        if len(found) >= most:
            break
        found += _told(data, rows, by_shopper[shopper], facts, shopper)
    usual = float(np.mean([moment.weight for moment in found])) if found else 1.0
    return [moment._replace(weight=moment.weight / usual) for moment in found]


def _answers(data: Interactions, seen: Impressions, chances: np.ndarray) -> dict[int, list[_Answer]]:
    """Of each shopper who is in the data what they were shown, in order of time."""
    place = np.minimum(np.searchsorted(data.shoppers, seen.shopper), max(len(data.shoppers) - 1, 0))
    known = np.isin(seen.shopper, data.shoppers[np.unique(data.shopper)])
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(seen.answer[rows], kind="stable")]
    ends = np.flatnonzero(np.diff(seen.answer[rows])) + 1
    found: dict[int, list[_Answer]] = {}
    for part in np.split(rows, ends) if len(rows) else []:
        clicked = part[seen.clicked[part]]
        if 0 < len(clicked) < len(part):
            clicks = {str(seen.item[row]): 1.0 / chances[min(int(seen.position[row]), PLACES)] for row in clicked}
            items = tuple(str(item) for item in seen.item[part])
            found.setdefault(int(place[part[0]]), []).append(_Answer(float(seen.at[part[0]]), items, clicks))
    return found


def _told(data: Interactions, rows: list[int], answers: list[_Answer], facts: Facts, shopper: int) -> Iterator[Moment]:
    """The state is that of just before the answer was seen."""
    state, waiting = State(), sorted(answers, key=lambda answer: answer.at)
    for signal in signals(data, rows, facts):
        while waiting and waiting[0].at <= signal.at:
            yield from _clicks(state, waiting.pop(0), shopper)
        fold(state, signal)
    for answer in waiting:
        yield from _clicks(state, answer, shopper)


def _clicks(state: State, answer: _Answer, shopper: int) -> Iterator[Moment]:
    for item, weight in answer.clicks.items():
        others = tuple(other for other in answer.items if other not in answer.clicks or other == item)
        yield Moment(decode(encode(state)), answer.at, {item: 1.0}, shopper, weight, others)
