"""The loop: every step as by hand, what the history says, how a run ends."""

import math
import pickle
import threading
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from chainrule.errors import DataError, DivergenceWarning, GraphError, NoDerivativeError, ShapeError
from chainrule.nn.layers import BatchNormalization, Dense, Dropout
from chainrule.nn.losses import CategoricalCrossentropy, Huber, Quantile
from chainrule.nn.regularizers import L1, L2
from chainrule.train import programs
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.optimizers import LBFGS, SGD, Adagrad, Adam, AdamW, RMSprop
from chainrule.train.schedules import Cosine, OneCycle, ReduceOnPlateau, Schedule, StepDecay, WarmUp

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=(20, 2))
LABELS = RNG.integers(0, 2, 20)
COUNTS = RNG.poisson(2.0, (20, 2))


def hidden(ending, units=2, **options):
    return Network(
        [Dense(4, "tanh"), Dense(units, ending)], input_shape=3, dtype="float64", seed=3, **options
    )


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# For each loss: the last activation, the targets, (z, y) -> loss of each example, its slope by z.
BY_HAND = {
    "mse": (None, Y, lambda z, y: ((z - y) ** 2).mean(1), lambda z, y: (z - y)),
    "half_mse": (None, Y, lambda z, y: ((z - y) ** 2).mean(1) / 2, lambda z, y: (z - y) / 2),
    "mae": (None, Y, lambda z, y: abs(z - y).mean(1), lambda z, y: np.sign(z - y) / 2),
    "huber": (
        None, Y,
        lambda z, y: np.where(abs(z - y) <= 1, (z - y) ** 2 / 2, abs(z - y) - 0.5).mean(1),
        lambda z, y: np.clip(z - y, -1, 1) / 2,
    ),
    Huber(0.5): (
        None, Y,
        lambda z, y: np.where(abs(z - y) <= 0.5, (z - y) ** 2 / 2, 0.5 * abs(z - y) - 0.125).mean(1),
        lambda z, y: np.clip(z - y, -0.5, 0.5) / 2,
    ),
    Quantile(0.9): (
        None, Y,
        lambda z, y: np.maximum(0.9 * (y - z), -0.1 * (y - z)).mean(1),
        lambda z, y: np.where(y > z, -0.9, 0.1) / 2,
    ),
    "poisson": (
        "softplus", COUNTS,
        lambda z, y: (np.log1p(np.exp(z)) - y * np.log(np.log1p(np.exp(z)))).mean(1),
        lambda z, y: sigmoid(z) * (1 - y / np.log1p(np.exp(z))) / 2,
    ),
    "binary_crossentropy": (
        "sigmoid", np.stack([LABELS, 1 - LABELS], axis=1),
        lambda z, y: -(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z))).mean(1),
        lambda z, y: (sigmoid(z) - y) / 2,
    ),
    "categorical_crossentropy": (
        "softmax", LABELS,
        lambda z, y: -np.log(softmax(z)[np.arange(len(y)), y]),
        lambda z, y: softmax(z) - np.eye(2)[y],
    ),
    CategoricalCrossentropy(0.1): (
        "softmax", LABELS,
        lambda z, y: -((0.9 * np.eye(2)[y] + 0.05) * np.log(softmax(z))).sum(1),
        lambda z, y: softmax(z) - (0.9 * np.eye(2)[y] + 0.05),
    ),
}  # fmt: skip


def sgd(w, g, m, t):
    return w - 0.1 * g


def momentum(w, g, m, t):
    m["v"] = 0.9 * m.get("v", 0) + g
    return w - 0.1 * m["v"]


def adagrad(w, g, m, t):
    m["s"] = m.get("s", 0) + g * g
    return w - 0.1 * g / (np.sqrt(m["s"]) + 1e-8)


def rmsprop(w, g, m, t):
    m["s"] = 0.9 * m.get("s", 0) + 0.1 * g * g
    return w - 0.1 * g / (np.sqrt(m["s"]) + 1e-7)


def adam(w, g, m, t):
    m["m"] = 0.9 * m.get("m", 0) + 0.1 * g
    m["v"] = 0.999 * m.get("v", 0) + 0.001 * g * g
    return w - 0.1 * (m["m"] / (1 - 0.9**t)) / (np.sqrt(m["v"] / (1 - 0.999**t)) + 1e-7)


def adamw(w, g, m, t):
    return adam(w, g, m, t) - (0.1 * 0.01 * w if w.ndim > 1 else 0)


OPTIMIZERS = {
    SGD(0.1): sgd,
    SGD(0.1, momentum=0.9): momentum,
    Adagrad(0.1): adagrad,
    RMSprop(0.1): rmsprop,
    Adam(0.1): adam,
    AdamW(0.1): adamw,
}


def train_by_hand(network, spec, step, batch_size=None, epochs=5, rate=None, weight=None):
    """Return the epochs' costs of the lectures' own backpropagation, and the parameters it ends with."""
    _, y, loss, slope = BY_HAND[spec]
    parameters = {k: np.array(v) for k, v in network.parameters.items()}
    memory = {k: {} for k in parameters}
    costs, t = [], 0
    for _ in range(epochs):
        batch_costs = []
        for start in range(0, len(X), batch_size or len(X)):
            x, target = X[start : start + (batch_size or len(X))], y[start : start + (batch_size or len(X))]
            w = np.ones(len(x)) if weight is None else weight[start : start + len(x)]
            A = np.tanh(x @ parameters["W1"] + parameters["b1"])
            Z = A @ parameters["W2"] + parameters["b2"]
            batch_costs.append((w * loss(Z, target)).sum() / w.sum())
            dZ = w[:, None] * slope(Z, target) / w.sum()
            dA = dZ @ parameters["W2"].T * (1 - A**2)
            slopes = {"W1": x.T @ dA, "b1": dA.sum(0), "W2": A.T @ dZ, "b2": dZ.sum(0)}
            t += 1
            if rate is not None:
                parameters = {k: v - rate(t - 1) * slopes[k] for k, v in parameters.items()}
            else:
                parameters = {k: step(v, slopes[k], memory[k], t) for k, v in parameters.items()}
        costs.append(np.mean(batch_costs))
    return costs, parameters


def assert_trains_as_by_hand(spec, optimizer, step, **how):
    network = hidden(BY_HAND[spec][0])
    costs, parameters = train_by_hand(network, spec, step, **how)
    history = network.fit(
        X, BY_HAND[spec][1], loss=spec, optimizer=optimizer, batch_size=how.get("batch_size"),
        epochs=how.get("epochs", 5), shuffle=False, sample_weight=how.get("weight"),
    )  # fmt: skip
    np.testing.assert_allclose(history["cost"], costs, rtol=1e-10)
    for name, value in parameters.items():
        np.testing.assert_allclose(network.parameters[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("spec", list(BY_HAND), ids=str)
def test_every_loss_trains_as_by_hand_also_with_a_smaller_last_batch(spec):
    assert_trains_as_by_hand(spec, SGD(0.1), sgd, batch_size=7)


@pytest.mark.parametrize("spec", ["mse", "categorical_crossentropy"])
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS), ids=repr)
def test_every_optimizer_trains_as_by_hand(optimizer, spec):
    assert_trains_as_by_hand(spec, optimizer, OPTIMIZERS[optimizer], batch_size=7)


@pytest.mark.parametrize("batch_size", [1, 7, 20, 1000, None])
def test_stochastic_mini_batch_and_full_batch(batch_size):
    assert_trains_as_by_hand("mse", SGD(0.1), sgd, batch_size=batch_size)


@pytest.mark.parametrize(
    "schedule", [Cosine(0.2), OneCycle(0.3), StepDecay(0.2, every=2), WarmUp(0.2, steps=5)], ids=repr
)
def test_schedules_change_the_steps_inside_a_fit(schedule):
    rate = lambda t: float(schedule.at(t, total=15, per_epoch=3))  # noqa: E731 -- one line says it
    assert_trains_as_by_hand("mse", SGD(schedule), None, batch_size=7, rate=rate)


def test_reduce_on_plateau_lowers_the_rate_after_epochs_without_progress():
    network = Network([Dense(1, use_bias=False, initializer=[[0.0]])], input_shape=1, dtype="float64")
    # The cost swings between two values with steps of 0.4: no progress, until the steps become smaller.
    optimizer = SGD(ReduceOnPlateau(0.4, factor=0.5, patience=2))
    costs = network.fit([[1.0]], [1.0], loss="mae", optimizer=optimizer, epochs=12)["cost"]
    w, rate, best, waited, expected = 0.0, 0.4, math.inf, 0, []
    for _ in range(12):
        expected.append(abs(w - 1))
        w -= rate * np.sign(w - 1)
        best, waited = (expected[-1], 0) if expected[-1] < best else (best, waited + 1)
        if waited == 2:
            rate, waited = rate / 2, 0
    np.testing.assert_allclose(costs, expected, atol=1e-12)
    assert rate < 0.4


# --- regressions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [LBFGS(tolerance=1e-9), SGD(0.1, momentum=0.9)], ids=str)
def test_an_output_layer_alone_is_linear_regression(optimizer):
    """S0-3: least squares, whichever way it is found."""
    network = Network([Dense(1)], dtype="float64", seed=0)
    network.fit(X, Y[:, 0], optimizer=optimizer, batch_size=None, epochs=800)
    best = np.linalg.lstsq(np.c_[X, np.ones(20)], Y[:, 0], rcond=None)[0]
    np.testing.assert_allclose(network.parameters["W1"][:, 0], best[:3], atol=1e-6)
    np.testing.assert_allclose(network.parameters["b1"], best[3:], atol=1e-6)


@pytest.mark.parametrize("start", [(0, 0), (5, -5), (-3, 2)])
def test_one_sigmoid_neuron_is_logistic_regression(start):
    """S0-96: the cost is convex, so every start ends where scikit-learn does."""
    x = np.array([[-2.0], [-1], [0], [1], [2], [3]])
    y = np.array([0, 1, 0, 0, 1, 1])
    network = Network([Dense(1, "sigmoid")], input_shape=1, dtype="float64")
    network.parameters.update(W1=[[start[0]]], b1=[start[1]])
    network.fit(x, y, optimizer="lbfgs", epochs=200)
    best = LogisticRegression(C=np.inf, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(network.parameters["W1"], best.coef_.T, atol=1e-4)
    np.testing.assert_allclose(network.parameters["b1"], best.intercept_, atol=1e-4)


# --- weights and penalties ------------------------------------------------------------------------------


def test_weights_are_as_good_as_duplicated_rows():
    weight = RNG.integers(0, 4, 20)
    weight[0] = 2
    weighted, repeated = hidden(None), hidden(None)
    a = weighted.fit(X, Y, sample_weight=weight, optimizer=SGD(0.1), batch_size=None, epochs=10)
    rows = np.repeat(np.arange(20), weight)
    b = repeated.fit(X[rows], Y[rows], optimizer=SGD(0.1), batch_size=None, epochs=10)
    np.testing.assert_allclose(a["cost"], b["cost"], rtol=1e-10)
    np.testing.assert_allclose(weighted.parameters["W1"], repeated.parameters["W1"], rtol=1e-10)
    weighted = weighted.evaluate(X, Y, sample_weight=weight, metrics=["mae"])
    repeated = repeated.evaluate(X[rows], Y[rows], metrics=["mae"])
    assert dict(weighted) == pytest.approx(dict(repeated), rel=1e-10)


def test_batches_divide_by_their_own_weights():
    assert_trains_as_by_hand("mse", SGD(0.1), sgd, batch_size=7, weight=np.linspace(0.1, 3, 20))


def test_class_weights_are_sample_weights_by_class():
    y = (np.arange(20) < 5).astype(int)
    balanced = np.where(y == 1, 20 / (2 * 5), 20 / (2 * 15))
    results = []
    for given in (
        {"sample_weight": balanced},
        {"class_weight": "balanced"},
        {"class_weight": {0: 20 / 30, 1: 2.0}},
        {"class_weight": {0: 20 / 30, 1: 1.0}, "sample_weight": np.where(y == 1, 2.0, 1.0)},
    ):
        network = hidden("sigmoid", 1)
        results.append(network.fit(X, y, optimizer=SGD(0.1), epochs=5, **given)["cost"])
    for found in results[1:]:
        np.testing.assert_allclose(found, results[0], rtol=1e-12)
    unweighted = hidden("sigmoid", 1).fit(X, y, optimizer=SGD(0.1), epochs=5)["cost"]
    assert not np.allclose(unweighted, results[0], rtol=1e-3)


def test_class_weights_of_labels_and_of_one_hot_rows_agree():
    one, two = hidden("softmax"), hidden("softmax")
    a = one.fit(X, LABELS, class_weight="balanced", epochs=3)
    b = two.fit(X, np.eye(2)[LABELS], class_weight="balanced", epochs=3)
    np.testing.assert_allclose(a["cost"], b["cost"], rtol=1e-12)


def test_penalties_are_part_of_cost_and_gradient():
    layers = [Dense(4, "tanh", regularizer=L1(0.3)), Dense(2, regularizer=L2(0.2, divisor=4))]
    network = Network(layers, input_shape=3, dtype="float64", seed=3)
    plain = hidden(None)
    plain.parameters.update(network.parameters)
    W1, W2 = network.parameters["W1"], network.parameters["W2"]
    price = 0.3 * abs(W1).sum() + 0.05 * (W2**2).sum()
    assert network.evaluate(X, Y)["cost"] == pytest.approx(plain.evaluate(X, Y)["cost"] + price, rel=1e-12)
    mine, theirs = network.gradients(X, Y), plain.gradients(X, Y)
    np.testing.assert_allclose(mine["W1"], theirs["W1"] + 0.3 * np.sign(W1), rtol=1e-10)
    np.testing.assert_allclose(mine["W2"], theirs["W2"] + 0.1 * W2, rtol=1e-10)
    np.testing.assert_allclose(mine["b1"], theirs["b1"], rtol=1e-10)
    first = network.fit(X, Y, optimizer="sgd", batch_size=None, epochs=1)["cost"][0]
    assert first == pytest.approx(plain.evaluate(X, Y)["cost"] + price, rel=1e-12)


def test_a_regularizer_of_your_own_returns_one_number():
    layers = [Dense(2, regularizer=lambda w: w**2)]
    with pytest.raises(GraphError, match=r"regularizer of W1 must return a single number.*\(3, 2\)"):
        Network(layers, input_shape=3).fit(X, Y)


# --- losses of your own ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, p: np.mean((y - p) ** 2, axis=1),  # (batch,)
        lambda y, p: (y - p) ** 2,  # (batch, k)
        lambda y, p: np.mean((y - p) ** 2),  # a scalar
    ],
    ids=["batch", "batch_k", "scalar"],
)
def test_a_loss_of_your_own_may_return_any_of_three_shapes(loss):
    own, ours = hidden(None), hidden(None)
    a, b = (
        own.fit(X, Y, loss=loss, epochs=3, batch_size=7),
        ours.fit(X, Y, loss="mse", epochs=3, batch_size=7),
    )
    np.testing.assert_allclose(a["cost"], b["cost"], rtol=1e-12)
    assert own.evaluate(X, Y)["cost"] == pytest.approx(ours.evaluate(X, Y)["cost"], rel=1e-12)


def test_a_loss_that_is_one_number_of_the_whole_table_is_not_averaged_over_parts(monkeypatch):
    network = hidden(None)
    whole = network.evaluate(X, Y, loss=lambda y, p: np.sqrt(np.mean((y - p) ** 2)))["cost"]
    ratio = network.evaluate(X, Y, loss=lambda y, p: np.sum(np.abs(y - p)) / np.sum(np.abs(p)))["cost"]
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", 7)
    p = network.predict(X)
    assert whole == pytest.approx(np.sqrt(np.mean((Y - p) ** 2)))
    found = network.evaluate(X, Y, loss=lambda y, p: np.sum(np.abs(y - p)) / np.sum(np.abs(p)))["cost"]
    assert found == pytest.approx(ratio) == pytest.approx(abs(Y - p).sum() / abs(p).sum())


@pytest.mark.parametrize(
    "loss", [lambda y, p: (y[:, 0] - p) ** 2, lambda y, p: np.mean((y - p[:, 0]) ** 2)], ids=["each", "mean"]
)
def test_n_meets_n_1_in_a_loss_of_your_own(loss):
    network = hidden(None, 1)
    before = {k: v.copy() for k, v in network.parameters.items()}
    with pytest.raises(ShapeError, match="every example is compared with every other"):
        network.fit(X, Y[:, 0], loss=loss)
    assert all(np.array_equal(network.parameters[k], v) for k, v in before.items())
    assert network.loss is None


def test_a_product_of_matrices_may_compare_examples():
    def contrast(y, p):
        return np.sum((p @ p.T) ** 2, axis=1)

    assert len(hidden(None).fit(X, Y, loss=contrast, epochs=2, batch_size=7)["cost"]) == 2


def test_a_loss_that_forgets_the_output():
    with pytest.raises(GraphError, match="does not depend on the network's output"):
        hidden(None).fit(X, Y, loss=lambda y, p: (y - y) ** 2)


def test_a_step_predicts_and_does_not_train():
    network = Network([Dense(4, "step"), Dense(1, "sigmoid")], input_shape=3, seed=0)
    assert set(np.unique(network.activations(X)["A1"])) <= {0.0, 1.0}
    with pytest.raises(NoDerivativeError, match="step") as error:
        network.fit(X, LABELS)
    assert ".." not in str(error.value)


# --- what the history says ------------------------------------------------------------------------------


def test_history_of_cost_metrics_validation_and_times():
    network = hidden("sigmoid", 1)
    history = network.fit(
        X, LABELS, epochs=4, batch_size=5, metrics=["accuracy", "mae"], validation_data=(X[:6], LABELS[:6])
    )
    names = {"cost", "accuracy", "mae", "val_cost", "val_accuracy", "val_mae"}
    assert set(history.history) == names and all(len(v) == 4 for v in history.history.values())
    assert all(type(v) is float for column in history.history.values() for v in column)
    assert len(history.times) == 4 and history.times == sorted(history.times) and history.epochs == 4
    assert history.stopped == "Trained all 4 epochs." and not history.diverged
    last = network.evaluate(X[:6], LABELS[:6], metrics=["accuracy", "mae"])
    assert {f"val_{k}": v for k, v in last.items()} == pytest.approx(
        {k: v[-1] for k, v in history.history.items() if k.startswith("val_")}
    )


def test_validation_counts_its_weights():
    weight = np.linspace(0, 2, 6)
    network = hidden(None)
    history = network.fit(X, Y, epochs=2, validation_data=(X[:6], Y[:6], weight))
    expected = network.evaluate(X[:6], Y[:6], sample_weight=weight)["cost"]
    assert history["val_cost"][-1] == pytest.approx(expected)
    assert expected != pytest.approx(network.evaluate(X[:6], Y[:6])["cost"])


def test_validation_split_learns_from_the_rest_and_holds_back_the_same_rows_in_every_fit():
    network = hidden(None)
    marks = np.zeros((20, 2))
    marks[:, 0] = 2.0 ** np.arange(20)

    def sum_of_targets(y, p):
        return np.sum(y, axis=1) * 1.0 + 0 * p[:, 0]

    first = network.fit(X, marks, loss="mse", metrics=[sum_of_targets], validation_split=0.25, epochs=1)
    second = network.fit(X, marks, loss="mse", metrics=[sum_of_targets], validation_split=0.25, epochs=1)
    assert first["val_sum_of_targets"] == second["val_sum_of_targets"]
    total = 15 * first["sum_of_targets"][0] + 5 * first["val_sum_of_targets"][0]
    assert total == pytest.approx(marks.sum())  # every row once, in one of the two
    assert round(5 * first["val_sum_of_targets"][0]).bit_count() == 5


def test_an_epoch_sees_every_row_once_in_an_order_of_its_own():
    def spy(y, p):
        return y[:, 0] + 0 * p[:, 0]

    network = Network([Dense(1, initializer="zeros")], input_shape=1, dtype="float64", seed=0)
    rows = 2.0 ** np.arange(10)
    for shuffle in (True, False):
        history = network.fit(
            np.zeros((10, 1)),
            rows,
            metrics=[spy],
            batch_size=1,
            epochs=3,
            shuffle=shuffle,
            optimizer=SGD(1e-12),
        )
        np.testing.assert_allclose(history["spy"], rows.mean())
    costs = {}
    for shuffle in (True, False):
        network = Network([Dense(1)], input_shape=1, dtype="float64", seed=0)
        history = network.fit(
            np.ones((10, 1)), rows, batch_size=3, epochs=3, shuffle=shuffle, optimizer=SGD(0.01)
        )
        costs[shuffle] = history["cost"]
    assert costs[True] != costs[False]


def test_zero_epochs_only_build():
    network = Network([Dense(1)], seed=0)
    history = network.fit(X, Y[:, 0], epochs=0)
    assert history.epochs == 0 and history["cost"] == [] and network.parameters["W1"].shape == (3, 1)


def test_a_second_fit_goes_on_from_the_first():
    once, twice = hidden(None), hidden(None)
    whole = once.fit(X, Y, optimizer=SGD(0.1), batch_size=None, epochs=10)["cost"]
    parts = [twice.fit(X, Y, optimizer=SGD(0.1), batch_size=None, epochs=5)["cost"] for _ in range(2)]
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-12)


def test_the_loss_of_the_last_fit_is_remembered():
    network = hidden(None)
    network.fit(X, Y, loss="mae", epochs=1)
    assert network.evaluate(X, Y) == network.evaluate(X, Y, loss="mae") != network.evaluate(X, Y, loss="mse")
    a = network.fit(X, Y, epochs=1, optimizer=SGD(1e-9), batch_size=None)["cost"][0]
    assert a == pytest.approx(network.evaluate(X, Y, loss="mae")["cost"], rel=1e-5)


@pytest.mark.parametrize(
    ("ending", "units", "y", "loss"),
    [
        ("sigmoid", 1, LABELS, "binary_crossentropy"),
        ("sigmoid", 2, np.eye(2)[LABELS], "binary_crossentropy"),
        ("softmax", 2, LABELS, "categorical_crossentropy"),
        ("softmax", 2, np.eye(2)[LABELS], "categorical_crossentropy"),
        (None, 2, Y, "mse"),
        ("relu", 2, Y, "mse"),
    ],
)
def test_the_default_loss_follows_activation_and_target(ending, units, y, loss):
    network = hidden(ending, units)
    assert network.evaluate(X, y)["cost"] == network.evaluate(X, y, loss=loss)["cost"]


def test_tol_stops_after_ten_epochs_that_lower_the_cost_by_less():
    network = hidden(None)
    history = network.fit(X, Y, optimizer=SGD(1e-9), tol=1e-3, epochs=100)
    assert history.epochs == 11
    assert (
        history.stopped == "Stopped at epoch 11: ten epochs in a row lowered the cost by less than tol=0.001."
    )


@pytest.mark.filterwarnings("default::chainrule.LearningWarning")  # of as many epochs as there is time for
def test_a_time_budget_stops_between_steps():
    history = hidden(None).fit(X, Y, epochs=10**7, time_budget=0.2)
    assert 0 < history.epochs < 10**7
    assert history.stopped == f"Stopped at epoch {history.epochs}: the time budget of 0.2 s was used up."
    assert history.times[-1] < 5


@pytest.mark.parametrize(("looks", "epochs", "share"), [(3, 1, 3 / 6), (6, 1, 1.0), (9, 2, 2 / 6)])
def test_it_is_said_where_within_an_epoch_time_was_over(monkeypatch, looks, epochs, share):
    seen = iter(range(1, 100))
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)  # looked at after each step
    monkeypatch.setattr(
        "chainrule.train.fit.fitting.Interrupts.poll", lambda self: "time" if next(seen) == looks else None
    )
    network = Network([Dense(1)], seed=0, engine="numpy")
    history = network.fit(np.eye(12), np.arange(12.0), batch_size=2, epochs=9, time_budget=600)
    assert history.epochs == epochs and history.last_share == share
    where = "at" if share == 1 else "within"
    assert history.stopped.startswith(f"Stopped {where} epoch {epochs}")
    assert (f"after {round(6 * share)} of its 6 steps" in history.stopped) == (share < 1)
    assert network.fit(np.eye(12), np.arange(12.0), epochs=2).last_share == 1


# --- divergence -----------------------------------------------------------------------------------------


def diverging(epochs=50, rate=1e6, **options):
    network = Network([Dense(8, "relu"), Dense(1)], input_shape=3, dtype="float64", seed=0)
    start = network.evaluate(X, Y[:, 0], loss="mse")["cost"]
    with pytest.warns(DivergenceWarning) as caught:
        history = network.fit(X, Y[:, 0], optimizer=SGD(rate), epochs=epochs, batch_size=5, **options)
    assert str(caught[0].message) == history.stopped and caught[0].filename == __file__
    return network, history, start


def test_divergence_names_place_layer_rate_and_remedy_and_restores_good_weights():
    network, history, start = diverging()
    assert history.diverged
    for words in (
        f"epoch {history.epochs + 1}, step",
        "W",
        "layer dense_",
        "learning rate 1e+06 is too high",
        "Try a learning rate of 100000",
        "Restored",
    ):
        assert words in history.stopped, history.stopped
    assert all(np.isfinite(v).all() for v in network.parameters.values())
    assert network.evaluate(X, Y[:, 0])["cost"] <= start


@dataclass(frozen=True)
class Cliff(Schedule):
    """A rate that explodes in the fifth epoch."""

    def at(self, step, total, per_epoch):
        return np.where(step >= 4, 1e300, 0.05)


def test_divergence_in_a_later_epoch_restores_a_better_epoch():
    network = Network([Dense(1)], input_shape=1, dtype="float64", seed=0)
    x, y = np.ones((4, 1)), np.full(4, 3.0)

    start = network.evaluate(x, y)["cost"]
    with pytest.warns(DivergenceWarning):
        history = network.fit(x, y, optimizer=SGD(Cliff()), batch_size=None, epochs=30)
    assert np.isfinite(network.parameters["W1"]).all()
    assert network.evaluate(x, y)["cost"] < start
    assert "the weights of epoch" in history.stopped


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_parameters_that_become_nan_in_the_last_step_of_the_run(epochs):
    """The cost is computed before the update, so that of the last step says nothing of what it made."""
    network = Network([Dense(1)], input_shape=1, dtype="float64", seed=0)
    x, y = np.full((4, 1), 1e200), np.zeros(4)

    def quiet(y, p):
        return np.sqrt(np.sum(p * p, axis=1) * 1e-300)

    network.parameters["W1"] = [[1e-150]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        history = network.fit(x, y, loss=quiet, optimizer=SGD(1e308), batch_size=None, epochs=epochs)
    assert np.isfinite(network.parameters["W1"]).all() and np.isfinite(network.parameters["b1"]).all()
    assert history.diverged


def test_a_loss_that_is_not_finite_from_the_start_blames_no_learning_rate():
    network = hidden(None)
    before = network.predict(X)
    with pytest.warns(DivergenceWarning, match="before the first update, so no learning rate is to blame"):
        network.fit(X, Y, loss=lambda y, p: np.log(y - y - 1) + p, epochs=2)
    np.testing.assert_array_equal(network.predict(X), before)


@pytest.mark.parametrize("value", [-np.inf, np.nan])
def test_weights_that_were_not_finite_from_the_start_are_named(value):
    """Such as those of a file of anybody's; with -inf before a relu the cost is finite."""
    network = Network([Dense(3, "relu"), Dense(2)], input_shape=X.shape[1], seed=0)
    network.architecture.parameters["b1"].value = [value, 0.0, 0.0]
    before = network.predict(X)
    with pytest.warns(
        DivergenceWarning, match="^b1 held NaN or infinity before the first update, so no learning rate"
    ):
        network.fit(X, Y, loss="mse", epochs=3)
    np.testing.assert_array_equal(network.predict(X), before)


def test_a_loss_that_is_not_finite_for_one_example_blames_no_learning_rate():
    network = hidden(None)
    y = np.zeros((20, 2))
    y[13] = 1.0
    with pytest.warns(DivergenceWarning, match="hardly to blame: the loss or its gradient is not finite"):
        network.fit(X, y, loss=lambda y, p: np.log(1 - y) + p**2, epochs=2, batch_size=1, shuffle=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lbfgs_that_diverges_keeps_finite_weights(dtype):
    network = Network([Dense(1)], input_shape=3, dtype=dtype, seed=0)
    before = network.predict(X)
    with pytest.warns(DivergenceWarning, match="at the weights it began with"):
        history = network.fit(
            X, Y[:, 0], loss=lambda y, p: np.log(y - y - 1) + p, optimizer="lbfgs", epochs=5
        )
    assert history.diverged
    np.testing.assert_array_equal(network.predict(X), before)
    history = network.fit(X, Y[:, 0], loss=lambda y, p: np.log(p + 5), optimizer="lbfgs", epochs=50)
    assert np.isfinite(network.parameters["W1"]).all()


def test_early_stopping_never_restores_nan():
    network, _, start = diverging(callbacks=EarlyStopping(3, monitor="cost"))
    assert np.isfinite(network.parameters["W1"]).all() and network.evaluate(X, Y[:, 0])["cost"] <= start


# --- L-BFGS ---------------------------------------------------------------------------------------------


def test_lbfgs_records_an_iteration_as_an_epoch_and_only_falls():
    network = hidden(None)
    history = network.fit(X, Y, optimizer="lbfgs", epochs=30, metrics=["mae"], validation_data=(X[:5], Y[:5]))
    assert len(history["cost"]) == len(history["val_mae"]) == history.epochs == 30
    assert history["cost"] == sorted(history["cost"], reverse=True)
    assert history["cost"][-1] == pytest.approx(network.evaluate(X, Y)["cost"], rel=1e-10)
    assert history["val_cost"][-1] == pytest.approx(network.evaluate(X[:5], Y[:5])["cost"], rel=1e-10)
    assert history.stopped == "Trained all 30 epochs; the cost was still falling: more epochs may help."


def test_lbfgs_says_when_it_is_done():
    history = Network([Dense(1)], dtype="float64", seed=0).fit(X, Y[:, 0], optimizer="lbfgs", epochs=500)
    assert history.epochs < 50 and history.stopped.startswith(
        f"Stopped after {history.epochs} iterations: the "
    )


def test_lbfgs_honours_early_stopping_tol_callbacks_and_budget():
    stop = EarlyStopping(patience=3, monitor="val_cost")
    network = Network([Dense(20, "tanh"), Dense(2)], input_shape=3, dtype="float64", seed=0)
    history = network.fit(
        X[:12], Y[:12], optimizer="lbfgs", epochs=300, validation_data=(X[12:], Y[12:]), callbacks=stop
    )
    best = int(np.argmin(history["val_cost"]))
    assert history.epochs == best + 4 and history.best_epoch == best
    assert network.evaluate(X[12:], Y[12:])["cost"] == pytest.approx(min(history["val_cost"]), rel=1e-10)
    assert "no better val_cost for 3 epochs; kept the weights of epoch" in history.stopped
    history = hidden(None).fit(X, Y, optimizer="lbfgs", epochs=300, callbacks=lambda n, e, logs: e == 4)
    assert history.epochs == 5 and "a callback asked" in history.stopped
    history = hidden(None).fit(X, Y, optimizer="lbfgs", epochs=300, tol=1.0)
    assert history.epochs == 11 and "tol=1" in history.stopped
    history = hidden(None).fit(X, Y, optimizer="lbfgs", epochs=10**6, time_budget=0.0)
    assert history.epochs == 1 and "time budget" in history.stopped


def test_lbfgs_with_class_weights_is_weighted_logistic_regression():
    y = (np.arange(20) < 5).astype(int)
    network = Network([Dense(1, "sigmoid", regularizer=L2(0.05))], dtype="float64", seed=0)
    network.fit(X, y, optimizer=LBFGS(tolerance=1e-10), epochs=500, class_weight="balanced")
    best = LogisticRegression(C=1 / (2 * 0.05 * 20), class_weight="balanced", tol=1e-12).fit(X, y)
    np.testing.assert_allclose(network.parameters["W1"], best.coef_.T, atol=1e-5)


@pytest.mark.parametrize("layer", [Dropout(0.5), BatchNormalization()], ids=repr)
def test_lbfgs_refuses_what_changes_between_two_looks(layer):
    network = Network([Dense(4, "tanh"), layer, Dense(2)], seed=0)
    with pytest.raises(GraphError, match=f"{type(layer).__name__} changes the cost between two looks"):
        network.fit(X, Y, optimizer="lbfgs")
    with pytest.raises(GraphError, match="has not seen data"):
        _ = network.parameters  # not half-built


def test_lbfgs_takes_no_batches():
    with pytest.raises(DataError, match="all examples at once"):
        hidden(None).fit(X, Y, optimizer="lbfgs", batch_size=7)


# --- dropout and batch normalization while training -----------------------------------------------------


def test_dropout_masks_differ_by_step_and_layer_and_are_off_at_prediction():
    network = Network(
        [Dropout(0.5), Dense(50, initializer=np.eye(50), use_bias=False), Dropout(0.5)],
        input_shape=50,
        seed=0,
    )
    ones = np.ones((4, 50))
    np.testing.assert_array_equal(network.predict(ones), ones)
    network = Network(
        [Dropout(0.5), Dropout(0.5), Dense(1, initializer="ones")], input_shape=50, dtype="float64", seed=0
    )
    history = network.fit(
        np.ones((1, 50)), [0.0], optimizer=SGD(1e-300), metrics=[lambda y, p: p], epochs=20, batch_size=None
    )
    values = np.array(history["<lambda>"])
    # Each of two layers keeps half and doubles it: multiples of 4, about 50 in the mean, new at each step.
    np.testing.assert_allclose(values / 4, np.round(values / 4))
    assert len(set(values)) > 5 and 30 < values.mean() < 70


def test_every_fit_draws_masks_and_shuffles_of_its_own():
    network = Network([Dropout(0.5), Dense(1)], input_shape=3, dtype="float64", seed=0)
    first = network.fit(X, Y[:, 0], optimizer=SGD(1e-300), epochs=2, batch_size=5)["cost"]
    second = network.fit(X, Y[:, 0], optimizer=SGD(1e-300), epochs=2, batch_size=5)["cost"]
    assert first[0] != first[1] and first != second
    network.initialize()
    assert network.fit(X, Y[:, 0], optimizer=SGD(1e-300), epochs=2, batch_size=5)["cost"] == first


def test_batch_normalization_while_training_and_its_running_statistics():
    network = Network(
        [Dense(2, initializer=np.eye(3)[:, :2], use_bias=False), BatchNormalization(momentum=0.8)],
        input_shape=3, dtype="float64", seed=0,
    )  # fmt: skip
    mean, variance = np.zeros(2), np.ones(2)
    network.fit(X, Y, optimizer=SGD(1e-300), batch_size=10, shuffle=False, epochs=3)
    for start in (0, 10) * 3:
        batch = X[start : start + 10, :2]
        mean = 0.8 * mean + 0.2 * batch.mean(axis=0)
        variance = 0.8 * variance + 0.2 * batch.var(axis=0)
    np.testing.assert_allclose(network.statistics["mean_1"], mean, rtol=1e-12)
    np.testing.assert_allclose(network.statistics["variance1"], variance, rtol=1e-12)
    expected = (X[:, :2] - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(network.predict(X), expected, rtol=1e-10)
    cost = network.fit(X, Y, optimizer=SGD(1e-300), batch_size=None, epochs=1)["cost"][0]
    normal = (X[:, :2] - X[:, :2].mean(axis=0)) / np.sqrt(X[:, :2].var(axis=0) + 1e-5)
    assert cost == pytest.approx(((normal - Y) ** 2).mean(), rel=1e-10)


# --- threads --------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # it learns too little, on purpose
def test_two_threads_fit_two_networks_as_one_after_the_other():
    def train(seed):
        network = Network([Dense(8, "relu"), Dropout(0.3), Dense(2)], input_shape=3, seed=seed)
        network.fit(X, Y, epochs=40, batch_size=7)
        return network.predict(X)

    expected = {seed: train(seed) for seed in (1, 2)}
    found = {}
    threads = [threading.Thread(target=lambda s=s: found.update({s: train(s)})) for s in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, value in expected.items():
        np.testing.assert_array_equal(found[seed], value)


def test_one_leap_of_adam_is_blamed_on_the_learning_rate():
    network = Network([Dense(4, "relu"), Dense(1)], input_shape=3, seed=0)
    X = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.warns(
        DivergenceWarning, match=r"One update took W1 from a norm of .* learning rate 1e\+12 is too high"
    ):
        network.fit(X, X[:, 0], optimizer=Adam(1e12), epochs=3, batch_size=10)
    assert np.isfinite(network.predict(X)).all()


def test_a_history_of_an_older_version_keeps_its_numbers():
    """A pickle of 0.1 has them in an attribute; those of today stay as they are."""
    old = History.__new__(History)
    old.__setstate__(
        {"history": {"cost": [2.0, 1.0]}, "times": [0.1, 0.2], "stopped": "Trained.", "best_epoch": 1}
    )
    assert old["cost"] == [2.0, 1.0] and old.epochs == 2 and old.best_epoch == 1 and "cost 1" in repr(old)
    again = pickle.loads(pickle.dumps(old))
    assert again == old and vars(again) == vars(old) and "history" not in vars(old)
