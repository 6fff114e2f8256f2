"""A request worked off step by step. Every step can be done again: what stops somewhere goes on there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from msgspec import json

from shared.privacy import registry
from shared.privacy.keys import PrivacyKey, hidden
from shared.privacy.objects import Objects
from shared.privacy.person import Person
from shared.privacy.receipt import sign
from shared.privacy.requests import Request, RequestStore, Step, moment
from shared.privacy.resolve import Identities, person
from shared.privacy.stores.base import Chunk, Store
from shared.privacy.stores.files import EXPORTS, WORK, Models
from shared.privacy.suppression import SuppressionStore

ROUNDS = 5  # looks at a store until nothing is found any more
SCHEMA = "shopwindow.erasure-receipt/1"


class Incomplete(Exception):
    """A store still holds the person after erasing it again and again."""


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
    identities: Identities
    lake: Objects
    stores: Callable[[Request], list[Store]]


def steps(request: Request, stores: list[Store]) -> list[Step]:
    names = [store.name for store in stores]
    if request.type == "export":
        return [Step("resolve"), *(Step(f"find {name}") for name in names), Step("write")]
    verified = [Step(f"verify {store.name}") for store in stores if not isinstance(store, Models)]
    erased = [Step(f"erase {name}") for name in names]
    return [Step("resolve"), Step("suppress"), Step("wait"), *erased, *verified, Step("receipt")]


class Work:
    """`in_flight` is how long (seconds) an event may be on its way through a consumer that has not heard of a suppression."""

    def __init__(self, parts: Parts, request: Request, clock: Clock, in_flight: int) -> None:
        self.parts = parts
        self.request = request
        self.clock = clock
        self.in_flight = in_flight
        self.stores = {store.name: store for store in parts.stores(request)}

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
            "resolve": self._resolve,
            "suppress": self._suppress,
            "wait": self._wait,
            "write": self._write,
            "receipt": self._sign,
        }[action]()

    def _resolve(self) -> None:
        found = person(self.parts.identities, self.parts.lake, self.request.identifiers)
        self.parts.lake.put(self._place("person"), json.encode(found))

    def _suppress(self) -> None:
        request = self.request
        request.erased_at = request.erased_at or self.clock.now()
        self._save()
        self.parts.suppressions.put(
            self._person().identifiers, request.erased_at, forever=request.suppress == "forever"
        )

    def _wait(self) -> int | None:
        """What a consumer has in its hands now may still be written: let it pass."""
        left = self.request.erased_at + self.in_flight - self.clock.now()
        return int(left) + 1 if left > 0 else None

    def _sweep(self, step: Step, action: str, store: Store) -> int | None:
        who = self._person()
        while True:
            for chunk in store.find(who, self.request.cursor):
                step.found += sum(find.amount for find in chunk.finds)
                self._take(action, store, who, chunk)
                self.request.cursor = chunk.cursor
                self._save()
                if chunk.cursor and self.clock.out_of_time():
                    return 0
            if action != "verify" or not step.found:
                return None
            step.rounds, step.found = step.rounds + 1, 0
            if step.rounds == ROUNDS:
                raise Incomplete(f"{store.title}: something of the person comes back each time it is erased")

    def _take(self, action: str, store: Store, who: Person, chunk: Chunk) -> None:
        if action != "find":
            store.erase(who, chunk.finds)
            if isinstance(store, Models):
                self.request.models += [find.held for find in chunk.finds]
        elif chunk.finds:
            finds = [{"from": find.where, "holds": find.held} for find in chunk.finds]
            self.parts.lake.put(
                self._place(f"{self.request.parts:06d}"), json.encode({"store": store.name, "finds": finds})
            )
            self.request.parts += 1

    def _write(self) -> None:
        """Of somebody unknown there is no file: it would be the first thing held of them."""
        if not self.request.found:
            return
        who = self._person()
        found: dict[str, list[Any]] = {name: [] for name in self.stores}
        for number in range(self.request.parts):
            part = json.decode(self.parts.lake.get(self._place(f"{number:06d}")))
            found[part["store"]] += part["finds"]
        document = {
            "request": self.request.id,
            "madeAt": moment(self.clock.now()),
            "person": {"identifiers": [{"type": kind, "value": value} for kind, value in who.identifiers]},
            "stores": [
                {"store": name, "what": store.title, "finds": found[name]} for name, store in self.stores.items()
            ],
        }
        self.parts.lake.put(f"{EXPORTS}{self.request.id}.json", json.format(json.encode(document), indent=2))

    def _sign(self) -> None:
        facts = receipt(self.request, self._person(), self.stores, self.parts.key.suppression, self.clock.now())
        self.request.receipt = sign(facts, self.parts.key.seed)

    def _finish(self) -> None:
        """Forget whom the request was about."""
        objects = self.parts.lake
        objects.delete(objects.versions(f"{WORK}{self.request.id}/"))
        self.request.identifiers = []
        self.request.status, self.request.ended = "done", self.clock.now()
        self._save()

    def _person(self) -> Person:
        return json.decode(self.parts.lake.get(self._place("person")), type=Person)

    def _place(self, name: str) -> str:
        return f"{WORK}{self.request.id}/{name}.json"

    def _save(self) -> None:
        self.parts.requests.save(self.request)


def failed(request: Request, cause: str) -> Request:
    """The request as it waits for somebody to mend what was wrong. `cause` is what Step Functions says of an error."""
    try:
        told = json.decode(cause)
        cause = f"{told['errorType']}: {told['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        pass
    request.status, request.error = "failed", cause[:500]
    return request


def receipt(request: Request, who: Person, stores: dict[str, Store], key: bytes, now: float) -> dict[str, Any]:
    """What was erased and what remains, with no identifier in clear."""
    done = {step.name: step for step in request.steps}
    counts = [
        {
            "store": name,
            "what": store.title,
            "found": done[f"erase {name}"].found,
            "foundAfterwards": done[f"verify {name}"].found,
            "verifiedAt": moment(done[f"verify {name}"].ended),
        }
        for name, store in stores.items()
        if f"verify {name}" in done
    ]
    return {
        "schema": SCHEMA,
        "request": request.id,
        "requestedAt": moment(request.created),
        "erasedAt": moment(request.erased_at),
        "completedAt": moment(now),
        "found": request.found > 0,
        "person": sorted(hidden(key, *identifier) for identifier in who.identifiers),
        "devicesSharedWithOthers": len(who.shared),
        "suppression": request.suppress,
        "stores": counts,
        "models": models(request.models, now),
        "remains": remains(request, now),
    }


def models(found: list[dict[str, Any]], now: float) -> dict[str, Any]:
    """`found` are versions that saw the person (or may have), newest first."""
    versions = {
        answer: [model["version"] for model in found if model["sawThePerson"] == answer]
        for answer in ("yes", "unknown")
    }
    last = datetime.fromtimestamp(now, UTC) + timedelta(days=registry.VERSIONS_KEPT)
    gone = last + timedelta(days=registry.NONCURRENT_DAYS)
    dates = {"lastRetiredBy": last.date().isoformat(), "lastCopyGoneBy": gone.date().isoformat()} if found else {}
    return {
        "sawThePerson": versions["yes"],
        "notKnown": versions["unknown"],
        **dates,
        "computed": (
            f"{registry.VERSIONS_KEPT} versions are kept and one is published each night, so the newest of now is retired after "
            f"{registry.VERSIONS_KEPT} nights, and its deleted files are gone {registry.NONCURRENT_DAYS} days later; nights without a "
            "new version are to be added. A model holds sums over all shoppers, none of a single one."
        ),
    }


def remains(request: Request, now: float) -> list[dict[str, str]]:
    """What cannot be erased at once, and when it goes by itself."""

    def day(seconds: float, days: float) -> str:
        return moment(seconds + days * registry.DAY)

    kept = "for ever" if request.suppress == "forever" else day(request.erased_at, registry.SUPPRESSION_DAYS)
    return [
        {
            "what": "records in the event stream",
            "until": day(request.erased_at, registry.STREAM_DAYS),
            "why": "a stream cannot be edited; the suppression keeps its consumers from using them",
        },
        {
            "what": "point-in-time backups of the tables",
            "until": day(now, registry.BACKUP_DAYS),
            "why": "a backup cannot be edited; after a restore, erasures since then are to be requested again",
        },
        {
            "what": "hidden identifiers of the suppression",
            "until": kept,
            "why": "without them late events would bring the person back",
        },
        {
            "what": "this receipt",
            "until": day(request.created, registry.REQUEST_DAYS),
            "why": "it is the shop's proof; it names nobody",
        },
    ]
