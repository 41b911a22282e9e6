"""A network and the preparing of its table as one thing: what it learns, what it says, what a file keeps."""

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli
from chainrule.data.labels import encode_target
from chainrule.data.splitting import held_back
from chainrule.models.scores import Scores
from chainrule.models.scoring import baseline
from chainrule.models.suited import setting_for
from chainrule.train import store as files

QUICK = {"epochs": 3, "hidden": (4,)}


def mixed(rows=80, seed=0):
    """A table with a column of each kind, gaps in two of them, and targets that follow from the inputs."""
    random = np.random.default_rng(seed)
    size, city = random.normal(50, 10, rows), random.choice(["Oslo", "Rome", "Ulm"], rows)
    noise = random.normal(0, 1, rows)
    price = 3 * size + 20 * (city == "Rome") + noise
    frame = pd.DataFrame({"size": size, "city": city, "price": price, "rooms": np.arange(rows) % 5})
    frame["dear"] = np.where(price > np.median(price), "yes", "no")
    frame["north"], frame["south"] = (city == "Oslo").astype(int), (city == "Rome").astype(int)
    frame.loc[::9, "size"] = np.nan
    frame.loc[::7, "city"] = None
    return frame


TARGETS = {
    "regression": ["price"],
    "binary": ["dear"],
    "multiclass": ["rooms"],
    "multilabel": ["north", "south"],
}


def trained(task, **settings):
    frame = mixed()
    others = [name for names in TARGETS.values() for name in names if name not in TARGETS[task]]
    return cr.TableModel.train(frame.drop(columns=others), TARGETS[task], **{**QUICK, **settings})


@pytest.mark.parametrize("task", TARGETS)
def test_a_file_keeps_every_bit_of_a_prediction(task, tmp_path):
    model = trained(task)
    assert model.target.task == task
    model.save(tmp_path / "m.safetensors")
    loaded = cr.load(tmp_path / "m.safetensors")
    timeless = replace(model.report, seconds=0.0, row_seconds=None)  # equal trainings make equal files
    assert isinstance(loaded, cr.TableModel) and loaded.report == timeless
    unseen = mixed(20, seed=1).drop(columns=TARGETS[task])
    unseen["city"] = ["Paris", None, *unseen["city"][2:]]
    unseen["size"] = [np.nan, *unseen["size"][1:]]
    pd.testing.assert_frame_equal(loaded.predict(unseen), model.predict(unseen), check_exact=True)
    assert loaded.evaluate(mixed(20)) == model.evaluate(mixed(20))
    assert loaded.summary_text() == replace(model, report=timeless).summary_text()


@pytest.mark.parametrize("task", TARGETS)
def test_columns_of_a_prediction(task):
    predictions = trained(task).predict(mixed(6))
    assert list(predictions)[: len(TARGETS[task])] == TARGETS[task]
    rest = list(predictions)[len(TARGETS[task]) :]
    assert (
        rest
        == {
            "regression": [],
            "binary": ["probability_no", "probability_yes"],
            "multiclass": [f"probability_{i}" for i in range(5)],
            "multilabel": ["probability_north", "probability_south"],
        }[task]
    )
    if task in {"binary", "multiclass"}:
        assert predictions[rest].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)


def test_predictions_bear_the_index_of_the_table():
    frame = mixed(5).set_axis(["a", "b", "c", "d", "e"])
    assert trained("regression").predict(frame).index.tolist() == ["a", "b", "c", "d", "e"]


def test_it_learns_what_can_be_learned():
    model = trained("regression", epochs=200, hidden=None)
    assert model.report.scores.learned and model.report.scores.network["r2"] > 0.5
    assert model.report.scores.network["mae"] < model.report.scores.baseline["mae"]


def test_the_linear_model_has_no_hidden_layer():
    model = trained("regression", hidden=())
    assert set(model.network.parameters) == {"W1", "b1"}
    assert model.network.parameters["W1"].shape == (model.columns.width, 1)


def judging(frame, target):
    return frame[held_back(pd.factorize(frame[target])[0], 0.2)]


def test_the_test_rows_teach_nothing():
    frame = mixed(100)[["size", "city", "dear"]]
    changed = frame.copy()
    changed.loc[judging(frame, "dear").index, "size"] = 1e9
    before, after = (cr.TableModel.train(each, "dear", **QUICK, refit=False) for each in (frame, changed))
    assert (before.report.rows, before.report.validation_rows, before.report.test_rows) == (68, 12, 20)
    assert before.columns == after.columns and before.target == after.target
    assert before.history.history == after.history.history
    assert before.report.scores != after.report.scores


def test_the_scores_are_those_of_the_rows_held_back():
    frame = mixed(100)[["size", "city", "dear"]]
    model = cr.TableModel.train(frame, "dear", **QUICK, refit=False)
    test = judging(frame, "dear")
    right = (model.predict(test)["dear"] == test["dear"]).mean()
    assert model.report.scores.network["accuracy"] == pytest.approx(right)
    assert model.report.scores.baseline == baseline(model.target, encode_target(model.target, test))
    again, scores = model.evaluate(test), model.report.scores
    assert (again.network, again.baseline, again.confusion) == (
        scores.network,
        scores.baseline,
        scores.confusion,
    )
    assert again.intervals["network"] == scores.intervals["network"]


def test_the_seed_decides_everything():
    once, again, other = trained("binary"), trained("binary"), trained("binary", seed=1)
    assert once.history.history == again.history.history
    assert once.history.history != other.history.history
    for name, value in once.network.parameters.items():
        np.testing.assert_array_equal(value, again.network.parameters[name])


def test_nothing_may_be_held_back():
    report = trained("binary", test_fraction=0).report
    assert report.test_rows == 0 and report.rows + report.validation_rows == 80
    assert report.scores.rows == report.validation_rows and "flatter a little" in report.scores.notes[0]


def test_a_tiny_table_is_all_learned_from():
    report = cr.TableModel.train(pd.DataFrame({"x": range(5), "y": list("ababa")}), "y", **QUICK).report
    assert (report.rows, report.validation_rows, report.test_rows) == (4, 0, 1)


def test_each_decision_is_told():
    frame = mixed()[["size", "city", "dear"]]
    frame["id"], frame["dear"] = range(80), frame["dear"].where(frame.index > 3)
    told = []
    model = cr.TableModel.train(frame, "dear", tell=told.append, **QUICK)
    assert told[0].startswith("Target 'dear': 2 classes (no, yes), binary classification")
    assert told[1].splitlines() == [
        "column  kind        becomes",
        "size    number      2 features: missing in 5 rows",
        "city    category    4 features: Oslo, Rome, Ulm; missing in 10 rows",
        "id      identifier  left out: it numbers the rows",
    ]
    assert told[2].startswith("Inputs: 1 column of numbers and 1 column of categories")
    assert told[3:-3] == list(model.report.notes)
    assert told[3] == "Left out of training: 4 rows of 80 without a value in 'dear'."
    assert told[-2].startswith("Learned anew from all 76 rows") and told[-2] == model.report.refit
    assert told[-1] == (
        "This network was made by hand (hidden=(4,), epochs=3): it has nothing of the recipe, the other networks on "
        "folds, the bins and the linear model beside it. recipe=True keeps these; its scores are on the same rows, and "
        "say what they are worth."
    )
    assert told[-3] == (
        "Network: 6 inputs, a hidden layer of 4 units, 1 output (sigmoid). "
        "Rows: 52 to learn from, 9 to know when to stop, 15 for the test. "
        "It is made by hand, as hidden and epochs were chosen; without, or with recipe=True, the recipe decides."
    )


def test_a_sheet_is_predicted_for_and_evaluated_by_its_name(tmp_path):
    with sqlite3.connect(tmp_path / "two.db") as database:
        for sheet, rows in (("old", mixed()), ("new", mixed()[:10])):
            rows.to_sql(sheet, database, index=False)
    database.close()
    model = cr.TableModel.train(tmp_path / "two.db", "dear", table="old", **QUICK)
    predicted = model.predict(tmp_path / "two.db", sheet="new")
    assert len(predicted) == 10 and model.evaluate(tmp_path / "two.db", sheet="new").rows == 10
    assert model.remarks(tmp_path / "two.db", sheet="new") is not None
    with pytest.raises(cr.DataError, match=r"holds 2 tables: old, new\.\nSay which is meant: sheet='old'"):
        model.predict(tmp_path / "two.db")
    with pytest.raises(cr.DataError, match="The sheet 'new' is one of a file, and this table is in memory"):
        model.predict(mixed(), sheet="new")


def test_a_file_is_predicted_for_and_read_as_that_of_training_was(tmp_path):
    whole, lone, kept = tmp_path / "t.csv", tmp_path / "new.tsv", tmp_path / "m.safetensors"
    whole.write_text(
        "size;town;price\n" + "".join(f"{i % 9},{i % 7}05;{'xy'[i % 2]};{i},5\n" for i in range(60))
    )
    lone.write_text("size\ttown\tprice\n2,104\tx\t3\n")
    cr.TableModel.train(whole, "price", **QUICK).save(kept)
    model = cr.load(kept)
    assert model.decimal == ","
    same = pd.DataFrame({"size": [2.104], "town": ["x"], "price": [3]})
    assert model.predict(lone).equals(model.predict(same)) and model.predict([str(lone)]).equals(
        model.predict(same)
    )
    assert model.evaluate(lone).network == model.evaluate(same).network
    lone.write_text("size\ttown\n2,104\tz\n")
    assert "did not see: z" in model.remarks(lone)[0]
    done = CliRunner().invoke(cli, ["predict", str(kept), str(lone), "--json"])
    assert json.loads(done.stdout)[0]["price"] == pytest.approx(model.predict(lone)["price"][0])


def test_new_categories_are_remarked():
    model = trained("binary")
    assert model.remarks(mixed(9, seed=1)) == ()
    new = mixed(3).assign(city=["Bonn", "Oslo", "Bonn"])
    assert model.remarks(new) == (
        "Column 'city' has values in 2 rows (first: row 1) that training did not see: Bonn. They count as none.",
    )


def test_the_size_of_a_table_decides_the_network():
    assert setting_for(100).hidden < setting_for(1_001).hidden
    assert setting_for(5_000).batch_size < setting_for(5_001).batch_size


def test_what_cannot_be_trained_is_refused():
    frame = mixed()
    with pytest.raises(cr.UnknownNameError, match=r"No column 'prize' in this table\. Did you mean 'price'"):
        cr.TableModel.train(frame, "prize")
    with pytest.raises(
        cr.UnknownNameError, match=r"Unknown task 'clasification'\. Did you mean 'classification'"
    ):
        cr.TableModel.train(frame, "dear", task="clasification")
    with pytest.raises(cr.DataError, match="test_fraction must be at least 0 and below 1"):
        cr.TableModel.train(frame, "dear", test_fraction=1)


def test_a_network_that_diverged_at_once_is_no_model():
    smaller = r"Its steps were too long: try learning_rate=0\.003\."
    with pytest.warns(cr.DivergenceWarning), pytest.raises(cr.DataError, match=smaller):
        trained("regression", learning_rate=1e30)


def test_a_cell_that_counts_as_missing_is_warned_of():
    model = trained("regression")
    new = mixed(5).assign(size=["1", "big", "3", "4", "5"])
    with pytest.warns(cr.DataWarning, match="Column 'size', row 2: 'big' is no number and counts as missing"):
        predicted = model.predict(new)
    assert predicted.equals(model.predict(new.replace("big", None)))
    with pytest.warns(cr.DataWarning, match="row 2: 'big'"):
        model.evaluate(new)


def test_what_cannot_be_predicted_is_refused():
    model = trained("regression")
    with pytest.raises(cr.DataError, match=r"Missing: city"):
        model.predict(mixed(5).drop(columns="city"))
    with pytest.raises(
        cr.DataError, match=r"Column 'size', row 2: 'big' \(2 such cells\), where numbers are expected"
    ):
        model.predict(mixed(3).assign(size=["1", "big", "huge"]))
    with pytest.raises(cr.UnknownNameError, match="No column 'price'"):
        model.evaluate(mixed(5).drop(columns="price"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda parts: parts.pop("columns"),
        lambda parts: parts["target"].update(classes=["no"]),
        lambda parts: parts["target"].update(task="guessing"),
        lambda parts: parts["columns"]["columns"].pop(),
        lambda parts: parts["columns"]["columns"][0].update(median="many"),
        lambda parts: parts["report"].pop("scores"),
        lambda parts: parts.update(columns=None),
    ],
)
def test_preparing_that_does_not_fit_the_network_is_a_broken_file(spoil, tmp_path):
    path = tmp_path / "m.safetensors"
    trained("binary").save(path)
    config, arrays = files.read(path)
    spoil(config["extra"]["chainrule.table"])
    files.write(path, {k: v for k, v in config.items() if k != "format"}, arrays)
    with pytest.raises(cr.FileFormatError, match="holds a network that cannot be rebuilt"):
        cr.load(path)


def test_a_network_alone_loads_as_a_network(tmp_path):
    network = cr.Network([cr.Dense(1)], input_shape=(2,), seed=0)
    network.save(tmp_path / "n.safetensors", extra={"table": "the owner's"})
    loaded = cr.load(tmp_path / "n.safetensors")
    assert isinstance(loaded, cr.Network) and loaded.extra == {"table": "the owner's"}


def test_what_the_owner_keeps_beside_the_network_stays(tmp_path):
    model = trained("regression")
    model.network.extra["author"] = "me"
    model.save(tmp_path / "m.safetensors")
    loaded = cr.load(tmp_path / "m.safetensors")
    assert loaded.network.extra == {"author": "me"}
    json.dumps(loaded.network.extra)


def test_scores_are_written_with_the_same_decimals():
    scores = Scores(
        4,
        {"r2": 0.77871, "mae": 36_385.2, "rmse": 12.5},
        {"r2": -1e-7, "mae": 92_009.4, "rmse": 9.25},
        "the mean",
    )
    assert str(scores).splitlines() == [
        "metric  this network  baseline",
        "r2            0.7787    0.0000",
        "mae           36,385    92,009",
        "rmse          12.500     9.250",
        "On 4 rows. Baseline: the mean.",
    ]
    small = Scores(1, {"mae": 2e-5}, {"mae": 1e-5}, "the mean")
    assert "2.00e-05  1.00e-05" in str(small)
    large = Scores(1, {"r2": -873316310630242582.0, "mae": 2e13}, {"r2": -0.0612, "mae": 3e13}, "the mean")
    assert [line.split()[1:] for line in str(large).splitlines()[1:3]] == [
        ["-8.733e+17", "-0.0612"],
        ["2.000e+13", "3.000e+13"],
    ]
    assert not small.learned and "no better than the baseline" in str(small)


@pytest.mark.parametrize("custom", [len, [len], "len"])
def test_custom_that_is_no_dict_is_not_the_fault_of_the_file(custom, tmp_path):
    network = cr.Network([cr.Dense(1)], input_shape=(2,), seed=0)
    network.save(tmp_path / "n.safetensors")
    with pytest.raises(
        cr.DataError, match=r"^custom is a dict of your own functions .*'swish'.*; found .*len"
    ):
        cr.load(tmp_path / "n.safetensors", custom=custom)


def test_a_network_is_kept_where_all_rows_together_leave_no_column():
    table = pd.DataFrame({"name": [f"Mr. {i}" for i in range(12)], "rooms": np.arange(12) * 1.5})
    told = []
    model = cr.TableModel.train(table, "rooms", epochs=1, tell=told.append)
    assert "name" in str(model.columns) and told[-2].startswith("All rows together teach nothing")
