"""The bundle of the current version, in memory, looked after once in a while."""

import time
from collections.abc import Callable
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.lists.store import ListsStore
from shared.models.bundle import load
from shared.models.candidates import rank

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from shared.profiles.batch import Rank

FRESH = 15.0  # seconds between looks at the pointer


def bundle_key(version: str) -> str:
    return f"models/{version}/bundle.npz"


class CurrentBundle:
    """When the pointer or the bundle cannot be read, the last one goes on: an old model is better than none."""

    def __init__(
        self, lists: ListsStore, client: "S3Client", bucket: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lists = lists
        self.client = client
        self.bucket = bucket
        self.clock = clock
        self.looked = float("-inf")
        self.version = ""
        self.rank: Rank = lambda state, now: ([], [])

    def get(self) -> "tuple[Rank, str]":
        """How to rank, and the version that does."""
        if self.clock() - self.looked > FRESH:
            self.looked = self.clock()
            try:
                pointer, _ = self.lists.pointer()
                if pointer.current and pointer.current != self.version:
                    self._load(pointer.current)
            except (ClientError, BotoCoreError, ValueError, KeyError):
                if not self.version:
                    raise
        return self.rank, self.version

    def _load(self, version: str) -> None:
        body = self.client.get_object(Bucket=self.bucket, Key=bundle_key(version))["Body"]
        with TemporaryFile() as file:
            copyfileobj(body, file)
            file.seek(0)
            bundle = load(file)
        self.rank = lambda state, now: rank(state, bundle, now)
        self.version = version
