"""What another policy would have brought, from a log of one that drew by chance and wrote the chance down (the propensity).

Each estimator is a mean over the log, so its interval is that of a mean (normal, 95 %): trust it where the clicks that carry weight are not
few, which `effective` tells. Needed is that the logging policy gave every action of the other some chance; a bandit's floor does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z = 1.959964


class Logged(NamedTuple):
    """n rows: the `reward`, the `chance` with which the log's policy chose what it did, and the `target`'s chance to choose the same."""

    reward: Floats
    chance: Floats
    target: Floats

    @property
    def weight(self) -> Floats:
        return self.target / self.chance


class Estimate(NamedTuple):
    """`effective` is how many rows of the other policy's own log would say as much, by the spread of the weights (Kish 1965)."""

    value: float
    low: float
    high: float
    effective: float


class Model(NamedTuple):
    """A guess of the reward: (n,) of what was done in each row, and (n,) of what the target would do there, on average.
    No row's guess may have been learned from the row itself."""

    done: Floats
    target: Floats


def ips(logged: Logged) -> Estimate:
    """Inverse propensity scoring (Horvitz, Thompson 1952): without bias; wide where the policies differ."""
    terms = logged.weight * logged.reward
    return _mean(terms, logged)


def snips(logged: Logged) -> Estimate:
    """Self-normalised (Swaminathan, Joachims 2015): divided by the mean of the weights, which by right is 1. Narrower, with a bias that
    goes as 1/n. The interval is by the delta method. Without any weight the value is 0."""
    weight = logged.weight
    mean = float(weight.mean())
    if not mean:
        return Estimate(0.0, 0.0, 0.0, 0.0)
    value = float((weight * logged.reward).mean()) / mean
    return _mean(value + weight * (logged.reward - value) / mean, logged)


def doubly_robust(logged: Logged, model: Model) -> Estimate:
    """The model's guess, put right by what it was off (Dudík, Langford, Li 2011): without bias whatever the model, narrow if it is good."""
    return _mean(model.target + logged.weight * (logged.reward - model.done), logged)


def by_cell(cell: NDArray[np.intp], reward: Floats, target: Floats, place: NDArray[np.intp], folds: int = 5) -> Model:
    """A model for `doubly_robust`: the mean reward of a cell (an action in a context), drawn toward that of all as far as cells are alike.

    `cell` (n,) numbers what was done, `target` is (places, cells) the target's chance of each cell in each place, `place` (n,) says where a
    row was. Rows are guessed from the other folds.
    """
    done, expected = np.empty(len(reward)), np.empty(len(reward))
    fold = np.arange(len(reward)) % folds
    for one in range(folds):
        others, mine = fold != one, fold == one
        means = shrunk(cell[others], reward[others], target.shape[1])
        done[mine] = means[cell[mine]]
        expected[mine] = (target @ means)[place[mine]]
    return Model(done, expected)


def shrunk(cell: NDArray[np.intp], reward: Floats, cells: int) -> Floats:
    """(cells,) means drawn toward the mean of all by empirical Bayes: with the weight of as many rows as the variance within cells is
    times that between them (method of moments; DerSimonian, Laird 1986)."""
    number = np.bincount(cell, minlength=cells).astype(float)
    total = np.bincount(cell, reward, minlength=cells)
    overall, known = float(reward.mean()), number > 0
    means = np.divide(total, number, out=np.full(cells, overall), where=known)
    within = float(reward.var())
    spread = float(number @ (means - overall) ** 2) - within * (int(known.sum()) - 1)
    between = spread / (number.sum() - float(number @ number) / number.sum()) if known.sum() > 1 else 0.0
    if between <= 0:
        return np.full(cells, overall)
    prior = within / between
    return np.asarray((total + prior * overall) / (number + prior))


def _mean(terms: Floats, logged: Logged) -> Estimate:
    value, weight = float(terms.mean()), logged.weight
    radius = Z * float(terms.std(ddof=1)) / len(terms) ** 0.5 if len(terms) > 1 else float("inf")
    squares = float(weight @ weight)
    effective = float(weight.sum()) ** 2 / squares if squares else 0.0
    return Estimate(value, value - radius, value + radius, effective)
