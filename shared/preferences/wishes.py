"""What a shopper asked for themselves: favourites, what they never want to see, and their sizes.

Each value is held by its latest word, so joining the wishes of two histories is a union in which the later word about a value wins, in
whatever order they are joined. What was taken back is remembered too, or an older wish of another device would bring it back.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from shared.errors import InvalidRequest
from shared.profiles.state import Wish

About = Literal["category", "brand", "item", "size"]
Said = Literal["favourite", "hidden", "own", ""]
FAVOURITE: Said = "favourite"
HIDDEN: Said = "hidden"
OWN: Said = "own"
TAKEN_BACK: Said = ""
WEIGHTS = (TAKEN_BACK, OWN, FAVOURITE, HIDDEN)  # of two words of one moment the later in this row wins
MOST = 100  # of each kind of wish about each kind of value, the latest
MOST_BYTES = 65_536  # of all of them: they are part of a state, which every event writes

Key = tuple[str, str, str]  # what a wish is about: kind, value, category a size is meant for
Group = tuple[str, str]  # a list that a shopper can write: what it is about, what it says


def key(wish: Wish) -> Key:
    """Brands and categories are the same in capital letters; an item's id is not."""
    return wish.about, wish.value if wish.about == "item" else wish.value.casefold(), wish.within.casefold()


def join(ours: Iterable[Wish], theirs: Iterable[Wish]) -> list[Wish]:
    """Both as one: the latest word about each value, oldest first."""
    latest: dict[Key, Wish] = {}
    for wish in (*ours, *theirs):
        at = key(wish)
        if at not in latest or _weight(wish) > _weight(latest[at]):
            latest[at] = wish
    return bounded(latest.values())


def changed(wishes: Iterable[Wish], lists: Mapping[Group, Iterable[tuple[str, str]]], at: float) -> list[Wish]:
    """The wishes with some lists written anew as of `at` (epoch seconds): list -> (value, category a size is meant for) of each. Values
    that such a list no longer has are taken back; lists that are not given stay. Raises InvalidRequest when it is too much."""
    before = list(wishes)
    new = [Wish(about, value, said, at, within) for (about, said), values in lists.items() for value, within in values]
    named = {key(wish) for wish in new}
    rest = [wish for wish in before if key(wish) not in named]
    kept = [
        Wish(wish.about, wish.value, TAKEN_BACK, at, wish.within) if (wish.about, wish.said) in lists else wish
        for wish in rest
    ]
    if sum(_size(wish) for wish in (*kept, *new) if wish.said != TAKEN_BACK) > MOST_BYTES:
        raise InvalidRequest(f"all preferences together have more than {MOST_BYTES} bytes; shorten the lists")
    return bounded([*kept, *new])


def bounded(wishes: Iterable[Wish]) -> list[Wish]:
    """Oldest first; of each kind the latest MOST, and of all no more than MOST_BYTES: first what was taken back goes, then the oldest."""
    groups: dict[Group, list[Wish]] = {}
    for wish in sorted(wishes, key=_place):
        groups.setdefault((wish.about, wish.said), []).append(wish)
    kept = sorted((wish for group in groups.values() for wish in group[-MOST:]), key=_place)
    return sorted(_fitting(sorted(kept, key=_lasting)), key=_place)


def _fitting(wishes: Iterable[Wish]) -> Iterator[Wish]:
    left = MOST_BYTES
    for wish in wishes:
        left -= _size(wish)
        if left < 0:
            return
        yield wish


def _size(wish: Wish) -> int:
    return len(wish.value.encode()) + len(wish.within.encode())


def _lasting(wish: Wish) -> tuple[bool, float]:
    return wish.said == TAKEN_BACK, -wish.at


def constraints(wishes: Iterable[Wish]) -> list[Wish]:
    """Those that keep items away: all that counts of who does not want their history used."""
    return [wish for wish in wishes if wish.said in (HIDDEN, OWN)]


def values(wishes: Iterable[Wish], about: About, said: Said) -> list[str]:
    return [wish.value for wish in wishes if wish.about == about and wish.said == said]


def _place(wish: Wish) -> tuple[float, Key, int]:
    return wish.at, key(wish), WEIGHTS.index(wish.said)


def _weight(wish: Wish) -> tuple[float, int, str]:
    return wish.at, WEIGHTS.index(wish.said), wish.value
