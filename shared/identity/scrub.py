"""What is left of an event once its identifiers are hashed: facts for models, products, pages; nothing that names a person.

Scrubbing takes anything, never raises, and changes nothing the second time. Digits alone are never taken for a phone number: in a shop
they are product ids, barcodes and prices. A number counts as a phone when it is written with a plus, as E.164 is.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from msgspec.structs import replace

from shared.events.model import Event
from shared.identity import context, normalise

REMOVED = "[removed]"
DEEPEST = 16
LONGEST_KEY = 100
MOST_TRAITS = 100
LARGEST_TRAIT = 1e9  # nothing a model learns from is larger, and phone, card and customer numbers are
URL_PARAMETERS = frozenset({"q", "query", "search", "page", "sort", "category"})
URL_KEYS = frozenset({"url", "href", "link", "referrer", "referer", "path", "uri"})
ID_KEYS = frozenset({
    "id", "product_id", "productId", "sku", "variant", "variant_id", "gtin", "ean", "item_group_id", "order_id", "checkout_id",
    "cart_id", "category_id", "coupon", "promotion_id",
})  # fmt: skip

# Keys compared without case and signs: firstName, first_name and "First Name" are one.
NAMES = frozenset({
    "firstname", "lastname", "fullname", "givenname", "familyname", "surname", "middlename", "maidenname", "birthname",
    "username", "nickname", "recipient", "email", "emailaddress", "mail", "mailaddress", "phone", "phonenumber", "telephone",
    "telephonenumber", "tel", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "fax", "faxnumber", "whatsapp",
    "address", "addressline", "address1", "address2", "address3", "addressline1", "addressline2", "addressline3", "street",
    "streetname", "streetaddress", "streetnumber", "housenumber", "zip", "zipcode", "postcode", "postalcode", "ip", "ipaddress",
    "ipv4", "ipv6", "birthday", "birthdate", "dateofbirth", "dob", "iban", "bic", "swift", "accountnumber", "bankaccount",
    "card", "cardnumber", "creditcard", "creditcardnumber", "ccnumber", "cvc", "cvv", "cvv2", "pan", "cardholder",
    "cardholdername", "ssn", "socialsecurity", "socialsecuritynumber", "taxid", "taxnumber", "vatid", "vatnumber", "nationalid",
    "passport", "passportnumber", "idnumber", "driverslicense", "password", "passwd", "pwd", "passphrase", "token",
    "accesstoken", "refreshtoken", "idtoken", "authtoken", "csrftoken", "apikey", "secret", "authorization", "cookie", "cookies",
    "signature", "avatar", "latitude", "longitude", "lat", "lng", "lon", "latlng", "geo", "coordinates", "giftmessage",
    "giftnote", "ordernote", "ordernotes", "message", "note",
    "notes", "comment", "comments", "city", "gclid", "fbclid", "msclkid",
    "deviceid", "advertisingid", "idfa", "idfv", "gaid", "aaid", "imei", "meid",
    "macaddress", "mac", "ssid", "bssid", "userhash", "externalids", "vorname", "nachname", "strasse", "hausnummer", "plz",
    "postleitzahl", "anschrift", "adresse", "geburtstag", "geburtsdatum", "telefon", "telefonnummer", "handy", "prenom",
    "apellido", "apellidos", "telephoneportable", "motdepasse", "contrasena",
})  # fmt: skip
OF_PEOPLE = (
    "shipping",
    "billing",
    "delivery",
    "customer",
    "user",
    "contact",
    "recipient",
    "receiver",
    "sender",
    "buyer",
    "gift",
)

_AT = r"(?:[@＠﹫]|%(?:25)*40)"  # noqa: RUF001
_PLUS = r"(?:[+＋]|%(?:25)*2b)"  # noqa: RUF001
_SUSPECT = re.compile(r"[@＠﹫+＋%?#]")  # noqa: RUF001 - no secret and no part of an address to cut is without one of these
_SIGNS = re.compile(r"[@＠﹫+＋%]")  # noqa: RUF001 - of addresses and numbers
_AT_DOMAIN = re.compile(rf"{_AT}[\w\-]{{1,63}}(?:\.[\w\-]{{1,63}})+", re.IGNORECASE)
_BEFORE_LOCAL = re.compile(r"""[\s@＠﹫<>()\[\],;:/?&="]""")  # noqa: RUF001
_LONGEST_LOCAL = 64
_PHONE = re.compile(rf"{_PLUS}\s?\(?[1-9](?:[\s().\-/]{{0,3}}\d){{6,20}}", re.IGNORECASE)
_PHONE_IN_ID = re.compile(rf"(?<!\w){_PHONE.pattern}", re.IGNORECASE)  # set-1+4006381333931 is two barcodes
_URL = re.compile(r"[a-z][a-z0-9+.\-]{0,20}://\S*", re.IGNORECASE)
_WHOLE_URL = re.compile(r"\s*(?:[a-z][a-z0-9+.\-]{0,20}://|[/?])", re.IGNORECASE)
_UTM = re.compile(r"utm_[a-z_]{1,20}")


def scrubbed(event: Event) -> Event:
    return replace(
        event,
        event=text(event.event),
        properties=_inside(event.properties, 0) if event.properties else {},
        traits=facts(event.traits) if event.traits else {},
        context=_inside(context.listed(event.context), 0) if event.context else {},
    )


def text(value: str, key: str = "") -> str:
    """E-mail addresses and phone numbers removed, addresses of pages cut to what is said about the page."""
    if not _SUSPECT.search(value):
        return value
    phone = _PHONE_IN_ID if key in ID_KEYS else _PHONE
    for _ in range(5):
        after = _once(value, key, phone)
        if after == value:
            return value
        value = after
    return REMOVED  # whoever nests that deep has something to hide


def names_somebody(value: str) -> bool:
    """Whether an id holds an e-mail address or a phone number."""
    return _words(value, _PHONE_IN_ID) != value


def facts(traits: dict[str, Any]) -> dict[str, Any]:
    """What models may know of a person: a few normalised facts, and numbers and yes-or-no answers under the shop's own names."""
    address = traits.get("address")
    normal: dict[str, Any] = {
        "country": _first(normalise.country, address if isinstance(address, dict) else {}, "country")
        or _first(normalise.country, traits, "country"),
        "language": _first(normalise.language, traits, "language", "locale"),
        "gender": _first(normalise.gender, traits, "gender", "sex"),
        "birth_year": _number(_first(normalise.birth_year, traits, *_BIRTHDAYS)),
        "created_year": _number(_first(_year, traits, *_CREATED)),
    }
    found = {name: value for name, value in normal.items() if value}
    for key, value in traits.items():
        if len(found) >= MOST_TRAITS:
            break
        if key not in _READ and len(key) <= LONGEST_KEY and _counts(value) and not _personal_key(key):
            found[key] = value
    return found


_BIRTHDAYS = (
    "birth_year",
    "birthYear",
    "birthday",
    "birthdate",
    "birthDate",
    "birth_date",
    "date_of_birth",
    "dateOfBirth",
    "dob",
)
_CREATED = ("created_year", "createdAt", "created_at", "created")
_READ = frozenset({"country", "language", "locale", "gender", "sex", *_BIRTHDAYS, *_CREATED})


def _first(read: Any, values: dict[str, Any], *names: str) -> str:
    return next((found for name in names if name in values and (found := read(values[name]))), "")


def _number(year: str) -> int:
    return int(year) if year else 0


def _year(value: Any) -> str:
    """Of a date, of seconds or milliseconds since 1970, or a year itself."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e13:
        if 1970 <= value <= 2100:
            return str(int(value))
        seconds = value / 1000 if value > 1e11 else value
        return str(datetime.fromtimestamp(seconds, UTC).year) if 1e6 <= seconds <= 4e9 else ""
    year = normalise.date(value)[:4]
    return year if "1970" <= year <= "2100" else ""


def _counts(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < LARGEST_TRAIT)


def _walk(value: Any, key: str, depth: int) -> Any:
    if isinstance(value, dict):
        return _inside(value, depth) if depth < DEEPEST else {}
    if isinstance(value, list):
        return [_walk(part, key, depth + 1) for part in value] if depth < DEEPEST else []
    return text(value, key) if isinstance(value, str) else value


def _inside(values: dict[str, Any], depth: int) -> dict[str, Any]:
    """Most of an event are short texts and numbers that need nothing, so these are passed on without asking further."""
    kept = {}
    for name, part in values.items():
        if len(name) > LONGEST_KEY or _personal_key(name):
            continue
        if isinstance(part, str):
            kept[name] = text(part, name) if _SUSPECT.search(part) else part
        else:
            kept[name] = _walk(part, name, depth + 1) if isinstance(part, (dict, list)) else part
    return kept


@lru_cache(maxsize=4096)
def _personal_key(key: str) -> bool:
    bare = re.sub(r"[\W_]+", "", key.casefold())
    whose = next((word for word in OF_PEOPLE if bare.startswith(word)), "")
    rest = bare.removeprefix(whose)
    return bare in NAMES or bool(whose and (rest in NAMES or rest == "name")) or text(key) != key


def _once(value: str, key: str, phone: re.Pattern[str]) -> str:
    return _words(value if key in ID_KEYS else _urls(value, key), phone)


def _words(value: str, phone: re.Pattern[str]) -> str:
    return phone.sub(REMOVED, _without_addresses(value)) if _SIGNS.search(value) else value


def _without_addresses(value: str) -> str:
    """From the at sign back to where the name before it begins: looking for names first would take quadratic time."""
    parts, end = [], 0
    for found in _AT_DOMAIN.finditer(value):
        before = value[max(end, found.start() - _LONGEST_LOCAL) : found.start()]
        local = _BEFORE_LOCAL.split(before)[-1] or before[-1:].strip()
        parts += [value[end : found.start() - len(local)], REMOVED]
        end = found.end()
    return "".join((*parts, value[end:])) if end else value


def _urls(value: str, key: str) -> str:
    if key in URL_KEYS or _WHOLE_URL.match(value):
        return _url(value)
    return _URL.sub(lambda found: _url(found[0]), value) if "://" in value else value


def _url(value: str) -> str:
    """Without the user's name, the fragment, and all parameters but those that say what the page shows and where it was found."""
    base, _, query = value.partition("#")[0].partition("?")
    scheme, slashes, rest = base.partition("//")
    host, slash, path = rest.partition("/")
    base = f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"
    kept = [part for each in query.split("&") if (part := _parameter(each))]
    return f"{base}?{'&'.join(kept)}" if kept else base


def _parameter(part: str) -> str:
    """A plus stands for a blank in a query, and many a page forgets that: both readings must be harmless."""
    name, _, raw = part.partition("=")
    if name.lower() not in URL_PARAMETERS and not _UTM.fullmatch(name.lower()):
        return ""
    if "://" not in raw and not _SIGNS.search(raw):
        return part
    said = unquote(raw)
    harmless = "://" not in said and all(_words(one, _PHONE) == one for one in (said, unquote_plus(raw)))
    return part if harmless else ""
