"""Experiments, a rollout and a bandit of the plan, on the deployed stack with the rights its functions have there."""

import random
import time
from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.cli import experiment, models
from shared.answers.model import Answered, folder, packed, unit_of
from shared.events import lake
from shared.events.model import encode
from shared.experiments import tag
from shared.experiments.assignment import assigned_to
from shared.experiments.bandits import HALF_LIVES
from shared.lists.arms import decode as decode_arms
from shared.merchandising.plan import Plan
from shared.recommend.loaded import read
from shared.trends.arms import SPEEDS, merged
from shared.trends.store import CountersStore
from tests.factories import event, order
from tests.integration.conftest import eventually, view

HOUR = 3600.0
BANDIT_AT, ROLLOUT_AT, SPLIT_AT, TURN_AT = "not-found", "cart", "home", "search"


@pytest.fixture
def desk(server_api):
    """Publishes; leaves the stack as it was."""

    def publish(document):
        revision = server_api.call("GET", "/v1/plan/draft")["revision"]
        drafted = server_api.call("PUT", "/v1/plan/draft", {"document": document, "revision": revision})
        assert drafted["mistakes"] == []
        return server_api.call("POST", "/v1/plan/publish", {"revision": drafted["revision"]})

    publish({})
    yield publish
    publish({})


@pytest.fixture
def night(stack, aws, shop):
    """Writes down what was answered and done in the last hours, as answers and events lie in the lake, and has it analysed."""

    def analysed(document, step="experiments", shoppers=900, ordering=None):
        rng, began, answers, events = random.Random(5), time.time() - 30 * HOUR, [], []
        experiments = read(Plan(experiments=document["experiments"]))[0].experiments
        for n in range(shoppers):
            name, at = f"exp-{began:.0f}-{n}", began + n
            assigned = [(one.name, found.variant.name) for one in experiments if (found := assigned_to(one, name))]
            answers.append(
                Answered(
                    f"{int(began * 1e6) + n:023x}", at, SPLIT_AT, [], unit=unit_of(name), assigned=assigned, ms=5.0
                )
            )
            when = datetime.fromtimestamp(at, UTC) + timedelta(minutes=1)
            if rng.random() < (ordering or {}).get(dict(assigned).get("calm"), 0.3):
                events.append(order("tent", order_id=name, anonymous_id=name, timestamp=when, received_at=when))
            else:
                events.append(event(anonymous_id=name, timestamp=when, received_at=when))
        s3, bucket = aws("s3"), stack.outputs["LakeBucket"]
        s3.put_object(Bucket=bucket, Key=f"{folder(began)}{began:.0f}.jsonl.gz", Body=packed(answers))
        hours = f"{lake.folder(datetime.fromtimestamp(began, UTC))}{began:.0f}.jsonl.gz"
        s3.put_object(Bucket=bucket, Key=hours, Body=lake.lines(map(encode, events)))
        return models.invoke(stack, "PrepareFunction", {"step": step})["experiments"]

    return analysed


def split(**fields):
    return {"variants": [{"name": "now", "share": 0.5}, {"name": "fresh", "share": 0.5}], **fields}


def test_an_experiment_is_published_analysed_and_told(desk, night, stack, server_api):
    stop = {"leastShoppers": 100, "leastDays": 1}
    document = {"experiments": {"calm": split(placements=[SPLIT_AT], metric="conversion", stop=stop)}}
    desk(document)
    assert night(document, ordering={"now": 0.2, "fresh": 0.6}) == {"calm": "winner"}
    found = server_api.call("GET", "/v1/experiments/calm/results")
    assert found["decision"] == "winner" and sum(v["shoppers"] for v in found["variants"]) >= 900
    assert experiment.listed(stack) == f"calm: {found['verdict']}"
    assert found["verdict"] in experiment.results(stack, "calm", now=True)


def test_a_rollout_goes_on_by_itself_and_stays_in_the_plan(desk, night, stack, server_api):
    variants = [{"name": "was", "share": 0.5}, {"name": "new", "share": 0.5}]
    document = {"experiments": {"wide": {"kind": "rollout", "placements": [ROLLOUT_AT], "variants": variants}}}
    desk(document)
    assert set(night(document, step="rollouts")) == {"wide"}
    moved = models.invoke(stack, "RolloutFunction", {})["wide"]
    assert (moved["move"], moved["share"]) == ("next", 1.0), moved
    current = server_api.call("GET", "/v1/plan")
    assert current["who"] == "rollout" and current["note"].startswith("Rollout wide: 100%. No harm in 30 hours")
    assert [v["share"] for v in current["document"]["experiments"]["wide"]["variants"]] == [0.0, 1.0]
    assert models.invoke(stack, "RolloutFunction", {})["wide"]["move"] == "hold"


def test_a_bandit_learns_from_what_shoppers_click(desk, stack, aws, browser_api, shopper):
    desk(
        {"bandits": {"looks": {"placement": BANDIT_AT, "halfLife": "6h", "arms": [{"name": "calm"}, {"name": "bold"}]}}}
    )

    def answered():
        body = {"placement": BANDIT_AT, "anonymousId": shopper, "count": 3}
        return tag.parse(browser_api.call("POST", "/v1/recommendations", body)["recommendationId"])

    assert eventually(answered).placement == BANDIT_AT
    batch = []
    for n in range(120):
        arm = "bold" if n % 2 else "calm"
        told = {"recommendation_id": tag.make(f"{n:023x}", tag.Tag(BANDIT_AT, "all", arm)), "product_id": "tent"}
        names = ["Recommendation Viewed"] + ["Recommendation Clicked"] * (arm == "bold" and n % 3 == 0)
        batch += [view(shopper, "tent", name, properties=told) for name in names]
    browser_api.call("POST", "/v1/batch", {"batch": batch})

    def published():
        models.invoke(stack, "TrendsFunction", {})
        key = {"pk": {"S": "live#arms#all"}}
        item = aws("dynamodb").get_item(TableName=stack.outputs["ListsTable"], Key=key).get("Item")
        chances = decode_arms(item["value"]["B"]).chances.get((BANDIT_AT, "all")) if item else None
        return chances and dict(zip(chances.arms, chances.shares, strict=True))["bold"] > 0.9

    eventually(published, 60.0)
    eventually(lambda: [answered().arm for _ in range(20)].count("bold") >= 15, 60.0)


class SimulatedShop:
    """Shoppers of the last day and a half, who are shown arms as the stack would draw them and click on them at fixed rates. What they do
    is sent with its own time, by which the stack lets it fade; what it makes of it is as of now."""

    def __init__(self, stack, aws, api, shopper, arms):
        self.stack, self.aws, self.api, self.shopper = stack, aws, api, shopper
        self.shares = dict.fromkeys(arms, 1 / len(arms))
        self.owed = dict.fromkeys(arms, 0.0)  # clicks: by rate, not by chance
        self.sent = 0.0  # answers shown, halved every week, as of `now`
        self.now = time.time()

    def hours(self, ago, length, rates, answers=100):
        batch = []
        for arm, share in self.shares.items():
            shown = round(answers * share)
            for n in range(shown):
                at = self.now - (ago - length * (n + 0.5) / shown) * HOUR
                batch += self._answer(arm, at, rates[arm])
                self.sent += 2 ** ((at - self.now) / HALF_LIVES["7d"])
        self.api.call("POST", "/v1/batch", {"batch": batch})
        eventually(lambda: self.counted() == pytest.approx(self.sent, rel=1e-6), 60.0)
        models.invoke(self.stack, "TrendsFunction", {})
        item = self.aws("dynamodb").get_item(
            TableName=self.stack.outputs["ListsTable"], Key={"pk": {"S": "live#arms#all"}}
        )["Item"]
        chances = decode_arms(item["value"]["B"]).chances[TURN_AT, "all"]
        self.shares = dict(zip(chances.arms, chances.shares, strict=True))

    def _answer(self, arm, at, rate):
        self.owed[arm] += rate
        names = ["Recommendation Viewed"]
        if self.owed[arm] >= 1.0:
            self.owed[arm] -= 1.0
            names.append("Recommendation Clicked")
        told = {"recommendation_id": tag.make(f"{int(at * 1000):023x}", tag.Tag(TURN_AT, "all", arm))}
        when = datetime.fromtimestamp(at, UTC).isoformat()
        properties = {**told, "product_id": "tent"}
        return [view(self.shopper, "tent", name, properties=properties, timestamp=when) for name in names]

    def counted(self):
        kinesis, stream = self.aws("kinesis"), self.stack.outputs["Stream"]
        shards = [one["ShardId"] for one in kinesis.list_shards(StreamName=stream)["Shards"]]
        counters = CountersStore(self.aws("dynamodb"), self.stack.outputs["ListsTable"]).get_all(shards)
        tallies = merged([(one.arms, one.landmark) for one in counters], self.now)
        week = SPEEDS.index(HALF_LIVES["7d"])
        return sum(tally.shown[week] for name, tally in tallies.items() if name.startswith(f"{TURN_AT}/"))


def test_a_bandit_is_back_within_a_day_after_the_better_arm_became_the_worse(desk, stack, aws, browser_api, shopper):
    arms = [{"name": "left"}, {"name": "right"}]
    desk({"bandits": {"turn": {"placement": TURN_AT, "halfLife": "1d", "arms": arms}}})
    shop = SimulatedShop(stack, aws, browser_api, shopper, ["left", "right"])
    for ago in range(36, 24, -3):
        shop.hours(ago, 3, {"left": 0.4, "right": 0.1})
    assert shop.shares["left"] > 0.9, "it moved to the better arm"
    shares = []
    for ago in range(24, 0, -3):
        shop.hours(ago, 3, {"left": 0.1, "right": 0.4})
        shares.append(shop.shares["right"])
    assert shares[0] < 0.2, "one answer does not turn it"
    assert shares[-1] > 0.9, "a day after the change it is back at what is better now"

    def drawn():
        body = {"placement": TURN_AT, "anonymousId": shopper, "count": 3}
        answered = [browser_api.call("POST", "/v1/recommendations", body)["recommendationId"] for _ in range(20)]
        return [tag.parse(one).arm for one in answered].count("right") >= 15

    eventually(drawn, 90.0)
