"""engine="auto" never fails where NumPy could do the work, and weighs the work that it is really given."""

import math

import numpy as np
import pytest
from scipy import special, stats

import chainrule as cr
from chainrule.engines.compiled import Compiled
from chainrule.engines.executable import Executable
from chainrule.engines.numpy import NumpyExecutable
from chainrule.engines.registry import ENGINES, Cost, Engine
from chainrule.graph.closed import Program
from chainrule.graph.primitives.primitive import Primitive

pytestmark = pytest.mark.native
RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
Y = X @ [1.0, 2.0, 3.0]


def slope(y, x):
    return [1.1283791670955126 * np.exp(-x * x)]


# Forms of a user's formula that arrays can go through and nodes cannot.
FORMS = {
    "a ufunc of SciPy's": (special.erf, slope),
    "a function of SciPy's": (stats.norm.cdf, lambda y, x: [0.3989422804014327 * np.exp(-x * x / 2)]),
    "a loop in Python": (np.vectorize(math.erf, otypes=[float]), slope),
    "a branch": (lambda x: x if np.all(x > 100) else np.tanh(x), lambda y, x: [1 - y * y]),
    "a type": (lambda x: np.tanh(x.astype(np.float64, order="C")), lambda y, x: [1 - y * y]),
}
PRIMITIVES = {
    name: Primitive(name=f"form: {name}", text="f({0})", forward=forward, partials=partials)
    for name, (forward, partials) in FORMS.items()
}


@pytest.fixture
def much_work(monkeypatch, forget):
    """A time in which all work is taken to be worth machine code."""
    monkeypatch.setattr(Compiled, "choose", lambda *_: "native")
    forget()


@pytest.mark.usefixtures("much_work")
@pytest.mark.parametrize("form", PRIMITIVES)
def test_what_nodes_cannot_go_through_runs_on_numpy(form):
    def network(engine):
        return cr.Network(
            [cr.Dense(4, PRIMITIVES[form]), cr.Dense(1)], seed=0, engine=engine, dtype="float64"
        )

    auto, numpy = network("auto"), network("numpy")
    with pytest.warns(
        cr.EngineWarning, match=f"'form: {form}' has no code on the native engine.*NumPy engine"
    ):
        history = auto.fit(X, Y, epochs=3, validation_split=0.2, metrics=["mae"])
    assert history.history == numpy.fit(X, Y, epochs=3, validation_split=0.2, metrics=["mae"]).history
    with pytest.warns(cr.EngineWarning):
        np.testing.assert_array_equal(auto.predict(X), numpy.predict(X))
    with pytest.warns(cr.EngineWarning):
        assert auto.evaluate(X, Y) == numpy.evaluate(X, Y)
    with pytest.warns(cr.EngineWarning):
        auto.gradients(X, Y)
    assert auto.show(X, Y, "graph") == numpy.show(X, Y, "graph")
    x = cr.input("x", ("n",))
    function = cr.compile(PRIMITIVES[form](x) + 1, inputs=[x])
    with pytest.warns(cr.EngineWarning):
        assert function(np.ones(3)).shape == (3,)
    assert function.executable.engine == "numpy" and function(np.ones(5)).shape == (5,)
    with pytest.raises(cr.UnsupportedError, match="has no code on the native engine"):
        network("native").fit(X, Y, epochs=1)


def test_a_running_sum_along_an_open_axis_is_left_to_numpy_in_a_sentence():
    x = cr.input("x", ("n", 2))
    says = r"^The native engine has no code for cumsum along the open axis 'n': .*\. Give the input a length there\."
    with pytest.raises(cr.UnsupportedError, match=says):
        cr.compile(np.cumsum(x, axis=0), inputs=[x], engine="native")
    function = cr.compile(np.cumsum(x, axis=0), inputs=[x])
    with pytest.warns(cr.EngineWarning, match=f"{says} It runs on the NumPy engine"):
        assert function(np.ones((300_000, 2)))[-1].tolist() == [300_000, 300_000]


def test_the_fit_that_failed_at_200_epochs():
    network = cr.Network([cr.Dense(64, PRIMITIVES["a ufunc of SciPy's"]), cr.Dense(1)], seed=0)
    with pytest.warns(cr.EngineWarning, match="It runs on the NumPy engine") as seen:
        network.fit(X, Y, epochs=2000, batch_size=None, callbacks=[lambda net, epoch, logs: epoch == 3])
    assert seen[0].filename == __file__


STAGES = ["expand", "stages", "library"]


@pytest.mark.usefixtures("much_work")
@pytest.mark.parametrize("error", [KeyError("row"), AssertionError(), RuntimeError("LLVM"), OSError("disk")])
@pytest.mark.parametrize("stage", STAGES)
def test_whatever_goes_wrong_while_code_is_made_is_left_to_numpy(stage, error, monkeypatch):
    from chainrule.engines.native.run import machine_code, pipeline

    def broken(*_, **__):
        raise error

    for module in (machine_code, pipeline):
        if hasattr(module, stage):
            monkeypatch.setattr(module, stage, broken)
    table, target = cr.load_table("iris")
    options = {"epochs": 2, "seed": 0}
    with pytest.warns(cr.EngineWarning, match=f"no code for this program.*{type(error).__name__}"):
        found = cr.TableModel.train(table, target, **options).predict(table)
    wanted = cr.TableModel.train(table, target, engine="numpy", **options).predict(table)
    assert found.equals(wanted)
    x = cr.input("x", (3,))
    with pytest.raises(cr.UnsupportedError, match=type(error).__name__):
        cr.compile(np.exp(x) * 7, inputs=[x], engine="native")(np.ones(3))


@pytest.mark.usefixtures("asked_anew")
def test_an_llvmlite_that_is_broken_is_no_error(monkeypatch):
    from chainrule.engines.native.run import build

    def broken():
        raise AttributeError("module 'llvmlite' has no attribute 'initialize'")

    monkeypatch.setattr(build, "host", broken)
    x = cr.input("x", ("n",))
    with pytest.warns(cr.EngineWarning, match="LLVM: module 'llvmlite' has no attribute"):
        assert Compiled(Program((x,), (), (np.exp(x),), ())).choose(10**9, 10**9) == "numpy"


class Fussy(Executable):
    """What turns out to have no code, sooner or later."""

    engine = "fussy"

    def __init__(self, program, at_once):
        if at_once:
            self.step([], [])

    def step(self, state, batch):
        raise cr.UnsupportedError("Nothing has code here.")


@pytest.mark.parametrize("at_once", [True, False])
def test_any_engine_may_give_up_and_the_reference_takes_over(at_once, monkeypatch, forget):
    fussy = Engine("fussy", "", lambda program: Fussy(program, at_once), cost=Cost())
    monkeypatch.setitem(ENGINES, "fussy", fussy)
    forget()
    x = cr.input("x", ("n",))
    function = cr.compile(np.exp(x) * 3, inputs=[x])
    with pytest.warns(cr.EngineWarning, match=r"Nothing has code here\. It runs on the NumPy engine") as seen:
        assert function(np.zeros(2)).tolist() == function(np.zeros(2)).tolist() == [3.0, 3.0]
    assert len(seen) == 1 and function.executable.engine == "numpy"
    network = cr.Network([cr.Dense(1)], seed=0)
    with pytest.warns(cr.EngineWarning, match="Nothing has code here"):
        found = network.fit(X, Y, epochs=3)
    assert found.history == cr.Network([cr.Dense(1)], seed=0, engine="numpy").fit(X, Y, epochs=3).history
    with pytest.raises(cr.UnsupportedError, match="Nothing has code here"):
        cr.compile(np.exp(x) * 4, inputs=[x], engine="fussy")(np.zeros(2))


class Tired(NumpyExecutable):
    """What has no code in the middle of its third epoch."""

    engine = "tired"
    steps = 0

    def step(self, state, batch):
        self.steps += 1
        if self.steps > 11:
            raise cr.UnsupportedError("It is tired.")
        return super().step(state, batch)


@pytest.mark.filterwarnings("ignore:It is tired")
def test_epochs_that_were_done_before_an_engine_gave_up_count_once(monkeypatch, forget):
    def fitted(engine):
        network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1)], seed=0, engine=engine)
        falling = cr.SGD(cr.ReduceOnPlateau(0.5, patience=1))
        return network.fit(X, Y, epochs=12, batch_size=4, validation_split=0.2, optimizer=falling)

    wanted = fitted("numpy")
    monkeypatch.setitem(ENGINES, "tired", Engine("tired", "", Tired, cost=Cost()))
    forget()
    found = fitted("auto")
    assert (found.history, found.best_epoch) == (wanted.history, wanted.best_epoch)


# --- how much there is to do ---


def test_a_function_weighs_the_rows_of_each_call():
    x = cr.input("x", ("n",))
    y = np.tanh(x * 2) * np.exp(-(x**2)) + 1
    auto, numpy, native = (cr.compile(y, inputs=[x], engine=e) for e in ("auto", "numpy", "native"))
    few, many = np.linspace(-1, 1, 5), np.linspace(-1, 1, 200_000)
    for values, wanted in [(few, numpy), (many, native), (few, numpy), (many, native)]:
        np.testing.assert_array_equal(auto(values), wanted(values))
        assert auto.executable.engine == wanted.executable.engine


def test_every_open_axis_counts_and_products_by_what_they_multiply():
    a, b = cr.input("a", ("n", "k")), cr.input("b", ("k", "m"))
    n, k, m = (s for s in (*a.shape, b.shape[1]))
    work = Compiled(Program((a, b), (), (a @ b,), ())).work["numpy"]

    def seconds(*lengths):
        none = work.seconds(1, {n: 0, k: 0, m: 0})
        return work.seconds(1, dict(zip((n, k, m), lengths, strict=True))) - none

    assert seconds(100, 100, 100) == pytest.approx(1000 * seconds(10, 10, 10), rel=1e-6)
    assert seconds(10, 1000, 10) == pytest.approx(100 * seconds(10, 10, 10), rel=1e-6)
    function = cr.compile(a @ b, inputs=[a, b])
    assert function(np.ones((2, 3)), np.ones((3, 2))).tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert function.executable.engine == "numpy"
    function(np.ones((1000, 100)), np.ones((100, 1000)))
    assert function.executable.engine == "native"
