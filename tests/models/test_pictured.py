"""Pictures of a table's model: the rows that judged it are those of its scores."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.errors import DataError

pictures = cr.pictures


def marks(picture, kind, panel=0):
    return [mark for mark in picture.panels[panel].marks if isinstance(mark, kind)]


@pytest.fixture(scope="module")
def iris():
    return cr.TableModel.train("iris", hidden=(8,), epochs=20)


@pytest.fixture(scope="module")
def diabetes():
    return cr.TableModel.train("diabetes", hidden=(), epochs=20)


def test_the_confusion_is_that_of_the_scores(iris):
    counts = np.array(marks(iris.plot(), pictures.Heat)[0].texts).astype(int)
    scores = iris.report.scores
    assert counts.sum() == scores.rows == iris.report.test_rows
    assert {(i, j, int(n)) for (i, j), n in np.ndenumerate(counts) if n} == set(scores.confusion)
    assert iris.plot().notes == ("Of the rows of the test.",)


def test_the_numbers_are_those_of_the_scores(iris, diabetes):
    names = [line.name for line in marks(iris.plot("roc"), pictures.Line)[:3]]
    areas = [float(name.rpartition(" ")[2].strip(")")) for name in names]
    assert np.mean(areas) == pytest.approx(iris.report.scores.network["auc"], abs=2e-3)
    picture = diabetes.plot()
    assert f"R² {diabetes.report.scores.network['r2']:.3f}" in picture.panels[0].title
    residuals = marks(diabetes.plot("residuals"), pictures.Points)[0].y
    assert np.sqrt(np.mean(residuals**2)) == pytest.approx(diabetes.report.scores.network["rmse"])


def test_intervals_are_those_that_predict_gives(diabetes):
    table, _ = cr.load_table("diabetes")
    found = diabetes.predict(table[:1], interval=0.9)
    (band,) = marks(diabetes.plot(), pictures.Band)
    assert band.high[0] - band.low[0] == pytest.approx(
        float((found["target_high"] - found["target_low"]).iloc[0])
    )


def test_a_table_that_was_learned_from_is_said_to_flatter(iris):
    table, _ = cr.load_table("iris")
    picture = iris.plot("confusion", table)
    right = iris.evaluate(table).network["accuracy"]
    assert f"{right:.1%} right" in picture.title and "these scores flatter" in picture.notes[0]


def test_a_map_is_over_two_columns_of_a_table(iris, diabetes):
    table, _ = cr.load_table("iris")
    picture = iris.plot("boundary", table, features=["petal_length", "petal_width"])
    assert picture.panels[0].x.label == "petal_length"
    (heat,) = marks(picture, pictures.Heat)
    row = {"sepal_length": table["sepal_length"].median(), "sepal_width": table["sepal_width"].median()}
    width, height = (ends[1] - ends[0] for ends in (heat.x, heat.y))
    for i, j in ((10, 20), (80, 70)):
        place = {
            "petal_length": heat.x[0] + (j + 0.5) * width / 100,
            "petal_width": heat.y[0] + (i + 0.5) * height / 100,
        }
        p = iris.predict(type(table)([{**row, **place}])).iloc[0, 1:].to_numpy(float)
        assert heat.values[i, j] == pytest.approx(p.argmax() + min(p.max(), 0.999), abs=1e-4)
    table, _ = cr.load_table("diabetes")
    assert diabetes.plot("boundary", table).title == "Prediction"


def test_of_several_labels_each_has_its_panel():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 2))
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "left": x[:, 0] > 0, "up": x[:, 1] > 0})
    model = cr.TableModel.train(table, ["left", "up"], hidden=(), epochs=10)
    assert [panel.title for panel in model.plot().panels] == ["left", "up"]
    assert [line.name.partition(" ")[0] for line in marks(model.plot("roc"), pictures.Line)[:2]] == [
        "left",
        "up",
    ]


def test_by_folds_every_row_is_judged():
    model = cr.TableModel.train("iris", hidden=(), epochs=3, folds=3)
    assert np.array(marks(model.plot(), pictures.Heat)[0].texts).astype(int).sum() == 150


def test_what_there_is_no_picture_of_is_said(iris, tmp_path):
    iris.save(tmp_path / "iris.safetensors")
    loaded = cr.load(tmp_path / "iris.safetensors")
    with pytest.raises(DataError, match="it comes from a file"):
        loaded.plot()
    table, _ = cr.load_table("iris")
    assert loaded.plot("roc", table).title == "ROC curve"
    with pytest.raises(DataError, match="is none of classes"):
        iris.plot("residuals")
    with pytest.raises(DataError, match="rows with all their columns"):
        iris.plot("boundary")
    with pytest.raises(DataError, match="No row has a value in 'target'"):
        iris.plot("roc", table.assign(target=None))
