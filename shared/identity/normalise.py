"""One way to write what shops write in many: e-mail addresses, phone numbers, countries, dates, genders.

Two spellings of one thing become equal strings, so that their hashes are equal. "" is the answer for what cannot be normalised. All
functions take anything, never raise, and leave alone what they have made.
"""

import datetime as dt
import re
import unicodedata
from functools import cache
from typing import Any

from shared.identity import countries

LONGEST_EMAIL = 254
LONGEST_LOCAL = 64
FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR = 1900, 2100
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_SIGNS = re.compile(r"[\s().\-/]+")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
_LOCAL = re.compile(r"""[^\s@"(),:;<>\[\]\\]{1,64}""")
_EUROPEAN = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
GENDERS = {
    word: gender
    for gender, words in {
        "f": "f female woman girl w weiblich frau femme femenino mujer femminile donna vrouw mrs ms miss",
        "m": "m male man boy männlich herr homme masculino hombre maschile uomo mr",
        "x": "x d divers diverse non-binary nonbinary nb enby other",
    }.items()
    for word in words.split()
}


def email(value: Any, plus_tags: str = "keep") -> str:
    """Whitespace trimmed, letters folded, the domain in ASCII; with `drop`, `jo+shop@…` is `jo@…`."""
    if not isinstance(value, str) or len(value) > 4 * LONGEST_EMAIL:
        return ""
    local, at, domain = _folded(value).rpartition("@")
    if plus_tags == "drop":
        local = local.partition("+")[0] or local
    domain = _ascii(domain.rstrip("."))
    known = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    whole = f"{local}@{domain}"
    return whole if known and len(whole) <= LONGEST_EMAIL else ""


def phone(value: Any, country: str = "") -> str:
    """E.164, such as +4917612345678. A number without a country's code is one of `country` (two letters), or none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or (isinstance(value, int) and abs(value) >= 10**20):
        return ""
    text = _folded(str(value))
    if not 5 <= len(text) <= 40 or not any(sign.isdigit() for sign in text):
        return ""
    import phonenumbers  # noqa: PLC0415 - takes tens of milliseconds, and most requests hold no phone

    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    # a number that is possible is taken: tables of what is in use are always behind
    if not phonenumbers.is_possible_number(number):
        return ""
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written if E164.fullmatch(written) else ""


def e164(value: str) -> str:
    """A phone number that is written with its country's code, without asking any table: quick enough for every id."""
    if not value.strip().startswith(("+", "＋")):
        return ""
    text = _PHONE_SIGNS.sub("", _folded(value))
    return text if E164.fullmatch(text) else ""


def country(value: Any) -> str:
    """Two letters of ISO 3166, from two, from three, or from an English name."""
    return _countries().get(_plain(value), "") if isinstance(value, str) and len(value) <= 100 else ""


def date(value: Any) -> str:
    """YYYY-MM-DD, from ISO 8601 or a day written the European way. 03/04/2020 may be either of two days, so it is none."""
    text = _folded(value) if isinstance(value, str) and len(value) <= 40 else ""
    if found := _EUROPEAN.fullmatch(text):
        return _day(found[3], found[2], found[1])
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(found[1], found[2], found[3])
    if found := _SLASHED.fullmatch(text):
        return _either(found[3], int(found[1]), int(found[2]))
    try:
        return dt.datetime.fromisoformat(text.upper()).date().isoformat()
    except ValueError:
        return ""


def birth_year(value: Any) -> str:
    """The year of a birthday, or of a year itself. The day is forgotten: it names a person, the year does not."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000:
        value = str(value)
    text = value.strip() if isinstance(value, str) else ""
    year = text if re.fullmatch(r"[0-9]{4}", text) else date(value)[:4]
    return year if year and FIRST_BIRTH_YEAR <= int(year) <= LAST_BIRTH_YEAR else ""


def gender(value: Any) -> str:
    """f, m or x."""
    return GENDERS.get(_folded(value).rstrip("."), "") if isinstance(value, str) and len(value) <= 40 else ""


def language(value: Any) -> str:
    """Two or three letters, from such a code or a locale like de-AT."""
    code = re.split(r"[-_]", _folded(value), maxsplit=1)[0] if isinstance(value, str) and len(value) <= 40 else ""
    return code if re.fullmatch(r"[a-z]{2,3}", code) else ""


def _folded(text: str) -> str:
    """Compatible signs made equal, case folded, and what cannot be seen left out. Folding can undo composing, hence again."""
    if text.isascii():
        return text.strip().casefold()
    for _ in range(4):
        visible = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
        after = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold()).strip()
        if after == text:
            return text
        text = after
    return ""


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode().lower().rstrip(".")
    except UnicodeError:
        return ""


def _plain(text: str) -> str:
    """Letters only, without accents, in small; a leading "the" means nothing."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    words = re.sub(r"[^a-z0-9]+", " ", bare.casefold().replace("&", " and ")).split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


@cache
def _countries() -> dict[str, str]:
    known: dict[str, str] = {}
    for row in countries.TABLE.replace("\n", " ").split(";"):
        two, three, name = row.strip().split(" ", 2)
        known |= dict.fromkeys((_plain(two), _plain(three), _plain(name)), two)
    others = (row.strip().rpartition(" ") for row in countries.OTHER_NAMES.split(";"))
    return {_plain(name): two for name, _, two in others} | known


def _either(year: str, first: int, second: int) -> str:
    """A day written as month/day or day/month, if only one of the two can be meant."""
    if first == second or second > 12:
        return _day(year, first, second)
    return _day(year, second, first) if first > 12 else ""


def _day(year: int | str, month: int | str, day: int | str) -> str:
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""
