"""What a shopper agreed to, and what they asked for themselves, over HTTPS: told and asked."""

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import json

from shared import auth, clients, http, streams
from shared.cache import connect
from shared.config import ConsentSettings, from_env
from shared.consent import request, statement
from shared.consent.desk import ConsentDesk
from shared.consent.person import Person
from shared.errors import InvalidRequest, ShopwindowError, Unavailable
from shared.events.model import Event, encode
from shared.identity import ids
from shared.identity.keys import IdentityKeys
from shared.observability import cache_failed, logger, metrics
from shared.preferences.desk import PreferencesDesk
from shared.privacy.keys import PrivacyKey
from shared.privacy.suppression import Gate, SuppressionStore
from shared.profiles.publish import WriteThrough
from shared.profiles.store import ShoppersStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_BODY = 100_000  # lists of preferences; what is said about consent is far shorter
PRIVATE = {"cache-control": "private, no-store"}
settings = from_env(ConsentSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
keys = IdentityKeys(clients.secrets, settings.identity_key_arn)


def log(events: list[Event]) -> None:
    entries = [(event.anonymous_id or event.user_id, encode(event)) for event in events]
    streams.put_all(clients.kinesis(), settings.stream, entries)


privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
gate = Gate(SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression))
store = ShoppersStore(clients.dynamodb(), settings.shoppers_table)
saved = WriteThrough(connect(settings.redis_url, cache_failed))


def erased(person: Person) -> bool:
    return gate.erased_for_good(person.names)


desk = ConsentDesk(store, log, saved, lambda: uuid.uuid4().hex, erased)
preferences = PreferencesDesk(store, saved, erased)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("ConsentRequests", "Count", 1)
    try:
        return answer(event)
    except ShopwindowError as error:
        return http.failed(error)
    except (ClientError, BotoCoreError) as error:
        logger.exception("a table, the stream or the secret failed")
        return http.failed(Unavailable(f"something did not answer ({type(error).__name__}); send the same again"))


def answer(event: dict[str, Any]) -> dict[str, Any]:
    query = event.get("queryStringParameters") or {}
    get = event["requestContext"]["http"]["method"] == "GET"
    body = query if get else http.json_body(event, MAX_BODY)
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    key = auth.key_of(event["headers"], auth.text(body, "writeKey"), query.get("writeKey", ""))
    access = auth.access(key, settings.write_key, secret)
    asked = request.person(body, lambda user, proof: access == "secret" or auth.verify_user_hash(secret, user, proof))
    person = asked.known_as(lambda name: ids.known_as(name, keys, settings.plus_tags))
    policy = statement.policy(event["headers"], settings.consent_opt_out_countries)
    now = datetime.now(UTC)
    if event["rawPath"].endswith("/v1/preferences"):
        told = preferences.served(person, None if get else body, now)
    elif get:
        told = request.get_answer(desk.choices(person), policy)
    else:
        choice = request.choice(body, policy, now)
        outcome = desk.put(person, choice, now, "server" if access == "secret" else "browser")
        metrics.add_metric("ConsentChanged", "Count", int(outcome.changed))
        told = request.put_answer(choice, outcome)
    return http.answer(200, json.encode(told), PRIVATE)
