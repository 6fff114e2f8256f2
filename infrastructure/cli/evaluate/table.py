"""The figures of a run as tables for a terminal, in Markdown."""

from collections.abc import Sequence
from typing import Any


def tables(run: dict[str, Any]) -> str:
    """One table of quality and one of the rest; every row a model."""
    head = (
        f"{run['dataset']}: {run['train']:,} train rows, {run['items']:,} items, {run['cases']:,} cases of {run['groups']:,} "
        f"{'sessions' if run['task'] == 'next' else 'shoppers'}. {run['note']}"
    )
    return "\n\n".join([head, quality(run), leads(run), rest(run)])


def quality(run: dict[str, Any]) -> str:
    columns = [(view, metric) for view in run["views"] for metric in run["main"]]
    rows = [
        [name, *(with_interval(run["views"][view][name][metric]) for view, metric in columns)] for name in run["cost"]
    ]
    return markdown(["model", *(f"{metric} {view}" for view, metric in columns)], rows)


def leads(run: dict[str, Any]) -> str:
    """Of what is no baseline, how far it is before or behind the best of them."""
    columns = [(view, metric) for view in run["views"] for metric in run["main"]]
    ours = [name for name in run["cost"] if name not in run["baselines"]]
    rows = [
        [name, *(difference(run["views"][view][name][metric]) for view, metric in columns)]
        for name in ours
        if run["baselines"]
    ]
    return (
        markdown(["against the best baseline", *(f"{metric} {view}" for view, metric in columns)], rows) if rows else ""
    )


def rest(run: dict[str, Any]) -> str:
    modes = list(next(iter(run["spread"].values())))
    spread = [(mode, name) for mode in modes for name in next(iter(run["spread"].values()))[mode]]
    rows = []
    for name, cost in run["cost"].items():
        cells = [number(run["spread"][name][mode][column], 3) for mode, column in spread]
        rows.append([name, *cells, f"{cost['learn_seconds']:.1f}", f"{cost['rank_ms']:.2f}", f"{cost['peak_gb']:.2f}"])
    named = [column if len(modes) == 1 else f"{column} ({mode})" for mode, column in spread]
    return markdown(["model", *named, "learn s", "ms a case", "peak GB"], rows)


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|" + "--:|" * (len(head) - 1), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def with_interval(found: dict[str, Any]) -> str:
    if found["mean"] is None:
        return ""
    return f"{found['mean']:.4f} ({number(found['low'], 3)}–{number(found['high'], 3)})"


def difference(found: dict[str, Any]) -> str:
    """Absolute, its interval, relative, and whom it is to."""
    if found.get("lead") is None:
        return ""
    rival = found["mean"] - found["lead"]
    relative = f", {found['lead'] / rival:+.1%}" if rival else ""
    return f"{found['lead']:+.4f} ({found['lead_low']:+.4f} to {found['lead_high']:+.4f}){relative} to {found['rival']}"


def number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
