"""The elementary functions of the native engine, against mpmath and extended precision."""

import ctypes
import dataclasses
from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.engines.native.code import mathematics
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.types import I64, PTR, Type
from chainrule.engines.native.run.build import Library, host, object_code

DTYPES = {"f32": np.float32, "f64": np.float64}
INF, NAN = np.inf, np.nan

# By name: the definition for mpmath, and the interval where the function is neither flat nor infinite.
FUNCTIONS = {
    "exp": (mpmath.exp, {"f32": (-87.3, 88.7), "f64": (-708.3, 709.7)}),
    "expm1": (mpmath.expm1, {"f32": (-20, 88.7), "f64": (-40, 709.7)}),
    "log": (mpmath.log, {"f32": (1e-3, 30), "f64": (1e-3, 30)}),
    "log1p": (mpmath.log1p, {"f32": (-0.999, 30), "f64": (-0.999, 30)}),
    "tanh": (mpmath.tanh, {"f32": (-10, 10), "f64": (-20, 20)}),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), {"f32": (-87.3, 20), "f64": (-708.3, 40)}),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), {"f32": (-87.3, 20), "f64": (-708.3, 40)}),
    "sin": (mpmath.sin, {"f32": (-1e4, 1e4), "f64": (-1e4, 1e4)}),
    "cos": (mpmath.cos, {"f32": (-1e4, 1e4), "f64": (-1e4, 1e4)}),
    "arctan": (mpmath.atan, {"f32": (-10, 10), "f64": (-10, 10)}),
}
# Where the code changes its ways; samples lie close to both sides of these.
SEAMS = [
    0.25,
    0.25993,
    0.28768,
    0.34657,
    0.40547,
    0.41421,
    0.5,
    0.60650,
    0.95306,
    0.70711,
    1.0,
    1.41421,
    1.5708,
    2.41421,
    3.14159,
    16.6,
    36.7,
]


@cache
def compiled(name: str, kind: str, lanes: int, has_fma: bool):
    """Return the function of two pointers and a count that maps an array to an array."""
    module = Module(dataclasses.replace(host(), has_fma=has_fma))
    type = Type(kind, lanes)
    with module.function("map", [("x", PTR), ("y", PTR), ("n", I64)]) as code:
        x, y, n = code.parameters
        with code.loop(n, step=max(lanes, 1)) as loop:
            result = getattr(mathematics, name)(code, code.load(code.at(x, loop.index, type), type))
            code.store(result, code.at(y, loop.index, type))
        code.give()
    library = Library(object_code(module.text(), module.machine), ["map"])
    return library.function("map", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)


def computed(name: str, x: np.ndarray, lanes: int = 16, has_fma: bool = True) -> np.ndarray:
    kind = {"float32": "f32", "float64": "f64"}[x.dtype.name]
    padded = np.resize(x, -(-x.size // 16) * 16)
    y = np.empty_like(padded)
    compiled(name, kind, lanes, has_fma and host().has_fma)(padded.ctypes.data, y.ctypes.data, padded.size)
    return y[: x.size]


def extended(name: str, x: np.ndarray) -> np.ndarray:
    """Return the result for float32 in float64, within a hundredth of an ulp of float32."""
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        if name == "sigmoid":
            return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))
        if name == "softplus":
            return np.logaddexp(0, x)
        return getattr(np, name)(x)


def exact(name: str, x: np.ndarray) -> np.ndarray:
    """Return the results to 40 digits, as the sum of two floats in a second axis: the nearest, and the rest."""
    pairs = []
    with mpmath.workdps(40):
        for number in x.tolist():
            value = FUNCTIONS[name][0](mpmath.mpf(number))
            nearest = float(value)
            pairs.append((nearest, float(value - nearest) if np.isfinite(nearest) else 0.0))
    return np.array(pairs)


def ulps(got: np.ndarray, nearest: np.ndarray, rest: np.ndarray | float = 0.0) -> np.ndarray:
    """Return how many units in the last place the result is off; a result that may be infinite is not judged."""
    info = np.finfo(got.dtype)
    _, exponent = np.frexp(nearest)
    step = np.ldexp(1.0, np.maximum(exponent - 1, info.minexp) - info.nmant)
    with np.errstate(all="ignore"):
        off = np.abs((got.astype(np.float64) - nearest) - rest) / step
    return np.where(np.isinf(got) & (np.abs(nearest) > info.max * (1 - info.epsneg)), 0.0, off)


def sample(name: str, kind: str, count: int, seed: int) -> np.ndarray:
    """Return numbers of all magnitudes, of the interval where most happens, around 0 and 1, and at the seams."""
    dtype, random = DTYPES[kind], np.random.default_rng(seed)
    info = np.finfo(dtype)
    top = int(np.array(info.max).view(f"i{dtype().itemsize}"))
    magnitudes = random.integers(0, top, count).astype(f"i{dtype().itemsize}").view(dtype)
    tiny = random.uniform(-1, 1, count) * 2.0 ** random.uniform(-info.nmant - 2, 0, count)
    seams = random.choice(SEAMS, count) * (1 + random.uniform(-1e-4, 1e-4, count))
    x = np.concatenate(
        [magnitudes, -magnitudes]
        + [part.astype(dtype) for part in (random.uniform(*FUNCTIONS[name][1][kind], count), tiny, 1 + tiny)]
        + [part.astype(dtype) for part in (seams, -seams, random.uniform(-5, 5, count))]
    )
    if name in ("sin", "cos"):
        multiples = (random.integers(0, 6366, count) * (np.pi / 2)).astype(dtype)
        x = np.concatenate([x, multiples, np.nextafter(multiples, dtype(0))])
        x = x[np.abs(x) <= 1e4]
    below = {"log": 0.0, "log1p": -1.0}.get(name, -INF)
    return x[x > below]


def accepted(got: np.ndarray, nearest: np.ndarray, rest: np.ndarray | float, name: str) -> None:
    """Assert 2 ulp where the result is normal, and two of the smallest steps (or 0, of some) where it is not."""
    off = ulps(got, nearest, rest)
    normal = np.abs(nearest) >= np.finfo(got.dtype).tiny
    assert np.max(off[normal]) <= 2
    flushed = (name in ("sigmoid", "softplus")) & (got == 0) & (nearest < 0.76 * np.finfo(got.dtype).tiny)
    assert np.all((off <= 2) | normal | flushed)


@pytest.mark.parametrize("has_fma", [True, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_within_two_ulp(name, has_fma):
    x = sample(name, "f32", 30_000, seed=1)
    accepted(computed(name, x, has_fma=has_fma), extended(name, x), 0.0, name)


@pytest.mark.parametrize("has_fma", [True, False])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64_is_within_two_ulp(name, has_fma):
    x = sample(name, "f64", 300, seed=2)
    nearest, rest = exact(name, x).T
    accepted(computed(name, x, has_fma=has_fma), nearest, rest, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_judge_of_float32_agrees_with_mpmath(name):
    x = sample(name, "f32", 30, seed=3)
    nearest = exact(name, x)[:, 0]
    judged = (np.abs(nearest) >= np.finfo(np.float32).tiny) & (np.abs(nearest) <= np.finfo(np.float32).max)
    np.testing.assert_allclose(extended(name, x)[judged], nearest[judged], rtol=1e-13)


SPECIAL = {
    "exp": [(INF, INF), (-INF, 0.0), (0.0, 1.0), (-0.0, 1.0), (1e5, INF), (-1e5, 0.0)],
    "expm1": [(INF, INF), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e5, INF), (-1e5, -1.0)],
    "log": [(INF, INF), (-INF, NAN), (0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1e-45, NAN), (-1.0, NAN)],
    "log1p": [(INF, INF), (-INF, NAN), (-1.0, -INF), (0.0, 0.0), (-0.0, -0.0), (-1.5, NAN)],
    "tanh": [(INF, 1.0), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e5, 1.0), (-1e5, -1.0)],
    "sigmoid": [(INF, 1.0), (-INF, 0.0), (0.0, 0.5), (-0.0, 0.5), (1e5, 1.0), (-1e5, 0.0)],
    "softplus": [(INF, INF), (-INF, 0.0), (0.0, np.log(2)), (-0.0, np.log(2)), (1e5, 1e5), (-1e5, 0.0)],
    "sin": [(INF, NAN), (-INF, NAN), (0.0, 0.0), (-0.0, -0.0)],
    "cos": [(INF, NAN), (-INF, NAN), (0.0, 1.0), (-0.0, 1.0)],
    "arctan": [(INF, np.pi / 2), (-INF, -np.pi / 2), (0.0, 0.0), (-0.0, -0.0), (1.0, np.pi / 4)],
}


@pytest.mark.parametrize("has_fma", [True, False])
@pytest.mark.parametrize("lanes", [0, 8])
@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_infinities_nans_and_signed_zeros(name, kind, lanes, has_fma):
    x, wanted = np.array([*SPECIAL[name], (NAN, NAN)], DTYPES[kind]).T.copy()
    got = computed(name, x, lanes, has_fma)
    np.testing.assert_array_equal(got, wanted)
    known = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(wanted[known]))


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "sin", "arctan"])
def test_a_subnormal_argument_is_its_own_result(name, kind):
    step = np.finfo(DTYPES[kind]).smallest_subnormal
    x = np.array([1, 2, 3, 5, 1000, 1001, -1, -7], DTYPES[kind]) * step
    assert np.max(np.abs(computed(name, x) - x) / step) <= 1


@pytest.mark.parametrize("kind", DTYPES)
def test_exp_overflows_where_it_should_and_not_before(kind):
    dtype = DTYPES[kind]
    last = dtype(np.log(np.longdouble(np.finfo(dtype).max)))
    last = (
        last
        if np.longdouble(last) <= np.log(np.longdouble(np.finfo(dtype).max))
        else np.nextafter(last, dtype(0))
    )
    x = np.array([last, np.nextafter(last, dtype(INF))], dtype)
    for name in ("exp", "expm1"):
        assert np.isfinite(computed(name, x)).tolist() == [True, False]


@pytest.mark.parametrize("name", ["sin", "cos"])
@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("lanes", [0, 16])
def test_large_angles_among_small_ones(name, kind, lanes):
    x = np.linspace(-3, 3, 64, dtype=DTYPES[kind])
    small = computed(name, x, lanes)
    large = np.arange(64) % 5 == 0
    x[large] = np.geomspace(1.1e4, 1e30, large.sum())
    got = computed(name, x, lanes)
    np.testing.assert_array_equal(got[~large], small[~large])
    with mpmath.workdps(80):
        wanted = [float(FUNCTIONS[name][0](mpmath.mpf(number))) for number in x[large].tolist()]
    assert np.max(ulps(got[large], np.array(wanted))) <= 1


@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_scalars_and_vectors_of_any_width_give_the_same_bits(name, kind):
    x = np.concatenate([sample(name, kind, 64, seed=4), np.array([INF, -INF, 0.0, -0.0, 1e20], DTYPES[kind])])
    scalar = computed(name, x, 0)
    for lanes in (4, 8, 16):
        np.testing.assert_array_equal(computed(name, x, lanes), scalar)


@given(st.floats(-30, 30, width=32))
def test_odd_functions_are_odd_and_sigmoids_of_opposites_sum_to_one(number):
    x = np.array([number, -number], np.float32)
    for name in ("tanh", "sin", "arctan"):
        there, back = computed(name, x)
        assert there == -back
    assert sum(computed("sigmoid", x)) == 1
