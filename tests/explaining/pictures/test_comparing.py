"""Comparisons are trainings as by fit_many, of copies; learning curves are scores of rows held back."""

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(1)
X = RNG.uniform(-2, 2, size=(240, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def network(seed=0, activation="tanh"):
    return cr.Network([cr.Dense(6, activation), cr.Dense(1, "sigmoid")], seed=seed)


def lines(panel):
    return {mark.name: mark for mark in panel.marks if isinstance(mark, cr.pictures.Line)}


def test_a_setting_is_compared_on_copies():
    made, rules = network(), {"SGD": cr.SGD(0.1), "Adam": "adam"}
    picture = cr.pictures.compare(made, X, Y, optimizer=rules, epochs=5, batch_size=16)
    for name, line in lines(picture.panels[0]).items():
        alone = network().fit(X, Y, optimizer=rules[name], epochs=5, batch_size=16)
        np.testing.assert_array_equal(line.y, alone["cost"])
    assert made.runs == 0


def test_networks_are_compared_side_by_side_with_seeds():
    networks = {kind: network(3, kind) for kind in ("sigmoid", "relu")}
    settings = {"epochs": 4, "validation_data": (X[:50], Y[:50])}
    picture = cr.pictures.compare(networks, X, Y, seeds=3, together=False, **settings)
    assert [panel.title for panel in picture.panels] == ["sigmoid", "relu"]
    assert picture.panels[0].y.limits == picture.panels[1].y.limits
    for panel in picture.panels:
        every = [network(3 + i, panel.title).fit(X, Y, **settings)["val_cost"] for i in range(3)]
        band, line = panel.marks
        np.testing.assert_array_equal(line.y, np.median(every, axis=0))
        np.testing.assert_array_equal(band.low, np.min(every, axis=0))
    built = cr.Network([cr.Dense(6, "relu"), cr.Dense(1, "sigmoid")], input_shape=2, seed=3)
    again = cr.pictures.compare({"relu": built}, X, Y, seeds=3, **settings)
    np.testing.assert_array_equal(again.panels[0].marks[1].y, picture.panels[1].marks[1].y)


def test_a_network_that_was_trained_is_compared_from_its_first_weights():
    trained = network()
    trained.fit(X, Y, epochs=60, optimizer=cr.Adam(0.05))
    learned = dict(trained.parameters.items())
    settings = {"batch_size": {"16": 16, "64": 64}, "epochs": 4, "seeds": 3}
    found, fresh = (cr.pictures.compare(each, X, Y, **settings) for each in (trained, network()))
    assert found.to_dict() == fresh.to_dict()
    for name, w in learned.items():
        np.testing.assert_array_equal(trained.parameters[name], w)


def test_more_data_helps_what_can_learn_more():
    """S0-39, S0-38: four labelled curves from actual runs: together at the left, apart at the right."""
    x = RNG.uniform(-2, 2, size=(1600, 2))
    y = (np.sin(3 * np.hypot(*x.T)) > 0).astype(int)
    picture = cr.pictures.scale(x, y, sizes=[10, 1200], seeds=2)
    (panel,) = picture.panels
    found = lines(panel)
    assert list(found) == [
        "linear model", "small network, 4 units", "medium network, 32 units", "large network, 256 units",
    ]  # fmt: skip
    assert panel.x.scale == "log" and "400 rows held back" in panel.y.label
    ends = np.array([line.y for line in found.values()])
    assert np.ptp(ends[:, 0]) < np.ptp(ends[:, 1])
    assert ends[0, 1] < 0.65 < 0.8 < ends[3, 1]
    bands = [mark for mark in panel.marks if isinstance(mark, cr.pictures.Band)]
    for band, line in zip(bands, found.values(), strict=True):
        assert (band.low <= line.y).all() and (line.y <= band.high).all()


def test_a_learning_curve_of_numbers_is_of_r2_and_says_when_time_was_up():
    y = X[:, 0] ** 2 + X[:, 1]
    picture = cr.pictures.scale(X, y, sizes=[20, 160], units={"network": 16}, seeds=1)
    linear, network_ = lines(picture.panels[0]).values()
    assert "r²" in picture.panels[0].y.label and linear.y[-1] < network_.y[-1]
    assert not picture.notes
    cut = cr.pictures.scale(X, y, sizes=[20, 160], units={"network": 16}, seeds=1, time_budget=0.0)
    assert "ended 2 trainings early" in cut.notes[0]


def test_the_same_seed_draws_the_same():
    one, two = (cr.pictures.scale(X, Y, sizes=[20, 100], units={"a": 4}, seeds=2, seed=7) for _ in range(2))
    assert one.to_dict() == two.to_dict()


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(cr.DataError, match="One setting of the network is compared"):
        cr.pictures.compare(network(), X, Y, epochs=3)
    with pytest.raises(cr.DataError, match="Compare networks, or a setting of one"):
        cr.pictures.compare({"a": network()}, X, Y, optimizer={"b": "sgd"})
    with pytest.raises(cr.GraphError, match="compare takes networks"):
        cr.pictures.compare({"a": 3}, X, Y)
    with pytest.raises(cr.DataError, match="nothing to compare"):
        cr.pictures.compare({}, X, Y)
    with pytest.raises(cr.DataError, match="seeds is how many"):
        cr.pictures.compare({"a": network()}, X, Y, seeds=0)
    with pytest.raises(cr.DataError, match="a table of numbers"):
        cr.pictures.scale([["a"]] * 9, Y[:9])
    with pytest.raises(cr.ShapeError, match="y \\(3,\\)"):
        cr.pictures.scale(X, Y[:3])
    with pytest.raises(cr.DataError, match="sizes must be whole numbers from 2 to 180"):
        cr.pictures.scale(X, Y, sizes=[10, 10_000])
    with pytest.raises(cr.DataError, match="a single class"):
        cr.pictures.scale(X, np.ones(240, int))
    with pytest.raises(cr.DataError, match="missing or infinite"):
        cr.pictures.scale(np.full((240, 2), np.nan), Y)
