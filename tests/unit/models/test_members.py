import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.members import SIZE, contains, dump

ROOT = Path(__file__).parents[3]
keys = st.sets(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(lambda name: f"u#{name}"), max_size=40
)


@given(keys, keys)
def test_a_version_knows_whom_it_learned_from_and_nobody_else(learned, others):
    assert contains(dump("v1", learned), "v1", learned | others) == learned


@given(keys)
def test_another_versions_members_say_nothing(learned):
    assert contains(dump("v1", learned), "v2", learned) == set()


@given(st.lists(keys.flatmap(lambda found: st.permutations(sorted(found))), max_size=2).map(lambda rows: sum(rows, [])))
def test_the_file_is_sorted_and_depends_on_neither_order_nor_repeats(learned):
    data = dump("v1", learned)
    rows = [data[at : at + SIZE] for at in range(0, len(data), SIZE)]
    assert rows == sorted(set(rows)) and data == dump("v1", [*reversed(learned), *learned])


def test_no_key_can_be_read_in_the_file():
    assert b"alice" not in dump("v1", ["u#alice", "a#alice"])


def test_a_cut_file_is_no_answer():
    with pytest.raises(ValueError, match="no list of members"):
        contains(dump("v1", ["u#a", "u#b"])[:-3], "v1", ["u#a"])


def test_reading_members_needs_no_science_stack():
    code = "import sys, shared.models.members; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
