"""The public network: parameters by the lectures' names, counts, summary, predictions, gradients, branches."""

import copy
import gc
import pickle
import weakref
from itertools import pairwise

import joblib
import numpy as np
import pytest
from values_of import values_of

from chainrule.errors import ChainruleError, DataError, GraphError, ShapeError
from chainrule.graph.primitives import corners
from chainrule.graph.walk import order
from chainrule.models.loading import load
from chainrule.nn.activations import softmax
from chainrule.nn.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
)
from chainrule.train import programs
from chainrule.train.network import Network
from chainrule.train.optimizers import SGD

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4))
Y = RNG.normal(size=12)


def count(network):
    return sum(v.size for v in network.parameters.values())


def chain(inputs, *units, activation="relu", **options):
    return Network(
        [*(Dense(n, activation) for n in units[:-1]), Dense(units[-1])], input_shape=inputs, **options
    )


# --- parameters -----------------------------------------------------------------------------------------


def test_counts_of_the_lectures():
    assert count(chain(64 * 64 * 3, 1)) == 12_289  # S4-13
    assert count(chain(64 * 64 * 3, 3)) == 36_867  # S4-17
    assert [count(chain(2, 4, 1)), count(chain(2, 8, 1)), count(chain(64, 32, 1))] == [17, 33, 2113]  # S4-14
    assert [count(chain(2, 3, 1)), count(chain(64, 32, 10))] == [13, 2410]
    assert [count(chain(n, 3, 2, 1)) for n in (4, 64, 12288)] == [3 * n + 14 for n in (4, 64, 12288)]  # S4-39
    first = [chain(n, 3, 2, 1).parameters for n in (1, 2, 3, 4)]  # S4-40
    shares = [(p["W1"].size + p["b1"].size) / sum(v.size for v in p.values()) for p in first]
    assert [s > 0.5 for s in shares] == [False, False, True, True]
    assert count(chain(3, 4, 1)) == 21  # S1-8, S1-32
    no_bias = Network([Dense(4, use_bias=False), Dense(1, use_bias=False)], input_shape=4)
    assert [count(no_bias), count(chain(4, 4, 1))] == [20, 25]
    assert count(Network([Dense(n, use_bias=False) for n in (4, 1, 1)], input_shape=4)) == 21


@pytest.mark.parametrize("sizes", [(3, 4, 1), (5, 7, 6, 2), (1, 1)])
def test_parameters_are_edges_and_neurons(sizes):
    edges = sum(a * b for a, b in pairwise(sizes))
    assert count(chain(*sizes)) == edges + sum(sizes[1:])


def test_names_are_the_lectures():
    network = Network(
        [Dense(3), BatchNormalization(), Activation("relu"), Dropout(0.5), Dense(2), LayerNormalization(), Dense(1)],
        input_shape=4,
    )  # fmt: skip
    names = ["W1", "b1", "gamma_1", "beta_1", "W2", "b2", "gamma_2", "beta_2", "W3", "b3"]
    assert list(network.parameters) == names and len(network.parameters) == 10
    assert list(network.statistics) == ["mean_1", "variance_1"]
    assert network.parameters["gamma1"] is network.parameters["gamma_1"]
    network.parameters["beta1"] = [1, 2, 3]
    np.testing.assert_array_equal(network.parameters["beta_1"], [1, 2, 3])
    assert network.parameters["W1"].shape == (4, 3) and network.parameters["b1"].shape == (3,)
    assert "'W1': (4, 3)" in repr(network.parameters)


def test_a_layer_object_that_is_used_twice_shares_its_weights_in_a_list_as_in_a_function(tmp_path):
    layer = Dense(4, "tanh")
    listed = Network([layer, layer], input_shape=4, seed=0, dtype="float64")
    shared = Network(lambda x: layer(layer(x)), {"x": 4}, seed=0, dtype="float64")
    target = RNG.normal(size=(12, 4))
    for network in (listed, shared):
        assert list(network.parameters) == ["W1", "b1"] and network.layers == [layer, layer]
        assert "20 parameters" in repr(network) and "dense_1/2 (Dense)" in network.summary_text()
        assert "total 20 parameters" in network.summary_text()
        network.fit(X, target, epochs=3)
        W, b = network.parameters["W1"], network.parameters["b1"]
        np.testing.assert_allclose(
            network.predict(X), np.tanh(np.tanh(X @ W + b) @ W + b), rtol=1e-12, atol=1e-14
        )
    np.testing.assert_array_equal(listed.predict(X), shared.predict(X))
    twice = Network([Dense(4, "tanh"), Dense(4, "tanh")], input_shape=4, dtype="float64")
    twice.parameters.update(W1=W, b1=b, W2=W, b2=b)
    both = twice.gradients(X, target)
    np.testing.assert_allclose(listed.gradients(X, target)["W1"], both["W1"] + both["W2"], rtol=1e-10)
    listed.save(tmp_path / "shared.safetensors")
    for again in (
        load(tmp_path / "shared.safetensors"),
        pickle.loads(pickle.dumps(listed)),
        copy.deepcopy(listed),
    ):
        assert list(again.parameters) == ["W1", "b1"]
        np.testing.assert_array_equal(again.predict(X), listed.predict(X))


def test_normalization_and_dropout_that_are_listed_twice():
    norm, drop = BatchNormalization(), Dropout(0.5)
    network = Network([norm, drop, norm, drop, Dense(1)], input_shape=4, seed=0)
    assert [name.partition("_")[0] for name in network.statistics] == ["mean", "variance"]
    uniform = [n for n in order([network.architecture.output]) if n.primitive.name == "random_uniform"]
    assert len({n.attributes["stream"] for n in uniform}) == 2  # each place has a mask of its own


def test_a_layer_that_is_listed_twice_must_fit_both_places():
    dense = Dense(3)
    with pytest.raises(
        ShapeError, match=r"W would have the shapes \(4, 3\) and \(3, 3\)\. Make two layers: write De"
    ):
        Network([dense, dense], input_shape=4)


def test_assigned_values_are_copies_in_the_network_s_dtype():
    network = chain(2, 1)
    value = np.ones((2, 1))
    network.parameters["W1"] = value
    value[:] = 5
    assert (network.parameters["W1"] == 1).all() and network.parameters["W1"].dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        network.parameters["W1"][0] = 3
    with pytest.raises(GraphError, match="cannot be deleted"):
        del network.parameters["W1"]


def test_assigned_values_are_finite_numbers():
    """As initial values are: every prediction would be NaN, without a word."""
    network = chain(2, 1)
    before = network.parameters["W1"].copy()
    for wrong, said in ((np.nan, "NaN"), (-np.inf, "infinity")):
        with pytest.raises(DataError, match=f"W1 holds {said}.* in row 1, column 0.*finite numbers"):
            network.parameters["W1"] = [[0.0], [wrong]]
    with pytest.raises(DataError, match=r"W1 holds 1e\+39 in row 1, column 0, too large for float32"):
        network.parameters["W1"] = [[0.0], [1e39]]
    np.testing.assert_array_equal(network.parameters["W1"], before)


def test_several_values_are_assigned_all_or_none():
    network = chain(2, 1)
    before = {name: value.copy() for name, value in network.parameters.items()}
    for wrong in ({"b1": [np.nan]}, {"b1": [1.0, 2.0]}, {"b2": [1.0]}):
        with pytest.raises(ChainruleError):
            network.parameters.update({"W1": np.ones((2, 1)), **wrong})
    for name, value in before.items():
        np.testing.assert_array_equal(network.parameters[name], value)
    network.parameters.update({"W1": np.ones((2, 1))}, b1=[3])
    assert (network.parameters["W1"] == 1).all() and network.parameters["b1"] == 3


# --- branches -------------------------------------------------------------------------------------------


def sensors():
    """An image and a radar, joined, with a slice, a where and arithmetic between the layers."""
    eye = Dense(5, "relu", name="eye")

    def draw(image, radar):
        seen = eye(Flatten()(image))
        heard = BatchNormalization()(Dense(4)(radar))
        both = np.concatenate([seen, np.where(heard > 0, heard, 0.1 * heard), radar[:, 1:] * 2 - 1], axis=1)
        return Dense(3, "softmax", name="answer")(both)

    return Network(draw, {"image": (2, 3), "radar": 3}, seed=0, dtype="float64")


IMAGES, RADAR = RNG.normal(size=(12, 2, 3)), RNG.normal(size=(12, 3))
BOTH = {"image": IMAGES, "radar": RADAR}
LABELS = np.arange(12) % 3


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # it learns too little, on purpose
def test_a_function_of_several_inputs_is_one_network():
    network = sensors()
    p = network.parameters
    seen = np.maximum(0, IMAGES.reshape(12, 6) @ p["W1"] + p["b1"])
    heard = (RADAR @ p["W2"] + p["b2"]) / np.sqrt(1 + 1e-5)
    both = np.concatenate([seen, np.where(heard > 0, heard, 0.1 * heard), RADAR[:, 1:] * 2 - 1], axis=1)
    z = both @ p["W3"] + p["b3"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(network.predict(BOTH), e / e.sum(axis=1, keepdims=True), rtol=1e-10)
    assert network.check_gradients(BOTH, LABELS).passed
    before = network.evaluate(BOTH, LABELS)["cost"]
    history = network.fit(BOTH, LABELS, epochs=100, validation_split=0.25)
    assert network.evaluate(BOTH, LABELS)["cost"] < before and len(history["val_cost"]) == 100
    assert list(network.inputs) == ["image", "radar"]


def test_what_belongs_to_a_layer_follows_the_graph_and_not_the_order_of_calls():
    def draw(x):
        h = Dense(3)(x)
        late = Dense(2)(h)
        return Dense(1)(np.concatenate([late, BatchNormalization()(h)], axis=1))

    network = Network(draw, {"x": 4})
    assert network.parameters["gamma_1"].shape == (3,)  # of layer 1, though layer 2 was called before it


def test_the_initializer_follows_the_activation_that_the_units_reach():
    def he(network, name="W1"):
        W = network.parameters[name]
        return abs(W.std() - np.sqrt(2 / len(W))) < abs(W.std() - np.sqrt(2 / sum(W.shape)))

    assert he(Network([Dense(400, "relu")], input_shape=300, seed=0))
    assert not he(Network([Dense(400, "tanh")], input_shape=300, seed=0))
    assert he(Network([Dense(400), BatchNormalization(), Activation("relu")], input_shape=300, seed=0))
    assert he(Network(lambda x: corners.relu(Dense(400)(x)), {"x": 300}, seed=0))
    assert not he(Network([Dense(400), Dense(400, "relu")], input_shape=300, seed=0))
    two = Network(
        lambda a, b: Dense(1)(Dense(400)(a) + Activation("relu")(Dense(400)(b))), {"a": 300, "b": 300}, seed=0
    )
    assert not he(two, "W1") and he(two, "W2")


def test_wrong_functions_say_what_is_wrong():
    for function, inputs, words in (
        (lambda a: a, None, "inputs="),
        (lambda a: a, {}, "inputs="),
        (lambda a: a, {"b": 3}, r"\(b\)"),
        (lambda a: [a], {"a": 3}, "must return the output node"),
        (lambda a: np.sum(a), {"a": 3}, "its first axis must count the examples"),
        (lambda a: Dense(2)(a, a), {"a": 3}, "takes one input; it was called on 2"),
        (lambda a: Dense(2)(a) + Dense(3)(a), {"a": 3}, r"\(batch, 2\) and \(batch, 3\)"),
        (lambda a: Dense(2)(Dense), {"a": 3}, "called on nodes"),
    ):
        with pytest.raises(ChainruleError, match=words):
            Network(function, inputs)
    with pytest.raises(GraphError, match="input_shape"):
        Network([Dense(1)], inputs={"a": 3})


# --- looking --------------------------------------------------------------------------------------------


def test_the_summary_is_a_table_with_totals(capsys):
    layers = [
        Flatten(),
        Dense(16, "relu"),
        BatchNormalization(),
        Dropout(0.2),
        Dense(10, "softmax", name="digit"),
    ]
    network = Network(layers, input_shape=(8, 8))
    network.summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2-layer network"
    assert lines[2].split() == ["layer", "output", "shape", "parameters", "multiply-adds", "bytes"]
    found = [" ".join(line.split()) for line in lines[4:-3]]
    assert found == [
        "x (input) (batch, 8, 8) 0 0 0",
        "flatten_1 (Flatten) (batch, 64) 0 0 0",
        "dense_1 (Dense) (batch, 16) 1,040 1,024 4,160",
        "batch_normalization_1 (batch, 16) 64 0 256",
        "dropout_1 (Dropout) (batch, 16) 0 0 0",
        "digit (Dense) (batch, 10) 170 160 680",
    ]
    assert lines[-2] == "total 1,274 parameters (1,242 trained, 32 kept), 5.1 kB as float32"
    assert len({len(line) for line in lines[4:-3]}) == 1


def test_the_summary_of_shared_layers_counts_them_once():
    layer = Dense(4, name="both")
    network = Network(lambda a, b: layer(a) + layer(b), {"a": 3, "b": 3})
    text = network.summary_text()
    assert "both (Dense)" in text and "both/2 (Dense)" in text and "total 16 parameters" in text


@pytest.mark.parametrize(
    ("layers", "shape", "words"),
    [
        ([Dense(5), Flatten(), Dense(2, activation=lambda z: z.T)], 3, "Layer 3"),
        ([Embedding(4, 2), LayerNormalization(), Dense(2, activation=lambda z: np.sum(z))], (7,), "Layer 3"),
    ],
)
def test_where_shapes_do_not_fit_the_rows_up_to_the_failing_layer_are_shown(layers, shape, words):
    with pytest.raises(ShapeError) as error:
        Network(layers, input_shape=shape)
    lines = str(error.value).splitlines()
    assert lines[0].startswith(words)
    assert lines[-2].startswith("✗ ") and "fails here, given (batch, " in lines[-2]
    assert lines[3].split() == ["layer", "output", "shape", "parameters", "multiply-adds", "bytes"]
    given = shape if isinstance(shape, int) else shape[0]
    assert lines[5].split() == ["x", "(input)", "(batch,", f"{given})", "0", "0", "0"] and len(lines) == 10
    fitted = Network(layers)
    with pytest.raises(ShapeError, match="fails here"):
        fitted.fit(np.zeros((4, shape if isinstance(shape, int) else shape[0])), np.zeros((4, 2)))
    assert "?" in fitted.summary_text()


def test_a_network_that_has_seen_no_data_says_so():
    network = Network([Dense(1)])
    for look in (
        lambda: network.predict(X), lambda: network.parameters, lambda: network.output,
        lambda: network.save("x"), lambda: network.evaluate(X, Y), lambda: network.initialize(),
    ):  # fmt: skip
        with pytest.raises(GraphError, match=r"input_shape=\(4,\)"):
            look()
    assert repr(network) == "Network([Dense(1)])" and network.layers


# --- predicting -----------------------------------------------------------------------------------------


def test_classes_of_one_of_several_and_of_many_answers():
    p = np.array([[0.5], [0.50001], [0.2]])
    one = Network([Activation(lambda p: np.clip(p, 0, 1))], input_shape=1)
    assert one.predict_classes(p).tolist() == [0, 1, 0]  # a tie at 0.5 is class 0
    many = Network([Activation("sigmoid")], input_shape=3)
    assert many.predict_classes([[0.0, 1, -1], [2, 2, 2]]).tolist() == [[0, 1, 0], [1, 1, 1]]
    several = Network([Activation("softmax")], input_shape=3)
    assert several.predict_classes([[0.0, 1, -1], [2, 2, 2]]).tolist() == [1, 0]


def test_classes_of_what_predicts_numbers_are_refused():
    def logits(y, p):
        return np.mean(np.logaddexp(0, p) - y * p, axis=-1)

    labels = (X[:, 0] > 0).astype(int)
    for layer, loss in (
        (Dense(1), None),
        (Dense(1), logits),
        (Dense(1, "tanh"), "mse"),
        (Dense(2, "relu"), "huber"),
    ):
        network = Network([layer], seed=0)
        network.fit(X, np.stack([labels] * layer.units, axis=1), epochs=1, loss=loss)
        with pytest.raises(
            GraphError, match=r"predicts numbers, and no classes\. They are what network\.predict\(X\)"
        ):
            network.predict_classes(X)
    own = Network(lambda x: 1 / (1 + np.exp(-Dense(1)(x))), {"x": 4}, seed=0)  # in (0, 1), whatever its loss
    assert set(own.predict_classes(X)) <= {0, 1}
    shares = Network(
        lambda x: np.exp(Dense(3)(x)) / np.sum(np.exp(Dense(3)(x)), axis=1, keepdims=True), {"x": 4}, seed=0
    )
    shares.fit(X, labels, epochs=1, loss="categorical_crossentropy")
    assert shares.predict_classes(X).tolist() == shares.predict(X).argmax(axis=1).tolist()


@pytest.mark.parametrize("rows", [0, 1, 8191, 8192, 8193, 20_000])
def test_prediction_does_not_depend_on_how_rows_are_batched(rows):
    network = Network(
        [Dense(8, "relu"), BatchNormalization(), Dropout(0.5), Dense(3, "softmax")], input_shape=4, seed=0
    )
    table = np.random.default_rng(1).normal(size=(rows, 4)).astype(np.float32)
    found = network.predict(table)
    assert found.shape == (rows, 3) and found.dtype == np.float32
    assert network.predict_classes(table).shape == (rows,)
    for start in range(0, rows, 1777):
        np.testing.assert_allclose(
            found[start : start + 3], network.predict(table[start : start + 3]), rtol=1e-5
        )
    assert network.activations(table)["A1"].shape == (rows, 8)


def test_evaluation_does_not_depend_on_how_rows_are_batched(monkeypatch):
    network = chain(4, 8, 1, dtype="float64", seed=0)
    weight = np.linspace(0, 1, 12)
    weight[:4] = 0
    whole = {**network.evaluate(X, Y, metrics=["mae"], sample_weight=weight)}
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", 4)
    again = {**network.evaluate(X, Y, metrics=["mae"], sample_weight=weight)}
    assert again == pytest.approx(whole, rel=1e-12)


def test_evaluate_names_cost_and_metrics():
    network = Network([Dense(1, "sigmoid")], input_shape=4, dtype="float64", seed=0)
    y = (Y > 0).astype(int)
    found = network.evaluate(X, y)
    p = network.predict(X)[:, 0]
    assert found == pytest.approx(
        {"cost": -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), "accuracy": np.mean((p > 0.5) == y)}
    )
    weight = np.arange(12.0)
    weighted = network.evaluate(X, y, metrics="accuracy", sample_weight=weight)
    assert weighted["accuracy"] == pytest.approx(np.average((p > 0.5) == y, weights=weight))
    with pytest.raises(DataError, match="no rows"):
        network.evaluate(X[:0], y[:0])


@pytest.mark.parametrize("targets", [LABELS, np.eye(3)[LABELS]], ids=["labels", "one-hot"])
def test_accuracy_of_several_classes(targets):
    network = Network([Dense(3, "softmax")], input_shape=4, seed=0)
    found = network.evaluate(X, targets)["accuracy"]
    assert found == pytest.approx(np.mean(network.predict(X).argmax(axis=1) == LABELS))


def test_activations_by_the_lectures_names_and_by_label():
    network = Network(
        [Dense(3, "tanh"), BatchNormalization(), Dense(2, "sigmoid", name="out")],
        input_shape=4,
        dtype="float64",
    )
    found = network.activations(X)
    assert set(found) == {"Z1", "A1", "batch_normalization_1", "Z2", "A2"}
    np.testing.assert_allclose(found["A1"], np.tanh(found["Z1"]), rtol=1e-12)
    np.testing.assert_array_equal(found["A2"], network.predict(X))


def test_gradients_by_name_are_those_of_differences():
    network = chain(4, 3, 1, activation="tanh", dtype="float64", seed=0)
    found = network.gradients(X, Y)
    assert list(found) == list(network.parameters)
    W = network.parameters["W1"].copy()
    for place in ((0, 0), (3, 2)):
        costs = []
        for h in (1e-6, -1e-6):
            moved = W.copy()
            moved[place] += h
            network.parameters["W1"] = moved
            costs.append(network.evaluate(X, Y)["cost"])
        assert found["W1"][place] == pytest.approx((costs[0] - costs[1]) / 2e-6, rel=1e-6)
    assert network.check_gradients(X, Y).passed


def test_check_gradients_with_dropout_batch_norm_weights_and_penalties():
    network = Network(
        [Dense(6, "tanh", regularizer=0.1), BatchNormalization(), Dropout(0.4), Dense(1, "sigmoid")],
        input_shape=4, seed=0,
    )  # fmt: skip
    report = network.check_gradients(X, (Y > 0).astype(int), sample_weight=np.arange(1, 13))
    assert report.passed and len(report.parameters) == 6


def test_float64_and_float32_networks_start_alike():
    single, double = chain(4, 8, 1, seed=5), chain(4, 8, 1, seed=5, dtype=np.float64)
    assert single.predict(X).dtype == np.float32 and double.predict(X).dtype == np.float64
    np.testing.assert_array_equal(single.parameters["W1"], double.parameters["W1"].astype(np.float32))


def test_three_axes_and_words():
    images = RNG.normal(size=(6, 5, 4))
    network = Network([Dense(3, "relu"), LayerNormalization(), Flatten(), Dense(1)], dtype="float64", seed=0)
    network.fit(images, np.arange(6), epochs=2)
    p = network.parameters
    assert p["W1"].shape == (4, 3) and p["W2"].shape == (15, 1) and network.predict(images).shape == (6, 1)
    np.testing.assert_allclose(network.activations(images)["Z1"], images @ p["W1"] + p["b1"], rtol=1e-12)
    words = Network([Embedding(10, 3), Flatten(), Dense(1, "sigmoid")], dtype="float64", seed=0)
    sentences = np.array([[1, 2], [3, 9], [0, 0]])
    words.fit(sentences, [0, 1, 1], epochs=200, optimizer="adam")
    assert words.parameters["E1"].shape == (10, 3) and words.predict_classes(sentences).tolist() == [0, 1, 1]
    assert words.check_gradients(sentences, [0, 1, 1]).passed


def test_labels_for_each_step_of_a_sequence():
    steps = RNG.normal(size=(6, 5, 4))
    labels = (steps[..., 0] > 0).astype(int)
    network = Network([Dense(8, "relu"), Dense(2, "softmax")], dtype="float64", seed=0)
    history = network.fit(steps, labels, epochs=1000, metrics="accuracy", optimizer="adam")
    assert network.predict(steps).shape == (6, 5, 2) and history["accuracy"][-1] > 0.9
    assert network.predict_classes(steps).shape == (6, 5)


# --- copies ---------------------------------------------------------------------------------------------


def round_trips(network, tmp_path):
    yield pickle.loads(pickle.dumps(network))
    yield copy.deepcopy(network)
    yield copy.copy(network)
    joblib.dump(network, tmp_path / "network.joblib")
    yield joblib.load(tmp_path / "network.joblib")


def test_copies_of_a_fitted_network_predict_alike_and_go_their_own_way(tmp_path):
    network = sensors()
    network.fit(BOTH, LABELS, epochs=3)
    expected, cost = network.predict(BOTH), network.evaluate(BOTH, LABELS)
    for twin in round_trips(network, tmp_path):
        np.testing.assert_array_equal(twin.predict(BOTH), expected)
        assert twin.evaluate(BOTH, LABELS) == cost and repr(twin) == repr(network)
        assert twin.seed == network.seed and twin.runs == network.runs
        more = twin.fit(BOTH, LABELS, epochs=2)["cost"]
        np.testing.assert_array_equal(network.predict(BOTH), expected)
        assert more == copy.deepcopy(network).fit(BOTH, LABELS, epochs=2)["cost"]


def test_copies_of_a_network_that_has_seen_no_data(tmp_path):
    network = chain(4, 3, 1, seed=3)
    unseen = Network([Dense(3, "relu"), Dense(1)], seed=3)
    for twin in round_trips(unseen, tmp_path):
        twin.fit(X, Y, epochs=0)
        np.testing.assert_array_equal(twin.parameters["W1"], network.parameters["W1"])
        assert unseen._made is None


def test_what_is_picklable_holds_no_compiled_code():
    network = chain(4, 3, 1)
    before = len(pickle.dumps(network))
    network.fit(X, Y, epochs=1)
    assert len(pickle.dumps(network)) < before + 200


def test_what_is_kept_of_a_network_for_the_next_one_holds_none_of_its_weights():
    def weights():
        network = Network([Dense(7, "tanh"), Dense(1)], seed=0)
        network.fit(np.ones((4, 3)), np.ones(4), epochs=2)
        network.predict(np.ones((4, 3)))
        return [weakref.ref(value) for value in values_of(network)]

    found = weights()
    gc.collect()
    assert all(ref() is None for ref in found)


def test_a_second_equal_network_trains_as_the_first_did_and_another_loss_is_another_program():
    def train(loss="mse", rate=0.1, width=5):
        network = Network([Dense(width, "tanh"), Dense(1)], seed=0)
        return network.fit(np.eye(3), [1, 2, 3], epochs=5, loss=loss, optimizer=SGD(rate))["cost"]

    assert train() == train()
    assert len({tuple(train(*a)) for a in [(), ("mae",), ("mse", 0.2), ("mse", 0.1, 6)]}) == 4


def rows_apart(a):
    image = a.reshape(a.shape[0], 2, 3)
    parts = [
        np.max(image, axis=2),
        a[:, None, 1],
        np.cumsum(a, axis=1),
        np.transpose(image, (2, 0, 1))[0],
        image @ np.eye(3)[:, 0],
    ]
    z = np.concatenate(parts, axis=1)
    return Dropout(0.3)(BatchNormalization()(Dense(3, "softmax")(np.where(z > 0, z, np.exp(z)))))


def rows_mixed(a):
    return Dense(2)(a - a.mean(axis=0))


MIXED = {
    "a mean of all": rows_mixed,
    "a largest of all": lambda a: Dense(2)(a / np.max(np.abs(a), axis=0)),
    "a product of all with all": lambda a: Dense(2)(softmax(a @ a.T) @ a),
    "their number": lambda a: Dense(2)(a) / a.shape[0],
    "a running sum of all": lambda a: Dense(2)(np.tanh(np.cumsum(a, axis=0))),
    "a softmax over all": lambda a: Dense(2)(softmax(a, axis=0)),
    "another shape": lambda a: Dense(2)(np.sum(np.reshape(a, (6, -1)) ** 2, axis=1) * a),
}


@pytest.mark.filterwarnings("ignore:.*cumsum along the open axis:chainrule.errors.EngineWarning")
@pytest.mark.parametrize("name", ["apart", *MIXED])
def test_examples_that_look_at_each_other_are_not_read_in_parts(name, monkeypatch):
    network = Network(MIXED.get(name, rows_apart), {"a": (6,)}, seed=0, dtype="float64")
    a = np.random.default_rng(0).normal(size=(50, 6))
    y = np.random.default_rng(1).normal(size=(50, network.output.shape[-1]))
    whole, cost = network.predict({"a": a}), network.evaluate({"a": a}, y, loss="mse")["cost"]
    assert network._made.output.keeps_apart == (name == "apart")
    monkeypatch.setattr(programs, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(network.predict({"a": a}), whole, rtol=1e-12)
    assert network.evaluate({"a": a}, y, loss="mse")["cost"] == pytest.approx(cost, rel=1e-12)


def test_examples_that_take_much_memory_are_looked_at_a_few_at_a_time(monkeypatch, forget):
    network = chain(4, 8, 1, dtype="float64", seed=0)
    whole, y = network.predict(X), np.ones(len(X))
    cost = network.evaluate(X, y, loss="mse")["cost"]
    monkeypatch.setattr("chainrule.train.programs.MOST_BYTES", 1000)
    forget()
    network = chain(4, 8, 1, dtype="float64", seed=0)
    seen = []
    executable = network._made.output.on(network.engine, 1, len(X))
    each = type(executable).each
    monkeypatch.setattr(
        type(executable),
        "each",
        lambda self, state, batches: each(self, state, (seen.append(len(b[0])) or b for b in batches)),
    )
    np.testing.assert_allclose(network.predict(X), whole, rtol=1e-12)
    assert max(seen) == network._made.output.most_rows < len(X) and sum(seen) == len(X)
    seen.clear()
    assert network.evaluate(X, y, loss="mse")["cost"] == pytest.approx(cost, rel=1e-12)
    assert max(seen) == network._made.output.most_rows and sum(seen) == len(X)
