"""Initializers: exact draws, variances, orthogonality, names."""

import math

import numpy as np
import pytest
import scipy.stats

from chainrule.errors import DataError, GraphError, ShapeError, UnknownNameError
from chainrule.nn.activations import ELU, LeakyReLU, activation, stops_half
from chainrule.nn.initializers import (
    INITIALIZERS,
    Filled,
    Normal,
    Orthogonal,
    Scaled,
    TruncatedNormal,
    default_initializer,
    fans,
    initialize,
    initializer,
)
from chainrule.nn.layers import Dense
from chainrule.random import Draws
from chainrule.train.network import Network

SHAPE = (300, 500)
VARIANCE = {
    "small": 0.01**2,
    "large": 1.0,
    "xavier_normal": 2 / 800,
    "xavier_uniform": 2 / 800,
    "he_normal": 2 / 300,
    "he_uniform": 2 / 300,
    "lecun_normal": 1 / 300,
    "lecun_uniform": 1 / 300,
}


def draw(spec, shape=SHAPE, seed=0, dtype="float64"):
    return initialize(spec, shape, Draws(seed, "initial"), dtype)


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_and_variance(name):
    w, variance = draw(name), VARIANCE[name]
    # Over n numbers a mean strays by √(variance/n), a variance of normals by variance · √(2/n) (less for
    # uniform ones). Five of these are exceeded once in 1.7 million draws.
    assert abs(w.mean()) < 5 * math.sqrt(variance / w.size)
    assert abs(w.var() - variance) < 5 * variance * math.sqrt(2 / w.size)


@pytest.mark.parametrize("name", [n for n in VARIANCE if n.endswith("uniform")])
def test_uniform_numbers_fill_their_interval(name):
    w, edge = draw(name), math.sqrt(3 * VARIANCE[name])
    assert np.abs(w).max() <= edge and np.abs(w).max() > 0.999 * edge
    quarters, _ = np.histogram(w, bins=4, range=(-edge, edge))
    assert np.abs(quarters - w.size / 4).max() < 5 * math.sqrt(w.size * 3 / 16)


@pytest.mark.parametrize("rng", [Draws(3, "initial"), np.random.default_rng(3)])
def test_truncated_numbers_are_normal_ones_without_the_ends(rng):
    plain = TruncatedNormal(0.5)(SHAPE, rng)
    assert 0.999 < np.abs(plain).max() <= 1
    assert scipy.stats.kstest(plain.ravel(), scipy.stats.truncnorm(-2, 2, scale=0.5).cdf).pvalue > 0.001
    he = Scaled(2.0, "in", "truncated_normal")(SHAPE, rng)
    assert abs(he.var() - 2 / 300) < 5 * 2 / 300 * math.sqrt(2 / he.size)
    assert np.abs(he).max() <= 2 * math.sqrt(2 / 300) / 0.8796


def test_he_draws_the_lecture_s_numbers():
    w = INITIALIZERS["he"]((2, 4), np.random.RandomState(42))
    np.testing.assert_array_equal(w, np.random.RandomState(42).standard_normal((2, 4)) * np.sqrt(2 / 2))
    assert w[0, 0] == 0.4967141530112327


def test_the_same_seed_draws_the_same():
    for name in INITIALIZERS:
        np.testing.assert_array_equal(draw(name, (3, 4), 7), draw(name, (3, 4), 7))
    assert not np.array_equal(draw("he", (3, 4), 7), draw("he", (3, 4), 8))


def test_both_dtypes_start_from_the_same_numbers():
    single = draw("xavier", (4, 5), dtype="float32")
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, draw("xavier", (4, 5)).astype("float32"))


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 2, 3), (2, 2, 3, 20)])
def test_orthogonal_matrices(shape):
    w = draw(Orthogonal(gain=2.0), shape).reshape(-1, shape[-1])
    short = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(short, 4 * np.eye(min(w.shape)), atol=1e-13)


def test_orthogonal_matrices_are_of_all_kinds():
    # Without the signs of R, NumPy's Q has a first entry of one sign: the mean over uniform ones is 0.
    first = np.array([draw("orthogonal", (3, 3), seed)[0, 0] for seed in range(400)])
    assert abs(first.mean()) < 5 * math.sqrt(1 / 3 / 400)
    with pytest.raises(ShapeError, match="Only a matrix"):
        draw("orthogonal", (3,))


def test_plain_ones():
    assert draw("zeros", (2, 1)).tolist() == [[0], [0]]
    assert draw("ones", (1,)).tolist() == [1]
    assert draw(0.1, ()).tolist() == draw(Filled(0.1), ()).tolist() == 0.1
    assert draw("he", (0, 3)).shape == (0, 3)


def test_exact_values_and_callables():
    exact = np.array([[1.0, 2.0]])
    found = draw(exact, (1, 2))
    assert found.tolist() == [[1, 2]]
    found[0, 0] = 5
    assert exact[0, 0] == 1
    assert draw([[1, 2]], (1, 2), dtype="float32").dtype == np.float32
    assert draw(lambda shape, rng: rng.random(shape), (2, 3)).shape == (2, 3)
    with pytest.raises(ShapeError, match=r"have shape \(1, 2\); the parameter has \(2, 1\)"):
        draw(exact, (2, 1))
    with pytest.raises(ShapeError, match=r"have shape \(\)"):
        draw(lambda shape, rng: 1.0, (2, 1))
    with pytest.raises(DataError, match=r"hold nan at \(0, 1\)"):
        draw(np.array([[1.0, np.nan]]), (1, 2))
    for none in ([[1.0, 2.0], [3.0]], [["a", "b"]], [[1j, 2j]]):
        with pytest.raises(DataError, match="no table of real numbers"):
            draw(lambda shape, rng, none=none: none, (1, 2))


@pytest.mark.parametrize(
    "given", [np.ones((9, 4)), lambda shape, rng: "a", lambda shape, rng: np.full(shape, math.inf)]
)
def test_values_that_do_not_fit_name_their_parameter_and_layer(given):
    with pytest.raises((DataError, ShapeError), match=r"W2 of Dense\(4, .*These initial values "):
        Network([Dense(3), Dense(4, initializer=given)], input_shape=2)


def test_a_kernel_s_fan_is_its_receptive_field_times_its_channels():
    assert (
        fans((784, 16)) == (784, 16)
        and fans((3, 3, 8, 16)) == (9 * 8, 9 * 16)
        and fans((5, 8, 16)) == (40, 80)
    )
    assert fans((7,)) == (7, 7) and fans(()) == (1, 1)
    assert draw("he", (3, 3, 32, 64)).var() == pytest.approx(2 / (9 * 32), rel=0.03)
    # What a kernel makes of patches has their size.
    patches = np.random.default_rng(0).normal(size=(200, 9 * 8))
    assert (patches @ draw("orthogonal", (3, 3, 8, 40)).reshape(-1, 40)).var() == pytest.approx(1, rel=0.05)
    assert draw("xavier_uniform", (3, 3, 32, 64)).var() == pytest.approx(2 / (9 * 32 + 9 * 64), rel=0.03)


@pytest.mark.parametrize("name", ["he", "xavier_uniform", "orthogonal", "small"])
def test_both_dtypes_start_from_the_same(name):
    assert np.array_equal(draw(name, dtype="float32"), draw(name).astype("float32"))


def test_a_function_of_the_user_s_gets_a_generator_of_numpys():
    def mine(shape, rng):
        assert isinstance(rng, np.random.Generator)
        return rng.choice([-1.0, 1.0], shape) + Normal(0.1)(shape, rng)

    assert np.array_equal(draw(mine), draw(mine)) and not np.array_equal(draw(mine), draw(mine, seed=1))


def test_each_parameter_has_a_stream_of_its_own():
    few = Network([Dense(4, "relu"), Dense(4, "relu")], input_shape=4, seed=5).parameters
    more = Network([Dense(4, "relu"), Dense(4, "relu"), Dense(9)], input_shape=4, seed=5).parameters
    assert all(np.array_equal(few[name], more[name]) for name in few)
    assert not np.isin(few["W1"], few["W2"]).any()


def test_names():
    assert INITIALIZERS["xavier"] == INITIALIZERS["glorot_normal"] == INITIALIZERS["xavier_normal"]
    assert initializer("glorot_uniform") == initializer("xavier_uniform") == Scaled(1.0, "average", "uniform")
    assert initializer("he_normal") == Scaled(2.0, "in")
    assert repr(initializer(Normal(0.02))) == "Normal(std=0.02)"
    with pytest.raises(UnknownNameError, match=r"Unknown initializer 'xaviar'\. Did you mean 'xavier'"):
        draw("xaviar")
    with pytest.raises(GraphError, match="Normal: std must be a number of at least 0; found -1"):
        Normal(-1)
    with pytest.raises(GraphError, match="fan must be 'in' or 'average'"):
        Scaled(1.0, "out")


def test_defaults_follow_the_activation():
    for spec in ["relu", "leaky_relu", "elu", "gelu", "silu", "swish", LeakyReLU(slope=0.2), ELU(alpha=0.5)]:
        assert default_initializer(activation(spec)) == "he_normal"
    for spec in ["identity", "sigmoid", "tanh", "softmax", "softplus", "step", lambda z: z]:
        assert default_initializer(activation(spec)) == "xavier_uniform"


def test_an_activation_of_your_own_says_whether_it_stops_half():
    def mine(z):
        return np.maximum(z, 0) ** 2

    assert default_initializer(mine) == "xavier_uniform"
    assert default_initializer(stops_half(mine)) == "he_normal"


def test_a_signal_keeps_its_size_through_ten_layers():
    rng = np.random.default_rng(0)
    relu, tanh = rng.standard_normal((200, 256)), 0.1 * rng.standard_normal((200, 256))
    start = tanh.std()
    for _ in range(10):
        relu = np.maximum(relu @ initialize("he", (256, 256), rng, "float64"), 0)
        tanh = np.tanh(tanh @ initialize("xavier", (256, 256), rng, "float64"))
    # E[relu(z)²] = ½E[z²], made up for by 2/fan_in; a tanh this near to 0 is nearly a line.
    assert 0.6 < np.sqrt((relu**2).mean()) < 1.6
    assert 0.8 * start < tanh.std() < 1.1 * start
