"""Where events lie, and whose they are."""

from typing import TYPE_CHECKING, NamedTuple

from shared.identity.live import Live, live_graph

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.identity.graph import Settings


class Lake(NamedTuple):
    bucket: str
    client: "DynamoDBClient"
    identity_table: str
    protection: "Settings"
    spark_from: int = 0  # interactions; more are Spark's

    def graph(self) -> Live:
        return live_graph(self.client, self.identity_table, self.protection)
