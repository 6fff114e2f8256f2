import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.experiments.tag import LONGEST, Tag, make, parse

ID = "0199c0ffee0" + "ab" * 6


@given(
    st.builds(
        Tag,
        st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9:+_-]{1,40}", fullmatch=True),
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", fullmatch=True),
    )
)
def test_what_was_made_is_read_again(tag):
    made = make(ID, tag)
    assert parse(made) == tag and tag.key == made.split(".", 1)[1] and len(made) <= LONGEST


@given(st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_nothing_else_is_an_arm(hostile):
    assert parse(hostile) is None


@pytest.mark.parametrize(
    "hostile",
    [
        ID,
        f"{ID}.home/all",
        f"{ID}.home/all/b/c",
        f"{ID}.home/all/b\n",
        f"{ID}.home/a b/c",
        f"{ID}.home//b",
        f"{ID.upper()}.home/all/b",
        f"{ID}.home/all/{'b' * 41}",
        f"{ID}." + "a/" * 10_000,
        f"{ID}.home/all/b\u0661",
    ],
)
def test_an_id_that_is_not_quite_ours_has_no_arm(hostile):
    assert parse(hostile) is None


def test_a_tag_that_would_not_be_understood_is_not_made():
    with pytest.raises(ValueError, match="is no id"):
        make(ID, Tag("home", "all", "no spaces"))
