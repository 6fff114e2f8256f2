"""The shop's API, called as a shop's server calls it."""

import json
import os
import time
from base64 import b64encode
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import urllib3

from infrastructure.local.layout import Layout, LocalStackError, Stack

AGAIN = frozenset({429, 500, 502, 503, 504})


class ApiError(LocalStackError):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"The API answered {status}: {body}")
        self.status = status
        self.body = body


def stack(name: str = "") -> Stack:
    """The deployed stack: of CloudFormation by `name`, else facts in the file SHOPWINDOW_STACK, else the local stack."""
    if name:
        return deployed(name)
    path = _facts()
    if not path.exists():
        raise LocalStackError("No stack is deployed. `make up` starts the local one.")
    return Stack.load(path)


def remember(changed: Stack) -> None:
    """Facts of a local stack have changed; those of a stack in an account are asked of it every time."""
    if changed.endpoint:
        _facts().write_text(json.dumps(asdict(changed), indent=2))


def _facts() -> Path:
    return Path(os.environ.get("SHOPWINDOW_STACK", Layout.from_env().facts))


def deployed(name: str) -> Stack:
    """A stack in the caller's AWS account and region."""
    described = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    if "SecretArn" not in outputs:
        raise LocalStackError(f"{name} is no stack of Shopwindow's template: it has no output SecretArn.")
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])["SecretString"]
    return Stack(
        endpoint="",
        api_url=outputs["ApiUrl"],
        write_key=outputs["WriteKey"],
        secret_key=json.loads(secret)["secretKey"],
        outputs=outputs,
    )


class Api:
    """Sends JSON with a key, again when the answer is 429 or 5xx."""

    def __init__(self, stack: Stack, key: str, connections: int = 4) -> None:
        url = urlsplit(stack.api_url)
        # names under localhost resolve in browsers and curl, but not everywhere
        local = (url.hostname or "").endswith(".localhost")
        self.base = f"{url.scheme}://127.0.0.1:{url.port}" if local else stack.api_url
        self.headers = {
            "Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}",
            "Content-Type": "application/json",
        }
        if local:
            self.headers["Host"] = url.netloc
        self.pool = urllib3.PoolManager(maxsize=connections, timeout=30.0, retries=False)

    def call(self, method: str, path: str, body: Any = None, *, attempts: int = 6) -> Any:
        """The decoded answer. `body` is JSON already, or will be. Raises ApiError for an answer of 400 or more."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        for attempt in range(attempts):
            if attempt:
                time.sleep(0.2 * 2**attempt)
            try:
                answer = self.pool.request(method, self.base + path, body=data, headers=self.headers)
            except urllib3.exceptions.HTTPError as error:
                if attempt == attempts - 1:
                    raise LocalStackError(f"The API at {self.base} does not answer: {error}") from error
                continue
            if answer.status not in AGAIN:
                break
        if answer.status >= 400:
            raise ApiError(answer.status, _decoded(answer.data))
        return _decoded(answer.data)


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data or b"null")
    except ValueError:
        return data.decode(errors="replace")[:500]
