"""Folding in what came since the night: nothing new changes nothing, sums are those of a full recount, new items can be recommended."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models.bundle import FACTS, Bundle
from shared.models.candidates import rank
from shared.models.drift import drift, shift
from shared.models.fit import als, fit, popularity, sums, together
from shared.models.impute import Imputed
from shared.models.interactions import DAY, ORDER, Interactions
from shared.models.merge import carried, merged
from shared.models.refresh import changed_most, grown, objections, refresh
from shared.profiles.state import State, Touch
from tests.unit.models.test_tune import shop

WHOLE = shop(shoppers=120)
CUT = 50 * DAY


def part(data, rows):
    """Some rows as a run of their own would have them: only their items and shoppers, numbered anew."""
    chosen = data.where(rows)
    items, item = np.unique(chosen.item, return_inverse=True)
    shoppers, shopper = np.unique(chosen.shopper, return_inverse=True)
    _, session = np.unique(chosen.session, return_inverse=True)
    orders, basket = np.unique(chosen.basket, return_inverse=True)
    return replace(
        chosen,
        items=data.items[items],
        item=item.astype(np.int32),
        shoppers=data.shoppers[shoppers],
        shopper=shopper.astype(np.int32),
        countries=data.countries[shoppers],
        session=session.astype(np.int32),
        basket=(basket - (orders[0] < 0)).astype(np.int32),
    )


def same(one, other):
    """Arrays to the bit; a model without a ranker has None there."""
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(Bundle) if f.name != "settings"]
    return all(
        a is b or np.array_equal(a, b, equal_nan=isinstance(a, np.ndarray) and a.dtype.kind == "f") for a, b in pairs
    )


KNOWN, NEW = part(WHOLE, WHOLE.at < CUT), part(WHOLE, WHOLE.at >= CUT)
BASE = fit(KNOWN, float(KNOWN.at.max()))


def test_with_nothing_new_nothing_changes():
    nothing = NEW.where(np.zeros(len(NEW), bool))
    assert refresh(BASE, merged(KNOWN, nothing), CUT, CUT + DAY) is BASE


def test_twice_the_same_is_once():
    data, now = merged(KNOWN, NEW), float(NEW.at.max())
    once = refresh(BASE, data, CUT, now)
    assert same(once, refresh(BASE, data, CUT, now)) and not same(once, BASE)


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 59.0), st.booleans())
def test_two_parts_are_the_whole(days, shuffled):
    """Wherever the night falls, what was counted then and what came since add up to what a recount of everything finds."""
    early = WHOLE.at < days * DAY
    known, new = part(WHOLE, early), part(WHOLE, ~early)
    data, now = merged(known, new), float(WHOLE.at.max())
    assert np.array_equal(data.items, WHOLE.items) and np.array_equal(data.at, WHOLE.at)
    assert np.array_equal(data.items[data.item], WHOLE.items[WHOLE.item])
    assert np.array_equal(data.shoppers[data.shopper], WHOLE.shoppers[WHOLE.shopper])
    assert np.allclose(popularity(data, now, 14.0), popularity(WHOLE, now, 14.0), rtol=1e-4, atol=1e-6)
    assert np.allclose(together(data, BASE.settings)[1], together(WHOLE, BASE.settings)[1], rtol=1e-4, atol=1e-5)


def test_the_tables_are_those_of_a_full_fit_with_the_same_settings():
    data, now = merged(KNOWN, NEW), float(NEW.at.max())
    made, full = refresh(BASE, data, CUT, now), fit(data, now, BASE.settings)
    for name in sums(data, now, BASE.settings):
        assert np.array_equal(getattr(made, name), getattr(full, name)), name
    assert made.item_factors.shape == BASE.item_factors.shape  # not fitted again


def launched(shoppers=30, copies="i03"):
    """New shoppers who look at the same things as those of i03, and at a thing that is new; each shopper in a session of their own."""
    rows = [
        (60 * DAY + n * 60 + step, n, name)
        for n in range(shoppers)
        for step, name in enumerate([copies, "i05", "i02", "new"])
    ]
    names = sorted({name for _, _, name in rows})
    return Interactions(
        items=np.array(names),
        shoppers=np.arange(1000, 1000 + shoppers, dtype=np.uint64),
        shopper=np.array([n for _, n, _ in rows], np.int32),
        item=np.array([names.index(name) for _, _, name in rows], np.int32),
        at=np.array([at for at, _, _ in rows], np.float64),
        kind=np.zeros(len(rows), np.int8),
        session=np.array([n for _, n, _ in rows], np.int32),
        basket=np.full(len(rows), -1, np.int32),
        quantity=np.ones(len(rows), np.float32),
        countries=np.full(shoppers, "DE"),
    )


def test_a_new_item_can_be_recommended_to_those_who_like_its_neighbours():
    launch = launched()
    data, base = merged(WHOLE, launch), fit(WHOLE, 60 * DAY)
    now = float(launch.at.max())
    made = refresh(base, data, 60 * DAY, now)
    assert made.size == base.size + 1 and "new" in made.item_ids
    mine = State(recent=[Touch(item="i05", last=now, views=2), Touch(item="i02", last=now, views=2)])
    shown = [c.item for c in rank(mine, made, now, 20)[0]]
    assert "new" in shown and made.item_ids[made.similar_items[made.indices(["i05"])[0], 0]] == "new"
    place, twin, stranger = made.indices(["new", "i05", "i25"])
    cosine = made.item_factors @ made.item_factors[place] / np.linalg.norm(made.item_factors, axis=1)
    assert cosine[twin] > cosine[stranger] + 0.1 and np.median(cosine[20:40]) < np.median(cosine[:20])
    assert np.allclose(made.gram, made.item_factors.T @ made.item_factors, rtol=1e-4)
    untouched = np.delete(np.arange(made.size), place)
    assert np.array_equal(made.item_factors[untouched], base.item_factors)


def test_what_is_counted_for_the_ranker_is_counted_of_new_items_too():
    launch = launched()
    data, base = merged(WHOLE, launch), fit(WHOLE, 60 * DAY)
    made = refresh(base, data, 60 * DAY, float(launch.at.max()))
    new = made.indices(["new"])[0]
    assert all(len(made.fact(name)) == made.size for name in FACTS)
    assert made.fact("support")[new] == np.float32(np.log1p(30))


def test_a_folded_item_is_near_where_als_would_put_it():
    """Items of the night, taken for new: their factors rank shoppers' tastes much as fitted ones do."""
    now = float(WHOLE.at.max())
    base = fit(WHOLE, now)
    forgotten = replace(base, item_factors=base.item_factors.copy())
    forgotten.item_factors[7] = 0
    forgotten = replace(forgotten, gram=forgotten.item_factors.T @ forgotten.item_factors)
    only = WHOLE.where((WHOLE.item != 7) | (WHOLE.at >= CUT))
    made = refresh(forgotten, only, CUT, now)
    assert 7 in changed_most(only, CUT)
    ours, fitted = made.item_factors @ made.item_factors[7], base.item_factors @ base.item_factors[7]
    assert np.corrcoef(np.delete(ours, 7), np.delete(fitted, 7))[0, 1] > 0.6
    assert als(only, now, base.settings).shape == made.item_factors.shape


def test_who_withdrew_consent_is_taken_out_of_what_was_known_too():
    left = KNOWN.shoppers[:3]
    data = merged(KNOWN, NEW, left)
    assert not np.isin(data.shoppers[data.shopper], left).any() and len(data) < len(WHOLE)


def test_guesses_go_with_their_shoppers_and_give_way_to_what_was_said():
    launch = launched(4)
    known = replace(WHOLE, countries=np.full(len(WHOLE.shoppers), ""))
    guesses = Imputed(np.full(120, "GB"), np.ones(120, bool), np.full(120, 0.7, np.float32))
    said = replace(launch, shoppers=np.array([5, 1001, 1002, 1003], np.uint64))
    kept = carried(guesses, known, merged(known, said))
    assert kept.values[5] == "DE" and not kept.imputed[5] and kept.probability[5] == 1
    assert kept.imputed.sum() == 119 and kept.values[-1] == "DE" and not kept.imputed[-1]


@given(st.sets(st.integers(0, 60), min_size=1))
def test_growing_moves_every_row_to_its_item(extra):
    names = np.union1d(BASE.item_ids, np.array([f"i{n:02d}x" for n in extra]))
    larger = grown(BASE, names)
    places = larger.indices(BASE.item_ids.tolist())
    assert larger.size == len(names) and (places >= 0).all()
    for name in ("item_factors", "similar_scores", "popularity", "categories"):
        assert np.array_equal(getattr(larger, name)[places], getattr(BASE, name))
    near = larger.similar_items[places]
    named = np.where(near >= 0, larger.item_ids[near], "")
    assert np.array_equal(named, np.where(BASE.similar_items >= 0, BASE.item_ids[BASE.similar_items], ""))
    others = np.delete(np.arange(larger.size), places)
    assert (larger.similar_items[others] == -1).all() and np.isnan(larger.prices[others]).all()


def test_what_cannot_be_right_is_not_published():
    now = float(WHOLE.at.max())
    assert objections(BASE, BASE, now) == []
    broken = replace(BASE, item_factors=np.full_like(BASE.item_factors, np.nan))
    assert "no numbers" in objections(BASE, broken, now)[0]
    silent = replace(BASE, popularity=np.zeros_like(BASE.popularity))
    assert any("shown nothing" in words for words in objections(BASE, silent, now))
    smaller = fit(part(WHOLE, WHOLE.item < 20), now)
    assert any("20 items" in words for words in objections(BASE, smaller, now))


def test_drift_is_small_between_like_days_and_large_when_shoppers_change():
    usual = drift(KNOWN, NEW)
    assert usual["event_mix"] < 0.05 and usual["popularity"] < 0.1 and usual["unknown_items"] == 0
    buying = replace(NEW, kind=np.full(len(NEW), ORDER, np.int8))
    assert drift(KNOWN, buying)["event_mix"] > 0.4
    one = replace(NEW, item=np.zeros(len(NEW), np.int32))
    assert drift(KNOWN, one)["popularity"] > 0.8
    assert drift(KNOWN, launched())["unknown_items"] == pytest.approx(0.25)


@given(st.integers(1, 50), st.integers(1, 2000))
def test_a_sample_of_the_usual_is_hardly_a_shift(kinds, size):
    usual = np.arange(1, kinds + 1)
    sample = np.random.default_rng(size).multinomial(size, usual / usual.sum())
    assert shift(usual, sample) <= 0.5 / np.sqrt(size) * np.sqrt(kinds) + 1e-6
