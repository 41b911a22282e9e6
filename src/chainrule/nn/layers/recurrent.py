"""Recurrent layers: the same units at every step of a sequence, which see what they were a step before."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from chainrule.arguments import public
from chainrule.errors import GraphError, ShapeError
from chainrule.graph.loops import scan
from chainrule.graph.node import Node, NodeLike
from chainrule.graph.primitives import identities
from chainrule.graph.shapes import Extent, Shape, show
from chainrule.nn import recurrence
from chainrule.nn.activations import activation
from chainrule.nn.initializers import Initializer, Random, initializer
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.layers.base import Call, Layer, Scope, check_initializer
from chainrule.nn.layers.dense import activate
from chainrule.nn.layers.dropout import with_holes
from chainrule.nn.masking import mask_of, over_steps
from chainrule.nn.regularizers import regularizer
from chainrule.nn.specs import Count, Share

__all__ = ["GRU", "LSTM", "SimpleRNN"]

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload"

Step = Callable[..., tuple[Node, ...]]
"""(what comes in at a step, each state) -> (what is put out, each new state)"""


@dataclass(frozen=True, repr=False, eq=False)
class Recurrent(Layer):
    """What recurrent layers have in common: the loop over the steps, its states, and what is put out."""

    _: KW_ONLY
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    name: str = ""
    counts: ClassVar[bool] = True
    state_names: ClassVar[tuple[str, ...]] = ()

    @partial(public, called="Layer.__call__")
    def __call__(
        self, *xs: NodeLike | Sequence[NodeLike], initial_state: NodeLike | Sequence[NodeLike] | None = None
    ) -> Any:
        """Build the layer on nodes.

        Args:
            xs: A node of shape (batch, time, features). What the states begin with may follow it.
            initial_state: What the states begin with, a node or a list of them, each (batch, units): those that
                another layer put out, with ``return_state=True``. By default zeros.

        Returns:
            A node, of shape (batch, units) or (batch, time, units); with ``return_state=True`` a tuple of it and the
            states after the last step.

        Raises:
            GraphError: If something is no node, or there are more or fewer states than the layer has.
            ShapeError: If x is no sequence.

        >>> x, y = cr.input("x", ("batch", 7, 3)), cr.input("y", ("batch", 5, 2))
        >>> _, h, c = cr.LSTM(16, return_state=True)(x)  # an encoder
        >>> cr.LSTM(16, return_sequences=True)(y, initial_state=[h, c]).shape  # and its decoder
        (batch, 5, 16)
        """
        given = (*xs, *(() if initial_state is None else (initial_state,)))
        return super().__call__(*[n for x in given for n in (x if isinstance(x, list | tuple) else (x,))])

    def build(self, scope: Scope, x: Node, *initial: Node) -> Any:
        """Return what the layer puts out, step after step.

        Args:
            scope: What the variables are made with.
            x: A node of shape (batch, time, features).
            initial: What the states begin with, each of shape (batch, units); zeros without.

        Returns:
            A node of shape (batch, units), what is put out at the last step; with ``return_sequences=True`` that of
            every step, (batch, time, units); with ``return_state=True`` a tuple of it and the states.

        Raises:
            ShapeError: If x has other axes, or a state another shape.
            GraphError: If there are more or fewer states than the layer has.

        >>> cr.SimpleRNN(4)(cr.input("x", ("batch", 7, 3))).shape  # which calls build
        (batch, 4)
        """
        check_sequence(self, x, None)
        mask: Any = mask_of(x)
        x = x if x.dtype.kind == "f" else identities.cast(x, dtype=scope.dtype.name)
        seen: Any = x
        if mask is not None:  # what stands in padding, NaN even, reaches nothing
            seen = np.where(over_steps(mask, x.ndim), x, 0)
        begin = self._begin(scope, x, initial)
        given, step, has_own = self._steps(scope, seen, begin)
        xs: Any = {"z": _steps_first(given), "counts": None if mask is None else _steps_first(mask)}
        remembers = has_own is not None and (mask is not None or not self.return_sequences)
        first: Any = dict(zip(self._names(len(begin)), begin, strict=True))
        first |= {"y": recurrence.nothing(x, has_own)} if has_own is not None and remembers else {}

        def one(old: Any, now: Any) -> Any:
            y, *states = step(now["z"], *list(old.values())[: len(begin)])
            new = dict(zip(old, [*states, y][: len(old)], strict=True))
            if now["counts"] is not None:
                new = {name: _kept(now["counts"], new[name], old[name]) for name in new}
            out = new["y"] if remembers else next(iter(new.values())) if has_own is None else y
            return new, out if self.return_sequences else None

        carry, ys = scan(one, first, xs, reverse=self.go_backwards)
        after = list(carry.values())
        if self.stateful:
            for before, new in zip(begin, after, strict=False):
                scope.update(before, new)
        y = after[-1 if remembers else 0]
        if self.return_sequences:
            y = np.swapaxes(ys, 0, 1)
            y = y[:, ::-1] if self._turns else y
        return (y, *after[: len(begin)]) if self.return_state else y

    @property
    def _turns(self) -> bool:
        """Whether steps are put out in the order in which they are made, and that is from the last to the first."""
        return self.go_backwards and not vars(self).get("_keeps_order", False)

    def mask_after(self, x: Node, *initial: Node) -> Node | None:
        """Return which steps of what it puts out count: where a step does not, the one before it is put out again.

        Args:
            x: A node of shape (batch, time, features).
            initial: What the states begin with.

        Returns:
            The mask of x, (batch, time), with ``return_sequences=True``; else None.

        >>> cr.LSTM(4, return_sequences=True).mask_after(cr.Masking()(cr.input("x", ("batch", 7, 3)))).shape
        (batch, 7)
        """
        mask: Any = mask_of(x) if self.return_sequences else None
        return mask[:, ::-1] if mask is not None and self._turns else mask

    def _state_shapes(self, x: Node) -> list[Shape]:
        """Return the shape that each state has for one example."""
        raise NotImplementedError

    def _steps(self, scope: Scope, x: Node, states: Sequence[Node]) -> tuple[Node, Step, Shape | None]:
        """Return what comes in at each step, (batch, time, ...), what a step does, and the shape of what it puts out.

        The shape is that for one example; None where the first state is put out.
        """
        raise NotImplementedError

    def _names(self, count: int) -> Sequence[str]:
        """Return what so many states are called."""
        return self.state_names or [f"state{k}" for k in range(1, 1 + count)]

    def _begin(self, scope: Scope, x: Node, initial: Sequence[Node]) -> list[Node]:
        shapes = self._state_shapes(x)
        if not initial:
            begin = [recurrence.nothing(x, shape) for shape in shapes]
            named = zip(self._names(len(begin)), begin, strict=True)
            return [scope.state(*each) for each in named] if self.stateful else begin
        if self.stateful:
            raise GraphError(f"{self!r} goes on with its own states; give it no initial_state.")
        if len(initial) != len(shapes):
            raise GraphError(
                f"{self!r} has {len(shapes)} state{'s' * (len(shapes) > 1)}; found {len(initial)} to begin with. Give "
                "those of a layer of the same kind: y, *states = layer(x) with return_state=True."
            )
        for state, shape in zip(initial, shapes, strict=True):
            if state.shape != (x.shape[0], *shape):
                raise ShapeError(
                    f"{self!r}: a state has shape {show((x.shape[0], *shape))}; found {show(state.shape)} to begin "
                    "with."
                )
        return [identities.cast(state, dtype=x.dtype.name) for state in initial]


def _steps_first(x: Node) -> Node:
    found: Any = np.swapaxes(x, 0, 1)
    return found


def _kept(counts: Node, new: Node, old: Node) -> Any:
    """Return a state as it is after a step, in the examples where that step counts, else as it was."""
    return np.where(counts.reshape(counts.shape[0], *(1 for _ in new.shape[1:])), new, old)


def check_sequence(layer: Layer, x: Node, rank: int | None = 3) -> None:
    """Refuse what is no sequence of features, and say what it may have been meant to be."""
    found = show(x.shape)
    if x.ndim < 3 or rank not in (None, x.ndim):
        remedy = ""
        before: Any = x.meaning.layer if isinstance(x.meaning, Call) else None
        before = getattr(before, "layer", before)  # where it goes both ways
        if isinstance(before, Recurrent) and not before.return_sequences:
            remedy = (
                f" The layer before it, {before!r}, puts out its last step alone: give it return_sequences=True, so "
                "that it puts out every step."
            )
        elif x.ndim == 2 and not isinstance(x.shape[-1], Extent):
            remedy = (
                f" Where the {x.shape[-1]} numbers of a row are so many steps, give the features an axis: "
                f"X[..., np.newaxis], or a layer before it, cr.Reshape(({x.shape[-1]}, 1)); where they are words, a "
                "layer before it, cr.Embedding(vocabulary, units)."
            )
        raise ShapeError(
            f"{layer!r} takes sequences of shape (batch, time, features); found {found}.{remedy}"
        )
    if any(isinstance(e, Extent) for e in x.shape[2:]):
        raise ShapeError(f"{layer!r}: the features of {found} must have a fixed length.")
    if 0 in x.shape[2:]:
        raise ShapeError(f"{layer!r}: there are no features to compute with: {found}.")


@dataclass(frozen=True, repr=False, eq=False)
class Units(Recurrent):
    """What the recurrent layers of this library have in common: units, each of which sees all of them a step before."""

    units: Count
    activation: ActivationLike = "tanh"
    _: KW_ONLY
    use_bias: bool = True
    initializer: InitializerLike = None
    recurrent_initializer: InitializerLike = "orthogonal"
    bias_initializer: InitializerLike = "zeros"
    regularizer: RegularizerLike = None
    recurrent_regularizer: RegularizerLike = None
    dropout: Share = 0.0
    recurrent_dropout: Share = 0.0
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.activation, int | float):
            raise GraphError(
                f"The width of the input is that of what stands before: write "
                f"cr.{type(self).__name__}({self.activation})."
            )
        activation(self.activation)
        for begins in (self.initializer, self.recurrent_initializer, self.bias_initializer):
            check_initializer(self, begins)
        for costs in (self.regularizer, self.recurrent_regularizer):
            regularizer(costs)

    def _state_shapes(self, x: Node) -> list[Shape]:
        """Return the shape that each state has for one example."""
        return [(self.units,)] * len(self.state_names)

    def _steps(self, scope: Scope, x: Node, states: Sequence[Node]) -> tuple[Node, Step, None]:
        """Return x @ W + b for all steps at once, and what a step does with it."""
        if x.ndim > 3:
            check_sequence(self, x)
        width: Any = x.shape[-1]
        wide = self.gates * self.units
        W = scope.parameter("W", (width, wide), self.initializer, self.regularizer, each=(width, self.units))
        U = scope.parameter(
            "U",
            (self.units, wide),
            self.recurrent_initializer,
            self.recurrent_regularizer,
            each=(self.units,) * 2,
        )
        x = with_holes(scope, x, self.dropout, (x.shape[0], 1, width))  # the same ones at every step
        z: Any = np.tensordot(x, W, 1)
        b: Any = scope.parameter("b", self._bias_shape(), self._bias()) if self.use_bias else None
        if b is not None:
            z = z + (b if b.ndim == 1 else b[0])
        whole: Any = np.ones_like(states[0])
        kept = with_holes(scope, whole, self.recurrent_dropout, whole.shape)

        def step(z: Node, h: Node, *others: Node) -> tuple[Node, ...]:
            seen = h if kept is whole else h * kept
            new = self._one_step(z, seen, h, U, b, *others)
            return new[0], *new

        return z, step, None

    def _one_step(
        self, z: Node, seen: Node, h: Node, U: Node, b: Node | None, *others: Node
    ) -> tuple[Node, ...]:
        """Return the new states; ``seen`` is h as the products see it, with the holes of dropout."""
        raise NotImplementedError

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias(self) -> Any:
        return self.bias_initializer

    def _activated(self, z: Any) -> Node:
        return activate(self.activation, z)


@dataclass(frozen=True, repr=False, eq=False)
class SimpleRNN(Units):
    """Units that see, beside what comes in, what all of them were a step before (Elman 1990).

    ``h_t = activation(x_t @ W + b + h_{t-1} @ U)``, with W of shape (features, units) and U of shape (units, units).
    Gradients shrink or grow from step to step by what h is multiplied with (Bengio et al. 1994), so that what lies
    twenty steps back is hardly learned from; :class:`LSTM` and :class:`GRU` were made for that.

    Takes sequences (batch, time, features) and gives (batch, units), or (batch, time, units).

    Args:
        units: The number of neurons, at least 1.
        activation: A name ("tanh", "relu", ...) or a callable on nodes; None for the identity.
        use_bias: Whether there is a b.
        initializer: How W begins, as of :class:`Dense`: by default Glorot's, or He's for the relu family.
        recurrent_initializer: How U begins; orthogonal, so that it keeps lengths from step to step (Saxe et al. 2014).
        bias_initializer: How b begins; zeros.
        regularizer: What W costs: "l2", ``cr.L2(...)`` ...; None, the default, nothing.
        recurrent_regularizer: What U costs.
        dropout: The share of the features that is set to 0 while training: the same ones at every step of a sequence
            (Gal & Ghahramani 2016), others for each sequence and training step.
        recurrent_dropout: Likewise of h, as U sees it.
        return_sequences: Whether every step is put out, and not the last alone: so it must be before another
            recurrent layer, or to predict something at each step.
        return_state: Whether h after the last step is put out besides, for a network of layers that are called on
            nodes: ``y, h = layer(x)``.
        go_backwards: Whether the last step is done first. As in Keras, steps are put out in the order in which they
            are done; :class:`Bidirectional` goes both ways.
        stateful: Whether the states go on from batch to batch: row i of a batch is where row i of the one before ended,
            in ``fit`` and ``predict`` alike, until :meth:`Network.reset_states`.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If units is no whole number of at least 1, or a share is below 0, or 1 and above.
        UnknownNameError: If no activation, initializer or regularizer bears the name.

    >>> network = cr.Network([cr.SimpleRNN(16), cr.Dense(1)], input_shape=(20, 3), seed=0)
    >>> network.parameters
    {'W1': (3, 16), 'U1': (16, 16), 'b1': (16,), 'W2': (16, 1), 'b2': (1,)}
    >>> network.predict(np.zeros((5, 20, 3))).shape
    (5, 1)
    """

    def _one_step(
        self, z: Node, seen: Node, h: Node, U: Node, b: Node | None, *others: Node
    ) -> tuple[Node, ...]:
        """Return the new h."""
        return (recurrence.simple(z, seen, U, self._activated),)


@dataclass(frozen=True, repr=False, eq=False)
class Gated(Units):
    """What recurrent layers with gates have in common."""

    _: KW_ONLY
    recurrent_activation: ActivationLike = "sigmoid"

    def __post_init__(self) -> None:
        super().__post_init__()
        activation(self.recurrent_activation)

    def _gate(self, z: Any) -> Node:
        return activate(self.recurrent_activation, z)


@dataclass(frozen=True)
class _ForgetBias:
    """How the biases of an LSTM begin: those of the forget gates at 1, all others as they are told to."""

    others: Any

    def __call__(self, shape: tuple[int, ...], rng: Random) -> np.ndarray:
        begin: Initializer = initializer(self.others)
        found = np.array(begin(shape, rng), dtype=np.float64)
        if found.shape == shape:
            units = shape[0] // 4
            found[units : 2 * units] = 1.0
        return found


@dataclass(frozen=True, repr=False, eq=False)
class LSTM(Gated):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    Each unit has a memory c, to which gates between 0 and 1 open the ways: ``c_t = f·c_{t-1} + i·g`` and
    ``h_t = o·tanh(c_t)``. What may be written, ``g = tanh(...)``, and the gates i, f and o are each made of
    ``x_t @ W + b + h_{t-1} @ U``. Gradients pass through c by products with f alone: what lies a hundred steps back can
    be learned from.

    Takes sequences (batch, time, features) and gives (batch, units), or (batch, time, units).

    Args:
        units: The number of neurons, at least 1.
        activation: Of g and of what is put out: a name or a callable on nodes; None for the identity.
        use_bias: Whether there is a b.
        initializer: How W begins, (features, 4 · units), each of i, f, g and o (in this order) by itself: by default
            Glorot's.
        recurrent_initializer: How U begins, (units, 4 · units), likewise: orthogonal, so that each keeps lengths.
        bias_initializer: How b begins, (4 · units); zeros, but see unit_forget_bias.
        regularizer: What W costs: "l2", ``cr.L2(...)`` ...; None, the default, nothing.
        recurrent_regularizer: What U costs.
        dropout: The share of the features that is set to 0 while training: the same ones at every step of a sequence
            (Gal & Ghahramani 2016), others for each sequence and training step.
        recurrent_dropout: Likewise of h, as U sees it.
        recurrent_activation: The activation of the gates.
        unit_forget_bias: Whether the forget gates' b begins at 1: nothing is forgotten before forgetting is learned
            (Gers et al. 2000; Jozefowicz et al. 2015).
        return_sequences: Whether every step is put out, and not the last alone: so it must be before another
            recurrent layer, or to predict something at each step.
        return_state: Whether h and c after the last step are put out besides, for a network of layers that are called
            on nodes: ``y, h, c = layer(x)``.
        go_backwards: Whether the last step is done first. As in Keras, steps are put out in the order in which they
            are done; :class:`Bidirectional` goes both ways.
        stateful: Whether the states go on from batch to batch: row i of a batch is where row i of the one before ended,
            in ``fit`` and ``predict`` alike, until :meth:`Network.reset_states`.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If units is no whole number of at least 1, or a share is below 0, or 1 and above.
        UnknownNameError: If no activation, initializer or regularizer bears the name.

    >>> layers = [cr.LSTM(32, return_sequences=True), cr.LSTM(32), cr.Dense(1)]
    >>> network = cr.Network(layers, input_shape=(20, 3), seed=0)
    >>> network.parameters["W1"].shape, network.parameters["U1"].shape, network.parameters["b1"].shape
    ((3, 128), (32, 128), (128,))
    >>> network.predict(np.zeros((5, 20, 3))).shape
    (5, 1)
    """

    _: KW_ONLY
    unit_forget_bias: bool = True
    state_names: ClassVar[tuple[str, ...]] = ("h", "c")
    gates: ClassVar[int] = 4

    def _one_step(
        self, z: Node, seen: Node, h: Node, U: Node, b: Node | None, *others: Node
    ) -> tuple[Node, ...]:
        """Return the new h and c."""
        return recurrence.lstm(z, seen, others[0], U, self._activated, self._gate)

    def _bias(self) -> Any:
        return _ForgetBias(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer


@dataclass(frozen=True, repr=False, eq=False)
class GRU(Gated):
    """Gated recurrent units (Cho et al. 2014): nearly as good as :class:`LSTM`, with three quarters of its weights.

    ``h_t = u·h_{t-1} + (1 - u)·n``: the gate u says how much stays, and r how much of h is seen by what is new,
    ``n = tanh(x_t @ W + b + r · (h_{t-1} @ U + b'))``. The gates are made of ``x_t @ W + b + h_{t-1} @ U + b'``.

    Takes sequences (batch, time, features) and gives (batch, units), or (batch, time, units).

    Args:
        units: The number of neurons, at least 1.
        activation: Of n: a name or a callable on nodes; None for the identity.
        use_bias: Whether there are b and b', the rows of one parameter (2, 3 · units); b alone, (3 · units), without
            reset_after.
        initializer: How W begins, (features, 3 · units), each of u, r and n (in this order) by itself: by default
            Glorot's.
        recurrent_initializer: How U begins, (units, 3 · units), likewise: orthogonal, so that each keeps lengths.
        bias_initializer: How the biases begin; zeros.
        regularizer: What W costs: "l2", ``cr.L2(...)`` ...; None, the default, nothing.
        recurrent_regularizer: What U costs.
        dropout: The share of the features that is set to 0 while training: the same ones at every step of a sequence
            (Gal & Ghahramani 2016), others for each sequence and training step.
        recurrent_dropout: Likewise of h, as U sees it.
        recurrent_activation: The activation of the gates.
        reset_after: Whether r weighs h after its product with U, as in Keras, PyTorch and cuDNN; False is the form of
            the paper's equation 8, ``(r·h_{t-1}) @ U``, which takes two products a step, one after the other.
        return_sequences: Whether every step is put out, and not the last alone: so it must be before another
            recurrent layer, or to predict something at each step.
        return_state: Whether h after the last step is put out besides, for a network of layers that are called on
            nodes: ``y, h = layer(x)``.
        go_backwards: Whether the last step is done first. As in Keras, steps are put out in the order in which they
            are done; :class:`Bidirectional` goes both ways.
        stateful: Whether the states go on from batch to batch: row i of a batch is where row i of the one before ended,
            in ``fit`` and ``predict`` alike, until :meth:`Network.reset_states`.
        name: What to call the layer in tables, errors and :meth:`Network.activations`; else its kind and a number.
        trainable: Whether ``fit`` changes it; ``layer.trainable = False`` freezes it at any time.

    Raises:
        GraphError: If units is no whole number of at least 1, or a share is below 0, or 1 and above.
        UnknownNameError: If no activation, initializer or regularizer bears the name.

    >>> network = cr.Network([cr.GRU(32), cr.Dense(1)], input_shape=(20, 3), seed=0)
    >>> network.parameters["W1"].shape, network.parameters["U1"].shape, network.parameters["b1"].shape
    ((3, 96), (32, 96), (2, 96))
    """

    _: KW_ONLY
    reset_after: bool = True
    gates: ClassVar[int] = 3

    def _one_step(
        self, z: Node, seen: Node, h: Node, U: Node, b: Node | None, *others: Node
    ) -> tuple[Node, ...]:
        """Return the new h."""
        if self.reset_after:
            beside = None if b is None else b[1]
            return (recurrence.gru(z, h, seen, U, beside, self._activated, self._gate),)
        return (recurrence.gru_before(z, h, seen, U, self._activated, self._gate),)

    def _bias_shape(self) -> tuple[int, ...]:
        wide = self.gates * self.units
        return (2, wide) if self.reset_after else (wide,)
