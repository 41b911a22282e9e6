"""Loop nests range by range: the bits of the nest done at once, whichever axes are cut and wherever."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from chainrule.engines.native.code import lower, nests
from chainrule.engines.native.code.reductions import identity
from chainrule.engines.native.code.types import type_of
from chainrule.engines.native.plan.nest_plan import plan_nest
from chainrule.engines.native.plan.views import product, whole
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable


@pytest.fixture
def cut(monkeypatch):
    """Return how to let all nests of enough axes be done in ranges: of which axes, and where these begin."""

    def set_ranges(axes, places=(), checked=False, forced=True):
        monkeypatch.setenv("CHAINRULE_CHECK", "1" if checked else "")
        monkeypatch.setenv("CHAINRULE_SHARE", "2" if forced else "")

        def write(step, nest):
            if len(nest.domain) <= max(axes, default=0):
                return nests.write_nest(step, nest)
            begun = {}
            for node in plan_nest(step.plan, nest, apart=max(axes, default=-1) + 1).crossing(axes):
                type = type_of(node.dtype)
                if step.has_memory(node):
                    count = step.size(product(node.shape))
                    step.fill(step.address(whole(node)), type, count, identity(node))
                if all(e == 1 for e in node.shape):
                    begun[node] = step.code.slot(type)
                    step.code.store(step.code.constant(identity(node), type), begun[node])

            def some(left, ranges):
                if not left:
                    nests.write_nest(step, nest, ranges, begun)
                    return
                axis = left[0]
                extent = nest.domain[axis]
                stop = extent if isinstance(extent, int) else step.lengths[extent.name]
                ends = [step.code.index(0)]
                for place in places:
                    ends.append(step.code.minimum(step.code.maximum(ends[-1], place), stop))
                for pair in zip(ends, [*ends[1:], step.code.index(stop)], strict=True):
                    some(left[1:], {**ranges, axis: pair})

            some(axes, {})
            for node, place in begun.items():
                step.scalars[node] = step.code.load(place, type_of(node.dtype))
            return None

        monkeypatch.setattr(lower, "write_nest", write if axes else nests.write_nest)

    return set_ranges


def pointwise_and_sums(dtype, columns):
    x, w = input("x", ("n", columns), dtype), variable(np.ones(columns), "w", dtype)
    y = np.tanh(x) * w
    many = [
        y,
        np.sum(y, axis=0),
        np.max(y, axis=0),
        np.sum(y, axis=1),
        np.max(y, axis=1),
        np.sum(x * 2, axis=0),
    ]
    return Program((x,), (w,), tuple(many), (w - 1,))


def run(program, state, batch):
    new, outputs = compile_program(program).step([np.array(s) for s in state], batch)
    return [np.asarray(x) for x in [*new, *outputs]]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.sampled_from([0, 1, 5, 6, 7, 40]),
    columns=st.sampled_from([1, 2, 7, 16, 17, 33, 64, 65, 130]),
    dtype=st.sampled_from(["float32", "float64"]),
    axes=st.sampled_from([[0], [1], [0, 1]]),
    places=st.lists(st.integers(0, 70), min_size=1, max_size=3).map(sorted),
    checked=st.booleans(),
)
def test_ranges_give_the_bits_of_the_nest_done_at_once(cut, rows, columns, dtype, axes, places, checked):
    rng = np.random.default_rng(rows)
    batch, state = [rng.normal(size=(rows, columns)).astype(dtype)], [rng.normal(size=columns).astype(dtype)]
    program = pointwise_and_sums(dtype, columns)
    if not rows:  # a maximum of nothing is refused before there is any code
        program = Program(
            program.inputs, program.state, (program.outputs[0], program.outputs[1]), program.new_state
        )
    cut([])
    wanted = run(program, state, batch)
    cut(axes, places, checked)
    for node, a, b in zip([None, *program.outputs], wanted, run(program, state, batch), strict=True):
        is_sum = node is not None and node.primitive.name == "sum"
        narrow = columns <= 16  # may be turned over, so that sums over rows go along vectors
        if is_sum and (narrow or (1 in axes and node.attributes["axes"] == (1,))):  # range by range
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("axes", [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]], ids=str)
def test_three_axes_in_ranges(axes, cut):
    x = input("x", ("n", 5, 33))
    y = np.exp(x) + 1
    every = [np.max(y, axis=a) for a in (0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2))]
    program = Program((x,), (), (y, *every), ())
    batch = [np.random.default_rng(0).normal(size=(9, 5, 33)).astype("float32")]
    cut([])
    wanted = run(program, [], batch)
    cut(axes, [3, 4], checked=True)
    for a, b in zip(wanted, run(program, [], batch), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_sum_is_joined_in_the_order_of_its_ranges(cut):
    x = input("x", ("n", 8))
    program = Program((x,), (), (np.sum(x),), ())
    batch = np.random.default_rng(0).normal(size=(30, 8)).astype("float32")
    cut([0], [10, 20], forced=False)
    (found,) = run(program, [], [batch])
    cut([])
    parts = [run(program, [], [batch[i : i + 10]])[0] for i in (0, 10, 20)]
    assert found == (parts[0] + parts[1]) + parts[2]
