"""The importer of UCI Online Retail, on a few lines written by hand and on the real file where there is one."""

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infrastructure.cli.live import message
from infrastructure.cli.online_retail import MOST_LINES, OnlineRetail, shelf
from infrastructure.local.layout import LocalStackError
from shared.capture.intake import MAX_EVENT_BYTES
from shared.catalog.parse import parse
from shared.events.model import decode, encode

REAL = Path(__file__).parents[4] / "shared" / "data" / "online-retail"
HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINES = '''536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom
536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850.0,United Kingdom
536370,22728,ALARM CLOCK BAKELIKE PINK,24,2010-12-01 08:45:00,3.75,12583.0,France
536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom
536544,21773,"SET OF 2 TINS, ""HOME""",1,2010-12-01 14:32:00,2.51,,EIRE
C536379,D,Discount,-1,2010-12-02 09:41:00,27.50,14527.0,United Kingdom
C536391,71053,WHITE METAL LANTERN,-2,2010-12-02 10:24:00,3.39,17850.0,United Kingdom
536400,71053,White Metal Lantern,1,2010-12-06 10:00:00,3.75,17850.0,United Kingdom
536401,71053,WHITE METAL LANTERN,1,2010-12-07 10:00:00,4.25,17850.0,United Kingdom
536402,71053,wrong,-5,2010-12-08 10:00:00,0.0,,United Kingdom
'''


def shop(tmp_path, lines=LINES, shift_to=None):
    (tmp_path / "online_retail.csv").write_text(HEAD + lines)
    assert OnlineRetail.found_in(tmp_path)
    return OnlineRetail(tmp_path, shift_to)


def of(events, name):
    return [event for event in events if event.event == name]


def test_the_catalog_has_each_product_once_with_its_usual_title_and_last_price(tmp_path):
    items = {row["id"]: parse(row, 0.0) for row in shop(tmp_path).catalog()}
    assert set(items) == {"85123A", "71053", "22728", "21773"}
    assert items["71053"].title == "White metal lantern"
    assert (items["71053"].price.amount, items["71053"].price.currency) == (4.25, "GBP")
    assert items["85123A"].in_stock and items["21773"].title == 'Set of 2 tins, "home"'


def test_lines_of_one_invoice_are_one_order_at_its_own_time(tmp_path):
    [order, *_] = of(shop(tmp_path).events(), "Order Completed")
    assert order.user_id == "17850" and order.verified and order.timestamp == datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    assert [(p["product_id"], p["quantity"]) for p in order.properties["products"]] == [("85123A", 6), ("71053", 6)]
    assert order.properties["total"] == round(6 * 2.55 + 6 * 3.39, 2) and order.properties["currency"] == "GBP"


def test_postage_discounts_and_corrections_are_no_products(tmp_path):
    named = {p["product_id"] for e in shop(tmp_path).events() if e.event for p in e.properties["products"]}
    assert named == {"85123A", "71053", "22728", "21773"}


def test_an_invoice_with_c_is_a_refund(tmp_path):
    [refund] = of(shop(tmp_path).events(), "Order Refunded")
    assert refund.user_id == "17850"
    assert [(p["product_id"], p["quantity"]) for p in refund.properties["products"]] == [("71053", 2)]


def test_customers_are_identified_with_their_country_before_their_first_order(tmp_path):
    events = list(shop(tmp_path).events())
    identified = {e.user_id: (n, e.traits) for n, e in enumerate(events) if e.type == "identify"}
    assert {user: traits for user, (_, traits) in identified.items()} == {
        "17850": {"country": "GB"},
        "12583": {"country": "FR"},
    }
    for user, (place, _) in identified.items():
        assert place < min(n for n, e in enumerate(events) if e.user_id == user and e.event)


def test_rows_without_customer_are_anonymous_orders(tmp_path):
    [order] = [e for e in of(shop(tmp_path).events(), "Order Completed") if not e.user_id]
    assert order.anonymous_id and not order.verified and order.context["location"] == {"country": "IE"}


def test_events_are_in_order_of_time_valid_and_the_same_every_time(tmp_path):
    events = list(shop(tmp_path).events())
    assert events == sorted(events, key=lambda e: e.timestamp) and [decode(encode(e)) for e in events] == events
    assert [e.message_id for e in OnlineRetail(tmp_path).events()] == [e.message_id for e in events]


def test_shifting_keeps_weekday_hour_and_distances_and_ends_before_the_given_time(tmp_path):
    now = datetime(2026, 3, 4, 5, tzinfo=UTC)
    plain, shifted = list(shop(tmp_path).events()), list(shop(tmp_path, shift_to=now).events())
    moved = {b.timestamp - a.timestamp for a, b in zip(plain, shifted, strict=True)}
    assert len(moved) == 1 and moved.pop() % timedelta(weeks=1) == timedelta(0)
    assert now - timedelta(weeks=1) < shop(tmp_path, shift_to=now).until <= now
    assert shop(tmp_path, shift_to=now).key != shop(tmp_path).key


def test_an_order_too_long_for_one_event_is_split_and_loses_nothing(tmp_path):
    rows = "".join(
        f"999999,{10000 + n},A TITLE OF AS MANY CHARACTERS AS ANY {n},1,2011-01-01 10:00:00,1.25,15000.0,Germany\n"
        for n in range(3 * MOST_LINES - 1)
    )
    orders = of(shop(tmp_path, rows).events(), "Order Completed")
    assert len(orders) == 3 and {o.properties["order_id"] for o in orders} == {"999999"}
    assert len({o.message_id for o in orders}) == 3
    assert all(len(message(o)) < MAX_EVENT_BYTES - 1000 for o in orders)
    assert sum(o.properties["total"] for o in orders) == 1.25 * (3 * MOST_LINES - 1)


def test_a_compressed_file_is_read_as_well(tmp_path):
    (tmp_path / "online_retail.csv.gz").write_bytes(gzip.compress((HEAD + LINES).encode()))
    assert len(OnlineRetail(tmp_path).catalog()) == 4


def test_a_line_that_cannot_be_read_is_named(tmp_path):
    broken = LINES + "536500,71053,LANTERN,many,2010-12-09 10:00:00,3.39,17850.0,United Kingdom\n"
    with pytest.raises(LocalStackError, match=r"online_retail.csv, line 13 cannot be read.*'many'"):
        list(shop(tmp_path, broken).events())


def test_a_file_without_the_columns_is_refused_with_their_names(tmp_path):
    (tmp_path / "online_retail.csv").write_text("Invoice,Code\n1,2\n")
    with pytest.raises(LocalStackError, match="lacks the columns InvoiceNo, StockCode"):
        OnlineRetail(tmp_path).catalog()


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("SET OF 12 CHRISTMAS CARDS", "Christmas"),
        ("JUMBO BAG RED RETROSPOT", "Bags"),
        ("GLASS BOWLS, BLUE", "Kitchen"),
        ("CERAMIC THING", "Other"),
    ],
)
def test_a_shelf_is_guessed_from_the_words_of_the_title(title, found):
    assert shelf(title) == found


@pytest.mark.skipif(not REAL.exists(), reason="the UCI Online Retail file is not on this machine")
def test_the_real_file_comes_out_whole():
    real = OnlineRetail(REAL)
    catalog, count, largest = real.catalog(), Counter(), 0
    for event in real.events():
        count[event.event or event.type] += 1
        largest = max(largest, len(message(event)))
    assert len(catalog) == 3791 and largest < MAX_EVENT_BYTES - 1000
    assert count["Order Completed"] > 19_000 and count["Order Refunded"] > 3_000
    assert len(real.accounts()) == 5 and real.until.date().isoformat() == "2011-12-09"
    assert Counter(item["product_type"] for item in catalog)["Other"] < len(catalog) / 5
