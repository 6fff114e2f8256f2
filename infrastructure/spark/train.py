"""The job on EMR Serverless: `train.py STARTED`, when the execution of the state machine started (ISO 8601)."""

import sys
from pathlib import Path

import shared.models
from shared import clients
from shared.config import PrepareSettings, code_version, from_env
from shared.identity.settings import parse
from shared.models.findings import strictness
from shared.models.runs import days
from shared.models.spark.job import Job, learn
from shared.models.spark.session import session
from shared.models.steps.bench import Bench
from shared.models.steps.lake import Lake


def main(started: str, scheme: str = "s3") -> None:
    """`scheme` is how Spark calls S3: `s3` on EMR."""
    settings = from_env(PrepareSettings)
    dynamodb, s3 = clients.dynamodb(), clients.s3()
    code = code_version(Path(next(iter(shared.models.__path__))).parents[1])
    bench = Bench.of(s3, dynamodb, settings, code)
    lake = Lake(settings.lake_bucket, dynamodb, settings.identity_table, parse(settings.identity_limits))
    paths = [f"{scheme}://{settings.lake_bucket}/events/dt={day}/" for day in days(s3, settings.lake_bucket)]
    learn(session(), paths, Job(bench, lake, started, strictness(settings.doctor)))


if __name__ == "__main__":
    main(sys.argv[1])
