"""The table of primitives: every row there is, by name."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import ShapeError, unknown_name
from chainrule.graph import shapes
from chainrule.graph.primitives import (  # noqa: F401 -- each family adds its rows
    along,
    arithmetic,
    corners,
    exponentials,
    identities,
    indexing,
    leaves,
    linear,
    logic,
    loops,
    products,
    random,
    reductions,
    trigonometry,
    windows,
)
from chainrule.graph.primitives.primitive import TABLE, Primitive, add

__all__ = ["TABLE", "primitive"]


@public
def primitive(
    name: str, forward: Callable[..., Any], partials: Callable[..., Sequence[Any]], **columns: Any
) -> Primitive:
    """Add an elementwise primitive of your own to the table; what comes back is called on nodes and arrays.

    Args:
        name: What drawings and errors call it; no other row may bear it.
        forward: The value, in NumPy: a function of the inputs, one number for each of their elements.
        partials: The derivatives, in NumPy: ``(y, *inputs)`` to one ∂y/∂xᵢ for each input, y being the output.
        columns: Further columns of :class:`Primitive`: ``text``, ``latex``, ``domain``, ``kink``, ``note``, ``range``,
            ``cost`` ...

    Returns:
        The row: called on nodes it makes a node, called on arrays it computes.

    Raises:
        GraphError: If a column holds what says nothing there, or the table has a row of this name.
        UnknownNameError: If there is no such column.
        ShapeError: When it is computed, if forward makes another shape.

    >>> cube = cr.primitive("cube", lambda x: x * x * x, lambda y, x: [3 * x * x])
    >>> x = cr.variable(2.0)
    >>> float(cube(x).value), float(cr.grad(cube(x), x).value)
    (8.0, 12.0)
    >>> cr.check_gradients(cube(x), x).passed
    True
    """
    known = [column.name for column in fields(Primitive)]
    for column in columns:
        if column not in known:
            raise unknown_name("column of a primitive", column, known)
    columns.setdefault("attributes", None)
    if callable(forward) and not isinstance(forward, np.ufunc) and "shape" not in columns:
        forward = _element_by_element(name, forward)
    return add(Primitive(name=name, forward=forward, partials=partials, **columns))


def _element_by_element(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``forward``, held to the shape that its nodes have."""

    @wraps(forward)
    def held(*inputs: Any, **attributes: Any) -> Any:
        y = forward(*inputs, **attributes)
        if all(isinstance(x, np.ndarray | np.generic) for x in inputs):
            wanted = np.broadcast_shapes(*[x.shape for x in inputs])
            if np.shape(y) != wanted:
                given = " and ".join(shapes.show(x.shape) for x in inputs)
                raise ShapeError(
                    f"The primitive '{name}' is computed element by element, so of inputs of shape {given} its forward "
                    f"must make {shapes.show(wanted)}; it made {shapes.show(np.shape(y))}."
                )
        return y

    return held
