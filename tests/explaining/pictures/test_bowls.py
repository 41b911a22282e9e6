"""Bowls: heights are those of the graph, minima are minima, and paths are what descent goes through."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import DataError, GraphError, ShapeError, UnknownNameError

pictures = cr.pictures
X = np.array([0.5, 1.5, 2.5, 3.5, 1.0, 3.0])
Y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
BEST = 0.6009283, -1.2018566, 0.6443322485496719  # S0-93, S0-96


def marks(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def logistic():
    w, b = cr.variable(0.5, "w"), cr.variable(0.0, "b")
    return np.mean(cr.binary_crossentropy(Y, cr.sigmoid(w * X + b))).named("J"), w, b


def by_hand(w, b):
    a = 1 / (1 + np.exp(-(w * X + b)))
    return -np.mean(Y * np.log(a) + (1 - Y) * np.log(1 - a))


def line():
    x, t = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.1, 3.9, 6.2, 7.8])
    w, b = cr.variable(0.0, "w"), cr.variable(0.0, "b")
    return np.mean((w * x + b - t) ** 2).named("J"), w, b


class TestDivergence:
    """A rate that is too large: what is drawn is how it overshoots, and not the numbers that it runs to."""

    @pytest.mark.parametrize(("rate", "drawn"), [(0.127, 11), (0.5, 3)])
    def test_a_descent_that_diverges_is_drawn_until_it_is_lost(self, rate, drawn):
        J, w, b = line()
        picture = pictures.bowl(J, wrt=(w, b), start=(0, 0), learning_rate=rate, descent=50, steps=9)
        (path,) = marks(picture.panels[1], pictures.Line)
        assert len(path.x) == drawn and max(np.abs(picture.panels[1].x.limits)) < 200
        assert f"of which the first {drawn - 1} are drawn: it diverges" in picture.words

    def test_so_it_is_of_one_number(self):
        J, w, _ = line()
        picture = pictures.bowl(J, wrt=w, start=[0], learning_rate=0.15, descent=30)
        assert "it diverges" in picture.words and max(np.abs(picture.panels[0].x.limits)) < 20
        calm = pictures.bowl(J, wrt=w, start=[0], learning_rate=0.05, descent=30).words
        assert calm.endswith(" Descent goes from 29.7 to 0.0243 in 30 steps.")

    def test_a_descent_that_begins_at_the_least_cost_of_all_is_drawn_to_its_end(self):
        w = cr.variable(0.0, "w")
        picture = pictures.bowl((w**2).named("J"), wrt=w, path=[[0.0], [0.1], [0.2]])
        assert "diverges" not in picture.words

    def test_long_numbers_beside_the_surface_have_room(self):
        J, w, b = line()
        ends = [(0, 2), (0, 1)]
        left, wide = (
            pictures.bowl(cost.named("J"), wrt=(w, b), limits=ends, steps=9).panels[0].x.limits[0]
            for cost in (J, J * 1.2345e6)
        )
        assert wide < left - 0.02


class TestGraphs:
    def test_heights_are_those_of_the_cost(self):
        J, w, b = logistic()
        picture = pictures.bowl(J, wrt=(w, b), limits=((-1, 2), (-3, 1)), steps=9)
        (heat,) = marks(picture.panels[1], pictures.Heat)
        x = heat.x[0] + (np.arange(9) + 0.5) / 9 * 3
        y = heat.y[0] + (np.arange(9) + 0.5) / 9 * 4
        wanted = [[by_hand(a, c) for a in x] for c in y]
        assert np.allclose(heat.values, wanted)

    def test_the_minimum_is_the_fitted_optimum(self):
        J, w, b = logistic()
        for panel in pictures.bowl(J, wrt=(w, b), limits=((-1, 2), (-3, 1))).panels[1:]:
            minimum = next(p for p in marks(panel, pictures.Points) if p.name == "minimum")
            assert (minimum.x[0], minimum.y[0]) == pytest.approx(BEST[:2], abs=1e-5)
        assert w.value == 0.5 and b.value == 0.0  # nothing was moved

    def test_one_at_the_border_is_said_to_be_none(self):
        J, w, b = logistic()
        assert "falls on beyond" in pictures.bowl(J, wrt=(w, b), limits=((2, 3), (2, 3)), steps=9).words

    def test_descent_goes_by_the_gradient(self):
        J, w, b = logistic()
        picture = pictures.bowl(J, wrt=(w, b), start=(5, -5), learning_rate=0.66987, descent=200, steps=9)
        (line,) = marks(picture.panels[1], pictures.Line)
        at = np.array([5.0, -5.0])
        for place in zip(line.x[:20], line.y[:20], strict=True):
            assert place == pytest.approx(at)
            a = 1 / (1 + np.exp(-(at[0] * X + at[1])))
            at = at - 0.66987 * np.array([np.mean((a - Y) * X), np.mean(a - Y)])
        costs = [by_hand(*place) for place in zip(line.x, line.y, strict=True)]
        assert costs[0] == pytest.approx(2.2252547843609753) and np.all(np.diff(costs) < 1e-12)
        assert costs[-1] == pytest.approx(0.64437, abs=1e-5)

    def test_contours_lie_at_their_level(self):
        w, b = cr.variable(0.0, "w"), cr.variable(0.0, "b")
        picture = pictures.bowl(w * w + b * b, wrt=(w, b), steps=81)
        (contours,) = marks(picture.panels[1], pictures.Contours)
        for level, points in contours.lines:
            assert np.allclose((points**2).sum(axis=1), level, atol=0.02)

    def test_the_surface_is_drawn_from_back_to_front_at_its_heights(self):
        w, b = cr.variable(0.0, "w"), cr.variable(0.0, "b")
        (patches,) = marks(pictures.bowl(w + 2 * b, wrt=(w, b), steps=10).panels[0], pictures.Patches)
        middles = -3 + 0.6 * (np.arange(10) + 0.5)
        wanted = np.add.outer(2 * (middles[:-1] + 0.3), middles[:-1] + 0.3)
        assert np.allclose(np.sort(patches.values), np.sort(wanted.ravel()))
        bottoms = [polygon.mean(axis=0)[1] for polygon in patches.polygons]
        assert len(bottoms) == 81
        w_only = pictures.bowl(
            0 * w + 0 * b + 1, wrt=(w, b), steps=10
        )  # a plane: those behind are higher on the page
        heights = [p[:, 1].mean() for p in marks(w_only.panels[0], pictures.Patches)[0].polygons]
        assert np.all(np.diff(heights) <= 1e-9)

    def test_what_lies_behind_the_surface_is_said_to_and_drawn_thinner(self):
        w, b = cr.variable(0.0, "w"), cr.variable(0.0, "b")
        J = ((b - 2.2) ** 2 + (w / 10) ** 2).named("J")
        names = {}
        for limits in (
            ((-3, 3), (-1, 3)),
            ((-3, 3), (2, 3)),
        ):  # with a wall before the minimum, and without one
            surface, _ = pictures.bowl(
                J, wrt=(w, b), start=(1, 2.9), learning_rate=0.05, limits=limits
            ).panels
            names[limits] = [mark.name for mark in surface.marks if getattr(mark, "name", "")]
            hidden = [mark for mark in surface.marks if getattr(mark, "name", "") == "behind the surface"]
            assert all(mark.dash == "dotted" for mark in hidden)
        walled, open_ = names.values()
        assert walled[-1] == "minimum, behind the surface" and open_ == ["descent", "start", "minimum"]

    def test_a_graph_with_inputs_and_loops(self):
        x, w = cr.input("x", ("n",)), cr.variable(0.5, "w")
        last, _ = cr.scan(lambda h, t: (w * h + t, None), 0.0, x)
        picture = pictures.bowl(last**2, wrt=w, feed={x: [1.0, 2.0]}, limits=[(-4, 1)])
        (line,) = marks(picture.panels[0], pictures.Line)
        assert np.allclose(line.y, (line.x + 2) ** 2)
        (minimum,) = marks(picture.panels[0], pictures.Points)
        assert minimum.x[0] == pytest.approx(-2, abs=1e-6)

    def test_log_loss_has_one_minimum_and_squared_error_two(self):
        """S0-66, S0-91: the minima of the squared error are those of the notes."""
        x, y, w = np.array([20.0, 1, 2, 2, 2]), np.array([1.0, 1, 0, 0, 0]), cr.variable(0.0, "w")
        a = cr.sigmoid(w * x)
        convex = pictures.bowl(np.mean(cr.binary_crossentropy(y, a)), wrt=w, limits=[(-2, 1)])
        wavy = pictures.bowl(np.mean((a - y) ** 2) / 2, wrt=w, limits=[(-2, 1)])
        (one,), (two,) = (marks(p.panels[0], pictures.Points) for p in (convex, wavy))
        assert len(one.x) == 1
        assert two.x.tolist() == pytest.approx([-0.7839860108658869, 0.06733867498059068], abs=1e-5)
        assert two.y.tolist() == pytest.approx([0.15606095136272916, 0.11303014009254111])


class TestNetworks:
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])

    def network(self):
        layers = [cr.Dense(3, "tanh", regularizer=cr.L2(0.01)), cr.Dropout(0.2), cr.Dense(1, "sigmoid")]
        return cr.Network(layers, input_shape=2, seed=0)

    def test_heights_are_what_evaluate_says_of_a_network_with_these_numbers(self):
        network = self.network()
        picture = pictures.bowl(
            network, self.X, self.y, wrt=("W1[0, 2]", "b2"), steps=7, limits=((-1, 2), (0, 1))
        )
        (heat,) = marks(picture.panels[1], pictures.Heat)
        before = {name: value.copy() for name, value in network.parameters.items()}
        other = self.network()
        for row, column in ((0, 0), (3, 5), (6, 2)):
            W1 = before["W1"].copy()
            W1[0, 2] = -1 + (column + 0.5) * 3 / 7
            other.parameters.update(W1=W1, b2=[(row + 0.5) / 7])
            assert heat.values[row, column] == pytest.approx(other.evaluate(self.X, self.y)["cost"], rel=1e-5)
        assert all(np.array_equal(network.parameters[name], value) for name, value in before.items())
        assert picture.panels[1].x.label == "W1[0, 2]" and picture.panels[1].y.label == "b2[0]"

    def test_the_path_is_that_of_the_parameters_of_each_epoch(self):
        network, path = self.network(), []
        network.fit(
            self.X,
            self.y,
            epochs=5,
            callbacks=lambda n, e, logs: path.append({k: v.copy() for k, v in n.parameters.items()}),
        )
        picture = pictures.bowl(network, self.X, self.y, wrt=(("W1", (0, 2)), "b2[0]"), path=path, steps=7)
        (line,) = marks(picture.panels[1], pictures.Line)
        assert line.x.tolist() == [float(p["W1"][0, 2]) for p in path]
        assert line.y.tolist() == [float(p["b2"][0]) for p in path]

    def test_it_may_be_the_history_of_a_fit_that_kept_them(self):
        network = self.network()
        history = network.fit(self.X, self.y, epochs=6, callbacks=cr.Record(values=True, every=2))
        wrt = ("W1[0, 2]", "b2[0]")
        (line,) = marks(
            pictures.bowl(network, self.X, self.y, wrt=wrt, path=history, steps=7).panels[1], pictures.Line
        )
        assert np.array_equal(line.x, history.recorded.values["W1"][:, 0, 2]) and len(line.x) == 4
        with pytest.raises(DataError, match="kept no parameters"):
            pictures.bowl(network, self.X, self.y, wrt=wrt, path=network.fit(self.X, self.y, epochs=1))
        only = network.fit(self.X, self.y, epochs=2, callbacks=cr.Record(values="b2"))
        with pytest.raises(DataError, match="The path has no W1"):
            pictures.bowl(network, self.X, self.y, wrt=wrt, path=only)

    def test_directions_lead_from_where_the_network_is(self):
        network = self.network()
        draw = np.random.default_rng(0)
        ways = [
            {name: draw.normal(size=value.shape) for name, value in network.parameters.items()}
            for _ in range(2)
        ]
        picture = pictures.bowl(network, self.X, self.y, wrt=ways, limits=((-1, 1), (-1, 1)), steps=5)
        (heat,) = marks(picture.panels[1], pictures.Heat)
        assert heat.values[2, 2] == pytest.approx(network.evaluate(self.X, self.y)["cost"], rel=1e-5)
        other = self.network()
        other.parameters.update(
            {n: v + 0.8 * ways[0][n] - 0.4 * ways[1][n] for n, v in network.parameters.items()}
        )
        assert heat.values[1, 4] == pytest.approx(other.evaluate(self.X, self.y)["cost"], rel=1e-5)

    @pytest.mark.parametrize(
        ("settings", "error", "words"),
        [
            ({"wrt": "W7[0]"}, UnknownNameError, "parameter 'W7'"),
            ({"wrt": "W1[0]"}, DataError, "W1 has shape"),
            ({"wrt": "W1[a]"}, DataError, "written 'W1\\[0, 2\\]'"),
            ({}, DataError, "wrt names what is drawn"),
            ({"wrt": ("b2", "b2", "b2")}, DataError, "one or two numbers"),
            ({"wrt": "b2", "start": (0,)}, DataError, "A network descends by fit"),
            ({"wrt": [{"W1": np.ones(3)}]}, ShapeError, "its direction"),
        ],
    )
    def test_what_does_not_fit_is_said(self, settings, error, words):
        with pytest.raises(error, match=words):
            pictures.bowl(self.network(), self.X, self.y, **settings)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"wrt": (cr.variable(1.0, "v"),)}, GraphError, "scalar variables that J depends on \\(w, b\\)"),
        ({"path": [[1, 2, 3]]}, ShapeError, "places of 2 numbers"),
        ({"path": [[1, 2]], "start": (1, 2)}, DataError, "not both"),
        ({"start": (1,)}, ShapeError, "start is 2 numbers"),
        ({"limits": ((1, 0), (0, 1))}, DataError, "a lower and an upper end"),
    ],
)
def test_what_does_not_fit_is_said(settings, error, words):
    J, *_ = logistic()
    with pytest.raises(error, match=words):
        pictures.bowl(J, **settings)


def test_a_path_over_one_number_is_a_list_of_them():
    w = cr.variable(0.0, "w")
    line = marks(pictures.bowl(w * w, wrt=w, path=[1, 2, 3]).panels[0], pictures.Line)[1]
    assert line.x.tolist() == [1, 2, 3] and line.y.tolist() == [1, 4, 9]
    assert pictures.bowl(w, wrt=w).words == "No minimum of w in the picture."


def test_a_cost_without_derivatives_is_drawn_and_not_descended():
    w = cr.variable(0.0, "w")
    (line,) = marks(pictures.bowl(cr.step(w) + 1, wrt=w).panels[0], pictures.Line)
    assert set(line.y.tolist()) == {1.0, 2.0}
    with pytest.raises(cr.NoDerivativeError):
        pictures.bowl(cr.step(w), wrt=w, start=1.0)


def test_what_is_missing_is_said():
    w, k, x = cr.variable(1.0, "w"), cr.variable(3, "k", dtype="int64"), cr.input("x")
    with pytest.raises(GraphError, match="value of the input 'x': feed="):
        pictures.bowl(x * w, wrt=w)
    with pytest.raises(GraphError, match="scalar variables that J depends on \\(w\\)"):
        pictures.bowl(k * w, wrt=(w, k))
    with pytest.raises(GraphError, match="no scalar variable"):
        pictures.bowl(np.sum(cr.variable([1.0, 2.0], "v")))
    with pytest.raises(DataError, match="finite nowhere"):
        pictures.bowl(np.log(-w * w - 1), wrt=w)


def test_a_bowl_is_that_of_a_single_number():
    w = cr.variable(1.0, "w")
    with pytest.raises(ShapeError, match="single number"):
        pictures.bowl(w * X, wrt=w)
    with pytest.raises(DataError, match="node or of a network"):
        pictures.bowl(3.0)
    with pytest.raises(DataError, match="examples"):
        pictures.bowl(cr.Network([cr.Dense(1)], input_shape=1), wrt="b1")
