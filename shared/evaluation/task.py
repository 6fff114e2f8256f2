"""What a model is asked in an evaluation, as columns: histories, what came after them, and all that may be learned from before.

A model is handed `Known`, which has no test part: nothing it tunes can have seen one.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.protocol import Facts
from shared.models.interactions import ORDER, Interactions

Ints = NDArray[np.int32]
Task = Literal["next", "top"]  # the next item of a session; the items a shopper turns to in the days after


@dataclass(frozen=True)
class Cases:
    """c questions: the history at a moment, and what came. Item positions are those of `history.items`."""

    history: Interactions  # rows in order of case, then time; its `shopper` is the position of the case
    start: NDArray[np.int64]  # (c + 1,): rows start[i]:start[i + 1] are case i's
    target: Ints  # items that came, each once a case
    target_start: NDArray[np.int64]  # (c + 1,), likewise
    now: NDArray[np.float64]  # (c,) epoch seconds of the question
    shopper: Ints  # (c,) position in the train part's shoppers, −1 for one it does not know
    group: Ints  # (c,) what is drawn together when intervals are computed: the session or the shopper

    def __len__(self) -> int:
        return len(self.now)

    @property
    def known(self) -> NDArray[np.int64]:
        """How many events are known of each case, (c,)."""
        return np.diff(self.start)

    @property
    def targets(self) -> NDArray[np.int64]:
        """How many items came in each case, (c,)."""
        return np.diff(self.target_start)

    def take(self, chosen: Any) -> "Cases":
        """The chosen cases (a mask or positions), numbered anew."""
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else np.asarray(chosen, np.intp)
        rows, start = ragged(self.start, chosen)
        targets, target_start = ragged(self.target_start, chosen)
        history = self.history.where(rows)
        case = np.repeat(np.arange(len(chosen), dtype=np.int32), np.diff(start))
        return Cases(
            history=replace(history, shopper=case),
            start=start,
            target=self.target[targets],
            target_start=target_start,
            now=self.now[chosen],
            shopper=self.shopper[chosen],
            group=self.group[chosen],
        )

    def blind(self) -> "Cases":
        """The cases without what came: all that a ranker may see."""
        return self.only(np.zeros(len(self.target), bool))

    def sample(self, most: int, seed: int = 1) -> "Cases":
        """At most `most` cases, in their order."""
        if len(self) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))

    def repeated(self) -> NDArray[np.bool_]:
        """Of each target whether the history has its item."""
        case = np.repeat(np.arange(len(self)), self.targets)
        seen: NDArray[np.bool_] = np.isin(
            self._pairs(case, self.target), self._pairs(self.history.shopper, self.history.item)
        )
        return seen

    def bought(self) -> tuple[Ints, Ints]:
        """Cases and items bought before, once each pair."""
        orders = self.history.kind == ORDER
        pairs = np.unique(self._pairs(self.history.shopper[orders], self.history.item[orders]))
        size = len(self.history.items)
        return (pairs // size).astype(np.int32), (pairs % size).astype(np.int32)

    def only(self, targets: NDArray[np.bool_]) -> "Cases":
        """The cases with these of their targets only; a case keeps its place, with no target if none is left."""
        case = np.repeat(np.arange(len(self)), self.targets)[targets]
        counts = np.bincount(case, minlength=len(self))
        return replace(self, target=self.target[targets], target_start=pointers(counts))

    def fresh(self) -> "Cases":
        """The cases with what was never bought before as their targets."""
        case = np.repeat(np.arange(len(self)), self.targets)
        return self.only(~np.isin(self._pairs(case, self.target), self._pairs(*self.bought())))

    def _pairs(self, case: Any, item: Any) -> NDArray[np.int64]:
        pairs: NDArray[np.int64] = case.astype(np.int64) * len(self.history.items) + item
        return pairs


class Fold(NamedTuple):
    """What may be learned from as of `now` (epoch seconds), and what is asked then."""

    train: Interactions
    now: float
    cases: Cases


@dataclass(frozen=True)
class Known:
    """All that a model may learn from. `validation` lies wholly in `train`: its own train part ends before its cases."""

    task: Task
    train: Interactions
    now: float
    validation: Fold
    facts: Facts = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # item id -> words that describe it
    demographics: dict[str, NDArray[Any]] = field(default_factory=dict)  # attribute -> (u,) words, "" unknown
    repeats: bool = True  # whether items bought before count as targets


@dataclass(frozen=True)
class Dataset:
    """A set with its protocol. `modes` are the lists asked for: `repeats` allowed, `new` items only."""

    name: str
    known: Known
    test: Cases
    modes: tuple[Literal["repeats", "new"], ...]
    note: str = ""  # what a reader of the figures should know


class Ranker(Protocol):
    """A fitted model."""

    def rank(self, cases: Cases, k: int, *, repeats: bool) -> Ints:
        """Positions of the best k items of each case, best first, (c, k), −1 pads. Without `repeats` nothing bought before."""
        ...


class Learned(NamedTuple):
    ranker: Ranker
    settings: dict[str, Any]  # chosen on the validation part, for the report


class Model(Protocol):
    """A way to rank, baseline or ours."""

    @property
    def name(self) -> str: ...

    def learn(self, known: Known) -> Learned:
        """Tune on the validation part, then fit everything known."""
        ...


def pointers(counts: Any) -> NDArray[np.int64]:
    """Where each of the groups of these sizes starts, and where the last ends.

    >>> pointers([2, 0, 1]).tolist()
    [0, 2, 2, 3]
    """
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def ragged(start: NDArray[np.int64], chosen: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the chosen groups, one group after the other, and their pointers.

    >>> [a.tolist() for a in ragged(pointers([2, 0, 1]), np.array([2, 0]))]
    [[2, 0, 1], [0, 1, 3]]
    """
    counts = start[chosen + 1] - start[chosen]
    made = pointers(counts)
    rows = np.arange(made[-1]) - np.repeat(made[:-1], counts) + np.repeat(start[chosen], counts)
    return rows, made


def asked(  # noqa: PLR0913, PLR0917 - the parts of a question
    train: Interactions, truth: Interactions, who: Any, now: Any, shopper: Any = None, group: Any = None
) -> Cases:
    """Cases of the shoppers `who` (positions): their rows of `train` are the history, their items in `truth` what came.

    `now` in epoch seconds, one for all or (c,). `shopper` and `group` are `who` unless given.
    """
    who = np.asarray(who, np.int32)
    rows, start = _rows(train, who)
    came, came_start = _rows(truth, who)
    case = np.repeat(np.arange(len(who)), np.diff(came_start))
    pairs = np.unique(case.astype(np.int64) * len(train.items) + truth.item[came])
    targets = np.bincount(pairs // len(train.items), minlength=len(who))
    history = train.where(rows)
    return Cases(
        history=replace(history, shopper=np.repeat(np.arange(len(who), dtype=np.int32), np.diff(start))),
        start=start,
        target=(pairs % len(train.items)).astype(np.int32),
        target_start=pointers(targets),
        now=np.broadcast_to(np.asarray(now, np.float64), len(who)).copy(),
        shopper=who if shopper is None else np.asarray(shopper, np.int32),
        group=who if group is None else np.asarray(group, np.int32),
    )


def _rows(data: Interactions, who: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each shopper in order of time, and their pointers."""
    order = np.argsort(data.shopper, kind="stable")
    everybody = pointers(np.bincount(data.shopper, minlength=len(data.shoppers)))
    rows, start = ragged(everybody, who)
    return order[rows], start


def at_moment(data: Interactions, moment: float, *, until: float = float("inf"), cold: bool = False) -> Fold:
    """A split in time: before `moment` is known, orders until `until` are what came (all rows in a shop with few orders).

    Shoppers unknown before are asked about only if `cold`. Items never dealt with before cannot be foreseen and are no targets.
    """
    train, later = data.before(moment), data.where((data.at >= moment) & (data.at < until))
    orders = later.where(later.kind == ORDER)
    truth = orders if len(orders) >= FEWEST_ORDERS else later
    truth = truth.where(np.isin(truth.item, train.item))
    who = np.unique(truth.shopper)
    if not cold:
        who = np.intersect1d(who, train.shopper)
    return Fold(train, moment, asked(train, truth, who, moment))


FEWEST_ORDERS = 100
