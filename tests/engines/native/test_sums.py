"""Sums over pictures taken apart: the same numbers from fewer sums, and nothing else touched."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.plan.expand import expand
from chainrule.engines.native.plan.sums import taken_apart
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input, variable
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplify_all

SHAPE = ("n", 4, 5, 3)
OVER = (0, 1, 2)


def expanded(*outputs):
    return expand(Program((X, Y), (K,), tuple(simplify_all(outputs, final=True)), (K,)), CODED)


X, Y = input("x", SHAPE, "float64"), input("y", SHAPE, "float64")
K = variable(np.array([0.5, -2.0, 3.0]), "k")


def sums(program):
    return [n for n in order(program.ends) if n.primitive.name == "sum"]


def values(program):
    rng = np.random.default_rng(0)
    given = {x: rng.normal(size=(2, *x.shape[1:])) for x in program.inputs}
    found = evaluate(program.outputs, {**given, K: K.value})
    return [found[n] for n in program.outputs]


def check(before, count):
    after = taken_apart(before)
    assert len(sums(after)) == count
    for a, b, node in zip(values(after), values(before), before.outputs, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * max(1, np.abs(b).max()), err_msg=str(node))


def test_sums_of_multiples_and_of_sums_are_one():
    total = np.sum(X, axis=OVER)
    check(expanded(total, np.sum(X * K, axis=OVER), np.sum(-X / K, axis=OVER)), 1)
    check(expanded(total, np.sum(Y, axis=OVER), np.sum(X - Y * 3 + K, axis=OVER)), 2)
    chosen = np.where(X > 0, Y, 0)
    check(expanded(np.sum(chosen, axis=OVER), np.sum(np.where(X > 0, K * Y, 0), axis=OVER)), 1)
    check(expanded(np.sum(X * Y, axis=OVER, keepdims=True), np.sum(Y * K * X, axis=OVER, keepdims=True)), 1)


def test_what_is_chosen_nowhere_takes_no_part_whatever_it_is_divided_by():
    most = np.max(X, axis=OVER)
    outputs = (
        np.sum(np.where(most < X, Y, 0), axis=OVER),
        np.sum(np.where(most < X, Y / (most - most), 0), axis=OVER),
    )
    before = expanded(*outputs)
    with np.errstate(all="ignore"):
        for a in values(taken_apart(before)):
            np.testing.assert_array_equal(a, np.zeros(3))


def test_sums_of_no_rows_are_0_though_a_mean_is_none():
    centred = X - np.mean(X, axis=OVER)
    before = expanded(np.sum(centred * K, axis=OVER), np.sum(centred, axis=OVER), np.sum(X, axis=OVER))
    after = taken_apart(before)
    assert after is not before
    given = {x: np.zeros((0, *x.shape[1:])) for x in before.inputs} | {K: K.value}
    with np.errstate(all="ignore"):
        found = evaluate(after.outputs, given)
    for node in after.outputs:
        np.testing.assert_array_equal(found[node], np.zeros(3))


def test_what_is_not_summed_less_often_stays():
    for outputs in (
        [np.sum(X + Y, axis=OVER)],
        [np.sum(X * K, axis=OVER)],
        [np.sum(X, axis=0), np.sum(X * 2, axis=0)],  # over rows alone
        [np.sum(X, axis=(1, 2)), np.sum(X * 2, axis=(1, 2))],  # within each row
        [np.sum(X, axis=OVER), np.sum(X * X, axis=OVER), np.max(X * K, axis=OVER)],
    ):
        before = expanded(*outputs)
        assert taken_apart(before) is before


@pytest.mark.parametrize("keepdims", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_sums_keep_their_numbers(data, keepdims):
    def term(depth):
        kind = data.draw(st.sampled_from("xyk123" if not depth else "+-*/nwxyk"))
        if kind in "xyk123":
            return {"x": X, "y": Y, "k": K}[kind] if kind in "xyk" else float(kind)
        a = term(depth - 1)
        if kind == "n":
            return -a
        if kind == "/":
            return a / K
        b = term(depth - 1)
        if kind == "w":
            return np.where(X > 0, a, 0.0) if isinstance(a, cr.Node) else a
        return a + b if kind == "+" else a - b if kind == "-" else a * b

    axes = data.draw(st.sampled_from([OVER, (0, 1), (0, 2, 3), (0, 1, 2, 3)]))
    outputs = [np.sum(X * 0 + term(3), axis=axes, keepdims=keepdims) for _ in range(4)]
    before = expanded(*outputs)
    check(before, len(sums(taken_apart(before))))


def test_batch_normalizations_pass_forth_and_back_has_four_sums():
    gamma, beta = (variable(np.ones(3), name) for name in ("gamma", "beta"))
    z = X * 2 + K  # a bias that the mean takes away
    mean = np.mean(z, axis=OVER)
    variance = np.mean((z - mean) ** 2, axis=OVER)
    y = np.maximum((z - mean) / np.sqrt(variance + 1e-3) * gamma + beta, 0)
    before = expanded(y, *cr.grad(np.sum(y * Y), [X, gamma, beta]))
    assert len(sums(before)) > 4
    check(before, 4)
