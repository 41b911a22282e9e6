"""Between stages a graph is verified, in the tests and under CHAINRULE_CHECK: what is wrong is named with its stage."""

import numpy as np
import pytest

from chainrule.errors import ChainruleError, GraphError
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, as_node, input, mark, variable
from chainrule.graph.primitives.exponentials import softplus, tanh
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.walk import order
from chainrule.transform import rewrites, verify
from chainrule.transform.rewrites import Move
from chainrule.transform.rewrites.rewrite import only
from chainrule.transform.simplify import simplify
from chainrule.transform.verify import FINAL, RECORDED, Level, verify_rewritten

F = np.dtype("float32")
X, W = input("x", ("batch", 3), F), variable(np.ones(3, F), "w")


def wrong(name, *inputs, shape=("batch", 3), **attributes):
    extents = tuple(X.shape[0] if e == "batch" else e for e in shape)
    return Node(TABLE[name], inputs, attributes, extents, F)


WRONG = {
    "a shape that its row does not make": (lambda *_: wrong("exp", W), r"'exp' is said to be of shape \(batch, 3\)"),
    "an input that is not there": (lambda *_: wrong("exp", input("z", X.shape, F)), "'z' is neither"),
    "an attribute that no row has": (lambda *_: wrong("exp", X, axis=1), "unexpected keyword argument 'axis'"),
    "an open axis of no input": (
        lambda *_: X + as_node(input("other", ("m",), F).shape[0], [F]), "axis 'm'"
    ),
}  # fmt: skip


@pytest.fixture
def planted(monkeypatch):
    """Plant a wrong rewrite: what tanh becomes."""

    def plant(becomes):
        monkeypatch.setattr(
            rewrites, "REWRITES", [Move("a mistake", "none", becomes, only(tanh)), *rewrites.REWRITES]
        )
        rewrites.candidates.cache_clear()

    yield plant
    rewrites.candidates.cache_clear()


@pytest.mark.parametrize(("becomes", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_rewrite_is_named_with_its_stage(planted, becomes, said):
    planted(becomes)
    with pytest.raises(ChainruleError, match=f"After it was simplified: .*{said}"):
        simplify(np.tanh(X * W))


def test_it_costs_nothing_where_nobody_looks_for_mistakes(planted, monkeypatch):
    planted(WRONG["an input that is not there"][0])
    monkeypatch.setattr(verify, "ALWAYS", False)
    monkeypatch.delenv("CHAINRULE_CHECK", raising=False)
    simplify(np.tanh(X * W))
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    with pytest.raises(GraphError, match="After it was simplified"):
        simplify(np.tanh(X * W))


def test_a_level_says_what_may_occur():
    marked = Program((X,), (), (mark(X * 2, "twice"),), ())
    verify.verify(marked)
    with pytest.raises(GraphError, match="After it was simplified: 'mark' may not occur any more"):
        verify.verify(marked, FINAL)
    basic = Level("expanded", lambda node: node.primitive.name != "softplus")
    with pytest.raises(GraphError, match="After it was expanded: 'softplus'"):
        verify.verify(Program((), (W,), (), (softplus(W),)), basic)


@pytest.mark.parametrize("after", [X * 2, W[0]], ids=["larger", "smaller"])
def test_ends_keep_their_shape(after):
    with pytest.raises(GraphError, match=r"'exp' of shape .* became"):
        verify_rewritten([np.exp(W), X], [after, X], RECORDED)


def test_a_circle_is_refused():
    x = variable(1.0)
    y = np.exp(x)
    z = np.tanh(y)
    object.__setattr__(y, "inputs", (z,))
    with pytest.raises(GraphError, match="circle"):
        verify.verify(Program((), (x,), (z,), (x,)))
    with pytest.raises(GraphError, match="circle"):
        order([z])
