"""Bidirectional: a recurrent layer, and another of its kind that goes through the steps from the last to the first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, short
from chainrule.graph.node import Node, NodeLike
from chainrule.nn.kinds import ActivationLike
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.layers.recurrent import Recurrent

if TYPE_CHECKING:
    LayerLike = Recurrent
else:  # of which the reader of files knows more than an annotation says
    LayerLike = Any

__all__ = ["Bidirectional"]


@dataclass(frozen=True, repr=False, eq=False)
class Bidirectional(Layer):
    """A recurrent layer and another of its kind that goes backwards: each step is seen with what follows it, too.

    Both have weights of their own (Schuster & Paliwal 1997). Where every step is put out, what both say of one
    stands together.

    Takes sequences (batch, time, features) and gives what the layer gives, of twice the width with "concat".

    Args:
        layer: A recurrent layer: ``cr.LSTM(32)``; with ``return_sequences=True`` every step is put out, with
            ``return_state=True`` the states besides, those of the layer first.
        merge_mode: How the two become one: "concat" side by side, "sum", "mul" their product, "ave" their mean; None
            puts out both, for a network of layers that are called on nodes: ``forward, backward = layer(x)``.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If the layer is no recurrent one, or goes backwards already; if merge_mode is none of these.

    >>> layers = [cr.Bidirectional(cr.LSTM(16, return_sequences=True)), cr.Dense(5, "softmax")]
    >>> network = cr.Network(layers, input_shape=(20, 3), seed=0)
    >>> list(network.parameters)
    ['W1', 'U1', 'b1', 'W2', 'U2', 'b2', 'W3', 'b3']
    >>> network.predict(np.zeros((2, 20, 3))).shape
    (2, 20, 5)
    """

    layer: LayerLike
    merge_mode: Literal["concat", "sum", "mul", "ave"] | None = "concat"
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        layer: Any = self.layer
        if not isinstance(layer, Recurrent):
            raise GraphError(
                f"Bidirectional: layer must be a recurrent layer, such as cr.LSTM(32); found {short(layer)}."
            )
        if layer.go_backwards:
            raise GraphError(
                f"Bidirectional goes both ways, so the layer must go forwards: leave go_backwards out of {layer!r}."
            )
        if layer.stateful:
            raise GraphError(
                "Bidirectional: the layer cannot be stateful, for what goes backwards would begin in the batch after: "
                f"leave stateful out of {layer!r}."
            )
        back = replace(layer, go_backwards=True, name=layer.name and f"{layer.name}_backward")
        object.__setattr__(back, "_keeps_order", True)  # each step at its place
        object.__setattr__(self, "_back", back)  # one for all uses: they share its weights

    @partial(public, called="Layer.__call__")
    def __call__(
        self, *xs: NodeLike | Sequence[NodeLike], initial_state: NodeLike | Sequence[NodeLike] | None = None
    ) -> Any:
        """Build both layers on nodes.

        Args:
            xs: A node of shape (batch, time, features). What the states begin with may follow it.
            initial_state: What the states begin with, a list of nodes: first those of the layer, then as many for the
                one that goes backwards. By default zeros.

        Returns:
            A node; with ``return_state=True`` or ``merge_mode=None`` a tuple.

        Raises:
            GraphError: If something is no node, or there are more or fewer states than both have.
            ShapeError: If x is no sequence.

        >>> x = cr.input("x", ("batch", 7, 3))
        >>> y, h, c, back_h, back_c = cr.Bidirectional(cr.LSTM(16, return_state=True))(x)
        >>> y.shape, back_c.shape
        ((batch, 32), (batch, 16))
        """
        given = (*xs, *(() if initial_state is None else (initial_state,)))
        return super().__call__(*[n for x in given for n in (x if isinstance(x, list | tuple) else (x,))])

    def build(self, scope: Scope, x: Node, *initial: Node) -> Any:
        """Return what both layers put out, as one.

        Args:
            scope: Not used: both make their own variables.
            x: A node of shape (batch, time, features).
            initial: What the states of the layer begin with, and then those of the one that goes backwards.

        Returns:
            A node; with ``return_state=True`` or ``merge_mode=None`` a tuple.

        Raises:
            GraphError: If there are more or fewer states than both have.
            ShapeError: If x is no sequence.

        >>> cr.Bidirectional(cr.GRU(4), "sum")(cr.input("x", ("batch", 7, 3))).shape  # which calls build
        (batch, 4)
        """
        half = (len(initial) + 1) // 2
        back: Recurrent = vars(self)["_back"]
        both = [self.layer(x, *initial[:half]), back(x, *initial[half:])]
        (y, *states), (z, *others) = [found if isinstance(found, tuple) else (found,) for found in both]
        match self.merge_mode:
            case None:
                return (y, z, *states, *others)
            case "concat":
                merged: Any = np.concatenate([y, z], axis=-1)
            case "mul":
                merged = y * z
            case _:
                merged = reduce(np.add, [y, z]) if self.merge_mode == "sum" else (y + z) / 2
        return (merged, *states, *others) if states else merged

    def mask_after(self, x: Node, *initial: Node) -> Node | None:
        """Return which steps of what it puts out count.

        Args:
            x: A node of shape (batch, time, features).
            initial: What the states begin with.

        Returns:
            The mask of x, (batch, time), where every step is put out; else None.

        >>> layer = cr.Bidirectional(cr.LSTM(4, return_sequences=True))
        >>> layer.mask_after(cr.Masking()(cr.input("x", ("batch", 7, 3)))).shape
        (batch, 7)
        """
        return self.layer.mask_after(x, *initial)

    def ends_in(self) -> ActivationLike:
        """Return the activation of its last numbers: that of its layer.

        >>> cr.Bidirectional(cr.LSTM(8)).ends_in()
        'tanh'
        """
        return self.layer.ends_in()
