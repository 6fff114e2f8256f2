"""What follows in sessions, and what is counted of items, against slow and plain reckonings."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.models.bundle import FACTS
from shared.models.counted import counted
from shared.models.interactions import DAY, ORDER, VIEW, Interactions
from shared.models.sequences import REACH, SHRINK, following

N = 6
sessions = st.lists(st.lists(st.integers(0, N - 1), min_size=1, max_size=8), min_size=1, max_size=6)


def views(visits, kind=VIEW, gap=60.0):
    rows = [(day * DAY + n * gap, day, item) for day, visit in enumerate(visits) for n, item in enumerate(visit)]
    at, session, item = (np.array(column) for column in zip(*rows, strict=True))
    count = len(rows)
    return Interactions(
        items=np.array([f"i{n}" for n in range(N)]),
        shoppers=np.arange(len(visits), dtype=np.uint64),
        shopper=session.astype(np.int32),
        item=item.astype(np.int32),
        at=at.astype(np.float64),
        kind=np.full(count, kind, np.int8),
        session=session.astype(np.int32),
        basket=np.where(kind == ORDER, np.arange(count), -1).astype(np.int32),
        quantity=np.ones(count, np.float32),
        countries=np.full(len(visits), ""),
    )


@given(sessions)
def test_transitions_are_those_a_plain_count_finds(visits):
    data = views(visits)
    now = float(data.at.max())
    counts = defaultdict(float)
    for day, visit in enumerate(visits):
        clean = [(n, item) for n, item in enumerate(visit) if n == 0 or visit[n - 1] != item]
        for place, (_, before) in enumerate(clean):
            for step, (n, after) in enumerate(clean[place + 1 : place + 1 + REACH], 1):
                if after != before:
                    counts[before, after] += 2.0 ** ((day * DAY + n * 60 - now) / (10 * DAY)) / step
    items, scores = following(data, now, 10.0, 10)
    for item in range(N):
        total = sum(value for (before, _), value in counts.items() if before == item) + SHRINK
        wanted = {after: value / total for (before, after), value in counts.items() if before == item}
        found = {int(i): float(s) for i, s in zip(items[item], scores[item], strict=True) if i >= 0}
        assert set(found) == set(wanted) and all(abs(found[i] - wanted[i]) < 1e-5 for i in wanted)
        assert list(scores[item]) == sorted(scores[item], reverse=True)


def test_the_direction_is_kept():
    items, _ = following(views([[0, 1], [0, 1], [2, 0]]), 3 * DAY, 100.0, 5)
    assert items[0][0] == 1 and 0 not in items[1] and items[2][0] == 0


def test_an_item_bought_every_week_is_due_after_a_week():
    weekly = views([[0]] * 29, ORDER)
    weekly = weekly.where(np.arange(29) % 7 == 0)
    same = Interactions(**{**vars(weekly), "shopper": np.zeros(len(weekly), np.int32)})
    facts = dict(zip(FACTS, counted(same, 30 * DAY), strict=True))
    assert facts["interval"][0] == 7.0 and facts["first_day"][0] == 0.0


def test_what_is_looked_at_again_in_a_session_returns_and_what_rises_has_a_trend():
    facts = dict(
        zip(
            FACTS,
            counted(views([[0, 1, 0], [0, 2, 0], [1], [1], [2]] + [[5]] * 30 + [[2], [2]]), 37 * DAY),
            strict=True,
        )
    )
    assert facts["returns"][0] > facts["returns"][1] == 0.0
    assert facts["trend"][2] > 0 > facts["trend"][0]
