"""A product feed was dropped in S3."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.cache import connect
from shared.catalog.intake import FeedIntake
from shared.catalog.store import CatalogStore
from shared.config import FeedSettings, from_env
from shared.observability import cache_failed, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(FeedSettings)
store = CatalogStore(clients.dynamodb(), settings.catalog_table, connect(settings.redis_url, cache_failed))
intake = FeedIntake(store, clients.s3(), settings.lake_bucket)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    dropped = datetime.fromisoformat(event["time"]).timestamp()
    report = intake.take(event["detail"]["object"]["key"], dropped)
    metrics.add_metric("ItemsRejected", "Count", report["rejected"])
    logger.info("feed taken", **report)
    return report
