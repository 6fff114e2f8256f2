"""How likely a place in a list is looked at at all: clicks at the top say less than clicks further down.

The position-based model (Craswell et al., 2008): a click is a look times a liking, P(click) = examined(place) · liked(placement, item).
Fitted by expectation maximisation (Chuklin, Markov and de Rijke, *Click Models for Web Search*, 2015, section 4): the same item shown at
several places tells the one from the other.
"""

import numpy as np
from numpy.typing import NDArray

from shared.models.impressions import Impressions

PLACES = 20  # told apart; further ones are the last
ROUNDS = 200
LEAST = 0.1  # of an examination, so that no click counts more than ten times
FEWEST_CLICKS = 100  # below, every place is taken for looked at
LIKED = (1.0, 9.0)  # clicks and others that an item is assumed to have had besides: a tenth


def examined(shown: Impressions) -> NDArray[np.float64]:
    """(PLACES + 1,) the chance that each place is looked at, beside the first; falling. Index 0, an unknown place, has 1."""
    known = shown.position > 0
    if not known.any() or int(shown.clicked[known].sum()) < FEWEST_CLICKS:
        return np.ones(PLACES + 1)
    place = np.minimum(shown.position[known], PLACES) - 1
    names = np.char.add(np.char.add(shown.placement[known], "\n"), shown.item[known])
    item = np.unique(names, return_inverse=True)[1]
    chances = _fitted(place, item, shown.clicked[known].astype(np.float64))
    seen = np.bincount(place, minlength=PLACES) > 0
    chances = np.where(seen, chances, np.nan)
    # a place that nothing was shown at is like the one before it; nobody sees a later place before an earlier one
    falling = np.clip(np.fmin.accumulate(chances / chances[np.flatnonzero(seen)[0]]), LEAST, 1.0)
    return np.concatenate([[1.0], np.nan_to_num(falling, nan=1.0)]).astype(np.float64)


def _fitted(place: NDArray[np.int16], item: NDArray[np.intp], clicked: NDArray[np.float64]) -> NDArray[np.float64]:
    look = 1.0 / (1.0 + np.arange(PLACES)) ** 0.5
    like = np.full(int(item.max()) + 1, LIKED[0] / sum(LIKED))
    shown_at, shown_of = np.bincount(place, minlength=PLACES), np.bincount(item, minlength=len(like))
    for _ in range(ROUNDS):
        both = look[place] * like[item]
        # of what was not clicked: it was looked at and not liked, or liked and not looked at, or neither
        looked = clicked + (1 - clicked) * (look[place] - both) / (1 - both)
        liked = clicked + (1 - clicked) * (like[item] - both) / (1 - both)
        look = np.bincount(place, looked, PLACES) / np.maximum(shown_at, 1)
        like = (np.bincount(item, liked, len(like)) + LIKED[0]) / (shown_of + sum(LIKED))
        look, like = np.clip(look, 1e-6, 1 - 1e-6), np.clip(like, 1e-6, 1 - 1e-6)
    return np.asarray(look, np.float64)
