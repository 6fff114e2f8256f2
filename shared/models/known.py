"""All that a model is made from."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from shared.evaluation.protocol import Facts
from shared.models.bundle import Bundle, Floats
from shared.models.fit import described, fit
from shared.models.impressions import Impressions
from shared.models.interactions import Interactions
from shared.models.objective import Aim, worth_of


class Texts(NamedTuple):
    """Items as vectors of what the catalog says of them: ids (t,) in any order, vectors (t, d)."""

    ids: Any
    vectors: Floats


class Goal(NamedTuple):
    """What to bring about, None for what the data suggest, and the recommendations seen to learn it from."""

    aim: Aim | None = None
    seen: Impressions | None = None


NO_GOAL = Goal()


class Known(NamedTuple):
    """What is known as of `now` (epoch seconds)."""

    data: Interactions
    now: float
    facts: Facts
    texts: Texts | None = None
    goal: Goal = NO_GOAL

    @classmethod
    def by_now(cls, data: Interactions, facts: Facts, texts: Texts | None = None, goal: Goal = NO_GOAL) -> "Known":
        """As of the last thing that happened."""
        return cls(data, float(data.at.max(initial=0.0)), facts, texts, goal)

    def fitted(self, settings: dict[str, float], start: Floats | None = None) -> Bundle:
        """`start` are factors to go on from, see `fit`."""
        bundle = described(fit(self.data, self.now, settings, start), self.facts)
        bundle = replace(bundle, worth=worth_of(bundle.item_ids, self.goal.aim))
        return told(bundle, self.texts) if self.texts else bundle


def told(bundle: Bundle, texts: Texts) -> Bundle:
    """The bundle with the vectors of its items, 0 for those that have none."""
    places = bundle.indices([str(item) for item in texts.ids])
    content = np.zeros((bundle.size, texts.vectors.shape[1]), np.float32)
    content[places[places >= 0]] = texts.vectors[places >= 0]
    return replace(bundle, content=content)
