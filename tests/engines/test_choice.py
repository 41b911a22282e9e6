"""Which engine runs a program: by the size of the work alone, and NumPy where machine code cannot be made."""

import sys

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.choice import work_of
from chainrule.engines.compiled import Compiled, build
from chainrule.engines.numpy import NumpyExecutable
from chainrule.engines.registry import Cost, Engine
from chainrule.graph.closed import Program
from chainrule.graph.shapes import Extent
from chainrule.recent import Recent
from chainrule.train.programs import training_of


def program(width=4, rate=0.1, name="w"):
    x, w = cr.input("x", ("n", 3)), cr.variable(np.ones((3, width)), name=name)
    J = np.mean(np.tanh(x @ w) ** 2)
    return Program((x,), (w,), (J,), (w - rate * cr.grad(J, w),))


def choose(program, steps, rows):
    return Compiled(program).choose(steps, rows)


@pytest.fixture
def without_llvmlite(asked_anew, monkeypatch):
    """A process in which llvmlite cannot be imported."""
    for name in [n for n in sys.modules if n.startswith(("llvmlite", "chainrule.engines.native"))]:
        parent, _, child = name.rpartition(".")
        if parent in sys.modules:  # it holds its modules too, and holds the same ones again afterwards
            monkeypatch.delattr(sys.modules[parent], child, raising=False)
    for name in [n for n in sys.modules if n.startswith(("llvmlite", "chainrule.engines.native"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "llvmlite", None)


@pytest.mark.native
def test_little_work_is_left_to_numpy_and_much_is_compiled():
    assert choose(program(), steps=1, rows=32) == "numpy"
    assert choose(program(), steps=10**6, rows=32) == "native"
    assert choose(program(), steps=1, rows=10**9) == "native"
    engines = [choose(program(), steps, rows=8) for steps in (1, 10, 10**3, 10**5, 10**7)]
    assert engines == sorted(engines, reverse=True) and len(set(engines)) == 2  # "numpy", then "native"


@pytest.mark.native
def test_a_run_bears_a_share_of_an_engines_start():
    """A hundred epochs of iris are compiled: on NumPy each takes 30 ms, ten times as long as in machine code."""
    X, y = np.random.default_rng(0).normal(size=(150, 4)), np.arange(150) % 3

    def engine(epochs):
        network = cr.Network([cr.Dense(16, "relu"), cr.Dense(3, "softmax")], input_shape=4, seed=0)
        goal, _ = network._examples(network._read(X, y, None), None)
        return training_of(goal, cr.Adam(0.01)).choose(steps=5 * epochs, lengths=32)

    assert (engine(10), engine(100)) == ("numpy", "native")
    x = cr.input("x", ("n",))
    assert cr.compile(x + 1, inputs=[x]).executable.engine == "numpy"


def test_the_same_call_has_the_same_engine_whatever_came_before():
    before = choose(program(), steps=10, rows=4)
    build(program(), "native")
    assert choose(program(), steps=10, rows=4) == before


def test_equal_programs_are_compiled_once_and_others_are_not_taken_for_them():
    assert build(program(), "native") is build(program(name="v"), "native")
    assert build(program(), "numpy") is not build(program(), "native")
    keys = [p.fingerprint for p in (program(), program(width=5), program(rate=0.2))]
    assert len(set(keys)) == 3 and keys[0] == program().fingerprint


def test_programs_with_different_arrays_of_constants_differ():
    def product(numbers):
        x = cr.input("x", (2,))
        return Program((x,), (), (x * cr.constant(numbers),), ())

    assert product([1.0, 2.0]).fingerprint != product([1.0, 3.0]).fingerprint


def test_no_more_than_some_programs_are_kept(monkeypatch):
    monkeypatch.setattr(compiled, "_compiled", Recent(3))
    first = build(program(width=11), "numpy")
    for width in range(12, 16):
        build(program(width=width), "numpy")
    assert len(compiled._compiled) == 3 and build(program(width=11), "numpy") is not first


def test_an_engine_that_is_not_there_is_named():
    with pytest.raises(cr.UnknownNameError, match="Did you mean 'native'"):
        build(program(), "naive")


@pytest.mark.usefixtures("without_llvmlite")
def test_without_llvmlite_numpy_does_all_and_one_line_says_so():
    with pytest.warns(
        cr.EngineWarning, match="llvmlite is not installed; everything runs on the NumPy engine"
    ):
        assert choose(program(), steps=10**9, rows=32) == "numpy"
    assert choose(program(), steps=10**9, rows=32) == "numpy"  # and says it once


@pytest.mark.usefixtures("without_llvmlite")
def test_without_llvmlite_a_network_trains():
    network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], seed=0)
    with pytest.warns(cr.EngineWarning):
        history = network.fit(np.ones((4, 2)), np.ones(4), epochs=20_000, batch_size=None)
    assert history["cost"][-1] < history["cost"][0]
    assert network.predict(np.ones((1, 2))).shape == (1, 1)


@pytest.mark.usefixtures("asked_anew")
def test_a_cpu_that_llvm_does_not_know_is_no_error(monkeypatch):
    from chainrule.engines.native.run import build as native_build

    def unknown():
        raise RuntimeError("no such CPU")

    monkeypatch.setattr(native_build, "host", unknown)
    with pytest.warns(cr.EngineWarning, match="LLVM: no such CPU"):
        assert choose(program(), steps=10**9, rows=32) == "numpy"


def third(asked, why, **cost):
    """Return the record of an engine that notes when it is asked whether it can run."""
    return Engine("third", "", NumpyExecutable, cost=Cost(**cost), available=lambda: asked.append(1) or why)


@pytest.mark.native
def test_an_engine_is_asked_whether_it_can_run_only_where_it_would_be_done_first(registered):
    asked = []
    registered["third"] = third(asked, "", start=1.0, call=1e-9)
    assert choose(program(), steps=1, rows=32) == "numpy" and not asked
    assert choose(program(), steps=10**9, rows=10**6) == "native" and not asked
    registered["third"] = third(asked, "", start=0.01)
    assert choose(program(), steps=10**9, rows=10**6) == "third" and asked == [1]
    assert choose(program(), steps=10**9, rows=10**6) == "third" and asked == [1]


@pytest.mark.native
@pytest.mark.filterwarnings("error")
def test_nobody_hears_of_an_engine_that_is_not_there_while_another_does_the_work(registered):
    asked = []
    registered["third"] = third(asked, "it is not installed")
    assert choose(program(), steps=10**9, rows=32) == "native" and asked


@pytest.mark.usefixtures("without_llvmlite")
@pytest.mark.filterwarnings("error")
def test_without_llvmlite_another_engine_does_the_work(registered):
    registered["third"] = third([], "", start=0.01)
    assert choose(program(), steps=10**9, rows=32) == "third"


@pytest.mark.native
def test_a_dtype_without_code_falls_back_with_a_line_or_is_refused():
    x = cr.input("x", (3,), np.dtype("float16"))
    half = Program((x,), (), (x * 2,), ())
    with pytest.warns(cr.EngineWarning, match="float16.*NumPy engine"):
        executable = build(half, "native", willing=True)
    assert executable.engine == "numpy"
    with pytest.raises(cr.UnsupportedError, match="float16"):
        build(half, "native")


@pytest.mark.native
def test_filters_that_slide_over_pictures_are_more_work_than_their_numbers():
    """NumPy copies every window for a product, and adds up what overlaps one place after the other."""
    x, w = cr.input("x", ("n", 28, 28)), cr.variable(np.ones((3, 3, 8)), name="w")
    seen = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))
    J = np.mean(np.maximum(np.einsum("bhwij,ijo->bhwo", seen, w), 0) ** 2)
    found = Program((x,), (w,), (J,), (w - 0.1 * cr.grad(J, w),))
    assert choose(found, steps=1, rows=1) == "numpy"
    assert choose(found, steps=16, rows=64) == "native"  # an epoch of a thousand pictures


@pytest.mark.native
def test_a_loop_takes_what_its_steps_take():
    """However its results are read, and how long it is: an open axis counts when it is known."""

    def of_steps(steps, takes=1):
        x, w = cr.input("x", ("n", steps, 3), "float32"), cr.variable(np.ones((3, 3), "float32"), name="w")
        step = lambda h, x: (np.tanh(x + h @ w),) * 2  # noqa: E731
        last, every = cr.scan(step, 0 * np.sum(x, axis=1), np.transpose(x, (1, 0, 2)))
        ends = (last, *[every] * (takes - 1))
        return Program((x,), (w,), (*ends[1:], np.sum(last)), (w,))

    n, time = Extent("n"), Extent("time")
    short, long, open = (work_of(of_steps(steps))["numpy"] for steps in (10, 1000, "time"))
    assert long.seconds(1, {n: 32}) > 50 * short.seconds(1, {n: 32})
    for steps, same in ((10, short), (1000, long)):
        assert open.seconds(1, {n: 32, time: steps}) == pytest.approx(same.seconds(1, {n: 32}), rel=0.1)
    both = work_of(of_steps(10, takes=2))["numpy"]
    assert both.seconds(1, {n: 32}) == pytest.approx(short.seconds(1, {n: 32}), rel=0.1)
    native = [work_of(of_steps(steps))["native"].start for steps in (10, 1000)]
    assert native[0] == native[1]  # the code is as long, whatever the steps
    assert [choose(of_steps(steps), 5, 32) for steps in (2, 2000)] == ["numpy", "native"]
