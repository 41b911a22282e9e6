"""Functions on nodes that NumPy has no name for."""

from typing import Any

from chainrule.errors import DataError
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.numbers import numbers
from chainrule.graph.primitives import identities, indexing, reductions


def stop_gradient(x: Any) -> Any:
    """Return ``x`` as it is, counted as a constant: no gradient flows into it.

    >>> x = cr.variable(3.0)
    >>> float(cr.grad(x * cr.stop_gradient(x), x).value)
    3.0
    """
    return identities.stop_gradient(x if isinstance(x, Node) else numbers(x))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``log(Σ exp(x))`` over ``axis``, without overflow.

    >>> print(cr.logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    """
    x = x if isinstance(x, Node) else numbers(x)
    return reductions.logsumexp(x, axes=shapes.axes_tuple(axis, len(x.shape)), keepdims=bool(keepdims))


def one_hot(labels: Any, classes: int, dtype: Any = "float64") -> Any:
    """Return a row with a single 1 for each label: ``(n,)`` whole numbers become ``(n, classes)``.

    Raises:
        DataError: If a label is not from 0 to ``classes - 1``; for nodes, when they are computed.

    >>> cr.one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    if isinstance(labels, Node):
        if labels.dtype.kind not in "iu":
            raise DataError(
                f"Labels are whole numbers; '{labels.name or labels}' holds {labels.dtype}. "
                "Make it with cr.input(name, shape, 'int64')."
            )
        return indexing.one_hot(labels, classes=int(classes), dtype=str(dtype))
    array = numbers(labels)
    if (array.size and (array != array.astype(int)).any()) or ((array < 0) | (array >= classes)).any():
        raise DataError(f"Labels for {classes} classes are whole numbers from 0 to {classes - 1}.")
    return indexing.one_hot(array.astype(int), classes=int(classes), dtype=str(dtype))
