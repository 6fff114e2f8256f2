"""From answers and events to one row a unit."""

import duckdb
import pytest

from shared.answers.model import Answered, decode, folder, packed, unit_of
from shared.events import lake
from shared.events.model import encode
from shared.experiments.analysis.rows import Product, gather, units
from shared.experiments.model import Experiment, Variant
from shared.identity.recompute import own
from shared.models.prepare import EVENTS
from tests.factories import NOON, event, order

NOW = NOON.timestamp()
BLEND = Experiment("blend", "main", ("home",), (Variant("now", 0.5), Variant("fresh", 0.5)))
ITEMS = {"tent": Product("Camping", 4.0), "rope": Product("Climbing", 1.0), "stove": Product("Camping", 2.0)}
BUCKETS = iter(range(10**9))


def answer(unit, variant="now", minutes=0.0, shown=("tent", "rope"), experiment="blend", **fields):
    made = f"{next(BUCKETS):023x}"
    return Answered(
        made, NOW + minutes * 60, "home", list(shown), "1", "m", unit_of(unit), [(experiment, variant)], **fields
    )


def clicked(answered, **fields):
    return event(
        "Recommendation Clicked", properties={"recommendation_id": answered.id, "product_id": "tent"}, **fields
    )


@pytest.fixture
def rows(tmp_path):
    """{unit's id: row as a dict} of the ids that are asked for."""

    def read(answers, events, *ids, experiment=BLEND):
        (tmp_path / "answers.jsonl.gz").write_bytes(packed(answers))
        (tmp_path / "events.jsonl.gz").write_bytes(lake.lines(map(encode, events or [event(anonymous_id="nobody")])))
        with duckdb.connect() as db:
            db.execute(EVENTS, [[str(tmp_path / "events.jsonl.gz")]])
            own(db)
            gather(db, [str(tmp_path / "answers.jsonl.gz")], ITEMS)
            found, since = units(db, experiment)
            order_of = [str(u) for (u,) in db.execute("SELECT unit FROM taken ORDER BY first, unit").fetchall()]
        assert len(found) == len(order_of)
        read.since, read.units = since, found
        place = {unit: n for n, unit in enumerate(order_of)}
        return [_row(found, place[unit_of(name)]) for name in ids]

    return read


def _row(found, n):
    columns = ("answers", "clicks", "orders", "revenue", "margin", "variety", "empty", "fallback", "milliseconds")
    row = {name: float(getattr(found, name)[n]) for name in columns}
    return {"variant": found.names[found.variant[n]], **row, "before": found.before[n].tolist()}


def test_answers_clicks_and_orders_of_a_shopper_are_one_row(rows):
    first, second = answer("a1", "fresh", ms=5.0, fallback=True), answer("a1", "fresh", 1.0, ("tent", "stove"), ms=7.0)
    events = [clicked(first), clicked(first, minutes=1), order("tent", "rope", minutes=5), order("stove", minutes=6)]
    (row,) = rows([first, second], events, "a1")
    assert row == {
        **{"variant": "fresh", "answers": 2, "clicks": 1, "orders": 2, "revenue": 30.0, "margin": 7.0},
        **{"variety": 1.5, "empty": 0, "fallback": 1, "milliseconds": 12.0, "before": [0, 0, 0]},
    }


def test_what_was_before_is_told_apart_and_is_no_result(rows):
    events = [order("tent", minutes=-60), event(minutes=-30), event(minutes=-60 * 24 * 40), order("rope", minutes=1)]
    (row,) = rows([answer("a1")], events, "a1")
    assert row["orders"] == 1 and row["before"] == [1, 1, 10.0]


def test_a_refund_takes_back_revenue_and_margin(rows):
    refund = event(
        "Order Refunded", minutes=9, properties={"total": 10.0, "products": [{"product_id": "tent", "quantity": 1}]}
    )
    (row,) = rows([answer("a1")], [order("tent", "rope", minutes=5), refund], "a1")
    assert (row["orders"], row["revenue"], row["margin"]) == (1, 10.0, 1.0)


def test_an_order_without_a_total_is_the_sum_of_its_lines(rows):
    bare = event(
        "Order Completed", minutes=5, properties={"products": [{"sku": "tent", "price": "3.5", "quantity": 2}]}
    )
    (row,) = rows([answer("a1")], [bare], "a1")
    assert (row["revenue"], row["margin"]) == (7.0, 8.0)


def test_a_device_and_who_logs_in_on_it_are_units_of_their_own(rows):
    login = {"user_id": "u1", "verified": True}
    events = [order("rope", minutes=2), order("tent", minutes=20, **login), order("stove", minutes=30, order_id="o3")]
    device, user = rows([answer("a1", "now"), answer("u1", "fresh", 10.0)], events, "a1", "u1")
    assert (device["variant"], device["margin"]) == ("now", 1.0)
    assert (user["variant"], user["margin"]) == ("fresh", 6.0), "the device is theirs by then, whoever an event names"


def test_who_did_nothing_counts_and_who_took_part_in_nothing_does_not(rows):
    other = answer("a3", experiment="another")
    (row,) = rows([answer("a2"), other, answer("", "now")], [order("tent", minutes=3)], "a2")
    assert row["orders"] == row["clicks"] == 0 and len(rows.units) == 1 and rows.since == NOW


def test_a_unit_keeps_the_variant_it_met_first(rows):
    (row,) = rows([answer("a1", "fresh", 5.0), answer("a1", "now", 1.0)], [], "a1")
    assert (row["variant"], row["answers"]) == ("now", 2)


def test_an_answer_that_lies_there_twice_counts_once(rows):
    one = answer("a1")
    (row,) = rows([one, one], [], "a1")
    assert row["answers"] == 1


def test_only_the_time_of_the_experiment_counts(rows):
    until = Experiment("blend", "main", ("home",), BLEND.variants, start=NOW, until=NOW + 3600)
    answers = [answer("a1", minutes=-5), answer("a1", minutes=5), answer("a1", minutes=90)]
    (row,) = rows(answers, [order("tent", minutes=30), order("rope", minutes=61)], "a1", experiment=until)
    assert (row["answers"], row["orders"], row["revenue"]) == (1, 1, 10.0)


def test_the_holdout_is_read_where_there_is_one_and_empty_shelves_are_counted(rows):
    held = Experiment("blend", "main", ("home",), (Variant("now", 0.5), Variant("fresh", 0.4)), holdout=0.1)
    (row,) = rows([answer("a1", "holdout", shown=())], [], "a1", experiment=held)
    assert (row["variant"], row["empty"], row["variety"]) == ("holdout", 1, 0)
    assert rows.units.names == ("now", "fresh", "holdout")
    rows([answer("a1", "holdout"), answer("a2", "gone")], [])
    assert len(rows.units) == 0 and rows.since == 0.0


def test_a_line_of_the_log_is_read_as_it_was_written_and_names_nobody():
    one = answer("user-of-anna", bandit="b", arm="x", segment="all", propensity=0.25, ms=3.5)
    line = packed([one])
    import gzip

    text = gzip.decompress(line).rstrip(b"\n")
    assert decode(text) == one and b"anna" not in text
    assert folder(NOW) == "answers/dt=2026-03-02/" and unit_of("") == "" and len(unit_of("a1")) == 24
