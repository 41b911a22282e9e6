"""Every row on all steps at once is what it is in each step, one after the other; and so are sums over the steps."""

import random
from itertools import product

import numpy as np
import pytest
from random_graphs import random_graph
from test_primitives import EXAMPLES, label

from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import input, record
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.walk import order
from chainrule.transform.batching import on_all_steps, summed_over_steps
from chainrule.transform.simplify import simplify_all

IN_THE_LOOP = {"random_uniform"}  # what cannot be put on all steps at once: one stream is one array
FEW = [e for e in EXAMPLES if not e.primitive.domain or e.inputs[0].shape in [(), (3, 2), (0, 2)]]
every_example = pytest.mark.parametrize("example", FEW, ids=label)


def differently(a, steps):
    """The numbers of each step: others, or the positions in another order."""
    if a.dtype.kind == "f":
        return np.stack([a * (1 - 0.1 * t) for t in range(steps)]) if steps else np.zeros((0, *a.shape))
    return np.stack([np.roll(a, t) for t in range(steps)]) if steps else np.zeros((0, *a.shape), a.dtype)


def ways(example):
    """Yield which of the inputs differ from step to step: each choice but none."""
    return [w for w in product([False, True], repeat=len(example.inputs)) if any(w)]


def put_on_all(example, which, steps):
    """Return the leaves and the node of one step, what the leaves are on all, and their numbers."""
    leaves, y = example.node()
    numbers = [differently(a, steps) if w else a for a, w in zip(example.inputs, which, strict=True)]
    many = [input(f"X{i}", a.shape, a.dtype) for i, a in enumerate(numbers)]
    return leaves, y, dict(zip(leaves, many, strict=True)), dict(zip(many, numbers, strict=True))


def one_after_another(y, leaves, numbers, which, steps):
    found = []
    for t in range(steps):
        at = [a[t] if w else a for a, w in zip(numbers, which, strict=True)]
        found.append(evaluate([y], dict(zip(leaves, at, strict=True)))[y])
    return np.stack(found) if found else np.zeros((0, *y.shape), y.dtype)


@pytest.mark.parametrize("steps", [0, 1, 3])
@every_example
def test_a_row_on_all_steps_is_what_it_is_in_each(example, steps):
    for which in ways(example):
        leaves, y, given, feed = put_on_all(example, which, steps)
        became = on_all_steps([y], given, steps)
        if example.primitive.name in IN_THE_LOOP:
            assert y not in became
            continue
        new = became[y]
        assert (new.shape, new.dtype) == ((steps, *y.shape), y.dtype)
        value = evaluate([new], feed)[new]
        wanted = one_after_another(y, leaves, [*feed.values()], which, steps)
        np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12)


def test_every_row_that_has_inputs_is_tried():
    assert {e.primitive.name for e in FEW} >= {r.name for r in TABLE.values() if not r.leaf and r.cases}


@every_example
def test_the_sum_over_the_steps_is_that_of_each(example):
    for which in ways(example):
        leaves, y, given, feed = put_on_all(example, which, 3)
        (new,) = summed_over_steps([y], given, 3)
        if example.primitive.name in IN_THE_LOOP:
            assert new is None
            continue
        if y.dtype.kind != "f":
            continue
        assert (new.shape, new.dtype) == (y.shape, y.dtype)
        wanted = np.sum(one_after_another(y, leaves, [*feed.values()], which, 3), axis=0)
        np.testing.assert_allclose(evaluate([new], feed)[new], wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("example", [e for e in FEW if e.primitive.made_of and e.inputs[0].size], ids=label)
def test_a_row_without_a_rule_is_put_on_all_steps_as_it_is_written_in_others(example):
    made = example.primitive.made_of
    leaves, y, given, feed = put_on_all(example, (True,) * len(example.inputs), 3)
    written = made(*leaves, **example.attributes)
    new = on_all_steps([written], given, 3)[written]
    wanted = one_after_another(y, leaves, [*feed.values()], (True,) * len(leaves), 3)
    np.testing.assert_allclose(evaluate([new], feed)[new], wanted, rtol=1e-12, atol=1e-12)


def test_what_is_the_same_in_each_step_is_computed_once():
    x, w = input("x", (2, 3)), input("w", (3, 4))
    X = input("X", (5, 2, 3))
    scaled = np.tanh(w * 2.0)
    y = x @ scaled
    became = on_all_steps([y], {x: X}, 5)
    assert became[scaled] is scaled and became[y].inputs[1] is scaled


def test_what_cannot_be_put_on_all_steps_is_left_out_with_what_depends_on_it():
    x, seed = input("x", (2,)), input("seed", (), "int64")
    drawn = record(TABLE["random_uniform"], [seed, seed], {"shape": (2,), "stream": 0, "dtype": "float64"})
    other, y = x * 2.0, x + drawn
    became = on_all_steps([y, other], {x: input("X", (5, 2)), seed: input("s", (5,), "int64")}, 5)
    assert drawn not in became and y not in became and other in became
    assert (
        summed_over_steps([y, other], {x: input("X", (5, 2)), seed: input("s", (5,), "int64")}, 5)[0] is None
    )


def rows_of(node):
    return [n.primitive.name for n in order([node]) if n.inputs]


def test_the_sum_over_steps_of_a_product_is_one_product():
    x, dz, U = input("x", (4, 3)), input("dz", (4, 5)), input("U", (3, 5))
    given = {x: input("X", (7, 4, 3)), dz: input("dZ", (7, 4, 5))}
    products = {
        "turned": (x.T @ dz, ["contract"]),
        "twice": (x.T @ dz + (2 * x).T @ dz, ["contract", "contract"]),
        "scaled and turned": (-(x.T @ dz).T, ["contract"]),
        "beside a penalty": (x.T @ dz + 0.1 * U, ["contract"]),
        "in parts": (np.concatenate([x.T @ dz[:, :2], x.T @ dz[:, 2:]], axis=1), ["contract", "contract"]),
    }
    for name, (dW, wanted) in products.items():
        (found,) = simplify_all(summed_over_steps([dW], given, 7))
        assert [r for r in rows_of(found) if r in ("contract", "sum")] == wanted, name
        assert not any(n.ndim == 3 and n.shape[1:] == (3, 5) for n in order([found])), name


def test_what_is_given_need_be_no_leaf():
    x, W = input("x", (4, 3)), input("W", (3, 5))
    z = -(np.tanh(x) @ W)
    Z = input("Z", (7, 4, 5))
    (found,) = summed_over_steps([2 * z.T], {z: Z}, 7)
    np.testing.assert_allclose(
        evaluate([found], {Z: np.ones((7, 4, 5))})[found], np.full((5, 4), 14.0), rtol=1e-15
    )


def test_rows_looked_up_in_each_step_give_their_gradients_back_together():
    table, at, dy = input("E", (9, 2)), input("at", (4,), "int64"), input("dy", (4, 2))
    added = record(TABLE["scatter_add"], [dy, at], {"axis": 0, "extent": 9})
    given = {at: input("AT", (7, 4), "int64"), dy: input("dY", (7, 4, 2))}
    (found,) = summed_over_steps([added], given, 7)
    assert found.shape == table.shape
    assert (
        max(n.ndim * n.shape.count(9) for n in order([found]) if n.shape) == 2
    )  # never a table for each step


@pytest.mark.parametrize("seed", range(150))
def test_graphs_drawn_at_random_are_on_all_steps_what_they_are_in_each(seed):
    r = random.Random(seed)
    g, steps = random_graph(r, "float64"), r.choice([0, 1, 3])
    which = [r.random() < 0.7 for _ in g.inputs]
    numbers = [differently(a, steps) if w else a for a, w in zip(g.batch, which, strict=True)]
    shapes = [(steps, *x.shape) if w else x.shape for x, w in zip(g.inputs, which, strict=True)]
    many = [input(f"X{i}", s, x.dtype) for i, (x, s) in enumerate(zip(g.inputs, shapes, strict=True))]
    outputs = g.nodes[-8:]
    became = on_all_steps(outputs, dict(zip(g.inputs, many, strict=True)), steps)
    found = [y for y in outputs if y in became]
    assert len(found) > len(outputs) / 2
    values = evaluate([became[y] for y in found], dict(zip(many, numbers, strict=True)))
    for y in found:
        value = values[became[y]]
        if became[y].ndim == y.ndim:
            value = np.broadcast_to(value, (steps, *value.shape))
        assert len(value) == steps
        if steps:
            wanted = one_after_another(y, g.inputs, numbers, which, steps)
            np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9)
