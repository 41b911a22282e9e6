"""NumPy's arrays as machine code takes them: laid out row after row, and by their addresses."""

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.engines.native.code.frame import NO_CLASS, OUT_OF_RANGE
from chainrule.engines.native.plan.memory import ALIGN
from chainrule.errors import DataError, ShapeError
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node
from chainrule.graph.primitives.indexing import check_labels
from chainrule.graph.shapes import Extent, show


def measure(arrays: Sequence[np.ndarray], nodes: Sequence[Node]) -> dict[str, int]:
    """Return the lengths of the open axes of what nodes are given; ShapeError where an array does not fit."""
    lengths: dict[str, int] = {}
    for x, node in zip(arrays, nodes, strict=True):
        found, wanted = x.shape, node.shape
        fits = len(found) == len(wanted)
        for axis, want in enumerate(wanted if fits else ()):
            have = found[axis]  # with each prediction: this is faster than to zip them
            if have != (lengths.setdefault(want.name, have) if isinstance(want, Extent) else want):
                fits = False
        if not fits:
            known = "".join(f", {name} = {length}" for name, length in lengths.items())
            raise ShapeError(
                f"What is given for '{node.name}' has shape {show(found)}; expected {show(wanted)}{known}."
            )
    return lengths


def ready(x: np.ndarray, node: Node) -> np.ndarray:
    """Return an array as code reads it: of the node's dtype, row after row."""
    if type(x) is np.ndarray and x.dtype == node.dtype and x.flags.c_contiguous and x.flags.aligned:
        return x
    with np.errstate(over="ignore"):
        return np.array(x, node.dtype, order="C")


def own(arrays: Sequence[np.ndarray], nodes: Sequence[Node], room: Sequence[np.ndarray]) -> Arrays:
    """Return copies that code may write into, in ``room`` where an array of that fits."""
    found: Arrays = []
    for i, (x, node) in enumerate(zip(arrays, nodes, strict=True)):
        left = room[i] if room else x
        fits = left is not x and left.flags.writeable and left.shape == x.shape and ready(left, node) is left
        if fits:
            np.copyto(left, x, casting="unsafe")
        found.append(left if fits else np.array(ready(x, node)))
    return found


def shape_of(node: Node, lengths: dict[str, int]) -> tuple[int, ...]:
    """Return the shape of a node's value."""
    return tuple([lengths[e.name] if isinstance(e, Extent) else e for e in node.shape])


@lru_cache(maxsize=256)
def block(kind: Any, count: int) -> Any:
    """Return the type of so many of C's numbers side by side, which ctypes makes anew once it is forgotten."""
    return kind * count


def at(array: np.ndarray) -> int:
    """Return where an array lies."""
    address: int = array.__array_interface__["data"][0]
    return address


def pointers(arrays: Sequence[np.ndarray]) -> Any:
    """Return where arrays lie; whoever passes it on keeps the arrays alive."""
    return block(ctypes.c_void_p, max(len(arrays), 1))(*[x.__array_interface__["data"][0] for x in arrays])


def places(arrays: Sequence[np.ndarray]) -> Callable[[int], Any]:
    """Return what tells where arrays lie from some row on."""
    found = [(x.__array_interface__["data"][0], x.strides[0] if x.ndim else 0) for x in arrays]
    table = ctypes.c_void_p * max(len(arrays), 1)
    return lambda row: table(*[begin + row * stride for begin, stride in found])


def aligned(arena: np.ndarray) -> int:
    """Return the first address in an arena at which a cache line begins."""
    start = int(arena.__array_interface__["data"][0])
    return -(-start // ALIGN) * ALIGN


def check_status(status: Any) -> None:
    """Raise if a status tells of a whole number that is out of range."""
    what, found, length, _ = status
    if what == NO_CLASS:
        check_labels(np.array(found), length)
    if what == OUT_OF_RANGE:
        raise DataError(
            f"A position of {found} is out of range: the axis has length {length}, so the last position "
            f"is {length - 1}."
        )
