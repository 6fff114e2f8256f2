"""Tests on the stack really deployed locally; `make test` deploys it and says where in SHOPWINDOW_STACK."""

import os
import time
import uuid
from pathlib import Path

import pytest

from infrastructure.cli import load, models
from infrastructure.cli.api import Api
from infrastructure.cli.aws import client
from infrastructure.cli.generator import GeneratedShop
from infrastructure.local.layout import Layout, Stack
from shared.profiles.store import ShoppersStore

YES = {"consent": {"categoryPreferences": {"analytics": True, "personalization": True}}}


def pytest_collection_modifyitems(items):
    for item in items:
        if "integration" in str(item.path) or "e2e" in str(item.path):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def stack():
    path = Path(os.environ.get("SHOPWINDOW_STACK", Layout.from_env().facts))
    if not path.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no stack is deployed: `make up` deploys one")
    return Stack.load(path)


@pytest.fixture(scope="session")
def browser_api(stack):
    """The API as a browser may use it."""
    return Api(stack, stack.write_key)


@pytest.fixture(scope="session")
def server_api(stack):
    return Api(stack, stack.secret_key)


@pytest.fixture(scope="session")
def aws(stack):
    """A client by service name."""
    return lambda service: client(stack, service)


@pytest.fixture
def states(stack, aws):
    """The state under a key; None when nothing is stored."""
    store = ShoppersStore(aws("dynamodb"), stack.outputs["ShoppersTable"])

    def state(key):
        read = store.get_many([key])[key]
        return read.state if read.version else None

    return state


@pytest.fixture(scope="session")
def shop(stack):
    """A generated shop, loaded, trained, and its latest days through the live path."""
    made = GeneratedShop(seed=11, shoppers=300, weeks=6, items=480)
    latest = load.history(stack, made, live_days=4)
    models.train(stack)
    load.live(stack, latest)
    return made


@pytest.fixture
def shopper():
    """An anonymous id never used before."""
    return f"test-{uuid.uuid4().hex}"


def eventually(check, seconds=20.0):
    """The first truthy answer of `check`; fails when there is none in time. Who waits long asks less often: asking takes from what is waited for."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < seconds:
        found = check()
        if found:
            return found
        time.sleep(min(0.05 + waited / 20, 1.0))
    raise AssertionError(f"not within {seconds} s")


def view(shopper, item, name="Product Viewed", **fields):
    return {
        "type": "track",
        "event": name,
        "anonymousId": shopper,
        "messageId": uuid.uuid4().hex,
        "properties": {"product_id": item},
        "context": YES,
        **fields,
    }
