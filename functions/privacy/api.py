"""Privacy requests over HTTPS, for the shop's servers; the public key of receipts for everybody."""

import time
import uuid
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import json

from shared import auth, clients, http
from shared.config import PrivacyApiSettings, from_env
from shared.errors import ShopwindowError, Unavailable
from shared.identity.keys import IdentityKeys
from shared.observability import logger, metrics
from shared.privacy.hashing import stored
from shared.privacy.keys import PrivacyKey
from shared.privacy.requests import Request, RequestStore, describe, moment, parse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 20_000
LINK_OPEN = 86_400  # seconds
settings = from_env(PrivacyApiSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
identity_keys = IdentityKeys(clients.secrets, settings.identity_key_arn)
privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
requests = RequestStore(clients.dynamodb(), settings.identity_table)


def create(event: dict[str, Any]) -> dict[str, Any]:
    auth.need_secret(auth.key_of(event["headers"]), secret)
    body = http.json_body(event, MAX_BODY)
    asked = parse(
        body,
        uuid.uuid4().hex,
        time.time(),
        stored=lambda kind, raw: stored(identity_keys, kind, raw, settings.plus_tags),
        key=privacy_key.requests,
    )
    request = requests.create(asked)
    if request.status == "waiting":
        begin(request)
    metrics.add_metric("PrivacyRequests", "Count", 1)
    return http.answer(202, json.encode(shown(request)))


def begin(request: Request) -> None:
    """Under the request's own name: a second call finds that it runs."""
    machine = clients.stepfunctions()
    with suppress(machine.exceptions.ExecutionAlreadyExists):
        machine.start_execution(
            stateMachineArn=settings.privacy_machine,
            name=f"{request.id}-{request.attempts}",
            input=json.encode({"id": request.id}).decode(),
        )


def read(event: dict[str, Any]) -> dict[str, Any]:
    auth.need_secret(auth.key_of(event["headers"]), secret)
    return http.answer(200, json.encode(shown(requests.get(unquote(event["pathParameters"]["id"])))))


def shown(request: Request) -> dict[str, Any]:
    answer = describe(request)
    if request.type == "export" and request.status == "done" and request.found:
        answer["download"] = {
            "url": clients.s3_links().generate_presigned_url(
                "get_object",
                Params={"Bucket": settings.lake_bucket, "Key": f"privacy/exports/{request.id}.json"},
                ExpiresIn=LINK_OPEN,
            ),
            "expiresAt": moment(time.time() + LINK_OPEN),
        }
    return answer


@cache
def pem() -> str:
    from shared.privacy.receipt import public_key  # noqa: PLC0415 - cryptography loads for this answer only

    return public_key(privacy_key.seed)


def key(event: dict[str, Any]) -> dict[str, Any]:
    """Public, as its name says."""
    return {"statusCode": 200, "headers": {"content-type": "application/x-pem-file"}, "body": pem()}


ROUTES = {
    "POST /v1/privacy/requests": create,
    "GET /v1/privacy/requests/{id}": read,
    "GET /v1/privacy/key": key,
}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("PrivacyCalls", "Count", 1)
    try:
        return ROUTES[event["routeKey"]](event)
    except ShopwindowError as error:
        return http.failed(error)
    except (ClientError, BotoCoreError) as error:
        logger.exception("a privacy request could not be taken or read")
        return http.failed(Unavailable(f"a store did not answer ({type(error).__name__}); send the same again"))
