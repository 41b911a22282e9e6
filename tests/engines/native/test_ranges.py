"""Parts of loop nests from anywhere to anywhere: the bits of the nest done at once."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from chainrule.engines.native.code import loops, nests
from chainrule.engines.native.run.executable import compile_program
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable


@pytest.fixture
def cut(monkeypatch):
    """Return how to let each part of a nest be done in ranges of its own: where these begin, too."""
    counted = []

    def set_places(places, checked=False):
        monkeypatch.setenv("CHAINRULE_CHECK", "1" if checked else "")
        monkeypatch.setenv("CHAINRULE_SHARE", "2" if places else "")

        def write(step, plan, part=None):
            if part is None:
                return nests.write_nest(step, plan)
            axis, begin, end = part
            counted.append(axis)
            for place in places:
                stop = step.code.minimum(step.code.maximum(begin, place), end)
                nests.write_nest(step, plan, (axis, begin, stop))
                begin = stop
            return nests.write_nest(step, plan, (axis, begin, end))

        monkeypatch.setattr(loops, "write_nest", write)
        return counted

    return set_places


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
    return many, (x,), (w,), (w - 1,)


def run(outputs, inputs, state, new, given):
    new, found = compile_program(Program(inputs, state, tuple(outputs), new)).step(*given)
    return [np.asarray(x) for x in [*new, *found]]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.sampled_from([0, 1, 5, 6, 7, 40]),
    columns=st.sampled_from([1, 2, 7, 16, 17, 33, 64, 65, 130]),
    dtype=st.sampled_from(["float32", "float64"]),
    wanted=st.lists(st.sampled_from(range(6)), min_size=1, max_size=3, unique=True),
    places=st.lists(st.integers(0, 70), min_size=1, max_size=3).map(sorted),
    checked=st.booleans(),
)
def test_ranges_give_the_bits_of_the_nest_done_at_once(cut, rows, columns, dtype, wanted, places, checked):
    rng = np.random.default_rng(rows)
    state, batch = [rng.normal(size=columns).astype(dtype)], [rng.normal(size=(rows, columns)).astype(dtype)]
    many, *ends = pointwise_and_sums(dtype, columns)
    outputs = [many[i] for i in wanted if rows or i not in (2, 4)]  # a maximum of nothing is refused
    found = []
    for where in ([], places):
        cut(where, checked)
        found.append(run(outputs, *ends, ([np.array(s) for s in state], batch)))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2)], ids=str)
def test_three_axes_in_ranges(axes, cut):
    x = input("x", ("n", 5, 33))
    y = np.exp(x) + 1
    batch = [np.random.default_rng(0).normal(size=(9, 5, 33)).astype("float32")]
    found = []
    for places in ([], [3, 4]):
        counted = cut(places, checked=True)
        found.append(run([y, np.max(y, axis=axes), np.sum(y, axis=axes)], (x,), (), (), ([], batch)))
    assert counted
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)
