"""What an interleaving says: which of two rankers shoppers click more."""

from typing import TYPE_CHECKING

from shared.experiments.analysis.results import Results, Told
from shared.experiments.analysis.rules import Decision
from shared.experiments.analysis.split import Split
from shared.experiments.interleaving import Preference, credit, preference
from shared.experiments.model import MIXED, Experiment, Stop

if TYPE_CHECKING:
    import duckdb

SHOWN = """
WITH picked AS (
  SELECT properties->>'$.recommendation_id' AS id,
         unnest(CASE WHEN json_type(properties, '$.products') = 'ARRAY'
                     THEN CAST(properties->'$.products' AS JSON[]) ELSE [properties] END)->>'$.product_id' AS item
  FROM owned WHERE type = 'track' AND event = 'Recommendation Clicked' AND shopper <> ''),
clicks AS (SELECT id, list(DISTINCT item) AS items FROM picked GROUP BY id)
SELECT a.unit, min(a.time) OVER (), a.shown, a.teams, coalesce(c.items, []) FROM answers a LEFT JOIN clicks c USING (id)
WHERE list_contains(a.assigned, [$name, $mixed]) AND len(a.teams) = len(a.shown) AND a.time >= $start AND a.time < $until
"""
EVEN = Split(1.0, fine=True, words="Every shopper who takes part sees both.")


def read(db: "duckdb.DuckDBPyConnection", experiment: Experiment) -> tuple[dict[str, float], float]:
    """Credits of each unit (above 0: for the second variant), and when the first of them took part. Reads what `rows.gather` made."""
    when = {"start": experiment.start, "until": min(experiment.until, 1e12)}
    found = db.execute(SHOWN, {"name": experiment.name, "mixed": MIXED, **when}).fetchall()
    credits_: dict[str, float] = {}
    for unit, _, shown, teams, clicked in found:
        credits_[unit] = credits_.get(unit, 0.0) + credit(shown, teams, set(clicked))
    return credits_, float(found[0][1]) if found else 0.0


def analyse_mixed(experiment: Experiment, credits_: dict[str, float], since: float, now: float) -> Results:
    stop, days = experiment.stop, (now - since) / 86400.0
    found = preference(list(credits_.values()))
    decision = _decided(found, stop, days)
    names = [variant.name for variant in experiment.variants]
    told = [Told(name, liked, {}) for name, liked in zip(names, (found.a, found.b), strict=True)]
    return Results(
        experiment.name,
        experiment.metric,
        now,
        since,
        stop.alpha,
        EVEN,
        told,
        [],
        decision,
        decision not in ("early", "running"),
        _words(decision, found, names, stop, days),
        found,
    )


def _decided(found: Preference, stop: Stop, days: float) -> Decision:
    if found.a + found.b + found.neither < stop.least_shoppers or days < stop.least_days:
        return "early"
    if found.p_value < stop.alpha:
        return "winner" if found.b > found.a else "control"
    return "over" if days >= stop.most_days else "running"


def _words(decision: Decision, found: Preference, names: list[str], stop: Stop, days: float) -> str:
    liked = f"{found.b:,} shoppers click more of {names[1]}, {found.a:,} more of {names[0]}, {found.neither:,} neither"
    sure = f"You may look as often as you like: this is wrong at most {stop.alpha:.3g} of the time."
    return {
        "early": f"Too early to decide: {liked}, after {days:.1f} of at least {stop.least_days:g} days"
        f" and of at least {stop.least_shoppers:,} shoppers.",
        "winner": f"Keep {names[1]}: {liked}. {sure}",
        "control": f"Keep {names[0]}: {liked}. {sure}",
        "over": f"Stop: after {days:.0f} days no preference is sure: {liked}.",
    }.get(decision, f"Go on: no preference is sure yet: {liked}.")
