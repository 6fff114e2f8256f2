"""Bandits, from what shoppers send to what is drawn: a shop made up of chances, minute by minute."""

import random

import msgspec
import numpy as np
import pytest
from scipy.stats import beta as beta_distribution

from shared.experiments import arms as serving
from shared.experiments.bandits import Arm, Bandit, segment_of
from shared.experiments.tag import Tag, make
from shared.lists.arms import NONE, looked_up
from shared.models.arms import arms, best
from shared.profiles.signals import read
from shared.trends import arms as tallies
from shared.trends.counters import Counters, count, decode, encode
from tests.factories import NOON, event

NOW = NOON.timestamp()
BANDIT = Bandit("try", "home", (Arm("a"), Arm("b"), Arm("c")), half_life="6h")
SHOWN, CLICKED = "Recommendation Viewed", "Recommendation Clicked"


def answer(name, arm, segment="all", minutes=0.0, placement="home"):
    tagged = make(f"{0:023x}", Tag(placement, segment, arm))
    return event(name, minutes=minutes, properties={"recommendation_id": tagged, "products": [{"product_id": "tent"}]})


def merged(*counters, now=NOW):
    return tallies.merged([(one.arms, one.landmark) for one in counters], now)


def counted(*events, counters=None):
    counters = counters or Counters()
    start = int(counters.watermark)
    count(counters, [(start + n + 1, read(e)) for n, e in enumerate(events)])
    return counters


def test_answers_are_counted_by_arm_and_halved_at_three_speeds():
    counters = counted(answer(SHOWN, "a"), answer(SHOWN, "a"), answer(CLICKED, "a"), answer(SHOWN, "b", "country:GB"))
    found = merged(counters, now=NOW + 86400)
    assert found["home/all/a"].shown == pytest.approx([2 / 16, 1, 2 * 0.5 ** (1 / 7)])
    assert found["home/all/a"].clicked == pytest.approx([1 / 16, 0.5, 0.5 ** (1 / 7)])
    assert found["home/country:GB/b"].shown[1] == pytest.approx(0.5)


def test_shards_add_up_whenever_they_were_counted_last():
    first, second = counted(answer(SHOWN, "a")), counted(answer(SHOWN, "a", minutes=60 * 24 * 40))
    later = NOW + 86400 * 40
    assert first.landmark != second.landmark
    assert merged(first, second, now=later)["home/all/a"].shown[2] == pytest.approx(1 + 0.5 ** (40 / 7))


def test_a_replay_changes_nothing():
    records = [(n + 1, read(answer(SHOWN if n % 3 else CLICKED, "abc"[n % 2]))) for n in range(30)]
    counters = Counters()
    count(counters, records)
    before = encode(counters)
    assert not count(counters, records) and not count(counters, records[10:20])
    assert encode(counters) == before and decode(before).arms == counters.arms


def test_items_are_counted_as_before():
    counters = counted(answer(SHOWN, "a"), answer(CLICKED, "a"))
    assert counters.items["tent"].shown == pytest.approx(2 ** ((NOW - counters.landmark) / (7 * 86400)))
    assert counters.items["tent"].slow == 0 and not counters.segments


def test_what_is_made_up_has_no_arm_and_cannot_crowd_out_the_shops():
    plain = event(SHOWN, properties={"recommendation_id": "0" * 23, "products": []})
    viewed = event(properties={"recommendation_id": make("0" * 23, Tag("home", "all", "a")), "product_id": "x"})
    assert not counted(plain, viewed).arms
    real = [answer(SHOWN, "a") for _ in range(3)]
    junk = [answer(SHOWN, f"junk{n}") for n in range(2 * tallies.KEEP + 50)]
    counters = counted(*real, *junk)
    assert len(counters.arms) <= 2 * tallies.KEEP and "home/all/a" in counters.arms
    published = looked_up(arms([BANDIT], merged(counters)))
    assert published.chances["home", "all"].arms == ["a", "b", "c"]


def test_counters_stored_before_there_were_arms_go_on():
    old = msgspec.msgpack.encode(["7", 0.0, {"tent": [1.0, 2.0, "Camping"]}, {}])
    assert decode(old).arms == {}


@pytest.mark.parametrize(
    ("a", "b"),
    [([1, 1, 1], [1, 1, 1]), ([3, 5], [97, 95]), ([0.3, 40, 30], [9.7, 960, 900]), ([5000, 5100], [95000, 94900])],
)
def test_chances_are_those_of_thompson_sampling(a, b):
    a, b = np.array(a, float), np.array(b, float)
    rng = np.random.default_rng(3)
    drawn = np.bincount(rng.beta(a, b, (400_000, len(a))).argmax(axis=1), minlength=len(a)) / 400_000
    assert np.abs(best(a, b) - drawn).max() < 0.004


def test_of_two_arms_the_chance_is_the_known_integral():
    grid = np.linspace(0, 1, 200_001)[1:-1]
    one, two = beta_distribution(30, 970), beta_distribution(40, 960)
    expected = np.trapezoid(two.pdf(grid) * one.cdf(grid), grid)
    assert best(np.array([30.0, 40.0]), np.array([970.0, 960.0]))[1] == pytest.approx(expected, abs=1e-4)


def test_an_arm_gets_its_floor_however_bad_and_shares_add_up():
    counters = counted(
        *(answer(SHOWN, arm) for arm in "abc" for _ in range(400)), *(answer(CLICKED, "b") for _ in range(80))
    )
    (chances,) = arms([BANDIT], merged(counters)).chances
    assert chances.shares == pytest.approx([0.05, 0.9, 0.05], abs=1e-5) and sum(chances.shares) == pytest.approx(1)


def test_segments_are_learned_apart_from_what_is_usual():
    by = Bandit("try", "home", (Arm("a"), Arm("b")), by="device")
    shown = [answer(SHOWN, arm, f"device:{d}") for arm in "ab" for d in ("mobile", "desktop") for _ in range(300)]
    clicks = [answer(CLICKED, "a", "device:mobile"), answer(CLICKED, "b", "device:desktop")] * 40
    made = arms([by], merged(counted(*shown, *clicks)))
    found = {one.segment: one.shares for one in made.chances}
    assert set(found) == {"all", "device:mobile", "device:desktop"}
    assert found["device:mobile"][0] > 0.9 and found["device:desktop"][1] > 0.9 and 0.3 < found["all"][0] < 0.7


class Shop:
    """`rates(arm, hour)` says how many of the answers of an arm are clicked; 600 answers an hour, published every ten minutes."""

    def __init__(self, bandit, rates, own=lambda rng: []):
        self.bandit, self.rates, self.own = bandit, rates, own
        self.rng, self.counters, self.published = random.Random(7), Counters(), NONE

    def run(self, start, hours):
        """How often each arm was drawn in each hour."""
        drawn = []
        for hour in range(start, start + hours):
            drawn.append(dict.fromkeys(self.bandit.names, 0))
            for part in range(6):
                self.serve(hour, part, drawn[-1])
        return drawn

    def serve(self, hour, part, drawn):
        events = []
        for n in range(100):
            minutes = hour * 60 + part * 10 + n / 10
            own = self.own(self.rng)
            segment = segment_of(self.bandit, own, 0, NOW + minutes * 60)
            found = serving.draw(self.bandit, segment, self.published, self.rng.random())
            drawn[found.arm.name] += 1
            events.append(answer(SHOWN, found.arm.name, found.segment, minutes))
            if self.rng.random() < self.rates(found.arm.name, hour, own):
                events.append(answer(CLICKED, found.arm.name, found.segment, minutes))
        counted(*events, counters=self.counters)
        self.published = looked_up(arms([self.bandit], merged(self.counters, now=NOW + minutes * 60)))


def test_traffic_moves_to_the_better_arm_and_back_within_a_day_after_a_change():
    before, after = {"a": 0.05, "b": 0.10, "c": 0.05}, {"a": 0.05, "b": 0.03, "c": 0.10}
    shop = Shop(BANDIT, lambda arm, hour, own: (before if hour < 24 else after)[arm])
    hours = shop.run(0, 48)
    assert sum(one["b"] for one in hours[12:24]) > 0.75 * 12 * 600
    assert sum(one["c"] for one in hours[42:48]) > 0.75 * 6 * 600, "a day after the change it should have moved"
    assert all(sum(one[arm] for one in hours[n : n + 6]) > 0.03 * 3600 for arm in "abc" for n in range(0, 48, 6))


def test_a_linear_bandit_finds_whom_each_arm_is_for():
    bandit = Bandit("try", "home", (Arm("a"), Arm("b")), by="context", half_life="7d")
    rates = {("a", "mobile"): 0.15, ("b", "mobile"): 0.05, ("a", "desktop"): 0.05, ("b", "desktop"): 0.15}
    shop = Shop(
        bandit,
        lambda arm, hour, own: rates[arm, own[0].partition(":")[2]],
        own=lambda rng: [f"device:{rng.choice(['mobile', 'desktop'])}"],
    )
    shop.run(0, 24)
    mobile, desktop = (serving.shares(bandit, f"x{device}02wn", shop.published) for device in "md")
    assert mobile[0] > 0.8 and desktop[1] > 0.8
