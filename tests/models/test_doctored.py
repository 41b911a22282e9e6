"""The doctor of a table speaks of its columns and classes, and writes choices of a training on a table."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.explaining.doctor import changes, loosening
from chainrule.explaining.doctor.rules import power
from chainrule.models.doctored import choice_of, named
from chainrule.models.fillers import filled
from chainrule.models.options import Options
from chainrule.models.prepared import prepare, sort_rows

SMALL = {"hidden": (8,), "epochs": 30}
pytestmark = [
    pytest.mark.parametrize(
        "engine", [next(iter(ENGINES))], indirect=True
    ),  # the fastest: many networks learn here
    pytest.mark.filterwarnings(
        "ignore::chainrule.errors.LearningWarning"
    ),  # what is to be found does not learn
]


def houses(rows=240, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "rooms": rng.integers(1, 9, rows),
            "age": rng.uniform(0, 90, rows),
            "town": rng.choice(["Bern", "Chur"], rows),
        }
    )
    table["price"] = (
        40 * table["rooms"] - table["age"] + 30 * (table["town"] == "Bern") + 5 * rng.normal(size=rows)
    )
    return table


def test_a_training_that_learns_is_healthy():
    found = cr.TableModel.examine(houses(), "price", hidden=(16,), epochs=100, learning_rate=0.01)
    assert found.healthy, found


def test_what_to_change_is_a_choice_of_the_training_and_it_helps():
    table, how = houses(), {**SMALL, "epochs": 100}
    (first, *_) = cr.TableModel.examine(table, "price", learning_rate=1e-6, **how)
    assert first.cause == "learning_rate_too_low" and first.severity == "critical"
    name, _, rate = first.change.partition("=")
    assert name == "learning_rate" and float(rate) >= 1e-4 and first.trial.after > first.trial.before
    better = cr.TableModel.train(table, "price", learning_rate=float(rate), **how).report.scores.network["r2"]
    assert (
        better
        > cr.TableModel.train(table, "price", learning_rate=1e-6, **how).report.scores.network["r2"] + 0.3
    )


def test_a_column_that_alone_tells_the_target_is_named():
    table = houses()
    table["tax"] = 0.02 * table["price"] + 1
    found = cr.TableModel.examine(table, "price", **SMALL)
    (leak,) = [each for each in found if each.cause == "target_leakage"]
    assert "'tax'" in leak.sentence and leak.change == "drop=['tax']" and leak.severity != "note"
    assert not any(
        each.cause == "target_leakage" for each in cr.TableModel.examine(table, "price", drop="tax", **SMALL)
    )


def test_the_recipe_is_examined_by_one_of_its_networks_and_a_choice_by_hand_keeps_it():
    found = cr.TableModel.examine(houses(), "price", members=2, recipe=True, epochs=20, learning_rate=1e-7)
    assert found[0].cause == "learning_rate_too_low" and found[0].change.endswith(", recipe=True")


def test_a_model_is_diagnosed_on_its_own_table_by_its_own_choices(tmp_path):
    table = houses()
    table.to_csv(tmp_path / "houses.csv", index=False)
    model = cr.TableModel.train(
        tmp_path / "houses.csv", "price", learning_rate=1e-6, run=tmp_path / "run", **SMALL
    )
    first, again = model.diagnose(), cr.load(tmp_path / "run").diagnose(tmp_path / "run")
    assert first[0].cause == "learning_rate_too_low" and first.to_dict() == again.to_dict()
    alone = cr.TableModel.train(table, "price", learning_rate=1e-6, **SMALL)
    assert alone.diagnose(table)[0].cause == "learning_rate_too_low"
    with pytest.raises(cr.DataError, match="does not keep the table that it was trained on"):
        alone.diagnose()
    with pytest.raises(cr.DataError, match="does not hold the choices of its training"):
        cr.load(tmp_path / "run").diagnose(table)


def test_a_table_that_is_another_is_said(tmp_path):
    houses().to_csv(tmp_path / "houses.csv", index=False)
    cr.TableModel.train(tmp_path / "houses.csv", "price", run=tmp_path / "run", **SMALL)
    houses(200).to_csv(tmp_path / "houses.csv", index=False)
    found = cr.TableModel.examine(config=tmp_path / "run")
    assert found[-1].cause == "another_table" and "it has 200 rows, and had 240" in found[-1].sentence
    assert found[-1].severity == "note"


@pytest.mark.parametrize("missing", [-999.0, 1e6])
def test_a_number_that_stands_for_none_is_told_in_the_units_of_the_table(missing):
    table = houses()
    table.loc[::7, "age"] = missing
    whole, options = sort_rows(table, Options(target=["price"]))
    found = filled(prepare(whole, whole.rows, options).data.columns, whole.frame)
    sentence, seen, change = found.told(
        "Your inputs. With the median in their place, the same training gets R² 0.9."
    )
    assert list(found.columns) == ["age"] and change == f"missing={{'age': ['{missing:g}']}}"
    assert seen.startswith("15% of 'age' is ") and "the others lie from 0." in seen
    assert sentence.endswith(f"{seen}. With the median in their place, the same training gets R² 0.9.")
    assert filled(prepare(whole, whole.rows, options).data.columns, houses()) is None


NAMES = SimpleNamespace(
    columns=SimpleNamespace(columns=[SimpleNamespace(name="it's", features=("it's", "it's is missing"))]),
    target=SimpleNamespace(width=3),
)
BY_HAND = Options(learning_rate=0.01, clip_norm=1.0, hidden=(16, 8))
READY = SimpleNamespace(options=BY_HAND, data=NAMES, learn=(None, np.zeros(150)))


@pytest.mark.parametrize(
    ("change", "choice"),
    [
        ("optimizer=cr.Adam()", "learning_rate=0.001, no clip_norm"),
        ("optimizer=cr.Adam(0.1, clip_norm=1.0)", "learning_rate=0.1"),
        ("optimizer=cr.AdamW(cr.Cosine(0.02), weight_decay=0.02, clip_norm=5)", "learning_rate=0.02, clip_norm=5"),
        ("optimizer=cr.Adam(0.01, clip_norm=1.0)", ""),
        ("batch_size=None", "batch_size=150"),
        (changes.batch_of(16).write, "batch_size=16"),
        (changes.epochs_of(400).write, "epochs=400"),
        ("activation='relu' in the last layer", ""),
        (changes.class_weight().write, "class_weight='balanced'"),
        (loosening.without_dropout().write, "dropout=0"),
        (changes.hidden_activation("relu").write, "activation='relu'"),
        (power.deeper(SimpleNamespace(layers=())).write, "hidden=(16, 8, 32)"),
        (power.wider().write, "hidden=(128, 64)"),
        (changes.without_columns([0], ["it's"]).write, """drop=["it's"]"""),
        ("epochs=400, optimizer=cr.Adam(0.2, clip_norm=1.0)", "learning_rate=0.2, epochs=400"),
        ("""X = X.drop(columns=["it's is missing"])""", """drop=["it's"]"""),
        ("X = X.drop(columns=['elsewhere'])", ""),
        ("initializer=None, the default, in every layer", ""),
    ],
)  # fmt: skip
def test_a_change_to_a_fit_is_told_as_a_choice_on_a_table(change, choice):
    assert choice_of(change, READY) == choice


def test_classes_are_called_by_their_labels():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=300), "z": rng.normal(size=300)})
    table["kind"] = np.where(table["x"] + 0.3 * table["z"] > 0, "spam", "ham")
    target = cr.TableModel.plan(table, "kind").target
    assert (
        named("class 1 has 9 rows, class 0 the others", target)
        == "class 'spam' has 9 rows, class 'ham' the others"
    )
    assert named("class 7 of a sentence", target) == "class 7 of a sentence"
    found = cr.TableModel.examine(table, "kind", learning_rate=1e-5, **SMALL)
    assert any(each.cause == "learning_rate_too_low" for each in found)
    assert not any("class 0" in each.sentence or "class 1" in each.sentence for each in found)


def test_a_training_that_fails_is_examined_all_the_same(monkeypatch):
    def fit(*_, **__):
        raise cr.DataError("The cost is infinite.")

    monkeypatch.setattr(cr.Network, "fit", fit)
    found = cr.TableModel.examine(houses(), "price", learning_rate=100.0, **SMALL)
    assert found[0].cause == "learning_rate_too_high" and found[0].change.startswith("learning_rate=")
    assert found[-1].sentence == "The training failed: The cost is infinite." and found[-1].severity == "note"


def test_the_report_of_a_run_has_the_verdicts(tmp_path, reported):
    how = {"hidden": (8,), "epochs": 60, "learning_rate": 1e-5}
    cr.TableModel.train(houses(), "price", run=tmp_path / "run", **how)
    views = json.loads((tmp_path / "run" / "views.json").read_text(encoding="utf-8"))
    (first, *_), tried = views["doctor"]["found"], views["doctor"]["tried"]
    assert first["cause"] == "learning_rate_too_low" and first["change"].startswith("learning_rate=")
    assert first["trial"].keys() == {"metric", "before", "after"} and tried >= 1
    assert "learning rate too low" in cr.report(tmp_path / "run").read_text(encoding="utf-8")
    cr.TableModel.train(houses(), "price", run=tmp_path / "without", doctor=False, **how)
    assert "doctor" not in json.loads((tmp_path / "without" / "views.json").read_text(encoding="utf-8"))
