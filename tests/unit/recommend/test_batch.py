"""Recommendations for many shoppers at once: what each would get alone, of those who agreed."""

import pytest

from shared.catalog.model import encode as encode_item
from shared.expressions.parse import parse as expression
from shared.lists.model import Pointer, encode
from shared.profiles.state import Choice, Totals
from shared.profiles.state import encode as encode_state
from shared.recommend.batch import batch
from shared.recommend.pipeline import answer
from shared.recommend.reads import Reader
from shared.recommend.request import parse
from shared.recommend.shopper import Shopper
from shared.recommend.tables import Names, Tables
from tests.unit.recommend.shop import NOW, item, scored, state
from tests.unit.recommend.test_reads import DynamoDB

NAMES = [f"i{n:02}" for n in range(40)]
REQUEST = parse({"placement": "email", "count": 4})


def shopper(*names, orders=0, **more):
    made = state(*names, **more)
    made.totals = Totals(events=5, orders=orders)
    return made


@pytest.fixture
def db():
    made = DynamoDB()
    made.tables["lists"] = {"pointer": encode(Pointer("v1", ["v1"])), "v1#popular#all": encode(scored(*NAMES))}
    made.tables["catalog"] = {name: encode_item(item(name)) for name in NAMES}
    refused = shopper(*NAMES[:9])
    refused.choices = [Choice(NOW, "api")]
    states = {"u#anna": shopper(*NAMES[5:15], orders=3), "u#bert": shopper(*NAMES[20:30]), "u#carl": refused}
    made.tables["shoppers"] = {key: encode_state(one) for key, one in states.items()}
    return made


@pytest.fixture
def made(db):
    def failed(error):
        raise error

    reader = Reader(Tables(db, Names("shoppers", "lists", "catalog", "plans"), None, failed), list, failed)
    reader.warm()
    reader.chance = lambda: 0.5

    def run(who="", request=REQUEST):
        condition = expression(who, "who", frozenset({"shopper"})) if who else None
        return list(batch(reader, db.tables["shoppers"].items(), request, condition, NOW)), reader

    return run


def test_everybody_who_agreed_gets_what_they_would_get_by_asking(made):
    found, reader = made()
    assert [one.row["userId"] for one in found] == ["anna", "bert"], "carl took his consent back"
    for one in found:
        reads = reader.read(REQUEST, Shopper(f"u#{one.row['userId']}", named=True))
        alone = answer(reads.asked(REQUEST), reads, reader.items, NOW)
        assert [i["id"] for i in one.row["items"]] == [pick.item for pick in alone.picks] == one.answered.shown
        assert one.row["recommendationId"] == one.answered.id


def test_an_expression_says_who(made):
    assert [one.row["userId"] for one in made("shopper.orders >= 2")[0]] == ["anna"]
    assert not made("shopper.orders > 99")[0]


def test_the_shoppers_are_not_read_again_and_their_items_together(made, db):
    made()
    asked = [key for request in db.requests for keys in request.values() for key in keys]
    assert not [key for key in asked if key.startswith("u#")]
    items = [key for key in asked if key in NAMES]
    assert items and len(items) == len(set(items))
