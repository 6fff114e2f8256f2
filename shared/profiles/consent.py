"""What a statement of consent does to what is known: it is kept in the history, and a no clears the rest."""

from msgspec.structs import replace

from shared.consent import choices
from shared.profiles.state import Choice, State

NOBODY = State()
KEPT = ("choices", "watermarks", "message_ids", "shared", "user_id", "preferences")


def hear(state: State, choice: Choice | None) -> bool:
    """Take what an event says about consent into `state`, and tell whether the event may count.

    What was said along with behaviour that may not count is not kept either: it would tell when the shopper was here.
    """
    if choice is None:
        return not choices.refused(state.choices)
    if says_nothing(state, choice):
        return False
    heard = choices.record(state.choices, choice)
    refused = choices.refused(heard)
    if not (refused and choice.personalization and choice.source in (choices.EVENT, choices.PRESUMED)):
        state.choices = heard
    if refused:
        clear(state)
    return not refused


def forgotten(state: State, at: float) -> bool:
    """Whether what was done at `at` (epoch seconds) lies before the latest withdrawal: it was cleared then, and comes late."""
    withdrawn = [choice.at for choice in choices.changes(state.choices) if not choice.personalization]
    return bool(withdrawn) and at < withdrawn[-1]


def says_nothing(state: State, choice: Choice | None) -> bool:
    """A no of somebody unknown, or erased meanwhile: nothing of it is stored."""
    return choice is not None and not choice.personalization and unknown(state)


def clear(state: State) -> None:
    """Forget everything but the history of consent, what the shopper asked for themselves, and what recognises records that were
    folded in before."""
    empty = State()
    for field in State.__struct_fields__:
        if field not in KEPT:
            setattr(state, field, getattr(empty, field))


def unknown(state: State) -> bool:
    """Whether nothing was ever stored of the shopper, but for what they asked to be stored: their preferences agree to nothing."""
    return state == NOBODY or (bool(state.preferences) and replace(state, preferences=[]) == NOBODY)
