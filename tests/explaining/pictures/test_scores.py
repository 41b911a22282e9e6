"""Pictures of scores: what is drawn is what scikit-learn says of the same rows."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

import chainrule as cr
from chainrule.errors import DataError, ShapeError

pictures = cr.pictures


def marks(picture, kind, panel=0):
    return [mark for mark in picture.panels[panel].marks if isinstance(mark, kind)]


@pytest.fixture(scope="module")
def binary():
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 300)
    return y, np.clip(0.5 * y + draw.uniform(0, 0.6, 300), 0, 1).round(3)


@pytest.fixture(scope="module")
def several():
    draw = np.random.default_rng(1)
    y = draw.integers(0, 3, 200)
    p = draw.dirichlet(np.ones(3), 200) + np.eye(3)[y]
    return y, p / p.sum(axis=1, keepdims=True)


class TestConfusion:
    def test_its_numbers_are_those_of_scikit_learn(self, several):
        y, p = several
        picture = pictures.confusion(y, p.argmax(axis=1), ["a", "b", "c"])
        counts = metrics.confusion_matrix(y, p.argmax(axis=1))
        (heat,) = marks(picture, pictures.Heat)
        assert np.array(heat.texts).astype(int).tolist() == counts.tolist()
        assert np.allclose(heat.values, counts / counts.sum(axis=1, keepdims=True))
        assert picture.panels[0].x.ticks == ((0.0, "a"), (1.0, "b"), (2.0, "c"))
        assert f"{counts.trace()} of 200 rows right" in picture.words

    def test_labels_may_be_words_in_any_order(self):
        picture = pictures.confusion(["no", "yes", "no"], ["no", "no", "no"], ["yes", "no"])
        assert marks(picture, pictures.Heat)[0].texts == (("0", "1"), ("0", "2"))
        assert "1 of yes for no" in picture.words

    def test_classes_that_are_never_said_are_there(self):
        (heat,) = marks(pictures.confusion([0, 0], [0, 0], ["a", "b"]), pictures.Heat)
        assert heat.values.tolist() == [[1, 0], [0, 0]]

    def test_several_labels_have_a_panel_each(self):
        y, said = np.array([[1, 0], [1, 1], [0, 0]]), np.array([[1, 0], [0, 1], [0, 1]])
        picture = pictures.confusion(y, said, ["sport", "art"])
        assert [panel.title for panel in picture.panels] == ["sport", "art"]
        for i in range(2):
            counts = metrics.confusion_matrix(y[:, i], said[:, i])
            assert np.array(marks(picture, pictures.Heat, i)[0].texts).astype(int).tolist() == counts.tolist()

    @pytest.mark.parametrize(
        ("y", "said", "classes", "error", "words"),
        [
            ([0, 1], [0], None, ShapeError, "y has 2 rows and predicted 1"),
            ([], [], None, DataError, "no rows"),
            (["a", None], ["a", "a"], None, DataError, "no value in row 1"),
            (
                ["a", "c"],
                ["a", "a"],
                ["a", "b"],
                DataError,
                "y holds 'c' in row 1, which is none of the classes",
            ),
            ([0, 1], ["0", "1"], None, DataError, "one class in two types"),
            ([[0, 1]], [[0, 1, 1]], None, ShapeError, "expected one shape"),
            ([0, 1], [0.2, 1.0], None, DataError, "predicted holds 0.2, .*predict_classes"),
            ([0, 1], [[0.2], [0.9]], None, DataError, "predicted holds 0.2, .*predict_classes"),
            ([0, 1], np.eye(2), None, ShapeError, "one label for each row.*predict_classes"),
            ([[0, 1], [1, 0]], [[0.2, 0.9], [0.8, 0.1]], None, DataError, "predicted holds 0.2"),
            ([1.5, 2.5], [1.0, 2.0], None, DataError, "y holds 1.5, .*predicted_against_true"),
        ],
    )
    def test_what_does_not_fit_is_said(self, y, said, classes, error, words):
        with pytest.raises(error, match=words):
            pictures.confusion(y, said, classes)


class TestCurves:
    def test_roc_is_that_of_scikit_learn(self, binary):
        y, p = binary
        line, guess = marks(pictures.roc(y, p), pictures.Line)
        wrong, found, _ = metrics.roc_curve(y, p)
        assert np.array_equal(line.x, wrong) and np.array_equal(line.y, found)
        assert f"(AUC {metrics.roc_auc_score(y, p):.3f})" in line.name
        assert guess.x.tolist() == guess.y.tolist() == [0, 1]

    def test_a_curve_of_very_many_places_is_drawn_by_some_and_measured_by_all(self):
        draw = np.random.default_rng(2)
        y, p = draw.integers(0, 2, 20_000), draw.uniform(size=20_000)
        line = marks(pictures.roc(y, p), pictures.Line)[0]
        assert len(line.x) <= 400 and line.x[0] == line.y[0] == 0 and line.x[-1] == line.y[-1] == 1
        assert f"{metrics.roc_auc_score(y, p):.3f}" in line.name

    def test_several_classes_have_a_curve_each_against_all_others(self, several):
        y, p = several
        lines = marks(pictures.roc(y, p, ["a", "b", "c"]), pictures.Line)
        for i, line in enumerate(lines[:3]):
            assert f"{'abc'[i]} (AUC {metrics.roc_auc_score(y == i, p[:, i]):.3f})" == line.name

    def test_two_columns_are_those_of_two_classes(self, binary):
        y, p = binary
        one, both = pictures.roc(y, p), pictures.roc(y, np.column_stack([1 - p, p]))
        assert one.to_dict() == both.to_dict()

    def test_precision_and_recall_are_those_of_scikit_learn(self, binary):
        y, p = binary
        picture = pictures.precision_recall(y, p)
        line, guess = marks(picture, pictures.Line)
        precision, recall, _ = metrics.precision_recall_curve(y, p, drop_intermediate=True)
        assert set(zip(recall, precision, strict=True)) <= set(zip(line.x, line.y, strict=True))
        assert f"(AP {metrics.average_precision_score(y, p):.3f})" in line.name
        assert guess.y.tolist() == [y.mean()] * 2

    def test_the_stairs_of_precision_enclose_the_average_precision(self, binary):
        line = marks(pictures.precision_recall(*binary), pictures.Line)[0]
        area = -np.sum(np.diff(line.x) * line.y[1:])
        assert area == pytest.approx(metrics.average_precision_score(*binary), abs=1e-3)

    def test_calibration_is_that_of_scikit_learn(self, binary):
        y, p = binary
        picture = pictures.calibration(y, p, bins=5)
        share, said = calibration_curve(y, p, n_bins=5)
        line = marks(picture, pictures.Line)[0]
        assert np.array_equal(line.x, said) and np.array_equal(line.y, share)
        assert f"{metrics.brier_score_loss(y, p):.3f}" in line.name
        assert marks(picture, pictures.Bars, 1)[0].heights.sum() == 300

    def test_thresholds_are_what_each_gives(self, binary):
        y, p = binary
        picture = pictures.thresholds(y, p, ["no", "yes"])
        lines = {line.name: line for line in marks(picture, pictures.Line)}
        for i in (0, 50, 120):
            at = lines["F1"].x[i]
            assert lines["precision"].y[i] == pytest.approx(metrics.precision_score(y, p >= at))
            assert lines["recall"].y[i] == pytest.approx(metrics.recall_score(y, p >= at))
            assert lines["F1"].y[i] == pytest.approx(metrics.f1_score(y, p >= at))
        (rule,) = marks(picture, pictures.Rule)
        best = max(metrics.f1_score(y, p >= at) for at in np.unique(p))
        assert metrics.f1_score(y, p >= rule.x) == pytest.approx(best)

    def test_several_labels_have_a_curve_each(self):
        y = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
        p = np.array([[0.9, 0.2], [0.2, 0.4], [0.4, 0.9], [0.5, 0.6]])
        lines = marks(pictures.roc(y, p, ["sport", "art"]), pictures.Line)
        assert [line.name for line in lines[:2]] == ["sport (AUC 0.750)", "art (AUC 0.750)"]

    def test_of_many_classes_the_worst_are_drawn(self):
        draw = np.random.default_rng(3)
        y = np.arange(240) % 12
        p = draw.dirichlet(np.ones(12), 240) + np.eye(12)[y] * (y[:, None] > 3)
        picture = pictures.roc(y, p / p.sum(axis=1, keepdims=True))
        names = [line.name.partition(" ")[0] for line in marks(picture, pictures.Line)[:-1]]
        assert len(names) == 8 and {"0", "1", "2", "3"} <= set(names)
        assert "Of 12 classes" in picture.notes[0]

    def test_a_class_without_rows_is_left_out_and_said_to_be(self, several):
        y, p = several
        picture = pictures.roc(np.where(y == 2, 1, y), p)
        assert len(marks(picture, pictures.Line)) == 3 and "No curve of 2" in picture.notes[0]

    @pytest.mark.parametrize(
        "function", [pictures.roc, pictures.precision_recall, pictures.calibration, pictures.thresholds]
    )
    @pytest.mark.parametrize(
        ("y", "p", "error", "words"),
        [
            ([0, 1], [0.5], ShapeError, "y has 2 rows and p 1"),
            ([1, 1], [0.5, 0.6], DataError, "one class"),
            ([0, 1], [0.5, np.nan], DataError, "p holds nan in row 1"),
            ([0, 1, 5], [[0.1, 0.2, 0.7]] * 3, DataError, "3 columns"),
            (["a", "b"], [[0.1, 0.2, 0.7]] * 2, DataError, "y knows 2"),
        ],
    )
    def test_what_does_not_fit_is_said(self, function, y, p, error, words):
        if words == "3 columns":
            y, words = ["a", "b", "b"], "which are for 3 classes; y knows 2"
        with pytest.raises(error, match=words):
            function(y, p)

    def test_scores_that_are_no_probabilities_have_no_calibration_but_a_roc(self):
        assert "1.000" in pictures.roc([0, 1], [-3.0, 2.0]).words
        with pytest.raises(DataError, match="-3, which is no probability"):
            pictures.calibration([0, 1], [-3.0, 2.0])


class TestNumbers:
    def test_points_are_the_rows_and_the_title_is_scikit_learns(self):
        draw = np.random.default_rng(0)
        y = draw.normal(size=(40, 2))
        said = y + draw.normal(size=(40, 2)) / 3
        picture = pictures.predicted_against_true(y, said, ["height", "width"])
        for i in range(2):
            (points,) = marks(picture, pictures.Points, i)
            assert np.array_equal(points.x, y[:, i]) and np.array_equal(points.y, said[:, i])
            assert f"R² {metrics.r2_score(y[:, i], said[:, i]):.3f}" in picture.panels[i].title

    def test_intervals_of_one_width_are_a_band_that_holds_the_rows_they_hold(self):
        draw = np.random.default_rng(0)
        y = draw.normal(size=100)
        said = y + draw.normal(size=100)
        picture = pictures.predicted_against_true(y, said, low=said - 0.5, high=said + 1.0)
        (band,) = marks(picture, pictures.Band)
        held = np.mean((said >= np.interp(y, band.x, band.low)) & (said <= np.interp(y, band.x, band.high)))
        assert held == np.mean((said - 0.5 <= y) & (y <= said + 1.0))
        assert f"{held:.0%}" in band.name

    def test_intervals_of_many_widths_are_spans(self):
        y = np.arange(5.0)
        picture = pictures.predicted_against_true(y, y, low=y - y, high=2 * y)
        (spans,) = marks(picture, pictures.Spans)
        assert spans.high.tolist() == [0, 2, 4, 6, 8]

    def test_residuals_are_true_less_predicted(self):
        y, said = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
        picture = pictures.residuals(y, said)
        assert marks(picture, pictures.Points)[0].y.tolist() == [-0.5, 0.0, 1.0]
        assert marks(picture, pictures.Bars, 1)[0].heights.sum() == 3

    def test_of_many_rows_some_are_drawn_and_all_are_measured(self):
        draw = np.random.default_rng(0)
        y = draw.normal(size=5000)
        said = y + draw.normal(size=5000)
        picture = pictures.predicted_against_true(y, said)
        assert len(marks(picture, pictures.Points)[0].x) == 1500
        assert picture.notes == ("1,500 of 5,000 rows are drawn; the numbers are of all.",)
        assert f"{metrics.r2_score(y, said):.3f}" in picture.words

    @pytest.mark.parametrize(
        ("arguments", "error", "words"),
        [
            (([1.0, 2.0], [1.0]), ShapeError, "expected one shape"),
            (([1.0, np.inf], [1.0, 1.0]), DataError, "y holds inf in row 1"),
            (([1.0, 2.0], ["a", "b"]), DataError, "predicted holds 'a'"),
        ],
    )
    @pytest.mark.parametrize("function", [pictures.predicted_against_true, pictures.residuals])
    def test_what_does_not_fit_is_said(self, function, arguments, error, words):
        with pytest.raises(error, match=words):
            function(*arguments)

    def test_intervals_have_two_ends(self):
        with pytest.raises(DataError, match="two ends"):
            pictures.predicted_against_true([1.0], [1.0], low=[0.0])


@pytest.mark.parametrize("value", [0.0, 1.0, 1e30, -3e38, 1e-40])
def test_numbers_that_differ_by_nothing_or_by_rounding_have_a_histogram(value):
    made = cr.Network([cr.Dense(2)], input_shape=2, seed=0)
    for weights in (np.full((2, 2), value), np.float32(value) * np.float32([[1, 1], [1, 1 + 1e-7]])):
        made.parameters["W1"] = weights
        bars = cr.pictures.weights(made).panels[0].marks[0]
        assert bars.heights.sum() == 4
    y = np.array([1.0, 2.0, 3.0])
    bars = cr.pictures.residuals(y, y - [0.1, 0.1, 0.1 + 1e-15]).panels[1].marks[0]
    assert bars.heights.sum() == 3


def test_a_confusion_of_nothing_is_refused():
    with pytest.raises(cr.DataError, match="label for each row"):
        cr.pictures.confusion(None, None)


def test_a_drawing_of_nothing_is_refused():
    with pytest.raises(cr.GraphError, match="found none"):
        cr.draw([])
