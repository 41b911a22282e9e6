"""Numbers in cells: each text is read as the float nearest to it, whatever pandas is installed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.data.cells import floats

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20)


@given(NUMBERS)
def test_a_text_is_read_as_the_float_that_wrote_it(numbers):
    np.testing.assert_array_equal(floats(pd.Series([repr(x) for x in numbers])), numbers)


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_file_is_read_as_the_floats_that_wrote_it(tmp_path, decimal):
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal(500) * 10.0 ** rng.integers(-200, 200, 500)
    lines = ["a;b", *(f"{x!r};1".replace(".", decimal) for x in numbers.tolist())]
    (tmp_path / "numbers.csv").write_text("\n".join(lines))
    np.testing.assert_array_equal(floats(cr.read_table(tmp_path / "numbers.csv")["a"]), numbers)
