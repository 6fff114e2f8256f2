"""The examples of docs/merchandising.md do what the page says."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from shared.catalog.parse import parse as parse_item
from shared.expressions.facts import NOBODY, ContextFacts
from shared.expressions.fields import FIELDS
from shared.expressions.parse import parse as parse_expression
from shared.merchandising import desk, parse, values
from shared.merchandising.conflicts import conflicts
from shared.merchandising.effects import apply
from shared.merchandising.matching import Matcher
from shared.merchandising.parse import InvalidPlan
from shared.merchandising.plan import ACTIONS
from shared.merchandising.steered import Entry, Outside
from shared.merchandising.store import LARGEST
from shared.recommend.loaded import mistakes
from tests.unit.merchandising.shop import NOW

PAGE = (Path(__file__).parents[3] / "docs" / "merchandising.md").read_text()
BLOCKS = re.findall(r"^```([^\n]*)\n(.*?)^```$", PAGE, re.M | re.S)
[SHOP] = ([parse_item(row, NOW) for row in json.loads(text)] for kind, text in BLOCKS if kind == "items")
ITEMS = {item.id: item for item in SHOP}


def plan(document):
    return parse.parse(json.loads(document), NOW, [mistakes])


def examples(*kinds):
    """(document, block) of each block with the document that stands above it."""
    above = ""
    for kind, text in BLOCKS:
        if kind.startswith("json"):
            above = text
        elif kind in kinds:
            yield above, text


@pytest.mark.parametrize("document", [text for kind, text in BLOCKS if kind == "json"])
def test_every_plan_on_the_page_is_one(document):
    assert plan(document)


@pytest.mark.parametrize(("document", "shelf"), list(examples("shelf")))
def test_every_shelf_on_the_page_is_what_the_rules_make_of_it(document, shelf):
    said = dict(line.split(": ", 1) for line in shelf.splitlines())
    before = said["before"].split()
    pool = [Entry(name, 0.5 - 0.05 * place, ITEMS[name]) for place, name in enumerate(before)]
    at = datetime.fromisoformat(said["at"]).timestamp() if "at" in said else NOW
    rules = Matcher(plan(document)).match(NOBODY, ContextFacts(placement=said["placement"]), at)
    shown = apply(rules, pool, len(before), Outside(ITEMS)).shown
    assert [entry.id for entry in shown] == said["after"].split()


@pytest.mark.parametrize(("document", "told"), list(examples("conflicts")))
def test_the_conflicts_on_the_page_are_those_that_are_found(document, told):
    assert [clash.message for clash in conflicts(plan(document))] == told.splitlines()


@pytest.mark.parametrize(("document", "told"), list(examples("mistakes")))
def test_the_mistakes_on_the_page_are_those_that_are_found(document, told):
    with pytest.raises(InvalidPlan) as refused:
        plan(document)
    assert list(map(str, refused.value.mistakes)) == told.splitlines()


@pytest.mark.parametrize(
    ("kind", "line"), [(kind, line) for kind, text in BLOCKS if kind in ("item", "when") for line in text.splitlines()]
)
def test_every_expression_on_the_page_can_be_asked(kind, line):
    assert parse_expression(line, kind, frozenset({"item"} if kind == "item" else {"shopper", "context"}))


def test_every_block_on_the_page_is_of_a_kind_that_is_run():
    kinds = {kind for kind, _ in BLOCKS}
    assert kinds == {"items", "json", "json wrong", "shelf", "conflicts", "mistakes", "item", "when", ""}


def test_the_page_names_everything_there_is():
    named = set(re.findall(r"`([^`\n]+)`", PAGE))
    fields = {field for action in parse.OWN.values() for field in action} | set(parse.COMMON)
    assert set(FIELDS) | set(ACTIONS) | fields - {"action"} <= named
    assert set(parse.OBJECTS) - {"experiments", "bandits"} <= named and "experiments" in PAGE and "bandits" in PAGE


def test_the_numbers_on_the_page_are_those_of_the_code():
    for said in (
        f"{parse.MOST_RULES} rules, {parse.MOST_SEGMENTS} segments, {values.MOST_ITEMS} items in a rule",
        f"{LARGEST:,} bytes",
        f"any of the last {desk.KEPT}",
        f"the last {desk.KEPT} versions are kept",
    ):
        assert said in PAGE
