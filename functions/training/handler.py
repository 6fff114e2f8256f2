"""Steps of training that learn and measure. They see no event: only what `prepare` made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from shared import clients
from shared.config import TrainingSettings, code_version, from_env
from shared.models.steps.bench import Bench
from shared.models.steps.refresh import do_refresh
from shared.models.steps.train import do_evaluate, do_findings, do_train
from shared.models.tune import Budget
from shared.observability import logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

STEPS = {"train": do_train, "findings": do_findings, "evaluate": do_evaluate}
settings = from_env(TrainingSettings)
bench = Bench.of(clients.s3(), clients.dynamodb(), settings, code_version(Path(__file__).parents[2]))


def do(event: dict[str, Any]) -> dict[str, Any]:
    if event["step"] == "refresh":
        made = do_refresh(bench, event["version"], event["clicks"])
        tell(made)
        return made
    if event["step"] == "train":
        return do_train(bench, event["version"], Budget(settings.search_seconds))
    return {"findings": do_findings, "evaluate": do_evaluate}[event["step"]](bench, event["version"])


def tell(made: dict[str, Any]) -> None:
    """How far shoppers have moved from what the model learned from."""
    drift, clicks = made["drift"], made["drift"]["clicks"]
    metrics.add_metric("RefreshedInteractions", "Count", made["interactions"])
    metrics.add_metric("RefreshedItems", "Count", made["new_items"])
    metrics.add_metric("DriftEventMix", "None", drift["event_mix"])
    metrics.add_metric("DriftPopularity", "None", drift["popularity"])
    metrics.add_metric("DriftUnknownItems", "None", drift["unknown_items"])
    if clicks["impressions"] and clicks["usual"]:
        metrics.add_metric("DriftClickLoss", "None", clicks["loss"] - clicks["usual"])
    metrics.flush_metrics()  # other steps have nothing to tell


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"step": "train" | "findings" | "evaluate", "version": …}` or `{"step": "refresh", "version": …, "clicks": …}`"""
    logger.info("training step", step=event["step"])
    with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
        return do(event)
