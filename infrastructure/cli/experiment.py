"""Experiments from the command line."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec import convert

from infrastructure.cli import plan
from infrastructure.cli.api import Api, ApiError
from infrastructure.cli.models import invoke
from infrastructure.local.layout import LocalStackError, Stack
from shared.experiments.analysis.compare import Difference
from shared.experiments.analysis.metrics import METRICS
from shared.experiments.analysis.results import Results

NOT_FOUND = 404


def listed(stack: Stack) -> str:
    found: dict[str, Any] = plan.read(stack, plan.CURRENT)["document"].get("experiments", {})
    if not found:
        return "The plan has no experiments."
    return "\n".join(f"{name}: {_said(stack, name)}" for name in found)


def results(stack: Stack, name: str, *, now: bool = False) -> str:
    """Raises LocalStackError when there are none."""
    if now:
        invoke(stack, "PrepareFunction", {"step": "experiments"})
    found = _found(stack, name)
    if found is None:
        raise LocalStackError(f"There are no results of {name} yet. `experiment results {name} --now` makes them.")
    return table(found)


def table(found: Results) -> str:
    """Every metric by variant, the differences to the first, and the verdict."""
    at = datetime.fromtimestamp(found.at, UTC)
    days = max(found.at - found.since, 0.0) / 86400
    head = f"{found.experiment}: after {days:.1f} days, as of {at:%Y-%m-%d %H:%M} UTC, by {METRICS[found.metric].words}"
    if found.preference:
        return f"{head}\n{found.verdict}"
    names = [f"{one.name} ({one.shoppers:,})" for one in found.variants]
    width = max(map(len, [*names, "variant (shoppers)"]))
    columns = "".join(f"{metric:>14}" for metric in METRICS)
    rows = [
        f"{name:<{width}}" + "".join(f"{one.metrics[metric]:>14.5g}" for metric in METRICS)
        for name, one in zip(names, found.variants, strict=True)
    ]
    lines = [head, "", f"{'variant (shoppers)':<{width}}{columns}", *rows, "", *map(_difference, found.differences)]
    return "\n".join([*lines, "", found.split.words, found.verdict])


def _difference(one: Difference) -> str:
    if one.relative is None or one.relative_low is None or one.relative_high is None:
        change = f"{one.difference:+.4g} [{one.low:+.4g}, {one.high:+.4g}]"
    else:
        change = f"{one.relative:+.1%} [{one.relative_low:+.1%}, {one.relative_high:+.1%}]"
    return f"  {one.variant}, {METRICS[one.metric].words}: {change}, p = {one.p_value:.3f}, noise less {one.saved:.0%}"


def _said(stack: Stack, name: str) -> str:
    found = _found(stack, name)
    return found.verdict if found else "no results yet"


def _found(stack: Stack, name: str) -> Results | None:
    try:
        body = Api(stack, stack.secret_key).call("GET", f"/v1/experiments/{quote(name, safe='')}/results")
    except ApiError as error:
        if error.status == NOT_FOUND:
            return None
        raise
    return convert(body, Results)
