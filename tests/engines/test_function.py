"""cr.compile: a graph as a function, judged by the evaluator."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.program import Program


def test_a_node_gives_an_array_and_a_list_gives_a_list():
    x = cr.input("x", ("n",))
    total = cr.compile(np.sum(x), inputs=[x])([1.0, 2.0])
    assert isinstance(total, np.ndarray) and total == 3.0
    several = cr.compile([x, np.exp(x)], inputs=[x])([0.0])
    assert isinstance(several, list) and [v.tolist() for v in several] == [[0.0], [1.0]]


def test_one_function_serves_every_length_of_an_open_axis():
    x = cr.input("x", ("n", 2))
    f = cr.compile(np.mean(x), inputs=[x])
    assert [float(f(np.ones((k, 2)) * k)) for k in (1, 3, 7)] == [1.0, 3.0, 7.0]


def test_updates_use_the_old_values_of_all_variables():
    a, b = cr.variable(1.0, name="a"), cr.variable(2.0, name="b")
    cr.compile([], updates={a: b, b: a})()
    assert (a.value, b.value) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, f: f(), "takes 1 values"),
        (lambda x, f: f(np.ones((2, 2))), "expected"),
        (lambda x, f: cr.compile(np.sum(x)), "needs the input 'x'"),
        (lambda x, f: cr.compile(x, inputs=[x], engine="numby"), "Did you mean 'numpy'"),
        (lambda x, f: cr.compile(x, inputs=[x], updates={x: x}), "only variables"),
    ],
)
def test_what_cannot_be_called_says_why(call, words):
    x = cr.input("x", ("n",))
    with pytest.raises(cr.ChainruleError, match=words):
        call(x, cr.compile(np.sum(x), inputs=[x]))


def test_a_program_pickles_with_what_its_ends_share():
    x, w = cr.input("x", ()), cr.variable(3.0, name="w")
    program = pickle.loads(pickle.dumps(Program((x,), (w,), (w * x,), (w + x,))))
    assert program.outputs[0].inputs[0] is program.state[0]
    assert program.new_state[0].inputs[0] is program.state[0]
