"""NumPy's functions and operators on nodes, against NumPy itself on the same numbers."""

import operator

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes, basic_indices, mutually_broadcastable_shapes

import chainrule as cr
from chainrule.errors import ChainruleError, GraphError, ShapeError, UnsupportedError
from chainrule.graph.node import Node, constant, input, variable
from chainrule.graph.numpy_api import calls
from chainrule.graph.primitives.indexing import one_hot
from chainrule.graph.trace import trace
from chainrule.transform.backprop import grad


def numbers(*shape, seed=0, dtype=np.float64, low=0.3, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def agrees(function, *arrays, rtol=1e-12):
    """The function gives on nodes what it gives on their numbers: values, shape and dtype."""
    expected = function(*arrays)
    node = function(*map(variable, arrays))
    assert isinstance(node, Node)
    assert node.shape == np.shape(expected)
    assert node.dtype == expected.dtype
    np.testing.assert_allclose(node.value, expected, rtol=rtol, atol=rtol)


def gradient_agrees(function, *arrays):
    """The gradient of the summed result is the slope of NumPy's own result, element by element."""
    leaves = [variable(a) for a in arrays]
    for leaf, g in zip(leaves, grad(np.sum(function(*leaves)), leaves), strict=True):
        slopes = np.zeros(leaf.shape)
        for index in np.ndindex(*leaf.shape):
            ends = []
            for t in (1e-5, -1e-5):
                moved = [a.copy() for a in arrays]
                moved[leaves.index(leaf)][index] += t
                ends.append(np.sum(function(*moved)))
            slopes[index] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(g.value, slopes, rtol=1e-6, atol=1e-7)


# --- elementwise ----------------------------------------------------------------------------------------

ONE = [
    np.negative, np.positive, np.exp, np.expm1, np.log, np.log1p, np.sqrt, np.sin, np.cos, np.tan, np.tanh,
    np.sinh, np.cosh, np.square, np.reciprocal, np.absolute, np.fabs, np.sign, np.log2, np.log10, np.exp2,
    np.floor, np.arctan, np.cbrt, np.arcsinh, np.ceil, np.trunc, np.rint, np.isnan, np.isfinite, np.isinf, abs,
    operator.neg, operator.pos,
]  # fmt: skip
TWO = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.hypot, np.arctan2, np.fmod, np.remainder, np.floor_divide,
    np.fmax, np.fmin, operator.mod, operator.floordiv, np.maximum, np.minimum, np.logaddexp, np.greater,
    np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, operator.add, operator.sub,
    operator.mul,
    operator.truediv, operator.pow, operator.gt, operator.ge, operator.lt, operator.le,
]  # fmt: skip


@pytest.mark.parametrize("function", ONE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_of_one_array(function, dtype):
    agrees(function, numbers(2, 3, dtype=dtype), rtol=1e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("function", TWO)
@settings(max_examples=20)
@given(found=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0))
def test_functions_of_two_arrays_broadcast_as_numpy_does(function, found):
    a, b = (numbers(*shape, seed=i) for i, shape in enumerate(found.input_shapes))
    agrees(function, a, b)


@pytest.mark.parametrize("function", TWO)
@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f4", "f4"), ("f8", "f4")])
def test_dtypes_mix_as_in_numpy(function, dtypes):
    agrees(function, *(numbers(3, seed=i, dtype=d) for i, d in enumerate(dtypes)), rtol=1e-6)


@pytest.mark.parametrize("function", [f for f in TWO if f is not np.logaddexp])
@pytest.mark.parametrize("other", [2, 2.0, True, np.float64(2), np.float32(2)])
def test_plain_numbers_beside_float32(function, other):
    if other is True and function in (np.subtract, operator.sub):
        other = 1
    x = numbers(3, dtype=np.float32)
    for f in (lambda a: function(a, other), lambda a: function(other, a)):
        agrees(f, x, rtol=1e-6)


@pytest.mark.parametrize("function", [np.logical_and, np.logical_or, operator.and_, operator.or_])
def test_logic(function):
    a, b = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert function(constant(a) > 0, constant(b) > 0).value.tolist() == function(a, b).tolist()


def test_logic_with_plain_truths():
    c = constant([True, False])
    assert (True & c).value.tolist() == (c & True).value.tolist() == [True, False]
    assert (True | c).value.tolist() == (c | True).value.tolist() == [True, True]


@pytest.mark.parametrize(
    "bits",
    [lambda i, c: i & 3, lambda i, c: 3 & i, lambda i, c: i | c, lambda i, c: c & i, lambda i, c: ~i,
     lambda i, c: np.bitwise_and(i, i), lambda i, c: np.bitwise_or(c, 2), lambda i, c: np.invert(i * 1.0)],
)  # fmt: skip
def test_bits_of_numbers_are_refused(bits):
    """NumPy's 6 & 3 is 2, where a row of truth values would say True without a word."""
    i = constant(np.array([1, 2, 6]), dtype="int64")
    with pytest.raises(UnsupportedError, match="joins truth values"):
        bits(i, i > 1)


def test_not():
    c = constant([1.0, 0.0]) > 0.5
    assert (
        (~c).value.tolist()
        == np.logical_not(c).value.tolist()
        == np.invert(c).value.tolist()
        == [False, True]
    )


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.clip(x, 0.5, 1.5),
        lambda x: np.clip(x, None, 1.5),
        lambda x: np.clip(x, 0.5, None),
        lambda x: x.clip(0.5, 1.5),
        lambda x: x + np.clip(x, None, None),
        lambda x: np.clip(x, min=0.5, max=1.5),
        lambda x: np.clip(x, np.float64(0.5), 1.5),
        lambda x: np.clip(x, np.array([0.5, 0.6, 0.7]), 1.5),
        lambda x: np.where(x > 1, x, 0),
        lambda x: np.where(x > 1, 0.5, x),
        lambda x: np.where(np.array([True, False, True]), x, -x),
        lambda x: x**2,
        lambda x: 2.0**x,
        lambda x: x ** np.float64(2),
        lambda x: np.float64(0.5) * x,
        lambda x: np.maximum(0, x - 1),
        lambda x: np.maximum(x - 1, 0.0),
        lambda x: np.heaviside(x - 1, 1),
        lambda x: np.zeros_like(x) + np.ones_like(x) + np.full_like(x, 3),
        lambda x: (x > 1) * x,
        lambda x: (x > 1) * 2.5,
        lambda x: 1 - (x > 1),
        lambda x: x / (x > 0),
        lambda x: x.astype(np.float64),
        lambda x: np.copy(x) + x.copy(),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elementwise_expressions(function, dtype):
    agrees(function, numbers(2, 3, dtype=dtype), rtol=1e-6 if dtype == np.float32 else 1e-13)


def test_logaddexp_of_infinities():
    a, b = np.array([-np.inf, np.inf, 0.0, 1000.0]), np.array([-np.inf, np.inf, -np.inf, 1000.0])
    np.testing.assert_array_equal(np.logaddexp(constant(a), constant(b)).value, np.logaddexp(a, b))


def test_sinh_keeps_its_digits_near_zero():
    assert np.sinh(constant(1e-10)).value == pytest.approx(1e-10, rel=1e-15)


# --- products -------------------------------------------------------------------------------------------

MATMUL = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((0, 3), (3, 2)), ((2, 0), (0, 2)), ((6, 5, 2, 3), (6, 5, 3, 1)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", MATMUL)
def test_matmul(shapes):
    arrays = [numbers(*s, seed=i) for i, s in enumerate(shapes)]
    agrees(np.matmul, *arrays)
    agrees(operator.matmul, *arrays)
    gradient_agrees(np.matmul, *arrays)


@pytest.mark.parametrize(
    "shapes",
    [
        ((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)),
        ((5, 2, 3), (3,)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((3,), (5, 3, 4)),
        ((2, 2, 3), (5, 3, 4)),
    ],
)  # fmt: skip
def test_dot(shapes):
    arrays = [numbers(*s, seed=i) for i, s in enumerate(shapes)]
    agrees(np.dot, *arrays)
    if arrays[0].ndim:
        agrees(lambda a, b: a.dot(b), *arrays)
    gradient_agrees(np.dot, *arrays)


@pytest.mark.parametrize("shapes", [((3,), (2,)), ((2, 2), (3,)), ((), (3,))])
def test_outer(shapes):
    agrees(np.outer, *(numbers(*s, seed=i) for i, s in enumerate(shapes)))


@pytest.mark.parametrize(
    "shapes", [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)), ((), (3,)), ((5, 2, 3), (4, 3))]
)
def test_inner(shapes):
    agrees(np.inner, *(numbers(*s, seed=i) for i, s in enumerate(shapes)))


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [
        (((2, 3), (3, 2)), 2 - 1),
        (((2, 3, 4), (3, 4, 5)), 2),
        (((2, 3), (4, 5)), 0),
        (((2, 3, 4), (4, 2)), ([0, 2], [1, 0])),
        (((2, 3), (3, 5)), (1, 0)),
        (((2, 3), (5, 3)), (-1, -1)),
    ],
)
def test_tensordot(shapes, axes):
    arrays = [numbers(*s, seed=i) for i, s in enumerate(shapes)]
    agrees(lambda a, b: np.tensordot(a, b, axes=axes), *arrays)
    gradient_agrees(lambda a, b: np.tensordot(a, b, axes=axes), *arrays)


def test_vdot():
    agrees(np.vdot, numbers(2, 3), numbers(3, 2, seed=1))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ik,kj->ij", [(2, 3), (3, 4)]),
        ("ik,kj", [(2, 3), (3, 4)]),
        ("bik, bkj -> bij", [(5, 2, 3), (5, 3, 4)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,j->ji", [(2,), (3,)]),
        ("i,i->", [(3,), (3,)]),
        ("ij,ij->i", [(2, 3), (2, 3)]),
        ("ij,ij->ij", [(2, 3), (2, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
        ("ij,kj,k->i", [(2, 3), (4, 3), (4,)]),
        ("ij,k->i", [(2, 3), (4,)]),
        ("abij,ij->ba", [(2, 3, 4, 2), (4, 2)]),
        (",i->i", [(), (3,)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("iij->ji", [(3, 3, 2)]),
        ("iii,i->", [(2, 2, 2), (2,)]),
        ("ij,jj->i", [(2, 3), (3, 3)]),
    ],
)
def test_einsum(subscripts, shapes):
    arrays = [numbers(*s, seed=i) for i, s in enumerate(shapes)]
    agrees(lambda *x: np.einsum(subscripts, *x), *arrays)
    gradient_agrees(lambda *x: np.einsum(subscripts, *x), *arrays)


# --- reductions -----------------------------------------------------------------------------------------

REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.var, np.std, np.amax, np.amin, np.linalg.norm]


@pytest.mark.parametrize("function", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 1), (2, 0)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(function, axis, keepdims):
    agrees(
        lambda x: function(x, axis=axis, keepdims=keepdims),
        numbers(2, 3, 4) if axis != (0, 1) else numbers(2, 3),
    )


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std"])
def test_reductions_as_methods(name):
    agrees(lambda x: getattr(x, name)(axis=1), numbers(2, 3))
    agrees(lambda x: getattr(x, name)(0, keepdims=True), numbers(2, 3))


@pytest.mark.parametrize("function", [np.sum, np.mean, np.var, np.std])
def test_reductions_have_right_gradients(function):
    gradient_agrees(lambda x: function(x, axis=1), numbers(2, 3))


def test_variance_with_a_divisor_of_one_less():
    agrees(lambda x: np.var(x, axis=0, ddof=1), numbers(4, 2))
    agrees(lambda x: np.std(x, ddof=1), numbers(4, 2))


@pytest.mark.parametrize("function", [np.argmax, np.argmin])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_positions_of_the_largest_and_smallest(function, axis):
    agrees(lambda x: function(x, axis=axis), numbers(3, 4))
    agrees(lambda x: getattr(x, function.__name__)(axis), numbers(3, 4))


ENDS = [np.array([np.iinfo(d).max, np.iinfo(d).min, 3, 0], d) for d in ("int8", "uint8", "int64", "uint64")]
WHOLE = {
    "min": np.min,
    "min along an axis": lambda x: np.min(np.stack([x, x[::-1]]), axis=0),
    "argmin": np.argmin,
    "argmin along an axis": lambda x: np.argmin(np.stack([x, x[::-1]]), axis=0),
    "norm": np.linalg.norm,
    "the sum of sizes": lambda x: np.linalg.norm(x, 1),
    "the largest size": lambda x: np.linalg.norm(x, np.inf),
    "hypot": lambda x: np.hypot(x, x.astype("float64")),
    "clip": lambda x: np.clip(x if x.dtype.kind != "b" else x.astype("int8"), -1, 300),
}


@pytest.mark.parametrize("values", [*ENDS, np.array([True, False, True, True])], ids=lambda v: v.dtype.name)
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_do_not_wrap_round(name, values):
    x = input("x", values.shape, values.dtype)
    node = WHOLE[name](x)
    for engine in ("numpy", "native"):
        found = cr.compile(node, [x], engine=engine)(values)
        expected = WHOLE[name](values)
        np.testing.assert_allclose(found, expected, rtol=1e-15)
        assert found.dtype == expected.dtype


def test_counting_truths():
    z = constant([[1.0, -1.0], [2.0, 3.0]])
    assert np.sum(z > 0).value == 3 and np.sum(z > 0).dtype == np.int64
    assert np.mean(z > 0).value == 0.75
    assert np.max(z > 0, axis=0).value.tolist() == [True, True]
    assert np.min(z > 0, axis=0).value.tolist() == [True, False]


@pytest.mark.parametrize("axis", [None, 0, (), (0, 1)])
def test_sums_over_nothing_and_over_no_axes(axis):
    agrees(lambda x: np.sum(x, axis=axis), numbers(0, 2))


def test_a_dtype_given_to_a_reduction_is_kept():
    assert np.sum(variable(numbers(3, dtype=np.float32)), dtype=np.float64).dtype == np.float64


def test_norms():
    agrees(lambda x: np.linalg.norm(x, 2), numbers(3))
    agrees(lambda x: np.linalg.norm(x, "fro"), numbers(3, 2))
    agrees(lambda x: np.linalg.norm(x, 2, axis=1), numbers(3, 2))
    with pytest.raises(UnsupportedError, match="Euclidean"):
        np.linalg.norm(variable(numbers(3, 2)), 2)  # the largest singular value
    for order in (1, np.inf, -np.inf):
        agrees(lambda x, order=order: np.linalg.norm(x, order), numbers(3))
        agrees(lambda x, order=order: np.linalg.norm(x, order, axis=1, keepdims=True), numbers(3, 2))
    with pytest.raises(UnsupportedError, match="Euclidean"):
        np.linalg.norm(variable(numbers(3)), 3)


# --- movement -------------------------------------------------------------------------------------------

MOVES = [
    lambda x: np.transpose(x),
    lambda x: np.transpose(x, (1, 2, 0)),
    lambda x: np.transpose(x, (-1, 0, 1)),
    lambda x: x.T,
    lambda x: x.transpose(2, 0, 1),
    lambda x: x.transpose((2, 0, 1)),
    lambda x: np.swapaxes(x, 0, -1),
    lambda x: np.moveaxis(x, 0, -1),
    lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
    lambda x: np.reshape(x, (6, 4)),
    lambda x: np.reshape(x, -1),
    lambda x: x.reshape(2, -1),
    lambda x: x.reshape((4, 3, 2)),
    lambda x: np.ravel(x),
    lambda x: x.ravel(),
    lambda x: x.flatten(),
    lambda x: np.expand_dims(x, 1),
    lambda x: np.expand_dims(x, (0, -1)),
    lambda x: np.squeeze(x[:1]),
    lambda x: np.squeeze(x[:1], axis=0),
    lambda x: np.broadcast_to(x, (5, 2, 3, 4)),
    lambda x: np.concatenate([x, 2 * x]),
    lambda x: np.concatenate([x, x[:, :1]], axis=1),
    lambda x: np.concatenate([x, x], axis=None),
    lambda x: np.concatenate([x, np.ones((2, 3, 1))], axis=-1),
    lambda x: np.stack([x, x + 1]),
    lambda x: np.stack([x, x + 1], axis=-1),
    lambda x: np.vstack([x, x]),
    lambda x: np.hstack([x, x]),
    lambda x: np.hstack([x[0, 0], x[0, 1]]),
    lambda x: np.vstack([x[0, 0], x[0, 1]]),
    lambda x: np.column_stack([x[0, 0], x[0, 1]]),
    lambda x: np.atleast_1d(np.sum(x)),
    lambda x: np.atleast_2d(x[0, 0]),
    lambda x: np.flip(x),
    lambda x: np.flip(x, axis=1),
    lambda x: np.split(x, 2)[1],
    lambda x: np.split(x, [1, 3], axis=2)[1],
    lambda x: np.take(x, [1, 0, -1], axis=1),
    lambda x: np.take(x, [5, 0]),
    lambda x: x.take([[0, 1], [1, 0]], axis=0),
    lambda x: np.take_along_axis(x, np.array([[[2, -1, 0, 1, 0]]]), axis=-1),
    lambda x: np.take_along_axis(x, np.array([[[2], [1], [0]], [[0], [0], [2]]]), axis=1),
    lambda x: np.take_along_axis(x[:1], np.array([[[1]], [[0]]]), axis=1),
    lambda x: np.take_along_axis(x, np.array([5, 0]), axis=None),
    lambda x: np.take_along_axis(x, np.argsort(numbers(2, 3, 4), axis=2), axis=2),
    lambda x: x[:, [0, -1]],
    lambda x: x[np.array([1, 0, 1])],
]


@pytest.mark.parametrize("number", range(len(MOVES)))
def test_moving_numbers(number):
    x = numbers(2, 3, 4)
    agrees(MOVES[number], x)
    gradient_agrees(lambda a: MOVES[number](a) ** 2, x)


@settings(max_examples=150)
@given(data=st.data())
def test_indexing_as_numpy_does(data):
    shape = data.draw(array_shapes(max_dims=3, max_side=4))
    index = data.draw(basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    x = numbers(*shape)
    node = variable(x)
    if node[index] is node:
        np.testing.assert_array_equal(x[index], x)
        return
    agrees(lambda a: a[index], x)
    expected = np.zeros(shape)
    expected[index] = 2 * x[index]
    np.testing.assert_allclose(grad(np.sum(node[index] ** 2), node).value, expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint64"])
def test_positions_of_small_whole_numbers_reach_along_an_axis_longer_than_they_count(dtype):
    x = numbers(300)
    positions = np.array([0, 2, 100 if dtype[0] == "u" else -1], dtype)
    agrees(lambda a: a[positions], x)
    agrees(lambda a: np.take(a, positions), x)


@pytest.mark.parametrize("number", [300, -1])
def test_a_number_that_the_whole_numbers_beside_it_cannot_be_is_refused_as_numpy_does(number):
    with pytest.raises(OverflowError):
        np.zeros(2, np.uint8) + number
    with pytest.raises(
        GraphError, match=rf"{number} is no uint8, as what it meets is: widen that .* x\.astype\(int\)"
    ):
        input("x", (2,), "uint8") + number


def test_indexing_by_nodes():
    table = variable(numbers(4, 2))
    words = input("words", (3,), "int64")
    picked = table[words]
    g = grad(np.sum(picked), table)
    run = trace([picked, g], {words: [3, -4, 3]})
    np.testing.assert_array_equal(run[picked], table.value[[3, 0, 3]])
    np.testing.assert_array_equal(run[g], [[1, 1], [0, 0], [0, 0], [2, 2]])
    one = input("one", (), "int64")
    row = table[one]
    np.testing.assert_array_equal(trace(row, {one: -1})[row], table.value[-1])


def test_a_position_out_of_range_is_named_when_the_graph_runs():
    table, words = variable(numbers(4, 2)), input("words", (2,), "int64")
    with pytest.raises(
        ChainruleError, match=r"from 0 to 4 is out of range: axis 0 has length 4.*last position is 3"
    ):
        trace(table[words], {words: [0, 4]})


def test_iterating_and_length():
    x = variable(numbers(3, 2))
    assert len(x) == 3
    np.testing.assert_array_equal([row.value for row in x], x.value)


def test_questions_about_the_shape():
    x = variable(numbers(3, 2))
    assert (np.shape(x), np.ndim(x), np.size(x), x.ndim, x.size) == ((3, 2), 2, 6, 2, 6)


# --- open axes ------------------------------------------------------------------------------------------


def test_open_axes_run_with_any_length():
    x, W = input("x", ("batch", 3)), variable(numbers(3, 2))
    y = np.mean(np.concatenate([x @ W, x[:, :1]], axis=1).reshape(x.shape[0], -1), axis=0)
    for n in (1, 4):
        a = numbers(n, 3, seed=n)
        np.testing.assert_allclose(
            trace(y, {x: a})[y], np.mean(np.concatenate([a @ W.value, a[:, :1]], 1), 0), rtol=1e-13
        )


def test_an_open_length_computes():
    x = input("x", ("batch", 2))
    n, total = x.shape[0], np.sum(x)
    for node, expected in [
        (1 / n * total, 2),
        (total / n, 2),
        (total * n**-1, 2),
        (x.size + 0, 8),
        (n - 1, 3),
    ]:
        assert trace(node, {x: np.ones((4, 2))})[node] == expected


def test_logaddexp_of_open_axes():
    x = input("x", ("batch", 2))
    y = np.logaddexp(x, 0)
    np.testing.assert_allclose(trace(y, {x: [[0.0, 1.0]]})[y], np.logaddexp([[0.0, 1.0]], 0))


# --- what nodes do not take -----------------------------------------------------------------------------

X = variable(numbers(2, 3), name="X")
W = variable(numbers(2, 3), name="W")


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: X @ W, ShapeError, r"matmul.*\(2, 3\) and \(2, 3\)"),
        (lambda: X + np.ones(4), ShapeError, r"add of X: shapes \(2, 3\) and \(4,\) do not fit together"),
        (lambda: X * W.T, ShapeError, r"multiply of X: shapes \(2, 3\) and \(3, 2\)"),
        (lambda: np.where(X > 0, W, np.ones(2)), ShapeError, r"\(2, 3\).*\(2,\)"),
        (lambda: np.concatenate([X, W.T]), ShapeError, r"\(3, 2\) cannot be joined along axis 0"),
        (lambda: np.concatenate([X[0, 0], X[0, 1]]), ShapeError, r"no axis to join.*np.stack"),
        (lambda: X.reshape(4, 2), ShapeError, r"\(2, 3\) cannot be reshaped to \(4, 2\)"),
        (lambda: X.reshape(-1, -1), ShapeError, r"\(2, 3\) cannot be reshaped to \(-1, -1\)"),
        (lambda: np.broadcast_to(X, (2, 2)), ShapeError, r"\(2, 3\) cannot be broadcast to \(2, 2\)"),
        (lambda: np.sum(X, axis=2), ShapeError, r"axis 2 is out of range: there are 2 axes"),
        (lambda: np.sum(X, axis=(0, 0)), ShapeError, r"axis is named twice"),
        (lambda: np.sum(X, axis=0.5), ShapeError, r"an axis is a whole number, not 0.5"),
        (lambda: X[2], ShapeError, r"index 2 is out of range for axis 0 of shape \(2, 3\)"),
        (lambda: X[0, 0, 0], ShapeError, r"3 indices for an array of shape \(2, 3\)"),
        (lambda: X[..., ...], ShapeError, r"only one '\.\.\.'"),
        (lambda: X[[0, 5]], ShapeError, r"0\.\.5 is out of range for axis 0 of 2"),
        (lambda: X[X > 1], UnsupportedError, r"Positions are whole numbers.*np.where"),
        (lambda: X[np.array([True, False])], UnsupportedError, r"np.where\(mask, x, 0\)"),
        (lambda: X[True], UnsupportedError, r"whole numbers, slices and None; found True"),
        (lambda: X["a"], UnsupportedError, r"found 'a'"),
        (lambda: X[1.5], UnsupportedError, r"found 1.5"),
        (lambda: X[[0, 1], [0, 1]], UnsupportedError, r"one array of positions"),
        (lambda: X[[0, 1], 0], UnsupportedError, r"one after the other"),
        (lambda: np.squeeze(X, 0), ShapeError, r"axis 0 of shape \(2, 3\) is not of length 1"),
        (lambda: np.transpose(X, (0, 0)), ShapeError, r"do not name each axis"),
        (lambda: np.moveaxis(X, (0, 1), (0, 0)), ShapeError, r"each once"),
        (lambda: np.split(X, 2, axis=1), ShapeError, r"3 elements do not divide into 2"),
        (lambda: np.split(input("x", ("batch", 2)), 2), ShapeError, r"axis 0 of shape \(batch, 2\) is open"),
        (lambda: np.reshape(X, (6,), order="F"), UnsupportedError, r"order='C'"),
        (lambda: np.einsum("ij,jk->ik", X, W), ShapeError, r"einsum.*\(2, 3\) and \(2, 3\)"),
        (lambda: np.einsum("ij->", X[0]), ShapeError, r"'ij' does not name the axes of shape \(3,\)"),
        (lambda: np.einsum("ij->ik", X), ShapeError, r"'ik' must hold letters of 'ij'"),
        (lambda: np.einsum("ii->i", X), ShapeError, r"'i' names axes of two lengths in shape \(2, 3\)"),
        (lambda: np.einsum("...i->...", X), UnsupportedError, r"without '\.\.\.'"),
        (lambda: np.einsum("ij,jk->ik", X), ShapeError, r"names 2 arrays; 1 were given"),
        (lambda: np.tensordot(X, W, axes=((0, 1), (0,))), ShapeError, r"2 axes of the first.*1"),
        (lambda: X @ 2, ShapeError, r"a number has no axis.*use '\*'"),
        (lambda: np.where(X > 0), UnsupportedError, r"three arguments"),
        (lambda: np.heaviside(X, 0.5), UnsupportedError, r"np.heaviside\(x, 1\)"),
        (lambda: np.add(X, W, out=np.zeros((2, 3))), UnsupportedError, r"'out='.*y = np.add\(\.\.\.\)"),
        (lambda: np.exp(X, where=np.ones((2, 3), bool)), UnsupportedError, r"np.where\(condition, np.exp"),
        (lambda: np.sum(X, out=np.zeros(())), UnsupportedError, r"np.sum.*'out='"),
        (lambda: np.add.reduce(X), UnsupportedError, r"np.add.reduce.*np.sum"),
        (lambda: np.add(X, W, dtype="f4"), UnsupportedError, r"'dtype='.*astype"),
        (lambda: np.sum(X, initial=3), UnsupportedError, r"np.sum of a node takes \(a, axis, keepdims\)"),
        (lambda: (X > 0) - (W > 0), UnsupportedError, r"Truth values have no '-'"),
        (lambda: -(X > 0), UnsupportedError, r"astype\(float\)"),
        (lambda: np.asarray(X), UnsupportedError, r"node.value.*np.stack"),
        (lambda: np.array([X, W]), UnsupportedError, r"node.value"),
    ],
)  # fmt: skip
def test_an_error_says_what_and_what_instead(build, error, message):
    with pytest.raises(error, match=message):
        build()


# --- every remedy that a message gives is right when it is followed -----------------------------------------

MISSING = {
    "median": (), "sort": (), "percentile": (30.0,), "quantile": (0.3,), "nanstd": (), "unique": (), "gradient": (),
    "digitize": (np.array([0.5, 1.0]),), "interp": (np.array([0.0, 3.0]), np.array([1.0, 2.0])),
    "kron": (np.ones(2),), "spacing": (), "signbit": (), "argsort": (), "nonzero": (),
    "isclose": (1.0,), "allclose": (1.0,), "array_equal": (1.0,), "cross": (np.ones(3),),
    "searchsorted": (np.array([0.1]),),
}  # fmt: skip
VECTOR = numbers(3)


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_computed_on_the_numbers(name):
    x, function = variable(VECTOR), getattr(np, name)
    with pytest.raises(UnsupportedError) as caught:
        function(x, *MISSING[name])
    written = f"np.{name}(x.value, ...)" if MISSING[name] else f"np.{name}(x.value)"
    assert f"np.{name} is not among" in str(caught.value) and f"computed as {written}," in str(caught.value)
    np.testing.assert_equal(function(x.value, *MISSING[name]), function(VECTOR, *MISSING[name]))


@pytest.mark.parametrize("name", ["inv", "det", "eig", "svd", "pinv"])
def test_what_is_missing_of_linear_algebra_too(name):
    matrix, function = variable(numbers(2, 2)), getattr(np.linalg, name)
    with pytest.raises(
        UnsupportedError, match=rf"np.linalg.{name} is not among.*np.linalg.{name}\(x.value\)"
    ):
        function(matrix)
    np.testing.assert_equal(function(matrix.value), function(numbers(2, 2)))


def test_a_function_that_is_not_numpys_is_not_called_so():
    erf = pytest.importorskip("scipy.special").erf
    x = variable(VECTOR)
    with pytest.raises(UnsupportedError, match=r"^erf is not among .* computed as erf\(x.value\), "):
        erf(x)
    assert erf(x.value).shape == (3,)


@pytest.mark.parametrize("method", calls.REDUCTIONS, ids=".".join)
def test_a_method_of_a_ufunc_is_written_as_the_message_says(method):
    name, kind = method
    of_truths = name.startswith("logical")
    a, b = (numbers(3, seed=i) > 1 if of_truths else numbers(3, seed=i) for i in (1, 2))
    x, y = (constant(m) > 0.5 if of_truths else variable(m) for m in (a, b))
    arguments = (x, y) if kind == "outer" else (x,)
    with pytest.raises(UnsupportedError) as caught:
        getattr(getattr(np, name), kind)(*arguments)
    remedy = str(caught.value).partition("Write ")[2].rstrip(".")
    wanted = (
        getattr(getattr(np, name), kind)(a, b) if kind == "outer" else getattr(getattr(np, name), kind)(a)
    )
    np.testing.assert_allclose(eval(remedy, {"np": np, "x": x, "y": y}).value, wanted, rtol=1e-14)


def test_another_method_of_a_ufunc_is_computed_on_the_numbers():
    x = variable(VECTOR)
    with pytest.raises(UnsupportedError, match=r"np.add.reduceat\(x.value, ...\)"):
        np.add.reduceat(x, [0, 2])
    assert np.add.reduceat(x.value, [0, 2]).shape == (2,)


REMEDIES = [  # what is refused, what the message says, the remedy followed, and the right result
    (lambda: np.add(X, W, out=np.zeros((2, 3))), "y = np.add(...)", lambda: np.add(X, W), lambda a, b: a + b),
    (lambda: np.exp(X, where=np.ones((2, 3), bool)), "np.where(condition, np.exp(...), other)",
     lambda: np.where(X > 1, np.exp(X), X), lambda a, b: np.where(a > 1, np.exp(a), a)),
    (lambda: np.add(X, W, dtype="f4"), "x.astype(...)", lambda: np.add(X.astype("f4"), W.astype("f4")),
     lambda a, b: np.add(a, b, dtype="f4", casting="same_kind")),
    (lambda: X == 1.0, "np.equal(x, y)", lambda: np.equal(X, 1.0), lambda a, b: np.equal(a, 1.0)),
    (lambda: X != 1.0, "np.not_equal(x, y)", lambda: np.not_equal(X, 1.0), lambda a, b: np.not_equal(a, 1.0)),
    (lambda: bool(X > 1), "np.where(condition, a, b)", lambda: np.where(X > 1, X, W),
     lambda a, b: np.where(a > 1, a, b)),
    (lambda: np.asarray(X), "np.stack or np.concatenate", lambda: np.stack([X, W]), lambda a, b: np.stack([a, b])),
    (lambda: X.__setitem__(0, 1.0), "np.where(Z <= 0, 0, dZ)", lambda: np.where(X <= 1, 0, W),
     lambda a, b: np.where(a <= 1, 0, b)),
    (lambda: X[X > 1], "np.where(mask, x, 0)", lambda: np.sum(np.where(X > 1, X, 0)), lambda a, b: np.sum(a[a > 1])),
    (lambda: X[np.array([True, False])], "np.where(mask, x, 0)",
     lambda: np.sum(np.where(np.array([[True], [False]]), X, 0)), lambda a, b: np.sum(a[:1])),
    (lambda: np.where(X > 1), "np.where(condition, a, b)", lambda: np.where(X > 1, X, W),
     lambda a, b: np.where(a > 1, a, b)),
    (lambda: X @ 2, "use '*'", lambda: X * 2, lambda a, b: a * 2),
    (lambda: np.heaviside(X, 0.5), "np.heaviside(x, 1)", lambda: np.heaviside(X - 1, 1),
     lambda a, b: np.heaviside(a - 1, 1)),
    (lambda: -(X > 1), "c.astype(float)", lambda: -(X > 1).astype(float), lambda a, b: -(a > 1).astype(float)),
    (lambda: (X > 1) - (W > 1), "c.astype(float)", lambda: (X > 1).astype(float) - (W > 1).astype(float),
     lambda a, b: (a > 1).astype(float) - (b > 1)),
    (lambda: X[[0, 1], [0, 1]], "cr.one_hot(labels, classes)",
     lambda: np.sum(X * one_hot(np.array([0, 1]), classes=3, dtype="float64"), axis=1), lambda a, b: a[[0, 1], [0, 1]]),
    (lambda: X[[0, 1], 0], "one after the other", lambda: X[[0, 1]][:, 0], lambda a, b: a[[0, 1], 0]),
    (lambda: np.concatenate([X[0, 0], X[0, 1]]), "use np.stack", lambda: np.stack([X[0, 0], X[0, 1]]),
     lambda a, b: a[0, :2]),
    (lambda: np.prod(input("x", ("n", 3)), axis=0), "np.exp(np.sum(np.log(x), axis))",
     lambda: np.exp(np.sum(np.log(X), axis=0)), lambda a, b: np.prod(a, axis=0)),
    (lambda: np.cumprod(input("x", ("n", 3)), axis=0), "np.exp(np.cumsum(np.log(x), axis))",
     lambda: np.exp(np.cumsum(np.log(X), axis=0)), lambda a, b: np.cumprod(a, axis=0)),
    (lambda: np.roll(input("x", ("n",)), 1), "np.concatenate([x[-1:], x[:-1]])",
     lambda: np.concatenate([X[-1:], X[:-1]]), lambda a, b: np.roll(a, 1, axis=0)),
    (lambda: np.repeat(input("x", ("n",)), 2), "np.broadcast_to(x[:, None], (x.shape[0], n))",
     lambda: np.broadcast_to(X[0][:, None], (3, 2)), lambda a, b: np.repeat(a[0], 2).reshape(3, 2)),
    (lambda: np.average(X, weights=np.ones(2)), "np.average(x, axis=0, weights=w)",
     lambda: np.average(X, axis=0, weights=np.array([1.0, 3.0])),
     lambda a, b: np.average(a, axis=0, weights=[1.0, 3.0])),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REMEDIES)))
def test_a_remedy_is_right_when_it_is_followed(number):
    refused, says, followed, wanted = REMEDIES[number]
    with pytest.raises(ChainruleError) as caught:
        refused()
    assert says in str(caught.value)
    np.testing.assert_allclose(followed().value, wanted(X.value, W.value), rtol=1e-6)


def test_the_error_is_raised_where_the_node_is_made():
    Z = X @ W.T
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(3,\)") as caught:
        Z + np.ones(3)  # this line
    assert "Z + np.ones(3)  # this line" in str(caught.traceback[0].statement)
