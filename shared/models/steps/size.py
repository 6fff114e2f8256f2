"""How much there is to learn from, found without reading the lake: which way training takes depends on it."""

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from shared.models.runs import objects
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import named
from shared.models.vitals import LEARNED_FROM

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOKED_AT = 24  # objects
MOST = 1 << 20  # bytes of each
GZIP = 31
PACKAGE = "spark/train.py"  # in the bucket of models; it is put there last


class _Line(msgspec.Struct, rename="camel"):
    event: str = ""
    anonymous_id: str = ""
    user_id: str = ""
    properties: dict[str, Any] = {}


_line = msgspec.json.Decoder(_Line)


def do_size(bench: Bench, lake: Lake, started: str, spark: bool) -> dict[str, Any]:
    """`interactions` is an estimate. `spark` says whether Spark can be used: there is an application, and its job has been put there."""
    able = spark and bool(bench.client.list_objects_v2(Bucket=bench.bucket, Prefix=PACKAGE, MaxKeys=1).get("Contents"))
    found = estimate(bench.client, lake.bucket, objects(bench.client, lake.bucket))
    return {"version": named(started), "interactions": found, "spark": able, "spark_from": lake.spark_from}


def estimate(client: "S3Client", bucket: str, lying: list[tuple[str, int]]) -> int:
    """Interactions in the objects (key and bytes), by those in the beginnings of some of them, evenly spread over the bytes."""
    seen = counted = 0
    for key, size in _spread(lying):
        data = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{min(size, MOST) - 1}")["Body"].read()
        seen += len(data)
        counted += sum(map(_interactions, _lines(data)))
    return round(counted / seen * sum(size for _, size in lying)) if seen else 0


def _spread(lying: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    lying = [(key, size) for key, size in lying if size]
    every, passed, part = sum(size for _, size in lying), 0, 0
    for key, size in lying:
        passed += size
        if passed * LOOKED_AT > part * every:
            yield key, size
            part = max(part + 1, passed * LOOKED_AT // every)


def _lines(data: bytes) -> list[bytes]:
    """The whole lines in the beginning of a compressed object."""
    lines = zlib.decompressobj(GZIP).decompress(data).split(b"\n")
    return [line for line in lines[:-1] if line]


def _interactions(line: bytes) -> int:
    event = _line.decode(line)
    if event.event not in LEARNED_FROM or not (event.anonymous_id or event.user_id):
        return 0
    products = event.properties.get("products")
    return len(products) if isinstance(products, list) else 1
