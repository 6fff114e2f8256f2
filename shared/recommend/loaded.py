"""A plan made ready to serve: placements, strategies, rules, experiments and bandits, each read once a version."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from shared.errors import InvalidRequest, Mistake
from shared.experiments import bandits, model
from shared.experiments.bandits import Bandit
from shared.experiments.model import Experiment
from shared.expressions.condition import Condition
from shared.expressions.parse import parse as parse_expression
from shared.merchandising.matching import Matcher
from shared.merchandising.plan import EMPTY, Plan
from shared.recommend.placements import PLACEMENTS, Placement
from shared.recommend.settings import Changes, changes, placement

REQUEST = frozenset({"shopper", "context"})
MOST_STRATEGIES = 20
Part = tuple[str, str, str]  # of a recipe: "experiment" or "bandit", its name, the variant or arm


class Strategy(NamedTuple):
    """What a placement does for some shoppers: the first whose condition holds."""

    name: str
    when: Condition
    changes: Changes


class Loaded(NamedTuple):
    """`changes` are what a variant or an arm makes of a placement, `switches` the rules that it switches on or off."""

    plan: Plan
    placements: Mapping[str, Placement]
    strategies: Mapping[str, tuple[Strategy, ...]]
    matcher: Matcher
    experiments: tuple[Experiment, ...]
    bandits: Mapping[str, Bandit]  # by placement
    changes: Mapping[Part, Changes]
    bits: Mapping[str, int] = {}  # of rules by name
    switches: Mapping[Part, Mapping[str, bool]] = {}
    optional: int = 0  # those of the rules that hold only where a variant or an arm switches them on

    @property
    def version(self) -> str:
        return self.plan.version

    def switched(self, active: int, switches: Mapping[str, bool]) -> int:
        """Bits of the rules that hold, once a recipe's switches are set."""
        active_now = active & ~self.optional
        for name, on in switches.items():
            bit = self.bits.get(name, 0)
            active_now = active_now | (active & bit) if on else active_now & ~bit
        return active_now


def load(plan: Plan) -> Loaded:
    """Raises InvalidRequest with the first mistake: a plan is checked with `mistakes` before it is published."""
    made, found = read(plan)
    if found:
        raise InvalidRequest(found[0].message, found[0].field)
    return made


def mistakes(document: Mapping[str, Any]) -> list[Mistake]:
    """All that is wrong with the parts of a plan that are kept as they were written, as far as they are objects."""
    names = ("placements", "experiments", "bandits")
    made, found = read(Plan(**{name: document[name] for name in names if isinstance(document.get(name), dict)}))
    return [*found, *_unknown_rules(made, document.get("rules"))]


def _unknown_rules(made: Loaded, rows: Any) -> Iterable[Mistake]:
    """A recipe switches rules by name, on or off: they have to be there, and enabled."""
    rows = rows if isinstance(rows, list) else []
    enabled = {str(row.get("name")) for row in rows if isinstance(row, dict) and row.get("enabled", True) is not False}
    recipes = [(f"experiments.{e.name}.{v.name}", v.rules) for e in made.experiments for v in e.variants]
    recipes += [(f"bandits.{b.name}.{arm.name}", arm.rules) for b in made.bandits.values() for arm in b.arms]
    for at, rules in recipes:
        for name in rules:
            if name not in enabled:
                yield Mistake(f"{at}.rules.{name}", "there is no enabled rule of this name")


def read(plan: Plan) -> tuple[Loaded, list[Mistake]]:
    found: list[Mistake] = []
    own, strategies = _placements(plan.placements, found)
    placements = {**PLACEMENTS, **own}
    named = {**PLACEMENTS, **plan.placements}  # those with mistakes as well: one mistake is enough
    experiments, wrong = model.parse(plan.experiments, named)
    several, wrong_too = bandits.parse(plan.bandits, named)
    found += [*wrong, *wrong_too]
    bits = {rule.name: 1 << place for place, rule in enumerate(plan.rules)}
    made = Loaded(
        plan,
        placements,
        strategies,
        Matcher(plan),
        tuple(experiments),
        {bandit.placement: bandit for bandit in several},
        dict(_changes(experiments, several, found)),
        bits,
        _switches(experiments, several),
        _optional(experiments, several, bits),
    )
    return made, found


def _placements(
    raw: Mapping[str, Any], found: list[Mistake]
) -> tuple[dict[str, Placement], dict[str, tuple[Strategy, ...]]]:
    made: dict[str, Placement] = {}
    strategies: dict[str, tuple[Strategy, ...]] = {}
    for name, settings in raw.items():
        at = f"placements.{name}"
        found += _faults(placement, settings, at, name)
        if not isinstance(settings, dict):
            continue
        strategies[name] = tuple(_strategies(settings.get("strategies", []), f"{at}.strategies", found))
        with suppress(InvalidRequest):  # it is among the faults
            made[name] = placement(settings, at, name)
    return made, strategies


def _faults(make: Callable[..., Any], settings: Any, *args: Any) -> list[Mistake]:
    """All that `make` says of settings, which by itself stops at the first: of each one, and each dial, alone."""
    found: dict[Mistake, None] = {}
    for part in _parts(settings):
        try:
            make(part, *args)
        except InvalidRequest as error:
            found[Mistake(error.field, error.message)] = None
    return list(found)


def _parts(settings: Any) -> Iterable[Any]:
    if not isinstance(settings, dict) or not settings:
        yield settings
        return
    like = {"like": settings["like"]} if "like" in settings else {}
    for name, value in settings.items():
        if name == "dials" and isinstance(value, dict):
            yield from ({**like, "dials": {dial: turned}} for dial, turned in value.items())
        else:
            yield {**like, name: value}


def _strategies(raw: Any, at: str, found: list[Mistake]) -> Iterable[Strategy]:
    if not isinstance(raw, list) or len(raw) > MOST_STRATEGIES:
        found.append(Mistake(at, f"must be a list of at most {MOST_STRATEGIES} strategies"))
        return
    for place, one in enumerate(raw):
        here = f"{at}[{place}]"
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not isinstance(one.get("when"), str):
            found.append(Mistake(here, "needs a name, and `when` it holds as an expression"))
            continue
        rest = {name: value for name, value in one.items() if name not in ("name", "when")}
        faults = _faults(changes, rest, here)
        faults += _faults(parse_expression, one["when"], f"{here}.when", REQUEST)
        found += faults
        if not faults:
            yield Strategy(one["name"], parse_expression(one["when"], f"{here}.when", REQUEST), changes(rest, here))


def _changes(
    experiments: Iterable[Experiment], several: Iterable[Bandit], found: list[Mistake]
) -> Iterable[tuple[Part, Changes]]:
    owned = [(("experiment", one.name, v.name), v.settings) for one in experiments for v in one.variants]
    owned += [(("bandit", one.name, arm.name), arm.settings) for one in several for arm in one.arms]
    for name, settings in owned:
        at = f"{name[0]}s.{name[1]}.{name[2]}.settings"
        faults = _faults(changes, settings, at)
        found += faults
        if not faults:
            yield name, changes(settings, at)


def _switches(experiments: Iterable[Experiment], several: Iterable[Bandit]) -> dict[Part, Mapping[str, bool]]:
    made: dict[Part, Mapping[str, bool]] = {
        ("experiment", e.name, v.name): v.rules for e in experiments for v in e.variants
    }
    return made | {("bandit", one.name, arm.name): arm.rules for one in several for arm in one.arms}


def _optional(experiments: Iterable[Experiment], several: Iterable[Bandit], bits: Mapping[str, int]) -> int:
    switches = [v.rules for one in experiments for v in one.variants] + [
        arm.rules for one in several for arm in one.arms
    ]
    made = 0
    for name in {name for rules in switches for name, on in rules.items() if on}:
        made |= bits.get(name, 0)
    return made


NOTHING = load(EMPTY)
