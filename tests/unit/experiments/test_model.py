import pytest

from shared.experiments.model import FOREVER, Guardrail, Stop, parse

PLACEMENTS = ("home", "product")
TWO = [{"name": "now", "share": 0.5}, {"name": "fresh", "share": 0.5, "settings": {"newcomers": True}}]


def experiment(**fields):
    return {"name": "blend", "placements": ["home"], "variants": TWO, **fields}


def mistakes(*raw):
    return [str(mistake) for mistake in parse(list(raw), PLACEMENTS)[1]]


def test_an_experiment_is_read_with_its_defaults():
    (one,), wrong = parse([experiment()], PLACEMENTS)
    assert not wrong and (one.layer, one.range, one.holdout, one.until) == ("main", (0.0, 1.0), 0.0, FOREVER)
    assert (one.metric, one.stop, one.status) == ("ctr", Stop(), "running")
    assert one.variants[1].settings == {"newcomers": True} and one.variants[1].share == 0.5


def test_everything_an_experiment_may_say_is_read():
    raw = experiment(
        layer="looks",
        range=[0.1, 0.4],
        holdout=0.0,
        salt="again",
        until="2026-03-04",
        status="stopped",
        metric="margin",
        stop={"alpha": 0.01, "leastShoppers": 50, "leastDays": 1, "mostDays": 9, "leastEffect": 0.02},
        guardrails=[{"metric": "ctr", "mostLoss": 0.1}],
        **{"from": "2026-03-02T12:00:00+01:00"},
    )
    (one,), wrong = parse([raw], PLACEMENTS)
    assert not wrong and (one.start, one.until) == (1772449200.0, 1772582400.0)
    assert (
        one.stop == Stop(0.01, 50, 1.0, 9.0, 0.02)
        and one.guardrails == (Guardrail("ctr", 0.1),)
        and one.salt == "again"
    )
    assert not one.runs(one.start)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "no spaces please"}, "experiments[0].name: must be 1 to 40"),
        ({"placements": ["attic"]}, "experiments[0].placements[0]: must be one of home, product"),
        ({"placements": []}, "experiments[0].placements: must name at least one"),
        (
            {"variants": [TWO[0], {"name": "b", "share": 2}]},
            "experiments[0].variants[1].share: must be a number from 0 to 1",
        ),
        ({"variants": [TWO[0], {"share": 0.1}]}, "experiments[0].variants[1].name: must be 1 to 40"),
        ({"variants": [TWO[0], TWO[0]]}, "experiments[0].variants[1].name: now is taken"),
        ({"variants": TWO[:1]}, "experiments[0].variants: must be 2 to 10"),
        ({"variants": "both"}, "experiments[0].variants: must be a list"),
        ({"variants": [TWO[0], {"name": "holdout", "share": 0.1}]}, "experiments[0].variants[1].name: holdout and"),
        ({"variants": [TWO[0], {"name": "mixed", "share": 0.1}]}, "experiments[0].variants[1].name: holdout and"),
        ({"kind": "both"}, "experiments[0].kind: must be one of split, interleaving, rollout"),
        ({"kind": "interleaving", "metric": "revenue"}, "experiments[0].kind: interleaving knows clicks alone"),
        (
            {"kind": "rollout", "variants": [{"name": n, "share": 0.2} for n in "ab"]},
            "experiments[0].variants: must share all shoppers in a rollout",
        ),
        (
            {"kind": "interleaving", "variants": [{"name": n, "share": 0.2} for n in "abc"]},
            "experiments[0].variants: must be just two",
        ),
        ({"variants": [TWO[0], {**TWO[1], "rules": {"r": 1}}]}, "experiments[0].variants[1].rules.r: must be true or"),
        ({"variants": [TWO[0], {**TWO[1], "settings": 7}]}, "experiments[0].variants[1].settings: must be an object"),
        ({"holdout": 0.1}, "experiments[0].variants: have shares that are more than 1"),
        ({"range": [0.5, 0.2]}, "experiments[0].range: must be two numbers"),
        ({"range": [False, True]}, "experiments[0].range: must be two numbers"),
        ({"from": "soon"}, "experiments[0].from: must be a time"),
        ({"from": "2026-03-02", "until": "2026-03-01"}, "experiments[0].until: must be later"),
        ({"metric": "fame"}, "experiments[0].metric: must be one of ctr"),
        ({"stop": {"alpha": 0.9}}, "experiments[0].stop.alpha: must be a number"),
        ({"stop": {"leastDays": 9, "mostDays": 2}}, "experiments[0].stop.mostDays: must not be less"),
        ({"guardrails": [{"mostLoss": -1}]}, "experiments[0].guardrails[0].mostLoss: must be"),
        ({"varaints": []}, "experiments[0].varaints: is not known here"),
    ],
)
def test_a_mistake_names_its_place(fields, wrong):
    assert [found for found in mistakes(experiment(**fields)) if found.startswith(wrong)]


def test_all_mistakes_are_told_at_once():
    found = mistakes(experiment(metric="fame", status="maybe"), 7, experiment(name="other", range=3))
    assert len(found) == 5, found  # metric, status, 7, range twice: what it says, and that it overlaps
    assert mistakes(7)[0] == "experiments[0]: must be an object"
    assert parse(7, PLACEMENTS)[1][0].field == "experiments"


def test_experiments_may_be_written_under_their_names():
    fields = {"placements": ["home"], "variants": TWO}
    (one,), wrong = parse({"blend": fields}, PLACEMENTS)
    assert one.name == "blend" and not wrong and parse({}, PLACEMENTS) == ([], [])
    assert str(parse({"blend": {**fields, "range": 3}}, PLACEMENTS)[1][0]).startswith(
        "experiments.blend.range: must be"
    )


def test_experiments_of_a_layer_need_ranges_of_their_own_while_they_run_together():
    halves = experiment(range=[0, 0.5]), experiment(name="other", range=[0.5, 1])
    assert not mistakes(*halves)
    assert "experiments[1].range: overlaps with that of blend" in mistakes(experiment(), experiment(name="other"))[0]
    assert not mistakes(experiment(), experiment(name="other", status="stopped"))
    assert not mistakes(experiment(until="2026-01-01"), experiment(name="other", **{"from": "2026-01-01"}))


def test_two_layers_may_not_change_the_same_setting_of_a_placement():
    (found,) = mistakes(experiment(), experiment(name="other", layer="looks"))
    assert found.startswith("experiments[1].variants: change settings.newcomers as blend does")
    assert not mistakes(experiment(), experiment(name="other", layer="looks", placements=["product"]))
