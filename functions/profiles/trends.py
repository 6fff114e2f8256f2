"""Every minute: the counters of all shards become the live popular and trending lists."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.config import TrendsSettings, from_env
from shared.lists.store import ListsStore
from shared.observability import logger, metrics
from shared.trends.lists import lists, merged
from shared.trends.store import CountersStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(TrendsSettings)
counters = CountersStore(clients.dynamodb(), settings.lists_table)
store = ListsStore(clients.dynamodb(), settings.lists_table)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    pages = clients.kinesis().get_paginator("list_shards").paginate(StreamName=settings.stream)
    shards = [shard["ShardId"] for page in pages for shard in page["Shards"]]
    made = lists(merged(counters.get_all(shards), now=time.time()))
    store.put_many(made)
    metrics.add_metric("LiveLists", "Count", len(made))
    return {"lists": len(made)}
