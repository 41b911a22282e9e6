"""Loops: a body, which is a graph of its own, done again for each step along an axis.

A loop has several results and a node has one, so the results of one loop are *siblings*: nodes equal in all but which
of them they take. Whoever computes one computes all of them at once (``graph/siblings.py``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.doors import late
from chainrule.errors import ShapeError
from chainrule.graph import shapes
from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.primitive import Primitive, row
from chainrule.graph.shapes import Extent, Shape, show


def results_of(
    *given: Any, takes: Sequence[int], body: Any, carried: int, length: int, reverse: bool
) -> list[Any]:
    """Go through all steps; return those of the results that are asked for."""
    count = len(body.inputs)
    carry, xs, shared = list(given[:carried]), given[carried:count], given[count:]
    emitted: dict[int, list[Any]] = {take: [] for take in takes if take >= carried}
    for t in reversed(range(length)) if reverse else range(length):
        found = body(*carry, *[x[t] for x in xs], *shared)
        carry = found[:carried]
        for take, values in emitted.items():
            values.append(found[take])
    stacked = {
        take: np.stack(values[::-1] if reverse else values) for take, values in emitted.items() if values
    }
    return [carry[t] if t < carried else stacked[t] if length else _nothing(body, t, given) for t in takes]


def _nothing(body: Any, take: int, given: Sequence[Any]) -> Any:
    """Return what no step has emitted."""
    lengths: dict[Extent, Any] = {}
    for leaf, value in zip(body.given, given, strict=True):
        shapes.matches(
            leaf.shape, value.shape[len(value.shape) - len(leaf.shape) :], lengths
        )  # of xs, a step's
    output = body.outputs[take]
    return np.zeros((0, *shapes.resolve(output.shape, lengths)), output.dtype)


def _shape(*found: Shape, body: Any, carried: int, take: int, length: int | Extent, reverse: bool) -> Shape:
    _check_counts(len(found), body, carried, take)
    for position, (leaf, shape) in enumerate(zip(body.given, found, strict=True)):
        scanned = carried <= position < len(body.inputs)
        expected = (length, *leaf.shape) if scanned else leaf.shape
        if shape != expected:
            raise ShapeError(
                f"the loop's body is given '{leaf.name}' of {show(leaf.shape)}{' at each step' * scanned}, so "
                f"{show(expected)} is expected; found {show(shape)}."
            )
    for leaf, new in zip(body.inputs[:carried], body.outputs, strict=False):
        if new.shape != leaf.shape:
            raise ShapeError(f"what is carried as {show(leaf.shape)} is {show(new.shape)} after a step.")
    own = body.outputs[take].shape
    return own if take < carried else (length, *own)


def _dtype(
    *found: np.dtype, body: Any, carried: int, take: int, length: int | Extent, reverse: bool
) -> np.dtype:
    _check_counts(len(found), body, carried, take)
    pairs = [*zip(body.given, found, strict=True)]
    pairs += [(leaf, new.dtype) for leaf, new in zip(body.inputs[:carried], body.outputs, strict=False)]
    for leaf, dtype in pairs:
        if dtype != leaf.dtype:
            raise ShapeError(f"the loop's body is given '{leaf.name}' of {leaf.dtype}; found {dtype}.")
    return body.outputs[take].dtype


def _check_counts(found: int, body: Any, carried: int, take: int) -> None:
    if (
        found != len(body.given)
        or carried > min(len(body.inputs), len(body.outputs))
        or take >= len(body.outputs)
    ):
        raise ShapeError(
            f"a loop whose body is given {len(body.inputs)} + {len(body.shared)} values, of which {carried} are "
            f"carried, and returns {len(body.outputs)} has no result {take} of {found} inputs."
        )


def _forward(*given: Any, take: int, **attributes: Any) -> Any:
    return results_of(*given, takes=(take,), **attributes)[0]


scan: Primitive = row(
    "scan", text="{which}({recurrence})", latex=r"\operatorname{{{which}}}\left({recurrence}\right)",
    forward=_forward, results=results_of,
    vjp=late("chainrule.transform.loops:pulled"), jvp=late("chainrule.transform.loops:pushed"),
    attributes={
        "body": kind.BODY, "carried": kind.COUNT, "take": kind.COUNT, "length": kind.LENGTH, "reverse": kind.FLAG,
    },
    shape=_shape, dtype=_dtype, range=late("chainrule.graph.ranges:of_loop"), folded=False,
    note="the same step again and again: what it carries goes from each step to the next",
)  # fmt: skip
