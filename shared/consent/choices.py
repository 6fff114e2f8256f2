"""The history of what a shopper said about consent, and what holds.

Statements come late, twice and in any order, so the history is a set: adding to it commutes, and adding again changes nothing.
What was said on purpose (`api`, or an event that tells when it was said) is kept one by one, the latest MOST. What ordinary events
say over and over is kept as its first and last time. `changes` is the history as a person reads it.
"""

from collections.abc import Iterable

from shared.events.model import Consent, Event
from shared.profiles.state import Choice

PRESUMED = "presumed"  # nothing was said, in a country where that is a yes
EVENT = "event"  # came along with behaviour
UPDATED = "event-updated"  # the same, and the event tells when it was said
API = "api"  # said on purpose: PUT /v1/consent, or an event of one of the names below
SOURCES = (PRESUMED, EVENT, UPDATED, API)  # of statements of the same moment the last one counts
CHANGED = "Consent Changed"
NAMES = frozenset({CHANGED, "Segment Consent Preference Updated"})
MOST = 100


def of_consent(consent: Consent, at: float, source: str = "") -> Choice:
    """What `consent`, heard at `at` (epoch seconds), says. `source` is found out unless given."""
    if consent.presumed:
        source = PRESUMED
    elif consent.updated_at:
        source, at = source or UPDATED, consent.updated_at.timestamp()
    return Choice(at, source or EVENT, consent.analytics, consent.personalization, consent.advertising)


def of_event(event: Event) -> Choice | None:
    """What an event with ids says: its consent. A no is only said by an event that is about consent."""
    on_purpose = event.type == "track" and event.event in NAMES
    if not (on_purpose or event.consent.personalization):
        return None
    return of_consent(event.consent, event.timestamp.timestamp(), _source(event) if on_purpose else "")


def _source(event: Event) -> str:
    """The record of what another event said tells how it was said."""
    source = event.properties.get("source")
    return source if source in SOURCES else API


def record(choices: list[Choice], choice: Choice) -> list[Choice]:
    """The history with one more statement, oldest first."""
    return join(choices, [choice])


def join(ours: Iterable[Choice], theirs: Iterable[Choice]) -> list[Choice]:
    """Both histories as one."""
    every = {*ours, *theirs}
    purposely = {choice for choice in every if choice.source in (API, UPDATED)}
    by_api = {_what(choice) for choice in purposely if choice.source == API}
    purposely = {choice for choice in purposely if choice.source == API or _what(choice) not in by_api}
    repeated: dict[tuple[str, bool, bool, bool], list[Choice]] = {}
    for choice in every:
        if choice.source not in (API, UPDATED):
            said = (choice.source, choice.analytics, choice.personalization, choice.advertising)
            repeated.setdefault(said, []).append(choice)
    ends = {end for same in repeated.values() for end in (min(same, key=_place), max(same, key=_place))}
    return sorted([*ends, *sorted(purposely, key=_place)[-MOST:]], key=_place)


def effective(choices: list[Choice]) -> Choice | None:
    """What holds: the latest statement, but what was said on purpose only yields to what was, and silence to everything."""
    holds: Choice | None = None
    for choice in choices:
        if holds is None or not outranked(choice, holds):
            holds = choice
    return holds


def outranked(choice: Choice, holds: Choice) -> bool:
    """Whether `choice`, although later, does not undo what `holds`."""
    if holds.source == API:
        return choice.source in (EVENT, PRESUMED)
    return choice.source == PRESUMED and holds.source != PRESUMED


def refused(choices: list[Choice]) -> bool:
    """Whether what holds is a no to personalization. Who never said anything has not refused."""
    holds = effective(choices)
    return holds is not None and not holds.personalization


def changes(choices: list[Choice]) -> list[Choice]:
    """The statements that changed what held, oldest first."""
    changed: list[Choice] = []
    holds: Choice | None = None
    for choice in choices:
        if holds is None or not outranked(choice, holds):
            if holds is None or _agreed(choice) != _agreed(holds):
                changed.append(choice)
            holds = choice
    return changed


def _agreed(choice: Choice) -> tuple[bool, bool, bool]:
    return choice.analytics, choice.personalization, choice.advertising


def _what(choice: Choice) -> tuple[float, bool, bool, bool]:
    return choice.at, *_agreed(choice)


def _place(choice: Choice) -> tuple[float, int, bool, bool, bool]:
    """By time; of one moment by weight of the source, and a no after a yes."""
    rank = SOURCES.index(choice.source) if choice.source in SOURCES else 1
    return choice.at, rank, not choice.personalization, not choice.analytics, not choice.advertising
