"""Steps of training that learn and measure. They see no event: only what `prepare` made of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from shared import clients
from shared.catalog.store import CatalogStore
from shared.config import TrainingSettings, code_version, from_env
from shared.lists.store import ListsStore
from shared.models.steps.bench import Bench
from shared.models.steps.train import do_evaluate, do_findings, do_train
from shared.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(TrainingSettings)
bench = Bench(
    clients.s3(),
    settings.models_bucket,
    CatalogStore(clients.dynamodb(), settings.catalog_table),
    ListsStore(clients.dynamodb(), settings.lists_table),
    code_version(Path(__file__).parents[2]),
)
STEPS = {"train": do_train, "findings": do_findings, "evaluate": do_evaluate}


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"step": "train" | "findings" | "evaluate", "version": …}`"""
    logger.info("training step", step=event["step"])
    with threadpool_limits(1, "blas"):  # small products by the thousand: threads would only wait for each other
        return STEPS[event["step"]](bench, event["version"])
