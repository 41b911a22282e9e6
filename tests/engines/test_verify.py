"""Programs that were put together by hand: an engine computes what a row says, or refuses; it never goes astray."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import random_program

from chainrule.doors import late
from chainrule.engines.compiled import build
from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.code.types import I64, Type, literal, whole
from chainrule.engines.native.machine import Machine
from chainrule.errors import ChainruleError, GraphError, UnsupportedError
from chainrule.graph.closed import ClosedGraph, Program
from chainrule.graph.node import Node, constant, input, variable
from chainrule.graph.primitives.primitive import TABLE, Primitive
from chainrule.graph.shapes import FULL, Extent
from chainrule.graph.walk import order
from chainrule.transform.verify import verify

compile_program = late("chainrule.engines.native.run.executable:compile_program")  # where there is LLVM
F, D = np.dtype("float32"), np.dtype("float64")
X = input("x", (4, 3), F)
OPEN, M = input("o", ("n", 3), F), Extent("m")
AT, ROWS, NINE = (input(f"at{n}", (n,), "int64") for n in (2, 4, 9))
IR = "1), i64 0\n  call void @abort()\n;"


def made(name, *inputs, shape=(4, 3), of=F, **attributes):
    return Node(TABLE[name], inputs, attributes, shape, np.dtype(of))


FALSE = Primitive(name="slice", text="s", forward=lambda x, index: x, no_derivative="none")


def random(stream, shape):
    attributes = {"shape": shape, "stream": stream, "dtype": "float32"}
    return Node(TABLE["random_uniform"], (constant(1.0), constant(1.0)), attributes, (4, 3), F)


WINDOW = {"axes": (0,), "sizes": (2,), "strides": (1,), "dilations": (1,)}
WINDOW3, WHOLE = WINDOW | {"sizes": (3,)}, {"index": (FULL, FULL), "shape": (4, 3)}
CRAFTED = {
    "a slice beyond the end": made("slice", X, index=((0, 10**6, 1), FULL), shape=(10**6, 3)),
    "a slice from before the beginning": made("slice", X, index=(-5, FULL), shape=(3,)),
    "an element beyond the end": made("slice", X, index=(4, FULL), shape=(3,)),
    "an element that is a text": made("slice", X, index=("1", FULL), shape=(3,)),
    "an element that is code": made("slice", X, index=(IR, FULL), shape=(3,)),
    "a step that is code": made("slice", X, index=((0, 4, IR), FULL)),
    "an element that is no whole number": made("slice", X, index=(1.5, FULL), shape=(3,)),
    "an element of an open axis": made("slice", OPEN, index=(2, FULL), shape=(3,)),
    "an index of too many axes": made("slice", X, index=(0, 0, 0), shape=()),
    "a slice that is larger than it says": made("slice", X, index=(FULL, FULL), shape=(2, 3)),
    "a slice that is smaller than it says": made("slice", X, index=((0, 2, 1), FULL)),
    "a place far outside": made("pad", X, index=((10**9, 10**9 + 4, 1), FULL), shape=(4, 3)),
    "a place that is too small": made("pad", X, index=((0, 2, 1), FULL), shape=(8, 3)),
    "a place in an array of a negative length": made("pad", X, index=(FULL, FULL), shape=(-4, -3)),
    "windows beyond the end": made("windows", X, **WINDOW | {"sizes": (9,)}, shape=(1, 3, 9)),
    "windows that say they are more": made("windows", X, **WINDOW, shape=(400, 3, 2)),
    "windows that say they are longer": made("windows", X, **WINDOW, shape=(3, 3, 2000)),
    "windows in steps that are code": made("windows", X, **WINDOW | {"strides": (IR,)}, shape=(3, 3, 2)),
    "windows that go back": made("windows", X, **WINDOW | {"strides": (-1,)}, shape=(3, 3, 2)),
    "windows of a negative length": made("windows", X, **WINDOW | {"sizes": (-2,)}, shape=(7, 3, -2)),
    "windows of an open axis": made("windows", OPEN, **WINDOW, shape=(3, 3, 2)),
    "what overlaps in less than it spans": made("overlap_add", X, **WINDOW3, extents=(5,), shape=(5,)),
    "what overlaps in more than it spans": made("overlap_add", X, **WINDOW3, extents=(900,), shape=(900,)),
    "what overlaps and says it is longer": made("overlap_add", X, **WINDOW3, extents=(6,), shape=(600,)),
    "a number around that is code": Node(TABLE["pad_with"], (X,), WHOLE | {"fill": IR}, (4, 3), F),
    "an order that names an axis twice": made("transpose", X, axes=(1, 1), shape=(3, 3)),
    "an order of an axis that is not there": made("transpose", X, axes=(0, 7)),
    "a reshape to more elements": made("reshape", X, shape=(40, 30)),
    "a reshape that says another shape": Node(TABLE["reshape"], (X,), {"shape": (12,)}, (1200,), F),
    "a stretch of an axis that is not 1": Node(TABLE["broadcast_to"], (X,), {"shape": (9, 3)}, (9, 3), F),
    "a join along an axis that is not there": made("concatenate", X, X, axis=5, shape=(8, 3)),
    "a join that says it is longer": made("concatenate", X, X, axis=0, shape=(800, 3)),
    "a join of nothing": made("concatenate", axis=0),
    "a gather along an axis that is not there": made("gather", X, AT, axis=9, shape=(2, 3)),
    "a gather that says it is longer": made("gather", X, AT, axis=0, shape=(2000, 3)),
    "a gather at positions that are fractions": made("gather", X, input("f", (2,), F), axis=0, shape=(2, 3)),
    "a scatter into fewer than it says": made("scatter_add", X, ROWS, axis=0, extent=2, shape=(9, 3)),
    "a scatter into a negative length": made("scatter_add", X, ROWS, axis=0, extent=-2, shape=(-2, 3)),
    "a scatter at more positions than numbers": made("scatter_add", X, NINE, axis=0, extent=2, shape=(2, 3)),
    "a product that sums over unequal lengths": made("contract", X, X, spec="ik,kj->ij", shape=(4, 3)),
    "a product that says another shape": made("contract", X, X, spec="ik,jk->ij", shape=(400, 400)),
    "a product of other letters": made("contract", X, X, spec="ik->ij"),
    "a product of too few letters": made("contract", X, X, spec="i,i->", shape=()),
    "a sum over an axis that is not there": made("sum", X, axes=(5,), keepdims=False),
    "a sum that says it is larger": made("sum", X, axes=(0,), keepdims=False, shape=(3000,)),
    "a maximum along no axis at all": made("max", X, axes=(-9,), keepdims=True),
    "an argmax of an axis that is not there": made("argmax", X, axis=3, shape=(4,), of="int64"),
    "a softmax along an axis that is not there": made("softmax", X, axes=(4,)),
    "an addition of what does not fit": made("add", X, input("y", (4, 30), F)),
    "an addition of one": made("add", X),
    "an addition of ten": made("add", *[X] * 10),
    "a function that says another dtype": made("exp", X, of="float64"),
    "a comparison that says it is a number": made("less", X, X),
    "a cast to code": made("cast", X, dtype=IR),
    "a cast that says another dtype": made("cast", X, dtype="float64", of="float32"),
    "a bound that is code": made("clip", X, low=IR, high=None),
    "a power that is code": made("raised", X, exponent=IR),
    "more attributes than there are": made("exp", X, out=X),
    "fewer attributes than there are": made("sum", X, axes=(0,), shape=(3,)),
    "random numbers of a stream that is code": random(stream=IR, shape=(4, 3)),
    "random numbers that say another shape": random(stream=0, shape=(4,)),
    "classes that are code": made("one_hot", AT, classes=IR, dtype="float32", shape=(2, 3)),
    "a constant that says it is larger": Node(TABLE["constant"], (), {"value": np.ones(3, F)}, (10**6,), F),
    "a constant that says another dtype": Node(TABLE["constant"], (), {"value": np.ones(3, F)}, (3,), D),
    "a constant that is a list": Node(TABLE["constant"], (), {"value": [1.0, 2.0]}, (2,), F),
    "a leaf that says it is larger": Node(X.primitive, (), X.attributes, (4, 3000), F, "x"),
    "a leaf that says another dtype": Node(X.primitive, (), X.attributes, (4, 3), D, "x"),
    "a leaf that nobody gives": input("unknown", (4, 3), F),
    "a shape that holds a fraction": Node(TABLE["exp"], (X,), {}, (4.0, 3), F),
    "a shape that holds code": Node(TABLE["exp"], (X,), {}, (4, IR), F),
    "more elements than there can be": Node(TABLE["broadcast_to"], (X,), {"shape": (2**60, 4, 3)}, (2**60, 4, 3), F),
    "another row that is called like one": Node(FALSE, (X,), {"index": (9, 9)}, (4, 3), F),
    "a length of an axis that no input has": made("length", extent=M, dtype="float32", shape=()),
    "an axis that no input has": Node(TABLE["broadcast_to"], (X,), {"shape": (M, 4, 3)}, (M, 4, 3), F),
    "a length of what is no axis": Node(TABLE["length"], (), {"extent": IR, "dtype": "float32"}, (), F),
}  # fmt: skip


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_node_is_refused_by_every_engine(what):
    node = CRAFTED[what]
    given = tuple(dict.fromkeys(n for n in (X, OPEN, AT, *order([node])) if n.primitive.name == "input"))
    given = tuple(n for n in given if n is not node)
    for outputs in ((node,), (constant(2.0) * made("relu", node, shape=node.shape, of=node.dtype),)):
        program = Program(given, (), outputs, ())
        for engine in ("numpy", "native"):
            with pytest.raises(ChainruleError):
                build(program, engine)
        with pytest.raises(ChainruleError):
            compile_program(program).stages  # noqa: B018


W = variable(np.ones((2, 3), F), "w")


@pytest.mark.parametrize(
    "program",
    [
        Program((), (W,), (), (constant(np.ones((200, 3), F)),)),
        Program((), (W,), (), (constant(np.ones((2, 3))),)),
        Program((), (W,), (), ()),
        Program((W * 2,), (), (W * 2,), ()),
        Program((X, X.named("y")), (), (X * 2,), ()),
        Program((), (W, W), (), (W + 1, W + 2)),
        Program((W,), (W,), (), (W,)),
    ],
    ids=[
        "larger",
        "of another dtype",
        "none",
        "given what is computed",
        "an input twice",
        "twice",
        "given as well",
    ],
)
def test_a_program_that_is_not_what_it_says_is_refused(program):
    for compiled in (lambda: build(program, "native"), lambda: compile_program(program).stages):
        with pytest.raises(ChainruleError):
            compiled()


def test_a_closed_graph_is_verified_as_a_program_is():
    verify(ClosedGraph((OPEN,), (W,), (OPEN * W[0] / OPEN.shape[0],)))
    with pytest.raises(GraphError, match=r"'exp' is said to be of shape \(9,\)"):
        verify(ClosedGraph((X,), (), (made("exp", X, shape=(9,)),)))


def test_a_row_that_is_in_no_table_is_held_to_what_it_takes():
    row = Primitive(name="own", forward=lambda x: x, partials=lambda y, x: [1])
    with pytest.raises(GraphError, match="'own' of 2 inputs"):
        verify(Program((X,), (), (Node(row, (X, X), {}, X.shape, F),), ()))


def test_a_shape_that_is_a_list_is_refused():
    with pytest.raises(GraphError, match=r"'exp' is said to be of shape \[4, 3\] and float32"):
        verify(Program((X,), (), (Node(TABLE["exp"], (X,), {}, [4, 3], F),), ()))


def test_a_refusal_says_what_was_found_and_what_was_expected():
    with pytest.raises(GraphError) as found:
        verify(Program((X,), (), (made("sum", X, axes=(0,), keepdims=False, shape=(3000,)),), ()))
    assert str(found.value) == (
        "'sum' is said to be of shape (3000,) and float32, and is of shape (3,) and float32."
    )


ODD = [IR, "1", -1, 10**12, 2**70, 1.5, True, None, (), (7,), (-1, -1), (FULL,) * 3, np.int64(5), float("nan"), [0],
       Extent("n"), Extent("other"), np.ones(3), "ik,kj->ij", b"\0", (0, 10**6, 1)]  # fmt: skip


def spoilt(program, r):
    """Return the program with one thing about one of its nodes changed."""
    nodes = [n for n in order([*program.outputs, *program.new_state]) if n.inputs]
    victim = r.choice(nodes)
    attributes, shape, inputs = dict(victim.attributes), victim.shape, list(victim.inputs)
    what = r.choice(["attribute"] * 4 + ["entry"] * 3 + ["shape", "inputs", "row"])
    row = victim.primitive
    if what in ("attribute", "entry") and attributes:
        key = r.choice(sorted(attributes))
        old = attributes[key]
        if what == "entry" and isinstance(old, tuple) and old:
            at = r.randrange(len(old))
            attributes[key] = (*old[:at], r.choice(ODD), *old[at + 1 :])
        else:
            attributes[key] = r.choice(ODD)
    elif what == "inputs":
        inputs[r.randrange(len(inputs))] = r.choice(nodes[: nodes.index(victim)] or inputs)
    elif what == "row":
        row = r.choice(list(TABLE.values()))
    else:
        shape = r.choice(
            [(*shape, 2), shape[1:], tuple(e if isinstance(e, Extent) else e + 1 for e in shape)]
        )
    became = {}
    for node in order([*program.outputs, *program.new_state]):
        own = tuple(became[x] for x in node.inputs)
        if node is victim:
            own = tuple(became.get(x, x) for x in inputs)
            became[node] = Node(row, own, attributes, shape, node.dtype)
        else:
            became[node] = (
                Node(node.primitive, own, node.attributes, node.shape, node.dtype, node.name) if own else node
            )
    return Program(
        program.inputs,
        program.state,
        tuple(became[n] for n in program.outputs),
        tuple(became[n] for n in program.new_state),
    )


def check_spoilt(r, close):
    program, g = random_program(r, "float32")
    state = [w.value for w in g.state]
    if not any(n.inputs for n in order([*program.outputs, *program.new_state])):
        return
    for _ in range(4):
        crafted = spoilt(program, r)
        try:
            verify(crafted)
        except ChainruleError:
            with pytest.raises(ChainruleError):
                compile_program(crafted).stages  # noqa: B018
            continue
        try:  # it is sound all the same; what it computes may be refused, such as the sine of a truth value
            wanted = build(crafted, "numpy").step(state, g.batch)
        except ChainruleError:
            continue
        found = compile_program(crafted).step(state, g.batch)
        for ours, theirs in zip(found, wanted, strict=True):
            for a, b in zip(ours, theirs, strict=True):
                close(np.asarray(a), np.asarray(b), "", 2.0**11)


@pytest.mark.native
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(r=st.randoms(use_true_random=False))
def test_spoilt_programs_are_refused_or_computed_right(r, close):
    check_spoilt(r, close)


# --- the text of code ---


@pytest.mark.parametrize("value", [IR, "1", 1.0, None, 2**63, -(2**63) - 1, np.float32(1), [1]])
def test_nothing_but_whole_numbers_of_64_bits_counts_or_addresses(value):
    code = Module(Machine("x86_64-unknown-linux-gnu"))
    with code.function("f", [("p", I64)]) as body:
        for write in (lambda: body.index(value), lambda: body.room(value), lambda: whole(value)):
            with pytest.raises(UnsupportedError):
                write()
    assert whole(np.int8(-1)) == "-1" and whole(True) == "1" and whole(2**32 - 1, Type("u32")) == "-1"


@pytest.mark.parametrize("kind", ["i32", "u8", "f32", "f64", "b1"])
def test_a_literal_is_a_number_whatever_it_is_made_of(kind):
    assert literal("1", Type(kind)) in ("1", "true", "0x3FF0000000000000")
    if kind == "b1":
        assert literal(IR, Type(kind)) == "true"
    else:
        with pytest.raises(ValueError, match=r"could not convert|invalid literal"):
            literal(IR, Type(kind))
