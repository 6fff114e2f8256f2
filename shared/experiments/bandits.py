"""A bandit: one placement, several recipes for it (arms), and traffic that goes where clicks are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.errors import Mistake
from shared.experiments import contexts
from shared.experiments.form import Form, forms, told_apart
from shared.lists.segments import ALL

By = Literal["all", "lifecycle", "device", "country", "context"]
GROUPS: tuple[By, ...] = ("all", "lifecycle", "device", "country", "context")
HALF_LIVES = {"6h": 6 * 3600.0, "1d": 86400.0, "7d": 7 * 86400.0}  # the stream counts with all of them
MOST_ARMS = 8
FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Arm:
    """`settings` go over the placement's own, `rules` switch rules on or off by name."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bandit:
    """`by` says for whom apart the best arm is looked for; by `context` a linear model is learned of all that is known of a moment.

    No arm gets less than `floor` of the answers. What happened a `half_life` ago counts half.
    """

    name: str
    placement: str
    arms: tuple[Arm, ...]
    by: By = "all"
    floor: float = FLOOR
    half_life: str = "1d"  # one of HALF_LIVES
    countries: tuple[str, ...] = ()  # told apart by `context`

    @property
    def names(self) -> list[str]:
        return [arm.name for arm in self.arms]


FIELDS = {"name", "placement", "arms", "by", "floor", "halfLife", "countries"}


def parse(raw: Any, placements: Collection[str]) -> tuple[list[Bandit], list[Mistake]]:
    """The bandits of a plan (a JSON list), and all that is wrong with them."""
    mistakes: list[Mistake] = []
    each = list(forms(raw, "bandits", mistakes, FIELDS))
    made = [_bandit(form, placements) for form in each]
    told_apart(each, [one.name for one in made])
    where = [one.placement for one in made]
    for n, form in enumerate(each):
        if where[n] in where[:n]:
            form.wrong("placement", f"{where[n]} has a bandit above; a placement has one at most")
    return made, mistakes


def _bandit(form: Form, placements: Collection[str]) -> Bandit:
    each = form.parts("arms", {"name", "settings", "rules"})
    arms = tuple(Arm(one.name("name"), one.object("settings"), one.flags("rules")) for one in each)
    told_apart(each, [arm.name for arm in arms])
    if not 2 <= len(arms) <= MOST_ARMS:
        form.wrong("arms", f"must be 2 to {MOST_ARMS}")
    placement = form.raw.get("placement")
    if not (isinstance(placement, str) and placement in placements):
        form.wrong("placement", f"must be one of {', '.join(placements)}")
    return Bandit(
        name=form.name("name"),
        placement=placement if isinstance(placement, str) else "",
        arms=arms,
        by=form.choice("by", GROUPS, "all"),  # type: ignore[arg-type]
        floor=form.number("floor", 0.0, 1 / max(len(arms), 1), FLOOR),
        half_life=form.choice("halfLife", HALF_LIVES, "1d"),
        countries=_countries(form),
    )


def _countries(form: Form) -> tuple[str, ...]:
    value = form.raw.get("countries", [])
    codes = isinstance(value, list) and all(isinstance(c, str) and len(c) == 2 and c.isupper() for c in value)
    if not codes or len(value) > contexts.MOST_COUNTRIES:
        form.wrong("countries", f"must be at most {contexts.MOST_COUNTRIES} codes of two capital letters, such as GB")
        return ()
    return tuple(value)


def segment_of(bandit: Bandit, own: Sequence[str], orders: int, at: float) -> str:
    """Where an answer counts: of the shopper's `own` segments (see `shared.recommend.shelves.segments`) the one the bandit goes by."""
    if bandit.by == "context":
        named = {kind: name for kind, _, name in reversed([segment.partition(":") for segment in own])}
        return contexts.code(named.get("device", ""), named.get("country", ""), bandit.countries, orders, at)
    return next((segment for segment in own if segment.startswith(f"{bandit.by}:")), ALL)
