"""What crosses rows waits for them: the order that the plan puts rows and sums over them in."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.items import Nest, made
from chainrule.engines.native.plan.rows import ending, rows_last, rows_of
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable


def leaf(*shape):
    return input("x", shape, "float32")


def weights(*shape):
    return variable(np.random.default_rng(len(shape)).normal(size=shape), "W", "float32")


def basic(program):
    return expand_products(expand(program, CODED))


def program(f, x, *state):
    return basic(Program((x,), state, tuple(f(x, *state)), state))


def test_rows_lead_where_products_are_made_row_by_row():
    x, W = leaf("batch", 20), weights(20, 30)
    assert str(rows_of(program(lambda x, W: [x @ W], x, W))) == "batch"
    assert rows_of(program(lambda x, W: [x.T @ x], x, W)) is None  # a product over rows
    assert rows_of(program(lambda x, W: [np.tanh(x)], x, W)) is None  # none at all
    turned = leaf(20, "batch")
    assert rows_of(program(lambda x, W: [(x.T @ W)], turned, W)) is None


def test_a_sum_of_which_no_row_is_made_ends_and_statistics_do_not():
    def sums(x, W):
        z = x @ W
        centred = z - np.mean(z, axis=0)
        return [np.sum(np.tanh(centred @ W.T), axis=0), np.sum(z * z)]

    found = program(sums, leaf("batch", 20), weights(20, 30))
    ends = ending(found, rows_of(found))
    assert {str(n.shape) for n in ends} == {"(20,)", "()"}  # and not the mean over rows, of shape (30,)


def test_a_sum_over_all_is_one_over_each_row_and_then_one_over_rows():
    found = program(lambda x, W: [np.sum(x @ W), np.max(x @ W)], leaf("batch", 20), weights(20, 30))
    plan = fuse(found)
    behind = [x for x in plan.items if isinstance(x, Nest) and len(x.domain) == 1]
    assert {n.primitive.name for x in behind for n in made(x)} == {"sum", "max"}
    assert len(rows_last(found, rows_of(found)).outputs) == 2


@pytest.mark.parametrize("rows", [0, 1, 5, 300])
def test_sums_that_wait_are_right(rows, close):
    x, W = leaf("batch", 20), weights(20, 30)
    whole = Program((x,), (W,), (np.sum(x @ W), np.sum(np.tanh(x @ W), axis=0)), (W,))
    X = np.random.default_rng(0).normal(size=(rows, 20)).astype(np.float32)
    z = X.astype(float) @ W.value
    found = compile_program(whole).step([W.value], [X])[1]
    for have, want in zip(found, [z.sum(), np.tanh(z).sum(axis=0)], strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-4)


def test_all_rows_are_done_before_what_is_summed_over_them():
    """The plan of a network's step: once a sum over the batch or a product over it has begun, no row follows."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(64, 20)).astype(np.float32), rng.integers(0, 10, 64)
    network = cr.Network([cr.Dense(40, "relu"), cr.Dense(40, "tanh"), cr.Dense(10, "softmax")], seed=0)
    text = network.show(X, y, "fusion", optimizer=cr.Adam(0.01))
    lines = [line for line in text.splitlines() if line.startswith(("nest", "task"))]
    has_rows = ["batch" in line for line in lines]
    over_rows = [
        " over batch" in block for block in text.replace("task over", "nest over").split("nest over")[1:]
    ]
    rows_alone = [a and not b for a, b in zip(has_rows, over_rows, strict=True)]
    assert rows_alone[:3] == [False, False, True]  # two weights are turned first
    assert rows_alone[2:] == sorted(rows_alone[2:], reverse=True) and sum(rows_alone) > 5
