"""Losses: values of one example each, derivatives, labels, shapes that must not broadcast, names."""

import math

import numpy as np
import pytest
from sklearn import metrics

import chainrule as cr
from chainrule.errors import DataError, GraphError, ShapeError, UnknownNameError
from chainrule.graph.functions import one_hot
from chainrule.graph.node import input, variable
from chainrule.graph.trace import trace
from chainrule.nn import losses
from chainrule.nn.activations import sigmoid, softmax
from chainrule.nn.losses import (
    LOSSES,
    CategoricalCrossentropy,
    Huber,
    Quantile,
    default_loss,
    describe_loss,
    loss,
)
from chainrule.transform.backprop import grad

RNG = np.random.default_rng(0)
TARGET = RNG.uniform(0.1, 0.9, (5, 3))
PREDICTION = RNG.uniform(0.1, 0.9, (5, 3))
BY_HAND = {
    "mse": lambda y, p: (y - p) ** 2,
    "half_mse": lambda y, p: (y - p) ** 2 / 2,
    "mae": lambda y, p: np.abs(y - p),
    "huber": lambda y, p: (y - p) ** 2 / 2,  # all errors here are below 1
    "quantile": lambda y, p: np.abs(y - p) / 2,
    "poisson": lambda y, p: p - y * np.log(p),
    "binary_crossentropy": lambda y, p: -y * np.log(p) - (1 - y) * np.log(1 - p),
    "categorical_crossentropy": lambda y, p: -3 * y * np.log(p),  # a sum over the 3 classes, not a mean
}


@pytest.mark.parametrize("name", BY_HAND)
def test_one_number_for_each_example(name):
    f, expected = loss(name), BY_HAND[name](TARGET, PREDICTION).mean(axis=1)
    np.testing.assert_allclose(f(TARGET, PREDICTION), expected, rtol=1e-14)
    np.testing.assert_allclose(f(TARGET, variable(PREDICTION)).value, expected, rtol=1e-14)
    np.testing.assert_allclose(f(variable(TARGET), variable(PREDICTION)).value, expected, rtol=1e-14)


@pytest.mark.parametrize("name", BY_HAND)
def test_the_batch_may_be_open_and_float32_stays(name):
    y, p = (input(n, ("batch", 3), "float32") for n in "yp")
    node = loss(name)(y, p)
    assert str(node.shape) == "(batch,)" and node.dtype == "float32"
    values = trace(node, {y: TARGET, p: PREDICTION})[node]
    np.testing.assert_allclose(values, BY_HAND[name](TARGET, PREDICTION).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("f", [*BY_HAND, CategoricalCrossentropy(0.2), Huber(0.2), Quantile(0.9)], ids=str)
def test_derivatives_against_differences(f):
    f, p, h = loss(f), variable(PREDICTION), 1e-6
    found = grad(np.sum(f(TARGET, p)), p).value
    for i, j in np.ndindex(PREDICTION.shape):
        moved = [PREDICTION.copy(), PREDICTION.copy()]
        moved[0][i, j] += h
        moved[1][i, j] -= h
        difference = (f(TARGET, moved[0]).sum() - f(TARGET, moved[1]).sum()) / (2 * h)
        assert found[i, j] == pytest.approx(difference, rel=1e-6, abs=1e-9)


def test_a_single_number_or_column_is_one_output_each():
    np.testing.assert_array_equal(
        losses.mse(TARGET[:, 0], PREDICTION[:, 0]), losses.mse(TARGET[:, :1], PREDICTION[:, :1])
    )
    a = sigmoid(variable(1.3)).named("a")
    L = losses.binary_crossentropy(1, a)
    assert L.shape == () and L.value == pytest.approx(0.24100845383299221, rel=1e-12)
    assert grad(L, a).value == pytest.approx(-1.2725317930340125, rel=1e-12)


def test_more_axes_are_averaged_too():
    y, p = np.zeros((2, 3, 4)), np.arange(24.0).reshape(2, 3, 4)
    assert losses.mae(y, p).tolist() == [5.5, 17.5]


def test_the_lecture_s_numbers():
    assert losses.half_mse([[1.0]], [[0.9]])[0] == pytest.approx(0.005, rel=1e-12)
    assert losses.binary_crossentropy([[1.0]], [[0.99]])[0] == pytest.approx(0.010050335853501, rel=1e-12)
    assert losses.binary_crossentropy([[1.0]], [[0.01]])[0] == pytest.approx(4.605170185988091, rel=1e-14)
    mirrored = losses.binary_crossentropy([[0.0]], [[0.01]])
    assert mirrored[0] == pytest.approx(0.010050335853501, rel=1e-12)


def test_cross_entropy_of_a_sigmoid_has_the_derivative_a_minus_y():
    z = variable([[0.3], [-2.0]])
    y = np.array([[1.0], [0.0]])
    found = grad(np.sum(losses.binary_crossentropy(y, sigmoid(z))), z).value
    np.testing.assert_allclose(found, sigmoid(z).value - y, rtol=1e-13)


def test_against_scikit_learn():
    y = np.array([0, 2, 1, 2, 0])
    p = PREDICTION / PREDICTION.sum(axis=1, keepdims=True)
    assert losses.categorical_crossentropy(y, p).mean() == pytest.approx(metrics.log_loss(y, p), rel=1e-13)
    for q in (0.1, 0.5, 0.9):
        expected = metrics.mean_pinball_loss(TARGET, PREDICTION, alpha=q)
        assert Quantile(q)(TARGET, PREDICTION).mean() == pytest.approx(expected, rel=1e-13)


def test_huber_is_smooth_at_delta_and_straight_beyond():
    p = variable([[2.0], [2.0 + 1e-9], [5.0], [-5.0]])
    f = Huber(delta=2)
    assert f(np.zeros((4, 1)), p).value == pytest.approx([2, 2, 8, 8])
    assert grad(np.sum(f(np.zeros((4, 1)), p)), p).value.ravel().tolist() == [2, 2, 2, -2]


def test_ties_of_mae_and_quantile():
    p = variable([[1.0]])
    assert grad(np.sum(losses.mae([[1.0]], p)), p).value == 0
    assert grad(np.sum(losses.quantile([[1.0]], p)), p).value == 0


def test_labels_are_one_hot_rows():
    labels, rows = np.array([2, 0, 1]), np.eye(3)[[2, 0, 1]]
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    expected = [-math.log(0.5), -math.log(0.6), -math.log(0.8)]
    for y in (labels, labels.astype("int32"), rows, rows.astype(int)):
        np.testing.assert_allclose(losses.categorical_crossentropy(y, p), expected, rtol=1e-15)
    y, q = input("y", ("batch",), "int64"), input("p", ("batch", 3), "float32")
    node = losses.categorical_crossentropy(y, q)
    assert node.dtype == "float32"
    np.testing.assert_allclose(trace(node, {y: labels, q: p})[node], expected, rtol=1e-6)
    assert losses.categorical_crossentropy(2, p[0]) == pytest.approx(expected[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softened_targets_are_those_of_keras(dtype):
    """What is left of the true class, and a share for each, softened by hand; labels or rows, arrays or nodes."""
    labels, rows = np.array([2, 0, 1]), np.eye(3, dtype=dtype)[[2, 0, 1]]
    p = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1]], dtype)
    expected = -np.sum((0.7 * rows + 0.1) * np.log(p), axis=1)
    f = CategoricalCrossentropy(label_smoothing=0.3)
    for y in (labels, labels.tolist(), rows, rows.astype(int)):
        assert f(y, p).dtype == dtype and f(y, variable(p)).dtype == dtype
        np.testing.assert_allclose(f(y, p), expected, rtol=1e-6)
        np.testing.assert_allclose(f(y, variable(p)).value, expected, rtol=1e-6)
        np.testing.assert_array_equal(CategoricalCrossentropy()(y, p), losses.categorical_crossentropy(y, p))
    z = variable(np.log(p.astype("float64")))
    slope = grad(np.sum(f(labels, softmax(z))), z).value
    np.testing.assert_allclose(slope, p - (0.7 * rows + 0.1), atol=1e-6)
    far = softmax(variable([[1000.0, 0.0, -1000.0]] * 3))
    assert cr.simplify(f(labels, far)).value.max() < 1e4  # from z: no log of 0


def test_a_label_that_is_no_class():
    p = np.full((2, 3), 1 / 3)
    with pytest.raises(DataError, match=r"label in row 1 is 3; with 3 predicted .* 0 to 2"):
        CategoricalCrossentropy(0.1)([0, 3], p)
    with pytest.raises(DataError, match=r"label in row 1 is 3; with 3 predicted .* 0 to 2"):
        losses.categorical_crossentropy([0, 3], p)
    with pytest.raises(DataError, match="label in row 0 is -1"):
        losses.categorical_crossentropy([-1, 1], p)


@pytest.mark.parametrize("name", BY_HAND)
def test_n_never_meets_n_by_1(name):
    flat, column = np.full(4, 0.5), np.full((4, 1), 0.5)
    for y, p in [(flat, column), (column, flat), (column, variable(flat)), (column[:1], column)]:
        with pytest.raises(ShapeError, match=r"has shape \(\d.*\) and the prediction \(\d"):
            loss(name)(y, p)


def test_names():
    assert loss("mean_squared_error") is loss("mse") is losses.mse
    assert loss("sparse_categorical_crossentropy") is losses.categorical_crossentropy
    assert loss("pinball") is losses.quantile and loss("log_loss") is losses.binary_crossentropy
    assert loss(max) is max
    assert describe_loss("mean_absolute_error") == "mae"
    assert describe_loss(Quantile(0.9)) == repr(Quantile(0.9)) == "Quantile(q=0.9)"
    assert describe_loss(max) == "max"
    assert losses.targets_of(describe_loss(CategoricalCrossentropy(0.1))) == "labels"
    assert set(losses.TARGETS) <= {*LOSSES, *losses.CLASSES}
    assert set(BY_HAND) == {describe_loss(name) for name in LOSSES}
    with pytest.raises(UnknownNameError, match=r"Unknown loss 'msee'\. Did you mean 'mse'"):
        loss("msee")


def test_defaults_follow_the_output():
    assert default_loss("sigmoid", "binary") == "binary_crossentropy"
    assert default_loss("sigmoid", "regression") == "mse"
    assert default_loss("softmax", "multiclass") == "categorical_crossentropy"
    assert default_loss("identity", "regression") == default_loss("relu") == "mse"


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Huber(0), "delta"),
        (lambda: Quantile(1), "q"),
        (lambda: Quantile("high"), "q"),
        (lambda: CategoricalCrossentropy(1), "label_smoothing"),
        (lambda: CategoricalCrossentropy(-0.1), "label_smoothing"),
    ],
)
def test_bad_settings(make, word):
    with pytest.raises(GraphError, match=f": {word} must be a number .*; found"):
        make()


@pytest.mark.parametrize("name", BY_HAND)
def test_targets_of_whole_numbers_take_the_prediction_s_dtype(name):
    y, p = np.eye(3, dtype=int), np.full((3, 3), 1 / 3, "float32")
    assert loss(name)(y, p).dtype == np.float32
    node = loss(name)(input("y", ("batch", 3), "int64"), input("p", ("batch", 3), "float32"))
    assert node.dtype == np.float32


@pytest.mark.parametrize("how", ["as written", "numpy", "native"])
@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_label_that_is_no_class_is_no_gradient_of_another(how, wrong):
    z, labels = input("z", ("n", 3)), input("labels", ("n",), "int64")
    cost = -np.sum(one_hot(labels, 3) * np.log(softmax(z)))
    for asked in (cost, grad(cost, z)):
        ways = {
            "as written": lambda *given, asked=asked: trace(asked, dict(zip((z, labels), given, strict=True)))
        }
        run = ways.get(how) or cr.compile(asked, inputs=[z, labels], engine=how)
        with pytest.raises(DataError, match=f"label is {wrong}; labels for 3 classes are .* 0 to 2"):
            run(np.eye(3), [0, wrong, 1])
