"""Recommendations for the shoppers of a segment, written to S3 for a mail tool."""

import csv
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import json

from infrastructure.cli.aws import client
from infrastructure.cli.tables import failed, tables
from infrastructure.local.layout import LocalStackError, Stack
from shared.answers.collect import WINDOW, prefix
from shared.answers.model import Answered, packed
from shared.events.lake import lines
from shared.expressions.parse import parse as expression
from shared.privacy.stores.batches import PREFIX
from shared.recommend.batch import batch
from shared.recommend.reads import Reader
from shared.recommend.request import parse
from shared.recommend.static import S3Static

ABOUT = frozenset({"shopper"})


def run(stack: Stack, placement: str, who: str, count: int | None, table: Path | None) -> str:
    """`who` is an expression about the shopper, "" for everybody; `table` a CSV file to write beside.

    Raises LocalStackError, InvalidRequest.
    """
    now = time.time()
    reader = _reader(stack)
    reader.warm()
    wanted = {"placement": placement, "count": count}
    request = parse({name: value for name, value in wanted.items() if value}, placements=reader.placements)
    condition = expression(who, "who", ABOUT) if who else None
    made = list(batch(reader, _states(stack), request, condition, now))
    if not made:
        raise LocalStackError(
            "Nobody is to be written to: nobody of them agreed to personalization, or nothing is to be shown."
        )
    rows, answers = [one.row for one in made], [one.answered for one in made]
    place = _put(stack, placement, rows, answers, now)
    if table:
        _csv(table, rows)
    beside = f", and {table}" if table else ""
    return f"{len(rows):,} shoppers: {place}{beside}. Put the recommendationId into the links, so that clicks are told apart."


def _reader(stack: Stack) -> Reader:
    static = S3Static(lambda: client(stack, "s3"), stack.outputs["ModelsBucket"])
    return Reader(tables(stack), static, failed, time.time)


def _states(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Of shoppers who have logged in: nobody else can be written to."""
    pages = (
        client(stack, "dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=stack.outputs["ShoppersTable"],
            FilterExpression="begins_with(pk, :u)",
            ExpressionAttributeValues={":u": {"S": "u#"}},
        )
    )
    for page in pages:
        yield from ((item["pk"]["S"], item["value"]["B"]) for item in page["Items"])


def _put(stack: Stack, placement: str, rows: list[dict[str, Any]], answers: list[Answered], now: float) -> str:
    """The answers go into the log: what is clicked in a mail counts as what is clicked in the shop."""
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    stamp = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    key = f"{PREFIX}{placement}/{stamp}.jsonl.gz"
    s3.put_object(Bucket=bucket, Key=key, Body=lines(map(json.encode, rows)), ContentType="application/gzip")
    logged = f"{prefix(now // WINDOW * WINDOW)}batch-{stamp}.jsonl.gz"
    s3.put_object(Bucket=bucket, Key=logged, Body=packed(answers), ContentType="application/gzip")
    return f"s3://{bucket}/{key}"


def _csv(file: Path, rows: list[dict[str, Any]]) -> None:
    """A row a shopper: the id, the recommendationId, and id, title, link, imageLink and price of each item."""
    most = max(len(row["items"]) for row in rows)
    fields = ("id", "title", "link", "imageLink", "price")
    with file.open("w", newline="", encoding="utf-8") as opened:
        out = csv.writer(opened)
        out.writerow(["userId", "recommendationId", *(f"{field}{n}" for n in range(1, most + 1) for field in fields)])
        for row in rows:
            cells = [_cell(item, field) for item in row["items"] for field in fields]
            out.writerow([row["userId"], row["recommendationId"], *cells])


def _cell(item: dict[str, Any], field: str) -> str:
    if field != "price":
        return str(item.get(field, ""))
    price = item.get("salePrice") or item.get("price")
    return f"{price['amount']:.2f} {price['currency']}" if price else ""
