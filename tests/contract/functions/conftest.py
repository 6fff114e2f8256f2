"""AWS as moto plays it, with what handlers need."""

import json
from base64 import b64encode

import boto3
import pytest
from moto import mock_aws

from shared import clients
from tests import tables
from tests.contract.functions.calls import CONTEXT, ENV, handler, sample


@pytest.fixture
def aws(monkeypatch):
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    for made in (clients.dynamodb, clients.kinesis, clients.s3, clients.secrets):
        made.cache_clear()
    with mock_aws():
        boto3.client("kinesis").create_stream(StreamName="events", ShardCount=2)
        for bucket in ("lake", "models"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        tables.create(boto3.client("dynamodb"), "shoppers", "lists", "identity", "catalog", "plans")
        boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
        boto3.client("secretsmanager").create_secret(Name="identity-key", SecretString='{"current": "ik"}')
        boto3.client("secretsmanager").create_secret(Name="privacy-key", SecretString='{"current": "pk"}')
        yield


@pytest.fixture
def consent(aws):
    """Calls the consent API: (status, body)."""
    handle = handler("functions.consent.handler")

    def call(method, body=None, key="write-key", headers=None, path="/v1/consent", **query):
        event = {**sample("consent"), "rawPath": path}
        event["requestContext"]["http"]["method"] = method
        event["headers"] = {"authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}", **(headers or {})}
        event["body"], event["queryStringParameters"] = body and json.dumps(body), query
        answer = handle(event, CONTEXT)
        assert answer["headers"]["content-type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"])

    return call
