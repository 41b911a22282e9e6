"""The kernels of products and transposes: right for every shape, stride and CPU, and their bits for every split."""

from ctypes import c_int64, c_void_p
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from cpus import CPUS, machine_of, on_every_cpu
from hypothesis import given, settings, strategies as st

from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.product import BLOCK_INNER, BLOCK_ROWS, panels, write_kernels
from chainrule.engines.native.run.build import Library, object_code

KINDS = {"f32": np.float32, "f64": np.float64}

of_every_kind = pytest.mark.parametrize("kind", KINDS)
size = st.one_of(st.integers(0, 5), st.integers(0, 75))


@lru_cache
def kernels(cpu, kind):
    module = Module(machine_of(cpu))
    names = write_kernels(module, kind)
    return Library(object_code(module.text(), module.machine), names)


def steps(array):
    return [stride // array.itemsize for stride in array.strides]


def multiply(cpu, a, b, c, accumulate=False):
    """Write a · b to c, or add it."""
    kind = f"f{a.itemsize * 8}"
    function = kernels(cpu, kind).function(
        f"cr_product_{kind}", *[c_void_p, c_int64, c_int64], *[c_void_p, c_int64] * 2, *[c_int64] * 4
    )
    (rows, inner), columns = a.shape, b.shape[1]
    places = [a.ctypes.data, *steps(a), b.ctypes.data, steps(b)[0], c.ctypes.data, steps(c)[0]]
    function(*places, rows, columns, inner, accumulate)
    return c


def transpose(cpu, x, y):
    """Write the transpose of x to y."""
    kind = f"f{x.itemsize * 8}"
    function = kernels(cpu, kind).function(f"cr_transpose_{kind}", *[c_void_p, c_int64] * 2, *[c_int64] * 2)
    function(x.ctypes.data, steps(x)[0], y.ctypes.data, steps(y)[0], *x.shape)


def numbers(rng, kind, *shape):
    return rng.normal(size=shape).astype(KINDS[kind])


def inside(rng, kind, rows, columns):
    """Return a matrix whose rows lie further apart than they are long, and the whole around it."""
    whole = numbers(rng, kind, rows + 2, columns + 1 + rng.integers(1, 20))
    return whole[1 : rows + 1, 1 : columns + 1], whole


def left_factor(rng, kind, rows, inner, order):
    """Return a matrix by rows, by columns, or with gaps both ways."""
    if order == "rows":
        return inside(rng, kind, rows, inner)[0]
    if order == "columns":
        return inside(rng, kind, inner, rows)[0].T
    return numbers(rng, kind, 3 * rows, 2 * inner)[::3, ::2]


def assert_product(found, a, b, start):
    """n terms take at most n + 1 roundings each, |error| ≤ γ · (|start| + |a| |b|); the check's own count too."""
    a, b, start = (x.astype(np.float64) for x in (a, b, start))
    roundings = a.shape[1] + 2
    unit = np.finfo(found.dtype).eps / 2 + np.finfo(np.float64).eps / 2
    bound = roundings * unit / (1 - roundings * unit) * (abs(start) + abs(a) @ abs(b))
    assert np.all(abs(found - (start + a @ b)) <= bound)


# --- products ---


@on_every_cpu
@of_every_kind
@settings(max_examples=60)
@given(
    rows=size,
    inner=size,
    columns=st.one_of(size, st.integers(60, 150)),
    order=st.sampled_from(["rows", "columns", "gaps"]),
    accumulate=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_a_product_is_numpys_and_writes_nothing_else(
    cpu, kind, rows, inner, columns, order, accumulate, seed
):
    rng = np.random.default_rng(seed)
    a, (b, _) = left_factor(rng, kind, rows, inner, order), inside(rng, kind, inner, columns)
    c, around = inside(rng, kind, rows, columns)
    if not accumulate:
        c[...] = np.nan  # what C held is not even looked at
    start, before = (c.copy() if accumulate else np.zeros_like(c)), around.copy()
    multiply(cpu, a, b, c, accumulate)
    assert_product(c, a, b, start)
    before[1 : rows + 1, 1 : columns + 1] = c
    np.testing.assert_array_equal(around, before)


@on_every_cpu
@of_every_kind
@pytest.mark.parametrize("order", ["rows", "columns"])
@pytest.mark.parametrize(
    "shape",
    [
        (BLOCK_ROWS + 7, BLOCK_INNER + 3, 33),
        (3, 4 * BLOCK_INNER, 70),
        (2 * BLOCK_ROWS + 1, 2, 18),
        (14, BLOCK_INNER, 130),
    ],
)
def test_products_of_more_than_one_block(cpu, kind, order, shape):
    rng = np.random.default_rng(1)
    rows, inner, columns = shape
    a, b = left_factor(rng, kind, rows, inner, order), numbers(rng, kind, inner, columns)
    for accumulate in (False, True):
        start = numbers(rng, kind, rows, columns) * accumulate
        assert_product(multiply(cpu, a, b, start.copy(), accumulate), a, b, start)


@on_every_cpu
@of_every_kind
def test_every_width_at_every_height_has_the_bits_of_the_same_rows_and_columns_of_a_large_one(cpu, kind):
    """Which tiles do an element, those of the rest or full ones, is not to be seen in it."""
    rng = np.random.default_rng(3)
    a, b, c = (numbers(rng, kind, *shape) for shape in ((40, 9), (9, 150), (40, 150)))
    for accumulate in (False, True):
        whole = multiply(cpu, a, b, c.copy(), accumulate)
        for columns in range(1, 71):
            for rows in {1, 2, 3, 5, columns % 19 + 1, columns % 37 + 1}:
                found, around = np.full((rows, columns + 3), 7, a.dtype), c[:rows, :columns]
                found[:, :columns] = around
                multiply(cpu, a[:rows], b[:, :columns], found[:, :columns], accumulate)
                np.testing.assert_array_equal(found[:, :columns], whole[:rows, :columns])
                np.testing.assert_array_equal(found[:, columns:], 7)


@on_every_cpu
@of_every_kind
@settings(max_examples=40)
@given(
    rows=st.one_of(st.integers(1, 60), st.just(BLOCK_ROWS + 5)),
    inner=st.one_of(st.integers(0, 40), st.just(BLOCK_INNER + 1)),
    columns=st.integers(1, 150),
    cuts=st.lists(st.integers(0, BLOCK_ROWS + 5), max_size=4),
    down=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_panels_of_rows_or_columns_change_no_bit(cpu, kind, rows, inner, columns, cuts, down, seed):
    rng = np.random.default_rng(seed)
    a, b = numbers(rng, kind, rows, inner), numbers(rng, kind, inner, columns)
    whole = multiply(cpu, a, b, np.empty((rows, columns), a.dtype))
    parts = np.full_like(whole, np.nan)
    ends = sorted({0, rows if down else columns, *(c for c in cuts if c < (rows if down else columns))})
    for i, j in pairwise(ends):
        if down:
            multiply(cpu, a[i:j], b, parts[i:j])
        else:
            multiply(cpu, a, b[:, i:j], parts[:, i:j])
    np.testing.assert_array_equal(parts, whole)


@on_every_cpu
@of_every_kind
@settings(max_examples=30)
@given(
    rows=st.integers(1, 30),
    inner=st.one_of(st.integers(1, 40), st.just(BLOCK_INNER + 5)),
    columns=st.integers(1, 80),
    seed=st.integers(0, 2**32),
)
def test_an_element_is_one_chain_in_the_order_of_the_inner_index(cpu, kind, rows, inner, columns, seed):
    rng = np.random.default_rng(seed)
    a, b = numbers(rng, kind, rows, inner), numbers(rng, kind, inner, columns)
    whole = multiply(cpu, a, b, np.empty((rows, columns), a.dtype))
    chain = np.zeros_like(whole)
    for k in range(inner):
        multiply(cpu, a[:, k : k + 1], b[k : k + 1], chain, accumulate=True)
    np.testing.assert_array_equal(chain, whole)


@on_every_cpu
def test_a_term_is_added_with_one_rounding_where_the_cpu_can(cpu):
    third = np.float32(1) / np.float32(3)
    a, b = np.full((7, 1), third), np.full((1, 70), third)
    c = np.full((7, 70), -third * third)
    multiply(cpu, a, b, c, accumulate=True)
    rounding = float(third) ** 2 - float(third * third)  # exact: 48 bits
    assert rounding != 0
    np.testing.assert_array_equal(c, rounding if machine_of(cpu).has_fma else 0)


@on_every_cpu
@of_every_kind
def test_infinities_and_nans_stay_in_their_rows_and_columns(cpu, kind):
    rng = np.random.default_rng(2)
    a, b = numbers(rng, kind, 25, 9), numbers(rng, kind, 9, 75)
    a[13, 4], b[5, 68] = np.nan, np.inf
    c = multiply(cpu, a, b, np.empty((25, 75), a.dtype))
    wild = np.zeros(c.shape, bool)
    wild[13], wild[:, 68] = True, True
    np.testing.assert_array_equal(~np.isfinite(c), wild)
    assert np.all(np.isinf(np.delete(c[:, 68], 13)))


def test_only_the_last_block_ends_in_smaller_tiles():
    for cpu in CPUS:
        assert not any(
            BLOCK_ROWS % height for p in panels(Module(machine_of(cpu)), "f32") for height in p.heights
        )


# --- transposes ---


@on_every_cpu
@of_every_kind
@settings(max_examples=60)
@given(rows=size, columns=size, seed=st.integers(0, 2**32))
def test_a_transpose_is_numpys_and_writes_nothing_else(cpu, kind, rows, columns, seed):
    rng = np.random.default_rng(seed)
    x, (y, around) = inside(rng, kind, rows, columns)[0], inside(rng, kind, columns, rows)
    before = around.copy()
    before[1 : columns + 1, 1 : rows + 1] = x.T
    transpose(cpu, x, y)
    np.testing.assert_array_equal(around, before)
