"""The engine matrix: every row of the table, in every shape and dtype, on the native engine and on NumPy's."""

import contextlib
import math
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.registry import ENGINES, REFERENCE
from chainrule.errors import ChainruleError, DataError, GraphError
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, apply, input, record
from chainrule.graph.primitives.primitive import REAL, TABLE, Case
from chainrule.graph.shapes import FULL

ROWS = list(TABLE.values())
ELEMENTWISE = [row for row in ROWS if row.domain]
STRUCTURAL = [row for row in ROWS if row.cases and not row.domain]
REFUSED = (ChainruleError, TypeError, ValueError, OverflowError)
FLOATS = ["float32", "float64"]
SMOOTH = [
    r
    for r in ELEMENTWISE
    if not r.no_derivative
    and r.dtype(*[np.dtype("float64")] * len(r.domain), **(r.cases[0].attributes if r.cases else {})).kind
    == "f"
]
by_name = {"ids": lambda row: row.name}

# Around the widths of vectors: 2 to 16 numbers, and some more.
SAME = [
    (),
    (1,),
    (7,),
    (17,),
    (33,),
    (65,),
    (0,),
    (1, 1),
    (3, 17),
    (7, 33),
    (0, 3),
    (3, 0),
    (2, 3, 5),
    (5, 1, 4),
]
PAIRS = [
    ((4, 1), (1, 5)), ((), (3, 5)), ((3, 5), ()), ((5,), (3, 5)), ((17, 3), (3,)), ((1,), (33,)), ((2, 1, 5), (3, 1)),
    ((1, 3, 17), (5, 1, 17)), ((0, 1), (1, 4)), ((0,), (1,)), ((1, 0), (3, 1)), ((7, 1), (7, 33)), ((1, 1), (65,)),
]  # fmt: skip
TRIPLES = [((3, 1), (17,), (3, 17)), ((), (3, 5), (1, 5)), ((2, 3, 1), (1, 7), ()), ((0, 1), (1, 3), (1,))]


def shapes_for(arity):
    """Return shapes for the inputs of a row: all alike, and broadcasting in every position."""
    found = [(shape,) * arity for shape in SAME]
    if arity == 2:
        found += PAIRS
    if arity == 3:
        found += [(a, b, a) for a, b in PAIRS]
        found += [t[i:] + t[:i] for t in TRIPLES for i in range(3)]
    return found


def spots(row, shapes, dtype, seed=0):
    """Return numbers from where the row is defined and smooth."""
    rng = np.random.default_rng([seed, len(shapes), sum(map(math.prod, shapes))])
    return [
        np.asarray(rng.uniform(*interval, shape), dtype)
        for shape, interval in zip(shapes, row.domain, strict=True)
    ]


class Collected:
    """Inputs and outputs of one program, put together from many cases: compiling one program is cheaper."""

    def __init__(self):
        self.inputs, self.batch, self.outputs, self.says = [], [], [], []

    def leaf(self, value):
        self.inputs.append(input(f"x{len(self.inputs)}", value.shape, value.dtype))
        self.batch.append(value)
        return self.inputs[-1]

    def add(self, node, says):
        self.outputs.append(node)
        self.says.append(f"{says} -> {node.shape} {node.dtype}")

    @property
    def program(self):
        return Program(tuple(self.inputs), (), tuple(self.outputs), ())

    def check(self, agree, **options):
        return agree(self.program, [], self.batch, self.says, **options)[1]


# --- values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", ELEMENTWISE, **by_name)
def test_elementwise_values(row, dtype, agree):
    every = Collected()
    for shapes in shapes_for(len(row.domain)):
        leaves = [every.leaf(x) for x in spots(row, shapes, dtype)]
        for case in row.cases or (Case(),):
            every.add(record(row, leaves, case.attributes), f"{row.name} of {shapes} {case.attributes}")
    every.check(agree)


MOVEMENTS_BEFORE = [
    lambda x: x.T,
    lambda x: x[:, ::-1],
    lambda x: x[::2, 1:],
    lambda x: x[-1],
    lambda x: x[:, 2:3],
    lambda x: x[:, None, 4],
    lambda x: np.reshape(x, (9, 5)),
    lambda x: np.reshape(x.T, (3, 15)),
    lambda x: np.broadcast_to(x[1:2, ::3], (4, 3)),
]
MOVEMENTS_AFTER = [
    lambda y: y.T,
    lambda y: y[::-1],
    lambda y: y[1:, None],
    lambda y: np.reshape(y, (-1,)),
    lambda y: np.reshape(y.T, (-1,)),
    lambda y: np.concatenate([y, y[::-1]], axis=0),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", ELEMENTWISE, **by_name)
def test_elementwise_between_movements(row, dtype, agree):
    every = Collected()
    leaves = [every.leaf(x) for x in spots(row, ((5, 9),) * len(row.domain), dtype)]
    attributes = row.cases[0].attributes if row.cases else {}
    for i, before in enumerate(MOVEMENTS_BEFORE):
        moved = [before(x) for x in leaves]
        y = record(row, moved, attributes)
        if y.dtype.kind == "f":
            every.add(np.sum(y), f"sum of before {i}")
        every.add(y, f"before {i}")
        every.add(MOVEMENTS_AFTER[i % len(MOVEMENTS_AFTER)](y), f"before {i}, and after")
    for position in range(len(leaves)):  # one input moved, the others as they lie
        turned = [x.T[:, ::-1].T if i == position else x for i, x in enumerate(leaves)]
        every.add(record(row, turned, attributes), f"input {position} turned")
    every.check(agree)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", [r for r in ELEMENTWISE if len(r.domain) <= 2], **by_name)
def test_arrays_that_do_not_lie_row_after_row(row, dtype, agree):
    every = Collected()
    attributes = row.cases[0].attributes if row.cases else {}
    for moved in (
        lambda a: a[::2, ::3],
        lambda a: a[::-1, ::-1],
        lambda a: a.T,
        lambda a: a[:, 1:-1],
        np.asfortranarray,
    ):
        leaves = [every.leaf(moved(x)) for x in spots(row, ((6, 12),) * len(row.domain), dtype)]
        every.add(record(row, leaves, attributes), "")
    assert not any(x.flags.c_contiguous for x in every.batch)
    every.check(agree)


def whole_numbers(shape, dtype, seed):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    return np.asarray(rng.integers(1, 9, shape), dtype)


WHOLE = ["int64", "int32", "uint8", "bool"]


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("row", ELEMENTWISE, **by_name)
def test_whole_numbers_and_truth_values(row, dtype, agree):
    every = Collected()
    for case, others in product(row.cases or (Case(),), [dtype, "float32", "int64"]):
        dtypes = [dtype, *[others] * (len(row.domain) - 1)]
        for shape in [(), (17,), (3, 5)]:
            values = [whole_numbers(shape, d, i) for i, d in enumerate(dtypes)]
            leaves = [every.leaf(x) for x in values]
            try:
                node = record(row, leaves, case.attributes)
                direct = np.asarray(row(*values, **case.attributes))
            except REFUSED:
                continue  # the row refuses them; whole numbers to a negative power, say
            if direct.dtype == node.dtype:  # NumPy's float16 of small whole numbers is no dtype of ours
                every.add(node, f"{row.name} of {dtypes} {case.attributes}")
    if every.outputs:
        every.check(agree)


@pytest.mark.parametrize(("source", "target"), [*product([*FLOATS, *WHOLE, "int8", "uint32"], repeat=2)])
def test_casts(source, target, agree):
    every = Collected()
    values = np.array([0, 1, 2, 3, 100, 0, 7, 1, 5, 120, 1, 0, 9, 3, 2, 1, 64]).astype(source)
    x = every.leaf(values)
    every.add(apply("cast", x, dtype=target), f"{source} to {target}")
    every.add(apply("cast", x[3], dtype=target), "one number")
    if np.dtype(source).kind in "if":
        every.add(apply("cast", np.negative(x), dtype=target if target[0] != "u" else "int64"), "below 0")
    every.check(agree)


@pytest.mark.parametrize("source", ["float32", "float64"])
@pytest.mark.parametrize("target", ["uint8", "uint16", "uint32", "uint64"])
def test_numbers_below_0_wrap_round_where_there_is_no_sign(source, target):
    """As NumPy's do, on the processors that most have; in C it is open."""
    x = input("x", ("n",), source)
    values = np.array([-1.5, -0.5, -1, -2, -300, -70_000, -(2**31), 2.0**31 - 128, 0, 3.9, 255, 100, -7] * 3)
    values = np.append(values, [2.0**63, 1.5 * 2**63, -(2.0**40)] if target == "uint64" else []).astype(
        source
    )
    found = cr.compile(apply("cast", x, dtype=target), inputs=[x], engine="native")(values)
    assert found.tolist() == [int(v) % 2 ** (8 * found.itemsize) for v in values]


@pytest.mark.parametrize("axes", [1, 30, 31])
def test_numbers_are_added_at_positions_of_any_number_of_axes(axes):
    """Beside more axes NumPy ended the process with a segmentation fault."""
    x, at = input("x", (*[1] * (axes - 1), 3, 2), "float64"), input("at", (*[1] * (axes - 1), 3), "int64")
    values, positions = np.arange(6.0).reshape(x.shape), np.array([1, 0, 1]).reshape(at.shape)
    found = apply("scatter_add", x, at, axis=0, extent=4)
    for engine in ENGINES:
        run = cr.compile(found, inputs=[x, at], engine=engine)
        assert run(values, positions).tolist() == [[2, 3], [4, 6], [0, 0], [0, 0]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_length_that_its_dtype_does_not_hold_wraps_round(engine):
    x = input("x", ("n",), "float32")
    found = apply("length", extent=x.shape[0], dtype="uint8")
    run = cr.compile([found, np.sum(x)], inputs=[x], engine=engine)
    assert int(run(np.zeros(300, "float32"))[0]) == 300 % 256


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint32", "int64", "uint64"])
def test_whole_numbers_are_clipped_to_bounds_that_their_type_does_not_hold(dtype):
    x, values = input("x", ("n",), dtype), np.array([0, 1, 2, 100, 127]).astype(dtype)
    some = [(-5, None), (-5, 3), (-(2**40), 2**40), (0, 300), (None, 2**31), (-300, -130), (300, None)]
    for low, high in some:
        try:
            expected = np.clip(values, low, high)
        except OverflowError:
            with pytest.raises(GraphError, match=f"clip: no {dtype} lies between"):
                np.clip(x, low, high)
            continue
        for engine in ENGINES:
            found = cr.compile(np.clip(x, low, high), inputs=[x], engine=engine)(values)
            assert found.dtype == expected.dtype and found.tolist() == expected.tolist(), (low, high, engine)


def test_a_position_is_checked_as_it_is_used():
    """What no whole number is may be anything to C's compilers: one thing for the check, another for the use."""
    x, far = input("x", (8,), "float32"), input("far", (), "float32")
    for dtype in ("int32", "int64", "uint32", "uint64"):
        found = apply("gather", x, apply("cast", far, dtype=dtype), axis=0)
        run = cr.compile(found, inputs=[x, far], engine="native")
        for value in (1e30, -1e30, np.nan, np.inf, -np.inf, 3e9, -9.0):
            with contextlib.suppress(DataError):
                assert run(np.arange(8, dtype="float32"), np.float32(value)) in range(8)


# --- structural rows ------------------------------------------------------------------------------------

SUMS = [
    Case(shape, axes=axes, keepdims=keepdims)
    for shape in [(7,), (65,), (3, 17), (33, 2), (2, 7, 5), (1, 9), (9, 1), (4, 0), (0, 4), (100, 65)]
    for axes in [(0,), (len(shape) - 1,), tuple(range(len(shape))), (0, len(shape) - 1)]
    for keepdims in (False, True)
    if len(set(axes)) == len(axes)
] + [Case((2, 3, 4, 5), axes=a, keepdims=False) for a in [(1,), (0, 2), (1, 3), (1, 2), (0, 1, 3)]]
SOFTMAXES = [
    Case(shape, axes=axes)
    for shape, axes in [
        ((7, 10), (1,)),
        ((7, 10), (0,)),
        ((65,), (0,)),
        ((3, 1), (1,)),
        ((2, 17, 3), (1,)),
        ((33, 2), (1,)),
    ]
]
PRODUCTS = [
    Case((m, k), (k, n), spec="ik,kj->ij")
    for m, k, n in [(1, 1, 1), (7, 9, 17), (33, 65, 10), (1, 33, 7), (65, 1, 7), (8, 64, 1), (17, 17, 17), (0, 9, 3),
                    (9, 0, 3), (9, 3, 0), (64, 40, 48), (2, 100, 3), (5, 8, 33), (5, 9, 32)]
] + [
    Case((17, 9), (17, 33), spec="ki,kj->ij"),
    Case((7, 17), (33, 17), spec="ik,jk->ij"),
    Case((17, 7), (33, 17), spec="ki,jk->ij"),
    Case((7, 17), (17, 9), spec="ik,kj->ji"),
    Case((17, 7), (33, 17), spec="ki,jk->ji"),
    Case((3, 7, 17), (3, 17, 9), spec="bik,bkj->bij"),
    Case((3, 7, 17), (17, 9), spec="bik,kj->bij"),
    Case((3, 7, 17), (3, 7, 9), spec="bki,bkj->ij"),
    Case((3, 9, 4), (9, 3, 5), spec="abi,baj->ij"),
    Case((3, 9, 12), (12, 9, 5), spec="iab,baj->ji"),
    Case((9, 3, 5), (9, 4, 6), spec="kab,kcd->adcb"),
    Case((3, 9, 4), (5, 9, 3), spec="bki,jkb->ibj"),
    Case((17,), (17, 9), spec="k,kj->j"),
    Case((9, 17), (17,), spec="ik,k->i"),
    Case((33,), (65,), spec="i,j->ij"),
    Case((1, 9, 17), (1, 17, 8), spec="bik,bkj->bij"),
]  # fmt: skip
MORE = {
    "sum": SUMS,
    "max": [c for c in SUMS if all(c.shapes[0][a] for a in c.attributes["axes"])],  # there is no largest of nothing
    "softmax": SOFTMAXES,
    "log_softmax": SOFTMAXES,
    "logsumexp": [Case(*c.shapes, **(c.attributes | {"keepdims": k})) for c in SOFTMAXES for k in (False, True)],
    "argmax": [Case(s, axis=a) for s in [(7,), (65,), (3, 17), (2, 7, 5), (1, 4)] for a in range(len(s))],
    "contract": PRODUCTS,
    "transpose": [Case((3, 17), axes=(1, 0)), Case((2, 7, 5, 3), axes=(3, 1, 0, 2))],
    "reshape": [Case((7, 6), shape=(2, 21)), Case((2, 3, 4), shape=(4, 6))],
    "broadcast_to": [Case((7, 1), shape=(2, 7, 17)), Case((1, 3, 1), shape=(4, 3, 5))],
    "concatenate": [
        Case((3, 7), (3, 17), (3, 1), axis=1),
        Case((3, 2, 5), (4, 2, 5), axis=0),
        Case((2, 3, 5), (2, 0, 5), (2, 4, 5), axis=1),
    ],
    "slice": [
        Case((7, 17), index=(FULL, (None, None, -1))),
        Case((7, 17), index=((6, 0, -2), (1, 16, 3))),
        Case((7, 17, 3), index=(FULL, 4, FULL)),
        Case((7, 17), index=((2, 2, 1), FULL)),
    ],
    "pad": [
        Case((7, 3), index=(FULL, (0, 9, 3)), shape=(7, 10)),
        Case((7, 5), index=(FULL, 1, (None, None, -1)), shape=(7, 3, 5)),
    ],
    "pad_with": [
        Case((7, 3), index=(FULL, (0, 9, 3)), shape=(7, 10), fill=-2.5),
        Case((7, 5), index=(FULL, 1, (None, None, -1)), shape=(7, 3, 5), fill=-0.0),
        Case((3, 17), index=((1, 4, 1), (2, 19, 1)), shape=(6, 20), fill=7),
    ],
    "windows": [
        Case((3, 28, 9, 5), axes=(1, 2), sizes=(5, 3), strides=(2, 1), dilations=(1, 2)),
        Case((7, 33), axes=(1,), sizes=(9,), strides=(2,), dilations=(3,)),
        Case((65,), axes=(0,), sizes=(17,), strides=(1,), dilations=(1,)),
        Case((4, 5, 6, 7), axes=(0, 1, 3), sizes=(2, 2, 3), strides=(1, 2, 2), dilations=(3, 1, 1)),
        Case((7, 6), axes=(0, 1), sizes=(2, 3), strides=(3, 3), dilations=(1, 1)),
    ],
    "overlap_add": [
        Case((3, 12, 5, 5, 5, 3), axes=(1, 2), sizes=(5, 3), strides=(2, 1), dilations=(1, 2), extents=(28, 9)),
        Case((7, 5, 9), axes=(1,), sizes=(9,), strides=(2,), dilations=(3,), extents=(34,)),
        Case((49, 17), axes=(0,), sizes=(17,), strides=(1,), dilations=(1,), extents=(65,)),
        Case((2, 2, 2, 3), axes=(0, 1), sizes=(2, 3), strides=(3, 3), dilations=(1, 1), extents=(7, 6)),
    ],
    "gather": [
        Case((33, 7), np.arange(65).reshape(5, 13) % 33, axis=0),
        Case((3, 17, 2), np.array([16, -17, 4, 4]), axis=1),
        Case((2, 9), np.array([[8], [0]]), axis=1),
    ],
    "scatter_add": [
        Case((65, 7), np.arange(65) % 4, axis=0, extent=5),
        Case((3, 6, 2), np.array([0, 5, -1, 0, 2, 2]), axis=1, extent=6),
    ],
    "take_along": [
        Case((33, 7), np.arange(33 * 5).reshape(33, 5) % 7, axis=1),
        Case((3, 17, 2), (np.arange(3 * 9).reshape(3, 9, 1) * 5) % 17 - 17, axis=1),
        Case((2, 65, 3), np.arange(65)[None, ::-1, None], axis=1),
        Case((9, 40), np.arange(40)[None] % 9, axis=0),
    ],
    "add_along": [
        Case((33, 65), np.arange(33 * 65).reshape(33, 65) % 7, axis=1, extent=7),
        Case((3, 9, 2), np.arange(27).reshape(3, 9, 1) % 4 - 4, axis=1, extent=5),
        Case((1, 40), np.arange(40)[None] % 7, axis=0, extent=9),
    ],
    "one_hot": [
        Case(np.arange(17) % 5, classes=10, dtype="float32"),
        Case(np.arange(17, dtype="uint8"), classes=300, dtype="float32"),  # more classes than 8 bits count
        Case(np.arange(17, dtype="int8"), classes=300, dtype="float64"),
    ],
    "random_uniform": [
        Case(np.array(s), np.array(c), shape=shape, stream=t, dtype=dtype)
        for s, c, t in [(0, 0, 0), (2**40 + 3, 17, 5), (-1, 2**31, 1)]
        for shape in [(1,), (2,), (7,), (16,), (33, 3), (64, 65), (0,), (1, 1)]
        for dtype in FLOATS
    ],
}  # fmt: skip


def structural_cases(row):
    return [*row.cases, *MORE.get(row.name, [])]


def structural_values(case, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return [s if isinstance(s, np.ndarray) else np.asarray(rng.uniform(*REAL, s), dtype) for s in case.shapes]


LEAVES = {"variable", "input", "constant"}


def test_every_row_is_tried():
    elsewhere = {"stop_gradient", "scan"}  # in test_random_graphs.py, and in test_loops.py
    assert {r.name for r in ROWS} == {r.name for r in ELEMENTWISE + STRUCTURAL} | LEAVES | elsewhere
    assert set(MORE) <= {r.name for r in STRUCTURAL}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", STRUCTURAL, **by_name)
def test_structural_values(row, dtype, agree):
    every = Collected()
    for case in structural_cases(row):
        leaves = [every.leaf(x) for x in structural_values(case, dtype)]
        every.add(
            record(row, leaves, case.attributes),
            f"{row.name} of {[x.shape for x in leaves]} {case.attributes}",
        )
    every.check(agree, rounding=64)


@pytest.mark.parametrize("dtype", ["int64", "int32", "bool"])
@pytest.mark.parametrize("name", ["sum", "max", "argmax", "transpose", "reshape", "concatenate", "slice", "pad",
                                  "pad_with", "windows", "overlap_add", "take_along", "add_along",
                                  "gather", "scatter_add", "contract", "broadcast_to"])  # fmt: skip
def test_structural_rows_of_whole_numbers(name, dtype, agree):
    every, row = Collected(), TABLE[name]
    for case in structural_cases(row):
        values = [s if isinstance(s, np.ndarray) else whole_numbers(s, dtype, 1) for s in case.shapes]
        try:
            node = record(row, [every.leaf(x) for x in values], case.attributes)
            direct = np.asarray(row(*values, **case.attributes))
        except REFUSED:
            continue
        if direct.dtype == node.dtype:
            every.add(node, f"{name} of {case.shapes} {case.attributes}")
    if every.outputs:
        every.check(agree)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("fill", [-np.inf, np.inf, np.nan, -0.0, True, 3])
def test_what_stands_around_may_be_any_number(fill, dtype, agree):
    every = Collected()
    x = every.leaf(np.linspace(-1, 1, 12).astype(dtype).reshape(3, 4))
    around = record(TABLE["pad_with"], [x], {"index": ((1, 4, 1), (0, 4, 1)), "shape": (5, 7), "fill": fill})
    every.add(around, "around")
    every.add(np.max(around, axis=1), "the largest")
    every.add(cr.grad(np.sum(np.where(around < 2, around, 0) ** 2), x), "a gradient")
    every.check(agree)


@pytest.mark.parametrize("row", [r for r in STRUCTURAL if not r.no_derivative], **by_name)
def test_structural_rows_between_movements(row, agree):
    every = Collected()
    for case in structural_cases(row):
        values = structural_values(case, "float32")
        moved = [
            np.transpose(every.leaf(np.ascontiguousarray(v.T[..., ::-1])), tuple(range(v.ndim))[::-1])[::-1]
            if v.dtype.kind == "f" and v.ndim
            else every.leaf(v)
            for v in values
        ]
        y = record(row, moved, case.attributes)
        every.add(
            np.transpose(y)[..., ::-1] if y.ndim else y * 2, f"{row.name} of {case.shapes} {case.attributes}"
        )
    every.check(agree, rounding=64)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 16, 17, 31, 64, 1001])
@pytest.mark.parametrize("dtype", FLOATS)
def test_random_bits_are_the_same_bits(count, dtype):
    seed, step = input("seed", (), "int64"), input("step", (), "int64")
    outputs = tuple(
        apply("random_uniform", seed, step, shape=shape, stream=stream, dtype=dtype)
        for shape, stream in [((count,), 0), ((count,), 3), ((count, 3), 1), ((3, 1, count), 2)]
    )
    program = Program((seed, step), (), outputs, ())
    numpy, native = build(program, "numpy"), build(program, "native")
    for at in [(0, 0), (7, 12345), (2**45 + 1, 3), (-5, 2**33)]:
        batch = [np.array(x) for x in at]
        for a, b in zip(native.step([], batch)[1], numpy.step([], batch)[1], strict=True):
            assert a.tobytes() == b.tobytes() and a.shape == b.shape


# --- gradients ------------------------------------------------------------------------------------------


def weighted(y, seed=99):
    """Return a weighted sum of a node, whose gradient tells its elements apart."""
    return np.sum(y * np.random.default_rng(seed).uniform(0.5, 1.5, y.shape).astype(y.dtype))


def check_gradients(every, agree, dtype, rounding):
    """Compare the gradients of the sum of all outputs: between engines, and with differences along a line."""
    floats = [i for i, x in enumerate(every.inputs) if x.dtype.kind == "f"]
    J = sum(every.outputs)
    gradients = cr.grad(J, [every.inputs[i] for i in floats])
    program = Program(tuple(every.inputs), (), (J, *gradients), ())
    _, found = agree(program, [], every.batch, ["sum", *(f"gradient by {every.inputs[i].shape}" for i in floats)],
                     rounding=rounding)  # fmt: skip
    if dtype != "float64":
        return
    native = build(every.program, "native")
    rng = np.random.default_rng(5)
    lines = {i: rng.choice([-1.0, 1.0], every.batch[i].shape) for i in floats}

    def at(t):
        moved = [np.asarray(x + t * lines[i]) if i in lines else x for i, x in enumerate(every.batch)]
        return np.array(
            [x for x in native.step([], moved)[1] if np.isfinite(x)]
        )  # an empty logsumexp is -inf

    h = 1e-4
    slopes = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    slope = sum(float(np.sum(g * lines[i])) for i, g in zip(floats, found[1:], strict=True))
    np.testing.assert_allclose(slope, slopes.sum(), rtol=1e-8, atol=1e-8 * np.abs(slopes).sum())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", SMOOTH, **by_name)
def test_elementwise_gradients(row, dtype, agree):
    every = Collected()
    for number, shapes in enumerate(shapes_for(len(row.domain))):
        cases = row.cases or (Case(),)
        leaves = [every.leaf(x) for x in spots(row, shapes, dtype, seed=1)]
        node = record(row, leaves, cases[number % len(cases)].attributes)
        if node.dtype.kind == "f":
            every.add(weighted(node), f"{row.name} of {shapes}")
    check_gradients(every, agree, dtype, rounding=256)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", [r for r in STRUCTURAL if not r.no_derivative], **by_name)
def test_structural_gradients(row, dtype, agree):
    every = Collected()
    for number, case in enumerate(structural_cases(row)):
        leaves = [every.leaf(x) for x in structural_values(case, dtype, seed=number)]
        every.add(
            weighted(record(row, leaves, case.attributes)), f"{row.name} of {case.shapes} {case.attributes}"
        )
    check_gradients(every, agree, dtype, rounding=256)


# --- special values -------------------------------------------------------------------------------------


def special_values(dtype):
    limits = np.finfo(dtype)
    found = [0.0, 1.0, 0.5, 2.0, 3.0, 1e-3, 20.0, 90.0, 800.0, float(limits.max), float(limits.tiny),
             float(limits.smallest_subnormal), float(limits.tiny) / 8, np.inf]  # fmt: skip
    return np.array([*found, *(-x for x in found), np.nan], dtype)


def assert_same_class(found, wanted, says):
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    if wanted.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted, err_msg=says)
        return
    limits = np.finfo(wanted.dtype)
    # Where a result is subnormal, a zero is as good.
    np.testing.assert_allclose(found, wanted, rtol=16 * limits.eps, atol=limits.tiny, err_msg=says)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("row", ELEMENTWISE, **by_name)
def test_special_values(row, dtype):
    values, arity = special_values(dtype), len(row.domain)
    batch = [values.reshape([-1 if a == i else 1 for a in range(arity)]) for i in range(arity)]
    inputs = tuple(input(f"x{i}", x.shape, dtype) for i, x in enumerate(batch))
    cases = row.cases or (Case(),)
    program = Program(inputs, (), tuple(record(row, inputs, c.attributes) for c in cases), ())
    wanted, found = (build(program, e).step([], batch)[1] for e in ("numpy", "native"))
    for a, b, case in zip(found, wanted, cases, strict=True):
        assert_same_class(a, b, f"{row.name} {case.attributes}")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 3, 16, 32])
def test_reductions_of_special_values(dtype, bad, at):
    values = np.linspace(-1, 1, 33).astype(dtype)
    values[at] = bad
    x = input("x", (33,), dtype)
    names = [("sum", {"keepdims": False}), ("max", {"keepdims": False}), ("softmax", {}), ("log_softmax", {}),
             ("logsumexp", {"keepdims": True})]  # fmt: skip
    outputs = tuple(apply(n, x, axes=(0,), **options) for n, options in names)
    program = Program((x,), (), (*outputs, apply("argmax", x, axis=0), -np.max(-x)), ())
    wanted, found = (build(program, e).step([], [values])[1] for e in ("numpy", "native"))
    for a, b, (name, _) in zip(found, wanted, [*names, ("argmax", {}), ("min", {})], strict=True):
        assert_same_class(np.asarray(a), np.asarray(b), name)


# --- open extents ---------------------------------------------------------------------------------------


def open_outputs(x, z, labels, w, table):
    """Return nodes over a batch of a length that is known only when it runs."""
    h = np.tanh(x @ w)
    chosen = np.take(table, labels, axis=0)
    return [
        x + 1, x * z[:, None], np.exp(x) - z[:, None], h, x @ w @ w.T, h.T @ x, np.sum(h), np.sum(h, axis=0),
        np.sum(h, axis=1), np.max(h, axis=1), np.mean(x, axis=0) * 2, np.mean(x**2), cr.softmax(h), h[:, ::-1],
        h[:, 2], x[:, None, :] * h[:, :, None], np.concatenate([x, h, x], axis=1), np.argmax(h, axis=1),
        np.where(z[:, None] > 0, h, 0), h.T, h.T * 2, np.reshape(h, (h.shape[0], 17, 1)), x.T @ z, z * z,
        np.sum(h * h, axis=0, keepdims=True), np.sum(z * z), chosen, chosen * h, np.logaddexp(h, 0.5),
        np.sum(cr.one_hot(labels, 5), axis=0), (h - np.mean(h, axis=0)) / np.sqrt(np.var(h, axis=0) + 1e-3),
        np.sum(np.sum(h, axis=1) * z), np.maximum(h[:, :3], x[:, :3]), z[:, None] * z[:, None],
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("width", [3, 16])
def test_open_batches_of_every_length(dtype, width, close):
    rng = np.random.default_rng(0)
    x, z = input("x", ("n", width), dtype), input("z", ("n",), dtype)
    labels = input("labels", ("n",), "int64")
    w = cr.variable((0.3 * rng.normal(size=(width, 17))).astype(dtype), "w")
    table = cr.variable(rng.normal(size=(5, 17)).astype(dtype), "table")
    outputs = open_outputs(x, z, labels, w, table)
    losses = [np.sum(o * 0.5) for o in outputs if o.dtype.kind == "f"]
    gradients = cr.grad(sum(losses), [w, table, x, z])
    program = Program(
        (x, z, labels), (w, table), (*outputs, *gradients), (w - 0.1 * gradients[0], table - gradients[1])
    )
    reference, others = build(program, REFERENCE), {e: build(program, e) for e in ENGINES if e != REFERENCE}
    state = [w.value, table.value]
    for n in (0, 1, 2, 17, 1000, 3):
        batch = [
            rng.normal(size=(n, width)).astype(dtype),
            rng.normal(size=n).astype(dtype),
            rng.integers(0, 5, n),
        ]
        wanted = reference.step(state, batch)
        for name, other in others.items():
            found = other.step(state, batch)
            for i, (a, b) in enumerate(zip([*found[1], *found[0]], [*wanted[1], *wanted[0]], strict=True)):
                close(a, b, f"{name}: {n} rows, output {i}", rounding=1024)


def test_what_the_matrix_compares_is_a_node():
    # Collected cases must not be folded to constants before an engine sees them.
    every = Collected()
    y = record(TABLE["exp"], [every.leaf(np.ones(3))], {})
    every.add(y, "exp")
    executable = build(every.program, "native")
    assert isinstance(y, Node) and any(
        n.primitive.name == "exp" for item in executable.stages.fusion.items for n in item.nodes
    )


@pytest.mark.parametrize(
    "target", ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32"]
)
@pytest.mark.parametrize("source", ["float32", "float64", "int64", "int32"])
def test_nothing_is_written_behind_the_end_of_an_array(source, target, monkeypatch):
    """One lane that is left over, of numbers made narrower: LLVM stored it as wide as it was before."""
    from chainrule.engines.native.run import executable as native_executable

    behind = []

    def guarded(shape, dtype):
        size = math.prod(shape) * dtype.itemsize
        room = np.full(size + 64, 0xAB, np.uint8)
        behind.append(room[size:])
        return room[:size].view(dtype).reshape(shape)

    for count in (1, 2, 3, 5, 9, 17, 33, 65):
        x = cr.input("x", (count,), source)
        values = (np.arange(count) % 7).astype(source)
        executable = native_executable.compile_program(
            Program((x,), (), (apply("cast", x, dtype=target),), ())
        )
        monkeypatch.setattr(native_executable, "np", SimpleNamespace(**{**vars(np), "empty": guarded}))
        (found,) = executable.step([], [values])[1]
        monkeypatch.undo()
        np.testing.assert_array_equal(found, values.astype(target))
    assert len(behind) == 8 and all((b == 0xAB).all() for b in behind)
