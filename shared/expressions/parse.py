"""Text to expression: every mistake is told with the character it is at."""

import math

from shared.errors import InvalidRequest
from shared.expressions.condition import Condition
from shared.expressions.fields import ATTRIBUTES, OPERATORS, SAYS, Field, field_of, unknown
from shared.expressions.nodes import Comparison, Node, Value, either, every, negated
from shared.expressions.tokens import Token, cut, mistake

LONGEST = 4000  # characters
DEEPEST = 20  # parentheses and `not` inside each other
MOST_TESTS = 100
MOST_VALUES = 200  # of one `in`
EVERYTHING = frozenset({"item", "shopper", "context"})
KEYWORDS = frozenset(
    ["and", "or", "not", "in", "within", "contains", "starts", "with", "is", "missing", "true", "false"]
)
SIGNS = frozenset({"=", "!=", "<", "<=", ">", ">="})
WORDS = frozenset({"in", "within", "contains", "starts"})


def parse(text: str, field: str, allowed: frozenset[str] = EVERYTHING) -> Condition:
    """The condition that `text` writes down, about the subjects `allowed`. Raises InvalidRequest naming `field`."""
    if len(text) > LONGEST:
        raise InvalidRequest(f"has more than {LONGEST} characters; split it, or give items a tag to ask for", field)
    parser = _Parser(cut(text, field), field, allowed)
    node = parser.either()
    parser.expect_end()
    return Condition(node)


def path(category: str) -> str:
    """A category's path as the catalog writes it: `A>B` is `A > B`."""
    return " > ".join(part.strip() for part in category.split(">") if part.strip())


class _Parser:
    def __init__(self, tokens: list[Token], field: str, allowed: frozenset[str]) -> None:
        self.tokens = tokens
        self.field = field
        self.allowed = allowed
        self.place = 0
        self.depth = 0
        self.tests = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    @property
    def word(self) -> str:
        """The keyword or sign that stands here, else ""."""
        token = self.token
        if token.kind == "sign":
            return token.written
        lower = token.written.lower()
        return lower if token.kind == "name" and lower in KEYWORDS else ""

    def take(self) -> Token:
        token = self.token
        self.place = min(self.place + 1, len(self.tokens) - 1)
        return token

    def skip(self, word: str) -> bool:
        if self.word == word:
            self.take()
            return True
        return False

    def fail(self, message: str, token: Token | None = None) -> InvalidRequest:
        return mistake((token or self.token).at, message, self.field)

    def expected(self, what: str) -> InvalidRequest:
        return self.fail(f"expected {what}{self.after()}")

    def after(self) -> str:
        return f" after {self.tokens[self.place - 1].written!r}" if self.place else ""

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.expected("`and`, `or` or the end")

    def either(self) -> Node:
        parts = [self.every()]
        while self.skip("or"):
            parts.append(self.every())
        return either(parts)

    def every(self) -> Node:
        parts = [self.part()]
        while self.skip("and"):
            parts.append(self.part())
        return every(parts)

    def part(self) -> Node:
        if self.word not in ("not", "("):
            return self.test()
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"more than {DEEPEST} parentheses or `not` are inside each other")
        if self.take().written == "(":
            node = self.either()
            if not self.skip(")"):
                raise self.expected("`)`")
        else:
            node = negated(self.part())
        self.depth -= 1
        return node

    def test(self) -> Node:
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise self.fail(f"there are more than {MOST_TESTS} comparisons; give items a tag to ask for")
        field = self.named()
        if self.word in SIGNS:
            return self.compared(field, self.take())
        if self.skip("is"):
            return self.missing(field)
        denied = self.skip("not")
        if self.word in WORDS:
            test = self.compared(field, self.take())
            return negated(test) if denied else test
        if denied:
            raise self.expected("`in`, `within`, `contains` or `starts with`")
        if field.kind != "flag":
            raise self.expected(f"a comparison such as `{OPERATORS[field.kind][0]}`")
        return Comparison(field, "holds")

    def named(self) -> Field:
        token = self.token
        if token.kind != "name" or self.word:
            raise self.expected("a field such as item.price")
        self.take()
        name = token.written
        if name.endswith("."):
            quoted = str(self.take().value).strip()
            name = name + quoted if name == ATTRIBUTES else name + "?"
        found = field_of(name)
        if found is None:
            raise self.fail(unknown(name, self.allowed), token)
        if found.subject not in self.allowed:
            here = " and ".join(f"{subject}.…" for subject in sorted(self.allowed))
            raise self.fail(f"{name} cannot be asked here, only {here}", token)
        return found

    def missing(self, field: Field) -> Node:
        denied = self.skip("not")
        if not self.skip("missing"):
            raise self.expected("`missing` or `not missing`")
        test = Comparison(field, "missing")
        return negated(test) if denied else test

    def compared(self, field: Field, operator: Token) -> Node:
        word = operator.written.lower()
        if word == "starts":
            if not self.skip("with"):
                raise self.expected("`with`")
            word = "starts with"
        if word not in OPERATORS[field.kind]:
            can = ", ".join(f"`{name}`" for name in OPERATORS[field.kind])
            raise self.fail(f"this field is {SAYS[field.kind]} and knows {can}", operator)
        return Comparison(field, word, self.several(field) if word == "in" else (self.value(field, word),))

    def several(self, field: Field) -> tuple[Value, ...]:
        if not self.skip("("):
            raise self.expected("`(`")
        values = [self.value(field, "in")]
        while self.skip(","):
            if len(values) == MOST_VALUES:
                raise self.fail(f"there are more than {MOST_VALUES} values")
            values.append(self.value(field, "in"))
        if not self.skip(")"):
            raise self.expected("`,` or `)`")
        if len({type(value) for value in values}) > 1:
            raise self.fail("the values must be all texts or all numbers", self.tokens[self.place - 1])
        return tuple(values)

    def value(self, field: Field, operator: str) -> Value:
        token = self.token
        if self.word in ("true", "false"):
            value: Value = self.take().written.lower() == "true"
        elif token.kind in ("text", "number"):
            value = self.take().value
        else:
            hint = f'; write text in quotes: "{token.written}"' if token.kind == "name" else ""
            raise self.fail(f"expected a value{self.after()}{hint}")
        return self.fitting(field, operator, value, token)

    def fitting(self, field: Field, operator: str, value: Value, token: Token) -> Value:
        """The value, if the field can have it."""
        wanted: tuple[type, ...] = {"number": (float,), "flag": (bool,)}.get(field.kind, (str,))
        if field.kind == "attribute":
            wanted = {"in": (str, float), "=": (str, float, bool), "!=": (str, float, bool)}.get(operator, (str,))
            wanted = (float,) if operator in ("<", "<=", ">", ">=") else wanted
        if type(value) not in wanted:
            raise self.fail(self.wrong(field, wanted, token), token)
        if isinstance(value, float) and not math.isfinite(value):
            raise self.fail("this number is too large", token)
        if isinstance(value, bool) and field.kind == "attribute":
            return str(value).lower()  # as the catalog writes it
        if not isinstance(value, str):
            return value
        value = path(value) if field.kind == "path" else value
        if field.choices and value.lower() not in field.choices:
            raise self.fail(f"must be one of {', '.join(field.choices)}", token)
        if not value.strip():
            raise self.fail("this text is empty; ask `is missing`", token)
        return value

    def wrong(self, field: Field, wanted: tuple[type, ...], token: Token) -> str:
        if wanted == (str,):
            return f'expected a text in quotes, such as "{token.written.strip(chr(39) + chr(34))}"'
        return f"expected {'a number' if float in wanted else 'true or false'}, not {token.written}"
