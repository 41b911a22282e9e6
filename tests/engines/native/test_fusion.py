"""Fusion: what shares a loop, what is kept, what is overwritten in place, and that nothing is read too late."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from random_graphs import random_program
from sampling import tries

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.look.show import show_fusion
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import _was_read, fuse
from chainrule.engines.native.plan.items import Fusion, Loop, Nest, Task, reads_memory, register_source
from chainrule.engines.native.plan.regions import in_regions
from chainrule.engines.native.plan.views import is_view
from chainrule.engines.numpy import NumpyExecutable
from chainrule.graph.closed import Program
from chainrule.graph.node import input, leaf_key, variable
from chainrule.graph.shapes import Extent, resolve
from chainrule.transform.simplify import simplify_all


def planned(outputs, state=(), new_state=(), inputs=()):
    """Return the plan of a program, simplified as engines do."""
    ends = simplify_all([*outputs, *new_state], final=True)
    program = Program(tuple(inputs), tuple(state), tuple(ends[: len(outputs)]), tuple(ends[len(outputs) :]))
    return fuse(expand_products(expand(program, CODED)))


def names(item):
    return [
        n.primitive.name for n in ([item.node] if isinstance(item, Task) else [*item.nodes, *item.reductions])
    ]


X = input("x", ("n", 6))
W = variable(np.ones((6, 20)), "w")
U = variable(np.ones((6, 20)), "u")


# --- what shares a loop, and what is kept ---


def test_arithmetic_is_one_loop_that_keeps_its_result_alone():
    plan = planned([np.tanh(X * 2 + 1) * np.exp(X)], inputs=[X])
    assert [names(i) for i in plan.items] == [["multiply", "add", "tanh", "exp", "multiply"]]
    assert plan.stored == set(plan.program.outputs)


def test_a_sum_ends_in_the_loop_of_what_it_sums():
    plan = planned([np.sum(np.sin(X) * X)], inputs=[X])
    assert names(plan.items[0]) == ["sin", "multiply", "sum"] and isinstance(plan.items[0], Nest)
    assert plan.items[0].nodes[-1] not in plan.stored


def test_what_many_loops_read_is_kept():
    wide = np.tanh(X)
    plan = planned([wide / np.sum(wide, axis=0)], inputs=[X])
    kept = [n.primitive.name for i in plan.items for n in getattr(i, "nodes", []) if n in plan.stored]
    assert kept == ["tanh", "divide"]


def test_products_are_tasks_unless_they_are_short():
    x = input("x", ("n", 64))
    w, short = variable(np.ones((64, 10)), "w"), variable(np.ones((3, 10)), "s")
    plan = planned([x @ w, x[:, :3] @ short], inputs=[x])
    tasks = [i.node.primitive.name for i in plan.items if isinstance(i, Task)]
    assert tasks == ["contract"] and len(plan.items) == 2


def test_movements_are_read_in_place():
    plan = planned([np.sum(X[:, ::-1].T * X.T)], inputs=[X])
    assert not {r for i in plan.items for r in names(i)} & {"slice", "transpose", "copy"}


def test_a_reshape_of_what_has_gaps_is_copied_and_no_other():
    assert "copy" in [n for i in planned([np.reshape(W.T, (-1,)) * 2], [W], [W]).items for n in names(i)]
    assert "copy" not in [n for i in planned([np.reshape(W, (-1,)) * 2], [W], [W]).items for n in names(i)]


# --- updates ---


def test_a_gradient_step_overwrites_in_place_with_its_momentum():
    grown = 0.9 * U + cr.grad(np.mean((X @ W) ** 2), W)
    plan = planned([], [W, U], [W - 0.1 * grown, grown], [X])
    assert {s.name for s in plan.home.values()} == {"w", "u"} and plan.commits == []
    (updates,) = [i for i in plan.items if isinstance(i, Nest) and set(i.nodes) & set(plan.home)]
    assert set(plan.home) <= set(updates.nodes)  # one pass over the parameter


@pytest.mark.parametrize(
    ("state", "new_state", "in_place"),
    [
        ([W], [W + 1], ["w"]),
        ([W], [W[::-1] + W], []),  # reads elements that it has overwritten
        ([W], [W[::-1]], []),
        ([W], [W * 1.0 * np.sum(W)], ["w"]),  # the sum is done before
        ([W, U], [W, U * 2], ["u"]),
        ([W], [cr.constant(np.zeros((6, 20)))], ["w"]),
    ],
    ids=["own points", "reversed and own", "reversed", "with its sum", "one of two", "constant"],
)
def test_what_is_overwritten_in_place(state, new_state, in_place):
    plan = planned([], state, new_state)
    assert [s.name for s in plan.home.values()] == in_place
    changed = [s for s, n in zip(state, new_state, strict=True) if s is not n]
    assert len(plan.home) + len(plan.commits) == len(changed)


def test_a_swap_gives_both_the_old_values():
    executable = build(Program((), (W, U), (), (U, W)), "native")
    a, b = np.arange(120.0).reshape(6, 20), -np.arange(120.0).reshape(6, 20)
    (new_a, new_b), _ = executable.step([a, b], [])
    np.testing.assert_array_equal(new_a, b)
    np.testing.assert_array_equal(new_b, a)


def test_an_output_that_is_an_unchanged_state_or_twice_the_same_node():
    y = W * 2
    program = Program((), (W,), (W, y, y, W), (W + 1,))
    (new,), outputs = build(program, "native").step([np.ones((6, 20))], [])
    assert [float(o[0, 0]) for o in outputs] == [1, 2, 2, 1] and float(new[0, 0]) == 2
    assert len({o.__array_interface__["data"][0] for o in outputs}) == 4


def test_a_plan_in_words_names_what_is_kept():
    text = show_fusion(*in_regions(planned([np.sum(X @ W)], [W], [W - 0.1], [X])))
    assert "nest over" in text and "* w' = " in text


# --- nothing is read after it was overwritten -----------------------------------------------------------


class Simulation:
    """Runs a plan with NumPy, with memory as the engine has it: what is overwritten is gone."""

    def __init__(self, plan: Fusion, state, batch):
        self.plan, program = plan, plan.program
        self.lengths = {e: a.shape[i] for n, a in zip(program.inputs, batch, strict=True) for i, e in enumerate(n.shape)
                        if isinstance(e, Extent)}  # fmt: skip
        self.leaves = {leaf_key(n): np.array(a) for n, a in zip(program.state, state, strict=True)}
        self.leaves |= {leaf_key(n): a for n, a in zip(program.inputs, batch, strict=True)}
        self.begun = dict(self.leaves)  # scalars are read before all else
        self.made = {}

    def run(self):
        for item in self.plan.items:
            self.item(item)
        committed = [(leaf_key(s), self.made[n]) for s, n in self.plan.commits]
        self.leaves |= {key: np.broadcast_to(v, self.leaves[key].shape) for key, v in committed}
        program = self.plan.program
        return [self.leaves[leaf_key(s)] for s in program.state], [self.made[n] for n in program.outputs]

    def item(self, item):
        within = set(names_of(item))
        overwritten = {leaf_key(s) for n, s in self.plan.home.items() if n in within}
        for node in names_of(item):
            # Two computations might round differently, and a maximum would not find itself among its numbers again.
            assert node not in self.made, "computed twice"
            values = [self.read(node, i, x, within, overwritten, item) for i, x in enumerate(node.inputs)]
            attributes = {k: resolve(v, self.lengths) for k, v in node.attributes.items()}
            with np.errstate(all="ignore"):
                self.made[node] = np.asarray(node.primitive.forward(*values, **attributes)).astype(node.dtype)
        for node, state in self.plan.home.items():
            if node in within:
                self.leaves[leaf_key(state)] = self.made[node]

    def read(self, reader, position, x, within, overwritten, item):
        if is_view(x):
            inner = self.read(reader, position, x.inputs[0], within, overwritten, item)
            return x.primitive.forward(
                inner, **{k: resolve(v, self.lengths) for k, v in x.attributes.items()}
            )
        if x.primitive.name == "constant":
            return x.attributes["value"]
        if x.primitive.name == "length":
            return np.asarray(self.lengths[x.attributes["extent"]], x.dtype)
        key = leaf_key(x)
        if key in self.leaves:
            if _was_read(x, reader):
                return self.begun[key]
            if key in overwritten:  # in one loop with its update: only point by point
                read = reader.inputs[position]
                assert register_source(read) is x and not reads_memory(reader, position)
                assert reader.primitive.name in ("sum", "max") or reader in item.nodes
            return self.leaves[key]
        assert x in self.made, "read before it is made"
        assert x in within or x in self.plan.stored or x.shape == () or all(e == 1 for e in x.shape), (
            "not kept"
        )
        return self.made[x]


def names_of(item):
    if isinstance(item, Task):
        return [item.node]
    return item.nodes if isinstance(item, Loop) else [*item.nodes, *item.reductions]


@settings(max_examples=tries(150), suppress_health_check=list(HealthCheck))
@example(r=random.Random(7094))  # the old value of a scalar, gathered after its update
@example(r=random.Random(1334))  # a sum over a state in the loop that overwrites it
@given(r=st.randoms(use_true_random=False))
def test_no_plan_reads_what_was_overwritten(r):
    program, grown = random_program(r, "float64")
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    simple = Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))
    state = [w.value for w in grown.state]
    wanted = NumpyExecutable(simple).step(state, grown.batch)
    plan, _ = in_regions(fuse(expand_products(expand(simple, CODED))))
    found = Simulation(plan, state, grown.batch).run()
    for a, b in zip([*found[0], *found[1]], [*wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    assert not {new for _, new in plan.commits} & set(plan.home)
