"""What is learned from recommendations that were seen: places are not looked at alike, and clicks say more the further down they are."""

import numpy as np
import pytest

from shared.models.examination import FEWEST_CLICKS, LEAST, PLACES, examined
from shared.models.impressions import Impressions
from shared.models.interactions import VIEW, Interactions
from shared.models.shown import shown_moments

LOOKED_AT = np.array([1.0, 0.7, 0.5, 0.35, 0.25])
SHOPPERS, ANSWERS, ITEMS = 400, 12, 30
SINCE = 1000.0


def liked(item):
    return 0.1 + 0.4 * (item % 5 == 0)


def shown(seed=3):
    """Lists of five; what is liked least stands first more often than not, so that clicks alone say little of what is liked."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(SHOPPERS * ANSWERS):
        items = rng.choice(ITEMS, 5, replace=False)
        if rng.random() < 0.7:
            items = items[np.argsort(items % 5 == 0, kind="stable")]
        for place, item in enumerate(items.tolist()):
            clicked = rng.random() < LOOKED_AT[place] * liked(item)
            rows.append((2000.0 + number, number % SHOPPERS, f"i{item:02d}", place + 1, clicked, number))
    at, who, item, place, clicked, answer = (np.array(column) for column in zip(*rows, strict=True))
    return Impressions(
        at=at.astype(np.float64),
        shopper=who.astype(np.uint64),
        item=item,
        placement=np.full(len(rows), "home"),
        position=place.astype(np.int16),
        clicked=clicked.astype(bool),
        answer=answer.astype(np.int32),
    )


SEEN = shown()
VISITS = Interactions(
    items=np.array([f"i{n:02d}" for n in range(ITEMS)]),
    shoppers=np.arange(SHOPPERS, dtype=np.uint64),
    shopper=np.repeat(np.arange(SHOPPERS, dtype=np.int32), 2),
    item=np.tile(np.array([0, 1], np.int32), SHOPPERS),
    at=np.tile([10.0, 9000.0], SHOPPERS),
    kind=np.full(2 * SHOPPERS, VIEW, np.int8),
    session=np.arange(2 * SHOPPERS, dtype=np.int32),
    basket=np.full(2 * SHOPPERS, -1, np.int32),
    quantity=np.ones(2 * SHOPPERS, np.float32),
    countries=np.full(SHOPPERS, ""),
)


def test_how_likely_a_place_is_looked_at_is_found_from_clicks():
    assert examined(SEEN)[1:6] == pytest.approx(LOOKED_AT, abs=0.1)
    naive = np.array([SEEN.clicked[SEEN.position == place].mean() for place in range(1, 6)])
    assert abs(naive / naive[0] - LOOKED_AT).max() > 0.15  # the rate of clicks does not tell it


def test_chances_fall_have_a_floor_and_are_all_one_with_few_clicks():
    found = examined(SEEN)
    assert found.shape == (PLACES + 1,) and found[0] == found[1] == 1.0
    assert (np.diff(found[1:]) <= 0).all() and found.min() >= LEAST
    few = SEEN.where(np.flatnonzero(SEEN.clicked)[: FEWEST_CLICKS - 1])
    assert (examined(few) == 1.0).all() and (examined(SEEN.where(slice(0, 0))) == 1.0).all()
    unknown = SEEN.where(slice(0, 5000))
    assert (examined(Impressions(**{**vars(unknown), "position": np.zeros(5000, np.int16)})) == 1.0).all()


def test_weighed_clicks_tell_what_is_liked_where_counted_ones_do_not():
    """An item's clicks, divided by how often it was shown, are to each other as items are liked: 5 to 1."""
    found = shown_moments(VISITS, SEEN, SINCE, {}, 10**9)
    shown_of = {item: int((SEEN.item == item).sum()) for item in np.unique(SEEN.item).tolist()}

    def ratio(amount):
        rates = {item: 0.0 for item in shown_of}
        for moment in found:
            (item,) = moment.right
            rates[item] += amount(moment) / shown_of[item]
        good = [rate for item, rate in rates.items() if int(item[1:]) % 5 == 0]
        return np.mean(good) / np.mean([rate for item, rate in rates.items() if int(item[1:]) % 5])

    assert ratio(lambda moment: 1.0) < 4.0
    assert ratio(lambda moment: moment.weight) == pytest.approx(5.0, rel=0.12)
    assert np.mean([moment.weight for moment in found]) == pytest.approx(1.0)


def test_a_moment_is_one_click_among_what_was_shown_and_knows_nothing_later():
    found = shown_moments(VISITS, SEEN, SINCE, {}, 10**9)
    assert found and all(len(moment.right) == 1 and set(moment.right) < set(moment.shown) for moment in found)
    assert all([touch.item for touch in moment.state.recent] == ["i00"] for moment in found)  # i01 came later
    clicked = {
        (int(s), int(a), str(i))
        for s, a, i, c in zip(SEEN.shopper, SEEN.answer, SEEN.item, SEEN.clicked, strict=True)
        if c
    }
    assert sum(len(moment.right) for moment in found) <= len(clicked)
    first = SEEN.where(SEEN.answer == SEEN.answer[0])
    once = shown_moments(VISITS, first, SINCE, {}, 10)
    for moment in once:
        assert not (set(first.item[first.clicked].tolist()) - set(moment.right)) & set(moment.shown)


def test_answers_before_of_strangers_or_without_a_choice_say_nothing():
    assert shown_moments(VISITS, SEEN, 1e9, {}, 100) == []
    assert shown_moments(VISITS, SEEN.where(~SEEN.clicked), SINCE, {}, 100) == []
    assert shown_moments(VISITS, SEEN.where(SEEN.clicked), SINCE, {}, 100) == []  # all that was shown was clicked
    strangers = Impressions(**{**vars(SEEN), "shopper": SEEN.shopper + np.uint64(10**6)})
    assert shown_moments(VISITS, strangers, SINCE, {}, 100) == []
