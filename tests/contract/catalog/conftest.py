from functools import cache

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from shared.catalog.model import Item
from shared.catalog.store import CatalogStore
from tests import tables


@pytest.fixture(scope="module")
def cloud():
    with mock_aws():
        client = cache(boto3.client)
        client("s3").create_bucket(Bucket="lake")
        yield client


@pytest.fixture
def aws(cloud):
    """Makes clients of a cloud with an empty catalog table and an empty bucket."""
    tables.create(cloud("dynamodb"), "catalog")
    yield cloud
    for found in cloud("s3").list_objects_v2(Bucket="lake").get("Contents", []):
        cloud("s3").delete_object(Bucket="lake", Key=found["Key"])
    try:
        cloud("dynamodb").delete_table(TableName="catalog")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"  # a test deleted it


@pytest.fixture
def store(aws):
    return CatalogStore(aws("dynamodb"), "catalog")


@pytest.fixture
def item():
    """Builds items; the title says which write it was."""

    def build(name, updated_at=1.0, **fields):
        return Item(id=name, title=fields.pop("title", name), updated_at=updated_at, **fields)

    return build
