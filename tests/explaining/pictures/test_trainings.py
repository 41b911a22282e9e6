"""Pictures of trainings hold the numbers of their histories, and say so."""

from pathlib import Path

import numpy as np
import pytest

import chainrule as cr

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
RNG = np.random.default_rng(3)
X = RNG.normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)


def network(seed=0, **of):
    return cr.Network([cr.Dense(6, "tanh", **of), cr.Dense(1, "sigmoid")], seed=seed)


def lines(panel):
    return {mark.name: mark for mark in panel.marks if isinstance(mark, cr.pictures.Line)}


def test_the_cost_of_xor():
    """S4-60: cost by iteration of XOR, 5,000 points."""
    history = network().fit(*XOR, batch_size=None, epochs=5000, optimizer=cr.SGD(0.5))
    (panel,) = history.plot().panels
    (line,) = lines(panel).values()
    np.testing.assert_array_equal(line.y, history["cost"])
    np.testing.assert_array_equal(line.x, np.arange(1, 5001))
    assert panel.x.label == "epoch" and panel.title == "cost"
    assert len(history.plot().svg()) < 60_000


def test_four_initializations_over_each_other():
    """S4-86: four cost curves with a legend: Small, Large, Xavier, He."""
    starts = {"Small": cr.Normal(0.01), "Large": cr.Normal(1.0), "Xavier": "xavier", "He": "he"}
    fits = {
        name: network(initializer=start).fit(X, Y, batch_size=None, epochs=100, optimizer=cr.SGD(0.1))
        for name, start in starts.items()
    }
    picture = cr.pictures.costs(fits, title="Weight Initialization Comparison")
    found = lines(picture.panels[0])
    assert list(found) == list(starts) and picture.panels[0].legend
    for name, line in found.items():
        np.testing.assert_array_equal(line.y, fits[name]["cost"])
    assert len({line.colour for line in found.values()}) == 4
    lowest = min(fits, key=lambda name: fits[name]["cost"][-1])
    assert f"({lowest})" in picture.words


def test_a_training_that_was_validated_and_whose_rate_changed():
    settings = {
        "metrics": ["accuracy"],
        "validation_split": 0.25,
        "optimizer": cr.SGD(cr.StepDecay(0.5, every=5)),
    }
    history = network().fit(X, Y, epochs=20, **settings)
    cost, accuracy, rate = history.plot().panels
    assert [panel.title for panel in (cost, accuracy, rate)] == ["cost", "accuracy", "learning rate"]
    np.testing.assert_array_equal(lines(cost)["validation"].y, history["val_cost"])
    np.testing.assert_array_equal(lines(accuracy)["training"].y, history["accuracy"])
    np.testing.assert_array_equal(lines(rate)["learning rate"].y, history.learning_rates)
    (best,) = [mark for mark in cost.marks if isinstance(mark, cr.pictures.Rule)]
    assert best.x == history.best_epoch + 1
    (point,) = [mark for mark in cost.marks if isinstance(mark, cr.pictures.Points)]
    assert point.y[0] == min(history["val_cost"])
    assert f"The best epoch is {history.best_epoch + 1}." in history.plot().words


def test_an_axis_is_logarithmic_where_numbers_span_decades():
    for last, scale in ((0.5, "linear"), (0.001, "log"), (0.0, "linear")):
        history = cr.History({"cost": [1.0, last]}, times=[0.1, 0.2])
        assert history.plot().panels[0].y.scale == scale


def test_many_runs_are_told_by_their_median_and_a_band():
    histories = cr.fit_many([network(seed) for seed in range(12)], X, Y, epochs=5)
    every = np.array([history["cost"] for history in histories])
    marks = cr.pictures.costs(histories).panels[0].marks
    assert len(marks) == 13 and marks[-1].name == "median of 12"
    np.testing.assert_allclose(marks[-1].y, np.median(every, axis=0))
    band, line = cr.pictures.costs({"Adam": histories}).panels[0].marks
    np.testing.assert_array_equal(band.low, every.min(axis=0))
    np.testing.assert_array_equal(band.high, every.max(axis=0))
    assert line.name == "Adam (median of 12)"


def test_runs_that_stop_earlier_count_with_their_last():
    band, line = cr.pictures.costs({"a": [[4.0, 2.0], [4.0, 2.0, 1.0]]}).panels[0].marks
    assert band.high.tolist() == [4.0, 2.0, 2.0] and line.y.tolist() == [4.0, 2.0, 1.5]


@pytest.mark.filterwarnings("ignore")  # of so few iterations
def test_estimators_are_drawn():
    made = cr.MLPClassifier(5, max_iter=8, early_stopping=True, random_state=0)
    made.fit(X, Y)
    cost, score = made.plot().panels
    np.testing.assert_array_equal(lines(cost)["training"].y, made.loss_curve_)
    (line,) = score.marks
    np.testing.assert_array_equal(line.y, made.validation_scores_)
    ours = cr.NetworkClassifier([cr.Dense(3, "tanh")], epochs=4).fit(X, Y)
    np.testing.assert_array_equal(lines(ours.plot().panels[0])["training"].y, ours.history_["cost"])
    both = cr.pictures.costs({"theirs": made, "ours": ours})
    np.testing.assert_array_equal(lines(both.panels[0])["theirs"].y, made.loss_curve_)


def test_learning_rates_are_drawn():
    found = cr.find_learning_rate(network(), X, Y)
    points, line, rule = found.plot().panels[0].marks
    np.testing.assert_array_equal(points.y, found.costs)
    np.testing.assert_array_equal(line.y, found.smoothed)
    assert rule.x == found.suggestion


def test_norms_by_layer_and_ratios():
    made = network()
    history = made.fit(X, Y, epochs=12, callbacks=cr.Record(every=3, values=True))
    recorded = history.recorded
    gradient, ratio, output = cr.pictures.norms(history).panels
    for name, line in lines(gradient).items():
        np.testing.assert_array_equal(line.y, recorded.by_layer("gradients")[name])
        np.testing.assert_array_equal(line.x, recorded.epochs)
    found = lines(ratio)["dense_1"].y
    np.testing.assert_allclose(
        found, recorded.by_layer("updates")["dense_1"] / recorded.by_layer("weights")["dense_1"]
    )
    assert list(lines(output)) == ["A1", "A2"]
    moved = cr.pictures.weights_over_time(history)
    assert [panel.title for panel in moved.panels] == ["W1  (3, 6)", "b1", "W2  (6, 1)", "b2"]
    outer, inner, middle = moved.panels[0].marks
    values = recorded.values["W1"].reshape(len(recorded.values_epochs), -1)
    np.testing.assert_allclose(middle.y, np.median(values, axis=1), rtol=1e-6)
    assert (outer.low <= inner.low).all() and (inner.high <= outer.high).all()
    np.testing.assert_array_equal(lines(moved.panels[1])["b1[0]"].y[-1], made.parameters["b1"][0])


def test_norms_of_many_layers_are_a_map_of_powers_of_ten():
    layers = [cr.Dense(3, "relu", initializer="he") for _ in range(10)]
    history = cr.Network([*layers, cr.Dense(1, "sigmoid")], seed=0).fit(
        X, Y, epochs=4, callbacks=cr.Record(every=1)
    )
    (heat,) = cr.pictures.norms(history).panels[0].marks
    first = history.recorded.by_layer("gradients")["dense_1"]
    np.testing.assert_allclose(10.0 ** heat.values[0], np.where(first > 0, first, np.nan))


def test_what_cannot_be_drawn_is_refused():
    history = network().fit(X, Y, epochs=1)
    with pytest.raises(cr.DataError, match=r"fit with callbacks=cr\.Record\(\)"):
        cr.pictures.norms(history)
    with pytest.raises(cr.DataError, match="No values were kept"):
        cr.pictures.weights_over_time(network().fit(X, Y, epochs=1, callbacks=cr.Record()))
    with pytest.raises(cr.DataError, match="No norms were recorded"):
        cr.pictures.norms(network().fit(X, Y, epochs=1, callbacks=cr.Record(norms=False, values=True)))
    with pytest.raises(cr.UnknownNameError, match="accuracy"):
        cr.pictures.costs({"a": history}, "accuracy")
    with pytest.raises(cr.DataError, match="There is no training to draw"):
        cr.pictures.costs([])
    with pytest.raises(cr.DataError, match="2 trainings and 1 names"):
        cr.pictures.costs([history, history], names=["a"])
    with pytest.raises(cr.DataError, match="A training is a history"):
        cr.pictures.costs({"a": "b"})
    with pytest.raises(cr.DataError, match="nothing to draw"):
        network().fit(X, Y, epochs=0).plot()
    with pytest.raises(cr.DataError, match="fit it first"):
        cr.MLPClassifier().plot()


def test_no_module_of_pictures_bears_the_name_of_a_picture():
    """Importing it would hide the function."""
    folder = Path(cr.pictures.__file__).parent
    assert not {path.stem for path in folder.glob("*.py")} & {*cr.pictures.__all__}
