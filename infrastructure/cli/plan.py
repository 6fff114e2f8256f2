"""The shop's plan from the command line: through the API, as the shop's own tools do it."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infrastructure.cli.api import Api, ApiError
from infrastructure.local.layout import LocalStackError, Stack
from shared.errors import Mistake
from shared.merchandising.conflicts import conflicts
from shared.merchandising.differences import differences
from shared.merchandising.parse import InvalidPlan, parse
from shared.recommend.loaded import mistakes

DRAFT, CURRENT = "draft", "current"


def show(stack: Stack, which: str) -> tuple[str, str]:
    """A document, and what there is to say of it. `which` is a version, `current` or `draft`."""
    found = read(stack, which)
    document = json.dumps(found["document"], indent=2, ensure_ascii=False)
    if which == DRAFT:
        return document, _drafted(found)
    return document, _version(found) if found["version"] else "No plan has been published yet; this is an empty one."


def read(stack: Stack, which: str) -> dict[str, Any]:
    api = Api(stack, stack.secret_key)
    if which == DRAFT:
        return dict(api.call("GET", "/v1/plan/draft"))
    return dict(api.call("GET", "/v1/plan" if which == CURRENT else f"/v1/plan?version={quote(which, safe='')}"))


def check(file: Path) -> str:
    """Without a stack. Raises LocalStackError with every mistake."""
    try:
        plan = parse(document(file), time.time(), [mistakes])
    except InvalidPlan as error:
        raise LocalStackError(f"{file} has mistakes:\n{_mistakes(error.mistakes)}") from None
    found = [{"rules": clash.rules, "message": clash.message} for clash in conflicts(plan)]
    rules = f"{len(plan.rules)} rule{'' if len(plan.rules) == 1 else 's'} that hold"
    return "\n".join([f"{file} is a plan: {rules}.", *_conflicts(found)])


def edit(stack: Stack, file: Path, revision: int | None, who: str) -> str:
    """Make a file's document the draft. Without a `revision` it takes the place of whatever the draft is now."""
    written, before = document(file), read(stack, DRAFT)
    at = before["revision"] if revision is None else revision
    made = _called(stack, "PUT", "/v1/plan/draft", {"document": written, "revision": at, "who": who})
    changed = differences(before["document"], made["document"]) or ["nothing changed"]
    return "\n".join([f"In the draft: {sentence}" for sentence in changed] + [_drafted(made)])


def publish(stack: Stack, note: str, who: str) -> str:
    body = {"revision": read(stack, DRAFT)["revision"], "note": note, "who": who}
    if not body["revision"]:
        raise LocalStackError("There is no draft. `plan edit FILE` makes one.")
    return _current(_called(stack, "POST", "/v1/plan/publish", body))


def rollback(stack: Stack, version: str, who: str) -> str:
    return _current(_called(stack, "POST", "/v1/plan/rollback", {"version": version, "who": who}))


def versions(stack: Stack) -> str:
    found = Api(stack, stack.secret_key).call("GET", "/v1/plan/versions")["versions"]
    return "\n".join(map(_version, found)) or "No plan has been published yet."


def diff(stack: Stack, one: str, other: str) -> str:
    """From one to the other; each is a version, `current`, `draft` or a file."""
    before, after = (_either(stack, which) for which in (one, other))
    return "\n".join(differences(before, after)) or "They say the same."


def document(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise LocalStackError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise LocalStackError(f"{file} must hold a JSON object, the whole plan.")
    return found


def _either(stack: Stack, which: str) -> dict[str, Any]:
    return document(Path(which)) if Path(which).is_file() else dict(read(stack, which)["document"])


def _called(stack: Stack, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(Api(stack, stack.secret_key).call(method, path, body))
    except ApiError as error:
        told = error.body if isinstance(error.body, dict) else {}
        if "mistakes" in told:
            found = [Mistake(**mistake) for mistake in told["mistakes"]]
            raise LocalStackError(f"The draft has mistakes, nothing is published:\n{_mistakes(found)}") from None
        if error.status == 409:  # noqa: PLR2004 - HTTP's word for it
            raise LocalStackError(f"{told.get('message', error)}. `plan show draft` has what is there now.") from None
        raise


def _drafted(found: dict[str, Any]) -> str:
    by = f", by {found['who']}" if found.get("who") else ""
    lines = [f"Draft at revision {found['revision']}{by}."]
    if found["mistakes"]:
        lines += ["It has mistakes:", _mistakes([Mistake(**mistake) for mistake in found["mistakes"]])]
    lines += _conflicts(found["conflicts"])
    lines += [f"Publishing would change: {sentence}" for sentence in found["changes"]]
    return "\n".join(lines)


def _current(made: dict[str, Any]) -> str:
    changes = [f"  {sentence}" for sentence in made["changes"]] or ["  Nothing changed."]
    head = f"Version {made['current']} is current. Answers follow within 5 seconds."
    return "\n".join([head, *changes, *_conflicts(made["conflicts"])])


def _version(found: dict[str, Any]) -> str:
    said = "  ".join(filter(None, [found["at"], found["who"], found["note"]]))
    return f"{'*' if found['current'] else ' '} {found['version']}  {said}"


def _mistakes(found: list[Mistake]) -> str:
    return "\n".join(f"  {mistake}" for mistake in found)


def _conflicts(found: list[dict[str, Any]]) -> list[str]:
    return [f"In each other's way: {clash['message']}" for clash in found]
