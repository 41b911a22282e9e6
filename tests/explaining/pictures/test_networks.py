"""``network.draw()``: what stands in the picture is what the network holds and computes."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.explaining.pictures.branching import folded
from chainrule.explaining.pictures.circles import width_of
from chainrule.explaining.pictures.stages import stages_of

XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


def marks(picture, kind):
    return [m for panel in picture.panels for m in panel.marks if type(m).__name__ == kind]


def circles(picture):
    return [box for box in marks(picture, "Box") if box.kind == "neuron"]


def texts(picture):
    return [t.text for t in marks(picture, "Text")]


@pytest.fixture(scope="module")
def xor():
    net = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
    net.fit(XOR, [0, 1, 1, 0], optimizer=cr.Adam(0.05), epochs=200)
    return net


def test_every_weight_is_a_line_as_wide_as_it_is_large(xor):
    lines = {line.tip.partition(" = ")[0]: line for line in marks(xor.draw(), "Arrow")}
    assert len(lines) == 2 * 3 + 3
    for name in ("W1", "W2"):
        weights = xor.parameters[name]
        for (i, j), w in np.ndenumerate(weights):
            line = lines[f"{name}[{i}, {j}]"]
            assert line.width == width_of(w, np.abs(weights).max())
            assert (line.colour, line.dash) == (("positive", "") if w >= 0 else ("negative", "dashed"))
            assert float(line.tip.partition(" = ")[2]) == pytest.approx(w, rel=1e-5)


def test_circles_hold_the_networks_own_activations(xor):
    found = circles(xor.draw(XOR, row=2, names=["a", "b"]))
    inside = xor.activations(XOR)
    expected = [*XOR[2], *inside["A1"][2], *inside["A2"][2]]
    assert [float(box.tip.partition(", ")[0].partition(" = ")[2]) for box in found] == pytest.approx(
        expected, rel=1e-5
    )
    for column in (inside["A1"][2], inside["A2"][2]):
        fills = [
            box.fill for box in found if any(np.isclose(box.fill, v / np.abs(column).max()) for v in column)
        ]
        assert len(fills) >= len(column)


def test_the_first_row_is_looked_at_where_none_is_named(xor):
    assert "For row 0" in xor.draw(XOR).words
    assert xor.draw(XOR).to_dict() == xor.draw(XOR, row=0).to_dict()


def test_columns_are_called_as_in_the_table():
    table, target = cr.load_table("iris")
    X, y = table.drop(columns=target), table[target].astype("category").cat.codes
    net = cr.Network([cr.Dense(4, "relu"), cr.Dense(3, "softmax")], seed=0)
    net.fit(X, y, epochs=2)
    assert set(X.columns) <= set(texts(net.draw()))
    bars = [box for box in marks(net.draw(X, row=70, classes=["s", "c", "v"]), "Box") if box.kind == "result"]
    assert sum(float(bar.tip) for bar in bars) == pytest.approx(1, abs=1e-5)  # softmax: shares of 1
    assert {"s", "c", "v"} <= set(texts(net.draw(classes=["s", "c", "v"])))


def test_columns_of_a_network_with_given_weights_are_called_as_in_the_rows():
    X = pd.DataFrame({"weight": [-2.0, 25.0], "height": [-1.0, 6.0]})
    net = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
    assert set(X.columns) <= set(texts(net.draw(X)))
    assert texts(net.draw(X.set_axis([0, 1], axis=1))) == texts(net.draw(X.to_numpy()))  # numbered: no names
    assert {"a", "b"} <= set(texts(net.draw(X, names=["a", "b"])))


def test_one_neuron_is_told_with_its_sum(xor):
    """S1-17: a neuron is picked, and its row of the matrix is lit: its z, its weights, its a."""
    picture = xor.draw(XOR, row=1, neuron=(1, 2))
    W, b, z = xor.parameters["W1"][:, 1], xor.parameters["b1"][1], xor.activations(XOR)["Z1"][1, 1]
    sum_, after = picture.notes[:2]
    assert sum_.startswith("z₂[1] = ") and sum_.endswith(f"= {z:.2f}".replace("-", "−"))
    assert f"{W[1]:.3g}·1".replace("-", "−") in sum_ and f"{abs(b):.3g}" in sum_
    assert after == f"a₂[1] = tanh(z₂[1]) = {np.tanh(z):.2f}"
    lit = [line for line in marks(picture, "Arrow") if line.colour != "faint"]
    assert sorted(line.tip[:8] for line in lit) == ["W1[0, 1]", "W1[1, 1]"]
    assert [box.colour for box in circles(picture)].count("ink") == 1


def test_one_neuron_is_a_network():
    """S1-4: logistic regression is a network with only 1 neuron: 3 weights and a bias."""
    net = cr.Network([cr.Dense(1, "sigmoid")], input_shape=3, seed=0)
    picture = net.draw()
    assert len(circles(picture)) == 3 + 1 and len(marks(picture, "Arrow")) == 3
    assert "3 inputs and 1 output (sigmoid): 4 parameters" in picture.words


def test_the_network_of_the_slides():
    """S1-8: three inputs, four hidden units, one output: 21 parameters, 16 edges and 5 neurons."""
    picture = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], input_shape=3, seed=0).draw()
    assert len(marks(picture, "Arrow")) == 16
    assert len([box for box in circles(picture) if box.tip[0] == "a"]) == 5
    assert "21 parameters" in picture.words


def test_biases_are_spoken_of_where_they_are_shown():
    said = "Above a neuron stands its bias."
    for units, shown in ((6, True), (7, False), (40, False)):
        net = cr.Network([cr.Dense(units, "tanh"), cr.Dense(1)], input_shape=3)
        picture = net.draw()
        texts = [mark.text for mark in marks(picture, "Text")]
        assert (said in picture.notes) == shown == ("+0.00" in texts)
    blocks = cr.Network(
        [cr.Conv2D(2, 3), cr.Flatten(), cr.Dense(10, "softmax")], input_shape=(5, 5, 1)
    ).draw()
    assert said not in blocks.notes and "+0.00" not in [m.text for m in marks(blocks, "Text")]


def test_layers_have_captions():
    """S3-11: input, hidden and output layer, with 6 edges."""
    picture = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, seed=0).draw()
    assert [text for text in texts(picture) if text in ("input", "hidden", "output")] == [
        "input",
        "hidden",
        "output",
    ]
    assert len(marks(picture, "Arrow")) == 6


def test_the_softmax_layer_has_a_bar_for_each_class():
    """S1-37, S2-41: what a softmax layer puts out as bars, shares of 1: of z = (3, 1, -3) 0.88, 0.12 and 0.002."""
    net = cr.Network([cr.Dense(3, "softmax", initializer=np.eye(3))], input_shape=3, dtype="float64", seed=0)
    bars = [box for box in marks(net.draw([[3.0, 1.0, -3.0]]), "Box") if box.kind == "result"]
    assert [float(bar.tip) for bar in bars] == pytest.approx([0.878878, 0.118943, 0.00217852], rel=1e-5)
    assert bars[0].width / bars[1].width == pytest.approx(0.8788782427321509 / 0.11894323591065209)


def test_a_neuron_behind_a_block_is_told_and_no_other():
    layers = [cr.Dense(8, "relu"), cr.Reshape((4, 2)), cr.Conv1D(3, 2), cr.Flatten(), cr.Dense(4, "tanh")]
    net = cr.Network(layers, input_shape=3, seed=0)
    picture = net.draw([[1.0, -2.0, 0.5]], neuron=(3, 2))
    (told,) = [box for box in circles(picture) if box.colour == "ink"]
    z = net.activations([[1.0, -2.0, 0.5]])["Z3"][0, 1]
    assert picture.notes[0].endswith(f"= {z:.2f}".replace("-", "−")) and "… 4 more …" in picture.notes[0]
    assert told.tip.startswith(f"a₂ = {np.tanh(z):.6g}")


def test_names_stay_as_they_are_in_sums():
    net = cr.Network([cr.Dense(1, initializer=[[-1.0], [2.0]])], input_shape=2, seed=0)
    assert net.draw(names=["a-b", "c"], neuron=(1, 1)).notes[0] == "z₁[1] = −1·a-b + 2·c + 0"
    assert net.draw([[3.0, -1.0]], neuron=(1, 1)).notes[0] == "z₁[1] = −1·3 + 2·(−1) + 0 = −5.00"


def test_weights_and_biases_are_named_as_the_lectures_do():
    """S2-29, S3-24: W_ij^[l] on each edge, from neuron i of layer l - 1 to neuron j of layer l, and each bias."""
    net = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], input_shape=3, seed=0)
    found = texts(net.draw(labels="names"))
    assert {f"w{i}{j}" for i in "₁₂₃" for j in "₁₂₃₄"} <= set(found)
    assert found.count("[1]") == 12 + 4 and found.count("[2]") == 4 + 1  # weights and biases of each layer
    assert {"input", "hidden", "output", "b₄"} <= set(found)
    values = texts(net.draw(labels="values"))
    assert all(f"{w:.2f}".replace("-", "−") in values for w in net.parameters["W1"].ravel())


def test_wide_layers_show_the_first_and_the_last():
    """S1-36: from 256 inputs, a digit of 16 by 16, to 10 outputs."""
    net = cr.Network([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], input_shape=256, seed=0)
    picture = net.draw()
    called = [box.tip.partition(",")[0] for box in circles(picture)]
    assert called[:8] == ["x₁", "x₂", "x₃", "x₄", "x₂₅₃", "x₂₅₄", "x₂₅₅", "x₂₅₆"]
    assert texts(picture).count("⋮") == 3
    assert "a₁₇" in [
        box.tip.partition(",")[0] for box in circles(net.draw(neuron=(1, 17)))
    ]  # who is asked for is seen


def test_many_layers_are_counted_and_the_page_holds_them():
    net = cr.Network([*[cr.Dense(4, "relu") for _ in range(12)], cr.Dense(1)], input_shape=3, seed=0)
    picture = net.draw()
    assert "9 more" in texts(picture)
    assert _width(picture) < 860
    assert len([box for box in circles(net.draw(neuron=(7, 1))) if box.colour == "ink"]) == 1


def _width(picture):
    boxes = marks(picture, "Box")
    return max(b.x + b.width for b in boxes) - min(b.x for b in boxes)


def test_layers_of_pictures_are_blocks_and_dense_ones_neurons():
    layers = [
        cr.Conv2D(8, 3, activation="relu"),
        cr.MaxPooling2D(2),
        cr.Flatten(),
        cr.Dense(5, "relu"),
        cr.Dropout(0.2),
    ]
    net = cr.Network([*layers, cr.Dense(3, "softmax")], input_shape=(28, 28, 1), seed=0)
    picture = net.draw()
    blocks = [box for box in marks(picture, "Box") if box.shape == "block"]
    assert [box.tip.partition(" ")[0] for box in blocks] == ["x", "conv2d_1", "max_pooling2d_1"]
    assert (
        blocks[1].height > blocks[2].height and blocks[1].width == blocks[2].width
    )  # 26 places, 13; 8 channels
    assert {"26×26×8", "13×13×8", "3×3, relu", "dropout_1 0.2"} <= set(texts(picture))
    assert _width(picture) < 500
    W2 = [line for line in marks(picture, "Arrow") if line.tip.startswith("W3[")]
    assert len(W2) == 5 * 3


def test_a_chain_of_many_blocks_is_wrapped():
    net = cr.Network([cr.Conv2D(8, 3, padding="same") for _ in range(14)], input_shape=(32, 32, 3), seed=0)
    picture = net.draw()
    assert _width(picture) < 500
    heights = {box.y for box in marks(picture, "Box")}
    assert len(heights) > 2
    _apart(marks(picture, "Box"))


def _apart(boxes):
    for k, a in enumerate(boxes):
        for b in boxes[k + 1 :]:
            beside = a.x + a.width <= b.x or b.x + b.width <= a.x
            assert beside or a.y + a.height <= b.y or b.y + b.height <= a.y, (a.tip, b.tip)


def residual(times):
    x = cr.input("x", ("batch", 16, 16, 3))
    h = cr.Conv2D(8, 3, padding="same")(x)
    for _ in range(times):
        inner = cr.Conv2D(8, 3, padding="same", activation="relu")(h)
        h = cr.Add()(cr.BatchNormalization()(inner), h)
    return cr.Network(cr.Dense(3, "softmax")(cr.GlobalAveragePooling2D()(h)), seed=0)


def test_repeated_blocks_of_a_residual_network_stand_once():
    picture = residual(5).draw()
    assert "× 5" in texts(picture)
    found = [box for box in marks(picture, "Box") if box.kind != "note"]
    assert [box.lines[0] for box in found].count("add_1") == 1 and len(found) == 7
    _apart(found)
    (frame,) = [box for box in marks(picture, "Box") if box.kind == "note"]
    within = [box for box in found if frame.x < box.x and box.x + box.width < frame.x + frame.width
              and frame.y < box.y and box.y + box.height < frame.y + frame.height]  # fmt: skip
    assert [box.lines[0] for box in within] == ["conv2d_2", "batch_normalization_1", "add_1"]
    assert picture.words.startswith("A network of 18 layers")  # all of them are told


def test_a_long_residual_network_stands_upright():
    h = cr.input("x", ("batch", 8))
    for units in range(9, 21):  # no two blocks are alike, so none is folded
        h = cr.Add()(cr.Dense(units)(cr.Dense(units, "relu")(h)), cr.Dense(units)(h))
    picture = cr.Network(h, seed=0).draw()
    boxes = marks(picture, "Box")
    assert len(boxes) == 1 + 4 * 12 and _width(picture) < 420
    _apart(boxes)
    centre = {box.lines[0]: (box.x + box.width / 2, box.y) for box in boxes}
    begins = [tuple(arrow.points[0]) for arrow in marks(picture, "Arrow")]
    for box in boxes:  # each but the last hands on what it puts out, from the middle of its lower side
        x, y = centre[box.lines[0]]
        assert box.lines[0] == "add_12" or any(np.allclose(b, (x, y + box.height)) for b in begins)


def test_blocks_that_look_further_back_are_not_folded():
    x = h = cr.input("x", ("batch", 8))
    for _ in range(4):
        h = cr.Add()(cr.Dense(8, "relu")(h), x)  # each takes the input again
    stages, folds = folded(stages_of(cr.Network(h, seed=0).architecture))
    assert not folds and len(stages) == 9


def test_arrows_are_the_paths_of_the_network():
    def two(image, radar):
        seen = cr.Dense(8, "relu")(cr.Flatten()(image))
        return cr.Dense(1)(np.concatenate([seen, radar], axis=1))

    net = cr.Network(two, inputs={"image": (8, 8), "radar": 3}, seed=0)
    stages = stages_of(net.architecture)
    assert [(s.label, [stages[t].label for t in s.takes]) for s in stages] == [
        ("image", []), ("radar", []), ("flatten_1", ["image"]), ("dense_1", ["flatten_1"]),
        ("dense_2", ["dense_1", "radar"]),
    ]  # fmt: skip
    assert len(marks(net.draw(), "Arrow")) == 4
    assert "dense_2 (dense_1, radar)" in net.draw().words
    with pytest.raises(cr.GraphError, match=r"cr\.draw\(network, X\)"):
        net.draw({"image": np.zeros((1, 8, 8)), "radar": np.zeros((1, 3))})


def test_what_a_layer_is_made_of_is_no_stage():
    net = cr.Network([cr.Bidirectional(cr.LSTM(4)), cr.Dense(1)], input_shape=(None, 3), seed=0)
    stages = stages_of(net.architecture)
    assert [s.label for s in stages] == ["x", "bidirectional_1", "dense_1"]
    assert sum(s.parameters for s in stages) == sum(w.size for w in net.parameters.values())


def test_layers_that_do_not_fit_end_the_picture():
    layers = [cr.Conv2D(4, 3), cr.MaxPooling2D(2), cr.Dense(8, "relu"), cr.Conv1D(3, 3), cr.Dense(1)]
    picture = cr.Network(layers).draw(np.zeros((2, 8, 8, 1)))
    blocks = marks(picture, "Box")
    assert [box.tip.partition(" ")[0] for box in blocks] == [
        "x",
        "conv2d_1",
        "max_pooling2d_1",
        "dense_1",
        "Conv1D",
    ]
    assert [box.colour for box in blocks].count("wrong") == 1
    with pytest.raises(cr.ShapeError) as error:
        cr.Network(layers, input_shape=(8, 8, 1))
    assert picture.notes[0].removeprefix("✗ ") in str(error.value)
    first = cr.Network([cr.Conv1D(3, 3)]).draw(input_shape=(8, 8, 1))
    assert "✗" in first.notes[0]


def test_a_network_that_saw_no_data_is_drawn_for_the_shape_it_is_given():
    net = cr.Network([cr.Dense(2), cr.Dense(1)], seed=3)
    assert net.draw(input_shape=4).to_dict() == cr.Network(net.layers, input_shape=4, seed=3).draw().to_dict()
    with pytest.raises(cr.GraphError, match="input_shape"):
        net.draw()


def test_what_makes_no_sense_is_refused_in_words(xor):
    for error, words, call in (
        (cr.DataError, "below 4", lambda: xor.draw(XOR, row=4)),
        (cr.DataError, "row of X", lambda: xor.draw(row=1)),
        (cr.DataError, "names has 3", lambda: xor.draw(names=["a", "b", "c"])),
        (cr.DataError, "labels is", lambda: xor.draw(labels="all")),
        (cr.DataError, "at least 2", lambda: xor.draw(most=1)),
        (cr.DataError, "classes has 3", lambda: xor.draw(classes=["a", "b", "c"])),
        (cr.DataError, "neuron is", lambda: xor.draw(neuron=3)),
        (cr.GraphError, "no layer 3", lambda: xor.draw(neuron=(3, 1))),
        (cr.GraphError, "3 neurons", lambda: xor.draw(neuron=(1, 4))),
    ):
        with pytest.raises(error, match=words):
            call()


def test_a_model_of_a_table_draws_with_the_names_of_its_features():
    table, target = cr.load_table("iris")
    model = cr.TableModel.train(table, target, epochs=2, hidden=(4,), members=1)
    found = " ".join(texts(model.draw()))
    for feature in model.columns.names:
        assert feature[:10] in found
