"""How a version is made: settings and ranker learned on the last days of some data, then a bundle of all of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.evaluation.protocol import split_at
from shared.models.bundle import Bundle, Floats
from shared.models.forest import Forest
from shared.models.judge import Settings
from shared.models.known import Known
from shared.models.moments import Aim, Moment, aim_of, moments
from shared.models.ranker import MOST, learn
from shared.models.tune import BUDGET, Budget, History, sample, searched

RANKER_ROWS = 1_000_000  # interactions; the ranker is learned on a sample of shoppers with about so many


class Recipe(NamedTuple):
    """`history` tells the trials of the search, the ranker's validation curve and what each way of ranking reached."""

    settings: Settings
    forest: Forest | None
    history: History


def recipe(known: Known, current: Settings | None = None, budget: Budget = BUDGET, aim: Aim | None = None) -> Recipe:
    """Learned from what is known alone, its last days being what is asked. `current` are the settings of the version that serves now;
    `aim` is what the ranker is to bring about, by default orders where there are enough."""
    some = sample(known.data, RANKER_ROWS)
    since = split_at(some)
    asked = moments(some, since, known.facts, aim or aim_of(some, since), MOST)
    return learned(known._replace(data=some.before(since), now=since), asked, current, budget)


def learned(known: Known, asked: Sequence[Moment], current: Settings | None = None, budget: Budget = BUDGET) -> Recipe:
    """Settings and ranker for moments that come after all that is known."""
    settings, history = searched(known, asked, current, budget)
    found = learn(known.fitted(settings), asked)
    curve = [{"phase": "ranker", "ndcg": value, "trees": number + 1} for number, value in enumerate(found.curve)]
    compared = [{"phase": "compared", "ndcg": value, "way": way} for way, value in found.compared.items()]
    return Recipe(settings, found.forest, [*history, *curve, *compared])


def made(known: Known, recipe: Recipe, start: Floats | None = None) -> Bundle:
    """The recipe on all that is known; `start` are factors to go on from, see `fit`."""
    return replace(known.fitted(recipe.settings, start), forest=recipe.forest)
