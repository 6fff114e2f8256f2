"""What may be asked of `/v1/consent`, and how it is answered."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from shared.capture.parse import timestamp
from shared.consent import choices, desk, statement
from shared.consent.person import Person
from shared.consent.statement import PURPOSES, Policy
from shared.errors import Forbidden, InvalidRequest
from shared.profiles.state import Choice

LONGEST = 200
SIGNALS = ("tcfString", "usPrivacy", "gpc")


def person(said: Mapping[str, Any], proven: Callable[[str, str], bool]) -> Person:
    """Whom a body or a query speaks for; `proven(user id, user hash)`. Raises InvalidRequest, or Forbidden for a claim alone."""
    anonymous_id, user_id, user_hash = (_word(said, name) for name in ("anonymousId", "userId", "userHash"))
    if not (anonymous_id or user_id):
        raise InvalidRequest("say who it is: anonymousId, or userId with its userHash", "anonymousId")
    found = Person(anonymous_id, user_id, bool(user_id) and proven(user_id, user_hash))
    if not found.keys:
        raise Forbidden("a user id needs its proof: userHash, or a call with the secret key", "userId")
    return found


def choice(body: Mapping[str, Any], policy: Policy, now: datetime) -> Choice:
    """What a body says, once. Raises InvalidRequest naming the field."""
    said = body.get("consent")
    if not isinstance(said, dict) or not any(name in said for name in (*PURPOSES, *SIGNALS)):
        raise InvalidRequest(f"must be an object with {', '.join(PURPOSES)}: true or false", "consent")
    for purpose in PURPOSES:
        if not isinstance(said.get(purpose, False), bool):
            raise InvalidRequest("must be true or false", f"consent.{purpose}")
    preferences = {purpose: said[purpose] for purpose in PURPOSES if purpose in said}
    signals = {name: said[name] for name in SIGNALS if name in said}
    read = statement.read({"consent": {"categoryPreferences": preferences, **signals}}, Policy(policy.gpc))
    return choices.of_consent(read.consent, _said_at(body, now).timestamp(), choices.API)


def _said_at(body: Mapping[str, Any], now: datetime) -> datetime:
    """`updatedAt`, corrected by `sentAt` for the clock of the device, in milliseconds as JavaScript counts them."""
    said, sent = timestamp(dict(body), "updatedAt"), timestamp(dict(body), "sentAt")
    try:
        at = min(said + (now - sent if sent else now - now), now) if said else now
    except OverflowError:
        raise InvalidRequest("lies outside the years 1 to 9999", "updatedAt") from None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


ERASED = "This shopper was erased and asked never to be known again, so nothing was stored and nothing will be."


def put_answer(said: Choice, outcome: desk.Outcome) -> dict[str, Any]:
    answer = {"known": bool(outcome.known), "changed": outcome.changed, **_holds(said)}
    if outcome.erased:
        return {**answer, "message": ERASED}
    if not outcome.known:
        return {**answer, "message": "Nothing is known of this shopper, so nothing was stored."}
    return {**answer, "applies": ["userId" if key.startswith("u#") else "anonymousId" for key in outcome.known]}


def get_answer(histories: list[list[Choice]], policy: Policy) -> dict[str, Any]:
    """What holds now, and every change. Without any statement on record `consent` is null."""
    holds = desk.current(histories)
    if holds and policy.gpc:
        holds = replace(holds, advertising=False)
    answer = _holds(holds) if holds else {"consent": None, "updatedAt": None, "source": None}
    changes = [_holds(change) for change in choices.changes(desk.history_of(histories))]
    return {"known": bool(histories), "gpc": policy.gpc, **answer, "history": changes}


def _holds(said: Choice) -> dict[str, Any]:
    return {
        "consent": {purpose: getattr(said, purpose) for purpose in PURPOSES},
        "updatedAt": datetime.fromtimestamp(said.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "source": said.source,
    }


def _word(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    word = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, str | int) or len(word) > LONGEST:
        raise InvalidRequest(f"must be a string of at most {LONGEST} characters", name)
    return word
