"""A request worked off step by step. Every step can be done again: what stops somewhere goes on there."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from msgspec import json

from shared.privacy import replay
from shared.privacy.desk import export
from shared.privacy.document import document, piece
from shared.privacy.facts import counts, receipt
from shared.privacy.keys import PrivacyKey
from shared.privacy.objects import Objects
from shared.privacy.person import UNIT, Person
from shared.privacy.plan import steps
from shared.privacy.receipt import sign
from shared.privacy.replay import Replayed
from shared.privacy.requests import Request, RequestStore, Step
from shared.privacy.resolve import PASSES, Resolver
from shared.privacy.search import Search, node, person
from shared.privacy.stores.base import Chunk, Keyed, Store
from shared.privacy.stores.files import WORK, Models
from shared.privacy.stretches import Stretches, pieces
from shared.privacy.suppression import SuppressionStore

Part = TypeVar("Part")
ROUNDS = 5  # looks at a store until nothing is found any more


class Incomplete(Exception):
    """Names lead on to further names, or a store still holds the person after erasing it again and again."""


class Progress(NamedTuple):
    """`wait` is how many seconds to let pass before going on."""

    done: bool
    wait: int = 0


class Clock(NamedTuple):
    now: Callable[[], float]  # epoch seconds
    out_of_time: Callable[[], bool]  # whether this invocation should come to an end


class Parts(NamedTuple):
    """What the work needs, each part with a life of its own. `stores` are made for a request: some must not look at its own traces."""

    requests: RequestStore
    suppressions: SuppressionStore
    key: PrivacyKey
    resolver: Resolver
    lake: Objects
    stores: Callable[[Request], list[Store]]


class Work:
    """`in_flight` is how long (seconds) an event may be on its way through a consumer that has not heard of a suppression."""

    def __init__(self, parts: Parts, request: Request, clock: Clock, in_flight: int) -> None:
        self.parts = parts
        self.request = request
        self.clock = clock
        self.in_flight = in_flight
        stores = parts.stores(request)
        if request.type == "replay":
            stores = [store for store in stores if isinstance(store, Keyed)]
        self.stores = {store.name: store for store in stores}

    def advance(self) -> Progress:
        """Do what can be done now."""
        request = self.request
        if request.status == "done":
            return Progress(done=True)
        request.steps = request.steps or steps(request, list(self.stores.values()))
        request.status, request.error = "running", ""
        while step := request.current:
            step.status = "running"
            self._save()
            wait = self._do(step)
            if wait is not None:
                return Progress(False, wait)
            step.status, step.ended, request.cursor = "done", self.clock.now(), ""
            self._save()
        self._finish()
        return Progress(done=True)

    def _do(self, step: Step) -> int | None:
        """None when the step is done, otherwise the seconds to wait before it goes on."""
        action, _, name = step.name.partition(" ")
        if name:
            return self._sweep(step, action, self.stores[name])
        return {
            "resolve": lambda: self._resolve(step),
            "devices": self._devices,
            "suppress": self._suppress,
            "recall": self._recall,
            "search": self._search,
            "wait": self._wait,
            "write": self._write,
            "receipt": self._sign,
        }[action]()

    def _resolve(self, step: Step) -> int | None:
        """Passes over the lake until no name is new: what is not known when erasing begins could not be found afterwards."""
        resolver = self.parts.resolver
        search = self._kept("search", Search) or resolver.begin([node(one) for one in self.request.identifiers])
        while search.seeking:
            if step.rounds >= PASSES * self.request.attempts:
                raise Incomplete(f"after {step.rounds} passes names still lead to others; resume for {PASSES} more")
            for cursor in resolver.pieces(search, self.request.cursor):
                if self._paused("search", search, cursor):
                    return 0
            step.rounds += 1
            resolver.go_on(search)
            self._keep("search", search)
            self._save()
        self._keep("person", person(search, resolver.settings))
        return None

    def _devices(self) -> int | None:
        """One pass over the lake for the person's messages on devices of several users."""
        who = self._person()
        found = self._kept("stretches", Stretches) or Stretches()
        for cursor in pieces(self.parts.lake, who, found, self.request.cursor):
            if self._paused("stretches", found, cursor):
                return 0
        who.messages = found.messages
        self._keep("person", who)
        return None

    def _paused(self, name: str, found: Any, cursor: str) -> bool:
        """Keep what was found and how far; whether to go on in another invocation. A piece that is done again changes nothing."""
        self._keep(name, found)
        self.request.cursor = cursor
        self._save()
        return bool(cursor) and self.clock.out_of_time()

    def _suppress(self) -> None:
        request = self.request
        request.erased_at = request.erased_at or self.clock.now()
        self._save()
        who = self._person()
        names = [*who.identifiers, *((UNIT, unit) for unit in sorted(who.units))]
        self.parts.suppressions.put(names, request.erased_at, forever=request.suppress == "forever")

    def _wait(self) -> int | None:
        """What a consumer has in its hands now may still be written: let it pass."""
        left = self.request.erased_at + self.in_flight - self.clock.now()
        return int(left) + 1 if left > 0 else None

    def _sweep(self, step: Step, action: str, store: Store) -> int | None:
        """Erasing goes where the person is known to be; verifying looks everywhere, and what it finds is erased and looked for again."""
        who = self._person()
        look = store.likely if action == "erase" and isinstance(store, Keyed) else store.find
        while True:
            for chunk in look(who, self.request.cursor):
                step.found += sum(find.amount for find in chunk.finds)
                self._take(action, store, who, chunk)
                self.request.cursor = chunk.cursor
                self._save()
                if chunk.cursor and self.clock.out_of_time():
                    return 0
            if action != "verify" or not step.found:
                return None
            self._also_erased(store, step.found)
            step.rounds, step.found = step.rounds + 1, 0
            if step.rounds == ROUNDS:
                raise Incomplete(f"{store.title}: something of the person comes back each time it is erased")

    def _also_erased(self, store: Store, amount: int) -> None:
        for step in self.request.steps:
            if step.name == f"erase {store.name}":
                step.found += amount

    def _take(self, action: str, store: Store, who: Person, chunk: Chunk) -> None:
        if action != "find":
            store.erase(who, chunk.finds)
            if isinstance(store, Models):
                self.request.models += [find.held for find in chunk.finds]
        elif chunk.finds:
            self.parts.lake.put(self._place(f"{self.request.parts:06d}"), piece(store, chunk.finds))
            self.request.parts += 1

    def _write(self) -> None:
        """Of somebody unknown there is no file: it would be the first thing held of them."""
        if not self.request.found:
            return
        pieces = [self.parts.lake.get(self._place(f"{number:06d}")) for number in range(self.request.parts)]
        made = document(self.request, self._person(), self.stores, pieces, self.clock.now())
        self.parts.lake.put(export(self.request.id), made)

    def _sign(self) -> None:
        """The receipt of an erasure is kept where no restore of a table reaches it."""
        request, key, now = self.request, self.parts.key, self.clock.now()
        if request.type == "replay":
            told = replay.facts(request, self._replayed(), counts(request, self.stores), now)
        else:
            told = receipt(request, self._person(), self.stores, key.suppression, now)
        request.receipt = sign(told, key.seed)
        if request.type == "erase":
            replay.keep(self.parts.lake, request.receipt)

    def _recall(self) -> None:
        """Who was erased since then, from the receipts: suppressed again first, as a restore has rolled that back too."""
        found = Replayed()
        for kept in replay.receipts(self.parts.lake, self.request.since, self.parts.key.pem):
            self.parts.suppressions.put_hidden([one.suppressed for one in kept])
            for one in kept:
                found.erasures.append(one.facts["request"])
                found.hidden += one.facts["person"]
                found.opened += one.facts["devicesNamedThoughShared"]
        self._keep("replayed", found)
        self.request.erased_at = self.clock.now()

    def _search(self) -> int | None:
        """Which of them the tables hold."""
        found, tables = self._replayed(), [(n, s) for n, s in self.stores.items() if isinstance(s, Keyed)]
        for cursor in replay.search(tables, found, self.parts.key, self.request.cursor):
            if self._paused("replayed", found, cursor):
                return 0
        self._keep("person", found.person(self.parts.key.suppression))
        return None

    def _replayed(self) -> Replayed:
        return self._kept("replayed", Replayed) or Replayed()

    def _finish(self) -> None:
        """Forget whom the request was about."""
        objects = self.parts.lake
        objects.delete(objects.versions(f"{WORK}{self.request.id}/"))
        self.request.identifiers = []
        self.request.status, self.request.ended = "done", self.clock.now()
        self._save()

    def _person(self) -> Person:
        return json.decode(self.parts.lake.get(self._place("person")), type=Person)

    def _kept(self, name: str, kind: type[Part]) -> Part | None:
        """What an earlier invocation found so far."""
        body = self.parts.lake.find(self._place(name))
        return json.decode(body, type=kind) if body else None

    def _keep(self, name: str, found: Any) -> None:
        self.parts.lake.put(self._place(name), json.encode(found))

    def _place(self, name: str) -> str:
        return f"{WORK}{self.request.id}/{name}.json"

    def _save(self) -> None:
        self.parts.requests.save(self.request)
