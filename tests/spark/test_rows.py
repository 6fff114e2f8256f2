"""The same lake read by DuckDB and by Spark gives the same tables, of the same shoppers."""

import numpy as np
import pytest

from shared.models.members import digest
from shared.models.prepare import COLUMNS
from tests.spark.conftest import VERSION


def rows(data):
    columns = (data.at, data.shopper, data.kind, data.item, data.session, data.basket, data.quantity)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_the_lakes_have_what_is_told_apart_here(both):
    one = both.one
    assert set(one.interactions.kind.tolist()) == {0, 1, 2, 3} and one.identity.shared
    assert one.counts["shoppers_who_withdrew_consent"] >= 4 and one.vitals.counts["bots"] >= 2
    linked = {name for name in one.identity.profiles if name.startswith("user:ur-")}
    assert linked == {"user:ur-presumed", "user:ur-back-140"}
    items = set(one.interactions.items.tolist())
    assert {"in odd company", "12345", "zelt größe", "came first"} <= items
    assert not {"came last", "came between"} & items


def test_interactions_are_equal_row_for_row_and_in_the_same_order(both):
    one, other = both.one.interactions, both.other.interactions
    assert one.items.tolist() == other.items.tolist() and one.shoppers.tolist() == other.shoppers.tolist()
    assert rows(one) == rows(other)


def test_sales_and_what_was_taken_back_are_equal_day_by_day(both):
    one, other = both.one.sales, both.other.sales
    assert one.back.sum() > 0 and one.sold.sum() > one.back.sum()
    assert one.day.tolist() == other.day.tolist() and one.item.tolist() == other.item.tolist()
    assert np.allclose(one.sold, other.sold, rtol=1e-6) and np.allclose(one.back, other.back, rtol=1e-6)


def test_profiles_and_members_are_the_same_people(both):
    one, other = both
    assert one.identity == other.identity and sorted(one.members) == sorted(other.members)


def test_what_shoppers_said_of_themselves_is_equal(both):
    for name, one in both.one.people._asdict().items():
        other = getattr(both.other.people, name)
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
    assert both.other.interactions.countries.tolist() == both.one.interactions.countries.tolist()


def test_impressions_are_equal_and_so_are_those_who_left(both):
    one, other = both
    assert len(one.impressions) >= 8 and one.impressions.clicked.any()
    for name, column in vars(one.impressions).items():
        assert column.tolist() == getattr(other.impressions, name).tolist(), name
    assert sorted(one.withdrawn) == sorted(other.withdrawn) and len(one.withdrawn) >= 2


def test_items_are_counted_alike(both):
    assert both.one.dealings.tolist() == both.other.dealings.tolist() == both.one.interactions.dealings.tolist()


def test_counts_and_what_the_doctor_looks_at_are_equal(both):
    one, other = both
    assert one.counts == other.counts
    assert one.vitals.counts == other.vitals.counts and one.vitals.last == other.vitals.last
    daily = [
        sorted(zip(*(v.daily[name].tolist() for name in one.vitals.daily), strict=True))
        for v in (one.vitals, other.vitals)
    ]
    assert daily[0] == daily[1]


def test_spark_reads_every_field_that_duckdb_reads(spark):
    from pyspark.sql.types import _parse_datatype_string

    from shared.models.spark.events import SCHEMA

    assert {f"{field.name}:" for field in _parse_datatype_string(SCHEMA)} == {
        word for word in COLUMNS.strip("{}").split() if word.endswith(":")
    }


def test_a_line_that_is_no_event_stops_the_job(spark, both, tmp_path):
    from shared.models.spark.events import read

    (tmp_path / "a.jsonl").write_text('{"messageId": \n')
    with pytest.raises(Exception, match=r"[Mm]alformed"):
        read(spark, [str(tmp_path / "a.jsonl")])


def test_a_sample_has_all_interactions_of_some_shoppers(spark, both):
    from shared.models.spark.sample import chosen_by, sample

    whole = both.other.interactions
    condition = chosen_by(len(whole), len(whole) // 3)
    part, said = sample(spark, VERSION, condition)
    assert 0 < len(part) < len(whole) and len(said.country) == len(part.shoppers)
    assert part.items.tolist() == whole.items.tolist() and set(part.shoppers) < set(whole.shoppers)
    mine = np.isin(whole.shoppers[whole.shopper], part.shoppers)
    assert part.at.tolist() == whole.at[mine].tolist()
    assert len(np.unique(part.session)) == len(np.unique(whole.session[mine]))
    assert digest(VERSION, "a#bot") not in {int(h).to_bytes(8, "big") for h in part.shoppers}
