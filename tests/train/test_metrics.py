"""Metrics: each is that of all rows and that of scikit-learn, in a fit, in an evaluation and on either engine."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as sk

import chainrule as cr
from chainrule.train import measures
from chainrule.train.metrics import AVERAGED, AVERAGES, METRICS, metric_named, resolve

CELLS = st.integers(0, 4).map(lambda k: k / 4)  # few values, so that many tie
WEIGHTS = st.sampled_from([0.25, 1.0, 3.0])
QUIET = pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn's, of what it counts 0


def same(found, wanted, rel=1e-9):
    assert found == pytest.approx(wanted, rel=rel, abs=rel)


@QUIET
@given(st.lists(st.tuples(st.integers(0, 1), CELLS, WEIGHTS), min_size=1, max_size=40))
def test_yes_or_no_is_measured_as_scikit_learn_does(rows):
    y, p, w = (np.array(column, float) for column in zip(*rows, strict=True))
    said, columns = p > 0.5, (y[:, None], p[:, None], w)
    weighted = {"sample_weight": w, "zero_division": 0.0}
    for average in ("", *AVERAGES):
        how = {"average": average or "binary", **weighted}
        same(measures.precision(*columns, average), sk.precision_score(y, said, **how))
        same(measures.recall(*columns, average), sk.recall_score(y, said, **how))
        same(measures.f1(*columns, average), sk.f1_score(y, said, **how))
    same(measures.balanced_accuracy(*columns), sk.balanced_accuracy_score(y, said, sample_weight=w))
    same(METRICS["accuracy"](*columns), sk.accuracy_score(y, said, sample_weight=w))
    same(METRICS["log_loss"](*columns), sk.log_loss(y, p, sample_weight=w, labels=[0, 1]))
    if y.any():
        same(measures.average_precision(*columns), sk.average_precision_score(y, p, sample_weight=w))
    if y.any() and not y.all():
        same(measures.auc(*columns), sk.roc_auc_score(y, p, sample_weight=w))


@QUIET
@given(st.lists(st.tuples(st.integers(0, 2), CELLS, CELLS, CELLS, WEIGHTS), min_size=2, max_size=40))
def test_classes_are_measured_as_scikit_learn_does(rows):
    y, w = np.array([r[0] for r in rows]), np.array([r[4] for r in rows])
    p = np.array([r[1:4] for r in rows]) + 0.5
    p /= p.sum(axis=1, keepdims=True)
    said = p.argmax(axis=1)
    for average in ("", *AVERAGES):
        how = {"average": average or "macro", "sample_weight": w, "zero_division": 0.0}
        same(measures.precision(y, p, w, average), sk.precision_score(y, said, **how))
        same(measures.recall(y, p, w, average), sk.recall_score(y, said, **how))
        same(measures.f1(y, p, w, average), sk.f1_score(y, said, **how))
    same(measures.balanced_accuracy(y, p, w), sk.balanced_accuracy_score(y, said, sample_weight=w))
    log_loss = resolve(["log_loss"], softmax=True)["log_loss"]
    same(log_loss(y, p, w), sk.log_loss(y, p, sample_weight=w, labels=[0, 1, 2]))
    if len(set(y)) == 3:
        for average in ("macro", "weighted", "micro"):
            wanted = sk.roc_auc_score(y, p, multi_class="ovr", average=average, sample_weight=w)
            same(measures.auc(y, p, w, average), wanted)
            same(
                measures.average_precision(y, p, w, average),
                sk.average_precision_score(y, p, average=average, sample_weight=w),
            )
        same(measures.auc(y, p, w), sk.roc_auc_score(y, p, multi_class="ovr", sample_weight=w))


@QUIET
@given(
    st.lists(st.tuples(st.integers(0, 1), CELLS, st.integers(0, 1), CELLS, WEIGHTS), min_size=1, max_size=20)
)
def test_several_answers_are_measured_as_scikit_learn_does(rows):
    y, p = np.array([[a, b] for a, _, b, _, _ in rows]), np.array([[a, b] for _, a, _, b, _ in rows])
    w = np.array([r[4] for r in rows])
    for average in ("", *AVERAGES):
        how = {"average": average or "micro", "sample_weight": w, "zero_division": 0.0}
        same(measures.precision(y, p, w, average), sk.precision_score(y, p > 0.5, **how))
        same(measures.recall(y, p, w, average), sk.recall_score(y, p > 0.5, **how))
        same(measures.f1(y, p, w, average), sk.f1_score(y, p > 0.5, **how))
    cells = y.ravel(), p.ravel() > 0.5
    same(
        measures.balanced_accuracy(y, p, w),
        sk.balanced_accuracy_score(*cells, sample_weight=np.repeat(w, 2)),
    )
    if y.any(axis=0).all() and not y.all(axis=0).any():
        same(measures.auc(y, p, w), sk.roc_auc_score(y, p, sample_weight=w))
        same(measures.average_precision(y, p, w), sk.average_precision_score(y, p, sample_weight=w))


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, WEIGHTS), min_size=2, max_size=20))
def test_numbers_are_measured_as_scikit_learn_does(rows):
    y, p = np.array([[a, b] for a, _, b, _, _ in rows]) + 1, np.array([[a, b] for _, a, _, b, _ in rows]) + 1
    w = np.array([r[4] for r in rows])
    same(measures.rmse(y, p, w), sk.root_mean_squared_error(y, p, sample_weight=w))
    same(METRICS["mae"](y, p, w), sk.mean_absolute_error(y, p, sample_weight=w))
    same(METRICS["mape"](y, p, w), sk.mean_absolute_percentage_error(y, p, sample_weight=w))
    if np.ptp(y, axis=0).all():
        same(measures.r2(y, p, w), sk.r2_score(y, p, sample_weight=w))


# --- in a network ---

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(83, 3))
NOISY = X[:, 0] + X[:, 1] * X[:, 2] + RANDOM.normal(size=83) / 2
W = RANDOM.uniform(0.1, 2, size=83)
TASKS = {
    "binary": (NOISY > 0.2, [cr.Dense(5, "tanh"), cr.Dropout(0.2), cr.Dense(1, "sigmoid")]),
    "classes": (np.digitize(NOISY, [-0.5, 0.5]), [cr.Dense(5, "tanh"), cr.Dense(3, "softmax")]),
    "two classes": ((NOISY > 0.2).astype(int), [cr.Dense(5, "tanh"), cr.Dense(2, "softmax")]),
    "labels": (np.stack([NOISY > 0, X[:, 1] < NOISY], axis=1), [cr.Dense(5, "tanh"), cr.Dense(2, "sigmoid")]),
    "number": (NOISY + 20, [cr.Dense(5, "tanh"), cr.Dense(1)]),
    "numbers": (np.stack([NOISY + 20, X[:, 1] - 9], axis=1), [cr.Dense(5, "tanh"), cr.Dense(2)]),
}
OF_CLASSES = [n for n, m in METRICS.items() if m.compares in ("classes", "probabilities")]
OF_YES_OR_NO = [
    n for n in OF_CLASSES if "categorical" not in n and n not in ("acc", "binary_accuracy", "roc_auc")
]
OF_NUMBERS = ["r2", "rmse", "mape", "mae", "mse"]


def network_of(task, **options):
    return cr.Network(TASKS[task][1], **{"seed": 0, "dtype": "float64", **options})


def by_scikit_learn(name, y, p, w):
    """What scikit-learn says of a metric that takes yes or no, or numbers."""
    y, p = np.asarray(y, float), p.reshape(np.shape(y))
    score = {
        "auc": sk.roc_auc_score, "average_precision": sk.average_precision_score, "log_loss": sk.log_loss,
        "r2": sk.r2_score, "rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error,
        "mse": sk.mean_squared_error, "mape": sk.mean_absolute_percentage_error,
    }.get(name)  # fmt: skip
    if score is not None:
        return score(y, p, sample_weight=w)
    of = {"f1": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score,
          "balanced_accuracy": sk.balanced_accuracy_score, "accuracy": sk.accuracy_score}  # fmt: skip
    return of[name](y, p > 0.5, sample_weight=w)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weight", [None, W])
def test_an_evaluation_is_that_of_scikit_learn_on_the_same_predictions(weight, dtype):
    for task, names in [
        ("binary", OF_YES_OR_NO),
        ("number", OF_NUMBERS),
    ]:
        y, network = TASKS[task][0], network_of(task, dtype=dtype)
        network.fit(X, y, epochs=4)
        found = network.evaluate(X, y, metrics=names, sample_weight=weight)
        p = network.predict(X)
        for name in names:
            same(found[name], by_scikit_learn(name, y, p, weight), 1e-12 if dtype == "float64" else 2e-6)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_recorded_of_validation_is_what_an_evaluation_gives(task):
    y, network = TASKS[task][0], network_of(task)
    names = OF_NUMBERS if task.startswith("number") else OF_YES_OR_NO
    history = network.fit(
        X[:50], y[:50], epochs=3, metrics=names, validation_data=(X[50:], y[50:], W[50:]),
        sample_weight=W[:50], callbacks=cr.EarlyStopping(50, restore_best=False),
    )  # fmt: skip
    found = network.evaluate(X[50:], y[50:], metrics=names, sample_weight=W[50:])
    assert list(found.keys()) == ["cost", *names]
    for name in names:
        same(history[f"val_{name}"][-1], found[name], 1e-12)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weight", [None, W, W * np.where(np.arange(83) % 2, 1, 1e-40)])
def test_what_is_recorded_of_an_epoch_is_that_of_all_its_rows(task, weight):
    """A step of 0 leaves the weights alone, so that all batches are predicted alike; the last one is smaller."""
    y = TASKS[task][0]
    layers = [layer for layer in TASKS[task][1] if not isinstance(layer, cr.Dropout)]
    network = cr.Network(layers, seed=0, dtype="float64")
    names = OF_NUMBERS if task.startswith("number") else OF_YES_OR_NO
    history = network.fit(
        X, y, epochs=3, batch_size=20, optimizer=cr.SGD(1e-300), metrics=names, sample_weight=weight
    )
    found = network.evaluate(X, y, metrics=names, sample_weight=weight)
    for name in names:
        for value in history[name]:
            same(value, found[name], 1e-9)


def test_the_engines_record_the_same_while_they_train():
    histories = []
    for engine in ("numpy", "native"):
        network = network_of("classes", engine=engine)
        histories.append(
            network.fit(
                X, TASKS["classes"][0], epochs=6, batch_size=16, metrics=["f1", "accuracy", "auc"], tol=0.0
            )
        )
    for name in ("cost", "f1", "accuracy", "auc"):
        same(histories[0][name], histories[1][name], 1e-6)
    assert len(set(histories[0]["auc"])) > 1


def test_a_batch_that_takes_in_what_is_left_is_counted_whole():
    network = cr.Network([cr.BatchNormalization(), cr.Dense(1, "sigmoid")], seed=0, engine="native")
    other = cr.Network([cr.BatchNormalization(), cr.Dense(1, "sigmoid")], seed=0, engine="numpy")
    y = NOISY[:81] > 0
    one, two = (
        n.fit(X[:81], y, epochs=3, batch_size=16, metrics=["auc", "accuracy"]) for n in (network, other)
    )
    same(one["auc"], two["auc"], 1e-6)
    same(one["accuracy"], two["accuracy"], 1e-6)


def test_one_that_nobody_asks_for_changes_no_bit():
    weights = []
    for metrics in ([], ["accuracy"], ["auc", "accuracy"]):
        network = network_of("binary", dtype="float32", engine="native")
        network.fit(X, TASKS["binary"][0], epochs=5, metrics=metrics)
        weights.append(network.parameters["W1"].tobytes())
    assert len(set(weights)) == 1


def test_training_stops_at_the_best_auc():
    y, network = TASKS["binary"][0], network_of("binary")
    history = network.fit(
        X, y, epochs=60, metrics="auc", validation_split=0.4, callbacks=cr.EarlyStopping(9, monitor="val_auc"),
        optimizer=cr.Adam(0.05),
    )  # fmt: skip
    assert history.best_epoch == int(np.argmax(history["val_auc"])) == history.epochs - 10
    assert history["val_auc"][history.best_epoch] > min(history["val_auc"])


@pytest.mark.parametrize("monitor", ["auc", "f1_macro", "rmse"])
def test_a_measure_of_the_training_rows_can_be_watched(monitor):
    task = "number" if monitor == "rmse" else "binary"
    y, network = TASKS[task][0], network_of(task, engine="native")
    history = network.fit(X, y, epochs=20, metrics=monitor, callbacks=cr.EarlyStopping(3, monitor=monitor))
    best = np.argmin if monitor == "rmse" else np.argmax
    assert history.best_epoch == int(best(history[monitor]))


MONITORS = ["val_acc", "Val_Accuracy", "val_binary_accuracy", "VAL_LOSS", "loss", "acc", "val_log_loss"]


@pytest.mark.parametrize("monitor", MONITORS)
def test_what_is_watched_is_found_by_any_name_of_it(monitor):
    history = network_of("binary").fit(
        X, TASKS["binary"][0], epochs=3, metrics=["accuracy", "log_loss"], validation_split=0.3,
        callbacks=cr.EarlyStopping(1, monitor=monitor),
    )  # fmt: skip
    assert history.best_epoch is not None


def test_checked_code_leaves_the_outputs_where_they_belong(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    network, y = network_of("classes", engine="native"), TASKS["classes"][0]
    history = network.fit(X, y, epochs=3, batch_size=20, optimizer=cr.SGD(1e-300), metrics=["f1", "auc"])
    found = network.evaluate(X, y, metrics=["f1", "auc"])
    same(history["f1"], [found["f1"]] * 3)
    same(history["auc"], [found["auc"]] * 3)


def test_lbfgs_records_them_too():
    network = network_of("number")
    history = network.fit(X, TASKS["number"][0], optimizer="lbfgs", epochs=20, metrics=["r2", "mae"])
    same(history["r2"][-1], network.evaluate(X, TASKS["number"][0], metrics="r2")["r2"], 1e-9)


# --- which way is better, and what has no value ---


def test_each_says_which_way_is_better():
    larger = {n for n, m in METRICS.items() if m.larger_is_better}
    smaller = {"log_loss", "rmse", "mae", "mape", "mse", "binary_crossentropy", "categorical_crossentropy"}
    assert {
        "accuracy",
        "f1",
        "precision",
        "recall",
        "auc",
        "average_precision",
        "balanced_accuracy",
        "r2",
    } <= larger
    assert not smaller & larger
    assert metric_named("recall_weighted").larger_is_better and metric_named("accuracy_micro") is None
    assert all(
        metric_named(f"{name}_{average}").average == average for name in AVERAGED for average in AVERAGES
    )


ZEROS, ONES = np.zeros(83), np.ones(83)
NO_VALUE = [
    ("binary", ZEROS, "auc", "every row is no (0)"),
    ("binary", ONES, "auc", "every row is yes (1)"),
    ("binary", ZEROS, "recall", "no row is yes"),
    ("binary", ZEROS, "average_precision", "no row is yes"),
    ("classes", np.full(83, 2), "auc", "every row is of class 2"),
    ("labels", np.stack([ZEROS, NOISY > 0], axis=1), "auc", "every row of column 0 is no"),
    ("number", ONES * 7, "r2", "every number is 7"),
    ("numbers", np.stack([NOISY, ONES * 7], axis=1), "r2", "every number of column 1 is 7"),
    ("number", np.where(np.arange(83) == 4, 0, NOISY), "mape", "the target of row 4 is 0"),
]


@pytest.mark.parametrize(("task", "y", "metric", "says"), NO_VALUE)
def test_what_has_no_value_is_told_before_anything_is_done(task, y, metric, says):
    network = network_of(task, input_shape=3)
    before = network.parameters["W1"].tobytes()
    for ask in (
        lambda: network.evaluate(X, y, metrics=metric),
        lambda: network.fit(X, y, metrics=[metric]),
        lambda: network.fit(X, TASKS[task][0], metrics=[metric], validation_data=(X, y)),
    ):
        with pytest.raises(cr.DataError) as caught:
            ask()
        assert says in str(caught.value) and metric in str(caught.value)
    assert network.parameters["W1"].tobytes() == before


def test_rows_that_weigh_nothing_leave_no_value():
    y = TASKS["binary"][0]
    for metric, weight in (("auc", y == 1), ("recall", y == 0)):
        with pytest.raises(cr.DataError, match="has no value for y, where"):
            network_of("binary", input_shape=3).evaluate(X, y, metrics=metric, sample_weight=weight)
    numbers = network_of("number", input_shape=3)
    with pytest.raises(cr.DataError, match="every number is 7"):
        numbers.evaluate(
            X, np.where(np.arange(83) < 4, 9.0, 7.0), metrics="r2", sample_weight=np.arange(83) > 3
        )
    zero = np.where(np.arange(83) == 4, 0, NOISY)
    assert np.isfinite(numbers.evaluate(X, zero, metrics="mape", sample_weight=np.arange(83) != 4)["mape"])


@pytest.mark.parametrize("metric", [n for n, m in METRICS.items() if m.lacks])
def test_no_rows_have_no_value(metric):
    for task in ("number",) if METRICS[metric].compares == "numbers" else ("binary", "classes", "labels"):
        with pytest.raises(cr.DataError, match="There are no rows to evaluate"):
            network_of(task, input_shape=3).evaluate(X[:0], TASKS[task][0][:0], metrics=metric)


MISFITS = [
    ("number", "auc", "The metric 'auc' compares classes"),
    ("number", "log_loss", "log_loss compares probabilities"),
    ("binary", "F1_Macroo", "Averages of it are called f1_micro, f1_macro and f1_weighted"),
    ("classes", "r2", "compares numbers, and this network gives the probabilities of classes"),
    ("binary", "presicion", "Did you mean 'precision'"),
    (
        "binary",
        "f1_marco",
        "Unknown metric 'f1_marco'. Averages of it are called f1_micro, f1_macro and f1_weighted.",
    ),
]


@pytest.mark.parametrize(("task", "metric", "says"), MISFITS)
def test_what_makes_no_sense_is_refused(task, metric, says):
    with pytest.raises(cr.ChainruleError, match=says):
        network_of(task).fit(X, TASKS[task][0], metrics=metric)


@pytest.mark.parametrize(
    ("typed", "meant"), [("AUC", "auc"), ("F1_Macro", "f1_macro"), ("f1_score", "f1"), ("R2", "r2")]
)
def test_names_are_taken_in_any_case_and_as_scikit_learn_has_them(typed, meant):
    task = "number" if meant == "r2" else "binary"
    assert meant in network_of(task).fit(X, TASKS[task][0], epochs=1, metrics=typed)


def test_a_linear_output_is_no_probability():
    network = cr.Network([cr.Dense(1)], seed=0)
    with pytest.raises(cr.GraphError, match="log_loss compares probabilities, and this network ends with"):
        network.fit(X, TASKS["binary"][0], loss="mse", metrics="log_loss")


# --- one's own ---


def test_a_function_of_scikit_learn_is_told_what_to_write():
    network = network_of("binary")
    with pytest.raises(cr.GraphError) as caught:
        network.fit(X, TASKS["binary"][0], metrics=[sk.f1_score])
    assert "metrics=['f1']" in str(caught.value) and "cr.Metric(f1_score)" in str(caught.value)
    with pytest.raises(cr.GraphError, match=r"To use it write metrics=\[cr.Metric\(matthews_corrcoef\)\]"):
        network.fit(X, TASKS["binary"][0], metrics=[sk.matthews_corrcoef])


@pytest.mark.parametrize("task", ["binary", "classes"])
@pytest.mark.parametrize("weight", [None, W])
def test_functions_of_whole_arrays_can_be_metrics(task, weight):
    y, network = TASKS[task][0], network_of(task)
    wanted = [
        cr.Metric(sk.matthews_corrcoef, classes=True),
        cr.Metric(sk.accuracy_score, classes=True, name="right"),
    ]
    history = network.fit(
        X, y, epochs=3, metrics=["accuracy", *wanted], sample_weight=weight, validation_split=0.3
    )
    same(history["right"], history["accuracy"])
    same(history["val_right"], history["val_accuracy"])
    found = network.evaluate(X, y, metrics=wanted, sample_weight=weight)
    classes = network.predict_classes(X)
    same(found["matthews_corrcoef"], sk.matthews_corrcoef(y, classes, sample_weight=weight))
    with pytest.raises(cr.GraphError, match="'report' returned 'fine'; expected a number"):
        network.evaluate(X, y, metrics=cr.Metric(lambda y, p: "fine", name="report"))


def test_one_of_your_own_that_fails_leaves_a_network_that_can_be_used():
    network = network_of("number", engine="native")

    def fails(y, p):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        network.fit(X, TASKS["number"][0], epochs=3, metrics=[cr.Metric(fails)])
    assert network.fit(X, TASKS["number"][0], epochs=1).epochs == 1


def test_a_share_of_nothing_counts_0():
    """As in scikit-learn: nothing is predicted, or nothing is there to be found."""
    network = cr.Network([cr.Dense(1, "sigmoid", initializer="zeros")], seed=0, input_shape=3)  # p is 0.5: no
    found = network.evaluate(
        X, TASKS["binary"][0], metrics=["precision", "recall", "f1", "balanced_accuracy"]
    )
    assert [found[name] for name in ("precision", "recall", "f1", "balanced_accuracy")] == [0, 0, 0, 0.5]
    assert network.evaluate(X, ZEROS, metrics=["precision", "f1"])["f1"] == 0


def test_an_evaluation_does_not_unpack_into_names():
    network = network_of("binary", input_shape=3)
    y = TASKS["binary"][0]
    for wrong in (
        lambda: (lambda cost, accuracy: 0)(*network.evaluate(X, y)),
        lambda: list(network.evaluate(X, y)),
        lambda: [name for name in network.evaluate(X, y)],  # noqa: C416
    ):
        with pytest.raises(cr.UnsupportedError) as caught:
            wrong()
        assert "cost, accuracy = network.evaluate(X, y).values()" in str(caught.value)
        assert "network.evaluate(X, y)['accuracy']" in str(caught.value)
    cost, accuracy = network.evaluate(X, y).values()
    found = network.evaluate(X, y)
    assert found["cost"] == found["loss"] == cost and found.get("accuracy") == accuracy
    plain = {"cost": cost, "accuracy": accuracy}
    assert found == plain == dict(found) == {**found} == found | {} == json.loads(json.dumps(found))
    assert found.keys() == plain.keys() and len(found) == 2 and "accuracy" in found and "auc" not in found
    assert list(found.items()) == list(plain.items())
    assert pd.Series(found).to_dict() == pd.DataFrame([found, found]).iloc[0].to_dict() == plain
    for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found and type(twin) is type(found)
    assert repr(found) == repr(plain)
    with pytest.raises(KeyError, match=r"acuracy.*Did you mean 'accuracy'"):
        found["acuracy"]


def test_they_go_into_a_log_and_into_json(tmp_path):
    network = network_of("binary")
    log = cr.CSVLog(tmp_path / "log.csv")
    network.fit(X, TASKS["binary"][0], epochs=2, metrics=["auc", "f1"], callbacks=[log])
    assert (tmp_path / "log.csv").read_text().startswith("epoch,cost,auc,f1\n1,")
    assert set(json.loads(json.dumps(network.evaluate(X, TASKS["binary"][0], metrics="auc")))) == {
        "cost",
        "auc",
    }


@settings(max_examples=15)
@given(st.integers(1, 9), st.integers(1, 40))
def test_an_epoch_that_is_stopped_within_is_that_of_the_rows_it_had(size, budget):
    """An interrupted epoch is recorded of what it had: the engine asks after each call whether to stop."""
    network = network_of("binary", engine="native")
    history = network.fit(
        X, TASKS["binary"][0], epochs=50, batch_size=size, metrics=["auc"], time_budget=budget / 1e4
    )
    assert all(0 <= value <= 1 for value in history["auc"]) and len(history["auc"]) == history.epochs
