"""What may be done with the shop's plan: a draft is written and checked, published as a version, and a kept version made current again."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.errors import Conflict, InvalidRequest, Mistake, NotFound
from shared.merchandising.conflicts import conflicts
from shared.merchandising.differences import differences
from shared.merchandising.parse import Check, InvalidPlan, parse
from shared.merchandising.plan import Plan, Pointer, Published
from shared.merchandising.store import Draft, PlanStore

KEPT = 20  # versions that can be made current again
SWEPT = 5  # older ones that are deleted anew each time, should a deletion have failed
LONGEST_NOTE = 500
LONGEST_WHO = 100


class PlanDesk:
    """Documents and answers are JSON; `checks` are asked beside the parser about the parts that are kept as they were written."""

    def __init__(self, store: PlanStore, checks: Sequence[Check], now: float) -> None:
        self.store = store
        self.checks = checks
        self.now = now

    def draft(self) -> dict[str, Any]:
        """The draft; while there is none, the current plan at revision 0."""
        draft, revision = self.store.draft()
        current = self._current()
        shown = draft if revision else Draft(current)
        return self._told(shown, revision, current, *self._judged(shown.document))

    def put_draft(self, body: Any) -> dict[str, Any]:
        """Keep a whole document, mistakes and all: they are in the answer. Raises InvalidRequest, Conflict, TooLarge."""
        fields = _object(body, ("document", "revision", "who"))
        document = fields.get("document")
        if not isinstance(document, dict):
            raise InvalidRequest("must be the whole plan, a JSON object", "document")
        draft = Draft(document, _text(fields, "who", LONGEST_WHO), self.now)
        plan, mistakes = self._judged(document)
        revision = self.store.save_draft(draft, plan, _revision(fields))
        return self._told(draft, revision, self._current(), plan, mistakes)

    def publish(self, body: Any) -> dict[str, Any]:
        """Make the draft that was read at `revision` the current version. The same draft again changes nothing.

        Raises InvalidPlan with all mistakes, Conflict, TooLarge.
        """
        fields = _object(body, ("revision", "note", "who"))
        note, who = _text(fields, "note", LONGEST_NOTE), _text(fields, "who", LONGEST_WHO)
        draft, revision = self.store.draft()
        if revision != _revision(fields) or not revision:
            raise Conflict("the draft is another one meanwhile, or there is none; read it again", "revision")
        plan = parse(draft.document, self.now, self.checks)
        pointer, read_at = self.store.pointer()
        before = self._document(pointer.current)
        if pointer.current and before == draft.document:
            return self._published(pointer, plan, [])
        pointer = self._publish(draft.document, plan, (pointer, read_at), note, who)
        return self._published(pointer, plan, differences(before, draft.document))

    def amend(self, change: Callable[[dict[str, Any]], dict[str, Any]], note: str, who: str) -> dict[str, Any]:
        """Publish the current plan with a change, and make the same change in the draft: publishing that later must not undo it. A draft
        that it does not fit, or that is being written at this moment, is left as it is.

        Raises InvalidPlan, Conflict, TooLarge.
        """
        pointer, read_at = self.store.pointer()
        before = self._document(pointer.current)
        document = change(before)
        plan = parse(document, self.now, self.checks)
        pointer = self._publish(document, plan, (pointer, read_at), note, who)
        draft, revision = self.store.draft()
        if revision:
            with suppress(Conflict, LookupError, TypeError, ValueError, AttributeError):
                self.put_draft({"document": change(draft.document), "revision": revision, "who": who})
        return self._published(pointer, plan, differences(before, document))

    def _publish(
        self, document: dict[str, Any], plan: Plan, before: tuple[Pointer, int], note: str, who: str
    ) -> Pointer:
        """A new version, which is current from now on. `before` is the pointer and its revision."""
        pointer, read_at = before
        version = str(int(pointer.kept[0].version) + 1 if pointer.kept else 1)
        kept = (Published(version, self.now, note, who), *pointer.kept)[:KEPT]
        pointer = Pointer(version, kept, self.now, who)
        self.store.publish(msgspec.structs.replace(plan, version=version), document, pointer, read_at)
        oldest = int(kept[-1].version)
        self.store.forget([str(old) for old in range(max(oldest - SWEPT, 1), oldest)])
        return pointer

    def rollback(self, body: Any) -> dict[str, Any]:
        """Make a kept version current. Raises NotFound, InvalidPlan when this code can no longer serve it, Conflict."""
        fields = _object(body, ("version", "who"))
        version, who = _text(fields, "version", LONGEST_WHO), _text(fields, "who", LONGEST_WHO)
        pointer, read_at = self.store.pointer()
        if version not in [kept.version for kept in pointer.kept]:
            raise NotFound(f"version {version!r} is not kept; `versions` lists those that are", "version")
        document = self.store.document(version)
        plan = parse(document, self.now, self.checks)
        changes = differences(self._document(pointer.current), document)
        if version != pointer.current:
            pointer = msgspec.structs.replace(pointer, current=version, at=self.now, who=who)
            self.store.flip(pointer, read_at)
        return self._published(pointer, plan, changes)

    def read(self, version: str = "") -> dict[str, Any]:
        """A kept version, else the current one; before the first there is an empty plan. Raises NotFound."""
        pointer, _ = self.store.pointer()
        found = version or pointer.current
        about = next((_shown(kept, pointer) for kept in pointer.kept if kept.version == found), {"version": ""})
        return {**about, "document": self._document(found)}

    def versions(self) -> dict[str, Any]:
        """Newest first; `since` and `who` tell when, and by whom, the current one became current."""
        pointer, _ = self.store.pointer()
        return {**_now_current(pointer), "versions": [_shown(kept, pointer) for kept in pointer.kept]}

    def _current(self) -> dict[str, Any]:
        return self._document(self.store.pointer()[0].current)

    def _document(self, version: str) -> dict[str, Any]:
        return self.store.document(version) if version else {}

    def _judged(self, document: dict[str, Any]) -> tuple[Plan | None, list[Mistake]]:
        """The plan, or what is wrong with it."""
        try:
            return parse(document, self.now, self.checks), []
        except InvalidPlan as error:
            return None, list(error.mistakes)

    def _told(
        self, draft: Draft, revision: int, current: Mapping[str, Any], plan: Plan | None, mistakes: list[Mistake]
    ) -> dict[str, Any]:
        """`changes` are what publishing it would change."""
        told: dict[str, Any] = {"revision": revision, "document": draft.document}
        told["mistakes"] = [mistake._asdict() for mistake in mistakes]
        told["conflicts"] = _conflicts(plan) if plan else []
        if revision:
            told |= {"who": draft.who, "at": moment(draft.at)}
        told["changes"] = differences(current, draft.document)
        return told

    def _published(self, pointer: Pointer, plan: Plan, changes: list[str]) -> dict[str, Any]:
        return {**_now_current(pointer), "conflicts": _conflicts(plan), "changes": changes}


def _conflicts(plan: Plan) -> list[dict[str, Any]]:
    return [{"rules": list(clash.rules), "message": clash.message} for clash in conflicts(plan)]


def _now_current(pointer: Pointer) -> dict[str, Any]:
    since = {"since": moment(pointer.at), "who": pointer.who} if pointer.current else {}
    return {"current": pointer.current, **since}


def _shown(kept: Published, pointer: Pointer) -> dict[str, Any]:
    return {
        "version": kept.version,
        "at": moment(kept.at),
        "who": kept.who,
        "note": kept.note,
        "current": kept.version == pointer.current,
    }


def _object(body: Any, known: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    for name in body:
        if name not in known:
            raise InvalidRequest(f"is not known here; known are {', '.join(known)}", str(name))
    return body


def _revision(fields: Mapping[str, Any]) -> int:
    value = fields.get("revision")
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidRequest("must be the revision at which the draft was read, 0 while there is none", "revision")
    return value


def _text(fields: Mapping[str, Any], name: str, longest: int) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidRequest(f"must be text of at most {longest} characters", name)
    return value


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
