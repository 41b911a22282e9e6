"""A program's fingerprint: what is compiled for one program is never taken for another."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.graph.closed import Program
from chainrule.graph.node import record
from chainrule.graph.primitives.primitive import Primitive, same_shape
from chainrule.transform.simplify import simplify


def times(x, how):
    return x * (1.0 if how is None else float(np.sum(how)))


def row(name="scaled", forward=times):
    return Primitive(
        name=name,
        text=name,
        forward=forward,
        partials=lambda y, x, **_: [None],
        shape=same_shape,
        domain=(),
        attributes=None,  # whatever its functions take
    )


SCALED = row()


def program(row=SCALED, **attributes):
    x = cr.input("x", (3,))
    return Program((x,), (), (record(row, [x], attributes),), ())


def deep(factor):
    x = cr.input("x", (3,))
    y = x * factor
    for _ in range(200):
        y = np.tanh(y)
    return y


def test_two_graphs_that_are_written_alike_differ():
    one, two = deep(1.0), deep(2.0)
    assert program(how=one).fingerprint != program(how=two).fingerprint
    assert Program((), (), (one,), ()).fingerprint != Program((), (), (two,), ()).fingerprint


class Alike:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Alike()"

    def __array__(self, *_, **__):
        return np.asarray(self.value)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (Alike(1.0), Alike(2.0)),
        (np.arange(2000.0), np.arange(2000.0) * (np.arange(2000) != 1000)),
        ([np.arange(2000)], [np.arange(2000) * (np.arange(2000) != 1000)]),  # in a list they were repr'd
        (True, 1),
        (1, 1.0),
        (0.0, -0.0),
        (np.float32(1), np.float64(1)),
        ((1,), [1]),
        (np.zeros(2, "f4"), np.zeros(2, "i4")),
    ],
    ids=lambda v: type(v).__name__,
)
def test_attributes_differ_by_value_and_not_by_how_they_are_written(one, two):
    assert program(how=one).fingerprint != program(how=two).fingerprint


def test_the_engine_computes_each_of_two_programs_that_are_written_alike():
    found = [build(program(how=Alike(v)), "numpy").step([], [np.ones(3)])[1][0][0] for v in (1.0, 2.0)]
    assert found == [1.0, 2.0]


def test_two_rows_of_one_name_are_two_rows():
    double, triple = row(forward=lambda x: 2 * x), row(forward=lambda x: 3 * x)
    assert program(double).fingerprint != program(triple).fingerprint
    x = cr.variable(np.ones(3))
    both = record(double, [x], {}) + record(triple, [x], {})
    assert simplify(both).value.tolist() == [5.0, 5.0, 5.0]


def test_what_an_output_is_and_what_a_new_state_counts():
    x, w = cr.input("x", ()), cr.variable(1.0)
    assert Program((x,), (w,), (x,), (w,)).fingerprint != Program((x,), (w,), (x, w), ()).fingerprint


ATTRIBUTES = st.dictionaries(
    st.sampled_from(["how", "axes"]),
    st.one_of(st.integers(0, 2), st.floats(), st.tuples(st.integers(0, 2)), st.just(np.ones(3))),
)


@settings(max_examples=100)
@given(ATTRIBUTES, ATTRIBUTES)
def test_programs_share_a_fingerprint_exactly_if_their_attributes_agree(one, two):
    def exact(attributes):
        return sorted((k, type(v).__name__, np.asarray(v, float).tobytes()) for k, v in attributes.items())

    same = program(**one).fingerprint == program(**two).fingerprint
    assert same == (exact(one) == exact(two))
    assert program(**one).fingerprint == program(**dict(reversed(one.items()))).fingerprint
