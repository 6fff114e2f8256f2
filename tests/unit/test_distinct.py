import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.distinct import distinct


@given(arrays(np.int64, st.integers(0, 40), elements=st.integers(-9, 9)))
def test_it_gives_what_numpy_gives(values):
    given_values = values.copy()
    found = distinct(values)
    assert found.dtype == values.dtype
    assert found.tolist() == np.unique(values).tolist()
    assert values.tolist() == given_values.tolist()
