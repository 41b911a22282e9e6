"""Which rows judge a network: those of a table of their own, folds, whole groups, the last in time."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.models import base
from chainrule.models.by_folds import interval_over

QUICK = {"epochs": 8, "hidden": (4,)}
TASKS = {"binary": "kind", "multiclass": "third", "regression": "price", "multilabel": ["a", "b"]}


def table_of(rows=120, seed=0):
    draw = np.random.default_rng(seed)
    x, z = draw.normal(size=(2, rows))
    found = pd.DataFrame({"x": x, "z": z, "who": draw.integers(0, 20, rows)})
    found["when"] = pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d")
    found["kind"], found["third"] = np.where(x > 0, "yes", "no"), np.digitize(x, [-0.5, 0.5]).astype(str)
    found["price"], found["a"], found["b"] = 3 * x + z, (x > 0).astype(int), (z > 0).astype(int)
    return found.sample(frac=1, random_state=0)


def train(task="binary", frame=None, **choices):
    frame, target = table_of() if frame is None else frame, TASKS[task]
    others = {"kind", "third", "price", "a", "b"} - {*([target] if isinstance(target, str) else target)}
    frame = frame.drop(columns=[name for name in others if name in frame])
    return cr.TableModel.train(frame, target, **{**QUICK, **choices})


@pytest.mark.parametrize(
    ("task", "how"),
    [
        *((task, {}) for task in TASKS),
        *((task, {"group": "who"}) for task in ("binary", "multilabel")),
        *((task, {"time_order": "when"}) for task in ("multiclass", "regression")),
    ],
)
def test_folds_judge_networks_of_every_kind(task, how):
    model = train(task, folds=3, **how)
    scores = model.report.scores
    assert scores.folds == 3 and scores.rows == (90 if "time_order" in how else 120)
    assert str(scores).count("Means over 3 folds of") == 1
    inputs = {column.name for column in model.columns.columns}
    assert ("who" in inputs) == ("group" not in how) and "when" in inputs  # new rows are of other groups
    assert "those of 3 networks, on rows that each never saw" in model.report.refit
    again = train(task, folds=3, **how)
    assert again.report.scores == scores
    for name, value in model.network.parameters.items():
        np.testing.assert_array_equal(value, again.network.parameters[name])


def test_the_mean_over_folds_is_that_of_networks_that_never_saw_what_judges(monkeypatch):
    seen = []
    fit_stage = base.fit_stage
    monkeypatch.setattr(
        base, "fit_stage", lambda *a, **k: seen.append((a[0], len(a[2].learn[0]))) or fit_stage(*a, **k)
    )
    train(folds=4)
    assert [name for name, _ in seen] == ["main", "fold 1", "fold 2", "fold 3", "fold 4", "refit"]
    assert [rows for _, rows in seen] == [102, 76, 76, 76, 76, 120]


def test_what_a_fold_is_judged_by_teaches_it_nothing(monkeypatch):
    frame = table_of().reset_index(drop=True)
    kept = {}
    by_folds = base._by_folds

    def keep(*given):
        kept["folds"] = by_folds(*given)
        return kept["folds"]

    monkeypatch.setattr(base, "_by_folds", keep)
    train(frame=frame, folds=3)
    before = kept["folds"]
    poisoned = frame.copy()
    poisoned.loc[before[1].rows.test, "x"] = 1e9
    train(frame=poisoned, folds=3)
    for number, fold in enumerate(kept["folds"]):
        same = fold.ready.data.columns == before[number].ready.data.columns
        assert same == (number == 1)
        assert (fold.history.history == before[number].history.history) == (number == 1)


def test_folds_say_how_long_the_network_that_is_kept_learns(monkeypatch):
    epochs = {}
    fit_stage = base.fit_stage

    def keep(name, *given, **how):
        history = fit_stage(name, *given, **how)
        epochs[name] = base.best_epochs(history) if name != "refit" else history.epochs
        return history

    monkeypatch.setattr(base, "fit_stage", keep)
    train(folds=5, epochs=60)
    best = sorted(epochs[f"fold {number}"] for number in range(1, 6))
    assert epochs["refit"] == best[2]


def test_rows_of_a_table_of_their_own_judge(tmp_path):
    frame, judges = table_of(), table_of(50, seed=1)
    judges.to_csv(tmp_path / "judges.csv", index=False)
    for given in (judges, tmp_path / "judges.csv", str(tmp_path / "judges.csv")):
        model = train(frame=frame, test_data=given, refit=False)
        assert (model.report.rows, model.report.validation_rows, model.report.test_rows) == (102, 18, 50)
        assert model.report.scores.network == model.evaluate(judges).network
    refitted = train(frame=frame, test_data=judges)
    assert refitted.report.scores.network == model.report.scores.network
    assert "from all 120 rows" in refitted.report.refit  # and from none that judges


def test_rows_that_judge_and_teach_are_told():
    frame = table_of()
    told = []
    train(frame=frame, test_data=pd.concat([frame[:7], table_of(20, seed=1)]), tell=told.append)
    assert any(line.startswith("7 of the 27 rows that judge are among those to learn from") for line in told)


def test_judges_that_cannot_judge_are_refused():
    judges = table_of(30, seed=1)
    with pytest.raises(cr.DataError, match=r"rows that judge have no column 'kind', which is predicted"):
        train(test_data=judges.drop(columns="kind"))
    with pytest.raises(cr.DataError, match="Missing: z"):
        train(test_data=judges.drop(columns="z"))
    with pytest.raises(cr.DataError, match="'maybe' is not a class that training saw"):
        train(test_data=judges.assign(kind="maybe"))
    with pytest.raises(cr.DataError, match=r"test_fraction=0\.1 holds back rows .* that judge: give one"):
        train(test_data=judges, test_fraction=0.1)
    assert train(test_data=judges, test_fraction=0).report.test_rows == 30


def test_a_table_of_judges_and_folds_both_judge():
    scores = train(test_data=table_of(30, seed=1), folds=3).report.scores
    assert scores.rows == 30 and scores.folds == 0
    assert any(
        note.startswith("By 3 folds of the 120 other rows, in the mean: accuracy 0.") for note in scores.notes
    )
    scores = train(test_fraction=0.25, folds=3).report.scores
    assert scores.rows == 30 and any("of the 90 other rows" in note for note in scores.notes)


def test_no_group_is_learned_from_and_judges():
    told = []
    train(group="who", tell=told.append)
    (line,) = (line for line in told if line.startswith("Groups of 'who'"))
    assert line.endswith("none is in two parts.")
    numbers = [int(part.split()[0]) for part in line.split(": ")[1].split(", ")]
    assert sum(numbers) == table_of()["who"].nunique()


def test_the_last_rows_in_time_judge():
    told = []
    model = train(time_order="when", tell=told.append)
    assert (
        "In the order of 'when': 2020-01-01 to 2020-03-22 to learn from, 2020-03-23 to 2020-04-05 to know when to "
        "stop, 2020-04-06 to 2020-04-29 for the test." in told
    )
    last = table_of().sort_values("when")[-24:]
    kept = train(time_order="when", refit=False)
    assert kept.report.scores == model.report.scores
    assert kept.report.scores.network == pytest.approx(kept.evaluate(last).network, rel=1e-6)


def test_a_series_is_found_and_judged_by_its_last_rows_and_repeated_so(tmp_path):
    told = []
    frame = table_of().sort_values("when")
    model = train("regression", frame, tell=told.append, run=tmp_path / "run")
    assert any(line.startswith("The rows are a series in 'when', 2020-01-01 to 2020-04-29") for line in told)
    again = train("regression", frame, time_order="when")  # as the configuration of the run says
    assert model.report.scores == again.report.scores and model.report.notes == again.report.notes
    assert model.report.scores != train("regression", frame, time_order=False).report.scores
    assert 'time_order = "when"' in (tmp_path / "run" / "config.toml").read_text()


def test_patients_are_found_and_none_is_learned_from_and_judges():
    draw, who = np.random.default_rng(0), np.repeat(np.arange(24), 5)
    frame = table_of().assign(patient_id=who, age=draw.integers(20, 80, 24)[who])
    told = []
    model = train(frame=frame, tell=told.append)
    assert any(line.startswith("Groups of 'patient_id': ") for line in told)
    assert "patient_id" not in {column.name for column in model.columns.columns}
    assert model.report.scores == train(frame=frame, group="patient_id").report.scores
    for choice in ({"group": "none"}, {"keep": "patient_id"}):
        told.clear()
        train(frame=frame, tell=told.append, **choice)
        assert not any("stay together" in line for line in told)


def test_a_class_that_only_judges_is_told_and_counts_as_wrong():
    frame = table_of().sort_values("when")  # in which no series is found, where a class is new
    frame["third"] = ["0", "1"] * 50 + ["2"] * 20
    told = []
    scores = train("multiclass", frame, time_order="when", tell=told.append).report.scores
    assert scores.rows == 24 and set(scores.network) == {
        "accuracy",
        "balanced_accuracy",
        "auc",
        "f1",
        "log_loss",
    }
    assert "No row to learn from is of '2', since all of them judge: nothing is learned of such rows." in told
    frame["kind"] = ["no"] * 100 + ["yes"] * 20
    with pytest.raises(cr.DataError, match="All 96 rows to learn from are of one class of 'kind', 'no'"):
        train("binary", frame, time_order="when")


def test_an_interval_over_folds_holds_nothing_that_a_metric_cannot_be():
    model = cr.TableModel.train("wine", folds=3, epochs=10, refit=False)
    found = model.report.scores.intervals
    for whose in ("network", "linear", "baseline"):
        assert all(0 <= low <= high <= 1 for name, (low, high) in found[whose].items() if name != "log_loss")
        assert found[whose]["log_loss"][0] >= 0
    assert found["over_linear"]["accuracy"][0] < 0  # a difference may be


def test_an_interval_over_folds_is_that_of_student():
    assert interval_over([0.7, 0.8, 0.9, 0.8]) == pytest.approx((0.670, 0.930), abs=1e-3)
    assert interval_over([0.7]) is None


def test_what_time_ended_is_repeated_with_all_its_folds(tmp_path, time_ends_soon):
    table_of().drop(columns=["third", "price", "a", "b"]).to_csv(tmp_path / "t.csv", index=False)
    once = cr.TableModel.train(
        tmp_path / "t.csv", "kind", hidden=(4,), folds=3, time_budget=600, run=tmp_path / "run"
    )
    assert "time budget" in once.history.stopped and once.history.epochs > 1
    again = cr.TableModel.repeat(tmp_path / "run")
    assert again.report.scores == once.report.scores
    for name, value in once.network.parameters.items():
        np.testing.assert_array_equal(value, again.network.parameters[name])


def test_short_time_is_shared_among_the_folds():
    model = train(folds=3, time_budget=1e-6, epochs=300)
    assert model.report.epochs == 1 and model.report.scores.folds == 3


def test_of_two_groups_one_judges_what_the_other_teaches():
    table = pd.DataFrame({"x": np.arange(40.0), "town": ["a", "b"] * 20, "y": np.arange(40.0) * 2})
    report = cr.TableModel.train(table, "y", group="town", epochs=1).report
    assert (report.rows, report.validation_rows, report.test_rows) == (20, 0, 20)
