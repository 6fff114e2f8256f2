"""The same lake read by DuckDB and by Spark gives the same interactions, of the same shoppers."""

from datetime import timedelta

import numpy as np
import pytest

from infrastructure.cli.generator import GeneratedShop
from shared.events import lake
from shared.events.model import Consent, encode
from shared.models.members import digest
from shared.models.prepare import COLUMNS, RULES, Room, prepare
from tests.factories import NOON, event, order

VERSION = "20260303T030000Z"


def people():
    """Histories that meet in every way the identity graph knows."""
    login = {"name": "", "type": "identify", "properties": {}}
    for n in range(3):  # one device, three who log in
        yield event(item=f"shared{n}", minutes=200 * n, anonymous_id="till")
        yield event(**login, minutes=200 * n + 2, anonymous_id="till", user_id=f"t{n}", verified=True)
    yield event(item="nobody's", minutes=900, anonymous_id="till")
    yield event(item="pot", minutes=1, anonymous_id="b1")
    yield event(**login, minutes=2, anonymous_id="b1", user_id="u1", verified=True)
    yield event(
        "", type="alias", properties={}, minutes=3, anonymous_id="b1", previous_id="b0", user_id="u1", verified=True
    )
    yield event(item="pan", minutes=0, anonymous_id="b0")
    for device, email in (
        ("c1", "h1"),
        ("c2", "h1"),
        ("c3", "h2"),
    ):  # a server joins devices by an address, whose key was changed
        yield event(item=device, minutes=4, anonymous_id=device)
        yield event(**login, minutes=5, anonymous_id=device, source="server", identifiers={"email": email})
    renewed = {"identifiers": {"email": "h1"}, "previous_identifiers": {"email": "h2"}}
    yield event(**login, minutes=6, anonymous_id="c4", source="server", **renewed)
    yield event(item="claimed", minutes=7, anonymous_id="d1", user_id="u9")
    said = {"identifiers": {"email": "h2"}}  # a name that has been changed since
    yield event(item="claimed by address", minutes=7, anonymous_id="d3", **said)
    yield event(item="claimed by two", minutes=7, anonymous_id="d4", user_id="u1", **said)
    yield event(item="claimed by nobody's address", minutes=7, anonymous_id="d5", identifiers={"email": "h9"})
    for user in ("u8", "u9"):
        yield event(item="claimed twice", minutes=8, anonymous_id="d2", user_id=user)


def refusals():
    """Who refused at all and links nobody, who had only let it be presumed, and who came back."""
    login = {"name": "", "type": "identify", "properties": {}, "verified": True}
    said = {"firm": {}, "presumed": {"source": "presumed"}, "back": {}}
    for who, source in said.items():
        yield event(item=f"of {who}", minutes=100, anonymous_id=f"r-{who}")
        yield event(
            "Consent Changed", minutes=110, properties=source, anonymous_id=f"r-{who}", consent=told(110, False)
        )
        yield event(**login, minutes=120, anonymous_id=f"r-{who}", user_id=f"ur-{who}", consent=told(110, False))
        if who == "back":
            yield event("Consent Changed", minutes=130, properties={}, anonymous_id="r-back", consent=told(130, True))
            for minutes in (105, 140):  # what was done before a withdrawal and came late says nothing
                received = NOON + timedelta(minutes=150)
                user = f"ur-back-{minutes}"
                yield event(**login, minutes=minutes, received_at=received, anonymous_id="r-back", user_id=user)


def told(minutes, agreed):
    return Consent(True, agreed, False, updated_at=NOON + timedelta(minutes=minutes))


def shown():
    """Recommendations, seen and clicked."""
    for n, clicked in enumerate((True, False)):
        products = [{"product_id": f"s{place}", "position": place} for place in (1, "2", "last", None)]
        answer = {"recommendation_id": f"r{n}", "placement": "home"}
        yield event("Recommendation Viewed", minutes=160 + n, properties={**answer, "products": products})
        yield event("Recommendation Viewed", minutes=165 + n, properties={**answer, "products": products[:2]})
        if clicked:
            yield event("Recommendation Clicked", minutes=170, properties={**answer, "product_id": "s2", "position": 2})
    yield event("Recommendation Clicked", minutes=171, properties={"recommendation_id": "unseen", "product_id": "s1"})
    yield event("Recommendation Viewed", minutes=172, properties={"products": [{"product_id": "no answer"}]})


def oddities():
    """What shops send in every way they can."""
    yield event(item="", minutes=1)
    yield event(minutes=2, properties={"product_id": 12345, "sku": "x"})
    yield event(minutes=3, properties={"sku": "only sku"})
    yield event(minutes=4, properties={"product_id": None, "sku": "sku of null"})
    yield event(minutes=4.5, properties={"product_id": "zelt größe", "products": "none"})
    for n, quantity in enumerate((3, "2", "many", None, 2.5, True, "", "-1", "1e1", [1])):
        product = {"product_id": f"q{n}", "quantity": quantity, "price": quantity}
        yield event(
            "Order Completed",
            minutes=10 + n,
            properties={"order_id": n, "products": [product, product | {"product_id": "both"}]},
        )
    yield event("Order Completed", minutes=30, properties={"products": []})
    yield event(
        "Order Completed", minutes=31, properties={"products": [None, "tent", {"product_id": "in odd company"}]}
    )
    yield order("kept", "given back", minutes=40, order_id="again")
    yield order("kept", "given back", minutes=41, order_id="again")
    for minutes in (42, 43):
        yield event(
            "Order Refunded", minutes=minutes, properties={"products": [{"product_id": "given back", "quantity": 1}]}
        )
    yield event("Order Cancelled", minutes=44, properties={"products": [{"product_id": "kept", "quantity": 1}]})
    for n, dwell in enumerate((3, 20, "60", "long", None)):
        yield event("Page Engaged", minutes=50 + n, properties={"product_id": "read", "dwell_seconds": dwell})
    yield event(item="later than it came", received_at=NOON, minutes=600)
    yield event(item="without consent", anonymous_id="", consent=Consent())
    yield from choices()


def choices():
    for who, made in (("left", [False]), ("back", [False, True]), ("at once", [True, False])):
        yield event(item=who, anonymous_id=who)
        same = 0 if who == "at once" else 5
        for n, agreed in enumerate(made):
            yield event(
                "Consent Changed",
                minutes=5 + same * n,
                properties={},
                anonymous_id=who,
                consent=Consent(True, agreed, False),
            )


def machines():
    yield from (event(item="bot's", minutes=n / 3, anonymous_id="bot") for n in range(2001))
    yield from (event(item="silent bot's", minutes=n / 3, anonymous_id="silent") for n in range(600))


def words():
    """What shoppers say of themselves."""
    traits = (
        {"country": "Austria"},
        {"address": {"country": "at"}, "gender": " F "},
        {"address": "Vienna", "age": "30"},
    )
    around = (
        {"locale": "de-DE"},
        {"location": {"country": "se"}},
        {"device": {"type": "Mobile"}, "timezone": "Europe/Vienna", "library": {"name": "js"}},
    )
    for n, (trait, context) in enumerate(zip(traits, around, strict=True)):
        yield event(minutes=70 + n, anonymous_id="says", traits=trait, context=context)


@pytest.fixture(scope="module")
def both(spark, tmp_path_factory):
    from shared.models.spark import job

    folder = tmp_path_factory.mktemp("lake")
    shop = GeneratedShop(seed=3, shoppers=40, until=NOON + timedelta(days=1), weeks=4, items=150)
    made = [*shop.events(), *people(), *oddities(), *machines(), *words(), *refusals(), *shown()]
    for name, part in (
        ("a", made[: len(made) // 2]),
        ("b", [*made[len(made) // 2 :], *made[:200]]),
    ):  # some are delivered twice
        (folder / f"{name}.jsonl.gz").write_bytes(lake.lines(map(encode, part)))
    files = sorted(map(str, folder.glob("*.gz")))
    one = prepare(files, VERSION, RULES, Room(str(folder / "spill")))
    return one, job.prepare(spark, files, VERSION, RULES)


def rows(data):
    """Of equal time and message the order is nobody's promise."""
    columns = (data.at, data.shopper, data.kind, data.item, data.session, data.basket, data.quantity)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_the_lakes_have_what_is_told_apart_here(both):
    kinds = set(both[0].interactions.kind.tolist())
    assert kinds == {0, 1, 2, 3} and both[0].identity.shared and both[0].counts["shoppers_who_withdrew_consent"] == 4
    linked = {name for name in both[0].identity.profiles if name.startswith("user:ur-")}
    assert linked == {"user:ur-presumed", "user:ur-back-140"}
    assert both[0].vitals.counts["bots"] >= 2 and {"in odd company", "12345", "zelt größe"} <= set(
        both[0].interactions.items
    )


def test_interactions_are_equal_row_for_row(both):
    one, other = both[0].interactions, both[1].interactions
    assert one.items.tolist() == other.items.tolist() and one.shoppers.tolist() == other.shoppers.tolist()
    assert rows(one) == rows(other)
    assert (np.diff(other.at) >= 0).all()


def test_profiles_and_members_are_the_same_people(both):
    one, other = both
    assert one.identity == other.identity and sorted(one.members) == sorted(other.members)


def test_what_shoppers_said_of_themselves_is_equal(both):
    for name, one in both[0].people._asdict().items():
        other = getattr(both[1].people, name)
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
    assert both[1].interactions.countries.tolist() == both[0].interactions.countries.tolist()


def test_impressions_are_equal_and_so_are_those_who_left(both):
    one, other = both
    assert len(one.impressions) == 8 and one.impressions.clicked.sum() == 1
    for name, column in vars(one.impressions).items():
        assert column.tolist() == getattr(other.impressions, name).tolist(), name
    assert sorted(one.withdrawn) == sorted(other.withdrawn) and len(one.withdrawn) >= 2


def test_items_are_counted_alike(both):
    assert both[0].dealings.tolist() == both[1].dealings.tolist() == both[0].interactions.dealings.tolist()


def test_counts_and_what_the_doctor_looks_at_are_equal(both):
    one, other = both
    assert one.counts == other.counts
    assert one.vitals.counts == other.vitals.counts and one.vitals.last == other.vitals.last
    daily = [
        sorted(zip(*(v.daily[name].tolist() for name in one.vitals.daily), strict=True))
        for v in (one.vitals, other.vitals)
    ]
    assert daily[0] == daily[1]


def test_spark_reads_every_field_that_duckdb_reads():
    from pyspark.sql.types import _parse_datatype_string

    from shared.models.spark.events import SCHEMA

    assert {f"{field.name}:" for field in _parse_datatype_string(SCHEMA)} == {
        word for word in COLUMNS.strip("{}").split() if word.endswith(":")
    }


def test_a_line_that_is_no_event_stops_the_job(spark, tmp_path):
    from shared.models.spark.events import read

    (tmp_path / "a.jsonl").write_text('{"messageId": \n')
    with pytest.raises(Exception, match=r"[Mm]alformed"):
        read(spark, [str(tmp_path / "a.jsonl")])


def test_a_sample_has_all_interactions_of_some_shoppers(spark, both):
    from shared.models.spark.sample import chosen_by, sample

    whole = both[1].interactions
    condition = chosen_by(len(whole), len(whole) // 3)
    part, said = sample(spark, VERSION, condition)
    assert 0 < len(part) < len(whole) and len(said.country) == len(part.shoppers)
    assert part.items.tolist() == whole.items.tolist() and set(part.shoppers) < set(whole.shoppers)
    mine = np.isin(whole.shoppers[whole.shopper], part.shoppers)
    assert part.at.tolist() == whole.at[mine].tolist()
    assert len(np.unique(part.session)) == len(np.unique(whole.session[mine]))
    again, _ = sample(spark, VERSION, condition)
    assert again.shoppers.tolist() == part.shoppers.tolist()
    assert digest(VERSION, "a#bot") not in {int(h).to_bytes(8, "big") for h in part.shoppers}
