"""What the mark on a layer's output says: which layer it is, what it was given, what it learns, which steps count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.errors import GraphError
from chainrule.graph.node import Node


@dataclass(frozen=True, eq=False)
class Call:
    """One use of a layer in a graph.

    Attributes:
        layer: The layer.
        inputs: What it was called on.
        parameters: The variables it made, trainable or not.
        updates: (running statistic, its value after a training step).
        parts: Intermediate values worth a name: "Z", the pre-activation. Where that is the output, it ends in the
            identity.
        mask: Which steps of its output count, (batch, time); None where all do.
        carried: (state that goes on from batch to batch, its value after a batch).
    """

    layer: Any
    inputs: tuple[Node, ...]
    parameters: tuple[Node, ...]
    updates: tuple[tuple[Node, Node], ...]
    parts: dict[str, Node]
    mask: Node | None = None
    carried: tuple[tuple[Node, Node], ...] = ()

    def nodes(self) -> list[Node]:
        """Return every node it speaks of but the variables."""
        found = [*self.inputs, *self.parts.values(), *(new for _, new in self.updates)]
        return found if self.mask is None else [*found, self.mask]

    def at_all_steps(self, every: Callable[[Node], Node], mean: Callable[[Node], Node]) -> "Call":
        """Return the same use of a layer within a loop, seen from outside.

        Args:
            every: What makes of a node within that of all steps.
            mean: And what makes their mean: of several new values of a running statistic it is taken.

        Returns:
            A use of the same layer, of the same variables.

        Raises:
            GraphError: If it has states that go on from batch to batch.
        """
        if self.carried:
            raise GraphError(
                f"{self.layer!r} keeps its states from batch to batch, which it cannot within a step of a loop: leave "
                "out stateful=True, and carry them: y, *states = layer(x, initial_state=carry)."
            )
        return Call(
            self.layer,
            tuple([every(x) for x in self.inputs]),
            self.parameters,
            tuple([(statistic, mean(new)) for statistic, new in self.updates]),
            {name: every(n) for name, n in self.parts.items()},
            None if self.mask is None else every(self.mask),
        )


@dataclass(frozen=True, eq=False)
class Carried:
    """What the mark on a state means that goes on from batch to batch; what it marks is the state at first.

    Attributes:
        name: What it is called: "h", and in a finished network "lstm_1.h".
    """

    name: str


@dataclass(frozen=True, eq=False)
class Beside:
    """What the mark on a further output of a layer means.

    Attributes:
        of: The output of the layer, whose mark is the use of it.
        number: Which it is, counted from 1: the output itself has 0.
    """

    of: Node
    number: int


def is_put_out(node: Node) -> bool:
    """Say whether a node is what a layer puts out."""
    return isinstance(node.meaning, Call | Beside)


def mask_put_out(node: Node) -> Node | None:
    """Return which steps of a layer's output count, (batch, time); of what it puts out besides, if that has them."""
    if isinstance(node.meaning, Call):
        return node.meaning.mask
    mask: Node | None = node.meaning.of.meaning.mask
    return mask if mask is not None and node.ndim > 2 and node.shape[:2] == mask.shape else None
