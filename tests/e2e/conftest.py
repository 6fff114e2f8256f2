"""A headless Chromium and the demo shop, served for the deployed stack."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import sync_playwright

from infrastructure.cli import demo
from infrastructure.local.layout import ROOT
from tests.integration import conftest as deployed

stack, shop = deployed.stack, deployed.shop

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except Exception as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(
                f"no Chromium: `make browser` installs one ({error})"
            )
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page with nothing remembered. A script error on it fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    made = context.new_page()
    errors = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    context.close()
    assert not errors


@pytest.fixture(scope="session")
def demo_shop(stack, shop, tmp_path_factory):
    """Its address."""
    folder = tmp_path_factory.mktemp("demo")
    demo.write(stack, shop, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "storefront.demo.server", "--data", str(folder), "--port", str(port)], cwd=ROOT
    )
    address = f"http://localhost:{port}"
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(10)
