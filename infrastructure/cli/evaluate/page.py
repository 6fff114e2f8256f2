"""A run as one HTML page: the tables, bars with intervals, segments and settings. Nothing is loaded from elsewhere."""

import json
from html import escape
from typing import Any

from infrastructure.cli.evaluate.table import difference, number
from shared.evaluation.charts import Bar, bars
from shared.evaluation.report import STYLE

OURS, THEIRS = "#2f6f5e", "#c9bfa9"
WIDE = "td:first-child,td.n{white-space:nowrap}"
NAMES = 220  # units of a chart's width


def page(run: dict[str, Any]) -> str:
    """`run` is what `measure.summary` made, with `machine`."""
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(run["dataset"])}</title><style>{STYLE}{WIDE}</style>
<h1>{escape(run["dataset"])}</h1>{_about(run)}
<h2>How good it is</h2>{"".join(_charts(run, view) for view in run["views"])}
<h2>Every metric</h2>{"".join(_metrics(run, view) for view in run["views"])}
<h2>What the lists are like</h2>{_spread(run)}
<h2>By segment</h2>{"".join(_segments(run, view) for view in run["views"])}
<h2>Seconds and memory</h2>{_cost(run)}
<h2>Settings chosen</h2>{_settings(run)}
</html>"""


def _about(run: dict[str, Any]) -> str:
    nexts = run["task"] == "next"
    kind, whom = ("Next item of a session", "sessions") if nexts else ("What a shopper turns to", "shoppers")
    machine = ", ".join(" ".join(pair) for pair in run["machine"].items())
    counts = f"{run['train']:,} train rows, {run['items']:,} items, {run['cases']:,} cases of {run['groups']:,} {whom}."
    how = (
        "Settings are chosen on the validation part; the test part is measured once. Whiskers are 95 % bootstrap intervals "
        f"over {whom}; leads are paired differences to the best other baseline."
    )
    return f"<p>{kind}, the whole catalog ranked. {counts} {escape(run['note'])}</p><p><small>{how} {escape(machine)}</small></p>"


def _charts(run: dict[str, Any], view: str) -> str:
    return "".join(
        bars(f"{metric}, {view}", [_bar(run, name, row[metric]) for name, row in run["views"][view].items()], NAMES)
        for metric in run["main"]
    )


def _bar(run: dict[str, Any], name: str, found: dict[str, Any]) -> Bar:
    mean, low, high = (found[part] or 0.0 for part in ("mean", "low", "high"))
    return Bar(name, mean, low, high, THEIRS if name in run["baselines"] else OURS)


def _metrics(run: dict[str, Any], view: str) -> str:
    rows, main = run["views"][view], run["main"][-1]
    metrics = list(next(iter(rows.values())))
    body = [
        [name, *(number(row[metric]["mean"], 4) for metric in metrics), difference(row[main])]
        for name, row in rows.items()
    ]
    return f"<h3>{escape(view)}</h3>{_table(['', *metrics, f'{main} against the best baseline'], body)}"


def _spread(run: dict[str, Any]) -> str:
    made = []
    for mode in next(iter(run["spread"].values())):
        rows = {name: modes[mode] for name, modes in run["spread"].items()}
        columns = list(next(iter(rows.values())))
        body = [[name, *(number(row[column], 3) for column in columns)] for name, row in rows.items()]
        made.append((f"<h3>{escape(mode)}</h3>" if len(run["views"]) > 1 else "") + _table(["", *columns], body))
    explained = (
        "Coverage: share of the items sold that anybody is shown. Gini: inequality of exposure, 0 equal. Novelty: bits of surprise. "
        "Diversity: mean distance of two items of a list, by the sessions they occur in or by their category."
    )
    return f"<p><small>{explained}</small></p>{''.join(made)}"


def _segments(run: dict[str, Any], view: str) -> str:
    rows = run["segments"][view]
    if not rows:
        return ""
    models = list(run["cost"])
    body = [[name, f"{row['cases']:,}", *(number(row[model], 4) for model in models)] for name, row in rows.items()]
    return f"<h3>{escape(run['main'][-1])}, {escape(view)}</h3>{_table(['', 'cases', *models], body)}"


def _cost(run: dict[str, Any]) -> str:
    body = [
        [name, f"{cost['learn_seconds']:.1f}", f"{cost['rank_ms']:.3f}", f"{cost['peak_gb']:.2f}"]
        for name, cost in run["cost"].items()
    ]
    head = ["", "tuning and fitting, s", "ranking, ms a case", "peak memory of the process, the set included, GB"]
    return _table(head, body)


def _settings(run: dict[str, Any]) -> str:
    return _table(["", "settings"], [[name, json.dumps(chosen)] for name, chosen in run["settings"].items()], "")


def _table(head: list[str], rows: list[list[str]], kind: str = " class=n") -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr><td>{escape(row[0])}</td>{''.join(f'<td{kind}>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    return f'<div style="overflow-x:auto"><table><tr>{top}</tr>{body}</table></div>'
