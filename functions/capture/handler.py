"""HTTPS → Kinesis: the Segment HTTP Tracking API."""

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import auth, clients, http, streams
from shared.capture import intake
from shared.config import CaptureSettings, from_env
from shared.consent import statement
from shared.consent.denials import Denials
from shared.consent.desk import ConsentDesk
from shared.errors import ShopwindowError, Unavailable
from shared.events.model import Event, encode
from shared.identity import extract
from shared.identity.keys import IdentityKeys
from shared.observability import logger, metrics
from shared.profiles.publish import WriteThrough
from shared.profiles.store import ShoppersStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(CaptureSettings)
kinesis = clients.kinesis()
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
keys = IdentityKeys(clients.secrets, settings.identity_key_arn)
naming = extract.policy(settings.plus_tags, settings.phone_country, settings.blocked_ids)


def log(events: list[Event]) -> None:
    entries = [(event.anonymous_id or event.user_id, encode(event)) for event in events]
    streams.put_all(kinesis, settings.stream, entries)


def desk() -> ConsentDesk:
    """Without the cache, which capture has no way to: it hears of a withdrawal when the stream's record is folded."""
    store = ShoppersStore(clients.dynamodb(serving=True), settings.shoppers_table)
    return ConsentDesk(store, log, WriteThrough(None), lambda: uuid.uuid4().hex)


denials = Denials(desk, time.monotonic)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    try:
        return capture(event)
    except ShopwindowError as error:
        metrics.add_metric("RequestsRefused", "Count", 1)
        return http.failed(error)


def capture(event: dict[str, Any]) -> dict[str, Any]:
    body = http.json_body(event, intake.MAX_BATCH_BYTES)
    now = datetime.now(UTC)
    try:
        taken = take(event, body, now)
    except (ClientError, BotoCoreError) as error:
        logger.exception("a secret cannot be read")
        raise Unavailable("the keys did not answer; send the same request again") from error
    try:
        withdrawn = denials.take(taken.denials, now)
        streams.put_all(kinesis, settings.stream, taken.entries)
    except (ClientError, BotoCoreError) as error:
        logger.exception("the event stream or the shoppers table failed")
        raise Unavailable("the event stream did not answer; send the same request again") from error
    metrics.add_metric("ConsentWithdrawn", "Count", withdrawn)
    metrics.add_metric("EventsAccepted", "Count", len(taken.entries))
    metrics.add_metric("EventsRefused", "Count", len(taken.refused))
    return http.answer(*intake.answer(taken))


def take(event: dict[str, Any], body: Any, now: datetime) -> intake.Intake:
    access = auth.access(auth.key_of(event["headers"], auth.text(body, "writeKey")), settings.write_key, secret)
    return intake.take(
        event["rawPath"].rsplit("/", 1)[-1],
        body,
        received_at=now,
        verified=lambda user_id, proof: access == "secret" or auth.verify_user_hash(secret, user_id, proof),
        new_id=lambda: uuid.uuid4().hex,
        keys=keys,
        server=access == "secret",
        naming=naming,
        policy=statement.policy(event["headers"], settings.consent_opt_out_countries),
    )
