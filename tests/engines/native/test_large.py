"""Large graphs: nothing ends the process, functions stay short, equal ones are one, and no number is lost."""

import re
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program

from chainrule.engines.compiled import build
from chainrule.engines.epochs import Batches, Epochs
from chainrule.engines.native.code import loop, step as step_module
from chainrule.engines.native.look.show import show_fusion, show_memory
from chainrule.engines.native.plan import fusion, pieces
from chainrule.engines.native.plan.items import Nest, made
from chainrule.engines.native.plan.memory import ALIGN
from chainrule.engines.native.run import pipeline
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.transform.backprop import grad
from chainrule.transform.simplify import simplified

RNG = np.random.default_rng(8)


# --- graphs of any size, with their gradients -----------------------------------------------------------


def unrolled(steps, cell, width=6):
    """Return a program that trains a recurrent network whose steps are written out, and numbers for it."""
    gates = {"rnn": 1, "lstm": 4}[cell]
    x, y = input("x", ("batch", steps, 3)), input("y", ("batch", 1))
    W = variable(RNG.standard_normal((3 + width, gates * width)) * 0.4, "W")
    b, V = variable(np.zeros(gates * width), "b"), variable(RNG.standard_normal((width, 1)), "V")
    h = c = np.zeros(width) + 0 * x[:, 0, :1]
    for t in range(steps):
        z = np.concatenate([x[:, t], h], axis=1) @ W + b
        if cell == "rnn":
            h = np.tanh(z)
            continue
        i, f, o, g = (z[:, k * width : (k + 1) * width] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    weights, cost = (W, b, V), np.mean((h @ V - y) ** 2)
    updates = tuple(w - 0.1 * d for w, d in zip(weights, grad(cost, weights), strict=True))
    batch = [RNG.standard_normal((5, steps, 3)), RNG.standard_normal((5, 1))]
    return Program((x, y), weights, (cost,), updates), [w.value for w in weights], batch


def chain(step, start=None):
    """Return a maker of programs that apply a step so many times, to numbers given or to a single one."""

    def made(length):
        w = variable(0.3, "w")
        inputs = () if start is None else (input("x", ("batch", *start.shape[1:])),)
        u = inputs[0] * w if inputs else w
        for _ in range(length):
            u = step(u)
        cost = np.mean(u)
        outputs = (cost, u, grad(cost, w))
        batch = [] if start is None else [start]
        return Program(inputs, (w,), outputs, (w - 0.1 * outputs[2],)), [np.array(0.3)], batch

    return made


def sums(terms):
    """Return a program that adds up so many terms, each with a weight of its own."""
    x, weights = input("x", ("batch",)), [variable(0.1 + k / terms, f"w{k}") for k in range(terms)]
    u = sum((np.sin(x * w) for w in weights[1:]), np.sin(x * weights[0]))
    outputs = (np.mean(u), *grad(np.mean(u), weights))
    return Program((x,), tuple(weights), outputs, tuple(weights)), [w.value for w in weights], [POINTS]


def tree(leaves):
    """Return a program that joins so many numbers by pairs."""
    weights = [variable(0.1 + k / leaves, f"w{k}") for k in range(leaves)]
    level = [np.sin(w) for w in weights]
    while len(level) > 1:
        pairs = [
            a * b + 0.5 if i % 2 else a + b
            for i, (a, b) in enumerate(zip(level[::2], level[1::2], strict=False))
        ]
        level = pairs + level[2 * len(pairs) :]
    outputs = (level[0], *grad(level[0], weights))
    return Program((), tuple(weights), outputs, tuple(weights)), [w.value for w in weights], []


def layers(depth):
    """Return a program that trains so many dense layers."""
    x = input("x", ("batch", 4))
    weights = [variable(RNG.standard_normal((4, 4)) / 2, f"W{i}") for i in range(depth)]
    h = x
    for W in weights:
        h = np.tanh(h @ W)
    cost = np.mean(h**2)
    updates = tuple(W - 0.1 * d for W, d in zip(weights, grad(cost, weights), strict=True))
    return Program((x,), tuple(weights), (cost,), updates), [W.value for W in weights], [ROWS]


def slices(count):
    """Return a program that cuts off the first number so many times, and adds up what is left each time."""
    w = variable(np.linspace(0, 1, count + 5), "w")
    u, total = w, 0.0
    for _ in range(count):
        u = u[1:]
        total = total + np.sum(u)
    return Program((), (w,), (total, grad(total, w)), (w,)), [w.value], []


def joined(parts):
    """Return a program that joins so many parts at once."""
    x, w = input("x", ("batch", 3)), variable(np.ones(3), "w")
    u = np.concatenate([np.tanh(x * (w + k)) for k in range(parts)], axis=1)
    cost = np.mean(u * u)
    return Program((x,), (w,), (cost, u, grad(cost, w)), (w,)), [w.value], [ROWS[:, :3]]


ROWS, POINTS = RNG.standard_normal((7, 4)), np.linspace(-2, 2, 9)
KINDS = {
    "sines of rows": chain(lambda u: np.sin(u) + 0.001, POINTS),
    "sines of numbers": chain(lambda u: np.sin(u) + 0.001),
    "tables": chain(lambda u: np.tanh(u) * 1.01, ROWS),
    "choices": chain(lambda u: np.where(u > 0.5, u * 0.9, u * u + 0.1), POINTS),
    "maxima": chain(lambda u: np.maximum(u, 0.2) * np.minimum(u + 0.1, 0.9), POINTS),
    "quotients": chain(lambda u: u / (1 + u * u), POINTS),
    "shifts": chain(lambda u: np.concatenate([u[:, 1:], np.exp(-u[:, :1])], axis=1), ROWS),
    "positions": chain(lambda u: np.where(np.argmax(u, axis=1)[:, None] > 1, u * 0.9, np.cos(u)), ROWS),
    "sums": sums, "tree": tree, "layers": layers, "joined": joined, "slices": slices,
    "rnn": lambda steps: unrolled(steps, "rnn"), "lstm": lambda steps: unrolled(steps, "lstm"),
}  # fmt: skip
LONG = {  # how often, for more nodes than one function holds
    "sines of rows": 140, "sines of numbers": 140, "tables": 130, "choices": 60, "maxima": 50, "quotients": 60,
    "shifts": 65, "positions": 60, "sums": 75, "tree": 105, "layers": 65, "joined": 110,
    "slices": 130, "rnn": 50, "lstm": 14,
}  # fmt: skip


def staged(program):
    return pipeline.stages(simplified(program), host())


def functions(ir):
    """Return how many lines each function has, by name."""
    bodies = re.findall(r"^define [^@]*@(\w+)\(.*?^}", ir, re.MULTILINE | re.DOTALL)
    texts = re.findall(r"^define .*?^}", ir, re.MULTILINE | re.DOTALL)
    return {name: text.count("\n") for name, text in zip(bodies, texts, strict=True)}


# --- what they compute ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_step_computes_what_numpy_does(kind, agree):
    program, state, batch = KINDS[kind](LONG[kind])
    assert staged(program).fusion.long
    agree(program, state, batch, rounding=256.0)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_thousands_of_nodes_computes_what_numpy_does(kind, agree):
    program, state, batch = KINDS[kind](10 * LONG[kind])
    agree(program, state, batch, rounding=2.0**16)


@pytest.fixture
def short_functions(monkeypatch):
    """Every step is long, every piece short, and so is every section."""
    monkeypatch.setattr(fusion, "ONE_FUNCTION", 0)
    monkeypatch.setattr(pieces, "LONGEST", 3)
    monkeypatch.setattr(step_module, "SECTION_LINES", 20)
    monkeypatch.setattr(loop, "TOGETHER", 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_steps_cut_up_compute_what_numpy_does(dtype, short_functions, close):
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(r=st.randoms(use_true_random=False))
    def check(r):
        program, g = random_program(r, dtype)
        native = compile_program(simplified(program).detached())
        state = [w.value for w in g.state]
        wanted = build(program, "numpy").step(state, g.batch)
        for found, numbers in zip(native.step(state, g.batch), wanted, strict=True):
            for a, b in zip(found, numbers, strict=True):
                close(np.asarray(a), b, rounding=2.0**14 if dtype == "float64" else 2.0**9)

    check()


def test_a_run_cut_up_trains_as_numpy_does(short_functions):
    inputs = [input(f"x{i}", ("batch",) if i % 2 else ("batch", 2), "float64") for i in range(5)]
    w, v = variable(np.array([0.5, -0.2]), "w"), variable(0.1, "v")
    y = [np.sum(x * w, axis=1) if x.ndim == 2 else x * v for x in inputs]
    costs = [np.mean((u - 1) ** 2) for u in y]
    total = sum(costs[1:], costs[0])
    updates = [p - 0.01 * d for p, d in zip((w, v), grad(total, (w, v)), strict=True)]
    program = Program(tuple(inputs), (w, v), (total, *costs), tuple(updates))
    table = [RNG.standard_normal((20, *x.shape[1:])) for x in inputs]
    rows = np.array([RNG.permutation(20) for _ in range(4)])
    native = compile_program(simplified(program).detached())
    state = [np.array(w.value), np.array(v.value)]
    found, wanted = (e.run(Epochs(state, table, rows, Batches(8))) for e in (native, build(program, "numpy")))
    np.testing.assert_allclose(np.array(found.epochs), np.array([list(e) for e in wanted.epochs]), rtol=1e-12)
    for a, b in zip(found.state, wanted.state, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    assert {"choose2", "add_up_f64"} <= functions(native.stages.ir).keys()


def test_a_cut_up_step_is_checked(short_functions, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    x, w = input("x", ("batch", 4)), variable(np.zeros(4), "w")
    program = Program((x,), (w,), (np.sum(np.log(x) * np.exp(x)) + np.sum(w),), (w,))
    compiled = compile_program(simplified(program).detached())
    with pytest.warns(match=r"The first NaN is log\(x\) of shape \(4, batch\), in the loop nest"):
        compiled.step([w.value], [ROWS])


# --- what is cut, and into what -------------------------------------------------------------------------


def test_a_step_of_five_hundred_nodes_is_one_function():
    program, _, _ = KINDS["sines of rows"](123)
    found = staged(program)
    assert 490 < sum(len(made(x)) for x in found.fusion.items) <= 500 and not found.fusion.long
    assert max(len(made(x)) for x in found.fusion.items) > 490
    assert set(functions(found.ir)) == {"nest0", "nest1", pipeline.STEP}
    program, _, _ = KINDS["sines of rows"](126)
    assert staged(program).fusion.long


@pytest.mark.parametrize(
    "kind", ["sines of rows", "choices", "shifts", "positions", "sums", "layers", "lstm"]
)
def test_functions_of_a_long_step_are_short_and_equal_ones_are_one(kind):
    found = [staged(KINDS[kind](n * LONG[kind])[0]) for n in (1, 2)]
    nests = [x for x in found[1].fusion.items if isinstance(x, Nest)]
    assert max(len(made(x)) for x in nests) <= pieces.LONGEST
    fewer, lengths = (functions(x.ir) for x in found)
    assert max(lengths.values()) < 80 * pieces.LONGEST
    assert max(lines for name, lines in lengths.items() if "section" in name) < 2 * step_module.SECTION_LINES
    assert sum("section" not in name for name in lengths) <= sum("section" not in name for name in fewer) + 8


def test_many_parts_are_joined_a_few_at_a_time(agree):
    """A file of 60 kB, in which one node has 20,000 inputs, took minutes."""
    x = input("x", ("batch", 3))

    def joining(parts):
        some = [x, np.exp(x), x[:, :1], x]
        return Program((x,), (), (np.concatenate([some[k % 4] for k in range(parts)], axis=1),), ())

    for parts in (32, 33, 65, 32 * 32 + 1):
        agree(joining(parts), [], [ROWS[:, :3]])
    lengths = [max(functions(staged(joining(parts)).ir).values()) for parts in (500, 4000)]
    assert lengths[1] < 1.5 * lengths[0]


def test_a_pattern_is_cut_at_the_same_places():
    program, _, _ = chain(lambda u: np.tanh(u * 1.5 + 0.1) * 0.7 + 0.01, POINTS)(300)
    cut = [x for x in staged(program).fusion.items if isinstance(x, Nest)]
    names = [tuple(n.primitive.name for n in x.nodes) for x in cut]
    assert len(names) > 30 and len(set(names)) < 12


@pytest.mark.parametrize("kind", ["tables", "shifts", "sums", "slices", "tree", "lstm"])
def test_twice_the_nodes_are_twice_the_work(kind, monkeypatch):
    monkeypatch.setattr(fusion, "ONE_FUNCTION", 100)  # for the sake of time

    def calls(length):
        program, count = simplified(KINDS[kind](length)[0]), 0

        def counted(_frame, event, _argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(counted)
        try:
            pipeline.stages(program, host())
        finally:
            sys.setprofile(None)
        return count

    third = LONG[kind] // 3
    assert calls(3 * third) - calls(2 * third) < 1.3 * (calls(2 * third) - calls(third))


def test_places_in_a_region_do_not_overlap():
    memory = staged(KINDS["positions"](150)[0]).memory
    assert len(memory.slots) > len(memory.stretches) > 1
    for length in (1, 3, 7, 64):
        end = 0
        ends = dict.fromkeys(range(len(memory.stretches)), 0)
        for slot, (region, before, count) in zip(memory.slots, memory.starts, strict=True):
            each = length ** len(slot.extents)
            start = -(-before * each // ALIGN) * ALIGN + 2 * ALIGN * count
            assert start >= ends[region] + (ALIGN if count else 0)
            ends[region] = start + slot.bytes * each
        for number, region in enumerate(memory.stretches):
            whole = -(-region.bytes * length ** len(region.extents) // ALIGN) * ALIGN + region.gaps
            assert ends[number] < whole
            end += whole
        assert memory.size({"batch": length}) == end + ALIGN


def test_every_stage_of_a_long_step_can_be_shown():
    found = staged(KINDS["lstm"](24)[0])
    assert show_fusion(found.fusion, found.regions).count("\n") > len(found.fusion.items)
    assert show_memory(found.fusion, found.memory).count("place ") == len(found.memory.slots)
    assert "task0" in found.ir
