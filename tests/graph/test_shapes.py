"""Shape arithmetic, against NumPy's own."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices

from chainrule.errors import ShapeError
from chainrule.graph import shapes
from chainrule.graph.shapes import Extent

B, T = Extent("batch"), Extent("time")
sides = st.lists(st.integers(0, 3), max_size=4).map(tuple)


@given(st.lists(sides, min_size=1, max_size=3))
def test_broadcast_is_numpys(found):
    try:
        expected = np.broadcast_shapes(*found)
    except ValueError:
        with pytest.raises(ShapeError) as caught:
            shapes.broadcast(*found)
        for shape in found:
            if shape:
                assert shapes.show(shape) in str(caught.value)
        return
    assert shapes.broadcast(*found) == expected
    assert all(shapes.fits(s, expected) for s in found)


@given(sides, sides)
def test_fits_is_whether_numpy_broadcasts_to_it(shape, target):
    try:
        np.broadcast_to(np.zeros(shape), target)
        possible = True
    except ValueError:
        possible = False
    assert shapes.fits(shape, target) == possible


def test_open_axes_broadcast_by_name():
    assert shapes.broadcast((B, 3), (3,)) == (B, 3)
    assert shapes.broadcast((B, 1), (1, T)) == (B, T)
    assert shapes.broadcast((), (B,)) == (B,)
    for other in (T, 5):
        with pytest.raises(ShapeError, match="batch"):
            shapes.broadcast((B,), (other,))
    assert Extent("batch") == B != T


@given(st.data())
def test_indexing_is_numpys(data):
    shape = data.draw(array_shapes(max_dims=3, max_side=4))
    index = data.draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    x = np.arange(np.prod(shape)).reshape(shape)
    normal = shapes.normalize_index(shape, index)
    np.testing.assert_array_equal(x[shapes.as_slices(normal)], x[index])
    assert shapes.index_shape(shape, normal) == np.shape(x[index])


def test_an_open_axis_is_taken_whole():
    assert shapes.index_shape((B, 3), shapes.normalize_index((B, 3), (slice(None), 1))) == (B,)
    with pytest.raises(ShapeError, match=r"open, so only ':'"):
        shapes.normalize_index((B, 3), slice(0, 2))
    with pytest.raises(ShapeError, match="single elements of it have no number"):
        shapes.normalize_index((B, 3), 0)


@pytest.mark.parametrize("shape", [(2, 3), (6,), (), (0, 2), (4, 3, 2)])
@pytest.mark.parametrize(
    "new", [(-1,), (3, 2), (2, -1), (1, -1), (0, 3), (-1, 0), (), (2, 3, 1), (24,), (-1, 12)]
)
def test_reshape_is_numpys(shape, new):
    try:
        expected = np.zeros(shape).reshape(new).shape
    except ValueError:
        with pytest.raises(ShapeError, match="cannot be reshaped to"):
            shapes.reshape(shape, new)
        return
    assert shapes.reshape(shape, new) == expected


@pytest.mark.parametrize(
    ("shape", "new", "expected"),
    [
        ((B, 8, 8), (B, -1), (B, 64)),
        ((B, 8, 8), (-1, 64), (B, 64)),
        ((B, T, 4), (B, T, 2, 2), (B, T, 2, 2)),
        ((B, T, 4), (B, -1, 4), (B, T, 4)),
        ((B, 4), (4, B), (4, B)),
        ((B, B), (B, -1), (B, B)),
    ],
)
def test_open_axes_are_reshaped_by_name(shape, new, expected):
    assert shapes.reshape(shape, new) == expected


@pytest.mark.parametrize(
    ("shape", "new"),
    [
        ((B, 8), (4, -1)),
        ((B, 4), (B, 5)),
        ((B, T), (-1,)),
        ((B, 4), (T, 4)),
        ((B, 4), (-1, 3)),
        ((4,), (B, -1)),
    ],
)
def test_what_an_open_axis_cannot_be_reshaped_to(shape, new):
    with pytest.raises(ShapeError, match="cannot be reshaped to"):
        shapes.reshape(shape, new)


def test_joining():
    assert shapes.concatenate([(2, 3), (4, 3)], 0) == (6, 3)
    assert shapes.concatenate([(B, 3), (B, 1)], 1) == (B, 4)
    with pytest.raises(ShapeError, match=r"\(2, 3\) and \(2, 4\) cannot be joined along axis 0"):
        shapes.concatenate([(2, 3), (2, 4)], 0)
    with pytest.raises(ShapeError, match="open axis 'batch'"):
        shapes.concatenate([(B, 3), (B, 3)], 0)


def test_axes():
    assert shapes.axes_tuple(None, 3) == (0, 1, 2)
    assert shapes.axes_tuple(-1, 3) == shapes.axes_tuple(np.int64(2), 3) == (2,)
    assert shapes.axes_tuple((2, 0), 3) == shapes.axes_tuple([-1, 0], 3) == (0, 2)
    for axis, message in [
        (3, "out of range"),
        ((0, -3), "twice"),
        ("x", "whole number"),
        (1.0, "whole number"),
    ]:
        with pytest.raises(ShapeError, match=message):
            shapes.axes_tuple(axis, 3)


@given(st.data())
def test_reduce_is_numpys(data):
    shape = data.draw(array_shapes(max_dims=4, max_side=3))
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, len(shape) - 1)))))
    keepdims = data.draw(st.booleans())
    expected = np.sum(np.zeros(shape), axis=axes, keepdims=keepdims).shape
    assert shapes.reduce(shape, axes, keepdims) == expected


def test_counting_and_resolving():
    assert shapes.size((B, 3, 2, T)) == (6, ("batch", "time"))
    assert shapes.resolve((B, (3, T)), {B: 5, T: 2}) == (5, (3, 2))
    with pytest.raises(ShapeError, match="open axis 'time' is unknown"):
        shapes.resolve((T,), {B: 5})
