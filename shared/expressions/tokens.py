"""An expression cut into words, numbers, texts and signs, each with its place."""

import re
from typing import NamedTuple

from shared.errors import InvalidRequest
from shared.expressions.nodes import Value

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<name>[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*(?:\.(?=["']))?)
    |(?P<sign><=|>=|!=|=|<|>|\(|\)|,)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
HINTS = {"&": "write `and`", "|": "write `or`", "!": "write `not` or `!=`", '"': "this text has no closing quote"}
HINTS["'"] = HINTS['"']


class Token(NamedTuple):
    """`at` is the place of its first character, from 0. `kind` is text, number, name, sign or end."""

    kind: str
    written: str
    at: int

    @property
    def value(self) -> Value:
        """Of a text or a number."""
        if self.kind == "number":
            return float(self.written)
        return _ESCAPED.sub(r"\1", self.written[1:-1])


def mistake(at: int, message: str, field: str) -> InvalidRequest:
    return InvalidRequest(f"at character {at + 1}: {message}", field)


def cut(text: str, field: str) -> list[Token]:
    """Raises InvalidRequest where nothing of an expression stands."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise mistake(at, HINTS.get(text[at], f"{text[at : at + 10]!r} means nothing here"), field)
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match.group(), at))
        at = match.end()
    return [*found, Token("end", "", len(text))]
