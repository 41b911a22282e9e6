"""The largest of a vector's lanes is compared as whole numbers: NaN, infinities and both zeros come out as NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr

NUMBERS = [np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 3e38, -3e38, 1e-45, -1e-45, 1e-320]
WIDTHS = (1, 2, 3, 7, 8, 10, 16, 17, 31, 64)


def largest(dtype, width):
    x = cr.input("x", ("batch", width), dtype)
    wide = cr.input("wide", ("batch", 40), dtype)  # so that rows lie as they are given
    return cr.compile([np.max(x, axis=1), np.sum(wide)], inputs=[x, wide], engine="native")


FUNCTIONS = {(d, w): largest(d, w) for d in ("float32", "float64") for w in WIDTHS}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", WIDTHS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_largest_of_a_row_is_numpys(dtype, width, data):
    seed, strange = data.draw(st.integers(0, 2**32)), data.draw(st.sampled_from([0.0, 0.1, 1.0]))
    rng = np.random.default_rng(seed)
    with np.errstate(under="ignore"):
        rows = np.where(
            rng.random((21, width)) < strange, rng.choice(NUMBERS, (21, width)), rng.normal(size=(21, width))
        ).astype(dtype)
    found = FUNCTIONS[dtype, width](rows, np.zeros((21, 40), dtype))[0]
    np.testing.assert_array_equal(found, rows.max(axis=1))
    assert found.dtype == dtype
