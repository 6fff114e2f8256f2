"""Bandits as they are written down, and the drawing of an arm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.experiments import arms, contexts
from shared.experiments.bandits import Arm, Bandit, parse, segment_of
from shared.lists.arms import NONE, Beliefs, Chances, Value, decode, encode, looked_up
from tests.factories import NOON

ARMS = [{"name": "now"}, {"name": "fresh", "settings": {"newcomers": True}}]
BANDIT = Bandit("try", "home", (Arm("now"), Arm("fresh")))
CONTEXT = Bandit("try", "home", (Arm("now"), Arm("fresh")), by="context", countries=("GB",))


def bandit(**fields):
    return {"name": "try", "placement": "home", "arms": ARMS, **fields}


def test_a_bandit_is_read():
    raw = bandit(by="country", floor=0.1, halfLife="6h")
    assert parse([raw], ("home",)) == (
        [Bandit("try", "home", (Arm("now"), Arm("fresh", {"newcomers": True})), "country", 0.1, "6h")],
        [],
    )


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"placement": "attic"}, "bandits[0].placement: must be one of home"),
        ({"placement": ["home"]}, "bandits[0].placement: must be one of home"),
        ({"arms": ARMS[:1]}, "bandits[0].arms: must be 2 to 8"),
        ({"arms": [ARMS[0], ARMS[0]]}, "bandits[0].arms[1].name: now is taken"),
        ({"arms": [ARMS[0], {"name": "x", "rules": {"r": "yes"}}]}, "bandits[0].arms[1].rules.r: must be true"),
        ({"floor": 0.6}, "bandits[0].floor: must be a number from 0 to 0.5"),
        ({"halfLife": "1y"}, "bandits[0].halfLife: must be one of 6h, 1d, 7d"),
        ({"by": "mood"}, "bandits[0].by: must be one of all"),
        ({"countries": ["gb"]}, "bandits[0].countries: must be at most 3 codes"),
        ({"epsilon": 1}, "bandits[0].epsilon: is not known here"),
    ],
)
def test_a_mistake_names_its_place(fields, wrong):
    assert [str(one) for one in parse([bandit(**fields)], ("home",))[1] if str(one).startswith(wrong)]


def test_a_placement_has_one_bandit():
    wrong = parse([bandit(), bandit(name="other")], ("home",))[1]
    assert [one.field for one in wrong] == ["bandits[1].placement"]


def test_an_answer_counts_where_the_bandit_goes_by():
    own = ["people:f-25-34", "people:f", "country:GB", "device:mobile", "lifecycle:returning"]
    at = NOON.timestamp()  # a Monday

    def segment(by, known=own):
        return segment_of(Bandit("try", "home", (), by=by), known, 2, at)

    assert [segment(by) for by in ("all", "lifecycle", "device", "country")] == ["all", own[4], own[3], own[2]]
    assert segment("country", []) == "all"
    assert segment_of(CONTEXT, own, 2, at) == "xm12wr" and segment_of(CONTEXT, [], 0, at) == "xd02wn"


@given(
    st.sampled_from(["mobile", "tablet", "desktop", "", "fridge"]),
    st.sampled_from(["GB", "FR", "DE", "", "XX"]),
    st.integers(0, 3),
    st.floats(0, 4e9),
)
def test_a_context_is_a_code_of_six_and_at_most_six_ones(device, country, orders, at):
    code = contexts.code(device, country, ("GB", "FR"), orders, at)
    ones = contexts.features(code)
    assert len(code) == 6 and ones == tuple(sorted(set(ones))) and ones[0] == 0 and ones[-1] < contexts.SIZE


def test_different_contexts_have_different_features():
    codes = [f"x{d}{c}{q}{w}{o}" for d in "mtd" for c in range(4) for q in range(4) for w in "we" for o in "nr"]
    assert len({contexts.features(code) for code in codes}) == len(codes) == 192
    assert contexts.features("home") is None and contexts.features("xm10wn0") is None


PUBLISHED = looked_up(
    Value(
        [
            Chances("home", "all", ["now", "fresh"], [0.25, 0.75]),
            Chances("home", "country:GB", ["now", "fresh"], [0.9, 0.1]),
        ]
    )
)


def test_an_arm_is_drawn_by_its_share_and_says_so():
    drawn = [arms.draw(BANDIT, "all", PUBLISHED, n / 1000) for n in range(1000)]
    assert sum(one.arm.name == "now" for one in drawn) == 250
    assert {(one.arm.name, one.propensity) for one in drawn} == {("now", 0.25), ("fresh", 0.75)}
    assert drawn[0].tag.key == "home/all/now"


def test_a_segment_that_nothing_is_known_of_goes_by_all_and_an_arm_that_is_new_makes_all_equal():
    assert arms.shares(BANDIT, "country:GB", PUBLISHED) == [0.9, 0.1]
    assert arms.shares(BANDIT, "country:FR", PUBLISHED) == [0.25, 0.75]
    changed = Bandit("try", "home", (Arm("now"), Arm("newest")))
    assert arms.shares(changed, "all", PUBLISHED) == [0.5, 0.5] == arms.shares(BANDIT, "all", NONE)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=2, max_size=8))
def test_chances_to_be_the_largest_add_up_and_follow_the_means(normals):
    means, spreads = zip(*normals, strict=True)
    chances = arms.largest(means, spreads)
    assert abs(sum(chances) - 1) < 1e-9 and min(chances) >= 0
    alike = arms.largest(means, [0.3] * len(means))
    assert alike[means.index(max(means))] >= max(alike) - 1e-9


def test_chances_are_those_of_drawing_many_times():
    import numpy as np

    rng = np.random.default_rng(5)
    for _ in range(5):
        means, spreads = rng.normal(0.05, 0.02, 5), rng.uniform(0.001, 0.03, 5)
        drawn = np.bincount(rng.normal(means, spreads, (200_000, 5)).argmax(axis=1), minlength=5) / 200_000
        assert np.abs(np.array(arms.largest(means.tolist(), spreads.tolist())) - drawn).max() < 0.01


def test_a_linear_belief_is_read_at_the_context():
    size = contexts.SIZE
    means = [[0.0] * size, [0.0] * (size - 1) + [1.0]]  # the second arm is better for who comes back
    root = [[0.0] * n + [0.1] for n in range(size)]
    published = decode(encode(Value([], [Beliefs("home", ["now", "fresh"], 0.05, means, [root, root])])))
    new, returning = (arms.shares(CONTEXT, f"xm02w{who}", published) for who in "nr")
    assert abs(new[0] - 0.5) < 1e-9 and returning[1] > 0.94
    drawn = [arms.draw(CONTEXT, "xm02wr", published, n / 1000) for n in range(1000)]
    assert min(one.propensity for one in drawn) == pytest.approx(0.05, abs=0.002) == min(returning)
