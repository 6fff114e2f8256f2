"""New items have few places, and the ones that fit."""

from dataclasses import replace

from shared.events.products import Product
from shared.lists import newcomers as stored
from shared.lists.newcomers import MOST, Newcomer, looked_up
from shared.profiles.fold import fold
from shared.profiles.signals import Signal
from shared.profiles.state import State, Touch
from shared.recommend.pipeline import answer
from shared.recommend.placements import PLACEMENTS
from shared.recommend.settings import changed, changes
from tests.unit.recommend.shop import NOW, Catalog, ask, catalog, item, popular, state

NEW = looked_up(
    [Newcomer("new", "Camping", [("tent", 0.9), ("mug", 0.3)]), Newcomer("newer", "Kitchen", [("mug", 0.8)])]
)
NAMES = [f"p{n}" for n in range(30)]
READS = popular(*NAMES)._replace(newcomers=NEW)
ITEMS = catalog(*NAMES, "new", "newer", "tent", "mug")


def shown(request, reads=READS, items=ITEMS):
    return [pick.item for pick in answer(request, reads, items.lookup, NOW).picks]


def test_a_newcomer_stands_in_the_fourth_place_and_the_next_in_the_twelfth():
    request = ask(placement="home", items=["mug"], count=12)
    assert shown(request) == ["p0", "p1", "p2", "newer", *NAMES[3:10], "new"]


def test_its_reason_is_the_item_it_is_like():
    made = answer(ask(placement="product", items=["tent"], count=4), READS, ITEMS.lookup, NOW)
    assert [(p.item, p.reason, p.because) for p in made.picks][3] == ("new", "new_arrival", "tent")


def test_a_newcomer_unlike_what_the_shopper_is_after_stays_away():
    reads = READS._replace(state=state(seen=("hat",)))
    assert not {"new", "newer"} & set(shown(ask(placement="home"), reads))
    assert not {"new", "newer"} & set(shown(ask(placement="product", items=["hat"])))


def test_who_has_done_nothing_sees_the_newest_and_a_category_its_own():
    assert shown(ask(placement="home"))[3] == "new"
    items = Catalog(*(item(name, product_type="Kitchen") for name in [*NAMES, "newer"]), item("new"))
    kitchen = ask(placement="category", filter={"categories": ["Kitchen > Mugs", "Kitchen"]})
    assert shown(kitchen, items=items)[3] == "newer"


def test_rules_hold_for_newcomers():
    request = ask(placement="home", items=["tent"], exclude=["new"])
    assert "new" not in shown(request)
    gone = Catalog(*(item(name) for name in NAMES), item("new", in_stock=False))
    assert shown(ask(placement="home", items=["tent"], count=12), items=gone) == NAMES[:12]


def tired(often, *names, dial=1.0, **asked):
    """A home page with the dial `repetition`, for who was shown items so often in vain."""
    known = State(recent=[Touch("mug", NOW - 60.0)] if asked.pop("seen", False) else [])
    for _ in range(often):
        fold(known, Signal("shown", NOW - 60.0, [Product(name) for name in names], 0.0, 0.0, 0.0, {}))
    request = ask(placement="home", **asked)
    home = changed(PLACEMENTS["home"], changes({"dials": {"repetition": dial}}, "home"))
    return shown(replace(request, changed=home), READS._replace(state=known))


def test_a_newcomer_that_was_shown_in_vain_lets_the_next_go_first():
    assert tired(0)[3] == tired(2, "new", dial=0.0)[3] == "new"
    assert tired(1, "new")[3] == "newer"
    assert tired(1, "new", "newer")[3] == "new"


def test_a_newcomer_that_was_shown_in_vain_four_times_gives_up_its_place():
    assert tired(3, "new", "newer")[3] == "new"
    assert tired(5, "new", "newer") == NAMES[:12]
    assert tired(5, "new", "newer", dial=0.5)[3] == "new", "the dial says how much fatigue counts"


def test_of_newcomers_like_what_the_shopper_is_after_the_less_tired_one_goes_first():
    assert tired(0, seen=True)[3] == "newer"
    assert tired(3, "newer", seen=True)[3] == "newer", "0.8 against 0.3 of likeness"
    assert tired(5, "newer", seen=True)[3] == "new"


def test_placements_of_one_list_a_cart_and_an_order_have_no_newcomers():
    for placement in ("cart", "order-confirmation", "best-sellers", "popular"):
        assert "new" not in shown(ask(placement=placement, items=["tent"], cart=["tent"]))


def test_a_shopper_who_did_not_agree_is_shown_newcomers_by_the_page_alone():
    reads = READS._replace(contextual=True, state=state(seen=("mug",)))
    assert shown(ask(placement="product", items=["tent"]), reads)[3] == "new"
    assert shown(ask(placement="home", items=["mug"]), reads)[3] == "new", "the newest, not what is like the mug"


def test_the_page_of_a_new_item_shows_what_it_is_like():
    made = answer(ask(placement="product", items=["new"], count=2), READS, ITEMS.lookup, NOW)
    assert [(p.item, p.reason, p.because) for p in made.picks] == [
        ("tent", "similar_to", "new"),
        ("mug", "similar_to", "new"),
    ]


def test_what_is_stored_is_what_is_looked_up_and_bounded():
    many = [Newcomer(f"n{n}", "", [("tent", 0.5)] * 12) for n in range(1000)]
    value = stored.encode(many)
    assert len(value) < 100_000 and len(stored.decode(value).newest) == MOST
    assert stored.decode(stored.encode([])) == stored.NONE
