"""The lectures' figures of maps and costs: each drawn, and its data what the row says."""

import re
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize

import chainrule as cr

P = cr.pictures
SQUARE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def marks(picture, *kinds):
    """The marks of some kinds, of all panels."""
    return [mark for panel in picture.panels for mark in panel.marks if isinstance(mark, kinds)]


def boxes(picture):
    return [box for box in marks(picture, P.Box) if box.lines]


def said(picture):
    """All that a picture of boxes says."""
    return [line for box in boxes(picture) for line in box.lines]


def fixed(sizes, parameters, activation="sigmoid"):
    """A network of these weights."""
    network = cr.Network([cr.Dense(n, activation) for n in sizes[1:]], input_shape=sizes[0], seed=0)
    network.parameters.update(parameters)
    return network


def xnor():
    weights = {"W1": [[4.0, -4.0], [4.0, -4.0]], "b1": [-6.0, 2.0], "W2": [[1.0], [1.0]], "b2": [-0.5]}
    return fixed([2, 2, 1], weights)


def or_neuron():
    return fixed([2, 1], {"W1": [[1.0], [1.0]], "b1": [-0.5]})


def test_a_price_curve_is_flat_and_then_rises():
    """S0-5: one ReLU neuron, w · size + b with b < 0: flat left of -b/w, of slope w to the right."""
    w, b = 0.3, -24.0
    network = fixed([1, 1], {"W1": [[w]], "b1": [b]}, "relu")
    sizes = np.linspace(40, 140, 21)[:, None]
    picture = P.boundary(network, sizes, network.predict(sizes)[:, 0])
    curve = max(marks(picture, P.Line), key=lambda line: line.x.size)
    left, right = curve.x < -b / w - 1e-9, curve.x > -b / w + 1e-9
    assert left.sum() > 10 and right.sum() > 10
    assert (curve.y[left] == 0).all()
    assert np.diff(curve.y[right]) / np.diff(curve.x[right]) == pytest.approx(w, rel=1e-3)


def test_or_has_a_line():
    """S2-13: four labelled points, and the line x1 + x2 = .5, which separates 3 from 1."""
    picture = P.boundary(or_neuron(), SQUARE, [0, 1, 1, 1])
    points = marks(picture, P.Points)
    assert sorted(p.x.size for p in points) == [1, 3] and "4 of 4" in picture.title
    (_, line), *_ = next(c for c in marks(picture, P.Contours) if c.lines).lines
    assert line.sum(axis=1) == pytest.approx(0.5, abs=0.05)


def test_no_line_separates_xnor():
    """S2-16: whatever line there is, one of the four points lies on its wrong side: at most 3 of 4 are right."""
    best = 0
    for w in np.linspace(-1, 1, 5):
        for v in np.linspace(-1, 1, 5):
            for b in np.linspace(-2, 2, 9):
                p = (SQUARE @ [w, v] + b + 1e-6 > 0).astype(int)
                best = max(best, int((p == [1, 0, 0, 1]).sum()))
    assert best == 3
    network = fixed([2, 1], {"W1": [[1.0], [1.0]], "b1": [-1.5]})
    picture = P.boundary(network, SQUARE, [1, 0, 0, 1])
    assert "3 of 4" in picture.title and sorted(p.x.size for p in marks(picture, P.Points)) == [2, 2]


def test_features_of_xnor_are_separated():
    """S2-25, S2-19, S2-20, S2-21, S2-22: in the hidden plane lie (.002, .881), (.119, .119) twice and (.881, .002)."""
    network = xnor()
    picture = P.hidden(network, SQUARE, [1, 0, 0, 1])
    found = {
        (round(a, 3), round(b, 3)) for p in marks(picture, P.Points) for a, b in zip(p.x, p.y, strict=True)
    }
    assert found == {(0.002, 0.881), (0.119, 0.119), (0.881, 0.002)}
    first = network.activations(SQUARE)["A1"][0]
    assert first == pytest.approx([0.0024726231566347743, 0.8807970779778823], abs=1e-6)
    assert any(c.lines for c in marks(picture, P.Contours)) or marks(picture, P.Line)


def test_each_hidden_neuron_is_a_half_plane():
    """S1-38: a line for each hidden unit, where its z is 0, and an arrow to the side on which it is active."""
    picture = P.boundary(xnor(), SQUARE, [1, 0, 0, 1], units=True)
    arrows = marks(picture, P.Arrow)
    assert len(arrows) >= 2
    for arrow in arrows:
        (x0, y0), (x1, y1) = arrow.points[0], arrow.points[-1]
        rises = [4 * (x1 + y1 - x0 - y0), -4 * (x1 + y1 - x0 - y0)]
        on = [abs(-6 + 4 * (x0 + y0)), abs(2 - 4 * (x0 + y0))]
        assert rises[int(np.argmin(on))] > 0 and min(on) < 0.3


def test_circles_need_something_that_is_not_linear():
    """S1-45: on circles a linear network does no better than chance or one line (.693), a ReLU network is right."""
    rng = np.random.default_rng(0)
    angle, y = rng.uniform(0, 2 * np.pi, 200), np.arange(200) % 2
    X = np.column_stack([np.cos(angle), np.sin(angle)]) * np.where(y == 1, 0.4, 1.0)[:, None]
    shares = []
    for layers in ([], [cr.Dense(16, "relu")]):
        network = cr.Network([*layers, cr.Dense(1, "sigmoid")], seed=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", cr.LearningWarning)  # which is what the figure shows
            network.fit(X, y, epochs=150, optimizer=cr.Adam(0.02), batch_size=None)
        picture = P.boundary(network, X, y, steps=20)
        right = re.search(r"([\d.]+)% of 200", picture.title)
        shares.append(float(right[1]) / 100)
    assert shares[0] <= 0.693 and shares[1] == 1.0


def test_a_line_becomes_a_classifier_by_a_threshold():
    """S1-63: points, the line -1/3 + x/6, the level 0.5, and the threshold where it crosses it, 5."""
    network = fixed([1, 1], {"W1": [[1 / 6]], "b1": [-1 / 3]}, "linear")
    x, t = np.array([1, 2, 3, 4, 6, 7, 8, 9.0])[:, None], np.array([0, 0, 0, 0, 1, 1, 1, 1])
    picture = P.boundary(network, x, t, level=0.5)
    rules = marks(picture, P.Rule)
    assert any(rule.y == 0.5 for rule in rules)
    assert [rule.x for rule in rules if rule.x is not None] == pytest.approx([5.0], abs=1e-3)
    curve = max(marks(picture, P.Line), key=lambda line: line.x.size)
    assert curve.y == pytest.approx(-1 / 3 + curve.x / 6, abs=1e-5)
    assert sum(p.x.size for p in marks(picture, P.Points)) >= 8


def test_each_unit_of_a_regression_is_a_curve():
    """S2-46: of a network of one input each hidden unit's curve is drawn, as the network computes it."""
    network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1)], input_shape=1, seed=0)
    x = np.linspace(-2, 2, 30)[:, None]
    picture = P.boundary(network, x, x[:, 0] ** 2, neurons=True)
    curves = [line for line in marks(picture, P.Line) if line.x.size > 20]
    place = float(curves[-1].x[7])
    units = np.tanh(place * network.parameters["W1"] + network.parameters["b1"]).ravel()
    told = [float(np.interp(place, curve.x, curve.y)) for curve in curves]
    assert len(units) == 3 and all(min(abs(unit - each) for each in told) < 2e-3 for unit in units)


# --- costs over two numbers ---


SIZES, MALIGNANT = np.array([0.5, 1.5, 2.5, 3.5, 1.0, 3.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])


def log_loss():
    w, b = cr.variable(5.0, "w"), cr.variable(-5.0, "b")
    return w, b, np.mean(cr.binary_crossentropy(MALIGNANT, cr.sigmoid(w * SIZES + b))).named("J")


def cost(w, b):
    """The same, by NumPy alone."""
    p = 1 / (1 + np.exp(-(w * SIZES + b)))
    return -np.mean(MALIGNANT * np.log(p) + (1 - MALIGNANT) * np.log(1 - p))


def test_the_bowl_has_its_lowest_point_where_the_fit_ends():
    """S0-90: the surface over (w, b), with a mark at the least cost, where the fitted optimum is."""
    w, b, J = log_loss()
    picture = P.bowl(J, wrt=(w, b), limits=((-1, 3), (-5, 1)))
    assert any(len(p.polygons) > 100 for p in marks(picture, P.Patches))
    at = minimize(lambda at: cost(*at), (0.0, 0.0)).x
    lowest = [p for p in marks(picture, P.Points) if p.x.size == 1]
    assert any(abs(p.x[0] - at[0]) < 0.05 and abs(p.y[0] - at[1]) < 0.1 for p in lowest)


def test_descent_goes_down_the_contours():
    """S0-95: the path of the parameters on contours, and the cost falls along it."""
    w, b, J = log_loss()
    picture = P.bowl(J, wrt=(w, b), start=(5, -5), learning_rate=0.3, descent=60, surface=False)
    path = max(marks(picture, P.Line), key=lambda line: line.x.size)
    costs = [cost(a, c) for a, c in zip(path.x, path.y, strict=True)]
    assert len(costs) == 61 and (np.diff(costs) < 1e-9).all() and costs[-1] < costs[0] / 2
    assert marks(picture, P.Contours)


def test_a_boundary_stands_beside_its_training():
    """S4-67: two panels, the filled boundary with two kinds of points, and the curve of the cost."""
    network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    history = network.fit(SQUARE, [0, 1, 1, 0], epochs=200, optimizer=cr.Adam(0.05))
    picture = P.beside(P.boundary(network, SQUARE, [0, 1, 1, 0], steps=20), history.plot())
    left, right = picture.panels
    points = [mark for mark in left.marks if isinstance(mark, P.Points)]
    assert any(isinstance(mark, P.Heat) for mark in left.marks) and len({p.colour for p in points}) == 2
    curve = next(mark for mark in right.marks if isinstance(mark, P.Line))
    assert curve.y == pytest.approx(history["cost"])
