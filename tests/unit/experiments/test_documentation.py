"""docs/experiments.md says what there is."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from shared.answers.model import Answered
from shared.experiments import rollout
from shared.experiments.analysis.rules import Decision
from shared.experiments.bandits import FIELDS as BANDITS
from shared.experiments.bandits import FLOOR, HALF_LIVES
from shared.experiments.model import LONGEST_DAYS, METRICS, Stop
from shared.merchandising.parse import parse
from shared.privacy.registry import ANSWER_DAYS
from shared.recommend.loaded import mistakes

PAGE = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
PLANS = re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("document", PLANS)
def test_every_plan_on_the_page_is_one(document):
    assert parse(json.loads(document), 1772452800.0, [mistakes])


def test_every_decision_metric_and_field_of_the_log_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.M)
    assert [row for row in rows if row in get_args(Decision)] == list(get_args(Decision))
    assert all(f"`{metric}`" in PAGE for metric in METRICS)
    log = PAGE[PAGE.index("## The log of answers") :]
    assert all(f"`{field}`" in log for field in Answered.__struct_fields__)
    assert all(f'"{field}"' in PAGE for field in BANDITS - {"name", "countries"})


def test_numbers_on_the_page_are_those_of_the_code():
    usual = Stop()
    assert f"may be wrong, {usual.alpha:g} |" in PAGE and f"relative, {usual.least_effect:g}:" in PAGE
    assert f"variant {usual.least_shoppers}, and {usual.least_days:g} days" in PAGE
    assert f"| {usual.most_days:g}; then it is over, {LONGEST_DAYS} at most |" in PAGE
    assert f"kept for {ANSWER_DAYS} days" in PAGE and LONGEST_DAYS < ANSWER_DAYS
    assert rollout.STAGES == (0.01, 0.1, 0.5, 1.0) and "1 % of the shoppers, then 10, 50 and all" in PAGE
    assert (rollout.LEAST_HOURS, rollout.MOST_HOURS) == (24, 72) and "a day at least, and three at most" in PAGE
    assert [guard.most for guard in rollout.GUARDS] == [0.05, 0.01, 0.01, 0.2]
    assert f'"floor": {FLOOR:g}' in PAGE and all(f"`{name}`" in PAGE for name in HALF_LIVES)
