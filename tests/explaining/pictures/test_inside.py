"""What trained networks look for and what they see: the numbers in the pictures are the network's own."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.explaining.pictures.distributions import _can_be_dead


def digits():
    table, target = cr.load_table("digits")
    return table.drop(columns=target).to_numpy() / 16, table[target].to_numpy().astype(int)


def heats(picture, panel=0):
    return [m.values for m in picture.panels[panel].marks if type(m).__name__ == "Heat"]


def texts(picture):
    return [m for panel in picture.panels for m in panel.marks if type(m).__name__ == "Text"]


@pytest.fixture(scope="module")
def trained():
    X, y = digits()
    layers = [cr.Conv2D(8, 3, activation="relu"), cr.MaxPooling2D(2), cr.Conv2D(12, 2, activation="relu")]
    net = cr.Network([*layers, cr.Flatten(), cr.Dense(10, "softmax")], seed=0)
    net.fit(X[:600].reshape(-1, 8, 8, 1), y[:600], epochs=4)
    return net


def test_filters_are_the_weights(trained):
    found = heats(cr.pictures.filters(trained))
    W = trained.parameters["W1"]
    assert len(found) == 8
    for j, values in enumerate(found):
        assert np.array_equal(values, W[:, :, 0, j])
    several = heats(cr.pictures.filters(trained, "conv2d_2", most=3))
    assert len(several) == 3 * 8 and np.array_equal(several[8 + 2], trained.parameters["W2"][:, :, 2, 1])


def test_a_layer_is_named_in_several_ways(trained):
    assert cr.pictures.filters(trained, 2).title == cr.pictures.filters(trained, trained.layers[2]).title
    with pytest.raises(cr.GraphError, match=r"max_pooling2d_1, a .* conv2d_1, conv2d_2, dense_1"):
        cr.pictures.filters(trained, 1)
    with pytest.raises(cr.UnknownNameError, match="conv2d_9"):
        cr.pictures.filters(trained, "conv2d_9")


def test_the_filters_of_dense_units_are_pictures():
    net = cr.Network([cr.Dense(5), cr.Dense(2)], input_shape=64, seed=0)
    assert np.array_equal(heats(cr.pictures.filters(net))[3], net.parameters["W1"][:, 3].reshape(8, 8))
    assert heats(cr.pictures.filters(net, shape=(4, 16)))[0].shape == (4, 16)
    flat = cr.Network([cr.Flatten(), cr.Dense(3)], input_shape=(4, 6), seed=0)
    assert heats(cr.pictures.filters(flat))[1].shape == (4, 6)
    with pytest.raises(cr.DataError, match="product is 64"):
        cr.pictures.filters(net, shape=(5, 5))
    with pytest.raises(cr.DataError, match="shape="):
        cr.pictures.filters(cr.Network([cr.Dense(3)], input_shape=7, seed=0))


def test_filters_along_time_have_their_channels_below_each_other():
    net = cr.Network([cr.Conv1D(6, 5), cr.GlobalMaxPooling1D(), cr.Dense(2)], input_shape=(40, 3), seed=0)
    assert np.array_equal(heats(cr.pictures.filters(net))[4], net.parameters["W1"][:, :, 4].T)


def test_feature_maps_are_the_activations(trained):
    X, _ = digits()
    picture = cr.pictures.feature_maps(trained, X[:9].reshape(-1, 8, 8, 1), row=7)
    assert [p.title for p in picture.panels] == [
        "x, 8×8×1",
        "conv2d_1, 6×6×8",
        "max_pooling2d_1, 3×3×8",
        "conv2d_2, 2×2×12",
    ]
    inside = trained.activations(X[:9].reshape(-1, 8, 8, 1))
    assert np.array_equal(heats(picture, 0)[0], X[7].reshape(8, 8).astype("float32"))
    for panel, name in ((1, "A1"), (2, "max_pooling2d_1"), (3, "A2")):
        for c, values in enumerate(heats(picture, panel)):
            assert np.array_equal(values, inside[name][7][:, :, c])
    with pytest.raises(cr.GraphError, match="dense_1"):
        cr.pictures.feature_maps(trained, X[:1].reshape(-1, 8, 8, 1), "dense_1")


def test_predictions_are_marked_right_and_wrong(trained):
    """S4-74: images in grey with "Pred: p, True: t", those that are right told from those that are wrong."""
    X, y = digits()
    X, y = X[600:700].reshape(-1, 8, 8, 1), y[600:700]
    said = trained.predict_classes(X)
    wrong_first = cr.pictures.predictions(trained, X, y, worst=True)
    picture = cr.pictures.predictions(trained, X, y, most=12, classes=[f"n{k}" for k in range(10)])
    assert len(heats(picture)) == 12
    for i, text in enumerate(texts(picture)):
        right = said[i] == y[i]
        assert text.text == f"{'✓' if right else '✗'} Pred: n{said[i]},\nTrue: n{y[i]}"
        assert text.colour == ("right" if right else "wrong")
        assert np.array_equal(heats(picture)[i], X[i, :, :, 0].astype("float32"))
    assert f"{(said == y).sum()} are right" in picture.words
    least = np.argsort(trained.predict(X)[np.arange(100), y], kind="stable")[:10]
    assert [t.text.endswith(f"True: {y[i]}") for t, i in zip(texts(wrong_first), least, strict=True)] == [
        True
    ] * 10
    rows = cr.Network([cr.Dense(10, "softmax")], input_shape=64, seed=0)
    assert len(heats(cr.pictures.predictions(rows, X.reshape(-1, 64), y))) == 10


def test_predictions_that_make_no_sense_are_refused_in_words():
    iris = cr.Network([cr.Dense(3, "softmax")], input_shape=6, seed=0)
    with pytest.raises(cr.DataError, match="6 numbers is no picture"):
        cr.pictures.predictions(iris, np.ones((2, 6)), [0, 1])
    with pytest.raises(cr.DataError, match="each of the 2 rows"):
        cr.pictures.predictions(iris, np.ones((2, 6)), [0, 1, 2])
    with pytest.raises(cr.GraphError, match="number"):
        cr.pictures.predictions(cr.Network([cr.Dense(1)], input_shape=4, seed=0), np.ones((2, 4)), [0, 1])


def test_histograms_count_every_number(trained):
    X, y = digits()
    X = X[:50].reshape(-1, 8, 8, 1)
    weights = cr.pictures.weights(trained)
    assert [p.marks[0].heights.sum() for p in weights.panels] == [
        trained.parameters[f"W{k}"].size for k in (1, 2, 3)
    ]
    counts, _ = np.histogram(trained.parameters["W2"], 40)
    assert np.array_equal(weights.panels[1].marks[0].heights, counts)
    inside = trained.activations(X)
    assert sum(cr.pictures.activations(trained, X).panels[0].marks[0].heights) == inside["A1"].size
    slopes = trained.gradients(X, y[:50])
    counts, _ = np.histogram(slopes["W3"].astype(float), 40)
    assert np.array_equal(cr.pictures.gradients(trained, X, y[:50]).panels[2].marks[0].heights, counts)


def test_dead_units_are_those_that_never_speak():
    W = [[1.0, -1.0, 0.0, 1.0]]
    net = cr.Network(
        [cr.Dense(4, "relu", initializer=W), cr.Dense(3, "tanh"), cr.Dense(1)], input_shape=1, seed=0
    )
    net.parameters["b1"] = [0.0, 0.0, -1.0, 10.0]
    X = np.linspace(-3, 5, 33).reshape(-1, 1)
    picture = cr.pictures.dead_units(net, X)
    (panel,) = picture.panels  # tanh is never off
    assert panel.marks[0].heights == pytest.approx((net.activations(X)["A1"] > 0).mean(axis=0))
    assert panel.marks[0].colours == ("c1", "c1", "wrong", "c1")
    assert "1 of 4 units" in picture.words
    with pytest.raises(cr.GraphError, match="relu"):
        cr.pictures.dead_units(cr.Network([cr.Dense(3, "tanh")], input_shape=1, seed=0), X)


def test_which_activations_can_be_dead():
    dead = {
        name
        for name in ("relu", "gelu", "silu", "elu", "leaky_relu", "tanh", "sigmoid", "softplus")
        if _can_be_dead(name)
    }
    assert dead == {"relu"}
    assert _can_be_dead(lambda z: np.maximum(z, 0) ** 2)


def test_what_is_no_network_is_named():
    for draw in (cr.pictures.weights, cr.pictures.filters, cr.pictures.cell):
        with pytest.raises(cr.GraphError, match="found list"):
            draw([1, 2])


def nothing(network):
    X, y = np.empty((0, 2)), np.empty(0)
    return [
        lambda: network.draw(X),
        lambda: cr.draw(network, X=X, y=y),
        lambda: cr.pictures.activations(network, X),
        lambda: cr.pictures.gradients(network, X, y),
        lambda: cr.pictures.dead_units(network, X),
        lambda: cr.pictures.boundary(network, X, y),
        lambda: cr.pictures.hidden(network, X, y),
        lambda: cr.explain(network, X, y),
        lambda: cr.attributions(network, X),
        lambda: cr.permutation_importance(network, X, y),
    ]


@pytest.mark.parametrize("which", range(10))
def test_no_rows_are_said_to_be_none(which):
    network = cr.Network([cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
    with pytest.raises(cr.DataError, match="no rows"):
        nothing(network)[which]()
