"""The shop's API, called as a shop's server calls it."""

import json
import os
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from infrastructure.local.layout import Layout, LocalStackError, Stack


class ApiError(LocalStackError):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"The API answered {status}: {body}")
        self.status = status
        self.body = body


def stack() -> Stack:
    """The deployed stack: facts in the file SHOPWINDOW_STACK, or those of the local stack."""
    path = Path(os.environ.get("SHOPWINDOW_STACK", Layout.from_env().facts))
    if not path.exists():
        raise LocalStackError("No stack is deployed. `make up` starts the local one.")
    return Stack.load(path)


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
        self.pool = urllib3.PoolManager(maxsize=connections, timeout=30.0, retries=urllib3.Retry(3, backoff_factor=0.2))

    def call(self, method: str, path: str, body: Any = None, *, attempts: int = 6) -> Any:
        """The decoded answer. Raises ApiError for an answer of 400 or more."""
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(attempts):
            answer = self.pool.request(method, self.base + path, body=data, headers=self.headers)
            if answer.status not in (429, 500, 502, 503, 504):
                break
            time.sleep(0.2 * 2**attempt)
        decoded = json.loads(answer.data or b"null")
        if answer.status >= 400:
            raise ApiError(answer.status, decoded)
        return decoded
