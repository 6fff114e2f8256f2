"""What should this shopper see now."""

import os
import time
from typing import TYPE_CHECKING, Any

from msgspec import json

from shared import auth, clients, http
from shared.cache import connect
from shared.config import RecommendSettings, from_env
from shared.errors import ShopwindowError
from shared.observability import cache_failed, logger, metrics
from shared.recommend.pipeline import answer
from shared.recommend.reads import Reader, Tables
from shared.recommend.render import render, render_static
from shared.recommend.request import Request, from_query, parse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 100_000
settings = from_env(RecommendSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)


def read_static() -> list[dict[str, Any]]:
    found = clients.s3(serving=True).get_object(Bucket=settings.models_bucket, Key="static/popular.json")
    return list(json.decode(found["Body"].read()))


def read_failed(error: Exception) -> None:
    metrics.add_metric("ReadFailed", "Count", 1)
    logger.warning("a read failed: %s", error)


reader = Reader(
    Tables(
        clients.dynamodb(serving=True),
        settings.shoppers_table,
        settings.lists_table,
        settings.catalog_table,
        connect(settings.redis_url, cache_failed),
    ),
    read_static,
    read_failed,
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    began = time.perf_counter()
    try:
        return recommend(event)
    except ShopwindowError as error:
        return http.failed(error)
    finally:
        metrics.add_metric("Latency", "Milliseconds", (time.perf_counter() - began) * 1000)


def recommend(event: dict[str, Any]) -> dict[str, Any]:
    query = event.get("queryStringParameters") or {}
    get = event["requestContext"]["http"]["method"] == "GET"
    body = {} if get else http.json_body(event, MAX_BODY)
    key = auth.key_of(event["headers"], auth.text(body, "writeKey"), query.get("writeKey", ""))
    access = auth.access(key, settings.write_key, secret)
    request = from_query(query) if get else parse(body)
    shopper = shopper_key(request, access)
    reads = reader.read(request, shopper)
    made = answer(request, reads, reader.items, time.time())
    recommendation_id = f"{time.time_ns() // 1_000_000:011x}{os.urandom(6).hex()}"
    personal = {"cache-control": "private, no-store" if shopper or not get else "public, max-age=60"}
    metrics.add_metric("FallbackUsed", "Count", int(made.tier != "live"))
    if not made.picks:
        return http.answer(200, render_static(reader.last_resort(), request, recommendation_id), personal)
    return http.answer(200, render(made, request, reads, recommendation_id, reader.version), personal)


def shopper_key(request: Request, access: auth.Access) -> str:
    """Only a proof opens a known shopper's history; a claim gets the device's own."""
    if request.user_id and (access == "secret" or auth.verify_user_hash(secret, request.user_id, request.user_hash)):
        return f"u#{request.user_id}"
    return f"a#{request.anonymous_id}" if request.anonymous_id else ""
