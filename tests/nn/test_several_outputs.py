"""Layers that put out several nodes: the output, and what stands besides, as the states of recurrent layers do."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn.saved import from_config, to_config


@dataclass(frozen=True, eq=False)
class Split(cr.Layer):
    """A layer that puts out a product, and besides it the product's square and its double."""

    units: int
    counts = True

    def build(self, scope, x):
        z = x @ scope.parameter("W", (x.shape[-1], self.units), None)
        return z, z * z, z + z


def draw(x):
    _, square, _ = Split(3)(x)  # of the first nothing is used but what stands besides
    y, _, double = Split(2)(square)
    return cr.Dense(1)(np.concatenate([y, double, square], axis=1))


def network(**options):
    return cr.Network(draw, inputs={"x": 4}, seed=0, **options)


X = np.random.default_rng(0).normal(size=(5, 4))


def test_each_output_is_what_the_layer_built():
    made = network(dtype="float64")
    W1, W2, W3, b3 = (made.parameters[name] for name in ("W1", "W2", "W3", "b3"))
    square = (X @ W1) ** 2
    y = square @ W2
    np.testing.assert_allclose(made.predict(X), np.concatenate([y, y + y, square], axis=1) @ W3 + b3)
    assert list(made.architecture.calls) == ["split_1", "split_2", "dense_1"]
    assert list(made.activations(X)) == ["A1", "A2", "Z3", "A3"]
    np.testing.assert_allclose(made.activations(X)["A1"], X @ W1)


def test_it_is_trained_saved_copied_and_drawn_of_nodes(tmp_path):
    made = network()
    made.fit(X, X[:, 0], epochs=2)
    made.save(tmp_path / "split.safetensors")
    loaded = cr.load(tmp_path / "split.safetensors", custom={"Split": Split})
    x = cr.input("x", ("batch", 4))
    of_nodes = cr.Network(draw(x), seed=1)
    of_nodes.parameters.update(made.parameters)
    for other in (loaded, copy.deepcopy(made), of_nodes):
        assert list(other.parameters) == list(made.parameters)
        np.testing.assert_array_equal(other.predict(X), made.predict(X))
    assert to_config(loaded.architecture) == to_config(made.architecture)


def test_the_summary_says_which_output_a_layer_takes():
    shown = network().summary_text()
    assert "← split_2, split_2[2], split_1[1]" in shown
    assert "split_1[1]" in shown.split("split_2 (Split)")[1].splitlines()[1]


def test_a_list_of_layers_hands_on_one():
    with pytest.raises(
        cr.ShapeError, match=r"Layer 1 .* puts out 3 nodes, and a list of layers hands on one"
    ):
        cr.Network([Split(2), cr.Dense(1)], input_shape=3)


def test_each_must_keep_the_examples_apart():
    @dataclass(frozen=True, eq=False)
    class Wrong(cr.Layer):
        def build(self, scope, x):
            return x, x.sum()

    with pytest.raises(cr.GraphError, match=r"first axis counts the examples; built shape \(\)"):
        Wrong()(cr.input("x", ("batch", 3)))


@pytest.mark.parametrize("beside", [{"beside": 3, "of": 1}, {"beside": 0, "of": 1}, {"beside": 1, "of": 0}])
def test_a_file_names_outputs_that_are_there(beside):
    config = to_config(network().architecture, keep=True)
    entries = [dict(entry) for entry in config["entries"]]
    at = next(i for i, entry in enumerate(entries) if "beside" in entry)
    entries[at] = beside
    with pytest.raises(cr.FileFormatError, match="is no layer with an output"):
        from_config({**config, "entries": entries})
