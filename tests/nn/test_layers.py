"""Layers: what each computes, by its formula in NumPy; what each refuses."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, DataError, GraphError, ShapeError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input
from chainrule.models.loading import load
from chainrule.nn.architecture import chain
from chainrule.nn.layers import (
    LAYERS,
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
)
from chainrule.nn.layers.base import SEED, STEP, TRAINING, check_layer, short
from chainrule.nn.layers.dense import activate
from chainrule.nn.reading import at, initial_values, output_kind
from chainrule.nn.regularizers import L2
from chainrule.train.network import Network

X = np.random.default_rng(0).normal(size=(6, 4))


def run(layer, x, values=None, training=False, step=0, seed=0):
    """Return what the layer makes of x, with some of its parameters given by name."""
    made = chain([layer], x.shape[1:], "float64")
    for name, value in (initial_values(made, 0) | (values or {})).items():
        ({**made.parameters, **made.statistics}[name]).value = value
    (output,) = at([made.output], training)
    return evaluate([output], {made.inputs["x"]: x, STEP: step, SEED: seed})[output]


def test_dense():
    W, b = np.random.default_rng(1).normal(size=(4, 3)), np.array([1.0, 2, 3])
    np.testing.assert_allclose(run(Dense(3), X, {"W1": W, "b1": b}), X @ W + b)
    np.testing.assert_allclose(run(Dense(3, "tanh", use_bias=False), X, {"W1": W}), np.tanh(X @ W))
    own = Dense(3, lambda z: np.where(z > 1, 1.0, z) ** 2)
    np.testing.assert_allclose(run(own, X, {"W1": W}), np.where(X @ W > 1, 1, X @ W) ** 2)
    steps = np.random.default_rng(2).normal(size=(5, 2, 7, 4))
    np.testing.assert_allclose(run(Dense(3), steps, {"W1": W, "b1": b}), steps @ W + b)


def test_activation_and_flatten():
    np.testing.assert_allclose(run(Activation("relu"), X), np.maximum(0, X))
    np.testing.assert_array_equal(run(Flatten(), X.reshape(6, 2, 2)), X)
    np.testing.assert_array_equal(run(Flatten(), X), X)
    np.testing.assert_array_equal(run(Flatten(), X[:, 0]), X[:, :1])
    assert run(Flatten(), np.zeros((0, 2, 2))).shape == (0, 4)


def test_embedding():
    table = np.arange(10.0).reshape(5, 2)
    words = np.array([[0, 4], [2, 2]])
    np.testing.assert_array_equal(run(Embedding(5, 2), words.astype(float), {"E1": table}), table[words])


def test_dropout_sets_a_share_to_zero_while_training_and_divides_the_rest():
    ones = np.ones((100, 200))
    found = run(Dropout(0.3), ones, training=True)
    assert set(np.unique(found)) == {0.0, 1 / 0.7}
    assert np.mean(found == 0) == pytest.approx(0.3, abs=0.01)
    np.testing.assert_array_equal(run(Dropout(0.3), ones), ones)
    np.testing.assert_array_equal(run(Dropout(0.3), ones, training=True), found)
    assert not np.array_equal(run(Dropout(0.3), ones, training=True, step=1), found)
    assert not np.array_equal(run(Dropout(0.3), ones, training=True, seed=1), found)
    np.testing.assert_array_equal(run(Dropout(0), ones, training=True), ones)


def test_gaussian_noise_is_normal_and_new_at_each_step():
    only = chain([cr.GaussianNoise(0.5)], (3,), "float64")
    x, noisy = only.inputs["x"], only.output
    zeros = np.zeros((40_000, 3))
    found, again = (
        cr.trace(noisy, {x: zeros, TRAINING: np.True_, SEED: np.int64(3), STEP: np.int64(step)})[noisy]
        for step in (0, 1)
    )
    assert abs(found.mean()) < 0.01 and abs(found.std() - 0.5) < 0.01 and np.isfinite(found).all()
    for limit, share in ((0.5, 0.6827), (1.0, 0.9545), (1.5, 0.9973)):  # one, two and three deviations
        assert abs((np.abs(found) < limit).mean() - share) < 0.005
    assert abs(np.corrcoef(found.ravel(), again.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.02
    network = cr.Network([cr.GaussianNoise(0.5), cr.Dense(2)], input_shape=3, seed=0)
    without = cr.Network([cr.Dense(2)], input_shape=3, seed=0)
    np.testing.assert_array_equal(network.predict(np.ones((2, 3))), without.predict(np.ones((2, 3))))


@pytest.mark.parametrize(
    ("shared", "values", "by_x", "by_alpha"),
    [  # of Keras 3.15; at 0 it takes 0 for the slope of x
        ((), [30, 2, -8, 5, 1, -18, 4, 0, -16, 3, -1, -30], [18, 0, 12, -1, 2, -12, 1, None, 0, 3, -1, 12],
         [15, 0, -6, 0, 1, -4]),
        ((1,), [30, 2, -8, 5, 1, -12, 4, 0, -16, 3, 1, -20], [18, 0, 12, -1, 2, -8, 1, None, 0, 3, 1, 8],
         [15, 1, -10]),
    ],
)  # fmt: skip
def test_prelu_is_that_of_keras(shared, values, by_x, by_alpha):
    def numbers(shape, factor, modulus):
        return (np.arange(np.prod(shape)) * factor % modulus - modulus // 2.0).reshape(shape)

    x = cr.variable(numbers((2, 2, 3), 7, 11), "x")
    y = cr.PReLU(shared_axes=shared)(x)
    (alpha,) = y.meaning.parameters
    alpha.value = numbers(alpha.shape, 5, 13)
    assert y.value.ravel().tolist() == values
    J = np.sum(y * numbers(y.shape, 3, 7))
    slopes = [g.value for g in cr.grad(J, [x, alpha])]
    assert [a for a, b in zip(slopes[0].ravel(), by_x, strict=True) if b is not None] == [
        b for b in by_x if b is not None
    ]
    assert slopes[1].ravel().tolist() == by_alpha


def test_prelu_begins_as_its_paper_and_shares_open_axes():
    network = cr.Network([cr.Dense(256), cr.PReLU(), cr.Dense(1)], input_shape=64, seed=0)
    assert (network.parameters["alpha_1"] == 0.25).all()
    np.testing.assert_allclose(network.parameters["W1"].std(), np.sqrt(2 / 64), rtol=0.05)  # He's
    with pytest.raises(
        ShapeError, match=r"axis 1 of \(batch, time, 3\) is open.*cr\.PReLU\(shared_axes=\(1,\)\)"
    ):
        cr.PReLU()(cr.input("x", ("batch", "time", 3)))
    steps = cr.Network([cr.Masking(), cr.PReLU([1]), cr.LSTM(2), cr.Dense(1)], input_shape=(None, 3), seed=0)
    alone = steps.predict([np.ones((2, 3))])
    np.testing.assert_allclose(steps.predict([np.ones((2, 3)), np.ones((4, 3))])[:1], alone, rtol=1e-6)


def test_batch_normalization():
    gamma, beta = np.array([1.0, 2, 3, 4]), np.array([0.5, 0, 0, -1])
    values = {"gamma_0": gamma, "beta_0": beta, "mean_0": X[0], "variance_0": X[1] ** 2}
    normal = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5)
    np.testing.assert_allclose(run(BatchNormalization(), X, values, training=True), normal * gamma + beta)
    kept = (X - X[0]) / np.sqrt(X[1] ** 2 + 1e-5)
    np.testing.assert_allclose(run(BatchNormalization(), X, values), kept * gamma + beta)
    images = np.random.default_rng(1).normal(size=(5, 3, 3, 2))
    flat = images.reshape(-1, 2)
    expected = ((flat - flat.mean(axis=0)) / np.sqrt(flat.var(axis=0) + 1e-5)).reshape(images.shape)
    np.testing.assert_allclose(run(BatchNormalization(), images, training=True), expected)


@pytest.mark.parametrize("training", [True, False])
def test_layer_normalization(training):
    expected = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(run(LayerNormalization(), X, training=training), expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dense(0),
        lambda: Dense(2.5),
        lambda: Dense("3"),
        lambda: Dense(True),
        lambda: Dense(None),
        lambda: Dense(3, "rellu"),
        lambda: Dense(3, Activation),
        lambda: Dense(3, initializer="xavierr"),
        lambda: Dense(3, initializer=[["a"]]),
        lambda: Dense(3, initializer=[[1, 2], [3]]),
        lambda: Dense(3, regularizer="l3"),
        lambda: Dense(3, regularizer=L2),
        lambda: Activation("sigmod"),
        lambda: Dropout(1.0),
        lambda: Dropout(-0.1),
        lambda: Dropout("half"),
        lambda: Dropout(float("nan")),
        lambda: BatchNormalization(momentum=1),
        lambda: BatchNormalization(epsilon=0),
        lambda: LayerNormalization(epsilon=-1),
        lambda: Embedding(0, 3),
        lambda: Embedding(3, 0),
    ],
)
def test_settings_that_make_no_sense(make):
    with pytest.raises(ChainruleError) as error:
        make()
    assert len(str(error.value)) < 300


def test_numbers_from_numpy_are_settings_too():
    layer = Dense(np.int64(3))
    assert layer.units == 3 and type(layer.units) is int
    assert Dropout(np.float32(0.5)).rate == 0.5


def test_layers_are_written_as_they_are_made():
    assert repr(Dense(3)) == "Dense(3)" and repr(Dense(3, "relu")) == "Dense(3, activation='relu')"
    assert repr(Dense(3, np.tanh, name="last")) == "Dense(3, activation=tanh, name='last')"
    assert repr(Dense(2, initializer=np.zeros((500, 2)))) == "Dense(2, initializer=<(500, 2) numbers>)"
    assert repr(BatchNormalization()) == "BatchNormalization()" and repr(Dropout(0.5)) == "Dropout(0.5)"
    for made in LAYERS.values():
        assert made.__doc__ and ">>>" in made.__doc__


@dataclass(frozen=True, eq=False)
class Meeting(Layer):
    """Two inputs, multiplied."""

    def build(self, scope, x, y):
        return x * y


def test_a_layer_is_called_on_nodes_that_fit():
    x = input("x", ("batch", 4))
    for call, words in (
        (lambda: Dense(3)(X), "make a cr.Network"),
        (lambda: Dense(3)(), "called on nodes"),
        (lambda: Dense(3)(x, x), r"Dense\(3\) takes one input; it was called on 2\. .*np.concatenate"),
        (lambda: Meeting()(x), "takes 2 inputs; it was called on 1"),
        (lambda: Dense(3)(x[:, 0]), r"X.reshape\(-1, 1\)"),
        (lambda: Dense(3)(input("z", ("batch", "time"))), "fixed length"),
        (lambda: Dense(3)(x[:, :0]), "no features"),
        (lambda: Dense(3, lambda z: 3.0)(x), "returned float and no node"),
        (lambda: Dense(3, lambda z: z.T)(x), "must keep the examples apart"),
        (lambda: Dense(3, lambda z: np.sum(z, axis=0))(x), "must keep the examples apart"),
    ):
        with pytest.raises(ChainruleError, match=words):
            call()


def test_a_layer_without_a_scope_is_told_how_build_begins():
    @dataclass(frozen=True, eq=False)
    class Bare(Layer):
        def build(self, x):
            return x

    with pytest.raises(GraphError, match=r"^Bare must define build\(self, scope, x\)\.$"):
        Bare()(input("x", ("batch", 4)))


def test_layers_of_your_own_must_build_nodes_of_examples():
    @dataclass(frozen=True, eq=False)
    class Lost(Layer):
        what: str = ""

        def build(self, scope, x):
            return {"sum": np.sum(x), "number": 3, "other": x.T}[self.what]

    for what in ("sum", "number", "other"):
        with pytest.raises(GraphError, match="first axis counts the examples"):
            Lost(what)(input("x", ("batch", 4)))


def test_what_is_no_layer():
    for thing, words in (
        (Dense, "write Dense"),
        ("relu", "cr.Activation"),
        (3, "found 3"),
        (None, "found None"),
    ):
        with pytest.raises(GraphError, match=words):
            check_layer(thing)
    assert short(np.float64(0.5)) == "0.5" and short(np.str_("a")) == "'a'" and len(short([0] * 999)) < 70


def test_a_width_that_must_be_known():
    with pytest.raises(ShapeError, match="fixed length"):
        BatchNormalization()(input("x", ("batch", "features")))


# --- what a layer is asked, and one of the user's answers ---


@dataclass(frozen=True, eq=False)
class Shuffled(Layer):
    """The features in reverse order."""

    keeps_values: ClassVar[bool] = True

    def build(self, scope, x):
        return x[:, ::-1]


@dataclass(frozen=True, eq=False)
class Squashed(Layer):
    """Units of a kind of their own, whose activation is a setting."""

    activation: Any = None
    counts: ClassVar[bool] = True

    def build(self, scope, x):
        z = scope.parts["Z"] = x @ scope.parameter("W", (x.shape[-1], 2), None)
        return activate(self.activation, z)


@dataclass(frozen=True, eq=False)
class Angles(Layer):
    """What takes angles alone."""

    def build(self, scope, *xs):
        return np.sin(sum(xs[1:], xs[0]))

    def refuses(self, values):
        wrong = np.abs(values) > 180
        return (wrong, "takes angles from -180 to 180") if wrong.any() else None


def test_a_layer_of_your_own_that_keeps_values_is_looked_through():
    for last in ("softmax", "sigmoid", None):
        through = chain([Dense(2, last), Shuffled()], (3,), "float32")
        assert output_kind(through) == output_kind(chain([Dense(2, last)], (3,), "float32"))


def test_a_layer_of_your_own_says_what_it_ends_in():
    assert output_kind(chain([Squashed("swish")], (3,), "float32")) == "silu"
    assert output_kind(chain([Squashed()], (3,), "float32")) == "identity"
    assert Squashed("tanh").ends_in() == "tanh" and Shuffled().ends_in() is None


def spread(layers):
    """How far the first layer's weights are from 0, in terms of what keeps a signal's size in a line."""
    return initial_values(chain(layers, (400,), "float64"), 0)["W1"].std() / np.sqrt(2 / (400 + 2))


@pytest.mark.parametrize("between", [[], [BatchNormalization()], [Shuffled(), LayerNormalization()]])
def test_weights_begin_as_the_activation_that_follows_wants_it(between):
    he = np.sqrt(2 / 400) / np.sqrt(2 / 402)
    assert spread([Squashed(), *between, Activation("relu")]) == pytest.approx(he, rel=0.05)
    assert (
        np.abs(initial_values(chain([Dense(2), *between, Dense(2, "relu")], (9,), "float64"), 0)["W1"]).max()
        < 1
    )
    assert spread([Dense(2), *between, Squashed("relu")]) == pytest.approx(1, rel=0.05)


def test_a_layer_of_your_own_refuses_numbers_wherever_they_come_from():
    X = np.array([[10.0, 20.0], [30.0, 200.0]])
    network = Network([Dropout(0.1), Angles()], input_shape=2, seed=0)
    assert np.isfinite(network.predict(X[:1])).all()
    with pytest.raises(
        DataError, match="The Angles angles_1 takes angles from -180 to 180; found 200 in row 1, col"
    ):
        network.predict(X)
    two = Network(lambda a, b: Angles()(a, b * 2), inputs={"a": 2, "b": 2}, seed=0)
    assert np.isfinite(two.predict({"a": X[:1], "b": X[:1]})).all()
    with pytest.raises(DataError, match="found 400 in row 0, column 1"):
        two.predict({"a": X[:1], "b": X[1:]})


def test_a_large_epsilon_of_an_older_version_is_loaded(tmp_path):
    layers = [BatchNormalization(epsilon=2.0), LayerNormalization(epsilon=1.0)]
    Network(layers, input_shape=3, seed=0).save(tmp_path / "n.safetensors")
    again = load(tmp_path / "n.safetensors")
    assert [layer.epsilon for layer in again.layers] == [2.0, 1.0]
    for wide in (BatchNormalization, LayerNormalization):
        with pytest.raises(GraphError, match="no whole one"):
            wide(epsilon=64)
