"""Objects of a bucket with all their versions: what was overwritten or deleted is held too, until its time is up."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK = 1000  # what one DeleteObjects takes
CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404")


class Version(NamedTuple):
    key: str
    id: str
    etag: str
    size: int
    latest: bool
    marker: bool = False  # of a deletion: it has a name and no content

    @property
    def place(self) -> str:
        return self.key if self.latest else f"{self.key} (an older version)"


class Objects:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def versions(self, prefix: str, after: str = "") -> Iterator[Version]:
        """All versions under a prefix in order of keys, those of keys up to `after` left out; deletion markers too."""
        start: Any = {"KeyMarker": after} if after else {}
        for page in self.client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=prefix, **start
        ):
            found = [
                Version(v["Key"], v["VersionId"], v["ETag"], v["Size"], v["IsLatest"]) for v in page.get("Versions", [])
            ]
            found += [
                Version(m["Key"], m["VersionId"], "", 0, m["IsLatest"], marker=True)
                for m in page.get("DeleteMarkers", [])
            ]
            yield from (version for version in sorted(found) if version.key != after)

    def read(self, version: Version) -> bytes:
        """Raises Gone when the version was deleted meanwhile."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=version.key, **self._exactly(version))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "404"):
                raise Gone(version.key) from error
            raise
        return found["Body"].read()

    def replace(self, version: Version, body: bytes, content_type: str) -> bool:
        """Overwrite the latest version and delete it. False when it is no longer the latest: look again."""
        try:
            self.client.put_object(
                Bucket=self.bucket, Key=version.key, Body=body, ContentType=content_type, IfMatch=version.etag
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in CHANGED:
                return False
            raise
        if version.id != "null":
            self.delete([version])
        return True

    def delete(self, versions: Iterable[Version]) -> None:
        """For good: exactly these versions, no marker is left."""
        wanted = list(versions)
        for start in range(0, len(wanted), CHUNK):
            entries: Any = [{"Key": v.key, "VersionId": v.id} for v in wanted[start : start + CHUNK]]
            answer = self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": entries, "Quiet": True})
            if answer.get("Errors"):
                raise OSError(f"S3 kept {answer['Errors'][0]['Key']}: {answer['Errors'][0].get('Code', '')}")

    def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def find(self, key: str) -> bytes:
        """b"" when there is no such object."""
        try:
            return self.get(key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return b""
            raise

    def _exactly(self, version: Version) -> Any:
        return {} if version.id == "null" else {"VersionId": version.id}


class Gone(Exception):
    """The version was deleted since it was listed."""
