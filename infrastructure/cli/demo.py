"""The demo shop: what its pages need to know, and the server that hands them out."""

import json
import subprocess
import sys
from pathlib import Path

from infrastructure.cli.api import Api
from infrastructure.cli.shop import Shop
from infrastructure.local.layout import ROOT, Stack
from shared.auth import user_hash


def write(stack: Stack, shop: Shop, folder: Path) -> None:
    """config.json and catalog.json. The user hashes are what a shop's own server would put into its pages."""
    accounts = [{**account, "userHash": user_hash(stack.secret_key, account["userId"])} for account in shop.accounts()]
    config = {
        "host": stack.api_url,
        "writeKey": stack.write_key,
        "shopName": shop.name,
        "currency": shop.currency,
        "accounts": accounts,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps(_catalog(stack)))


def serve(folder: Path, port: int) -> int:
    command = [sys.executable, "-m", "storefront.demo.server", "--data", str(folder), "--port", str(port)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _catalog(stack: Stack) -> list[dict[str, object]]:
    api = Api(stack, stack.secret_key)
    items, cursor = [], ""
    while True:
        page = api.call("GET", f"/v1/catalog/items?limit=1000{'&cursor=' + cursor if cursor else ''}")
        items += page["items"]
        cursor = page.get("nextCursor", "")
        if not cursor:
            return sorted(items, key=lambda item: item["id"])
