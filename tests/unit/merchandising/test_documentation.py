"""The examples of docs/merchandising.md do what the page says."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from shared.catalog.parse import parse as parse_item
from shared.events.products import Product
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
from shared.profiles.fold import fold
from shared.profiles.lifecycle import CART_LEFT, MANY_ORDERS, STAGES, USUAL
from shared.profiles.signals import Signal
from shared.profiles.state import Candidate, State
from shared.recommend.loaded import load, mistakes
from shared.recommend.picks import Reads
from shared.recommend.pipeline import answer
from shared.recommend.request import parse as parse_request
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


@pytest.mark.parametrize(("document", "told"), list(examples("answer")))
def test_every_answer_on_the_page_is_what_the_dials_make_of_it(document, told):
    said = dict(line.split(": ", 1) for line in told.splitlines())
    shown, lasts = ({name: int(n) for name, n in [said[of].split()]} for of in ("shown", "lasts"))
    fits = [Candidate(name, 1.0 - 0.05 * place, "for_you") for place, name in enumerate(said["fits"].split())]
    shopper = State(candidates=fits)
    for name, often in shown.items():
        for _ in range(often):
            fold(shopper, Signal("shown", NOW, [Product(name)], 0.0, 0.0, 0.0, {}))
    ready = load(plan(document))
    request = parse_request({"placement": said["placement"]}, placements=ready.placements)
    reads = Reads(shopper, covers={name: float(days) for name, days in lasts.items()})
    made = answer(request, reads, lambda ids: {name: ITEMS[name] for name in ids if name in ITEMS}, NOW)
    assert [pick.item for pick in made.picks] == said["after"].split()


def test_the_stages_on_the_page_are_those_of_the_code():
    written = PAGE.split("| stage | who |")[1].split("\n\n")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)`", written, re.M)) == STAGES
    assert (USUAL.loyal_orders, MANY_ORDERS, USUAL.lapsing_days, CART_LEFT) == (3, 5, 120, 3600), "as the page says"


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
    assert kinds == {"items", "json", "json wrong", "shelf", "conflicts", "mistakes", "item", "when", "answer", ""}


def test_the_page_names_everything_there_is():
    named = set(re.findall(r"`([^`\n]+)`", PAGE))
    fields = {field for action in parse.OWN.values() for field in action} | set(parse.COMMON)
    assert set(FIELDS) | set(ACTIONS) | fields - {"action"} <= named
    assert set(values.LIMITS) <= set(re.findall(r'"(\w+)":', PAGE))
    assert set(parse.OBJECTS) - {"experiments", "bandits"} <= named and "experiments" in PAGE and "bandits" in PAGE


def test_the_numbers_on_the_page_are_those_of_the_code():
    for said in (
        f"{parse.MOST_RULES} rules, {parse.MOST_SEGMENTS} segments, {values.MOST_ITEMS} items in a rule",
        f"{LARGEST:,} bytes",
        f"any of the last {desk.KEPT}",
        f"the last {desk.KEPT} versions are kept",
    ):
        assert said in PAGE
