"""The UCI Online Retail file: a year of a gift wholesaler's orders and refunds, as a shop's history.

One row of the file is one line of an invoice. Invoices of one number become one order; those whose number starts with C are refunds.
An order longer than an event may be becomes several of one `order_id`.
"""

import csv
import gzip
import hashlib
import re
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from infrastructure.cli.shop import CONSENT
from infrastructure.local.layout import LocalStackError
from shared.events.model import Consent, Event

PRODUCT = re.compile(r"^\d{5}[A-Za-z]*$")  # anything else (POST, DOT, BANK CHARGES …) is no product
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
MOST_LINES = 200  # of an order in one event, which capture takes up to 32,000 bytes of
WEEK = timedelta(days=7)
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
    "Bags": "BAG HANDBAG WASHBAG LUGGAGE SHOPPER BACKPACK PURSE",
    "Christmas": "CHRISTMAS XMAS ADVENT SANTA REINDEER BAUBLE SNOWFLAKE",
    "Kitchen": "CAKE CAKESTAND MUG CUP TEA TEACUP TEAPOT COFFEE BOWL PLATE JAR TIN BAKING SPOON KITCHEN JUG BOTTLE EGG LUNCH TRAY CUTLERY "
    "DISH PANTRY GLASS COASTER BEAKER PICNIC APRON NAPKIN",
    "Lights": "LIGHT T-LIGHT CANDLE LANTERN LAMP CANDLEHOLDER HOLDER CANDLESTICK CHANDELIER",
    "Garden": "GARDEN PLANT FLOWER PARASOL WATERING BIRD HERB UMBRELLA GNOME",
    "Stationery": "CARD PAPER NOTEBOOK PEN PENCIL WRAP STICKER RIBBON TAPE BOOK TISSUE SKETCHBOOK LETTER ORIGAMI PASSPORT CALENDAR",
    "Toys": "TOY GAME DOLL PUZZLE JIGSAW SKIPPING CHILDREN KID PLAYHOUSE DOMINOE SPACEBOY DOLLY FELTCRAFT MAGIC BALLOON DINOSAUR",
    "Jewellery": "NECKLACE BRACELET EARRING RING BROOCH HAIR CHARM BANGLE",
    "Decoration": "HEART SIGN FRAME CLOCK HANGING DECORATION MIRROR WREATH BUNTING GARLAND ORNAMENT CUSHION WALL METAL TRINKET PHOTO",
    "Home": "DRAWER KNOB HOOK CABINET DOOR DOORMAT DOORSTOP BASKET HANGER RACK STORAGE BOX MAGNET TILE CURTAIN COVER WARMER BIN",
}


def _singular(word: str) -> str:
    word = word.strip(".,!?&/()'\"")
    return word if len(word) < 4 or word.endswith("SS") else word.removesuffix("S")


SHELF_OF = {_singular(word): shelf for shelf, words in SHELVES.items() for word in words.split()}


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
    """`shift_to`: move all times by whole weeks, so that weekdays stay, to end in the week before it. None keeps the file's own times."""

    name = "Online Retail"
    currency = "GBP"
    live_days = 60.0

    def __init__(self, folder: Path, shift_to: datetime | None = None) -> None:
        self.path = next(iter(sorted(folder.glob("online_retail.csv*"))))
        self.shift_to = shift_to

    @classmethod
    def found_in(cls, folder: Path) -> bool:
        return any(folder.glob("online_retail.csv*"))

    @cached_property
    def key(self) -> str:
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]
        return f"online-retail-{digest}{'-shifted' if self.shift_to else ''}"

    @cached_property
    def rows(self) -> list[Row]:
        """Lines about products, in order of time. Raises LocalStackError naming the line that cannot be read."""
        opened = gzip.open if self.path.suffix == ".gz" else open
        with opened(self.path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            lines = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
            if missing:
                raise LocalStackError(
                    f"{self.path} lacks the columns {', '.join(missing)}. It should have {', '.join(COLUMNS)}."
                )
            rows = [row for line in lines if (row := self._row(line, lines.line_num))]
        if not rows:
            raise LocalStackError(f"{self.path} has no lines about products.")
        return sorted(rows, key=lambda row: row.at)

    def _row(self, line: dict[str, str], number: int) -> Row | None:
        try:
            return _row(line)
        except (ValueError, TypeError, AttributeError) as error:
            raise LocalStackError(f"{self.path}, line {number} cannot be read: {error}") from None

    @cached_property
    def shift(self) -> timedelta:
        last = self.rows[-1].at
        return (self.shift_to - last) // WEEK * WEEK if self.shift_to else timedelta(0)

    @property
    def until(self) -> datetime:
        return self.rows[-1].at + self.shift

    def catalog(self) -> list[dict[str, Any]]:
        titles: dict[str, Counter[str]] = defaultdict(Counter)
        prices: dict[str, float] = {}
        for row in self.rows:
            if row.price > 0 and row.quantity > 0:
                titles[row.code][row.title] += 1
                prices[row.code] = row.price
        return [_item(code, names.most_common(1)[0][0], prices[code]) for code, names in sorted(titles.items())]

    def events(self) -> Iterator[Event]:
        """Orders, refunds, and who the customer is at the first of them; in order of time."""
        invoices: dict[str, list[Row]] = {}
        for row in self.rows:
            if row.price > 0 and (row.quantity < 0) == row.invoice.startswith("C"):
                invoices.setdefault(row.invoice, []).append(row)
        countries: dict[str, str] = {}
        for invoice, rows in sorted(invoices.items(), key=lambda pair: (pair[1][0].at, pair[0])):
            first, at = rows[0], rows[0].at + self.shift
            if first.customer and countries.get(first.customer) != first.country:
                countries[first.customer] = first.country
                yield _identify(first, at)
            for start in range(0, len(rows), MOST_LINES):
                part = f"{invoice}/{start}" if start else invoice
                yield _order(invoice, part, rows[start : start + MOST_LINES], at)

    def accounts(self) -> list[dict[str, str]]:
        """Regular customers who came in the latest days, of different tastes."""
        border = self.rows[-1].at - timedelta(days=self.live_days)
        orders: dict[str, set[str]] = defaultdict(set)
        tastes: dict[str, Counter[str]] = defaultdict(Counter)
        recent = {row.customer for row in self.rows if row.customer and row.at >= border}
        for row in self.rows:
            if row.customer in recent and row.quantity > 0:
                orders[row.customer].add(row.invoice)
                tastes[row.customer][shelf(row.title)] += 1
        chosen: dict[str, str] = {}
        for customer in sorted(orders, key=lambda one: (-len(orders[one]), one)):
            ranked = [name for name, _ in tastes[customer].most_common() if name != "Other"]
            if ranked and ranked[0] not in chosen and len(chosen) < 5:
                chosen[ranked[0]] = customer
        return [{"userId": customer, "name": f"Customer {customer} ({taste})"} for taste, customer in chosen.items()]


def _row(line: dict[str, str]) -> Row | None:
    code, title = line["StockCode"].strip().upper(), line["Description"].strip()
    if not PRODUCT.match(code) or not title:
        return None
    return Row(
        invoice=sys.intern(line["InvoiceNo"].strip().upper()),
        code=sys.intern(code),
        title=sys.intern(title),
        quantity=int(line["Quantity"]),
        at=datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC),
        price=float(line["UnitPrice"]),
        customer=sys.intern(line["CustomerID"].split(".")[0]),
        country=COUNTRIES.get(line["Country"], ""),
    )


def _identify(row: Row, at: datetime) -> Event:
    traits = {"country": row.country} if row.country else {}
    message = f"{row.customer}/{row.invoice}/identify"
    return replace(_event(row, message, at), type="identify", traits=traits)


def _order(invoice: str, part: str, rows: list[Row], at: datetime) -> Event:
    products = [
        {
            "product_id": r.code,
            "name": r.title,
            "price": r.price,
            "quantity": abs(r.quantity),
            "category": shelf(r.title),
        }
        for r in rows
    ]
    total = round(sum(abs(r.quantity) * r.price for r in rows), 2)
    order = {"order_id": invoice, "total": total, "currency": "GBP", "products": products}
    name = "Order Refunded" if invoice.startswith("C") else "Order Completed"
    return replace(_event(rows[0], part, at), event=name, properties=order)


def _event(row: Row, message: str, at: datetime) -> Event:
    return Event(
        message_id=str(uuid.uuid5(NAMESPACE, message)),
        type="track",
        user_id=row.customer,
        anonymous_id="" if row.customer else f"guest-{row.invoice}",
        verified=bool(row.customer),
        timestamp=at,
        received_at=at,
        context={**({"location": {"country": row.country}} if row.country else {}), **CONSENT},
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


@cache
def shelf(title: str) -> str:
    """The shelf of the first word that names one."""
    return next((SHELF_OF[word] for word in map(_singular, title.upper().split()) if word in SHELF_OF), "Other")
