"""NumPy's functions that are written in others: NumPy's values, dtypes and slopes, on every engine."""

import numpy as np
import pytest
from test_numpy_api import agrees, gradient_agrees, numbers

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.errors import ShapeError, UnsupportedError
from chainrule.graph.node import input, variable
from chainrule.graph.trace import trace
from chainrule.transform.backprop import grad

x = numbers(3, 4, low=-2.0)
w = np.array([0.5, 2.0, 0.25])

SMOOTH = {
    "prod": lambda a: np.prod(a),
    "prod along 0": lambda a: np.prod(a, axis=0),
    "prod along 1, kept": lambda a: np.prod(a, axis=1, keepdims=True),
    "prod of both": lambda a: np.prod(a, axis=(1, 0)),
    "prod of five": lambda a: np.prod(np.concatenate([a[0], a[1, :1]])),
    "x.prod": lambda a: a.prod(-1),
    "cumsum": lambda a: np.cumsum(a) * np.arange(12.0),
    "cumsum along 0": lambda a: np.cumsum(a, axis=0) ** 2,
    "cumsum along 1": lambda a: a.cumsum(axis=1) ** 2,
    "cumprod": lambda a: np.cumprod(a, axis=1),
    "arctan": np.arctan,
    "arcsin": lambda a: np.arcsin(a / 3),
    "arccos": lambda a: np.arccos(a / 3),
    "arctan2": lambda a: np.arctan2(a, a[0] + 3) + np.arctan2(2.0, a),
    "arcsinh": np.arcsinh,
    "arccosh": lambda a: np.arccosh(a * a + 1.5),
    "arctanh": lambda a: np.arctanh(a / 3),
    "cbrt": np.cbrt,
    "remainder": lambda a: np.remainder(a, 0.7),
    "%": lambda a: a % 0.7,
    "% of negatives": lambda a: a % -0.7,
    "% by a node": lambda a: 5.3 % (a * a + 1),
    "mod": lambda a: np.mod(a * 3, a[0] + 3),
    "fmod": lambda a: np.fmod(a * 3, a[0] + 3),
    "hypot": lambda a: np.hypot(a, 2.0),
    "pad": lambda a: np.pad(a, 1) ** 2,
    "pad, on one side": lambda a: np.pad(a, ((0, 2), (1, 0)), constant_values=0.5) ** 2,
    "pad with the edge": lambda a: np.pad(a, ((1, 2), (0, 1)), mode="edge") ** 2,
    "pad by reflection": lambda a: np.pad(a, 2, mode="reflect") ** 2,
    "pad around": lambda a: np.pad(a, 1, mode="wrap") ** 2,
    "roll": lambda a: np.roll(a, 5) * np.arange(12.0).reshape(3, 4),
    "roll along an axis": lambda a: np.roll(a, -1, axis=1) * np.arange(4.0),
    "roll along both": lambda a: np.roll(a, (1, 2), axis=(0, 1)) * np.arange(4.0),
    "tile": lambda a: np.tile(a, 2) ** 2,
    "tile both": lambda a: np.tile(a, (2, 1, 3)) ** 2,
    "repeat": lambda a: np.repeat(a, 2) ** 2,
    "repeat along an axis": lambda a: np.repeat(a, [1, 0, 2], axis=0) ** 2,
    "diagonal": lambda a: np.diagonal(a, 1) ** 2,
    "trace": lambda a: np.trace(a) ** 2,
    "diag of a matrix": lambda a: np.diag(a, -1) ** 2,
    "diag of a vector": lambda a: np.diag(a[0]) ** 2,
    "diag above": lambda a: np.diag(a[0], 2) ** 2,
    "diag below": lambda a: np.diag(a[0], -1) ** 2,
    "tril": lambda a: np.tril(a) ** 2,
    "triu": lambda a: np.triu(a, 1) ** 2,
    "diff": lambda a: np.diff(a) ** 2,
    "diff twice": lambda a: np.diff(a, 2, axis=0) ** 2,
    "average": lambda a: np.average(a, axis=1),
    "average by weights": lambda a: np.average(a, axis=0, weights=w),
    "average of all": lambda a: np.average(a, weights=np.arange(12.0).reshape(3, 4)),
    "ptp": lambda a: np.ptp(a, axis=0),
    "nansum": lambda a: np.nansum(np.where(a > 1, np.nan, a), axis=0),
    "nanmean": lambda a: np.nanmean(np.where(a > 1.5, np.nan, a), axis=0),
    "nanmax": lambda a: np.nanmax(np.where(a > 1, np.nan, a), axis=1),
    "nanmin": lambda a: np.nanmin(np.where(a < -1, np.nan, a), axis=1),
    "nan_to_num": lambda a: np.nan_to_num(np.where(a > 1, np.nan, a), nan=2.0) ** 2,
    "fmax": lambda a: np.fmax(np.where(a > 1, np.nan, a), 0.3),
    "fmin": lambda a: np.fmin(a, np.where(a > 1, np.nan, 0.3)),
    "float_power": lambda a: np.float_power(a, 2.0),
    "deg2rad": lambda a: np.deg2rad(a) + np.degrees(a) + np.radians(a) + np.rad2deg(a),
    "fliplr": lambda a: np.fliplr(a) * np.arange(4.0) + np.flipud(a),
    "dstack": lambda a: np.dstack([a, 2 * a]) ** 2,
}  # fmt: skip
FLAT = {  # their derivative is 0
    "floor_divide": lambda a: np.floor_divide(a, 0.3),
    "//": lambda a: a // -0.7,
    "// by a node": lambda a: 5.3 // (a + 3),
    "divmod": lambda a: divmod(a, 0.7)[0],
    "ceil": np.ceil,
    "trunc": np.trunc,
    "rint": lambda a: np.rint(a * 3),
    "round": lambda a: np.round(a, 1),
    "around": lambda a: np.around(a * 100, -1),
    "x.round": lambda a: a.round(2),
}
TRUTHS = {
    "isnan": lambda a: np.isnan(np.where(a > 1, np.nan, a)),
    "isinf": lambda a: np.isinf(1 / np.where(a > 1, 0, a)),
    "isfinite": lambda a: np.isfinite(np.log(np.where(a > 1, 0, a * a))),
    "any": lambda a: np.any(a > 1.5, axis=0),
    "all": lambda a: np.all(a > -1, axis=1, keepdims=True),
    "x.any": lambda a: (a > 1.5).any(),
    "count_nonzero": lambda a: np.count_nonzero(a > 0, axis=0),
    "logical_xor": lambda a: np.logical_xor(a > 0, a > 1),
}
ALL = {**SMOOTH, **FLAT, **TRUTHS}
quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@quiet
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ALL)
def test_values_and_dtypes_are_numpys(name, dtype):
    agrees(ALL[name], x.astype(dtype), rtol=1e-5 if dtype == np.float32 else 1e-13)


@quiet
@pytest.mark.parametrize("name", SMOOTH)
def test_slopes(name):
    gradient_agrees(SMOOTH[name], x)


@pytest.mark.parametrize("name", FLAT)
def test_steps_have_slope_0(name):
    v = variable(x)
    assert not grad(np.sum(FLAT[name](v)), v).value.any()


@quiet
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_on_both_engines(dtype):
    leaf = input("x", (3, 4), dtype)
    outputs = [f(leaf) for f in ALL.values()] + [grad(np.sum(f(leaf)), leaf) for f in SMOOTH.values()]
    rounding = 3e-4 if dtype == "float32" else 1e-11
    numpy, native = (
        cr.compile(outputs, inputs=[leaf], engine=e)(x.astype(dtype)) for e in ("numpy", "native")
    )
    for name, a, b in zip([*ALL, *(f"slope of {n}" for n in SMOOTH)], numpy, native, strict=True):
        np.testing.assert_allclose(b, a, rtol=rounding, atol=rounding, err_msg=name)


# --- at corners -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [2.0, 5.0, 0.0], [0.0, 0.0, 0.0]])
def test_the_derivative_of_a_product_with_zeros_is_exact(at):
    v = variable(at)
    wanted = [float(np.prod(np.delete(at, i))) for i in range(3)]
    assert grad(np.prod(v), v).value.tolist() == wanted
    assert grad(np.cumprod(v)[2], v).value.tolist() == wanted
    g = grad(grad(np.prod(v), v)[0], v).value
    assert g.tolist() == [0, at[2], at[1]]


@quiet
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_numbers(engine, dtype):
    a = np.array([0.0, 0.5, -0.5, 1.5, -2.5, 3.0, -3.0, np.inf, -np.inf, np.nan, 1e30, 7.0], dtype)
    first, second = (m.ravel() for m in np.meshgrid(a, a))
    p, q = input("p", (144,), dtype), input("q", (144,), dtype)
    functions = [
        lambda a, b: np.fmod(a, b), lambda a, b: a % b, lambda a, b: a // b, np.arctan2, np.fmax, np.fmin,
        lambda a, b: np.round(a), lambda a, b: np.trunc(a), lambda a, b: np.ceil(a), lambda a, b: np.isnan(a),
        lambda a, b: np.isinf(a), lambda a, b: np.isfinite(a), lambda a, b: np.nan_to_num(a), lambda a, b: np.cbrt(a),
        lambda a, b: np.arcsin(a), lambda a, b: np.arccos(a), lambda a, b: np.arctan(a), lambda a, b: np.arcsinh(a),
        lambda a, b: np.arccosh(a), lambda a, b: np.arctanh(a),
    ]  # fmt: skip
    found = cr.compile([f(p, q) for f in functions], inputs=[p, q], engine=engine)(first, second)
    rounding = 1e-6 if dtype == "float32" else 1e-14
    for number, (f, b) in enumerate(zip(functions, found, strict=True)):
        wanted = f(first, second)
        np.testing.assert_allclose(b, wanted, rtol=rounding, atol=rounding, err_msg=f"function {number}")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_quotients_are_whole_to_the_last_digit(engine, dtype):
    whole = 2.0 ** np.finfo(dtype).nmant  # from here on floats have no room for a half
    a = np.array([whole - 1, whole + 1, -whole - 3, 2 * whole - 1, 7.0], dtype)
    p = input("p", (5,), dtype)
    for b in (1, -1, 0.5, 3):
        b = np.asarray(b, dtype)
        found = cr.compile([p // b, p % b], inputs=[p], engine=engine)(a)
        np.testing.assert_array_equal(found, [a // b, a % b])


@pytest.mark.parametrize("dtype", ["int64", "int32"])
@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: a % b, lambda a, b: a // b, np.fmod, lambda a, b: np.prod(a), lambda a, b: np.cumsum(a),
        lambda a, b: np.cumprod(a), lambda a, b: np.isnan(a), lambda a, b: np.isfinite(a), lambda a, b: np.round(a),
        lambda a, b: np.trunc(a), lambda a, b: np.pad(a, 1), lambda a, b: np.diff(a), lambda a, b: np.any(a > 2),
    ],
)  # fmt: skip
def test_whole_numbers(function, dtype):
    a, b = np.array([7, -7, 3, 0], dtype), np.array([3, 3, -2, 5], dtype)
    p, q = input("p", (4,), dtype), input("q", (4,), dtype)
    node, wanted = function(p, q), function(a, b)
    for engine in ("numpy", "native"):
        found = cr.compile(node, inputs=[p, q], engine=engine)(a, b)
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        np.testing.assert_array_equal(found, wanted)


def test_open_axes():
    a = input("a", ("batch", 3))
    b = numbers(5, 3, low=-1.0)
    for f in (
        lambda m: np.prod(m, axis=1), lambda m: np.cumsum(m, axis=1), lambda m: np.cumsum(m, axis=0),
        lambda m: np.pad(m, ((0, 0), (1, 2))), lambda m: np.roll(m, 1, axis=1), lambda m: np.diff(m, axis=1),
        lambda m: np.tile(m, (1, 2)), lambda m: np.repeat(m, 2, axis=1), lambda m: m % 0.3,
    ):  # fmt: skip
        node = f(a)
        np.testing.assert_allclose(trace(node, {a: b})[node], f(b), rtol=1e-13)
        for engine in ("numpy", "auto"):
            np.testing.assert_allclose(cr.compile(node, inputs=[a], engine=engine)(b), f(b), rtol=1e-13)


@pytest.mark.parametrize(
    "build",
    [
        lambda a: np.prod(a), lambda a: np.cumprod(a, axis=0), lambda a: np.roll(a, 1, axis=0), lambda a: np.trace(a),
        lambda a: np.repeat(a, 2, axis=0), lambda a: np.pad(a, 1, mode="edge"), lambda a: np.pad(a, 1),
        lambda a: np.tril(a), lambda a: np.diag(a[:, 0]),
    ],
)  # fmt: skip
def test_what_needs_a_length_says_so(build):
    with pytest.raises(
        ShapeError, match=r"axis 0 of shape \(batch.*\) is open, and its length must be known"
    ):
        build(input("a", ("batch", 3)))


def test_refusals():
    v = variable(x)
    with pytest.raises(
        UnsupportedError, match="modes constant, edge, reflect, symmetric and wrap; found 'median'"
    ):
        np.pad(v, 1, mode="median")
    with pytest.raises(ShapeError, match=r"one for each position along an axis"):
        np.average(v, weights=w)
    with pytest.raises(ShapeError, match="a vector or a matrix"):
        np.diag(variable(np.ones((2, 2, 2))))
    with pytest.raises(UnsupportedError, match=r"np\.repeat of a node takes whole numbers"):
        np.repeat(v, input("n", (), "int64"))
    with pytest.raises(ShapeError, match="are more than an array holds"):  # NumPy's process ended
        np.repeat(v, 2**62, axis=0)
    with pytest.raises(ShapeError, match="out of range"):
        cr.input("long", (2**64,))[2:][2**64]
