"""Simplified and compiled graphs at 0, -0, tiny and huge numbers, the infinities and NaN: what was finite stays so."""

import inspect

import numpy as np
import pytest
from corners import corners, grown, inputs, pairs

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import count, input
from chainrule.graph.primitives.corners import relu
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.primitives.reductions import softmax
from chainrule.transform.backprop import grad
from chainrule.transform.rewrites import REWRITES, Rewrite
from chainrule.transform.rewrites.arithmetic import ARITHMETIC
from chainrule.transform.simplify import simplify

PATTERNS = [r for r in REWRITES if isinstance(r, Rewrite)]
DTYPES = ["float32", "float64"]


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


def values(node, feed):
    found = evaluate([node], feed)[node]
    return np.broadcast_to(found, next(iter(feed.values())).shape)


def steps_of(node, feed):
    return list(evaluate([node], feed).values())


def compiled(outputs, feed, engine):
    return cr.compile(outputs, inputs=list(feed), engine=engine)(*feed.values())


def assert_no_worse(old, new, *, rounding, exact=False, nan=None):
    """Assert that what was finite is equal but for rounding, and that NaN of NaN (where ``nan``) stays NaN."""
    finite = np.isfinite(old)
    assert np.isfinite(new[finite]).all(), "what was finite is so no longer"
    np.testing.assert_allclose(new[finite], old[finite], rtol=rounding, atol=0 if exact else rounding)
    if exact:
        zero = old == 0
        np.testing.assert_array_equal(np.signbit(new[zero]), np.signbit(old[zero]), "the sign of 0")
        infinite = np.isinf(old)
        np.testing.assert_array_equal(new[infinite & np.isinf(new)], old[infinite & np.isinf(new)])
    if nan is not None:
        assert np.isnan(new[np.isnan(old) & nan]).all(), "NaN has become a number"


# --- every rewrite of the table, by existing ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", PATTERNS, ids=lambda r: r.name)
def test_a_rewrite_holds_at_the_corners(rule, dtype):
    names = list(inspect.signature(rule.pattern).parameters)
    counted = "length" in (inspect.getsource(rule.when) if rule.when else "")
    leaves = [input(name, ("n",), dtype) for name in names[: len(names) - counted]]
    one, two = pairs(dtype)
    numbers = [corners(dtype)] if len(leaves) == 1 else [one, two, np.roll(one, 1), np.roll(two, 2)]
    feed = dict(zip(leaves, numbers, strict=False))
    of_examples = [count(leaves[0].shape, np.dtype(dtype))] if counted else []
    before = rule.pattern(*leaves, *of_examples)
    exact = rule in ARITHMETIC and not counted
    for proved in (sigmoid, np.square):
        if rule.rewrite(before) is None:  # only of what is proved to be positive, or a square
            exact = False
            before = rule.pattern(*map(proved, leaves))
    after = rule.rewrite(before)
    assert after is not None
    nan = np.any([np.isnan(v) for v in feed.values()], axis=0)
    # What is undefined, and not just out of reach of floats, stays NaN too: the root of -1, squared, is not -1.
    nan = nan | ~np.any([np.isinf(step) for step in np.broadcast_arrays(*steps_of(before, feed))], axis=0)
    rounding = 40 * np.finfo(dtype).eps
    old, new = values(before, feed), values(after.astype(before.dtype), feed)
    assert_no_worse(old, new, rounding=rounding, exact=exact, nan=nan)


# --- expressions that grow at random ---


@pytest.mark.parametrize("seeds", [range(60), pytest.param(range(60, 3000), marks=pytest.mark.long)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_random_expressions_at_the_corners(seeds, dtype):
    x, y = inputs(dtype)
    X, Y = pairs(dtype, mild=True)  # so that a few steps do not overflow
    rounding = {"float32": 1e-4, "float64": 1e-7}[dtype]
    for seed in seeds:
        build = grown(seed)
        node = build(x, y)
        if node.dtype.kind != "f":
            continue
        old, new = (values(n, {x: X, y: Y}) for n in (node, simplify(node)))
        true = np.broadcast_to(build(X.astype(np.longdouble), Y.astype(np.longdouble)), X.shape)
        steady = np.isfinite(old) & (np.abs(old - true) <= rounding / 10 * np.abs(true))
        infinite, nan, size = np.isinf(X) & np.isinf(Y), np.isnan(X) & np.isnan(Y), np.ones(X.shape)
        for step in evaluate([node], {x: X, y: Y}).values():
            # What is made better on the way, from NaN to a number, may show in the end.
            steady &= np.isfinite(step) | (np.isinf(step) & infinite) | (np.isnan(step) & nan)
            size = np.fmax(size, np.where(np.isfinite(step), np.abs(step), 1.0))
        close = np.abs(new - true) <= rounding * np.abs(true) + 8 * np.finfo(dtype).eps * size
        wrong = steady & ~close
        assert not wrong.any(), f"seed {seed} at {X[wrong][:3]}, {Y[wrong][:3]}: {node} = {new[wrong][:3]}"
        lost = np.isnan(old) & nan & ~np.isnan(new)
        guarded = "where" in str(node)  # 0 · log(0) of a 0 that stands for NaN is 0
        assert guarded or not lost.any(), f"seed {seed}: NaN has become a number in {node}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_expressions_and_their_gradients_on_both_engines(dtype):
    x, y = inputs(dtype)
    keep = [(np.abs(v) < 1e9) | ~np.isfinite(v) for v in pairs(dtype)]
    X, Y = (v[keep[0] & keep[1]] for v in pairs(dtype))
    nodes = [n for n in (grown(seed, steps=4)(x, y) for seed in range(24)) if n.dtype.kind == "f"]
    slopes = [grad(np.sum(n), [x, y]) for n in nodes]
    ends = [end for n, slope in zip(nodes, slopes, strict=True) for end in (n, *slope)]
    written = evaluate(ends, {x: X, y: Y})
    found = {engine: compiled(ends, {x: X, y: Y}, engine) for engine in ENGINES}
    for i, end in enumerate(ends):
        value = written[ends[i - i % 3]]
        defined = np.isfinite(written[end]) & np.isfinite(value)
        for engine in ENGINES:
            new = np.broadcast_to(found[engine][i], defined.shape)
            assert np.isfinite(new[defined]).all(), f"{engine}: {end} is no longer finite"
        a, b = (np.broadcast_to(found[engine][i], defined.shape) for engine in ENGINES)
        np.testing.assert_array_equal(np.isnan(a[defined]), np.isnan(b[defined]), str(end))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_elementwise_row_at_the_corners_on_the_native_engine(dtype):
    x, y = inputs(dtype)
    X, Y = pairs(dtype)
    nodes = []
    for row in TABLE.values():
        if row.partials is None or row.name in ("raised", "power", "mark", "stop_gradient", "cast"):
            continue
        attributes = [case.attributes for case in row.cases] or [{}]
        count = len(inspect.signature(row.partials).parameters) - 1 - len(attributes[0])
        arguments = {1: (x,), 2: (x, y), 3: (x > 0, x, y)}[count]
        nodes += [row(*arguments, **a) for a in attributes]
    written = evaluate(nodes, {x: X, y: Y})
    for node, new in zip(nodes, compiled(nodes, {x: X, y: Y}, "native"), strict=True):
        old = np.broadcast_to(written[node], X.shape)
        new = np.broadcast_to(new, X.shape)
        if node.primitive.name in ("sin", "cos"):
            old, new = (np.where(np.abs(X) < 1e4, v, 0) for v in (old, new))
        np.testing.assert_allclose(
            new, old, rtol=8 * np.finfo(dtype).eps, atol=2 * np.finfo(dtype).tiny, err_msg=str(node)
        )


# --- kinds that were wrong ---

GUARDS = {
    "u > 0": lambda u: np.where(u > 0, u, 0.0),
    "0 < u": lambda u: np.where(np.less(0, u), u, 0.0),
    "u >= 0": lambda u: np.where(u >= 0, u, 0.0),
    "not u > 0, swapped": lambda u: np.where(~(u > 0), 0.0, u),
    "-u < 0": lambda u: np.where(-u < 0, u, 0.0),
    "leaky": lambda u: np.where(u > 0, u, 0.0 * np.where(u > 0, u, 1.0)),
    "u = u": lambda u: np.where(np.equal(u, u), u, 0.0),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", GUARDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_guard_against_nan_stays_one(form, dtype, engine):
    y = input("y", (3,), dtype)
    e = GUARDS[form](np.sqrt(y))
    slope = grad(np.sum(e), y)
    feed = {y: np.array([-1.0, -4.0, 4.0], dtype)}
    for found in (compiled([e, slope], feed, engine), [evaluate([n], feed)[n] for n in (e, slope)]):
        np.testing.assert_allclose(found[0], [0, 0, 2])
        np.testing.assert_allclose(found[1], [0, 0, 0.25])


@pytest.mark.parametrize("engine", ENGINES)
def test_relu_and_its_kin_keep_nan(engine):
    x = input("x", (4,))
    nodes = [relu(x), np.maximum(x, 0), np.maximum(0, x), np.minimum(x, 0), np.clip(x, 0, None), np.sign(x)]
    at = np.array([np.nan, -0.0, -1.0, 2.0])
    right = [[np.nan, 0, 0, 2]] * 3 + [[np.nan, 0, -1, 0], [np.nan, 0, 0, 2], [np.nan, 0, -1, 1]]
    for node, found, want in zip(nodes, compiled(nodes, {x: at}, engine), right, strict=True):
        np.testing.assert_array_equal(found, want, str(node))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "form",
    [
        lambda x: 0 - x,
        lambda x: x + 0,
        lambda x: -(x - np.abs(x)),
        lambda x: x - -0.0,
        lambda x: -0.0 - x,
        lambda x: x * -1,
        lambda x: (x - np.abs(x)) * -2,
    ],
)
def test_the_sign_of_zero_is_kept_for_a_division_to_see(form, engine):
    x = input("x", (3,))
    at = np.array([0.0, -0.0, 2.0])
    np.testing.assert_array_equal(compiled([1 / form(x)], {x: at}, engine)[0], 1 / form(at))


def test_what_vanishes_is_asked_whether_it_is_nan():
    z = input("z", (4,))
    at = np.array([np.nan, -900.0, 3.0, np.inf])
    for node, right in [
        (sigmoid(z) - sigmoid(z), [np.nan, 0, 0, 0]),
        (sigmoid(z) / sigmoid(z), [np.nan, 1, 1, 1]),
        (np.tanh(z) * 2 - 2 * np.tanh(z) + 1, [np.nan, 1, 1, 1]),
        (np.sin(z) - np.sin(z), [np.nan, 0, 0, np.nan]),
        (np.sum(softmax(z, axes=(0,))), [np.nan] * 4),
        (z * 0 + np.exp(z) / np.exp(z), [np.nan, 1, 1, np.nan]),
    ]:
        np.testing.assert_array_equal(values(simplify(node), {z: at}), right, str(node))


def test_a_factor_that_cancels_leaves_no_digits_behind():
    z = input("z", (3,))
    at = np.array([40.0, -40.0, 1.0])
    e, s = np.exp(z), sigmoid(z)
    for node in (e * s * s / (s * s), sigmoid(-z) * s / s, sigmoid(-z) * s * s / (s * s) * 2):
        np.testing.assert_allclose(values(simplify(node), {z: at}), values(node, {z: at}), rtol=1e-12)


def test_a_shift_that_is_infinite_is_no_shift():
    x, s = input("x", (3,)), input("s", ())
    shifted = simplify(softmax(x - s, axes=(0,)))
    assert np.isnan(evaluate([shifted], {x: np.zeros(3), s: np.nan})[shifted]).all()
    plain = simplify(softmax(x - np.max(x), axes=(0,)))
    assert plain.inputs[0] is x
