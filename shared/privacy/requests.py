"""A privacy request: what was asked, how far it has come, and what it says to the shop's server that asks."""

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from msgspec import msgpack

from shared.errors import Conflict, InvalidRequest, NotFound
from shared.privacy.canonical import canonical
from shared.privacy.person import ANONYMOUS, USER, Identifier
from shared.versioned import Kept, VersionedTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "r#"
RETENTION = 1095 * 86400  # seconds: three years, in which a shop may have to prove what it did
LONGEST = 500
Type = Literal["export", "erase", "replay"]
Suppress = Literal["late", "forever"]
Status = Literal["waiting", "running", "done", "failed"]
PLAIN = (USER, ANONYMOUS)  # ids without a meaning outside; everything else is hashed at once
HASHED = ("email", "phone", "device", "loyalty")
IDS = re.compile(r"[A-Za-z0-9._-]{1,64}")
DONE = {
    ("export", True): "Everything held of this person is in the file behind the download link.",
    ("export", False): "Nothing is held of this person: no store knows these identifiers.",
    (
        "erase",
        True,
    ): "This person is erased. The receipt says what was found, what remains for how long, and can be verified.",
    ("erase", False): "Nothing was held of this person, so nothing was erased. The receipt says so.",
    ("replay", True): "Whoever came back with the restored tables is erased again. The receipt says what was found.",
    ("replay", False): "The tables hold nobody who was erased since then. The receipt says so.",
}
TYPES = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class Step(msgspec.Struct):
    """`found` counts what the step came upon: events, items, objects."""

    name: str
    status: Status = "waiting"
    found: int = 0
    rounds: int = 0
    ended: float = 0.0


class Request(msgspec.Struct, kw_only=True):
    """`identifiers` name the person only until the request is done; `digest` recognises the same request sent again. A replay is about
    all whose erasure ended `since` then (epoch seconds)."""

    id: str
    type: Type
    created: float
    digest: str
    identifiers: list[Identifier]
    suppress: Suppress = "late"
    status: Status = "waiting"
    steps: list[Step] = []
    cursor: str = ""
    parts: int = 0
    erased_at: float = 0.0
    attempts: int = 1
    ended: float = 0.0
    error: str = ""
    receipt: dict[str, str] = {}
    models: list[dict[str, Any]] = []
    since: float = 0.0

    @property
    def current(self) -> Step | None:
        return next((step for step in self.steps if step.status != "done"), None)

    @property
    def found(self) -> int:
        """What the stores held; models and what a second look found do not count."""
        return sum(
            s.found for s in self.steps if s.name.startswith(("find ", "erase ")) and not s.name.endswith(" models")
        )


def parse(
    body: Any,
    new_id: str,
    now: float,
    *,
    stored: Callable[[str, str], list[str]],
    key: bytes,
) -> Request:
    """A request as the shop's server sent it. `stored(type, raw)` gives the names under which it is kept.

    Raises InvalidRequest naming the field.
    """
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    if body.get("type") not in ("export", "erase"):
        raise InvalidRequest("must be export or erase", "type")
    if body.get("suppress", "late") not in ("late", "forever"):
        raise InvalidRequest("must be late or forever", "suppress")
    unknown = sorted(set(body) - {"type", "suppress", "requestId", "identifiers", *PLAIN, *HASHED})
    if unknown:
        raise InvalidRequest("is not a field of a privacy request", str(unknown[0]))
    said = _said(body)
    if not said:
        raise InvalidRequest("say who is meant: userId, anonymousId, email, phone, device, loyalty or identifiers")
    asked = {"type": body["type"], "suppress": body.get("suppress", "late"), "said": sorted(said)}
    return Request(
        id=_request_id(body, said) or new_id,
        type=cast("Type", body["type"]),
        suppress=cast("Suppress", body.get("suppress", "late")),
        created=now,
        digest=hmac.digest(key, canonical(asked).encode(), "sha256").hex(),
        identifiers=[(kind, value) for kind, raw, field in said for value in _stored(kind, raw, field, stored)],
    )


def _said(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(type, raw value, field) of every identifier in the body."""
    found = [(kind, _text(body[kind], kind), kind) for kind in (*PLAIN, *HASHED) if body.get(kind) is not None]
    further = body.get("identifiers", {})
    if not isinstance(further, dict):
        raise InvalidRequest("must be an object of types and values", "identifiers")
    for kind, raw in further.items():
        field = f"identifiers.{kind}"
        if not TYPES.fullmatch(kind):
            raise InvalidRequest("is no type: letters, digits and _ are", field)
        found.append((kind, _text(raw, field), field))
    return found


def _stored(kind: str, raw: str, field: str, stored: Callable[[str, str], list[str]]) -> list[str]:
    try:
        return stored(kind, raw)
    except ValueError as error:
        raise InvalidRequest(str(error), field) from None


def _text(value: Any, field: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise InvalidRequest("must be a text that is not empty", field)
    if len(str(value)) > LONGEST:
        raise InvalidRequest(f"is longer than {LONGEST} characters", field)
    return str(value).strip()


def _request_id(body: dict[str, Any], said: list[tuple[str, str, str]]) -> str:
    """The client's own id, which names nobody: it is kept for years."""
    given = body.get("requestId", "")
    if not isinstance(given, str) or (given and not IDS.fullmatch(given)):
        raise InvalidRequest("must be up to 64 letters, digits, dots, dashes or underscores", "requestId")
    if given and any(raw in given for _, raw, _ in said if len(raw) > 3 or raw == given):
        raise InvalidRequest("must not contain what names the person: it is kept after the erasure", "requestId")
    return given


class RequestStore:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self.items = VersionedTable(client, table)
        self.versions: dict[str, int] = {}

    def create(self, request: Request) -> Request:
        """The request, or the one that is there under its id. Raises Conflict when that one asks for something else."""
        try:
            self._put(request, 0)
        except Conflict:
            there = self.get(request.id)
            if there.digest != request.digest:
                raise Conflict(f"request {request.id} exists and asks for something else", "requestId") from None
            return there
        return request

    def get(self, request_id: str) -> Request:
        """Raises NotFound."""
        kept = self.items.get(PREFIX + request_id)
        if not kept.version:
            raise NotFound(f"there is no privacy request {request_id}", "id")
        self.versions[request_id] = kept.version
        return msgpack.decode(kept.value, type=Request)

    def save(self, request: Request) -> None:
        """Raises Conflict when somebody else works on the same request."""
        self._put(request, self.versions[request.id])

    def _put(self, request: Request, read: int) -> None:
        pk = PREFIX + request.id
        try:
            self.items.save({pk: Kept(msgpack.encode(request), read)}, {pk: int(request.created) + RETENTION})
        except Conflict as error:
            raise Conflict(f"the privacy request {request.id} was changed meanwhile") from error
        self.versions[request.id] = read + 1


def describe(request: Request) -> dict[str, Any]:
    """What a caller sees."""
    shown: dict[str, Any] = {
        "id": request.id,
        "type": request.type,
        "status": request.status,
        "message": message(request),
        "createdAt": moment(request.created),
        "steps": [_shown(step) for step in request.steps],
    }
    if request.status == "done":
        shown |= {"found": request.found > 0, "endedAt": moment(request.ended)}
    if request.receipt:
        shown["receipt"] = request.receipt
    return shown


def message(request: Request) -> str:
    """Where the request stands, in plain words."""
    step = request.current
    if request.status == "waiting":
        return "The request is taken and will begin in a moment."
    if request.status == "running":
        return f"At work: {step.name if step else 'finishing'}."
    if request.status == "failed":
        at = f" at the step “{step.name}”" if step else ""
        return f"Stopped{at}: {request.error}. Nothing done so far is lost; `privacy resume {request.id}` goes on from there."
    return DONE[request.type, request.found > 0]


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _shown(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        **({"found": step.found} if step.status == "done" and " " in step.name else {}),
        **({"endedAt": moment(step.ended)} if step.ended else {}),
    }
