"""Convolutions as products by tables: windows are never copied, and no bit depends on how they are cut."""

import numpy as np
import pytest
from cpus import POOREST, machine_of
from hypothesis import HealthCheck, given, settings, strategies as st
from sampling import tries

import chainrule as cr
from chainrule.engines.native.look.show import show_fusion
from chainrule.engines.native.look.watch import AccessError
from chainrule.engines.native.plan import gathered as by_tables
from chainrule.engines.native.plan.copies import COPY
from chainrule.engines.native.plan.items import Task
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.executable import compile_program
from chainrule.engines.native.run.pipeline import stages
from chainrule.engines.numpy import NumpyExecutable
from chainrule.graph.closed import Program
from chainrule.graph.node import apply, input, variable
from chainrule.graph.walk import order
from chainrule.transform.simplify import simplified


@st.composite
def convolutions(draw):
    """Draw a layer of any number of axes, groups, strides and dilations, and a batch for it."""
    axes = draw(st.integers(1, 3))
    sizes, strides, dilations = (
        tuple(draw(st.integers(1, most)) for _ in range(axes)) for most in (4 if axes < 3 else 2, 3, 2)
    )
    most = {1: 40, 2: 12, 3: 4}[axes]
    shape = tuple(d * (k - 1) + draw(st.integers(1, most)) for k, d in zip(sizes, dilations, strict=True))
    groups = draw(st.sampled_from([0, 0, 1, 2, 3]))
    channels, filters = draw(st.integers(1, 9)), draw(st.sampled_from([1, 2, 5, 8, 16, 17, 33]))
    batch = draw(st.sampled_from([0, 1, 2, 5, 11]))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.normal(size=(batch, *shape, *([groups] if groups else []), channels)).astype(dtype)
    w = rng.normal(size=(*([groups] if groups else []), *sizes, channels, filters)).astype(dtype)
    return x, w, strides, dilations, draw(st.booleans()), draw(st.integers(0, 2**32))


def layer(x, w, strides, dilations):
    """Return a convolution of nodes: windows and a product."""
    axes = tuple(range(1, len(strides) + 1))
    grouped = len(w.shape) - len(axes) - 2
    space, window, group = "hwz"[: len(axes)], "ijk"[: len(axes)], "g" * grouped
    sizes = w.shape[grouped : grouped + len(axes)]
    seen = apply("windows", x, axes=axes, sizes=sizes, strides=strides, dilations=dilations)
    return apply("contract", seen, w, spec=f"b{space}{group}c{window},{group}{window}co->b{space}{group}o")


def step(x, w, strides, dilations, opened):
    """Return a step that trains a layer by the squares of what it gives, as a program and its numbers."""
    batch = "batch" if opened else x.shape[0]
    leaf, state = input("x", (batch, *x.shape[1:]), x.dtype), variable(w, "w", w.dtype)
    z = layer(leaf, state, strides, dilations)
    cost = np.sum(np.tanh(z))
    return simplified(Program((leaf,), (state,), (cost, z), (state - 0.5 * cr.grad(cost, state),)))


def results(program, w, x, machine=None):
    new, found = compile_program(program, machine).step([w], [x])
    return [*found, *new]


def products(program):
    """Return how each product of a step is computed by tables, or None for one that is not."""
    plan = stages(program, host()).fusion
    tasks = [i.node for i in plan.items if isinstance(i, Task)]
    return [plan.gathered(n) for n in tasks if n.primitive.name == "contract"]


def assert_close(found, wanted, terms):
    for a, b in zip(found, wanted, strict=True):
        scale = 1 + np.max(np.abs(b), initial=0)
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.all(np.abs(a - b) <= 20 * np.sqrt(1 + terms) * np.finfo(b.dtype).eps * scale)


def evaluated(program, w, x):
    new, found = NumpyExecutable(program).step([w], [x])
    return [*found, *new]


@settings(max_examples=tries(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=convolutions())
def test_values_and_gradients_are_those_of_the_graph_whatever_is_cut(drawn, monkeypatch):
    x, w, strides, dilations, opened, seed = drawn
    program = step(x, w, strides, dilations, opened)
    wanted = evaluated(program, w, x)
    terms = max(w.size, x.size)
    found = results(program, w, x)
    assert_close(found, wanted, terms)
    with monkeypatch.context() as patch:
        for parts, checked in ((str(2 + seed % 4), ""), (str(1 + seed % 3), "1")):
            patch.setenv("CHAINRULE_SHARE", parts)
            patch.setenv("CHAINRULE_CHECK", checked)
            for a, b in zip(results(program, w, x), found, strict=True):
                np.testing.assert_array_equal(a, b)


@settings(max_examples=tries(30))
@given(drawn=convolutions())
def test_a_poorer_machine_computes_the_same(drawn):
    x, w, strides, dilations, opened, _ = drawn
    program = step(x, w, strides, dilations, opened)
    found = results(program, w, x, machine_of(POOREST))
    assert_close(found, evaluated(program, w, x), max(w.size, x.size))


@settings(max_examples=tries(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=convolutions(), enough=st.integers(1, 9), most=st.integers(1, 30))
def test_a_table_may_be_short(drawn, enough, most, monkeypatch):
    """What a table does not hold, blocks and loops go through, in the same order: large pictures in small ones."""
    x, w, strides, dilations, opened, _ = drawn
    program = step(x, w, strides, dilations, opened)
    wanted, usual = results(program, w, x), products(program)
    with monkeypatch.context() as patch:
        patch.setattr(by_tables, "ENOUGH_ROWS", enough)
        patch.setattr(by_tables, "ENOUGH_TERMS", enough)
        patch.setattr(by_tables, "MOST_ROWS", most)
        patch.setattr(by_tables, "MOST_TERMS", most)
        found, short = results(program, w, x), products(program)
    assert_close(found, wanted, max(w.size, x.size))
    if [f is None for f in short] == [f is None for f in usual]:
        for a, b in zip(found[1:], wanted[1:], strict=True):  # the cost is a sum of a nest's
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(8, 9, 3), (64, 64, 3), (4, 4, 32), (224, 30, 1)])
def test_no_window_is_copied_and_tables_are_short(shape):
    x = np.zeros((2, *shape), "float32")
    w = np.ones((3, 3, shape[-1], 16), "float32")
    program = step(x, w, (1, 1), (1, 1), True)
    made = stages(program, host())
    assert not any(n.primitive is COPY for n in order(made.fusion.program.ends))
    assert len(products(program)) == 2
    for found in products(program):
        assert 9 <= len(found.rows.table) <= by_tables.MOST_ROWS
        assert 9 <= len(found.terms.table) <= by_tables.MOST_TERMS


def test_code_does_not_depend_on_the_picture():
    """Nor on the window: code on disk serves layers of the same structure, for what differs stands in tables."""

    def lines(side, kernel):
        x = np.zeros((1, side, side, 3), "float32")
        w = np.ones((kernel, kernel, 3, 16), "float32")
        return len(stages(step(x, w, (1, 1), (1, 1), True), host()).ir.splitlines())

    assert lines(20, 3) == lines(26, 3) == lines(26, 7)


@pytest.mark.parametrize("channels", [8, 256, 512])
def test_gradients_of_weights_are_cut_along_all_their_rows(channels):
    """A window's rows, columns and channels are one axis: 3 rows of a window would leave a second core idle."""
    x, w = np.zeros((2, 18, 18, channels), "float32"), np.ones((3, 3, channels, 32), "float32")
    made = stages(step(x, w, (1, 1), (1, 1), True), host())
    (cut,) = (
        w.cut
        for region in made.regions
        for w in region.works
        if isinstance(w.item, Task) and w.item.node.shape == (3, 3, channels, 32)
    )
    assert cut.axis == "ijc" and cut.extent.count == 9 * channels


def test_what_slides_is_named():
    x, w = np.zeros((2, 8, 9, 3), "float32"), np.ones((3, 2, 3, 16), "float32")
    made = stages(step(x, w, (1, 1), (1, 1), True), host())
    found = show_fusion(made.fusion, made.regions)
    assert "convolution over (batch, 6, 8, 16)" in found and "windows(x, 3×2), w)" in found
    assert "convolution over (3, 2, 3, 16)" in found and "task over" not in found


def test_few_rows_of_weights_are_not_cut():
    """Nine rows would be eight and one, each as long at work as all nine."""
    x, w = np.zeros((2, 28, 28, 1), "float32"), np.ones((3, 3, 1, 8), "float32")
    made = stages(step(x, w, (1, 1), (1, 1), True), host())
    works = {
        work.item.node.shape: work for r in made.regions for work in r.works if isinstance(work.item, Task)
    }
    assert works[3, 3, 1, 8].cut is None


def test_a_table_that_leads_out_of_an_array_is_found(monkeypatch):
    x, w = np.zeros((2, 8, 9, 3), "float32"), np.ones((3, 2, 3, 16), "float32")
    program, right = step(x, w, (1, 1), (1, 1), True), by_tables.Offsets.table.func
    monkeypatch.setenv("CHAINRULE_CHECK", "1")
    results(program, w, x)
    for letters in ("bhw", "ijc"):
        for array in range(2):

            def wrong(self, letters=letters, array=array):
                """Return a table of which one place lies behind the end of an array."""
                table = right(self).copy()
                table[1, array] += x.size * w.size * (self.letters == letters)
                return table

            monkeypatch.setattr(by_tables.Offsets, "table", property(wrong))
            with pytest.raises(AccessError, match="einsum"):
                results(program, w, x)
