"""What an item that was outranked lacked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.merchandising.places import group
from shared.merchandising.steered import Entry
from shared.recommend.dials import Dials
from shared.recommend.standing import Standing, outranked
from tests.unit.recommend.shop import item
from tests.unit.recommend.test_filling import filled

ITEMS = st.builds(
    item,
    name=st.integers(0, 30).map("i{:02}".format),
    brand=st.sampled_from(["", "Alm", "Berg", "Cima"]),
    product_type=st.sampled_from(["", "Camping > Tents", "Camping > Stoves", "Kitchen"]),
    item_group_id=st.sampled_from(["", "", "g1", "g2"]),
    sketch=st.sampled_from([0, 2**64 - 1, 2**60 - 1]),
)
POOLS = st.lists(
    st.tuples(ITEMS, st.floats(0.01, 1.0)), min_size=4, max_size=20, unique_by=lambda pair: pair[0].id
).map(lambda pairs: sorted([Entry(one.id, value, one) for one, value in pairs], key=lambda entry: -entry.score))
DIALS = st.builds(Dials, diversity=st.floats(0.0, 0.9), brand_cap=st.integers(0, 2), category_cap=st.integers(0, 2))
COUNT = 3


def shown(pool, dials):
    return [entry.id for entry in filled(sorted(pool, key=lambda entry: -entry.score), dials, COUNT)[0]]


def raised(pool, entry, score):
    return [one._replace(score=score) if one.id == entry.id else one for one in pool]


@given(POOLS, DIALS)
def test_what_an_item_lacks_is_just_what_brings_it_on_the_shelf(pool, dials):
    there, queue = filled(pool, dials, COUNT)
    standing = Standing(queue.ranked, there, queue.places, dials)
    seen_off = {name for names in queue.removed.values() for name in names} | {entry.id for entry in there}
    for rank, entry in enumerate(pool, 1):
        if entry.id in seen_off:
            continue
        told = outranked(rank, standing, ())
        if told["stage"] == "variety":
            assert entry.id not in shown(raised(pool, entry, 1000.0), dials)
            continue
        assert told["rank"] == rank
        assert entry.id in shown(raised(pool, entry, entry.score + told["needs"] + 1e-3), dials)
        if told["needs"] > 2e-3:
            assert entry.id not in shown(raised(pool, entry, entry.score + told["needs"] - 1e-3), dials)


def test_what_is_like_the_shelf_needs_more_with_diversity():
    first, twin, other = item("first"), item("twin"), item("other", product_type="Kitchen", brand="Berg")
    pool = [Entry("first", 1.0, first), Entry("twin", 0.9, twin), Entry("other", 0.5, other)]
    there, queue = filled(pool, Dials(diversity=0.5), 2)
    told = outranked(2, Standing(queue.ranked, there, queue.places, Dials(diversity=0.5)), ())
    assert [entry.id for entry in there] == ["first", "other"]
    # its value is (0.9 - 0.7) / 2, that of the other 0.5 / 2; or else it overtakes the first, whose score is 0.1 more
    assert told["needs"] == pytest.approx(0.1) and told["why"] == "rank 2, needs +0.1000"


def test_where_no_score_would_do_it_is_said():
    pool = [Entry(name, 1.0 - place / 10, item(name)) for place, name in enumerate("abc")]
    shelf = Standing(pool, pool[:2], [0, 1], Dials(diversity=1.0))
    assert outranked(3, shelf, ())["why"] == "rank 3, and with diversity at 1 scores count for nothing"
    assert outranked(3, shelf._replace(places=[]), ())["why"] == "rank 3, and rules fill every place"
    assert outranked(3, shelf, [group(pool[2].item)]) == {"stage": "variety", "cause": "variant_shown"}
