"""Threads: the same bits with and without help, and nobody left awake."""

import os
import threading

import numpy as np
import pytest
from values_of import values_of

import chainrule as cr
from chainrule.engines.native.run import running as native, threads as native_threads


class Always(native_threads.Sharing):
    """Helped from the first call to the last."""

    def note(self, seconds):
        if self._work is not None and self._helpers is None:
            self._begin(self._work)


class Never(native_threads.Sharing):
    """Never helped."""

    def note(self, seconds):
        pass


def threaded(monkeypatch, kind, threads):
    monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
    monkeypatch.setattr(native, "Sharing", kind)
    monkeypatch.setattr(native, "CALL_SECONDS", 1e-9)  # many calls, all noted


def executable(network):
    """Return what a network trained with, which knows no more which way was faster."""
    programs = [p for goal in network._built.objectives.values() for p in goal.programs.values()]
    [training] = [p for p in programs if p.program.new_state != p.program.state]  # it changes what it has
    found = training.on("native")
    found.sharing.clear()
    return found


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
    assert all(asleep.wait(5) for asleep in helpers._asleep)


def test_two_runs_at_once_share_no_helpers(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    taken = []

    def work(block):
        taken.append(block)

    first, second = native_threads.Sharing(work), native_threads.Sharing(work)
    first.note(1.0)
    second.note(1.0)
    assert first.block is not None and second.block is None
    first.end()
    second.end()


def test_the_faster_way_is_taken_and_the_other_tried_again(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    sharing = native_threads.Sharing(lambda block: None)
    seconds = {False: 2.0, True: 1.0}
    ways = []
    for _ in range(3 * native_threads.RETRY_CALLS):
        helped = sharing.block is not None
        ways.append(helped)
        sharing.note(seconds[helped])
    sharing.end()
    assert ways[:3] == [False, True, True]
    assert 4 <= ways.count(False) <= 10 and False in ways[-native_threads.RETRY_CALLS :]
    sharing.resume()  # the next run begins the way that was faster
    assert sharing.block is not None
    sharing.end()


def test_threads_are_counted_by_what_the_user_says_then_by_the_cores(monkeypatch):
    monkeypatch.delenv("CHAINRULE_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert native_threads.threads() == 3
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    assert native_threads.threads() == 2
    monkeypatch.setenv("CHAINRULE_THREADS", "none")
    monkeypatch.delenv("OMP_NUM_THREADS")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert native_threads.threads() == cores


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_helpers_of_its_own(monkeypatch):
    alone = train(monkeypatch, Never)
    train(monkeypatch, Always)
    child = os.fork()
    if child == 0:
        try:
            helped = train(monkeypatch, Always)
            same = all(np.array_equal(a, b) for a, b in zip(alone, helped, strict=True))
            os._exit(0 if same else 1)
        finally:
            os._exit(2)
    waited = threading.Timer(60, os.kill, (child, 9))
    waited.start()
    _, status = os.waitpid(child, 0)
    waited.cancel()
    assert os.waitstatus_to_exitcode(status) == 0
