"""The click model: what it foresees, and that it goes on from where it was stored."""

import numpy as np
import pytest

from shared.events import lake
from shared.events.model import encode
from shared.models import clicks
from shared.models.clicks import dump, fresh, learned, load
from shared.models.impressions import Impressions
from shared.models.impressions import dump as dump_impressions
from shared.models.impressions import load as load_impressions
from shared.models.prepare import Room, prepare
from tests.factories import event

FACTS = {f"i{n}": (f"C{n % 2}", "", 1.0) for n in range(40)}


def shown(size=4000, seed=1, flipped=False):
    """Shoppers click at what stands first and at every second item; `flipped`, at the others."""
    rng = np.random.default_rng(seed)
    item, position = rng.integers(0, 40, size), rng.integers(1, 11, size)
    chance = np.where(item % 2 == flipped, 0.5, 0.05) / position
    return Impressions(
        at=np.arange(size) * 60.0,
        shopper=np.zeros(size, np.uint64),
        item=np.char.add("i", item.astype(str)),
        placement=np.full(size, "home"),
        position=position.astype(np.int16),
        clicked=rng.random(size) < chance,
        answer=np.arange(size, dtype=np.int32),
    )


def test_it_foresees_clicks_better_than_their_rate():
    model, told = learned(fresh(), shown(), FACTS)
    assert model.loss < 0.95 * model.plain and told["impressions"] == 4000 and 0 < told["rate"] < 0.2


def test_what_is_stored_goes_on_as_if_never_stopped():
    whole = shown(2000)
    once, _ = learned(fresh(), whole, FACTS)
    half, _ = learned(fresh(), whole.where(slice(0, 1000)), FACTS)
    again, _ = learned(load(dump(half)), whole.where(slice(1000, 2000)), FACTS)
    assert (
        np.allclose(once.coef, again.coef)
        and np.allclose(once.intercept, again.intercept)
        and once[2:] == pytest.approx(again[2:])
    )


def test_a_change_of_taste_is_a_loss_that_rises():
    model, _ = learned(fresh(), shown(), FACTS)
    _, same = learned(model, shown(1000, seed=2), FACTS)
    _, other = learned(model, shown(1000, seed=2, flipped=True), FACTS)
    assert other["loss"] > 1.15 * same["loss"] and other["usual"] == same["usual"] == model.loss


def test_without_impressions_there_is_nothing_to_learn():
    model, told = learned(fresh(), shown(0), FACTS)
    assert model.seen == 0 and told == {"impressions": 0, "rate": 0.0, "loss": 0.0, "usual": 0.0}
    assert clicks.load(clicks.dump(model)).seen == 0


def test_impressions_are_read_once_an_answer_with_their_clicks(tmp_path):
    def told(name, answer, minutes, *items, who="a1", **more):
        products = [{"product_id": item, "position": place} for place, item in enumerate(items, 1)]
        return event(
            name,
            minutes=minutes,
            anonymous_id=who,
            properties={"recommendation_id": answer, "placement": "home", "products": products, **more},
        )

    click = event(
        "Recommendation Clicked",
        minutes=3,
        properties={"recommendation_id": "r1", "product_id": "stove", "position": 2},
    )
    events = [
        told("Recommendation Viewed", "r1", 1, "tent", "stove"),
        told("Recommendation Viewed", "r1", 2, "tent", "stove"),  # scrolled back to it
        click,
        told("Recommendation Viewed", "r2", 4, "stove"),
        event("Recommendation Clicked", minutes=5, properties={"recommendation_id": "unseen", "product_id": "tent"}),
    ]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(lake.lines(encode(e) for e in events))
    found = load_impressions(
        dump_impressions(prepare([str(path)], "20260303T030000Z", room=Room(str(tmp_path / "spill"))).impressions)
    )
    rows = list(zip(found.item.tolist(), found.position.tolist(), found.clicked.tolist(), strict=True))
    assert rows == [("stove", 2, True), ("tent", 1, False), ("stove", 1, False)] and set(found.placement) == {"home"}
    assert found.answer.tolist() == [0, 0, 1]
