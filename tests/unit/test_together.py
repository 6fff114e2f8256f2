from hypothesis import given
from hypothesis import strategies as st

from shared.together import together


def test_what_shares_a_name_by_way_of_others_is_together_in_its_order():
    things = ["ab", "x", "cd", "bc", "xy"]
    assert together(things, list) == [["ab", "cd", "bc"], ["x", "xy"]]


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=3)))
def test_no_two_groups_share_a_name_and_nothing_is_lost(things):
    groups = together(things, list)
    assert sorted(thing for group in groups for thing in group) == sorted(things)
    names = [set("".join(group)) for group in groups]
    assert sum(map(len, names)) == len(set().union(*names))
