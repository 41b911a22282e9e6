"""Convolution is windows and a product: against SciPy, in one to three dimensions, on every engine."""

import itertools

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.registry import ENGINES
from chainrule.graph.node import apply
from chainrule.graph.shapes import Extent, overlapped, windows as windows_shape
from chainrule.graph.walk import order

sliding = np.lib.stride_tricks.sliding_window_view
every_engine = pytest.mark.parametrize("engine", ENGINES)
PLACES, TAPS = "hwd", "ijk"


def numbers(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape)


def windows(x, sizes, strides=None, dilations=None):
    """The windows of all axes of places: x is (batch, *places, channels)."""
    rank = len(sizes)
    ones = (1,) * rank
    at = {"axes": tuple(range(1, rank + 1)), "strides": strides or ones, "dilations": dilations or ones}
    return apply("windows", x, sizes=tuple(sizes), **at)


def convolved(x, W, strides=None, dilations=None):
    rank = len(W.shape) - 2
    places, taps = PLACES[:rank], TAPS[:rank]
    seen = windows(x, W.shape[:rank], strides, dilations)
    return np.einsum(f"b{places}c{taps},{taps}co->b{places}o", seen, W)


def wide(W, dilations):
    """The kernel with zeros between its taps."""
    sizes = [d * (k - 1) + 1 for k, d in zip(W.shape, dilations, strict=False)]
    found = np.zeros((*sizes, *W.shape[len(sizes) :]))
    found[tuple(slice(None, None, d) for d in dilations)] = W
    return found


def by_scipy(x, W, strides, dilations):
    """Each filter over each picture, one channel after the other."""
    W, rank = wide(W, dilations), len(dilations)
    found = [
        [
            sum(scipy.signal.correlate(one[..., c], W[..., c, o], mode="valid") for c in range(W.shape[-2]))
            for o in range(W.shape[-1])
        ]
        for one in x
    ]
    return np.moveaxis(np.array(found), 1, -1)[(slice(None), *(slice(None, None, s) for s in strides[:rank]))]


CASES = {
    "a sequence": ((2, 11, 3), (4, 3, 2), (1,), (1,)),
    "a sequence in strides": ((2, 12, 2), (3, 2, 5), (3,), (1,)),
    "a sequence, dilated": ((1, 13, 1), (4, 1, 2), (2,), (3,)),
    "a picture": ((2, 6, 7, 3), (3, 2, 3, 4), (1, 1), (1, 1)),
    "a picture in strides": ((2, 8, 7, 1), (3, 3, 1, 2), (2, 3), (1, 1)),
    "a picture, dilated": ((2, 9, 8, 2), (3, 2, 2, 2), (1, 2), (2, 3)),
    "one filter of one number": ((3, 4, 5, 2), (1, 1, 2, 1), (1, 1), (1, 1)),
    "as large as the picture": ((2, 4, 3, 2), (4, 3, 2, 3), (1, 1), (1, 1)),
    "strides beyond the window": ((2, 9, 9, 1), (2, 1, 1, 2), (4, 3), (1, 1)),
    "a volume": ((2, 4, 5, 6, 2), (2, 3, 2, 2, 3), (1, 2, 1), (2, 1, 1)),
}


@every_engine
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("batch", [None, 0, 1])
def test_windows_and_a_product_are_scipys_correlate(name, batch, engine):
    shape, kernel, strides, dilations = CASES[name]
    shape = shape if batch is None else (batch, *shape[1:])
    x, W = cr.input("x", ("batch", *shape[1:]), "float64"), cr.variable(numbers(*kernel), "W")
    given = numbers(*shape)
    y = convolved(x, W, strides, dilations)
    found = cr.compile(y, inputs=[x], engine=engine)(given)
    if batch == 0:
        assert found.shape == (0, *y.shape[1:])
    else:
        np.testing.assert_allclose(
            found, by_scipy(given, W.value, strides, dilations), rtol=1e-10, atol=1e-12
        )


@every_engine
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("batch", [None, 0, 1])
def test_gradients_are_products_with_what_slides(name, batch, engine):
    """The gradient of x is the full convolution of what came back, with zeros between; that of W slides over x."""
    shape, kernel, strides, dilations = CASES[name]
    shape = shape if batch is None else (batch, *shape[1:])
    x, W = cr.input("x", ("batch", *shape[1:]), "float64"), cr.variable(numbers(*kernel), "W")
    y = convolved(x, W, strides, dilations)
    given, dy = numbers(*shape), numbers(shape[0], *y.shape[1:], seed=1)
    pulled = cr.input("dy", ("batch", *y.shape[1:]), "float64")
    gradients = cr.grad(np.sum(y * pulled), [x, W])
    dx, dW = cr.compile(gradients, inputs=[x, pulled], engine=engine)(given, dy)
    wanted_x, wanted_W = np.zeros(shape), np.zeros(kernel)
    for at in itertools.product(*map(range, y.shape[1:-1])):
        for tap in itertools.product(*map(range, kernel[:-2])):
            place = tuple(p * s + t * d for p, s, t, d in zip(at, strides, tap, dilations, strict=True))
            wanted_x[(slice(None), *place)] += dy[(slice(None), *at)] @ W.value[tap].T
            wanted_W[tap] += given[(slice(None), *place)].T @ dy[(slice(None), *at)]
    np.testing.assert_allclose(dx, wanted_x, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dW, wanted_W, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "name", ["a sequence in strides", "a sequence, dilated", "a picture, dilated", "a volume"]
)
def test_first_and_second_derivatives_against_differences(name):
    shape, kernel, strides, dilations = CASES[name]
    x, W = cr.variable(numbers(1, *shape[1:]), "x"), cr.variable(numbers(*kernel), "W")
    J = np.sum(np.tanh(convolved(x, W, strides, dilations)))
    assert cr.check_gradients(J, [x, W], elements=20).passed
    dx, dW = cr.grad(J, [x, W])
    assert cr.check_gradients(np.sum(dx * dx) + np.sum(dW * dW), [x, W], elements=20).passed


@every_engine
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_see_their_own_channels(groups, engine):
    x, W = cr.input("x", ("batch", 6, 5, 4), "float64"), cr.variable(numbers(3, 2, 4 // groups, 8), "W")
    seen = windows(np.reshape(x, (x.shape[0], 6, 5, groups, 4 // groups)), (3, 2))
    each = np.reshape(W, (3, 2, 4 // groups, groups, 8 // groups))
    y = np.reshape(np.einsum("bhwgcij,ijcgo->bhwgo", seen, each), (x.shape[0], 4, 4, 8))
    given = numbers(3, 6, 5, 4)
    f = cr.compile([y, cr.grad(np.sum(y * y), W)], inputs=[x], engine=engine)
    found, slope = f(given)
    channels, filters = np.split(given, groups, axis=-1), np.split(W.value, groups, axis=-1)
    parts = [by_scipy(c, f, (1, 1), (1, 1)) for c, f in zip(channels, filters, strict=True)]
    np.testing.assert_allclose(found, np.concatenate(parts, -1), rtol=1e-10, atol=1e-12)
    along = numbers(*W.shape, seed=2)
    np.testing.assert_allclose(
        np.sum(slope * along), difference(lambda t: energy(f, W, along, t, given)), rtol=1e-6
    )


def energy(f, W, along, t, given):
    start = W.value
    W.value = start + t * along
    found = float(np.sum(f(given)[0] ** 2))
    W.value = start
    return found


def difference(at, h=1e-4):
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


@every_engine
def test_depthwise(engine):
    x, W = cr.input("x", ("batch", 7, 6, 3), "float64"), cr.variable(numbers(3, 2, 3, 2), "W")
    y = np.einsum("bhwcij,ijcm->bhwcm", windows(x, (3, 2), (2, 1), (1, 2)), W)
    given = numbers(2, 7, 6, 3)
    found = cr.compile(y, inputs=[x], engine=engine)(given)
    for c in range(3):
        wanted = by_scipy(given[..., c : c + 1], W.value[:, :, c : c + 1], (2, 1), (1, 2))
        np.testing.assert_allclose(found[..., c, :], wanted, rtol=1e-10, atol=1e-12)


@every_engine
@pytest.mark.parametrize("strides", [(1, 1), (2, 3), (3, 1)])
@pytest.mark.parametrize("dilations", [(1, 1), (2, 1)])
def test_the_transpose_is_a_full_convolution_with_zeros_between(strides, dilations, engine):
    z, W = cr.input("z", ("batch", 4, 3, 2), "float64"), cr.variable(numbers(3, 2, 5, 2), "W")
    spans = [d * (k - 1) + 1 for k, d in zip((3, 2), dilations, strict=True)]
    extents = tuple((n - 1) * s + e for n, s, e in zip((4, 3), strides, spans, strict=True))
    spread = np.einsum("bhwo,ijco->bhwcij", z, W)
    y = apply(
        "overlap_add",
        spread,
        axes=(1, 2),
        sizes=(3, 2),
        strides=strides,
        dilations=dilations,
        extents=extents,
    )
    given = numbers(2, 4, 3, 2)
    apart = np.zeros((2, (4 - 1) * strides[0] + 1, (3 - 1) * strides[1] + 1, 2))
    apart[:, :: strides[0], :: strides[1]] = given
    kernel = wide(W.value, dilations)
    wanted = [
        [sum(scipy.signal.convolve(one[..., o], kernel[..., c, o]) for o in range(2)) for c in range(5)]
        for one in apart
    ]
    found = cr.compile(y, inputs=[z], engine=engine)(given)
    np.testing.assert_allclose(found, np.moveaxis(np.array(wanted), 1, -1), rtol=1e-10, atol=1e-12)


sizes = st.integers(1, 5)


@settings(max_examples=150)
@given(st.data())
def test_windows_and_what_overlaps_are_each_others_transpose(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    axes = tuple(a for a in range(len(shape)) if data.draw(st.booleans()))
    each = [data.draw(st.tuples(sizes, sizes, sizes)) for _ in axes]
    if any(d * (k - 1) >= shape[a] for a, (k, _, d) in zip(axes, each, strict=True)):
        return
    names = ("sizes", "strides", "dilations")
    at = {"axes": axes} | {k: tuple(e[i] for e in each) for i, k in enumerate(names)}
    extents = tuple(shape[a] for a in axes)
    x = cr.variable(numbers(*shape), "x")
    y = apply("windows", x, **at)
    assert y.shape == windows_shape(shape, **at) and overlapped(y.shape, **at, extents=extents) == shape
    z = cr.variable(numbers(*y.shape, seed=1), "z")
    back = apply("overlap_add", z, **at, extents=extents)
    np.testing.assert_allclose(
        np.sum(y.value * z.value), np.sum(x.value * back.value), rtol=1e-12, atol=1e-12
    )
    for place in np.ndindex(*y.shape):
        window = dict(zip(axes, place[len(shape) :], strict=True))
        own = {a: (s, d) for a, (_, s, d) in zip(axes, each, strict=True)}
        source = tuple(
            p * own[a][0] + window[a] * own[a][1] if a in own else p
            for a, p in enumerate(place[: len(shape)])
        )
        assert y.value[place] == x.value[source]


# --- beside a product ---------------------------------------------------------------------------------------

PICTURE = numbers(9, 8)
MODES = {
    "reflect": "symmetric",
    "nearest": "edge",
    "mirror": "reflect",
    "wrap": "wrap",
}  # SciPy's names, NumPy's


@every_engine
@pytest.mark.parametrize("mode", MODES)
def test_filters_of_ndimage(mode, engine):
    x = cr.input("x", PICTURE.shape, "float64")
    seen = sliding(np.pad(x, ((2, 2), (1, 1)), MODES[mode]), (5, 3))
    kernel = numbers(5, 3)
    pairs = [
        (np.max(seen, axis=(2, 3)), scipy.ndimage.maximum_filter(PICTURE, (5, 3), mode=mode)),
        (np.min(seen, axis=(2, 3)), scipy.ndimage.minimum_filter(PICTURE, (5, 3), mode=mode)),
        (np.mean(seen, axis=(2, 3)), scipy.ndimage.uniform_filter(PICTURE, (5, 3), mode=mode)),
        (np.einsum("hwij,ij->hw", seen, kernel), scipy.ndimage.correlate(PICTURE, kernel, mode=mode)),
        (np.tensordot(seen, kernel, 2), scipy.ndimage.correlate(PICTURE, kernel, mode=mode)),
    ]
    for found, (_, wanted) in zip(
        cr.compile([n for n, _ in pairs], inputs=[x], engine=engine)(PICTURE), pairs, strict=True
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@every_engine
def test_what_lies_outside_is_never_the_largest(engine):
    x = cr.input("x", PICTURE.shape, "float64")
    seen = sliding(np.pad(x, 1, constant_values=-np.inf), (3, 3))
    largest = np.max(seen, axis=(2, 3))
    found, slope = cr.compile([largest, cr.grad(np.sum(largest), x)], inputs=[x], engine=engine)(PICTURE)
    np.testing.assert_array_equal(
        found, scipy.ndimage.maximum_filter(PICTURE, 3, mode="constant", cval=-np.inf)
    )
    wins = [np.sum(found[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] == PICTURE[i, j])
            for i in range(9) for j in range(8)]  # fmt: skip
    np.testing.assert_array_equal(slope.ravel(), wins)


@every_engine
def test_sobel_finds_the_edges_that_scipy_finds(engine):
    x = cr.input("x", ("batch", 12, 11), "float64")
    across = np.outer([1.0, 2.0, 1.0], [-1.0, 0.0, 1.0])
    seen = sliding(np.pad(x, ((0, 0), (1, 1), (1, 1)), "symmetric"), (3, 3), axis=(1, 2))
    edges = [np.einsum("bhwij,ij->bhw", seen, k) for k in (across, across.T)]
    pictures = numbers(3, 12, 11)
    for axis, found in zip((-1, -2), cr.compile(edges, inputs=[x], engine=engine)(pictures), strict=True):
        wanted = [scipy.ndimage.sobel(one, axis) for one in pictures]
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@every_engine
def test_the_order_of_additions_is_that_of_the_positions_in_a_window(engine):
    """1 + 1e16 - 1e16 is 0 and 1e16 - 1e16 + 1 is 1: all engines add from the first position to the last."""
    z = cr.input("z", (3, 3), "float64")
    at = {"axes": (0,), "sizes": (3,), "strides": (1,), "dilations": (1,), "extents": (5,)}
    given = np.zeros((3, 3))
    for values, wanted in (((1e16, -1e16, 1.0), 1.0), ((1.0, 1e16, -1e16), 0.0)):
        given[[2, 1, 0], [0, 1, 2]] = values
        assert cr.compile(apply("overlap_add", z, **at), inputs=[z], engine=engine)(given)[2] == wanted


# --- what is not chosen ---------------------------------------------------------------------------------------


@every_engine
def test_what_no_window_sees_has_a_gradient_of_exactly_0(engine):
    """The slope of a root is infinite at 0: what is left out, or not chosen, must not be multiplied with it."""
    x = cr.input("x", (7,), "float64")
    root = np.sqrt(x)
    left_out = apply("windows", root, axes=(0,), sizes=(2,), strides=(3,), dilations=(1,))  # all but 2 and 5
    chosen = np.where(sliding(x, 3) > 0, sliding(root, 3), 0)
    at = {"axes": (0,), "sizes": (3,), "strides": (1,), "dilations": (1,), "extents": (7,)}
    added = apply("overlap_add", np.where(sliding(x, 3) > 0, sliding(root, 3), 0), **at)
    around = np.pad(np.where(x > 0, root, 0), 2, constant_values=3.0)
    gradients = [cr.grad(np.sum(y), x) for y in (left_out, chosen, added, np.where(around > 1, around, 0))]
    given = np.array([4.0, 1.0, 0.0, 4.0, 1.0, 0.0, 0.25])[:7]
    found = cr.compile(gradients, inputs=[x], engine=engine)(given)
    half = np.array([0.25, 0.5, 0, 0.25, 0.5, 0, 1.0])
    counts = np.array([1, 2, 3, 3, 3, 2, 1])
    np.testing.assert_allclose(found[0], half * [1, 1, 0, 1, 1, 0, 0], rtol=1e-14)
    np.testing.assert_allclose(found[1], half * counts, rtol=1e-14)
    np.testing.assert_allclose(found[2], half * counts, rtol=1e-14)
    np.testing.assert_allclose(found[3], half * [1, 0, 0, 1, 0, 0, 0], rtol=1e-14)


def test_open_axes_stay_open():
    x = cr.input("x", ("batch", 28, 28, 3))
    y = windows(x, (5, 5), (2, 2))
    assert str(y.shape) == "(batch, 12, 12, 3, 5, 5)" and isinstance(y.shape[0], Extent)
    (dx,) = cr.grad(np.sum(y * y), [x])
    assert dx.shape == x.shape and {n.primitive.name for n in order([dx])} >= {"overlap_add", "windows"}


def test_windows_are_written_as_people_say_them():
    x = cr.input("x", ("batch", 9, 9, 3))
    assert str(windows(x, (3, 3))) == "windows(x, 3×3)"
    assert str(windows(x, (5, 3), (2, 2))) == "windows(x, 5×3, stride 2)"
    assert str(windows(x, (3, 3), (2, 1), (1, 3))) == "windows(x, 3×3, stride 2×1, dilation 1×3)"
    assert str(np.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=-np.inf)) == "pad(x, fill=-inf)"
