"""Whether a program is what it says: each node what its row makes of its inputs, each end of the shape it has to be.

A program that calls on nodes recorded is. One that was put together by hand, or came from elsewhere, may name elements
that no array has, and machine code would go there. So an engine is given nothing that was not verified, and code is
written for nothing that was not verified again, after all rewrites.
"""

import math
from typing import Any

from chainrule.errors import ChainruleError, GraphError, short
from chainrule.graph.closed import Program
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.attributes import SHAPE
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.shapes import Extent, resolve, show
from chainrule.graph.walk import order

MOST_BYTES = 1 << 47  # of one array, its open axes not counted: what a processor addresses


def verify(program: Program) -> None:
    """Return if a program is sound.

    Raises:
        ChainruleError: If a node is not what its row makes of its inputs, a leaf is not among the program's, an open
            axis is none of an input, or a new value does not fit the variable it is for. The message says what was
            found, and what was expected.
    """
    given: dict[Any, Node] = {}
    for leaf in (*program.inputs, *program.state):
        if leaf.primitive.name not in ("input", "variable"):
            raise GraphError(f"A program is given inputs and variables, not '{short(leaf.primitive.name)}'.")
        given[leaf_key(leaf)] = leaf
    known = {e for leaf in program.inputs for e in leaf.shape if isinstance(e, Extent)}
    for node in order([*program.inputs, *program.state, *program.outputs, *program.new_state]):
        wanted = _leaf(node, given) if node.primitive.name in ("input", "variable") else _made(node)
        if not SHAPE.holds(node.shape) or (node.shape, node.dtype) != wanted:
            raise GraphError(f"'{node.primitive.name}' {_said(node)}, and is of {_written(*wanted)}.")
        extents = [e for e in (*node.shape, node.attributes.get("extent")) if isinstance(e, Extent)]
        if not known.issuperset(extents):
            resolve(tuple(extents), dict.fromkeys(known, 1))  # raises for the one that no input has
        fixed = [e for e in node.shape if not isinstance(e, Extent)]
        if math.prod(fixed) * node.dtype.itemsize > MOST_BYTES:
            raise GraphError(f"'{node.primitive.name}' {_said(node)}: no machine has so much memory.")
    if len(program.state) != len(program.new_state):
        raise GraphError(f"{len(program.state)} variables have {len(program.new_state)} new values.")
    for state, new in zip(program.state, program.new_state, strict=True):
        if (state.shape, state.dtype) != (new.shape, new.dtype):
            raise GraphError(
                f"The variable '{short(state.name)}' of {_written(state.shape, state.dtype)} cannot become a value "
                f"of {_written(new.shape, new.dtype)}."
            )


def _leaf(node: Node, given: dict[Any, Node]) -> tuple[Any, Any]:
    leaf = given.get(leaf_key(node))
    if leaf is None:
        raise GraphError(f"{short(node.name)} is neither an input nor a variable of the program.")
    return leaf.shape, leaf.dtype


def _made(node: Node) -> tuple[Any, Any]:
    """Return the shape and the dtype of what a row makes of a node's inputs."""
    row, attributes = node.primitive, node.attributes
    if row.name in TABLE:
        if TABLE[row.name] is not row:  # engines know the table's rows by their names
            raise GraphError(
                f"A primitive is called {short(row.name)} like one of the table, which is another."
            )
        row.check(len(node.inputs), attributes)
    try:
        return (
            row.shape(*[x.shape for x in node.inputs], **attributes),
            row.dtype(*[x.dtype for x in node.inputs], **attributes),
        )
    except ChainruleError:
        raise
    except Exception as error:
        raise GraphError(f"'{row.name}' with {short(dict(attributes))}: {short(str(error))}.") from error


def _said(node: Node) -> str:
    return f"is said to be of {_written(node.shape, node.dtype)}"


def _written(shape: Any, dtype: Any) -> str:
    return f"shape {show(shape) if isinstance(shape, tuple) else short(shape)} and {dtype}"
