"""Shopwindow as it serves: settings searched and fitted as at night, states folded and items ranked as when a shopper acts."""

import math
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from infrastructure.cli.evaluate.datasets.files import places
from shared.catalog.model import Item, Price
from shared.evaluation.protocol import Facts, folded
from shared.evaluation.task import Cases, Ints, Known, Learned
from shared.models import content
from shared.models import known as models
from shared.models.bundle import Bundle
from shared.models.moments import Moment
from shared.models.ranker import MOST
from shared.models.recipe import learned, made
from shared.models.train import served
from shared.models.tune import BUDGET, Budget
from shared.profiles.state import State


@dataclass(frozen=True)
class Shopwindow:
    name: str = "Shopwindow as served"
    budget: Budget = BUDGET

    def learn(self, known: Known) -> Learned:
        with threadpool_limits(1, "blas"):  # as in the training step
            early, cases = known.validation, known.validation.cases.sample(MOST)
            texts = texts_of(known)
            before = models.Known(early.train, early.now, known.facts, texts)
            found = learned(before, asked(cases, known.facts), budget=self.budget)
            bundle = made(models.Known(known.train, known.now, known.facts, texts), found)
        ways = {f"ndcg of {row['way']}": row["ndcg"] for row in found.history if row["phase"] == "compared"}
        return Learned(Served(bundle, known.facts), {**found.settings, **ways})


def texts_of(known: Known) -> models.Texts | None:
    """The catalog's vectors as training has them, of the items of the train part; None where nothing is told of them."""
    nothing = ("", "", math.nan)
    items = [
        _item(item, known.texts.get(item, ""), known.facts.get(item, nothing)) for item in known.train.items.tolist()
    ]
    told = content.embed(items)
    return models.Texts(told.ids, told.vectors) if told.vectors.any() else None


def _item(name: str, text: str, fact: tuple[str, str, float]) -> Item:
    category, brand, price = fact
    return Item(id=name, title=text, product_type=category, brand=brand, price=Price(price, "") if price > 0 else None)


def asked(cases: Cases, facts: Facts) -> list[Moment]:
    """The cases as moments to learn from."""
    names, found = cases.history.items, []
    for one in range(len(cases)):
        right = cases.target[cases.target_start[one] : cases.target_start[one + 1]]
        came = {str(names[item]): 1.0 for item in right}
        found.append(Moment(state_of(cases, one, facts), float(cases.now[one]), came, int(cases.group[one])))
    return [moment for moment in found if moment.right]


def state_of(cases: Cases, one: int, facts: Facts) -> State:
    return folded(cases.history, list(range(cases.start[one], cases.start[one + 1])), facts)


@dataclass(frozen=True)
class Served:
    """Item positions are those of the train part's items, which the bundle has in the same order."""

    bundle: Bundle
    facts: Facts

    def rank(self, cases: Cases, k: int, *, repeats: bool) -> Ints:
        top = np.full((len(cases), k), -1, np.int32)
        with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
            for one in range(len(cases)):
                both, fresh = served(self.bundle, float(cases.now[one]))(state_of(cases, one, self.facts))
                found = places(self.bundle.item_ids, (both if repeats else fresh)[:k])
                top[one, : len(found)] = found
        return top
