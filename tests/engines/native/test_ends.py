"""The ends of epochs in machine code: validation, the rule that ends a run, the best state, to the bits of Python."""

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.native.run.running import Running
from chainrule.engines.stopping import Stopping
from chainrule.graph.closed import Program
from chainrule.train.fit import descent

pytest.importorskip("llvmlite")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4))
NUMBERS, CLASSES = np.tanh(X[:, 0]) + 0.1 * RANDOM.normal(size=90), (X[:, 0] > 0) + (X[:, 1] > 0.8)
PATIENT = cr.EarlyStopping(patience=4)
CASES = {
    "validation": {"validation_split": 0.2},
    "patience": {"validation_split": 0.2, "callbacks": PATIENT, "optimizer": cr.Adam(0.05)},
    "tol": {"tol": 1e-3},
    "tol beside validation": {"tol": 1e-3, "validation_split": 0.3, "metrics": ["mae"]},
    "the cost of training": {"callbacks": cr.EarlyStopping(patience=2, min_delta=1e-3)},
    "a metric": {
        "validation_split": 0.2,
        "metrics": ["r2", "mae"],
        "callbacks": cr.EarlyStopping("val_mae", patience=3),
    },
    "weights": {"sample_weight": RANDOM.random(90), "validation_split": 0.2, "callbacks": PATIENT},
    "one batch": {"validation_split": 0.2, "batch_size": None, "callbacks": PATIENT},
    "it diverges": {"validation_split": 0.2, "optimizer": cr.SGD(5.0)},
    "later": {"validation_split": 0.2, "optimizer": cr.SGD(0.9), "epochs": 300},
}


def outcome(options, y, dtype, units):
    output = cr.Dense(3, "softmax") if y is CLASSES else cr.Dense(1)
    layers = [cr.Dense(n, "relu", regularizer="l2") for n in units]
    network = cr.Network([*layers, output], seed=3, engine="native", dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = network.fit(X, y, **{"epochs": 80, "batch_size": 16} | options)
    values = [value.tobytes() for value in network.parameters.values()]
    return repr(dict(history)), history.stopped, history.best_epoch, values


@pytest.mark.parametrize("case", CASES)
def test_they_are_those_of_python(case, monkeypatch):
    options = CASES[case]
    kinds = [(NUMBERS, "float32", (6,)), (NUMBERS, "float64", (5, 3))]
    kinds += [(CLASSES, "float32", (6, 4))] * ("metrics" not in options)
    first = [outcome(options, *kind) for kind in kinds]
    again = [outcome(options, *kind) for kind in kinds]  # which is known to be short, and done in one
    used = []
    monkeypatch.setattr(Running, "_ends_by_numbers", lambda run: used.append(run))
    monkeypatch.setattr(descent, "_is_short", lambda run: False)
    assert first == again == [outcome(options, *kind) for kind in kinds] and used


def test_what_asks_python_is_left_to_it(monkeypatch):
    made = []
    begins = Running._ends_by_numbers
    monkeypatch.setattr(Running, "_ends_by_numbers", lambda run: [made.append(begins(run)), made[-1]][1])
    outcome(
        {"validation_split": 0.2, "optimizer": cr.Adam(cr.ReduceOnPlateau(0.01))}, NUMBERS, "float32", (3,)
    )
    assert made and all(ends is None for ends in made)
    outcome({"validation_split": 0.2}, NUMBERS, "float32", (3,))
    assert made[-1] is not None


def test_who_looks_after_the_ends_otherwise_is_asked():
    class Counted(Epochs):
        def end(self, state, epochs, validation, whole=True):
            return "enough" if len(epochs) == 7 else ""

    x, w = cr.input("x", ("batch", 1), "float64"), cr.variable(1.0, name="w")
    cost = (x * w).mean()
    program = Program((x,), (w,), (cost,), (w - 0.01,))
    rows = np.tile(np.arange(4), (30, 1))
    for _ in range(2):
        asked = Counted([np.array(1.0)], [np.ones((4, 1))], rows, Batches(2), Stopping(keep_best=True))
        found = build(program, "native").run(asked)
        assert found.stopped == "enough" and len(found.epochs) == 7
