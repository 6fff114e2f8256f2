"""An experiment: who takes part, what each variant shows them, and when it is over. Read once, with every mistake named."""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal, NamedTuple

from shared.errors import Mistake
from shared.experiments.form import Form, forms, told_apart

Metric = Literal["ctr", "conversion", "revenue", "margin"]
METRICS: tuple[Metric, ...] = ("ctr", "conversion", "revenue", "margin")
HOLDOUT = "holdout"
MIXED = "mixed"  # what all see who take part in an interleaving
FOREVER = float("inf")
MOST_VARIANTS = 10
LONGEST_DAYS = 180  # the log of answers is kept hardly longer
EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Variant:
    """`settings` go over the placement's own, `rules` switch rules on or off by name. Others are compared with the first variant."""

    name: str
    share: float
    settings: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, bool] = field(default_factory=dict)


class Guardrail(NamedTuple):
    """A metric that no variant may lower by more than `most_loss` (relative to the first variant's)."""

    metric: Metric
    most_loss: float


class Stop(NamedTuple):
    """When a verdict may be given: not before the least, and at `most_days` at the latest."""

    alpha: float = 0.05
    least_shoppers: int = 200  # of each variant
    least_days: float = 7.0  # so that every day of the week has been seen
    most_days: float = 42.0
    least_effect: float = 0.01  # relative; a gain that is surely smaller is not worth waiting for


@dataclass(frozen=True, slots=True)
class Experiment:
    """Of all units, those whose bucket of the `layer` lies in `range` [from, to) may take part; each variant and the holdout
    get their share of them, and what the shares leave over stays outside. In an interleaving the shares together say how many take part,
    and every one of them sees both variants in one list (see `shared.experiments.interleaving`)."""

    name: str
    layer: str
    placements: tuple[str, ...]
    variants: tuple[Variant, ...]
    range: tuple[float, float] = (0.0, 1.0)
    holdout: float = 0.0
    salt: str = ""  # "": the name
    start: float = 0.0  # epoch seconds
    until: float = FOREVER
    status: Literal["running", "stopped"] = "running"
    metric: Metric = "ctr"
    stop: Stop = Stop()
    guardrails: tuple[Guardrail, ...] = ()
    kind: Literal["split", "interleaving", "rollout"] = "split"

    def runs(self, now: float) -> bool:
        return self.status == "running" and self.start <= now < self.until


FIELDS = {
    *("name", "layer", "placements", "variants", "range", "holdout", "salt", "from", "until", "status", "metric"),
    *("stop", "guardrails", "kind"),
}


def parse(raw: Any, placements: Collection[str]) -> tuple[list[Experiment], list[Mistake]]:
    """The experiments of a plan (a JSON list), and all that is wrong with them."""
    mistakes: list[Mistake] = []
    each = list(forms(raw, "experiments", mistakes, FIELDS))
    made = [_experiment(form, placements) for form in each]
    told_apart(each, [one.name for one in made])
    for (_, before), (form, after) in combinations(zip(each, made, strict=True), 2):
        _together(form, after, before)
    return made, mistakes


def _experiment(form: Form, placements: Collection[str]) -> Experiment:
    variants = _variants(form)
    holdout = form.number("holdout", 0.0, 0.9, 0.0)
    if sum(variant.share for variant in variants) + holdout > 1.0 + EXACT:
        form.wrong("variants", "have shares that are more than 1 together with the holdout")
    start, until = form.moment("from", 0.0), form.moment("until", FOREVER)
    if until <= start:
        form.wrong("until", "must be later than from")
    where = form.names("placements", placements)
    if not where and not form.raw.get("placements"):
        form.wrong("placements", f"must name at least one of {', '.join(placements)}")
    kind = form.choice("kind", ("split", "interleaving", "rollout"), "split")
    if kind != "split":
        _of_two(form, kind, variants, holdout)
    return Experiment(
        name=form.name("name"),
        layer=form.name("layer", "main"),
        placements=where,
        variants=variants,
        range=_range(form),
        holdout=holdout,
        salt=form.name("salt", ""),
        start=start,
        until=until,
        status=form.choice("status", ("running", "stopped"), "running"),  # type: ignore[arg-type]
        metric=form.choice("metric", METRICS, "ctr"),  # type: ignore[arg-type]
        stop=_stop(form.part("stop", {"alpha", "leastShoppers", "leastDays", "mostDays", "leastEffect"})),
        guardrails=tuple(_guardrail(one) for one in form.parts("guardrails", {"metric", "mostLoss"})),
        kind=kind,  # type: ignore[arg-type]
    )


def _of_two(form: Form, kind: str, variants: tuple[Variant, ...], holdout: float) -> None:
    if len(variants) != 2:
        form.wrong("variants", f"must be just two in a kind of {kind}")
    if kind == "interleaving" and (form.raw.get("metric", "ctr") != "ctr" or form.raw.get("guardrails") or holdout):
        form.wrong(
            "kind", "interleaving knows clicks alone: leave out metric, guardrails and holdout, or split the shoppers"
        )
    if kind == "rollout" and abs(sum(variant.share for variant in variants) - 1.0) > EXACT:
        form.wrong(
            "variants", "must share all shoppers in a rollout, such as 0.99 for what there is and 0.01 for the change"
        )


def _variants(form: Form) -> tuple[Variant, ...]:
    each = form.parts("variants", {"name", "share", "settings", "rules"})
    made = [
        Variant(one.name("name"), one.number("share", 0.0, 1.0), one.object("settings"), one.flags("rules"))
        for one in each
    ]
    told_apart(each, [variant.name for variant in made])
    for one, variant in zip(each, made, strict=True):
        if variant.name in (HOLDOUT, MIXED):
            one.wrong("name", f"{HOLDOUT} and {MIXED} are kept for those who see no variant, and for those who see two")
    if not 2 <= len(made) <= MOST_VARIANTS:
        form.wrong("variants", f"must be 2 to {MOST_VARIANTS}, the first being what the others are compared with")
    return tuple(made)


def _range(form: Form) -> tuple[float, float]:
    value = form.raw.get("range", [0, 1])
    numbers = isinstance(value, list) and len(value) == 2 and all(type(n) in (int, float) for n in value)
    if not numbers or not 0 <= value[0] < value[1] <= 1:
        form.wrong("range", "must be two numbers from 0 to 1, such as [0, 0.5]")
        return (0.0, 1.0)
    return (float(value[0]), float(value[1]))


def _stop(form: Form) -> Stop:
    usual = Stop()
    stop = Stop(
        alpha=form.number("alpha", 0.001, 0.2, usual.alpha),
        least_shoppers=int(form.number("leastShoppers", 20, 10**9, usual.least_shoppers)),
        least_days=form.number("leastDays", 0, LONGEST_DAYS, usual.least_days),
        most_days=form.number("mostDays", 1, LONGEST_DAYS, usual.most_days),
        least_effect=form.number("leastEffect", 0.0, 1.0, usual.least_effect),
    )
    if stop.most_days < stop.least_days:
        form.wrong("mostDays", "must not be less than leastDays")
    return stop


def _guardrail(form: Form) -> Guardrail:
    metric: Any = form.choice("metric", METRICS, "conversion")
    return Guardrail(metric, form.number("mostLoss", 0.0, 1.0, 0.05))


def _together(form: Form, one: Experiment, other: Experiment) -> None:
    """Running at the same time, experiments of a layer have ranges of their own, and those of two layers change different things."""
    if "stopped" in (one.status, other.status) or one.start >= other.until or other.start >= one.until:
        return
    if one.layer == other.layer:
        if one.range[0] < other.range[1] and other.range[0] < one.range[1]:
            form.wrong("range", f"overlaps with that of {other.name}, which is in the same layer at the same time")
    elif set(one.placements) & set(other.placements):
        if one.kind == other.kind == "interleaving":
            form.wrong("kind", f"interleaves where {other.name} does at the same time; put both into one layer")
        for name in sorted(_changed(one) & _changed(other)):
            form.wrong("variants", f"change {name} as {other.name} does at the same time; put both into one layer")


def _changed(experiment: Experiment) -> set[str]:
    return {
        name
        for variant in experiment.variants
        for name in (*(f"settings.{n}" for n in variant.settings), *(f"rules.{n}" for n in variant.rules))
    }
