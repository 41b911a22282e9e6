"""The summary: counts against those by hand, layers that are repeated, shared or in branches, and before data."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn.summary import rows, summary_text


def of(network):
    return {row.label: row for row in rows(network.architecture)}


def test_multiply_adds_are_those_of_the_products_for_one_example():
    layers = [cr.Dense(5, "relu"), cr.BatchNormalization(), cr.Dropout(0.5), cr.Dense(2, "softmax")]
    found = of(cr.Network(layers, input_shape=7))
    assert [row.products for row in found.values()] == [0, 7 * 5, 0, 0, 5 * 2]
    assert [row.parameters for row in found.values()] == [0, 7 * 5 + 5, 4 * 5, 0, 5 * 2 + 2]
    assert [row.bytes for row in found.values()] == [0, 4 * 40, 4 * 20, 0, 4 * 12]
    deep = of(cr.Network([cr.Dense(4)], input_shape=(6, 3), dtype="float64"))["dense_1"]
    assert (deep.products, deep.bytes) == (6 * 3 * 4, 8 * 16)  # once for each of the 6 places


def test_products_that_belong_to_no_layer_are_counted_too():
    def attention(x):
        scores = x @ x.transpose(0, 2, 1)
        return cr.Dense(2)(cr.softmax(scores) @ x)

    network = cr.Network(attention, {"x": (5, 3)})
    found = of(network)
    assert found["dense_1"].products == 5 * 3 * 2
    assert found["between layers"].products == 2 * 5 * 5 * 3
    assert f"one example: {5 * 3 * 2 + 2 * 5 * 5 * 3} multiply-adds" in network.summary_text()


def test_a_layer_that_is_used_twice_learns_once_and_computes_twice():
    both = cr.Dense(4, name="both")
    found = of(cr.Network(lambda a, b: both(a) + both(b), {"a": 3, "b": 3}))
    assert [(r.parameters, r.products) for r in found.values()] == [(0, 0), (0, 0), (16, 12), (0, 12)]
    assert found["both/2"].takes == ("b",)


def test_a_summary_says_what_feeds_what_where_the_order_does_not():
    def branches(image, radar):
        seen = cr.Dense(4)(cr.Flatten()(image))
        return cr.Dense(1)(np.concatenate([seen, radar], axis=1))

    text = cr.Network(branches, {"image": (8, 8), "radar": 3}).summary_text().splitlines()
    assert [line for line in text if "←" in line] == ["  ← image", "  ← dense_1, radar"]
    assert not any(
        "←" in line for line in cr.Network([cr.Dense(2)] * 2, input_shape=2).summary_text().splitlines()
    )


def test_before_data_a_summary_says_what_it_can():
    network = cr.Network([cr.Flatten(), cr.Dense(16, "relu"), cr.Dense(3)])
    lines = [line.split() for line in network.summary_text().splitlines()]
    assert lines[4:8] == [
        ["x", "(input)", "?", "0", "0", "0"],
        ["flatten_1", "(Flatten)", "(batch,", "?)", "0", "0", "0"],
        ["dense_1", "(Dense)", "(batch,", "16)", "?", "?", "?"],
        ["dense_2", "(Dense)", "(batch,", "3)", "51", "48", "204"],
    ]
    network.fit(np.zeros((4, 2, 2)), np.zeros((4, 3)), epochs=1)
    assert "?" not in network.summary_text()


@pytest.mark.parametrize("repeated", [1, 2, 3])
def test_what_is_repeated_stands_once(repeated):
    block = [cr.Dense(4, "relu"), cr.Dropout(0.5), cr.Dense(4)][:repeated]
    layers = [type(layer)(*_settings(layer)) for _ in range(60) for layer in block]
    text = cr.Network([*layers, cr.Dense(1)], input_shape=4).summary_text()
    assert len(text.splitlines()) == 4 + 1 + repeated + 1 + 3
    assert text.count("× 60") == repeated


def _settings(layer):
    return (layer.rate,) if isinstance(layer, cr.Dropout) else (layer.units, layer.activation)


@pytest.mark.parametrize("layers", [1, 100])
def test_a_summary_is_80_columns_wide_at_the_most(layers):
    name = "a name that goes on and on " * 5
    network = cr.Network([cr.Dense(50 + i, name=name) for i in range(layers)], input_shape=(9, 10))
    assert max(map(len, network.summary_text().splitlines())) < 80


def test_the_numbers_of_a_kernel_are_counted_as_in_the_lectures():
    layers = [
        cr.Conv2D(8, 3), cr.Conv2D(16, 3, use_bias=False), cr.DepthwiseConv2D(3, depth_multiplier=2),
        cr.Conv2D(8, 3, groups=2, padding=1), cr.Flatten(), cr.Dense(2),
    ]  # fmt: skip
    network = cr.Network(layers, input_shape=(9, 9, 1))
    lines = network.summary_text().splitlines()
    assert [line for line in lines if "·" in line] == [
        "  (3·3·1 + 1)·8 = 80 parameters",
        "  3·3·8·16 = 1,152 parameters",
        "  3·3·16·2 + 32 = 320 parameters",
        "  (3·3·16 + 1)·8 = 1,160 parameters",
    ]
    found = of(network)
    for row in found.values():
        if row.counting:
            assert eval(row.counting.replace("·", "*")) == row.parameters
    assert found["conv2d_3"].products == 3 * 3 * 9 * 16 * 8
    assert "(3·3·1 + 1)·8 = 80" in network._repr_html_()


def test_what_does_not_depend_on_how_large_pictures_are_is_known_before_they_are():
    deep = [cr.Conv2D(8, 3, strides=2) for _ in range(5)]
    lines = cr.Network([*deep, cr.Flatten(), cr.Dense(3)]).summary_text().splitlines()
    assert any("(batch, ?, ?, 8)" in line for line in lines)
    assert [line for line in lines if "·" in line] == [
        "  (3·3·8 + 1)·8 = 584 parameters"
    ]  # of four that are alike
    sequences = cr.Network([cr.Conv1D(8, 9), cr.Conv1D(8, 9)]).summary_text()
    assert "(9·8 + 1)·8 = 584 parameters" in sequences


def test_an_open_axis_leaves_the_products_open():
    network = cr.Network([cr.Dense(2)])
    assert "?" in summary_text(network._layers, "float32")


def test_the_layers_before_one_that_does_not_fit_are_told_in_branches_too():
    class Halves(cr.Layer):
        def build(self, scope, x):
            return x * scope.parameter("gamma", (3,), "ones")

    with pytest.raises(cr.ShapeError) as error:
        cr.Network(lambda x: cr.Dense(1)(Halves()(cr.Dense(4)(x))), {"x": 2})
    text = str(error.value)
    assert "dense_1 (Dense)" in text and "✗ Halves fails here, given (batch, 4)" in text
    with pytest.raises(cr.ShapeError) as error:
        cr.Network([*[cr.Dense(i + 1) for i in range(200)], Halves()], input_shape=2)
    lines = str(error.value).splitlines()
    assert len(lines) <= 24 and "dense_200 (Dense)" in lines[-3]


def test_a_name_that_says_the_kind_is_rather_whole_than_cut():
    layers = [
        cr.Conv2D(4, 3),
        cr.BatchNormalization(trainable=False),
        cr.MaxPooling2D(),
        cr.MaxPooling2D(name="x2"),
    ]
    text = cr.Network([*layers, cr.Flatten(), cr.Dense(4)], input_shape=(12, 12, 3), seed=0).summary_text()
    names = [line.split("  ")[0] for line in text.splitlines()]
    for name in ("conv2d_1 (Conv2D)", "batch_normalization_1 (f…", "max_pooling2d_1", "x2 (MaxPooling2D)"):
        assert name in names
