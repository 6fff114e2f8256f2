"""A shop moves in: its catalog over the API, old events straight into the lake, the latest through the live path.

Learning reads the lake, so it knows the whole history. Shoppers' states hold what came through the live path: for a shopper who was
not seen in the latest days, the state begins with the next visit.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from itertools import chain, dropwhile, groupby

from infrastructure.cli import live as live_path
from infrastructure.cli.api import Api
from infrastructure.cli.arrival import Arrival, begun
from infrastructure.cli.aws import client, identity_keys
from infrastructure.cli.generator import GeneratedShop
from infrastructure.cli.online_retail import OnlineRetail
from infrastructure.cli.progress import Progress
from infrastructure.cli.shop import Choice, Shop
from infrastructure.local.layout import LocalStackError, Stack
from shared.capture.intake import kept
from shared.events import lake
from shared.events.model import Event, encode
from shared.identity.ids import Hashes

CATALOG_BATCH = 500
WRITERS = 4
Object = tuple[str, list[bytes]]  # key, events


def shop_of(choice: Choice, until: datetime | None = None) -> Shop:
    """The chosen shop, with its history ending at `until` if that can be chosen. Raises LocalStackError for a folder without one."""
    if choice.data is None:
        return GeneratedShop(choice.seed, choice.shoppers, until, choice.weeks, choice.items)
    if OnlineRetail.found_in(choice.data):
        return OnlineRetail(choice.data, (until or datetime.now(UTC)) if choice.shift_to_now else None)
    raise LocalStackError(
        f"No shop is known in {choice.data}. It should hold online_retail.csv or online_retail.csv.gz."
    )


def arrive(stack: Stack, choice: Choice, live_days: float | None) -> tuple[Shop, Arrival]:
    """The shop as it began to move in, and how far it came."""
    shop = shop_of(choice)
    days = shop.live_days if live_days is None else live_days
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    arrival = Arrival.of(s3, bucket, shop.key, begun(shop.until, days, live_path.CONNECTIONS))
    return shop_of(choice, arrival.until), arrival


def history(stack: Stack, shop: Shop, live_days: float) -> Iterator[Event]:
    """Load the catalog, and into the lake what happened before the last `live_days`; returns what happened since, still to be made."""
    load_catalog(stack, shop)
    border = _border(shop, live_days)
    events, since = shop.events(), []

    def old() -> Iterator[Event]:
        for event in events:
            if event.timestamp >= border:
                since.append(event)
                return
            yield event

    _write(stack, _objects(old(), shop.key, identity_keys(stack)))
    return chain(since, events)


def latest(shop: Shop, live_days: float) -> Iterator[Event]:
    """What `history` returns, for a shop whose history is in the lake already."""
    border = _border(shop, live_days)
    return dropwhile(lambda event: event.timestamp < border, shop.events())


def _border(shop: Shop, live_days: float) -> datetime:
    return (shop.until - timedelta(days=live_days)).replace(minute=0, second=0, microsecond=0)


def live(stack: Stack, events: Iterable[Event], arrival: Arrival | None = None) -> None:
    """Send events over the API and wait until shoppers' states have them."""
    if arrival is None:
        live_path.send(stack, events, [0] * live_path.CONNECTIONS)
        return
    live_path.send(stack, events, arrival.sent, arrival.add)
    arrival.finish()


def load_catalog(stack: Stack, shop: Shop) -> None:
    api, progress, items = Api(stack, stack.secret_key), Progress("catalog", "items"), shop.catalog()
    for start in range(0, len(items), CATALOG_BATCH):
        chunk = items[start : start + CATALOG_BATCH]
        refused = api.call("PUT", "/v1/catalog/items", {"items": chunk}).get("rejected")
        if refused:
            raise LocalStackError(f"The catalog refused {len(refused)} items; the first: {refused[0]}")
        progress.add(len(chunk))
    progress.done()


def _objects(events: Iterable[Event], key: str, keys: Hashes) -> Iterator[Object]:
    """One object an hour, named after the shop: loading again writes the same objects. Events are kept as capture keeps a server's."""
    for folder, members in groupby(events, key=lambda event: lake.folder(event.timestamp)):
        yield f"{folder}import-{key}.jsonl.gz", [encode(kept(event, keys, server=True)) for event in members]


def _write(stack: Stack, objects: Iterable[Object]) -> None:
    s3, bucket, progress = client(stack, "s3"), stack.outputs["LakeBucket"], Progress("history", "events")

    def put(key: str, events: list[bytes]) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=lake.lines(events), ContentType="application/gzip")
        progress.add(len(events))

    under_way: set[Future[None]] = set()
    with ThreadPoolExecutor(WRITERS) as pool:
        for key, events in objects:
            if len(under_way) >= 2 * WRITERS:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for finished in done:
                    finished.result()
            under_way.add(pool.submit(put, key, events))
    for finished in under_way:
        finished.result()
    progress.done()
