"""The shop's plan over HTTPS, for its servers and its merchandiser's tools: draft, publish, go back; and what its experiments say."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import json

from shared import auth, clients, http
from shared.config import PlanSettings, from_env
from shared.experiments.store import ResultsStore
from shared.merchandising.desk import PlanDesk
from shared.merchandising.schema import schema
from shared.merchandising.store import PlanStore
from shared.observability import logger, metrics, outage
from shared.recommend.loaded import mistakes
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 2_000_000
PRIVATE = {"cache-control": "private, no-store"}
settings = from_env(PlanSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
store = PlanStore(VersionedTable(clients.dynamodb(), settings.plans_table))
results = ResultsStore(clients.s3(), settings.lake_bucket)


def read(desk: PlanDesk, event: dict[str, Any]) -> dict[str, Any]:
    return desk.read((event.get("queryStringParameters") or {}).get("version", ""))


def made_current(answer: dict[str, Any]) -> dict[str, Any]:
    metrics.add_metric("PlansMadeCurrent", "Count", 1)
    return answer


def body(event: dict[str, Any]) -> Any:
    return http.json_body(event, MAX_BODY)


ROUTES: dict[str, Callable[[PlanDesk, dict[str, Any]], dict[str, Any]]] = {
    "GET /v1/plan": read,
    "GET /v1/plan/draft": lambda desk, _: desk.draft(),
    "PUT /v1/plan/draft": lambda desk, event: desk.put_draft(body(event)),
    "POST /v1/plan/publish": lambda desk, event: made_current(desk.publish(body(event))),
    "POST /v1/plan/rollback": lambda desk, event: made_current(desk.rollback(body(event))),
    "GET /v1/plan/versions": lambda desk, _: desk.versions(),
    "GET /v1/plan/schema": lambda *_: schema(),
    "GET /v1/experiments/{name}/results": lambda _, event: json.decode(
        results.get(unquote(event["pathParameters"]["name"]))
    ),
}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("PlanRequests", "Count", 1)
    return http.served(lambda: answer(event), outage)


def answer(event: dict[str, Any]) -> dict[str, Any]:
    auth.need_secret(auth.key_of(event["headers"]), secret)
    told = ROUTES[event["routeKey"]](PlanDesk(store, [mistakes], time.time()), event)
    return http.answer(200, json.encode(told), PRIVATE)
