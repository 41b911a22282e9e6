"""Recurrent layers of one's own: a cell says what happens in one step, and RNN does it at every step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.node import Node, input
from chainrule.graph.shapes import Shape
from chainrule.nn.kinds import ActivationLike
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.recurrent import Recurrent, Step

__all__ = ["RNN", "Cell"]


@dataclass(frozen=True, repr=False, eq=False)
class Cell(Layer):
    """One step of a recurrent layer of your own: a frozen dataclass with ``states`` and ``step``, for :class:`RNN`.

    ``states`` says how many numbers each state has, for one example: a whole number or a shape for each, as a field, an
    attribute or a property. ``step(scope, x, *states)`` returns what is put out, and then each new state.

    Args:
        trainable: As of every layer; it is the layer around it that is frozen.

    Raises:
        GraphError: If trainable is neither True nor False.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Leaky(cr.Cell):
    ...     units: int
    ...     leak: float = 0.1
    ...     @property
    ...     def states(self):
    ...         return (self.units,)
    ...     def step(self, scope, x, h):
    ...         W = scope.parameter("W", (x.shape[-1], self.units), None)
    ...         U = scope.parameter("U", (self.units, self.units), "orthogonal")
    ...         h = (1 - self.leak) * h + self.leak * np.tanh(x @ W + h @ U)
    ...         return h, h
    >>> network = cr.Network([cr.RNN(Leaky(16)), cr.Dense(1)], input_shape=(20, 3), seed=0)
    >>> network.parameters
    {'W1': (3, 16), 'U1': (16, 16), 'W2': (16, 1), 'b2': (1,)}
    >>> network.predict(np.zeros((5, 20, 3))).shape
    (5, 1)
    """

    def step(
        self, *args: Any, **kwargs: Any
    ) -> tuple[Node, ...]:  # so typed, an override may take what it likes
        """Return what is put out in one step, and then each new state. Every cell has its own.

        It is called once, and what it builds is done at every step; what does not hang on x or on a state is computed
        once for all of them, and random numbers of ``scope.uniform`` are the same at every step.

        Args:
            scope: What the variables are made with, as in :meth:`Layer.build`.
            x: What comes in at this step, (batch, features).
            states: What the step before left, (batch, width) each.

        Returns:
            What is put out, (batch, ...), and the new states, in the same order and of the same shapes.

        Raises:
            GraphError: If the cell has none of its own.

        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, eq=False)
        ... class RunningSum(cr.Cell):
        ...     states = (2,)
        ...     def step(self, scope, x, total):
        ...         return total + x, total + x
        >>> network = cr.Network([cr.RNN(RunningSum(), return_sequences=True)], input_shape=(3, 2))
        >>> network.predict([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
        array([[[ 1.,  2.],
                [ 4.,  6.],
                [ 9., 12.]]], dtype=float32)
        """
        raise GraphError(f"{type(self).__name__} must define step(self, scope, x, *states).")

    def build(self, *args: Any, **kwargs: Any) -> Node:
        """Refuse: a cell is one step, and no layer.

        Args:
            args: Not looked at.
            kwargs: Likewise.

        Returns:
            Nothing.

        Raises:
            GraphError: Always.

        >>> class Nothing(cr.Cell):
        ...     states = ()
        >>> Nothing()(cr.input("x", ("batch", 7, 3)))
        Traceback (most recent call last):
        chainrule.errors.GraphError: Nothing() is one step of a recurrent layer; the layer is cr.RNN(Nothing()).
        """
        raise GraphError(f"{self!r} is one step of a recurrent layer; the layer is cr.RNN({self!r}).")


if TYPE_CHECKING:
    CellLike = Cell
else:  # of which the reader of files knows more than an annotation says
    CellLike = Any


@dataclass(frozen=True, repr=False, eq=False)
class RNN(Recurrent):
    """A recurrent layer of a cell of your own, which it does at every step.

    Takes sequences (batch, time, ...) and gives what the cell puts out: (batch, ...), or (batch, time, ...).

    Args:
        cell: What one step does, a :class:`Cell`.
        return_sequences: Whether every step is put out, and not the last alone: so it must be before another
            recurrent layer, or to predict something at each step.
        return_state: Whether the states after the last step are put out besides, for a network of layers that are
            called on nodes: ``y, *states = layer(x)``.
        go_backwards: Whether the last step is done first. As in Keras, steps are put out in the order in which they
            are done; :class:`Bidirectional` goes both ways.
        stateful: Whether the states go on from batch to batch: row i of a batch is where row i of the one before ended,
            in ``fit`` and ``predict`` alike, until :meth:`Network.reset_states`.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If the cell is none.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Average(cr.Cell):
    ...     states = (1, 1)  # the sum so far, and of how many steps
    ...     def step(self, scope, x, total, count):
    ...         total, count = total + x, count + 1
    ...         return total / count, total, count
    >>> network = cr.Network([cr.RNN(Average(), return_sequences=True)], input_shape=(3, 1))
    >>> network.predict([[[2.0], [4.0], [9.0]]]).ravel()
    array([2., 3., 5.], dtype=float32)
    """

    cell: CellLike

    def __post_init__(self) -> None:
        super().__post_init__()
        cell: Any = self.cell
        if not isinstance(cell, Cell):
            remedy = "."
            if isinstance(cell, Recurrent):
                remedy = f": {cell!r} is a layer already, and goes through all steps itself."
            raise GraphError(
                f"RNN: cell must be a cell of your own, an object of a class that begins class MyCell(cr.Cell); found "
                f"{short(cell)}{remedy}"
            )

    def ends_in(self) -> ActivationLike:
        """Return the activation of its last numbers: the cell's, as of every layer.

        >>> print(cr.RNN(cr.Cell()).ends_in())
        None
        """
        return self.cell.ends_in()

    def _state_shapes(self, x: Node) -> list[Shape]:
        """Return the shape that each state has for one example."""
        states: Any = getattr(self.cell, "states", None)
        if isinstance(states, int):
            states = (states,)
        try:
            found: list[Shape] = [(s,) if hasattr(s, "__index__") else tuple(s) for s in states]
        except TypeError:
            found = []
        if not found:
            raise GraphError(
                f"{self.cell!r} must say how many numbers each of its states has, as states = (16,) for one of 16 or "
                f"(16, 8) for two; found {short(states)}."
            )
        return found

    def _steps(self, scope: Scope, x: Node, states: Sequence[Node]) -> tuple[Node, Step, Shape | None]:
        """Return what comes in, what the cell does with it, and what shape it puts out, where that is no state."""
        now = input("x", (x.shape[0], *x.shape[2:]), x.dtype)
        tried = self._step(Scope(self, scope.dtype), now, *states)  # of which nothing is kept but this:
        shape = None if tried[0] is tried[1] else tried[0].shape[1:]
        return x, lambda z, *old: self._step(scope, z, *old), shape

    def _step(self, scope: Scope, x: Node, *states: Node) -> tuple[Node, ...]:
        found: Any = self.cell.step(scope, x, *states)
        nodes = isinstance(found, tuple | list) and all(isinstance(node, Node) for node in found)
        if not nodes or len(found) != 1 + len(states):
            raise GraphError(
                f"The step of {self.cell!r} must return what is put out and then {len(states)} new "
                f"state{'s' * (len(states) != 1)}, as nodes; it returned {short(found)}."
            )
        if not found[0].shape or found[0].shape[0] != x.shape[0]:
            raise ShapeError(
                f"What the step of {self.cell!r} puts out must have an axis that counts the examples, the first; found "
                f"{found[0].shape}."
            )
        floats = found[0].dtype if found[0].dtype.kind == "f" else np.dtype(scope.dtype)
        return tuple([node if node.dtype == floats else node.astype(floats) for node in found])
