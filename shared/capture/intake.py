"""A request of the Tracking API, whole: limits, verdict on every event, proof of who is meant, and consent."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import json
from msgspec.structs import replace

from shared.capture.parse import parse, timestamp
from shared.consent import gate, statement
from shared.consent.statement import OPT_IN, Policy
from shared.errors import InvalidRequest, ShopwindowError, TooLarge
from shared.events.model import Event, encode
from shared.identity import blocked, extract, scrub
from shared.identity.extract import USUAL
from shared.identity.ids import Hashes

MAX_BATCH_BYTES = 500_000
MAX_EVENT_BYTES = 32_000
SINGLE = frozenset({"track", "identify", "page", "screen", "alias", "group"})


class Verdict(NamedTuple):
    place: int
    message_id: str
    error: ShopwindowError

    def body(self) -> dict[str, Any]:
        return {"index": self.place, "messageId": self.message_id, **self.error.body()}


class Intake(NamedTuple):
    """What to put on the stream, as (partition key, bytes), what was refused, and the events that name a shopper and say no:
    they go on as nobody's, but whoever is known under these ids has withdrawn."""

    entries: list[tuple[str, bytes]]
    refused: list[Verdict]
    denials: list[Event]


def messages(kind: str, body: Any) -> list[Any]:
    """The messages of a request to `/v1/<kind>`. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    if kind in SINGLE:
        return [{**body, "type": kind}]
    batch = body.get("batch")
    if not isinstance(batch, list) or not batch:
        raise InvalidRequest("must be a list of at least one event", "batch")
    return batch


def take(  # noqa: PLR0913 - all of them by name
    kind: str,
    body: Any,
    *,
    received_at: datetime,
    verified: Callable[[str, str], bool],
    new_id: Callable[[], str],
    keys: Hashes,
    server: bool = False,
    naming: extract.Policy = USUAL,
    policy: Policy = OPT_IN,
) -> Intake:
    """Judge every message on its own. `verified(user_id, user_hash)` says whether the user id is proven; `server` that one of the
    shop's servers sent it. `keys` are asked only when there is something to hash."""
    batch = messages(kind, body)
    sent_at = timestamp(body, "sentAt")
    entries: list[tuple[str, bytes]] = []
    refused: list[Verdict] = []
    denials: list[Event] = []
    for index, message in enumerate(batch):
        try:
            event = parse(message, received_at=received_at, sent_at=sent_at, message_id=new_id(), policy=policy)
            event = _proven(blocked.without(event, naming.blocked), verified)
            entries.append(_entry(kept(event, keys, naming, server=server)))
            if _denies(event, policy):
                denials.append(extract.identified(event, keys, naming, server=server))
        except ShopwindowError as error:
            refused.append(Verdict(index, _message_id(message), error))
    return Intake(entries, refused, denials)


def _denies(event: Event, policy: Policy) -> bool:
    named = event.anonymous_id or event.user_id
    return bool(named) and not event.consent.personalization and statement.read(event.context, policy).denied


def kept(event: Event, keys: Hashes, naming: extract.Policy = USUAL, *, server: bool) -> Event:
    """The event as it may be kept: what consent allows, who it is about as hashes, and nothing else that names a person."""
    return scrub.scrubbed(extract.identified(gate.admit(event), keys, naming, server=server))


def _proven(event: Event, verified: Callable[[str, str], bool]) -> Event:
    if not event.user_id:
        return event
    user_hash = event.context.get("userHash")
    context = {name: value for name, value in event.context.items() if name != "userHash"}
    proof = verified(event.user_id, user_hash if isinstance(user_hash, str) else "")
    return replace(event, verified=proof, context=context)


def _entry(event: Event) -> tuple[str, bytes]:
    data = encode(event)
    if len(data) > MAX_EVENT_BYTES:
        raise TooLarge(f"the event has {len(data)} bytes; at most {MAX_EVENT_BYTES} are taken")
    return event.anonymous_id or event.user_id or event.message_id, data


def _message_id(message: Any) -> str:
    value = message.get("messageId") if isinstance(message, dict) else None
    return value[:200] if isinstance(value, str) else ""


def answer(intake: Intake) -> tuple[int, bytes]:
    """Status and body: 200 when anything was taken (with the verdicts on what was not), 400 when nothing was."""
    body: dict[str, Any] = {"success": bool(intake.entries), "accepted": len(intake.entries)}
    if intake.refused:
        first = intake.refused[0].error
        body["rejected"] = [verdict.body() for verdict in intake.refused]
        if not intake.entries:
            return (first.status if len(intake.refused) == 1 else 400), json.encode({**body, **first.body()})
    return 200, json.encode(body)
