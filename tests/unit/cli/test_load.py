"""A shop moves in, is interrupted, and moves in again."""

import gzip
import io
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from infrastructure.cli import load
from infrastructure.cli.api import Api, ApiError
from infrastructure.cli.generator import GeneratedShop
from infrastructure.cli.live import BATCH, CONNECTIONS, Lane, lane_of
from infrastructure.cli.progress import Progress
from infrastructure.cli.shop import Choice
from infrastructure.local.layout import LocalStackError
from shared.events.model import decode
from shared.profiles.store import ShoppersStore

SMALL = Choice(seed=5, shoppers=12, items=64, weeks=3)


def move_in(stack, choice=SMALL, live_days=4.0):
    shop, arrival = load.arrive(stack, choice, live_days)
    if not arrival.finished:
        load.live(stack, load.history(stack, shop, arrival.live_days), arrival)
    return shop


def states(back):
    rows = back.shoppers.items.client.scan(TableName="shoppers")["Items"]
    return {row["pk"]["S"]: (row["value"]["B"], row["version"]["N"]) for row in rows}


def lines(objects):
    return [decode(line) for body in objects.values() for line in gzip.decompress(body).splitlines()]


def test_old_events_lie_in_the_lake_and_the_latest_came_through_the_api(stack, back, lake):
    shop = move_in(stack)
    events = list(shop.events())
    old = lines(lake("events/"))
    assert sum(back.batches) + len(old) == len(events)
    assert {e.message_id for e in old} == {e.message_id for e in events if e.timestamp < _border(shop)}
    assert all(f"dt={key[10:20]}" in key for key in lake("events/"))


def test_the_live_part_keeps_its_own_times(stack, back):
    shop = move_in(stack)
    wanted = sorted(event.timestamp for event in islice(shop.events(), None))[-sum(back.batches) :]
    assert sorted(datetime.fromisoformat(at) for at in back.timestamps) == wanted


def test_no_identifier_of_a_shopper_who_refused_is_in_the_lake(stack, back, lake):
    shop = move_in(stack, SMALL._replace(shoppers=60), live_days=1)
    refused = {e.anonymous_id for e in shop.events() if not e.consent.personalization}
    assert refused
    kept = b"".join(gzip.decompress(body) for body in lake("events/").values())
    assert not any(device.encode() in kept for device in refused)


def test_loading_again_changes_nothing(stack, back, lake):
    move_in(stack)
    before = lake(), states(back), list(back.batches)
    move_in(stack)
    assert (lake(), states(back), back.batches) == before


def test_history_written_again_is_the_same_objects(stack, back, lake):
    shop = GeneratedShop(5, 12, datetime(2026, 3, 1, tzinfo=UTC), 3, 64)
    list(load.history(stack, shop, 4))
    before = lake()
    list(load.history(stack, shop, 4))
    assert lake() == before


def test_an_interrupted_load_goes_on_and_ends_as_if_it_had_not_been(stack, back, monkeypatch):
    monkeypatch.setattr("infrastructure.cli.live.BATCH", 20)
    monkeypatch.setattr("infrastructure.cli.live.wait", lambda stack, last: None)
    shop, arrival = load.arrive(stack, SMALL, 4.0)
    latest = list(load.history(stack, shop, 4.0))
    assert list(load.latest(shop, 4.0)) == latest
    half = latest[: len(latest) // 2]
    load.live_path.send(stack, half, arrival.sent, arrival.add)
    assert not arrival.finished and sum(arrival.sent) == len(half) == sum(back.batches)

    again, resumed = load.arrive(stack, SMALL, None)
    assert again.until == shop.until and resumed.live_days == 4.0 and resumed.sent == arrival.sent
    load.live(stack, load.latest(again, resumed.live_days), resumed)
    assert sum(back.batches) == len(latest)
    totals = [v.state.totals.events for v in back.shoppers.get_many(states(back)).values()]
    assert sum(totals) == sum(e.consent.personalization for e in latest)


def test_a_busy_api_is_asked_again_and_gets_everything(stack, back, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    back.refuse = [429, 503, 500]
    shop = move_in(stack)
    assert sum(back.batches) == sum(1 for e in shop.events() if e.timestamp >= _border(shop))


def _border(shop):
    return (shop.until - timedelta(days=4)).replace(minute=0, second=0, microsecond=0)


def test_an_event_the_api_refuses_ends_the_load_with_the_reason(stack, back):
    bad = next(iter(GeneratedShop(5, 3).events()))
    bad.type = "nonsense"
    with pytest.raises(LocalStackError, match="refused|answered 400"):
        load.live(stack, [bad])


def test_an_api_that_is_not_there_is_said_in_a_sentence(stack, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    object.__setattr__(stack, "api_url", "http://127.0.0.1:9")
    with pytest.raises(LocalStackError, match="does not answer"):
        Api(stack, "k").call("GET", "/v1/catalog/items", attempts=2)


def test_an_answer_that_is_not_json_is_still_an_api_error(stack, back):
    back.refuse = [403]
    with pytest.raises(ApiError, match="403: busy"):
        Api(stack, "k").call("POST", "/v1/batch", {"batch": []})


def test_a_folder_without_a_shop_is_refused(tmp_path):
    with pytest.raises(LocalStackError, match="should hold online_retail.csv"):
        load.shop_of(Choice(data=tmp_path))


def test_the_catalog_arrives_over_the_api(stack, back):
    shop = move_in(stack)
    assert {item.id for item in back.catalog.scan()} == {item["id"] for item in shop.catalog()}


def test_one_devices_events_stay_in_order_on_one_connection():
    shop = GeneratedShop(5, 30, datetime(2026, 3, 1, tzinfo=UTC), 2, 64)
    lanes = {}
    for event in shop.events():
        lanes.setdefault(event.anonymous_id, set()).add(lane_of(event, CONNECTIONS))
    assert all(len(found) == 1 for found in lanes.values())
    assert len({lane for found in lanes.values() for lane in found}) == CONNECTIONS


def test_a_request_stays_below_what_the_api_takes():
    bodies = []
    lane = Lane(lambda body, count: bodies.append((len(body), count)))
    for size in [30_000] * 40 + [100] * (2 * BATCH):
        lane.add(b"x" * size)
    lane.close()
    lane.pool.shutdown()
    assert sum(count for _, count in bodies) == 40 + 2 * BATCH
    assert max(size for size, _ in bodies) < 500_000 and max(count for _, count in bodies) <= BATCH


def test_progress_says_counts_and_rates():
    times, out = iter([0.0, 1.0, 6.0, 10.0, 10.0]), io.StringIO()
    progress = Progress("history", "events", out, lambda: next(times))
    progress.add(1000)
    progress.add(2000)
    progress.done()
    assert "history: 3,000 events in 10 s (300/s)" in out.getvalue()


def test_a_shopper_store_is_where_waiting_looks(stack, back):
    """Waiting ends when the latest shoppers are up to date: their states hold the time of their last event."""
    shop = move_in(stack)
    *_, last = (event for event in shop.events() if event.consent.personalization)
    key = f"u#{last.user_id}" if last.verified else f"a#{last.anonymous_id}"
    state = ShoppersStore(back.shoppers.items.client, "shoppers").get_many([key])[key].state
    assert state.session.last == last.timestamp.timestamp()


def test_waiting_for_a_state_that_never_comes_ends_with_a_sentence(stack, monkeypatch):
    monkeypatch.setattr("infrastructure.cli.live.MOST_STILL", 0.5)
    with pytest.raises(LocalStackError, match="states of 1 shoppers do not catch up"):
        load.live_path.wait(stack, {"a#nobody": 1e9})
