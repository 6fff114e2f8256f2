"""Session files (Retailrocket, Yoochoose): `*_train_sessions.txt`, the items of one session a line, in order of time, and
`*_test_prefix_target.txt`, the prefixes of the test sessions, the longest of each first, a tab, and the item that came next.

The files have no times: sessions are made to start a minute apart, in their order, with ten seconds between items; each is a shopper.
Validation: the prefixes of the last 5 % of the train sessions, from the length that the test's start with (2 in Retailrocket's file). Items
seen in the session may come again.
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infrastructure.cli.evaluate.datasets.files import find, interactions, lines, numbers
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Cases, Dataset, Fold, Known, pointers, ragged
from shared.models.interactions import VIEW, Interactions

FIRST = 1_400_000_000.0  # epoch seconds; any would do
APART, STEP = 60.0, 10.0
VALIDATION = 0.05
NOTE = "Times are made up, in the order of the files; intervals are over sessions."


class Sessions(NamedTuple):
    """s sessions as item ids one after the other."""

    item: NDArray[np.int64]
    start: NDArray[np.int64]  # (s + 1,)

    def part(self, first: int, last: int) -> "Sessions":
        return Sessions(
            self.item[self.start[first] : self.start[last]], self.start[first : last + 1] - self.start[first]
        )


def load(folder: Path, name: str) -> Dataset:
    train, (test, least) = _train(find(folder, "*_train_sessions.txt")), _test(find(folder, "*_test_prefix_target.txt"))
    count = len(train.start) - 1
    border = count - max(int(count * VALIDATION), 1)
    items = np.unique(np.concatenate([train.item, test.item]).astype(np.str_))
    late = _prefixes(train.part(border, count), np.full(count - border, least.min()), border, items)
    known = Known(
        task="next",
        train=_interactions(train, items),
        now=_moment(count),
        validation=Fold(_interactions(train.part(0, border), items), _moment(border), late),
    )
    return Dataset(name, known, _prefixes(test, least, count, items), ("repeats",), NOTE)


def _train(path: Path) -> Sessions:
    found = [numbers(path, line, n) for n, line in enumerate(lines(path), 1)]
    if len(found) < 2:
        raise LocalStackError(f"{path} should hold one session a line; it holds {len(found)}.")
    return _sessions(found)


def _test(path: Path) -> tuple[Sessions, NDArray[np.int64]]:
    """The sessions, and the length of the shortest prefix of each. A session's prefixes follow each other, each one item shorter."""
    found: list[list[int]] = []
    for number, line in enumerate(lines(path), 1):
        prefix, tab, target = line.partition("\t")
        session = numbers(path, f"{prefix} {target}", number)
        if not tab or len(session) < 2:
            raise LocalStackError(f"{path}, line {number} should be items, a tab and an item: {line[:80]!r}")
        found.append(session)
    if not found:
        raise LocalStackError(f"{path} is empty.")
    starts = [0] + [n for n, (one, other) in enumerate(pairwise(found), 1) if one[:-1] != other]
    ends = [*starts[1:], len(found)]
    return _sessions([found[n] for n in starts]), np.array([len(found[n - 1]) - 1 for n in ends], np.int64)


def _sessions(found: list[list[int]]) -> Sessions:
    return Sessions(
        np.array([item for session in found for item in session], np.int64),
        pointers([len(session) for session in found]),
    )


def _moment(session: int) -> float:
    """When the session of that number starts."""
    return FIRST + APART * session


def _times(sessions: Sessions, first: int) -> NDArray[np.float64]:
    counts = np.diff(sessions.start)
    step = np.arange(len(sessions.item)) - np.repeat(sessions.start[:-1], counts)
    number = np.repeat(np.arange(first, first + len(counts)), counts)
    times: NDArray[np.float64] = FIRST + APART * number + STEP * step
    return times


def _interactions(sessions: Sessions, items: NDArray[np.str_]) -> Interactions:
    shopper = np.repeat(np.arange(len(sessions.start) - 1), np.diff(sessions.start))
    return interactions(shopper, sessions.item.astype(np.str_), _times(sessions, 0), kind=VIEW, items=items)


def _prefixes(sessions: Sessions, least: NDArray[np.int64], first: int, items: NDArray[np.str_]) -> Cases:
    """Every prefix of at least `least` items is a case, a session's cases one after the other, the shortest first."""
    counts = np.maximum(np.diff(sessions.start) - least, 0)
    session = np.repeat(np.arange(len(counts)), counts)
    length = np.arange(counts.sum()) - np.repeat(pointers(counts)[:-1], counts) + least[session]
    begin = sessions.start[session]
    ends = np.stack([begin, begin + length], axis=1).ravel()  # a prefix, then what is left out, in turns
    rows, start = ragged(ends, 2 * np.arange(len(length)))
    times, place = _times(sessions, first), np.searchsorted(items, sessions.item.astype(np.str_)).astype(np.int32)
    case = np.repeat(np.arange(len(length), dtype=np.int32), length)
    history = Interactions(
        items=items,
        shoppers=np.arange(len(length), dtype=np.uint64),
        shopper=case,
        item=place[rows],
        at=times[rows],
        kind=np.full(len(rows), VIEW, np.int8),
        session=case,
        basket=np.full(len(rows), -1, np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(len(length), "", "U2"),
    )
    return Cases(
        history=history,
        start=start,
        target=place[begin + length],
        target_start=np.arange(len(length) + 1),
        now=times[begin + length],
        shopper=np.full(len(length), -1, np.int32),
        group=session.astype(np.int32),
    )
