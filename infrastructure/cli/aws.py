"""AWS clients for a deployed stack: the local emulator, or the account of the caller."""

from typing import Any

import boto3
from botocore.config import Config

from infrastructure.local.layout import Stack
from shared.identity.keys import IdentityKeys


def client(stack: Stack, service: str, config: Config | None = None) -> Any:
    make: Any = boto3.client
    if not stack.endpoint:
        return make(service, config=config)
    return make(
        service,
        config=config,
        endpoint_url=stack.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's
    )


def identity_keys(stack: Stack) -> IdentityKeys:
    """Read when there is something to hash."""
    return IdentityKeys(lambda: client(stack, "secretsmanager"), stack.outputs["IdentityKeyArn"])
