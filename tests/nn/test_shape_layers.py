"""Layers that move numbers, join paths or work channel by channel: by NumPy, on every engine, and their gradients."""

import copy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.nn.architecture import chain
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import at

RNG = np.random.default_rng(0)
PICTURES = RNG.normal(size=(3, 4, 6, 4))
SEQUENCES = RNG.normal(size=(3, 7, 4))
ENGINES = [pytest.param("native", marks=pytest.mark.native), "numpy"]


def repeated(x, *times):
    for axis, n in enumerate(times, start=1):
        x = np.repeat(x, n, axis=axis)
    return x


def grouped(x, groups):
    apart = x.reshape(*x.shape[:-1], groups, -1)
    axes = (*range(1, x.ndim - 1), x.ndim)
    normal = (apart - apart.mean(axis=axes, keepdims=True)) / np.sqrt(
        apart.var(axis=axes, keepdims=True) + 1e-5
    )
    return normal.reshape(x.shape)


EDGES = ((-2, -0.5, 0, 0.1, 3), (), (0, 0.25), (-1, 0, 1))


def encoded(x, edges):
    bins = [(x[..., i], *ends) for i, row in enumerate(edges) for ends in pairwise(row)]
    parts = [np.interp(column, ends, (0, 1)) for column, *ends in bins]
    return np.concatenate([x, *[part[..., None] for part in parts]], axis=-1)


def pad(x, *sides):
    return np.pad(x, ((0, 0), *sides, (0, 0)))


# A layer, what it is given, and what that becomes.
CASES = [
    (cr.Reshape((6, 16)), PICTURES, lambda x: x.reshape(3, 6, 16)),
    (cr.Reshape((-1, 8)), PICTURES, lambda x: x.reshape(3, 12, 8)),
    (cr.Reshape([28]), SEQUENCES, lambda x: x.reshape(3, 28)),
    (cr.Permute((3, 1, 2)), PICTURES, lambda x: x.transpose(0, 3, 1, 2)),
    (cr.Permute((2, 1)), SEQUENCES, lambda x: x.transpose(0, 2, 1)),
    (cr.ZeroPadding1D(2), SEQUENCES, lambda x: pad(x, (2, 2))),
    (cr.ZeroPadding1D((0, 3)), SEQUENCES, lambda x: pad(x, (0, 3))),
    (cr.ZeroPadding2D(), PICTURES, lambda x: pad(x, (1, 1), (1, 1))),
    (cr.ZeroPadding2D((2, 0)), PICTURES, lambda x: pad(x, (2, 2), (0, 0))),
    (cr.ZeroPadding2D(((0, 1), (2, 3))), PICTURES, lambda x: pad(x, (0, 1), (2, 3))),
    (cr.ZeroPadding2D((1, (0, 2))), PICTURES, lambda x: pad(x, (1, 1), (0, 2))),
    (cr.ZeroPadding2D(0), PICTURES, lambda x: x),
    (cr.Cropping1D(), SEQUENCES, lambda x: x[:, 1:-1]),
    (cr.Cropping1D((0, 6)), SEQUENCES, lambda x: x[:, :1]),
    (cr.Cropping2D(), PICTURES, lambda x: x),
    (cr.Cropping2D(1), PICTURES, lambda x: x[:, 1:-1, 1:-1]),
    (cr.Cropping2D((0, 2)), PICTURES, lambda x: x[:, :, 2:-2]),
    (cr.Cropping2D(((0, 1), (2, 3))), PICTURES, lambda x: x[:, :-1, 2:-3]),
    (cr.UpSampling1D(3), SEQUENCES, lambda x: repeated(x, 3)),
    (cr.UpSampling2D(), PICTURES, lambda x: repeated(x, 2, 2)),
    (cr.UpSampling2D((1, 3)), PICTURES, lambda x: repeated(x, 1, 3)),
    (cr.UpSampling2D(1, "bilinear"), PICTURES, lambda x: x),
    (cr.Rescaling(0.5), PICTURES, lambda x: x * 0.5),
    (cr.Rescaling(1 / 127.5, offset=-1), SEQUENCES, lambda x: x / 127.5 - 1),
    (cr.Rescaling((1, 2, 3, 4), offset=(-4, 3, 2, 1)), SEQUENCES, lambda x: x * [1, 2, 3, 4] + [-4, 3, 2, 1]),
    (cr.Clip(-0.5, 0.25), PICTURES, lambda x: np.clip(x, -0.5, 0.25)),
    (cr.Clip((-1, 0, -1, 0), 1), SEQUENCES, lambda x: np.clip(x, [-1, 0, -1, 0], 1)),
    (cr.PiecewiseLinearEncoding(EDGES), SEQUENCES[:, 0], lambda x: encoded(x, EDGES)),
    (cr.PiecewiseLinearEncoding(EDGES), SEQUENCES, lambda x: encoded(x, EDGES)),
    (cr.PiecewiseLinearEncoding(((),) * 4), SEQUENCES, lambda x: x),
    (cr.GroupNormalization(2), PICTURES, lambda x: grouped(x, 2)),
    (cr.GroupNormalization(1), SEQUENCES, lambda x: grouped(x, 1)),
    (cr.GroupNormalization(4), PICTURES, lambda x: grouped(x, 4)),
    (cr.GroupNormalization(2), PICTURES[:, 0, 0], lambda x: grouped(x, 2)),
    (cr.SpatialDropout1D(0.5), SEQUENCES, lambda x: x),
    (cr.SpatialDropout2D(0.5), PICTURES, lambda x: x),
]


def label(case):
    return repr(case[0])


def network(layer, x, engine="numpy"):
    return cr.Network([layer], input_shape=x.shape[1:], dtype="float64", seed=0, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES, ids=label)
def test_values(case, engine):
    layer, x, by_numpy = case
    run = network(layer, x, engine)
    for given in (x, x[:1], x[:0]):
        found, expected = run.predict(given), by_numpy(x)[: len(given)]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def between_units(layer, x):
    """A network in which a gradient goes through the layer."""
    dense, flat = cr.Dense(x.shape[-1], initializer="orthogonal"), cr.Flatten()
    return cr.Network(
        [dense, replace(layer), flat, cr.Dense(2)], input_shape=x.shape[1:], dtype="float64", seed=0
    )


@pytest.mark.parametrize("case", CASES, ids=label)
def test_gradients(case):
    layer, x, _ = case
    report = between_units(layer, x).check_gradients(x, RNG.normal(size=(3, 2)))
    assert report.passed, str(report)


@pytest.mark.native
@pytest.mark.parametrize("case", CASES, ids=label)
def test_fits_alike_in_any_parts(case, monkeypatch):
    layer, x, _ = case
    X, y = np.tile(x, (7, *[1] * (x.ndim - 1))), RNG.normal(size=(21, 2))
    costs = {}
    for engine, threads, share, checked in (
        ("numpy", 1, "", ""),
        ("native", 1, "", ""),
        ("native", 2, "3", "1"),
        ("native", 1, "2", ""),
    ):
        monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        if share:
            monkeypatch.setenv("CHAINRULE_SHARE", share)
        made = between_units(layer, x)
        made.engine = engine
        costs[engine, threads, share] = made.fit(X, y, epochs=2, batch_size=8, optimizer="sgd")["cost"]
        monkeypatch.delenv("CHAINRULE_SHARE", raising=False)
    np.testing.assert_allclose(costs["native", 1, ""], costs["numpy", 1, ""], rtol=1e-9)
    assert costs["native", 1, ""] == costs["native", 2, "3"] == costs["native", 1, "2"]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_files(case, tmp_path):
    layer, x, _ = case
    made = network(layer, x)
    made.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    assert repr(again.layers) == repr(made.layers) and again.summary_text() == made.summary_text()
    np.testing.assert_array_equal(again.predict(x), made.predict(x))


def in_training(layer, x, step=0):
    """What the layer makes of x while training."""
    made = chain([layer], x.shape[1:], "float64")
    (output,) = at([made.output], training=True)
    return cr.compile(output, inputs=[made.inputs["x"], STEP, SEED])(x, step, 0)


@pytest.mark.parametrize(("kind", "axes"), [(cr.SpatialDropout1D, (1,)), (cr.SpatialDropout2D, (1, 2))])
def test_whole_channels_are_dropped(kind, axes):
    ones = np.ones((40, *[5] * len(axes), 50))
    found = in_training(kind(0.3), ones)
    assert set(np.unique(found)) == {0.0, 1 / 0.7}
    assert np.ptp(found, axis=axes).max() == 0  # a channel is there everywhere, or nowhere
    assert (found == 0).mean() == pytest.approx(0.3, abs=0.03)
    assert not np.array_equal(found, in_training(kind(0.3), ones, step=1))


# --- several inputs ---

MERGED = [
    (cr.Add(), lambda a, b: a + b),
    (cr.Subtract(), lambda a, b: a - b),
    (cr.Multiply(), lambda a, b: a * b),
    (cr.Average(), lambda a, b: (a + b) / 2),
    (cr.Maximum(), np.maximum),
    (cr.Concatenate(), lambda a, b: np.concatenate([a, b], axis=-1)),
    (cr.Concatenate(1), lambda a, b: np.concatenate([a, b], axis=1)),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("layer", "by_numpy"), MERGED, ids=[repr(layer) for layer, _ in MERGED])
def test_merging(layer, by_numpy, engine, tmp_path):
    shapes = {"a": (4, 6, 4), "b": (4, 6, 4)}
    both = {"a": PICTURES, "b": PICTURES[::-1] * 2}
    made = cr.Network(lambda a, b: layer([a, b]), shapes, dtype="float64", seed=0, engine=engine)
    np.testing.assert_allclose(made.predict(both), by_numpy(*both.values()), rtol=1e-12)
    made.save(tmp_path / "m")
    np.testing.assert_array_equal(cr.load(tmp_path / "m").predict(both), made.predict(both))
    learning = cr.Network(
        lambda a, b: cr.Dense(1)(cr.Flatten()(replace(layer)(cr.Dense(4)(a), cr.Dense(4)(b)))),
        shapes, dtype="float64", seed=0, engine=engine,
    )  # fmt: skip
    assert learning.check_gradients(both, [1.0, 2.0, 3.0]).passed


def test_three_are_merged_and_gates_are_broadcast():
    a, b, c = (cr.input(name, ("batch", 3)) for name in "abc")
    assert str(cr.Add()(a, b, c)) == "a + b + c" and str(cr.Average()(a, b, c)) == "(a + b + c) / 3"
    gate = cr.input("gate", ("batch", 1, 1, 4))
    assert cr.Multiply()(cr.input("x", ("batch", 4, 6, 4)), gate).shape[1:] == (4, 6, 4)


def residual(x):
    h = cr.Dense(8, "relu", name="first")(x)
    h = cr.BatchNormalization()(cr.Dense(8)(h))
    shortcut = cr.Dense(8, use_bias=False)(x)
    return cr.Dense(3, "softmax")(cr.Flatten()(cr.Activation("relu")(cr.Add(name="sum")(h, shortcut))))


def test_a_residual_network_from_end_to_end(tmp_path):
    X, labels = RNG.normal(size=(60, 3, 4)), np.arange(60) % 3
    X[np.arange(60), labels] += 2
    made = cr.Network(residual, inputs={"x": (3, 4)}, seed=0)
    history = made.fit({"x": X}, labels, epochs=40, optimizer=cr.Adam(0.01))
    assert made.evaluate({"x": X}, labels)["accuracy"] > 0.95 and history["cost"][-1] < history["cost"][0]
    text = made.summary_text()
    assert "sum (Add)" in text and "← batch_normalization_1, dense_2" in text
    made.save(tmp_path / "m")
    again = cr.load(tmp_path / "m")
    np.testing.assert_array_equal(again.predict({"x": X}), made.predict({"x": X}))
    assert all(made.show({"x": X}, labels, stage) for stage in ("graph", "fusion", "memory"))


# --- of nodes that are drawn already ---


def drawn(dtype):
    x, gate = cr.input("x", ("batch", 3, 4), dtype), cr.input("gate", ("batch", 4))
    h = cr.BatchNormalization()(cr.Dense(4)(x * 0.5 + np.ones((3, 4))))
    return x, gate, cr.Dense(2)(cr.Flatten()(cr.Add()([x, h])[:, ::-1] * np.clip(gate, 0, 1)[:, None, :]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("given", ["float32", "float64"])
def test_a_network_of_nodes_is_one_of_a_function(given, dtype, tmp_path):
    x, gate, output = drawn(given)
    made = cr.Network(output, seed=3, dtype=dtype)
    layers = iter(made.layers)

    def again(x, gate):
        dense, norm, add, flat, last = layers
        h = norm(dense(x * 0.5 + np.ones((3, 4), dtype)))
        return last(flat(add(x, h)[:, ::-1] * np.clip(gate, 0, 1)[:, None, :]))

    same = cr.Network(again, {"x": (3, 4), "gate": 4}, seed=3, dtype=dtype)
    data = {"x": RNG.normal(size=(20, 3, 4)), "gate": RNG.normal(size=(20, 4))}
    assert made.output.dtype == dtype and made.summary_text() == same.summary_text()
    y = RNG.normal(size=(20, 2))
    assert made.fit(data, y, epochs=3)["cost"] == same.fit(data, y, epochs=3)["cost"]
    np.testing.assert_array_equal(made.predict(data), same.predict(data))
    made.save(tmp_path / "m")
    np.testing.assert_array_equal(cr.load(tmp_path / "m").predict(data), made.predict(data))
    assert made.check_gradients(data, y).passed or dtype == "float32"
    np.testing.assert_array_equal(copy.deepcopy(made).predict(data), made.predict(data))
    assert list(cr.Network(output, [gate, x]).inputs) == ["gate", "x"]
    assert made.layers[0] is not None and cr.Network(output).layers == made.layers  # which may be shared


def test_one_layer_object_in_a_network_of_nodes_is_one():
    x = cr.input("x", ("batch", 3))
    twice = cr.Dense(3)
    made = cr.Network(twice(np.tanh(twice(x))), seed=0)
    assert list(made.parameters) == ["W1", "b1"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: cr.Network(cr.Dense(1)(x), inputs={"x": 4}), "are those of its input nodes"),
        (lambda x: cr.Network(cr.Dense(1)(x), input_shape=4), "are those of its input nodes"),
        (lambda x: cr.Network(cr.Dense(1)(x), inputs=cr.Dense(2)(x)), "are nodes that cr.input made; found"),
        (lambda x: cr.Network(cr.Dense(1)(x), inputs=["x"]), "are nodes that cr.input made; found x"),
        (lambda x: cr.Network(x.sum()), r"the output has shape \(\)"),
        (
            lambda x: cr.Network(cr.Dense(1)(cr.input("z", (5, 4)))),
            r"'batch', 28, 28, 1\)\) or .*; z has shape \(5, 4\)",
        ),
        (
            lambda x: cr.Network(cr.Dense(1)(x) + cr.Dense(1)(cr.input("z", ("batch", 2))), inputs=x),
            "'z' stands in",
        ),
        (
            lambda x: cr.Network(cr.Dense(1)(x) * cr.variable(2.0, "v")),
            "'v' stands in the network but belongs to no",
        ),
        (lambda x: cr.Network(inputs=x, outputs=[cr.Dense(1)(x), x]), "one output so far"),
    ],
)
def test_what_is_no_network_of_nodes(call, words):
    with pytest.raises(cr.ChainruleError, match=words):
        call(cr.input("x", ("batch", 4)))


# --- what is said ---

X = {rank: cr.input("x", ("batch", *[4, 6, 3, 2][:rank])) for rank in range(1, 5)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cr.ZeroPadding2D()(X[2]), r"takes pictures of shape \(height, width, channels\); found \(4, 6\)"),
        (lambda: cr.ZeroPadding1D()(X[3]), r"takes sequences of shape \(time, features\); found \(4, 6, 3\)"),
        (lambda: cr.SpatialDropout2D(0.5)(X[4]), r"found \(4, 6, 3, 2\)"),
        (lambda: cr.UpSampling2D()(cr.input("x", ("batch", "rows", 4, 3))), "fixed lengths"),
        (lambda: cr.UpSampling2D()(X[3][..., :0]), "there are no channels"),
        (lambda: cr.Cropping2D(2)(X[3]), r"Cropping2D\(2\) leaves nothing of \(4, 6, 3\)"),
        (lambda: cr.Reshape((5, -1))(X[2]), r"makes 5 numbers times what is left of each example"),
        (lambda: cr.Reshape((5, 5))(X[2]), r"Reshape\(\(5, 5\)\) makes 25 numbers of each example; it is given"),
        (lambda: cr.Permute((2, 1))(X[3]), r"takes examples of 2 axes; it is given \(4, 6, 3\)"),
        (lambda: cr.Add()(X[2], X[3]), r"one shape, but for axes of length 1; found \(4, 6\) and \(4, 6, 3\)"),
        (lambda: cr.Add()(X[2]), "makes one node of several, and is given 1"),
        (lambda: cr.Concatenate(0)(X[2], X[2]), "1 to 2; 0 is the examples themselves"),
        (lambda: cr.Concatenate(1)(X[2], X[2][:, :, 1:]), r"equal but for axis 1; found \(4, 6\) and \(4, 5\)"),
        (lambda: cr.GroupNormalization(2)(X[3]), "has 3. Give a number of groups that divides 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_at_the_layer(call, words):
    with pytest.raises(cr.ChainruleError, match=words):
        call()


def test_the_layer_is_named_in_the_network():
    with pytest.raises(cr.ShapeError, match=r"^Layer 2 \(ZeroPadding2D\(2\)\) does not fit") as caught:
        cr.Network([cr.Flatten(), cr.ZeroPadding2D(2)], input_shape=(4, 4, 1))
    assert "✗ ZeroPadding2D fails here, given (batch, 16)" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cr.ZeroPadding2D(-1), lambda: cr.ZeroPadding2D(1.5), lambda: cr.ZeroPadding2D((1, 2, 3)),
        lambda: cr.ZeroPadding2D((((1, 2), 3), 1)), lambda: cr.ZeroPadding1D(((1, 1), (1, 1))),
        lambda: cr.ZeroPadding2D("same"),
        lambda: cr.UpSampling2D(0), lambda: cr.UpSampling2D((2, 2, 2)), lambda: cr.UpSampling2D(2, "cubic"),
        lambda: cr.UpSampling1D((2, 2)), lambda: cr.Reshape(8), lambda: cr.Reshape((-1, -1)),
        lambda: cr.Reshape((2.0,)),
        lambda: cr.Reshape((-2,)), lambda: cr.Permute((0, 1)), lambda: cr.Permute((1, 1)), lambda: cr.Concatenate(1.0),
        lambda: cr.SpatialDropout2D(1), lambda: cr.Rescaling("1/255"), lambda: cr.GroupNormalization(2.5),
        lambda: cr.GroupNormalization(2, epsilon=64), lambda: cr.ZeroPadding2D(True),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(make):
    with pytest.raises(cr.GraphError) as error:
        make()
    assert len(str(error.value)) < 200


def test_what_no_picture_has_is_refused_before_anything_is_made():
    """A file of a kilobyte asked for a loop of 2**29 steps, or for positions of 2**40 rows."""
    with pytest.raises(cr.GraphError, match="for sizes of at most 64; found 536870912"):
        cr.UpSampling2D(2**29, "bilinear")
    for layer in (cr.AveragePooling2D(3, 1, "same"), cr.RandomRotation(0.1), cr.UpSampling2D()):
        with pytest.raises(cr.ShapeError, match="no axis of pictures is longer than 16,777,216"):
            cr.Network([cr.ZeroPadding2D(2**40), layer], input_shape=(4, 4, 1))
    for size in (2**30, 2**62, 2**63, 2**70):
        for layer in (cr.AveragePooling2D(size, padding="same"), cr.Conv2DTranspose(4, 3, strides=size)):
            with pytest.raises(cr.ShapeError, match="no axis of pictures is longer than 16,777,216"):
                cr.Network([layer], input_shape=(4, 4, 1))


def test_settings_are_plain_numbers():
    made = cr.ZeroPadding2D([np.int64(1), [2, np.int32(3)]])
    assert made.padding == (1, (2, 3)) and type(made.padding[1][1]) is int
    assert repr(made) == "ZeroPadding2D((1, (2, 3)))" and repr(cr.ZeroPadding2D()) == "ZeroPadding2D()"


@pytest.mark.parametrize("size", [2, (3, 1), (1, 4), 5])
def test_bilinear_pictures_are_those_of_scipy(size):
    """Its zoom in the mode that counts pixels, not their middles, is what Keras and PyTorch compute."""
    from scipy.ndimage import map_coordinates

    height, width = (size, size) if isinstance(size, int) else size
    found = network(cr.UpSampling2D(size, "bilinear"), PICTURES).predict(PICTURES)
    rows = (np.arange(4 * height) + 0.5) / height - 0.5
    columns = (np.arange(6 * width) + 0.5) / width - 0.5
    for example, channel in np.ndindex(3, 4):
        at = np.meshgrid(rows, columns, indexing="ij")
        expected = map_coordinates(PICTURES[example, :, :, channel], at, order=1, mode="nearest")
        np.testing.assert_allclose(found[example, :, :, channel], expected, atol=1e-12)
