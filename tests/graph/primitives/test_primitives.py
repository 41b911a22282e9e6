"""Tests that follow from the table: every row is held to its own formula, shape, dtype and convention."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from chainrule.errors import GraphError, NoDerivativeError, UnsupportedError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import constant, input, record, variable
from chainrule.graph.primitives import (
    arithmetic,
    corners,
    exponentials,
    identities,
    random,
    reductions,
    trigonometry,
)
from chainrule.graph.primitives.primitive import POSITIVE, REAL, TABLE, Case, Primitive, add, same_shape
from chainrule.transform.backprop import grad, pullback
from chainrule.transform.forward import pushforward

SHAPES = [(), (2,), (3, 2), (1, 2), (0,), (0, 2)]
ROWS = list(TABLE.values())  # now, before an example in a docstring adds a row of its own
ELEMENTWISE = [row for row in ROWS if row.domain]
STRUCTURAL = [row for row in ROWS if row.cases and not row.domain]
LEAVES = {"variable", "input", "constant"}


@dataclass(frozen=True)
class Example:
    """A row at one place: numbers for its inputs, and its attributes."""

    primitive: Primitive
    inputs: tuple[np.ndarray, ...]
    attributes: dict

    def node(self, dtype=np.float64):
        leaves = [input(f"x{i}", a.shape, self._dtype(a, dtype)) for i, a in enumerate(self.inputs)]
        return leaves, record(self.primitive, leaves, self.attributes)

    def feed(self, leaves):
        return {x: a.astype(x.dtype) for x, a in zip(leaves, self.inputs, strict=True)}

    @staticmethod
    def _dtype(array, dtype):
        return dtype if array.dtype.kind == "f" else array.dtype


def numbers(shape, interval, seed):
    return np.random.default_rng(seed).uniform(*interval, shape)


def elementwise_examples(row, shapes_of_inputs):
    for number, case in enumerate(row.cases or (Case(),)):
        inputs = tuple(
            numbers(shape, interval, 10 * number + i)
            for i, (shape, interval) in enumerate(zip(shapes_of_inputs, row.domain, strict=True))
        )
        yield Example(row, inputs, case.attributes)


def structural_examples(row):
    for number, case in enumerate(row.cases):
        inputs = tuple(
            shape if isinstance(shape, np.ndarray) else numbers(shape, REAL, 10 * number + i)
            for i, shape in enumerate(case.shapes)
        )
        yield Example(row, inputs, case.attributes)


EXAMPLES = [
    example
    for row in ELEMENTWISE
    for shape in SHAPES
    for example in elementwise_examples(row, [shape] * len(row.domain))
] + [example for row in STRUCTURAL for example in structural_examples(row)]


def label(example):
    return f"{example.primitive.name}-{[a.shape for a in example.inputs]}-{example.attributes}"


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=label)
differentiable = pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if not e.primitive.no_derivative], ids=label
)


# --- the checks, which the planted errors below must not survive ------------------------------------------


def check_value(example, dtype):
    """The value has the shape and dtype that the row's rules promise, and arrays and nodes agree."""
    leaves, y = example.node(dtype)
    value = evaluate([y], example.feed(leaves))[y]
    direct = example.primitive(*example.feed(leaves).values(), **example.attributes)
    assert value.shape == y.shape
    assert value.dtype == y.dtype
    np.testing.assert_array_equal(value, direct)


def check_derivative(example):
    """What reverse mode gives is the slope of the row's own forward."""
    leaves, y = example.node()
    floats = [x for x in leaves if x.dtype.kind == "f"]
    weights = numbers(y.shape, (0.5, 1.5), 99)
    gradients = pullback([y], [constant(weights)], floats)
    J = np.sum(y * weights)
    values = evaluate(gradients, example.feed(leaves))
    for x, g in zip(floats, gradients, strict=True):
        assert values[g].shape == x.shape and values[g].dtype == np.float64
        np.testing.assert_allclose(values[g], differences(J, x, example.feed(leaves)), rtol=1e-7, atol=1e-8)


def check_duality(example):
    """Forward mode is the transpose of reverse mode: ⟨w, J v⟩ = ⟨Jᵀ w, v⟩."""
    leaves, y = example.node()
    floats = [x for x in leaves if x.dtype.kind == "f"]
    weights = numbers(y.shape, (0.5, 1.5), 98)
    directions = {x: numbers(x.shape, (-1, 1), 97 - i) for i, x in enumerate(floats)}
    (pushed,) = pushforward([y], {x: constant(v) for x, v in directions.items()})
    pulled = pullback([y], [constant(weights)], floats)
    values = evaluate([pushed, *pulled], example.feed(leaves))
    forward = np.sum(weights * values[pushed])
    backward = sum(np.sum(values[g] * directions[x]) for x, g in zip(floats, pulled, strict=True))
    np.testing.assert_allclose(forward, backward, rtol=1e-11, atol=1e-12)


def check_second_derivative(example):
    """The gradient of a weighted sum of gradients is the slope of that sum."""
    leaves, y = example.node()
    floats = [x for x in leaves if x.dtype.kind == "f"]
    J = np.sum(y * numbers(y.shape, (0.5, 1.5), 96))
    slope = sum(
        np.sum(g * numbers(x.shape, (0.5, 1.5), 95 - i))
        for i, (x, g) in enumerate(zip(floats, grad(J, floats), strict=True))
    )
    second = grad(slope, floats)
    values = evaluate(second, example.feed(leaves))
    for x, g in zip(floats, second, strict=True):
        np.testing.assert_allclose(
            values[g], differences(slope, x, example.feed(leaves)), rtol=1e-7, atol=1e-7
        )


def differences(J, x, feed, h=2e-4):
    """Central differences of a scalar node by one input, extrapolated: the error falls as h⁴."""
    slopes = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):

        def at(t, index=index):
            moved = feed[x].copy()
            moved[index] += t
            return float(evaluate([J], {**feed, x: moved})[J])

        wide, narrow = (at(h) - at(-h)) / (2 * h), (at(h / 2) - at(-h / 2)) / h
        slopes[index] = (4 * narrow - wide) / 3
    return slopes


# --- every row ------------------------------------------------------------------------------------------


def test_every_row_but_the_leaves_is_tried():
    tried = {e.primitive.name for e in EXAMPLES}
    # The derivative of stop_gradient is 0 by definition, see below; loops are in tests/graph/test_loops.py.
    assert {row.name for row in ROWS} - tried - LEAVES == {"stop_gradient", "scan"}
    assert len(ROWS) > 50


@every_example
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_shape_and_dtype(example, dtype):
    check_value(example, dtype)


@every_example
def test_float32_stays_float32(example):
    _, y = example.node(np.float32)
    if y.dtype.kind == "f" and example.inputs and "dtype" not in example.attributes:
        assert y.dtype == np.float32


@differentiable
def test_derivative_against_differences(example):
    check_derivative(example)


@differentiable
def test_forward_mode_is_the_transpose_of_reverse_mode(example):
    check_duality(example)


@differentiable
def test_second_derivative_against_differences(example):
    check_second_derivative(example)


@pytest.mark.parametrize("row", [r for r in ELEMENTWISE if len(r.domain) > 1], ids=lambda r: r.name)
@settings(max_examples=25)
@given(data=st.data())
def test_broadcasting(row, data):
    found = data.draw(
        mutually_broadcastable_shapes(num_shapes=len(row.domain), max_dims=3, max_side=3, min_side=0)
    )
    for example in elementwise_examples(row, found.input_shapes):
        check_value(example, "float32")
        if not row.no_derivative:
            check_derivative(example)
            check_duality(example)


@pytest.mark.parametrize("row", ELEMENTWISE, ids=lambda r: r.name)
@pytest.mark.parametrize("dtype", ["bool", "int32", "int64"])
def test_whole_numbers_and_truth_values_go_where_numpy_takes_them(row, dtype):
    attributes = (row.cases or (Case(),))[0].attributes
    arrays = [
        np.array([1, 0, 1]).astype(dtype),
        *([np.array([1, 1, 0]).astype(dtype)] * (len(row.domain) - 1)),
    ]
    leaves = [input(f"x{i}", (3,), dtype) for i in range(len(arrays))]
    try:
        y = record(row, leaves, attributes)
    except UnsupportedError:
        assert dtype == "bool" and row.name in ("subtract", "negative", "sign")
        return
    value = evaluate([y], dict(zip(leaves, arrays, strict=True)))[y]
    assert value.dtype == y.dtype


def test_a_division_of_truth_values_by_float32_is_float32():
    x, c = input("x", (2,), "float32"), input("c", (2,), "bool")
    assert (c / x).dtype == np.float32
    assert (x / input("n", (2,), "int64")).dtype == np.float64


# --- extremes -------------------------------------------------------------------------------------------

INF = math.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "at", "value", "slope"),
    [
        ("sigmoid", [-INF, -1000, 1000, INF], [0, 0, 1, 1], [0, 0, 0, 0]),
        ("tanh", [-INF, -1000, 1000, INF], [-1, -1, 1, 1], [0, 0, 0, 0]),
        ("softplus", [-INF, -1000, 1000, INF], [0, 0, 1000, INF], [0, 0, 1, 1]),
        ("relu", [-INF, -1000, 1000, INF], [0, 0, 1000, INF], [0, 0, 1, 1]),
        ("exp", [-INF, -1000], [0, 0], [0, 0]),
        ("expm1", [-INF, -1000], [-1, -1], [0, 0]),
        ("log", [INF], [INF], [0]),
        ("sqrt", [INF], [INF], [0]),
        ("abs", [-INF, 1000], [INF, 1000], [-1, 1]),
    ],
)
def test_extremes(name, at, value, slope, dtype):
    x = input("x", (len(at),), dtype)
    y = record(TABLE[name], [x])
    g = grad(np.sum(y), x)
    values = evaluate([y, g], {x: at})
    np.testing.assert_array_equal(values[y], np.array(value, dtype))
    np.testing.assert_array_equal(values[g], np.array(slope, dtype))
    np.testing.assert_array_equal(TABLE[name](np.array(at, dtype)), np.array(value, dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("at", "softmax", "logsumexp"),
    [
        ([1000, 0, -1000], [1, 0, 0], 1000),
        ([-1000, -1000], [0.5, 0.5], -1000 + math.log(2)),
        ([-INF, 0], [0, 1], 0),
        ([1e30, 1e30], [0.5, 0.5], 1e30),
    ],
)
def test_extremes_of_softmax(at, softmax, logsumexp, dtype):
    x = input("x", (len(at),), dtype)
    p, s = reductions.softmax(x, axes=(0,)), reductions.logsumexp(x, axes=(0,), keepdims=False)
    gradients = [grad(s, x), grad(p[0], x)]
    values = evaluate([p, s, *gradients], {x: at})
    np.testing.assert_array_equal(values[p], np.array(softmax, dtype))
    np.testing.assert_allclose(values[s], logsumexp, rtol=1e-7)
    np.testing.assert_array_equal(values[gradients[0]], values[p])
    assert np.isfinite(values[gradients[1]]).all()


def test_logsumexp_of_nothing_and_of_infinities():
    total = reductions.logsumexp
    assert total(np.array([-INF, -INF]), axes=(0,), keepdims=False) == -INF
    assert total(np.array([INF, 0.0]), axes=(0,), keepdims=False) == INF
    assert total(np.zeros((0,)), axes=(0,), keepdims=False) == -INF


def test_a_row_computes_plain_numbers_too():
    assert exponentials.sigmoid(0.0) == 0.5
    assert corners.step(-0.5) == 0.0
    np.testing.assert_allclose(reductions.softmax([0.0, 0.0], axes=(0,)), [0.5, 0.5])


# --- conventions at kinks -------------------------------------------------------------------------------


def slopes(row, *at, **attributes):
    leaves = [input(f"x{i}", np.shape(a), "float64") for i, a in enumerate(at)]
    y = record(row, leaves, attributes)
    gradients = pullback([y], [constant(np.ones(y.shape))], leaves)
    values = evaluate(gradients, dict(zip(leaves, at, strict=True)))
    return [values[g].tolist() for g in gradients]


KINKS = {
    "relu": lambda: slopes(corners.relu, 0.0) == [0],
    "abs": lambda: slopes(corners.absolute, 0.0) == [0],
    "sign": lambda: slopes(corners.sign, [0.0, 2.0]) == [[0, 0]],
    "floor": lambda: slopes(corners.floor, [1.0, 1.5]) == [[0, 0]],
    "clip": lambda: slopes(corners.clip, [-1.0, 0.0, 1.0], low=-1, high=1) == [[0, 1, 0]],
    "maximum": lambda: (
        slopes(corners.maximum, 2.0, 2.0, tie=0.5) == [0.5, 0.5]
        and slopes(corners.maximum, 2.0, 2.0, tie=0.0) == [0, 0]
    ),
    "minimum": lambda: (
        slopes(corners.minimum, 2.0, 2.0, tie=0.5) == [0.5, 0.5]
        and slopes(corners.minimum, 2.0, 2.0, tie=0.0) == [0, 0]
    ),
    "where": lambda: slopes(corners.where, [1.0, 0.0], [5.0, 5.0], [6.0, 6.0]) == [[0, 0], [1, 0], [0, 1]],
    "step": lambda: corners.step(np.array([-0.1, 0.0, 0.1])).tolist() == [0, 1, 1],
    "stop_gradient": lambda: slopes(identities.stop_gradient, [3.0]) == [[0]],
    "sqrt": lambda: slopes(arithmetic.sqrt, 0.0) == [INF],
    "arcsin": lambda: slopes(trigonometry.arcsin, [-1.0, 0.0, 1.0]) == [[INF, 1, INF]],
    "arccos": lambda: slopes(trigonometry.arccos, [-1.0, 0.0, 1.0]) == [[-INF, -1, -INF]],
    "arccosh": lambda: slopes(trigonometry.arccosh, [1.0]) == [[INF]],
    "cbrt": lambda: slopes(arithmetic.cbrt, [0.0, 8.0]) == [[INF, 1 / 12]],
    "fmod": lambda: slopes(corners.fmod, [6.0, -7.0], [3.0, 3.0]) == [[1, 1], [-2, 2]],
    "root": lambda: slopes(arithmetic.root, [0.0, 4.0]) == [[0, 0.25]],
    "power": lambda: (
        slopes(arithmetic.power, 0.0, 2.0) == [0, 0]
        and slopes(arithmetic.power, 0.0, 0.0)[0] == 0
        and slopes(arithmetic.power, -2.0, 2.0)[0] == -4
        and math.isnan(slopes(arithmetic.power, -2.0, 2.0)[1])
    ),
    "weigh": lambda: (
        slopes(arithmetic.weigh, 0.0, -INF) == [0, 0]
        and slopes(arithmetic.weigh, 0.0, 3.0) == [3, 0]
        and math.isnan(arithmetic.weigh(0.0, np.nan))
    ),
    "logaddexp": lambda: (
        slopes(exponentials.logaddexp, -INF, -INF) == [0.5, 0.5]
        and slopes(exponentials.logaddexp, INF, 0.0) == [1, 0]
    ),
    "softmax": lambda: reductions.softmax([-INF, -INF], axes=(0,)).tolist() == [0.5, 0.5],
    "log_softmax": lambda: reductions.log_softmax([INF, 0.0], axes=(0,)).tolist() == [0, -INF],
    "logsumexp": lambda: (
        slopes(reductions.logsumexp, [INF, INF, 0.0], axes=(0,), keepdims=False) == [[0.5, 0.5, 0]]
    ),
    "max": lambda: slopes(reductions.largest, [1.0, 3.0, 3.0], axes=(0,), keepdims=False) == [[0, 0.5, 0.5]],
    "argmax": lambda: reductions.argmax(np.array([1, 3, 3]), axis=0) == 1,
}


def test_every_row_with_a_kink_states_its_convention():
    assert {row.name for row in ROWS if row.kink} == set(KINKS)


@pytest.mark.parametrize("name", KINKS)
def test_convention_at_the_kink(name):
    assert KINKS[name]()


def test_a_step_refuses_to_be_trained_through():
    x = input("x", (), "float64")
    with pytest.raises(NoDerivativeError, match=r"step.*'sigmoid' or 'relu'"):
        grad(corners.step(x), x)


# --- random bits ----------------------------------------------------------------------------------------


def test_uniform_numbers_are_uniform_and_keyed_by_seed_step_and_stream():
    def draw(seed=1, step=0, stream=0, dtype="float32"):
        return random.random_uniform(
            np.array(seed), np.array(step), shape=(20_000,), stream=stream, dtype=dtype
        )

    a = draw()
    np.testing.assert_array_equal(a, draw())
    np.testing.assert_array_equal(a.astype(np.float64), draw(dtype="float64"))
    assert a.min() >= 0 and a.max() < 1
    assert abs(a.mean() - 0.5) < 0.01 and abs(a.var() - 1 / 12) < 0.002
    for other in (draw(seed=2), draw(seed=1 + 2**32), draw(seed=1 + 2**62), draw(step=1), draw(stream=1)):
        assert abs(np.corrcoef(a, other)[0, 1]) < 0.03


# --- the table itself -----------------------------------------------------------------------------------


def test_a_row_is_written_by_its_name():
    assert repr(TABLE["sin"]) == "<row sin>"


def test_a_second_row_of_one_name_is_refused():
    with pytest.raises(GraphError, match="already has a row named 'sin'"):
        add(Primitive(name="sin", text="sin({0})", forward=np.sin, partials=lambda y, x: [np.cos(x)]))


@pytest.mark.parametrize(
    ("partials", "says"),
    [
        (lambda y, a, b: a * b, "must be a list of 2 derivatives, one for each input; found no list. "),
        (lambda y, a, b: [b], "must be a list of 2 derivatives, one for each input; found 1 of them. "),
    ],
    ids=["a node of as many numbers", "one for two inputs"],
)
def test_partials_that_are_not_one_for_each_input_are_refused(partials, says):
    own = Primitive(name="own product", text="{0} {1}", forward=lambda a, b: a * b, partials=partials)
    a, b = variable([1.0, 2.0]), variable([3.0, 4.0])
    with pytest.raises(GraphError, match=f"The partials of 'own product' {says}"):
        grad(np.sum(own(a, b)), [a, b])


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"vjp": lambda dy, y, x: [dy]},
        {"partials": lambda y, x: [1], "no_derivative": "both"},
        {"partials": lambda y, x: [1], "vjp": lambda dy, y, x: [dy], "jvp": lambda d, y, x: d[0]},
    ],
    ids=["none", "half", "two", "both"],
)
def test_a_row_says_its_derivative_in_exactly_one_way(rules):
    with pytest.raises(GraphError, match="'odd' must say what its derivative is in one way"):
        Primitive(name="odd", text="odd({0})", forward=np.sin, **rules)


WRONG = {
    "sign": Primitive(name="w", text="", forward=np.cos, partials=lambda y, x: [np.sin(x)], domain=(REAL,)),
    "factor": Primitive(name="w", text="", forward=np.square, partials=lambda y, x: [x], domain=(REAL,)),
    "missing square": Primitive(
        name="w", text="", forward=lambda x: 1 / x, partials=lambda y, x: [-y], domain=(POSITIVE,)
    ),
    "swapped": Primitive(
        name="w", text="", forward=np.multiply, partials=lambda y, a, b: [a, b], domain=(REAL, REAL)
    ),
    "forgotten input": Primitive(
        name="w", text="", forward=np.subtract, partials=lambda y, a, b: [1, None], domain=(REAL, REAL)
    ),
    "one per cent": Primitive(
        name="w", text="", forward=np.sin, partials=lambda y, x: [1.01 * np.cos(x)], domain=(REAL,)
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_planted_error_is_caught(kind):
    row = WRONG[kind]
    (example,) = elementwise_examples(row, [(2,)] * len(row.domain))
    check_value(example, "float64")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_derivative(example)


def test_a_forward_mode_that_is_not_the_transpose_is_caught():
    row = Primitive(
        name="w",
        text="",
        forward=lambda x: 2 * x,
        vjp=lambda dy, y, x: [2 * dy],
        jvp=lambda dots, y, x: 3 * dots[0],
        shape=same_shape,
    )
    example = Example(row, (np.array([1.0, 2.0]),), {})
    check_derivative(example)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_duality(example)


def test_a_wrong_shape_or_dtype_rule_is_caught():
    wide = Primitive(name="w", text="", forward=np.sum, partials=lambda y, x: [1], domain=(REAL,))
    with pytest.raises(AssertionError):
        check_value(Example(wide, (np.ones(3),), {}), "float64")
    whole = Primitive(
        name="w",
        text="",
        forward=np.sin,
        partials=lambda y, x: [1],
        dtype=lambda x: np.dtype(int),
        domain=(REAL,),
    )
    with pytest.raises(AssertionError):
        check_value(Example(whole, (np.ones(3),), {}), "float64")
