"""The only place that makes AWS clients: one cached client a service, with time limits short enough to fail over in.

The emulator needs nothing here: boto3 honours AWS_ENDPOINT_URL.
"""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_stepfunctions import SFNClient

SERVING = Config(connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 2, "mode": "standard"})
BATCH = Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 5, "mode": "standard"})


@cache
def dynamodb(*, serving: bool = False) -> "DynamoDBClient":
    """`serving=True` gives up within two seconds so that a shopper never waits longer; otherwise it keeps trying."""
    return boto3.client("dynamodb", config=SERVING if serving else BATCH)


@cache
def kinesis() -> "KinesisClient":
    return boto3.client("kinesis", config=BATCH)


@cache
def s3(*, serving: bool = False) -> "S3Client":
    return boto3.client("s3", config=SERVING if serving else BATCH)


@cache
def s3_links() -> "S3Client":
    """Signs links that a browser can open; older signatures are refused in newer regions."""
    return boto3.client("s3", config=Config(signature_version="s3v4"))


@cache
def stepfunctions() -> "SFNClient":
    return boto3.client("stepfunctions", config=BATCH)


@cache
def logs() -> "CloudWatchLogsClient":
    return boto3.client("logs", config=BATCH)


@cache
def secrets() -> "SecretsManagerClient":
    return boto3.client("secretsmanager", config=BATCH)
