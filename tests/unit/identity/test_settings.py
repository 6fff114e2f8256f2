import pytest

from shared.identity.graph import DEFAULT, Limit
from shared.identity.settings import parse


def test_nothing_said_is_the_default():
    assert parse("") == DEFAULT


def test_what_is_said_stands_over_the_default():
    made = parse("email=3 anonymous=10/monthly others=2 merges=50")
    assert made.limit("email") == Limit(3) and made.limit("anonymous") == Limit(10, "monthly")
    assert made.limit("loyalty") == Limit(2) and made.limit("user") == Limit(1)
    assert (made.merges, made.identifiers) == (50, DEFAULT.identifiers)


@pytest.mark.parametrize("word", ["email", "email=", "email=0", "email=x", "email=3/daily", "user=2", "=3"])
def test_a_mistake_is_named(word):
    with pytest.raises(ValueError, match="is no limit: write type=number"):
        parse(f"phone=1 {word}")
