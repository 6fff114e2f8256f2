"""What a shopper agreed to, and what they asked for themselves, over HTTPS: told and asked."""

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import json

from shared import auth, clients, http
from shared.cache import connect
from shared.config import ConsentSettings, from_env
from shared.consent import statement
from shared.consent.desk import ConsentDesk
from shared.consent.person import Person
from shared.consent.service import Call, ConsentService
from shared.events.stream import EventStream
from shared.identity import ids
from shared.identity.keys import IdentityKeys
from shared.observability import cache_failed, logger, metrics, outage
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

privacy_key = PrivacyKey(clients.secrets, settings.privacy_key_arn)
gate = Gate(SuppressionStore(clients.dynamodb(), settings.identity_table, lambda: privacy_key.suppression))
store = ShoppersStore(clients.dynamodb(), settings.shoppers_table)
saved = WriteThrough(connect(settings.redis_url, cache_failed))


def erased(person: Person) -> bool:
    return gate.erased_for_good(person.names)


def known_as(name: str) -> str:
    return ids.known_as(name, keys, settings.plus_tags)


log = EventStream(clients.kinesis, settings.stream).put
desk = ConsentDesk(store, log, saved, lambda: uuid.uuid4().hex, erased)
service = ConsentService(desk, PreferencesDesk(store, saved, erased), known_as)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    metrics.add_metric("ConsentRequests", "Count", 1)
    return http.served(lambda: answer(event), outage)


def answer(event: dict[str, Any]) -> dict[str, Any]:
    query = event.get("queryStringParameters") or {}
    tells = event["requestContext"]["http"]["method"] != "GET"
    said = http.json_body(event, MAX_BODY) if tells else query
    key = auth.key_of(event["headers"], auth.text(said, "writeKey"), query.get("writeKey", ""))
    caller = auth.caller(key, settings.write_key, secret)
    policy = statement.policy(event["headers"], settings.consent_opt_out_countries)
    about = event["rawPath"].rsplit("/", 1)[-1]
    told = service.answer(Call(about, said, tells, caller, policy), datetime.now(UTC))
    metrics.add_metric("ConsentChanged", "Count", int(told.changed))
    return http.answer(200, json.encode(told.body), PRIVATE)
