"""Stages of a rollout: on, stay, or back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from shared.experiments.analysis.results import analyse
from shared.experiments.analysis.units import Units
from shared.experiments.assignment import assigned_to
from shared.experiments.model import Experiment, Variant, parse
from shared.experiments.rollout import GUARDS, MOST_HOURS, STAGES, Change, Seen, Side, Split, decide, seen_in, staged
from tests.unit.experiments.analysis.shop import DAY, units

HOUR = 3600.0


def rollout(share=0.01, start=0.0):
    return Experiment(
        "new", "main", ("home",), (Variant("was", 1 - share), Variant("new", share)), start=start, kind="rollout"
    )


def seen(*changes, since=0.0, even=True, sizes=(20_000, 400)):
    return Seen(since, Split(even), [Side(size) for size in sizes], list(changes))


def change(metric, relative=None, difference=0.0, p=1e-6):
    return Change(metric, difference, relative, p)


@pytest.mark.parametrize(
    ("share", "onto"), [(0.01, 0.1), (0.1, 0.5), (0.5, 1.0), (0.03, 0.1), (0.99, 1.0), (0.0, 0.01)]
)
def test_without_harm_it_goes_on_to_the_next_stage(share, onto):
    move = decide(rollout(share), seen(), 25 * HOUR)
    assert (move.move, move.share, move.why) == ("next", onto, "No harm in 25 hours with 20,400 shoppers.")


@pytest.mark.parametrize(
    ("found", "hours", "why"),
    [
        (None, 50, "Nothing of this stage has been analysed yet."),
        (seen(), 23, "No harm in 23 hours; a stage lasts 24 at least."),
        (seen(sizes=(900, 20)), 50, "No harm, but only 20 of at least 200 shoppers have been seen."),
    ],
)
def test_it_stays_while_too_little_is_known(found, hours, why):
    assert decide(rollout(), found, hours * HOUR) == ("hold", 0.01, why)


def test_a_small_shop_is_not_kept_waiting_for_ever():
    assert decide(rollout(), seen(sizes=(300, 2)), (MOST_HOURS + 1) * HOUR).move == "next"


def test_what_was_seen_of_the_stage_before_says_nothing_of_this_one():
    before = seen(change("orders", -0.5), since=5 * HOUR)
    assert decide(rollout(0.1, start=10 * HOUR), before, 90 * HOUR).move == "hold"


def test_with_everybody_it_rests():
    move = decide(rollout(1.0), seen(change("orders", -0.5)), 900 * HOUR)
    assert move.move == "hold" and "put it into the plan" in move.why


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (change("orders", -0.2), "orders per shopper fell: by 20.0%, and 5% is the most"),
        (change("empty", None, 0.03), "more shelves are empty: by 3.0%"),
        (change("fallback", 4.0, 0.02), "more answers needed something to stand in: by 2.0%"),
        (change("latency", 0.5, 4.0), "answers take longer: by 50.0%"),
    ],
)
def test_harm_takes_it_back_at_once(one, why):
    move = decide(rollout(), seen(one), HOUR)
    assert (move.move, move.share) == ("back", 0.0) and why in move.why


@pytest.mark.parametrize(
    "one",
    [
        *(change("orders", -0.2, p=0.02), change("orders", -0.04), change("orders", 0.5), change("orders", None, -1.0)),
        *(
            change("latency", -0.5, -4.0),
            change("empty", 9.0, 0.001),
            change("ctr", -0.9),
            change("fallback", None, -0.5),
        ),
    ],
    ids=repr,
)
def test_what_is_unsure_small_or_good_is_no_harm(one):
    assert decide(rollout(), seen(one), 25 * HOUR).move == "next"


def test_an_uneven_split_is_harm_too():
    assert "answers of one side get lost" in decide(rollout(), seen(even=False), 25 * HOUR).why


changes = st.builds(
    Change,
    st.sampled_from([*(guard.metric for guard in GUARDS), "ctr"]),
    st.floats(-1, 1),
    st.none() | st.floats(-1, 1),
    st.floats(0, 1),
)


@given(
    st.sampled_from([0.0, *STAGES]) | st.floats(0, 1),
    st.none()
    | st.builds(
        lambda c, e, s: seen(*c, even=e, sizes=s),
        st.lists(changes, max_size=4),
        st.booleans(),
        st.tuples(*[st.integers(0, 999)] * 2),
    ),
    st.floats(0, 200),
)
def test_a_move_is_one_stage_on_nothing_or_all_the_way_back(share, found, hours):
    move = decide(rollout(share), found, hours * HOUR)
    assert {
        "hold": move.share == share,
        "back": move.share == 0.0,
        "next": move.share == min((one for one in STAGES if one > share), default=None),
    }[move.move]
    assert move.why


def told(shop, share=0.5, days=2.0):
    experiment = rollout(share)
    results = json.encode(analyse(experiment, shop, 0.0, days * DAY))
    return decide(experiment, seen_in(results), days * DAY)


def two(lift, size=20_000, **changed):
    shop = units(np.random.default_rng(5), size, lift, names=("was", "new"))
    return Units(**{**shop.__dict__, **{name: make(shop) for name, make in changed.items()}})


def test_it_is_decided_by_what_the_analysis_writes():
    assert told(two(1.0)).move == "next"
    assert "orders per shopper fell" in told(two(0.7)).why
    empty = two(1.0, empty=lambda shop: (shop.variant == 1) * (np.arange(len(shop)) % 10 == 0) * 1.0)
    assert "more shelves are empty" in told(empty).why
    slow = two(1.0, milliseconds=lambda shop: shop.milliseconds * np.where(shop.variant == 1, 1.6, 1.0))
    assert "answers take longer" in told(slow).why


def test_harmless_changes_are_rarely_taken_back_though_they_are_looked_at_every_hour():
    """Seventy looks at a stage of a day and more, a hundred times."""
    rng, back = np.random.default_rng(6), 0
    for _ in range(60):
        shop = units(rng, 4000, names=("was", "new"))
        looks = (told(shop.where(slice(0, 200 * n)), days=n / 24) for n in range(1, 21))
        back += any(move.move == "back" for move in looks)
    assert back / 60 <= 0.05


@pytest.mark.parametrize(
    "variants",
    [
        [{"name": "was", "share": 0.99}, {"name": "new", "share": 0.01, "rules": {"winter": True}}],
        {"was": {"share": 0.99}, "new": {"share": 0.01, "rules": {"winter": True}}},
    ],
    ids=["list", "object"],
)
def test_a_plan_is_written_at_its_new_stage(variants):
    document = {"rules": [], "experiments": {"new": {"kind": "rollout", "placements": ["home"], "variants": variants}}}
    before = json.encode(document)
    onto = staged(document, "new", decide(rollout(), seen(), 25 * HOUR), 1772452800.0)
    assert json.encode(document) == before
    (one,), wrong = parse(onto["experiments"], ("home",))
    assert not wrong and [v.share for v in one.variants] == [0.9, 0.1] and one.start == 1772452800.0
    back = staged(document, "new", decide(rollout(), seen(even=False), HOUR), 1772452800.0)
    (one,), wrong = parse(back["experiments"], ("home",))
    assert not wrong and one.status == "stopped" and [v.share for v in one.variants] == [1.0, 0.0]
    with pytest.raises(KeyError):
        staged({"experiments": {}}, "new", decide(rollout(), seen(), 25 * HOUR), 0.0)


def test_who_has_the_change_keeps_it_as_the_rollout_goes_on():
    having = set()
    for share in STAGES:
        one = replace(rollout(share), variants=(Variant("was", 1 - share), Variant("new", share)))
        now = {n for n in range(5000) if assigned_to(one, f"u{n}").variant.name == "new"}
        assert having <= now and len(now) / 5000 == pytest.approx(share, abs=0.02)
        having = now
