"""Nests made one: which are, that they do what they did apart, and in as many parts."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program
from random_rows import random_rows
from sampling import tries
from values_of import values_of

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.plan import fusion
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.items import Nest, made
from chainrule.engines.native.plan.joining import joined
from chainrule.engines.native.plan.nest_plan import LONG_BODY
from chainrule.engines.native.plan.regions import ROWS, in_regions
from chainrule.graph.closed import Program
from chainrule.graph.node import input, leaf_key, variable
from chainrule.graph.shapes import Extent
from chainrule.recent import Recent
from chainrule.transform.simplify import simplify_all


def apart(items, *_):
    """Join nothing."""
    return list(items)


def simple(program):
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    found = Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))
    return expand_products(expand(found, CODED))


def both(program, monkeypatch):
    """Return the plan of a program, and what it is with nothing joined."""
    found = fuse(program)
    with monkeypatch.context() as patch:
        patch.setattr(fusion, "joined", apart)
        return found, fuse(program)


N = Extent("n")
X = input("x", (N, 4), "float32")
V = variable(np.ones((6, 4), "float32"), "v")
W = variable(np.ones((6, 4), "float32"), "w")


def nest(*nodes, domain=None):
    kept = [n for n in nodes if not n.primitive.reduces]
    sums = [n for n in nodes if n.primitive.reduces]
    return Nest(domain or (kept[0].shape if kept else sums[0].inputs[0].shape), kept, sums)


def count(*nests, rows=None, **overwritten):
    """Return how many nests some become; a state variable named is overwritten by a node."""
    update_of = {leaf_key({"v": V, "w": W}[name]): new for name, new in overwritten.items()}
    return len(joined(nests, update_of, rows))


# --- which are joined ---


def test_what_reads_one_array_or_what_the_other_makes_is_one_nest():
    a, b = np.tanh(X), np.exp(X)
    assert count(nest(a), nest(b)) == 1
    assert count(nest(a), nest(a * 2)) == 1
    assert count(nest(np.tanh(V)), nest(np.exp(W))) == 2  # nothing in common


def test_what_needs_a_sum_of_the_other_or_other_points_of_it_is_not():
    a = np.tanh(X)
    total = np.sum(a, axis=0)
    assert count(nest(a, total), nest(a - total)) == 2 and count(nest(a, total), nest(a - V[0])) == 1
    b = np.tanh(V)
    assert count(nest(b), nest(b * b[::-1])) == 2 and count(nest(b), nest(b * V[::-1])) == 1


def test_what_needs_what_is_done_in_between_is_not():
    a = np.tanh(X)
    total = np.sum(a, axis=1)
    between = nest(np.exp(total))
    later = nest(a * np.reshape(between.nodes[0], (N, 1)))
    assert count(nest(a, total), between, later) == 3
    assert count(nest(a, total), between, nest(a * 2)) == 2


def test_a_variable_is_not_overwritten_before_it_was_read():
    a, new = np.tanh(V), V * 2
    reader = nest(np.sum(np.exp(W), axis=0), np.exp(W))
    assert count(nest(a), reader, nest(new), v=new) == 2
    assert count(nest(a), nest(np.sum(V, axis=0), domain=(6, 4)), nest(new), v=new) == 1
    turned = nest(np.exp(V.T))
    assert count(nest(a), turned, nest(new), v=new) == 3
    assert count(nest(a, a * V[::-1]), nest(new), v=new) == 2 and count(nest(a, a * V[::-1]), nest(new)) == 1


def test_sums_stay_in_their_order():
    a, b = np.tanh(X), np.exp(X)
    assert count(nest(a), nest(X.astype("float64"))) == 2  # half as many to a vector
    assert count(nest(a), nest(b, np.sum(b))) == 2  # two axes, or one
    assert count(nest(a), nest(b, np.sum(b, axis=1))) == 1


def test_nests_that_would_not_fit_into_registers_stay_apart():
    many = [np.tanh(X)]
    while len(many) < LONG_BODY:
        many.append(np.sin(many[-1]))
    assert count(nest(*many), nest(np.exp(X))) == 2 and count(nest(*many[:-1]), nest(np.exp(X))) == 1


def test_what_is_done_in_parts_still_is():
    a, b = np.tanh(X), np.exp(X)
    rows = nest(b, np.sum(b, axis=1))
    down = nest(b, np.sum(b, axis=0))
    assert count(nest(a), rows, rows=N) == 1 and count(nest(a), down, rows=N) == 2
    assert count(nest(a), down) == 1  # too little to be cut
    large = variable(np.ones((600, 600), "float32"), "large")
    a, b = np.tanh(large), np.exp(large)
    assert count(nest(a), nest(b, np.sum(b, axis=0))) == 2


def test_rows_do_not_wait_for_a_sum_over_all_of_them():
    total = np.sum(X, axis=0)
    assert count(nest(total), nest(np.tanh(X)), nest(X * total), rows=N) == 3
    assert count(nest(np.tanh(X)), nest(X * total), rows=N) == 1  # it is there already


# --- whole programs ---


def by_rows(plan):
    """Return how many nodes of a plan are made in regions of rows."""
    return sum(len(made(w.item)) for r in in_regions(plan)[1] if r.kind == ROWS for w in r.works)


@settings(max_examples=tries(60), suppress_health_check=list(HealthCheck), deadline=None)
@given(r=st.randoms(use_true_random=False), kind=st.sampled_from([random_program, random_rows]))
def test_no_more_is_kept_and_no_less_is_done_row_by_row(r, kind):
    with pytest.MonkeyPatch.context() as monkeypatch:
        found, before = both(simple(kind(r, "float64")[0]), monkeypatch)
    assert len(found.items) <= len(before.items)
    assert len(found.stored) <= len(before.stored) and len(found.commits) <= len(before.commits)
    assert by_rows(found) >= by_rows(before)


def test_random_programs_give_the_same_bits(monkeypatch):
    monkeypatch.setattr(compiled, "_compiled", Recent(64))
    some = 0
    for seed in range(tries(100)):
        program, grown = random_program(random.Random(seed), "float32")
        found, before = both(simple(program), monkeypatch)
        if len(found.items) == len(before.items):
            continue
        some += 1
        state = [w.value for w in grown.state]
        results = []
        for join, parts, checked in ((apart, "", ""), (joined, "", ""), (joined, "3", "1")):
            monkeypatch.setattr(fusion, "joined", join)
            monkeypatch.setenv("CHAINRULE_SHARE", parts)
            monkeypatch.setenv("CHAINRULE_CHECK", checked)
            compiled._compiled = Recent(64)
            new, outputs = compiled.build(program, "native").step(state, grown.batch)
            results.append([np.asarray(x).tobytes() for x in (*new, *outputs)])
        assert results[0] == results[1] == results[2], seed
    assert some > 5


NETWORKS = {
    "narrow": ([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], cr.SGD(0.5)),
    "two classes": ([cr.Dense(32, "relu"), cr.Dense(1, "sigmoid")], cr.SGD(0.1)),
    "normalized": (
        [cr.Dense(24), cr.BatchNormalization(), cr.Activation("sigmoid"), cr.Dense(1, "sigmoid")],
        cr.Adam(0.01),
    ),
    "normalized often": (
        [x for _ in range(9) for x in (cr.Dense(20), cr.BatchNormalization(), cr.Activation("tanh"))]
        + [cr.Dense(1, "sigmoid")],
        cr.Adam(0.01),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn_the_same_bits_in_fewer_loops(name, monkeypatch, forget):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2 if name == "narrow" else 20)).astype("float32")
    y = (X[:, 0] * X[:, 1] > 0).astype("float32")
    layers, optimizer = NETWORKS[name]
    results, counts = [], []
    for join, parts, checked in ((apart, "", ""), (joined, "", ""), (joined, "3", "1")):
        monkeypatch.setattr(fusion, "joined", join)
        forget()
        monkeypatch.setenv("CHAINRULE_SHARE", parts)
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        network = cr.Network(layers, seed=1, engine="native")
        history = network.fit(X, y, epochs=3, batch_size=45, optimizer=optimizer)
        results.append([*values_of(network), np.array(history["cost"]), network.predict(X[:37])])
        counts.append(network.show(X, y, "fusion", optimizer=optimizer).count("nest over"))
    assert counts[0] > counts[1] == counts[2]
    for found in results[1:]:
        for a, b in zip(results[0], found, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sums_that_go_along_other_axes_are_loops_of_their_own():
    x, y = (input(n, (N, 5, 6, 8), "float32") for n in "xy")
    across, down = np.sum(x * y, axis=3), np.sum(x * x, axis=(1, 2))
    items = fuse(simple(Program((x, y), (), (across, down), ()))).items
    assert len([i for i in items if i.reductions]) == 2
    both = np.sum(x * y, axis=(1, 2)), np.sum(x * x, axis=(1, 2)), np.sum(x * y, axis=2)
    assert len(fuse(simple(Program((x, y), (), both, ()))).items) == 1
