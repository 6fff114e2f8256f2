"""What should this shopper see now."""

import time
from typing import TYPE_CHECKING, Any

from shared import auth, clients, http
from shared.answers.log import AnswersLog
from shared.cache import connect
from shared.config import RecommendSettings, from_env
from shared.consent.statement import policy
from shared.errors import ShopwindowError
from shared.identity.keys import IdentityKeys
from shared.observability import cache_failed, logger, metrics
from shared.recommend.asked import Call, planned, understood
from shared.recommend.identify import Identify
from shared.recommend.reads import Reader
from shared.recommend.service import Service
from shared.recommend.shelves import parse_blend
from shared.recommend.static import S3Static
from shared.recommend.tables import Names, Tables

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 100_000
settings = from_env(RecommendSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
keys = IdentityKeys(clients.secrets, settings.identity_key_arn)


def read_failed(error: Exception) -> None:
    metrics.add_metric("ReadFailed", "Count", 1)
    logger.warning("a read failed: %s", error)


names = Names(settings.shoppers_table, settings.lists_table, settings.catalog_table, settings.plans_table)
tables = Tables(clients.dynamodb(serving=True), names, connect(settings.redis_url, cache_failed), read_failed)
static = S3Static(lambda: clients.s3(serving=True), settings.models_bucket)
blend = parse_blend(settings.starter_blend)
reader = Reader(tables, static, read_failed, time.time, blend)  # the wall clock: a snapshot may be restored days later
reader.warm()
identify = Identify(secret, keys, settings.plus_tags, read_failed)
answers_log = AnswersLog(float(settings.answers_logged))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    began = time.perf_counter()
    try:
        return recommend(event, began)
    except ShopwindowError as error:
        return http.failed(error)
    finally:
        metrics.add_metric("Latency", "Milliseconds", (time.perf_counter() - began) * 1000)


def recommend(event: dict[str, Any], began: float) -> dict[str, Any]:
    query = event.get("queryStringParameters") or {}
    get = event["requestContext"]["http"]["method"] == "GET"
    body = {} if get else http.json_body(event, MAX_BODY)
    key = auth.key_of(event["headers"], auth.text(body, "writeKey"), query.get("writeKey", ""))
    access = auth.access(key, settings.write_key, secret)
    held = policy(event["headers"], settings.consent_opt_out_countries)
    plan = auth.text(body, "plan") or query.get("plan", "")
    chosen = planned(reader, plan, access)
    asked = understood(Call(event.get("rawPath", ""), body, access, query if get else None, held), chosen)
    made = Service(chosen, lambda request: identify(request, access), time.time).serve(asked)
    metrics.add_metric("FallbackUsed", "Count", int(made.fallback))
    metrics.add_metadata("tier", made.tier)
    if not plan:
        answers_log.put(made.answered, (time.perf_counter() - began) * 1000)
    headers = {"cache-control": "public, max-age=60" if get and made.keepable and not plan else "private, no-store"}
    return http.answer(200, made.body, headers)
