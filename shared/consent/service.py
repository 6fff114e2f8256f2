"""What is asked about a shopper and by them: consent and preferences, one answer each."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.auth import Caller
from shared.consent import request
from shared.consent.desk import ConsentDesk
from shared.consent.statement import Policy
from shared.errors import InvalidRequest
from shared.preferences.desk import PreferencesDesk


class Call(NamedTuple):
    """`said` is the query of a GET, and the body of a PUT (`tells`); `about` is the last part of the path."""

    about: str
    said: Any
    tells: bool
    caller: Caller
    policy: Policy


class Answer(NamedTuple):
    body: dict[str, Any]
    changed: bool = False  # consent


class ConsentService:
    """`known_as(id)` is the id under which capture keeps a shopper."""

    def __init__(self, desk: ConsentDesk, preferences: PreferencesDesk, known_as: Callable[[str], str]) -> None:
        self.desk = desk
        self.preferences = preferences
        self.known_as = known_as

    def answer(self, call: Call, now: datetime) -> Answer:
        """Raises InvalidRequest, Forbidden for a claim without proof, Conflict."""
        if not isinstance(call.said, Mapping):
            raise InvalidRequest("the body must be a JSON object")
        person = request.person(call.said, call.caller.proves).known_as(self.known_as)
        if call.about == "preferences":
            return Answer(self.preferences.served(person, call.said if call.tells else None, now))
        if not call.tells:
            return Answer(request.get_answer(self.desk.choices(person), call.policy))
        choice = request.choice(call.said, call.policy, now)
        outcome = self.desk.put(person, choice, now, "server" if call.caller.access == "secret" else "browser")
        return Answer(request.put_answer(choice, outcome), outcome.changed)
