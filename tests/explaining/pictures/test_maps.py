"""Maps of what models say: every number is the model's own, and lines lie where its outputs cross."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris, make_circles
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron

import chainrule as cr
from chainrule.errors import DataError, ShapeError, UnknownNameError

pictures = cr.pictures
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def marks(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def neuron(w, b):
    network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=len(w), seed=0, dtype="float64")
    network.parameters.update(W1=np.reshape(w, (-1, 1)), b1=[b])
    return network


def places(heat):
    rows, columns = heat.values.shape
    x = heat.x[0] + (np.arange(columns) + 0.5) * (heat.x[1] - heat.x[0]) / columns
    y = heat.y[0] + (np.arange(rows) + 0.5) * (heat.y[1] - heat.y[0]) / rows
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


@pytest.fixture(scope="module")
def circles():
    X, y = make_circles(200, noise=0.1, factor=0.3, random_state=42)
    network = cr.Network([cr.Dense(6, "relu"), cr.Dense(1, "sigmoid")], seed=0)
    network.fit(X, y, optimizer=cr.Adam(0.03), epochs=60)
    return network, X, y


@pytest.fixture(scope="module")
def iris():
    data = load_iris(as_frame=True)
    network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(3, "softmax")], seed=0)
    network.fit(data.data, data.target, optimizer=cr.Adam(0.03), epochs=40)
    return network, data.data, data.target


class TestTwoClasses:
    def test_the_map_is_what_the_network_says(self, circles):
        network, X, y = circles
        panel = pictures.boundary(network, X, y, steps=20).panels[0]
        (heat,) = marks(panel, pictures.Heat)
        assert np.allclose(heat.values.ravel(), network.predict(places(heat))[:, 0], atol=1e-6)
        assert heat.limits == (0, 1)

    def test_the_line_lies_where_the_probability_is_one_half(self):
        panel = pictures.boundary(neuron([1.0, 1.0], -0.5), CORNERS, [0, 1, 1, 1]).panels[0]
        (contours,) = marks(panel, pictures.Contours)
        for level, points in contours.lines:
            assert level == 0.5
            assert np.allclose(points.sum(axis=1), 0.5, atol=1e-3)

    def test_rows_are_told_apart_by_marker_and_colour_and_few_by_their_place(self, circles):
        panel = pictures.boundary(neuron([1.0, 1.0], -0.5), CORNERS, [0, 1, 1, 1]).panels[0]
        no, yes = marks(panel, pictures.Points)
        assert no.texts == ("(0, 0)",) and yes.texts == ("(0, 1)", "(1, 0)", "(1, 1)")
        assert no.marker != yes.marker and no.colour != yes.colour
        no, yes = marks(pictures.boundary(*circles, steps=8).panels[0], pictures.Points)
        assert len(no.x) == len(yes.x) == 100 and not no.texts

    def test_the_title_has_what_predict_classes_gets_right(self, circles):
        network, X, y = circles
        right = (network.predict_classes(X) == y).mean()
        assert f"{right:.1%} of 200 rows" in pictures.boundary(network, X, y, steps=8).title

    def test_another_level_is_another_line_and_another_share(self):
        picture = pictures.boundary(neuron([1.0, 1.0], -0.5), CORNERS, [0, 1, 1, 1], level=0.7)
        assert picture.title.endswith("2 of 4 rows right")  # z = 0.5 says 0.62
        (contours,) = marks(picture.panels[0], pictures.Contours)
        assert np.allclose(contours.lines[0][1].sum(axis=1), 0.5 + np.log(0.7 / 0.3), atol=1e-3)

    def test_names_of_classes_and_labels_as_words(self):
        words = ["no", "yes", "yes", "yes"]
        picture = pictures.boundary(neuron([1.0, 1.0], -0.5), CORNERS, words, classes=["no", "yes"])
        assert [mark.name for mark in marks(picture.panels[0], pictures.Points)] == ["no", "yes"]
        assert picture.title.endswith("4 of 4 rows right")

    def test_half_planes_have_their_line_where_z_is_0_and_an_arrow_to_where_it_is_positive(self):
        network = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
        network.parameters.update(W1=[[4.0, -4.0], [4.0, -4.0]], b1=[-6.0, 2.0], W2=[[1.0], [1.0]], b2=[-0.5])
        panel = pictures.boundary(network, CORNERS, [1, 0, 0, 1], units=True).panels[0]
        lines, arrows = marks(panel, pictures.Line), marks(panel, pictures.Arrow)
        for line, total in zip(lines, (1.5, 0.5), strict=True):
            assert np.allclose(line.x + line.y, total, atol=1e-6)
        for j, arrow in enumerate(arrows):
            z = network.activations(arrow.points)["Z1"][:, j]
            assert z[0] == pytest.approx(0, abs=1e-4) and z[1] > 0.1
            assert np.diff(arrow.points[:, 0]) == pytest.approx(
                np.diff(arrow.points[:, 1])
            )  # at a right angle

    def test_each_neuron_has_a_map_of_its_own(self, circles):
        network, X, y = circles
        _, *small = pictures.boundary(network, X, y, neurons=True, steps=12).panels
        assert len(small) == 6 and small[0].title == "A1[0]"
        for j, panel in enumerate(small):
            (heat,) = marks(panel, pictures.Heat)
            found = network.activations(places(heat))
            assert np.allclose(heat.values.ravel(), found["A1"][:, j], atol=1e-5)


class TestOthers:
    def test_of_several_classes_the_likeliest_and_how_sure_it_is(self, iris):
        network, X, y = iris
        picture = pictures.boundary(network, X, y, ("petal length (cm)", "petal width (cm)"), steps=15)
        (heat,) = marks(picture.panels[0], pictures.Heat)
        rows = np.tile(X.median().to_numpy(), (225, 1))
        rows[:, 2:] = places(heat)
        p = network.predict(rows)
        assert np.array_equal(np.floor(heat.values.ravel()), p.argmax(axis=1))
        assert np.allclose(heat.values.ravel() % 1, np.minimum(p.max(axis=1), 0.999), atol=1e-5)
        assert picture.notes == ("Held at the median: sepal length (cm) = 5.8, sepal width (cm) = 3.",)
        assert picture.panels[0].x.label == "petal length (cm)"

    def test_lines_between_classes_lie_where_two_are_as_likely(self, iris):
        network, X, y = iris
        picture = pictures.boundary(network, X.to_numpy(), y, (2, 3), steps=60)
        (contours,) = marks(picture.panels[0], pictures.Contours)
        assert contours.lines
        for _, points in contours.lines:
            rows = np.tile(X.median().to_numpy(), (len(points), 1))
            rows[:, 2:] = points
            p = np.sort(network.predict(rows), axis=1)
            assert np.allclose(p[:, 2], p[:, 1], atol=0.05)

    def test_an_estimator_of_scikit_learn_is_read_by_its_probabilities(self, iris):
        _, X, y = iris
        words = np.array(["setosa", "versicolor", "virginica"])[y]
        model = LogisticRegression(max_iter=500).fit(X, words)
        picture = pictures.boundary(model, X, words, steps=10)
        assert f"{model.score(X, words):.1%}" in picture.title
        assert [mark.name for mark in marks(picture.panels[0], pictures.Points)] == list(model.classes_)

    def test_one_without_probabilities_says_its_classes(self):
        model = Perceptron().fit(CORNERS, [0, 1, 1, 1])
        (heat,) = marks(pictures.boundary(model, CORNERS, [0, 1, 1, 1], steps=10).panels[0], pictures.Heat)
        assert np.array_equal(heat.values.ravel(), model.predict(places(heat)))

    def test_numbers_are_a_surface_with_contours_where_they_are_predicted(self):
        X = np.random.default_rng(0).uniform(size=(50, 2))
        model = LinearRegression().fit(X, X @ [2.0, 3.0] + 1)
        panel = pictures.boundary(model, X, X @ [2.0, 3.0] + 1, steps=30).panels[0]
        (heat,), (contours,) = marks(panel, pictures.Heat), marks(panel, pictures.Contours)
        assert np.allclose(heat.values.ravel(), places(heat) @ [2.0, 3.0] + 1)
        for level, points in contours.lines:
            assert np.allclose(points @ [2.0, 3.0] + 1, level)

    def test_a_table_with_words_holds_them_at_the_most_frequent(self):
        table = pd.DataFrame(
            {"a": [0.0, 1, 2, 3], "b": [1.0, 2, 3, 9], "town": ["Bern", "Bern", "Basel", "Bern"]}
        )

        class Model:
            def predict(self, rows):
                assert (rows["town"] == "Bern").all()
                return rows["a"].to_numpy() + rows["b"].to_numpy()

        picture = pictures.boundary(Model(), table, None, ("a", "b"), steps=5)
        assert picture.notes == ("Held at the median: town = Bern.",)

    def test_one_of_several_outputs_is_chosen(self):
        network = cr.Network([cr.Dense(2)], input_shape=2, seed=0)
        with pytest.raises(DataError, match="2 outputs"):
            pictures.boundary(network, CORNERS)
        (heat,) = marks(pictures.boundary(network, CORNERS, output=1, steps=5).panels[0], pictures.Heat)
        assert np.allclose(heat.values.ravel(), network.predict(places(heat))[:, 1], atol=1e-6)


class TestOneColumn:
    X = np.array([[1.0], [2], [3], [4], [6], [7], [8], [9]])
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1])

    def test_a_line_has_its_level_and_the_place_where_it_crosses_it(self):
        network = cr.Network([cr.Dense(1)], input_shape=1, seed=0, dtype="float64")
        network.parameters.update(W1=[[1 / 6]], b1=[-1 / 3])
        picture = pictures.boundary(network, self.X, self.y, level=0.5)
        panel = picture.panels[0]
        assert picture.title == "Prediction: 8 of 8 rows right"
        level, threshold = marks(panel, pictures.Rule)
        assert level.y == 0.5 and threshold.x == pytest.approx(5.0, abs=1e-9)
        (line,) = marks(panel, pictures.Line)
        assert np.allclose(line.y, line.x / 6 - 1 / 3)

    def test_so_has_a_logistic_curve(self):
        panel = pictures.boundary(neuron([2.0], -9.0), self.X, self.y).panels[0]
        _, threshold = marks(panel, pictures.Rule)
        assert threshold.x == pytest.approx(4.5, abs=1e-9)
        assert [sorted(mark.y.tolist()) for mark in marks(panel, pictures.Points)] == [[0] * 4, [1] * 4]

    def test_each_hidden_neuron_has_a_curve(self):
        network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1)], input_shape=1, seed=0)
        _, below = pictures.boundary(network, self.X, self.y, neurons=True).panels
        lines = marks(below, pictures.Line)
        found = network.activations(lines[0].x[:, None])["A1"]
        assert np.allclose(np.array([line.y for line in lines]).T, found, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("a model", CORNERS), DataError, "something that predicts"),
        ((neuron([1.0, 1.0], 0.0), CORNERS, [0, 1]), ShapeError, "X has 4 rows and y 2"),
        ((neuron([1.0, 1.0], 0.0), CORNERS, [0, 1, 1, 5]), DataError, "y holds 5 in row 3"),
        ((neuron([1.0, 1.0], 0.0), CORNERS, None, (0, 2)), DataError, "columns from 0 to 1"),
        ((neuron([1.0, 1.0], 0.0), CORNERS, None, (0, 0)), DataError, "two columns, or one"),
        ((neuron([1.0, 1.0], 0.0), CORNERS, None, ("x1", "x3")), UnknownNameError, "column 'x3'"),
        ((neuron([1.0, 1.0], 0.0), np.zeros((2, 3, 3))), ShapeError, "two columns of a table"),
        ((neuron([1.0, 1.0], 0.0), [[0, np.nan], [1, 1]]), DataError, "nan"),
    ],
)
def test_what_does_not_fit_is_said(arguments, error, words):
    with pytest.raises(error, match=words):
        pictures.boundary(*arguments)


def test_neurons_are_those_of_a_network_with_hidden_layers():
    with pytest.raises(DataError, match="no hidden layer"):
        pictures.boundary(neuron([1.0, 1.0], 0.0), CORNERS, neurons=True)
    with pytest.raises(DataError, match="Neurons are those of a network"):
        pictures.boundary(LinearRegression().fit(CORNERS, [0, 1, 1, 1]), CORNERS, units=True)


class TestHidden:
    def xnor(self):
        network = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
        network.parameters.update(W1=[[4.0, -4.0], [4.0, -4.0]], b1=[-6.0, 2.0], W2=[[1.0], [1.0]], b2=[-0.5])
        return network

    def test_two_neurons_are_drawn_as_they_are_with_what_lies_behind_them(self):
        panel = pictures.hidden(self.xnor(), CORNERS, [1, 0, 0, 1]).panels[0]
        no, yes = marks(panel, pictures.Points)
        assert np.allclose(yes.x, [0.0024726231566347743, 0.8807970779778823], atol=1e-6)
        assert np.allclose(no.x, 0.11920292202211755, atol=1e-6)
        (contours,) = marks(panel, pictures.Contours)
        for _, points in contours.lines:  # the printed line, of a1 and a2
            assert np.allclose(points.sum(axis=1), 0.5, atol=1e-3)

    def test_a_wide_layer_is_brought_to_two_dimensions_by_pca(self):
        from sklearn.decomposition import PCA

        data = load_iris()
        network = cr.Network([cr.Dense(5, "tanh"), cr.Dense(3, "softmax")], input_shape=4, seed=0)
        picture = pictures.hidden(network, data.data, data.target, classes=list(data.target_names))
        points = marks(picture.panels[0], pictures.Points)
        found = PCA(2, svd_solver="full").fit_transform(network.activations(data.data)["A1"].astype(float))
        drawn = np.concatenate([np.column_stack([p.x, p.y]) for p in points])
        assert np.allclose(drawn, found) and [p.name for p in points] == list(data.target_names)

    def test_tsne_keeps_neighbours_together_and_is_the_same_again(self):
        data = load_iris()
        network = cr.Network([cr.Dense(5, "tanh"), cr.Dense(3, "softmax")], input_shape=4, seed=0)
        one, again = (
            pictures.hidden(network, data.data, data.target, method="tsne", rows=60) for _ in range(2)
        )
        assert one.to_dict() == again.to_dict() and "60 of 150" in one.notes[0]
        assert sum(len(p.x) for p in marks(one.panels[0], pictures.Points)) == 60

    def test_numbers_are_in_groups(self):
        X = np.linspace(-1, 1, 50)[:, None]
        network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=1, seed=0)
        points = marks(pictures.hidden(network, X, X[:, 0]).panels[0], pictures.Points)
        assert [len(p.x) for p in points] == [10] * 5 and points[0].name == "-1 to -0.6"

    def test_the_layer_that_is_meant(self):
        network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=2, seed=0)
        titles = [pictures.hidden(network, CORNERS, layer=layer).title for layer in (0, -2, "Z2")]
        assert [title.partition(" by")[0] for title in titles] == [
            f"Hidden space: {n}" for n in ("A1", "A2", "Z2")
        ]

    def test_a_dead_layer_is_said_to_be_one(self):
        network = cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=2, seed=0)
        network.parameters["b1"], network.parameters["W1"] = [-1.0] * 3, np.zeros((2, 3))
        with pytest.raises(DataError, match="dead"):
            pictures.hidden(network, CORNERS)

    @pytest.mark.parametrize(
        ("settings", "error", "words"),
        [
            ({"layer": 7}, DataError, "2 layers"),
            ({"layer": "A9"}, UnknownNameError, "layer 'A9'"),
            ({"method": "umap"}, UnknownNameError, "method 'umap'"),
            ({"layer": -1}, DataError, "one number for each row"),
            ({"y": [0, 1]}, ShapeError, "4 rows and y 2"),
        ],
    )
    def test_what_does_not_fit_is_said(self, settings, error, words):
        with pytest.raises(error, match=words):
            pictures.hidden(self.xnor(), CORNERS, **settings)
