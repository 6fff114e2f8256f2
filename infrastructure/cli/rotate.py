"""A new key in the place of the current one, which goes on working beside it until the rotation is finished."""

import json
import secrets
import string
from typing import Literal, NamedTuple

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack

SIGNS = string.ascii_letters + string.digits
Which = Literal["identity", "secret"]


class Fields(NamedTuple):
    """Where a key lies: the stack's output that names the secret, and its fields."""

    output: str
    current: str
    previous: str
    length: int


KEYS: dict[Which, Fields] = {
    "identity": Fields("IdentityKeyArn", "current", "previous", 64),
    "secret": Fields("SecretArn", "secretKey", "previousSecretKey", 40),
}
# functions read a secret again after five minutes
BEGUN: dict[Which, str] = {
    "identity": "Within five minutes new events carry both hashes. Finish when every shopper who matters has come by once: whoever "
    "was known by an e-mail address or a phone number alone, and comes later, is somebody new.",
    "secret": "In five minutes the new key opens everywhere; the former one goes on. Put the new one into your servers and sign user "
    "ids with it, then finish.",
}


def rotate(stack: Stack, which: Which) -> str:
    """Returns the new key. Raises LocalStackError while an earlier rotation is unfinished: a third key would cut off the first."""
    fields, value = KEYS[which], _read(stack, which)
    if value.get(fields.previous):
        raise LocalStackError(f"The {which} key is being rotated. `rotate-key {which} --finish` ends that first.")
    fresh = "".join(secrets.choice(SIGNS) for _ in range(fields.length))
    _write(stack, which, {**value, fields.current: fresh, fields.previous: value[fields.current]})
    return fresh


def finish(stack: Stack, which: Which) -> None:
    """Drop the former key. Raises LocalStackError when there is none."""
    value = _read(stack, which)
    if not value.pop(KEYS[which].previous, ""):
        raise LocalStackError(f"The {which} key is not being rotated.")
    _write(stack, which, value)


def _read(stack: Stack, which: Which) -> dict[str, str]:
    answer = client(stack, "secretsmanager").get_secret_value(SecretId=stack.outputs[KEYS[which].output])
    value: dict[str, str] = json.loads(answer["SecretString"])
    return value


def _write(stack: Stack, which: Which, value: dict[str, str]) -> None:
    client(stack, "secretsmanager").put_secret_value(
        SecretId=stack.outputs[KEYS[which].output], SecretString=json.dumps(value)
    )
