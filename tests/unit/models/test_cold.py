"""Shoppers of whom nothing is known are measured as they are served."""

from shared.models.bundle import DEFAULTS
from shared.models.cold import by_segment, measured, strangers
from shared.models.fit import fit
from shared.profiles.state import State
from tests.unit.models.test_lists import DAY, NOW, data

MOMENT = NOW - 10 * DAY


def shop():
    """Shoppers of two countries with a taste each; of every country some come for the first time in the last ten days."""
    rows = [(s, "tea" if s % 2 else "coffee", "o", 20) for s in range(200)]
    rows += [(s, "tea" if s % 2 else "coffee", "o", 5) for s in range(200, 320)]
    rows += [(0, "coffee", "o", 5)]
    return data(rows, ["GB" if s % 2 else "IT" for s in range(320)])


def test_a_stranger_is_who_came_first_after_the_split():
    cases = strangers(shop(), MOMENT)
    assert [case.shopper for case in cases] == list(range(200, 320)) and not any(c.state.recent for c in cases)
    assert cases[0].right == {"coffee"} and cases[0].state.traits == {"country": "IT"}
    assert len(strangers(shop(), MOMENT, most=10)) == 10


def test_a_stranger_is_shown_the_lists_of_their_country_and_then_those_of_all():
    named = {("popular", "country:GB"): [("tea", 1.0)], ("popular", "all"): [("mug", 1.0), ("tea", 0.5)]}
    ranked = by_segment(named)
    assert ranked(State(traits={"country": "GB"}))[0] == ["tea", "mug"] and ranked(State())[0] == ["mug", "tea"]


def test_where_countries_differ_segments_beat_popularity_for_strangers():
    interactions = shop()
    trial = fit(interactions.before(MOMENT), MOMENT, DEFAULTS)
    row = measured(interactions, MOMENT, trial)["nothing"]
    assert row["shoppers"] == 120 and row["model"]["mrr@20 with repeats"] > row["popularity"]["mrr@20 with repeats"]


def test_what_came_after_the_split_changes_no_list():
    interactions = shop()
    trial = fit(interactions.before(MOMENT), MOMENT, DEFAULTS)
    later = data([(s, "late", "o", 1) for s in range(320)] + [(1, "coffee", "o", 30), (2, "tea", "o", 30)])
    assert (
        measured(later, MOMENT, fit(later.before(MOMENT), MOMENT, DEFAULTS))["nothing"]["model"][
            "recall@20 with repeats"
        ]
        == 0
    )
    assert measured(interactions.before(MOMENT), MOMENT, trial) == {}
