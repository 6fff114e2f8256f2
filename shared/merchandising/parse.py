"""A merchandiser's document to the plan that is published: every mistake is found at once, each with its place."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from shared.errors import InvalidRequest, Mistake
from shared.expressions.condition import Condition
from shared.expressions.nodes import comparisons
from shared.expressions.parse import parse as parse_expression
from shared.merchandising import values
from shared.merchandising.plan import ACTIONS, Plan, Rule
from shared.merchandising.times import clock, moment, zone
from shared.profiles.lifecycle import USUAL, Limits
from shared.recommend.placements import PLACEMENTS

T = TypeVar("T")
NOWHERE: tuple[str, ...] = ()
MOST_RULES = 500
MOST_SEGMENTS = 200
OBJECTS = ("placements", "experiments", "bandits")
DOCUMENT = ("$schema", "timezone", "rules", "segments", "lifecycle", *OBJECTS)
COMMON = ("name", "action", "when", "placements", "from", "until", "timezone", "priority", "enabled")
OWN: dict[str, tuple[str, ...]] = {
    "pin": ("items", "slots"),
    "boost": ("where", "items", "by"),
    "bury": ("where", "items", "by"),
    "include": ("where", "items", "slots", "share"),
    "exclude": ("where", "items"),
    "replace": ("where", "items", "with"),
}
NEEDED = {"pin": ("items",), "boost": ("by",), "bury": ("by",), "include": (), "exclude": (), "replace": ("with",)}
ONE_OF = {"pin": (), "include": (("where", "items"), ("slots", "share"))}  # of others the first pair
BUILT_IN = ("country:", "device:", "people:", "lifecycle:")  # segments that shoppers have without a plan
WHERE, WHEN, SEGMENT = frozenset({"item"}), frozenset({"shopper", "context"}), frozenset({"shopper"})


class InvalidPlan(InvalidRequest):
    """`mistakes` are all there are; the message has the first ones."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        more = f" (and {len(mistakes) - 3} more)" if len(mistakes) > 3 else ""
        super().__init__("; ".join(map(str, mistakes[:3])) + more, mistakes[0].field)
        self.mistakes = mistakes

    def body(self) -> dict[str, Any]:
        return {**super().body(), "mistakes": [mistake._asdict() for mistake in self.mistakes]}


Check = Callable[[dict[str, Any]], Iterable[Mistake]]  # of a whole document


def parse(document: Any, now: float, checks: Sequence[Check] = ()) -> Plan:
    """`now` (epoch seconds) is from when on the shop's clock is worked out; `checks` are asked about the parts that are kept as they
    were written. Raises InvalidPlan with every mistake."""
    if not isinstance(document, dict):
        raise InvalidPlan([Mistake("", "the plan must be a JSON object")])
    return _Document(document, checks).plan(now)


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes

    def read(self, default: T, reader: Callable[..., T], *args: Any, **named: Any) -> T:
        try:
            return reader(*args, **named)
        except InvalidRequest as error:
            self.mistakes.append(Mistake(error.field, error.message))
            return default

    def note(self, field: str, message: str) -> None:
        self.mistakes.append(Mistake(field, message))

    def check_names(self, row: dict[str, Any], names: Collection[str], at: str, of: str) -> None:
        for name, message in values.unknown(row, names, of):
            self.note(f"{at}{name}", message)


class _Document(_Reader):
    def __init__(self, document: dict[str, Any], checks: Sequence[Check]) -> None:
        super().__init__([])
        self.document = document
        self.checks = checks

    def plan(self, now: float) -> Plan:
        self.check_names(self.document, DOCUMENT, "", "a plan")
        utc = zone("UTC", "timezone")
        within = self.read(utc, _zone, self.document, "", "UTC")
        objects = {name: self.mapping(name) for name in OBJECTS}
        segments = self.segments()
        limits = self.limits()
        placements = {*PLACEMENTS, *objects["placements"]}
        none: list[Any] = []
        rows = self.read(none, values.rows, self.document, "rules", MOST_RULES)
        rules = [_Rule(self, row, n, segments, placements).rule(within.key) for n, row in enumerate(rows)]
        self.unique([rule.name for rule, _ in rules])
        self.mistakes += [mistake for check in self.checks for mistake in check(self.document)]
        if self.mistakes:
            raise InvalidPlan(self.mistakes)
        enabled = sorted((rule for rule, on in rules if on), key=lambda rule: (-rule.priority, rule.name))
        return Plan(
            rules=tuple(enabled),
            segments=segments,
            placements=objects["placements"],
            experiments=objects["experiments"],
            bandits=objects["bandits"],
            clock=clock(within, now),
            lifecycle=limits,
        )

    def mapping(self, name: str) -> dict[str, Any]:
        empty: dict[str, Any] = {}
        return self.read(empty, values.mapping, self.document, name)

    def segments(self) -> dict[str, str]:
        written = self.mapping("segments")
        if len(written) > MOST_SEGMENTS:
            self.note("segments", f"has more than {MOST_SEGMENTS}")
        for name, expression in written.items():
            at = f"segments.{name}"
            if not name.strip() or len(name) > values.LONGEST_NAME or ":" in name:
                self.note(at, f"a segment's name has 1 to {values.LONGEST_NAME} characters and no colon")
            condition = self.read(None, _condition, expression, at, SEGMENT)
            if condition and "shopper.segments" in condition.fields:
                self.note(at, "a segment cannot ask for segments; repeat what they ask")
        return written

    def limits(self) -> Limits:
        written = self.mapping("lifecycle")
        self.check_names(written, values.LIMITS, "lifecycle.", "lifecycle")
        return self.read(USUAL, values.limits, written, "lifecycle.")

    def unique(self, names: list[str]) -> None:
        first: dict[str, int] = {}
        for place, name in enumerate(names):
            if name and first.setdefault(name, place) != place:
                self.note(f"rules[{place}].name", f"rules[{first[name]}] has this name too")


class _Rule(_Reader):
    def __init__(
        self, document: _Document, row: Any, place: int, segments: Collection[str], placements: Collection[str]
    ) -> None:
        super().__init__(document.mistakes)
        self.row = row
        self.at = f"rules[{place}]."
        self.segments = {segment.casefold() for segment in segments}
        self.placements = placements

    def rule(self, timezone: str) -> tuple[Rule, bool]:
        """The rule, and whether it is enabled."""
        row, at = self.row, self.at
        if not isinstance(row, dict):
            self.note(at.rstrip("."), "must be an object")
            return Rule(name="", action="boost"), False
        action = self.read("", values.choice, row, "action", ACTIONS, at)
        if action:
            self.check_keys(action)
        start, end = self.window(timezone)
        rule = Rule(
            name=self.read("", values.name, row, "name", at),
            action=action,  # type: ignore[arg-type]  # "" only where there are mistakes
            where=self.expression("where", WHERE),
            when=self.expression("when", WHEN),
            placements=self.places(),
            start=start,
            end=end,
            priority=self.read(0, values.whole, row, "priority", at),
            items=self.read((), values.ids, row, "items", at),
            slots=self.read((), values.slots, row, "slots", at),
            share=self.read(0.0, values.share, row, "share", at),
            by=self.read(1.0, values.factor, row, "by", at),
            target=self.read("", values.item_id, row, "with", at),
        )
        return self.complete(rule), self.read(True, values.flag, row, "enabled", at)

    def check_keys(self, action: str) -> None:
        own = OWN[action]
        self.check_names(self.row, (*COMMON, *own), self.at, f"a rule that says {action}")
        for name in NEEDED[action]:
            if name not in self.row:
                self.note(self.at + name, f"a rule that says {action} needs it")
        for pair in ONE_OF.get(action, (("where", "items"),)):
            if sum(name in self.row for name in pair) != 1:
                self.note(self.at + pair[0], f"a rule that says {action} needs either {pair[0]} or {pair[1]}")

    def complete(self, rule: Rule) -> Rule:
        """What only shows when all is read. Items that are pinned without slots stand at the front."""
        if rule.action == "pin" and "slots" not in self.row:
            return values.with_slots(rule)
        if rule.action == "pin" and rule.slots and rule.items and len(rule.slots) != len(rule.items):
            self.note(self.at + "slots", "must be as many as there are items: each has its slot")
        if rule.target and rule.target in rule.items:
            self.note(self.at + "with", "is among the items it stands in for")
        return rule

    def expression(self, name: str, allowed: frozenset[str]) -> str:
        if name not in self.row:
            return ""
        condition = self.read(None, _condition, self.row[name], self.at + name, allowed)
        for asked in comparisons(condition.node) if condition else ():
            if (asked.field.subject, asked.field.name) == ("shopper", "segments") and asked.values:
                self.check_segment(str(asked.values[0]), self.at + name)
        return str(self.row[name])

    def check_segment(self, segment: str, at: str) -> None:
        if not segment.startswith(BUILT_IN) and segment.casefold() not in self.segments:
            self.note(at, f"there is no segment {segment!r} in the plan")

    def places(self) -> tuple[str, ...]:
        found = self.read(NOWHERE, values.words, self.row, "placements", self.at)
        for place in found:
            if place not in self.placements:
                self.note(
                    f"{self.at}placements",
                    f"there is no placement {place!r}; there are {', '.join(sorted(self.placements))}",
                )
        return found

    def window(self, timezone: str) -> tuple[float, float]:
        """Epoch seconds; 0 where there is no limit."""
        within = self.read(zone("UTC", ""), _zone, self.row, self.at, timezone)
        start, end = (
            self.read(
                0.0, moment, self.read("", values.text, self.row, name, self.at), within, self.at + name, last=last
            )
            if name in self.row
            else 0.0
            for name, last in (("from", False), ("until", True))
        )
        if start and end and end <= start:
            self.note(self.at + "until", "ends before it begins")
        return start, end


def _zone(row: dict[str, Any], at: str, default: str) -> Any:
    return zone(values.text(row, "timezone", at) if "timezone" in row else default, f"{at}timezone")


def _condition(text: Any, at: str, allowed: frozenset[str]) -> Condition:
    if not isinstance(text, str):
        raise InvalidRequest("must be an expression in a text", at)
    return parse_expression(text, at, allowed)
