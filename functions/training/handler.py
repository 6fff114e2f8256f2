"""Steps of the training state machine: prepare, train, evaluate."""

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from shared import clients
from shared.catalog.model import top_category
from shared.catalog.store import CatalogStore
from shared.config import TrainingSettings, from_env
from shared.evaluation.protocol import Facts
from shared.evaluation.report import report
from shared.identity.live import live_graph
from shared.identity.recompute import compare, summary_of
from shared.identity.settings import parse
from shared.lists.store import ListsStore
from shared.models import bundle, impute, interactions, listing, members, people
from shared.models.lists import Besides
from shared.models.prepare import Room, Rules, prepare
from shared.models.runs import Run, download
from shared.models.train import TooLittleData, evaluate, neighbours, train
from shared.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(TrainingSettings)
protection = parse(settings.identity_limits)
catalog = CatalogStore(clients.dynamodb(), settings.catalog_table)


def run_of(version: str) -> Run:
    return Run(clients.s3(), settings.models_bucket, version)


def do_prepare(event: dict[str, Any]) -> dict[str, Any]:
    """The version is named after the start of the execution: a retry writes the same run."""
    version = datetime.fromisoformat(event["started"]).strftime("%Y%m%dT%H%M%SZ")
    with tempfile.TemporaryDirectory() as scratch:  # of its own: locally, two stacks may train at once
        files = download(clients.s3(), settings.lake_bucket, Path(scratch, "lake"))
        if not files:
            raise TooLittleData("the lake is empty: send events first")
        live = live_graph(clients.dynamodb(), settings.identity_table, protection)
        prepared = prepare(files, version, Rules(protection, live.cuts), Room(str(Path(scratch, "duckdb"))))
    guessed, summaries = impute.impute(prepared.interactions, prepared.people, facts())
    run = run_of(version)
    run.put("interactions.npz", interactions.dump(prepared.interactions))
    run.put("guesses.npz", impute.dump(guessed["country"]))  # the only attribute that lists are made by
    year = datetime.fromtimestamp(float(prepared.interactions.at.max(initial=0.0)), UTC).year
    run.put("segments.npz", people.dump(people.segments(prepared.people, year)))
    run.put("members.bin", members.dump(version, prepared.members))
    told = compare(prepared.identity.profiles, live.profiles)
    logger.info("identity graph", agreeing=told.agreeing, elsewhere=len(told.elsewhere), missing=len(told.missing))
    imputed = [summary._asdict() for summary in summaries]
    run.put_json(
        "counts.json", {**prepared.counts, "imputed": imputed, "identity": summary_of(prepared.identity, told)}
    )
    return {"version": version, "interactions": len(prepared.interactions)}


def do_train(event: dict[str, Any]) -> dict[str, Any]:
    run = run_of(event["version"])
    data = interactions.load(run.get("interactions.npz"))
    trained = train(data, facts(), serving()[1])
    packed = bundle.dump(trained.bundle)
    run.put("trial.npz", bundle.dump(trained.trial))
    run.put("bundle.npz", packed)
    guesses = impute.load(run.get("guesses.npz"))
    items = {item.id: item for item in catalog.scan()}
    besides = Besides(guesses, people.load(run.get("segments.npz")), items)
    listing.make(run, data, trained.bundle, float(data.at.max()), besides)
    run.put_json("search.json", trained.search)
    run.put_json(
        "manifest.json",
        {
            "version": event["version"],
            "settings": trained.bundle.settings,
            "items": trained.bundle.size,
            "from": float(data.at.min()),
            "until": float(data.at.max()),
            "sha256": hashlib.sha256(packed).hexdigest(),
        },
    )
    return {"version": event["version"]}


def do_evaluate(event: dict[str, Any]) -> dict[str, Any]:
    run = run_of(event["version"])
    data = interactions.load(run.get("interactions.npz"))
    current, recipe = serving()
    results = evaluate(data, bundle.load(run.get("trial.npz")), recipe)
    whole = {**results, "version": event["version"], "counts": run.get_json("counts.json"), "current": current}
    run.put_json("metrics.json", whole)
    titles = {item.id: item.title for item in catalog.scan()}
    page = report(whole, run.get_json("search.json"), neighbours(bundle.load(run.get("bundle.npz"))), titles)
    run.put("report.html", page.encode(), "text/html; charset=utf-8")
    return {"version": event["version"], "passed": results["passed"], "reasons": results["reasons"]}


def serving() -> tuple[str, dict[str, float] | None]:
    """The version that serves now and its settings."""
    pointer, _ = ListsStore(clients.dynamodb(), settings.lists_table).pointer()
    if not pointer.current:
        return "", None
    return pointer.current, run_of(pointer.current).get_json("manifest.json", "models")["settings"]


def facts() -> Facts:
    return {
        item.id: (top_category(item), item.brand, item.price.amount if item.price else float("nan"))
        for item in catalog.scan()
    }


STEPS = {"prepare": do_prepare, "train": do_train, "evaluate": do_evaluate}


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    logger.info("training step", step=event["step"])
    with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
        return STEPS[event["step"]](event)
