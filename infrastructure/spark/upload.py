"""Puts the packed job where the application looks for it: `python -m infrastructure.spark.upload FOLDER BUCKET`. The entry comes last:
training takes the way over Spark as soon as something lies there."""

import sys
from pathlib import Path

import boto3

NAMES = ("environment.tar.gz", "train.py")


def upload(folder: Path, bucket: str) -> None:
    client = boto3.client("s3")
    for name in NAMES:
        client.upload_file(str(folder / name), bucket, f"spark/{name}")
        print(f"s3://{bucket}/spark/{name}")


if __name__ == "__main__":
    upload(Path(sys.argv[1]), sys.argv[2])
