"""While programs are made nobody looks for garbage, and after it whoever did before."""

import gc
import os
import threading

import pytest

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.executable import undisturbed


@pytest.fixture(params=[True, False], ids=["searching", "not searching"])
def searching(request):
    """Let the process search for garbage, or not, as its user has it."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


def test_it_is_left_as_it_was_found(searching):
    with undisturbed():
        with undisturbed():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled() == searching
    with pytest.raises(ZeroDivisionError), undisturbed():
        _ = 1 / 0
    assert gc.isenabled() == searching


def test_the_last_of_several_threads_lets_it_go_on(searching):
    begun, done = threading.Event(), threading.Event()

    def make():
        with undisturbed():
            begun.set()
            done.wait()

    other = threading.Thread(target=make)
    with undisturbed():
        other.start()
        begun.wait()
    assert not gc.isenabled()
    done.set()
    other.join()
    assert gc.isenabled() == searching


@pytest.mark.parametrize("engine", ["native", "numpy"])
def test_a_fit_leaves_it_as_it_was_found(searching, engine):
    network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1)], seed=0, engine=engine)
    network.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], epochs=2)
    assert gc.isenabled() == searching


def test_programs_are_checked_simplified_and_compiled_within(monkeypatch):
    seen = []
    verify = compiled.verify
    monkeypatch.setattr(compiled, "verify", lambda program: seen.append(gc.isenabled()) or verify(program))
    x = cr.input("x", ("batch", 3))
    assert gc.isenabled()
    cr.compile([cr.tanh(x) * 0.625], [x], engine="numpy")
    assert seen == [False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*")  # of threads, also of JAX, where another test imported it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_fork_meanwhile_searches_as_its_parent_did():
    with undisturbed():
        child = os.fork()
        if not child:
            os._exit(0 if gc.isenabled() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert gc.isenabled()
