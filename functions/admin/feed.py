"""A product feed was dropped in S3."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from shared import clients
from shared.cache import connect
from shared.catalog.intake import FeedIntake
from shared.catalog.store import CatalogStore
from shared.config import FeedSettings, from_env
from shared.observability import cache_failed, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SPARE_MS = 60_000  # for the last chunk and the report
settings = from_env(FeedSettings)
store = CatalogStore(clients.dynamodb(), settings.catalog_table, connect(settings.redis_url, cache_failed))
intake = FeedIntake(store, clients.s3(), settings.lake_bucket)


class FeedIncomplete(Exception):
    """Part of a feed was not taken: its report says why. Raised so that the failure destination and its alarm know."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> list[dict[str, Any]]:
    reports = [
        intake.take(key, at.timestamp(), lambda: context.get_remaining_time_in_millis() < SPARE_MS)
        for key, at in dropped(event)
        if not key.endswith("/")
    ]
    for report in reports:
        logger.info("feed taken", **report)
    metrics.add_metric("ItemsWritten", "Count", sum(report["written"] for report in reports))
    metrics.add_metric("ItemsRejected", "Count", sum(report["rejected"] for report in reports))
    if reasons := [f"{report['feed']}: {report['incomplete']}" for report in reports if "incomplete" in report]:
        raise FeedIncomplete("; ".join(reasons))
    return reports


def dropped(event: dict[str, Any]) -> list[tuple[str, datetime]]:
    """Keys and times of the objects that an EventBridge event or an S3 notification (keys URL-encoded) tells of."""
    if "detail" in event:
        return [(event["detail"]["object"]["key"], datetime.fromisoformat(event["time"]))]
    return [
        (unquote_plus(record["s3"]["object"]["key"]), datetime.fromisoformat(record["eventTime"]))
        for record in event["Records"]
    ]
