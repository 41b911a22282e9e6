"""NumPy's functions in which windows slide, and np.pad: NumPy's values, dtypes and slopes, on every engine."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from test_numpy_api import agrees, gradient_agrees, numbers

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph.node import input, variable
from chainrule.graph.walk import order

sliding = np.lib.stride_tricks.sliding_window_view
x = numbers(5, 4, low=-2.0)
PADS = {
    "one number": lambda a: np.pad(a, 2) ** 2,
    "before and after": lambda a: np.pad(a, (1, 2)) ** 2,
    "each axis": lambda a: np.pad(a, [(0, 1), (2, 0)], "constant", constant_values=(0.25,)) ** 2,
    "other numbers": lambda a: np.pad(a, 1, constant_values=((1, 2), (2, 0))) ** 2,
    "none": lambda a: np.pad(a, 0, constant_values=3) ** 2,
    "edge": lambda a: np.pad(a, ((3, 1), (0, 2)), mode="edge") ** 2,
    "reflect": lambda a: np.pad(a, ((2, 4), (1, 0)), mode="reflect") ** 2,
    "reflect, and back": lambda a: np.pad(a, 11, mode="reflect") ** 2,
    "symmetric": lambda a: np.pad(a, ((2, 5), (9, 0)), mode="symmetric") ** 2,
    "wrap": lambda a: np.pad(a, ((2, 12), (0, 1)), mode="wrap") ** 2,
}  # fmt: skip
SLIDING = {
    "all axes": lambda a: sliding(a, (2, 3)) ** 2,
    "one axis": lambda a: sliding(a, 3, axis=0) ** 2,
    "the last": lambda a: sliding(a, (2,), axis=-1) ** 2,
    "axes turned": lambda a: sliding(a, (2, 4), axis=(1, 0)) ** 2,
    "one axis twice": lambda a: sliding(a, (2, 3), axis=(0, 0)) ** 2,
    "in steps": lambda a: sliding(a, (3, 2))[::2, ::-1, ::2, 1] ** 2,
    "a product": lambda a: np.einsum("hwij,ij->hw", sliding(a, (2, 2)), a[:2, 1:3]),
    "the largest": lambda a: np.max(sliding(a, (2, 3)), axis=(2, 3)),
    "convolve": lambda a: np.convolve(a[:, 0], a[1, :3]),
    "convolve, same": lambda a: np.convolve(a[:, 0], a[1], mode="same"),
    "correlate": lambda a: np.correlate(a[:, 0], a[1, :3]),
    "correlate, full": lambda a: np.correlate(a[1, :3], a[:, 0], "full"),
}
ALL = {**PADS, **SLIDING}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ALL)
def test_values_and_dtypes_are_numpys(name, dtype):
    agrees(ALL[name], x.astype(dtype), rtol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("name", ALL)
def test_slopes(name):
    gradient_agrees(ALL[name], x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_every_engine(dtype):
    leaf = input("x", (5, 4), dtype)
    outputs = [f(leaf) for f in ALL.values()] + [cr.grad(np.sum(f(leaf)), leaf) for f in ALL.values()]
    rounding = 3e-5 if dtype == "float32" else 1e-12
    numpy, native = (
        cr.compile(outputs, inputs=[leaf], engine=e)(x.astype(dtype)) for e in ("numpy", "native")
    )
    for name, a, b in zip([*ALL, *(f"slope of {n}" for n in ALL)], numpy, native, strict=True):
        np.testing.assert_allclose(b, a, rtol=rounding, atol=rounding, err_msg=name)


@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "uint8"])
@pytest.mark.parametrize("engine", ENGINES)
def test_whole_numbers(engine, dtype):
    a = np.arange(20).reshape(5, 4).astype(dtype)
    functions = [
        lambda a: np.pad(a, 1), lambda a: np.pad(a, (0, 2), constant_values=3), lambda a: np.pad(a, 2, "reflect"),
        lambda a: np.pad(a, 1, constant_values=1.9), lambda a: sliding(a, (2, 2)), lambda a: sliding(a, 2, 1)[:, ::2],
    ]  # fmt: skip
    if dtype != "bool":
        functions += [lambda a: np.convolve(a[0], a[1]), lambda a: np.correlate(a[:, 1], a[0], "same")]
    leaf = input("a", (5, 4), dtype)
    for f, found in zip(
        functions, cr.compile([f(leaf) for f in functions], inputs=[leaf], engine=engine)(a), strict=True
    ):
        assert found.dtype == f(a).dtype
        np.testing.assert_array_equal(found, f(a))


sizes = st.integers(1, 7)


@settings(max_examples=200)
@given(sizes, sizes, st.sampled_from(["full", "same", "valid"]))
def test_vectors_slide_over_each_other_as_numpys(n, k, mode):
    a, v = numbers(n, low=-1.0), numbers(k, low=-2.0)
    for function in (np.convolve, np.correlate):
        agrees(lambda a, v, f=function: f(a, v, mode), a, v, rtol=1e-13)


@settings(max_examples=200)
@given(st.data(), st.sampled_from(["edge", "reflect", "symmetric", "wrap", "constant"]))
def test_what_is_put_around_is_numpys(data, mode):
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    widths = [data.draw(st.tuples(st.integers(0, 9), st.integers(0, 9))) for _ in shape]
    agrees(lambda a: np.pad(a, widths, mode), numbers(*shape, low=-1.0))


@settings(max_examples=200)
@given(st.data())
def test_numbers_that_differ_from_side_to_side(data):
    shape = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    pairs = st.tuples(st.integers(0, 2), st.integers(0, 2))
    widths, values = ([data.draw(pairs) for _ in shape] for _ in range(2))
    agrees(lambda a: np.pad(a, widths, constant_values=values), numbers(*shape, low=-1.0))


def test_one_number_all_around_is_one_step():
    a = input("a", ("batch", 5, 4, 3))
    for value, row in ((0, "pad"), (-np.inf, "pad_with")):
        node = np.pad(a, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=value)
        assert [n.primitive.name for n in order([node])] == ["input", row]
        assert str(node.shape) == "(batch, 8, 5, 3)"


def test_widths_of_axes_by_their_numbers():
    a = input("a", ("batch", 5, 4))
    assert str(np.pad(a, {-1: (1, 2), 1: 1}).shape) == "(batch, 7, 7)"


def test_windows_of_a_batch_stay_open():
    a = input("a", ("batch", 28, 28, 3))
    assert str(sliding(a, (5, 3), axis=(1, 2)).shape) == "(batch, 24, 26, 3, 5, 3)"


BATCH, V = input("a", ("batch", 4)), variable(np.ones(5), "v")


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: sliding(BATCH, 2, axis=0), ShapeError, r"axis 0 of shape \(batch, 4\) is open, so no window slides"),
        (lambda: sliding(V, 6), ShapeError, r"a window of 6 spans 6 elements; axis 0 of shape \(5,\) has 5\. Take a"),
        (lambda: sliding(V, 0), ShapeError, "at least 1"),
        (lambda: sliding(V, 2.0), ShapeError, "needs one whole number"),
        (lambda: sliding(BATCH, 2), ShapeError, r"the axes \(0, 1\) of shape \(batch, 4\).*Name others by axis="),
        (lambda: sliding(V, 2, axis=1), ShapeError, "axis 1 is out of range"),
        (lambda: sliding(V, 2, writeable=True), UnsupportedError, "nodes are frozen"),
        (lambda: np.convolve(V, BATCH), ShapeError, r"takes two vectors.*found shape \(batch, 4\)\. Windows of pict"),
        (lambda: np.convolve(V, np.zeros(0)), ShapeError, r"not empty; found shape \(0,\)"),
        (lambda: np.correlate(BATCH[:, 0], V), ShapeError, "axis 0 of shape .batch,. is open"),
        (lambda: np.correlate(V, V, "half"), UnsupportedError, "the modes 'full', 'same' and 'valid'; found 'half'"),
        (lambda: np.pad(V, -1), ShapeError, "whole numbers of at least 0.*found -1"),
        (lambda: np.pad(V, 1.5), ShapeError, "whole numbers of at least 0.*found 1.5"),
        (lambda: np.pad(V, ((1, 2), (3, 4))), ShapeError, "np.pad of 1 axes takes whole numbers"),
        (lambda: np.pad(V, 1, "mean"), UnsupportedError, "found 'mean'. Others are written with np.concatenate"),
        (lambda: np.pad(V, 1, "reflect", reflect_type="odd"), UnsupportedError, "found reflect_type='odd'"),
        (lambda: np.pad(V[:0], 1, "edge"), ShapeError, r"axis 0 of shape \(0,\) has nothing to go on with"),
        (lambda: np.pad(BATCH, 1), ShapeError, "axis 0 of shape .batch, 4. is open"),
    ],
)  # fmt: skip
def test_an_error_says_what_and_what_instead(build, error, message):
    with pytest.raises(error, match=message):
        build()
