"""The catalog over HTTPS, for the shop's servers."""

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from shared import auth, clients, http
from shared.cache import connect
from shared.catalog.desk import CatalogDesk
from shared.catalog.store import CatalogStore
from shared.config import AdminSettings, from_env
from shared.errors import Forbidden, ShopwindowError
from shared.observability import cache_failed, logger, metrics

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 5_000_000
settings = from_env(AdminSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
store = CatalogStore(clients.dynamodb(), settings.catalog_table, connect(settings.redis_url, cache_failed))
app = APIGatewayHttpResolver()


def desk() -> CatalogDesk:
    """The caller has proven to be one of the shop's servers."""
    key = auth.key_of(app.current_event.headers)
    if auth.access(key, "", secret) != "secret":
        raise Forbidden("the catalog needs the secret key")
    return CatalogDesk(store, now=time.time())


def body() -> Any:
    return http.json_body(app.current_event.raw_event, MAX_BODY)


@app.put("/v1/catalog/items")
def put_items() -> dict[str, Any]:
    return desk().put_many(body())


@app.get("/v1/catalog/items")
def list_items() -> dict[str, Any]:
    query = app.current_event.query_string_parameters
    return desk().page(query.get("limit", "100"), query.get("cursor", ""))


@app.put("/v1/catalog/items/<item_id>")
def put_item(item_id: str) -> dict[str, Any]:
    return desk().put(item_id, body())


@app.patch("/v1/catalog/items/<item_id>")
def patch_item(item_id: str) -> dict[str, Any]:
    return desk().patch(item_id, body())


@app.get("/v1/catalog/items/<item_id>")
def get_item(item_id: str) -> dict[str, Any]:
    return desk().get(item_id)


@app.delete("/v1/catalog/items/<item_id>")
def delete_item(item_id: str) -> dict[str, Any]:
    return desk().delete(item_id)


@app.exception_handler(ShopwindowError)  # type: ignore[untyped-decorator]
def refuse(error: ShopwindowError) -> Response[Any]:
    answer = http.failed(error)
    return Response(error.status, "application/json", answer["body"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)
