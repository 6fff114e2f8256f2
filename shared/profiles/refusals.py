"""Which events tell the identity graph nothing: those of who refused, whatever an event of their own says.

An event that may not be folded may not be linked either. What holds is found as folding finds it, statement by statement in stream
order, but before the graph is asked and on copies, so that the states are changed in one place only.
"""

from collections.abc import Iterable, Mapping

from shared.identity.links import NOTHING
from shared.profiles import consent
from shared.profiles.batch import Entry, carry, folded_before, state_key
from shared.profiles.merge import left_over
from shared.profiles.state import State


def named(entry: Entry) -> list[str]:
    """Keys of the states that have a say in what the entry may tell: of the shopper, and of every user and device it would link."""
    linked = (*entry.seen.link.identifiers, *(device for device, _ in entry.seen.claims))
    keys = (entry.shopper, *map(state_key, linked), *(key for pair in entry.former for key in pair))
    return list(dict.fromkeys(filter(None, keys)))


def willing(entries: Iterable[Entry], states: Mapping[str, State]) -> list[Entry]:
    """The entries as they may go to the graph: one of who refused is `withheld` and says nothing of identity. Its device stays, as the
    device's word on consent counts when the entry is folded. `states` has every key of `named`, and is left as it is."""
    heard = {key: left_over(state) for key, state in states.items()}
    return [one if _agrees(one, heard) else withheld(one) for one in entries]


def withheld(entry: Entry) -> Entry:
    return entry._replace(seen=NOTHING, device=state_key(entry.seen.device) or entry.device, withheld=True)


def _agrees(entry: Entry, heard: dict[str, State]) -> bool:
    if not entry.seen.tells and entry.signal.choice is None:
        return True
    carry(entry, heard)
    mine = [heard[key] for key in named(entry)]
    again = folded_before(heard[entry.shopper], entry) if entry.shopper else False
    said = [
        consent.hear(state, entry.signal.choice)
        for state in mine
        if not consent.says_nothing(state, entry.signal.choice)
    ]
    if not entry.seen.tells:
        return True
    if again and any(not choice.personalization for state in mine for choice in state.choices):
        return False  # what it was allowed to link when it was folded is linked
    return all(said) and not any(consent.forgotten(state, entry.signal.at) for state in mine)
