"""Threads: the same bits with and without help, and nobody left awake."""

import os
import threading
import time

import numpy as np
import pytest
from helped import Always, true_in_a_child
from values_of import values_of

import chainrule as cr
from chainrule.engines import cores
from chainrule.engines.native.run import sharing, threads as native_threads
from chainrule.train.fit.fitting import Interrupts


class Never(sharing.Choice):
    """Never helped."""

    seconds = 1e-9

    def note(self, seconds, steps, left, *, settled=True):
        pass


def threaded(monkeypatch, kind, threads):
    monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
    monkeypatch.setattr(sharing, "Choice", kind)


def executable(network):
    """Return what a network trained with, which knows no more which way was faster."""
    programs = [p for goal in network._made.objectives.values() for p in goal.programs.values()]
    *_, training = [
        p for p in programs if p.program.new_state != p.program.state
    ]  # the last that changes its state
    found = training.on("native")
    found.sharing.clear()
    return found


def asleep(helpers):
    """Return whether all helpers fall asleep within some seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until and any(helper.state != native_threads.ASLEEP for helper in helpers.all):
        time.sleep(0.001)
    return all(helper.state == native_threads.ASLEEP for helper in helpers.all)


def train(monkeypatch, kind, threads=2, optimizer="adam"):
    threaded(monkeypatch, kind, threads)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(512, 100)).astype(np.float32), rng.integers(0, 3, 512)
    layers = [cr.Dense(256, "tanh"), cr.BatchNormalization(), cr.Dense(130, "relu"), cr.Dense(3, "softmax")]
    network = cr.Network(layers, seed=0, engine="native")
    history = network.fit(X, y, epochs=3, batch_size=200, optimizer=optimizer)
    found = executable(network)
    assert any(work.at({"batch": 200}) > least for work, least in found.stages.shared)
    return [*values_of(network), np.array(history["cost"])]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_help_changes_no_bit(monkeypatch, optimizer):
    alone = train(monkeypatch, Never, optimizer=optimizer)
    for threads in (2, 3, 4):
        monkeypatch.setattr(native_threads, "_helpers", None)
        helped = train(monkeypatch, Always, threads, optimizer)
        for a, b in zip(alone, helped, strict=True):
            np.testing.assert_array_equal(a, b)


def test_helpers_do_with_subnormal_numbers_what_a_run_does(monkeypatch):
    threaded(monkeypatch, Always, 3)
    monkeypatch.setattr(native_threads, "_helpers", None)
    X, y = np.full((512, 784), 1e-20, np.float32), np.ones((512, 256), np.float32)
    network = cr.Network([cr.Dense(256, initializer=0.0)], seed=0, engine="native")
    network.fit(X, y, loss="mean_squared_error", optimizer=cr.SGD(1e-20), epochs=30)
    values = network.parameters["W1"]
    assert len(np.unique(values)) == 1  # all 0, or all kept where the CPU keeps them


@pytest.mark.parametrize("parts", ["", "3"])
@pytest.mark.parametrize("reduced", [np.mean, np.max, np.min], ids=lambda f: f.__name__)
def test_help_wipes_no_result_over_a_middle_axis(monkeypatch, reduced, parts):
    monkeypatch.setenv("CHAINRULE_SHARE", parts)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(160, 50, 8)).astype(np.float32), rng.normal(size=160).astype(np.float32)

    def fitted(kind):
        threaded(monkeypatch, kind, 2)
        network = cr.Network(
            lambda x: cr.Dense(1)(reduced(cr.Dense(64, "relu")(x), axis=1)),
            inputs={"x": (50, 8)},
            seed=0,
            engine="native",
        )
        history = network.fit(X, y, epochs=4, batch_size=160, optimizer=cr.SGD(0.001))
        executable(network)
        return [*values_of(network), np.array(history["cost"])]

    for a, b in zip(fitted(Never), fitted(Always), strict=True):
        np.testing.assert_array_equal(a, b)


def test_helpers_sleep_after_a_run(monkeypatch):
    train(monkeypatch, Always)
    helpers = native_threads._helpers
    assert helpers is not None and not helpers.busy.locked()
    assert asleep(helpers)


def test_two_runs_at_once_share_no_helpers(monkeypatch):
    threaded(monkeypatch, Always, 2)
    first, second = (sharing.Sharing(lambda block: None) for _ in range(2))
    for run in (first, second):
        run.begin(1)
    assert first.call() is not None and second.call() is None
    first.end()
    assert second.call() is None  # nor later in this run: it is not held up by asking again and again
    second.begin(1)
    assert second.call() is not None
    second.end()


def test_where_no_thread_can_be_started_a_fit_is_alone(monkeypatch):
    alone = train(monkeypatch, Never)
    monkeypatch.setattr(native_threads, "_helpers", None)

    def start(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", start)
        for a, b in zip(alone, train(monkeypatch, Always), strict=True):
            np.testing.assert_array_equal(a, b)
        assert native_threads._helpers.came
    for a, b in zip(alone, train(monkeypatch, Always), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(native_threads._helpers.all) == 1


def test_an_error_within_a_run_lets_helpers_go(monkeypatch):
    asked = []

    def poll(self):
        asked.append(native_threads._helpers.busy.locked())
        if len(asked) == 3:
            raise KeyboardInterrupt
        return None

    with monkeypatch.context() as stopped:
        stopped.setattr(Interrupts, "poll", poll)
        with pytest.raises(KeyboardInterrupt):
            train(monkeypatch, Always)
    assert any(asked) and not native_threads._helpers.busy.locked()
    assert asleep(native_threads._helpers)


def test_helpers_that_found_no_work_for_long_are_called_again(monkeypatch):
    threaded(monkeypatch, Always, 3)
    monkeypatch.setattr(native_threads, "_helpers", None)
    came, leave = threading.Semaphore(0), threading.Semaphore(0)

    def work(block):
        came.release()
        leave.acquire()

    run = sharing.Sharing(work)
    run.begin(1)
    for _ in range(3):
        assert run.call() == run.call()  # who is awake is not called twice
        assert all(came.acquire(timeout=10) for _ in range(2)) and not came.acquire(blocking=False)
        assert native_threads._helpers.came
        for _ in range(2):
            leave.release()
        assert asleep(native_threads._helpers)
    run.end()


def test_a_user_may_change_the_number_of_threads_between_runs(monkeypatch):
    threaded(monkeypatch, Always, 1)
    run = sharing.Sharing(lambda block: None)
    for threads in (1, 3, 1, 2):
        monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
        run.begin(1)
        assert (run.call() is not None) == (threads > 1)
        run.end()


def test_threads_are_counted_by_what_the_user_says_then_by_the_cores(monkeypatch):
    monkeypatch.delenv("CHAINRULE_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores.threads() == 3
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    assert cores.threads() == 2
    monkeypatch.setenv("CHAINRULE_THREADS", "none")
    monkeypatch.delenv("OMP_NUM_THREADS")
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert cores.threads() == here


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_helpers_of_its_own(monkeypatch):
    alone = train(monkeypatch, Never)
    train(monkeypatch, Always)

    def same():
        return all(np.array_equal(a, b) for a, b in zip(alone, train(monkeypatch, Always), strict=True))

    assert true_in_a_child(same)
