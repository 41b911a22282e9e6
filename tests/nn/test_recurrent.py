"""Recurrent layers: their numbers against Keras and PyTorch, what they put out, what they refuse and say."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.walk import order
from chainrule.nn.architecture import chain, finish
from chainrule.nn.calls import Call
from chainrule.nn.reading import initial_values

# Made once in float64: by Keras 3.15 on JAX 0.10.2 with its weights, and by PyTorch 2.13.0.
STORED = json.loads((Path(__file__).parent / "recurrences.json").read_text())
X, PROBE, MASK = (np.array(STORED[name]) for name in ("x", "probe", "mask"))
UNITS = 3
KIND = {"simple": cr.SimpleRNN, "lstm": cr.LSTM, "gru": cr.GRU}
ENGINES = ["numpy", pytest.param("native", marks=pytest.mark.native)]
EVERY = [cr.SimpleRNN(4), cr.LSTM(4), cr.GRU(4), cr.GRU(4, reset_after=False)]


def layer_of(name):
    """Return the layer that a stored case is named after."""
    kind, _, rest = name.partition(" ")
    if kind == "bidirectional":
        inner = cr.GRU if rest in ("last", "None") else cr.LSTM
        mode = rest if rest in ("sum", "mul", "ave") else None if rest == "None" else "concat"
        return cr.Bidirectional(
            inner(UNITS, return_sequences=rest != "last", return_state=rest == "states"), merge_mode=mode
        )
    options = {
        "use_bias": "no bias" not in rest,
        "go_backwards": "backwards" in rest,
        "return_sequences": rest not in ("", "no bias"),
        "return_state": any(word in rest for word in ("states", "backwards", "masked"))
        and "bidir" not in rest,
    }
    if rest.startswith("before"):
        options["reset_after"] = False
    if rest == "activations":
        options |= {"activation": "relu", "recurrent_activation": "tanh"}
    found = KIND[kind](UNITS, **options)
    return cr.Bidirectional(found) if "bidirectional" in rest else found


def built(layer, case, masked):
    """Return inputs, outputs and weights of a layer that has the stored weights."""
    x = cr.input("x", ("batch", *X.shape[1:]), "float64")
    begin = [cr.input(f"begin{i}", ("batch", UNITS), "float64") for i in range(len(case.get("initial", ())))]
    seen = cr.Masking(-9.0)(x) if masked else x
    found = layer(seen, initial_state=begin) if begin else layer(seen)
    outputs = list(found) if isinstance(found, tuple) else [found]
    weights = [w for n in order(outputs) if isinstance(n.meaning, Call) for w in n.meaning.parameters]
    for w, value in zip(weights, case["weights"], strict=True):
        w.value = np.array(value)
    return [x, *begin], outputs, weights


def compared(inputs, outputs, weights, arrays, expected, probes, slopes, engine):
    dys = [cr.input(f"dy{i}", y.shape, "float64") for i, y in enumerate(outputs)]
    cost = sum(np.sum(y * dy) for y, dy in zip(outputs, dys, strict=True))
    run = cr.compile([*outputs, *cr.grad(cost, [inputs[0], *weights])], inputs=[*inputs, *dys], engine=engine)
    found = run(*arrays, *probes)
    for array, wanted in zip(found, [*expected, *slopes], strict=True):
        np.testing.assert_allclose(array, wanted, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", STORED["keras"])
def test_outputs_states_and_gradients_are_those_of_keras(name, engine):
    case, masked = STORED["keras"][name], "masked" in name
    inputs, outputs, weights = built(layer_of(name), case, masked)
    x = np.where(MASK[:, :, None], X, -9.0) if masked else X
    expected = [np.array(y) for y in case["outputs"]]
    assert [y.shape[1:] for y in outputs] == [y.shape[1:] for y in expected]
    probes = [
        PROBE[:, :, : y.shape[-1]] if y.ndim == 3 else PROBE[:, k, : y.shape[-1]]
        for k, y in enumerate(expected)
    ]
    slopes = [np.array(case["slope_x"]), *map(np.array, case["slopes"])]
    arrays = [x, *map(np.array, case["initial"])]
    compared(inputs, outputs, weights, arrays, expected, probes, slopes, engine)


def of_torch(kind, weights):
    """Return the weights of a module of PyTorch's as a layer here has them: turned, the gates in our order."""
    w_ih, w_hh, b_ih, b_hh = map(np.array, weights)
    order = {"simple": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2]}[kind]

    def ours(w):
        parts = np.split(w, len(order))
        return np.concatenate([parts[i] for i in order]).T

    b = np.stack([ours(b_ih), ours(b_hh)]) if kind == "gru" else ours(b_ih) + ours(b_hh)
    return ours(w_ih), ours(w_hh), b


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", STORED["torch"])
def test_outputs_states_and_gradients_are_those_of_pytorch(name, engine):
    case, kind = STORED["torch"][name], name.split()[0]
    packed = case["lengths"]
    layer = KIND[kind](UNITS, return_sequences=True, return_state=True)
    stored = {"weights": of_torch(kind, case["weights"])}
    inputs, outputs, weights = built(layer, stored, packed is not None)
    counts = np.arange(X.shape[1]) < np.array(packed or [X.shape[1]] * len(X))[:, None]
    x = np.where(counts[:, :, None], X, -9.0) if packed else X
    y, *states = (np.array(a) for a in case["outputs"])
    probes = [PROBE[:, :, :UNITS] * counts[:, :, None], *(PROBE[:, j, :UNITS] for j in range(len(states)))]
    repeated = y  # in padding PyTorch has zeros, and we what was there last
    for t in range(1, X.shape[1]):
        repeated[:, t] = np.where(counts[:, t, None], y[:, t], repeated[:, t - 1])
    dW, dU, db, dc = map(np.array, case["slopes"])
    slopes = [np.array(case["slope_x"]), *of_torch(kind, (dW, dU, db, dc if kind == "gru" else 0 * dc))]
    compared(inputs, outputs, weights, [x], [repeated, *states], probes, slopes, engine)


@pytest.mark.parametrize("layer", EVERY, ids=repr)
def test_a_loop_is_its_steps_written_out(layer):
    x = cr.variable(np.random.default_rng(1).normal(size=(2, 4, 3)), "x")
    y = layer(x)
    for w in y.meaning.parameters:
        w.value = np.random.default_rng(w.ndim).normal(size=w.shape).astype(w.dtype)
    written_out = cr.unroll(y)
    np.testing.assert_allclose(y.value, written_out.value, rtol=1e-12)
    assert cr.check_gradients((y * y).sum(), [x, *y.meaning.parameters]).passed


# --- what is learned, and how it begins ------------------------------------------------------------------


def begun(layer, features=5, seed=0):
    made = chain([layer], (7, features), "float64")
    return initial_values(made, seed)


@pytest.mark.parametrize(("layer", "gates"), [(cr.SimpleRNN(4), 1), (cr.LSTM(4), 4), (cr.GRU(4), 3)])
def test_every_gate_begins_by_itself(layer, gates):
    values = begun(layer)
    for U in np.split(values["U1"], gates, axis=1):
        np.testing.assert_allclose(U.T @ U, np.eye(4), atol=1e-12)
    limit = np.sqrt(6 / (5 + 4))  # Glorot's, of one gate
    assert 0.8 * limit < np.abs(values["W1"]).max() <= limit
    assert values["W1"].shape == (5, 4 * gates)


def test_a_relu_begins_with_hes():
    wide = begun(cr.SimpleRNN(300, "relu"), features=200)["W1"]
    np.testing.assert_allclose(wide.std(), np.sqrt(2 / 200), rtol=0.02)


def test_the_forget_gate_begins_open():
    b = begun(cr.LSTM(2))["b1"]
    np.testing.assert_array_equal(b, [0, 0, 1, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(begun(cr.LSTM(2, unit_forget_bias=False))["b1"], np.zeros(8))
    np.testing.assert_array_equal(
        begun(cr.LSTM(2, bias_initializer=0.5))["b1"], [0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5]
    )


def test_the_names_and_the_count_are_those_of_the_lectures():
    network = cr.Network([cr.LSTM(64), cr.Dense(1)], input_shape=(50, 8))
    assert list(network.parameters) == ["W1", "U1", "b1", "W2", "b2"]
    shown = network.summary_text()
    assert "4·(8 + 64 + 1)·64 = 18,688 parameters" in shown
    assert f"{50 * 4 * 64 * (8 + 64):,}" in shown  # multiplications of one example, those in the loop too
    gru = cr.Network([cr.GRU(32)], input_shape=(7, 5)).summary_text()
    assert "3·(5 + 32 + 2)·32 = 3,744 parameters" in gru
    assert (
        "(5 + 16 + 1)·16 = 352 parameters"
        in cr.Network([cr.SimpleRNN(16)], input_shape=(7, 5)).summary_text()
    )


def test_a_layer_is_written_as_the_recurrence_that_it_is():
    x = cr.input("x", ("batch", 5, 3))
    assert "h_t = tanh(z_t + h_t₋₁ @ U)" in str(cr.SimpleRNN(4)(x))
    lstm = str(cr.LSTM(2)(x))
    assert "· tanh(c_t)" in lstm
    assert "· c_t₋₁ +" in lstm


# --- several layers, states ------------------------------------------------------------------------------


def test_an_encoder_begins_a_decoder(tmp_path):
    x, y = cr.input("x", ("batch", 6, 3)), cr.input("y", ("batch", 4, 2))
    _, *states = cr.LSTM(5, return_state=True, name="encoder")(x)
    decoded = cr.LSTM(5, return_sequences=True, name="decoder")(y, initial_state=states)
    network = cr.Network(cr.Dense(2)(decoded), seed=0)
    assert list(network.architecture.calls) == ["encoder", "decoder", "dense_1"]
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(8, 6, 3)), "y": rng.normal(size=(8, 4, 2))}
    before = network.predict(data)
    network.fit(data, rng.normal(size=(8, 4, 2)), epochs=3)
    assert not np.allclose(network.predict(data), before)
    network.save(tmp_path / "both.safetensors")
    for again in (cr.load(tmp_path / "both.safetensors"), copy.deepcopy(network)):
        np.testing.assert_array_equal(again.predict(data), network.predict(data))
    changed = dict(data, x=data["x"] + 1)
    assert not np.allclose(network.predict(changed), network.predict(data))  # the state arrives


def test_a_list_of_nodes_is_a_sequence_and_its_states():
    x, h = cr.input("x", ("batch", 6, 3)), cr.input("h", ("batch", 4))
    layer = cr.GRU(4)
    a, b, c = layer([x, h]), layer(x, initial_state=h), layer(x, (h,))
    made = finish({"x": x, "h": h}, a - b + (c - b))
    for name, value in initial_values(made, 0).items():
        made.parameters[name].value = value
    data = np.random.default_rng(0).normal(size=(2, 6, 3)), np.ones((2, 4))
    np.testing.assert_array_equal(
        cr.compile(made.output, inputs=[x, h], engine="numpy")(*data), np.zeros((2, 4))
    )


@pytest.mark.parametrize(
    "layer", [*EVERY, cr.Bidirectional(cr.LSTM(3)), cr.Bidirectional(cr.GRU(3), "ave")], ids=repr
)
def test_saved_and_loaded_it_predicts_the_same(layer, tmp_path):
    network = cr.Network([layer, cr.Dense(1)], input_shape=(5, 2), seed=0)
    X = np.random.default_rng(0).normal(size=(6, 5, 2))
    network.fit(X, X[:, 0, 0], epochs=2)
    network.save(tmp_path / "network.safetensors")
    again = cr.load(tmp_path / "network.safetensors")
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in network.layers]
    np.testing.assert_array_equal(again.predict(X), network.predict(X))


def test_initial_values_that_were_given_are_not_written_twice(tmp_path):
    layer = cr.SimpleRNN(2, recurrent_initializer=np.eye(2), bias_initializer=[0.5, 1.0])
    network = cr.Network([layer], input_shape=(5, 2), seed=0)
    np.testing.assert_array_equal(network.parameters["U1"], np.eye(2))
    network.save(tmp_path / "network.safetensors")
    again = cr.load(tmp_path / "network.safetensors")
    np.testing.assert_array_equal(again.parameters["b1"], np.array([0.5, 1.0], np.float32))
    assert again.layers[0].recurrent_initializer is None


def test_freezing_both_ways_freezes_what_is_within():
    layer = cr.Bidirectional(cr.SimpleRNN(2))
    network = cr.Network([layer, cr.Dense(1)], input_shape=(4, 2), seed=0)
    layer.trainable = False
    before = {name: np.array(w) for name, w in network.parameters.items()}
    network.fit(np.ones((4, 4, 2)), np.ones(4), epochs=2)
    changed = {name for name, w in network.parameters.items() if not np.array_equal(w, before[name])}
    assert changed == {"W3", "b3"}


# --- dropout ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Echo(cr.Cell):
    """A cell that puts out what it is given."""

    states = (1,)

    def step(self, scope, x, h):
        return x, h


@pytest.mark.parametrize("layer", EVERY[:3], ids=repr)
@pytest.mark.parametrize("which", ["dropout", "recurrent_dropout"])
def test_holes_are_the_same_at_every_step_and_only_in_training(layer, which):
    plain = cr.Network([layer], input_shape=(6, 4), seed=0)
    network = cr.Network([type(layer)(4, **{which: 0.5})], input_shape=(6, 4), seed=0)
    network.parameters.update(plain.parameters)
    X = np.random.default_rng(0).normal(size=(3, 6, 4))
    np.testing.assert_array_equal(network.predict(X), plain.predict(X))
    slopes, others = network.gradients(X, np.ones((3, 4))), plain.gradients(X, np.ones((3, 4)))
    assert not np.allclose(slopes["W1"], others["W1"])


def test_a_feature_is_dropped_at_all_steps_of_a_sequence():
    network = cr.Network([cr.SimpleRNN(1, None, dropout=0.5, use_bias=False)], input_shape=(5, 40), seed=0)
    X = np.ones((1, 5, 40))
    slope = network.gradients(X, np.zeros((1, 1)))["W1"][:, 0]
    alone = slope / slope[np.abs(slope).argmax()]
    np.testing.assert_allclose(
        np.sort(alone), np.sort(np.round(alone)), atol=1e-5
    )  # each is dropped, or never
    assert 8 < (alone > 0.5).sum() < 32


# --- cells of one's own ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Both(cr.Cell):
    """Two states of different shapes, and an output that is neither."""

    units: int

    @property
    def states(self):
        return self.units, (2, self.units)

    def step(self, scope, x, a, B):
        a = np.tanh(a + x @ scope.parameter("W", (x.shape[-1], self.units), None))
        B = 0.5 * B + a[:, None, :]
        return B.sum(axis=1)[:, :1], a, B


@pytest.mark.parametrize(
    "options", [{}, {"return_sequences": True}, {"return_sequences": True, "go_backwards": True}]
)
def test_a_cell_of_ones_own_has_the_states_that_it_says(options, tmp_path):
    network = cr.Network([cr.RNN(Both(3), **options)], input_shape=(4, 2), seed=0, dtype="float64")
    X = np.random.default_rng(0).normal(size=(5, 4, 2))
    a, B, found = np.zeros((5, 3)), np.zeros((5, 2, 3)), []
    for t in range(4)[:: -1 if options.get("go_backwards") else 1]:
        a = np.tanh(a + X[:, t] @ network.parameters["W1"])
        B = 0.5 * B + a[:, None, :]
        found.append(B.sum(axis=1)[:, :1])
    expected = np.stack(found, axis=1) if options else found[-1]
    np.testing.assert_allclose(network.predict(X), expected)
    network.save(tmp_path / "own.safetensors")
    again = cr.load(tmp_path / "own.safetensors", custom={"Both": Both})
    np.testing.assert_array_equal(again.predict(X), network.predict(X))


def test_the_output_of_a_cell_of_ones_own_repeats_in_padding():
    network = cr.Network([cr.Masking(), cr.RNN(Echo(), return_sequences=True)], input_shape=(4, 1))
    X = np.array([[[1.0], [0.0], [2.0], [0.0]]])
    np.testing.assert_array_equal(network.predict(X).ravel(), [1, 1, 2, 2])
    last = cr.Network([cr.Masking(), cr.RNN(Echo())], input_shape=(4, 1))
    np.testing.assert_array_equal(last.predict(X), [[2.0]])


@dataclass(frozen=True, eq=False)
class Seen(cr.Cell):
    """A cell whose state is a picture, with a layer in it that convolves (Shi et al. 2015 have gates, too)."""

    filters: int

    @property
    def states(self):
        return ((6, 6, self.filters),)

    def step(self, scope, x, h):
        both = np.concatenate([x, h], axis=-1)
        h = np.tanh(cr.Conv2D(self.filters, 3, padding="same")(both))
        return h, h


def test_a_cell_may_go_through_pictures_with_layers_in_it(tmp_path):
    X = np.random.default_rng(0).normal(size=(4, 5, 6, 6, 2))
    y, costs = X[:, 0, 0, 0, 0], []
    for engine in ("numpy", "native"):
        layers = [cr.RNN(Seen(3)), cr.Flatten(), cr.Dense(1)]
        network = cr.Network(layers, input_shape=X.shape[1:], seed=0, dtype="float64", engine=engine)
        costs.append(network.fit(X, y, epochs=3)["cost"])
    np.testing.assert_allclose(*costs, rtol=1e-10)
    assert network.check_gradients(X[:1], y[:1]).passed
    network.save(tmp_path / "seen.safetensors")
    again = cr.load(tmp_path / "seen.safetensors", custom={"Seen": Seen})
    np.testing.assert_allclose(again.predict(X), network.predict(X), rtol=1e-12)
    products = 5 * 36 * 9 * 5 * 3 + 36 * 3  # those of the loop once, though several layers are results of it
    assert f"one example: {products:,} multiply-adds" in network.summary_text()


# --- what is said where something is wrong ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Forgets(cr.Cell):
    states = (2,)

    def step(self, scope, x, h):
        return x


SAID = [
    ([cr.LSTM(4), cr.LSTM(4)], (5, 3), r"puts out its last step alone: give it return_sequences=True"),
    ([cr.LSTM(4)], 7, r"shape \(batch, time, features\); found \(batch, 7\)\. .*cr\.Reshape\(\(7, 1\)\)"),
    ([cr.LSTM(4)], (5, 3, 2), r"takes sequences of shape"),
    ([cr.Bidirectional(cr.LSTM(4)), cr.GRU(3)], (5, 3), r"return_sequences=True"),
    ([cr.LSTM(4, return_state=True)], (5, 3), r"puts out 3 nodes, and a list of layers hands on one"),
    ([cr.SimpleRNN(4)], (5, 0), r"there are no features"),
    ([cr.RNN(Forgets())], (5, 2), r"must return what is put out and then 1 new state, as nodes"),
    ([cr.RNN(cr.Cell())], (5, 2), r"must say how many numbers each of its states has"),
    ([Echo()], (5, 2), r"the layer is cr\.RNN\(Echo\("),
]


@pytest.mark.parametrize(("layers", "shape", "says"), SAID, ids=lambda case: str(case)[:40])
def test_what_does_not_fit_is_said_in_the_users_words(layers, shape, says):
    with pytest.raises(cr.ChainruleError, match=says):
        cr.Network(layers, input_shape=shape)


def test_states_are_as_many_as_the_layer_has_and_of_its_shape():
    x, h = cr.input("x", ("batch", 6, 3)), cr.input("h", ("batch", 4))
    with pytest.raises(cr.GraphError, match=r"has 2 states; found 1 to begin with"):
        cr.LSTM(4)(x, initial_state=h)
    with pytest.raises(cr.ShapeError, match=r"a state has shape \(batch, 5\); found \(batch, 4\)"):
        cr.GRU(5)(x, initial_state=[h])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: cr.LSTM(0), "units must be a whole number of at least 1"),
        (lambda: cr.GRU(4, dropout=1.0), "dropout must be a number of at least 0 and below 1"),
        (lambda: cr.GRU(4, recurrent_activation="sigmoyd"), "sigmoid"),
        (lambda: cr.RNN(cr.LSTM(4)), "is a layer already"),
        (lambda: cr.RNN(16), "cell must be a cell of your own"),
        (lambda: cr.Bidirectional(cr.Dense(4)), "must be a recurrent layer"),
        (lambda: cr.Bidirectional(cr.LSTM(4, go_backwards=True)), "leave go_backwards out"),
        (lambda: cr.Bidirectional(cr.LSTM(4), merge_mode="add"), "merge_mode must be 'concat' or 'sum'"),
    ],
)
def test_settings_are_checked(make, says):
    with pytest.raises(cr.ChainruleError, match=says):
        make()
