"""What an attribute is: by value and structure, never by how it is written or what it compares as equal to."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.graph.identity import identity, of_attributes
from chainrule.graph.node import OpenExtent
from chainrule.graph.shapes import Extent

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.0, -0.0, 1.0, math.inf, math.nan, 2.0**-1074]),
    st.sampled_from(["", "1", "batch", "None"]),
    st.sampled_from(
        [Extent("batch"), Extent("1"), np.float32(1), np.float64(1), np.int64(1), np.bool_(True)]
    ),
    st.sampled_from([np.dtype("float32"), np.dtype("float64"), np.float32, float, ...]),
    st.builds(np.full, st.sampled_from([(), (1,), (1, 1), 400]), st.sampled_from([0.0, -0.0, 1.0, 1, True])),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        st.builds(slice, inner, inner, inner),
    ),
    max_leaves=6,
)


def bits(value):
    """Return the value's bits, by a way of its own."""
    if isinstance(value, Extent):
        return b"extent " + value.name.encode()
    if isinstance(value, slice):
        return b"slice " + bits((value.start, value.stop, value.step))
    if isinstance(value, dict):
        return b"dict " + bits(list(value.items()))
    if isinstance(value, list | tuple):
        return type(value).__name__.encode() + b"".join(b"<%b>" % bits(v) for v in value)
    return pickle.dumps(value)


@settings(max_examples=300)
@given(VALUES, VALUES)
def test_two_values_have_one_identity_exactly_if_their_types_and_bits_agree(a, b):
    assert (identity(a) == identity(b)) == (bits(a) == bits(b))
    assert hash(identity(a)) == hash(identity(pickle.loads(pickle.dumps(a))))
    assert identity(a) == identity(pickle.loads(pickle.dumps(a)))


@pytest.mark.parametrize(
    "value",
    [
        print,
        lambda x: x,
        object(),
        np.array([None]),
        np.ma.masked_array([1.0], [True]),
        np.zeros(1, [("a", "f4")]),
        np.dtype([("a", "f4")]),
        (1, [object()]),
    ],
)
def test_what_is_not_known_equals_nothing(value):
    assert identity(value) != identity(value)


def test_attributes_are_the_same_in_any_order_and_an_open_axis_is_its_name():
    assert of_attributes({"a": 1, "b": 2}) == of_attributes({"b": 2, "a": 1})
    assert identity(OpenExtent("n")) == identity(Extent("n")) != identity("n")


def test_an_identity_keeps_no_large_array_alive():
    assert len(pickle.dumps(identity(np.zeros(1_000_000)))) < 1000
