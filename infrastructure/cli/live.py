"""Events through the live path, as a shop's server sends them: over several connections, each device in its order."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec

from infrastructure.cli.api import Api
from infrastructure.cli.aws import client
from infrastructure.cli.progress import Progress
from infrastructure.local.layout import LocalStackError, Stack
from shared.events.model import Event
from shared.profiles.store import ShoppersStore

CONNECTIONS = 4
BATCH = 400
MOST_BYTES = 450_000  # the API takes 500,000
IN_FLIGHT = 2  # batches a connection holds ready
WATCHED = 50
MOST_STILL = 120.0  # seconds in which no shopper catches up
UNSENT = frozenset({"receivedAt", "verified", "consent", "originalTimestamp"})
Sent = Callable[[int, int], None]

_encoder = msgspec.json.Encoder()


class Lane:
    """One connection. `send` gets the bodies of requests, in order, with the number of events in each."""

    def __init__(self, send: Callable[[bytes, int], None], skip: int = 0) -> None:
        self.send = send
        self.skip = skip
        self.pool = ThreadPoolExecutor(1)
        self.waiting: deque[Future[None]] = deque()
        self.batch: list[bytes] = []
        self.size = 0

    def add(self, data: bytes) -> None:
        """Blocks while enough is under way. Raises what sending raised."""
        if self.skip:
            self.skip -= 1
            return
        if self.batch and (len(self.batch) == BATCH or self.size + len(data) > MOST_BYTES):
            self._flush()
        self.batch.append(data)
        self.size += len(data) + 1

    def close(self) -> None:
        if self.batch:
            self._flush()
        while self.waiting:
            self.waiting.popleft().result()

    def _flush(self) -> None:
        while len(self.waiting) >= IN_FLIGHT:
            self.waiting.popleft().result()
        # without sentAt: no clock of ours shifts the events' own times
        body = b'{"batch":[' + b",".join(self.batch) + b"]}"
        self.waiting.append(self.pool.submit(self.send, body, len(self.batch)))
        self.batch, self.size = [], 0


def send(stack: Stack, events: Iterable[Event], already: list[int], sent: Sent = lambda lane, count: None) -> None:
    """Send events over the API and wait until shoppers' states have them.

    `already` says how many events of each connection were sent before and are left out; `sent(connection, count)` is told of each
    request. Raises ApiError when the API refuses events.
    """
    api = Api(stack, stack.secret_key, len(already))
    progress = Progress("live path", "events")
    lanes = [Lane(_sender(api, progress, sent, lane), skip) for lane, skip in enumerate(already)]
    last: dict[str, float] = {}
    try:
        for event in events:
            lanes[lane_of(event, len(lanes))].add(message(event))
            _watch(last, event)
        for lane in lanes:
            lane.close()
    finally:
        for lane in lanes:
            lane.pool.shutdown(cancel_futures=True)
    progress.done()
    wait(stack, last)


def _sender(api: Api, progress: Progress, sent: Sent, lane: int) -> Callable[[bytes, int], None]:
    def deliver(body: bytes, count: int) -> None:
        answer = api.call("POST", "/v1/batch", body)
        if answer.get("rejected"):
            first = answer["rejected"][0]
            raise LocalStackError(
                f"The API refused {len(answer['rejected'])} of {count} events, first {first.get('messageId')}: {first.get('message')}"
            )
        progress.add(count)
        sent(lane, count)

    return deliver


def lane_of(event: Event, lanes: int) -> int:
    return zlib.crc32((event.anonymous_id or event.user_id or event.message_id).encode()) % lanes


def message(event: Event) -> bytes:
    """As a server would send it: the Tracking API's form, in JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(event)
    return _encoder.encode({name: value for name, value in plain.items() if name not in UNSENT})


def _watch(last: dict[str, float], event: Event) -> None:
    """Remember the latest event of the shoppers seen last."""
    if not event.consent.personalization:
        return
    key = f"u#{event.user_id}" if event.verified else f"a#{event.anonymous_id}"
    last.pop(key, None)
    last[key] = event.timestamp.timestamp()
    if len(last) > WATCHED:
        del last[next(iter(last))]


def wait(stack: Stack, last: dict[str, float]) -> None:
    """Until the states of these shoppers (key -> time of the latest event) have what was sent."""
    if not last:
        return
    print("  waiting until shoppers' states have them …", flush=True)
    store = ShoppersStore(client(stack, "dynamodb"), stack.outputs["ShoppersTable"])
    began = told = moved = time.monotonic()
    watched = dict(last)
    while watched:
        before = len(watched)
        states = store.get_many(watched)
        # a device's history moves to the shopper who logs in, so an emptied device has been seen as well
        watched = {
            key: at
            for key, at in watched.items()
            if states[key].state.session.last < at - 1 and not states[key].state.user_id
        }
        moved = time.monotonic() if len(watched) < before else moved
        if time.monotonic() - moved > MOST_STILL:
            raise LocalStackError(
                f"The states of {len(watched)} shoppers do not catch up: nothing moved for {MOST_STILL:.0f} s. See `make logs`."
            )
        if watched and time.monotonic() - told > 5:
            told = time.monotonic()
            print(
                f"  {told - began:.0f} s: {len(last) - len(watched)} of {len(last)} watched shoppers are up to date",
                flush=True,
            )
        time.sleep(0.3 if watched else 0)
    print(
        f"  shoppers' states are up to date, {time.monotonic() - began:.0f} s after the last event was sent", flush=True
    )
