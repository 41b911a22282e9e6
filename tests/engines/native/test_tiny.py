"""Tiny networks in registers: the same numbers as in memory, and only where all arrays are small."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.registry import ENGINES
from chainrule.engines.stopping import Stopping
from chainrule.graph.closed import Program
from chainrule.transform.simplify import simplify_all

TABLE = [np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]]), np.array([0.0, 1, 1, 0])]


def program(draw, shape=(2, 3), dtype=np.float64):
    """A step of gradient descent on what ``draw(x, W)`` makes of the table."""
    x, y = cr.input("x", ("n", 2), dtype), cr.input("y", ("n",), dtype)
    W = cr.variable(np.random.default_rng(0).normal(size=shape).astype(dtype), name="W")
    J = np.mean((draw(x, W) - y) ** 2)
    ends = simplify_all([J, W - 0.5 * cr.grad(J, W)], final=True)
    return Program((x, y), (W,), (ends[0],), (ends[1],))


DRAWINGS = {
    "layers": lambda x, W: np.sum(np.tanh(x @ W), axis=1),
    "softmax": lambda x, W: cr.softmax(x @ W, axis=1)[:, 1],
    "max": lambda x, W: np.max(x @ W, axis=1),
    "transposes": lambda x, W: np.sum((W.T @ x.T) ** 2, axis=0),
    "normalised": lambda x, W: np.sum(
        (x @ W - np.mean(x @ W, axis=0)) / np.sqrt(np.var(x @ W, axis=0) + 0.1), axis=1
    ),
    "reversed": lambda x, W: (x[:, ::-1] @ W)[:, 0] * np.exp(-np.sum(W * W)),
    "where": lambda x, W: np.sum(np.where(x @ W > 0, x @ W, 0.1 * (x @ W)), axis=1),
    "scalar": lambda x, W: np.sum(x, axis=1) * W[0, 0],
}


def run(engine, built, epochs=20, dtype=np.float64, **rule):
    state = [np.array(v.value) for v in built.state]
    table = [t.astype(dtype) for t in TABLE]
    rows = np.broadcast_to(np.arange(4), (epochs, 4))
    executable = ENGINES[engine].compile(built)
    return executable, executable.run(Epochs(state, table, rows, Batches(4), Stopping(**rule)))


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
def test_a_loop_in_registers_computes_what_numpy_does(drawing, dtype, tolerance):
    built = program(DRAWINGS[drawing], dtype=dtype)
    executable, found = run("native", built, dtype=dtype)
    _, wanted = run("numpy", built, dtype=dtype)
    assert executable.tiny(4) is not None
    np.testing.assert_allclose(found.epochs, wanted.epochs, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found.state[0], wanted.state[0], rtol=tolerance, atol=tolerance)


def test_it_is_for_small_arrays_and_rows_it_knows():
    assert run("native", program(DRAWINGS["layers"], (2, 60)), 1)[0].tiny(4) is None
    assert run("native", program(DRAWINGS["layers"]), 1)[0].tiny(400) is None

    network = cr.Network([cr.Dense(3, "tanh"), cr.Dropout(0.5), cr.Dense(1)], seed=0, engine="native")
    network.fit(*TABLE, epochs=2, batch_size=None)
    programs = [p for goal in network._made.objectives.values() for p in goal.programs.values()]
    *_, training = [
        p for p in programs if p.program.new_state != p.program.state
    ]  # the last that changes its state
    assert training.on("native").tiny(4) is None


def test_batches_and_tables_out_of_order_are_done_in_memory():
    built = program(DRAWINGS["layers"])
    executable = ENGINES["native"].compile(built)
    state, rows = [np.array(v.value) for v in built.state], np.array([[2, 0, 3, 1]])
    shuffled = executable.run(Epochs(state, TABLE, rows, Batches(3)))
    wanted = ENGINES["numpy"].compile(built).run(Epochs(state, TABLE, rows, Batches(3)))
    np.testing.assert_allclose(shuffled.state[0], wanted.state[0], rtol=1e-12)


def test_divergence_is_seen_and_looked_into():
    x, w = cr.input("x", ("n",)), cr.variable(2.0, name="w")
    built = Program((x,), (w,), (np.mean(x) * 0 + w,), (w * w,))
    table, rows = [np.zeros(4)], np.broadcast_to(np.arange(4), (30, 4))
    runs = [
        ENGINES[e].compile(built).run(Epochs([np.array(2.0)], table, rows, Batches(4)))
        for e in ("native", "numpy")
    ]
    found, wanted = runs
    assert found.stopped == wanted.stopped == "diverged"
    assert (found.failure.epoch, found.failure.step) == (wanted.failure.epoch, wanted.failure.step)
    assert len(found.epochs) == len(wanted.epochs) and found.state[0] == wanted.state[0]


def test_a_run_in_parts_is_the_run_as_a_whole():
    built = program(DRAWINGS["layers"])
    _, whole = run("native", built, 12)
    executable, first = run("native", built, 5)
    rest = executable.run(Epochs(first.state, TABLE, np.broadcast_to(np.arange(4), (7, 4)), Batches(4)))
    np.testing.assert_array_equal(rest.state[0], whole.state[0])
