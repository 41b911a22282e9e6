"""Activations: values, derivatives, kinks, extremes, names."""

import math
from functools import partial

import numpy as np
import pytest

from chainrule.errors import GraphError, NoDerivativeError, ShapeError, UnknownNameError
from chainrule.graph.node import variable
from chainrule.nn import activations
from chainrule.nn.activations import ACTIVATIONS, ELU, LeakyReLU, activation, activation_name
from chainrule.transform.backprop import grad

SMOOTH = [name for name in ACTIVATIONS if name not in ("step", "softmax")]
POINTS = np.array([-30.0, -3.0, -0.7, -0.01, 0.02, 0.5, 3.0, 30.0])


def derivative(f, z):
    node = variable(z)
    return grad(np.sum(f(node)), node).value


def erf_gelu(z):
    return np.array([x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in z])


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("identity", lambda z: z),
        ("step", lambda z: (z >= 0) * 1.0),
        ("sigmoid", lambda z: np.exp(z) / (1 + np.exp(z))),
        ("tanh", lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))),
        ("relu", lambda z: z * (z > 0)),
        ("leaky_relu", lambda z: np.maximum(0.01 * z, z)),
        ("elu", lambda z: [x if x > 0 else math.expm1(x) for x in z]),
        ("silu", lambda z: z / (1 + np.exp(-z))),
        ("softplus", lambda z: np.log1p(np.exp(z))),
        ("exponential", np.exp),
        ("softmax", lambda z: np.exp(z) / np.exp(z).sum()),
    ],
)
def test_values_on_arrays_and_nodes(name, by_hand):
    f = activation(name)
    np.testing.assert_allclose(f(POINTS), by_hand(POINTS), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(f(variable(POINTS)).value, f(POINTS), rtol=1e-15)


def test_gelu_is_close_to_z_times_phi():
    z = np.linspace(-6, 6, 2001)
    assert np.abs(activations.gelu(z) - erf_gelu(z)).max() == pytest.approx(0.000473, abs=1e-6)


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_against_differences(name):
    f, h = activation(name), 1e-6
    differences = (f(POINTS + h) - f(POINTS - h)) / (2 * h)
    np.testing.assert_allclose(derivative(f, POINTS), differences, rtol=1e-7, atol=2e-9)


def test_the_lecture_s_values_at_3():
    assert activations.sigmoid(3.0) == pytest.approx(0.9525741268224334, rel=1e-15)
    assert derivative(activations.sigmoid, 3.0) == pytest.approx(0.045176659730912, rel=1e-13)
    assert activations.tanh(3.0) == pytest.approx(0.9950547536867305, rel=1e-15)
    assert derivative(activations.tanh, 3.0) == pytest.approx(0.009866037165440211, rel=1e-12)
    assert activations.leaky_relu(-3.0) == -0.03
    assert derivative(activations.leaky_relu, -3.0) == 0.01


@pytest.mark.parametrize(
    ("name", "at_0"),
    [
        ("relu", 0),
        ("leaky_relu", 0.01),
        ("elu", 1),
        ("gelu", 0.5),
        ("silu", 0.5),
        ("softplus", 0.5),
        ("sigmoid", 0.25),
    ],
)
def test_derivatives_at_0(name, at_0):
    assert derivative(activation(name), 0.0) == at_0


def test_elu_has_its_second_derivative_beside_0():
    node = variable(-1e-9)
    assert grad(grad(activations.elu(node), node), node).value == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_extremes_stay_finite_and_keep_the_dtype(name, dtype):
    z = np.array([-1000, -100, 0, 100, 1000], dtype)
    f = activation(name)
    for value in (f(z), f(variable(z)).value):
        assert value.dtype == dtype and np.isfinite(value).all()
    if name != "step":
        slopes = derivative(f, z)
        assert slopes.dtype == dtype and np.isfinite(slopes).all()


def test_a_slope_above_1_bends_the_right_way():
    assert activations.leaky_relu([-1.0, 1.0], slope=2).tolist() == [-2, 1]
    assert LeakyReLU(slope=2)(variable([-1.0, 1.0])).value.tolist() == [-2, 1]
    assert derivative(LeakyReLU(slope=0.2), [-1.0, 1.0]).tolist() == [0.2, 1]
    assert ELU(alpha=0.5)([-1000.0, 2.0]).tolist() == [-0.5, 2]


def test_softmax_along_any_axis():
    z = np.arange(6.0).reshape(2, 3)
    by_hand = np.exp(z) / np.exp(z).sum(axis=0)
    np.testing.assert_allclose(activations.softmax(z, axis=0), by_hand, rtol=1e-14)
    np.testing.assert_allclose(activations.softmax(variable(z), axis=0).value, by_hand, rtol=1e-14)
    assert activations.softmax(z + 1000).sum(axis=1) == pytest.approx([1, 1], abs=1e-15)
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        activations.softmax(z, axis=2)


def test_nothing_is_learned_through_a_step():
    z = variable([1.0, 2.0])
    with pytest.raises(NoDerivativeError, match="'sigmoid' or 'relu'"):
        grad(np.sum(activations.step(z)), z)


def test_names_and_callables():
    assert activation(None) is activations.identity is activation("linear")
    assert activation("swish") is activations.silu
    assert activation(np.sin) is np.sin
    assert activation_name("logistic") == "sigmoid"
    assert activation_name(activations.relu) == "relu"
    assert activation_name(np.sin) == "sin"
    assert activation_name(LeakyReLU(0.2)) == "LeakyReLU(slope=0.2)"


def test_another_s_function_is_not_taken_for_ours():
    def relu(z):
        return z

    assert activation_name(relu) == f"{__name__}.relu"
    assert activation_name(partial(activations.leaky_relu, slope=0.2)) == "partial"


def test_unknown_names_and_wrong_things():
    with pytest.raises(UnknownNameError, match=r"Unknown activation 'rellu'\. Did you mean 'relu'"):
        activation("rellu")
    with pytest.raises(GraphError, match=r"write LeakyReLU\(...\)"):
        activation(LeakyReLU)
    with pytest.raises(UnknownNameError, match="Unknown activation 3"):
        activation(3)
    with pytest.raises(GraphError, match="LeakyReLU: slope must be a number; found 'steep'"):
        LeakyReLU("steep")
    with pytest.raises(GraphError, match="ELU: alpha must be a number; found nan"):
        ELU(float("nan"))
