"""Two spellings of one thing become one; nonsense becomes nothing; nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity import countries, normalise

anything = (
    st.text(max_size=60)
    | st.text("0123456789+-(). /٠１", max_size=25)
    | st.emails()
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
    | st.dates().map(str)
    | st.lists(st.text(max_size=3), max_size=2)
)
FUNCTIONS = [
    normalise.email,
    lambda value: normalise.email(value, "drop"),
    normalise.phone,
    lambda value: normalise.phone(value, "DE"),
    normalise.country,
    normalise.date,
    normalise.birth_year,
    normalise.gender,
    normalise.language,
]


@pytest.mark.parametrize("function", FUNCTIONS)
@given(value=anything)
def test_whatever_comes_is_normalised_once_and_never_raises(function, value):
    once = function(value)
    assert isinstance(once, str) and (function(once) == once or not once)


@given(st.text(max_size=40))
def test_an_e164_number_is_recognised_once_and_never_raises(value):
    assert normalise.e164(normalise.e164(value)) == normalise.e164(value)


@pytest.mark.parametrize(
    "same",
    [
        ["jo@shop.de", " Jo@Shop.DE ", "jo@shop.de.", "JO@shop.de", "jo＠shop.de", "\u200bjo@shop.de"],
        ["strasse@xn--mller-kva.de", "Straße@Müller.de", "STRASSE@MU\u0308LLER.DE"],
        ["ﬁ@shop.de", "fi@shop.de"],
    ],
)
def test_spellings_of_one_address_are_one(same):
    assert len({normalise.email(value) for value in same}) == 1 and normalise.email(same[0])


def test_tags_are_kept_or_dropped_as_the_shop_says():
    assert normalise.email("Jo+Sale@shop.de") == "jo+sale@shop.de"
    assert normalise.email("Jo+Sale+x@shop.de", "drop") == "jo@shop.de"
    assert normalise.email("+jo@shop.de", "drop") == "+jo@shop.de"


@pytest.mark.parametrize(
    "value",
    ["", "jo", "jo@", "@shop.de", "jo@shop", "jo shop@x.de", "a@b@c.de", 7, None, "jo@-.de", "x" * 65 + "@a.de"],
)
def test_what_is_no_address_is_none(value):
    assert normalise.email(value) == ""


@pytest.mark.parametrize(
    ("value", "country", "wanted"),
    [
        ("+49 176 1234567", "", "+491761234567"),
        ("0176/123 45 67", "de", "+491761234567"),
        ("0049 176 1234567", "", "+491761234567"),
        (491761234567, "", ""),
        ("0176 1234567", "", ""),
        ("(212) 555-2368", "US", "+12125552368"),
        ("+44 (0)20 7946 0018", "", "+442079460018"),
        ("+1", "US", ""),
        ("call me", "US", ""),
        (True, "US", ""),
    ],
)
def test_a_phone_number_is_written_as_e164(value, country, wanted):
    assert normalise.phone(value, country) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("de", "DE"), ("DEU", "DE"), ("Germany", "DE"), ("the Netherlands", "NL"), ("USA", "US"), ("U.S.A.", "US"), ("uk", "GB"),
        ("Côte d’Ivoire", "CI"), ("Cote d'Ivoire", "CI"), ("Ivory Coast", "CI"), ("Bosnia & Herzegovina", "BA"), ("Åland Islands", "AX"),
        ("Congo", "CG"), ("Democratic Republic of the Congo", "CD"), ("Atlantis", ""), ("", ""), (49, ""),
    ],
)  # fmt: skip
def test_a_country_is_two_letters(value, wanted):
    assert normalise.country(value) == wanted


def test_every_country_is_found_under_each_of_its_names():
    rows = [row.strip().split(" ", 2) for row in countries.TABLE.replace("\n", " ").split(";")]
    assert len(rows) == len({two for two, _, _ in rows}) == len({name for _, _, name in rows}) == 249
    for two, three, name in rows:
        assert normalise.country(two.lower()) == normalise.country(three) == normalise.country(name) == two


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2020-04-03", "2020-04-03"), ("2020-04-03T23:00:00Z", "2020-04-03"), ("3.4.2020", "2020-04-03"), ("2020/4/3", "2020-04-03"),
        ("13/4/2020", "2020-04-13"), ("4/13/2020", "2020-04-13"), ("3/4/2020", ""), ("4/4/2020", "2020-04-04"), ("31.2.2020", ""),
        ("yesterday", ""), (20200403, ""),
    ],
)  # fmt: skip
def test_a_date_is_iso_and_never_guessed(value, wanted):
    assert normalise.date(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("1984-02-29", "1984"),
        ("29.2.1984", "1984"),
        (1984, "1984"),
        ("1984", "1984"),
        (84, ""),
        ("1850-01-01", ""),
        (True, ""),
    ],
)
def test_of_a_birthday_the_year_is_kept(value, wanted):
    assert normalise.birth_year(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [("Female", "f"), ("Herr", "m"), ("Mrs.", "f"), ("d", "x"), ("non-binary", "x"), ("?", "")]
)
def test_a_gender_is_one_letter(value, wanted):
    assert normalise.gender(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"), [("de-AT", "de"), ("EN_gb", "en"), ("fil", "fil"), ("German", ""), (None, "")]
)
def test_a_language_is_its_code(value, wanted):
    assert normalise.language(value) == wanted
