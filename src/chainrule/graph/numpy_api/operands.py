"""What functions on nodes begin with: numbers made nodes, whole numbers made floats, lengths that must be known."""

from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.graph import shapes
from chainrule.graph.node import Node, as_node, cast
from chainrule.graph.shapes import Extent


def weak(*operands: Any) -> list[Node]:
    """Return operands as nodes; a plain number takes the dtype of the others."""
    known = [x.dtype for x in operands if isinstance(x, Node)]
    return [as_node(x, known) for x in operands]


def floats(x: Any) -> Node:
    """Return whole numbers and truths as floats: the squares of whole numbers wrap round."""
    x = as_node(x)
    return x if x.dtype.kind == "f" else cast(x, np.float64)


def along(a: Any, axis: int | None) -> tuple[Any, int]:
    """Return a node and the number of an axis; no axis means all numbers in a row."""
    a = as_node(a)
    return (np.ravel(a), 0) if axis is None else (a, shapes.axis_index(axis, a.ndim))


def closed_length(name: str, x: Node, axis: int, instead: str) -> int:
    """Return the length of an axis; an open one raises, and says what does it ``instead``."""
    extent = x.shape[axis]
    if isinstance(extent, Extent):
        raise ShapeError(
            f"{name}: axis {axis} of shape {shapes.show(x.shape)} is open, and its length must be known when the "
            f"graph is built. Give the input a length there; {instead}."
        )
    return int(extent)


def part(x: Node, axis: int, start: int, stop: int) -> Any:
    """Return what lies from ``start`` to ``stop`` along an axis."""
    return x[(slice(None),) * axis + (slice(start, stop),)]
