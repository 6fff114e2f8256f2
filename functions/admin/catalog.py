"""The catalog over HTTPS, for the shop's servers."""

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from shared import auth, clients, http
from shared.cache import connect
from shared.catalog.desk import CatalogDesk
from shared.catalog.store import CatalogStore
from shared.config import AdminSettings, from_env
from shared.observability import cache_failed, logger, metrics, outage

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 5_000_000
ITEM = "/v1/catalog/items/.+"  # the id is taken from the gateway's path parameters: a router knows fewer characters
settings = from_env(AdminSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
store = CatalogStore(clients.dynamodb(), settings.catalog_table, connect(settings.redis_url, cache_failed))
app = APIGatewayHttpResolver()


def desk() -> CatalogDesk:
    """The caller has proven to be one of the shop's servers."""
    auth.need_secret(auth.key_of(app.current_event.headers), secret)
    return CatalogDesk(store, now=time.time())


def body() -> Any:
    return http.json_body(app.current_event.raw_event, MAX_BODY)


def item_id() -> str:
    return unquote(app.current_event.path_parameters["id"])


@app.put("/v1/catalog/items")
def put_items() -> dict[str, Any]:
    answer = desk().put_many(body())
    metrics.add_metric("ItemsWritten", "Count", answer["written"])
    metrics.add_metric("ItemsRejected", "Count", len(answer["rejected"]))
    return answer


@app.get("/v1/catalog/items")
def list_items() -> dict[str, Any]:
    query = app.current_event.query_string_parameters
    return desk().page(query.get("limit", "100"), query.get("cursor", ""))


@app.put(ITEM)
def put_item() -> dict[str, Any]:
    return desk().put(item_id(), body())


@app.patch(ITEM)
def patch_item() -> dict[str, Any]:
    return desk().patch(item_id(), body())


@app.get(ITEM)
def get_item() -> dict[str, Any]:
    return desk().get(item_id())


@app.delete(ITEM)
def delete_item() -> dict[str, Any]:
    return desk().delete(item_id())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("CatalogRequests", "Count", 1)
    return http.served(lambda: app.resolve(event, context), outage)
