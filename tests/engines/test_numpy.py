"""The NumPy engine: a step is the evaluator's, and a run stops, keeps and lowers by its rule."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.numpy import NumpyExecutable, compile_program, write_source
from chainrule.engines.stopping import Progress, Stopping
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import evaluate
from chainrule.graph.primitives import primitive as row

# A program whose cost an epoch is read from a table: with one example a batch, costs are what the rows say.
X = cr.input("x", ("n",))
COUNT = cr.variable(0.0, name="count")
SCALE = cr.variable(1.0, name="scale")
READER = compile_program(Program((X,), (COUNT, SCALE), (np.mean(X), -np.mean(X)), (COUNT + 1, SCALE)))


def run(costs, progress=None, **rule):
    """Run one epoch of one step for each cost."""
    table, rows = [np.array(costs, dtype=float)], np.arange(len(costs))[:, None]
    state = [np.array(0.0), np.array(1.0)]
    return READER.run(Epochs(state, table, rows, Batches(1), Stopping(**rule), progress or Progress()))


# --- a step ---


def test_a_step_computes_what_the_evaluator_does():
    rng = np.random.default_rng(0)
    x, w = cr.input("x", ("n", 3)), cr.variable(rng.normal(size=(3, 2)), name="w")
    h = np.tanh(x @ w)
    outputs = [np.mean(h**2), np.concatenate([h, h * 2], axis=1), h[:, ::-1], x[:, None, :], np.mean(x)]
    outputs += [cr.grad(outputs[0], w), np.max(h, axis=0), cr.softmax(h), np.where(h > 0, h, 0)]
    engine = compile_program(Program((x,), (w,), tuple(outputs), (w - 0.1 * outputs[5],)))
    for n in (1, 4):
        batch = rng.normal(size=(n, 3))
        (new,), found = engine.step([w.value], [batch])
        values = evaluate([*outputs, w - 0.1 * outputs[5]], {x: batch})
        for node, value in zip(outputs, found, strict=True):
            np.testing.assert_allclose(value, values[node], rtol=1e-14)
        np.testing.assert_allclose(new, w.value - 0.1 * values[outputs[5]], rtol=1e-14)


def test_the_source_is_readable_and_frees_what_nothing_needs():
    x = cr.input("x", ())
    source, _ = write_source(Program((x,), (), (np.exp(np.exp(np.exp(x))),), ()))
    assert source.splitlines()[:4] == ["def step(state, batch, lengths):", "    v0 = batch[0]", "    v1 = exp_1(v0)",
                                       "    del v0"]  # fmt: skip


HOSTILE = "__import__('os').system('touch ran')"
NAMES = [
    "cube", "x³", "ﬁ", "a b", "o'clock", 'say "x"', "two\nlines", "{0}", "{0.__class__}", "}{", "lambda", "v0", "é%s\\",
    f"f({HOSTILE})#", f"{HOSTILE}\n", "\t", "x" * 5000, "𝑓", "\0", "]]", "; import os", "None",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_names_are_never_read_as_code(name, engine, monkeypatch, tmp_path):
    """Of primitives, inputs, variables, steps and open axes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(row, "TABLE", dict(row.TABLE))
    cube = cr.primitive(name, lambda x: x * x * x, lambda y, x: [3 * x * x])
    x, w = cr.input(name, (name or "n", 2)), cr.variable([1.0, 2.0], name=name)
    J = np.mean(cube(x * w).named(name).reshape(x.shape[0], 1, -1))
    step = cr.compile([J, cr.grad(J, w)], inputs=[x], engine=engine)
    values, slope = np.array([[1.0, 2.0], [3.0, 4.0]]), cr.grad(J, w)
    run = cr.trace([J, slope], {x: values})
    for found, node in zip(step(values), [J, slope], strict=True):
        np.testing.assert_allclose(found, run[node], rtol=1e-14)
    for stage in ("graph", "source") if engine == "numpy" else ("graph", "fusion", "ir"):
        assert step.show(stage)
    assert str(J) and J._repr_latex_() and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "attributes",
    [{f"a={HOSTILE})#": cr.input("x", ("n",)).shape[0]}, {"axis": HOSTILE}, {HOSTILE: 1}, {"x\ny": (1,)}],
)
def test_attributes_are_never_read_as_code(attributes, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    x = cr.input("x", ("n",))
    node = cr.Node(row.TABLE["add"], (x, x), attributes, x.shape, x.dtype)
    with pytest.raises((TypeError, cr.ChainruleError)):
        compile_program(Program((x,), (), (node,), ())).step([], [np.ones(2)])
    assert list(tmp_path.iterdir()) == []


def test_a_step_warns_of_nothing_and_pickles():
    x = cr.input("x", ())
    engine = pickle.loads(pickle.dumps(compile_program(Program((x,), (), (np.log(x), 1 / x), ()))))
    assert isinstance(engine, NumpyExecutable)
    assert [float(v) for v in engine.step([], [np.array(0.0)])[1]] == [-np.inf, np.inf]


# --- a run ---


def test_an_epoch_is_the_mean_of_its_batches_and_the_last_batch_may_be_smaller():
    table, rows = [np.array([1.0, 2.0, 3.0, 4.0, 10.0])], np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(2)))
    assert found.epochs == [[5.0, -5.0], [(7 + 2.5 + 1) / 3, -(7 + 2.5 + 1) / 3]]
    assert found.state[0] == 6 and found.stopped == "" and found.failure is None
    assert len(found.seconds) == 2 and found.seconds == sorted(found.seconds)


@pytest.mark.parametrize(
    ("costs", "rule", "epochs", "stopped"),
    [
        ([5, 4, 3, 2], {"patience": 1}, 4, ""),
        ([5, 4, 4, 4, 4], {"patience": 2}, 4, "patience"),
        ([5, 4, 4, 3.9, 4, 4], {"patience": 2}, 6, "patience"),
        ([5, 4.9, 4.8, 4.7], {"patience": 2, "min_delta": 0.15}, 4, ""),
        ([5, 4.95, 4.9, 4.85], {"patience": 2, "min_delta": 0.2}, 3, "patience"),
        ([1, 2, 3, 3, 3], {"patience": 2, "larger_is_better": True}, 5, "patience"),
        ([1, 2, 3, 3, 3], {"patience": 2, "monitor": 1}, 5, "patience"),
        ([5, 4.95, 4.9, 4.85], {"tol": (0.1, 2)}, 3, "tol"),
        ([5, 4.8, 4.6, 4.4], {"tol": (0.1, 2)}, 4, ""),
        ([5, 6, 6, 4], {"tol": (0.1, 2)}, 3, "tol"),
        ([5, 5, 5], {}, 3, ""),
    ],
)
def test_when_a_run_stops(costs, rule, epochs, stopped):
    found = run(costs, **rule)
    assert (len(found.epochs), found.stopped) == (epochs, stopped)


def test_the_best_state_is_kept_with_its_epoch():
    progress = Progress()
    found = run([5, 3, 4, 3], progress, keep_best=True)
    assert (progress.best, progress.best_epoch, progress.waited) == (3.0, 1, 2)
    assert progress.best_state[0] == 2 and found.state[0] == 4  # the state after the epoch that was best
    unkept = Progress()
    run([5, 3], unkept)
    assert unkept.best_epoch == 1 and unkept.best_state == []


def test_progress_goes_on_where_callbacks_split_a_run():
    whole, split = Progress(), Progress()
    together = run([5, 4, 4, 4, 4], whole, patience=2)
    parts = [run([c], split, patience=2) for c in [5, 4, 4, 4]]
    assert [p.stopped for p in parts] == ["", "", "", "patience"] and together.stopped == "patience"
    assert (whole.best, whole.best_epoch, whole.epochs_done) == (
        split.best,
        split.best_epoch,
        split.epochs_done,
    )


def test_a_plateau_lowers_the_scale_down_to_the_smallest():
    found = run([5, 5, 5, 5, 5, 5, 5], plateau=(1, 0.1, 2, 0.05))
    assert found.state[1] == 0.05 and found.state[1].dtype == np.float64
    assert run([5, 5, 5], plateau=(1, 0.1, 2, 0.0)).state[1] == pytest.approx(0.1)
    assert run([5, 4, 3, 2, 1], plateau=(1, 0.1, 1, 0.0)).state[1] == 1.0


def test_what_is_monitored_may_come_from_validation():
    scores, progress = iter([3.0, 1.0, 2.0, 2.0]), Progress()
    found = run([9, 8, 7, 6], progress, validate=lambda state: [0.0, next(scores)], on_validation=True, monitor=1,
                patience=2)  # fmt: skip
    assert found.validation == [[0.0, 3.0], [0.0, 1.0], [0.0, 2.0], [0.0, 2.0]]
    assert (progress.best_epoch, found.stopped) == (1, "patience")


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_cost_that_is_not_finite_ends_the_run_and_says_where(broken):
    table, rows = [np.array([1.0, 2.0, 3.0, broken, 5.0])], np.array([[0, 1, 2], [4, 3, 0]])
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(1)))
    assert found.stopped == "diverged" and found.failure is not None
    failure = found.failure
    assert (failure.epoch, failure.step, failure.rows.tolist(), failure.before_rows.tolist()) == (
        1,
        1,
        [3],
        [4],
    )
    assert failure.before[0] == 3 and found.state[0] == 4  # before the last good step, and after it
    assert found.epochs == [[2.0, -2.0]] and len(found.seconds) == 1


def test_a_run_that_fails_at_its_first_step_has_nothing_before_it():
    found = run([np.nan, 1.0])
    assert found.failure is not None and found.failure.before_rows.size == 0
    assert found.failure.before[0] == found.state[0] == 0 and found.epochs == []


def test_a_poll_stops_between_steps_and_keeps_what_was_done(monkeypatch):
    monkeypatch.setattr("chainrule.engines.epochs.POLL_SECONDS", -1.0)
    asked = iter(["", "", "interrupted"])
    table, rows = [np.array([1.0, 2.0, 6.0, 100.0])], np.array([[0, 1, 2, 3]] * 3)
    stopping = Stopping(poll=lambda: next(asked) or None)
    found = READER.run(Epochs([np.array(0.0), np.array(1.0)], table, rows, Batches(1), stopping))
    assert found.stopped == "interrupted" and found.epochs == [[3.0, -3.0]] and found.state[0] == 3


def test_a_run_changes_neither_the_state_nor_the_table_it_was_given():
    state, table = [np.array(0.0), np.array(1.0)], [np.array([1.0, 2.0])]
    READER.run(
        Epochs(state, table, np.array([[0, 1], [1, 0]]), Batches(2), Stopping(plateau=(1, 0.5, 1, 0.0)))
    )
    assert state[0] == 0 and state[1] == 1 and table[0].tolist() == [1.0, 2.0]
