"""How few reads an answer needs, and what happens when they fail."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec.structs import replace

from shared.cache import MemoryCache
from shared.catalog.model import encode as encode_item
from shared.lists.arms import Chances, Value
from shared.lists.arms import encode as encode_arms
from shared.lists.model import Pointer, encode
from shared.lists.newcomers import Newcomer
from shared.lists.newcomers import encode as encode_newcomers
from shared.lists.sales import Sales
from shared.lists.sales import encode as encode_sales
from shared.merchandising.parse import parse as parse_plan
from shared.merchandising.plan import Pointer as PlanPointer
from shared.merchandising.plan import encode as encode_plan
from shared.profiles.state import Purchase, State, Totals
from shared.profiles.state import encode as encode_state
from shared.recommend.pipeline import answer
from shared.recommend.reads import Reader
from shared.recommend.shopper import Shopper
from shared.recommend.tables import Names, Tables
from tests.unit.recommend.shop import NOW, ask, item, scored, state


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class DynamoDB:
    """BatchGetItem over dictionaries; counts requests, fails on demand, leaves keys unprocessed on demand."""

    def __init__(self):
        self.tables = {"shoppers": {}, "lists": {}, "catalog": {}, "plans": {}}
        self.requests = []
        self.error = None
        self.unprocessed = 0

    def batch_get_item(self, RequestItems):
        self.requests.append({t: [k["pk"]["S"] for k in r["Keys"]] for t, r in RequestItems.items()})
        if self.error:
            raise self.error
        assert sum(len(keys) for keys in self.requests[-1].values()) <= 100
        if self.unprocessed:
            self.unprocessed -= 1
            return {"Responses": {}, "UnprocessedKeys": RequestItems}
        return {
            "Responses": {
                table: [
                    {"pk": {"S": k}, "value": {"B": self.tables[table][k]}} for k in keys if k in self.tables[table]
                ]
                for table, keys in self.requests[-1].items()
            }
        }


DOWN = ReadTimeoutError(endpoint_url="dynamodb")


@pytest.fixture
def db():
    made = DynamoDB()
    made.tables["lists"] = {
        "pointer": encode(Pointer("v1", ["v1"])),
        "v1#popular#all": encode(scored("p1", "p2")),
        "v1#popular#country:GB": encode(scored("gb1")),
        "v1#similar#tent": encode(scored("s1")),
        "v1#together#tent": encode(scored("t1")),
    }
    names = ("p1", "p2", "gb1", "s1", "t1", "tent", "x", "today")
    made.tables["catalog"] = {name: encode_item(item(name)) for name in names}
    made.tables["shoppers"] = {"a#1": encode_state(state("x"))}
    return made


@pytest.fixture
def failures():
    return []


@pytest.fixture
def make(db, failures):
    def make(cache=None, static=list, clock=None):
        clock = clock or Clock()
        tables = Tables(db, Names("shoppers", "lists", "catalog", "plans"), cache, failures.append, clock)
        return Reader(tables, static, failures.append, clock)

    return make


def who(*keys):
    return Shopper(*keys, named=bool(keys and keys[0]))


def shown(reader, request, *keys):
    return [p.item for p in answer(request, reader.read(request, who(*(keys or ("a#1",)))), reader.items, NOW).picks]


def test_a_warm_environment_answers_with_two_reads(db, make):
    reader = make()
    reader.warm()
    shown(reader, ask(placement="product", items=["tent"]))
    db.requests.clear()
    assert shown(reader, ask(placement="product", items=["tent"], count=3)) == ["s1", "t1", "x"]
    assert len(db.requests) == 2
    assert db.requests[0] == {"shoppers": ["a#1"], "lists": ["v1#similar#tent", "v1#together#tent"]}
    assert list(db.requests[1]) == ["catalog"]


def test_pointer_and_popular_lists_are_read_with_the_rest_when_they_are_old(db, make):
    clock = Clock()
    reader = make(clock=clock)
    reader.warm()
    clock.now += 5.1
    db.requests.clear()
    shown(reader, ask())
    assert db.requests[0] == {"shoppers": ["a#1"], "lists": ["pointer"], "plans": ["pointer"]} and len(db.requests) == 2
    clock.now += 60.1
    db.requests.clear()
    shown(reader, ask())
    kinds = ("popular", "trending", "high-margin", "new-arrivals")
    names = {f"{version}#{kind}#all" for version in ("v1", "live") for kind in kinds}
    singles = {"pointer", "live#newcomers#all", "live#arms#all", "live#sales#all"}
    assert set(db.requests[0]["lists"]) == singles | names and len(db.requests) == 2


def test_a_new_version_is_served_by_the_first_answer_that_sees_its_pointer(db, make):
    clock = Clock()
    reader = make(clock=clock)
    assert "p1" in shown(reader, ask(), "")
    db.tables["lists"] |= {"pointer": encode(Pointer("v2")), "v2#popular#all": encode(scored("p2"))}
    assert shown(reader, ask(), "") == ["p1", "p2"]
    clock.now += 5.1
    assert shown(reader, ask(), "") == ["p2"] and reader.version == "v2"


def test_what_moves_today_is_mixed_into_the_popular_list(db, make):
    db.tables["lists"]["live#popular#all"] = encode([("p2", 1.0), ("today", 0.5)])
    assert shown(make(), ask(), "") == ["p2", "p1", "today"]


def test_before_the_first_model_the_live_list_serves(db, make):
    db.tables["lists"] = {"live#popular#all": encode(scored("today"))}
    reader = make()
    assert shown(reader, ask(), "") == ["today"] and reader.version == ""


def test_the_segment_comes_from_the_shopper_or_from_the_request(db, make):
    known = state()
    known.traits["country"] = "GB"
    db.tables["shoppers"]["a#2"] = encode_state(known)
    assert shown(make(), ask(), "a#2")[0] == "gb1"
    assert shown(make(), ask(context={"country": "gb"}), "")[0] == "gb1"
    assert shown(make(), ask(), "")[0] == "p1"


def test_a_placement_of_one_list_shows_the_lists_of_the_segments_together(db, make):
    db.tables["lists"] |= {
        "v1#best-sellers#all": encode(scored("p1", "p2")),
        "live#best-sellers#country:GB": encode(scored("gb1", "p2")),
        "v1#best-sellers#category:Camping": encode(scored("t1")),
    }
    reader = make()
    reader.warm()
    request = ask(placement="best-sellers", context={"country": "GB"}, count=3)
    made = answer(request, reader.read(request), reader.items, NOW)
    assert [(p.item, p.reason, p.tier) for p in made.picks] == [
        ("p2", "best_seller", "lists"),
        ("gb1", "best_seller", "lists"),
        ("p1", "best_seller", "lists"),
    ]
    assert shown(reader, ask(placement="best-sellers", filter={"categories": ["Camping"]}, count=1), "") == ["t1"]


def test_new_arrivals_and_sales_are_not_filled_up_with_anything_else(db, make):
    db.tables["lists"]["live#new-arrivals#all"] = encode(scored("today"))
    reader = make(static=lambda: [{"id": "q", "title": "Q"}])
    assert shown(reader, ask(placement="new-arrivals"), "") == ["today"]
    assert shown(reader, ask(placement="on-sale"), "") == []


def test_what_arrived_since_the_night_goes_before_all_that_the_night_knew(db, make):
    """The newest item of either list has 1.0, whenever it came: last night's must not stand beside today's."""
    db.tables["catalog"] |= {name: encode_item(item(name)) for name in ("z-new", "a-old")}
    db.tables["lists"] |= {
        "v1#new-arrivals#all": encode([("a-old", 1.0), ("p1", 1.0), ("p2", 0.9)]),
        "live#new-arrivals#all": encode([("z-new", 1.0), ("p2", 0.4)]),
    }
    assert shown(make(), ask(placement="new-arrivals"), "") == ["z-new", "p2", "a-old", "p1"]


def test_who_is_not_known_sees_several_lists_by_turns_and_the_segments_before_all(db, make):
    db.tables["lists"] |= {
        "v1#trending#all": encode(scored("today")),
        "v1#high-margin#country:GB": encode(scored("s1")),
    }
    assert shown(make(), ask(context={"country": "GB"}), "") == ["gb1", "s1", "p1", "p2", "today"]


def test_in_a_shop_that_nobody_has_visited_yet_what_is_new_is_shown(db, make):
    db.tables["lists"] = {"live#new-arrivals#all": encode(scored("today"))}
    reader = make()
    made = answer(ask(), reader.read(ask()), reader.items, NOW)
    assert [(p.item, p.reason) for p in made.picks] == [("today", "new_arrival")]


def test_lists_of_what_a_shopper_said_are_read_once_a_minute(db, make):
    known = state()
    known.traits |= {"gender": "f", "age": "25-34"}
    known.totals.events = 1
    db.tables["shoppers"]["a#2"] = encode_state(known)
    db.tables["lists"]["v1#popular#people:f-25-34"] = encode(scored("x"))
    reader = make()
    reader.warm()
    assert shown(reader, ask(), "a#2")[0] == "x"
    db.requests.clear()
    assert shown(reader, ask(), "a#2")[0] == "x" and len(db.requests) == 2


def test_newcomers_are_in_memory_like_the_lists(db, make):
    db.tables["lists"]["live#newcomers#all"] = encode_newcomers([Newcomer("today", "", [("tent", 0.9)])])
    reader = make()
    reader.warm()
    db.requests.clear()
    request = ask(placement="product", items=["tent"], count=4)
    assert shown(reader, request)[3] == "today" and len(db.requests) == 2


def test_a_category_page_reads_the_categorys_list(db, make):
    db.tables["lists"]["v1#popular#category:Camping"] = encode(scored("t1", "s1"))
    assert shown(make(), ask(placement="category", filter={"categories": ["Camping > Tents"]}), "")[:2] == ["t1", "s1"]


def test_the_neighbours_of_recent_items_are_read_for_a_shopper_without_candidates(db, make):
    db.tables["shoppers"]["a#2"] = encode_state(state(seen=("tent",)))
    assert shown(make(), ask(), "a#2")[0] == "s1"


def test_keys_left_unprocessed_are_asked_for_once_more(db, make, failures):
    reader = make()
    reader.warm()
    db.unprocessed = 1
    assert shown(reader, ask())[0] == "x" and not failures
    db.unprocessed = 2
    assert shown(reader, ask()) and failures


@pytest.mark.parametrize(
    "error", [DOWN, ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "BatchGetItem")]
)
def test_without_dynamodb_the_last_known_popular_list_serves_with_the_static_cards(db, make, failures, error):
    cards = [{"id": "p2", "title": "P2"}, {"id": "q", "title": "Q", "price": {"amount": 1.0, "currency": "EUR"}}]
    clock = Clock()
    reader = make(static=lambda: cards, clock=clock)
    reader.warm()
    clock.now += 100
    db.error = error
    db.requests.clear()
    request = ask()
    made = answer(request, reader.read(request, who("a#1")), reader.items, NOW)
    assert [(p.item, p.tier) for p in made.picks] == [("p2", "popular"), ("q", "static")]
    assert made.items["q"].price.amount == 1.0
    assert len(db.requests) == 1 and failures == [error], "one failure is enough: nobody waits for the next"


def test_dynamodb_is_asked_again_after_a_rest(db, make):
    clock = Clock()
    reader = make(clock=clock)
    db.error = DOWN
    assert shown(reader, ask()) == []
    db.error = None
    assert shown(reader, ask()) == []
    clock.now += 1.1
    assert shown(reader, ask()) == ["x", "p1", "p2"]


def test_nothing_at_all_gives_an_empty_answer_and_no_error(db, make, failures):
    def broken():
        raise ValueError("not JSON")

    db.error = DOWN
    reader = make(static=broken)
    made = answer(ask(), reader.read(ask(), who("a#1")), reader.items, NOW)
    assert made.tier == "none" and len(failures) == 2


def test_out_of_stock_is_obeyed_while_only_the_lists_cannot_be_read(db, make):
    reader = make(static=lambda: [{"id": "p1", "title": "P1"}, {"id": "p2", "title": "P2"}])
    db.tables["lists"] = {}
    db.tables["catalog"]["p1"] = encode_item(item("p1", in_stock=False))
    assert shown(reader, ask(), "") == ["p2"]


def test_values_that_cannot_be_read_are_left_out(db, make, failures):
    db.tables["shoppers"]["a#1"] = b"\xc1"
    db.tables["catalog"]["p1"] = b"junk"
    db.tables["lists"]["v1#similar#tent"] = b"\xc1"
    assert shown(make(), ask(placement="product", items=["tent"])) == ["t1", "p2"]
    assert len(failures) == 3


def test_what_the_cache_holds_is_not_read_from_the_tables(db, make):
    cache = MemoryCache(Clock())
    request = ask(placement="product", items=["tent"])
    reader = make(cache)
    expected = shown(reader, request)
    db.requests.clear()
    assert shown(reader, request) == expected and not db.requests
    assert {key[0] for key in cache.values} == {"s", "l", "c"}, "pointer and popular lists stay in memory"


def test_a_write_beside_the_read_is_never_overwritten_by_what_was_read(db, make):
    cache = MemoryCache(Clock())
    reader = make(cache)
    reader.warm()
    read = db.batch_get_item

    def slow(**request):
        answer = read(**request)
        if "shoppers" in request["RequestItems"]:
            cache.put_many({"s:a#1": encode_state(state("today"))}, 60)
        return answer

    db.batch_get_item = slow
    shown(reader, ask())
    assert shown(reader, ask())[0] == "today"


def test_while_dynamodb_is_down_the_cache_alone_serves(db, make):
    cache = MemoryCache(Clock())
    request = ask(placement="product", items=["tent"])
    reader = make(cache)
    expected = shown(reader, request)
    db.error = DOWN
    assert shown(reader, request) == expected


def test_made_up_segments_do_not_push_out_memory_without_end(make, monkeypatch):
    monkeypatch.setattr("shared.recommend.popular.MOST_LISTS", 10)
    reader = make()
    for n in range(50):
        reader.read(ask(placement="category", filter={"categories": [f"c{n}"]}))
    assert len(reader.popular.kept) == 10


def test_shares_of_arms_are_in_memory_and_kept_while_they_cannot_be_read(db, make):
    clock = Clock()
    db.tables["lists"]["live#arms#all"] = encode_arms(Value([Chances("home", "all", ["a", "b"], [0.3, 0.7])]))
    reader = make(clock=clock)
    reader.read(ask())
    assert reader.popular.arms.chances["home", "all"].shares == [0.3, 0.7]
    db.tables["lists"]["live#arms#all"] = b"no arms"
    clock.now += 61
    reader.read(ask())
    assert reader.popular.arms.chances["home", "all"].shares == [0.3, 0.7]


def test_what_a_usual_order_comes_to_says_who_is_of_high_value_unless_the_plan_says_how_much(db, make):
    spent = State(purchases=[Purchase("tent", NOW, 1)], totals=Totals(events=3, orders=1, revenue=100.0))
    db.tables["shoppers"]["a#1"] = encode_state(spent)

    def stage(usual, **limits):
        db.tables["lists"]["live#sales#all"] = encode_sales(Sales({}, usual))
        db.tables["plans"] = {"pointer": encode_plan(PlanPointer("1")), "plan#1": encode_plan(plan(**limits))}
        return make().read(ask(), who("a#1")).resolved.shopper.lifecycle

    def plan(**limits):
        return replace(parse_plan({"lifecycle": limits}, NOW), version="1")

    assert (stage(20.0), stage(21.0), stage(0.0)) == ("high-value", "returning", "returning")
    assert (stage(21.0, highValue=100), stage(20.0, highValue=101)) == ("high-value", "returning")
    assert stage(21.0, loyalOrders=1) == "loyal"
