"""What the guide to the catalog says is so."""

import io
import json
import re
from pathlib import Path

from shared.catalog.feed import lines
from shared.catalog.parse import KNOWN, parse

GUIDE = (Path(__file__).parents[3] / "docs" / "catalog.md").read_text()


def test_the_guide_has_every_field():
    table = GUIDE.split("## Fields")[1].split("## Speed")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {field for row in rows for field in re.findall(r"`(\w+)`", row)} == KNOWN


def test_the_feed_of_the_guide_is_taken_wholly():
    feed = re.search(r"```csv\n(.*?)```", GUIDE, re.DOTALL).group(1)
    assert [(line.item.id, line.reason) for line in lines("a.csv", io.BytesIO(feed.encode()), 1.0)] == [
        ("tent", ""),
        ("mug", ""),
    ]


def test_the_items_of_the_guide_are_taken_wholly():
    body = re.search(r"-d '(\{\"items\".*?)'\n", GUIDE, re.DOTALL).group(1)
    assert [parse(row, 1.0).id for row in json.loads(body)["items"]] == ["tent", "mug"]
