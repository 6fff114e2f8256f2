"""Every minute: counters and the newest items of the catalog become the live lists, the days that stock lasts, and the
chances of each arm of a bandit."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.catalog.store import CatalogStore
from shared.config import TrendsSettings, from_env
from shared.lists.sales import Sales
from shared.lists.store import ListsStore
from shared.merchandising.store import PlanStore
from shared.models.arms import arms
from shared.models.newcomers import Matcher
from shared.observability import logger, metrics
from shared.trends.arms import merged as merged_arms
from shared.trends.bandits import LiveArms, PlannedBandits
from shared.trends.lists import lists, merged
from shared.trends.newcomers import Shop, lacking
from shared.trends.sales import LiveSales, covers, usual_order
from shared.trends.store import CountersStore, LiveLists
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(TrendsSettings)
counters = CountersStore(clients.dynamodb(), settings.lists_table)
store = ListsStore(clients.dynamodb(), settings.lists_table)
live, live_arms, live_sales = LiveLists(store), LiveArms(store), LiveSales(store)
bandits = PlannedBandits(PlanStore(VersionedTable(clients.dynamodb(), settings.plans_table)))
shop = Shop(CatalogStore(clients.dynamodb(), settings.catalog_table))
matcher = Matcher(store, clients.s3(), settings.models_bucket)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, int]:
    now = time.time()
    tallied = counters.get_all(shards())
    people = merged(tallied, now)
    newest = shop.newest(now)
    items = {**shop.get({item for counted in people.values() for item in counted}, now), **newest}
    made = live.put(lists(people, items, now))
    lasting = live_sales.put(Sales(covers(people["all"], items, now), usual_order(tallied, now)))
    matcher.refresh()
    newcomers = matcher.match(lacking(newest.values(), people["all"], matcher.dealings, now))
    store.put_newcomers(newcomers)
    drawn = live_arms.put(arms(bandits.get(), merged_arms([(one.arms, one.landmark) for one in tallied], now)))
    metrics.add_metric("LiveLists", "Count", made)
    metrics.add_metric("Newcomers", "Count", len(newcomers))
    return {"lists": made, "newcomers": len(newcomers), "bandits": drawn, "covers": lasting}


def shards() -> list[str]:
    pages = clients.kinesis().get_paginator("list_shards").paginate(StreamName=settings.stream)
    return [shard["ShardId"] for page in pages for shard in page["Shards"]]
