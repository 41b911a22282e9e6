"""What a row claims of its numbers, tried on numbers: a property that does not hold would make rewrites wrong."""

import itertools
from dataclasses import replace
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from test_primitives import EXAMPLES, ROWS, Example, label, numbers

from chainrule.errors import GraphError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, constant, input, record
from chainrule.graph.numpy_api.calls import FUNCTIONS
from chainrule.graph.primitives.primitive import REAL, TABLE, Primitive
from chainrule.graph.ranges import range_of
from chainrule.graph.walk import order
from chainrule.transform.backprop import pullback

CORNERS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.3,
    -2.5,
    1e-300,
    -1e-300,
    700.0,
    -745.0,
    1e300,
    -1e300,
    np.inf,
    -np.inf,
    np.nan,
]


def examples(claims):
    """The examples of the rows that claim something; of those that work point by point, one shape is enough."""
    found = [e for e in EXAMPLES if claims(e.primitive)]
    return pytest.mark.parametrize(
        "example", [e for e in found if not e.primitive.domain or e.inputs[0].shape == (3, 2)], ids=label
    )


def rows(claims):
    return pytest.mark.parametrize("row", [r for r in ROWS if claims(r)], ids=lambda r: r.name)


def compute(example, inputs):
    """The value at other inputs."""
    return np.asarray(example.primitive(*inputs, **example.attributes))


def moving(example):
    """The positions of the inputs that a linear row is linear in: those that a gradient reaches."""
    leaves, y = example.node()
    floats = [i for i, x in enumerate(leaves) if x.dtype.kind == "f"]
    if example.primitive.partials is not None:
        slopes = example.primitive.partials(y, *leaves, **example.attributes)
        floats = [i for i in floats if slopes[i] is not None]
    return floats[:1] if example.primitive.linear == "first" else floats


def at(example, changes):
    return [changes.get(i, x) for i, x in enumerate(example.inputs)]


# --- the words of the columns -------------------------------------------------------------------------------


@rows(lambda row: True)
def test_a_row_says_it_in_the_words_of_its_column(row):
    for column, kind in get_type_hints(Primitive).items():
        if get_origin(kind) is Literal:
            assert getattr(row, column) in get_args(kind)
    assert row.reduces in {"", *TABLE}


# --- linear -----------------------------------------------------------------------------------------------


def check_linear(example):
    """A(2u - 3v) = 2 A(u) - 3 A(v), in all inputs together or in each, the others standing still."""
    inputs = moving(example)
    groups = [[i] for i in inputs] if example.primitive.linear == "each" else [inputs]
    for group in groups:
        u = {i: numbers(example.inputs[i].shape, REAL, 3 * i) for i in group}
        v = {i: numbers(example.inputs[i].shape, REAL, 3 * i + 1) for i in group}
        both = compute(example, at(example, {i: 2 * u[i] - 3 * v[i] for i in group}))
        apart = 2 * compute(example, at(example, u)) - 3 * compute(example, at(example, v))
        np.testing.assert_allclose(both, apart, rtol=1e-12, atol=1e-12)


def check_adjoint(example):
    """⟨A x, w⟩ = ⟨x, Aᵀ w⟩, for each input that A is linear in; Aᵀ is what reverse mode gives."""
    leaves, y = example.node()
    inputs = moving(example)
    weights = numbers(y.shape, (0.5, 1.5), 50)
    pulled = pullback([y], [constant(weights)], [leaves[i] for i in inputs])
    values = evaluate([y, *pulled], example.feed(leaves))
    sides = [np.sum(example.inputs[i] * values[g]) for i, g in zip(inputs, pulled, strict=True)]
    whole = np.sum(values[y] * weights)
    for side in sides if example.primitive.linear == "each" else [sum(sides)]:
        np.testing.assert_allclose(whole, side, rtol=1e-12, atol=1e-12)


@examples(lambda row: row.linear)
def test_a_linear_row_is_linear(example):
    check_linear(example)


@examples(lambda row: row.linear)
def test_the_adjoint_of_a_linear_row_is_its_transpose(example):
    check_adjoint(example)


def test_a_false_claim_of_linearity_is_caught():
    row = Primitive(name="w", forward=np.abs, partials=lambda y, x: [np.sign(x)], linear="together")
    example = Example(row, (np.array([1.0, -2.0]),), {})
    check_adjoint(example)  # |x| = sign(x) · x
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_linear(example)


def test_a_wrong_adjoint_is_caught():
    (example, *_) = [e for e in EXAMPLES if e.primitive.name == "cumsum"]
    row = Primitive(
        name="w",
        forward=example.primitive.forward,
        adjoint=lambda dy, y, x, axis: [TABLE["cumsum"](dy, axis=axis)],
        linear="together",
        shape=example.primitive.shape,
        dtype=example.primitive.dtype,
    )
    wrong = replace(example, primitive=row)
    check_linear(wrong)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_adjoint(wrong)


@pytest.mark.parametrize("column", ["linear", "moves", "mixes", "nan", "logarithm", "leaf"])
def test_a_column_takes_its_words_and_no_others(column):
    for other in (True, "maybe", ["each"]):
        with pytest.raises(GraphError, match=f"'odd': {column} is .*; expected '' or '"):
            Primitive(name="odd", forward=np.negative, no_derivative="none", **{column: other})


def test_a_row_with_an_adjoint_says_that_it_is_linear():
    with pytest.raises(GraphError, match="must say what its derivative is in one way"):
        Primitive(name="odd", forward=np.sin, adjoint=lambda dy, y, x: [dy])


# --- moved, exchanged, left out ---------------------------------------------------------------------------


@examples(lambda row: row.moves)
def test_what_moves_numbers_computes_none(example):
    numbered, start = [], 1.0
    for x in example.inputs:
        numbered.append(start + np.arange(x.size, dtype=float).reshape(x.shape) if x.dtype.kind == "f" else x)
        start += x.size
    y = compute(example, numbered)
    given = np.concatenate([x.ravel() for x in numbered if x.dtype.kind == "f"])
    assert np.isin(y, given).all()
    np.testing.assert_array_equal(
        np.exp2(y), compute(example, [np.exp2(x) if x.dtype.kind == "f" else x for x in numbered])
    )
    if not example.primitive.leaves_out and y.size:
        assert np.isin(given, y).all()


@examples(lambda row: row.moves == "view")
def test_a_view_finds_each_element_by_strides(example):
    (x,) = example.inputs
    y = compute(example, [x])
    assert not y.size or np.shares_memory(y, x)


@rows(lambda row: row.commutative)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_exchanged_gives_the_same_bits(row, dtype):
    with np.errstate(all="ignore"):
        a, b = (np.array(x, dtype) for x in zip(*itertools.product(CORNERS, repeat=2), strict=True))
    one, other = row(a, b), row(b, a)
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.signbit(one[~np.isnan(one)]), np.signbit(other[~np.isnan(other)]))


@examples(lambda row: row.reduces)
def test_a_reduction_joins_two_at_a_time(example):
    (x,), axes = example.inputs, example.attributes["axes"]
    if len(axes) != 1 or not x.shape[axes[0]]:
        return
    join = TABLE[example.primitive.reduces].forward
    parts = np.moveaxis(x, axes[0], 0)
    found = parts[0]
    for part in parts[1:]:
        found = join(found, part, **({"tie": 0.5} if example.primitive.reduces == "maximum" else {}))
    y = compute(replace(example, attributes={"axes": axes, "keepdims": False}), [x])
    np.testing.assert_allclose(y, found, rtol=1e-15)


@examples(lambda row: row.mixes == "axes")
def test_what_looks_along_some_axes_looks_along_no_other(example):
    """Along an axis that is not named, exchanging the numbers of the inputs exchanges those of the output."""
    (x, *others), at = example.inputs, example.attributes
    if 0 in at.get("axes", (at.get("axis"),)) or x.ndim < 2:
        return
    turned = [o[::-1] if o.shape[:1] == x.shape[:1] else o for o in others]  # that have rows as x has
    np.testing.assert_allclose(
        compute(example, [x[::-1], *turned]), compute(example, [x, *others])[::-1], rtol=1e-14
    )


# --- the numbers themselves -------------------------------------------------------------------------------


@rows(lambda row: row.nan and row.domain)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_nan_is_what_was_said(row, dtype):
    with np.errstate(all="ignore"):
        grids = [
            np.array(g, dtype) for g in zip(*itertools.product(CORNERS, repeat=len(row.domain)), strict=True)
        ]
    for attributes in [case.attributes for case in row.cases] or [{}]:
        y = row(*grids, **attributes)
        expected = np.zeros(y.shape, bool) if row.nan == "never" else np.isnan(grids[0])
        assert row.nan == "never" or len(grids) == 1
        np.testing.assert_array_equal(
            np.isnan(y) if y.dtype.kind == "f" else np.zeros(y.shape, bool), expected
        )


@rows(lambda row: row.nan == "input" and not row.domain and row.name != "stop_gradient")
def test_along_axes_too(row):
    for x in ([1.0, np.inf, -np.inf], [np.inf, np.inf, 2.0], [1.0, np.nan, 2.0], [1e300, -1e300, 0.0]):
        assert np.isnan(row(np.array(x), axes=(0,))).any() == np.isnan(x).any()


@rows(lambda row: row.nonzero and row.leaf == "")
def test_what_is_never_zero_is_positive(row):
    x = np.array([0.0, -0.0, 1.0, -1.0, 30.0, -30.0])
    assert (row(x, **({"axes": (0,)} if row.attributes else {})) > 0).all()


@examples(lambda row: row.range is not None)
def test_numbers_lie_in_their_range(example):
    leaves, _ = example.node()
    bounded = [
        constant(a) if a.dtype.kind == "f" else Node(TABLE["constant"], (), {"value": a}, a.shape, a.dtype)
        for a in example.inputs
    ]
    known = range_of(record(example.primitive, bounded, example.attributes))
    y = compute(example, example.inputs).astype(float)
    assert ((y >= known.low) & (y <= known.high)).all()
    free = range_of(record(example.primitive, leaves, example.attributes))
    assert free.low <= known.low and known.high <= free.high


@rows(lambda row: row.domain and row.range is not None)
def test_bounded_numbers_are_so_at_corners_too(row):
    leaves = [input(f"x{i}", (), "float64") for i in range(len(row.domain))]
    grids = [np.array(g) for g in zip(*itertools.product(CORNERS, repeat=len(row.domain)), strict=True)]
    for attributes in [case.attributes for case in row.cases] or [{}]:
        known = range_of(record(row, leaves, attributes))
        y = row(*grids, **attributes).astype(float)
        inside = np.isnan(y) | ((y >= known.low) & (y <= known.high))
        assert inside.all()
        if known.finite:
            finite = np.all([np.isfinite(g) & (np.abs(g) < 700) for g in grids], axis=0)
            assert np.isfinite(y[finite]).all()


def test_something_is_known_of_the_range_of_every_row():
    assert [row.name for row in ROWS if row.range is None] == []


# --- written in other rows --------------------------------------------------------------------------------


@examples(lambda row: row.made_of is not None)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_a_row_is_made_of_computes_the_same(example, dtype):
    leaves, y = example.node(dtype)
    if 0 in y.shape or any(0 in x.shape for x in leaves):
        return  # an engine gives nothing to compute; the largest of no numbers is refused
    written = example.primitive.made_of(*leaves, **example.attributes)
    assert (written.shape, written.dtype) == (y.shape, y.dtype)
    assert example.primitive not in {n.primitive for n in order([written])}
    values = evaluate([y, written], example.feed(leaves))
    np.testing.assert_allclose(
        values[written], values[y], rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-15
    )


@rows(lambda row: row.made_of is not None and row.domain)
def test_what_a_row_is_made_of_agrees_at_corners(row):
    grids = [np.array(g) for g in zip(*itertools.product(CORNERS, repeat=len(row.domain)), strict=True)]
    leaves = [input(f"x{i}", g.shape, "float64") for i, g in enumerate(grids)]
    written = row.made_of(*leaves)
    np.testing.assert_allclose(
        evaluate([written], dict(zip(leaves, grids, strict=True)))[written],
        row(*grids),
        rtol=1e-13,
        atol=1e-300,
    )


# --- what it costs, what it is called ---------------------------------------------------------------------


@examples(lambda row: True)
def test_a_cost_is_known(example):
    assert example.primitive.work(example.attributes) >= 1


def test_a_fraction_of_a_power_is_dear():
    raised = TABLE["raised"]
    assert raised.work({"exponent": 0.3}) == TABLE["power"].work({}) > 10 * raised.work({"exponent": 2})


@rows(lambda row: row.numpy)
def test_numpys_function_is_the_row(row):
    arrays = [numbers((4,), interval, i) for i, interval in enumerate(row.domain)]
    for function in row.numpy:
        np.testing.assert_allclose(function(*arrays), row(*arrays), rtol=1e-15)
        assert function in FUNCTIONS


def test_what_is_not_said_follows():
    own = Primitive(name="my_own", forward=lambda a, b: a * b, partials=lambda y, a, b: [b, a])
    assert own.text == "my_own({0}, {1})" and own.latex == r"\operatorname{{my\_own}}\left({0}, {1}\right)"
    assert (
        own.elementwise and own.mixes == "" and not (own.linear or own.commutative or own.nonzero or own.nan)
    )
    assert (
        Primitive(name="sin", forward=np.sin, partials=lambda y, x: [np.cos(x)]).latex
        == r"\sin\left({0}\right)"
    )
