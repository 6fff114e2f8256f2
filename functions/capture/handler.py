"""HTTPS → Kinesis: the Segment HTTP Tracking API."""

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared import auth, clients, http
from shared.capture import intake
from shared.config import CaptureSettings, from_env
from shared.consent import statement
from shared.consent.denials import Denials
from shared.consent.desk import ConsentDesk
from shared.events.stream import EventStream
from shared.identity import extract
from shared.identity.keys import IdentityKeys
from shared.observability import logger, metrics, outage
from shared.profiles.publish import WriteThrough
from shared.profiles.store import ShoppersStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(CaptureSettings)
secret = auth.SecretKey(clients.secrets, settings.secret_arn)
keys = IdentityKeys(clients.secrets, settings.identity_key_arn)
naming = extract.policy(settings.plus_tags, settings.phone_country, settings.blocked_ids)
clients.kinesis()  # made while the function starts, not while the first event waits
stream = EventStream(clients.kinesis, settings.stream)


def desk() -> ConsentDesk:
    """Without the cache, which capture has no way to: it hears of a withdrawal when the stream's record is folded."""
    store = ShoppersStore(clients.dynamodb(serving=True), settings.shoppers_table)
    return ConsentDesk(store, stream.put, WriteThrough(None), lambda: uuid.uuid4().hex)


denials = Denials(desk, time.monotonic)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    answer = http.served(lambda: capture(event), outage)
    metrics.add_metric("RequestsRefused", "Count", int(answer["statusCode"] >= 400))
    return answer


def capture(event: dict[str, Any]) -> dict[str, Any]:
    body = http.json_body(event, intake.MAX_BATCH_BYTES)
    now = datetime.now(UTC)
    taken = take(event, body, now)
    withdrawn = denials.take(taken.denials, now)
    stream.put_encoded(taken.entries)
    metrics.add_metric("ConsentWithdrawn", "Count", withdrawn)
    metrics.add_metric("EventsAccepted", "Count", len(taken.entries))
    metrics.add_metric("EventsRefused", "Count", len(taken.refused))
    return http.answer(*intake.answer(taken))


def take(event: dict[str, Any], body: Any, now: datetime) -> intake.Intake:
    caller = auth.caller(auth.key_of(event["headers"], auth.text(body, "writeKey")), settings.write_key, secret)
    return intake.take(
        event["rawPath"].rsplit("/", 1)[-1],
        body,
        received_at=now,
        verified=caller.proves,
        new_id=lambda: uuid.uuid4().hex,
        keys=keys,
        server=caller.access == "secret",
        naming=naming,
        policy=statement.policy(event["headers"], settings.consent_opt_out_countries),
    )
