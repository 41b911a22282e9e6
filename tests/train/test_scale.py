"""Numbers far from 1: weights of any scale, gradients whose squares overflow, rows that float32 cannot tell apart."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from values_of import values_of

import chainrule as cr
from chainrule.train import validation, weights
from chainrule.train.optimizers import LBFGS, OPTIMIZERS, clip_by_norm

RNG = np.random.default_rng(0)
X = RNG.normal(size=(33, 3))
Y = X @ [1.0, 2.0, 3.0]
LABELS = (Y > 0).astype(int)
W = RNG.uniform(0.1, 10, 33)
CLIPPED = cr.SGD(0.01, clip_norm=1.0)
SCALES = [1e-300, 1e-50, 1e-40, 1e38, 1e300]


@pytest.fixture(autouse=True)
def unexpected_warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fit(y=Y, dtype="float32", units=1, ending=None, X=X, **options):
    network = cr.Network([cr.Dense(units, ending)], seed=0, dtype=dtype)
    options = {"epochs": 3, "batch_size": 8, **options}
    return network, network.fit(X, y, **options)


def scales(network, history):
    return [*values_of(network), *history.history.values()]


def same(one, other, **tolerance):
    for a, b in zip(scales(*one), scales(*other), strict=True):
        np.testing.assert_allclose(a, b, **{"rtol": 1e-6, **tolerance})


# --- weights ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", SCALES)
def test_the_scale_of_weights_cancels(scale, dtype):
    for each, wanted in ((np.ones(33), None), (W, W)):
        found = fit(sample_weight=each * scale, dtype=dtype, metrics=["mae"])
        same(found, fit(sample_weight=wanted, dtype=dtype, metrics=["mae"]), rtol=1e-5)


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**40, 2.0**900])
def test_a_power_of_2_changes_no_bit(scale):
    for a, b in zip(scales(*fit(sample_weight=W * scale)), scales(*fit(sample_weight=W)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scale", SCALES)
def test_class_weights_of_any_scale_and_their_product_with_sample_weights(scale):
    options = {"y": LABELS, "ending": "sigmoid"}
    wanted = fit(class_weight={0: 1, 1: 3}, sample_weight=W, **options)
    same(fit(class_weight={0: scale, 1: 3 * scale}, sample_weight=W * scale, **options), wanted, rtol=1e-5)
    alone = fit(class_weight={0: scale, 1: 3 * scale}, **options)
    same(alone, fit(class_weight={0: 1, 1: 3}, **options), rtol=1e-5)


def test_a_product_that_overflows_on_the_way_is_right():
    factor = np.where(LABELS == 1, 1e-200, 1e200)
    found = fit(LABELS, class_weight={0: 1e-200, 1: 1e200}, sample_weight=factor, ending="sigmoid")
    same(found, fit(LABELS, sample_weight=np.ones(33), ending="sigmoid"), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_batch_of_tiny_weights_alone_learns_as_any_other(dtype):
    tiny = np.where(np.arange(33) < 16, 1e-290, 1e290)
    found = fit(sample_weight=W * tiny, shuffle=False, dtype=dtype, optimizer="sgd")
    same(found, fit(sample_weight=W, shuffle=False, dtype=dtype, optimizer="sgd"), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", SCALES)
def test_evaluation_and_validation_count_weights_of_any_scale(scale, dtype):
    network, _ = fit(dtype=dtype)
    wanted = dict(network.evaluate(X, Y, sample_weight=W, metrics=["mae"]))
    again = network.evaluate(X, Y, sample_weight=W * scale, metrics=["mae"])
    assert dict(again) == pytest.approx(wanted, rel=1e-5)
    held = [fit(validation_data=(X, Y, w), dtype=dtype)[1]["val_cost"] for w in (W, W * scale)]
    np.testing.assert_allclose(held[1], held[0], rtol=1e-5)
    far = np.where(np.arange(33) < 16, 1e-250, 1e250)
    last = network.evaluate(X[16:], Y[16:], sample_weight=W[16:])["cost"]
    assert network.evaluate(X, Y, sample_weight=W * far)["cost"] == pytest.approx(last, rel=1e-5)


def test_a_large_table_is_measured_in_parts_with_weights_of_any_scale(monkeypatch):
    network, _ = fit()
    wanted = network.evaluate(X, Y, sample_weight=W)["cost"]
    monkeypatch.setattr("chainrule.train.programs.ROWS_AT_ONCE", 4)
    for scale in SCALES:
        assert network.evaluate(X, Y, sample_weight=W * scale)["cost"] == pytest.approx(wanted, rel=1e-5)


NUMBERS = st.floats(0, 1.7e308, allow_nan=False)


@settings(max_examples=200)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6), st.sampled_from(["float32", "float64"]))
def test_scaled_weights_keep_their_ratios(pairs, dtype):
    a, b = (np.array(v) for v in zip(*pairs, strict=True))
    exact = a.astype(np.longdouble) * b.astype(np.longdouble)
    if not exact.any():
        with pytest.raises(cr.DataError, match="a times b is zero in every row"):
            weights.scaled({"a": a, "b": b}, np.dtype(dtype))
        return
    found, wide = weights.scaled({"a": a, "b": b}, np.dtype(dtype))
    ratios = exact / exact.max()
    assert found.max() > 0 and np.isfinite(found).all()
    np.testing.assert_allclose(found / found.max(), ratios.astype(float), rtol=1e-6, atol=1e-300)
    assert wide or (found[exact > 0] > 2.0**-26).all()


def test_weights_that_are_all_0_are_named():
    zero = np.zeros(33)
    with pytest.raises(cr.DataError, match=r"^sample_weight is zero in every row"):
        fit(sample_weight=zero)
    with pytest.raises(cr.DataError, match="the sample_weight of validation_data is zero in every row"):
        fit(validation_data=(X, Y, zero))
    with pytest.raises(cr.DataError, match=r"^class_weight is zero in every row"):
        fit(LABELS, class_weight={0: 0, 1: 0}, ending="sigmoid")
    with pytest.raises(cr.DataError, match=r"^class_weight times sample_weight is zero in every row"):
        fit(LABELS, class_weight={0: 0}, sample_weight=LABELS == 0, ending="sigmoid")


def test_class_weights_that_change_nothing_are_told():
    with pytest.warns(
        cr.LearningWarning, match=r"class_weight=\{0: 1\} changes nothing: class 1, which it leaves"
    ):
        fit(LABELS, class_weight={0: 1}, ending="sigmoid")
    fit(LABELS, class_weight={0: 2}, ending="sigmoid")
    fit(LABELS, class_weight={0: 1, 1: 1}, ending="sigmoid")


# --- gradients whose squares overflow ---


def moved(network):
    return not np.allclose(network.parameters["W1"], 0.5, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_huge_gradients_move_the_weights_or_the_run_says_so(name, dtype):
    scale = 1e12 if dtype == "float32" else 1e100
    network = cr.Network([cr.Dense(1, initializer=0.5)], seed=0, dtype=dtype)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        network.fit(X * scale, Y * scale, epochs=3, optimizer=name)
    assert moved(network) or any(w.category in (cr.LearningWarning, cr.DivergenceWarning) for w in seen)
    for w in seen:
        assert w.filename == __file__
        assert "Scale X" in str(w.message) or "inputs scaled" in str(w.message)


@pytest.mark.parametrize("name", [n for n, o in OPTIMIZERS.items() if not isinstance(o, LBFGS)])
def test_what_that_warning_advises_helps(name):
    kind = type(OPTIMIZERS[name])
    for optimizer, scale in (
        (kind(0.1), 1.0),
        (kind(0.1, clip_norm=1.0), 1e10),
        (kind(0.1, clip_norm=1.0), 1e18),
    ):
        network = cr.Network([cr.Dense(1, initializer=0.5)], seed=0)
        network.fit(X * scale, Y * scale, epochs=3, optimizer=optimizer)
        assert moved(network)


@pytest.mark.parametrize("limit", [1e-3, 1.0, 1e30, 1e300])
def test_the_norm_of_huge_and_tiny_gradients_is_right(limit):
    for size in (1e-30, 1.0, 1e20, 3e37):
        g = cr.variable(np.array([3 * size, 4 * size, 0]) / 5, dtype="float32")
        (clipped,) = clip_by_norm([g], limit)
        np.testing.assert_allclose(
            np.linalg.norm(clipped.value.astype(float)), min(size, limit), rtol=1e-4, atol=1e-44
        )


def test_gradients_too_small_to_move_anything_are_told():
    with pytest.warns(
        cr.LearningWarning, match="No weight moved in 3 epochs: the gradient of W1 .*Scale X and y"
    ):
        fit(X=X * 1e-16, y=Y * 1e-16, optimizer="sgd")
    fit(optimizer=cr.SGD(1e-300))  # as it was asked to


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(cr.Adam, {}), (cr.Adam, {"beta_2": 1 - 1e-12}), (cr.AdamW, {}), (cr.RMSprop, {}), (cr.Adagrad, {})],
)
def test_an_epsilon_below_float32_is_not_0(kind, settings):
    network, history = fit(X=X * [1, 1, 0], optimizer=kind(0.1, epsilon=1e-300, **settings))
    assert not history.diverged and np.isfinite(network.parameters["W1"]).all()


# --- rows that become equal ---


@pytest.mark.parametrize(
    "column",
    [
        1e9 + X[:, 0],
        1.7e9 + np.arange(33),
        1_700_000_000_000_000_000 + np.arange(33) * 1_000_000_000,
        np.array([2**24, 2**24 + 1] + [2**24] * 31),
        -1e12 + np.arange(33),
    ],
)
def test_rows_that_become_equal_in_float32_are_told_by_column(column):
    table = pd.DataFrame({"a": X[:, 0], "time": column})
    with pytest.warns(
        cr.LearningWarning, match=r"X holds \d+ different values in column 'time'.* float32"
    ) as seen:
        network, _ = fit(X=table, optimizer=CLIPPED)
    assert seen[0].filename == __file__
    with pytest.warns(cr.LearningWarning, match="X holds .* in column 1, from"):
        fit(X=table.to_numpy(), optimizer=CLIPPED)
    network.predict(table)
    scaled = (table - table.mean()) / table.std()
    fit(X=scaled)


def test_whole_numbers_that_become_equal_in_float64_are_told():
    with pytest.warns(cr.LearningWarning, match="X holds 33 different values in column 0.* float64 tells"):
        fit(X=2**60 + np.arange(99).reshape(33, 3), optimizer=CLIPPED, dtype="float64")
    fit(X=2**40 + np.arange(99).reshape(33, 3), optimizer=CLIPPED, dtype="float64")


def test_targets_that_become_equal_are_told():
    with pytest.warns(cr.LearningWarning, match="y holds 33 different values, from 99999999"):
        fit(1e9 + Y)


def test_rows_that_stay_apart_are_not_spoken_of():
    fit(
        X=np.column_stack([np.arange(33) + 1000.5, np.full(33, 1e9), np.arange(33) * 1e9]),
        optimizer=CLIPPED,
    )
    fit(X=(1e9 + X).astype(np.float32), optimizer=CLIPPED)
    fit(X=X + 1e9, dtype="float64", optimizer=CLIPPED)


# --- what float32 does not hold ---


def test_rows_of_an_embedding_that_float32_cannot_name_are_refused():
    words, vocabulary = np.array([[3.0], [2.0**24 - 1]]), 2**24 + 2
    validation.check_reaching(cr.Embedding(vocabulary, 1), words.astype(np.float32), "embedding_1")
    with pytest.raises(
        cr.DataError, match="whole numbers from 16,777,216 on, which float32 does not tell apart"
    ):
        validation.check_reaching(cr.Embedding(vocabulary, 1), (words + 1).astype(np.float32), "embedding_1")
    validation.check_reaching(cr.Embedding(vocabulary, 1), words + 1, "embedding_1")


def test_numbers_too_large_for_the_dtype_are_refused_where_they_are_given():
    with pytest.raises(cr.DataError, match=r"1e\+300 at .*too large for float32"):
        cr.Network([cr.Dense(1, initializer=np.full((3, 1), 1e300))], input_shape=3)
    network = cr.Network([cr.Dense(1)], input_shape=3)
    with pytest.raises(cr.DataError, match=r"W1 holds 1e\+300 in row 0, column 0, too large for float32"):
        network.parameters["W1"] = np.full((3, 1), 1e300)
    with pytest.raises(cr.DataError, match="too large for float32"):
        fit(validation_data=(X * 1e300, Y))
