"""A training run as one HTML page that a shopkeeper can read: nothing to install, nothing loaded from elsewhere."""

from datetime import UTC, datetime
from html import escape
from typing import Any

from shared.evaluation.charts import Bar, bars

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:2rem 1rem;color:#1d2733;background:#fbfaf8}
h1{font-size:1.8rem;margin:0}h2{margin:2.5rem 0 .5rem;font-size:1.2rem}h3{margin:1.5rem 0 .3rem;font-size:1rem}summary{cursor:pointer;margin:.5rem 0}table{border-collapse:collapse;width:100%}
td,th{padding:.35rem .6rem;text-align:left;border-bottom:1px solid #e4e0d8;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
.verdict{padding:.8rem 1rem;border-radius:.5rem;margin:1rem 0}.yes{background:#e1f2e6}.no{background:#fbe4e0}small{color:#667}
svg{font:13px system-ui,sans-serif;fill:#1d2733}
"""
NAMES = {"model": "New version", "current": "Current version", "popularity": "Popularity"}
COLOURS = {"model": "#2f6f5e", "current": "#8fb8ad", "popularity": "#c9bfa9"}


def report(
    run: dict[str, Any], search: list[dict[str, Any]], neighbours: list[dict[str, Any]], titles: dict[str, str]
) -> str:
    """`run` is metrics.json; `titles` maps item ids to titles."""
    passed = run["passed"]
    verdict = "".join(f"<li>{escape(reason)}</li>" for reason in run["reasons"])
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Model {escape(run["version"])}</title><style>{STYLE}</style>
<h1>Model {escape(run["version"])}</h1>
<div class="verdict {"yes" if passed else "no"}"><b>{"Published" if passed else "Not published; the current version goes on"}</b><ul>{verdict}</ul></div>
<h2>What it learned from</h2>{_counts(run["counts"])}
<h2>Who is who</h2>{_identity(run["counts"].get("identity", {}))}
<h2>What shoppers did not say, and the model guessed</h2>{_imputed(run["counts"].get("imputed", []))}
<h2>How good it is</h2><p><small>{_aim(run.get("objective", "auto"))} Measured on {run["shoppers"]} shoppers who came back after {_day(run["split"])},
which no measured model had seen. Bars show means, whiskers the 95 % interval over shoppers.</small></p>{_charts(run["metrics"])}
{_metrics(run["metrics"])}
<h2>By how much was known of the shopper</h2>{_segments(run["segments"])}
<h2>The search for the best settings</h2>{_search(search)}
<h2>Shoppers, and what they would have been shown</h2>{_examples(run["examples"], titles)}
<h2>Items, and what stands beside them</h2>{_neighbours(neighbours, titles)}
</html>"""


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%d %B %Y}"


def _aim(objective: str) -> str:
    words = {
        "auto": "It aims at orders, or where there are few at what is looked at next.",
        "revenue": "It aims at revenue.",
        "margin": "It aims at margin, less what refunds are to be expected to take back.",
    }
    return words.get(objective, f"It aims at {objective}s.")


def _counts(counts: dict[str, Any]) -> str:
    named = {k: v for k, v in counts.items() if isinstance(v, int) and not isinstance(v, bool)}
    rows = "".join(f"<tr><td>{escape(k.replace('_', ' '))}</td><td class=n>{v:,}</td></tr>" for k, v in named.items())
    events = "".join(f"<tr><td>{escape(str(k))}</td><td class=n>{v:,}</td></tr>" for k, v in counts["by_event"].items())
    return f"<p>{_day(counts['first'])} to {_day(counts['last'])}</p><table>{rows}</table><details><summary>Events by name</summary><table>{events}</table></details>"


IMPUTERS = {
    "plain": "most frequent or median",
    "trees": "trees over behaviour",
    "": "none: nothing is missing, or too little is known",
}


def _identity(counts: dict[str, int]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td class=n>{value:,}</td></tr>" for name, value in counts.items())
    return f"<p>Profiles by the whole lake, compared with the live graph.</p><table>{rows}</table>"


def _imputed(rows: list[dict[str, Any]]) -> str:
    """Known and guessed shoppers of each attribute, and how often each imputer was right where the truth is known."""

    def share(row: dict[str, Any], imputer: str) -> str:
        return f"{row['accuracy'][imputer]:.1%} ({row['loss'][imputer]:.3f})" if imputer in row["accuracy"] else ""

    body = "".join(
        f"<tr><td>{escape(row['attribute'].replace('_', ' '))}</td><td class=n>{row['known']:,}</td><td class=n>{row['imputed']:,}</td>"
        f"<td>{IMPUTERS[row['imputer']]}</td><td class=n>{row['held_out']:,}</td><td class=n>{share(row, 'plain')}</td><td class=n>{share(row, 'trees')}</td></tr>"
        for row in rows
    )
    return f"""<p><small>Guesses serve this model only and are no facts about anybody: they are not kept with shoppers, nor given out. Right means
the value itself, for the year of birth within five years; in brackets the loss that chose (logarithmic, or years off; less is better).</small></p>
<table><tr><th>Attribute</th><th>Known</th><th>Guessed</th><th>By</th><th>Judged on</th><th>Most frequent or median right</th><th>Trees right</th></tr>{body}</table>"""


def _charts(metrics: dict[str, Any]) -> str:
    names = [name for name in metrics["model"]["means"] if name.startswith(("ndcg", "recall"))]
    return "".join(_bars(name, metrics) for name in names)


def _bars(metric: str, metrics: dict[str, Any]) -> str:
    rows = []
    for name, measured in metrics.items():
        low, high = measured["intervals"].get(metric, (0.0, 0.0))
        rows.append(Bar(NAMES[name], measured["means"].get(metric, 0.0), low, high, COLOURS[name]))
    return bars(metric, rows)


def _metrics(metrics: dict[str, Any]) -> str:
    head = "".join(f"<th>{NAMES[name]}</th>" for name in metrics)
    names = list(metrics["model"]["means"])
    rows = [(name, [m["means"].get(name, 0.0) for m in metrics.values()]) for name in names]
    rows.append(("coverage of the catalog", [m["coverage"] for m in metrics.values()]))
    body = "".join(f"<tr><td>{escape(n)}</td>{''.join(f'<td class=n>{v:.4f}</td>' for v in vs)}</tr>" for n, vs in rows)
    return f"<table><tr><th></th>{head}</tr>{body}</table>"


def _segments(segments: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td class=n>{row['shoppers']}</td>"
        + "".join(
            f"<td class=n>{row[model].get('ndcg@20 with repeats', 0):.4f}</td>" for model in NAMES if model in row
        )
        + "</tr>"
        for name, row in segments.items()
    )
    models = [NAMES[m] for m in NAMES if any(m in row for row in segments.values())]
    return f"<table><tr><th>Known before</th><th>Shoppers</th>{''.join(f'<th>{m}, NDCG@20</th>' for m in models)}</tr>{rows}</table>"


PHASES = {
    "blend": "Weights of the sources, judged on new items",
    "reading": "How much what a shopper did counts, and for how long",
    "repeats": "Weights of what was bought before, judged on everything",
    "ranker": "The ranker, tree by tree, on shoppers of its own",
}


def _search(search: list[dict[str, Any]]) -> str:
    if not search:
        return "<p>There was too little data to search: the settings are the ones Shopwindow comes with.</p>"
    compared = [step for step in search if step["phase"] == "compared"]
    fits = [step for step in search if step["phase"] not in PHASES and step["phase"] != "compared"]
    curves = [(title, [step["ndcg"] for step in search if step["phase"] == phase]) for phase, title in PHASES.items()]
    return _compared(compared) + _fits(fits) + "".join(_curve(title, values) for title, values in curves if values)


def _compared(rows: list[dict[str, Any]]) -> str:
    """What each way of ranking reached on shoppers the ranker did not learn from; the best one serves if it is the ranker."""
    if not rows:
        return "<p>There was too little to learn a ranker from: the blend of the sources ranks.</p>"
    ordered = sorted(rows, key=lambda row: -row["ndcg"])
    body = "".join(f"<tr><td>{escape(row['way'])}</td><td class=n>{row['ndcg']:.4f}</td></tr>" for row in ordered)
    served = "ranker" if ordered[0]["way"] == "ranker" else "blend"
    return f"<p>The {served} serves.</p><table><tr><th>Ranked by</th><th>NDCG@20</th></tr>{body}</table>"


def _fits(fits: list[dict[str, Any]]) -> str:
    """What each source finds by itself, the best of each in bold."""
    best: dict[str, float] = {}
    for step in fits:
        best[step["phase"]] = max(best.get(step["phase"], 0.0), step["ndcg"])
    rows = ""
    for step in fits:
        tried = ", ".join(f"{k.replace('_', ' ')} {v:g}" for k, v in step.items() if k not in ("phase", "ndcg"))
        mark = "b" if step["ndcg"] == best[step["phase"]] else "span"
        rows += f"<tr><td>{escape(step['phase'])}</td><td>{escape(tried)}</td><td class=n><{mark}>{step['ndcg']:.4f}</{mark}></td></tr>"
    return f"<details open><summary>Each source alone, NDCG@20 on new items</summary><table><tr><th>Source</th><th>Tried</th><th>NDCG@20</th></tr>{rows}</table></details>"


def _curve(title: str, values: list[float]) -> str:
    best = [max(values[: i + 1]) for i in range(len(values))]
    low, high = min(values), max(values)
    step, scale = 600 / max(len(values) - 1, 1), 120 / ((high - low) or 1)

    def points(series: list[float]) -> str:
        return " ".join(f"{i * step:.1f},{130 - (v - low) * scale:.1f}" for i, v in enumerate(series))

    return (
        f"<h3>{escape(title)}</h3>"
        f'<svg viewBox="0 0 640 140" role="img" aria-label="NDCG by trial"><polyline fill="none" stroke="#c9bfa9" points="{points(values)}"/>'
        f'<polyline fill="none" stroke="#2f6f5e" stroke-width="2" points="{points(best)}"/></svg>'
        f"<p><small>NDCG@20 of {len(values)} trials in order: from {low:.4f} to {high:.4f}; the dark line is the best so far.</small></p>"
    )


def _examples(examples: list[dict[str, Any]], titles: dict[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{_named(e['dealt_with'], titles)}</td><td>{_shown(e, titles)}</td><td>{_named(e['came'][:8], titles)}</td></tr>"
        for e in examples
    )
    return f"<table><tr><th>Dealt with</th><th>Would have been shown</th><th>Went on to</th></tr>{rows}</table>"


def _shown(example: dict[str, Any], titles: dict[str, str]) -> str:
    """What came true in bold, each item with why it would have been shown."""
    came, lines = set(example["came"]), []
    for item, reason, because in example["recommended"]:
        name, why = escape(titles.get(item, item)), reason.replace("_", " ")
        why += f": {titles.get(because, because)}" if because else ""
        lines.append(f"{f'<b>{name}</b>' if item in came else name} <small>{escape(why)}</small>")
    return "<br>".join(lines)


def _neighbours(rows: list[dict[str, Any]], titles: dict[str, str]) -> str:
    body = "".join(
        f"<tr><td>{_named([r['item']], titles)}</td><td>{_named(r['similar'], titles)}</td><td>{_named(r['together'], titles)}</td></tr>"
        for r in rows
    )
    return f"<table><tr><th>Item</th><th>Similar</th><th>Bought together</th></tr>{body}</table>"


def _named(ids: list[str], titles: dict[str, str]) -> str:
    return "<br>".join(escape(titles.get(i, i)) for i in ids)
