"""What the simulator says, in sentences."""

from infrastructure.cli.answers import report, some
from shared.answers.model import Answered
from shared.answers.simulation.gain import Brings, Estimate
from shared.answers.simulation.simulate import Anew, RulePrice, Simulated, Starved

LESS = Brings(Estimate(-12.4, -20.1, -5.3), Estimate(-210.5, -340.0, -92.1))
MADE = Simulated(
    answers=100,
    skipped={"nothing was kept of what it was made of": 2},
    changed=40,
    places=1200,
    changed_places=90,
    short=0,
    clicks=62.0,
    revenue=1000.0,
    brings=LESS,
    starved=[Starved("Stoves", 0.1, 0.02)],
    rules=[RulePrice("stove first", "pin", 40, LESS)],
    anew=Anew(),
)


def test_what_changes_what_it_brings_and_what_each_rule_costs():
    told = report(MADE, 7.0, 62)
    assert "100 answers of the last 7 days, 62 clicks." in told and "left out 2: nothing was kept" in told
    assert "40 answers (40%), 90 of 1,200 places" in told
    assert "Expected revenue: 1,000.00, with the draft -210.50 [-340.00, -92.10] (-21.1%)" in told
    assert "Starved: Stoves goes from 10.0% of what is looked at to 2.0%." in told
    assert (
        "stove first (pin): changes 40 answers; clicks -12.4 [-20.1, -5.3]; revenue -210.50 [-340.00, -92.10]" in told
    )


def test_where_sources_were_asked_again_it_is_said_of_which_and_how_well_that_goes():
    assert "asked again" not in report(MADE, 7.0, 62)
    told = report(MADE._replace(anew=Anew(60, 720, 684)), 7.0, 62)
    assert "In 60 answers the draft changes where candidates come from." in told
    assert "popular lists and new arrivals of now" in told and "bring back 95% of the items" in told


def test_without_clicks_nothing_is_expected_and_what_changes_is_told_all_the_same():
    told = report(MADE, 0.5, 0)
    assert "of the last 12 hours, 0 clicks" in told and "Nobody clicked" in told and "Expected" not in told
    assert told.endswith("stove first (pin): changes 40 answers")


def test_a_sample_is_spread_over_all_and_the_same_each_time():
    answers = [Answered(f"{n:023x}", float(n), "home") for n in range(1000)]
    chosen = some(answers, 10)
    assert [one.time for one in chosen] == [float(n) for n in range(0, 1000, 100)] and some(answers, 5000) == answers
