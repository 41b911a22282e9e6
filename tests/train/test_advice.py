"""What is said of a fit that ends unlearned or still falling: the right thing first, and nothing to a healthy one."""

import tracemalloc
import warnings

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(0)
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def scaled(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def sample(name):
    table, target = cr.load_table(name)
    y = table.pop(target)
    return table.to_numpy(float), np.unique(y, return_inverse=True)[
        1
    ] if y.dtype == object or y.nunique() < 11 else y


def houses(rows=300):
    area, rooms, age = RNG.normal(2000, 700, rows), RNG.integers(1, 6, rows), RNG.uniform(0, 80, rows)
    X = np.stack([area, rooms, age], axis=1)
    return X, 150 * area + 10_000 * rooms - 500 * age + RNG.normal(0, 20_000, rows)


def regression(*hidden):
    return [*(cr.Dense(n, "relu") for n in hidden), cr.Dense(1)]


def classifier(units, *hidden):
    return [*(cr.Dense(n, "relu") for n in hidden), cr.Dense(units, "sigmoid" if units == 1 else "softmax")]


def fitted(layers, X, y, seed=0, **options):
    """The history, and what was warned of."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        history = cr.Network(layers, seed=seed).fit(X, y, **options)
    assert all(w.category is cr.LearningWarning for w in seen) and len(seen) <= 1
    return history, str(seen[0].message) if seen else ""


HOUSES, WINE, IRIS, DIGITS, DIABETES = (
    houses(),
    sample("wine"),
    sample("iris"),
    sample("digits"),
    sample("diabetes"),
)
CANCER = sample("breast_cancer")
NOISE = RNG.normal(size=(2000, 5))

SICK = {
    "a house's price, nothing scaled": (regression(16), *HOUSES, {}, ["X is not scaled (column 0", "y is not scaled"]),
    "a house's price, X scaled": (regression(16), scaled(HOUSES[0]), HOUSES[1], {}, ["y is not scaled (mean "]),
    "a house's price, y scaled": (regression(16), HOUSES[0], scaled(HOUSES[1]), {}, ["X = (X - X.mean(axis=0)) / "]),
    "wine, not scaled": (classifier(3, 16), *WINE, {}, ["no better than the shares", "X is not scaled (column 12"]),
    "pixels to 255": (
        classifier(10, 32), DIGITS[0] * 255 / 16, DIGITS[1], {"optimizer": "sgd", "epochs": 20}, ["X = X / 255."],
    ),
    "a constant column": (
        regression(16), np.c_[HOUSES[0], np.ones(300)], scaled(HOUSES[1]), {}, ["/ (X.std(axis=0) + 1e-9)"],
    ),
    "two prices": (
        [*regression(16)[:1], cr.Dense(2)], scaled(HOUSES[0]), HOUSES[1][:, None] * [1, 2], {},
        ["y = (y - y.mean(axis=0)) / y.std(axis=0)"],
    ),
    "images to 255": (
        [cr.Flatten(), *classifier(10, 32)], (DIGITS[0] * 255 / 16).reshape(-1, 8, 8), DIGITS[1],
        {"optimizer": "sgd", "epochs": 20}, ["X = X / 255."],
    ),
    "pictures to 240": (
        [cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), *classifier(10)],
        (DIGITS[0] * 15).reshape(-1, 8, 8, 1), DIGITS[1], {"optimizer": cr.SGD(1e-9), "epochs": 30},
        ["X goes from 0 to 240: scale it first, X = X / 255."],
    ),
    "pictures of temperatures": (
        [cr.Conv2D(4, 2, activation="relu"), cr.Flatten(), cr.Dense(1)],
        NOISE[:, :4].reshape(-1, 2, 2, 1) * 50 + 280, NOISE[:, 4], {"optimizer": cr.SGD(1e-9), "epochs": 30},
        ["X is not scaled (mean 2", ", deviation ", "X = (X - X.mean()) / X.std()"],
    ),
    "temperatures scaled by a layer": (
        [cr.Rescaling(1e-9), cr.Conv2D(4, 2, activation="relu"), cr.Flatten(), cr.Dense(1)],
        NOISE[:, :4].reshape(-1, 2, 2, 1) * 50 + 280, NOISE[:, 4], {"optimizer": cr.SGD(1e-9), "epochs": 30},
        ["In 1,890 steps it"],
    ),
    "temperatures scaled by a layer behind": (
        [cr.GroupNormalization(1), cr.Flatten(), cr.Dense(1, initializer="zeros")],
        NOISE[:, :4].reshape(-1, 2, 2, 1) * 50 + 280, NOISE[:, 4], {"optimizer": cr.SGD(1e-9), "epochs": 30},
        ["In 1,890 steps it"],
    ),
    "channels of other units": (
        [cr.Conv1D(4, 1), cr.Flatten(), cr.Dense(1)],
        NOISE[:, :4].reshape(-1, 2, 2) * [1, 3000] + [0, 5000], NOISE[:, 4], {"optimizer": cr.SGD(1e-12), "epochs": 30},
        ["(channel 1 has mean 5", "X = (X - X.mean(axis=(0, 1))) / X.std(axis=(0, 1))"],
    ),
    "XOR in 100 epochs": ([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], *XOR, {}, ["only 100 steps", "2,000 epochs"]),
    "XOR without a hidden layer": (
        [cr.Dense(1, "sigmoid")], *XOR, {"epochs": 2000, "optimizer": cr.Adam(0.01)},
        ["(cr.Dense(16, 'relu') before the last)"],
    ),
    "steps that are too small": (
        classifier(3, 16), scaled(IRIS[0]), IRIS[1], {"optimizer": cr.SGD(1e-5)}, ["try a learning rate of 0.01"],
    ),
    "dead units": (
        [cr.Dense(8, "relu", initializer=-1.0), cr.Dense(1)], np.abs(NOISE), NOISE[:, 0], {"epochs": 30},
        ["dead ReLUs"],
    ),
    "noise": (
        [cr.Dense(1, initializer="zeros")], NOISE, RNG.normal(size=2000), {"epochs": 40, "optimizer": cr.SGD(0.001)},
        ["better than the mean of y"],
    ),
}  # fmt: skip
HEALTHY = {
    "iris": (classifier(3, 16), scaled(IRIS[0]), IRIS[1], {}),
    "iris, not scaled": (classifier(3, 16), *IRIS, {}),
    "wine": (classifier(3, 16), scaled(WINE[0]), WINE[1], {}),
    "breast cancer": (classifier(1, 16), scaled(CANCER[0]), CANCER[1], {}),
    "digits": (classifier(10, 32), DIGITS[0] / 16, DIGITS[1], {"epochs": 30}),
    "digits, 0 to 16": (classifier(10, 32), *DIGITS, {"epochs": 30}),
    "diabetes": (regression(16), scaled(DIABETES[0]), scaled(DIABETES[1]), {}),
    "diabetes, a line": (regression(), scaled(DIABETES[0]), scaled(DIABETES[1]), {}),
    "diabetes, L-BFGS": (regression(16), scaled(DIABETES[0]), scaled(DIABETES[1]), {"optimizer": "lbfgs"}),
    "diabetes, stopped early": (
        regression(16), scaled(DIABETES[0]), scaled(DIABETES[1]),
        {"validation_split": 0.2, "callbacks": cr.EarlyStopping()},
    ),
    "houses": (regression(16), scaled(HOUSES[0]), scaled(HOUSES[1]), {}),
    "houses, by absolute errors": (regression(16), scaled(HOUSES[0]), scaled(HOUSES[1]), {"loss": "mae"}),
    "a price of weights": (
        [cr.Dense(16, "relu", regularizer=cr.L2(0.02)), cr.Dense(1, "sigmoid", regularizer=cr.L2(0.02))],
        scaled(CANCER[0]), CANCER[1], {},
    ),
    "XOR": ([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], *XOR, {"epochs": 2000, "optimizer": cr.Adam(0.01)}),
    "a weak signal": (
        classifier(1, 16), NOISE, (RNG.random(2000) < 0.1 + 0.05 * (NOISE[:, 0] > 0)).astype(int), {"epochs": 60},
    ),
    "a rare class": (classifier(1, 16), NOISE, (RNG.random(2000) < 0.03).astype(int), {"epochs": 60}),
    "a look": (regression(16), *HOUSES, {"epochs": 2}),
    "a loss of one's own": (regression(16), *HOUSES, {"epochs": 40, "loss": lambda y, p: np.mean(abs(y - p), axis=-1)}),
}  # fmt: skip


@pytest.mark.parametrize("case", SICK)
def test_a_sick_fit_is_told_what_to_try_first(case):
    layers, X, y, options, words = SICK[case]
    _, said = fitted(layers, X, y, **options)
    assert all(word in said for word in words), said
    assert said.startswith("After ") and said.endswith(".") and len(said) < 700


@pytest.mark.parametrize("case", HEALTHY)
def test_a_healthy_fit_hears_nothing(case):
    _, said = fitted(*HEALTHY[case][:3], **HEALTHY[case][3])
    assert said == ""


def half(z):
    return 0.5 * np.tanh(z)


@pytest.mark.parametrize(
    ("end", "ends"),
    [
        ("tanh", "a network that ends with 'tanh' puts out numbers from -1 to 1"),
        ("sigmoid", "a network that ends with 'sigmoid' puts out numbers from 0 to 1"),
        (half, "a network that ends with 'half' puts out numbers from -0.5 to 0.5"),
    ],
)
def test_targets_that_the_output_cannot_reach_are_told_though_much_is_learned(end, ends):
    X = np.linspace(-1, 1, 40)[:, None]
    layers = [cr.Dense(4, "tanh"), cr.Dense(1, end)]
    history, said = fitted(layers, X, 1.2 * X[:, 0], loss="mse", epochs=200, optimizer=cr.Adam(0.05))
    assert history["cost"][-1] < history["cost"][0] / 2
    assert (
        said.startswith("y goes from -1.2 to 1.2, ")
        and ends in said
        and "activation (cr.Dense(1)), or " in said
    )
    low, high = {"tanh": (-1, 1), "sigmoid": (0, 1), half: (-0.5, 0.5)}[end]
    _, said = fitted(layers, X, np.clip(X[:, 0], low, high), loss="mse", epochs=200, optimizer=cr.Adam(0.05))
    assert said == ""


def test_the_remedies_are_right_when_they_are_followed():
    X, y = HOUSES
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    history, said = fitted(regression(16), X, y)
    assert said == "" and history["cost"][-1] < 0.1
    X, y = DIGITS[0] * 255 / 16, DIGITS[1]
    X = X / 255
    history, said = fitted(classifier(10, 32), X, y, optimizer="sgd", epochs=100)
    assert said == "" and history["cost"][-1] < 0.5
    for seed in range(5):
        history, said = fitted(
            SICK["XOR in 100 epochs"][0], *XOR, seed=seed, epochs=2000, optimizer=cr.Adam(0.01)
        )
        assert said == "" and history["cost"][-1] < 0.05
    history, said = fitted(classifier(3, 16), scaled(IRIS[0]), IRIS[1], optimizer=cr.SGD(0.01))
    assert said == "" and history["cost"][-1] < 0.6


def test_a_cost_that_still_falls_is_told_in_the_sentence_of_the_history():
    history, _ = fitted(classifier(3, 16), scaled(IRIS[0]), IRIS[1])
    assert history.stopped == (
        "Trained all 100 epochs; the cost was still falling: more epochs or a higher learning rate may help."
    )
    more, _ = fitted(classifier(3, 16), scaled(IRIS[0]), IRIS[1], epochs=1000)
    assert more.stopped == "Trained all 1,000 epochs." and more["cost"][-1] < history["cost"][-1] / 2
    raw, _ = fitted(classifier(1, 16), *CANCER)
    assert raw.stopped.endswith(
        "; the cost was still falling: inputs scaled to mean 0 and deviation 1 learn faster."
    )
    assert fitted(classifier(1, 16), scaled(CANCER[0]), CANCER[1])[0]["cost"][-1] < raw["cost"][-1] / 2


def test_a_column_has_its_name_and_weights_count():
    table, target = cr.load_table("wine")
    y = np.unique(table.pop(target), return_inverse=True)[1]
    _, said = fitted(classifier(3, 16), table, y, sample_weight=np.linspace(1, 2, len(y)))
    assert "(column 'proline' has mean" in said


@pytest.mark.parametrize("one_hot", [False, True])
def test_the_guess_of_many_classes_takes_no_number_for_each_row_and_class(one_hot):
    """It took 1.6 GB and most of the time of a fit where there were 5000."""
    X, labels = np.ones((4000, 1)), np.arange(4000) % 2000
    network = cr.Network([cr.Dense(2000, "softmax", initializer="zeros")], seed=0)
    y = np.eye(2000, dtype=np.float32)[labels] if one_hot else labels
    tracemalloc.start()
    with pytest.warns(cr.LearningWarning, match=f"that of the guess {np.log(2000):.4g}"):
        network.fit(X, y, epochs=5, batch_size=64, optimizer=cr.SGD(1e-6))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (120e6 if one_hot else 40e6)


def test_softened_targets_leave_a_floor_and_are_no_cost_that_could_still_fall():
    """The best that a network can do then costs the entropy of its targets, and the best guess is softened too."""
    X, y = np.eye(3).repeat(40, axis=0), np.repeat(np.arange(3), 40)
    softened = cr.CategoricalCrossentropy(0.3)
    history, said = fitted(classifier(3, 16), X, y, loss=softened, epochs=200)
    assert history.stopped == "Trained all 200 epochs." and said == ""
    least = -(0.8 * np.log(0.8) + 0.2 * np.log(0.1))
    assert least <= history["cost"][-1] + 1e-6 < least + 0.02
    network = cr.Network([cr.Dense(3, "softmax", initializer="zeros")], seed=0)
    with pytest.warns(cr.LearningWarning, match=f"that of the guess {np.log(3):.4g}"):
        network.fit(X * 0 + 1, y, loss=softened, epochs=100, optimizer=cr.SGD(1e-6))


def test_a_short_fit_that_learned_nothing_says_so_without_a_warning():
    X = np.random.default_rng(0).normal(size=(100, 4))
    y = 1000 + X[:, 0]
    history = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], seed=0).fit(X, y, epochs=10)
    assert history.stopped.endswith("it predicts no better than the mean of y would: try more epochs.")
    assert cr.Network([cr.Dense(1)], seed=0).fit(X, y, epochs=1).stopped == "Trained all 1 epoch."


def test_few_epochs_of_many_steps_are_judged():
    X, y = RNG.integers(0, 256, (2000, 4)).astype(np.uint8), RNG.integers(0, 2, 2000)
    with pytest.warns(cr.LearningWarning, match=r"After 3 epochs .* X = X / 255"):
        cr.Network(classifier(2, 8), seed=0).fit(X, y, epochs=3, batch_size=16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a look at it, in which few steps are taken
        cr.Network(classifier(2, 8), seed=0).fit(X, y, epochs=3, batch_size=64)


@pytest.mark.parametrize(
    "between",
    [
        cr.Dropout(0.5),
        cr.GaussianNoise(0.1),
        cr.BatchNormalization(),
        cr.Dense(4, "relu", regularizer="l2"),
        cr.LayerNormalization(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_network_that_learns_nothing_is_advised_whatever_its_layers_do_in_training(between):
    X, y = NOISE[:60, :1], RNG.integers(0, 3, 60)
    layers = [cr.Dense(4, "relu"), between, cr.Dense(4, "relu"), cr.Dense(3, "softmax")]
    network = cr.Network(layers, seed=0)
    with pytest.warns(cr.LearningWarning):
        history = network.fit(X, y, epochs=40, batch_size=2, optimizer=cr.SGD(1e-9))
    assert history.epochs == 40


def test_what_is_asked_of_dead_layers_holds_no_windows_of_all_pictures():
    X, y = RNG.uniform(size=(400, 48, 48, 4)).astype(np.float32), RNG.integers(0, 2, 400)
    layers = [
        cr.Conv2D(4, 5, activation="relu", initializer=-1.0),
        cr.GlobalMaxPooling2D(),
        cr.Dense(2, "softmax"),
    ]
    network = cr.Network(layers, seed=0)
    network.fit(X, y, epochs=1, batch_size=20)  # compiled
    tracemalloc.start()
    with pytest.warns(cr.LearningWarning, match="All units of the layer 'conv2d_1'"):
        network.fit(X, y, epochs=15, batch_size=20)  # 300 steps: fewer are a look, of which nothing is told
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # all windows would be 310 MB


@pytest.mark.parametrize("price", [None, cr.L2(0.01)])
def test_what_is_told_is_told_of_the_numbers_of_this_network(price):
    """One that is like another before it has its graph, and numbers of its own."""
    X, y = NOISE[:200], RNG.integers(0, 2, 200)
    layers = [cr.Dense(8, "relu", regularizer=price), cr.Dense(2, "softmax")]
    told = []
    for _ in range(3):
        network = cr.Network(layers, input_shape=5, seed=1, engine="numpy")
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            network.fit(X, y, epochs=40, optimizer=cr.SGD(1e-4))
        told.append([str(each.message) for each in seen])
    assert len(told[0]) == 1 and "put out 0" not in told[0][0]
    assert told[1] == told[2] == told[0]


def test_what_is_said_of_networks_fitted_together_is_of_their_own_weights():
    """Networks that are alike share a graph, which holds no values: with zeros in it every layer would be dead."""
    draws = np.random.default_rng(0)
    X, y = draws.normal(size=(200, 3)), draws.normal(size=200)
    networks = [cr.Network([cr.Dense(8, "relu"), cr.Dense(1)], input_shape=3, seed=seed) for seed in range(2)]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        cr.fit_many(networks, X, y, epochs=40, optimizer=cr.Adam(1e-5))
    assert told and not any("never" in str(w.message) or "dead" in str(w.message) for w in told)


def test_the_price_of_weights_is_that_of_the_weights_once_they_were_looked_at():
    X = np.random.default_rng(0).normal(size=(120, 3))
    layers = [cr.Dense(4, "tanh", regularizer=cr.L2(0.01)), cr.Dense(1)]
    stopped = []
    for look in (None, lambda network, epoch, logs: network.parameters["W1"].copy() is None):
        network = cr.Network(layers, input_shape=3, seed=0)
        stopped.append(network.fit(X, X[:, 0], epochs=40, callbacks=look or ()).stopped)
    assert stopped[0].split(";")[1:] == stopped[1].split(";")[1:]
