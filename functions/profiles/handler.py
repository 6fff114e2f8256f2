"""Kinesis → shopper states: who is who, what they did, and what to show them next."""

from typing import TYPE_CHECKING, Any

from shared import clients, streams
from shared.cache import connect
from shared.config import ProfilesSettings, from_env
from shared.events.quarantine import Quarantine
from shared.identity.linker import Linker
from shared.lists.store import ListsStore
from shared.models.current import CurrentBundle
from shared.observability import cache_failed, logger, metrics
from shared.privacy.keys import PrivacyKey
from shared.privacy.suppression import Gate, SuppressionStore
from shared.profiles.process import Processor, read
from shared.profiles.publish import WriteThrough
from shared.profiles.store import ShoppersStore
from shared.trends.store import CountersStore
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(ProfilesSettings)
quarantine = Quarantine(clients.s3(), settings.lake_bucket)
shoppers = ShoppersStore(clients.dynamodb(), settings.shoppers_table)
linker = Linker(VersionedTable(clients.dynamodb(), settings.identity_table))
counters = CountersStore(clients.dynamodb(), settings.lists_table)
current = CurrentBundle(ListsStore(clients.dynamodb(), settings.lists_table), clients.s3(), settings.models_bucket)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
gate = Gate(SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression))
written = WriteThrough(connect(settings.redis_url, cache_failed))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    records = streams.records(event)
    kept = gate.keep(records)
    entries = read(kept, quarantine)
    counters.count(records[0].shard, [(e.sequence, e.signal) for e in entries])
    rank, version = current.get()
    failed = Processor(shoppers, linker, rank, version, written).process(entries)
    metrics.add_metric("EventsFolded", "Count", len(entries))
    metrics.add_metric("EventsQuarantined", "Count", len(kept) - len(entries))
    metrics.add_metric("EventsSuppressed", "Count", len(records) - len(kept))
    return streams.failures(failed)
