"""Training reproduces the NumPy of the lectures step by step, and their printed numbers."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_circles
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from chainrule.nn.layers import Activation, BatchNormalization, Dense
from chainrule.train.network import Network
from chainrule.train.optimizers import SGD
from chainrule.train.schedules import ExponentialDecay

XOR_X = np.array([[0, 0, 1, 1], [0, 1, 0, 1]]).T
XOR_Y = np.array([0, 1, 1, 0])


class NeuralNetwork:
    """The lecture's class (S4-41 to S4-48): examples in columns, He's init, plain gradient descent."""

    def __init__(self, inputs, hidden, rng, learning_rate):
        self.W1 = rng.randn(hidden, inputs) * np.sqrt(2 / inputs)
        self.b1 = np.zeros((hidden, 1))
        self.W2 = rng.randn(1, hidden) * np.sqrt(2 / hidden)
        self.b2 = np.zeros((1, 1))
        self.learning_rate = learning_rate

    def step(self, X, Y):
        Z1 = self.W1 @ X + self.b1
        A1 = np.maximum(0, Z1)
        A2 = 1 / (1 + np.exp(-(self.W2 @ A1 + self.b2)))
        m = X.shape[1]
        clipped = np.clip(A2, 1e-10, 1 - 1e-10)
        cost = -np.mean(Y * np.log(clipped) + (1 - Y) * np.log(1 - clipped))
        dZ2 = A2 - Y
        dW2, db2 = dZ2 @ A1.T / m, dZ2.sum(axis=1, keepdims=True) / m
        dZ1 = (self.W2.T @ dZ2) * (Z1 > 0)
        dW1, db1 = dZ1 @ X.T / m, dZ1.sum(axis=1, keepdims=True) / m
        for name, slope in (("W1", dW1), ("b1", db1), ("W2", dW2), ("b2", db2)):
            setattr(self, name, getattr(self, name) - self.learning_rate * slope)
        return cost


def twin(lecture, inputs):
    """Return our network with the parameters of the lecture's."""
    hidden = len(lecture.W1)
    network = Network(
        [Dense(hidden, "relu"), Dense(1, "sigmoid")], input_shape=inputs, dtype="float64", seed=0
    )
    for name in ("W1", "b1", "W2", "b2"):
        value = getattr(lecture, name)
        network.parameters[name] = value.T if name.startswith("W") else value[:, 0]
    return network


def descend(network, X, y, rate, steps, **more):
    return network.fit(X, y, optimizer=SGD(rate, **more), batch_size=None, epochs=steps)["cost"]


@pytest.fixture(scope="module")
def digits():
    """Digits 0 and 1, split and scaled as in the lecture (S4-69 to S4-71)."""
    X, y = load_digits(return_X_y=True)
    few = y < 2
    X_train, X_test, y_train, y_test = train_test_split(
        X[few], y[few], test_size=0.2, random_state=42, stratify=y[few]
    )
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test), y_train, y_test


@pytest.fixture(scope="module")
def circles():
    return make_circles(300, noise=0.1, factor=0.3, random_state=42)


def test_the_lecture_s_class_step_by_step():
    lecture = NeuralNetwork(2, 4, np.random.RandomState(42), 0.5)
    network = twin(lecture, 2)
    costs = descend(network, XOR_X, XOR_Y, 0.5, 300)
    by_hand = [lecture.step(XOR_X.T, XOR_Y[None]) for _ in range(300)]
    np.testing.assert_allclose(costs, by_hand, rtol=1e-10)
    np.testing.assert_allclose(network.parameters["W1"], lecture.W1.T, rtol=1e-9)
    np.testing.assert_allclose(network.parameters["b2"], lecture.b2[:, 0], rtol=1e-9)


def test_the_stream_of_the_lecture_xor_circles_digits(circles, digits):
    """S4-57, S4-65 and S4-73: one random stream goes through all three experiments."""
    rng = np.random.RandomState(42)
    network = twin(NeuralNetwork(2, 4, rng, 0.5), 2)
    costs = descend(network, XOR_X, XOR_Y, 0.5, 5000)
    assert costs[0] == pytest.approx(0.7083202680424329, abs=1e-12)
    printed = {100: 0.2052, 200: 0.0510, 300: 0.0252, 400: 0.0162, 500: 0.0118, 1000: 0.0047, 2000: 0.0020}
    assert {i: round(costs[i], 4) for i in printed} == printed
    assert costs[-1] == pytest.approx(0.0007260535778090582, abs=1e-9)
    expected = [0.0020955736, 0.9997016424, 0.9997016520, 0.0002084889]
    np.testing.assert_allclose(network.predict(XOR_X)[:, 0], expected, atol=1e-6)
    assert network.predict_classes(XOR_X).tolist() == [0, 1, 1, 0]

    X, y = circles
    network = twin(NeuralNetwork(2, 8, rng, 0.1), 2)
    costs = descend(network, X, y, 0.1, 3000)
    assert costs[0] == pytest.approx(0.656186242466737, abs=1e-10)
    assert costs[-1] == pytest.approx(0.012842158411025133, abs=1e-6)
    assert network.evaluate(X, y)["accuracy"] == 1.0

    X, X_test, y, y_test = digits
    network = twin(NeuralNetwork(64, 32, rng, 0.1), 64)
    costs = descend(network, X, y, 0.1, 2000)
    assert [round(costs[i], 4) for i in (0, 100, 200, 500, 1000)] == [0.9598, 0.0114, 0.0050, 0.0016, 0.0007]
    assert costs[-1] == pytest.approx(0.000312883742292001, abs=1e-6)
    assert (network.predict_classes(X_test) == y_test).all()


def test_initial_values_compared_on_circles(circles):
    """S4-85: four ways to begin; the stream goes on after the digits."""
    X, y = circles
    rng = np.random.RandomState(42)
    for inputs, hidden in ((2, 4), (2, 8), (64, 32)):
        NeuralNetwork(inputs, hidden, rng, 0.1)
    finals = []
    for scale in (lambda n: 0.01, lambda n: 1.0, lambda n: np.sqrt(1 / n), lambda n: np.sqrt(2 / n)):
        W1, W2 = rng.randn(8, 2) * scale(2), rng.randn(1, 8) * scale(8)
        network = Network([Dense(8, "relu"), Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
        network.parameters.update(W1=W1.T, W2=W2.T)
        finals.append(descend(network, X, y, 0.1, 1000)[-1])
    expected = [0.4156040720742257, 0.05551246541638058, 0.05955454370594774, 0.06800052926901387]
    np.testing.assert_allclose(finals, expected, atol=1e-9)


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # it learns too little, on purpose
@pytest.mark.parametrize("data", ["circles", "xor"])
def test_zeros_never_learn(data, circles):
    """S4-84: equal hidden units stay equal, and here at 0."""
    X, y = circles if data == "circles" else (XOR_X, XOR_Y)
    layers = [Dense(8, "relu", initializer="zeros"), Dense(1, "sigmoid", initializer="zeros")]
    network = Network(layers, dtype="float64", seed=0)
    costs = descend(network, X, y, 0.1, 200)
    np.testing.assert_allclose(costs, np.log(2), atol=1e-15)
    assert not network.parameters["W1"].any() and not network.parameters["W2"].any()


def test_one_step_of_logistic_regression():
    """S0-145: cost, gradients and the step from it."""
    X, y = np.array([[3.0, 1, -1], [5, 0, 2]]).T, [0, 1, 1]
    network = Network([Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
    network.parameters.update(W1=[[0.2], [0.4]], b1=[0.1])
    expected = 1 / (1 + np.exp(-np.array([2.7, 0.3, 0.7])))
    np.testing.assert_allclose(network.predict(X)[:, 0], expected, rtol=1e-14)
    slopes = network.gradients(X, y)
    np.testing.assert_allclose(slopes["W1"][:, 0], [0.9057782254908343, 1.3405029213504498], rtol=1e-13)
    np.testing.assert_allclose(slopes["b1"], [0.059885644307609565], rtol=1e-13)
    costs = descend(network, X, y, 0.1, 2)
    np.testing.assert_allclose(costs, [1.2408616183768584, 0.9921430907256936], rtol=1e-13)
    network = Network([Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
    network.parameters.update(W1=[[0.2], [0.4]], b1=[0.1])
    descend(network, X, y, 0.1, 1)
    expected = [0.10942217745091658, 0.26594970786495503]
    np.testing.assert_allclose(network.parameters["W1"][:, 0], expected, rtol=1e-13)
    np.testing.assert_allclose(network.parameters["b1"], [0.09401143556923905], rtol=1e-13)


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # it learns too little, on purpose
def test_three_sigmoid_neurons_train_as_three_networks():
    """S4-18: neurons of one sigmoid layer do not communicate."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40, 3)), rng.integers(0, 2, (40, 3))
    together = Network([Dense(3, "sigmoid")], input_shape=3, dtype="float64", seed=0)
    start = together.parameters["W1"]
    descend(together, X, Y, 0.3, 50)
    for i in range(3):
        alone = Network([Dense(1, "sigmoid")], input_shape=3, dtype="float64", seed=0)
        alone.parameters["W1"] = start[:, [i]]
        descend(alone, X, Y[:, i], 0.1, 50)  # the cost of three outputs is their mean: a third of each
        np.testing.assert_allclose(together.parameters["W1"][:, i], alone.parameters["W1"][:, 0], rtol=1e-12)


def test_sigmoid_per_neuron_and_softmax():
    """S4-19: the same logits as independent answers, and as one choice."""
    logits = np.array([[2.0, 1.0, 0.1]])
    network = Network([Activation("sigmoid")], input_shape=3, dtype="float64")
    np.testing.assert_allclose(network.predict(logits)[0], [0.8808, 0.7311, 0.5250], atol=5e-5)
    network = Network([Activation("softmax")], input_shape=3, dtype="float64")
    expected = [0.6590011388859679, 0.2424329707047139, 0.09856589040931818]
    np.testing.assert_allclose(network.predict(logits)[0], expected, rtol=1e-14)


def test_xnor_with_the_lecture_s_weights():
    """S2-18 to S2-24."""
    network = Network([Dense(2, "sigmoid"), Dense(1, "sigmoid")], input_shape=2, dtype="float64")
    network.parameters.update(
        W1=np.array([[4, 4], [-4, -4]]).T, b1=[-6, 2], W2=[[1], [1]], b2=[-0.5]
    )  # fmt: skip
    found = network.activations([[0, 0], [0, 1], [1, 0], [1, 1]])
    low, high, middle = 0.0024726231566347743, 0.8807970779778823, 0.11920292202211755
    expected = [[low, high], [middle, middle], [middle, middle], [high, low]]
    np.testing.assert_allclose(found["A1"], expected, rtol=1e-13)
    expected = [0.5946614724078841, 0.434971869810976, 0.434971869810976, 0.5946614724078841]
    np.testing.assert_allclose(found["A2"][:, 0], expected, rtol=1e-13)
    assert network.predict_classes([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [1, 0, 0, 1]


def test_the_network_whose_weights_are_in_a_missing_figure():
    """S1-34: f([1, -1]) = [0.62, 0.83], f([0, 0]) = [0.51, 0.85]."""
    network = Network([Dense(2, "sigmoid") for _ in range(3)], input_shape=2, dtype="float64")
    weights = [[[1, -2], [-1, 1]], [[2, -1], [-2, -1]], [[3, -1], [-1, 4]]]
    for number, (W, b) in enumerate(zip(weights, [[1, 0], [0, 0], [-2, 2]], strict=True), start=1):
        network.parameters.update({f"W{number}": np.array(W).T, f"b{number}": b})
    expected = [[0.6177047777553412, 0.8291239841574399], [0.5118473769870672, 0.8543839009877142]]
    np.testing.assert_allclose(network.predict([[1, -1], [0, 0]]), expected, rtol=1e-12)


def test_four_people_one_at_a_time():
    """S3-62: the lecture's 2-2-1 network by stochastic descent: 4 of 4 right."""
    X = np.array([[-2.0, -1], [25, 6], [17, 4], [-15, -6]])
    y = np.array([1, 0, 0, 1])
    network = Network(
        [Dense(2, "sigmoid", initializer="large"), Dense(1, "sigmoid", initializer="large")],
        dtype="float64", seed=1,
    )  # fmt: skip
    history = network.fit(X, y, loss="mse", optimizer=SGD(0.1), batch_size=1, epochs=1000)
    assert history["cost"][-1] < 0.01
    assert network.predict_classes(X).tolist() == y.tolist()


def test_gradient_check_tells_the_kink_from_a_bug():
    """S4-90: x = (0, 0) and b = 0 put every ReLU on its kink, and the lecture's checker cries FAIL."""
    rng = np.random.RandomState(42)
    network = twin(NeuralNetwork(2, 3, rng, 0.1), 2)
    X, y = XOR_X[:2], XOR_Y[:2]
    report = network.check_gradients(X, y)
    checked = {p.name: p for p in report.parameters}
    assert report.passed
    assert len(checked["b1"].kinks) == 3 and not checked["W1"].kinks and not checked["W2"].kinks
    network.parameters["b1"] = np.full(3, 0.1)
    report = network.check_gradients(X, y)
    assert report.passed and not any(p.kinks for p in report.parameters)


def test_ten_sigmoid_layers_starve_the_first_and_batch_norm_feeds_it():
    """S4-104 and S4-103."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:300]
    layers = [Dense(32, "sigmoid", initializer="lecun_normal") for _ in range(9)]
    plain = Network([*layers, Dense(10, "softmax", initializer="lecun_normal")], dtype="float64", seed=0)
    plain.fit(X, y[:300], optimizer="sgd", epochs=0)
    norms = [np.linalg.norm(plain.gradients(X, y[:300])[f"W{i}"]) for i in range(1, 11)]
    assert norms == sorted(norms) and norms[-1] / norms[0] > 1e3

    def block():
        dense = Dense(32, use_bias=False, initializer="lecun_normal")
        return [dense, BatchNormalization(), Activation("sigmoid")]

    blocks = [layer for _ in range(9) for layer in block()]
    normed = Network([*blocks, Dense(10, "softmax")], dtype="float64", seed=0)
    normed.fit(X, y[:300], optimizer="sgd", epochs=0)
    first = np.linalg.norm(normed.gradients(X, y[:300])["W1"])
    assert first > 1e3 * norms[0]
    normed.fit(X, y[:300], optimizer="adam", epochs=10)
    plain.fit(X, y[:300], optimizer="adam", epochs=10)
    assert normed.evaluate(X, y[:300])["accuracy"] > 0.9 > 0.5 > plain.evaluate(X, y[:300])["accuracy"]


def test_smaller_batches_learn_more_in_as_many_epochs():
    """S4-82: the same number of looks at the data, more and more updates."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:600]
    costs = []
    for batch_size, rate in ((None, 0.1), (128, 0.1), (32, 0.1), (1, 0.01)):
        network = Network([Dense(32, "relu"), Dense(10, "softmax")], seed=0)
        history = network.fit(X, y[:600], optimizer=SGD(rate), batch_size=batch_size, epochs=8)
        costs.append(history["cost"][-1])
    assert costs == sorted(costs, reverse=True)


def test_the_lecture_s_momentum_is_no_faster_and_the_classic_is(circles):
    """S4-101: an average of gradients does not lengthen the step; a sum of them does."""
    X, y = circles
    finals = {}
    for name, settings in {
        "plain": {}, "averaged": {"momentum": 0.9, "averaged": True}, "classic": {"momentum": 0.9},
    }.items():  # fmt: skip
        network = Network([Dense(8, "relu"), Dense(1, "sigmoid")], dtype="float64", seed=0)
        finals[name] = descend(network, X, y, 0.1, 300, **settings)[-1]
    assert finals["averaged"] == pytest.approx(finals["plain"], rel=0.1)
    assert finals["classic"] < 0.5 * finals["plain"]


def test_decay_slows_full_batch_descent(circles):
    """S4-106."""
    X, y = circles
    finals = []
    for k in (0.0, 0.005, 0.02, 0.1):
        network = Network([Dense(8, "relu"), Dense(1, "sigmoid")], dtype="float64", seed=0)
        finals.append(descend(network, X, y, ExponentialDecay(0.5, decay=k), 300)[-1])
    assert finals == sorted(finals)


def test_ten_digits_with_softmax():
    """S4-107: at least 95 % of the test digits, and a confusion matrix whose rows count the classes."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
    scaler = StandardScaler().fit(X_train)
    network = Network([Dense(32, "relu"), Dense(10, "softmax")], seed=0)
    network.fit(scaler.transform(X_train), y_train, optimizer="adam", epochs=20)
    found = network.predict_classes(scaler.transform(X_test))
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (y_test, found), 1)
    assert (confusion.sum(axis=1) == np.bincount(y_test)).all()
    assert np.trace(confusion) / len(y_test) >= 0.95
