"""Guesses of what shoppers did not say: flagged, honest about how sure they are, and no facts."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import lists
from shared.models.fit import fit
from shared.models.impute import FEWEST_KNOWN, Imputed, dump, impute, load
from shared.models.interactions import DAY, VIEW, Interactions
from shared.models.people import People

ROOT = Path(__file__).parents[3]
ITEMS = np.array([f"i{n:02d}" for n in range(20)])
FACTS = {str(item): ("Left" if n < 10 else "Right", "", 10.0 + n) for n, item in enumerate(ITEMS)}
ATTRIBUTES = ("country", "gender", "device", "birth_year")


def shop(shoppers, seed=1):
    """Shoppers of even number look at items 0-9 mostly, the others at 10-19; eight looks each."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(shoppers), 8)
    side = np.where(rng.random(len(who)) < 0.9, who % 2, 1 - who % 2)
    at = np.sort(rng.random(len(who)) * 30 * DAY)
    return Interactions(
        items=ITEMS,
        shoppers=np.arange(shoppers, dtype=np.uint64),
        shopper=who.astype(np.int32),
        item=(10 * side + rng.integers(10, size=len(who))).astype(np.int32),
        at=at,
        kind=np.full(len(who), VIEW, np.int8),
        session=who.astype(np.int32),
        basket=np.full(len(who), -1, np.int32),
        quantity=np.ones(len(who), np.float32),
        countries=np.full(shoppers, ""),
    )


def people(shoppers, **columns):
    nothing = {name: np.full(shoppers, "") for name in People._fields}
    return People(**{**nothing, "birth_year": np.full(shoppers, np.nan), **columns})


def summary_of(found, attribute):
    return next(row for row in found[1] if row.attribute == attribute)


@pytest.fixture(scope="module")
def telling():
    """Behaviour tells gender and, by ten years, age; it tells nothing of the device. Half of all values are unknown."""
    rng, size = np.random.default_rng(2), 1200
    number = np.arange(size)
    truth = np.where(rng.random(size) < 0.95, np.where(number % 2 == 0, "f", "m"), "x")
    born = np.where(number % 2 == 0, 1960, 1995) + rng.integers(-3, 4, size)
    said = rng.random(size) < 0.5
    one = people(
        size,
        gender=np.where(said, truth, ""),
        birth_year=np.where(said, born, np.nan),
        device=np.where(said, rng.choice(["mobile", "desktop"], size, p=[0.7, 0.3]), ""),
    )
    return truth, born, said, impute(shop(size), one, FACTS)


def test_what_behaviour_tells_is_guessed_from_it_and_better_than_the_most_frequent(telling):
    truth, _, said, found = telling
    gender = summary_of(found, "gender")
    assert gender.imputer == "trees" and gender.known == said.sum() and gender.imputed == (~said).sum()
    assert gender.accuracy["trees"] > gender.accuracy["plain"] + 0.3 and gender.loss["trees"] < gender.loss["plain"]
    right = (found[0]["gender"].values == truth)[~said].mean()
    assert abs(right - gender.accuracy["trees"]) < 0.08  # what the report says holds for those nobody knows


def test_the_probability_of_a_guess_is_how_often_such_guesses_are_right(telling):
    truth, _, said, found = telling
    gender = found[0]["gender"]
    right = (gender.values == truth)[~said].mean()
    assert abs(gender.probability[~said].mean() - right) < 0.06


def test_the_year_of_birth_is_a_number_and_guessed_as_one(telling):
    _, born, said, found = telling
    years = found[0]["birth_year"]
    row = summary_of(found, "birth_year")
    assert row.imputer == "trees" and row.loss["trees"] < 5 < row.loss["plain"]
    off = np.abs(years.values.astype(int) - born)
    assert (off[said] == 0).all() and np.median(off[~said]) <= 5
    assert abs(float(years.probability[~said][0]) - (off[~said] <= 5).mean()) < 0.08


def test_where_behaviour_tells_nothing_the_plain_guess_is_taken(telling):
    found = telling[3]
    device = found[0]["device"]
    assert summary_of(found, "device").imputer == "plain"
    assert set(device.values[device.imputed]) == {"mobile"}
    assert np.allclose(device.probability[device.imputed], 0.7, atol=0.06)


def test_guessing_is_repeatable(telling):
    size = len(telling[0])
    one = people(size, gender=np.where(telling[2], telling[0], ""))
    first, second = (impute(shop(size), one, FACTS)[0]["gender"] for _ in range(2))
    assert np.array_equal(first.values, second.values) and np.array_equal(first.probability, second.probability)


words = st.sampled_from(["", "", "a", "b", "c"])


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32), st.integers(0, 150), st.floats(0, 1))
def test_known_values_stay_and_whatever_is_added_is_flagged_and_uncertain(seed, size, share):
    rng = np.random.default_rng(seed)
    said = rng.random(size) < share
    columns = {name: np.where(said, rng.choice(["a", "b", "c"], size), "") for name in ("country", "gender", "device")}
    one = people(size, **columns, birth_year=np.where(said, rng.integers(1930, 2010, size), np.nan))
    before = [column.copy() for column in one]
    found, summaries = impute(shop(size), one, FACTS)
    assert [row.attribute for row in summaries] == list(ATTRIBUTES)
    for name, row in zip(ATTRIBUTES, summaries, strict=True):
        got = found[name]
        known = said
        assert not (got.imputed & known).any() and (got.probability[known] == 1).all()
        assert (got.values[known] == (before[People._fields.index(name)][known].astype(int).astype(str) if name == "birth_year" else columns[name][known])).all()  # fmt: skip
        assert ((got.values != "") == (known | got.imputed)).all()
        assert ((got.probability[got.imputed] > 0) & (got.probability[got.imputed] < 1)).all()
        assert (got.probability[got.values == ""] == 0).all()
        assert row.known == known.sum() and row.imputed == got.imputed.sum()
    assert all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(before, one, strict=True))


def test_of_too_few_known_values_nothing_is_guessed():
    size = 300
    few = np.where(np.arange(size) < FEWEST_KNOWN - 1, "f", "")
    found = impute(shop(size), people(size, gender=few), FACTS)
    assert not found[0]["gender"].imputed.any() and summary_of(found, "gender").imputer == ""


def test_rare_values_are_never_guessed():
    size = 400
    rare = np.where(np.arange(size) < 5, "NZ", np.where(np.arange(size) < 200, "GB", ""))
    country = impute(shop(size), people(size, country=rare), FACTS)[0]["country"]
    assert set(country.values[country.imputed]) == {"GB"} and (country.values == "NZ").sum() == 5


def test_guesses_outlive_storage():
    one = Imputed(np.array(["GB", ""]), np.array([True, False]), np.array([0.7, 0.0], np.float32))
    again = load(dump(one))
    assert all(
        np.array_equal(getattr(one, name), getattr(again, name)) for name in ("values", "imputed", "probability")
    )


def guessed(size, values, probability):
    imputed = np.array([value != "" for value in values])
    return Imputed(np.array(values), imputed, np.full(size, probability, np.float32))


@pytest.fixture(scope="module")
def half_known():
    """120 shoppers who all look at 0-9, half of them known to be of GB, and 120 who look at 10-19 and said nothing."""
    from dataclasses import replace

    data = shop(240)
    return replace(data, countries=np.array(["GB" if n % 2 == 0 and n < 120 else "" for n in range(240)]))


def popular(data, guesses):
    bundle = fit(data, float(data.at.max()))
    return dict(lists.lists(data, bundle, float(data.at.max()), lists.Besides(guesses))["popular", "country:GB"])


def test_a_countrys_list_counts_guesses_by_how_likely_they_are(half_known):
    right = ["GB" if n % 2 and not half_known.countries[n] else "" for n in range(240)]  # those of the other items
    alone, unsure, sure = (
        popular(half_known, guesses) for guesses in (None, guessed(240, right, 0.6), guessed(240, right, 0.9))
    )

    def other(scores):
        return sum(score for item, score in scores.items() if item >= "i10")

    assert other(alone) < other(unsure) < other(sure)


def test_a_guess_that_is_likelier_wrong_than_right_counts_nothing(half_known):
    other = ["" if country else "GB" for country in half_known.countries.tolist()]
    assert popular(half_known, guessed(240, other, 0.45)) == popular(half_known, None)


def test_a_country_known_of_too_few_gets_no_list_of_guesses(half_known):
    guesses = guessed(240, ["" if country else "FR" for country in half_known.countries.tolist()], 0.9)
    bundle = fit(half_known, float(half_known.at.max()))
    assert ("popular", "country:FR") not in lists.lists(
        half_known, bundle, float(half_known.at.max()), lists.Besides(guesses)
    )


def test_guesses_bring_a_list_nearer_to_what_the_country_really_does():
    """Two countries of different tastes; one shopper in five says where they live."""
    from dataclasses import replace

    size, rng = 1200, np.random.default_rng(3)
    truth = np.where(np.arange(size) % 2 == 0, "GB", "FR")
    said = np.where(rng.random(size) < 0.2, truth, "")
    data = replace(shop(size), countries=said)
    guesses = impute(data, people(size, country=said), FACTS)[0]["country"]
    real = popular(replace(data, countries=truth), None)

    def far(scores):
        return sum(abs(real.get(item, 0.0) - scores.get(item, 0.0)) for item in map(str, ITEMS))

    assert far(popular(data, guesses)) < 0.7 * far(popular(data, None))


def test_only_training_imports_the_guesses_and_it_loads_scikit_learn_only_to_make_them():
    users = {
        path.relative_to(ROOT).as_posix()
        for path in [
            *ROOT.glob("shared/**/*.py"),
            *ROOT.glob("functions/**/*.py"),
            *ROOT.glob("infrastructure/**/*.py"),
        ]
        if any(
            isinstance(node, ast.ImportFrom) and f"{node.module}.{alias.name}.".startswith("shared.models.impute.")
            for node in ast.walk(ast.parse(path.read_text()))
            for alias in getattr(node, "names", [])
        )
    }
    steps = {f"shared/models/steps/{name}.py" for name in ("prepare", "train", "refresh")}
    assert users == {"shared/models/lists.py", "shared/models/merge.py", *steps}
    code = "import sys, shared.models.impute, shared.models.lists; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
