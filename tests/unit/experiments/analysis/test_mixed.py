"""What an interleaving says, from the log on."""

import random

import duckdb
import pytest

from shared.answers.model import Answered, packed, unit_of
from shared.events import lake
from shared.events.model import encode
from shared.experiments.analysis.mixed import analyse_mixed, read
from shared.experiments.analysis.rows import gather
from shared.experiments.interleaving import interleave
from shared.experiments.model import MIXED, Experiment, Stop, Variant
from shared.identity.recompute import own
from shared.models.prepare import EVENTS
from tests.factories import NOON, event

NOW, DAY = NOON.timestamp(), 86400.0
TWO = (Variant("now", 0.5), Variant("fresh", 0.5))
RANKERS = Experiment("rankers", "main", ("home",), TWO, kind="interleaving", stop=Stop(least_shoppers=50))


@pytest.fixture
def log(tmp_path):
    """Credits of an experiment whose answers and clicks are given."""

    def of(answers, events, experiment=RANKERS):
        (tmp_path / "a.jsonl.gz").write_bytes(packed(answers))
        (tmp_path / "e.jsonl.gz").write_bytes(lake.lines(map(encode, events)))
        with duckdb.connect() as db:
            db.execute(EVENTS, [[str(tmp_path / "e.jsonl.gz")]])
            own(db)
            gather(db, [str(tmp_path / "a.jsonl.gz")], {})
            return read(db, experiment)

    return of


def answer(n, unit, shown, teams, experiment="rankers", variant=MIXED):
    return Answered(
        f"{n:023x}", NOW + n, "home", shown, unit=unit_of(unit), assigned=[(experiment, variant)], teams=teams
    )


def click(n, *items):
    products = [{"product_id": item} for item in items]
    return event("Recommendation Clicked", properties={"recommendation_id": f"{n:023x}", "products": products})


def test_clicks_are_credited_to_whose_pick_they_are_on(log):
    answers = [
        answer(1, "a1", ["x", "y", "z"], "aba"),
        answer(2, "a1", ["x", "y"], "ba"),
        answer(3, "a2", ["x", "y"], "ab"),
        answer(4, "a3", ["x"], "b", experiment="another"),
        answer(5, "a4", ["x", "y"], ""),
    ]
    events = [click(1, "x", "y"), click(1, "x"), click(2, "x"), click(4, "x"), click(5, "x")]
    assert log(answers, events) == ({unit_of("a1"): 1.0, unit_of("a2"): 0.0}, NOW + 1)


def shop(liked, size=400, seed=1):
    """Shoppers who look down a list of two rankers' picks and click an item of what they like; `liked` of ranker b's first items."""
    rng, answers, events = random.Random(seed), [], []
    for n in range(size):
        made = interleave(["p", "q", "r"], ["s", "t", "u"], 4, lambda: rng.random() < 0.5)
        answers.append(answer(n, f"a{n}", made.items, made.teams))
        wanted = "stu" if rng.random() < liked else "pqr"
        if found := [item for item in made.items if item in wanted]:
            events.append(click(n, found[0]))
    return answers, events


def test_the_ranker_that_is_liked_better_is_kept(log):
    credits_, since = log(*shop(0.65))
    found = analyse_mixed(RANKERS, credits_, since, since + 8 * DAY)
    assert (found.decision, found.stop) == ("winner", True) and found.verdict.startswith("Keep fresh: ")
    assert found.preference.better > 0.99 and [v.shoppers for v in found.variants] == [
        found.preference.a,
        found.preference.b,
    ]
    credits_, since = log(*shop(0.35))
    assert analyse_mixed(RANKERS, credits_, since, since + 8 * DAY).decision == "control"


def test_without_a_preference_it_goes_on_and_ends(log):
    credits_, since = log(*shop(0.5))
    said = [analyse_mixed(RANKERS, credits_, since, since + days * DAY).decision for days in (3, 8, 43)]
    assert said == ["early", "running", "over"]
    few = dict(list(credits_.items())[:40])
    assert analyse_mixed(RANKERS, few, since, since + 43 * DAY).decision == "early"
