"""Views: the strides that movements come to are NumPy's, and merged loops touch the same elements."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.engines.native.plan.views import (
    ONE,
    ZERO,
    Size,
    View,
    aligned,
    contiguous,
    merged,
    product,
    seen_through,
    size,
    squeezed,
    whole,
)
from chainrule.graph.node import apply, input
from chainrule.graph.shapes import FULL, Extent

N = Extent("n")


def positions(view):
    """Return the position in memory of every element of a view, as the engine would reach it."""
    base = np.arange(product(view.base.shape).count)
    start = sum(part.count for part in view.offset)
    found = np.full([int(e) for e in view.shape], -1)
    for index in np.ndindex(*found.shape):
        found[index] = base[start + sum(i * s.count for i, s in zip(index, view.strides, strict=True))]
    return found


def movement(r, node):
    """Return a random movement of a node."""
    rank = len(node.shape)
    kind = r.choice(["transpose", "slice", "reshape", "broadcast_to", "new", "windows", "split"])
    if kind == "transpose":
        return apply("transpose", node, axes=tuple(r.sample(range(rank), rank)))
    if kind == "slice":
        index = []
        for extent in node.shape:
            start, step = r.randrange(extent), r.choice([1, 2, 3, -1, -2])
            index += r.choice([[FULL], [start], [(start, None, step)], [None, FULL]])
        return apply("slice", node, index=tuple(index))
    if kind == "broadcast_to":
        shape = tuple(r.choice([2, 3]) if e == 1 else e for e in node.shape)
        return apply("broadcast_to", node, shape=(r.choice([1, 2]), *shape))
    if kind == "windows" and rank:
        axis = r.randrange(rank)
        size, dilation = r.randint(1, min(3, node.shape[axis])), r.choice([1, 1, 2])
        dilation = dilation if dilation * (size - 1) < node.shape[axis] else 1
        at = {"sizes": (size,), "strides": (r.choice([1, 2, 3]),), "dilations": (dilation,)}
        return apply("windows", node, axes=(axis,), **at)
    if kind == "split" and rank:
        axis = r.randrange(rank)
        first = r.choice([d for d in range(1, node.shape[axis] + 1) if node.shape[axis] % d == 0])
        two = (first, node.shape[axis] // first)
        return apply("reshape", node, shape=(*node.shape[:axis], *two, *node.shape[axis + 1 :]))
    if kind == "reshape":
        count = product(node.shape).count
        first = r.choice([d for d in range(1, count + 1) if count % d == 0])
        return apply("reshape", node, shape=(first, count // first))
    return apply("reshape", node, shape=(1, *node.shape, 1))


@settings(max_examples=500)
@given(r=st.randoms(use_true_random=False), shape=st.lists(st.integers(1, 6), max_size=3))
def test_movements_are_the_views_that_numpy_makes(r, shape):
    node = input("x", shape)
    view, values = whole(node), np.arange(product(node.shape).count).reshape(shape)
    for _ in range(4):
        if len(node.shape) > 5 or product(node.shape).count > 400:
            break
        node = movement(r, node)
        before, values = values, node.primitive(values, **node.attributes)
        moved = seen_through(view, node)
        if moved is None:  # only a reshape that NumPy copies must be copied
            assert node.primitive.name == "reshape" and not np.shares_memory(values, before)
            break
        view = moved
        assert view.shape == node.shape == values.shape
        np.testing.assert_array_equal(positions(view), values)


def test_what_is_contiguous_can_be_reshaped_and_what_is_not_cannot():
    x = input("x", (4, 6))
    assert seen_through(whole(x), apply("reshape", x, shape=(3, 8))).strides == (Size(8), ONE)
    turned = apply("transpose", x, axes=(1, 0))
    view = seen_through(whole(x), turned)
    assert view.strides == (ONE, Size(6)) and not view.is_contiguous
    assert seen_through(view, apply("reshape", turned, shape=(24,))) is None
    with_ones = seen_through(view, apply("reshape", turned, shape=(6, 1, 4)))
    assert with_ones.strides == (ONE, ZERO, Size(6))


def test_open_extents_stay_symbols():
    x = input("x", ("n", 3, 5))
    assert product(x.shape) == Size(15, ("n",)) and str(product(x.shape)) == "15·n"
    assert contiguous((3, N, 5)) == (Size(5, ("n",)), Size(5), ONE)
    assert Size(2, ("n",)) * Size(3, ("m",)) == Size(6, ("m", "n")) and Size(0) * Size(3, ("n",)) == ZERO
    turned = seen_through(whole(x), apply("transpose", x, axes=(2, 0, 1)))
    assert turned.strides == (ONE, Size(15), Size(5))
    chosen = seen_through(whole(x), apply("slice", x, index=(FULL, 2, (4, None, -2))))
    assert chosen.strides == (Size(15), Size(-2)) and sum(o.count for o in chosen.offset) == 2 * 5 + 4


@pytest.mark.parametrize(
    ("shape", "domain", "strides"),
    [
        ((3, 5), (3, 5), [5, 1]),
        ((5,), (3, 5), [0, 1]),
        ((3, 1), (3, 5), [1, 0]),
        ((3, 1), (3, 1), [1]),
        ((), (3, 5), [0, 0]),
        ((1, 1, 5), (2, 1, 5), [0, 1]),
    ],
)
def test_broadcasting_is_a_stride_of_0(shape, domain, strides):
    x = input("x", shape)
    assert [s.count for s in aligned(whole(x), domain)] == strides
    assert squeezed((1, 3, 1, N)) == (3, N)


@settings(max_examples=200)
@given(
    domain=st.lists(st.integers(2, 4), min_size=1, max_size=4),
    r=st.randoms(use_true_random=False),
)
def test_merged_loops_touch_the_same_elements_in_the_same_order(domain, r):
    views = []
    for _ in range(r.randint(1, 3)):
        x = input("x", [r.choice([1, e]) for e in domain])
        strides = list(aligned(whole(x), tuple(domain)))
        views.append([s * Size(r.choice([1, 1, -1, 2])) if r.random() < 0.2 else s for s in strides])
    extents, strides = merged([Size(e) for e in domain], views)

    def walked(lengths, steps):
        return [sum(i * s.count for i, s in zip(index, steps, strict=True))
                for index in itertools.product(*map(range, lengths))]  # fmt: skip

    for before, after in zip(views, strides, strict=True):
        assert walked(domain, before) == walked([e.count for e in extents], after)
    full = [contiguous(tuple(domain))]
    assert [e.count for e in merged([Size(e) for e in domain], full)[0]] == [
        int(np.prod(domain))
    ]  # one loop where there is no gap


def test_axes_with_a_gap_are_not_merged():
    rows = View(input("x", (4, 6)), (4, 5), (Size(6), ONE))
    assert merged([Size(4), Size(5)], [rows.strides])[0] == [Size(4), Size(5)]
    assert merged([size(N), Size(5)], [contiguous((N, 5))])[0] == [size(N) * Size(5)]
