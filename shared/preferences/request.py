"""What may be asked of `/v1/preferences`, and how it is answered."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.errors import InvalidRequest
from shared.preferences.wishes import FAVOURITE, HIDDEN, MOST, OWN, About, Group, Said
from shared.profiles.state import Wish

LONGEST = 200
KINDS: dict[str, About] = {"categories": "category", "brands": "brand", "items": "item"}
SAID: dict[str, Said] = {"favourites": FAVOURITE, "hidden": HIDDEN}
SIZES = "sizes"
EVERYWHERE = "*"  # in place of a category: sizes for all others

Lists = dict[Group, list[tuple[str, str]]]


def lists(body: Mapping[str, Any]) -> Lists:
    """The lists that a body writes anew, each with its values and the category a size is meant for.

    Raises InvalidRequest naming the field.
    """
    found: Lists = {}
    for name, said in SAID.items():
        part = _object(body, name)
        for kind in part:
            if kind not in KINDS:
                raise InvalidRequest(f"is no list; there are {', '.join(KINDS)}", f"{name}.{kind}")
        for kind, values in part.items():
            about = KINDS[kind]
            found[about, said] = [(value, "") for value in _values(values, f"{name}.{kind}", about)]
    if SIZES in body:
        found["size", OWN] = _sizes(body[SIZES])
    if not found:
        raise InvalidRequest("say what to change: favourites, hidden or sizes", "favourites")
    _one_of_both(found)
    return found


def answer(wishes: Iterable[Wish]) -> dict[str, Any]:
    """What holds, in the form it is sent in. What was taken back is not told."""
    wishes = list(wishes)
    told: dict[str, Any] = {
        name: {kind: [w.value for w in wishes if (w.about, w.said) == (about, said)] for kind, about in KINDS.items()}
        for name, said in SAID.items()
    }
    sizes: dict[str, list[str]] = {}
    for wish in wishes:
        if wish.said == OWN:
            sizes.setdefault(wish.within or EVERYWHERE, []).append(wish.value)
    return {**told, SIZES: sizes}


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise InvalidRequest(f"must be an object with lists: {', '.join(KINDS)}", name)
    return value


def _sizes(value: Any) -> list[tuple[str, str]]:
    """A list, or lists by category."""
    by_category = {EVERYWHERE: value} if isinstance(value, list) else value
    if not isinstance(by_category, dict):
        raise InvalidRequest('must be a list of sizes, or lists by category, such as {"Shoes": ["42"]}', SIZES)
    found: list[tuple[str, str]] = []
    for category, sizes in by_category.items():
        at = f"{SIZES}.{category}" if sizes is not value else SIZES
        within = "" if category == EVERYWHERE else _word(category, at, "category")
        found += [(size, within) for size in _values(sizes, at, "size")]
    if len(found) > MOST:
        raise InvalidRequest(f"must hold at most {MOST} sizes, those of all categories together", SIZES)
    return list({(size.casefold(), within.casefold()): (size, within) for size, within in found}.values())


def _values(values: Any, at: str, about: About) -> list[str]:
    if not isinstance(values, list) or len(values) > MOST:
        raise InvalidRequest(f"must be a list of at most {MOST} values", at)
    found = [_word(value, f"{at}[{place}]", about) for place, value in enumerate(values)]
    return list({word if about == "item" else word.casefold(): word for word in found}.values())


def _word(value: Any, at: str, about: About) -> str:
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    word = " ".join(str(value).split()) if plain and about != "item" else str(value).strip() if plain else ""
    if about == "category":
        word = " > ".join(part.strip() for part in word.split(">") if part.strip())
    if not 1 <= len(word) <= LONGEST or not _encodes(word):
        raise InvalidRequest(f"must be a text of 1 to {LONGEST} characters", at)
    return word


def _encodes(word: str) -> bool:
    """Half of a surrogate pair is no character and cannot be stored."""
    return not any("\ud800" <= character <= "\udfff" for character in word)


def _one_of_both(found: Lists) -> None:
    for kind, about in KINDS.items():
        hidden = {value.casefold() for value, _ in found.get((about, HIDDEN), [])}
        for value, _ in found.get((about, FAVOURITE), []):
            if value.casefold() in hidden:
                raise InvalidRequest(
                    f"{value!r} is in hidden.{kind} too; it can be one of the two", f"favourites.{kind}"
                )
