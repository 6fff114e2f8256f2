"""A shop moves in: its catalog over the API, old events straight into the lake, the latest through the live path."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from infrastructure.cli.api import Api
from infrastructure.cli.aws import client
from infrastructure.cli.generator import GeneratedShop
from infrastructure.cli.online_retail import OnlineRetail
from infrastructure.cli.shop import Shop
from infrastructure.local.layout import LocalStackError, Stack
from shared.events import lake
from shared.events.model import Event, encode
from shared.profiles.store import ShoppersStore

BATCH = 400
CONNECTIONS = 4
CATALOG_BATCH = 500
MOST_WAIT = 600.0


def shop_of(folder: str | None, shoppers: int, seed: int) -> Shop:
    if folder is None:
        return GeneratedShop(seed, shoppers)
    path = Path(folder)
    if OnlineRetail.found_in(path):
        return OnlineRetail(path)
    raise LocalStackError(f"No shop is known in {folder}. It should hold online_retail.csv or online_retail.csv.gz.")


def history(stack: Stack, shop: Shop, live_days: float) -> list[Event]:
    """Load the catalog, and into the lake what happened before the last `live_days`; returns what happened since."""
    api = Api(stack, stack.secret_key)
    items = shop.catalog()
    for start in range(0, len(items), CATALOG_BATCH):
        api.call("PUT", "/v1/catalog/items", {"items": items[start : start + CATALOG_BATCH]})
    print(f"  catalog: {len(items)} items", flush=True)
    events = list(shop.events())
    border = events[-1].timestamp - timedelta(days=live_days)
    old = [event for event in events if event.timestamp < border]
    _write_history(stack, old)
    print(f"  history: {len(old)} events written to the lake", flush=True)
    return events[len(old) :]


def _write_history(stack: Stack, events: list[Event]) -> None:
    """Object names follow from the content's hour alone: loading again writes the same objects."""
    folders: dict[str, list[bytes]] = {}
    for event in events:
        folders.setdefault(lake.folder(event.timestamp), []).append(encode(event))
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]

    def write(pair: tuple[str, list[bytes]]) -> None:
        s3.put_object(Bucket=bucket, Key=f"{pair[0]}import.jsonl.gz", Body=lake.lines(pair[1]))

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(write, folders.items()))


def live(stack: Stack, events: list[Event]) -> None:
    """Send events over the API and wait until shoppers' states have them.

    Devices keep their order: events of one go through one connection.
    """
    lanes: list[list[Event]] = [[] for _ in range(CONNECTIONS)]
    for event in events:
        lanes[hash(event.anonymous_id or event.user_id or event.message_id) % CONNECTIONS].append(event)
    api = Api(stack, stack.secret_key, CONNECTIONS)
    began, sent = time.monotonic(), 0

    def run(lane: list[Event]) -> Iterator[int]:
        for start in range(0, len(lane), BATCH):
            batch = [_message(event) for event in lane[start : start + BATCH]]
            api.call("POST", "/v1/batch", {"batch": batch, "sentAt": datetime.now(UTC).isoformat()})
            yield len(batch)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for count in pool.map(lambda lane: sum(run(lane)), lanes):
            sent += count
    print(
        f"Live: {sent} events sent in {time.monotonic() - began:.0f} s; waiting until shoppers' states have them …",
        flush=True,
    )
    _wait(stack, events)


def _message(event: Event) -> dict[str, Any]:
    """As a server would send it: the Tracking API's form."""
    plain: dict[str, Any] = msgspec.to_builtins(event)
    return {
        name: plain[name] for name in plain if name not in ("receivedAt", "verified", "consent", "originalTimestamp")
    }


def _wait(stack: Stack, events: Iterable[Event]) -> None:
    """Until the latest event of the last shoppers is in their states."""
    last: dict[str, float] = {}
    for event in events:
        if event.consent.personalization:
            key = f"u#{event.user_id}" if event.verified else f"a#{event.anonymous_id}"
            last[key] = event.timestamp.timestamp()
    watched = dict(sorted(last.items(), key=lambda pair: pair[1])[-50:])
    store = ShoppersStore(client(stack, "dynamodb"), stack.outputs["ShoppersTable"])
    deadline = time.monotonic() + MOST_WAIT
    while watched and time.monotonic() < deadline:
        states = store.get_many(watched)
        # a device's history moves to the shopper who logs in, so an emptied device has been seen as well
        watched = {
            key: at
            for key, at in watched.items()
            if states[key].state.session.last < at - 1 and not states[key].state.user_id
        }
        time.sleep(0.5)
    if watched:
        raise LocalStackError(
            f"The states of {len(watched)} shoppers did not catch up within {MOST_WAIT:.0f} s; see `make logs`."
        )
    print("  shoppers' states are up to date", flush=True)
