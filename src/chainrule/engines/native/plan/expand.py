"""From the table's rows to those the engine has code for: what is written in others is written out."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from chainrule.engines.native.plan.backward import Backward
from chainrule.engines.native.plan.bodies import in_bodies, lengths_given, taken_once
from chainrule.engines.native.plan.labels import LABEL, labels_reported
from chainrule.errors import UnsupportedError
from chainrule.graph.closed import Program, bodies
from chainrule.graph.contraction import contraction, summed
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, apply, as_node, cast, leaf_key, of_array, with_inputs
from chainrule.graph.walk import order

FEW = 32  # so few sums along rows that both lie without gaps are written as such
MOST_PARTS = 32  # are joined at once: the code for it grows with them, and is one function
SHORT = 8  # a product that sums over no more terms is written out, term by term


def expand(program: Program, coded: Collection[str]) -> Program:
    """Return a program that computes the same, in the rows that there is code for: ``coded``, by their names."""
    return _in_coded(labels_reported(program), coded)


def _in_coded(program: Program, coded: Collection[str]) -> Program:
    program = in_bodies(program, lambda body: _in_coded(body, coded))
    backward = Backward(program)

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        found = backward.visit(node, inputs)
        return found if found is not None else _expanded(coded, node, inputs)

    return _shared(_masks_from_results(lengths_given(program.rebuild(visit))))


def expand_products(program: Program) -> Program:
    """Return a program whose products are all real ones; what is written twice in it is computed once."""

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive.name == "contract":
            return _product(inputs[0], inputs[1], node.attributes["spec"])
        return with_inputs(node, inputs)

    return _shared(taken_once(in_bodies(program, expand_products).rebuild(visit)))


def _masks_from_results(program: Program) -> Program:
    """Ask of relu(x) whether it is above 0, where that is there, and not of x: so x need not be kept for it."""
    rectified = {
        n.inputs[0] for n in program.nodes if n.primitive.name == "relu" and n.dtype == n.inputs[0].dtype
    }

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if node.primitive.name == "greater" and node.inputs[0] in rectified and _is_zero(inputs[1]):
            inputs = (apply("relu", inputs[0]), inputs[1])
        return with_inputs(node, inputs)

    return program.rebuild(visit) if rectified else program


def _is_zero(node: Node) -> bool:
    return node.primitive.name == "constant" and not node.shape and not node.attributes["value"]


def _shared(program: Program) -> Program:
    """Let what is written twice be computed once: softmax and log_softmax of the same numbers, say."""
    first: dict[Any, Node] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        if not inputs:
            is_number = node.primitive.name == "constant" and not node.shape
            own = (of_attributes(node.attributes), node.dtype) if is_number else leaf_key(node)
            return first.setdefault(own, node)
        key = (node.primitive, tuple(map(id, inputs)), of_attributes(node.attributes), node.dtype)
        return first.setdefault(key, with_inputs(node, inputs))

    return program.rebuild(visit)


def _expanded(coded: Collection[str], node: Node, inputs: tuple[Node, ...]) -> Node:
    row, at = node.primitive, node.attributes
    if row.name == "length" and isinstance(at["extent"], int):
        return of_array(np.asarray(at["extent"], node.dtype))
    if row.name == "concatenate" and len(inputs) > MOST_PARTS:
        return _joined(inputs, **at)
    if row.name in coded or row is LABEL:
        return with_inputs(node, inputs)
    written = _written(node, inputs)
    became: dict[Node, Node] = {x: x for x in inputs}
    for n in order([written], stop=inputs):
        if n.primitive is row:
            raise UnsupportedError(f"The primitive '{row.name}' is written in terms of itself.")
        if n not in became:
            became[n] = _expanded(coded, n, tuple(became[x] for x in n.inputs))
    return cast(became[written], node.dtype)


def _written(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Write a row out on nodes, in rows that are known: as it says itself, or by its formula, if it is a user's."""
    row = node.primitive
    if bodies(node):  # written out, a loop would be as long as it takes
        raise UnsupportedError(
            f"The native engine has no code for '{row.name}', which has a graph of its own."
        )
    if row.made_of is not None:
        if row.elementwise and node.dtype.kind == "f":  # whole numbers would overflow on the way
            inputs = tuple(x if x.dtype.kind == "f" else cast(x, node.dtype) for x in inputs)
        written = as_node(row.made_of(*inputs, **node.attributes))
    else:
        try:
            written = as_node(row.forward(*inputs, **node.attributes))
        except (
            Exception
        ) as error:  # SciPy, Python's math, a loop over numbers: whatever nodes cannot go through
            raise UnsupportedError(
                f"The primitive '{row.name}' has no code on the native engine, which writes it out on nodes: {error}"
            ) from error
    if written.shape != node.shape:
        raise UnsupportedError(
            f"The primitive '{row.name}' returns shape {written.shape} and not {node.shape}."
        )
    if written.dtype.kind == "f" != node.dtype.kind:  # fractions would be lost
        raise UnsupportedError(f"The primitive '{row.name}' returns {written.dtype} and not {node.dtype}.")
    return written


def _joined(parts: tuple[Node, ...], axis: int) -> Node:
    """Join many parts a few at a time."""
    while len(parts) > MOST_PARTS:
        some = [parts[i : i + MOST_PARTS] for i in range(0, len(parts), MOST_PARTS)]
        parts = tuple(apply("concatenate", *each, axis=axis) if len(each) > 1 else each[0] for each in some)
    return apply("concatenate", *parts, axis=axis)


# --- products ---


def _product(x: Node, y: Node, spec: str) -> Node:
    """Write a product that is no real matrix product as what it is: a multiplication, a sum of some terms."""
    plan = contraction(spec)
    extents = dict(zip(plan.left, x.shape, strict=True)) | dict(zip(plan.right, y.shape, strict=True))
    out = tuple(extents[k] for k in plan.out)
    dtype = np.result_type(x.dtype, y.dtype)
    if dtype.kind not in "biuf":
        raise UnsupportedError(f"The native engine has no code for a product of {dtype}.")

    def one(letters: str) -> bool:
        return all(extents[k] == 1 for k in letters)

    def turned(x: Node, have: str, want: str) -> Node:
        axes = tuple(have.index(k) for k in want)
        return x if axes == tuple(range(len(axes))) else apply("transpose", x, axes=axes)

    def spread(operand: Node, have: str, want: str) -> Node:
        """Return an operand with an axis for each wanted letter, of length 1 where it has none."""
        operand = turned(operand, have, "".join(k for k in want if k in have))
        shape = tuple(extents[k] if k in have else 1 for k in want)
        return operand if operand.shape == shape else apply("reshape", operand, shape=shape)

    if one(plan.inner):
        order_out = plan.inner + plan.out
        found = spread(x, plan.left, order_out) * spread(y, plan.right, order_out)
        return found if found.shape == out else apply("reshape", found, shape=out)
    outer = [extents[k] for k in plan.rows + plan.columns]
    few = all(isinstance(e, int) for e in outer) and math.prod(outer) <= FEW
    side_by_side = plan.left[-1:] == plan.right[-1:] == plan.inner[-1:]
    if one(plan.rows) or one(plan.columns) or dtype.kind != "f" or (few and side_by_side):
        wide, narrow = (plan.left, plan.right) if one(plan.columns) else (plan.right, plan.left)
        as_out = iter([k for k in plan.out if k in wide])  # it is summed where it lies
        running_on = iter([k for k in narrow if k in plan.inner])
        letters = "".join(next(running_on if k in plan.inner else as_out) for k in wide)
        letters += "".join(k for k in narrow if k not in wide)
        if few and side_by_side:  # dot products along rows that lie without gaps
            letters = "".join(k for k in letters if k not in plan.inner) + plan.inner
        terms = spread(x, plan.left, letters) * spread(y, plan.right, letters)
        axes = tuple(i for i, k in enumerate(letters) if k in plan.inner)
        total = cast(apply("sum", terms, axes=axes, keepdims=False), dtype)
        kept = "".join(k for k in letters if k not in plan.inner)
        return turned(total, kept, plan.out)
    x, y = cast(x, dtype), cast(y, dtype)
    inwards = "".join(k for k in plan.out if not one(k))
    if inwards[-1] in plan.batch:  # products are stored row after row: a matrix for each element of the batch
        kept = "".join(k for k in plan.out if k not in plan.batch)
        found = apply("contract", x, y, spec=f"{plan.left},{plan.right}->{plan.batch}{kept}")
        return apply("transpose", found, axes=tuple((plan.batch + kept).index(k) for k in plan.out))
    return apply("contract", x, y, spec=spec)


def is_short(node: Node) -> bool:
    """Say whether a product sums so few terms that it is written out where its result is used."""
    terms = summed(node.inputs[0].shape, node.attributes["spec"])
    return len(terms) == 1 and isinstance(terms[0], int) and terms[0] <= SHORT
