"""Threads that fit and predict at once: the same bits as one after another, or an error that says why not."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from values_of import values_of

import chainrule as cr
from chainrule.train.fit.threads import threads_of_scipy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 300)


@pytest.fixture(autouse=True)
def nothing_compiled(forget):
    """Threads meet while code is made as well as when it runs."""
    forget()


def network(width=16, seed=0, ending="softmax", engine="auto"):
    layers = [cr.Dense(width, "tanh"), cr.BatchNormalization(), cr.Dropout(0.2), cr.Dense(3, ending)]
    return cr.Network(layers, input_shape=6, seed=seed, engine=engine)


def at_once(*tasks):
    """Do tasks in threads that start together; return what each returns."""
    start = threading.Barrier(len(tasks))

    def wait_and_do(task):
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(wait_and_do, tasks))


def fitted(network, **options):
    history = network.fit(X, Y, epochs=4, validation_split=0.2, metrics=["accuracy"], **options)
    return [*values_of(network), *map(np.array, history.history.values())]


def same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("widths", [(16, 16), (16, 24)], ids=["equal", "different"])
def test_two_networks_fit_at_once_as_one_after_another(widths, forget):
    optimizers = ["adam", cr.SGD(0.1, momentum=0.9)]
    jobs = list(zip(widths, (1, 2), optimizers, strict=True))
    wanted = [fitted(network(w, seed), optimizer=o) for w, seed, o in jobs]
    forget()
    found = at_once(*[lambda w=w, s=s, o=o: fitted(network(w, s), optimizer=o) for w, s, o in jobs])
    for mine, alone in zip(found, wanted, strict=True):
        same(mine, alone)


@pytest.mark.native
def test_large_networks_whose_loops_helping_threads_share(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    from chainrule.engines.native.run import sharing

    class Turns(sharing.Choice):
        """Many calls, helped and alone by turns."""

        seconds = 1e-9

        def worth(self, steps):
            return True

        def note(self, seconds, steps, left, *, settled=True):
            self.helped = not self.helped

    monkeypatch.setattr(sharing, "Choice", Turns)
    wanted = [fitted(network(300, seed), batch_size=150) for seed in (0, 1)]
    found = at_once(*[lambda s=s: fitted(network(300, s), batch_size=150) for s in (0, 1)])
    for mine, alone in zip(found, wanted, strict=True):
        same(mine, alone)


def test_eight_threads_predict_with_one_network(forget):
    parts = [X[i : i + 1 + 37 * i] for i in range(8)]  # of different lengths
    wanted = [network().predict(part) for part in parts]
    forget()
    net = network()
    for _ in range(3):
        for mine, alone in zip(at_once(*[lambda p=p: net.predict(p) for p in parts]), wanted, strict=True):
            np.testing.assert_array_equal(mine, alone)
    many = at_once(*[lambda p=p: [net.predict(p) for _ in range(50)] for p in parts])
    for each, alone in zip(many, wanted, strict=True):
        for mine in each:
            np.testing.assert_array_equal(mine, alone)


def test_eight_threads_evaluate_look_and_call_a_function_at_once():
    net, x = network(), cr.input("x", ("n", 6))
    function = cr.compile(np.tanh(x) @ np.ones((6, 2)), inputs=[x])
    tasks = [
        lambda: net.evaluate(X, Y),
        lambda: net.gradients(X, Y),
        lambda: net.activations(X),
        lambda: function(X),
    ]
    found, alone = at_once(*tasks, *tasks), [task() for task in tasks] * 2
    for a, b in zip(found, alone, strict=True):
        same(a.values() if isinstance(a, dict) else a, b.values() if isinstance(b, dict) else b)


@pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # it learns too little, on purpose
def test_predictions_while_it_is_fitted_are_those_of_the_end_of_an_epoch(engine):
    net = network()
    ends = [net.predict(X[:50])]
    seen, begun, done = [], threading.Event(), threading.Event()

    def watch():
        while not done.is_set():
            seen.append(net.predict(X[:50]))
            begun.set()

    def end_of_epoch(net, *_):
        ends.append(net.predict(X[:50]))
        assert begun.wait(30)  # however busy the machine is, the other thread looks at a fit that is not over

    def train():
        try:
            net.fit(X, Y, epochs=40, callbacks=[end_of_epoch])
        finally:
            done.set()

    at_once(train, watch)
    known = {end.tobytes() for end in ends}
    assert len(known) == 41 and seen and {p.tobytes() for p in seen} <= known


def test_one_network_is_fitted_by_one_thread_at_a_time():
    net = network()
    entered, leave = threading.Event(), threading.Event()

    def hold(*_):
        entered.set()
        leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(net.fit, X, Y, epochs=2, callbacks=[hold])
        entered.wait(30)
        try:
            for change in (lambda: net.fit(X, Y), net.initialize):
                with pytest.raises(cr.GraphError, match=r"being fitted just now.*copy\.deepcopy"):
                    change()
            copied = copy.deepcopy(net)
            copied.fit(X, Y, epochs=1)
        finally:
            leave.set()
        assert first.result().epochs == 2
    with pytest.raises(cr.GraphError, match="the fit that this callback belongs to"):
        net.fit(X, Y, epochs=1, callbacks=[lambda net, *_: net.fit(X, Y)])
    net.fit(X, Y, epochs=1)  # and it is free again
    pickle.loads(pickle.dumps(net)).fit(X, Y, epochs=1)


def test_lbfgs_takes_one_thread_of_scipy_and_gives_all_back():
    """However many fits there are at once: how many threads there are is set for the whole process."""
    import scipy.optimize  # noqa: F401 -- so that there are some

    of_scipy = threads_of_scipy()

    def threads():
        return {each["num_threads"] for each in of_scipy.info()}

    def fit(seed, *callbacks):
        plain = cr.Network([cr.Dense(3, "softmax")], seed=seed)
        return plain.fit(X, Y, optimizer="lbfgs", epochs=5, callbacks=[*callbacks])

    found, before = [], threads()
    fit(0, lambda *_: found.append(threads()))
    assert found == [before and {1}] * 5 and threads() == before
    alone = [fit(seed)["cost"] for seed in range(3)]
    assert [history["cost"] for history in at_once(*(partial(fit, seed) for seed in range(3)))] == alone
    assert threads() == before
