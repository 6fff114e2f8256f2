"""The command as a whole: on tiny sets, and on the lake of a stack."""

import json
import os
import signal
from dataclasses import replace
from datetime import timedelta

import boto3
import numpy as np
import pytest

from infrastructure.cli import __main__ as cli
from infrastructure.cli.evaluate import apart, command, measure
from infrastructure.cli.evaluate.baselines.simple import popularity, recent_popularity
from infrastructure.cli.evaluate.models import chosen, models, too_large
from infrastructure.cli.evaluate.page import page
from infrastructure.cli.evaluate.served import Served, Shopwindow
from infrastructure.cli.evaluate.table import tables
from shared.catalog.parse import parse
from shared.catalog.store import CatalogStore
from shared.evaluation.protocol import folded
from shared.evaluation.task import Dataset
from shared.events import lake as log
from shared.events.model import encode
from shared.models.candidates import rank
from tests.factories import NOON, event, order
from tests.unit.cli.evaluate.naive import known_of
from tests.unit.models.test_tune import QUICK

TRAIN = "\n".join(["1 2 3", "4 5", "1 2 3 2"] * 20)


def shop(folder, prefixes="1 2\t3\n1\t2\n4\t5\n1\t1\n"):
    folder.mkdir(exist_ok=True)
    (folder / "a_train_sessions.txt").write_text(TRAIN)
    (folder / "a_test_prefix_target.txt").write_text(prefixes)
    return folder


def evaluated(folder, *arguments, models="popular,sequential"):
    out = folder / "run.json"
    told = cli.main(
        ["evaluate", "retailrocket", "--data", str(folder), "--models", models, "--json", str(out), *arguments]
    )
    assert told == 0
    return json.loads(out.read_text())


def test_a_run_tells_what_it_measured(tmp_path, capsys):
    run = evaluated(shop(tmp_path / "set"), "--report", str(tmp_path / "run.html"))
    rules = run["views"]["all targets"]["sequential rules"]
    assert rules["hr@20"]["mean"] == 0.75 and rules["mrr@20"]["mean"] == 0.75  # 1 after 1 never happened
    assert run["views"]["repeated targets"]["sequential rules"]["hr@20"]["mean"] == 0.0
    assert run["views"]["new targets"]["sequential rules"]["hr@20"]["mean"] == 1.0
    assert rules["mrr@20"]["rival"] == "popularity, all time" and rules["mrr@20"]["lead"] > 0
    assert run["cases"] == 4 and run["groups"] == 3 and run["spread"]["sequential rules"]["repeats"]["coverage"] == 0.6
    cost = run["cost"]["sequential rules"]
    assert cost["peak_gb"] > 0.02 and cost["learn_seconds"] >= 0 and cost["rank_ms"] >= 0
    assert "| sequential rules | 0.7500" in capsys.readouterr().out
    written = (tmp_path / "run.html").read_text()
    assert "sequential rules" in written and "<svg" in written and "http" not in written and "src=" not in written


def test_the_test_part_changes_nothing_that_is_tuned(tmp_path):
    one = evaluated(shop(tmp_path / "one"), models="sequential,tfidf,own-popular")
    other = evaluated(shop(tmp_path / "other", "5\t4\n3 3\t1\n3\t3\n"), models="sequential,tfidf,own-popular")
    assert one["settings"] == other["settings"] and one["views"] != other["views"]


def test_a_model_never_sees_what_came():
    known, cases = known_of(3)

    class Peeping:
        name = "peeping"

        def learn(self, given):
            assert given is known and not hasattr(given, "test")
            return self, {}

        def rank(self, asked, k, *, repeats):
            assert (
                len(asked) == len(cases) and not len(asked.target) and (asked.history.item == cases.history.item).all()
            )
            return np.full((len(asked), k), -1, np.int32)

    assert apart._run(Peeping(), known, cases.blind(), [True, False]).tops[1].shape == (len(cases), apart.K)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["retailrocket"], "Name the folder with the files of retailrocket by --data or SHOPWINDOW_DATA"),
        (["retailrocket", "--data", "{}", "--models", "sequential,magic"], "magic is none of popular, recent"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, capsys, monkeypatch, arguments, words):
    monkeypatch.delenv("SHOPWINDOW_DATA", raising=False)
    folder = str(shop(tmp_path / "set"))
    assert cli.main(["evaluate", *(part.format(folder) for part in arguments)]) == 1
    assert words in capsys.readouterr().err


def test_a_set_too_large_for_a_model_goes_without_it_and_that_is_said(tmp_path, capsys, monkeypatch):
    small = replace(models("top")["ease"], most_items=3)
    monkeypatch.setattr(command, "chosen", lambda names, task: [popularity(), small])
    run = evaluated(shop(tmp_path / "set"))
    assert list(run["cost"]) == ["popularity, all time"]
    told = capsys.readouterr().out
    assert "EASE does not fit: the set has " in told and ", 3 are the most" in told


def test_ease_is_run_up_to_the_size_whose_matrix_fits():
    ease = chosen(["ease"], "top")[0]
    assert not too_large(ease, 20_000) and too_large(ease, 20_001) and not too_large(popularity(), 10**7)


class Greedy:
    name = "greedy"

    def learn(self, known):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_model_whose_process_is_killed_is_left_out_and_said(tmp_path, capsys, monkeypatch):
    with_it = [popularity(), Greedy()]
    monkeypatch.setattr(command, "chosen", lambda names, task: with_it)
    run = evaluated(shop(tmp_path / "set"))
    assert list(run["cost"]) == run["baselines"] == ["popularity, all time"]
    assert "left out: The process of 'greedy' was killed: is there enough memory?" in capsys.readouterr().out
    del with_it[0]
    assert cli.main(["evaluate", "retailrocket", "--data", str(tmp_path / "set")]) == 1
    assert "No model came through." in capsys.readouterr().err


class Large:
    """Takes `megabytes` while it learns."""

    def __init__(self, megabytes):
        self.name = f"{megabytes} MB"
        self.megabytes = megabytes

    def learn(self, known):
        assert len(b"x" * (self.megabytes * 2**20)) > 0
        return popularity().learn(known)


def test_the_memory_of_a_model_is_its_own():
    known, cases = known_of(3)
    held = b"x" * (300 * 2**20)  # of this process, not of theirs
    small, large = (apart.run(Large(megabytes), known, cases, [True]).peak_bytes for megabytes in (1, 200))
    assert 150 * 2**20 < large - small < 250 * 2**20 and small < len(held)


def test_as_served_is_the_live_fold_and_the_live_ranking():
    known, cases = known_of(5, shoppers=60, rows=1200)
    ranker, settings = Shopwindow(budget=QUICK).learn(known)
    assert isinstance(ranker, Served) and settings == ranker.bundle.settings
    both, fresh = ranker.rank(cases, 6, repeats=True), ranker.rank(cases, 6, repeats=False)
    for n in range(len(cases)):
        rows = list(range(cases.start[n], cases.start[n + 1]))
        new, again = rank(folded(cases.history, rows, known.facts), ranker.bundle, cases.now[n])
        best = sorted(new + again, key=lambda candidate: -candidate.score)[:6]
        ids = known.train.items
        assert [ids[i] for i in both[n] if i >= 0] == [c.item for c in best]
        assert [ids[i] for i in fresh[n] if i >= 0] == [c.item for c in new[:6]]
    assert (both != fresh).any()


@pytest.fixture(scope="module")
def run():
    known, cases = known_of(6, shoppers=120, rows=2500)
    known.demographics.update({"age": np.array(["young", "old", ""] * 40)})
    known.facts.update(
        {str(item): ("even" if n % 2 == 0 else "odd", "", 1.0) for n, item in enumerate(known.train.items)}
    )
    dataset = Dataset("made up", known, cases, ("repeats", "new"))
    wanted = [popularity(), recent_popularity(), Shopwindow(budget=QUICK)]
    outcomes = {model.name: apart._run(model, known, cases.blind(), [True, False]) for model in wanted}
    made = measure.summary(dataset, cases, outcomes, [popularity().name, recent_popularity().name])
    return {**made, "machine": command._machine()}


def test_segments_are_parts_of_the_whole(run):
    segments = run["segments"]["with repeats"]
    assert set(segments) >= {"age: young", "age: old", "age: not said"}
    ages = [segments[f"age: {word}"] for word in ("young", "old", "not said")]
    assert sum(one["cases"] for one in ages) == run["cases"]
    whole = run["views"]["with repeats"]["popularity, all time"]["ndcg@20"]["mean"]
    parts = sum(one["cases"] * one["popularity, all time"] for one in ages) / run["cases"]
    assert parts == pytest.approx(whole, abs=1e-5)
    assert all(one["cases"] >= measure.FEWEST for one in segments.values())


def test_leads_are_against_the_best_other_baseline_and_hold_their_mean(run):
    for view in run["views"].values():
        baselines = {name: view[name] for name in run["baselines"]}
        for name, row in view.items():
            for metric, found in row.items():
                best = max(other[metric]["mean"] for rival, other in baselines.items() if rival != name)
                assert found["lead"] == pytest.approx(found["mean"] - best, abs=2e-6)
                assert found["lead_low"] - 1e-6 <= found["lead"] <= found["lead_high"] + 1e-6
                assert found["low"] <= found["mean"] <= found["high"]


def test_table_and_page_name_every_model_and_view_and_json_can_be_read_back(run):
    assert json.loads(json.dumps(run)) == run
    told, written = tables(run), page(run)
    for name in (*run["cost"], *run["views"]):
        assert name in told and name in written
    assert "diversity by category" in told and "against the best baseline" in told


def test_the_lake_of_a_stack_is_a_set_of_its_own(stack, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "stack", lambda name: stack)
    events = []
    for day in range(20):
        for who in range(12):
            at = {"minutes": day * 1440 + who, "anonymous_id": f"a{who}"}
            events += [
                event(item=f"p{(who + day) % 5}", **at),
                order(f"p{(who + day) % 5}", order_id=f"o{day}-{who}", **at),
            ]
    for day in range(20):
        moment = NOON + timedelta(days=day)
        body = log.lines(encode(one) for one in events if one.timestamp.date() == moment.date())
        boto3.client("s3").put_object(Bucket="lake", Key=f"{log.folder(moment)}a.jsonl.gz", Body=body)
    item = parse(
        {"id": "p1", "title": "Tent", "product_type": "Camping > Tents", "brand": "Alm", "price": "20 EUR"}, 0.0
    )
    CatalogStore(boto3.client("dynamodb"), "catalog").put_many([item])
    out = tmp_path / "run.json"
    assert cli.main(["evaluate", "lake", "--days", "10", "--models", "popular,own", "--json", str(out)]) == 0, (
        capsys.readouterr().err
    )
    run = json.loads(out.read_text())
    assert run["dataset"] == "lake" and run["cases"] == 12 and set(run["views"]) == {"with repeats", "new only"}
    assert (
        run["train"] < 10 * 24 and run["spread"]["popularity, all time"]["repeats"]["diversity by category"] is not None
    )


def test_an_empty_lake_is_said(stack, monkeypatch, capsys):
    monkeypatch.setattr(command, "stack", lambda name: stack)
    assert cli.main(["evaluate", "lake"]) == 1
    assert "The lake is empty: load a shop first." in capsys.readouterr().err
