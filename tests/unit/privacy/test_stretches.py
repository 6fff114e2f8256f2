"""What is whose on a shared device, decided while the lake is read piece by piece."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from shared.privacy.person import USER, Person
from shared.privacy.stretches import Stretches, _hour

ANNA = Person(identifiers=[(USER, "anna")], shared=["tv", "desk"], opened=["desk"])


def theirs(moments):
    """Put plainly: backwards through each device, who logs in is the owner until half an hour passes without an event."""
    found = set()
    for device, group in groupby(sorted(moments), key=lambda moment: moment[0]):
        owner, later = None, float("inf")
        for _, ts, message, login in reversed(list(group)):
            owner = login or (owner if later - ts <= 1800 else None)
            later = ts
            if owner == "anna" or (owner is None and device == "desk"):
                found.add(message)
    return found


moments = st.lists(
    st.tuples(st.sampled_from(["tv", "desk"]), st.integers(0, 60), st.sampled_from([None, None, None, "anna", "bert"])),
    max_size=25,
    unique_by=lambda drawn: drawn[:2],
).map(lambda drawn: [(d, ten * 600.0, f"{d}-{ten}", login) for d, ten, login in drawn])


@given(moments, st.integers(1, 5), st.sets(st.integers(0, 10)))
def test_piece_by_piece_and_again_gives_what_the_whole_gives(drawn, size, again):
    by_hour = sorted(drawn, key=lambda moment: moment[1] // 3600)
    found = Stretches()
    for number, start in enumerate(range(0, len(by_hour), size)):
        piece = by_hour[start : start + size]
        for _ in range(2 if number in again else 1):  # stopped after it was kept, before the request knew of it
            found.add(piece)
            found.settle(ANNA, piece[-1][1] // 3600 * 3600)
    found.settle(ANNA, float("inf"))
    assert set(found.messages) == theirs(drawn) and found.open == []


def test_a_piece_that_is_read_again_is_not_decided_without_what_stood_beside_it():
    """The log-in at 12 is bert's, and by way of 9, of the piece before, what came at 8 is his too."""
    moment = lambda ten, login=None: ("desk", ten * 600.0, f"desk-{ten}", login)  # noqa: E731
    found = Stretches()
    for piece in ([moment(9)], *[[moment(8), moment(12, "bert"), moment(30)]] * 3):
        found.add(piece)
        found.settle(ANNA, piece[-1][1] // 3600 * 3600)
    found.settle(ANNA, float("inf"))
    assert found.messages == ["desk-30"]


def test_only_sessions_that_may_go_on_stay_in_memory():
    found = Stretches()
    for hour in range(24):
        found.add([("tv", hour * 3600.0 + n, f"{hour}-{n}", "bert") for n in range(100)])
        found.settle(ANNA, hour * 3600.0)
        assert len(found.open) <= 200
    assert found.messages == []


def test_the_hour_of_a_folder():
    assert _hour("events/dt=1970-01-02/hour=01/x.jsonl.gz") == 86400 + 3600
    assert _hour("events/odd") == float("-inf")
