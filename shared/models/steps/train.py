"""From interactions to a version, and how good it is."""

import hashlib
from collections.abc import Mapping
from typing import Any

from shared.catalog.model import Item
from shared.evaluation.protocol import split_at
from shared.evaluation.report import report
from shared.models import bundle, content, impressions, impute, interactions, lists, people, sales
from shared.models.examination import examined
from shared.models.known import Goal, Known, Texts
from shared.models.objective import Aim, aimed
from shared.models.runs import Run
from shared.models.steps.bench import Bench, facts_of, margins_of
from shared.models.train import Trained, Widen, alone, evaluate, neighbours, train
from shared.models.tune import BUDGET, Budget


def do_train(bench: Bench, version: str, budget: Budget = BUDGET) -> dict[str, Any]:
    """`budget` is of the search of settings."""
    data = interactions.load(bench.run(version).get("interactions.npz"))
    keep_trained(bench, version, data, budget)
    return {"version": version}


def keep_trained(
    bench: Bench, version: str, data: interactions.Interactions, budget: Budget = BUDGET, widened: Widen = alone
) -> None:
    """Train, and put what was trained where the other steps look for it; `budget` and `widened` as for `train`."""
    run, items = bench.run(version), bench.items()
    told = content.load(run.get("content.npz"))
    texts = Texts(told.ids, told.vectors)
    seen = impressions.load(run.get("impressions.npz"))
    goal = Goal(aim_in(run, data, items), seen)
    known = Known.by_now(data, facts_of(items.values()), texts, goal)
    trained = train(known, bench.serving()[1].get("settings"), budget, widened)
    packed = bundle.dump(trained.bundle)
    run.put("trial.npz", bundle.dump(trained.trial))
    run.put("bundle.npz", packed)
    besides = lists.Besides(
        impute.load(run.get("guesses.npz")),
        people.load(run.get("segments.npz")),
        items,
        told,
    )
    run.put("lists.msgpack", lists.dump(lists.lists(data, trained.bundle, float(data.at.max()), besides)))
    run.put_json("search.json", trained.search)
    aim = {**run.get_json("objective.json"), "examined": examined(seen).round(3).tolist()}
    run.put_json("manifest.json", {**manifest(bench, version, data, trained, packed), **aim})


def aim_in(run: Run, data: interactions.Interactions, items: Mapping[str, Item]) -> Aim | None:
    """What the run is to aim at. Refunds count as they were known when the test days began."""
    if not len(data):
        return None
    objective, sold = run.get_json("objective.json")["objective"], sales.load(run.get("sales.npz"))
    return aimed(objective, facts_of(items.values()), margins_of(items.values()), sold, split_at(data))


def manifest(
    bench: Bench, version: str, data: interactions.Interactions, trained: Trained, packed: bytes
) -> dict[str, Any]:
    """What a version is made of; `sampled` says that `data` is not all. `metrics` come with do_evaluate."""
    every = int(bench.run(version).get_json("counts.json")["interactions"])
    return {
        "version": version,
        "code": bench.code,
        "settings": trained.bundle.settings,
        "items": trained.bundle.size,
        "interactions": every,
        "sampled": every > len(data),
        "from": float(data.at.min()),
        "until": float(data.at.max()),
        "sha256": hashlib.sha256(packed).hexdigest(),
    }


def do_findings(bench: Bench, version: str) -> dict[str, Any]:
    """What the data doctor said of a run that Spark prepared: a job returns nothing to the state machine."""
    run = bench.run(version)
    return {
        "version": version,
        "interactions": run.get_json("counts.json")["interactions"],
        **run.get_json("doctor.json"),
    }


def do_evaluate(bench: Bench, version: str) -> dict[str, Any]:
    """`passed` says whether the version may be published, `reasons` why, in sentences."""
    run = bench.run(version)
    data = interactions.load(run.get("interactions.npz"))
    current, facts = bench.serving()
    items = bench.items()
    results = evaluate(data, bundle.load(run.get("trial.npz")), facts.get("settings"), aim_in(run, data, items))
    reasons = results["reasons"] + run.get_json("doctor.json")["reasons"]
    named = {
        "version": version,
        "counts": run.get_json("counts.json"),
        "current": current,
        "reasons": reasons,
        **run.get_json("objective.json"),
    }
    whole = {**results, **named}
    run.put_json("metrics.json", whole)
    measured = {name: result["means"] for name, result in results["metrics"].items()}
    run.put_json("manifest.json", {**run.get_json("manifest.json"), "metrics": measured})
    titles = {item.id: item.title for item in items.values()}
    page = report(whole, run.get_json("search.json"), neighbours(bundle.load(run.get("bundle.npz"))), titles)
    run.put("report.html", page.encode(), "text/html; charset=utf-8")
    return {"version": version, "passed": results["passed"], "reasons": reasons}
