"""Whose history an answer may draw on: who is asked for, and what they agreed to."""

from collections.abc import Callable
from typing import NamedTuple

from shared.auth import Access
from shared.consent import choices
from shared.consent.statement import Statement
from shared.preferences.wishes import join
from shared.profiles.consent import unknown
from shared.profiles.fold import SESSION_GAP
from shared.profiles.merge import merge
from shared.profiles.state import Candidate, State
from shared.recommend.request import Request


class Shopper(NamedTuple):
    """Keys in the shoppers table, "" for nobody. With both, the device's history is that of the shopper who has just logged in."""

    key: str = ""
    device: str = ""
    named: bool = False  # the request names somebody, if only by a claim

    @property
    def keys(self) -> list[str]:
        return [key for key in (self.key, self.device) if key]


NOBODY = Shopper()


def shopper(
    request: Request, access: Access, proven: Callable[[str, str], bool], known_as: Callable[[str], str] = str
) -> Shopper:
    """Only a proof (`proven(user id, user hash)`) or the secret key opens a known shopper's history; a claim gets the device's own.

    `known_as(id)` is the id under which capture keeps a shopper ("": it cannot be told); a proof is about the id as it was sent.
    """
    named = bool(request.anonymous_id or request.user_id)
    anonymous = known_as(request.anonymous_id) if request.anonymous_id else ""
    device = f"a#{anonymous}" if anonymous else ""
    if request.user_id and (access == "secret" or proven(request.user_id, request.user_hash)):
        user = known_as(request.user_id)
        return Shopper(f"u#{user}", device, named=True) if user else Shopper(named=True)
    return Shopper(device, named=named)


def denied(request: Request) -> bool:
    """Whether the request alone says no to personalization: then nothing of the shopper is read."""
    return request.consent.spoken and not request.consent.consent.personalization


def agreed(said: Statement, states: list[State], now: float) -> bool:
    """Whether a named shopper lets the answer be about them. What the request says counts like an event of this moment, so it does
    not undo a withdrawal told to the API; a no of either state counts. States without a statement exist by consent, unless they
    hold nothing but preferences."""
    states = [state for state in states if not unknown(state)]
    yes = said.consent.personalization
    if not yes and said.spoken:
        return False
    if not states:
        return yes
    refusing = [state.choices for state in states if choices.refused(state.choices)]
    if not (refusing and yes):
        return not refusing
    heard = choices.of_consent(said.consent, now)
    return heard.at <= now and not any(choices.refused(choices.record(history, heard)) for history in refusing)


def joined(user: State, device: State, user_id: str, now: float) -> State:
    """The shopper's state with what the device did before the log-in, as the stream is about to write it. Takes `user` over.

    A device on which somebody else logged in last is about to be known as shared: only its present session is the shopper's.
    """
    shared = device.shared or device.user_id not in ("", user_id)
    if shared and now - device.session.last > SESSION_GAP:
        return user
    if not device.totals.events:
        user.preferences = join(user.preferences, device.preferences)
        return user
    candidates, again = _interleaved(user, device)
    merge(user, device, "")
    user.candidates, user.again = candidates, again
    user.model_version = user.model_version or device.model_version
    return user


def _interleaved(user: State, device: State) -> tuple[list[Candidate], list[Candidate]]:
    """Both lists of candidates, each scaled so that its best has 1.0. An item of both keeps its better place."""
    ours, theirs = _scale(user), _scale(device)
    return (
        _best([(user.candidates, ours), (device.candidates, theirs)]),
        _best([(user.again, ours), (device.again, theirs)]),
    )


def _scale(state: State) -> float:
    top = max((candidate.score for candidate in (*state.candidates, *state.again)), default=0.0)
    return 1.0 / top if top > 0 else 0.0


def _best(lists: list[tuple[list[Candidate], float]]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for candidates, scale in lists:
        for candidate in candidates:
            score = candidate.score * scale
            if candidate.item not in best or score > best[candidate.item].score:
                best[candidate.item] = Candidate(candidate.item, score, candidate.reason, candidate.because)
    return sorted(best.values(), key=lambda candidate: -candidate.score)
