"""Rollouts of the plan, from its publishing to everybody, and back."""

import pytest
from msgspec import json

from shared.errors import NotFound
from shared.experiments.rollout import Change, Seen, Side, Split
from shared.merchandising.desk import PlanDesk
from shared.merchandising.rollouts import step
from shared.merchandising.store import PlanStore
from shared.recommend.loaded import mistakes, read
from shared.versioned import VersionedMemory

NOW, HOUR = 1772452800.0, 3600.0
PLAN = {
    "rules": [{"name": "own brand", "action": "boost", "where": 'item.brand = "Own"', "by": 2}],
    "experiments": {
        "own": {
            "kind": "rollout",
            "placements": ["home"],
            "variants": [
                {"name": "was", "share": 0.99, "rules": {"own brand": False}},
                {"name": "new", "share": 0.01, "rules": {"own brand": True}},
            ],
        }
    },
}


class Kept(dict):
    def get(self, name):
        if name not in self:
            raise NotFound("none", "name")
        return json.encode(self[name])


class Shop:
    def __init__(self):
        self.store, self.results, self.now = PlanStore(VersionedMemory()), Kept(), NOW
        self.publish(PLAN)

    @property
    def desk(self):
        return PlanDesk(self.store, [mistakes], self.now)

    @property
    def rollout(self):
        return read(self.store.current())[0].experiments[0]

    def publish(self, document):
        revision = self.desk.put_draft({"document": document, "revision": self.store.draft()[1]})["revision"]
        return self.desk.publish({"revision": revision})

    def hours(self, hours, *changes, since=None):
        """So much later, with such changes found in the whole of the stage."""
        began = max(self.now, self.rollout.start) if since is None else since
        self.now += hours * HOUR
        self.results["own"] = Seen(began, Split(True), [Side(9000), Side(300)], list(changes))
        return step(self.desk, self.results, self.now)["own"]


@pytest.fixture
def shop():
    return Shop()


def test_a_change_reaches_everybody_in_four_steps(shop):
    assert step(shop.desk, shop.results, shop.now)["own"].why.startswith("Nothing of this stage")
    shares = []
    for _ in range(4):
        shop.hours(26)
        shares.append([variant.share for variant in shop.rollout.variants])
    assert shares == [[0.9, 0.1], [0.5, 0.5], [0.0, 1.0], [0.0, 1.0]]
    told = shop.desk.versions()["versions"]
    assert [one["version"] for one in told] == ["4", "3", "2", "1"] and told[0]["who"] == "rollout"
    assert told[0]["note"] == "Rollout own: 100%. No harm in 26 hours with 9,300 shoppers."


def test_harm_takes_it_back_for_all_and_it_stays_back(shop):
    shop.hours(26)
    move = shop.hours(2, Change("orders", -0.1, -0.3, 1e-6))
    assert move.move == "back" and shop.rollout.status == "stopped"
    assert step(shop.desk, shop.results, shop.now) == {}
    assert (
        "Rollout own: taken back. With the change orders per shopper fell"
        in shop.desk.versions()["versions"][0]["note"]
    )


def test_a_draft_that_is_published_later_does_not_undo_it(shop):
    document = {**PLAN, "timezone": "Europe/Berlin"}
    shop.desk.put_draft({"document": document, "revision": 1, "who": "Ann"})
    shop.hours(2, Change("orders", -0.1, -0.3, 1e-6))
    draft = shop.desk.draft()
    assert draft["document"]["timezone"] == "Europe/Berlin" and draft["changes"] == ["timezone: UTC → Europe/Berlin"]
    assert shop.desk.publish({"revision": draft["revision"]})["current"] == "3" and shop.rollout.status == "stopped"


@pytest.mark.parametrize("experiments", [{}, [], "all of them", {"own": 7}, {"own": {"variants": [1, 2]}}])
def test_a_draft_that_it_does_not_fit_is_left_as_it_is(shop, experiments):
    document = {**PLAN, "experiments": experiments}
    shop.desk.put_draft({"document": document, "revision": 1})
    assert shop.hours(26).move == "next" and shop.desk.draft()["document"] == document


def test_other_experiments_are_no_rollouts(shop):
    split = {**PLAN["experiments"]["own"], "kind": "split"}
    shop.publish({**PLAN, "experiments": {"own": split}})
    assert step(shop.desk, shop.results, shop.now) == {}
    shop.publish({})
    assert step(shop.desk, shop.results, shop.now) == {}
