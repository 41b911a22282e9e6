"""Numbers from outside: what is finite is told by a sum, and no NaN or infinity hides in one."""

import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from chainrule.graph.numbers import is_finite

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=40)
KINDS = st.sampled_from(["float16", "float32", "float64"])
# Infinities of both signs cancel to NaN, and large numbers of one sign add up to an infinity.
NUMBERS = st.sampled_from([0.0, -1.5, 6e4, -6e4, 1e30, -1e30, 1e300, np.inf, -np.inf, np.nan, -0.0, 1e-300])


@given(st.data(), SHAPES, KINDS, st.booleans())
def test_what_is_finite_is_what_numpy_says_number_by_number(data, shape, kind, turned):
    with np.errstate(over="ignore"):
        array = data.draw(arrays.arrays(np.float64, shape, elements=NUMBERS)).astype(kind)
    array = array.T if turned else array
    assert is_finite(array) == bool(np.isfinite(array).all())


@given(st.sampled_from([np.nan, np.inf, -np.inf]), st.integers(0, 99_999), KINDS, st.booleans())
def test_one_number_among_many_is_found(wrong, place, kind, large):
    array = np.full(100_000, np.finfo(kind).max if large else 1.0, kind)
    assert is_finite(array)
    array[place] = wrong
    assert not is_finite(array) and not is_finite(array.reshape(100, 1000)[:, ::-1])
