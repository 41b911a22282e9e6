"""The native engine's column of the table, and what it makes of rows that have none there."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.compiled import build, simplified
from chainrule.engines.native.code.operations import CODED, OPERATIONS, TASKS
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.run import pipeline
from chainrule.engines.native.run.build import host
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, as_node
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order

X = cr.input("x", ("n", 6))


def written(*outputs):
    """Return the rows that a program is written in."""
    program = simplified(Program((X,), (), tuple(map(as_node, outputs)), ()))
    return [n.primitive.name for n in order(expand_products(expand(program, CODED)).ends)]


def test_the_column_holds_rows_of_the_table_and_each_in_one_way():
    assert TABLE.keys() >= CODED
    assert all(TABLE[name].elementwise for name in OPERATIONS if name != "copy")
    assert not any(TABLE[name].elementwise for name in TASKS if name not in ("turn", "laid"))
    assert not {name for name in CODED if TABLE[name].made_of}  # or which of the two would be taken?


def test_a_row_without_code_is_written_in_rows_that_have_some():
    found = written(cr.softmax(X, axis=1), np.arcsin(X), np.cumsum(X, axis=1), np.logaddexp(X, 1.0))
    assert set(found) <= CODED and {"exp", "max", "arctan", "pad"} <= set(found)


def test_what_two_rows_write_alike_is_computed_once():
    found = written(cr.softmax(X, axis=1), X * 2 - cr.logsumexp(X, axis=1, keepdims=True))
    assert found.count("max") == 1
    alone, both = (
        written(cr.softmax(X, axis=1)),
        written(cr.softmax(X, axis=1), apply("log_softmax", X, axes=(1,))),
    )
    assert both.count("exp") == alone.count("exp") == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_whether_relu_passes_on_is_asked_of_its_result(dtype):
    x = cr.input("x", ("n", 6), dtype)
    y = cr.relu(x * 2)
    outputs = (y, np.where(x * 2 > 0, x, 7), *([cr.grad(np.sum(y * y), x)] if dtype != "int64" else []))
    program = simplified(Program((x,), (), outputs, ()))
    (mask,) = {n for n in order(expand(program, CODED).ends) if n.primitive.name == "greater"}
    assert (mask.inputs[0].primitive.name == "relu") == (dtype != "int64")
    values = [[-2, -1, 0, 1, 2, 3], [np.nan, -0.0, np.inf, -np.inf, np.finfo("f4").tiny / 4, 1e-30]]
    batch = [np.array(values[: 1 if dtype == "int64" else 2], dtype)]
    found, wanted = (build(program, engine).step([], batch)[1] for engine in ("native", "numpy"))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_comparison_without_relu_stays_as_it_is():
    assert "relu" not in written(np.where(X > 0, X, 1))
    assert written(cr.relu(X), np.where(X > 1, X, 1)).count("relu") == 1


@pytest.mark.parametrize("column", ["forward", "made_of"])
@pytest.mark.parametrize(
    ("formula", "says"),
    [(np.sum, r"returns shape \(\) and not \(3,\)"), (lambda x: x / 2, "returns float64 and not int64")],
    ids=["of another shape", "of fractions"],
)
def test_a_formula_that_is_not_what_its_row_says_is_no_code(column, formula, says, monkeypatch):
    row = Primitive(
        **{"name": "half", "forward": lambda x: x // 2, "partials": lambda y, x: [0], column: formula}
    )
    monkeypatch.setitem(TABLE, "half", row)
    x = cr.input("x", (3,), "int64")
    with pytest.raises(cr.UnsupportedError, match=says):
        cr.compile(row(x), inputs=[x], engine="native")


# The arcsin of 16 is NaN, and checked code says so.
@pytest.mark.filterwarnings("ignore::chainrule.EngineWarning")
@pytest.mark.parametrize("dtype", ["int8", "uint8", "bool"])
def test_whole_numbers_do_not_overflow_on_the_way(dtype):
    x, numbers = cr.input("x", ("n",), np.dtype(dtype)), np.array([0, 1, 16, 120]).astype(dtype)
    program = Program((x,), (), (np.arcsin(x), np.arcsinh(x)), ())
    for ours, numpy in zip(
        *(build(program, e).step([], [numbers])[1] for e in ("native", "numpy")), strict=True
    ):
        np.testing.assert_allclose(ours, numpy, rtol=1e-6)


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("expand", "After it was expanded"),
        ("turned_over", "laid out"),
        ("expand_products", "rid of products"),
    ],
)
def test_a_stage_that_goes_wrong_is_named(stage, says, monkeypatch):
    right = getattr(pipeline, stage)

    def wrong(program, *options):
        made = right(program, *options)
        found = made[0] if isinstance(made, tuple) else made
        spoilt = found.map_ends(
            lambda ends: (Node(n.primitive, n.inputs, n.attributes, (7,), n.dtype) for n in ends)
        )
        return (spoilt, made[1]) if isinstance(made, tuple) else spoilt

    monkeypatch.setattr(pipeline, stage, wrong)
    with pytest.raises(cr.ChainruleError, match=says):
        pipeline.stages(simplified(Program((X,), (), (np.tanh(X @ np.ones((6, 2))),), ())), host())
