"""What a row takes: whatever comes from elsewhere than a call is held to what the row declares."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, GraphError, ShapeError
from chainrule.graph.node import apply, input
from chainrule.graph.primitives import primitive as rows
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.shapes import Extent

# Loops hold a graph that fits their inputs: see tests/graph/test_loops.py.
ROWS = [row for row in TABLE.values() if row.attributes is not None and row.results is None]
INPUTS = {
    "where": 3,
    "concatenate": 2,
    "length": 0,
    "variable": 0,
    "input": 0,
    "constant": 0,
} | dict.fromkeys(
    ("contract", "gather", "scatter_add", "take_along", "add_along", "random_uniform", "maximum", "minimum"),
    2,
)
BATCH = Extent("batch")
JUNK = [
    None,
    True,
    1.5,
    np.float64(1.5),
    -1,
    2**70,
    "axes",
    "1;2",
    (),
    (1.5,),
    ("1",),
    (None,),
    [0],
    {"extent": "batch"},
    print,
    float("nan"),
    np.zeros(2),
    b"x",
    (0, (1, 2)),
    ((0, 1, 0),),
    ((0, "1", 1),),
    (BATCH,),
    "float7",
    "O",
    "ij,jk",
    "i2,2->i",
    "V8",
]


def count(row):
    return INPUTS.get(row.name) or len(row.domain) or (0 if row.name in INPUTS else 1)


@pytest.mark.parametrize("row", [r for r in ROWS if r.name not in ("variable", "input")], ids=str)
def test_every_row_declares_what_it_takes(row):
    for case in row.cases:
        row.check(count(row), case.attributes)
        for missing in case.attributes:
            with pytest.raises(GraphError):
                row.check(count(row), {k: v for k, v in case.attributes.items() if k != missing})
    given = row.cases[0].attributes if row.cases else {"value": np.zeros(2)} if row.name == "constant" else {}
    row.check(count(row), given)
    for other in ({"out": None}, {"where": False}, {"b": 1}, {"dtype!": "float32"}, {"__import__('os')": 1}):
        with pytest.raises(GraphError):
            row.check(count(row), {**given, **other})
    if row.name != "concatenate":
        for wrong in {0, 1, 2, 3, 4} - {count(row)}:
            with pytest.raises(GraphError):
                row.check(wrong, given)


@pytest.mark.parametrize("row", [r for r in ROWS if r.attributes], ids=str)
@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
def test_a_value_of_another_kind_is_refused_or_fits(row, value):
    """Whatever passes is at least of a kind that the row's own cases have."""
    case = row.cases[0].attributes if row.cases else {"value": np.zeros(2)}
    for name in case:
        kinds = {type(c.attributes[name]) for c in row.cases} | {type(case[name]), int, Extent}
        try:
            row.check(count(row), {**case, name: value})
        except GraphError:
            continue
        numbers = {float, bool} if name in ("exponent", "tie", "low", "high", "fill") else set()
        assert type(value) in kinds | numbers


def test_a_primitive_of_your_own_takes_what_its_functions_take(monkeypatch):
    monkeypatch.setattr(rows, "TABLE", dict(TABLE))
    scaled = cr.primitive("scaled", lambda x, k: k * x, lambda y, x, k: [k])
    scaled.check(1, {"k": 3.0})
    for inputs, attributes in ((1, {}), (2, {"k": 3.0}), (1, {"k": 3.0, "a b": 1}), (0, {"k": 1})):
        with pytest.raises(GraphError, match="scaled"):
            scaled.check(inputs, attributes)


X, V, K = input("x", ("batch", 3, 4)), input("v", (4,)), input("k", (2,), "int64")
M, WINDOW = input("m", (3, 2)), {"axes": (0,), "sizes": (2,), "strides": (1,), "dilations": (1,)}
OUTSIDE = [
    ("slice", (V,), {"index": (4,)}),
    ("slice", (V,), {"index": (-1,)}),
    ("slice", (V,), {"index": (1000000,)}),
    ("slice", (V,), {"index": ((5, 8, 1),)}),
    ("slice", (V,), {"index": ((-2, None, 1),)}),
    ("slice", (V,), {"index": ()}),
    ("slice", (V,), {"index": (0, 0)}),
    ("slice", (V,), {"index": ((9, None, -3),)}),
    ("slice", (X,), {"index": (0, 0, 0)}),
    ("slice", (X,), {"index": ((0, 2, 1), 0, 0)}),
    ("slice", (X,), {"index": ((None, None, None), 3, 0)}),
    ("pad", (V,), {"index": ((0, 4, 1),), "shape": (3,)}),
    ("pad", (V,), {"index": (10**9,), "shape": (4,)}),
    ("pad", (V,), {"index": ((6, 10, 1),), "shape": (8,)}),
    ("pad", (V,), {"index": ((0, 3, 1),), "shape": (8,)}),
    ("pad", (V,), {"index": (-1, (None, None, None)), "shape": (2, 4)}),
    ("pad", (V,), {"index": (1,), "shape": (4,)}),
    ("pad", (X,), {"index": ((None, None, None),) * 3, "shape": (5, 3, 4)}),
    ("pad_with", (V,), {"index": ((6, 10, 1),), "shape": (8,), "fill": 0.5}),
    ("pad_with", (K,), {"index": ((0, 2, 1),), "shape": (8,), "fill": 0.5}),
    ("pad_with", (K,), {"index": ((0, 2, 1),), "shape": (8,), "fill": float("-inf")}),
    ("pad_with", (K,), {"index": ((0, 2, 1),), "shape": (8,), "fill": float("nan")}),
    ("windows", (V,), WINDOW | {"axes": (1,)}),
    ("windows", (X,), WINDOW | {"axes": (0,)}),
    ("windows", (V,), WINDOW | {"sizes": (5,)}),
    ("windows", (V,), WINDOW | {"sizes": (2**62,), "dilations": (2**62,)}),
    ("windows", (V,), WINDOW | {"dilations": (4,)}),
    ("windows", (V,), WINDOW | {"strides": (0,)}),
    ("windows", (V,), WINDOW | {"strides": (-1,)}),
    ("windows", (V,), WINDOW | {"sizes": (0,)}),
    ("windows", (V,), WINDOW | {"sizes": (-3,), "dilations": (-1,)}),
    ("windows", (V,), WINDOW | {"sizes": (2, 2)}),
    ("windows", (V,), WINDOW | {"sizes": ()}),
    ("windows", (X,), {"axes": (2, 1), "sizes": (2, 2), "strides": (1, 1), "dilations": (1, 1)}),
    ("windows", (X,), {"axes": (1, 1), "sizes": (2, 2), "strides": (1, 1), "dilations": (1, 1)}),
    ("overlap_add", (M,), WINDOW | {"extents": (5,)}),
    ("overlap_add", (M,), WINDOW | {"extents": (3,)}),
    ("overlap_add", (M,), WINDOW | {"extents": (-4,)}),
    ("overlap_add", (M,), WINDOW | {"extents": (2**62,)}),
    ("overlap_add", (M,), WINDOW | {"extents": ()}),
    ("overlap_add", (M,), WINDOW | {"sizes": (3,), "extents": (5,)}),
    ("overlap_add", (M,), WINDOW | {"axes": (1,), "extents": (4,)}),
    ("overlap_add", (M,), WINDOW | {"strides": (0,), "extents": (4,)}),
    ("overlap_add", (V,), WINDOW | {"extents": (5,)}),
    ("transpose", (X,), {"axes": (0, 1)}),
    ("transpose", (X,), {"axes": (0, 1, 3)}),
    ("transpose", (X,), {"axes": (0, 1, 1)}),
    ("sum", (X,), {"axes": (3,), "keepdims": False}),
    ("max", (X,), {"axes": (1, 1), "keepdims": True}),
    ("softmax", (X,), {"axes": (3,)}),
    ("log_softmax", (X,), {"axes": (7,)}),
    ("argmax", (X,), {"axis": 3}),
    ("logsumexp", (X,), {"axes": (-1,), "keepdims": False}),
    ("reshape", (V,), {"shape": (-2, -2)}),
    ("reshape", (V,), {"shape": (5,)}),
    ("broadcast_to", (V,), {"shape": (3,)}),
    ("broadcast_to", (V,), {"shape": (1,)}),
    ("broadcast_to", (X,), {"shape": (2, 3, 4)}),
    ("broadcast_to", (V,), {"shape": ()}),
    ("concatenate", (), {"axis": 0}),
    ("concatenate", (V, V), {"axis": 1}),
    ("concatenate", (X, X), {"axis": 0}),
    ("concatenate", (V, X), {"axis": 0}),
    ("contract", (V, V), {"spec": "ij,j->i"}),
    ("contract", (V, V), {"spec": ",->"}),
    ("contract", (X, V), {"spec": "bij,b->ij"}),
    ("gather", (V, K), {"axis": 1}),
    ("gather", (V, V), {"axis": 0}),
    ("scatter_add", (K, K), {"axis": 1, "extent": 3}),
    ("scatter_add", (V, K), {"axis": 0, "extent": 3}),
    ("scatter_add", (V, V), {"axis": 0, "extent": 3}),
    ("take_along", (V, K), {"axis": 1}),
    ("take_along", (V, V), {"axis": 0}),
    ("take_along", (X, K), {"axis": 0}),
    ("add_along", (K, V), {"axis": 0, "extent": 3}),
    ("add_along", (X, K), {"axis": 0, "extent": 3}),
    ("clip", (V,), {"low": None, "high": None}),
    ("random_uniform", (K, K), {"shape": (2,), "stream": 0, "dtype": "float32"}),
]


@pytest.mark.parametrize(("name", "inputs", "attributes"), OUTSIDE)
def test_what_reaches_outside_of_its_inputs_is_never_recorded(name, inputs, attributes):
    with pytest.raises(ChainruleError):
        apply(name, *inputs, **attributes)


def test_a_negative_length_is_no_shape():
    with pytest.raises(ShapeError, match="cannot be reshaped"):
        V.reshape(-2, -2)
