"""Privacy requests over HTTPS, for the shop's servers; the public key of receipts for everybody."""

import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import json

from shared import auth, clients, http
from shared.config import PrivacyApiSettings, from_env
from shared.identity.keys import IdentityKeys
from shared.observability import logger, metrics, outage
from shared.privacy.desk import Desk
from shared.privacy.hashing import stored
from shared.privacy.keys import PrivacyKey
from shared.privacy.requests import RequestStore, parse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 20_000
settings = from_env(PrivacyApiSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
identity_keys = IdentityKeys(clients.secrets, settings.identity_key_arn)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
names = partial(stored, identity_keys, plus_tags=settings.plus_tags)
desk = Desk(
    RequestStore(clients.dynamodb(), settings.identity_table),
    clients.stepfunctions,
    settings.privacy_machine,
    clients.s3_links,
    settings.lake_bucket,
)


def create(event: dict[str, Any]) -> dict[str, Any]:
    auth.need_secret(auth.key_of(event["headers"]), secret)
    body, now = http.json_body(event, MAX_BODY), time.time()
    request = desk.take(parse(body, uuid.uuid4().hex, now, stored=names, key=privacy_key.requests))
    metrics.add_metric("PrivacyRequests", "Count", 1)
    return http.answer(202, json.encode(desk.shown(request, now)))


def read(event: dict[str, Any]) -> dict[str, Any]:
    auth.need_secret(auth.key_of(event["headers"]), secret)
    request = desk.requests.get(unquote(event["pathParameters"]["id"]))
    return http.answer(200, json.encode(desk.shown(request, time.time())))


def key(event: dict[str, Any]) -> dict[str, Any]:
    """Public, as its name says."""
    return {"statusCode": 200, "headers": {"content-type": "application/x-pem-file"}, "body": privacy_key.pem}


ROUTES = {
    "POST /v1/privacy/requests": create,
    "GET /v1/privacy/requests/{id}": read,
    "GET /v1/privacy/key": key,
}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("PrivacyCalls", "Count", 1)
    return http.served(lambda: ROUTES[event["routeKey"]](event), outage)
