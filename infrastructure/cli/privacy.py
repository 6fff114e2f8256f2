"""Privacy requests from the terminal: ask, follow, resume, and verify receipts."""

import json
import re
import time
import uuid
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from infrastructure.cli.api import Api
from infrastructure.cli.aws import client
from infrastructure.local.layout import ROOT, LocalStackError, Stack
from shared.privacy import registry
from shared.privacy.desk import begin
from shared.privacy.receipt import valid
from shared.privacy.requests import HASHED, PLAIN, Request, RequestStore, message

PATH = "/v1/privacy/requests"
DOCUMENT = ROOT / "docs" / "privacy.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
AGAIN = 0.5  # seconds between two looks


def named(words: list[str]) -> dict[str, Any]:
    """`type=value` words as fields of a request; a word alone is a user id. Other types than the known ones are the shop's own."""
    fields: dict[str, Any] = {}
    for word in words:
        kind, separator, value = word.partition("=")
        if not separator:
            kind, value = "userId", word
        if kind in (*PLAIN, *HASHED):
            fields[kind] = value
        else:
            fields.setdefault("identifiers", {})[kind] = value
    return fields


def ask(stack: Stack, kind: str, words: list[str], **more: Any) -> dict[str, Any]:
    """Send the request and follow it to its end."""
    taken = Api(stack, stack.secret_key).call("POST", PATH, {"type": kind, **named(words), **more})
    print(f"Request {taken['id']}", flush=True)
    return follow(stack, taken["id"])


def follow(stack: Stack, request_id: str) -> dict[str, Any]:
    """Tell what happens until the request is done or has failed."""
    api, told = Api(stack, stack.secret_key), ""
    while True:
        status: dict[str, Any] = api.call("GET", f"{PATH}/{request_id}")
        if status["message"] != told and status["status"] == "running":
            print(f"  {status['message']}", flush=True)
            told = status["message"]
        if status["status"] in ("done", "failed"):
            return status
        time.sleep(AGAIN)


def shown(status: dict[str, Any]) -> str:
    lines = [f"{status['type']} {status['id']}: {status['status']}", status["message"]]
    lines += [f"  {step['status']:<8} {step['name']:<20} {step.get('found', '')}".rstrip() for step in status["steps"]]
    if "download" in status:
        lines.append(f"Download until {status['download']['expiresAt']}: {status['download']['url']}")
    if "receipt" in status:
        lines.append(f"Receipt: {json.dumps(status['receipt'])}")
    return "\n".join(lines)


def read(stack: Stack, request_id: str) -> str:
    return shown(Api(stack, stack.secret_key).call("GET", f"{PATH}/{request_id}"))


def resume(stack: Stack, request_id: str) -> dict[str, Any]:
    """Go on with a request that stopped. Raises LocalStackError when it is done or at work."""
    store = RequestStore(client(stack, "dynamodb"), stack.outputs["IdentityTable"])
    request = store.get(request_id)
    if request.status == "done":
        raise LocalStackError(f"Request {request_id} is done.")
    machine = client(stack, "stepfunctions")
    if running(stack, machine, request):
        raise LocalStackError(f"Request {request_id} is at work. {message(request)}")
    request.attempts += 1
    store.save(request)
    begin(machine, stack.outputs["PrivacyMachine"], request)
    _wait_until_it_moves(store, request_id, request.status)
    return follow(stack, request_id)


def replay(stack: Stack, since: str) -> dict[str, Any]:
    """Erase again, from the receipts, whom a restored table brought back. Raises LocalStackError for a time that is none."""
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(since)
    if at is None or at.tzinfo is None:
        raise LocalStackError(f"{since} is no time with its zone: write 2026-11-20T10:00:00Z, the moment restored to")
    request = Request(
        id=f"replay-{uuid.uuid4().hex}",
        type="replay",
        created=time.time(),
        digest="",
        identifiers=[],
        since=at.timestamp(),
    )
    RequestStore(client(stack, "dynamodb"), stack.outputs["IdentityTable"]).create(request)
    begin(client(stack, "stepfunctions"), stack.outputs["PrivacyMachine"], request)
    print(f"Request {request.id}", flush=True)
    return follow(stack, request.id)


def running(stack: Stack, machine: Any, request: Request) -> bool:
    """Whether an execution has the request in its hands."""
    arn = stack.outputs["PrivacyMachine"].replace(":stateMachine:", ":execution:")
    try:
        described = machine.describe_execution(executionArn=f"{arn}:{request.id}-{request.attempts}")
    except machine.exceptions.ExecutionDoesNotExist:
        return False
    return bool(described["status"] == "RUNNING")


def _wait_until_it_moves(store: RequestStore, request_id: str, status: str, seconds: float = 60.0) -> None:
    """Until then the request says what it said when it stopped."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and store.get(request_id).status == status:
        time.sleep(AGAIN)


def verify(stack: Stack, path: Path) -> str:
    """Raises LocalStackError when the receipt is not what the stack signed."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise LocalStackError(f"{path} cannot be read as a receipt: {error}") from None
    signed = found.get("receipt") if isinstance(found.get("receipt"), dict) else found
    pem = Api(stack, "").call("GET", "/v1/privacy/key")
    if not valid(signed, pem):
        raise LocalStackError(f"NOT VALID: {path} is not what this shop signed.")
    facts = json.loads(signed["receipt"])
    return f"Valid. Signed by key {signed['keyId']}: request {facts['request']}, completed {facts['completedAt']}."


def table(document: Path = DOCUMENT, *, write: bool) -> str:
    """The registry as a table; with `write` put into docs/privacy.md."""
    made = registry.table()
    if write:
        document.write_text(with_table(document.read_text(), made))
    return made


def with_table(text: str, made: str) -> str:
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{made}\n{END}", text, flags=re.S)
