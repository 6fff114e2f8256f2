"""The only function that may say which model is current: publish after training, rollback on command."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.catalog.store import CatalogStore
from shared.config import PublishSettings, from_env
from shared.errors import InvalidRequest
from shared.lists.store import ListsStore
from shared.models.publish import Publisher
from shared.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(PublishSettings)
publisher = Publisher(
    ListsStore(clients.dynamodb(), settings.lists_table),
    CatalogStore(clients.dynamodb(), settings.catalog_table),
    clients.s3(),
    settings.models_bucket,
)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """`{"step": "publish" | "rollback", "version": …}`"""
    steps = {"publish": publisher.publish, "rollback": publisher.rollback}
    if event.get("step") not in steps:
        raise InvalidRequest("must be publish or rollback", "step")
    pointer = steps[event["step"]](str(event.get("version", "")), time.time())
    return {"version": pointer.current, "kept": pointer.kept}
