"""The job on EMR Serverless: `train.py STARTED INPUT`, of the state machine's execution when it started (ISO 8601) and its input (JSON)."""

import json
import sys
from pathlib import Path

import shared.models
from shared import clients
from shared.config import SparkSettings, code_version, from_env
from shared.identity.settings import parse
from shared.models import objective
from shared.models.findings import strictness
from shared.models.runs import days
from shared.models.spark.job import Job, learn
from shared.models.spark.session import session
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake
from shared.models.steps.prepare import Asked
from shared.models.tune import Budget


def job(settings: SparkSettings, started: str, given: str) -> Job:
    """`given` is the input of the execution, as JSON."""
    dynamodb = clients.dynamodb()
    code = code_version(Path(next(iter(shared.models.__path__))).parents[1])
    asked = Asked(started, strictness(settings.doctor), objective.asked(json.loads(given), settings.objective))
    return Job(
        Bench.of(clients.s3(), dynamodb, settings, code),
        Lake(settings.lake_bucket, dynamodb, settings.identity_table, parse(settings.identity_limits)),
        asked,
        Budget(settings.search_seconds),
    )


def main(started: str, given: str, scheme: str = "s3") -> None:
    """`scheme` is how Spark calls S3: `s3` on EMR."""
    made = job(from_env(SparkSettings), started, given)
    bucket = made.lake.bucket
    paths = [f"{scheme}://{bucket}/events/dt={day}/" for day in days(made.bench.client, bucket)]
    learn(session(), paths, made)


if __name__ == "__main__":
    main(*sys.argv[1:3])
