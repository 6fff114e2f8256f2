"""The live graph as a whole, as it is stored."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from shared.identity.graph import DEFAULT, Pair, Settings, decide
from shared.identity.record import Component, decode_component

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Live(NamedTuple):
    """Profile id by identifier, and what operators took apart."""

    profiles: dict[str, str]
    cuts: frozenset[Pair]


def live_graph(client: "DynamoDBClient", table: str, settings: Settings = DEFAULT) -> Live:
    """Reads every component: for jobs at night."""
    profiles: dict[str, str] = {}
    cuts: set[Pair] = set()
    for part in components(client, table):
        known = part.known()
        cuts |= known.cuts
        for profile in decide(known, settings).profiles:
            profiles |= dict.fromkeys(profile.joined, profile.id)
    return Live(profiles, frozenset(cuts))


def components(client: "DynamoDBClient", table: str) -> Iterator[Component]:
    """All that were not moved into others."""
    pages = client.get_paginator("scan").paginate(
        TableName=table, FilterExpression="begins_with(pk, :c)", ExpressionAttributeValues={":c": {"S": "c#"}}
    )
    for page in pages:
        parts = (decode_component(item["value"]["B"]) for item in page["Items"])
        yield from (part for part in parts if not part.moved)
