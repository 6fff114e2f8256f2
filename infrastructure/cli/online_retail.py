"""The UCI Online Retail file: a year of a gift wholesaler's orders and refunds, as a shop's history.

One row of the file is one line of an invoice. Invoices of one number become one order; those whose number starts with C are refunds.
"""

import csv
import gzip
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from infrastructure.cli.shop import CONSENT
from shared.events.model import Consent, Event

PRODUCT = re.compile(r"^\d{5}[A-Za-z]*$")  # anything else (POST, DOT, BANK CHARGES …) is no product
NAMESPACE = uuid.UUID("6f8f2f0e-3f0c-5a6b-9f0a-2d6e7a1c9b42")
COUNTRIES = {
    "United Kingdom": "GB", "France": "FR", "Australia": "AU", "Netherlands": "NL", "Germany": "DE", "Norway": "NO", "EIRE": "IE",
    "Switzerland": "CH", "Spain": "ES", "Poland": "PL", "Portugal": "PT", "Italy": "IT", "Belgium": "BE", "Lithuania": "LT", "Japan": "JP",
    "Iceland": "IS", "Channel Islands": "JE", "Denmark": "DK", "Cyprus": "CY", "Sweden": "SE", "Austria": "AT", "Israel": "IL",
    "Finland": "FI", "Bahrain": "BH", "Greece": "GR", "Hong Kong": "HK", "Singapore": "SG", "Lebanon": "LB",
    "United Arab Emirates": "AE", "Saudi Arabia": "SA", "Czech Republic": "CZ", "Canada": "CA", "Brazil": "BR", "USA": "US", "Malta": "MT",
    "RSA": "ZA",
}  # fmt: skip
# The file has no categories: the first of these words in a title says where the product stands.
SHELVES = {
    "Bags": "BAG LUGGAGE SHOPPER BACKPACK PURSE",
    "Christmas": "CHRISTMAS XMAS ADVENT SANTA REINDEER BAUBLE SNOWFLAKE",
    "Kitchen": "CAKE CAKESTAND MUG CUP TEA TEACUP TEAPOT COFFEE BOWL PLATE JAR TIN BAKING SPOON KITCHEN JUG BOTTLE EGG LUNCH TRAY",
    "Lights": "LIGHT LIGHTS T-LIGHT CANDLE CANDLES LANTERN LAMP CANDLEHOLDER HOLDER",
    "Garden": "GARDEN PLANT FLOWER PARASOL WATERING BIRD HERB",
    "Stationery": "CARD CARDS PAPER NOTEBOOK PEN PENCIL PENCILS WRAP STICKERS RIBBON RIBBONS TAPE BOOK TISSUES",
    "Toys": "TOY GAME DOLL PUZZLE SKIPPING CHILDRENS KIDS PLAYHOUSE DOMINOES SPACEBOY DOLLY",
    "Jewellery": "NECKLACE BRACELET EARRINGS RING BROOCH HAIR CHARM",
    "Decoration": "HEART SIGN FRAME CLOCK HANGING DECORATION MIRROR WREATH BUNTING GARLAND ORNAMENT CUSHION DOORMAT WALL METAL",
}
SHELF_OF = {word: shelf for shelf, words in SHELVES.items() for word in words.split()}


class Row(NamedTuple):
    invoice: str
    code: str
    title: str
    quantity: int
    at: datetime
    price: float
    customer: str
    country: str


class OnlineRetail:
    name = "Online Retail"
    currency = "GBP"

    def __init__(self, folder: Path) -> None:
        self.path = next(iter(sorted(folder.glob("online_retail.csv*"))))

    @classmethod
    def found_in(cls, folder: Path) -> bool:
        return any(folder.glob("online_retail.csv*"))

    @cached_property
    def rows(self) -> list[Row]:
        """Lines about products, in order of time."""
        opened = gzip.open if self.path.suffix == ".gz" else open
        with opened(self.path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            rows = [row for line in csv.DictReader(file) if (row := _row(line))]
        return sorted(rows, key=lambda row: row.at)

    def catalog(self) -> list[dict[str, Any]]:
        titles: dict[str, Counter[str]] = defaultdict(Counter)
        prices: dict[str, float] = {}
        for row in self.rows:
            if row.price > 0 and row.quantity > 0:
                titles[row.code][row.title] += 1
                prices[row.code] = row.price
        return [
            _item(code, names.most_common(1)[0][0], prices[code]) for code, names in sorted(titles.items()) if names
        ]

    def events(self) -> Iterator[Event]:
        invoices: dict[str, list[Row]] = {}
        for row in self.rows:
            invoices.setdefault(row.invoice, []).append(row)
        for invoice, rows in invoices.items():
            event = _event(invoice, rows)
            if event:
                yield event

    def accounts(self) -> list[dict[str, str]]:
        orders: dict[str, set[str]] = defaultdict(set)
        for row in self.rows:
            if row.customer and row.at >= self.rows[-1].at.replace(month=11, day=1):
                orders[row.customer].add(row.invoice)
        busiest = sorted(orders, key=lambda customer: (-len(orders[customer]), customer))
        return [{"userId": customer, "name": f"Customer {customer}"} for customer in busiest[2:7]]


def _row(line: dict[str, str]) -> Row | None:
    code, title = line["StockCode"].strip().upper(), line["Description"].strip()
    if not PRODUCT.match(code) or not title:
        return None
    return Row(
        invoice=line["InvoiceNo"].strip(),
        code=code,
        title=title,
        quantity=int(line["Quantity"]),
        at=datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC),
        price=float(line["UnitPrice"]),
        customer=line["CustomerID"].split(".")[0],
        country=COUNTRIES.get(line["Country"], ""),
    )


def _event(invoice: str, rows: list[Row]) -> Event | None:
    refund = invoice.startswith("C")
    taken = [row for row in rows if row.price > 0 and (row.quantity < 0) == refund]
    if not taken:
        return None
    first = taken[0]
    products = [
        {
            "product_id": r.code,
            "name": r.title,
            "price": r.price,
            "quantity": abs(r.quantity),
            "category": shelf(r.title),
        }
        for r in taken
    ]
    total = round(sum(abs(r.quantity) * r.price for r in taken), 2)
    order = {"order_id": invoice, "total": total, "currency": "GBP", "products": products}
    return Event(
        message_id=str(uuid.uuid5(NAMESPACE, invoice)),
        type="track",
        event="Order Refunded" if refund else "Order Completed",
        user_id=first.customer,
        anonymous_id="" if first.customer else f"guest-{invoice}",
        verified=bool(first.customer),
        timestamp=first.at,
        received_at=first.at,
        properties=order,
        context={**({"location": {"country": first.country}} if first.country else {}), **CONSENT},
        consent=Consent(analytics=True, personalization=True),
    )


def _item(code: str, title: str, price: float) -> dict[str, Any]:
    return {
        "id": code,
        "title": title.capitalize(),
        "product_type": shelf(title),
        "price": f"{price:.2f} GBP",
        "availability": "in_stock",
        "link": f"/product/{code}",
    }


def shelf(title: str) -> str:
    return next((SHELF_OF[word] for word in title.upper().split() if word in SHELF_OF), "Other")
