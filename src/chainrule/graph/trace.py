"""Looking at a run of a graph: every value of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import GraphError
from chainrule.graph import show
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, NodeLike, nodes_of
from chainrule.shown import cut, screen

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Trace(Mapping[Node, np.ndarray]):
    """Every value of one run of a graph: ``trace[node]``, in the order they were computed. Printed, it lists them.

    :func:`trace` makes one. It is a mapping from nodes to their values.

    Args:
        values: The value of each node.

    Raises:
        GraphError: At a node that is no part of the graph.

    >>> x = cr.variable(3.0, "x")
    >>> u = (x * x).named("u")
    >>> run = cr.trace((u + 1).named("J"))
    >>> run
    u = 9
    J = 10
    >>> float(run[u]), len(run), x in run
    (9.0, 4, True)
    """

    def __init__(self, values: dict[Node, np.ndarray]) -> None:
        self._values = values

    def __getitem__(self, node: NodeLike) -> Any:
        if not isinstance(node, Node) or node not in self._values:
            raise GraphError(f"{node!r} is no part of the graph that was traced.")
        return self._values[node][()]

    def __iter__(self) -> Iterator[Node]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    __setitem__: ClassVar[Callable[..., None]] = Node.__setitem__  # nor can the values of a run be replaced

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Node) and node in self._values

    _repr_html_ = Door()

    def __repr__(self) -> str:
        steps = [n for n in self._values if n.inputs]
        shown = screen(steps, more="… {} more steps …")
        return "\n".join([n if isinstance(n, str) else self._line(n) for n in shown])

    def _line(self, node: Node) -> str:
        return cut(f"{node.name or show.text(node)} = {show.array(self._values[node])}")


@public
def trace(outputs: NodeLike | Iterable[NodeLike], feed: "Mapping[Node, ArrayLike] | None" = None) -> Trace:
    """Run a graph and keep every intermediate value.

    Args:
        outputs: A node or several.
        feed: A value for each input, by its node: a number or an array of its shape. Any other node may be given one
            too: what it is computed from is then not looked at.

    Returns:
        The values by node, in the order they were computed.

    Raises:
        GraphError: If an input has no value, or one that is no number.
        ShapeError: If a value has another shape than its node.

    >>> x = cr.input("x", ())
    >>> u = (x * x).named("u")
    >>> run = cr.trace(u + 1, {x: 3.0})
    >>> print(run[u])
    9.0
    """
    return Trace(evaluate(nodes_of(outputs, "trace"), feed))
