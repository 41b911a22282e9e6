"""What is wrong is said before the first step, with row, column and remedy, and leaves the network as it was."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from values_of import values_of

from chainrule.errors import ChainruleError
from chainrule.graph.node import constant, variable
from chainrule.nn.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Embedding,
    Flatten,
    MaxPooling1D,
    Reshape,
)
from chainrule.nn.losses import Huber
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.many import fit_many
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = (X[:, 0] > 0).astype(int)
LABELS = RNG.integers(0, 3, 30)
IMAGES = RNG.normal(size=(30, 8, 8))


def put(array, place, value):
    changed = np.array(array, dtype=object if isinstance(value, str) else float)
    changed[place] = value
    return changed


def binary():
    return [Dense(4, "relu"), Dense(1, "sigmoid")]


def several():
    return [Dense(4, "relu"), Dense(3, "softmax")]


class Elsewhere:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert a tensor on cuda:0 to numpy.")


def numbers(units=1):
    return [Dense(units)]


FRAME = pd.DataFrame(X, columns=["age", "price", "size", "rooms"])

# What is fitted, on what, how; and words that the error must have.
MISTAKES = {
    "labels 5 to 7 of three classes": (
        several, X, LABELS + 5, {}, ["labels 5, 6, 7", "3 units", "0 to 2", "First bad row: 0", "from 0"],
    ),
    "a negative label": (several, X, put(LABELS, 4, -1), {}, ["labels -1", "First bad row: 4"]),
    "a label and a half": (several, X, put(LABELS, 4, 1.5), {}, ["labels 1.5", "First bad row: 4"]),
    "a row that is no distribution": (
        several, X, put(np.eye(3)[LABELS], (4, 0), 0.25), {}, ["Row 4 of y is no distribution", "sum to 1"],
    ),
    "targets of the wrong width": (lambda: numbers(2), X, np.zeros((30, 3)), {}, ["(2,)", "(3,)"]),
    "labels where numbers are expected": (
        lambda: numbers(3), X, LABELS, {}, ["(3,)", "one column", "'softmax'", "'categorical_crossentropy'"],
    ),
    "NaN in X": (binary, put(X, (7, 2), np.nan), Y, {}, ["X holds NaN", "row 7, column 2", "Fill or drop"]),
    "NaN in a DataFrame": (
        binary, pd.DataFrame(put(X, (7, 2), np.nan), columns=FRAME.columns), Y, {}, ["row 7, column 'size'"],
    ),
    "pandas' NA": (
        binary, FRAME.assign(size=pd.array([None] * 3 + [1] * 27, dtype="Int64")), Y, {},
        ["missing value in row 0, column 'size'", "Fill or drop"],
    ),
    "several NaN": (binary, put(X, [7, 9], np.nan), Y, {}, ["row 7, column 0, and 7 more such"]),
    "infinity in X": (binary, put(X, (29, 3), np.inf), Y, {}, ["infinity in row 29, column 3"]),
    "NaN in y": (binary, X, put(Y, 3, np.nan), {}, ["y holds NaN", "row 3."]),
    "infinity in y": (numbers, X, put(Y, 3, -np.inf), {}, ["y holds infinity in row 3."]),
    "y too large for float32": (numbers, X, put(Y, 3, 1e39), {}, ["y holds 1e+39 in row 3", "float32", "Scale it"]),
    "X too large for float32": (numbers, put(X, (5, 1), -1e39), Y, {}, ["-1e+39 in row 5, column 1", "float64"]),
    "softmax over one unit": (lambda: [Dense(1, "softmax")], X, Y, {}, ["always 1", "Dense(1, 'sigmoid')"]),
    "softmax over one unit with mse": (lambda: [Dense(1, "softmax")], X, Y, {"loss": "mse"}, ["always 1"]),
    "crossentropy of logits": (
        lambda: numbers(3), X, LABELS, {"loss": "categorical_crossentropy"}, ["'identity'", "End it with 'softmax'"],
    ),
    "crossentropy of a relu": (
        lambda: [Dense(1, "relu")], X, Y, {"loss": "binary_crossentropy"}, ["'relu'", "End it with 'sigmoid'"],
    ),
    "classes compared by one output": (
        binary, X, Y, {"loss": "categorical_crossentropy"}, ["one output", "'binary_crossentropy'"],
    ),
    "unknown activation": (lambda: [Dense(3, "rellu")], X, Y, {}, ["Did you mean 'relu'"]),
    "unknown initializer": (lambda: [Dense(3, initializer="hee")], X, Y, {}, ["Did you mean 'he'"]),
    "unknown loss": (binary, X, Y, {"loss": "mes"}, ["Unknown loss 'mes'", "Did you mean 'mse'"]),
    "unknown optimizer": (binary, X, Y, {"optimizer": "adamm"}, ["Did you mean 'adam'"]),
    "unknown metric": (binary, X, Y, {"metrics": ["acuracy"]}, ["Did you mean 'accuracy'"]),
    "no metric": (binary, X, Y, {"metrics": [3]}, ["a name or a callable", "found 3"]),
    "two metrics of one name": (
        binary, X, Y, {"metrics": [lambda y, p: y - p, lambda y, p: p - y]}, ["Two metrics are called '<lambda>'"],
    ),
    "accuracy of numbers": (numbers, X, X[:, 1] * 9, {"metrics": "accuracy"}, ["compares classes", "in "
    "row 0", "'mae'"]),
    "lengths that differ": (binary, X, Y[:-1], {}, ["X has 30 rows and y has 29"]),
    "a loss in which (n,) meets (n, 1)": (
        numbers, X, Y, {"loss": lambda y, p: (y[:, 0] - p) ** 2}, ["(batch, batch)", "(batch,) and (batch, 1)"],
    ),
    "a word in X": (binary, put(X, (6, 2), "big"), Y, {}, ["'big' in row 6, column 2", "mend that one or drop"]),
    "text in X": (binary, np.full((30, 4), "big"), Y, {}, ["'big' in row 0, column 0", "Turn text into numbers"]),
    "text in a DataFrame": (binary, FRAME.assign(size="big"), Y, {}, ["'big' in row 0, column 'size'"]),
    "text in y": (binary, X, np.where(Y, "yes", "no"), {}, ["y holds '", "in row 0", "np.unique(y, return_"]),
    "masked cells": (
        binary, np.ma.masked_array(X, X[3, 1] == X), Y, {}, ["NaN (a missing value) in row 3, column 1"],
    ),
    "a generator": (binary, (row for row in X), Y, {}, ["X is a generator"]),
    "a file name as X": (binary, "data.csv", Y, {}, ["the text 'data.csv'"]),
    "ragged lists": (binary, [[1, 2], [3]], [0, 1], {}, ["rows have different lengths"]),
    "one-hot rows that do not sum to 1": (
        several, X, put(np.eye(3)[LABELS], 5, 0.5), {}, ["Row 5", "sum to 1", "1.5", "'sigmoid'"],
    ),
    "binary targets out of 0 to 1": (binary, X, put(Y, 2, 2), {}, ["y holds 2 in row 2;", "from 0 to 1", "'softmax'"]),
    "targets of -1 and 1": (binary, X, 2 * Y - 1, {}, ["y holds -1", "Number the two classes 0 and 1"]),
    "counts below 0": (
        lambda: [Dense(1, "softplus")], X, put(Y, 8, -2), {"loss": "poisson"}, ["-2 in row 8", "counts"],
    ),
    "negative weights": (binary, X, Y, {"sample_weight": put(np.ones(30), 3, -1)}, ["negative in row 3"]),
    "weights of another length": (binary, X, Y, {"sample_weight": np.ones(5)}, ["(5,)", "30 rows"]),
    "weights that are all 0": (binary, X, Y, {"sample_weight": np.zeros(30)}, ["zero in every row"]),
    "NaN weights": (binary, X, Y, {"sample_weight": put(np.ones(30), 3, np.nan)}, ["NaN", "row 3"]),
    "weights for a loss of one number": (
        numbers, X, Y, {"sample_weight": np.ones(30), "loss": lambda y, p: np.mean((y - p) ** 2)},
        ["single number", "(batch,)"],
    ),
    "class weights of an unknown class": (binary, X, Y, {"class_weight": {0: 1, 7: 2}}, ["class 7", "0, 1"]),
    "class weights by name": (binary, X, Y, {"class_weight": {"yes": 2}}, ["class 'yes'", "0, 1"]),
    "negative class weights": (binary, X, Y, {"class_weight": {1: -2}}, ["class 1", "found -2"]),
    "class weights as a list": (binary, X, Y, {"class_weight": [1, 2]}, ["'balanced'", "found [1, 2]"]),
    "class weights misspelt": (binary, X, Y, {"class_weight": "balance"}, ["'balanced'", "found 'balance'"]),
    "class weights of numbers": (numbers, X, X[:, 0], {"class_weight": "balanced"}, ["classes", "sample_weight"]),
    "no rows": (binary, X[:0], Y[:0], {}, ["no rows"]),
    "empty lists": (binary, [], [], {}, ["no rows"]),
    "no columns": (binary, X[:, :0], Y, {}, ["no features"]),
    "no X": (binary, None, Y, {}, ["X is missing"]),
    "no y": (binary, X, None, {}, ["y is missing"]),
    "a node as X": (binary, constant(X), Y, {}, ["X.value"]),
    "complex numbers": (binary, X + 1j, Y, {}, ["complex128"]),
    "dates": (binary, np.full((30, 4), "2020-01-01", "M8[D]"), Y, {}, ["datetime64", "the year"]),
    "images into Dense, with labels": (several, IMAGES, LABELS, {}, ["Put cr.Flatten() before Dense(4", "(8, 8)"]),
    "images into Dense, with one-hot rows": (several, IMAGES, np.eye(3)[LABELS], {}, ["Put cr.Flatten() before"]),
    "images into Dense, with numbers": (numbers, IMAGES, X[:, 0], {}, ["Put cr.Flatten() before Dense(1)", "(8, 8)"]),
    "images into Dense, yes or no": (binary, IMAGES, Y, {}, ["Put cr.Flatten() before Dense(4, activation='relu')"]),
    "words into Dense": (
        lambda: [Embedding(3, 2), Dense(1)], LABELS.repeat(4).reshape(30, 4), Y, {},
        ["what reaches it is (batch, 4, 2)", "Put cr.Flatten() before Dense(1)"],
    ),
    "labels of a half": (several, X, Y / 2, {}, ["labels 0.5", "np.unique", "Dense(1, 'sigmoid')", "'mse'"]),
    "labels from 1": (several, X, LABELS + 1, {}, ["labels 3", "Number the classes from 0: classes, y = np.unique"]),
    "more classes than units": (lambda: [Dense(2, "softmax")], X, LABELS, {}, ["labels 2", "the last layer 3 units"]),
    "quantities as labels": (several, X, np.arange(30), {}, ["There are 30 classes", "If they are quantities"]),
    "labels as text": (several, X, np.array(["a", "b", "c"])[LABELS], {}, ["np.unique(y, return_inverse=True)"]),
    "more one-hot columns than units": (several, X, np.eye(5)[LABELS], {}, ["one-hot", "Dense(5, 'softmax')"]),
    "one-hot rows of two classes": (binary, X, np.eye(2)[Y], {}, ["one-hot", "Dense(2, 'softmax')", "y.argmax("]),
    "more columns than outputs": (numbers, X, X[:, :2], {}, ["(1,)", "(2,)", "Give the last layer 2 units"]),
    "targets in columns": (lambda: numbers(2), X, X[:, :2].T, {}, ["30 rows and y has 2", "np.transpose(y)"]),
    "targets by name": (numbers, X, {"a": Y, "b": Y}, {}, ["y is a dict", "np.column_stack(list(y.values()))"]),
    "two losses": (numbers, X, Y, {"loss": {"a": "mse"}}, ["one output so far, and one loss", "lambda y, p: cr.mse"]),
    "the name of a column as y": (numbers, FRAME, "price", {}, ["X.drop(columns='price'), X['price']"]),
    "class weights of whole numbers": (numbers, X, LABELS, {"class_weight": "balanced"}, ["'mse'", "sample_weight"]),
    "a tensor that stays where it is": (numbers, Elsewhere(), Y, {}, ["is a Elsewhere", "on cuda:0", ".cpu().numpy()"]),
    "a single number as y": (binary, X, 1, {}, ["y is a single number", "30 rows"]),
    "epochs below 0": (binary, X, Y, {"epochs": -1}, ["epochs", "found -1"]),
    "epochs of a half": (binary, X, Y, {"epochs": 1.5}, ["epochs", "found 1.5"]),
    "epochs as text": (binary, X, Y, {"epochs": "3"}, ["epochs", "found '3'"]),
    "epochs of True": (binary, X, Y, {"epochs": True}, ["epochs", "found True"]),
    "batches of 0": (binary, X, Y, {"batch_size": 0}, ["batch_size", "found 0"]),
    "batches of a half": (binary, X, Y, {"batch_size": 0.5}, ["batch_size", "found 0.5"]),
    "a class for an optimizer": (binary, X, Y, {"optimizer": Adam}, ["write Adam(...)"]),
    "a class for a loss": (binary, X, Y, {"loss": Huber}, ["write Huber(...)"]),
    "a number for a loss": (binary, X, Y, {"loss": 3}, ["Unknown loss 3"]),
    "a class for a callback": (binary, X, Y, {"callbacks": EarlyStopping}, ["cr.EarlyStopping()"]),
    "a loss that returns no node": (numbers, X, Y, {"loss": lambda y, p: 3.0}, ["returned float and no node"]),
    "a metric that returns no node": (numbers, X, Y, {"metrics": lambda y, p: [1]}, ["returned list and no node"]),
    "a loss of another length": (numbers, X, Y, {"loss": lambda y, p: np.sum(p, axis=0)}, ["(1,)", "(batch,)"]),
    "all rows held back": (binary, X, Y, {"validation_split": 1.0}, ["from 0 to below 1"]),
    "no row held back": (binary, X, Y, {"validation_split": 0.01}, ["leaves 0 to validate on"]),
    "a share that is no number": (binary, X, Y, {"validation_split": "20%"}, ["'20%'"]),
    "validation given twice": (
        binary, X, Y, {"validation_split": 0.2, "validation_data": (X, Y)}, ["not both"],
    ),
    "validation data without y": (binary, X, Y, {"validation_data": X}, ["(X, y) or (X, y, sample_weight)"]),
    "validation data of another width": (binary, X, Y, {"validation_data": (X[:, :2], Y)}, ["X has 2 "
    "columns; this network takes 4"]),
    "validation y with a bad label": (
        several, X, LABELS, {"validation_data": (X, LABELS + 1)}, ["validation y holds the labels 3"],
    ),
    "validation data without rows": (binary, X, Y, {"validation_data": (X[:0], Y[:0])}, ["no rows"]),
    "verbose 3": (binary, X, Y, {"verbose": 3}, ["found 3"]),
    "shuffle as text": (binary, X, Y, {"shuffle": "no"}, ["True or False", "'no'"]),
    "orders of too few epochs": (
        binary, X, Y, {"epochs": 3, "shuffle": [[*range(len(X))]] * 2}, ["3 epochs", f"of shape (2, {len(X)})"],
    ),
    "orders of the rows held back": (
        binary, X, Y, {"shuffle": [[*range(len(X))]], "validation_split": 0.5}, [f"{len(X) // 2} examples to learn"],
    ),
    "orders of no whole numbers": (binary, X, Y, {"shuffle": np.zeros((1, len(X)))}, ["whole numbers", "float64"]),
    "an order that misses a row": (
        binary, X, Y, {"shuffle": [[*range(1, len(X)), 1]]}, ["shuffle[0]", f"from 0 to {len(X) - 1} once"],
    ),
    "orders of different lengths": (binary, X, Y, {"shuffle": [[0, 1], [0]]}, ["whole numbers", "shape (2,)"]),
    "a batch size in a list": (binary, X, Y, {"batch_size": np.array([8])}, ["batch_size", "array([8])"]),
    "epochs in a list": (binary, X, Y, {"epochs": np.array([8])}, ["epochs", "array([8])"]),
    "orders beyond the rows": (binary, X, Y, {"shuffle": [[*range(1, len(X) + 1)]]}, ["shuffle[0]"]),
    "a tol of NaN": (binary, X, Y, {"tol": np.nan}, ["tol", "nan"]),
    "a budget below 0": (binary, X, Y, {"time_budget": -1}, ["time_budget", "-1"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_found_before_the_first_step(mistake):
    layers, features, targets, options, words = MISTAKES[mistake]
    with pytest.raises(ChainruleError) as error:
        Network(layers(), seed=0).fit(features, targets, **{"epochs": 1} | options)
    message = str(error.value)
    for part in words:
        assert part in message, message
    assert len(message) < 700 and len(message.splitlines()) <= 8
    assert ".." not in message.replace("...", "")


@pytest.mark.parametrize("mistake", [m for m, (make, *_) in MISTAKES.items() if not m.startswith("unknown ")])
def test_after_a_mistake_the_network_is_as_it_was(mistake):
    layers, features, targets, options, _ = MISTAKES[mistake]
    fresh = Network(layers(), seed=0)
    with pytest.raises(ChainruleError):
        fresh.fit(features, targets, **{"epochs": 1} | options)
    assert fresh._made is None and fresh.loss is None and fresh.runs == 0
    built = Network(layers(), input_shape=4, seed=0)
    before = values_of(built)
    with pytest.raises(ChainruleError):
        built.fit(features, targets, **{"epochs": 1} | options)
    assert built.loss is None and built.runs == 0
    for a, b in zip(before, values_of(built), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_long_list_is_never_printed():
    long = list(range(100_000))
    for options in (
        {"class_weight": long},
        {"epochs": long},
        {"verbose": long},
        {"tol": long},
        {"metrics": [long]},
    ):
        with pytest.raises(ChainruleError) as error:
            Network(binary()).fit(X, Y, **options)
        assert len(str(error.value)) < 400
    with pytest.raises(ChainruleError) as error:
        Network([Dense(2, initializer=np.zeros((50, 50)).tolist())], input_shape=3)
    assert len(str(error.value)) < 400
    with pytest.raises(ChainruleError) as error:
        Network([long])
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([Dense], "Dense is a class: write Dense(...)"),
        (Dense, "Dense is a class: write Dense(...)"),
        (["relu"], "cr.Activation('relu')"),
        ("relu", "cr.Activation('relu')"),
        (None, "list of layers"),
        (3, "list of layers"),
        ([], "at least one layer"),
        ([Dense(3), None], "found None"),
    ],
)
def test_what_is_no_list_of_layers(layers, words):
    with pytest.raises(ChainruleError) as error:
        Network(layers)
    assert words in str(error.value)


@pytest.mark.parametrize("shape", ["4", -4, 4.0, (4, None), ("batch", 4), (4.5,), [[4]], 0, ()])
def test_input_shapes_that_are_none(shape):
    with pytest.raises(ChainruleError):
        Network([Dense(1)], input_shape=shape)


@pytest.mark.parametrize(
    "options",
    [
        {"seed": -1},
        {"seed": 1.5},
        {"seed": "0"},
        {"seed": True},
        {"seed": 2**63},
        {"seed": np.array([3])},
        {"engine": ["native"]},
        {"dtype": "float16"},
        {"dtype": 3},
        {"engine": "numpi"},
    ],
)
def test_settings_of_a_network_that_make_no_sense(options):
    with pytest.raises(ChainruleError):
        Network([Dense(1)], **options)


def test_data_for_a_network_that_knows_its_columns():
    network = Network(binary(), input_shape=4, seed=0)
    for given, words in (
        (X.T, "X has 30 columns; this network takes 4. Its rows and columns may be exchanged"),
        (X[0], "that of one example. Give a table of examples: X[None]"),
        (X[:, :3], "X has 3 columns; this network takes 4. Train and predict on the same columns"),
        (FRAME[["age", "price"]], "X has 2 columns (age, price); this network takes 4"),
        (X[None], "X has shape (1, 30, 4)"),
        (X[:, :, None], "this network takes (batch, 4). Its numbers are as many: give X[..., 0]."),
        (X.reshape(30, 2, 2), "Its numbers are as many: give X.reshape(len(X), -1)."),
        (X[0].reshape(2, 2), "Its numbers are as many: give X.reshape(1, 4)."),
        (3.0, "single number"),
        ({"x": X, "z": X}, "not among them: 'z'"),
    ):
        with pytest.raises(ChainruleError) as error:
            network.predict(given)
        assert words in str(error.value)


def test_several_inputs_are_given_by_name():
    network = Network(lambda a, b: Dense(1)(a) + Dense(1)(b), {"a": 4, "b": (2,)}, seed=0)
    good = network.predict({"a": X, "b": X[:, :2]})
    np.testing.assert_array_equal(network.predict([X, X[:, :2]]), good)
    for given, words in (
        ({"a": X}, "missing: b"),
        ({"a": X, "b": X[:, :2], "c": X}, "not among them: 'c'"),
        ({"a": X, "b": X[:5, :2]}, "a 30, b 5"),
        ({"a": X, "b": X}, "The input 'b' has 4 columns; this network takes 2."),
        (X, "takes 2 inputs. Give them by name: {'a': ..., 'b': ...}"),
        (
            {"a": X, "b": put(X[:, :2], (3, 1), np.nan)},
            "The input 'b' holds NaN (a missing value) in row 3, column 1",
        ),
    ):
        with pytest.raises(ChainruleError) as error:
            network.predict(given)
        assert words in str(error.value)


@pytest.mark.parametrize("word", [5, -1, 1.5])
@pytest.mark.parametrize("direct", [True, False])
def test_words_that_an_embedding_does_not_have(word, direct):
    if direct:
        network = Network([Embedding(5, 2), Flatten(), Dense(1)], input_shape=3, seed=0)
    else:
        network = Network(lambda x: Dense(1)(Embedding(5, 2)(x[:, 1])), {"x": 3}, seed=0)
    words = np.array([[0, 1, 2], [3, word, 4]])
    for attempt in (lambda: network.predict(words), lambda: network.fit(words, [0, 1])):
        with pytest.raises(ChainruleError, match=rf"5 rows.*0 to 4; found {word:g} in row 1"):
            attempt()


def test_what_is_read_as_a_table_of_numbers():
    network = Network(numbers(), input_shape=4, seed=0)
    expected = network.predict(X)
    for given in (X.tolist(), FRAME, X.astype(object), {"x": X}, X.astype(str)):
        np.testing.assert_allclose(network.predict(given), expected, rtol=1e-6)
    whole = np.arange(8).reshape(2, 4)
    np.testing.assert_allclose(network.predict(whole > 3), network.predict((whole > 3).astype(float)))
    np.testing.assert_allclose(network.predict(whole.astype("int8")), network.predict(whole.astype(float)))


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("layout", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_sparse_tables_are_read_in_any_layout(layout, kind):
    """That of keys is a dict, of entries by place, and was taken for one of inputs by name."""
    sparse = getattr(scipy.sparse, f"{layout}_{kind}")(X)
    network, same = Network(binary(), input_shape=4, seed=0), Network(binary(), seed=0)
    np.testing.assert_array_equal(network.predict(sparse), network.predict(X))
    y = Y > 0
    costs = [net.fit(x, y, epochs=2)["cost"] for net, x in [(network, X), (same, sparse)]]
    assert costs[0] == costs[1]
    assert same.evaluate({"x": sparse}, y)["cost"] == network.evaluate(X, y)["cost"]
    several = [
        [
            history["cost"]
            for history in fit_many([Network(binary(), seed=0)], x, y, epochs=2, rows=[range(9)])
        ]
        for x in (X, sparse)
    ]
    assert several[0] == several[1]


def test_targets_may_be_n_or_n_1_and_single_numbers_may_be_inputs():
    costs = []
    for y in (Y, Y[:, None], Y.tolist(), pd.Series(Y, index=range(100, 130)), Y > 0, pd.DataFrame({"y": Y})):
        network = Network(binary(), seed=0)
        costs.append(network.fit(X, y, epochs=2)["cost"])
    assert all(c == costs[0] for c in costs)
    network = Network(numbers(), seed=0)
    network.fit(X[:, 0], X[:, 1], epochs=1)
    assert network.parameters["W1"].shape == (1, 1) and network.predict(X[:, 0]).shape == (30, 1)
    assert network.predict([1.0, 2.0]).shape == (2, 1)


def test_an_output_without_an_axis_takes_n():
    network = Network(lambda x: Dense(1)(x)[:, 0], {"x": 4}, dtype="float64", seed=0)
    chain = Network(numbers(), input_shape=4, dtype="float64", seed=0)
    chain.parameters.update(network.parameters)
    assert network.predict(X).shape == (30,)
    for y in (Y, Y[:, None]):
        assert network.evaluate(X, y)["cost"] == pytest.approx(chain.evaluate(X, Y)["cost"])


def test_a_parameter_s_shape_is_checked():
    network = Network(numbers(), input_shape=4, seed=0)
    before = network.parameters["W1"].copy()
    for value in (np.zeros((4, 2)), np.zeros(4), 1.0, [["a"]] * 4):
        with pytest.raises(ChainruleError):
            network.parameters["W1"] = value
    np.testing.assert_array_equal(network.parameters["W1"], before)
    with pytest.raises(ChainruleError, match="Unknown parameter 'W9'"):
        network.parameters["W9"] = 1
    with pytest.raises(KeyError, match="Unknown parameter 'W9'"):
        _ = network.parameters["W9"]
    assert network.parameters.get("W9") is None and "W9" not in network.parameters


def test_stray_variables_and_inputs_are_refused():
    k = variable(2.0, name="k")
    with pytest.raises(ChainruleError, match="'k' stands in the network but belongs to no layer"):
        Network(lambda x: Dense(1)(x) * k, {"x": 4})


PICTURES = RNG.normal(size=(12, 12, 12, 1))
TEN = RNG.integers(0, 10, 12)
SLIDING = [Conv2D(10, 3, activation="softmax")]
PAINTING = [Conv2D(4, 3, strides=2, activation="relu"), Conv2DTranspose(1, 3, strides=2)]


def ragged(*shapes):
    found = np.empty(len(shapes), object)
    found[:] = [np.zeros(shape) for shape in shapes]
    return found


@pytest.mark.parametrize(
    ("layers", "X", "y", "words"),
    [
        ([Conv2D(8, 3), Dense(10, "softmax")], PICTURES, TEN, r"Put cr.Flatten\(\) before Dense"),
        (SLIDING, PICTURES, TEN, r"an answer for each of \(10, 10\) places.*cr.Flatten\(\)"),
        (SLIDING, PICTURES, np.eye(10)[TEN], r"labels, one for each place, \(12, 10, 10\).*cr.Flatten\(\)"),
        (SLIDING, PICTURES, PICTURES[..., 0] > 0, r"here \(12, 12\), there \(10, 10\).*padding='same'"),
        (PAINTING, PICTURES, PICTURES, r"here \(12, 12\), there \(11, 11\).*padding='same'"),
        ([Conv2D(3, 1)], PICTURES, PICTURES, "Give the last layer 1 unit"),
        ([Conv1D(3, 1), Flatten()], PICTURES, TEN, "Pictures are for cr.Conv2D"),
        ([MaxPooling1D(), Flatten()], PICTURES, TEN, "Pictures are for cr.MaxPooling2D"),
        ([Reshape((-1, 12, 12, 1)), Conv2D(3, 3)], PICTURES, TEN, r"first axis.*cr.Reshape\(\(12, 12, 1\)\)"),
        ([Reshape((100,))], PICTURES, TEN, "are 144"),
        (
            SLIDING,
            list(ragged((4, 4, 1), (3, 4, 1))),
            [0, 1],
            r"\(4, 4, 1\) in row 0 and \(3, 4, 1\) in row 1.*resize",
        ),
        (
            SLIDING,
            ragged((4, 4, 1), (3, 4, 1)),
            [0, 1],
            r"\(4, 4, 1\) in row 0 and \(3, 4, 1\) in row 1.*resize",
        ),
        (SLIDING, ["a.png", "b.png"], [0, 1], "read first, with Pillow"),
    ],
)
def test_mistakes_with_pictures_are_told_what_to_do(layers, X, y, words):
    with pytest.raises(ChainruleError, match=words):
        Network(layers, seed=0).fit(X, y, epochs=1)


@pytest.mark.parametrize(
    ("given", "taken", "words"),
    [
        ((2, 8, 8, 3), (8, 8, 1), r"X.mean\(axis=-1, keepdims=True\)"),
        ((2, 8, 8, 1), (8, 8, 3), r"np.repeat\(X, 3, axis=-1\)"),
        ((2, 8, 8, 4), (8, 8, 3), r"X\[..., :3\]"),
    ],
)
def test_pictures_of_other_colours_are_told_the_line_that_mends_them(given, taken, words):
    network = Network([Conv2D(2, 3)], input_shape=taken, seed=0)
    X = np.zeros(given)
    with pytest.raises(ChainruleError, match=words) as told:
        network.predict(X)
    mended = eval(str(told.value).rpartition(": ")[2].rstrip("."), {"np": np, "X": X})
    assert network.predict(mended).shape == (2, 6, 6, 2)


def test_pictures_of_another_size_are_told_which():
    network = Network([Conv2D(2, 3)], input_shape=(8, 8, 1), seed=0)
    with pytest.raises(ChainruleError, match=r"pictures of one size.*to \(8, 8\) first"):
        network.predict(np.zeros((2, 9, 8, 1)))


def test_grey_targets_need_no_axis_of_channels():
    layers = [Conv2D(1, 3, padding="same")]
    one, other = (Network(layers, seed=0) for _ in range(2))
    assert (
        one.fit(PICTURES, PICTURES[..., 0], epochs=3)["cost"]
        == other.fit(PICTURES, PICTURES, epochs=3)["cost"]
    )


@pytest.mark.parametrize(
    ("layer", "shape", "given"),
    [
        (Conv2D(8, 3), (9, 9, 2), (8, 2, 3, 3)),
        (Conv2DTranspose(8, 3), (9, 9, 2), (2, 8, 3, 3)),
        (Conv1D(8, 3), (9, 2), (8, 2, 3)),
        (Dense(8), (2,), (8, 2)),
    ],
)
def test_weights_of_pytorch_are_told_how_they_are_turned(layer, shape, given):
    network, w = Network([layer], input_shape=shape, seed=0), RNG.normal(size=given)
    with pytest.raises(ChainruleError, match="PyTorch's weights") as told:
        network.parameters["W1"] = w
    network.parameters["W1"] = eval(f"w{str(told.value).rpartition(' by ')[2].rstrip('.')}", {"w": w})


def test_gradients_are_checked_before_any_fit():
    layers = [Conv2D(2, 3, activation="tanh"), Flatten(), Dense(3, "softmax")]
    assert Network(layers, seed=0).check_gradients(PICTURES[:2], TEN[:2] % 3).passed
