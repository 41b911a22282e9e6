"""The executable: a step and a run behave as the NumPy engine's, whatever they are given and however they end."""

import gc
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.native.run.executable import NativeExecutable
from chainrule.engines.stopping import Progress, Stopping
from chainrule.errors import DataError, ShapeError
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable
from chainrule.graph.primitives import primitive as row

# A program whose cost an epoch is read from a table: with one example a batch, costs are what the rows say.
X = input("x", ("n",))
COUNT, SCALE = variable(0.0, "count"), variable(1.0, "scale")
READER = Program((X,), (COUNT, SCALE), (np.mean(X), -np.mean(X)), (COUNT + 1, SCALE))
START = (np.array(0.0), np.array(1.0))


def both():
    return build(READER, "numpy"), build(READER, "native")


def run(executable, costs, progress=None, **rule):
    """Run one epoch of one step for each cost."""
    table, rows = [np.array(costs, dtype=float)], np.arange(len(costs))[:, None]
    return executable.run(Epochs(START, table, rows, Batches(1), Stopping(**rule), progress or Progress()))


def assert_runs_agree(found, wanted):
    assert len(found.epochs) == len(wanted.epochs) == len(found.seconds) == len(wanted.seconds)
    np.testing.assert_allclose(
        np.reshape(found.epochs, (-1, 2)), np.reshape(wanted.epochs, (-1, 2)), rtol=1e-14
    )
    assert found.validation == wanted.validation and found.stopped == wanted.stopped
    assert (np.diff(found.seconds) >= 0).all()
    for a, b in zip(found.state, wanted.state, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.asarray(b).dtype
    assert (found.failure is None) == (wanted.failure is None)


# --- a step ---


def small_step():
    """Return a program with a state, an input of rows and one that is transposed within."""
    x, w = input("x", ("n", 3)), variable(np.arange(6.0).reshape(3, 2), "w")
    h = np.tanh(x @ w)
    return Program((x,), (w,), (h, np.sum(h)), (w - 0.1 * cr.grad(np.sum(h), w),))


def test_it_pickles_with_what_it_computes():
    executable = build(small_step(), "native")
    again = pickle.loads(pickle.dumps(executable))
    assert isinstance(again, NativeExecutable) and again is not executable
    state, batch = [np.ones((3, 2))], [np.random.default_rng(0).normal(size=(5, 3))]
    for a, b in zip(executable.step(state, batch), again.step(state, batch), strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other)


def test_threads_may_step_at_the_same_time():
    executable, numpy = build(small_step(), "native"), build(small_step(), "numpy")
    rng = np.random.default_rng(0)
    tasks = [([rng.normal(size=(3, 2))], [rng.normal(size=(n, 3))]) for n in rng.integers(0, 300, 200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda t: executable.step(*t), tasks))
    for (new, out), task in zip(found, tasks, strict=True):
        wanted_new, wanted_out = numpy.step(*task)
        np.testing.assert_allclose(new[0], wanted_new[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(out[0], wanted_out[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "given",
    [
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x[::-1][::-1],
        lambda x: np.ascontiguousarray(x.T).T,
        lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float64).reshape(x.shape),
        lambda x: x.astype(x.dtype.newbyteorder()),
        lambda x: np.broadcast_to(x, (1, *x.shape))[0],
    ],
    ids=[
        "columns first",
        "every other row",
        "reversed twice",
        "transposed",
        "unaligned",
        "other endian",
        "read-only",
    ],
)
def test_arrays_may_lie_as_they_like(given):
    executable, numpy = build(small_step(), "native"), build(small_step(), "numpy")
    rng = np.random.default_rng(1)
    w, x = rng.normal(size=(3, 2)), rng.normal(size=(7, 3))
    (new,), out = executable.step([given(w)], [given(x)])
    (wanted,), wanted_out = numpy.step([w], [x])
    np.testing.assert_allclose(new, wanted, rtol=1e-13)
    np.testing.assert_allclose(out[0], wanted_out[0], rtol=1e-13)


def test_a_primitive_may_be_called_like_a_step_of_the_engine(monkeypatch):
    monkeypatch.setattr(row, "TABLE", dict(row.TABLE))
    double = cr.primitive("copy", lambda x: x + x, lambda y, x: [2])
    x = input("x", (3,))
    found = build(Program((x,), (), (double(x), double(x.T)), ()), "native").step([], [np.arange(3.0)])[1]
    assert [y.tolist() for y in found] == [[0, 2, 4]] * 2


def test_single_numbers_may_be_numpy_scalars():
    x, w = input("x", ()), variable(2.0, "w")
    (new,), (out,) = build(Program((x,), (w,), (x * w,), (w + x,)), "native").step(
        [np.float64(3)], [np.float64(4)]
    )
    assert (new, out) == (7, 12) and isinstance(new, np.ndarray)


@pytest.mark.parametrize(
    ("state", "batch", "says"),
    [
        ((3, 2), [(7, 4), (7,)], r"'x' has shape \(7, 4\); expected \(n, 3\), n = 7"),
        ((3, 2), [(7, 3), (6,)], r"'y' has shape \(6,\); expected \(n,\), n = 7"),
        ((3, 2), [(7,), (7,)], r"'x' has shape \(7,\)"),
        ((3, 2), [(), (7,)], r"'x' has shape \(\)"),
        ((3, 1), [(7, 3), (7,)], r"'w' has shape \(3, 1\); expected \(3, 2\)"),
    ],
)
def test_code_is_given_no_array_of_another_shape(state, batch, says):
    x, y, w = input("x", ("n", 3)), input("y", ("n",)), variable(np.ones((3, 2)), "w")
    cost = np.mean(np.mean((x @ w) ** 2, axis=1) * y)
    executable = build(Program((x, y), (w,), (cost,), (w - 0.1 * cr.grad(cost, w),)), "native")
    table, values = [np.ones(s) for s in batch], [np.ones(state)]
    with pytest.raises(ShapeError, match=says):
        executable.step(values, table)
    with pytest.raises(ShapeError, match=says):
        executable.run(Epochs(values, table, np.arange(7)[None], Batches(4)))


def test_a_step_changes_nothing_that_it_was_given():
    w, x = np.ones((3, 2)), np.ones((4, 3))
    build(small_step(), "native").step([w], [x])
    assert (w == 1).all() and (x == 1).all()


@pytest.mark.parametrize("count", [16, 252])
@pytest.mark.parametrize("reduce", [np.max, np.sum])
def test_a_reduction_over_a_state_that_its_loop_overwrites_reads_the_old_values(reduce, count):
    w = variable(np.linspace(1, 2, count), "w")
    (new,), (found,) = build(Program((), (w,), (reduce(w),), (cr.constant(np.zeros(count)),)), "native").step(
        [w.value], []
    )
    np.testing.assert_allclose(found, reduce(w.value), rtol=1e-14)
    assert not new.any()


# --- positions out of range ---


def gathered(positions):
    table = input("table", (5, 3))
    return Program((table, positions), (), (np.take(table, positions, axis=0),), ())


@pytest.mark.parametrize("bad", [5, -6, 2**40, -(2**62)])
@pytest.mark.parametrize("count", [1, 17])
def test_a_position_out_of_range_is_refused(bad, count):
    executable = build(gathered(input("i", (count,), "int64")), "native")
    table, positions = np.arange(15.0).reshape(5, 3), np.zeros(count, np.int64)
    positions[-1] = bad
    with pytest.raises(DataError, match="out of range"):
        executable.step([], [table, positions])
    positions[-1] = -5  # and the executable is as good as before
    np.testing.assert_array_equal(
        executable.step([], [table, positions])[1][0], np.zeros((count, 1)) + table[0]
    )


def test_a_position_out_of_range_in_a_run_is_refused():
    i, w = input("i", ("n",), "int64"), variable(np.arange(5.0), "w")
    program = Program((i,), (w,), (np.mean(np.take(w, i)),), (w * 0.5,))
    positions, rows = np.array([0, 1, 2, 9, 3]), np.arange(5)[None]
    for engine in ("numpy", "native"):
        with pytest.raises(DataError, match="out of range"):
            build(program, engine).run(Epochs([w.value], [positions], rows, Batches(2)))


def test_a_word_that_an_embedding_does_not_have_is_refused():
    messages = []
    for engine in ("numpy", "native"):
        network = cr.Network(
            [cr.Embedding(10, 4), cr.Flatten(), cr.Dense(1, "sigmoid")], seed=0, engine=engine
        )
        words = np.tile(np.arange(10), 6).reshape(20, 3)
        network.fit(words, np.arange(20) % 2, epochs=1)
        words[13, 1] = 10
        with pytest.raises(DataError) as caught:
            network.fit(words, np.arange(20) % 2, epochs=1)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] and "row 13, column 1" in messages[1]


# --- how a run stops ---


SCRIPTS = [
    ([5, 4, 3, 2], {"patience": 1}),
    ([5, 4, 4, 4, 4], {"patience": 2}),
    ([5, 4, 4, 3.9, 4, 4], {"patience": 2}),
    ([5, 4.9, 4.8, 4.7], {"patience": 2, "min_delta": 0.15}),
    ([5, 4.95, 4.9, 4.85], {"patience": 2, "min_delta": 0.2}),
    ([1, 2, 3, 3, 3], {"patience": 2, "larger_is_better": True}),
    ([1, 2, 3, 3, 3], {"patience": 2, "monitor": 1}),
    ([5, 4.95, 4.9, 4.85], {"tol": (0.1, 2)}),
    ([5, 4.8, 4.6, 4.4], {"tol": (0.1, 2)}),
    ([5, 6, 6, 4], {"tol": (0.1, 2)}),
    ([5, 5, 5], {}),
    ([3, 1, 2, 1], {}),
    ([3, 1, 2, 0.9, 5], {"min_delta": 0.2}),
    ([1, 5, 2, 5], {"larger_is_better": True}),
    ([5, 3, 4, 3], {"keep_best": True}),
    ([5, 5, 5, 5, 5, 5, 5], {"plateau": (1, 0.1, 2, 0.05)}),
    ([5, 5, 4, 5, 5], {"plateau": (1, 0.5, 2, 0.0), "keep_best": True, "patience": 4}),
]


@pytest.mark.parametrize(("costs", "rule"), SCRIPTS)
def test_a_run_stops_keeps_and_lowers_as_on_numpy(costs, rule):
    (wanted, a), (found, b) = ((run(e, costs, p := Progress(), **rule), p) for e in both())
    assert_runs_agree(found, wanted)
    assert (b.best, b.best_epoch, b.epochs_done) == (a.best, a.best_epoch, a.epochs_done)
    assert len(a.best_state) == len(b.best_state)
    for one, other in zip(a.best_state, b.best_state, strict=True):
        assert one == other
    if rule:  # what goes on in the next call
        assert (b.waited, b.tol_waited, b.plateau_waited) == (a.waited, a.tol_waited, a.plateau_waited)


def test_what_is_monitored_may_come_from_validation():
    found = []
    for executable in both():
        scores, seen = iter([3.0, 1.0, 2.0, 2.0]), []

        def validate(state, scores=scores, seen=seen):
            seen.append(float(state[0]))
            return [0.0, next(scores)]

        progress = Progress()
        found.append(
            run(
                executable,
                [9, 8, 7, 6],
                progress,
                validate=validate,
                on_validation=True,
                monitor=1,
                patience=2,
            )
        )
        assert progress.best_epoch == 1 and seen == [1, 2, 3, 4]
    assert_runs_agree(found[1], found[0])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
@pytest.mark.parametrize("shuffled", [True, False])
def test_epochs_of_many_batches_are_the_means_of_their_batches(batch_size, shuffled):
    rng = np.random.default_rng(batch_size)
    table = [rng.normal(size=7)]
    rows = np.array([rng.permutation(7) if shuffled else np.arange(7) for _ in range(4)])
    if not shuffled:
        rows = np.broadcast_to(np.arange(7), (4, 7))
    wanted, found = (e.run(Epochs(START, table, rows, Batches(batch_size))) for e in both())
    assert_runs_agree(found, wanted)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 1, 2, 5, 7, 11])
@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_run_that_diverges_tells_the_same_story(broken, at, batch_size):
    costs = np.arange(1.0, 13)
    costs[at] = broken
    rows = np.arange(12).reshape(3, 4)[:, ::-1]
    wanted, found = (e.run(Epochs(START, [costs], rows, Batches(batch_size))) for e in both())
    assert_runs_agree(found, wanted)
    a, b = wanted.failure, found.failure
    assert (a.epoch, a.step) == (b.epoch, b.step) and found.stopped == "diverged"
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.before_rows, b.before_rows)
    for one, other in zip(a.before, b.before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_that_diverges_late_still_knows_what_came_before():
    # More steps than one call into machine code does: the steps since the last copy of the state are done again.
    costs = np.ones(5)
    rows = np.tile(np.arange(4), (200_000, 1))
    rows[150_001, 2] = 4
    costs[4] = np.nan
    found = build(READER, "native").run(Epochs(START, [costs], rows, Batches(1)))
    assert (found.failure.epoch, found.failure.step) == (150_001, 2)
    steps = 150_001 * 4 + 2
    assert found.state[0] == steps and found.failure.before[0] == steps - 1
    assert found.failure.rows.tolist() == [4] and found.failure.before_rows.tolist() == [1]


def test_a_poll_stops_it_and_what_was_done_is_kept():
    asked = []

    def poll():
        asked.append(time.perf_counter())
        return "interrupted" if len(asked) == 3 else None

    rows = np.broadcast_to(np.arange(2), (5_000_000, 2))
    found = build(READER, "native").run(Epochs(START, [np.ones(2)], rows, Batches(2), Stopping(poll=poll)))
    assert found.stopped == "interrupted" and len(asked) == 3
    assert 0 < found.state[0] < 5_000_000 and len(found.epochs) == found.state[0]


def test_a_run_changes_neither_the_state_nor_the_table_it_was_given():
    state, table = [np.array(0.0), np.array(1.0)], [np.array([1.0, 2.0])]
    stopping = Stopping(plateau=(1, 0.5, 1, 0.0))
    build(READER, "native").run(Epochs(state, table, np.array([[0, 1], [1, 0]]), Batches(2), stopping))
    assert state[0] == 0 and state[1] == 1 and table[0].tolist() == [1.0, 2.0]


def test_runs_in_threads_do_not_meet():
    executable = build(READER, "native")
    tables = [np.full(8, float(i)) for i in range(6)]
    found = {}

    def work(i):
        rows = np.broadcast_to(np.arange(8), (3000, 8))
        found[i] = executable.run(Epochs(START, [tables[i]], rows, Batches(3)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for i, run_of in found.items():
        assert (np.asarray(run_of.epochs)[:, 0] == i).all() and run_of.state[0] == 9000


# --- whole processes ---


def python(code, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_many_programs_in_one_process_leak_nothing():
    code = """
        import gc, os
        import numpy as np
        from chainrule.engines.compiled import build
        from chainrule.graph.closed import Program
        from chainrule.graph.node import input

        def megabytes():
            gc.collect()
            return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

        def one(i):
            x = input("x", ("n",))
            y = np.sum(np.tanh(x))
            shifted = np.broadcast_to(y, (i + 1,)) * 2
            build(Program((x,), (), (shifted,), ()), "native").step([], [np.ones(4)])

        for i in range(100):
            one(i)
        before, files = megabytes(), len(os.listdir("/proc/self/fd"))
        for i in range(100, 400):
            one(i)
        print(megabytes() - before, len(os.listdir("/proc/self/fd")) - files)
    """
    process = python(code, env={**os.environ, "CHAINRULE_CACHE": ""})
    out, err = process.communicate()
    assert process.returncode == 0, err
    grown, files = map(float, out.split())
    assert grown < 12 and files == 0  # a program's code and graph take 0.1 MB and more


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_an_interrupt_in_the_middle_of_a_long_epoch_returns_soon_with_what_was_learned():
    code = """
        import os, signal, threading, time
        import numpy as np
        import chainrule as cr
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(400_000, 20)), rng.integers(0, 2, 400_000)
        layers = [cr.Dense(64, "tanh"), cr.Dense(64, "tanh"), cr.Dense(1, "sigmoid")]
        network = cr.Network(layers, seed=0, engine="native")
        network.fit(X[:64], y[:64], epochs=1, batch_size=4)
        before = network.parameters["W1"].copy()
        sent = []
        def interrupt():
            sent.append(time.process_time())
            os.kill(os.getpid(), signal.SIGINT)
        class Begin:
            def on_train_begin(self, network):
                threading.Timer(1.0, interrupt).start()
        history = network.fit(X, y, epochs=50, batch_size=4, callbacks=Begin())
        print(time.process_time() - sent[0], len(history["cost"]), bool(np.any(network.parameters["W1"] != before)))
        print(history.stopped)
    """
    process = python(code)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    numbers, stopped = out.splitlines()
    spent, epochs, learned = numbers.split()
    assert float(spent) < 2.0  # seconds of this process: what others do is not counted
    assert "Ctrl-C" in stopped and learned == "True" and int(epochs) < 50


@pytest.mark.parametrize("axis", [0, None])
def test_there_is_no_largest_of_no_rows_on_any_engine(axis):
    x = cr.input("x", ("n", 3))
    for engine in ("native", "numpy"):
        largest = cr.compile(np.max(x, axis=axis), inputs=[x], engine=engine)
        with pytest.raises(ValueError, match=r"no elements|zero-size"):
            largest(np.zeros((0, 3)))
        assert np.all(largest(np.ones((2, 3))) == 1)


def test_the_largest_of_each_of_no_rows_is_nothing():
    x = cr.input("x", ("n", 3))
    assert cr.compile(np.max(x, axis=1), inputs=[x], engine="native")(np.zeros((0, 3))).shape == (0,)
    assert cr.compile(cr.softmax(x, axis=0), inputs=[x], engine="native")(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_the_largest_over_no_axis_is_the_number_itself(engine):
    x = cr.input("x", ("batch", 3))
    rows = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(cr.compile(np.max(x, axis=()), inputs=[x], engine=engine)(rows), rows)


def test_a_run_leaves_its_state_in_the_room_it_is_given():
    w, b, x = variable(np.zeros((3, 2)), "w"), variable(np.zeros(2), "b"), input("x", ("n", 3))
    cost = np.mean((x @ w + b - 1) ** 2)
    new = [p - 0.1 * g for p, g in zip((w, b), cr.grad(cost, [w, b]), strict=True)]
    program = Program((x,), (w, b, COUNT), (cost,), (*new, COUNT + 1))
    table = [np.arange(12.0).reshape(4, 3) / 12]
    state = [np.ones((3, 2)), np.ones(2), np.array(0.0)]
    given = [a.copy() for a in state]
    fixed = np.empty(2)
    fixed.flags.writeable = False
    room = [np.full((3, 2), np.nan), fixed, np.empty((1,))]  # the last two are of no use
    rows = np.array([[0, 2, 1, 3], [3, 1, 0, 2]])
    wanted = build(program, "native").run(Epochs(state, table, rows, Batches(2)))
    found = build(program, "native").run(Epochs(state, table, rows, Batches(2), room=room))
    assert found.state[0] is room[0] and found.state[1] is not fixed and found.state[2].shape == ()
    for a, b in zip(found.state, wanted.state, strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(state, given, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("rows", [4, 60])  # in registers, and in memory
def test_a_run_leaves_no_garbage(rows):
    X, y = np.eye(rows, 2), np.zeros(rows)
    network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], seed=0, engine="native")

    def fit():
        network.fit(X, y, epochs=3, batch_size=None if rows == 4 else 16)

    fit()
    gc.collect()
    gc.disable()
    try:
        fit()
        assert gc.collect() == 0
    finally:
        gc.enable()
