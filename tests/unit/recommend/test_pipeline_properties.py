"""What holds for every shopper, request and catalog."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.model import Price, on_sale, recommendable
from shared.expressions.parse import parse
from shared.lists.newcomers import Newcomer, looked_up
from shared.profiles.state import Candidate, Purchase, State, Touch
from shared.recommend.newcomers import EVERY, FIRST
from shared.recommend.picks import Reads, page_items
from shared.recommend.pipeline import answer
from shared.recommend.placements import PLACEMENTS
from shared.recommend.reasons import NEW, OF_LIST
from shared.recommend.request import Filter, Request
from shared.recommend.rules import admits, takes_purchased
from shared.recommend.shelves import Shelf
from tests.unit.recommend.shop import NOW, Catalog, item

NAMES = st.sampled_from([f"i{n}" for n in range(25)])
SOME = st.lists(NAMES, max_size=6)
LIST = st.dictionaries(NAMES, st.floats(0.01, 1.0), max_size=20).map(lambda d: sorted(d.items(), key=lambda p: -p[1]))
CANDIDATES = LIST.map(lambda scored: [Candidate(name, score, "for_you") for name, score in scored])
STATES = st.builds(
    State,
    recent=SOME.map(lambda names: [Touch(name, NOW) for name in dict.fromkeys(names)]),
    cart=SOME.map(lambda names: dict.fromkeys(names, 1.0)),
    purchases=SOME.map(lambda names: [Purchase(name, NOW) for name in dict.fromkeys(names)]),
    candidates=CANDIDATES,
    again=CANDIDATES,
)
ITEMS = st.builds(
    item,
    name=NAMES,
    in_stock=st.sampled_from([True, True, True, False]),
    available_from=st.sampled_from([0.0, 0.0, NOW + 1]),
    available_until=st.sampled_from([0.0, 0.0, NOW - 1]),
    item_group_id=st.sampled_from(["", "", "", "g1", "g2"]),
    brand=st.sampled_from(["Alm", "Berg"]),
    product_type=st.sampled_from(["Camping > Tents", "Camping", "Kitchen"]),
    sale_price=st.sampled_from([None, Price(5.0, "EUR")]),
    sale_until=st.sampled_from([0.0, NOW]),
)
CATALOGS = st.lists(ITEMS, max_size=40).map(lambda items: Catalog(*items))
FILTERS = st.builds(
    Filter,
    categories=st.sampled_from([frozenset(), frozenset(["Camping"])]),
    brands=st.sampled_from([frozenset(), frozenset(["Alm"])]),
    allow_purchased=st.sampled_from([None, True, False]),
    where=st.sampled_from([None, None, parse('item.brand = "Alm"', "where")]),
)
REQUESTS = st.builds(
    Request,
    placement=st.sampled_from(list(PLACEMENTS)),
    count=st.integers(1, 30),
    items=SOME.map(tuple),
    cart=SOME.map(tuple),
    exclude=SOME.map(frozenset),
    filter=FILTERS,
)
SHELVES = st.builds(
    Shelf,
    tier=st.sampled_from(["segment", "popular"]),
    segment=st.sampled_from(["all", "country:GB"]),
    scored=LIST,
    kind=st.sampled_from(list(OF_LIST)),
    weight=st.floats(0.1, 5.0),
)
NEWCOMERS = st.lists(
    st.builds(Newcomer, item=NAMES, category=st.sampled_from(["Camping", "Kitchen"]), neighbours=LIST),
    max_size=6,
    unique_by=lambda newcomer: newcomer.item,
).map(looked_up)
READS = st.builds(
    Reads,
    state=STATES,
    lists=st.dictionaries(
        st.builds("{}#{}".format, st.sampled_from(["similar", "together"]), NAMES), LIST, max_size=10
    ),
    category=st.lists(LIST, max_size=2),
    shelf=st.lists(SHELVES, max_size=3),
    popular=st.lists(st.lists(SHELVES, max_size=3), max_size=2).map(lambda groups: lambda: groups),
    newcomers=NEWCOMERS,
    static=LIST.map(lambda scored: lambda: scored),
    resolved=st.none(),
)


def allowed(name, request, reads, catalog):
    one = catalog.get(name)
    state = reads.state
    return (
        one is not None
        and recommendable(one, NOW)
        and admits(request.filter, one, NOW)
        and name not in {*state.cart, *request.cart, *request.exclude, *page_items(request)}
        and (request.placement != "on-sale" or on_sale(one, NOW))
        and (takes_purchased(request) or name not in {p.item for p in state.purchases})
    )


@given(REQUESTS, READS, CATALOGS)
def test_nothing_is_shown_that_may_not_be(request_, reads, catalog):
    for pick in answer(request_, reads, catalog.lookup, NOW).picks:
        assert allowed(pick.item, request_, reads, catalog)


@given(REQUESTS, READS, CATALOGS)
def test_no_item_and_no_variant_is_shown_twice(request_, reads, catalog):
    made = answer(request_, reads, catalog.lookup, NOW)
    groups = [catalog[pick.item].item_group_id or pick.item for pick in made.picks]
    assert len(set(groups)) == len(groups) <= request_.count
    own = {catalog[name].item_group_id or name for name in page_items(request_)[-5:] if name in catalog}
    assert not own & set(groups)


@given(REQUESTS, READS, CATALOGS)
def test_the_shelf_is_full_when_the_catalog_allows(request_, reads, catalog):
    if PLACEMENTS[request_.placement].strict:
        return  # shows its list and nothing else
    reads = reads._replace(static=lambda: [(name, 0.0) for name in catalog])
    shown = [pick.item for pick in answer(request_, reads, catalog.lookup, NOW).picks]
    own = {catalog[name].item_group_id or name for name in page_items(request_)[-5:] if name in catalog}
    groups = {catalog[name].item_group_id or name for name in catalog if allowed(name, request_, reads, catalog)} - own
    assert len(shown) == min(request_.count, len(groups))


@given(REQUESTS, READS, CATALOGS)
def test_every_item_left_out_has_a_cause_and_none_is_both_shown_and_left_out(request_, reads, catalog):
    made = answer(request_, reads, catalog.lookup, NOW)
    left_out = [name for names in made.removed.values() for name in names]
    assert not set(left_out) & {pick.item for pick in made.picks}
    assert len(left_out) == len(set(left_out)) and all(made.removed)


@given(REQUESTS, READS, CATALOGS)
def test_the_same_reads_give_the_same_answer(request_, reads, catalog):
    assert answer(request_, reads, catalog.lookup, NOW) == answer(request_, reads, catalog.lookup, NOW)


@given(REQUESTS, READS, CATALOGS, st.integers(1, 10))
def test_a_smaller_shelf_is_the_beginning_of_a_larger_one(request_, reads, catalog, count):
    large = answer(request_, reads, catalog.lookup, NOW).picks
    small = answer(dataclasses.replace(request_, count=count), reads, catalog.lookup, NOW).picks
    assert small[: len(large)] == large[: len(small)]


@given(REQUESTS, READS, CATALOGS)
def test_newcomers_have_their_places_and_no_others(request_, reads, catalog):
    """What no list has stands in the 4th place, the 12th and so on, or nowhere."""
    listed = answer(request_, reads._replace(newcomers=looked_up([])), catalog.lookup, NOW)
    with_newcomers = answer(request_, reads, catalog.lookup, NOW).picks
    old = {pick.item for pick in listed.picks} | {item for names in listed.removed.values() for item in names}
    for place, pick in enumerate(with_newcomers, 1):
        if pick.item not in old and pick.reason == NEW and pick.item in reads.newcomers.similar:
            on_a_list = [s for group in [reads.shelf, *reads.popular()] for s in group if pick.item in dict(s.scored)]
            assert place % EVERY == FIRST or on_a_list


@given(REQUESTS, READS)
def test_a_strict_placement_shows_what_its_sources_have_and_nothing_else(request_, reads):
    catalog = Catalog(*(item(f"i{n}", sale_price=Price(5.0, "EUR")) for n in range(25)))
    spec = PLACEMENTS[request_.placement]
    if spec.strict:
        state = reads.state
        of_source = {
            "list": {name for shelf in reads.shelf for name, _ in shelf.scored},
            "together": {
                name for key, scored in reads.lists.items() if key.startswith("together") for name, _ in scored
            },
            "recent": {touch.item for touch in state.recent} | set(request_.items),
            "again": {candidate.item for candidate in state.again} | {purchase.item for purchase in state.purchases},
        }
        listed = set().union(*(of_source[source] for source in spec.weights))
        assert {pick.item for pick in answer(request_, reads, catalog.lookup, NOW).picks} <= listed
