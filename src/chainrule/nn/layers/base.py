"""What every layer is: a small frozen description that, called on a node, builds graph.

A layer holds no numbers. What it learns are variables in the graph it builds, and the mark on its output says
which layer it is, what it was given and what it learns; :mod:`chainrule.nn.architecture` reads these marks.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from functools import cache, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.arguments import public
from chainrule.errors import ChainruleError, GraphError, ShapeError, short
from chainrule.friendly import named
from chainrule.graph.node import Cell, Node, NodeLike, input, mark
from chainrule.graph.primitives import identities, random
from chainrule.graph.shapes import Extent, Shape, show
from chainrule.graph.table import TABLE
from chainrule.graph.tracing import each_time
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.calls import Beside as Beside, Call as Call, Carried
from chainrule.nn.initializers import INITIALIZERS, initializer
from chainrule.nn.kinds import ActivationLike, InitializerLike, RegularizerLike
from chainrule.nn.masking import mask_through
from chainrule.nn.regularizers import REGULARIZERS
from chainrule.nn.specs import Checked, is_yes_or_no, our_fields
from chainrule.shown import cut

__all__ = ["Layer"]

# What a network's graph reads besides its data. One graph serves training and prediction: `TRAINING` decides.
TRAINING = input("training", (), "bool")
SEED = input("seed", (), "int64")
STEP = input("step", (), "int64")


def _memory() -> int:
    """Return how many bytes of memory this machine has, or more than any has."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return 2**43


# What the settings of layers are named by; they keep the name that it bears here, and files do.
NAMED: dict[str, Mapping[str, Any]] = {
    "activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
}
MEMORY = _memory()
MOST_NUMBERS = MEMORY // 8  # of one parameter; they are drawn in float64


@dataclass(frozen=True, eq=False)
class Parameter:
    """What a variable of a layer is.

    Attributes:
        layer: The layer that made it.
        role: "W", "b", "gamma", "beta", "E"; running statistics are "mean" and "variance".
        initializer: How it begins: a name, a callable or an array; None for the layer's activation to choose.
        regularizer: What its size costs.
        trainable: Whether gradient descent changes it.
        each: Of kernels that stand side by side, one for each group of channels, the shape of one; None for one alone.
    """

    layer: "Layer"
    role: str
    initializer: Any
    regularizer: Any = None
    trainable: bool = True
    each: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class Learns:
    """What the mark on :data:`TRAINING` means that a layer asks by: a layer that is frozen does not learn.

    Attributes:
        who: The layer.
    """

    who: "Layer"


class Undrawn(Cell):
    """What a parameter points to until a network draws its first value."""

    __slots__ = ("_drawn", "_whose")

    def __init__(self, whose: str) -> None:
        self._whose = whose
        self._drawn: np.ndarray[Any, Any] | None = None

    @property
    def value(self) -> Any:
        """The value, once there is one."""
        if self._drawn is None:
            raise GraphError(
                f"{self._whose} has no value yet: weights are drawn when a network is made of the graph, "
                "network = cr.Network(output, inputs). Predict with that."
            )
        return self._drawn

    @value.setter
    def value(self, new: np.ndarray) -> None:
        self._drawn = new

    def copy(self) -> Cell:
        """Return one that has no value either, or the same."""
        new = Undrawn(self._whose)
        new._drawn = self._drawn
        return new


class Scope:
    """What a layer builds with: it makes the variables and notes what happened. ``build`` is given one.

    Args:
        layer: The layer that is being built.
        dtype: The dtype of what it makes.

    Attributes:
        parameters: The variables that were made.
        updates: Pairs (running statistic, its value after a training step).
        carried: Pairs (state that goes on from batch to batch, its value after a batch).
        parts: Intermediate values worth a name, which :meth:`Network.activations` shows: ``scope.parts["Z"] = z``.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Noise(cr.Layer):
    ...     size: float = 0.1
    ...     def build(self, scope, x):
    ...         return x + self.size * (scope.uniform(x.shape) - 0.5)
    >>> cr.Network([Noise(0.01)], input_shape=2, seed=0).predict([[1.0, 2.0]]).round(1)
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, layer: "Layer", dtype: np.dtype) -> None:
        self.layer: Layer = layer
        self.dtype: np.dtype[Any] = dtype
        self.parameters: list[Node] = []
        self.updates: list[tuple[Node, Node]] = []
        self.carried: list[tuple[Node, Node]] = []
        self.parts: dict[str, Node] = {}

    def parameter(
        self,
        role: str,
        shape: tuple[int, ...],
        initializer: InitializerLike = None,
        regularizer: RegularizerLike = None,
        trainable: bool = True,
        each: tuple[int, ...] | None = None,
    ) -> Node:
        """Return a variable of this layer; the network gives it its name and its first value.

        Args:
            role: What it is called: with "gamma" the network's is "gamma_1", with "W" it is "W1".
            shape: Whole numbers.
            initializer: How it begins: a name, a number, an array, a callable ``(shape, rng)``; None for what suits the
                layer's activation.
            regularizer: What its size costs: a name, an object or a callable on nodes; None for nothing.
            trainable: Whether gradient descent changes it; a running statistic it does not.
            each: Of several kernels that stand side by side, each with inputs of its own, the shape of one: an
                initializer draws each by itself. None for one alone.

        Returns:
            A variable of that shape.

        Raises:
            GraphError: If the layer makes two in one role.
            ShapeError: If it is larger than the memory of this machine.
        """
        if any(w.meaning.role == role for w in self.parameters):
            raise GraphError(f"{self.layer!r} makes two parameters in the role '{role}'. Give each its own.")
        if math.prod(shape) > MOST_NUMBERS:
            raise ShapeError(
                f"{self.layer!r} would have a {role} of shape {show(shape)}, more than the memory of this machine "
                f"holds ({MOST_NUMBERS:.2g} numbers)."
            )
        meaning = Parameter(self.layer, role, initializer, regularizer, trainable, each)
        cell = Undrawn(f"{role} of {self.layer!r}")
        node = Node(TABLE["variable"], (), {"cell": cell}, shape, self.dtype, role, meaning)
        self.parameters.append(node)
        return node

    def update(self, statistic: Node, new: NodeLike) -> None:
        """Let ``statistic`` become ``new`` after every training step; a :meth:`state` does after predictions too.

        Args:
            statistic: A variable that :meth:`parameter` made, with ``trainable=False``; or what :meth:`state` gave.
            new: A node of its shape.
        """
        kept = self.carried if isinstance(statistic.meaning, Carried) else self.updates
        kept.append((statistic, identities.cast(new, dtype=self.dtype.name)))

    def state(self, role: str, begin: Node) -> Node:
        """Return a state of each example, which goes on from batch to batch: row i where row i of the one before ended.

        :meth:`update` says what it becomes, :meth:`Network.reset_states` lets it begin anew.

        Args:
            role: What it is called: "h".
            begin: What it is at first, zeros of shape (batch, ...).

        Returns:
            A node of the same shape.
        """
        return mark(begin, Carried(role))

    @property
    def training(self) -> Node:
        """Whether the layer learns just now, a node: True in training and False at prediction, or while it is frozen.

        What draws random numbers in training asks the same of the network, frozen or not: ``TRAINING``.
        """
        return mark(TRAINING, Learns(self.layer))

    def uniform(self, shape: tuple[Any, ...]) -> Node:
        """Return random numbers in [0, 1), new at every training step; each use in a network has its own.

        In the step of a loop, of a cell too, they are new at each step.

        Args:
            shape: Whole numbers, or open extents such as ``x.shape``.

        Returns:
            A node of that shape. The network's seed decides the numbers.
        """
        dtype = self.dtype.name

        def draw(before: Shape) -> Node:
            found: Node = random.random_uniform(SEED, STEP, shape=(*before, *shape), stream=0, dtype=dtype)
            return found

        return each_time(draw)


@dataclass(frozen=True, eq=False)
class Layer(Checked):
    """The base of every layer. A layer of your own is a frozen dataclass with one method, ``build``.

    All else that a network asks of its layers has an answer here, which yours may give otherwise: ``counts``,
    ``keeps_values``, ``sets_scale`` and ``least_examples`` in its class, :meth:`ends_in`, :meth:`refuses` and
    :meth:`mask_after` as methods. A network that has one is loaded with ``cr.load(path, custom={"Scale": Scale})``.

    Args:
        trainable: Whether ``fit`` changes what the layer has learned, and what the layers it builds have; it may be set
            at any time, ``layer.trainable = False``. See docs/training.md on what a frozen layer is.

    Attributes:
        counts: Whether it has units, and so a number l: W1, b1.
        keeps_values: Whether it puts out the numbers it is given, moved or with holes.
        sets_scale: Whether it brings what it is given to a scale of its own, so that this need not be scaled before.
        least_examples: How many it must see at once to learn from them.

    Raises:
        GraphError: When it is called, on what is no node, or if it builds what does not keep the examples apart; if
            trainable is neither True nor False.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Scale(cr.Layer):
    ...     name: str = ""
    ...     def build(self, scope, x):
    ...         return x * scope.parameter("gamma", (x.shape[-1],), "ones")
    >>> Scale()(cr.input("x", ("batch", 3))).shape
    (batch, 3)
    >>> cr.Network([Scale(), cr.Dense(1)], input_shape=3).parameters
    {'gamma_0': (3,), 'W1': (3, 1), 'b1': (1,)}
    """

    counts: ClassVar[bool] = False
    keeps_values: ClassVar[bool] = False
    sets_scale: ClassVar[bool] = False
    least_examples: ClassVar[int] = 1
    _keeps_own: ClassVar[bool] = False  # a setting of the user's that is called trainable
    if TYPE_CHECKING:
        trainable: bool = field(default=True, kw_only=True)

    def __init_subclass__(cls, **options: Any) -> None:
        """Give each layer its last setting, by name; it is no field of this base, which would make it the first.

        A layer of the user's that has a field of that name, in whatever place, keeps it.
        """
        super().__init_subclass__(**options)
        own = vars(cls).get("__annotations__", {})
        if "trainable" in own:
            cls._keeps_own = True
        elif not any("trainable" in vars(kind) for kind in cls.__mro__):
            by_name = any(kind is KW_ONLY or str(kind).endswith("KW_ONLY") for kind in own.values())
            settings = own | ({} if by_name else {"_": KW_ONLY}) | {"trainable": bool}
            type.__setattr__(cls, "__annotations__", settings)
            cls.trainable = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set_trainable(getattr(self, "trainable", True))  # this base has none
        for setting, kind in _named_fields(type(self)):
            if isinstance(name := getattr(self, setting), str):
                object.__setattr__(self, setting, named(kind, name, NAMED[kind]))

    def _set_trainable(self, value: bool) -> None:
        """Let ``layer.trainable = value`` be, alone of the settings: the graph is the same, and each fit asks again."""
        if not self._keeps_own:
            if not is_yes_or_no(value):
                raise GraphError(
                    f"{type(self).__name__}: trainable must be True or False; found {short(value)}."
                )
            value = bool(value)
        object.__setattr__(self, "trainable", value)

    def build(self, *args: Any, **kwargs: Any) -> Node:  # so typed, an override may take what it likes
        """Return the output as graph: ``build(self, scope, x)``, with more inputs where the layer takes more.

        Every layer has its own; it is called by the layer when that is called, not by you.

        Args:
            scope: What to build with. ``scope.parameter(role, shape, initializer)`` makes a variable that is learned,
                ``scope.update(statistic, new)`` lets one follow the training steps, ``scope.uniform(shape)`` gives
                random numbers in [0, 1), and ``scope.parts["Z"] = z`` names what :meth:`Network.activations` shows.
            x: A node whose first axis counts the examples.

        Returns:
            A node whose first axis counts the examples; or a tuple of them, of which the first is the layer's output
            and the others are put out besides, as the states of recurrent layers are.

        Raises:
            GraphError: If the layer has none of its own.

        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, eq=False)
        ... class Square(cr.Layer):
        ...     def build(self, scope, x):
        ...         return x * x
        >>> cr.Network([Square()], input_shape=2).predict([[2.0, 3.0]])
        array([[4., 9.]], dtype=float32)
        """
        raise GraphError(f"{type(self).__name__} must define build(self, scope, x).")

    def ends_in(self) -> ActivationLike:
        """Return the activation of its last numbers, a name or a callable.

        None means none: that of its field ``activation``, where it has one. The loss of a network follows from it.

        >>> cr.Dense(1, "sigmoid").ends_in()
        'sigmoid'
        """
        return named("activation", getattr(self, "activation", None), ACTIVATIONS)

    def refuses(self, values: np.ndarray) -> tuple[np.ndarray, str] | None:
        """Return which of the numbers that reach it the layer cannot take, and why; None where it takes all.

        Args:
            values: Data, or what the layers before made of data: an array of shape (batch, ...).

        Returns:
            Of the shape of ``values``, True for each number that is wrong, and what follows the layer's name:
            "takes 1 to 3".

        >>> cr.Embedding(3, 2).refuses(np.array([[0, 3]]))
        (array([[False,  True]]), 'has 3 rows, so it takes whole numbers from 0 to 2')
        """
        return None

    def mask_after(
        self, *args: Any, **kwargs: Any
    ) -> Node | None:  # as build: an override takes what it does
        """Return which steps of its output count, where what it is given are sequences of different lengths, padded.

        A layer that works step by step need not say so: that is read off its graph. One that makes one thing of several
        steps asks :func:`mask_of` for those of its input that count, leaves the others out, and has a method of its
        own here.

        Args:
            args: The nodes that it is called on, as ``mask_after(self, x)``.
            kwargs: None: they are given by place.

        Returns:
            A node of truth values, (batch, time), False where a step is padding; None where all count.

        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, eq=False)
        ... class SumOverTime(cr.Layer):
        ...     def build(self, scope, x):
        ...         mask = cr.mask_of(x)
        ...         return x.sum(axis=1) if mask is None else np.where(mask[:, :, None], x, 0).sum(axis=1)
        ...     def mask_after(self, x):
        ...         return None
        >>> network = cr.Network([cr.Masking(), SumOverTime()], input_shape=(None, 1))
        >>> network.predict([[[1.0], [2.0]], [[5.0]]])
        array([[3.],
               [5.]], dtype=float32)
        """
        return None

    def _in_graph(self, setting: str) -> Any:
        """Return what of a setting shows in the graph that the layer draws, where that is less than all of it."""
        return getattr(self, setting)

    @property
    def pads(self) -> float | None:
        """What stands for padding in what it is given, of a layer from which masks come; None of any other.

        >>> cr.Masking(-1.0).pads, cr.Embedding(9, 2, mask_zero=True).pads, cr.Dense(2).pads
        (-1.0, 0.0, None)
        """
        return None

    @property
    def is_choosy(self) -> bool:
        """Whether there are numbers that it refuses: only then is it shown what reaches it.

        >>> cr.Embedding(3, 2).is_choosy, cr.Dense(2).is_choosy
        (True, False)
        """
        return type(self).refuses is not Layer.refuses

    @partial(public, called="Layer.__call__")
    def __call__(self, *xs: NodeLike | Sequence[NodeLike]) -> Node:
        """Build the layer on nodes.

        Args:
            xs: Nodes whose first axis counts the examples: one, or as many as the layer takes. A list of them stands
                for its nodes.

        Returns:
            A node whose first axis counts the examples, marked as the output of this layer; a tuple of several, where
            it builds one.

        Raises:
            GraphError: If something is no node, there are too many or too few, or what is built does not keep the
                examples apart.
        """
        if len(xs) == 1 and isinstance(xs[0], list | tuple) and xs[0]:
            xs = tuple(xs[0])
        for x in xs or (None,):
            if not isinstance(x, Node):
                raise GraphError(
                    f"{type(self).__name__} is called on nodes; found {type(x).__name__}. "
                    "To compute with arrays make a cr.Network of it and predict."
                )
        nodes: tuple[Any, ...] = xs
        floats = [x.dtype for x in nodes if x.dtype.kind == "f"]
        scope = Scope(self, np.result_type(*floats) if floats else np.dtype(np.float32))
        try:
            built: Any = self.build(scope, *nodes)
        except ShapeError as error:
            if error.where is None or isinstance(error.where[0], str):  # the innermost layer, no row
                error.where = self, nodes
            raise
        except TypeError:
            _check_count(self, nodes)
            raise
        ys: tuple[Node, ...] = built if type(built) is tuple and built else (built,)
        for y in ys:
            if not isinstance(y, Node) or not y.shape or y.shape[0] != nodes[0].shape[0]:
                found = f"shape {show(y.shape)}" if isinstance(y, Node) else type(y).__name__
                raise GraphError(
                    f"{self!r} must build a node whose first axis counts the examples; built {found}."
                )
        made, updates = tuple(scope.parameters), tuple(scope.updates)
        says = type(self).mask_after is not Layer.mask_after
        steps = self.mask_after(*nodes) if says else mask_through(self, nodes, ys[0])
        first = mark(ys[0], Call(self, nodes, made, updates, scope.parts, steps, tuple(scope.carried)))
        if built is ys[0]:
            return first
        several: Any = (first, *[mark(y, Beside(first, number)) for number, y in enumerate(ys[1:], 1)])
        return several  # a tuple, where that is what is built

    def __repr__(self) -> str:
        ordered = sorted(fields(self), key=lambda f: bool(f.kw_only))
        shown = [f for f in ordered if not _same(getattr(self, f.name), f.default)]
        first, values = ordered[:1], [written(getattr(self, f.name)) for f in shown]
        by_place = [f for f in first if not f.kw_only]
        settings = [v if f in by_place else f"{f.name}={v}" for f, v in zip(shown, values, strict=True)]
        return f"{type(self).__name__}({', '.join(settings)})"


@cache
def _named_fields(layer: type[Layer]) -> list[tuple[str, str]]:
    """Return the fields of a kind of layer whose names are those of a table, and of which."""
    ending = [(name, name.rpartition("_")[2]) for name in our_fields(layer)]
    return [(field, kind) for field, kind in ending if kind in NAMED]


def _check_count(layer: Layer, xs: tuple[Node, ...]) -> None:
    takes = signature(layer.build)
    try:
        takes.bind(None, *xs)
    except TypeError:
        most = len(takes.parameters) - 1
        if most < 1:
            raise GraphError(f"{type(layer).__name__} must define build(self, scope, x).") from None
        remedy = " Join several first: np.concatenate([a, b], axis=1)." if len(xs) > most else ""
        wanted = "one input" if most == 1 else f"{most} inputs"
        raise GraphError(f"{layer!r} takes {wanted}; it was called on {len(xs)}.{remedy}") from None


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, int | float | str | bool) and type(a) is type(b) and a == b)


def written(value: Any) -> str:
    if isinstance(value, np.ndarray | list):
        return f"<{show(np.shape(value))} numbers>"  # never all of them: this stands in tables and errors
    name = getattr(value, "__name__", None)
    return name if callable(value) and name else cut(repr(value))


def width_of(layer: Layer, x: Node) -> int:
    """Return the length of the last axis, which must be known."""
    if x.ndim < 2:
        raise ShapeError(
            f"{layer!r} needs inputs of shape (examples, features); found {show(x.shape)}. "
            "Give single numbers an axis: X.reshape(-1, 1)."
        )
    if isinstance(x.shape[-1], Extent):
        raise ShapeError(f"{layer!r}: the last axis of {show(x.shape)} must have a fixed length.")
    if x.shape[-1] == 0:
        raise ShapeError(f"{layer!r}: there are no features to compute with: {show(x.shape)}.")
    return int(x.shape[-1])


def check_initializer(layer: Layer, value: Any) -> None:
    if value is not None:
        try:
            initializer(value)
        except ValueError as error:
            if isinstance(error, ChainruleError):
                raise
            raise GraphError(f"{type(layer).__name__}: the initial values are no table of numbers.") from None


def check_layer(thing: Any) -> Layer:
    """Return ``thing`` if it is a layer, else raise with the remedy."""
    if isinstance(thing, Layer):
        return thing
    if isinstance(thing, type) and issubclass(thing, Layer):
        raise GraphError(f"{thing.__name__} is a class: write {thing.__name__}(...).")
    if isinstance(thing, str):
        raise GraphError(f"'{thing}' is no layer. An activation as a layer is cr.Activation('{thing}').")
    if hasattr(type(thing), "architecture"):
        raise GraphError(
            "A network is no layer, and its layers hold no numbers. Of the same layers, with numbers of their own, a "
            "network is made by cr.Network([*network.layers, cr.Dense(1)])."
        )
    raise GraphError(f"A network is a list of layers such as cr.Dense(16, 'relu'); found {short(thing)}.")
