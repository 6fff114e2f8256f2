"""`shopwindow examples DATASET`: what real products and shoppers of a set are shown, for a person to look at."""

import argparse
from collections.abc import Iterator, Sequence

import numpy as np

from infrastructure.cli.evaluate.command import dataset_of, with_data
from infrastructure.cli.evaluate.datasets import known
from infrastructure.cli.evaluate.served import Served, Shopwindow, state_of
from shared.evaluation.task import Dataset
from shared.models.bundle import Bundle, Ints
from shared.models.candidates import rank
from shared.profiles.state import Candidate
from shared.recommend import reasons

MANY = 5  # products, and shoppers
SHOWN = 5
USUAL = 12  # purchases: shoppers who are known about so well are easiest to judge for
WORDS = {
    reasons.SIMILAR: "goes with",
    reasons.TOGETHER: "bought with",
    reasons.FOR_YOU: "taste",
    reasons.POPULAR: "popular",
    reasons.SEEN: "seen",
}


def add(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", choices=list(known.LOADERS))
    with_data(command)
    command.set_defaults(run=do_examples)


def do_examples(args: argparse.Namespace) -> None:
    dataset = dataset_of(args)
    ranker, _ = Shopwindow().learn(dataset.known)
    if isinstance(ranker, Served):
        print("\n".join([*products(ranker.bundle, dataset.known.texts), "", *shoppers(ranker, dataset)]))


def products(bundle: Bundle, titles: dict[str, str]) -> Iterator[str]:
    """The most popular product of each of the most popular categories, and what its page shows."""
    yield from ("| product | similar | bought together |", "|---|---|---|")
    for place in leading(bundle, MANY):
        lists = (bundle.similar_items[place], bundle.together_items[place])
        cells = [_titles(bundle, row[row >= 0][:SHOWN], titles) for row in lists]
        yield f"| {_title(bundle, place, titles)} | {cells[0]} | {cells[1]} |"


def leading(bundle: Bundle, most: int) -> list[int]:
    """Positions of the most popular item of each category, the most popular first; where there are no categories, of all."""
    order: list[int] = np.argsort(-bundle.popularity, kind="stable").tolist()
    if not (bundle.categories != "").any():
        return order[:most]
    first: dict[str, int] = {}
    for place in order:
        first.setdefault(str(bundle.categories[place]), place)
    return list(first.values())[:most]


def shoppers(ranker: Served, dataset: Dataset) -> Iterator[str]:
    """Shoppers of the test part: what was known, what they would have been shown, and what came (bold where it was shown)."""
    yield from ("| known, latest last | to buy again | new, and why | came, of how many |", "|---|---|---|---|")
    cases, bundle, titles = dataset.test, ranker.bundle, dataset.known.texts
    distance = np.abs(cases.known - USUAL) + (cases.targets < 2) * 1000
    for one in np.argsort(distance, kind="stable")[:MANY].tolist():
        history = cases.history.item[cases.start[one] : cases.start[one + 1]]
        came = cases.target[cases.target_start[one] : cases.target_start[one + 1]]
        fresh, again = rank(state_of(cases, one, ranker.facts), bundle, float(cases.now[one]), SHOWN)
        right = {str(bundle.item_ids[item]) for item in came}
        cells = [
            _titles(bundle, history[-SHOWN:], titles),
            "; ".join(_bold(titles.get(c.item, c.item), c.item in right) for c in again),
            "; ".join(f"{_bold(titles.get(c.item, c.item), c.item in right)} ({_why(c, titles)})" for c in fresh),
            f"{_titles(bundle, came[:SHOWN], titles)}; {len(came)}",
        ]
        yield f"| {' | '.join(cells)} |"


def _why(candidate: Candidate, titles: dict[str, str]) -> str:
    because = "" if candidate.because == candidate.item else titles.get(candidate.because, candidate.because)
    return f"{WORDS[candidate.reason]} {because}".strip()


def _bold(words: str, wanted: bool) -> str:
    return f"**{words}**" if wanted else words


def _title(bundle: Bundle, place: int, titles: dict[str, str]) -> str:
    item = str(bundle.item_ids[place])
    return titles.get(item, item)


def _titles(bundle: Bundle, places: Ints | Sequence[int], titles: dict[str, str]) -> str:
    return "; ".join(_title(bundle, int(place), titles) for place in places)
