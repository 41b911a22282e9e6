"""Attributions hold against formulas, differences and single changes of what is given, for every kind of data."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr

rng = np.random.default_rng(0)
X = rng.normal(size=(6, 3))
KNOWN = [[1.0], [-2.0], [0.5]]


def squares():
    """(w·x)², whose integrated gradients from 0 are wᵢxᵢ(w·x)."""
    return cr.Network([cr.Dense(1, np.square, initializer=KNOWN)], input_shape=3, dtype="float64")


def smooth(outputs=1, activation="sigmoid", dtype="float64", seed=0):
    layers = [cr.Dense(5, "tanh"), cr.Dense(outputs, activation)]
    return cr.Network(layers, input_shape=3, dtype=dtype, seed=seed)


def test_integrated_gradients_are_those_of_the_formula():
    found = cr.attributions(squares(), X)
    w = np.array(KNOWN)[:, 0]
    assert np.allclose(found.values, w * X * (X @ w)[:, None], rtol=1e-9)
    assert found.check.passed and found.check.steps == 16 and np.allclose(found.baseline, 0)
    assert np.allclose(found.check.sums, found.predicted)


def test_a_network_with_kinks_takes_as_many_steps_as_its_sums_need():
    network = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], input_shape=3, seed=3, dtype="float64")
    found = cr.attributions(network, X, baseline=[0.3, -1.0, 0.2])
    assert found.check.passed and 16 < found.check.steps < 300
    error = np.abs(found.values.sum(axis=1) - (found.predicted - found.baseline))
    assert (
        error <= 0.001 * np.abs(found.values).sum(axis=1) + 1e-9
    ).all() and found.check.error == error.max()


def test_sums_that_cannot_be_right_are_warned_of():
    network = cr.Network([cr.Dense(3, "tanh"), cr.Activation(jump)], input_shape=3, seed=0)
    with pytest.warns(cr.LearningWarning, match="do not add up"):
        found = cr.attributions(network, X, output=0)
    assert not found.check.passed and "do not add up" in str(found)


def jump(z):
    return np.where(z > 0.1, z + 1.0, z)


def test_gradient_times_input_is_that_of_differences():
    network, h = smooth(), 1e-6
    found = cr.attributions(network, X, "gradient_input", baseline=0.5)
    for i in range(3):
        step = h * np.eye(3)[i]
        slope = (network.predict(X + step) - network.predict(X - step))[:, 0] / (2 * h)
        assert np.allclose(found.values[:, i], slope * (X[:, i] - 0.5), atol=1e-8)
    assert not found.check.promised


def test_of_several_classes_the_most_probable_is_explained_unless_another_is_asked_for():
    network = smooth(4, "softmax")
    network.loss = "categorical_crossentropy"
    p = network.predict(X)
    found = cr.attributions(network, X)
    assert found.of == tuple(p.argmax(axis=1)) and np.allclose(found.predicted, p.max(axis=1))
    of_each = [cr.attributions(network, X, output=k) for k in range(4)]
    assert np.allclose(
        sum(each.values for each in of_each), 0, atol=1e-3
    )  # probabilities add up to 1 everywhere
    mixed = cr.attributions(network, X, output=np.arange(6) % 4)
    assert np.allclose(mixed.values[2], of_each[2].values[2])


def test_attributions_of_a_mixture_are_those_of_its_members():
    members = [smooth(seed=seed) for seed in range(3)]
    weights = [0.5, 0.3, 0.2]
    for method in ("gradient_input", "occlusion"):
        whole = cr.attributions(cr.mixture(members, weights), X, method)
        parts = [cr.attributions(each, X, method).values for each in members]
        assert np.allclose(
            whole.values, sum(w * part for w, part in zip(weights, parts, strict=True)), atol=1e-12
        )


def test_large_tables_are_looked_at_in_parts(monkeypatch):
    network = smooth()
    whole = [cr.attributions(network, X, method) for method in ("integrated_gradients", "occlusion")]
    monkeypatch.setattr("chainrule.explaining.integrating.MOST_NUMBERS", 7)
    monkeypatch.setattr("chainrule.explaining.occluding.MOST_NUMBERS", 7)
    again = [cr.attributions(network, X, method) for method in ("integrated_gradients", "occlusion")]
    for one, other in zip(whole, again, strict=True):
        assert np.allclose(one.values, other.values, atol=1e-12)


def picture_network():
    layers = [cr.Conv2D(3, 3, activation="tanh"), cr.Flatten(), cr.Dense(1)]
    return cr.Network(layers, input_shape=(6, 6, 2), seed=0, dtype="float64")


def test_occlusion_of_a_picture_covers_windows_of_all_channels():
    network, pictures = picture_network(), rng.normal(size=(2, 6, 6, 2))
    found = cr.attributions(network, pictures, "occlusion", window=3, stride=3)
    assert found.values.shape == (2, 6, 6)
    covered = pictures.copy()
    covered[:, :3, 3:] = 0
    lost = (network.predict(pictures) - network.predict(covered))[:, 0]
    assert np.allclose(found.values[:, :3, 3:], lost[:, None, None])
    whole = cr.attributions(network, pictures, "occlusion", window=6)
    assert np.allclose(whole.values, (whole.predicted - whole.baseline)[:, None, None])
    overlapping = cr.attributions(network, pictures, "occlusion", window=(4, 6), stride=(2, 6))
    lost = []
    for begin in (0, 2):
        covered = pictures.copy()
        covered[:, begin : begin + 4] = 0
        lost.append((network.predict(pictures) - network.predict(covered))[:, 0])
    assert np.allclose(overlapping.values[:, 3, 0], np.mean(lost, axis=0))  # a place that both cover
    assert np.allclose(overlapping.values[:, 0, 0], lost[0])


def test_a_series_is_covered_step_by_step():
    network = cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(5, 2), seed=0, dtype="float64")
    series = rng.normal(size=(2, 5, 2))
    found = cr.attributions(network, series, "occlusion")
    covered = series.copy()
    covered[:, 1] = 0
    assert found.values.shape == (2, 5)
    assert np.allclose(found.values[:, 1], (network.predict(series) - network.predict(covered))[:, 0])
    assert cr.attributions(network, series).check.passed


def test_words_matter_by_what_an_embedding_makes_of_them():
    words = [[1, 2, 3], [4, 5], [6, 7, 8, 2]]
    layers = [cr.Embedding(9, 3, mask_zero=True), cr.LSTM(4), cr.Dense(1)]
    network = cr.Network(layers, input_shape=(None,), seed=0, dtype="float64")
    for method in ("integrated_gradients", "gradient_input", "occlusion"):
        found = cr.attributions(network, words, method)
        assert [len(each) for each in found.values] == [3, 2, 4]
        assert found.check.passed or not found.check.promised
    table = network.parameters["E1"].copy()
    before = network.predict(words)
    table[7] = 0  # the second word of the last sentence, which stands nowhere else
    network.parameters["E1"] = table
    assert np.allclose(found.values[2][1], (before - network.predict(words))[2])


def test_whole_numbers_that_no_embedding_takes_are_covered():
    day = cr.input("day", ("batch",), "int64")
    network = cr.Network(cr.Dense(1, initializer=np.arange(7.0)[:, None])(cr.one_hot(day, 7)))
    found = cr.attributions(network, [3, 6], "occlusion")
    assert found.values.tolist() == [3.0, 6.0] and found.check.passed
    with pytest.raises(cr.NoDerivativeError, match="occlusion"):
        cr.attributions(network, [3, 6])


def test_several_inputs_have_their_values_by_name():
    def draw(a, b):
        return cr.Dense(1, "tanh")(np.concatenate([a, b], axis=1))

    network = cr.Network(draw, inputs={"a": 2, "b": 3}, seed=0, dtype="float64")
    given = {"a": rng.normal(size=(4, 2)), "b": rng.normal(size=(4, 3))}
    found = cr.attributions(network, given, baseline="mean")
    assert {name: each.shape for name, each in found.values.items()} == {"a": (4, 2), "b": (4, 3)}
    assert found.check.passed
    assert found.largest(1, most=1)[0][0][:2] in ("a[", "b[")


@pytest.fixture(scope="module")
def houses():
    rows = 200
    table = pd.DataFrame(
        {"rooms": rng.integers(1, 7, rows), "town": rng.choice(["Bern", "Basel", "Chur"], rows)}
    )
    extra = table["town"].map({"Bern": 50.0, "Basel": 90.0, "Chur": 0.0})
    table["price"] = 100.0 + 30 * table["rooms"] + extra + rng.normal(size=rows)
    return table, cr.TableModel.train(table, "price", epochs=60, hidden=(8,), members=2, learning_rate=0.03)


def test_a_table_has_a_number_for_each_column_in_units_of_the_target(houses):
    table, model = houses
    found = cr.attributions(model, table[:20])
    assert found.names == ("rooms", "town") and found.values.shape == (20, 2)
    assert np.allclose(found.predicted, model.predict(table[:20])["price"], rtol=1e-5)
    assert found.check.passed
    assert np.allclose(found.values.sum(axis=1), found.predicted - found.baseline, atol=0.5)
    beside = cr.attributions(model, table[:20], baseline=table[40:41])
    assert np.allclose(beside.baseline, model.predict(table[40:41])["price"].iloc[0], rtol=1e-5)
    covered = cr.attributions(model, table[:1], "occlusion", baseline=table[40:41])
    moved = table[:1].assign(town=table["town"].iloc[40])
    lost = (model.predict(table[:1]) - model.predict(moved))["price"].iloc[0]
    assert np.allclose(covered.values[0, 1], lost, atol=1e-3)


def test_importance_is_what_scikit_learn_says(houses):
    from sklearn.inspection import permutation_importance

    table, model = houses

    class Estimator:
        def fit(self):
            pass

    def r2(_, X, y):
        return cr.TableModel.evaluate(model, X.assign(price=y), metric="r2").network["r2"]

    theirs = permutation_importance(
        Estimator(), table[["rooms", "town"]], table["price"], scoring=r2, n_repeats=3, random_state=5
    )
    ours = cr.permutation_importance(model, table, repeats=3, seed=5)
    assert ours.metric == "r2" and ours.names == ("rooms", "town")
    assert np.allclose(ours.values, theirs.importances, atol=1e-6)
    assert ours.mean[0] > 0.1 and ours.rows[0][1] == ours.mean.max()


def test_importance_of_a_network_by_its_cost_and_by_a_metric():
    network = cr.Network([cr.Dense(1, initializer=KNOWN)], input_shape=3, dtype="float64")
    y = X @ np.array(KNOWN)
    by_cost = cr.permutation_importance(network, X, y, repeats=20)
    assert by_cost.names == ("x[0]", "x[1]", "x[2]") and by_cost.score < 1e-12
    assert list(np.argsort(-by_cost.mean)) == list(np.argsort(-np.array([1, 4, 0.25]) * X.var(axis=0)))
    by_r2 = cr.permutation_importance(network, X, y, metric="r2", repeats=2)
    assert (by_r2.values >= 0).all() and "worse by" in str(by_r2)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: cr.attributions(smooth(2, "identity"), X), "2 outputs"),
        (lambda: cr.attributions(smooth(), X, output=1), "from 0 to 0"),
        (lambda: cr.attributions(smooth(), X, window=2), "for occlusion"),
        (lambda: cr.attributions(smooth(), X, "occlusion", window=4), "no larger"),
        (lambda: cr.attributions(smooth(), X, "occlusion", window=2, stride=3), "left out"),
        (lambda: cr.attributions(smooth(), X, baseline="median"), "'mean'"),
        (lambda: cr.attributions(smooth(), X, baseline=np.nan), "NaN"),
        (lambda: cr.attributions(smooth(), X, tolerance=0), "tolerance"),
        (lambda: cr.permutation_importance(smooth(), X, X[:, 0], repeats=0), "repeats"),
        (lambda: cr.permutation_importance(picture_network(), np.ones((2, 6, 6, 2)), [1, 2]), "no table"),
    ],
)
def test_mistakes_are_answered_in_words(ask, words):
    with pytest.raises(cr.DataError, match=words):
        ask()


def test_a_class_that_there_is_not_is_answered_with_those_that_there_are():
    table, target = cr.load_table("iris")
    model = cr.TableModel.train(table, target, epochs=2)
    with pytest.raises(cr.UnknownNameError, match="virginica"):
        cr.attributions(model, table[:2], output="virginca")
    assert cr.attributions(model, table[:2], output="virginica").of == ("virginica", "virginica")
