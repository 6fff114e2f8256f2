"""What a shopper asked for, written anew, joined in any order, and as it is sent and answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.preferences.request import answer, lists
from shared.preferences.wishes import MOST, MOST_BYTES, TAKEN_BACK, bounded, changed, join, key
from shared.profiles.state import State, Wish, decode, encode


def said(at=1.0, before=(), **body):
    return changed(before, lists(body), at)


def test_lists_that_are_sent_are_written_anew_and_others_stay():
    first = said(
        hidden={"brands": ["Alm"], "items": ["stove"]}, favourites={"categories": ["Camping>Tents"]}, sizes=["M"]
    )
    told = answer(said(2.0, first, hidden={"items": ["rope", 7]}))
    assert told == {
        "favourites": {"categories": ["Camping > Tents"], "brands": [], "items": []},
        "hidden": {"categories": [], "brands": ["Alm"], "items": ["7", "rope"]},
        "sizes": {"*": ["M"]},
    }


def test_the_latest_word_about_a_value_holds():
    hidden = said(hidden={"brands": ["Alm"]})
    liked = said(2.0, hidden, favourites={"brands": ["ALM"]})
    assert answer(liked)["favourites"]["brands"] == ["ALM"] and answer(liked)["hidden"]["brands"] == []
    assert answer(join(liked, hidden)) == answer(join(hidden, liked)) == answer(liked)


def test_what_was_taken_back_is_not_brought_back_by_an_older_wish():
    of_the_phone = said(1.0, hidden={"items": ["stove"]})
    taken_back = said(3.0, said(2.0, hidden={"items": ["stove"]}), hidden={"items": []})
    assert answer(join(taken_back, of_the_phone))["hidden"]["items"] == []
    again = said(4.0, hidden={"items": ["stove"]})
    assert answer(join(taken_back, again))["hidden"]["items"] == ["stove"]


def test_sizes_are_told_for_all_or_by_category():
    assert answer(said(sizes={"Shoes": ["42"], "*": ["M", "m"]}))["sizes"] == {"*": ["m"], "Shoes": ["42"]}
    assert answer(said(2.0, said(sizes=["M"]), sizes={}))["sizes"] == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "favourites"),
        ({"hidden": ["Alm"]}, "hidden"),
        ({"hidden": {"colours": ["red"]}}, "hidden.colours"),
        ({"hidden": {"brands": "Alm"}}, "hidden.brands"),
        ({"hidden": {"brands": ["Alm", ""]}}, "hidden.brands[1]"),
        ({"hidden": {"brands": [True]}}, "hidden.brands[0]"),
        ({"hidden": {"items": ["x" * 201]}}, "hidden.items[0]"),
        ({"hidden": {"items": ["\ud800"]}}, "hidden.items[0]"),
        ({"favourites": {"categories": [" > "]}}, "favourites.categories[0]"),
        ({"favourites": {"items": [str(n) for n in range(101)]}}, "favourites.items"),
        ({"favourites": {"brands": ["Alm"]}, "hidden": {"brands": ["alm"]}}, "favourites.brands"),
        ({"sizes": "M"}, "sizes"),
        ({"sizes": {"Shoes": "42"}}, "sizes.Shoes"),
        ({"sizes": {"": ["42"]}}, "sizes."),
        ({"sizes": {str(n): ["1", "2"] for n in range(51)}}, "sizes"),
    ],
)
def test_what_is_wrong_is_named(body, field):
    with pytest.raises(InvalidRequest) as refused:
        lists(body)
    assert refused.value.field == field


names = st.sampled_from(["Alm", "alm", "Berg", "x"])
times = st.integers(1, 4).map(float)
abouts, saids = st.sampled_from(["category", "brand", "item"]), st.sampled_from(["favourite", "hidden", ""])
sizes = st.builds(Wish, st.just("size"), names, st.sampled_from(["own", ""]), times, st.sampled_from(["", "Shoes"]))
wishes = st.lists(st.builds(Wish, abouts, names, saids, times) | sizes, max_size=12).map(lambda found: join(found, []))


@given(wishes, wishes, wishes)
def test_joining_is_a_union_in_any_order(one, two, three):
    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, one) == one == join(one, [])
    joined = {key(wish): wish for wish in join(one, two)}
    assert set(joined) == {key(wish) for wish in (*one, *two)}
    assert all(wish.at <= joined[key(wish)].at for wish in (*one, *two))
    assert decode(encode(State(preferences=one))).preferences == one


@given(wishes, st.lists(names, max_size=3))
def test_a_list_written_anew_holds_just_its_values(before, values):
    made = changed(before, lists({"hidden": {"items": values}}), 9.0)
    assert answer(made)["hidden"]["items"] == sorted(set(values))
    assert answer(made)["sizes"] == answer(before)["sizes"]


def test_all_together_are_small_enough_to_be_part_of_a_state():
    full = said(hidden={kind: [f"{n}{kind}" + "ä" * 180 for n in range(40)] for kind in ("brands", "items")})
    with pytest.raises(InvalidRequest, match="bytes"):
        said(2.0, full, favourites={"brands": [f"{n}" + "ö" * 180 for n in range(100)]})
    other = [Wish("category", f"{n}" + "ö" * 180, "favourite", float(n)) for n in range(100)]
    gone = Wish("item", "gone", TAKEN_BACK, 500.0)
    every = [*full, *other, gone]
    kept = bounded(every)
    assert sum(len(wish.value.encode()) for wish in kept) <= MOST_BYTES < sum(len(w.value.encode()) for w in every)
    assert gone not in kept and {wish.at for wish in kept} >= {float(n) for n in range(50, 100)}, "the latest stay"


def test_of_each_kind_the_latest_hundred_are_kept():
    many = [Wish("item", f"i{n}", "hidden", float(n)) for n in range(MOST + 5)]
    many += [Wish("item", f"t{n}", TAKEN_BACK, float(n)) for n in range(MOST + 5)]
    kept = bounded(many)
    assert len(kept) == 2 * MOST and min(wish.at for wish in kept) == 5.0
