"""Sequences of different lengths: what is padded is never looked at, by any verb of a network."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import chainrule as cr

LENGTHS = (3, 1, 5, 2, 4, 5, 1, 3)


def some(*shape, seed=0, lengths=LENGTHS):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, *shape)) for n in lengths]


def per_step(end, seed=0, **settings):
    layers = [cr.Masking(), cr.Dense(6, "tanh"), cr.LSTM(4, return_sequences=True), end]
    return cr.Network(layers, seed=seed, dtype="float64", **settings)


def of_steps(seed=0, **settings):
    """A network without a loop."""
    return cr.Network(
        [cr.Masking(), cr.Dense(6, "tanh"), cr.Dense(2)], seed=seed, dtype="float64", **settings
    )


X = some(3)
# what a step is to give, the end of a network, and the loss by hand, of one step
TASKS = {
    "numbers": ([x[:, :2] ** 2 for x in X], cr.Dense(2), lambda y, p: ((y - p) ** 2).mean(-1)),
    "one number": ([x.sum(1) for x in X], cr.Dense(1), lambda y, p: (y - p[:, 0]) ** 2),
    "classes": (
        [(x[:, 0] > 0).astype(int) + (x[:, 1] > 0) for x in X],
        cr.Dense(3, "softmax"),
        lambda y, p: -np.log(p[np.arange(len(y)), y]),
    ),
    "one-hot": (
        [np.eye(3)[(x[:, 0] > 0).astype(int) + (x[:, 1] > 0)] for x in X],
        cr.Dense(3, "softmax"),
        lambda y, p: -np.log((p * y).sum(-1)),
    ),
    "several that may all be": (
        [(x[:, :2] > 0).astype(int) for x in X],
        cr.Dense(2, "sigmoid"),
        lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1),
    ),
    "yes or no": (
        [(x[:, 0] > 0).astype(int) for x in X],
        cr.Dense(1, "sigmoid"),
        lambda y, p: -(y * np.log(p[:, 0]) + (1 - y) * np.log(1 - p[:, 0])),
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_cost_is_the_mean_over_the_steps_that_count(task):
    y, end, loss = TASKS[task]
    network = per_step(end)
    network.fit(X, y, epochs=1, batch_size=3)
    found = network.evaluate(X, y)["cost"]
    each = [loss(one, p) for one, p in zip(y, network.predict(X), strict=True)]
    np.testing.assert_allclose(found, np.concatenate(each).mean(), rtol=1e-12)
    weights = np.arange(1.0, 9.0)
    weighed = (
        np.concatenate([w * e for w, e in zip(weights, each, strict=True)]).sum() / (weights * LENGTHS).sum()
    )
    np.testing.assert_allclose(network.evaluate(X, y, sample_weight=weights)["cost"], weighed, rtol=1e-12)
    by_step = [np.linspace(0.5, 2, n) for n in LENGTHS]
    whole = np.average(np.concatenate(each), weights=np.concatenate(by_step))
    np.testing.assert_allclose(network.evaluate(X, y, sample_weight=by_step)["cost"], whole, rtol=1e-12)


# Made once in float32 by Keras 3.15 on JAX 0.10.2: Masking, GRU, Dense, of which a loss is weighed by the mask.
KERAS = json.loads((Path(__file__).parent / "sequences_keras.json").read_text())


@pytest.mark.parametrize("name", KERAS["cases"])
def test_costs_metrics_and_a_step_are_those_of_keras(name):
    case, x = KERAS["cases"][name], np.array(KERAS["x"])
    counts = np.arange(4) < np.array(KERAS["lengths"])[:, None]
    y, (width, activation) = (
        np.array(case["y"]),
        {"classes": (3, "softmax"), "several": (2, "sigmoid")}.get(name, (2, None)),
    )
    layers = [cr.Masking(), cr.GRU(3, return_sequences=True), cr.Dense(width, activation)]
    network = cr.Network(layers, input_shape=(4, 2), dtype="float64")
    network.parameters.update(zip(network.parameters, case["weights"], strict=True))
    np.testing.assert_allclose(network.predict(x)[counts], np.array(case["predicted"])[counts], rtol=2e-6)
    given = case["sample_weight"]
    metric = "mae" if activation is None else "accuracy"
    found = network.evaluate(x, y, metrics=metric, sample_weight=given)
    scores = {k.removeprefix("binary_"): v for k, v in case["scores"].items()}
    # Keras divides what weights say by how many steps there are, and not by what these weigh.
    weighed = 1.0
    if given is not None:
        each = np.broadcast_to(np.array(given).reshape(4, -1), (4, 4))
        weighed = each[counts].mean()
    np.testing.assert_allclose(found["cost"] * weighed, scores["loss"], rtol=2e-6)
    np.testing.assert_allclose(found[metric], scores[metric], rtol=2e-6)
    network.fit(x, y, epochs=1, batch_size=None, optimizer=cr.SGD(0.1 * weighed), sample_weight=given)
    for w, after in zip(network.parameters.values(), case["after"], strict=True):
        np.testing.assert_allclose(w, after, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_those_of_each_sequence_alone(task):
    y, end, _ = TASKS[task]
    network = per_step(end)
    network.fit(X, y, epochs=1)
    together = network.predict(X)
    assert [len(p) for p in together] == list(LENGTHS)
    for x, p in zip(X, together, strict=True):
        np.testing.assert_allclose(network.predict(x[None])[0], p, rtol=1e-10)
    if task not in ("numbers", "one number"):
        for p, classes in zip(together, network.predict_classes(X), strict=True):
            expected = p.argmax(-1) if "softmax" in repr(end) else (p > 0.5).astype(int)
            np.testing.assert_array_equal(classes, expected[..., 0] if end.units == 1 else expected)


@dataclass(frozen=True, eq=False, repr=False)
class EveryOther(cr.Layer):
    """A layer that puts out every other step."""

    def build(self, scope, x):
        return x[:, 1::2] * 1.0

    def mask_after(self, x):
        mask = cr.mask_of(x)
        return None if mask is None else mask[:, 1::2]


@pytest.mark.parametrize(
    ("layer", "ends"),
    [
        (cr.GRU(3, return_sequences=True, go_backwards=True), lambda n: n),
        (EveryOther(), lambda n: n // 2),
    ],
    ids=["the last step first", "every other step"],
)
def test_what_belongs_to_a_sequence_is_where_its_steps_come_out(layer, ends):
    """Not always those that are put out first: behind a layer that turns the order round, padding is."""
    network = cr.Network([cr.Masking(), cr.LSTM(4, return_sequences=True), layer], seed=0, dtype="float64",
                         input_shape=(5, 3))  # fmt: skip
    together = network.predict(X)
    assert [len(p) for p in together] == [ends(n) for n in LENGTHS]
    for x, p in zip(X, together, strict=True):
        alone = cr.Network(network.layers, dtype="float64", input_shape=(len(x), 3))
        alone.parameters.update(network.parameters)
        np.testing.assert_allclose(alone.predict(x[None])[0], p, rtol=1e-10)
    y = some(*together[0].shape[1:], seed=1, lengths=[ends(n) for n in LENGTHS])
    w = [np.abs(each[:, 0]) + 0.1 for each in y]
    errors = [((a - b) ** 2).mean(-1) for a, b in zip(y, together, strict=True)]
    cost, counts = sum(e.sum() for e in errors), sum(map(len, errors))
    weighed = sum((e * each).sum() for e, each in zip(errors, w, strict=True)) / np.concatenate(w).sum()
    for of_y, of_w in ((y, w), (cr.pad_sequences(y), cr.pad_sequences(w))):
        np.testing.assert_allclose(network.evaluate(X, of_y)["cost"], cost / counts, rtol=1e-12)
        np.testing.assert_allclose(network.evaluate(X, of_y, sample_weight=of_w)["cost"], weighed, rtol=1e-12)
    with pytest.raises(cr.DataError, match=r"sample_weight\[2\] has 1"):
        network.evaluate(X, y, sample_weight=[*w[:2], w[2][:1], *w[3:]])


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("task", TASKS)
def test_what_stands_in_padding_is_never_looked_at(task, engine):
    y, end, _ = TASKS[task]
    histories, gradients, watched = [], [], "mae" if "number" in task else "accuracy"
    garbage = {"numbers": np.nan, "one number": np.inf, "yes or no": np.nan, "several that may all be": -7.0}
    for value in (0, garbage.get(task, -100)):
        network = per_step(end, engine=engine)
        padded = cr.pad_sequences(X), cr.pad_sequences(y, value=value)
        weight = cr.pad_sequences([np.ones(n) for n in LENGTHS], value=5.0 if value else 0.0)
        histories.append(network.fit(*padded, epochs=3, batch_size=3, sample_weight=weight, metrics=watched))
        gradients.append(network.gradients(*padded))
    assert histories[0] == histories[1]
    for name, slope in gradients[0].items():
        np.testing.assert_array_equal(slope, gradients[1][name])
    ragged = per_step(end, engine=engine).fit(X, y, epochs=3, batch_size=3)
    np.testing.assert_allclose(ragged["cost"], histories[0]["cost"], rtol=1e-12)


def test_the_gradient_through_padding_is_exactly_0():
    network = cr.Network(
        [cr.Embedding(5, 2, mask_zero=True), cr.GRU(3, return_sequences=True), cr.Dense(1)], seed=0
    )
    words, y = [[1, 2, 3, 4], [2]], [[1.0, 2.0, 3.0, 4.0], [2.0]]
    network.fit(words, y, epochs=1)
    assert not network.gradients(words, y)["E1"][0].any()
    longer = cr.pad_sequences(words, 9), cr.pad_sequences(y, 9, value=1e30)
    for name, slope in network.gradients(*longer).items():
        np.testing.assert_allclose(slope, network.gradients(words, y)[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_an_overflow_in_what_padding_would_cost_reaches_nothing(engine):
    def steep(y, p):
        return np.exp(1000 * (y + 1)) * (p - y) ** 2  # infinite at the 0 of padding

    network = of_steps(engine=engine)
    y = [-1 - 0.001 * np.abs(x[:, :2]) for x in X]
    with np.errstate(over="ignore"):
        history = network.fit(X, y, loss=steep, epochs=3)
    assert np.isfinite(history["cost"]).all() and history["cost"][-1] < history["cost"][0]


METRICS = ["accuracy", "f1", "precision", "balanced_accuracy", "log_loss"]


@pytest.mark.parametrize("task", ["classes", "yes or no", "several that may all be"])
def test_metrics_are_those_of_the_steps_that_count(task):
    y, end, _ = TASKS[task]
    network = per_step(end)
    history = network.fit(X, y, epochs=2, batch_size=None, metrics=METRICS, validation_data=(X[:4], y[:4]))
    found = network.evaluate(X, y, metrics=METRICS)
    flat = np.concatenate(network.predict(X)), np.concatenate(y)
    alone = cr.Network([cr.Dense(end.units, end.activation, initializer=np.eye(end.units))], dtype="float64")
    steps = flat[0]
    logits = np.log(steps) - np.log1p(-steps) if end.activation == "sigmoid" else np.log(steps)
    alone.fit(logits, flat[1], epochs=0)
    expected = alone.evaluate(logits, flat[1], metrics=METRICS)
    for name in (*METRICS, "cost"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, err_msg=name)
    assert network.evaluate(X[:4], y[:4], metrics=METRICS)["f1"] == pytest.approx(history["val_f1"][-1])


def test_a_metric_of_ones_own_sees_the_steps_that_count_alone():
    seen = []

    def counted(y, p):
        seen.append((y.shape, p.shape))
        return float(len(y))

    y = TASKS["one number"][0]
    network = per_step(cr.Dense(1))
    network.fit(X, y, epochs=1, batch_size=None, metrics=[cr.Metric(counted)])
    assert network.evaluate(X, y, metrics=[cr.Metric(counted)])["counted"] == sum(LENGTHS)
    assert set(seen) == {((sum(LENGTHS),), (sum(LENGTHS),))}


def test_classes_weigh_by_step_and_balanced_counts_real_steps():
    y, end, loss = TASKS["classes"]
    network = per_step(end)
    history = network.fit(X, y, epochs=1, batch_size=None, class_weight="balanced", optimizer=cr.SGD(1e-9))
    each = [loss(one, p) for one, p in zip(y, network.predict(X), strict=True)]
    labels = np.concatenate(y)
    weights = (len(labels) / (3 * np.bincount(labels)))[labels]
    np.testing.assert_allclose(
        history["cost"][0], np.average(np.concatenate(each), weights=weights), rtol=1e-6
    )


def test_classes_of_steps_weigh_without_any_padding_too():
    X, y = (
        np.random.default_rng(0).normal(size=(6, 4, 3)),
        np.random.default_rng(1).integers(0, 3, size=(6, 4)),
    )
    network = cr.Network([cr.Dense(3, "softmax")], input_shape=(4, 3), dtype="float64", seed=0)
    each = -np.log(np.take_along_axis(network.predict(X), y[..., None], -1))[..., 0]
    history = network.fit(
        X, y, epochs=1, batch_size=None, class_weight={0: 2.0, 1: 5.0}, optimizer=cr.SGD(1e-9)
    )
    np.testing.assert_allclose(
        history["cost"][0], np.average(each, weights=np.array([2.0, 5.0, 1.0])[y]), rtol=1e-6
    )


def test_weights_of_steps_without_any_padding():
    X, y = np.random.default_rng(0).normal(size=(6, 4, 3)), np.random.default_rng(1).normal(size=(6, 4, 2))
    w = np.random.default_rng(2).uniform(size=(6, 4))
    network = cr.Network([cr.Dense(2)], input_shape=(4, 3), dtype="float64", seed=0)
    expected = np.average(((network.predict(X) - y) ** 2).mean(-1), weights=w)
    np.testing.assert_allclose(network.evaluate(X, y, sample_weight=w)["cost"], expected, rtol=1e-12)
    with pytest.raises(
        cr.DataError, match=r"\(6, 3\); expected one weight .* or for each of their 4 steps, \(6, 4\)"
    ):
        network.evaluate(X, y, sample_weight=w[:, :3])


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_one_answer_for_each_sequence(engine):
    rng = np.random.default_rng(0)
    words = [rng.integers(1, 9, size=n).tolist() for n in rng.integers(0, 7, size=64)]
    y = np.array([4 in sequence for sequence in words], int)
    layers = [cr.Embedding(9, 4, mask_zero=True), cr.GlobalMaxPooling1D(), cr.Dense(1, "sigmoid")]
    network = cr.Network(layers, seed=0, engine=engine)
    history = network.fit(
        words, y, epochs=150, optimizer=cr.Adam(0.05), metrics="accuracy", validation_split=0.1
    )
    assert history["accuracy"][-1] == 1.0
    assert network.predict(words).shape == (64, 1)
    assert network.predict([[1, 4, 1, 1, 1, 1, 1, 1, 1, 1], [1]]).round().ravel().tolist() == [1.0, 0.0]
    assert network.evaluate(words, y)["accuracy"] == 1.0


@pytest.mark.parametrize(
    "end", [cr.GlobalAveragePooling1D(), cr.LSTM(3), cr.Bidirectional(cr.GRU(2))], ids=repr
)
def test_engines_agree_on_sequences(end):
    y = np.array([0, 1] * 4)
    costs = []
    for engine in ("numpy", "native"):
        layers = [cr.Masking(), cr.Dense(4, "tanh"), end, cr.Dense(2, "softmax")]
        costs.append(cr.Network(layers, seed=0, engine=engine).fit(X, y, epochs=4, batch_size=3)["cost"])
    np.testing.assert_allclose(*costs, rtol=1e-5)


AS = {
    "tuples": tuple,
    "an array of objects": lambda x: pd.Series(x, dtype=object).to_numpy(),
    "a column of pandas": lambda x: pd.Series(x),
    "lists of lists": lambda x: [part.tolist() for part in x],
    "tables": lambda x: [pd.DataFrame(part) for part in x],
}


@pytest.mark.parametrize("kind", AS)
def test_sequences_come_in_many_ways(kind):
    y = TASKS["numbers"][0]
    expected = of_steps().fit(X, y, epochs=2)
    assert of_steps().fit(AS[kind](X), AS[kind](y) if kind != "tables" else y, epochs=2) == expected


@pytest.mark.parametrize("kind", ["an array of objects", "a column of pandas"])
def test_objects_of_one_length_are_an_array(kind):
    x = some(3, lengths=(4, 4, 4))
    network = of_steps()
    network.fit(X, TASKS["numbers"][0], epochs=1)
    np.testing.assert_array_equal(network.predict(AS[kind](x)), network.predict(np.stack(x)))


def test_numbers_at_each_step_may_stand_without_an_axis_of_their_own():
    network = cr.Network([cr.Masking(), cr.SimpleRNN(3), cr.Dense(1)], seed=0)
    network.fit([[1.0, 2.0], [3.0]], [1.0, 2.0], epochs=1)
    assert network.inputs["x"].shape[2:] == (1,)
    assert network.predict([[1.0, 2.0, 3.0], [4.0]]).shape == (2, 1)


def test_a_network_for_any_length_takes_any_and_keeps_its_numbers(tmp_path):
    network = cr.Network([cr.LSTM(3, return_sequences=True), cr.Dense(2)], input_shape=(None, 4), seed=0)
    history = network.fit(np.ones((5, 7, 4)), np.ones((5, 7, 2)), epochs=2)
    assert len(history["cost"]) == 2
    longer = network.predict(np.ones((2, 11, 4)))
    assert longer.shape == (2, 11, 2) and network.predict(np.ones((3, 0, 4))).shape == (3, 0, 2)
    np.testing.assert_allclose(longer[:, :7], network.predict(np.ones((2, 7, 4))), rtol=1e-6)
    network.save(tmp_path / "n")
    again = cr.load(tmp_path / "n")
    np.testing.assert_array_equal(again.predict(np.ones((2, 11, 4))), longer)
    assert str(again.inputs["x"].shape) == "(batch, time, 4)"


def test_several_inputs_each_with_lengths_of_its_own():
    def draw(words, sound, note):
        seen = cr.LSTM(3)(cr.Embedding(9, 3, mask_zero=True)(words))
        heard = cr.GRU(3)(cr.Masking(-1.0)(sound))
        return cr.Dense(2, "softmax")(np.concatenate([seen, heard, note], axis=1))

    shapes = {"words": (None,), "sound": ("moments", 2), "note": 1}
    network = cr.Network(draw, inputs=shapes, seed=0)
    rng = np.random.default_rng(0)
    given = {
        "words": [rng.integers(1, 9, size=n) for n in LENGTHS],
        "sound": some(2, lengths=(2, 9, 4, 1, 1, 3, 2, 6)),
        "note": rng.normal(size=(8, 1)),
    }
    network.fit(given, np.array([0, 1] * 4), epochs=2)
    together = network.predict(given)
    for i in range(8):
        alone = {name: np.asarray(part[i])[None] for name, part in given.items()}
        np.testing.assert_allclose(network.predict(alone)[0], together[i], rtol=1e-5)


def test_activations_and_checks_of_sequences():
    network = per_step(cr.Dense(2))
    y = TASKS["numbers"][0]
    network.fit(X, y, epochs=1)
    found = network.activations(X)
    assert [a.shape for a in found["A1"]] == [(n, 6) for n in LENGTHS]
    assert "(8, …, 6)" in repr(found) and "<table" in found._repr_html_()
    assert network.check_gradients(X[:3], y[:3]).passed
    assert "LSTM" in repr(network) and network.summary_text()


def test_other_verbs_take_sequences():
    y = TASKS["classes"][0]
    network = per_step(cr.Dense(3, "softmax"))
    history = network.fit(X, y, epochs=2, batch_size=None, optimizer=cr.LBFGS())
    assert history["cost"][-1] < history["cost"][0]
    assert network.score(X, y) == network.evaluate(X, y)["accuracy"]
    assert [p.shape for p in network.predict_proba(X)] == [(n, 3) for n in LENGTHS]
    assert "log_softmax" in network.show(X, y, "graph")
    rates = cr.find_learning_rate(per_step(cr.Dense(1)), X, TASKS["one number"][0], steps=10)
    assert len(rates.rates) > 1


def test_what_stands_in_padding_is_no_scale_of_the_data():
    x = [part / np.std(np.concatenate(X)) for part in some(3, seed=5)]
    y = [np.random.default_rng(i).normal(size=len(part)) for i, part in enumerate(x)]  # which nothing says
    network = cr.Network([cr.Masking(-1e6), cr.Dense(1)], seed=0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        network.fit(x, y, epochs=40, batch_size=1, optimizer=cr.Adam(0.01))
    assert not [each for each in told if "not scaled" in str(each.message)]


def test_targets_as_sequences_belong_to_arrays_that_were_padded_before():
    y = TASKS["one number"][0]
    padded = cr.pad_sequences(X)
    expected = per_step(cr.Dense(1)).fit(X, y, epochs=2)
    assert per_step(cr.Dense(1)).fit(padded, y, epochs=2) == expected
    for wrong in ([part[:-1] for part in y], [*y[:-1], np.zeros(6)]):
        with pytest.raises(cr.DataError, match=r"X\[\d\] has \d steps, and y\[\d\] has \d"):
            per_step(cr.Dense(1)).fit(padded, wrong)


def any_steps(features):
    return cr.Network([cr.LSTM(2), cr.Dense(1)], input_shape=(None, features), seed=0)


def of_words():
    return cr.Network(
        [cr.Embedding(9, 2, mask_zero=True), cr.LSTM(2), cr.Dense(1, "sigmoid")], input_shape=(None,), seed=0
    )


def beside(a, b):
    def draw(a, b):
        return cr.LSTM(2, return_sequences=True)(b, initial_state=cr.LSTM(2, return_state=True)(a)[1:])

    return cr.Network(draw, {"a": (None, 2), "b": (None, 2)}).predict(
        {"a": np.ones((3, a, 2)), "b": np.ones((3, b, 2))}
    )


TOLD = [
    (
        lambda: cr.Network([cr.Dense(1)]).fit([[1, 2], [3]], [1, 2]),
        r"first layer .* cr\.Masking\(\), .*pad_sequences\(X\)",
    ),
    (
        lambda: cr.Network([cr.LSTM(2), cr.Dense(1)], input_shape=(None, 3)).predict(X),
        r"knows padding from data",
    ),
    (
        lambda: per_step(cr.Dense(1)).fit(X, [x.sum(1)[:-1] for x in X]),
        r"X\[0\] has 3 steps, and y\[0\] has 2",
    ),
    (lambda: per_step(cr.Dense(1)).fit(X, [x.sum(1) for x in X[:-1]]), r"X has 8 rows and y has 7"),
    (
        lambda: cr.Network([cr.Masking(), cr.LSTM(2), cr.Dense(1)]).fit(X, [x.sum(1) for x in X]),
        r"y holds sequences .* has one target for each example",
    ),
    (lambda: of_steps().fit([np.ones((2, 3)), np.ones((3, 2))], [1, 2]), r"X\[1\] has steps of shape \(2,\)"),
    (
        lambda: of_steps().fit([[[1.0, "a"]], [[1.0, 2.0]] * 2], [1, 2]),
        r"X\[0\] holds 'a' in row 0, column 1",
    ),
    (lambda: of_steps().fit([[[np.nan]], [[2.0]] * 2], [[0], [0, 1]]), r"X holds NaN"),
    (
        lambda: of_steps().fit([np.zeros((2, 3)), np.zeros((1, 3))], [np.zeros((2, 2)), np.zeros((1, 2))]),
        "nothing but padding",
    ),
    (
        lambda: cr.Network([cr.Masking(), cr.Dense(2)], input_shape=(4, 3)).predict(X),
        r"a sequence of 5 steps, and this network takes 4.*pad_sequences\(X, 4\)",
    ),
    (
        lambda: per_step(cr.Dense(1)).fit(X, np.zeros((8, 4, 1))),
        r"shape \(5, 1\) for each row; y has shape \(4, 1\)",
    ),
    (lambda: any_steps(1).predict(np.ones((5, 1))), r"that of one example. .* X\[None\]"),
    (lambda: any_steps(1).predict(np.ones((5, 7))), r"takes \(batch, 7, 1\). .*give X\[..., None\]"),
    (lambda: any_steps(1).predict(np.ones(7)), r"takes \(batch, time, 1\). .* X.reshape\(1, -1, 1\)"),
    (lambda: any_steps(1).predict([]), r"shape \(0,\); this network takes \(batch, time, 1\)\.$"),
    (lambda: of_words().predict([1, 2, 3]), r"that of one example. .* X\[None\]"),
    (lambda: of_words().fit([["a", "film"], ["one"]], [0, 1]), r"from 1, .*X = \[\[1 \+ known.index\(word\)"),
    (lambda: of_words().predict([["a", "film"]]), r"from 1, .*X = \[\[1 \+ known.index\(word\)"),
    (lambda: of_words().fit(["a film", "one"], [0, 1]), r"text.split\(\) for text in X"),
    (lambda: per_step(cr.Dense(2, "softmax")).fit(X, [["N"] * len(x) for x in X]), "labels first, from 0"),
    (
        lambda: beside(5, 4),
        r"'b' has sequences of 4 steps and another 5, .*inputs=\{'b': \('b_steps', 2\), ...\}",
    ),
    (
        lambda: cr.Network([cr.LSTM(2, return_sequences=True), cr.Dense(1)]).fit(
            np.ones((4, 5, 1)), np.ones(4)
        ),
        r"LSTM\(2, return_sequences=True\) puts out every step, .* leave out return_sequences=True",
    ),
    (
        lambda: cr.Network([cr.GRU(2, return_sequences=True), cr.Dense(3, "softmax")]).fit(
            np.ones((4, 5, 1)), [0, 1, 2, 0]
        ),
        r"leave out return_sequences=True",
    ),
    (lambda: cr.pad_sequences([1, 2]), r"expected a list of sequences"),
    (lambda: cr.pad_sequences([[1], [2, 3]], padding="before"), r"'pre' or 'post'"),
    (lambda: cr.pad_sequences([[1], [2, 3]], 1.5), r"whole number"),
]


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")
@pytest.mark.parametrize("case", range(len(TOLD)))
def test_what_is_said_of_sequences_that_do_not_fit(case):
    call, words = TOLD[case]
    with pytest.raises(cr.ChainruleError, match=words):
        call()


def test_an_input_that_is_looked_at_without_its_mask_too_is_refused_as_sequences():
    def draw(x):
        return cr.Dense(1)(np.concatenate([cr.LSTM(2)(cr.Masking()(x)), x.mean(axis=1)], axis=1))

    network = cr.Network(draw, inputs={"x": (None, 3)}, seed=0)
    with pytest.raises(cr.DataError, match="not all that sees them goes through the layer masking_1"):
        network.fit(X, np.zeros(8))


def test_data_that_looks_like_padding_is_warned_of():
    quiet = [*X[:-1], np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])]
    with pytest.warns(cr.LearningWarning, match=r"X\[7\] holds 0 alone at step 1, .*mask_value=-1000"):
        of_steps().fit(quiet, [x[:, :2] for x in quiet], epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers = [cr.Masking(-1000.0), cr.Dense(2)]
        cr.Network(layers, seed=0).fit(quiet, [x[:, :2] for x in quiet], epochs=1)


def test_padding_by_hand_is_that_of_keras():
    given = [[1], [2, 3], [4, 5, 6]]
    assert cr.pad_sequences(given).tolist() == [[1, 0, 0], [2, 3, 0], [4, 5, 6]]
    assert cr.pad_sequences(given, padding="pre").tolist() == [[0, 0, 1], [0, 2, 3], [4, 5, 6]]
    assert cr.pad_sequences(given, length=2).tolist() == [[1, 0], [2, 3], [4, 5]]
    assert cr.pad_sequences(given, length=2, truncating="pre", value=-1).tolist() == [[1, -1], [2, 3], [5, 6]]
    assert cr.pad_sequences(given, length=0).shape == (3, 0)
    assert cr.pad_sequences([[1.5], []], value=0).tolist() == [[1.5], [0.0]]
    assert np.isnan(cr.pad_sequences([[1, 2], [3]], value=np.nan)[1, 1])
    assert cr.pad_sequences(some(2, 3)).shape == (8, 5, 2, 3)
    assert cr.pad_sequences([[1, 2], [3, 4]], 3).tolist() == [[1, 2, 0], [3, 4, 0]]
    assert cr.pad_sequences([np.array([1], np.uint8), np.array([2, 3], np.uint8)], value=-1).tolist() == [
        [1, -1],
        [2, 3],
    ]


def test_no_length_is_compiled_for_in_prediction(monkeypatch):
    network = per_step(cr.Dense(2), engine="native")
    network.fit(X, TASKS["numbers"][0], epochs=1)
    network.predict(X)
    made = []
    kept = type(network._programs).of_lengths
    monkeypatch.setattr(type(network._programs), "of_lengths", lambda *a: made.append(a) or kept(*a))
    for length in (2, 7, 11):
        found = network.predict(np.ones((2, length, 3)))
        network.activations(np.ones((2, length, 3)))
        assert found.shape == (2, length, 2)
    assert made == []


def test_many_sequences_are_predicted_in_parts_as_all_together(monkeypatch):
    monkeypatch.setattr("chainrule.train.programs.ROWS_AT_ONCE", 3)
    network = per_step(cr.Dense(2))
    network.fit(X, TASKS["numbers"][0], epochs=1)
    in_parts = network.predict(X)
    monkeypatch.undo()
    for part, whole in zip(in_parts, network.predict(X), strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-12)


@given(
    lengths=st.lists(st.integers(0, 6), min_size=2, max_size=6).filter(lambda n: len({*n}) > 1),
    extra=st.integers(0, 4),
    kind=st.sampled_from(["LSTM", "GRU", "SimpleRNN", "Dense"]),
    seed=st.integers(0, 999),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_long_the_padding_costs_and_gradients_are_the_same(lengths, extra, kind, seed):
    x, y = some(2, seed=seed, lengths=lengths), some(1, seed=seed + 1, lengths=lengths)
    layer = cr.Dense(3) if kind == "Dense" else getattr(cr, kind)(3, return_sequences=True)
    layers = [cr.Masking(-7.0), layer, cr.Dense(1)]
    network = cr.Network(layers, input_shape=(None, 2), seed=seed, dtype="float64")
    longest = max(lengths) + extra
    padded = cr.pad_sequences(x, longest, value=-7.0), cr.pad_sequences(y, longest, value=np.nan)
    np.testing.assert_allclose(network.evaluate(*padded)["cost"], network.evaluate(x, y)["cost"], rtol=1e-9)
    slopes = network.gradients(x, y)
    for name, slope in network.gradients(*padded).items():
        np.testing.assert_allclose(slope, slopes[name], rtol=1e-8, atol=1e-12)
