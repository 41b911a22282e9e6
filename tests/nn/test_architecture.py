"""Architecture: names, numbers, labels, sharing, and the way to plain data and back."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule.errors import FileFormatError, GraphError, ShapeError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input, mark
from chainrule.nn.activations import ACTIVATIONS, LeakyReLU, sigmoid
from chainrule.nn.architecture import branches, chain
from chainrule.nn.examples import size_of_one
from chainrule.nn.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
)
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import at, initial_values, output_kind, penalty
from chainrule.nn.regularizers import L1
from chainrule.nn.saved import from_config, to_config
from chainrule.nn.summary import rows


@dataclass(frozen=True, eq=False)
class Block(Layer):
    """Layers inside a layer, with a way around them."""

    inside: tuple[Layer, ...] = ()
    name: str = ""

    def build(self, scope, *xs):
        y = xs[0]
        for layer in self.inside:
            y = layer(y)
        return y + xs[0]


def test_labels_are_names_or_counted_kinds_and_each_is_one():
    layers = [
        Dense(3, name="dense_2"),
        Dense(3),
        Dense(3),
        Dense(3, name="out"),
        Dense(3, name="out"),
        LayerNormalization(),
    ]
    found = chain(layers, (2,), "float32")
    assert list(found.calls) == ["dense_2", "dense_1", "dense_3", "out", "out_2", "layer_normalization_1"]
    assert list(found.outputs) == list(found.calls) and len(rows(found)) == 7


def test_two_uses_of_one_layer_share_parameters_and_have_two_outputs():
    layer, norm = Dense(4), BatchNormalization(momentum=0.0)
    found = branches(lambda a, b: norm(layer(a)) + norm(layer(b)), {"a": 4, "b": 4}, "float64")
    assert list(found.calls) == [
        "dense_1", "batch_normalization_1", "dense_1/2", "batch_normalization_1/2",
    ]  # fmt: skip
    assert list(found.parameters) == ["W1", "b1", "gamma_1", "beta_1"]
    assert found.calls["dense_1"].parameters[0] is found.calls["dense_1/2"].parameters[0]
    assert [row.parameters for row in rows(found)] == [0, 0, 20, 16, 0, 0]


def test_statistics_of_a_shared_layer_see_all_its_batches():
    norm = BatchNormalization(momentum=0.0)
    found = branches(lambda a, b: norm(a) + norm(b), {"a": 2, "b": 2}, "float64")
    a, b = np.random.default_rng(0).normal(size=(2, 5, 2))
    found.statistics["mean_0"].value = np.zeros(2)
    (new,) = at([found.updates["mean_0"]], training=True)
    value = evaluate([new], {found.inputs["a"]: a, found.inputs["b"]: b})[new]
    np.testing.assert_allclose(value, (a.mean(axis=0) + b.mean(axis=0)) / 2)


def test_one_layer_on_inputs_of_two_widths():
    layer = Dense(4)
    with pytest.raises(ShapeError, match=r"W would have the shapes \(3, 4\) and \(4, 4\). Make two layers"):
        branches(lambda x: layer(layer(x)), {"x": 3}, "float32")


def test_each_random_layer_has_a_stream_of_its_own():
    found = chain([Dropout(0.5), Dropout(0.5), Dense(1)], (50,), "float64")
    streams = {
        n.attributes["stream"] for n in _ancestors(found.output) if n.primitive.name == "random_uniform"
    }
    assert streams == {0, 1}


def _ancestors(node):
    seen, todo = [], [node]
    while todo:
        n = todo.pop()
        if n not in seen:
            seen.append(n)
            todo.extend(n.inputs)
    return seen


def test_training_and_prediction_are_one_graph():
    found = chain([Dense(4), BatchNormalization(), Dropout(0.5)], (3,), "float64")
    for name, value in initial_values(found, 0).items():
        ({**found.parameters, **found.statistics}[name]).value = value
    x = np.random.default_rng(0).normal(size=(8, 3))
    results = []
    for training in (True, False):
        (node,) = at([found.output], training)
        results.append(evaluate([node], {found.inputs["x"]: x, STEP: 0, SEED: 0})[node])
    assert (results[0] == 0).any() and not (results[1] == 0).any()


def test_initial_values_follow_the_seed_the_order_and_nothing_else():
    layers = [Dense(4, "relu"), Dense(2)]
    first = initial_values(chain(layers, (3,), "float64"), 7)
    again = initial_values(chain([Dense(4, "relu", name="a"), Dense(2, name="b")], (3,), "float64"), 7)
    other = initial_values(chain(layers, (3,), "float64"), 8)
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.array_equal(first["W1"], other["W1"])


def test_the_penalty_is_the_sum_over_the_weights():
    found = chain([Dense(2, regularizer=L1(0.5)), Dense(1), Dense(1, regularizer=0.25)], (1,), "float64")
    for w in found.parameters.values():
        w.value = np.full(w.shape, 3.0)
    assert penalty(found).value == 0.5 * 6 + 0.25 * 9
    assert penalty(chain([Dense(1)], (1,), "float64")) is None


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ([Dense(2, "softmax")], "softmax"),
        ([Dense(2)], "identity"),
        ([Dense(2, "logistic")], "sigmoid"),
        ([Dense(2), Activation("softmax"), Dropout(0.1)], "softmax"),
        ([Dense(2, "sigmoid"), Flatten()], "sigmoid"),
        ([Dense(2, "sigmoid"), BatchNormalization()], ""),
        ([Dense(2, LeakyReLU(0.3))], "LeakyReLU(slope=0.3)"),
        ([Block((Dense(3, "tanh"), Dense(3, "sigmoid")))], ""),
        ([Dense(2, lambda z: z)], "<lambda>"),
        ([Dense(2, "sigmoid"), Activation(None)], "identity"),
        ([Dense(2, use_bias=False), Dropout(0.1)], "identity"),
        ([Embedding(3, 2)], ""),
    ],
    ids=str,
)
def test_what_the_output_ends_with(last, kind):
    assert output_kind(chain(last, (3,), "float32")) == kind
    assert kind in ACTIVATIONS or kind == "" or "(" in kind or "<" in kind


def test_what_a_function_s_output_ends_with():
    for function, kind in (
        (lambda x: sigmoid(Dense(1)(x)), "sigmoid"),
        (lambda x: Dense(1)(x) * 2, ""),
        (lambda x: mark(Dense(1, "softmax")(x), None), "mark"),
    ):
        found = output_kind(branches(function, {"x": 3}, "float32"))
        assert found == (kind if kind in ACTIVATIONS else "")


def test_layers_inside_a_layer():
    def block():
        return Block((Dense(3, "relu"), BatchNormalization(), Dense(3)))

    found, one = chain([block(), block()], (3,), "float64"), block()
    assert list(found.parameters)[:6] == ["W1", "b1", "gamma_1", "beta_1", "W2", "b2"]
    assert len(found.parameters) == 12
    listed, shared = chain([one, one], (3,), "float64"), branches(lambda x: one(one(x)), {"x": 3}, "float64")
    assert list(listed.parameters) == list(shared.parameters) == list(found.parameters)[:6]
    for made in (found, listed, shared):
        config = json.loads(json.dumps(to_config(made)))
        again = from_config(config, {"Block": Block})
        assert list(again.parameters) == list(made.parameters) and list(again.calls) == list(made.calls)
        assert to_config(again) == to_config(made)
    with pytest.raises(FileFormatError, match=r"custom=\{'Block': Block\}"):
        from_config(config)


def test_a_layer_that_would_be_two_in_a_file_is_refused_when_it_is_written():
    dense = Dense(3)
    for layers in ([Block((dense, dense))], [Block((dense,)), dense], [dense, Block((dense,))]):
        made = chain(layers, (3,), "float64")
        assert list(made.parameters) == ["W1", "b1"]
        with pytest.raises(
            GraphError, match=r"Dense\(3\), stands inside another layer and in a second place"
        ):
            to_config(made)
        assert list(from_config(to_config(made, keep=True)).parameters) == ["W1", "b1"]


def test_plain_data_and_back_is_the_same_graph():
    def draw(a, b):
        h = Dense(4, "tanh")(a)
        return np.concatenate(
            [h[:, 1:3], np.where(b > 0, b, -2 * b), h.T.T, np.ones(3)[None] * b[:, :1]], axis=1
        )

    found = branches(draw, {"a": 2, "b": (3,)}, "float64")
    again = from_config(json.loads(json.dumps(to_config(found))))
    feed = np.random.default_rng(0).normal(size=(5, 2)), np.random.default_rng(1).normal(size=(5, 3))
    values = []
    for made in (found, again):
        for name, value in initial_values(made, 0).items():
            made.parameters[name].value = value
        values.append(
            evaluate([made.output], dict(zip(made.inputs.values(), feed, strict=True)))[made.output]
        )
    np.testing.assert_array_equal(*values)
    assert to_config(again) == to_config(found)


def test_what_is_kept_for_pickle_are_the_layers_themselves():
    layer = Dense(2, lambda z: z * 3)
    config = to_config(chain([layer], (2,), "float64"), keep=True)
    (found,) = from_config(config).calls.values()
    assert found.layer.activation is layer.activation


def test_inputs_that_are_none_of_the_network_s():
    k = input("k", ("batch", 2))
    with pytest.raises(GraphError, match="'k' stands in the network"):
        branches(lambda x: Dense(2)(x) + k, {"x": 3}, "float32")


def test_a_parameter_that_is_not_used_has_a_name_and_a_value():
    @dataclass(frozen=True, eq=False)
    class Idle(Layer):
        setting: Any = None

        def build(self, scope, *xs):
            scope.parameter("a", (2,), "ones")
            return xs[0] * 2

    found = chain([Idle(), Dense(1)], (2,), "float64")
    assert list(found.parameters) == ["a0", "W1", "b1"]
    assert initial_values(found, 0)["a0"].tolist() == [1, 1]


def test_any_number_of_layers_may_share_a_number():
    found = chain([Dense(2), *[LayerNormalization() for _ in range(60)]], (3,), "float32")
    gammas = [name.removeprefix("gamma_1") for name in found.parameters if name.startswith("gamma")]
    assert (
        gammas[:3] == ["", "b", "c"] and gammas[25:29] == ["z", "aa", "ab", "ac"] and len(set(gammas)) == 60
    )


def test_a_layer_bears_the_number_of_the_last_one_with_units_that_it_is_built_on():
    def numbered(draw):
        found = branches(draw, {"x": 3, "z": 3}, "float32")
        return [name for name in found.parameters if name.startswith("gamma")]

    a, b, c = Dense(3), Dense(3), Dense(3)
    norm = LayerNormalization
    assert numbered(lambda x, z: norm()(Dropout(0.5)(Flatten()(b(a(x)))))) == ["gamma_2"]
    assert numbered(lambda x, z: norm()(z)) == ["gamma_0"]
    assert numbered(lambda x, z: (lambda h: norm()(norm()(b(h)) + h))(a(x))) == ["gamma_2", "gamma_2b"]
    assert numbered(lambda x, z: (lambda h: norm()(h + norm()(b(h))))(a(x))) == ["gamma_2", "gamma_2b"]
    assert numbered(lambda x, z: norm()(norm()(b(a(x))) + a(x))) == [
        "gamma_2",
        "gamma_1",
    ]  # a second use of a
    assert numbered(lambda x, z: c(norm()(a(x) * b(z)))) == ["gamma_2"]
    assert numbered(lambda x, z: norm()(Block((a, Dropout(0.1), b))(x))) == ["gamma_2"]


def test_the_size_of_one_example_counts_what_is_there_at_a_time():
    x = input("x", ("batch", 10), "float32")
    y = x
    for _ in range(5):
        y = np.tanh(y)
    found = size_of_one([y + x @ np.ones((10, 10), np.float32)])
    assert (found.held, found.bytes, found.products) == (120, 280, 100)
    wide = np.broadcast_to(x[:, None], (x.shape[0], 2**20, 10))
    assert size_of_one([wide.sum(axis=1)]).held == pytest.approx(40 * 2**20, rel=1e-3)
