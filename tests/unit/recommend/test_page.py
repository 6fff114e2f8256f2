"""Several shelves in one request, and lists put in a shopper's order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalog.model import encode as encode_item
from shared.errors import InvalidRequest
from shared.lists.model import Pointer, encode
from shared.profiles.state import encode as encode_state
from shared.recommend.page import answers, parse_page
from shared.recommend.picks import Reads
from shared.recommend.reads import Reader
from shared.recommend.rerank import parse_rerank, rerank
from shared.recommend.shopper import Shopper
from shared.recommend.tables import Names, Tables
from tests.unit.recommend.shop import NOW, Catalog, catalog, item, scored, state
from tests.unit.recommend.test_reads import DynamoDB

NAMES = [f"i{n:02}" for n in range(40)]


@pytest.fixture
def db():
    made = DynamoDB()
    made.tables["lists"] = {
        "pointer": encode(Pointer("v1", ["v1"])),
        "v1#popular#all": encode(scored(*NAMES)),
        "v1#best-sellers#all": encode(scored(*NAMES)),
        "v1#similar#tent": encode(scored(*NAMES[:20])),
    }
    made.tables["shoppers"] = {"a#1": encode_state(state(*NAMES[5:25]))}
    made.tables["catalog"] = {name: encode_item(item(name)) for name in NAMES}
    return made


@pytest.fixture
def reader(db):
    def failed(error):
        raise error

    return Reader(Tables(db, Names("shoppers", "lists", "catalog", "plans"), None, failed), list, failed)


def test_no_item_is_on_two_shelves_and_everything_is_read_in_two_requests(db, reader):
    body = {"anonymousId": "1", "page": [
        {"placement": "home", "count": 4},
        {"placement": "product", "items": ["tent"], "count": 4},
        {"placement": "best-sellers", "count": 4},
    ]}  # fmt: skip
    reader.warm()
    db.requests.clear()
    made = answers(parse_page(body), reader, Shopper("a#1"), NOW)
    shown = [pick.item for _, _, answer in made for pick in answer.picks]
    assert len(shown) == len(set(shown)) == 12
    assert [answer.picks[0].reason for _, _, answer in made] == ["for_you", "similar_to", "best_seller"]
    assert len(db.requests) == 2


@given(st.lists(st.sampled_from(["home", "popular", "recently-viewed", "category"]), min_size=1, max_size=5))
@settings(max_examples=30)
def test_one_shelf_of_a_page_is_what_it_would_be_alone(placements):
    """The first one: those after it lack what it shows."""
    reads = Reads(state=state(*NAMES[5:25], seen=("i01", "i02")))
    from shared.recommend.pipeline import answer  # noqa: PLC0415 - beside what it is compared with

    requests = parse_page({"page": [{"placement": name} for name in placements]})
    alone = answer(requests[0], reads, catalog(*NAMES).lookup, NOW)

    class Read:
        tables = None
        coin = None

        def on(self, _):
            return self

        def prepare(self, *_):
            pass

        def read(self, *_):
            return reads

        items = staticmethod(catalog(*NAMES).lookup)

    made = answers(requests, Read(), Shopper(), NOW)
    assert made[0][2].picks == alone.picks
    everything = [pick.item for _, _, one in made for pick in one.picks]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ([], "page"),
        ("home", "page"),
        ([{"placement": "home"}] * 13, "page"),
        (["home"], "page[0]"),
        ([{"placement": "home"}, {"placement": "attic"}], "page[1].placement"),
        ([{"placement": "home", "count": 0}], "page[0].count"),
        ([{"placement": "home", "userId": "u"}], "page[0].userId"),
    ],
)
def test_mistakes_name_the_shelf(page, field):
    with pytest.raises(InvalidRequest) as caught:
        parse_page({"page": page})
    assert caught.value.field == field


def test_a_mistake_beside_the_shelves_is_named_as_it_stands():
    with pytest.raises(InvalidRequest) as caught:
        parse_page({"page": [{"placement": "home"}], "cart": "tent"})
    assert caught.value.field == "cart"


def reordered(reads, items, **fields):
    asked = parse_rerank({"items": items, **fields})
    return [asked.items[place] for place in rerank(asked, reads, catalog(*NAMES).lookup, NOW).order]


def test_of_a_stranger_the_order_stays():
    assert reordered(Reads(), NAMES[:10]) == NAMES[:10]


def test_what_a_shopper_likes_comes_first_and_the_more_so_the_stronger():
    reads = Reads(state=state("i07", "i03"))
    assert reordered(reads, NAMES[:10], strength=1.0)[:2] == ["i07", "i03"]
    assert reordered(reads, NAMES[:10], strength=0.0) == NAMES[:10]
    places = [reordered(reads, NAMES[:10], strength=s).index("i07") for s in (0.0, 0.3, 0.6, 1.0)]
    assert places == sorted(places, reverse=True)


@given(st.lists(st.sampled_from([*NAMES, "unknown"]), min_size=1, max_size=60), st.floats(0, 1))
def test_nothing_is_lost_and_nothing_is_shown_twice(items, strength):
    reads = Reads(state=state(*NAMES[5:25], bought=("i01",), cart=("i02",)))
    asked = parse_rerank({"items": items, "strength": strength})
    shop = Catalog(*(item(name, in_stock=name != "i04") for name in NAMES))
    made = rerank(asked, reads, shop.lookup, NOW)
    kept = [asked.items[place] for place in made.order]
    assert sorted(kept) == sorted(set(items) - {"i04"}) and made.removed.get("unavailable", []) in ([], ["i04"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": ["a"] * 501}, "items"),
        ({"items": ["a"], "strength": 2}, "strength"),
        ({"items": ["a"], "strength": "much"}, "strength"),
        ({"items": ["a"], "latest": "b"}, "latest"),
        ({"items": ["a"], "placement": "attic"}, "placement"),
    ],
)
def test_mistakes_in_a_list_to_be_ordered(body, field):
    with pytest.raises(InvalidRequest) as caught:
        parse_rerank(body)
    assert caught.value.field == field
