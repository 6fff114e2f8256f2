from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from shared.experiments.assignment import assign, assigned_to
from shared.experiments.model import MIXED, Experiment, Variant

UNITS = [f"u#{n}" for n in range(20_000)]


def experiment(name="blend", shares=(0.5, 0.5), **fields):
    variants = tuple(Variant(letter, share) for letter, share in zip("abcdefg", shares, strict=False))
    return Experiment(name, fields.pop("layer", "main"), ("home",), variants, **fields)


def named(one, unit):
    found = assigned_to(one, unit)
    return found.variant.name if found else ""


def test_shares_and_holdout_are_kept():
    one = experiment(shares=(0.5, 0.3, 0.1), holdout=0.05)
    seen = Counter(named(one, unit) for unit in UNITS)
    expected = {"a": 0.5, "b": 0.3, "c": 0.1, "holdout": 0.05, "": 0.05}
    assert set(seen) == set(expected)
    assert chisquare([seen[n] for n in expected], [share * len(UNITS) for share in expected.values()]).pvalue > 0.001


def test_the_propensity_is_the_share():
    one = experiment(shares=(0.5, 0.3), holdout=0.2)
    assert {(f.variant.name, f.propensity) for unit in UNITS[:200] if (f := assigned_to(one, unit))} == {
        ("a", 0.5),
        ("b", 0.3),
        ("holdout", 0.2),
    }


@given(st.text(min_size=1), st.text(min_size=1, max_size=5))
def test_a_unit_stays_with_its_variant(unit, salt):
    one = experiment(salt=salt)
    assert assigned_to(one, unit) == assigned_to(one, unit)


@given(st.integers(2, 5), st.lists(st.floats(0.001, 1), min_size=5, max_size=5), st.data())
def test_a_share_that_grows_keeps_who_was_in_and_moves_nobody_among_the_others(count, weights, data):
    weights = weights[:count]
    chosen = data.draw(st.integers(0, count - 1))
    grown = [weight * (3 if n == chosen else 1) for n, weight in enumerate(weights)]
    before = experiment(shares=[w / sum(weights) for w in weights])
    after = experiment(shares=[w / sum(grown) for w in grown])
    for unit in UNITS[:40]:
        was, now = named(before, unit), named(after, unit)
        assert now in (was, "abcdefg"[chosen])


def test_a_rollout_from_1_to_100_percent_keeps_everybody_it_reached():
    reached = set()
    for share in (0.01, 0.1, 0.5, 1.0):
        one = experiment(shares=(1 - share, share))
        now = {unit for unit in UNITS if named(one, unit) == "b"}
        assert reached <= now and abs(len(now) / len(UNITS) - share) < 0.01
        reached = now
    assert len(reached) == len(UNITS)


def test_a_range_that_grows_keeps_who_was_in():
    small, large = experiment(range=(0.2, 0.3)), experiment(range=(0.1, 0.6))
    assert all(named(large, unit) == named(small, unit) for unit in UNITS if named(small, unit))
    assert abs(sum(bool(named(large, unit)) for unit in UNITS) / len(UNITS) - 0.5) < 0.02


def test_nobody_is_in_two_experiments_of_a_layer():
    halves = [experiment(range=(0.0, 0.37)), experiment("other", range=(0.37, 1.0))]
    counts = Counter(len(assign(halves, unit, "home", 1.0)) for unit in UNITS)
    assert counts == {1: len(UNITS)}


def test_layers_and_experiments_are_independent_of_each_other():
    ones = [experiment(), experiment("other", layer="looks"), experiment("half", layer="third", range=(0.0, 0.5))]
    names = [[named(one, unit) for unit in UNITS] for one in ones]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        pairs = Counter(zip(names[first], names[second], strict=True))
        table = [[pairs[a, b] for b in sorted(set(names[second]))] for a in sorted(set(names[first]))]
        assert chi2_contingency(table).pvalue > 0.001


def test_the_variants_hash_knows_nothing_of_the_layers_bucket():
    low = [unit for unit in UNITS if assigned_to(experiment(range=(0.0, 0.3)), unit)]
    assert abs(sum(named(experiment(), unit) == "a" for unit in low) / len(low) - 0.5) < 0.03


def test_another_salt_draws_anew():
    same = sum(named(experiment(), unit) == named(experiment(salt="x"), unit) for unit in UNITS)
    assert abs(same / len(UNITS) - 0.5) < 0.02


def test_only_running_experiments_of_the_placement_count():
    one = experiment(start=10.0, until=20.0)
    assert [len(assign([one], "u", "home", now)) for now in (9.0, 10.0, 19.0, 20.0)] == [0, 1, 1, 0]
    assert not assign([one], "u", "product", 15.0) and not assign([one], "", "home", 15.0)
    assert not assign([replace(one, status="stopped")], "u", "home", 15.0)


def test_all_who_take_part_in_an_interleaving_see_both():
    mixing = Experiment("x", "main", ("home",), (Variant("a", 0.2), Variant("b", 0.2)), kind="interleaving")
    found = [one for n in range(4000) if (one := assigned_to(mixing, f"u{n}"))]
    assert {one.variant.name for one in found} == {MIXED} and 0.36 < len(found) / 4000 < 0.44
    assert found[0].propensity == pytest.approx(0.4) and found[0].variant.settings == {}
