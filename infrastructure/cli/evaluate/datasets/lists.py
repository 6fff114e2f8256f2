"""User lists (amazon-book, amazon-beauty): a user and its items a line.

The files have no times. A list is made to be one visit, a minute between its items, all lists starting at the same moment: only the
order within a list means anything, and where there is none (amazon-book) nothing does. What was dealt with before is no target.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infrastructure.cli.evaluate.datasets.files import find, interactions, lines, numbers
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Dataset, Fold, Known, asked
from shared.models.interactions import Interactions

FIRST, STEP = 1_400_000_000.0, 60.0
HELD = 0.1  # of each user's items in the validation part, where order says nothing
Mask = NDArray[np.bool_]


def book(folder: Path, name: str) -> Dataset:
    """`train.txt` and `test.txt` as given (the KGAT split). Validation: a seeded tenth of the train rows of users with several."""
    train, test = _lists(find(folder, "train.txt")), _lists(find(folder, "test.txt"))
    users = sorted(train | test)
    data = _interactions([train.get(user, []) + test.get(user, []) for user in users])
    counts = np.array([len(train.get(user, [])) for user in users])
    known = _place(data) < counts[data.shopper]
    held = (np.random.default_rng(1).random(len(data)) < HELD) & (counts[data.shopper] > 1) & known
    note = "No order and no times; validation is a seeded tenth of the train rows."
    return _dataset(name, data, (known & ~held, held, ~known), {}, note)


def beauty(folder: Path, name: str) -> Dataset:
    """Leave one out: the last item of each user is the test, the one before it validation."""
    data = _interactions(list(_lists(find(folder, "Beauty.txt")).values()))
    left = np.bincount(data.shopper, minlength=len(data.shoppers))[data.shopper] - _place(data)  # 1 for the last
    texts = _attributes(find(folder, "item2attributes.json"))
    return _dataset(name, data, (left > 2, left == 2, left == 1), texts, "Leave one out; times are made up, in order.")


def _dataset(
    name: str, data: Interactions, parts: tuple[Mask, Mask, Mask], texts: dict[str, str], note: str
) -> Dataset:
    """`parts` are the rows to learn from, those of the validation and those of the test."""
    early, held, came = (data.where(part) for part in parts)
    train, end = data.where(parts[0] | parts[1]), float(data.at.max()) + STEP
    known = Known("top", train, end, Fold(early, end, _cases(early, held, end)), texts=texts, repeats=False)
    return Dataset(name, known, _cases(train, came, end), ("new",), note)


def _cases(train: Interactions, came: Interactions, end: float) -> Any:
    """Users with a history, asked about what of it they did not have."""
    cases = asked(train, came, np.intersect1d(came.shopper, train.shopper), end).fresh()
    return cases.take(cases.targets > 0)


def _lists(path: Path) -> dict[int, list[int]]:
    found = {}
    for number, line in enumerate(lines(path), 1):
        if line.strip():
            user, *items = numbers(path, line, number)
            found[user] = items
    if not found:
        raise LocalStackError(f"{path} is empty.")
    return found


def _interactions(found: list[list[int]]) -> Interactions:
    counts = [len(items) for items in found]
    place = np.concatenate([np.arange(count) for count in counts])
    items = np.array([item for one in found for item in one], np.int64).astype(np.str_)
    return interactions(np.repeat(np.arange(len(found)), counts), items, FIRST + STEP * place, shoppers=len(found))


def _place(data: Interactions) -> NDArray[np.int64]:
    """Of each row its place in the user's list."""
    return np.rint((data.at - FIRST) / STEP).astype(np.int64)


def _attributes(path: Path) -> dict[str, str]:
    """Numbers of attributes as words, so that what two items have in common can be found as in a text."""
    try:
        found = json.loads("".join(lines(path)))
        return {str(item): " ".join(f"attribute{number}" for number in held) for item, held in found.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise LocalStackError(f"{path} should map items to lists of numbers: {error}") from None
