"""What an item's texts say, in 64 bits."""

import math
import random
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.model import Item, decode, encode
from shared.catalog.parse import as_feed, parse, patched
from shared.catalog.sketch import BITS, likeness, sketch
from shared.catalog.words import texts, words

SKETCHES = st.integers(0, 2**BITS - 1)
WORDS = st.lists(st.text("abcdefghij", min_size=2, max_size=6), min_size=1, max_size=30)


def said(title, **fields):
    return Item(id="x", title=title, **fields)


def test_the_same_words_make_the_same_sketch_today_and_tomorrow():
    """A stored sketch is compared with one made later: the number must never change."""
    assert sketch(said("Tent for two")) == 0x219493E66692FA7
    assert sketch(said("tents FOR: two!")) == sketch(said("Tent for two"))
    assert sketch(said("Tent for two", brand="Alm", product_type="Camping")) == sketch(said("Tent for two"))


@given(WORDS, st.randoms(use_true_random=False))
def test_the_order_of_words_says_nothing(given_words, rng):
    other = rng.sample(given_words, len(given_words))
    assert sketch(said(" ".join(given_words))) == sketch(said(" ".join(other)))


@pytest.mark.parametrize("title", ["", "!!!", "a b", "—"])
def test_an_item_without_words_is_like_nothing(title):
    assert sketch(said(title)) == 0
    assert likeness(0, 0) == likeness(0, sketch(said("Tent"))) == 0.0


@given(SKETCHES, SKETCHES)
def test_likeness_is_symmetric_and_a_share(one, other):
    assert likeness(one, other) == likeness(other, one)
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, one) == float(one != 0)


def test_bits_that_differ_tell_the_cosine_of_the_texts():
    """Of 300 pairs of texts of 20 words that share 0 to 20 of them; the cosine is then the share."""
    rng, errors = random.Random(3), []
    for n in range(300):
        names = [f"word{rng.randrange(10**6)}" for _ in range(40)]
        shared = n % 21
        one, other = names[:20], names[20 - shared : 40 - shared]
        apart = (sketch(said(" ".join(one))) ^ sketch(said(" ".join(other)))).bit_count()
        errors.append(math.cos(math.pi * apart / BITS) - shared / 20)
    assert abs(sum(errors) / len(errors)) < 0.05
    assert math.sqrt(sum(error**2 for error in errors) / len(errors)) < 0.2


def test_texts_that_share_no_word_are_hardly_ever_alike_and_near_copies_are():
    sketches = [sketch(said(" ".join(f"w{n}x{m}" for m in range(8)))) for n in range(150)]
    strangers = [likeness(one, other) for one, other in combinations(sketches, 2)]
    assert sum(found > 0 for found in strangers) < 0.05 * len(strangers)
    red = sketch(said("Mountain tent Yukon with awning, red", description="Three seasons, two doors, 3000 mm"))
    green = sketch(said("Mountain tent Yukon with awning, green", description="Three seasons, two doors, 3000 mm"))
    assert likeness(red, green) > 0.6


def test_the_catalog_makes_sketches_when_an_item_is_written_and_when_its_texts_change():
    item = parse({"id": "t", "title": "Tent", "tags": ["light"], "description": "Stands in wind"}, 1.0)
    assert item.sketch == sketch(item) != 0
    assert "sketch" not in as_feed(item)
    assert patched(item, {"price": "3 EUR"}, 2.0).sketch == item.sketch
    assert patched(item, {"title": "Stove"}, 2.0).sketch not in (0, item.sketch)


def test_items_stored_before_there_were_sketches_are_read():
    fields = msgspec.msgpack.decode(encode(Item(id="x", title="Tent", sketch=7)))
    assert fields[-1] == 7
    assert decode(msgspec.msgpack.encode(fields[:-1])).sketch == 0


def test_words_are_those_of_the_texts_and_of_brand_and_category():
    item = said(
        "Red Boots", brand="Alm", product_type="Shoes > Boots", tags=["a", "new"], description="x " * 200 + "end"
    )
    assert texts(item) == ["red", "boot", "red", "boot", "new"]
    assert words(item)[5:] == ["alm", "sho", "boot"]
