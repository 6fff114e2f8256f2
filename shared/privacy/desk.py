"""Where privacy requests are taken in, begun and looked at."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import json

from shared.privacy.requests import Request, RequestStore, describe, moment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_stepfunctions import SFNClient

LINK_OPEN = 86_400  # seconds
EXPORTS = "privacy/exports/"


class Desk(NamedTuple):
    """`machine` (an ARN) works requests off; `links` signs addresses of objects in `lake`."""

    requests: RequestStore
    machines: Callable[[], "SFNClient"]
    machine: str
    links: Callable[[], "S3Client"]
    lake: str

    def take(self, asked: Request) -> Request:
        """The request, begun; or the one that is there under its id. Raises Conflict when that one asks for something else."""
        request = self.requests.create(asked)
        if request.status == "waiting":
            begin(self.machines(), self.machine, request)
        return request

    def shown(self, request: Request, now: float) -> dict[str, Any]:
        """What a caller sees; each look gives a download link that is valid from `now` (epoch seconds) on."""
        answer = describe(request)
        if request.type == "export" and request.status == "done" and request.found:
            answer["download"] = {"url": self._link(request), "expiresAt": moment(now + LINK_OPEN)}
        return answer

    def _link(self, request: Request) -> str:
        place = {"Bucket": self.lake, "Key": export(request.id)}
        return self.links().generate_presigned_url("get_object", Params=place, ExpiresIn=LINK_OPEN)


def begin(machines: "SFNClient", machine: str, request: Request) -> None:
    """Under the request's own name: a second call finds that it runs."""
    with suppress(machines.exceptions.ExecutionAlreadyExists):
        machines.start_execution(
            stateMachineArn=machine,
            name=f"{request.id}-{request.attempts}",
            input=json.encode({"id": request.id}).decode(),
        )


def export(request_id: str) -> str:
    """Where the export of a request lies."""
    return f"{EXPORTS}{request_id}.json"
