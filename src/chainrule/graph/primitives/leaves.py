"""Rows without inputs: what a run is given, and what is known before it."""

from typing import Any

import numpy as np

from chainrule.graph.primitives import attributes as kind
from chainrule.graph.primitives.bounds import Range, real
from chainrule.graph.primitives.primitive import Case, Primitive, as_named, row


def _no_value(*_inputs: Any, **_attributes: Any) -> Any:
    raise AssertionError("a leaf's value is given by the run")


NO_INPUTS = "a leaf has no inputs"
variable: Primitive = row(
    "variable", text="{name}", forward=_no_value, no_derivative=NO_INPUTS, leaf="given", mixes="", range=real
)
placeholder: Primitive = row(
    "input", text="{name}", forward=_no_value, no_derivative=NO_INPUTS, leaf="given", mixes="", range=real
)


def _between_its_numbers(node: Any) -> Range:
    value = node.attributes["value"]
    low, high = (np.fmin.reduce(value, None), np.fmax.reduce(value, None)) if value.size else (0, 0)
    return Range(low, high, np.isfinite(value).all(), bool(low >= 0))  # it has no derivative


constant: Primitive = row(
    "constant", text="{value}", forward=lambda value: value, no_derivative=NO_INPUTS,
    attributes={"value": kind.ARRAY}, shape=lambda value: value.shape, dtype=lambda value: value.dtype,
    leaf="known", mixes="", range=_between_its_numbers,
)  # fmt: skip


def constant_beside(node: Any, value: np.ndarray) -> Any:
    """Return an array, of whole numbers or any others, as a constant of the graph that ``node`` is in."""
    return node.__apply_primitive__(constant, (), {"value": value})


length: Primitive = row(
    "length", text="{extent}",
    forward=lambda extent, dtype: np.asarray(extent).astype(dtype),
    no_derivative="the number of examples has no derivative",
    attributes={"extent": kind.LENGTH, "dtype": kind.DTYPE}, shape=lambda extent, dtype: (),
    dtype=as_named, leaf="known", nonzero=True, nan="never",
    range=lambda node: Range(1, 2.0**63), cases=(Case(extent=5, dtype="float32"),),
    note="the length of an open axis, such as the number of examples in the batch",
)  # fmt: skip
