"""What the lectures say of convolutional networks, as tests: rows of the lectures' ledger stand beside each."""

import numpy as np
import pytest
from scipy.signal import correlate2d

import chainrule as cr

SOBEL = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def size(*layers, shape):
    """Return how many numbers a network learns."""
    network = cr.Network(list(layers), input_shape=shape, seed=0)
    return sum(w.size for w in network.parameters.values())


def test_a_filter_is_a_small_window_that_scans_the_picture():  # S0-24
    picture = np.repeat([[2.0, 2.0, 2.0, 5.0, 5.0]], 5, axis=0)  # a step of 3
    edges = cr.Network(
        [cr.Conv2D(1, 3, initializer=SOBEL[..., None, None])], input_shape=(5, 5, 1), dtype="float64"
    )
    by_hand = [[0.0, 4 * 3, 4 * 3]] * 3
    assert edges.predict(picture[None, ..., None])[0, ..., 0].tolist() == by_hand
    scene = np.random.default_rng(0).normal(size=(9, 12))
    found = cr.Network(edges.layers, input_shape=(9, 12, 1), dtype="float64").predict(scene[None, ..., None])
    np.testing.assert_allclose(found[0, ..., 0], correlate2d(scene, SOBEL, "valid"), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("kernel", "channels", "filters"), [(3, 1, 8), (5, 3, 16)])
def test_shared_weights_do_not_grow_with_the_picture(kernel, channels, filters):  # S0-26, S4-15
    sides = (12, 24, 96)
    learned = {side: size(cr.Conv2D(filters, kernel), shape=(side, side, channels)) for side in sides}
    assert set(learned.values()) == {(kernel * kernel * channels + 1) * filters}
    dense = [size(cr.Flatten(), cr.Dense(filters), shape=(side, side, channels)) for side in sides]
    assert dense == [(side * side * channels + 1) * filters for side in sides]


def test_what_moves_in_the_picture_moves_in_the_map():  # S0-26
    rng = np.random.default_rng(0)
    scene = np.zeros((2, 14, 14, 3))
    scene[:, 3:8, 3:8] = rng.normal(size=(2, 5, 5, 3))
    moved = np.roll(scene, (4, 2), axis=(1, 2))
    maps = cr.Network([cr.Conv2D(6, 3, padding="same", activation="tanh")], input_shape=(14, 14, 3), seed=0)
    np.testing.assert_allclose(
        np.roll(maps.predict(scene), (4, 2), axis=(1, 2)), maps.predict(moved), rtol=1e-6
    )
    whole = cr.Network([*maps.layers, cr.GlobalMaxPooling2D(), cr.Dense(3)], input_shape=(14, 14, 3), seed=0)
    np.testing.assert_allclose(whole.predict(scene), whole.predict(moved), rtol=1e-5)


def test_a_dense_layer_treats_all_inputs_alike():  # S0-22
    rng = np.random.default_rng(0)
    X, order = rng.normal(size=(7, 20)), rng.permutation(20)
    network = cr.Network([cr.Dense(8, "relu"), cr.Dense(2)], input_shape=20, dtype="float64", seed=0)
    before = network.predict(X)
    network.parameters["W1"] = network.parameters["W1"][order]
    np.testing.assert_allclose(network.predict(X[:, order]), before, rtol=1e-12, atol=1e-12)


SHAPES = {
    "square": np.array([[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]),
    "cross": np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]),
    "bar": np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0]]),
}


def scenes(count, rng, shown):
    """Return pictures of 16 by 16 with shapes in different quarters, and which there are, (count, 3)."""
    X, y = rng.normal(scale=0.1, size=(count, 16, 16, 1)), np.zeros((count, 3))
    for picture, there in zip(X, y, strict=True):
        quarters = iter(rng.permutation([(0, 0), (0, 8), (8, 0), (8, 8)]))
        for kind in rng.permutation(3)[: rng.integers(1, shown + 1)]:
            row, column = next(quarters) + rng.integers(0, 5, 2)
            picture[row : row + 4, column : column + 4, 0] += list(SHAPES.values())[kind]
            there[kind] = 1
    return X, y


def test_shuffled_pixels_defeat_a_convolutional_network_and_not_a_dense_one():  # S0-28, S0-22
    rng = np.random.default_rng(0)
    (X, y), (asked, truth) = scenes(400, rng, 1), scenes(200, rng, 1)
    order = rng.permutation(16 * 16)
    first = rng.normal(scale=0.1, size=(16 * 16, 32))

    def answers(layers, *pictures):
        network = cr.Network([*layers, cr.Dense(3, "softmax")], input_shape=pictures[0].shape[1:], seed=0)
        network.fit(pictures[0], y, optimizer=cr.Adam(cr.OneCycle(0.02)), epochs=40)
        return network.predict(pictures[1])

    def right(p):
        return np.mean(p.argmax(axis=1) == truth.argmax(axis=1))

    flat = [part.reshape(len(part), -1) for part in (X, asked)]
    shuffled = [part[:, order] for part in flat]
    filters = [
        cr.Conv2D(8, 3, activation="relu"),
        cr.Conv2D(16, 3, activation="relu"),
        cr.GlobalMaxPooling2D(),
    ]
    seen = answers(filters, X, asked)
    defeated = answers(filters, *[part.reshape(-1, 16, 16, 1) for part in shuffled])
    assert right(seen) > 0.95 and right(defeated) < 0.75

    # A dense network whose first weights are shuffled alike learns the very same.
    weighed = answers([cr.Dense(32, "relu", initializer=first)], *flat)
    again = answers([cr.Dense(32, "relu", initializer=first[order])], *shuffled)
    np.testing.assert_allclose(again, weighed, atol=0.02)


@pytest.mark.parametrize(("shown", "output"), [(1, "softmax"), (3, "sigmoid")])
def test_a_picture_is_tagged_with_what_it_shows(shown, output):  # S0-15, S0-23, S0-27
    rng = np.random.default_rng(0)
    (X, y), (asked, truth) = scenes(400, rng, shown), scenes(200, rng, shown)
    network = cr.Network(
        [
            cr.Conv2D(8, 3, padding="same", activation="relu"),
            cr.MaxPooling2D(),
            cr.Conv2D(16, 3, activation="relu"),
            cr.GlobalMaxPooling2D(),
            cr.Dense(3, output),
        ],
        seed=0,
    )
    network.fit(X, y, optimizer=cr.Adam(cr.OneCycle(0.02)), epochs=40)
    p = network.predict(asked)
    if output == "softmax":
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        assert np.mean(p.argmax(axis=1) == truth.argmax(axis=1)) > 0.95
    else:
        assert np.mean((p > 0.5) == truth) > 0.95


def test_camera_and_radar_together_find_the_car():  # S0-18
    rng = np.random.default_rng(0)
    columns, distance = rng.integers(1, 15, 600), rng.uniform(1, 2, 600)
    images = rng.normal(scale=0.05, size=(600, 6, 16, 1))
    for image, column in zip(images, columns, strict=True):
        image[2:4, column - 1 : column + 2, 0] += 1
    bearing = (columns - 7.5) / 16  # as the tangent
    position = np.column_stack([distance * bearing, distance])
    radar = distance[:, None] + rng.normal(scale=0.01, size=(600, 1))

    def draw(image, radar):
        seen = cr.Flatten()(cr.Conv2D(4, 3, padding="same", activation="relu")(image))
        return cr.Dense(2)(cr.Dense(32, "tanh")(np.concatenate([cr.Dense(8)(seen), radar], axis=1)))

    car = cr.Network(draw, inputs={"image": (6, 16, 1), "radar": 1}, seed=0)
    gradients = car.gradients({"image": images[:8], "radar": radar[:8]}, position[:8], loss="mse")
    assert all(np.any(g != 0) for name, g in gradients.items() if name.startswith("W"))
    rows, asked = slice(0, 500), slice(500, None)
    learned = {"image": images[rows], "radar": radar[rows]}
    car.fit(learned, position[rows], loss="mse", optimizer=cr.Adam(cr.OneCycle(0.01)), epochs=60)

    def error(images, radar):
        found = car.predict({"image": images[asked], "radar": radar[asked]})
        return np.abs(found - position[asked]).mean()

    blind, deaf = error(np.zeros_like(images), radar), error(images, np.full_like(radar, 1.5))
    assert error(images, radar) < 0.05
    assert min(blind, deaf) > 0.1  # either is needed


def test_backward_updates_the_filters():  # S0-122, S0-23
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4, 10, 10, 1)), np.array([0, 1, 1, 0])
    layers = [
        cr.Conv2D(3, 3, activation="tanh"),
        cr.MaxPooling2D(),
        cr.Conv2D(4, 3, activation="tanh"),
        cr.MaxPooling2D(),
        cr.Flatten(),
        cr.Dense(1, "sigmoid"),
    ]
    network = cr.Network(layers, input_shape=(10, 10, 1), dtype="float64", seed=0)
    report = network.check_gradients(X, y)
    assert report, report
    before = {name: w.copy() for name, w in network.parameters.items()}
    network.fit(X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=1)
    for name, w in network.parameters.items():
        assert np.all(w != before[name]), name


def arranged(count, rng):
    """Return pictures with an upright and a lying line side by side, and whether the upright one is left."""
    X, y = rng.normal(scale=0.1, size=(count, 16, 16, 1)), rng.integers(0, 2, count)
    for picture, first in zip(X, y, strict=True):
        row, column = rng.integers(1, 14), rng.integers(0, 10)
        upright, lying = (column, column + 3) if first else (column + 5, column)
        picture[row - 1 : row + 2, upright, 0] += 1
        picture[row, lying : lying + 3, 0] += 1
    return X, y


def test_deeper_layers_know_more():  # S0-25, S4-33
    rng = np.random.default_rng(1)
    (X, y), (asked, truth) = arranged(600, rng), arranged(400, rng)
    filters = [
        cr.Conv2D(6, 3, activation="relu"),
        cr.Conv2D(12, 5, activation="relu"),
        cr.GlobalMaxPooling2D(),
    ]
    network = cr.Network([*filters, cr.Dense(1, "sigmoid")], input_shape=(16, 16, 1), seed=0)
    network.fit(X, y, optimizer=cr.Adam(cr.OneCycle(0.02)), epochs=40)

    def known(layer):
        """Return how well a line through the largest values of a layer's maps tells the pictures apart."""
        learned, new = (
            np.column_stack([network.activations(x)[layer].max(axis=(1, 2)), np.ones(len(x))])
            for x in (X, asked)
        )
        line = np.linalg.lstsq(learned, y, rcond=None)[0]
        return np.mean((new @ line > 0.5) == truth)

    assert known("A1") < 0.65  # 3 by 3 pixels hold one line only
    assert known("A2") > 0.95  # and 7 by 7 hold both
