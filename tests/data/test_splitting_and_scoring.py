"""Holding rows back, and judging predictions beside those that need no inputs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from sklearn import metrics

from chainrule.data.labels import encode_target
from chainrule.data.samples import sample_table
from chainrule.data.splitting import about_rare_classes, held_back
from chainrule.data.target import Target, fit_target
from chainrule.errors import DataError, ShapeError, UnknownNameError
from chainrule.models.scoring import baseline, chosen, score, told_of


def split(frame, stratify=None, test_fraction=0.2, seed=0):
    """Return a table in two parts, and what is said of them."""
    strata, notes = np.zeros(len(frame)), ()
    if stratify:
        strata, notes = pd.factorize(frame[stratify])[0], about_rare_classes(stratify, frame[stratify])
    is_test = held_back(strata, test_fraction, seed)
    return frame[~is_test], frame[is_test], notes


@given(st.integers(5, 200), st.floats(0, 0.95), st.integers(0, 3))
def test_a_split_loses_no_row_and_keeps_their_order(rows, fraction, seed):
    frame = pd.DataFrame({"x": range(rows)})
    train, test, notes = split(frame, test_fraction=fraction, seed=seed)
    assert sorted([*train["x"], *test["x"]]) == list(range(rows)) and notes == ()
    assert train["x"].is_monotonic_increasing and test["x"].is_monotonic_increasing
    assert (train.index == train["x"]).all()
    assert len(train) and abs(len(test) - fraction * rows) <= 1


def test_classes_keep_their_shares():
    train, test, notes = split(sample_table("iris"), stratify="target")
    assert set(train["target"].value_counts()) == {40} and set(test["target"].value_counts()) == {10}
    assert notes == ()


@given(st.lists(st.sampled_from("abbcccddddd"), min_size=5, max_size=80), st.floats(0.05, 0.9))
def test_training_has_every_class(labels, fraction):
    frame = pd.DataFrame({"y": labels})
    train, _, _ = split(frame, test_fraction=fraction, stratify="y")
    assert set(train["y"]) == set(labels)


def test_the_seed_decides():
    frame = pd.DataFrame({"x": range(100)})
    first, again, other = (split(frame, seed=seed)[1].index.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_a_class_with_one_row_is_kept_for_training():
    frame = pd.DataFrame({"y": ["a"] * 5 + ["b"] * 5 + ["rare", None]})
    for seed in range(20):
        train, _, notes = split(frame, test_fraction=0.5, seed=seed, stratify="y")
        assert "rare" in set(train["y"])
        assert notes == (
            "1 class of 'y' (rare) has a single row, kept for training: the test says nothing about it.",
        )


def test_nothing_may_be_held_back():
    train, test, _ = split(pd.DataFrame({"x": [1, 2]}), test_fraction=0)
    assert len(train) == 2 and len(test) == 0


def test_wrong_splits_are_refused():
    with pytest.raises(
        DataError, match=r"has 4 rows, too few.*\(at least 5\).\nAdd rows, or hold back nothing: "
    ):
        split(pd.DataFrame({"x": range(4)}))
    for fraction in (1, -0.1, 20, float("nan")):
        with pytest.raises(DataError, match="test_fraction must be at least 0 and below 1"):
            split(pd.DataFrame({"x": range(9)}), test_fraction=fraction)


def test_binary_scores():
    target = Target("binary", ("y",), ("a", "b"), (0.4, 0.6))
    truth = np.array([0, 1, 1, 0, 1])
    outputs = np.array([0.2, 0.9, 0.4, 0.6, 0.7])[:, None]
    assert score(target, truth, outputs, ["accuracy", "auc"]) == {
        "accuracy": pytest.approx(0.6),
        "auc": pytest.approx(metrics.roc_auc_score(truth, outputs), rel=1e-12),
    }
    assert baseline(target, truth, ["accuracy", "auc"]) == {"accuracy": pytest.approx(0.6), "auc": 0.5}
    assert score(target, truth[1:3], outputs[1:3], ["accuracy", "auc"]) == {"accuracy": 0.5}
    said, everything = outputs > 0.5, score(target, truth, outputs)
    assert list(everything) == [
        "accuracy",
        "auc",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "log_loss",
    ]
    assert everything["precision"] == pytest.approx(metrics.precision_score(truth, said))
    assert everything["recall"] == pytest.approx(metrics.recall_score(truth, said))
    assert everything["log_loss"] == pytest.approx(metrics.log_loss(truth, outputs))


def test_what_has_no_value_for_these_rows_is_told():
    target = Target("binary", ("y",), ("benign", "malignant"), (0.4, 0.6))
    truth, outputs = np.array([0, 1, 1, 0, 1]), np.array([0.2, 0.9, 0.4, 0.6, 0.7])[:, None]
    assert told_of(target, truth, outputs) == ()
    left_out, also = told_of(target, truth[[0, 3]], outputs[[0, 3]])
    assert (
        left_out == "Left out, as every row is no (0): auc." and also == "Left out, as no row is yes: recall."
    )
    assert set(score(target, truth[[0, 3]], outputs[[0, 3]])) == {
        "accuracy", "balanced_accuracy", "precision", "f1", "log_loss",
    }  # fmt: skip


def test_metrics_that_make_no_sense_of_a_target_are_refused():
    classes = Target("binary", ("y",), ("a", "b"), (0.4, 0.6))
    numbers = Target("regression", ("y",), mean=(0.0,), std=(1.0,))
    for target, name, says in (
        (classes, "r2", "compares numbers, and the target holds classes"),
        (numbers, "f1", "compares classes, and the target holds numbers. Take some of r2, mae, rmse"),
        (numbers, "log_loss", "compares classes"),
    ):
        with pytest.raises(DataError, match=says):
            chosen(target, name)
    with pytest.raises(UnknownNameError, match="Did you mean 'recall'"):
        chosen(classes, ["recal"])


CELLS = st.integers(0, 4).map(lambda k: k / 4)  # few values, so that many tie


@given(st.lists(st.tuples(st.integers(0, 1), CELLS), min_size=2, max_size=40))
def test_auc_is_that_of_scikit_learn_ties_and_all(cells):
    truth, outputs = np.array([t for t, _ in cells]), np.array([o for _, o in cells])
    scores = score(Target("binary", ("y",), ("a", "b"), (0.5, 0.5)), truth, outputs)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(truth, outputs > 0.5))
    if truth.min() == truth.max():
        assert "auc" not in scores
    else:
        assert scores["auc"] == pytest.approx(metrics.roc_auc_score(truth, outputs), rel=1e-12)


@given(st.lists(st.tuples(st.integers(0, 1), CELLS, st.integers(0, 1), CELLS), min_size=1, max_size=20))
def test_f1_is_that_of_scikit_learn(rows):
    truth = np.array([[a, b] for a, _, b, _ in rows], float)
    outputs = np.array([[p, q] for _, p, _, q in rows])
    scores = score(Target("multilabel", ("p", "q"), (0, 1), (0.5, 0.5)), truth, outputs)
    expected = metrics.f1_score(truth.astype(int), outputs > 0.5, average="micro", zero_division=0.0)
    assert scores["f1"] == pytest.approx(expected)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=2, max_size=20))
def test_errors_of_numbers_are_those_of_scikit_learn(rows):
    truth, predicted = np.array([[a, c] for a, _, c, _ in rows]), np.array([[b, d] for _, b, _, d in rows])
    target = Target("regression", ("y", "z"), mean=(0.0, 0.0), std=(1.0, 1.0))
    scores = score(target, truth, predicted)
    for i, name in enumerate("yz"):
        mae = metrics.mean_absolute_error(truth[:, i], predicted[:, i])
        assert scores[f"mae_{name}"] == pytest.approx(mae)
        rmse = metrics.root_mean_squared_error(truth[:, i], predicted[:, i])
        assert scores[f"rmse_{name}"] == pytest.approx(rmse)
    if "r2" in scores:
        assert scores["r2"] == pytest.approx(metrics.r2_score(truth, predicted))
    assert ("r2" in scores) == bool((truth.min(axis=0) < truth.max(axis=0)).all())


def test_r2_of_equal_numbers_is_left_out():
    target = Target("regression", ("y",), mean=(0.1,), std=(0.3,))
    truth = pd.DataFrame({"y": [0.7] * 7})
    assert set(score(target, truth, np.zeros(7))) == {"mae", "rmse"}


def test_the_baseline_is_the_majority_of_training_not_of_the_test():
    target = fit_target(pd.DataFrame({"y": ["a", "a", "a", "b", "c"] * 2}), "y")
    assert target.shares == pytest.approx((0.6, 0.2, 0.2))
    frame = pd.DataFrame({"y": ["b", "b", "a"]})
    assert baseline(target, frame, "accuracy") == {"accuracy": pytest.approx(1 / 3)}


def test_regression_scores_are_in_the_targets_units():
    training = pd.DataFrame({"y": [100.0, 200.0, 330.0, 500.0]})
    target = fit_target(training, "y")
    test = pd.DataFrame({"y": [150.0, 450.0]})
    predicted = np.array([[160.0], [430.0]])
    scores = score(target, test, (predicted - target.mean) / target.std)
    assert scores == {
        "r2": pytest.approx(metrics.r2_score(test, predicted)),
        "mae": pytest.approx(15),
        "rmse": pytest.approx(np.sqrt(250)),
    }
    assert score(target, encode_target(target, test), (predicted - target.mean) / target.std) == scores
    assert baseline(target, test)["mae"] == pytest.approx(150)  # the mean of training is 282.5
    assert baseline(target, training)["r2"] == pytest.approx(0)
    assert set(baseline(target, test[:1])) == {"mae", "rmse"}


def test_several_numbers_have_errors_of_their_own():
    frame = pd.DataFrame({"y": [1.0, 2.5, 3.0], "z": [10.0, 25.0, 50.0]})
    target = fit_target(frame, ["y", "z"])
    scores = score(target, frame, encode_target(target, frame))
    assert scores["r2"] == pytest.approx(1)
    assert set(scores) == {"r2", "mae_y", "rmse_y", "mae_z", "rmse_z"}


def test_several_labels_are_scored_cell_by_cell():
    target = Target("multilabel", ("p", "q"), (0, 1), (0.75, 0.25))
    truth = np.array([[1.0, 0.0], [1.0, 1.0]])
    asked = ["accuracy", "f1"]
    assert score(target, truth, truth, asked) == {"accuracy": 1, "f1": 1}
    assert baseline(target, truth, asked) == {"accuracy": 0.75, "f1": pytest.approx(0.8)}


def test_what_cannot_be_scored_is_refused():
    target = Target("binary", ("y",), ("a", "b"), (0.5, 0.5))
    with pytest.raises(DataError, match="no row to score"):
        score(target, np.array([]), np.zeros((0, 1)))
    with pytest.raises(ShapeError, match="2 predictions cannot be scored with 3 rows"):
        score(target, np.zeros(3, int), np.zeros((2, 1)))
    with pytest.raises(DataError, match="not a class that training saw"):
        baseline(target, pd.DataFrame({"y": ["c"]}))
