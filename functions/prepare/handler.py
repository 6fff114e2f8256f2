"""Steps of training that read the lake."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from shared import clients
from shared.config import PrepareSettings, code_version, from_env
from shared.experiments.analysis.nightly import do_experiments
from shared.identity.settings import parse
from shared.merchandising.store import PlanStore
from shared.models import objective
from shared.models.findings import strictness
from shared.models.steps.bench import Bench
from shared.models.steps.gather import do_gather
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import do_doctor, do_prepare
from shared.models.steps.size import do_size
from shared.observability import logger, metrics
from shared.recommend.loaded import read
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(PrepareSettings)
bench = Bench.of(clients.s3(), clients.dynamodb(), settings, code_version(Path(__file__).parents[2]))
lake = Lake(
    settings.lake_bucket,
    clients.dynamodb(),
    settings.identity_table,
    parse(settings.identity_limits),
    settings.spark_from,
)
plans = PlanStore(VersionedTable(clients.dynamodb(), settings.plans_table))


def do(event: dict[str, Any]) -> dict[str, Any]:
    if event["step"] == "gather":
        return do_gather(bench, lake)
    if event["step"] in ("experiments", "rollouts"):
        planned = read(plans.current())[0].experiments
        wanted = [one for one in planned if one.kind == "rollout" or event["step"] == "experiments"]
        return do_experiments(clients.s3(), lake, bench.catalog, wanted, time.time())
    if event["step"] == "size":
        return do_size(bench, lake, event["started"], bool(settings.spark_application))
    strict = strictness(settings.doctor)
    if event["step"] == "prepare":
        made = do_prepare(
            bench, lake, event["started"], strict, objective.asked(event.get("input"), settings.objective)
        )
    else:
        made = do_doctor(bench, lake, event["started"], strict)
    tell(made)
    return made


def tell(made: dict[str, Any]) -> None:
    """How the graph of the lake compares with the live one, and how the data is."""
    graph = made["identity"]
    logger.info("identity graph", agreeing=graph["agreeing"], elsewhere=graph["elsewhere"], missing=graph["missing"])
    severities = [finding["severity"] for finding in made["findings"]]
    metrics.add_metric("DataWarnings", "Count", severities.count("warn"))
    metrics.add_metric("DataUnfit", "Count", int(not made["may_train"]))
    metrics.flush_metrics()  # other steps have nothing to tell


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"step": "prepare", "started": ISO 8601, "input": {"objective": …}}`, `{"step": "size" | "doctor", "started": …}`,
    `{"step": "gather"}`, `{"step": "experiments"}` or `{"step": "rollouts"}`"""
    logger.info("training step", step=event["step"])
    with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
        return do(event)
