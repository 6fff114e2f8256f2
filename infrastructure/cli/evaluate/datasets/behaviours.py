"""Retailrocket with several kinds of behaviour: visitors' views, carts and orders with unix seconds, and one order of each held out.

The file has no other row of the visitor and the item held out, so what was bought is never something looked at before. Validation is made
alike: of each visitor with an order in the train part the last one is held out, with everything after it and with the item's other rows.
"""

from pathlib import Path

import numpy as np

from infrastructure.cli.evaluate.datasets.files import find, interactions, places, rows
from infrastructure.local.layout import LocalStackError
from shared.evaluation.task import Cases, Dataset, Fold, Known, asked
from shared.models.interactions import CART, ORDER, VIEW, Interactions

KINDS = {"view": VIEW, "cart": CART, "buy": ORDER}


def load(folder: Path, name: str) -> Dataset:
    path = find(folder, "*_multibehaviour_train.csv")
    train = list(rows(path, ("user", "item", "event", "unix_time")))
    held = list(rows(find(folder, "*_multibehaviour_test_buy.csv"), ("user", "item")))
    users = np.unique([row["user"] for row in train + held])
    try:
        data = interactions(
            places(users, [row["user"] for row in train]),
            [row["item"] for row in train],
            [float(row["unix_time"]) for row in train],
            kind=[KINDS[row["event"]] for row in train],
            shoppers=len(users),
            items=np.array([row["item"] for row in held]),
        )
    except (KeyError, ValueError) as error:
        raise LocalStackError(f"{path} should have the events {', '.join(KINDS)} and unix seconds: {error}") from None
    now = float(data.at.max()) + 1.0
    known = Known("top", data, now, _validation(data), repeats=False)
    came = interactions(
        places(users, [row["user"] for row in held]),
        [row["item"] for row in held],
        np.full(len(held), now),
        items=data.items,
    )
    return Dataset(name, known, _cases(data, came), ("new",), "One held-out order a visitor.")


def _validation(data: Interactions) -> Fold:
    orders = np.flatnonzero(data.kind == ORDER)
    last = np.full(len(data.shoppers), -1)
    last[data.shopper[orders]] = orders  # rows are in order of time: the last write is the last order
    border = np.where(last >= 0, last, len(data))[data.shopper]
    place = np.arange(len(data))
    wanted = np.full(len(data.shoppers), -1)
    wanted[data.shopper[orders]] = data.item[orders]
    train = data.where((place < border) & (data.item != wanted[data.shopper]))
    came = data.where(place == border)
    return Fold(train, float(data.at.max()), _cases(train, came))


def _cases(train: Interactions, came: Interactions) -> Cases:
    """Asked a second after the last that is known of the visitor, who must be known."""
    who = np.intersect1d(came.shopper, train.shopper)
    last = np.zeros(len(train.shoppers))
    last[train.shopper] = train.at
    return asked(train, came, who, last[who] + 1.0)
