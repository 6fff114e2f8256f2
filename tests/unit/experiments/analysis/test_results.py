"""What an experiment says, at every stage of it."""

import msgspec
import numpy as np
import pytest

from shared.experiments.analysis.results import Results, analyse
from shared.experiments.analysis.units import Units
from shared.experiments.model import Guardrail, Stop, Variant
from tests.unit.experiments.analysis.shop import DAY, experiment, units

RNG = np.random.default_rng


def told(shop, days=10.0, **fields):
    return analyse(experiment(**fields), shop, 0.0, days * DAY)


def test_a_clear_winner_is_kept():
    found = told(units(RNG(1), 40_000, lift=1.3))
    assert (found.decision, found.stop) == ("winner", True)
    assert found.verdict.startswith("Keep fresh: it changes clicks per answer by +") and "against now" in found.verdict
    assert [(v.name, v.shoppers > 19_000) for v in found.variants] == [("now", True), ("fresh", True)]


def test_it_is_written_as_json_and_read_again():
    found = told(units(RNG(2), 600))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Results) == found


def test_before_a_week_nothing_but_harm_decides():
    assert told(units(RNG(1), 40_000, lift=1.3), days=3.0).decision == "early"
    guarded = {"guardrails": (Guardrail("revenue", 0.05),), "metric": "ctr"}
    found = told(units(RNG(3), 40_000, lift=0.6), days=3.0, **guarded)
    assert (found.decision, found.stop) == ("harmed", True)
    assert found.verdict.startswith("Stop fresh: it changes revenue per shopper by -")
    assert "no more than 0.05 of loss is allowed" in found.verdict


def test_a_loss_within_what_is_allowed_is_no_harm():
    found = told(units(RNG(4), 60_000, lift=0.85), guardrails=(Guardrail("conversion", 0.5),))
    assert found.decision == "control" and found.verdict.startswith("Keep now: no variant is as good.")


def test_with_few_shoppers_nothing_is_said():
    found = told(units(RNG(5), 300), days=30.0)
    assert found.decision == "early" and "of at least 200 shoppers" in found.verdict


def test_an_uneven_split_is_not_believed():
    found = told(units(RNG(6), 40_000, lift=1.5, shares=(0.46, 0.54)))
    assert (found.decision, found.stop) == ("uneven", True) and "not split as planned" in found.verdict


def test_equal_variants_are_given_up():
    shop = units(RNG(7), 60_000)
    assert told(shop, stop=Stop(least_effect=0.15)).decision == "futile"
    assert told(shop, days=43.0, stop=Stop(least_effect=0.0)).decision == "over"
    assert told(shop, stop=Stop(least_effect=0.0)).decision == "running"


def test_several_variants_share_the_chance_of_being_wrong():
    three = tuple(Variant(name, 0.25) for name in ("now", "b", "c", "d"))
    shop = units(RNG(8), 8000, names=("now", "b", "c", "d"), shares=(0.25,) * 4)
    alone = told(units(RNG(8), 8000), variants=three[:2])
    several = told(shop, variants=three)
    assert several.alpha == alone.alpha == 0.05
    width = {
        name: [d.high - d.low for d in r.differences if d.metric == "ctr"] for name, r in (("a", alone), ("s", several))
    }
    assert len(width["s"]) == 3 and min(width["s"]) > 1.3 * width["a"][0]


def test_the_holdout_counts_for_the_split_and_cannot_win():
    names, shares = ("now", "fresh", "holdout"), (0.45, 0.45, 0.1)
    shop = units(RNG(9), 40_000, names=names, shares=shares)
    clicks = np.where(shop.variant == 2, np.minimum(shop.clicks * 2, shop.answers), shop.clicks)
    found = told(
        Units(**{**shop.__dict__, "clicks": clicks}),
        variants=(Variant("now", 0.45), Variant("fresh", 0.45)),
        holdout=0.1,
    )
    assert found.split.fine and found.decision == "running" and "fresh" in found.verdict
    assert {d.variant for d in found.differences} == {"fresh", "holdout"}


def test_nobody_yet():
    none = units(RNG(10), 1).where(slice(0, 0))
    found = told(none, days=0.0)
    assert found.decision == "early" and found.differences == []


@pytest.mark.parametrize("metric", ["ctr", "revenue"])
def test_without_a_difference_a_shop_that_looks_every_day_is_rarely_told_of_one(metric):
    rng, wrong, runs = RNG(11), 0, 80
    for _ in range(runs):
        shop = units(rng, 5000)
        looks = (told(shop.where(slice(0, 500 * n)), days=7.0 + n, metric=metric) for n in range(1, 11))
        wrong += any(look.decision in ("winner", "control") for look in looks)
    assert wrong / runs <= 0.05
