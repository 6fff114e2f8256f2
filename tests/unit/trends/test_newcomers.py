from shared.catalog.model import Item
from shared.trends.counters import Sums
from shared.trends.newcomers import FRESH, Shop, lacking

NOW = 1_000_000_000.0
DAY = 86400.0


def item(name, **fields):
    return Item(id=name, title=name, **{"first_seen": NOW - DAY, **fields})


def test_an_item_is_a_newcomer_until_it_is_seen_enough_bought_enough_or_old():
    newest = [
        item("fresh"),
        item("shown"),
        item("viewed"),
        item("learned"),
        item("old", first_seen=NOW - 15 * DAY),
        item("opened", first_seen=NOW - 90 * DAY, available_from=NOW - 60),
        item("soon", available_from=NOW + 60),
        item("gone", in_stock=False),
    ]
    sums = {"shown": Sums(shown=100.0), "viewed": Sums(views=15.0, orders=5.0), "fresh": Sums(shown=99.0, views=19.0)}
    assert [i.id for i in lacking(newest, sums, {"learned": 20, "fresh": 3}, NOW)] == ["fresh", "opened"]


class Catalog:
    def __init__(self):
        self.asked = []

    def get_many(self, ids):
        self.asked.append(sorted(ids))
        return {i: item(i) for i in ids if i != "none"}

    def newest(self, limit):
        return ["b"]


def test_the_catalog_is_asked_again_only_when_what_is_known_is_old():
    catalog = Catalog()
    shop = Shop(catalog)
    assert shop.get(["a", "b", "none"], NOW).keys() == {"a", "b"}
    assert shop.get(["a", "none"], NOW + 60).keys() == {"a"} and shop.newest(NOW + 60).keys() == {"b"}
    shop.get(["a"], NOW + FRESH + 1)
    assert catalog.asked == [["a", "b", "none"], [], [], ["a"]]
    shop.get([], NOW + 4 * FRESH)
    assert not shop.known
