"""Money as feeds write it: `12.50 EUR`, `EUR 12,50`, a number beside a currency, or `{"amount": …, "currency": …}`."""

import re
from typing import Any

from shared.catalog.model import Price
from shared.catalog.values import string
from shared.errors import InvalidRequest
from shared.events.products import number

WRITTEN = re.compile(r"(?:(?P<before>[A-Za-z]{3})\s*)?(?P<amount>\d+(?:[.,]\d{1,4})?)\s*(?P<after>[A-Za-z]{3})?")
CURRENCY = re.compile(r"[A-Z]{3}")
THOUSANDS = re.compile(r"\d+,\d{3}")


def price(value: Any, currency: str, field: str) -> Price:
    """`currency` counts where `value` has none. Raises InvalidRequest naming `field`."""
    if isinstance(value, dict):
        currency = string(value.get("currency") or currency, field)
        value = value.get("amount", value.get("value"))
    amount: float | None
    if isinstance(value, str):
        amount, currency = _read(value, currency, field)
    else:
        amount = number(value)
    if amount is None or amount < 0:
        raise InvalidRequest('must be an amount, 0 or more, and a currency, such as "12.50 EUR"', field)
    if not CURRENCY.fullmatch(currency.upper()):
        raise InvalidRequest('needs a currency of three letters, such as "12.50 EUR"', field)
    return Price(round(amount, 4), currency.upper())


def shown(value: Price | None) -> str:
    """At least two decimals, at most four; `price(shown(p), "", field)` is `p` again."""
    if value is None:
        return ""
    digits = f"{value.amount:.4f}"
    return f"{digits[:-2] + digits[-2:].rstrip('0')} {value.currency}"


def _read(written: str, currency: str, field: str) -> tuple[float | None, str]:
    match = WRITTEN.fullmatch(written.strip())
    if not match:
        return None, currency
    if THOUSANDS.fullmatch(match["amount"]):
        raise InvalidRequest('could be thousands or decimals; write 1299.00, not "1,299"', field)
    return number(match["amount"].replace(",", ".")), match["before"] or match["after"] or currency
