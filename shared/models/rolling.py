"""Several test windows instead of one, for shops so small that one holds too few shoppers: k folds over time (rolling origin).

A fold is never shuffled days: each window comes after all that its model knows, and each window has a model of its own.
"""

from collections.abc import Callable
from typing import NamedTuple

from shared.evaluation.protocol import Case, Facts, Ranked, cases, split_at
from shared.models.interactions import Interactions
from shared.models.objective import Aim
from shared.profiles.state import State

FOLDS = 4


class Window(NamedTuple):
    """Days to test on, from `moment` until `until` (epoch seconds), with the shoppers who came back in them."""

    moment: float
    until: float
    shoppers: list[Case]


def windows(data: Interactions, facts: Facts, enough: int, aim: Aim | None = None) -> list[Window]:
    """The last days; and while these have fewer than `enough` shoppers, as many days before them, FOLDS at most. A shopper who came back
    in several windows counts in each."""
    moment, until = split_at(data), float("inf")
    length, first = float(data.at.max()) - moment, float(data.at.min())
    found = [Window(moment, until, cases(data, moment, facts=facts, aim=aim))]
    while (
        len(found) < FOLDS and length > 0 and sum(len(w.shoppers) for w in found) < enough and moment - length > first
    ):
        moment, until = moment - length, moment
        found.append(Window(moment, until, cases(data, moment, until, facts=facts, aim=aim)))
    return found


def each_in_its_own(folds: list[Window], ranked: Callable[[Window], Ranked]) -> Ranked:
    """Ranks each shopper's state with the model of the window they are tested in; once, so that all measures look at the same lists."""
    of: dict[int, Ranked] = {}
    for window in folds:
        of |= dict.fromkeys((id(case.state) for case in window.shoppers), ranked(window))
    known: dict[int, tuple[list[str], list[str]]] = {}

    def again(state: State) -> tuple[list[str], list[str]]:
        if id(state) not in known:
            known[id(state)] = of[id(state)](state)
        return known[id(state)]

    return again
