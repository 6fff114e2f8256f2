"""Results of experiments in the lake's bucket: written at night, read by whoever asks."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.errors import InvalidRequest, NotFound
from shared.experiments.form import NAME, NAME_FORM

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "experiments/"


class ResultsStore:
    """JSON as `shared.experiments.analysis.results.Results` is written."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def put(self, name: str, results: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=_key(name), Body=results, ContentType="application/json")

    def get(self, name: str) -> bytes:
        """Raises InvalidRequest when no experiment can be called so, NotFound when it has no results yet."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=_key(name))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            words = f"there are no results of {name}; they are made every night of the experiments that the plan has"
            raise NotFound(words, "name") from error


def _key(name: str) -> str:
    if not NAME.fullmatch(name):
        raise InvalidRequest(NAME_FORM, "name")
    return f"{PREFIX}{name}/results.json"
