"""Scores that can be believed: a linear model beside the network, intervals, what was found, thresholds and weights."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

import chainrule as cr
from chainrule.data.target import Target
from chainrule.models.conformal import distances, widths
from chainrule.models.found import ClassFound, confusion_lines, found_of, words_by_class
from chainrule.models.intervals import interval, resample, scores_of_draws, without_a_mistake
from chainrule.models.linear import fit_linear
from chainrule.models.scores import Coverage, Scores, report_from
from chainrule.models.scoring import judge
from chainrule.models.weighing import about_another, class_weights, watching, with_thresholds
from chainrule.train.metrics import metric_named

BINARY = Target("binary", ("y",), ("no", "yes"), (0.7, 0.3))
MULTI = Target("multiclass", ("y",), ("a", "b", "c"), (0.4, 0.3, 0.3))
LABELS = Target("multilabel", ("u", "v"), ("no", "yes"), (0.5, 0.25))
NUMBERS = Target("regression", ("u", "v"), mean=(10.0, 0.0), std=(2.0, 1.0))


def features(rows=300, width=5, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, width)).astype(np.float32)
    return X, X @ random.normal(size=(width, 3)) + random.logistic(size=(rows, 3))


def table(rows=400, seed=0):
    """A table with a rare class that is worth finding."""
    random = np.random.default_rng(seed)
    x, z = random.normal(size=(2, rows))
    return pd.DataFrame(
        {"x": x, "z": z, "rare": np.where(x + z + random.normal(0, 0.7, rows) > 2, "yes", "no")}
    )


def test_the_linear_model_of_classes_is_scikit_learns():
    X, z = features()
    tight = {"tol": 1e-8, "max_iter": 1000}
    found = fit_linear(BINARY, X, (z[:, 0] > 0).astype(int)).predict(X)[:, 0]
    expected = LogisticRegression(**tight).fit(X, z[:, 0] > 0).predict_proba(X)[:, 1]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    found = fit_linear(MULTI, X, z.argmax(axis=1)).predict(X)
    np.testing.assert_allclose(
        found, LogisticRegression(**tight).fit(X, z.argmax(axis=1)).predict_proba(X), atol=2e-3
    )
    found = fit_linear(LABELS, X, (z[:, :2] > 0).astype(float)).predict(X)
    for i in range(2):
        expected = LogisticRegression(**tight).fit(X, z[:, i] > 0).predict_proba(X)[:, 1]
        np.testing.assert_allclose(found[:, i], expected, atol=4e-3)


def test_the_linear_model_weighs_classes_as_scikit_learns_does():
    X, z = features()
    y = (z[:, 0] > 1).astype(int)
    weight = np.where(y == 1, 5.0, 1.0)
    expected = LogisticRegression(class_weight={1: 5}, tol=1e-8).fit(X, y).predict_proba(X)[:, 1]
    np.testing.assert_allclose(fit_linear(BINARY, X, y, weight).predict(X)[:, 0], expected, atol=2e-3)


@pytest.mark.parametrize(("rows", "width"), [(300, 5), (20, 50)])
def test_the_linear_model_of_numbers_is_scikit_learns(rows, width):
    X, z = features(rows, width)
    np.testing.assert_allclose(
        fit_linear(NUMBERS, X, z[:, :2]).predict(X), Ridge(1.0).fit(X, z[:, :2]).predict(X), atol=1e-4
    )


@pytest.mark.parametrize("rows", [150, 4001])
def test_intervals_are_those_of_drawing_rows_one_by_one(rows):
    random = np.random.default_rng(1)
    y2 = (random.random((rows, 2)) < 0.3).astype(float)
    p2 = np.clip(0.3 * y2 + 0.35 + random.normal(0, 0.2, (rows, 2)), 0.01, 0.99).round(2)
    y3, p3 = random.integers(0, 3, rows), random.random((rows, 3))
    p3[np.arange(rows), y3] += 0.4
    p3 /= p3.sum(axis=1, keepdims=True)
    numbers = random.normal(50, 3, (rows, 2))
    off = numbers + random.normal(0, 1, (rows, 2)) * [1, 3]
    drawn, picks = resample(rows), random.integers(0, rows, (150, rows))
    for y, p, names in (
        (y2[:, :1], p2[:, :1], "accuracy auc balanced_accuracy precision recall f1 f1_macro log_loss"),
        (y2, p2, "accuracy auc auc_micro balanced_accuracy f1 f1_weighted"),
        (y3, p3, "auc auc_weighted balanced_accuracy f1 f1_micro precision_weighted"),
        (numbers, off, "r2 rmse mae"),
    ):
        for name in names.split():
            metric = metric_named(name)
            values = scores_of_draws(metric, y, p, drawn, 0)
            exact = [metric(y[rows], p[rows]) for rows in picks]
            assert values.shape == (1000,)
            # the means and deviations of both, to three standard errors and what is left out of first order
            assert abs(values.mean() - np.mean(exact)) < 0.4 * np.std(exact), name
            assert values.std() == pytest.approx(np.std(exact), rel=0.25), name


def test_the_area_under_the_curve_never_passes_one():
    y, p = np.array([[0.0]] * 5 + [[1.0]] * 5), np.linspace(0, 1, 10)[:, None]
    assert np.nanmax(scores_of_draws(metric_named("auc"), y, p, resample(10), 0)) == 1.0  # NaN of one class


def test_draws_follow_from_the_seed_and_hold_as_many_rows():
    assert (resample(50, 1).times == resample(50, 1).times).all()
    assert (resample(50, 1).times != resample(50, 2).times).any()
    assert (resample(5000).times.sum(axis=1) == 2000).all()
    assert np.bincount(resample(5000).group).tolist().count(3) == 1000  # groups of 2 and 3 rows


def test_an_interval_of_little_is_none():
    assert interval(np.array([np.nan] * 950 + [0.5] * 50)) is None


def test_no_mistake_in_few_rows_is_no_proof():
    truth = np.array([0, 1] * 15)
    scores = judge(BINARY, truth, truth[:, None] * 0.8 + 0.1, metrics=["accuracy", "recall"])
    assert scores.network["accuracy"] == 1.0
    assert scores.intervals["network"]["accuracy"] == without_a_mistake(30)
    assert scores.intervals["network"]["recall"] == without_a_mistake(15)
    assert scores.intervals["baseline"]["recall"] == (0.0, 0.0)


def test_a_network_that_is_as_good_as_a_linear_model_is_said_to_be():
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 400)
    good = np.clip(truth * 0.4 + 0.3 + random.normal(0, 0.2, 400), 0.01, 0.99)[:, None]
    poor = np.clip(truth * 0.1 + 0.45 + random.normal(0, 0.2, 400), 0.01, 0.99)[:, None]
    better = judge(BINARY, truth, good, linear=(BINARY, poor))
    assert better.to_dict()["verdict"][0].startswith("Better than logistic regression: accuracy by 0.")
    low, high = better.intervals["over_linear"]["accuracy"]
    assert 0 < low < better.network["accuracy"] - better.linear["accuracy"] < high
    worse = judge(BINARY, truth, poor, linear=(BINARY, good)).to_dict()["verdict"][0]
    assert worse.startswith("Worse than logistic regression: accuracy by 0.") and "hidden=()" in worse
    same = judge(BINARY, truth, good, linear=(BINARY, good)).to_dict()["verdict"][0]
    assert same.startswith("As good as logistic regression") and "hidden=()" in same
    log_loss = judge(
        BINARY, truth, good, linear=(BINARY, poor), metrics="log_loss"
    )  # of which less is better
    assert log_loss.intervals["over_linear"]["log_loss"][0] > 0
    assert log_loss.to_dict()["verdict"][0].startswith("Better than")


def test_no_more_than_chance_over_the_baseline_is_said():
    random = np.random.default_rng(0)
    truth, noise = (random.random(60) < 0.3).astype(int), random.random((60, 1)) * 0.2 + 0.2
    scores = judge(BINARY, truth, noise)
    assert not scores.surely_learned
    assert "baseline" in scores.to_dict()["verdict"][-1]


def test_a_rare_class_that_is_ranked_well_is_learned_though_the_accuracy_is_that_of_the_baseline():
    truth = np.array([0] * 195 + [1] * 5)
    outputs = np.where(truth == 1, 0.4, np.linspace(0, 0.41, 200))[:, None]
    scores = judge(BINARY, truth, outputs)
    assert scores.network["accuracy"] == scores.baseline["accuracy"] and scores.surely_learned


def test_what_was_found_of_each_class():
    classes, cells = found_of(["a", "b", "c"], np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]))
    assert classes == (ClassFound("a", 2, 1, 2), ClassFound("b", 3, 2, 3), ClassFound("c", 0, 0, 0))
    assert (classes[1].recall, classes[1].precision) == (2 / 3, 2 / 3)
    assert classes[2].recall is None and classes[2].precision is None
    assert confusion_lines(classes, cells)[1:-1] == [
        "true \\ predicted  a  b  c",
        "a                 1  1  0",
        "b                 1  2  0",
        "c                 0  0  0",
    ]
    assert words_by_class(classes, cells) == [
        "'a': of 2 rows 1 was found (recall 0.500); of 2 predicted to be so 1 is (precision 0.500).",
        "'b': of 3 rows 2 were found (recall 0.667); of 3 predicted to be so 2 are (precision 0.667).",
        "'c': of 0 rows 0 were found; it was never predicted.",
    ]


def test_two_classes_are_told_how_many_were_found_and_missed():
    classes, cells = found_of(["benign", "malignant"], np.array([0, 1, 1, 0, 1]), np.array([0, 1, 0, 1, 1]))
    assert words_by_class(classes, cells) == [
        "Of 3 rows of 'malignant' 2 were found and 1 missed; of 2 of 'benign' 1 was taken for 'malignant'.",
        "Precision and recall: 0.500 and 0.500 of 'benign'; 0.667 and 0.667 of 'malignant'.",
    ]


def test_many_classes_are_folded_to_the_worst():
    true = np.arange(40).repeat(3)
    said = np.where(true == 7, 9, true)
    classes, cells = found_of([f"k{i}" for i in range(40)], true, said)
    assert confusion_lines(classes, cells) == []
    lines = words_by_class(classes, cells)
    assert lines[0] == "Of 40 classes least was found of these:" and lines[1].startswith(
        "'k7': of 3 rows 0 were"
    )
    assert lines[-1] == "Most often taken for another: 'k7' for 'k9' (3 of 3)." and len(lines) == 7


@given(st.integers(2, 12), st.integers(1, 60), st.integers(0, 9))
def test_a_confusion_counts_every_row_once(many, rows, seed):
    true, said = np.random.default_rng(seed).integers(0, many, (2, rows))
    classes, cells = found_of([str(i) for i in range(many)], true, said)
    assert sum(n for *_, n in cells) == rows == sum(each.rows for each in classes)
    assert sum(each.found for each in classes) == (true == said).sum()
    assert words_by_class(classes, cells)


def test_scores_are_plain_data():
    model = cr.TableModel.train(table(), "rare", epochs=5)
    found = json.loads(json.dumps(model.report.to_dict(), allow_nan=False))["scores"]
    of = found["metrics"]["auc"]
    assert of["network"] == model.report.scores.network["auc"] and len(of["linear_interval"]) == 2
    assert of["better_than_linear"] == list(model.report.scores.intervals["over_linear"]["auc"])
    assert sum(map(sum, found["confusion"]["counts"])) == found["rows"] == model.report.test_rows
    assert found["classes"][1]["label"] == "yes" and found["linear"] == "logistic regression"
    assert model.report.row_seconds > 0


def test_scores_of_older_files_are_read():
    old = {
        "rows": 4, "validation_rows": 0, "test_rows": 2, "notes": [], "stopped": "", "epochs": 1, "seconds": 1.0,
        "scores": {"rows": 2, "network": {"r2": 0.5}, "baseline": {"r2": 0.0}, "baseline_is": "the mean", "notes": []},
    }  # fmt: skip
    scores = report_from(old).scores
    assert scores == Scores(2, {"r2": 0.5}, {"r2": 0.0}, "the mean") and scores.surely_learned
    assert str(scores).splitlines()[1].split() == ["r2", "0.5000", "0.0000"]
    for spoil in (
        {"linear": {"mae": 1.0}},
        {"intervals": {"network": {"r2": [0.1]}}},
        {"confusion": [[0, 0, 3]]},
    ):
        with pytest.raises(cr.FileFormatError, match="report: "):
            report_from({**old, "scores": {**old["scores"], **spoil}})


def test_class_weights_are_those_of_scikit_learn():
    y = np.array([0] * 7 + [1] * 3)
    assert class_weights(BINARY, "balanced") == pytest.approx({0: 10 / (2 * 7), 1: 10 / (2 * 3)})
    assert class_weights(MULTI, {"b": 2}) == {0: 1.0, 1: 2.0, 2: 1.0}
    whole = Target("binary", ("y",), (0, 1), (0.5, 0.5))
    assert class_weights(whole, {"1": 5}) == class_weights(whole, {1: 5}) == {0: 1.0, 1: 5.0}
    assert len(y) == 10
    with pytest.raises(cr.DataError, match=r"names no class of 'y': 'yess'\. Did you mean 'yes'"):
        class_weights(BINARY, {"yess": 2})
    with pytest.raises(cr.DataError, match="this one holds numbers"):
        class_weights(NUMBERS, "balanced")
    with pytest.raises(cr.DataError, match=r"several labels\. threshold='best'"):
        class_weights(LABELS, "balanced")


def test_heavier_classes_are_found_more_often():
    frame = table(1000)
    plain = cr.TableModel.train(frame, "rare", epochs=40)
    weighed = cr.TableModel.train(frame, "rare", epochs=40, class_weight="balanced")
    assert weighed.report.scores.network["recall"] > plain.report.scores.network["recall"]
    heavy = cr.TableModel.train(frame, "rare", epochs=40, class_weight={"yes": 50})
    assert heavy.report.scores.network["recall"] >= weighed.report.scores.network["recall"]


def test_the_best_threshold_is_best_by_the_metric():
    truth = np.array([0] * 8 + [1] * 2)
    outputs = np.array([0.05] * 6 + [0.1, 0.35, 0.3, 0.4])[:, None]
    best, how = with_thresholds(BINARY, "best", rows=(truth, outputs))
    assert best.thresholds == (pytest.approx(0.2),) and how.startswith("That is best by f1 in 10 rows")
    scores = judge(best, truth, outputs)
    assert scores.network["recall"] == 1.0 and scores.network["precision"] == pytest.approx(2 / 3)
    assert scores.network["auc"] == judge(BINARY, truth, outputs).network["auc"]
    assert (
        scores.baseline == judge(BINARY, truth, outputs).baseline
    )  # the most frequent class goes on being it
    assert "'yes' is said above a probability of 0.2." in scores.notes
    by_accuracy, how = with_thresholds(BINARY, "best", "accuracy", (truth, outputs))
    assert "by accuracy" in how and judge(by_accuracy, truth, outputs).network["accuracy"] == pytest.approx(
        0.9
    )
    assert "by f1" in with_thresholds(BINARY, "best", "recall", (truth, outputs))[1]  # recall has no best one
    assert with_thresholds(BINARY, "best")[0] == BINARY


@settings(max_examples=25)
@given(st.integers(0, 1000), st.sampled_from(["f1", "accuracy", "balanced_accuracy"]))
def test_no_threshold_is_better_than_the_best(seed, name):
    random = np.random.default_rng(seed)
    truth, outputs = random.integers(0, 2, (2, 20)).astype(float).T.copy(), random.random((20, 2)).round(1)
    metric = metric_named(name)
    for target, y, p in ((LABELS, truth, outputs), (BINARY, truth[:, :1], outputs[:, :1])):
        found, _ = with_thresholds(target, "best", name, (y, p))
        assert len(found.thresholds) == target.width and len({*found.thresholds}) == 1
        best = metric(y, (p > found.thresholds[0]).astype(float))
        assert all(best >= metric(y, (p > t).astype(float)) for t in np.linspace(0.001, 0.999, 97))


def test_labels_have_one_threshold_which_is_better_in_new_rows_than_one_half_and_than_one_for_each():
    random = np.random.default_rng(0)
    target = Target("multilabel", tuple(map(str, range(12))), ("no", "yes"), (0.2,) * 12)
    shares = random.beta(1, 4, size=(4000, 12))
    shares[:, 4:] /= 6  # rare labels, of which few rows say nothing certain
    truth = (random.random(shares.shape) < shares).astype(float)
    known, new = slice(0, 300), slice(300, None)
    found, _ = with_thresholds(target, "best", (), (truth[known], shares[known]))

    def f1(thresholds):
        return metric_named("f1")(truth[new], (shares[new] > thresholds).astype(float))

    each = [
        with_thresholds(BINARY, "best", (), (truth[known][:, [i]], shares[known][:, [i]]))[0].thresholds[0]
        for i in range(12)
    ]
    assert f1(found.thresholds) > max(f1(0.5), f1(each))
    assert (
        judge(found, truth[new], shares[new])
        .notes[-1]
        .startswith("Each label is said above a probability of")
    )


def test_another_threshold_of_labels_is_told_where_it_finds_clearly_more():
    random = np.random.default_rng(0)
    shares = random.beta(1, 3, size=(300, 2))
    truth = (random.random(shares.shape) < shares).astype(float)
    told = about_another(LABELS, (truth, shares), "had not been seen")
    better = float(told.split("threshold=")[1].rstrip("."))
    f1 = metric_named("f1")
    found, usual = (f1(truth, (shares > t).astype(float)) for t in (better, 0.5))
    assert (
        f"Above {better:g} f1 would be {found:.3g} instead of {usual:.3g}, in 300 rows that had not" in told
    )
    assert found > usual + 0.01
    sure = np.where(truth > 0, 0.9, 0.1)  # the best is no better
    chosen = with_thresholds(LABELS, 0.5)[0]  # by the user
    assert about_another(LABELS, (truth, sure), "") == about_another(chosen, (truth, shares), "") == ""
    assert about_another(BINARY, (truth[:, :1], shares[:, :1]), "") == ""


def test_a_threshold_is_kept_and_used(tmp_path):
    frame = table()
    model = cr.TableModel.train(frame, "rare", epochs=20, threshold=0.2)
    model.save(tmp_path / "m.safetensors")
    loaded = cr.load(tmp_path / "m.safetensors")
    predicted = loaded.predict(frame)
    assert ((predicted["rare"] == "yes") == (predicted["probability_yes"] > 0.2)).all()
    found = loaded.evaluate(frame)
    assert found.network["recall"] == pytest.approx(
        (predicted["rare"] == "yes")[frame["rare"] == "yes"].mean()
    )
    assert "said above a probability of 0.2" in loaded.summary_text()
    best = cr.TableModel.train(frame, "rare", epochs=20, threshold="best", metric=["f1", "auc"])
    assert best.target.thresholds and any("best by f1" in note for note in best.report.scores.notes)
    for wrong, target, says in ((0.3, "x", "this target holds numbers"), (1.5, "rare", "threshold must be")):
        with pytest.raises(cr.DataError, match=says):
            cr.TableModel.train(frame, target, threshold=wrong)


def test_thresholds_of_a_file_fit_the_target():
    data = {**BINARY.to_dict(), "thresholds": [0.25]}
    assert Target.from_dict(data).thresholds == (0.25,)
    for wrong in ([0.2, 0.3], [0.0], [1.5]):
        with pytest.raises(cr.FileFormatError, match="target"):
            Target.from_dict({**data, "thresholds": wrong})
    with pytest.raises(cr.FileFormatError, match="target"):
        Target.from_dict({**MULTI.to_dict(), "thresholds": [0.5]})


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_the_first_metric_decides_which_epoch_was_best(engine):
    model = cr.TableModel.train(table(), "rare", epochs=30, metric=["f1", "auc"], engine=engine, refit=False)
    values, costs = model.history["val_f1"], model.history["val_cost"]
    best = max(range(len(values)), key=lambda i: (values[i], -costs[i]))
    assert model.history.best_epoch == best
    assert list(model.report.scores.network) == ["f1", "auc"]


def test_errors_are_watched_in_the_targets_units():
    frame = table().drop(columns="rare").assign(price=lambda t: 1000 + 300 * t["x"])
    model = cr.TableModel.train(frame, "price", epochs=3, metric="mape", refit=False)
    assert model.history["val_mape"][-1] < 1 and model.history["val_mape"][0] < 2
    (metric,), stopping = watching(NUMBERS, "r2", 5)
    assert metric.name == "r2" and stopping.monitor == "val_r2" and stopping.then_cost
    assert watching(BINARY, (), 5)[1].monitor is None
    own = lambda y, p: abs(y - p)  # noqa: E731
    assert watching(NUMBERS, own, 5) == ((), cr.EarlyStopping(5))  # nobody knows which way it is better


@given(st.integers(9, 300), st.floats(0.5, 0.9), st.integers(0, 99))
def test_intervals_hold_what_they_promise_of_the_rows_that_they_were_measured_on(rows, level, seed):
    random = np.random.default_rng(seed)
    truth, outputs = random.normal(size=(2, rows, 2))
    known = distances(NUMBERS, truth, outputs)
    for i, width in enumerate(widths(known, level)):
        far = np.abs(truth - outputs)[:, i] * NUMBERS.std[i]
        assert (far <= width * (1 + 1e-12)).mean() >= level


def test_as_many_distances_are_kept_as_suffice():
    random = np.random.default_rng(0)
    truth, outputs = random.normal(size=(2, 12_345, 2))
    known = distances(NUMBERS, truth, outputs)
    assert len(known.ranks) == 1000 and known.ranks[-1] == known.rows == 12_345
    exact = np.quantile(np.abs(truth - outputs) * NUMBERS.std, 0.9, axis=0)
    assert widths(known, 0.9) == pytest.approx(exact, rel=0.02)
    assert all(near >= far for near, far in zip(widths(known, 0.9), exact, strict=True))


def test_predictions_of_numbers_have_intervals(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    frame = pd.DataFrame({"x": x, "price": 3 * x + random.normal(size=600), "size": random.normal(size=600)})
    model = cr.TableModel.train(frame, ["price", "size"], epochs=30)
    model.save(tmp_path / "m.safetensors")
    loaded = cr.load(tmp_path / "m.safetensors")
    found = loaded.predict(frame[:5], interval=0.9)
    assert list(found) == ["price", "price_low", "price_high", "size", "size_low", "size_high"]
    pd.testing.assert_frame_equal(found, model.predict(frame[:5], interval=0.9))
    assert 2.5 < (found["price_high"] - found["price_low"]).iloc[0] < 5  # a normal deviation of 1: 3.3
    new = np.random.default_rng(1).normal(size=2000)
    truth = 3 * new + np.random.default_rng(2).normal(size=2000)
    of_new = loaded.predict(pd.DataFrame({"x": new}), interval=0.8)
    assert 0.7 < ((of_new["price_low"] <= truth) & (truth <= of_new["price_high"])).mean() < 0.9
    assert model.measured.rows == model.report.validation_rows + model.report.test_rows
    coverage = model.report.scores.coverage[0]
    assert (coverage.column, coverage.level, coverage.rows) == ("price", 0.9, 120) and coverage.held > 0.75
    held = cr.TableModel.train(frame, "price", recipe=True, hidden=(8,), epochs=5, test_fraction=0.5)
    beside = held.report.scores.coverage[0]  # each half of the test beside the other: it alone measures
    assert held.measured.rows == beside.rows == 300 and 0.8 < beside.held < 0.97
    low_high = held.predict(frame[:1], interval=0.9)
    assert beside.width == pytest.approx((low_high["price_high"] - low_high["price_low"])[0] / 2, rel=0.2)
    largest = r"needs 999 rows.*\nThe largest that they know is interval=0\.99"
    for level, says in ((0.999, largest), (1, "between 0 and 1")):
        with pytest.raises(cr.DataError, match=says):
            loaded.predict(frame, interval=level)


def test_what_has_no_intervals_says_so():
    frame = table()
    classes = cr.TableModel.train(frame, "rare", epochs=2)
    with pytest.raises(cr.DataError, match="the target holds classes"):
        classes.predict(frame, interval=0.9)
    tiny = cr.TableModel.train(frame[:8], "x", epochs=2, test_fraction=0)
    with pytest.raises(cr.DataError, match=r"was not measured .*\n.*test_fraction=0\.2"):
        tiny.predict(frame, interval=0.9)


def test_predictions_take_another_threshold():
    table, target = cr.load_table("breast_cancer")
    model = cr.TableModel.train(table, target, epochs=5)
    likely = model.predict(table)["probability_malignant"]
    said = model.predict(table, threshold=0.2)
    assert ((said[target] == "malignant") == (likely > 0.2)).all()
    assert model.evaluate(table, threshold=0.2).network["recall"] >= model.evaluate(table).network["recall"]
    for wrong in ("best", 1, 0, "0.3", True):
        with pytest.raises(cr.DataError, match="number between 0 and 1"):
            model.predict(table, threshold=wrong)
    with pytest.raises(cr.DataError, match="threshold is for two classes"):
        cr.TableModel.train("diabetes", epochs=1).predict(cr.load_table("diabetes")[0], threshold=0.3)


@pytest.mark.parametrize(("held", "told"), [(0.55, True), (0.72, True), (0.76, False), (0.95, False)])
def test_intervals_that_hold_too_few_are_told_of(held, told):
    coverage = Coverage("price", 0.9, 12.5, held, 30)  # three standard errors are 0.164
    scores = replace(cr.TableModel.train("diabetes", epochs=1).report.scores, coverage=(coverage,))
    assert ("That is too few: these rows are unlike those that were learned from" in str(scores)) is told
