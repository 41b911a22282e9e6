"""The NumPy engine: a step is the evaluator's, written out as a function."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.numpy import NumpyExecutable, write_source
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import evaluate
from chainrule.graph.primitives import primitive as row


def test_a_step_computes_what_the_evaluator_does():
    rng = np.random.default_rng(0)
    x, w = cr.input("x", ("n", 3)), cr.variable(rng.normal(size=(3, 2)), name="w")
    h = np.tanh(x @ w)
    outputs = [np.mean(h**2), np.concatenate([h, h * 2], axis=1), h[:, ::-1], x[:, None, :], np.mean(x)]
    outputs += [cr.grad(outputs[0], w), np.max(h, axis=0), cr.softmax(h), np.where(h > 0, h, 0)]
    engine = NumpyExecutable(Program((x,), (w,), tuple(outputs), (w - 0.1 * outputs[5],)))
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
        NumpyExecutable(Program((x,), (), (node,), ())).step([], [np.ones(2)])
    assert list(tmp_path.iterdir()) == []


def test_a_step_warns_of_nothing_and_pickles():
    x = cr.input("x", ())
    engine = pickle.loads(pickle.dumps(NumpyExecutable(Program((x,), (), (np.log(x), 1 / x), ()))))
    assert isinstance(engine, NumpyExecutable)
    assert [float(v) for v in engine.step([], [np.array(0.0)])[1]] == [-np.inf, np.inf]
