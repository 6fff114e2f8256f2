"""The made-up shop: the same seed gives the same shop, and its shoppers behave like shoppers."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean

import pytest
from msgspec.structs import replace

from infrastructure.cli.generate.words import PERSONAS
from infrastructure.cli.generator import GeneratedShop
from infrastructure.cli.live import message
from shared.capture.intake import kept, take
from shared.catalog.parse import parse
from shared.events.model import decode, encode
from tests.factories import KEYS

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def made(**options):
    return GeneratedShop(**{"seed": 3, "shoppers": 250, "weeks": 8, "items": 480, "until": UNTIL, **options})


@pytest.fixture(scope="module")
def shop():
    return made()


@pytest.fixture(scope="module")
def events(shop):
    return list(shop.events())


def products(event):
    return [p["product_id"] for p in event.properties.get("products", [event.properties])]


def test_a_shop_that_ends_later_has_other_message_ids():
    """Otherwise its events would count as sent twice and be dropped."""
    one, later = made(shoppers=5), made(shoppers=5, until=UNTIL + timedelta(hours=1))
    assert {e.message_id for e in one.events()}.isdisjoint(e.message_id for e in later.events())


def captured(events):
    body = {"batch": [json.loads(message(event)) for event in events]}
    return take(
        "batch",
        body,
        received_at=UNTIL,
        verified=lambda user, proof: True,
        new_id=lambda: "none",
        keys=KEYS,
        server=True,
    )


def test_the_same_seed_gives_the_same_bytes():
    one, two = (list(map(encode, made(shoppers=40).events())) for _ in range(2))
    assert one == two and made().catalog() == made().catalog()


def test_another_seed_gives_another_shop():
    assert made(seed=4).catalog() != made().catalog()
    assert {e.message_id for e in made(seed=4, shoppers=20).events()}.isdisjoint(
        e.message_id for e in made(shoppers=20).events()
    )


def test_every_event_passes_the_event_decoder_and_capture(events):
    for event in events:
        assert decode(encode(event)) == event
    assert not captured(events[:3000]).refused


def test_capture_and_the_bulk_import_write_the_same_event(events):
    sample = events[::97]
    for event, (_, data) in zip(sample, captured(sample).entries, strict=True):
        written = replace(kept(event, KEYS, server=True), received_at=UNTIL, original_timestamp=event.timestamp)
        assert decode(data) == written


def test_every_item_is_a_valid_feed_row(shop):
    items = [parse(row, 0.0) for row in shop.catalog()]
    assert len({item.id for item in items}) == len(items) == 480
    assert len({item.product_type.split(" > ")[0] for item in items}) == 8
    assert all(item.description and item.brand and item.price and item.margin for item in items)
    assert any(item.item_group_id for item in items) and any(item.sale_price for item in items)
    assert 0 < sum(not item.in_stock for item in items) < 60


def test_events_come_in_order_of_time_and_none_after_the_end(events):
    assert all(a.timestamp <= b.timestamp for a, b in pairwise(events))
    assert events[0].timestamp >= UNTIL - timedelta(weeks=8) and events[-1].timestamp < UNTIL


def test_message_ids_are_unique(events):
    assert len({event.message_id for event in events}) == len(events)


def test_orders_follow_adds_and_refunds_follow_orders(events):
    added, ordered = defaultdict(set), defaultdict(set)
    orders = refunds = 0
    for event in events:
        who = event.anonymous_id
        if event.event == "Product Added":
            added[who].update(products(event))
        elif event.event == "Order Completed":
            orders += 1
            assert products(event) and set(products(event)) <= added[who]
            ordered[who].add((event.properties["order_id"], *products(event)))
        elif event.event == "Order Refunded":
            refunds += 1
            assert any(
                o[0] == event.properties["order_id"] and set(products(event)) <= set(o[1:]) for o in ordered[who]
            )
    assert orders > 100 and 0 < refunds < orders / 5


def test_nothing_is_looked_at_before_its_launch_or_bought_when_sold_out(shop, events):
    wares = {ware.item["id"]: ware for ware in shop.wares.all}
    for event in events:
        at = event.timestamp.timestamp()
        if event.event == "Order Completed":
            assert all(at < wares[item].sold_out for item in products(event))
        if event.event == "Product Viewed" and event.user_id:
            assert wares[products(event)[0]].launched <= at


def test_the_funnel_narrows(events):
    count = Counter(event.event for event in events)
    assert count["Product Viewed"] > 5 * count["Product Added"] > 5 * count["Order Completed"] > 0
    assert count["Order Completed"] <= count["Checkout Started"] <= count["Cart Viewed"]


def test_shoppers_come_in_the_evening_and_at_weekends(events):
    pages = [event.timestamp for event in events if event.type == "page"]
    hours, days = Counter(at.hour for at in pages), Counter(at.weekday() for at in pages)
    assert sum(hours[h] for h in range(18, 23)) > 3 * sum(hours[h] for h in range(1, 6))
    assert (days[5] + days[6]) / 2 > sum(days[d] for d in range(5)) / 5


def test_some_refuse_and_some_have_two_devices_and_log_in(events):
    people = {e.anonymous_id: e.consent.personalization for e in events}
    assert 0.02 < mean(not agrees for agrees in people.values()) < 0.2
    devices = defaultdict(set)
    for event in events:
        if event.user_id:
            devices[event.user_id].add(event.anonymous_id)
    assert sum(len(found) == 2 for found in devices.values()) > 10
    assert any(not e.user_id for e in events if e.anonymous_id in next(iter(devices.values())))


def test_taste_shows_in_what_is_viewed(events):
    """A shopper's two favourite departments take far more of the views than two of eight would by chance."""
    views = defaultdict(Counter)
    for event in events:
        if event.event == "Product Viewed":
            views[event.anonymous_id][event.properties["category"].split(" > ")[0]] += 1
    shares = [
        sum(n for _, n in found.most_common(2)) / found.total() for found in views.values() if 15 < found.total() < 400
    ]
    assert len(shares) > 50 and mean(shares) > 0.5


def test_what_goes_together_is_bought_together(shop, events):
    place = {ware.item["id"]: n for n, ware in enumerate(shop.wares.all)}
    pairs = together = 0
    for event in events:
        if event.event == "Order Completed":
            bought = [place[item] for item in products(event)]
            for one in bought:
                for other in bought:
                    pairs += one != other
                    together += other in shop.wares.all[one].partners
    assert together / pairs > 20 * 3 / len(shop.wares.all)


def test_rising_items_rise_in_the_last_week(shop, events):
    rising = {ware.item["id"] for ware in shop.wares.all if ware.rises}
    weeks = defaultdict(Counter)
    for event in events:
        if event.event == "Product Viewed":
            weeks[(UNTIL - event.timestamp).days // 7][products(event)[0] in rising] += 1
    shares = {week: count[True] / count.total() for week, count in weeks.items()}
    assert shares[0] > 1.4 * mean(shares[week] for week in (1, 2, 3))


def test_what_is_used_up_is_bought_again(shop, events):
    refills = {ware.item["id"] for ware in shop.wares.all if ware.refill_days}
    bought = Counter((e.anonymous_id, item) for e in events if e.event == "Order Completed" for item in products(e))
    again = {kind: mean(n > 1 for (_, i), n in bought.items() if (i in refills) == kind) for kind in (True, False)}
    assert again[True] > 3 * again[False]


def test_the_demo_accounts_love_their_departments_and_were_here_in_the_last_days(shop, events):
    for account in shop.accounts():
        mine = [e for e in events if e.user_id == account["userId"]]
        devices = {e.anonymous_id for e in mine}
        views = [e for e in events if e.anonymous_id in devices and e.event == "Product Viewed"]
        loved = Counter(e.properties["category"].split(" > ")[0] in PERSONAS[account["name"]] for e in views)
        assert loved[True] > loved[False] and views[-1].timestamp > UNTIL - timedelta(days=3)


def test_a_bot_reads_the_whole_catalog_in_one_night(events):
    days = Counter((e.anonymous_id, e.timestamp.date()) for e in events if e.event == "Product Viewed")
    assert 0 < sum(count > 400 for count in days.values()) < 5


@pytest.mark.parametrize("options", [{"shoppers": 1}, {"items": 1}, {"weeks": 1}, {"items": 40, "shoppers": 3}])
def test_small_shops_work_too(options):
    assert sum(1 for _ in made(**options).events())
