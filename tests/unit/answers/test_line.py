"""An answer goes into the function's log and comes out of it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.answers.line import MARK, read, written
from shared.answers.log import AnswersLog
from shared.answers.model import Answered, Question, Shown, decode, encode

ANSWER = Answered(
    "0197a1b2c3d" + "0" * 12,
    1_764_000_000.5,
    "home",
    ["i1", "ü 2"],
    plan="7",
    assigned=[("e", "with")],
    why=[Shown("i1", 0.5, "similar_to", "i9", "live")],
    pool=[("i1", 0.75), ("i3", 0.1)],
    question=Question(count=2, where="item.price < 3", allow_purchased=False),
)
ids = st.text("0123456789abcdef", min_size=23, max_size=23)


def test_what_is_written_is_read_again():
    assert read(written(ANSWER)) == ANSWER == decode(encode(ANSWER))
    assert read(f"2026-11-26T03:00:00Z {written(ANSWER)}\n") == ANSWER, "a runtime may put something in front"


@pytest.mark.parametrize("line", ["", "START RequestId: x", f"{MARK} ???", f"{MARK} aGFsbG8=", f"{MARK} "])
def test_what_is_no_answer_is_said_to_be_none(line):
    with pytest.raises(ValueError, match=r".+"):
        read(line)


def logged(share, *answers):
    lines = []
    AnswersLog(share, lines.append).put(answers, 4.321)
    return [read(line) for line in lines]


def test_how_long_it_took_is_kept():
    assert [one.ms for one in logged(1.0, Answered("0" * 23, 1.0, "home"))] == [4.32]


@given(ids)
def test_all_none_and_those_of_experiments_always(name):
    plain, tested = Answered(name, 1.0, "home"), Answered(name, 1.0, "home", assigned=[("e", "a")])
    assert len(logged(1.0, plain)) == 1 and not logged(0.0, plain) and len(logged(0.0, tested)) == 1


def test_a_share_is_about_that_share():
    answers = [Answered(f"{n:017x}{n * 7919 % 16**6:06x}.home/all/a", 1.0, "home") for n in range(2000)]
    assert 400 < len(logged(0.25, *answers)) < 600
