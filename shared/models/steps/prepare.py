"""From the lake to what training learns from, unless the data doctor objects."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from shared.errors import TooLittleData
from shared.identity.live import Live
from shared.identity.recompute import Disagreement, compare, summary_of
from shared.models import clicks, content, impressions, impute, interactions, members, people, sales
from shared.models.doctor import examine
from shared.models.findings import Finding, Strictness, may_train, sentences
from shared.models.objective import AUTO, aimed
from shared.models.prepare import Prepared, Room, Rules, prepare
from shared.models.runs import download
from shared.models.sales import NO_SALES
from shared.models.steps.bench import Bench, facts_of, margins_of
from shared.models.steps.lake import Lake


class Asked(NamedTuple):
    """How a run is to be made."""

    started: str  # when the execution did, ISO 8601
    strictness: Strictness
    objective: str = AUTO


def named(started: str) -> str:
    """The version of a run that started then: a retry writes the same run."""
    return datetime.fromisoformat(started).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def do_prepare(bench: Bench, lake: Lake, started: str, strictness: Strictness, objective: str = AUTO) -> dict[str, Any]:
    """`started` is when the execution did, ISO 8601. `may_train` says whether the doctor lets the run go on.

    Raises InvalidRequest for an objective that the catalog knows no values for.
    """
    check_objective(bench, objective)
    prepared, live = read(bench, lake, named(started))
    prepared = prepared._replace(words=too_many(len(prepared.interactions), lake.spark_from))
    return keep_prepared(bench, prepared, live, Asked(started, strictness, objective))


def check_objective(bench: Bench, objective: str) -> None:
    """Raises InvalidRequest for an objective that the catalog knows no values for."""
    items = bench.items()
    aimed(objective, facts_of(items.values()), margins_of(items.values()), NO_SALES, 0.0)


def too_many(interactions: int, spark_from: int) -> list[str]:
    """A sentence for the report, if one machine had to do what was meant for Spark."""
    if not spark_from or interactions <= spark_from:
        return []
    return [
        f"{interactions:,} interactions are more than the {spark_from:,} from which Spark should learn, and it could not be used."
    ]


def keep_prepared(bench: Bench, prepared: Prepared, live: Live, asked: Asked) -> dict[str, Any]:
    """What was prepared, put where the other steps look for it."""
    version, items = named(asked.started), bench.items()
    facts = facts_of(items.values())
    now = datetime.fromisoformat(asked.started).timestamp()
    findings = examine(prepared.vitals, prepared.interactions, facts, now)
    guessed, summaries = impute.impute(prepared.interactions, prepared.people, facts)
    told = compare(prepared.identity.profiles, live.profiles)
    run = bench.run(version)
    run.put("interactions.npz", interactions.dump(prepared.interactions))
    run.put("guesses.npz", impute.dump(guessed["country"]))  # the only attribute that lists are made by
    year = datetime.fromtimestamp(float(prepared.interactions.at.max(initial=0.0)), UTC).year
    run.put("segments.npz", people.dump(people.segments(prepared.people, year)))
    described = content.counted(content.embed(items.values()), prepared.interactions.items, prepared.dealings)
    run.put("content.npz", content.dump(described))
    run.put("members.bin", members.dump(version, prepared.members))
    run.put("impressions.npz", impressions.dump(prepared.impressions))
    run.put("sales.npz", sales.dump(prepared.sales))
    run.put_json("objective.json", {"objective": asked.objective})
    run.put("clicks.npz", clicks.dump(clicks.learned(clicks.fresh(), prepared.impressions, facts)[0]))
    told_by_doctor = diagnosis(findings, asked.strictness, prepared.words)
    run.put_json("doctor.json", told_by_doctor)
    imputed = [summary._asdict() for summary in summaries]
    identity = summary_of(prepared.identity, told)
    run.put_json("counts.json", {**prepared.counts, "imputed": imputed, "identity": identity})
    return {
        "version": version,
        "interactions": len(prepared.interactions),
        "identity": agreement(told),
        **told_by_doctor,
    }


def do_doctor(bench: Bench, lake: Lake, started: str, strictness: Strictness) -> dict[str, Any]:
    """What the doctor finds in the lake now. Nothing is kept."""
    prepared, live = read(bench, lake, named(started))
    now = datetime.fromisoformat(started).timestamp()
    findings = examine(prepared.vitals, prepared.interactions, bench.facts(), now)
    told = compare(prepared.identity.profiles, live.profiles)
    return {"counts": prepared.counts, "identity": agreement(told), **diagnosis(findings, strictness)}


def agreement(told: Disagreement) -> dict[str, int]:
    return {"agreeing": told.agreeing, "elsewhere": len(told.elsewhere), "missing": len(told.missing)}


def diagnosis(findings: list[Finding], strictness: Strictness, words: Sequence[str] = ()) -> dict[str, Any]:
    """As it is kept, told and decided by. `words` are told before the doctor's."""
    return {
        "may_train": may_train(findings, strictness),
        "reasons": [*words, *sentences(findings)],
        "findings": [finding._asdict() for finding in findings],
    }


def read(bench: Bench, lake: Lake, version: str) -> tuple[Prepared, Live]:
    """Raises TooLittleData when the lake is empty."""
    with tempfile.TemporaryDirectory() as scratch:  # of its own: locally, two stacks may train at once
        files = download(bench.client, lake.bucket, Path(scratch, "lake"))
        if not files:
            raise TooLittleData("the lake is empty: send events first")
        live = lake.graph()
        rules = Rules(lake.protection, live.cuts)
        return prepare(files, version, rules, Room(str(Path(scratch, "duckdb")))), live
