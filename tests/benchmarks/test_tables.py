"""The table of the default for tables: what scores mean, who is called better, and what made tables are like."""

from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest
from benchmarks.made_tables import MADE
from benchmarks.table_parts import LESS, quantiles
from benchmarks.table_peers import as_categories, as_numbers, boosting, filled, linear
from benchmarks.table_scores import Predictions, better, calibration_error, losses, score, truth_of
from benchmarks.table_sets import SETS, TableSet, apart, sample
from benchmarks.tables import Row, Run, results, summary, verdict
from threadpoolctl import threadpool_limits

NUMBERS = TableSet(
    "numbers", "regression", ("y",), lambda folder, seed: MADE["friedman"].split(seed), "numbers"
)
LABELS = TableSet(
    "labels", "multilabel", ("a", "b"), lambda folder, seed: MADE["labels"].split(seed), "labels"
)
KINDS = SETS["iris"]


@pytest.mark.parametrize("name", [name for name in MADE if name != "large"])
def test_a_made_table_is_as_large_as_it_says_and_the_same_for_the_same_seed(name):
    train, test = MADE[name].split(3)
    assert (len(train), len(test)) == (MADE[name].rows, MADE[name].tested)
    assert set(MADE[name].targets) < set(train.columns)
    assert train[[*MADE[name].targets]].notna().all(axis=None)
    assert train.equals(MADE[name].split(3)[0]) and not train.equals(MADE[name].split(4)[0])


def test_a_split_takes_each_row_once_and_equal_shares_of_each_class():
    table = sample("iris")
    train, test = apart(table, 1, "target")
    assert len(train) + len(test) == 150 and (test["target"].value_counts() == 10).all()
    both = sorted(map(tuple, [*train.to_numpy().tolist(), *test.to_numpy().tolist()]))
    assert both == sorted(map(tuple, table.to_numpy().tolist()))


def test_what_rows_cost_is_the_squared_error_in_variances_or_the_log_loss():
    truth = np.array([[0.0], [2.0]])
    assert losses(NUMBERS, truth, np.array([[1.0], [2.0]])).tolist() == [1.0, 0.0]
    assert losses(KINDS, np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]])) == pytest.approx(
        [np.log(2), 0.0], abs=1e-6
    )
    assert losses(LABELS, np.array([[1, 0]]), np.array([[0.5, 0.5]])) == pytest.approx([np.log(2)])


def test_probabilities_that_come_true_as_often_as_they_say_have_no_error():
    right = np.array([1, 0, 0, 0, 0, 1, 1, 1, 1, 0])
    assert calibration_error(right, np.array([0.2] * 5 + [0.8] * 5)) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error(right, np.full(10, 1.0)) == pytest.approx(0.5)


def test_scores_tell_coverage_and_a_threshold_of_the_model():
    truth = np.arange(10.0)[:, np.newaxis]
    told = Predictions(truth + 1, low=truth + 0.5, high=np.where(truth < 3, truth + 0.6, truth + 2))
    assert score(NUMBERS, truth, told)["covered"] == 0.0
    told = Predictions(truth, low=truth - 1, high=np.where(truth < 3, truth - 0.5, truth + 2))
    assert score(NUMBERS, truth, told) == pytest.approx({"r2": 1.0, "covered": 0.7, "loss": 0.0})
    truth, p = np.array([[1, 0], [1, 1]]), np.array([[0.4, 0.1], [0.4, 0.9]])
    scores = score(LABELS, truth, Predictions(p, chosen=(p > 0.3).astype(int)))
    assert scores["f1"] == 1.0 and scores["f1 at 0.5"] == 0.5 and scores["hamming at 0.5"] == 0.5


def test_who_is_better_by_more_than_a_standard_error_is_called_so():
    rng = np.random.default_rng(0)
    splits = []
    for _ in range(5):
        truth = rng.standard_normal((200, 1))
        splits.append((truth, *(Predictions(truth + s * rng.standard_normal((200, 1))) for s in (0.3, 0.5))))
    by, error = better(NUMBERS, "r2", splits)
    assert by > 5 * error > 0 and verdict(by, error).startswith("better")
    back = [(truth, other, one) for truth, one, other in splits]
    assert better(NUMBERS, "r2", back) == pytest.approx((-by, error))
    assert better(NUMBERS, "loss", splits)[0] == pytest.approx(by)
    few, drawn = better(NUMBERS, "r2", splits[:2])
    assert few > 5 * drawn > 0
    assert verdict(-by, error).startswith("WORSE") and verdict(0.0, 0.0).startswith("level")


def test_what_was_predicted_is_kept_and_becomes_a_row(tmp_path: Path):
    found = SETS["tiny_classes"]
    kept = Run(found, 0, "linear").done(tmp_path, tmp_path), Run(found, 0, "linear").read(tmp_path)
    assert np.array_equal(kept[0].values, kept[1].values) and kept[0].seconds == kept[1].seconds
    (tmp_path / "tiny_classes-0-linear.npz").rename(
        tmp_path / "tiny_classes-0-chainrule.npz"
    )  # as if it were ours
    Run(found, 0, "linear").done(tmp_path, tmp_path)
    rows, honest = results(found, [0], ["chainrule", "linear", "mlp"], tmp_path, tmp_path)
    assert [row.score for row in rows] == ["accuracy"] and set(honest) == {"loss", "ece"}
    assert rows[0].beside["linear"] == (0.0, 0.0) and rows[0].means["linear"] > 0.5
    assert rows[0].line(["linear", "mlp"]).count("|") == 10 and " – " in rows[0].line(["mlp"])
    assert summary(rows) == "- linear: better in 0 of 1, level in 1, worse in 0."


def test_goals_are_met_or_missed_in_a_row():
    found = SETS["shoppers"]
    row = Row(found, "auc", {"chainrule": 0.91}, {"boosting": (-0.01, 0.001)}, {"chainrule": 3.0}, 5)
    assert "0.9100 MISSED" in row.line(["chainrule"]) and "3.0 of 5" in row.line(["chainrule"])
    assert summary([row]) == "- boosting: better in 0 of 1, level in 0, worse in 1: shoppers (auc)."


@pytest.mark.parametrize("name", ["gaps", "sales", "labels"])
def test_others_learn_from_gaps_dates_and_labels(name):
    found = SETS[name]
    train, test = (table[:150] for table in found.split(Path(), 0))
    for array in as_numbers(found, train, test):
        assert np.isfinite(np.asarray(array, float)).all() and len(array) == 150
    X, Z = filled(*as_categories(found, train, test))
    assert list(X) == list(Z) and X.select_dtypes("number").notna().all(axis=None)
    truth = truth_of(found, train, test)
    assert np.isfinite(score(found, truth, linear(found, train, test, 0))["loss"])


def test_boosting_learns_labels_and_categories():
    for name in ("labels", "categories"):
        found = SETS[name]
        train, test = (table[:100] for table in found.split(Path(), 0))
        with threadpool_limits(1):  # threads that wait for each other are slow where others compute, too
            told = boosting(found, train, test, 0)
        assert told.values.shape == truth_of(found, train, test).shape and np.isfinite(told.values).all()


def test_parts_that_are_left_out_are_there():
    parts = [part for less in LESS.values() for given in less.args for part in given]
    assert len(parts) == 4 and all(resolve_name(f"chainrule.models.{place}") for place, _ in parts)


def test_quantiles_alone_leave_a_value_that_repeats_no_edge_of_its_own():
    x = np.where(np.arange(1000) < 920, 0.0, np.arange(1000) - 900.0)
    (edges,) = quantiles(x[:, np.newaxis], 10)
    assert edges == ()
    assert len(quantiles(np.arange(100.0)[:, np.newaxis], 10)[0]) == 11
