"""The ways in which lectures spell the same losses, and what a sceptic found: values and gradients, at ±1000 too."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.node import with_inputs
from chainrule.graph.walk import order, rebuild

# --- binary: every way to write it is σ(z) - y, or at least finite and right -------------------------------

SIGMOIDS = {
    "row": cr.sigmoid,
    "by hand": lambda z: 1 / (1 + np.exp(-z)),
    "power": lambda z: (1 + np.exp(-z)) ** -1,
    "np.e": lambda z: 1 / (1 + np.e ** (-z)),
    "one over exp": lambda z: 1 / (1 + 1 / np.exp(z)),
    "other form": lambda z: np.exp(z) / (1 + np.exp(z)),
    "complement": lambda z: 1 - 1 / (1 + np.exp(z)),
    "times -1": lambda z: np.divide(1.0, 1.0 + np.exp(-1 * z)),
    "exp of log": lambda z: np.exp(-np.log(1 + np.exp(-z))),
}
M = 6
LOSSES = {
    "mean": lambda y, a: -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a)),
    "-1/m * sum": lambda y, a: -1 / M * np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)),
    "two sums": lambda y, a: -(np.sum(y * np.log(a)) + np.sum((1 - y) * np.log(1 - a))) / M,
    "1 - a first": lambda y, a: -np.mean((1 - y) * np.log(1 - a) + y * np.log(a)),
    "signs inside": lambda y, a: np.mean((y - 1) * np.log(1 - a) - y * np.log(a)),
    "log1p": lambda y, a: -np.mean(y * np.log(a) + (1 - y) * np.log1p(-a)),
    "multiply": lambda y, a: np.sum(-np.multiply(np.log(a), y) - np.multiply(np.log(1 - a), 1 - y)) * (1 / M),
    "dot": lambda y, a: np.squeeze(-1 / M * (np.dot(y, np.log(a).T) + np.dot(1 - y, np.log(1 - a).T))),
    "turned": lambda y, a: -np.mean(y.T * np.log(a.T) + (1 - y.T) * np.log(1 - a.T)),
}
Z = np.array([[-1000.0, -30.0, 0.3, 30.0, 1000.0, 1000.0]])
Y = np.array([[1.0, 1.0, 0.0, 0.0, 0.0, 1.0]])
TARGETS = {
    "array": lambda dtype: Y.astype(dtype),
    "constant": lambda dtype: cr.constant(Y.astype(dtype)),
    "variable": lambda dtype: cr.variable(Y.astype(dtype), name="y"),
}


def logistic(z):
    return np.exp(-np.logaddexp(0, -z))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("form", SIGMOIDS)
def test_a_log_loss_is_a_minus_y_however_it_is_written(form, loss, target):
    for dtype, digits in (("float64", 1e-12), ("float32", 1e-6)):
        z = cr.variable(Z.astype(dtype), name="z")
        J = LOSSES[loss](TARGETS[target](dtype), SIGMOIDS[form](z))
        cost, slope = cr.compile([J, cr.grad(J, z)])()
        assert cost.dtype == slope.dtype == dtype
        np.testing.assert_allclose(cost, np.mean(np.logaddexp(0, Z) - Y * Z), rtol=digits)
        np.testing.assert_allclose(slope, (logistic(Z) - Y) / M, rtol=digits, atol=digits)
        found = cr.simplify(cr.grad(J, z))
        if target == "array" and loss in ("signs inside", "turned"):
            continue  # what NumPy made of y is no longer seen to be y: right numbers, one step more
        assert [n.primitive.name for n in order([found]) if n.primitive.name not in ("variable", "constant")] == [
            "sigmoid", "subtract", "multiply",
        ], str(found)  # fmt: skip


@pytest.mark.parametrize("form", SIGMOIDS)
def test_weights_smoothing_and_parts_of_the_output_are_right_at_1000(form):
    weights, smooth = np.array([[1.0, 2.0, 0.5, 3.0, 1.0, 2.0]]), Y * 0.9 + 0.05
    z = cr.variable(Z, name="z")
    a, p = SIGMOIDS[form](z), logistic(Z)
    cases = [
        (np.sum(weights * -(Y * np.log(a) + (1 - Y) * np.log(1 - a))), weights * (p - Y)),
        (-np.sum(smooth * np.log(a) + (1 - smooth) * np.log(1 - a)), p - smooth),
        (-np.sum(3 * Y * np.log(a) + (1 - Y) * np.log(1 - a)), (1 - Y) * p - 3 * Y * logistic(-Z)),
        (-np.sum(Y[0] * np.log(a[0]) + (1 - Y[0]) * np.log(1 - a[0])), p - Y),
        (-np.sum(np.where(Y == 1, np.log(a), np.log(1 - a))), p - Y),
    ]
    for J, slope in cases:
        np.testing.assert_allclose(cr.compile(cr.grad(J, z))(), slope, rtol=1e-12, atol=1e-12)
        assert np.isfinite(cr.compile(J)())


# --- softmax: rows, columns, one example; shifted or not ---------------------------------------------------


SOFTMAXES = {
    "row": lambda z: cr.softmax(z),
    "by hand": lambda z: np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True),
    "shifted": lambda z: (lambda e: e / e.sum(axis=1, keepdims=True))(
        np.exp(z - z.max(axis=1, keepdims=True))
    ),
    "shifted by all": lambda z: (lambda e: e / e.sum(axis=1, keepdims=True))(np.exp(z - np.max(z))),
    "new axis": lambda z: np.exp(z) / np.sum(np.exp(z), axis=1)[:, None],
    "reshaped": lambda z: np.exp(z) / np.sum(np.exp(z), axis=-1).reshape(-1, 1),
    "columns": lambda z: (np.exp(z.T) / np.sum(np.exp(z.T), axis=0)).T,
    "columns, shifted": lambda z: (lambda e: e / e.sum(axis=0))(np.exp(z.T - np.max(z.T, axis=0))).T,
    "inverse": lambda z: np.exp(z) * (1 / np.sum(np.exp(z), axis=1, keepdims=True)),
    "logsumexp": lambda z: np.exp(z - cr.logsumexp(z, axis=1, keepdims=True)),
}
ENTROPIES = {
    "mean of sums": lambda y, p: -np.mean(np.sum(y * np.log(p), axis=1)),
    "-1/n * sum": lambda y, p: -1 / 4 * np.sum(np.multiply(np.log(p), y)),
    "einsum": lambda y, p: -np.einsum("ij,ij->", y, np.log(p)) / 4,
    "of columns": lambda y, p: np.mean(-np.sum(y.T * np.log(p.T), axis=0)),
}
LOGITS = np.array(
    [[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 5.0], [0.3, 0.2, 0.1], [1000.0, 1000.0, -1000.0]]
)
CLASSES = np.eye(3)[[0, 0, 1, 2]]


def shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("loss", ENTROPIES)
@pytest.mark.parametrize("form", SOFTMAXES)
def test_a_cross_entropy_is_p_minus_y_however_it_is_written(form, loss):
    chosen = np.array([0.0, 2000.0, np.log(np.sum(np.exp([0.1, 0.0, -0.1]))), 2000.0 + np.log(2)])
    for dtype, digits in (("float64", 1e-12), ("float32", 1e-6)):
        for y in (CLASSES.astype(dtype), cr.variable(CLASSES.astype(dtype), name="y")):
            z = cr.variable(LOGITS.astype(dtype), name="z")
            J = ENTROPIES[loss](y, SOFTMAXES[form](z))
            cost, slope = cr.compile([J, cr.grad(J, z)])()
            np.testing.assert_allclose(cost, np.mean(chosen), rtol=digits)
            np.testing.assert_allclose(slope, (shares(LOGITS) - CLASSES) / 4, rtol=digits, atol=digits)


@pytest.mark.parametrize("shifted", [False, True])
def test_the_softmax_of_one_example(shifted):
    for values, y in zip(LOGITS, CLASSES, strict=True):
        z = cr.variable(values, name="z")
        e = np.exp(z - np.max(z)) if shifted else np.exp(z)
        for J in (-np.sum(y * np.log(e / np.sum(e))), -np.dot(y, np.log(e / np.sum(e)))):
            assert str(cr.simplify(cr.grad(J, z))).startswith("softmax(z) - ")
            slope = cr.compile(cr.grad(J, z))()
            np.testing.assert_allclose(slope, (shares(values[None]) - y)[0], atol=1e-12)


# --- gradients found anew from a simple J -----------------------------------------------------------------


def test_a_product_of_a_transpose_and_a_negative():
    """The sign once went out with the letters from before the transpose: wrong numbers, or no shape at all."""
    rng = np.random.default_rng(0)
    a, b = cr.variable(rng.normal(size=(3, 2))), cr.variable(rng.normal(size=(3, 4)))
    square = cr.variable(rng.normal(size=(3, 3)))
    for node in (a.T @ (-b), (-a).T @ b, (-a.T) @ (-b), square.T @ (-square), (-square) @ (-square).T):
        np.testing.assert_allclose(cr.simplify(node).value, node.value, rtol=1e-14)


def test_the_gradient_by_an_intermediate_keeps_every_other_path():
    """∂J/∂a holds z fixed, though z depends on x as a does and rewrites may do without a."""
    x = cr.variable(np.array([0.3, -2.0, 1.0]), name="x")
    z = (x * 2).named("z")
    a = cr.sigmoid(z).named("a")
    J = np.sum(np.log(a) + np.log(1 - a) * z + a * np.exp(z))
    for u in (x, z, a):
        np.testing.assert_allclose(cr.simplify(cr.grad(J, u)).value, cr.grad(J, u).value, rtol=1e-12)
    assert cr.simplify(cr.grad(J, J)).value == 1.0
    together = cr.compile([J, *cr.grad(J, [x, z, a, J, x])])()
    for found, u in zip(together[1:], [x, z, a, J, x], strict=True):
        np.testing.assert_allclose(found, cr.grad(J, u).value, rtol=1e-12)


def test_gradients_of_gradients_are_found_anew_too():
    z = cr.variable(np.array([-1000.0, 0.5, 1000.0]), name="z")
    y = np.array([0.0, 1.0, 1.0])
    a = 1 / (1 + np.exp(-z))
    slope = cr.grad(-np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)), z)
    curvature = cr.grad(np.sum(slope), z)
    p = logistic(z.value)
    np.testing.assert_allclose(cr.compile(curvature)(), p * (1 - p), atol=1e-12)
    penalty = cr.grad(np.sum(slope**2), z)
    np.testing.assert_allclose(cr.compile(penalty)(), 2 * (p - y) * p * (1 - p), atol=1e-12)


def test_a_gradient_that_was_rebuilt_from_other_inputs_is_taken_as_it_stands():
    x, other = cr.variable(2.0, name="x"), cr.variable(5.0, name="other")
    slope = cr.grad(x**3, x)
    moved = rebuild([slope], lambda n, inputs: other if n is x else with_inputs(n, inputs))[slope]
    assert moved.value == cr.simplify(moved).value == 75.0
    assert cr.simplify(cr.grad(moved, other)).value == 30.0


def test_two_nodes_of_one_variable_are_one_variable():
    w = cr.variable(3.0, name="w")
    J = w.named("left") * np.exp(w.named("right"))
    assert cr.simplify(cr.grad(J, w)).value == pytest.approx(np.exp(3.0) * 4)


def test_a_stopped_gradient_stays_stopped_when_it_is_found_anew():
    x = cr.variable(3.0, name="x")
    assert cr.compile(cr.grad(x * cr.stop_gradient(x), x))() == 3.0


def test_kinks_keep_their_convention_when_simplified():
    z = cr.variable(np.array([-1.0, 0.0, 2.0]), name="z")
    for f in (
        cr.relu,
        lambda z: np.maximum(0, z),
        lambda z: z * (z > 0),
        lambda z: np.where(z > 0, z, 0),
        np.abs,
    ):
        J = np.sum(f(z))
        np.testing.assert_array_equal(cr.simplify(cr.grad(J, z)).value, cr.grad(J, z).value)
