"""Every few minutes: answers from the log of the function that gave them into the lake."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.answers.collect import Collector, Lake
from shared.config import AnswersSettings, from_env
from shared.observability import logger, metrics
from shared.privacy.keys import PrivacyKey
from shared.privacy.suppression import Gate, SuppressionStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NEEDED = 30_000  # milliseconds for a window more
settings = from_env(AnswersSettings)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
gate = Gate(SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression))
collector = Collector(clients.logs(), settings.log_group, Lake(clients.s3(), settings.lake_bucket), gate.among)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"atOnce": true}` also collects what is not yet due."""
    made = collector.collect(
        time.time(),
        lambda: context.get_remaining_time_in_millis() > NEEDED,
        at_once=event.get("atOnce") is True,
    )
    for error in made.unreadable:
        logger.warning("a line of the log is no answer: %s", error)
    metrics.add_metric("AnswersCollected", "Count", made.answers)
    metrics.add_metric("AnswersUnreadable", "Count", len(made.unreadable))
    return {"answers": made.answers, "unreadable": len(made.unreadable), "until": made.until}
