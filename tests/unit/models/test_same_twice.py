"""A lake read twice, in whatever order its files and lines come, gives the same rows and the same model."""

import hashlib
import random

import numpy as np
import pytest

from shared.events import lake
from shared.events.model import encode
from shared.models import bundle, interactions
from shared.models.fit import fit
from shared.models.prepare import Room, prepare
from tests.factories import event

SHOPPERS, ORDERS, LINES = 40, 3, 60


def shop():
    """Large orders, each a product twice in other quantities, a visit later on each, and some messages that arrive twice."""
    rng, told = random.Random(4), []
    for shopper in range(SHOPPERS):
        for number in range(ORDERS):
            codes = [f"i{rng.randrange(200):03d}" for _ in range(LINES - 1)]
            lines = [{"product_id": c, "price": 2, "quantity": n + 1} for n, c in enumerate([*codes, codes[0]])]
            fields = {"minutes": 60 * (number + rng.random()), "anonymous_id": f"a{shopper}"}
            placed = event(
                "Order Completed", properties={"order_id": f"{shopper}/{number}", "products": lines}, **fields
            )
            told += [placed, placed] if number == 1 else [placed]
    return [encode(one) for one in told]


EVENTS = shop()


@pytest.fixture
def read(tmp_path):
    def run(seed):
        rows, paths = random.Random(seed).sample(EVENTS, len(EVENTS)), []
        for number in range(3):
            paths.append(tmp_path / f"{seed}-{number}.jsonl.gz")
            paths[-1].write_bytes(lake.lines(rows[number::3]))
        return prepare([str(path) for path in paths], "20260303T030000Z", room=Room(str(tmp_path / "spill")))

    return run


def made(data):
    return hashlib.sha256(bundle.dump(fit(data, float(data.at.max())))).hexdigest()


def test_the_same_rows_and_the_same_model_in_any_order_of_files_and_lines(read):
    once, *others = (read(seed).interactions for seed in range(4))
    assert len(once) == SHOPPERS * ORDERS * LINES
    assert {interactions.dump(other) for other in others} == {interactions.dump(once)}
    assert {made(other) for other in others} == {made(once)}


def test_an_order_is_of_one_session(read):
    data = read(1).interactions
    pairs = np.unique(np.stack([data.basket, data.session]), axis=1)
    assert pairs.shape[1] == SHOPPERS * ORDERS == data.basket.max() + 1
