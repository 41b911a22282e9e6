"""Pooling: by its definition, by numbers of Keras's, on every engine; its gradients, and what is said."""

import json
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr

RNG = np.random.default_rng(0)
ENGINES = [pytest.param("native", marks=pytest.mark.native), "numpy"]
KERAS = json.loads((Path(__file__).parent / "keras_layers.json").read_text())  # of Keras 3.15, in float32


def places(length, size, stride, padding):
    """For each window along an axis, the places in it that are there; of an odd number one more is missing behind."""
    count = ceil(length / stride) if padding == "same" else (length - size) // stride + 1
    missing = max((count - 1) * stride + size - length, 0) if padding == "same" else 0
    starts = [i * stride - missing // 2 for i in range(count)]
    return [slice(max(start, 0), min(start + size, length)) for start in starts]


def pooled(x, reduce, sizes, strides, padding):
    along = [places(*each, padding) for each in zip(x.shape[1:-1], sizes, strides, strict=True)]
    if len(along) == 1:
        return np.stack([reduce(x[:, at], axis=1) for at in along[0]], axis=1)
    rows = [np.stack([reduce(x[:, i, j], axis=(1, 2)) for j in along[1]], axis=1) for i in along[0]]
    return np.stack(rows, axis=1)


def predicted(layer, x, engine="numpy"):
    return cr.Network([layer], input_shape=x.shape[1:], dtype="float64", seed=0, engine=engine).predict(x)


POOLS = [
    (cr.MaxPooling1D, np.max),
    (cr.AveragePooling1D, np.mean),
    (cr.MaxPooling2D, np.max),
    (cr.AveragePooling2D, np.mean),
]
SETTINGS = [
    (2, None, "valid"), (2, None, "same"), (3, None, "valid"), (3, 2, "valid"), (3, 2, "same"), (3, 1, "same"),
    (2, 3, "same"), (2, 3, "valid"),
    (5, 5, "same"), (1, 2, "same"), (1, None, "valid"), (4, 1, "valid"),
]  # fmt: skip
SETTINGS_2D = [((2, 3), None, "same"), ((1, 2), (2, 1), "valid"), ((3, 2), 2, "same")]
CASES = [
    (kind(size, strides, padding), reduce, size, strides or size, padding)
    for kind, reduce in POOLS
    for size, strides, padding in SETTINGS + SETTINGS_2D * (kind.__name__.endswith("2D"))
]


def given_to(layer):
    return RNG.normal(size=(3, 7, 5, 4)[: 4 if "2D" in repr(layer) else 2] + (4,) * ("1D" in repr(layer)))


def on_each(setting, rank):
    return setting if isinstance(setting, tuple) else (setting,) * rank


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("layer", "reduce", "size", "strides", "padding"), CASES, ids=[repr(c[0]) for c in CASES]
)
def test_each_window_by_itself(layer, reduce, size, strides, padding, engine):
    x = given_to(layer)
    expected = pooled(x, reduce, on_each(size, x.ndim - 2), on_each(strides, x.ndim - 2), padding)
    for few in (3, 1, 0):
        found = predicted(layer, x[:few], engine)
        assert found.shape == expected[:few].shape
        np.testing.assert_allclose(found, expected[:few], rtol=1e-13, atol=1e-13)


@settings(max_examples=40)
@given(
    st.tuples(*[st.integers(1, 9)] * 2), st.tuples(*[st.integers(1, 4)] * 2), st.tuples(*[st.integers(1, 4)] * 2),
    st.sampled_from(["valid", "same"]), st.sampled_from(POOLS[2:]), st.integers(1, 5),
)  # fmt: skip
def test_pictures_of_any_size(lengths, sizes, strides, padding, pool, channels):
    kind, reduce = pool
    x = RNG.normal(size=(2, *lengths, channels))
    if padding == "valid" and any(n < size for n, size in zip(lengths, sizes, strict=True)):
        with pytest.raises(cr.ShapeError, match="a window reaches over"):
            predicted(kind(sizes, strides, padding), x)
        return
    found = predicted(kind(sizes, strides, padding), x)
    np.testing.assert_allclose(found, pooled(x, reduce, sizes, strides, padding), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rank", [1, 2])
def test_all_places_at_once(rank, engine):
    x = RNG.normal(size=(3, 7, 5, 4)) if rank == 2 else RNG.normal(size=(3, 7, 4))
    axes = tuple(range(1, rank + 1))
    for kind, reduce in (("Average", np.mean), ("Max", np.max)):
        layer = getattr(cr, f"Global{kind}Pooling{rank}D")
        np.testing.assert_allclose(predicted(layer(), x, engine), reduce(x, axis=axes), rtol=1e-13)
        kept = predicted(layer(keepdims=True), x, engine)
        np.testing.assert_allclose(kept, reduce(x, axis=axes, keepdims=True), rtol=1e-13)


@pytest.mark.parametrize("code", KERAS)
def test_numbers_of_keras(code):
    stored = KERAS[code]
    x = np.sin(np.arange(120) * 1.7).reshape(2, 5, 6, 2)
    x = (
        np.sin(np.arange(28) * 1.7).reshape(2, 7, 2)
        if "1D" in code
        else x[:, :2, :2]
        if "UpSampling" in code
        else x
    )
    found = predicted(eval(f"cr.{code}"), x)
    assert list(found.shape) == stored["shape"] and found.sum() == pytest.approx(stored["sum"], abs=1e-4)
    np.testing.assert_allclose(found.ravel()[:: max(1, found.size // 16)], stored["values"], atol=2e-6)


LEARNING = [case[0] for case in CASES if case[2] != 1] + [
    getattr(cr, f"Global{kind}Pooling{rank}D")() for kind in ("Average", "Max") for rank in (1, 2)
]


def between_units(layer, x, **options):
    units = [cr.Dense(4, initializer="orthogonal"), layer, cr.Flatten(), cr.Dense(2)]
    return cr.Network(units, input_shape=x.shape[1:], dtype="float64", seed=0, **options)


@pytest.mark.parametrize("layer", LEARNING, ids=repr)
def test_gradients(layer):
    x = given_to(layer)
    report = between_units(layer, x).check_gradients(x, RNG.normal(size=(3, 2)))
    assert report.passed, str(report)


@pytest.mark.native
@pytest.mark.parametrize("layer", LEARNING[::2], ids=repr)
def test_fits_alike_in_any_parts(layer, monkeypatch, tmp_path):
    x = given_to(layer)
    X, y, costs = np.tile(x, (7, *[1] * (x.ndim - 1))), RNG.normal(size=(21, 2)), []
    for engine, threads, share, checked in (
        ("numpy", 1, "1", ""),
        ("native", 1, "1", ""),
        ("native", 2, "3", "1"),
        ("native", 1, "2", ""),
    ):
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
        monkeypatch.setenv("CHAINRULE_SHARE", share)
        network = between_units(layer, x, engine=engine)
        costs.append(network.fit(X, y, epochs=2, batch_size=8, optimizer="sgd")["cost"])
    np.testing.assert_allclose(costs[1], costs[0], rtol=1e-9)
    assert costs[1] == costs[2] == costs[3]
    network.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    assert repr(again.layers) == repr(network.layers)
    np.testing.assert_array_equal(again.predict(x), network.predict(x))


def test_the_largest_share_a_gradient():
    """By convention: of equal numbers, as relu makes them, all are the largest."""
    x = cr.input("x", ("batch", 2, 2, 1), "float64")
    gradient = cr.compile(cr.grad(cr.MaxPooling2D()(x).sum(), x), inputs=[x])
    assert gradient([[[[1], [2]], [[2], [0]]]]).ravel().tolist() == [0, 0.5, 0.5, 0]


X = {rank: cr.input("x", ("batch", *[4, 6, 3, 2][:rank])) for rank in range(1, 5)}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cr.MaxPooling2D()(X[2]), r"takes pictures of shape \(height, width, channels\); found \(4, 6\)"),
        (lambda: cr.GlobalAveragePooling1D()(X[3]), r"takes sequences of shape \(time, features\); found \(4, 6, 3\)"),
        (lambda: cr.MaxPooling2D(5)(X[3]), r"2D\(5\): a window reaches over 5 x 5 places, and there are 4 x 6\. Take"),
        (lambda: cr.AveragePooling1D(5)(X[2]), r"a window reaches over 5 places, and there are 4\."),
        (lambda: cr.MaxPooling2D(padding="same")(cr.input("x", ("batch", 0, 4, 1))), "there are 0 x 4"),
        (lambda: cr.GlobalMaxPooling2D()(cr.input("x", ("batch", 0, 4, 1))), "there are no places to look at"),
        (lambda: cr.MaxPooling2D(0), "pool_size must be a whole number of at least 1, or two"),
        (lambda: cr.MaxPooling2D(2, 0.5), "strides must be a whole number of at least 1, or two"),
        (lambda: cr.MaxPooling1D((2, 2)), "pool_size must be a whole number of at least 1"),
        (lambda: cr.AveragePooling2D(2, padding="causal"), "padding must be 'valid' or 'same'; found 'causal'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_at_the_layer(call, words):
    with pytest.raises(cr.ChainruleError, match=words):
        call()


def test_names_in_tables():
    network = cr.Network([cr.MaxPooling2D(), cr.GlobalAveragePooling2D(), cr.Dense(1)], input_shape=(4, 4, 2))
    assert list(network.architecture.calls) == ["max_pooling2d_1", "global_average_pooling2d_1", "dense_1"]
    assert "max_pooling2d_1  " in network.summary_text()
