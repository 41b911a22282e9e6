"""What other libraries have in a node; see :mod:`chainrule.habits`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import UnsupportedError
from chainrule.friendly import foreign, missing, working
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent


def method(node: Node, name: str) -> Callable[..., Any]:
    """Return what does the work of another library's method; of one that has no meaning here the error says more."""
    work: Callable[..., Any] | None = working("Node", name)
    if work is None:
        raise missing(f"A node has no attribute '{name}'", node, name, foreign("Node", name, _called(node)))
    return work


def frozen(node: Node, name: str) -> AttributeError:
    """Return the error for an attribute that is assigned to."""
    answer = foreign("Node", name, _called(node)) or "Make a new node."
    return AttributeError(f"A node is frozen: its {name} cannot be changed. {answer}")


def endless(extent: Extent) -> int:
    """Raise where NumPy, or Python, needs a number and is given the length of an open axis."""
    raise UnsupportedError(
        f"The axis '{extent}' is open: how long it is comes with the data. Of a node that has it, nodes as long are "
        "made by np.zeros_like(x), np.repeat(x, 5, axis=1) or np.broadcast_to(cr.constant(0.0), (x.shape[0], 5))."
    )


def _called(node: Node) -> str:
    """Return what the user's line calls a node, as far as can be known."""
    return node.name if node.name.isidentifier() else "x"


def array(node: Node) -> np.ndarray:
    """Return the numbers of a node as an array of its shape.

    >>> from chainrule.graph.node import variable
    >>> array(variable([1.0, 2.0]) * 2)
    array([2., 4.])
    """
    return np.asarray(node.value)


def number(node: Node) -> Any:
    """Return the single number of a node as Python's.

    >>> from chainrule.graph.node import variable
    >>> number(variable(3.0) * 2)
    6.0
    """
    return array(node).item()


def listed(node: Node) -> Any:
    """Return the numbers of a node as a list of Python's numbers.

    >>> from chainrule.graph.node import variable
    >>> listed(variable([1.0, 2.0]))
    [1.0, 2.0]
    """
    return array(node).tolist()
