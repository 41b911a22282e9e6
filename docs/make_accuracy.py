"""Write docs/understand/accuracy.md: ``python docs/make_accuracy.py``. Every function is measured against mpmath."""

import math
from pathlib import Path

import mpmath
import numpy as np

import chainrule as cr

PAGE = Path(__file__).parent / "understand" / "accuracy.md"
POINTS = 4000

# What is written, what it means to mpmath, and from where to where each argument is taken.
FUNCTIONS = {
    "np.sqrt(x)": (np.sqrt, mpmath.sqrt, [(1e-3, 1e3)]),
    "np.cbrt(x)": (np.cbrt, mpmath.cbrt, [(1e-3, 1e3)]),
    "1 / x": (lambda x: 1 / x, lambda x: 1 / x, [(1e-3, 1e3)]),
    "x ** 3": (lambda x: x**3, lambda x: x**3, [(-10, 10)]),
    "x ** 0.3": (lambda x: x**0.3, lambda x: x ** mpmath.mpf(0.3), [(1e-3, 1e3)]),
    "x ** y": (lambda x, y: x**y, mpmath.power, [(1e-3, 1e3), (-5, 5)]),
    "np.exp(x)": (np.exp, mpmath.exp, [(-80, 80)]),
    "np.exp2(x)": (np.exp2, lambda x: mpmath.power(2, x), [(-100, 100)]),
    "np.expm1(x)": (np.expm1, mpmath.expm1, [(-20, 20)]),
    "np.log(x)": (np.log, mpmath.log, [(1e-3, 1e3)]),
    "np.log2(x)": (np.log2, lambda x: mpmath.log(x) / mpmath.log(2), [(1e-3, 1e3)]),
    "np.log10(x)": (np.log10, mpmath.log10, [(1e-3, 1e3)]),
    "np.log1p(x)": (np.log1p, mpmath.log1p, [(-0.99, 100)]),
    "np.logaddexp(x, y)": (np.logaddexp, lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)), [(1, 50), (1, 50)]),
    "np.sin(x)": (np.sin, mpmath.sin, [(-1e4, 1e4)]),
    "np.cos(x)": (np.cos, mpmath.cos, [(-1e4, 1e4)]),
    "np.tan(x)": (np.tan, mpmath.tan, [(-1e4, 1e4)]),
    "np.arcsin(x)": (np.arcsin, mpmath.asin, [(-1, 1)]),
    "np.arccos(x)": (np.arccos, mpmath.acos, [(-0.999, 0.999)]),
    "np.arctan(x)": (np.arctan, mpmath.atan, [(-50, 50)]),
    "np.arctan2(x, y)": (np.arctan2, mpmath.atan2, [(-9, 9), (-9, 9)]),
    "np.hypot(x, y)": (np.hypot, mpmath.hypot, [(-9, 9), (-9, 9)]),
    "np.sinh(x)": (np.sinh, mpmath.sinh, [(-50, 50)]),
    "np.cosh(x)": (np.cosh, mpmath.cosh, [(-50, 50)]),
    "np.tanh(x)": (np.tanh, mpmath.tanh, [(-10, 10)]),
    "np.arcsinh(x)": (np.arcsinh, mpmath.asinh, [(-100, 100)]),
    "np.arccosh(x)": (np.arccosh, mpmath.acosh, [(1.01, 100)]),
    "np.arctanh(x)": (np.arctanh, mpmath.atanh, [(-0.99, 0.99)]),
    "cr.sigmoid(x)": (cr.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), [(-80, 20)]),
    "cr.softplus(x)": (cr.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), [(-80, 20)]),
    "cr.silu(x)": (cr.silu, lambda x: x / (1 + mpmath.exp(-x)), [(-80, 20)]),
    "cr.elu(x)": (cr.elu, lambda x: x if x > 0 else mpmath.expm1(x), [(-20, 20)]),
}  # fmt: skip
COLUMNS = [(engine, dtype) for engine in ("native", "numpy") for dtype in ("float32", "float64")]


def samples(name, dtype, count=POINTS, seed=0):
    """Return arguments over the whole range of a function, half of them near 0 or at all sizes."""
    draws = np.random.default_rng([seed, *name.encode()])
    found = []
    for low, high in FUNCTIONS[name][2]:
        even = draws.uniform(low, high, count // 2)
        if low > 0:
            other = np.exp(draws.uniform(math.log(low), math.log(high), count - count // 2))
        else:
            other = draws.choice([low, high], count - count // 2) * np.exp(
                draws.uniform(-12, 0, count - count // 2)
            )
        found.append(draws.permutation(np.concatenate([even, other])).astype(dtype))
    return found


def exact(name, arguments):
    """Return the true values, each as the nearest float64 and what is left to it."""
    means, pairs = FUNCTIONS[name][1], []
    with mpmath.workdps(40):
        for numbers in zip(*(a.tolist() for a in arguments), strict=True):
            value = means(*map(mpmath.mpf, numbers))
            nearest = float(value)
            pairs.append((nearest, float(value - nearest)))
    return np.array(pairs).T


def worst(name, engine, dtype, count=POINTS, seed=0):
    """Return by how many units in the last place a function is off at most, among some arguments."""
    arguments = samples(name, dtype, count, seed)
    inputs = [cr.input(letter, ("n",), dtype=dtype) for letter in "xy"[: len(arguments)]]
    got = cr.compile(FUNCTIONS[name][0](*inputs), inputs, engine=engine)(*arguments)
    nearest, rest = exact(name, arguments)
    info = np.finfo(dtype)
    _, exponent = np.frexp(nearest)
    step = np.ldexp(1.0, np.maximum(exponent - 1, info.minexp) - info.nmant)
    off = np.abs((got.astype(np.float64) - nearest) - rest) / step
    return float(off[np.abs(nearest) > info.tiny].max())


HEAD = """# How accurate every function is

The largest error in units in the last place (ulp), which is the distance from a number to the next one. The
best that can be had is 0.5: the true value, rounded. Each function was compared with mpmath at 40 digits, on
{points:,} arguments over the ranges told, half of them spread evenly and half over all sizes; it is what was
found, rounded up, and the test of this page measures the native engine once more, on other arguments. `python
docs/make_accuracy.py` makes the table on your machine: the columns of NumPy depend on the CPU and on the C
library.

| written | arguments | native, float32 | native, float64 | NumPy, float32 | NumPy, float64 |
|---|---|--:|--:|--:|--:|
"""
TAIL = """
Derivatives are made of these functions, so they are as accurate as what they are written with: [the
primitives](../primitives.md) has each. Sums and products of matrices round at every addition, in their dtype;
in which order the numbers are added differs between the engines, so they agree to rounding and not to the
bit.

What is near a cancellation is written so that it does not cancel: `cr.softplus`, the loss behind a sigmoid or
a softmax (computed from the scores), `np.expm1`, `np.log1p`, and rewrites that put them where `np.log(1 + x)`
was written. [The engine's page](../engine.md) says how the functions are computed and what happens to
subnormal numbers.
"""


def row(name):
    """Return the row of a function."""
    ranges = "; ".join(f"{low:g} to {high:g}" for low, high in FUNCTIONS[name][2])
    cells = [f"{math.ceil(worst(name, engine, dtype) * 10) / 10:.1f}" for engine, dtype in COLUMNS]
    return f"| `{name}` | {ranges} | {' | '.join(cells)} |\n"


def main():
    """Write the page."""
    PAGE.write_text(HEAD.format(points=POINTS) + "".join(map(row, FUNCTIONS)) + TAIL, encoding="utf-8")


if __name__ == "__main__":
    main()
