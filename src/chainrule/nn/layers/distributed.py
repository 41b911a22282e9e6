"""TimeDistributed: a layer that is applied to each step of a sequence by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import GraphError, ShapeError, short
from chainrule.graph.loops import scan
from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.nn.kinds import ActivationLike
from chainrule.nn.layers.base import Layer, Scope
from chainrule.nn.masking import mask_of

if TYPE_CHECKING:
    LayerLike = Layer
else:  # of which the reader of files knows more than an annotation says
    LayerLike = Any

__all__ = ["TimeDistributed"]


@dataclass(frozen=True, repr=False, eq=False)
class TimeDistributed(Layer):
    """A layer that is applied to each step of a sequence by itself, with the same weights: a film, picture by picture.

    What the layer draws at random is drawn anew for each step; what it measures, as BatchNormalization does, it
    measures in each, and a running statistic follows the mean of all steps. In the graph it is a loop that carries
    nothing, of which simplification leaves one computation of all steps at once.

    Takes (batch, time, ...) and gives (batch, time, ...), with the rest as the layer does. Which steps are padding it
    passes on. Layers that work along the last axis, such as Dense, do the same by themselves.

    Args:
        layer: Any layer that takes what one step is, (batch, ...).
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If the layer is none.

    >>> frames = cr.input("frames", ("batch", 12, 16, 16, 3))
    >>> cr.TimeDistributed(cr.Conv2D(8, 3))(frames).shape
    (batch, 12, 14, 14, 8)
    >>> each = cr.TimeDistributed
    >>> layers = [each(cr.Conv2D(4, 3)), each(cr.GlobalAveragePooling2D()), cr.GRU(8), cr.Dense(1)]
    >>> network = cr.Network(layers, input_shape=(12, 16, 16, 3), seed=0)
    >>> network.predict(np.zeros((2, 12, 16, 16, 3))).shape
    (2, 1)
    """

    layer: LayerLike
    name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        layer: Any = self.layer
        if not isinstance(layer, Layer):
            raise GraphError(
                f"TimeDistributed: layer must be a layer, such as cr.Dense(8); found {short(layer)}."
            )

    def build(self, scope: Scope, x: Node) -> Any:
        """Return what the layer makes of each step.

        Args:
            scope: Not used: the layer makes its own variables.
            x: A node of shape (batch, time, ...).

        Returns:
            A node of shape (batch, time, ...); a tuple of them where the layer puts out several.

        Raises:
            ShapeError: If x has no axis of time, or the layer does not take what a step is.

        >>> cr.TimeDistributed(cr.Dense(2))(cr.input("x", ("batch", "time", 3))).shape  # which calls build
        (batch, time, 2)
        """
        if x.ndim < 2:
            raise ShapeError(f"{self!r} takes sequences of shape (time, ...); found {show(x.shape[1:])}.")
        steps: Any = np.swapaxes(x, 0, 1)
        _, every = scan(lambda _, x: ((), self.layer(x)), (), steps)
        turned = [np.swapaxes(y, 0, 1) for y in (every if isinstance(every, tuple) else (every,))]
        return tuple(turned) if isinstance(every, tuple) else turned[0]

    def mask_after(self, x: Node) -> Node | None:
        """Return which steps of what it puts out count: those of x that do.

        Args:
            x: A node of shape (batch, time, ...).

        Returns:
            A node of truth values, (batch, time); None where all count.

        >>> layer = cr.TimeDistributed(cr.Dense(4))
        >>> layer.mask_after(cr.Masking()(cr.input("x", ("batch", 7, 3)))).shape
        (batch, 7)
        """
        return mask_of(x)

    def ends_in(self) -> ActivationLike:
        """Return the activation of its last numbers: that of its layer.

        >>> cr.TimeDistributed(cr.Dense(5, "softmax")).ends_in()
        'softmax'
        """
        return self.layer.ends_in()
