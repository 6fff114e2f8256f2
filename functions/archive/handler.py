"""Kinesis → S3: every event, raw, into the lake."""

from typing import TYPE_CHECKING, Any

import msgspec

from shared import clients, streams
from shared.config import ArchiveSettings, from_env
from shared.events import lake
from shared.events.quarantine import Quarantine
from shared.observability import logger, metrics
from shared.privacy.keys import PrivacyKey
from shared.privacy.suppression import Gate, SuppressionStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(ArchiveSettings)
quarantine = Quarantine(clients.s3(), settings.lake_bucket)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
gate = Gate(SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    folders: dict[str, list[streams.Record]] = {}
    records = streams.records(event)
    kept = gate.keep(records)
    for record in kept:
        try:
            folders.setdefault(lake.hour(record.data), []).append(record)
        except msgspec.MsgspecError as error:
            quarantine.put(record, f"{type(error).__name__}: {error}")
    for folder, members in folders.items():
        clients.s3().put_object(
            Bucket=settings.lake_bucket,
            Key=folder + lake.name(members),
            Body=lake.lines(record.data for record in members),
            ContentType="application/gzip",
        )
    metrics.add_metric("EventsArchived", "Count", len(kept))
    metrics.add_metric("EventsSuppressed", "Count", len(records) - len(kept))
    return streams.failures(None)
