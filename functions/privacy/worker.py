"""Works privacy requests off; the state machine calls it until it says that it is done."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.cache import connect
from shared.config import PrivacyWorkerSettings, from_env
from shared.identity.settings import parse
from shared.lists.store import ListsStore
from shared.observability import cache_failed, logger, metrics
from shared.privacy.keys import PrivacyKey
from shared.privacy.objects import Objects
from shared.privacy.plan import failed
from shared.privacy.requests import PREFIX, Request, RequestStore
from shared.privacy.resolve import Resolver
from shared.privacy.stores.answers import Answers
from shared.privacy.stores.base import Store
from shared.privacy.stores.batches import Batches
from shared.privacy.stores.files import Exports, Models, Quarantine, Runs
from shared.privacy.stores.identity import IdentityLinks
from shared.privacy.stores.lake import Lake
from shared.privacy.stores.states import States
from shared.privacy.suppression import SuppressionStore
from shared.privacy.work import Clock, Parts, Work
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SPARE_MS = 240_000  # what one piece of work may take beyond the time to stop
settings = from_env(PrivacyWorkerSettings)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
requests = RequestStore(clients.dynamodb(), settings.identity_table)
lake = Objects(clients.s3(), settings.lake_bucket)
models = Objects(clients.s3(), settings.models_bucket)
graph = VersionedTable(clients.dynamodb(), settings.identity_table)
resolver = Resolver(graph, lake, parse(settings.identity_limits))
cache = connect(settings.redis_url, cache_failed)


def kept() -> list[str]:
    return ListsStore(clients.dynamodb(), settings.lists_table).pointer()[0].kept


def stores(request: Request) -> list[Store]:
    return [
        States(clients.dynamodb(), settings.shoppers_table, cache),
        IdentityLinks(clients.dynamodb(), settings.identity_table, PREFIX + request.id),
        Lake(lake),
        Answers(lake),
        Batches(lake),
        Quarantine(lake),
        Exports(lake, request.id),
        Runs(models),
        Models(models, kept),
    ]


def parts() -> Parts:
    suppressions = SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression)
    return Parts(requests, suppressions, privacy_key, resolver, lake, stores)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"id": …}` goes on with the request; with `error` (from Step Functions) it is marked as failed."""
    request = requests.get(event["id"])
    if "error" in event:
        requests.save(failed(request, event["error"].get("Cause", "")))
        metrics.add_metric("PrivacyRequestsFailed", "Count", 1)
        return {"id": request.id}
    clock = Clock(time.time, lambda: context.get_remaining_time_in_millis() < SPARE_MS)
    progress = Work(parts(), request, clock, settings.in_flight).advance()
    logger.info("privacy request", request=request.id, status=request.status)
    return {"id": request.id, "done": progress.done, "wait": progress.wait}
