"""The table of primitives: every row there is, by name."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.graph.primitives import elementwise, structure
from chainrule.graph.primitives.primitive import TABLE, Primitive, add

__all__ = ["TABLE", "Primitive", "add", "elementwise", "primitive", "structure"]


def primitive(
    name: str, forward: Callable[..., Any], partials: Callable[..., Sequence[Any]], **columns: Any
) -> Primitive:
    """Add an elementwise primitive of your own to the table; what comes back is called on nodes and arrays.

    Args:
        name: What drawings and errors call it; no other row may bear it.
        forward: The value, in NumPy: a function of the inputs.
        partials: The derivatives, in NumPy: ``(y, *inputs)`` to one ∂y/∂xᵢ for each input, y being the output.
        columns: Further columns of :class:`Primitive`: ``text``, ``latex``, ``domain``, ``kink``, ``note`` ...

    >>> import numpy as np
    >>> from chainrule.transform.backprop import grad
    >>> from chainrule.graph.node import variable
    >>> cube = primitive("cube", lambda x: x * x * x, lambda y, x: [3 * x * x])
    >>> x = variable(2.0)
    >>> float(cube(x).value), float(grad(cube(x), x).value)
    (8.0, 12.0)
    """
    columns.setdefault("attributes", None)
    written = name.replace("{", "{{").replace("}", "}}")  # a template: see Primitive.text
    columns.setdefault("text", f"{written}({', '.join(f'{{{i}}}' for i in range(_inputs(forward)))})")
    return add(Primitive(name=name, forward=forward, partials=partials, **columns))


def _inputs(function: Callable[..., Any]) -> int:
    """Return how many inputs a function takes: arguments that stand by their place and must be given."""
    if isinstance(function, np.ufunc):
        return function.nin
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C, and says nothing of it
        return 1
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return max(1, sum(p.kind in by_place and p.default is p.empty for p in parameters))
