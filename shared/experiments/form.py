"""Reading raw JSON part by part, with every mistake kept and named by its place, such as `experiments[0].variants[1].share`."""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from shared.errors import Mistake

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
NAME_FORM = "must be 1 to 40 letters, digits, - and _, beginning with a letter or digit"


class Form:
    """An object of the document. Each reading gives a usable value, the default after a mistake, so that all mistakes are found."""

    def __init__(self, raw: Any, at: str, mistakes: list[Mistake], known: Collection[str] = ()) -> None:
        self.at = at
        self.mistakes = mistakes
        self.raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        if not isinstance(raw, dict):
            mistakes.append(Mistake(at, "must be an object"))
        for name in self.raw:
            if known and name not in known:
                self.wrong(str(name), f"is not known here; known are {', '.join(sorted(known))}")

    def wrong(self, name: str, message: str) -> None:
        self.mistakes.append(Mistake(f"{self.at}.{name}", message))

    def name(self, field: str, default: str | None = None) -> str:
        """A required name, unless there is a default."""
        value = self.raw.get(field, default)
        if isinstance(value, str) and (NAME.fullmatch(value) or value == default):
            return value
        self.wrong(field, NAME_FORM)
        return ""

    def choice(self, field: str, words: Collection[str], default: str) -> str:
        value = self.raw.get(field, default)
        if isinstance(value, str) and value in words:
            return value
        self.wrong(field, f"must be one of {', '.join(words)}")
        return default

    def number(self, field: str, least: float, most: float, default: float | None = None) -> float:
        value = self.raw.get(field, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        self.wrong(field, f"must be a number from {least:g} to {most:g}")
        return least if default is None else default

    def moment(self, field: str, default: float) -> float:
        """ISO 8601 to epoch seconds; without a zone it is UTC."""
        value = self.raw.get(field)
        if value is None:
            return default
        try:
            at = datetime.fromisoformat(value)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (TypeError, ValueError, OverflowError):
            self.wrong(field, "must be a time such as 2026-03-02T12:00:00Z")
            return default

    def names(self, field: str, words: Collection[str], default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of some of the `words`."""
        value = self.raw.get(field, list(default))
        if not isinstance(value, list) or not (value or default == ()):
            self.wrong(field, "must be a list of names")
            return default
        for n, one in enumerate(value):
            if not (isinstance(one, str) and one in words):
                self.wrong(f"{field}[{n}]", f"must be one of {', '.join(words)}")
        return tuple(one for one in value if isinstance(one, str) and one in words)

    def object(self, field: str) -> dict[str, Any]:
        value = self.raw.get(field, {})
        if isinstance(value, dict):
            return value
        self.wrong(field, "must be an object")
        return {}

    def flags(self, field: str) -> dict[str, bool]:
        """An object of names and true or false."""
        value = self.object(field)
        for name, on in value.items():
            if not isinstance(on, bool):
                self.wrong(f"{field}.{name}", "must be true or false")
        return {name: on for name, on in value.items() if isinstance(on, bool)}

    def part(self, field: str, known: Collection[str]) -> "Form":
        return Form(self.raw.get(field, {}), f"{self.at}.{field}", self.mistakes, known)

    def parts(self, field: str, known: Collection[str]) -> list["Form"]:
        return list(forms(self.raw.get(field, []), f"{self.at}.{field}", self.mistakes, known))


def forms(raw: Any, at: str, mistakes: list[Mistake], known: Collection[str]) -> Iterator[Form]:
    """Those that are objects, of a list, or of an object that has each under its name."""
    if isinstance(raw, dict):
        each = [(f"{at}.{name}", {"name": name, **one} if isinstance(one, dict) else one) for name, one in raw.items()]
    elif isinstance(raw, list):
        each = [(f"{at}[{n}]", one) for n, one in enumerate(raw)]
    else:
        mistakes.append(Mistake(at, "must be a list, or an object of names"))
        return
    for place, one in each:
        form = Form(one, place, mistakes, known)
        if isinstance(one, dict):
            yield form


def told_apart(forms_: list[Form], names: list[str]) -> None:
    """Names are given once."""
    for n, (form, name) in enumerate(zip(forms_, names, strict=True)):
        if name and name in names[:n]:
            form.wrong("name", f"{name} is taken by another one above")
