"""How a version is made: settings and ranker learned on the last days of some data, then a bundle of all of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.evaluation.protocol import split_at
from shared.models.bundle import Bundle, Floats
from shared.models.forest import Forest
from shared.models.judge import Settings
from shared.models.known import Known
from shared.models.moments import Moment, moments
from shared.models.objective import aim_of
from shared.models.ranker import MOST, learn
from shared.models.shown import shown_moments
from shared.models.sources import SOURCES
from shared.models.tune import BUDGET, Budget, History, sample, searched

FILLING = 0.001  # weight of sources that only fill a list
RANKER_ROWS = 1_000_000  # interactions; the ranker is learned on a sample of shoppers with about so many


class Recipe(NamedTuple):
    """`history` tells the trials of the search, the ranker's validation curve and what each way of ranking reached."""

    settings: Settings
    forest: Forest | None
    history: History


def recipe(known: Known, current: Settings | None = None, budget: Budget = BUDGET) -> Recipe:
    """Learned from what is known alone, its last days being what is asked. `current` are the settings of the version that serves now.

    Clicks are learned from what shoppers turned to next and, where recommendations were seen, from what was clicked of them.
    """
    some = sample(known.data, RANKER_ROWS)
    since = split_at(some)
    aim, seen = known.goal.aim or aim_of(some, since), known.goal.seen
    asked = moments(some, since, known.facts, aim, MOST)
    shown = []
    if aim.objective == "click" and seen is not None:
        shown = shown_moments(some, seen.where(seen.at < known.now), since, known.facts, MOST // 2)
    return learned(known._replace(data=some.before(since), now=since), asked, current, budget, shown)


def learned(
    known: Known,
    asked: Sequence[Moment],
    current: Settings | None = None,
    budget: Budget = BUDGET,
    shown: Sequence[Moment] = (),
) -> Recipe:
    """Settings and ranker for moments that come after all that is known; `shown` are for the ranker alone: a list says nothing of what
    was not on it."""
    settings, history = searched(known, asked, current, budget)
    found = learn(known.fitted(settings), [*asked, *shown])
    curve = [{"phase": "ranker", "ndcg": value, "trees": number + 1} for number, value in enumerate(found.curve)]
    compared = [{"phase": "compared", "ndcg": value, "way": way} for way, value in found.compared.items()]
    if found.alone:
        settings = {**settings, **alone(found.alone)}
    return Recipe(settings, found.forest, [*history, *curve, *compared])


def alone(source: str) -> Settings:
    """Weights by which the blend is one source, for what is new and for what was bought before. The others fill the list where it says
    nothing."""
    weights = {name: 1.0 if name == source else FILLING for name in SOURCES}
    return {"own": FILLING, **weights, **{f"again_{name}": weight for name, weight in weights.items()}}


def made(known: Known, recipe: Recipe, start: Floats | None = None) -> Bundle:
    """The recipe on all that is known; `start` are factors to go on from, see `fit`."""
    return replace(known.fitted(recipe.settings, start), forest=recipe.forest)
