"""A network as its graph: by layers, by the lectures' names, and in single numbers."""

import numpy as np
import pytest
from drawn_graphs import arrows, boxes, check_apart, edges

import chainrule as cr
from chainrule.explaining.pictures.diagrams import Arrow

X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([0, 1, 1, 0])


def tiny(*layers):
    return cr.Network(list(layers) or [cr.Dense(2, "tanh"), cr.Dense(1, "sigmoid")], input_shape=2, seed=3)


def residual(blocks, channels=4):
    """A residual network: each block's sum is what the next one, and the path around that, takes."""

    def draw(image):
        h = cr.Conv2D(channels, 3, activation="relu", padding="same")(image)
        for _ in range(blocks):
            inner = cr.Conv2D(channels, 3, activation="relu", padding="same")(h)
            inner = cr.BatchNormalization()(cr.Conv2D(channels, 3, padding="same")(inner))
            h = cr.Activation("relu")(cr.Add()(h, inner))
        return cr.Dense(3, "softmax")(cr.GlobalAveragePooling2D()(h))

    return cr.Network(draw, inputs={"image": (8, 8, 3)}, seed=0)


def below(picture):
    """Return pairs of boxes by their first lines that an arrow from top to bottom joins."""

    def at(point):
        return next(
            (b.lines[0] for b in boxes(picture) if b.lines and b.x <= point[0] <= b.x + b.width
             and min(abs(b.y - point[1]), abs(b.y + b.height - point[1])) < 1e-6),
            None,
        )  # fmt: skip

    arrows = [m for m in picture.panels[0].marks if isinstance(m, Arrow)]
    return {(at(m.points[0]), at(m.points[-1])) for m in arrows}


def test_layers_have_shapes_and_parameters_and_with_rows_how_long_their_arrays_are():
    network = tiny()
    picture = cr.draw(network)
    assert [b.lines for b in boxes(picture)] == [
        ("x", "(batch, 2)"),
        ("dense_1: A1", "Dense(2, tanh)", "(batch, 2)", "6 parameters"),
        ("dense_2: A2", "Dense(1, sigmoid)", "(batch, 1)", "3 parameters"),
    ]
    assert below(picture) == {("x", "dense_1: A1"), ("dense_1: A1", "dense_2: A2")}
    seen = cr.draw(network, X=X, y=y)
    lines = {b.lines[0]: b.lines for b in boxes(seen)}
    inside, scores = network.activations(X), network.evaluate(X, y)
    assert lines["dense_1: A1"][4] == f"‖A‖ {np.linalg.norm(inside['A1'].astype(float)):.3g}"
    cost = next(name for name in lines if name.startswith("J = "))
    assert float(cost.removeprefix("J = ")) == pytest.approx(scores["cost"], rel=1e-3)
    assert "21" not in seen.words and "9 parameters" in seen.words


def test_by_the_lectures_names_values_and_gradients_are_the_networks():
    network = tiny()
    picture = cr.draw(network, X=X, y=y, fold="steps")
    assert {
        ("x", "Z1"),
        ("W1", "Z1"),
        ("b1", "Z1"),
        ("Z1", "A1"),
        ("A1", "Z2"),
        ("Z2", "A2"),
        ("A2", "J"),
    } <= edges(picture)
    gradients = network.gradients(X, y)
    found = {a: m.below for a, _, m in arrows(picture)}
    assert found["W1"] == f"‖·‖ {np.linalg.norm(gradients['W1'].astype(float)):.3g}"
    assert float(found["b2"].strip("[]")) == pytest.approx(float(gradients["b2"][0]), rel=1e-2)
    check_apart(picture)


def test_in_scalars_each_number_is_told_and_equals_the_networks():
    network = tiny()
    picture = cr.draw(network, X=X[2:3], y=y[2:3], fold="scalars", width=860)
    check_apart(picture)
    assert "/ 1" not in " ".join(boxes(picture)[-1].lines)  # the mean of one row
    inside, gradients = network.activations(X[2:3]), network.gradients(X[2:3], y[2:3])
    found = {a: (m.above, m.below) for a, _, m in arrows(picture)}
    for j in range(2):
        assert float(found[f"A1[{j}]"][0]) == pytest.approx(float(inside["A1"][0, j]), rel=1e-3)
        for i in range(2):
            assert float(found[f"W1[{i}, {j}]"][1]) == pytest.approx(
                float(gradients["W1"][i, j]), rel=2e-3, abs=1e-6
            )
    with pytest.raises(cr.GraphError, match="fewer rows"):
        cr.draw(tiny(cr.Dense(50), cr.Dense(1)), X=X, y=y, fold="scalars")
    with pytest.raises(cr.GraphError, match="X= of a network"):
        cr.draw(network, fold="scalars")


@pytest.mark.parametrize("blocks", [2, 5])
def test_repeated_blocks_of_a_residual_network_stand_once(blocks):
    picture = cr.draw(residual(blocks))
    check_apart_from_frames(picture)
    texts = [m.text for m in picture.panels[0].marks if isinstance(m, cr.pictures.Text)]
    assert texts == [f"× {blocks}"]
    names = [b.lines[0] for b in boxes(picture) if b.lines]
    assert names[:5] == ["image", "conv2d_1: A1", "conv2d_2: A2", "conv2d_3: A3", "add_1"] and len(names) == 7
    assert {("conv2d_1: A1", "add_1"), ("conv2d_3: A3", "add_1"), ("conv2d_1: A1", "conv2d_2: A2")} <= below(
        picture
    )
    found = residual(blocks).architecture
    count = sum(w.size for w in (found.parameters | found.statistics).values())
    assert f"{count:,} parameters" in picture.words


def check_apart_from_frames(picture):
    found = [b for b in boxes(picture) if b.lines]
    for i, a in enumerate(found):
        for b in found[:i]:
            assert (
                a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            )


def test_a_recurrent_layer_goes_round_and_what_is_computed_between_layers_is_a_box():
    rows = cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(5, 2), seed=0)
    picture = cr.draw(rows)
    assert [m.text for m in picture.panels[0].marks if isinstance(m, cr.pictures.Text)] == ["5 steps"]
    x = cr.input("x", ("batch", 4))
    h = cr.Dense(4, "relu")(x)
    picture = cr.draw(cr.Network(cr.Dense(1)(x + h), seed=0))
    assert {("x", "x + A1"), ("dense_1: A1", "x + A1"), ("x + A1", "dense_2: A2")} <= below(picture)


def test_a_network_without_data_says_what_it_needs():
    with pytest.raises(cr.GraphError, match="input_shape"):
        cr.draw(cr.Network([cr.Dense(1)]))


def test_what_does_not_go_together_is_said():
    network, w = tiny(), cr.variable(2.0, "w")
    with pytest.raises(cr.GraphError, match="layers fold away"):
        cr.draw(network, X=X, y=y, fold="layers", direction="backward")
    with pytest.raises(cr.GraphError, match="rows of a network are X="):
        cr.draw(network, feed={})
    with pytest.raises(cr.GraphError, match="go with a network"):
        cr.draw(w * 2, X=X)
    with pytest.raises(cr.UnknownNameError, match="Did you mean 'scalars'"):
        cr.draw(w * 2, fold="scalar")
    deep = w
    for _ in range(500):
        deep = np.sin(deep)
    with pytest.raises(cr.GraphError, match=r"501 boxes, and a drawing has up to 400.*fold='steps'"):
        cr.draw(deep)
    assert "‖" not in str([b.lines for b in boxes(cr.draw(network, X=X, y=y, values=False, gradients=False))])


def test_backward_through_a_network_each_line_says_what_the_gradient_is_multiplied_by():
    picture = cr.draw(tiny(), X=X, y=y, direction="backward")
    found = {(a, b): m.tip for a, b, m in arrows(picture)}
    assert found["A1", "Z1"] == "dZ1 through A1: dA1 · (1 - A1^2)"
    assert found["Z2", "W2"] == "dW2 through Z2: A1ᵀ @ dZ2"
