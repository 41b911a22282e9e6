"""Functions on nodes that NumPy has no name for."""

from typing import TYPE_CHECKING, Any, overload

from chainrule.arguments import public
from chainrule.errors import DataError
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.numbers import numbers
from chainrule.graph.operators import Axis
from chainrule.graph.primitives import identities, indexing, reductions

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray


@overload
def stop_gradient(x: Node) -> Node: ...
@overload
def stop_gradient(x: "ArrayLike") -> "NDArray[Any]": ...
@public
def stop_gradient(x: Any) -> Any:
    """Return ``x`` as it is, counted as a constant: no gradient flows into it.

    Args:
        x: A number, an array or a node, of any shape.

    Returns:
        The same numbers: a node for a node.

    Raises:
        GraphError: If x holds anything but real numbers.

    >>> x = cr.variable(3.0)
    >>> float(cr.grad(x * cr.stop_gradient(x), x).value)
    3.0
    """
    return identities.stop_gradient(x if isinstance(x, Node) else numbers(x))


@overload
def logsumexp(x: Node, axis: Axis = None, keepdims: bool = False) -> Node: ...
@overload
def logsumexp(x: "ArrayLike", axis: Axis = None, keepdims: bool = False) -> "NDArray[Any]": ...
@public
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return ``log(Σ exp(x))`` over ``axis``, without overflow.

    The largest x is taken out first, as SciPy does. Its gradient is the softmax.

    Args:
        x: A number, an array or a node, of any shape.
        axis: Over which axis, or axes; None, the default, over all.
        keepdims: Whether axes that are summed over stay, with length 1.

    Returns:
        An array, or a node for a node, without those axes.

    Raises:
        GraphError: If x holds anything but real numbers.

    >>> print(cr.logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    >>> cr.logsumexp([[0.0, 0.0], [-np.inf, 3.0]], axis=1).round(4)
    array([0.6931, 3.    ])
    """
    x = x if isinstance(x, Node) else numbers(x)
    return reductions.logsumexp(x, axes=shapes.axes_tuple(axis, len(x.shape)), keepdims=bool(keepdims))


@overload
def one_hot(labels: Node, classes: int, dtype: "DTypeLike" = "float64") -> Node: ...
@overload
def one_hot(labels: "ArrayLike", classes: int, dtype: "DTypeLike" = "float64") -> "NDArray[Any]": ...
@public
def one_hot(labels: Any, classes: int, dtype: "DTypeLike" = "float64") -> Any:
    """Return a row with a single 1 for each label: ``(n,)`` whole numbers become ``(n, classes)``.

    Args:
        labels: Whole numbers from 0 to ``classes - 1``, of any shape: an array, or a node of a whole-number dtype.
        classes: How many classes there are: the length of the new last axis.
        dtype: That of the ones and zeros.

    Returns:
        An array, or a node for a node, of shape ``(*labels.shape, classes)``.

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
