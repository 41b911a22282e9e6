"""The product by tables of offsets: right for every layout, window and CPU, and its bits for every cut."""

from ctypes import c_int64, c_void_p
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from cpus import CPUS, machine_of, on_every_cpu
from hypothesis import given, settings, strategies as st

from chainrule.engines.native.code.gathered import heights, name_of, write_kernel
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.product import panels
from chainrule.engines.native.run.build import Library, object_code

KINDS = {"f32": np.float32, "f64": np.float64}

of_every_kind = pytest.mark.parametrize("kind", KINDS)


@lru_cache
def kernel(cpu, kind):
    module = Module(machine_of(cpu))
    name = write_kernel(module, kind)
    library = Library(object_code(module.text(), module.machine), [name])
    assert name == name_of(kind)
    return library.function(name, *[c_void_p] * 4, c_int64, c_void_p, *[c_int64] * 3)


def multiply(cpu, a, b, c, rows, terms, columns, accumulate=False):
    """Multiply flat arrays by the tables of rows and terms, whose rows are pairs of offsets."""
    rows, terms = (np.ascontiguousarray(t, np.int32).reshape(-1, 2) for t in (rows, terms))
    places = [x.ctypes.data for x in (a, b, c, rows)]
    function = kernel(cpu, f"f{8 * a.itemsize}")
    function(*places, len(rows), terms.ctypes.data, len(terms), columns, accumulate)
    return c


@st.composite
def layouts(draw):
    """Draw rows and terms anywhere, overlapping in the operands, apart in the result."""
    count, length = draw(st.integers(0, 40)), draw(st.integers(0, 25))
    columns = draw(st.one_of(st.integers(1, 20), st.integers(1, 150)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = np.stack([rng.integers(0, 300, count), rng.permutation(count) * (columns + 3) + 2], 1)
    terms = np.stack([rng.integers(0, 200, length), rng.integers(0, 90, length)], 1)
    return rng, rows, terms, columns


@on_every_cpu
@of_every_kind
@settings(max_examples=60)
@given(layout=layouts(), accumulate=st.booleans())
def test_rows_and_terms_lie_wherever_the_tables_say(cpu, kind, layout, accumulate):
    rng, rows, terms, columns = layout
    a, b = (rng.normal(size=n).astype(KINDS[kind]) for n in (500, 90 + columns))
    c = rng.normal(size=len(rows) * (columns + 3) + 2).astype(KINDS[kind])
    if not accumulate:
        c[...] = np.nan  # what it held is not even looked at
    start = c.copy()
    multiply(cpu, a, b, c, rows, terms, columns, accumulate)
    within = np.zeros(c.shape, bool)
    for a_r, c_r in rows:
        at = slice(c_r, c_r + columns)
        within[at] = True
        factors = a[a_r + terms[:, 0]].astype(np.float64)
        others = np.array([b[k : k + columns] for k in terms[:, 1]], np.float64).reshape(-1, columns)
        before = start[at].astype(np.float64) if accumulate else np.zeros(columns)
        unit = (len(terms) + 2) * np.finfo(c.dtype).eps
        bound = unit * (abs(before) + abs(factors) @ abs(others))
        assert np.all(abs(c[at] - (before + factors @ others)) <= bound)
    np.testing.assert_array_equal(c[~within], start[~within])


@on_every_cpu
@of_every_kind
@settings(max_examples=30)
@given(layout=layouts(), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_no_bit_depends_on_where_rows_terms_or_columns_are_cut(cpu, kind, layout, cuts):
    rng, rows, terms, columns = layout
    a, b = (rng.normal(size=n).astype(KINDS[kind]) for n in (500, 90 + columns))
    size = len(rows) * (columns + 3) + 2
    whole = multiply(cpu, a, b, np.zeros(size, a.dtype), rows, terms, columns)
    for what, length in (("rows", len(rows)), ("terms", len(terms)), ("columns", columns)):
        parts = np.zeros(size, a.dtype)
        for i, j in pairwise(sorted({0, length, *(n for n in cuts if n < length)})):
            if what == "rows":
                multiply(cpu, a, b, parts, rows[i:j], terms, columns)
            elif what == "terms":
                multiply(cpu, a, b, parts, rows, terms[i:j], columns, accumulate=i > 0)
            else:
                multiply(cpu, a, b[i:], parts[i:], rows, terms, j - i)
        np.testing.assert_array_equal(parts, whole)


@on_every_cpu
def test_an_element_is_one_chain_in_the_order_of_its_terms(cpu):
    """In whole numbers nothing is rounded, and 2^24 swallows a 1 that comes after it, but not one before."""
    large, columns = np.float32(2**24), 37
    for order, wanted in (([1, 1, large], 2**24 + 2), ([large, 1, 1], 2**24)):
        a, b = np.array(order, np.float32), np.ones(columns, np.float32)
        c = multiply(cpu, a, b, np.zeros(columns, np.float32), [(0, 0)], [(k, 0) for k in range(3)], columns)
        np.testing.assert_array_equal(c, wanted)


@on_every_cpu
@of_every_kind
def test_every_number_of_rows_at_every_width_has_the_bits_of_a_large_product(cpu, kind):
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=n).astype(KINDS[kind]) for n in (400, 9 * 150))
    rows = np.stack([np.arange(40) * 7, np.arange(40) * 160], 1)
    terms = np.stack([np.arange(9) * 2, np.arange(9) * 150], 1)
    whole = multiply(cpu, a, b, np.zeros(40 * 160, a.dtype), rows, terms, 150).reshape(40, 160)
    for columns in range(1, 71):
        for count in {1, 2, 3, 5, columns % 19 + 1, columns % 37 + 1}:
            c = multiply(cpu, a, b, np.full(40 * 160, 7, a.dtype), rows[:count], terms, columns)
            c = c.reshape(40, 160)
            np.testing.assert_array_equal(c[:count, :columns], whole[:count, :columns])
            assert np.all(c[:count, columns:] == 7) and np.all(c[count:] == 7)


def test_tiles_are_no_higher_than_needed_and_end_with_one_that_keeps_the_cpu_busy():
    for cpu in CPUS:
        for kind in KINDS:
            for panel in panels(Module(machine_of(cpu)), kind):
                found = heights(panel)
                assert found == sorted(set(found), reverse=True) and found[-1] * panel.vectors >= 4
