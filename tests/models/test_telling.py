"""What is said of a row of a table holds: in its units, by the gradient as by differences, by really changing cells."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.engines import compiled

ROWS = 120


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """One engine is enough: what is told is made of its results."""
    monkeypatch.setattr(compiled.Compiled, "choose", lambda *_: "numpy")


def table():
    rng = np.random.default_rng(0)
    found = pd.DataFrame(
        {
            "rooms": rng.integers(1, 7, ROWS),
            "share": rng.uniform(0, 0.1, ROWS),
            "size": [f"{n} m2" for n in rng.integers(40, 200, ROWS)],
            "town": rng.choice(["Bern", "Basel", "Chur"], ROWS),
            "built": pd.date_range("1990-01-01", periods=ROWS, freq="40D").astype(str),
        }
    )
    towns = found["town"].map({"Bern": 50.0, "Basel": 90.0, "Chur": 0.0})
    found["price"] = 200 + 30 * found["rooms"] + 400 * found["share"] + towns + rng.normal(size=ROWS)
    found.loc[5, "rooms"] = np.nan
    return found


@pytest.fixture(scope="module")
def model():
    return cr.TableModel.train(
        table(), "price", epochs=30, hidden=(6,), activation="tanh", learning_rate=0.02
    )


def told_by_name(told):
    return {column.name: column for column in told.columns}


def test_what_columns_add_leads_from_the_mean_row_to_the_prediction(model):
    told = model.explain(table(), 7)
    assert np.isclose(told.predicted, model.predict(table())["price"][7], rtol=1e-5) and told.of == "price"
    assert np.isclose(sum(c.adds for c in told.columns), told.predicted - told.baseline, rtol=1e-2)
    assert told.attributions.check.passed
    sizes = [abs(c.adds) for c in told.columns]
    assert sizes == sorted(sizes, reverse=True)


def test_one_unit_more_is_told_by_the_gradient_and_by_really_changing_the_cell(model):
    rows = table()
    columns = told_by_name(model.explain(rows, 7))
    now = model.predict(rows[7:8])["price"].iloc[0]
    for name, to, unit, cell in (
        ("rooms", "+1", 1, rows["rooms"][7] + 1),
        ("share", "+0.01", 0.01, rows["share"][7] + 0.01),
    ):
        (change,) = columns[name].changes
        after = model.predict(rows[7:8].assign(**{name: cell}))["price"].iloc[0]
        assert change.to == to and np.isclose(change.by, after - now, atol=1e-3)
        assert np.isclose(change.promised, columns[name].slope * unit)
        h = 0.05 * unit
        ends = [
            model.predict(rows[7:8].assign(**{name: rows[name][7] + s}))["price"].iloc[0] for s in (-h, h)
        ]
        assert np.isclose(columns[name].slope, (ends[1] - ends[0]) / (2 * h), rtol=2e-2)


def test_a_column_with_a_unit_is_told_of_in_it(model):
    rows = table()
    size = told_by_name(model.explain(rows, 3))["size"]
    (change,) = size.changes
    after = rows[3:4].assign(size=f"{int(rows['size'][3][:-3]) + 1} m2")
    by = model.predict(after)["price"].iloc[0] - model.predict(rows[3:4])["price"].iloc[0]
    assert change.to == "+1 m2" and np.isclose(change.by, by, atol=1e-3) and size.value == rows["size"][3]


def test_the_other_levels_of_a_category_are_really_tried(model):
    rows = table()
    town = told_by_name(model.explain(rows, 7))["town"]
    assert {c.to for c in town.changes} == {"Bern", "Basel", "Chur"} - {rows["town"][7]}
    for change in town.changes:
        after = model.predict(rows[7:8].assign(town=change.to))["price"].iloc[0]
        assert np.isclose(change.by, after - model.predict(rows[7:8])["price"].iloc[0], atol=1e-3)
        assert change.promised is None


def test_a_date_is_moved_by_a_day_and_nothing_by_nothing(model):
    rows = table()
    columns = told_by_name(model.explain(rows, 5))
    (change,) = columns["built"].changes
    day = (pd.Timestamp(rows["built"][5]) + pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    by = (
        model.predict(rows[5:6].assign(built=day))["price"].iloc[0]
        - model.predict(rows[5:6])["price"].iloc[0]
    )
    assert change.to == "1 day later" and np.isclose(change.by, by, atol=1e-3)
    assert columns["rooms"].value == "" and columns["rooms"].changes == () and columns["rooms"].slope is None


def test_what_is_beyond_all_numbers_of_training_has_no_slope(model):
    rows = table()[7:8].assign(rooms=1e9)
    rooms = told_by_name(model.explain(rows))["rooms"]
    assert rooms.slope == 0 and rooms.changes[0].by == 0


def test_of_classes_a_probability_is_told():
    rows, target = cr.load_table("iris")
    model = cr.TableModel.train(rows, target, epochs=20, hidden=(4,))
    told = model.explain(rows, 60)
    p = model.predict(rows[60:61])
    assert told.is_share and told.of == p["target"].iloc[0]
    assert np.isclose(told.predicted, p[f"probability_{told.of}"].iloc[0])
    other = model.explain(rows, 60, output="setosa")
    assert np.isclose(other.predicted, p["probability_setosa"].iloc[0]) and "probability of setosa" in str(
        other
    )


def test_why_the_next_step_moves_a_weight_of_a_model(model):
    rows = table()
    told = model.explain(rows, 7, weight="W1[0,2]", optimizer=cr.SGD(0.1))
    features = cr.explain(model, rows[7:8]).row().layers[0]
    assert told.name == "W1[0,2]" and np.isclose(told.new, told.value - 0.1 * told.gradient, atol=1e-6)
    assert features.label == "dense_1" and told.rows == 1


def test_the_folder_of_a_run_knows_its_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table().to_csv("houses.csv", index=False)
    model = cr.TableModel.train("houses.csv", "price", epochs=1, hidden=(2,), run="first")
    assert model.explain("first", 3).to_dict() == model.explain("houses.csv", 3).to_dict()


def test_mistakes_are_answered_in_words(model):
    for ask, words in (
        (lambda: model.explain(table(), 120), "from 0 to 119"),
        (lambda: model.explain(table()[:0]), "no rows"),
        (lambda: model.explain(table(), 0, output="rooms"), "rooms"),
        (lambda: model.explain(table(), 0, weight="W7[0]"), "W7"),
        (lambda: model.explain(table().drop(columns="town"), 0), "town"),
    ):
        with pytest.raises(cr.ChainruleError, match=words):
            ask()
