"""Checking gradients: right ones pass, wrong ones are found and located, kinks are told apart."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.errors import GraphError, NoDerivativeError, ShapeError
from chainrule.graph.node import input, mark, variable
from chainrule.graph.primitives import corners, indexing, random, reductions
from chainrule.graph.primitives.exponentials import sigmoid, softplus
from chainrule.graph.primitives.identities import stop_gradient
from chainrule.graph.primitives.primitive import Primitive, floating, same_shape
from chainrule.transform.backprop import grad
from chainrule.transform.check import check_gradients


@dataclass(frozen=True)
class Layer:
    """What a network puts on the mark of a layer's output."""

    label: str


def network(X, Y, activation, sizes=(3, 1), dtype="float64", seed=0, bias=0.0):
    """A small network with examples in columns, each layer marked; return its cost and its parameters."""
    rng = np.random.default_rng(seed)
    parameters, A = [], np.asarray(X, dtype)
    for number, units in enumerate(sizes, start=1):
        W = variable(rng.normal(0, 0.8, (units, A.shape[0])).astype(dtype), f"W{number}")
        b = variable(np.full((units, 1), bias, dtype), f"b{number}")
        Z = (W @ A + b).named(f"Z{number}")
        A = activation(Z) if number < len(sizes) else 1 / (1 + np.exp(-np.clip(Z, -500, 500)))
        A = mark(A, Layer(f"{number} '{'hidden' if number < len(sizes) else 'output'}'"), f"A{number}")
        parameters += [W, b]
    A = np.clip(A, 1e-10, 1 - 1e-10)
    Y = np.asarray(Y, dtype)
    return -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)), parameters


XOR = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
TARGET = np.array([[0.0, 1.0, 1.0, 0.0]])


# --- right derivatives pass -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [np.tanh, sigmoid, softplus, lambda z: z * sigmoid(z), np.sin])
def test_a_right_network_passes(activation, dtype):
    J, parameters = network(XOR, TARGET, activation, (4, 3, 1), dtype)
    report = check_gradients(J, parameters)
    assert report.passed and report.culprits == () and report.conventions == {}
    assert [p.name for p in report.parameters] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    for parameter, p in zip(parameters, report.parameters, strict=True):
        assert p.shape == parameter.shape and p.checked == parameter.value.size
        assert p.error < 1e-8 and p.kinks == ()
        analytic = grad(J, parameter).value[p.index]
        assert p.analytic == pytest.approx(analytic, rel=1e-4 if dtype == "float32" else 1e-12)
        assert p.numeric == pytest.approx(p.analytic, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1.0, 1e8])
def test_any_scale_of_j(scale):
    J, parameters = network(XOR, TARGET, np.tanh)
    assert check_gradients(J * scale, parameters).passed
    assert check_gradients(J + scale, parameters).passed
    assert not check_gradients(off(J * scale, 0.01), parameters).passed


@pytest.mark.parametrize("at", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize(
    "function", [np.log, np.sqrt, lambda x: 1 / x, lambda x: x**3, lambda x: x * np.log(x)]
)
def test_any_scale_of_a_parameter(function, at):
    x = variable(at, "x")
    report = check_gradients(function(x), x)
    assert report.passed, str(report)
    assert report.parameters[0].error < 1e-6


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.sin(1000 * x),
        lambda x: np.exp(20 * x),
        lambda x: np.exp(-100 * (x - 0.71) ** 2),
        lambda x: 1 / (1 + np.exp(-300 * (x - 0.7))),
        lambda x: x**20,
    ],
)
def test_strong_curvature_passes_and_one_per_cent_off_does_not(function):
    x = variable(0.7, "x")
    assert check_gradients(function(x), x).passed
    assert not check_gradients(off(function(x), 0.01), x).passed


@settings(max_examples=40)
@given(st.floats(-30, 30), st.floats(-2, 2), st.sampled_from([1e-8, 1.0, 1e8]))
def test_smooth_functions_pass_and_wrong_ones_fail_everywhere(frequency, at, scale):
    x = variable(at, "x")
    J = scale * (np.sin(frequency * x) + np.tanh(x * frequency) + x)
    slope = grad(J, x).value
    assert check_gradients(J, x).passed
    if abs(slope) > 1e-3 * scale:
        assert not check_gradients(off(J, 0.01), x).passed


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("inner", [1.0, 1e-6, 100.0])
def test_a_slope_of_0_where_every_term_is_0_is_right(scale, inner):
    x = variable(0.0, "x")
    J = scale * (np.sin(-x / 2 * inner) + np.tanh(-x / 2 * inner) + x * inner)
    assert grad(J, x).value == 0  # each term vanishes here, and beside the point they cancel
    report = check_gradients(J, x)
    assert report.passed, str(report)
    assert not check_gradients(J + off(x * inner * scale, 0.01), x).passed


def off(J, by):
    """Return J with a derivative that is too large."""
    return OFF(J, by=by)


OFF = Primitive(
    name="slightly off",
    text="off({0})",
    forward=lambda x, by: x,
    partials=lambda y, x, by: [1 + by],
)


def test_a_parameter_without_influence():
    x, y = variable(1.0, "x"), variable(np.ones((2, 2)), "y")
    report = check_gradients(x * 2, [x, y])
    assert report.passed and report.parameters[1].error == 0
    shifted = variable(np.array([1.0, 2.0, 3.0]), "z")
    assert check_gradients(np.sum(reductions.softmax(shifted, axes=(0,))), shifted).passed  # exactly 0


def test_a_bias_before_a_normalization_has_no_influence():
    rng = np.random.default_rng(0)
    X, b = rng.normal(size=(8, 3)) * 100, variable(rng.normal(size=3), "b")
    Z = X + b
    normal = (Z - np.mean(Z, axis=0)) / np.std(Z, axis=0)
    assert check_gradients(np.sum(np.tanh(normal) * rng.normal(size=(8, 3))), b).passed


def test_intermediate_nodes_inputs_and_names():
    x = input("x", ("batch", 2))
    w = variable([[0.5], [-0.3]], "w")
    z = x @ w
    J = np.mean(np.tanh(z) ** 2)
    report = check_gradients(J, [z, w, x], {x: [[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]]})
    assert report.passed
    assert [(p.name, p.shape) for p in report.parameters] == [
        ("parameter 1", (3, 1)),
        ("w", (2, 1)),
        ("x", (3, 2)),
    ]


def test_second_derivatives_are_checked_like_any_others():
    W, x = variable([[0.3, -0.2], [0.1, 0.5]], "W"), variable([1.0, -1.0])
    penalty = np.sum(grad(np.sum(np.tanh(W @ x)), x) ** 2)
    assert check_gradients(penalty, W).passed


def test_labels_and_dropout_masks():
    W = variable(np.random.default_rng(0).normal(size=(3, 4)), "W")
    labels, step = input("labels", ("batch",), "int64"), input("step", (), "int64")
    x = input("x", ("batch", 4))
    kept = random.random_uniform(7, step, shape=(x.shape[0], 3), stream=0, dtype="float64") < 0.7
    z = (x @ W.T) * kept / 0.7
    target = indexing.one_hot(labels, classes=3, dtype="float64")
    J = np.mean(reductions.logsumexp(z, axes=(1,), keepdims=False) - np.sum(z * target, axis=1))
    feed = {x: np.random.default_rng(1).normal(size=(5, 4)), labels: [0, 2, 1, 1, 0], step: 3}
    assert check_gradients(J, W, feed).passed


def test_what_is_stopped_counts_as_a_constant():
    x = variable(3.0, "x")
    report = check_gradients(x * stop_gradient(x**2), x)
    assert report.passed and report.parameters[0].analytic == 9


def test_variables_are_left_as_they_were():
    J, parameters = network(XOR, TARGET, np.tanh, dtype="float32")
    before = [p.attributes["cell"].value for p in parameters]
    check_gradients(J, parameters)
    assert all(p.attributes["cell"].value is old for p, old in zip(parameters, before, strict=True))


def test_some_elements_of_many():
    w = variable(np.linspace(-1, 1, 500), "w")
    report = check_gradients(np.sum(np.tanh(w)), w, elements=7)
    assert report.passed and report.parameters[0].checked == 7


def test_refusals():
    x = variable([1.0, 2.0], "x")
    with pytest.raises(ShapeError, match="scalar"):
        check_gradients(x * 2, x)
    a = input("a", ())
    with pytest.raises(GraphError, match=r"input 'a' \(\) has no value"):
        check_gradients(a * 2, a)
    with pytest.raises(NoDerivativeError, match="step"):
        check_gradients(np.sum(corners.step(x)), x)
    with pytest.raises(GraphError, match=r"cost is -?inf at this point.*cr.trace"):
        check_gradients(np.log(np.sum(x) - 3).named("cost"), x)


# --- kinks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lectures_gradient_check_meets_a_kink_and_no_bug(seed, dtype):
    # S4-90: a fresh [2, 3, 1] ReLU network on (0, 0) and (0, 1); zero biases put Z1 of (0, 0) on the kink.
    J, parameters = network(XOR[:, :2], TARGET[:, :2], lambda z: np.maximum(0, z), dtype=dtype, seed=seed)
    report = check_gradients(J, parameters)
    W1, b1, W2, b2 = report.parameters
    assert report.passed and report.culprits == ()
    assert [k.index for k in b1.kinks] == [(0, 0), (1, 0), (2, 0)]
    for kink in b1.kinks:
        assert min(kink.left, kink.right) - 1e-9 <= kink.used <= max(kink.left, kink.right) + 1e-9
        assert abs(kink.right - kink.left) > 1e-3
    for p in (W1, W2, b2):
        assert p.passed and not p.kinks and p.error < 1e-6
    assert report.conventions == {"relu": "0 at z = 0"}
    written = str(report)
    assert "b1[0, 0] lies on a kink" in written and "b1 += 0.1" in written and "(relu: 0 at z = 0)" in written
    moved, parameters = network(
        XOR[:, :2], TARGET[:, :2], lambda z: np.maximum(0, z), dtype=dtype, seed=seed, bias=0.1
    )
    report = check_gradients(moved, parameters)
    assert report.passed and all(not p.kinks and p.error < 1e-7 for p in report.parameters)


KINKS = {
    "relu": (lambda x: np.maximum(0, 3 * x), 0.0, (0, 3, 0)),
    "abs": (lambda x: np.abs(x) * 2, 0.0, None),  # differences give 0 as well, so nothing is to be said
    "clip": (lambda x: np.clip(x, -1, 1), 1.0, (1, 0, 0)),
    "sign jumps": (lambda x: np.sign(x), 0.0, None),
    "where": (lambda x: np.where(x > 0, 5 * x, x), 0.0, (1, 5, 1)),
    "max": (lambda x: np.max(np.stack([x, 2.0 - x])), 1.0, None),
    "maximum with a number": (lambda x: np.maximum(x, 1.0), 1.0, (0, 1, 0)),
    "a jump": (lambda x: np.where(x >= 1, x + 1, x), 1.0, (math.inf, 1, 1)),
    "inside": (lambda x: np.exp(np.tanh(np.maximum(0, x - 0.5))), 0.5, (0, 1, 0)),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_told_apart(name):
    function, at, expected = KINKS[name]
    x = variable(at, "x")
    report = check_gradients(function(x), x)
    assert report.passed and not report.culprits, str(report)
    if expected:
        (kink,) = report.parameters[0].kinks
        assert (kink.left, kink.right, kink.used) == pytest.approx(expected, abs=1e-6)


def test_near_a_kink_is_not_on_it():
    for distance in (1e-2, 1e-4, 1e-5):
        x = variable(distance, "x")
        report = check_gradients(np.maximum(0, x) * 3, x)
        assert report.passed and not report.parameters[0].kinks
        assert not check_gradients(off(np.maximum(0, x) * 3, 0.01), x).passed


def test_conventions_that_do_not_add_up_are_a_kink_and_not_a_bug():
    x = variable(0.0, "x")
    report = check_gradients(np.maximum(0, x) - np.maximum(0, -x), x)  # x itself; backpropagation says 0
    assert report.passed and len(report.parameters[0].kinks) == 1
    assert report.conventions == {"relu": "0 at z = 0"}


def test_an_infinite_slope_is_told_as_such():
    x = variable(0.0, "x")
    report = check_gradients(np.sqrt(x), x)
    assert "infinite to the right" in str(report) and "(sqrt: infinite at 0)" in str(report)


# --- wrong derivatives are found ------------------------------------------------------------------------


def own(name, forward, derivative):
    return Primitive(name=name, text=name + "({0})", forward=forward, partials=derivative, dtype=floating)


WRONG = {
    "sign": own("wrong sign", np.cos, lambda y, x: [np.sin(x)]),
    "factor": own("wrong factor", np.square, lambda y, x: [x]),
    "square": own("wrong square", np.tanh, lambda y, x: [1 - y]),
    "one per cent": own("wrong by little", np.sin, lambda y, x: [1.01 * np.cos(x)]),
    "forgotten": own("forgotten", np.exp, lambda y, x: [None]),
    "below zero": own(
        "wrong below zero", lambda x: np.where(x > 0, x, x / 10), lambda y, x: [np.where(x > 0, 1, 0)]
    ),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_planted_error_is_located(kind, place, dtype):
    layers = iter(range(1, 3))

    def activation(z):
        return (WRONG[kind](z) if next(layers) == place else np.tanh(z)).named("activated")

    J, parameters = network(XOR, TARGET, activation, (3, 3, 1), dtype, bias=0.2)
    report = check_gradients(J, parameters)
    assert not report.passed
    (culprit,) = report.culprits
    assert (culprit.row, culprit.name) == (WRONG[kind].name, "activated")
    assert culprit.layer == f"{place} 'hidden'"
    assert culprit.node.primitive is WRONG[kind] and culprit.node.dtype == dtype
    assert culprit.error == pytest.approx(0.01, rel=0.01) if kind == "one per cent" else culprit.error > 0.01
    # What comes before the wrong step is spoilt; what comes after it is right.
    wrong = {p.name for p in report.parameters if not p.passed}
    assert wrong <= {"W1", "b1"} if place == 1 else wrong <= {"W1", "b1", "W2", "b2"}
    assert f"b{place}" in wrong
    assert "✗" in str(report)
    assert f"The derivative of {WRONG[kind].name} is wrong" in str(report)
    assert f"at activated in layer {place} 'hidden'." in str(report)


def test_a_wrong_structural_row_is_located():
    turned = Primitive(
        name="turned",
        text="turned({0})",
        forward=lambda x: x.T * 1,
        vjp=lambda dy, y, x: [dy],
        jvp=lambda dots, y, x: dots[0].T,
        shape=same_shape,
    )
    x = variable([[1.0, 2.0], [3.0, 4.0]], "x")
    report = check_gradients(np.sum(np.sin(turned(x)) * np.array([[1.0, 2.0], [3.0, 4.0]])), x)
    assert not report.passed
    assert [(c.row, c.name, c.layer) for c in report.culprits] == [("turned", "turned(x)", "")]


def test_two_wrong_steps_are_both_named_and_innocent_ones_are_not():
    x = variable([0.3, 0.8], "x")
    u = WRONG["factor"](x).named("u")
    v = WRONG["sign"](np.tanh(u)).named("v")
    report = check_gradients(np.sum(v * np.exp(u)), x)
    assert {(c.row, c.name) for c in report.culprits} == {("wrong factor", "u"), ("wrong sign", "v")}


def test_a_wrong_step_beside_a_kink():
    x = variable([0.0, 0.8], "x")
    report = check_gradients(np.sum(WRONG["factor"](np.maximum(0, x) + 0.5)), x)
    assert not report.passed
    assert [c.row for c in report.culprits] == ["wrong factor"]
    assert [k.index for k in report.parameters[0].kinks] in ([], [(0,)])


def test_an_error_that_hides_in_one_element_of_many_is_reported_without_a_culprit():
    hidden = own("hidden", np.sin, lambda y, x: [np.cos(x) * np.where(x > 0.998, 2, 1)])
    x = variable(np.linspace(-1, 1, 1000)[np.r_[:5, 999, 5:999]], "x")
    report = check_gradients(np.sum(hidden(x)), x)
    assert not report.passed and report.parameters[0].index == (5,)
    assert report.culprits == () and "No step was found wrong by itself (at 100 of its elements" in str(
        report
    )


def test_a_wrong_row_that_is_not_on_the_way_is_not_blamed():
    x, y = variable(0.3, "x"), variable(0.4, "y")
    report = check_gradients(WRONG["factor"](y) * x, x)
    assert report.passed and not report.culprits


# --- the report -----------------------------------------------------------------------------------------


def test_the_report_is_frozen_data():
    x = variable([0.3, 0.8], "x")
    report = check_gradients(np.sum(WRONG["factor"](x)), x)
    for thing in (report, report.parameters[0], report.culprits[0]):
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.error = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.passed = True
    p = report.parameters[0]
    assert (p.name, p.shape, p.checked, p.passed) == ("x", (2,), 2, False)
    assert p.error == pytest.approx(0.5) and p.analytic == pytest.approx(p.numeric / 2)


def test_the_table_is_aligned():
    J, parameters = network(XOR, TARGET, WRONG["square"])
    lines = str(check_gradients(J, parameters)).splitlines()
    header, rows = lines[0], lines[1:5]
    for word in ("parameter", "shape"):
        start = header.index(word)
        assert all(row[start - 1] == " " and row[start] != " " for row in rows)
    for word in ("elements", "largest error", "backprop", "differences"):
        end = header.index(word) + len(word)
        assert all(row[end - 1] != " " and row[end : end + 1] in (" ", "") for row in rows)
    assert [row[0] for row in rows] == ["✗", "✗", "✓", "✓"]


# --- a gradient that is no number ---------------------------------------------------------------------------

UNDEFINED = {
    "0 times an infinite slope": (lambda x: np.sum(np.sqrt(x) ** 2), [0.0, 1.0], "sqrt"),
    "an edge": (lambda x: np.sum(x * np.sqrt(x)), [0.0, 1.0], "sqrt"),
    "a power": (lambda x: np.sum(x**0.5 * np.abs(x) ** 0.5), [1.0, 0.0], "raised"),
    "|x| under a root": (lambda x: np.sum(np.abs(x) ** 0.5), [0.0, 1.0], "raised"),
    "a root of |x|": (lambda x: np.sum(np.sqrt(np.abs(x))), [0.0, 1.0], "sqrt"),
    "a quotient": (lambda x: np.sum(np.exp(-1 / x**2)), [0.0, 1.0], "divide"),
    "a logarithm": (lambda x: np.sum(np.exp(np.log(x) * 2)), [0.0, 1.0], "log"),
    "infinite, and nobody says so": (lambda x: np.sum(x**0.25), [0.0, 1.0], "raised"),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_a_gradient_that_is_no_number_does_not_pass(name):
    function, at, row = UNDEFINED[name]
    x = variable(at, "x")
    J = function(x)
    assert not np.isfinite(grad(J, x).value).all()
    report = check_gradients(J, x)
    assert not report.passed and "✓" not in str(report)
    (found,) = report.undefined
    assert found.row == row and found.index == (at.index(0.0),)
    assert f"It begins in {row}, at" in str(report)
    assert "is NaN" in str(report) or math.isinf(found.value)


def test_the_remedies_for_an_undefined_gradient_are_right_when_followed():
    x = variable([0.0, 1.0], "x")
    assert "np.where(condition, step, 0)" in str(check_gradients(np.sum(np.sqrt(x) ** 2), x))
    chosen = np.sum(np.where(x > 0, np.sqrt(x), 0) ** 2)
    assert np.isfinite(grad(chosen, x).value).all()
    x.value = x.value + 0.1  # x += 0.1
    assert check_gradients(np.sum(np.sqrt(x) ** 2), x).passed


def test_norms_pass_in_their_corner():
    h = variable([0.0, 0.0], "h")
    assert check_gradients(np.linalg.norm(h), h).passed  # 0, between slopes of -1 and 1
    assert check_gradients(np.linalg.norm(h) ** 2, h).passed
    report = check_gradients(np.linalg.norm(h) + np.sum(np.sqrt(h)), h)
    assert report.conventions.keys() == {"root", "sqrt"} and report.passed  # infinite, by convention


def test_a_network_whose_gradient_is_nan_does_not_pass():
    model = cr.Network([cr.Dense(2, name="only")], seed=0, dtype="float64", engine="numpy")
    X = np.array([[1.0, 0.5], [2.0, 1.0]])
    model.fit(X, X, epochs=1)
    y = model.predict(X)  # an exact fit

    def rough(y, p):
        return np.mean(np.abs(y - p) ** 0.5, axis=-1)

    def rmse(y, p):
        return np.sqrt(np.mean((y - p) ** 2, axis=-1))

    report = model.check_gradients(X, y, loss=rough)
    assert not report.passed and report.undefined[0].row == "raised"
    assert "✓" not in str(report) and "is NaN" in str(report)
    assert model.check_gradients(X, y, loss=rmse).passed
    assert all(np.isfinite(g).all() for g in model.gradients(X, y, loss=rmse).values())
