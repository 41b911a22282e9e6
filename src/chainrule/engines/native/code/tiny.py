"""The whole training loop of a tiny network in registers: every array is one vector, no memory is touched.

Where all of a table is one batch and no array has more than a few dozen elements, as in the lectures' XOR, a
loop over memory spends its time on addresses. Here the lengths are fixed, a broadcast or a transpose is a
shuffle of lanes, a product is a few shuffles and multiplications, and the parameters stay in registers from
the first step to the last.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engines.native.code.frame import NOT_FINITE
from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.operations import OPERATIONS, write_operation
from chainrule.engines.native.code.reductions import across, joined
from chainrule.engines.native.code.subnormals import flushed
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
from chainrule.engines.native.plan.views import is_view
from chainrule.graph import shapes
from chainrule.graph.closed import Program
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.indexing import pad
from chainrule.graph.primitives.products import contract
from chainrule.graph.shapes import Extent, Shape, resolve
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order, rebuild

MOST_BYTES = 256  # an array: four of the widest registers
MOST_NODES = 250
LENGTH = object()  # what a constant means that was an open length
POINTERS = ("inputs", "state", "constants", "totals", "status")
PARAMETERS = (*((n, PTR) for n in POINTERS), ("first", I64), ("last", I64))
# Of many runs: the states' pointers, the totals and the status of one lie behind those of the other.
MANY_PARAMETERS = (
    *((n, PTR) for n in POINTERS),
    ("steps", I64),
    ("members", I64),
    ("states", I64),
    ("outputs", I64),
)
MANY, STATUS = "_many", 4


def fixed(program: Program, lengths: Mapping[str, int]) -> Program | None:
    """Return a program of basic rows for fixed lengths of its open axes; None if it is not tiny then."""
    known = {Extent(name): length for name, length in lengths.items()}
    parts = (program.inputs, program.state, program.outputs, program.new_state)
    nodes = order(n for part in parts for n in part)
    if len(nodes) > MOST_NODES or not all(_is_tiny(n, known) for n in nodes):
        return None
    leaves: dict[Any, Node] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive.name == "length":
            value = np.asarray(known[node.attributes["extent"]], node.dtype)
            return Node(TABLE["constant"], (), {"value": value}, (), node.dtype, "", LENGTH)
        at = {k: resolve(v, known) if isinstance(v, tuple) else v for k, v in node.attributes.items()}
        found = Node(node.primitive, inputs, at, resolve(node.shape, known), node.dtype, node.name)
        return found if inputs else leaves.setdefault(leaf_key(node), found)

    became = rebuild(nodes, visit)
    return Program(*(tuple(became[n] for n in part) for part in parts))


def _is_tiny(node: Node, lengths: dict[Extent, int]) -> bool:
    """Say whether a node is of a row that is known here, and fits into a few registers."""
    row = node.primitive
    size = math.prod(resolve(node.shape, lengths)) * (node.dtype.itemsize if node.dtype.kind == "f" else 4)
    known = row.name in OPERATIONS or row.reduces or row.leaf or is_view(node) or row in (contract, pad)
    return bool(known) and 0 < size <= MOST_BYTES


def write_tiny(module: Module, program: Program, name: str) -> list[Node]:
    """Write the loop of a program of fixed lengths; return the constants it is to be given."""
    nodes = program.nodes
    constants = [n for n in nodes if n.primitive.name == "constant" and n.meaning is not LENGTH]
    with module.function(name, PARAMETERS) as code, flushed(code, program):
        code.call(f"{name}_steps", VOID, *code.parameters)
    with module.function(f"{name}_steps", PARAMETERS, words="internal") as code:
        inputs, state, given, totals, status, first, last = code.parameters
        begin = _Registers(code)
        for table, leaves in ((inputs, program.inputs), (state, program.state), (given, constants)):
            for i, leaf in enumerate(leaves):
                begin.read(leaf, code.load(code.at(table, i, PTR), PTR))
        for node in nodes:
            if node.meaning is LENGTH:  # known, so that a division may become a product
                value = node.attributes["value"].item()
                begin.values[leaf_key(node)] = code.constant(value, type_of(node.dtype))
        changed = [(i, leaf_key(w), new) for i, w, new in program.updates]
        with code.loop(last, [begin.values[key] for _, key, _ in changed], first) as loop:
            held = _Registers(code, begin.values)
            held.values |= {key: x for (_, key, _), x in zip(changed, loop.carried, strict=True)}
            for node in nodes:
                held.compute(node)
            _record(code, [held.whole(n) for n in program.outputs], totals, status, loop.index)
            loop.next = [held.whole(new) for _, _, new in changed]
        for (i, _, _), value in zip(changed, loop.carried, strict=True):
            code.store(value, code.load(code.at(state, i, PTR), PTR))
    with module.function(name + MANY, MANY_PARAMETERS) as code, flushed(code, program):
        inputs, state, given, totals, status, steps, members, states, width = code.parameters
        with code.loop(members) as loop:
            own = code.at(state, loop.index * states, PTR)
            sums = code.at(totals, loop.index * (steps * width), Type("f64"))
            ended = code.at(status, loop.index * STATUS, I64)
            code.call(f"{name}_steps", VOID, inputs, own, given, sums, ended, code.index(0), steps)
    return constants


def _record(code: Code, outputs: list[Value], totals: Value, status: Value, step: Value) -> None:
    double = Type("f64")
    numbers = [code.convert(x, "f64") for x in outputs]
    good, wrong = code.fresh("good"), code.fresh("wrong")
    code.fork(code.absolute(numbers[0]) < float("inf"), good, wrong)
    code.block(wrong)
    code.store(code.index(NOT_FINITE), status)
    code.store(step, code.at(status, 3, I64))
    code.give()
    code.block(good)
    for i, number in enumerate(numbers):
        code.store(number, code.at(totals, step * len(numbers) + i, double))


class _Registers:
    """The value of each node: a vector, and for a movement which of its lanes are meant."""

    def __init__(self, code: Code, values: Mapping[Any, Value] | None = None) -> None:
        self.code = code
        self.values: dict[Any, Value] = dict(values or {})
        self.lanes: dict[Any, np.ndarray] = {}
        self._shuffled: dict[tuple[str, bytes], Value] = {}

    def read(self, leaf: Node, address: Value) -> None:
        """Load a leaf."""
        size = math.prod(leaf.shape)
        self.values[leaf_key(leaf)] = self.code.load(address, type_of(leaf.dtype, size if size > 1 else 0))

    def compute(self, node: Node) -> None:
        """Write the code of one node."""
        key = leaf_key(node)
        if not node.inputs:
            return
        if is_view(node):
            x = node.inputs[0]
            moved = node.primitive.forward(self._where(x).reshape(x.shape), **node.attributes)
            self.values[key], self.lanes[key] = self.values[leaf_key(x)], np.ravel(moved)
        elif node.primitive.reduces:
            self.values[key] = self._reduced(node)
        elif node.primitive is contract:
            self.values[key] = self._product(node)
        elif node.primitive is pad:
            self.values[key] = self._padded(node)
        else:
            inputs = [self.spread(x, node.shape) for x in node.inputs]
            self.values[key] = write_operation(self.code, node, inputs)

    def _where(self, node: Node) -> np.ndarray:
        """Return the lane of the held vector in which each element lies."""
        return self.lanes.get(leaf_key(node), np.arange(math.prod(node.shape)))

    def whole(self, node: Node) -> Value:
        """Return a node's elements, one a lane, in order."""
        return self._picked(node, np.arange(math.prod(node.shape)))

    def spread(self, node: Node, shape: Shape) -> Value:
        """Return a node broadcast to a shape; one of a single element stays a scalar."""
        size = math.prod(node.shape)
        places = np.arange(size).reshape(node.shape)
        return self._picked(node, places.ravel() if size == 1 else np.broadcast_to(places, shape).ravel())

    def _picked(self, node: Node, elements: np.ndarray) -> Value:
        held, lanes = self.values[leaf_key(node)], self._where(node)[elements]
        if not held.type.lanes:
            return self.code.splat(held, len(lanes)) if len(lanes) > 1 else held
        if len(lanes) == 1:
            return self.code.lane(held, int(lanes[0]))
        if len(lanes) == held.type.lanes and (lanes == np.arange(len(lanes))).all():
            return held
        key = held.text, lanes.tobytes()
        if key not in self._shuffled:
            self._shuffled[key] = self.code.shuffle(held, [int(i) for i in lanes])
        return self._shuffled[key]

    def _padded(self, node: Node) -> Value:
        source = node.inputs[0]
        x = self.whole(source)
        x = self.code.splat(x, 2) if not x.type.lanes else x
        at = np.full(node.shape, x.type.lanes)  # the first lane of the zeros
        places = np.arange(math.prod(source.shape)).reshape(source.shape)
        at[shapes.as_slices(node.attributes["index"])] = places
        if at.size == 1:
            return self.code.lane(x, 0)
        return self.code.shuffle(x, [int(i) for i in at.ravel()], self.code.constant(0, x.type))

    def _reduced(self, node: Node) -> Value:
        x, axes = node.inputs[0], node.attributes["axes"]
        kind = type_of(node.dtype).kind
        kept = [a for a in range(len(x.shape)) if a not in axes]
        numbers = np.arange(math.prod(x.shape)).reshape(x.shape).transpose([*axes, *kept])
        terms = numbers.reshape(-1, math.prod(node.shape))
        if terms.shape[1] == 1:
            return across(self.code, node, self.code.convert(self._picked(x, terms[:, 0]), kind))
        parts = [self.code.convert(self._picked(x, line), kind) for line in terms]
        while len(parts) > 1:  # by pairs: fewer wait for each other
            pairs = [joined(self.code, node, a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[len(pairs) * 2 :]
        return parts[0]

    def _product(self, node: Node) -> Value:
        plan = contraction(node.attributes["spec"])
        a, b = node.inputs
        extents = dict(zip(plan.left + plan.right, a.shape + b.shape, strict=True))
        letters = plan.inner + plan.out
        shape = tuple(extents[k] for k in letters)

        def elements(x: Node, own: str) -> np.ndarray:
            numbers = np.arange(math.prod(x.shape)).reshape(x.shape)
            turned = numbers.transpose([own.index(k) for k in letters if k in own])
            stood = turned.reshape([extents[k] if k in own else 1 for k in letters])
            return np.broadcast_to(stood, shape).reshape(-1, math.prod(node.shape))

        kind = type_of(node.dtype).kind
        sums: list[Value] = []
        for k, (i, j) in enumerate(zip(elements(a, plan.left), elements(b, plan.right), strict=True)):
            x, y = (self.code.convert(self._picked(n, e), kind) for n, e in ((a, i), (b, j)))
            if len(sums) < 2:
                sums.append(x * y)
            else:
                sums[k % 2] = self.code.fma(x, y, sums[k % 2])
        return sums[0] + sums[1] if len(sums) > 1 else sums[0]
