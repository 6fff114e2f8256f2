"""Team-draft interleaving: what any two lists come to, and that it is fair."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from shared.experiments.interleaving import Preference, credit, interleave, preference

ranked = st.lists(st.sampled_from("abcdefghijklmnop"), unique=True)
coins = st.integers(0, 2**32).map(random.Random)


def mixed(a, b, count, rng):
    return interleave(a, b, count, lambda: rng.random() < 0.5)


@given(ranked, ranked, st.integers(0, 20), coins)
def test_every_item_once_and_as_many_as_there_are(a, b, count, rng):
    made = mixed(a, b, count, rng)
    assert len(set(made.items)) == len(made.items) == min(count, len({*a, *b})) == len(made.teams)
    assert all(item in (a if team == "a" else b) for item, team in zip(made.items, made.teams, strict=True))


@given(ranked, ranked, st.integers(1, 20), coins)
def test_each_side_picks_the_best_it_has_left_and_neither_gets_ahead(a, b, count, rng):
    made = mixed(a, b, count, rng)
    for place, (item, team) in enumerate(zip(made.items, made.teams, strict=True)):
        there = made.items[:place]
        own = a if team == "a" else b
        assert item == next(one for one in own if one not in there)
        before = made.teams[:place]
        other = b if team == "a" else a
        behind = before.count(team) > before.count("b" if team == "a" else "a")
        assert not behind or not [one for one in other if one not in there], "the other side was to pick"


@given(ranked, st.integers(0, 20), coins)
def test_two_equal_lists_are_that_list(a, count, rng):
    assert mixed(a, a, count, rng).items == a[:count]


@given(ranked, st.integers(0, 20), coins)
def test_where_one_list_is_empty_the_other_is_shown(a, count, rng):
    made = mixed(a, [], count, rng)
    assert made.items == a[:count] and set(made.teams) <= {"a"}


def test_the_coin_decides_between_equals_only():
    assert interleave(["x", "y"], ["z", "w"], 4, lambda: True) == (["x", "z", "y", "w"], "abab")
    assert interleave(["x", "y"], ["z", "w"], 4, lambda: False) == (["z", "x", "w", "y"], "baba")
    assert interleave(["x", "y"], ["x", "w"], 3, lambda: True) == (["x", "w", "y"], "aba")


def test_credit_is_of_clicks_on_picks():
    assert credit(["x", "z", "y"], "aba", {"z"}) == 1
    assert credit(["x", "z", "y"], "aba", {"x", "y", "z"}) == -1
    assert credit(["x"], "a", {"elsewhere"}) == 0


def test_clicks_that_have_nothing_to_do_with_the_rankers_favour_neither():
    rng, sums = random.Random(1), []
    for _ in range(4000):
        made = mixed(list("abcdef"), list("fbdgha"), 6, rng)
        sums.append(
            credit(
                made.items,
                made.teams,
                {item for place, item in enumerate(made.items) if rng.random() < 0.5 / (1 + place)},
            )
        )
    assert abs(np.mean(sums)) < 3 * np.std(sums) / np.sqrt(len(sums))
    assert preference(sums).p_value > 0.05


def shoppers(rng, number, share):
    return [1 if rng.random() < share else -1 for _ in range(number)]


def test_looking_after_every_shopper_finds_no_preference_where_there_is_none():
    rng, wrong = random.Random(2), 0
    for _ in range(300):
        sums = shoppers(rng, 400, 0.5)
        wrong += any(preference(sums[:n]).p_value < 0.05 for n in range(5, 401, 5))
    assert wrong / 300 <= 0.05


def test_a_better_ranker_is_preferred():
    rng = random.Random(3)
    found = [preference(shoppers(rng, 600, 0.6)) for _ in range(50)]
    assert sum(one.p_value < 0.05 and one.b > one.a for one in found) > 40


@pytest.mark.parametrize(("a", "b"), [(0, 0), (3, 9), (40, 31), (480, 530), (9000, 9200)])
def test_the_chance_is_that_of_a_beta_number(a, b):
    found = preference([-1.0] * a + [1.0] * b + [0.0] * 5)
    assert (found.a, found.b, found.neither) == (a, b, 5)
    assert found.better == pytest.approx(beta.sf(0.5, 1 + b, 1 + a), abs=1e-4)


def test_nobody_prefers_anything_yet():
    assert preference([]) == Preference(0, 0, 0, 1.0, 0.5)
