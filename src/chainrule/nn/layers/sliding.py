"""What slides along axes: the settings that say how, checked, and whether a window fits into what it slides over."""

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from chainrule.errors import GraphError, LearningWarning, ShapeError, short, unknown_name, warn
from chainrule.friendly import named
from chainrule.graph.node import Node
from chainrule.graph.shapes import span
from chainrule.nn import convolving
from chainrule.nn.activations import ACTIVATIONS, activation
from chainrule.nn.layers.axes import looks_channels_first, too_small
from chainrule.nn.layers.base import Layer, Scope, check_initializer
from chainrule.nn.layers.dense import activate
from chainrule.nn.regularizers import regularizer
from chainrule.nn.specs import Several

if TYPE_CHECKING:
    Sizes: TypeAlias = int | tuple[int, ...]
    PaddingLike: TypeAlias = (
        Literal["valid", "same", "causal"] | str | int | tuple[int | tuple[int, int], ...]
    )
else:  # how many there must be is said by the layer, which checks them
    Sizes = PaddingLike = Any

NAMES: dict[int, tuple[str, ...]] = {  # by the number of axes
    1: ("valid", "same", "causal"), 2: ("valid", "same"), 3: ("valid", "same"),
}  # fmt: skip


def check_kernels(layer: Any, axes: Sequence[str]) -> None:
    """Hold what all layers with kernels are told to what it may be."""
    check_sizes(layer, ("kernel_size", "strides", "dilation_rate"), axes)
    check_padding(layer, axes)
    activation(layer.activation)
    check_initializer(layer, layer.initializer)
    regularizer(layer.regularizer)


def check_sizes(layer: Layer, settings: Sequence[str], axes: Sequence[str], least: int = 1) -> None:
    """Hold settings to one whole number, or one for each axis of places, and make tuples of lists."""
    rank = len(axes) - 1
    for setting in settings:
        value = getattr(layer, setting)
        found = _whole(rank, least).read(value)
        if found is None and not (value is None and least == 0):
            several = "" if rank == 1 else f", or {rank} of them: ({', '.join(axes[:-1])})"
            raise GraphError(
                f"{type(layer).__name__}: {setting} must be a whole number of at least {least}{several}; "
                f"found {short(value)}.{_by_name(value, rank)}"
            )
        object.__setattr__(layer, setting, found)


def _by_name(value: Any, rank: int) -> str:
    """Return of a text in the place of a number how it is given: in other libraries, it may stand there."""
    if not isinstance(value, str):
        return ""
    setting = "padding" if named("padding", value, NAMES[rank]) in NAMES[rank] else "activation"
    known = setting == "padding" or named("activation", value, ACTIVATIONS) in ACTIVATIONS
    return f" It is given by name: {setting}={value!r}." if known else ""


def check_padding(layer: Any, axes: Sequence[str]) -> None:
    """Likewise of padding: a name, a number, or one or two for each axis of places."""
    rank = len(axes) - 1
    value = named("padding", layer.padding, NAMES[rank])
    if isinstance(value, str):
        if value not in NAMES[rank]:
            raise unknown_name("padding", value, NAMES[rank])
        found: Any = value
    else:
        found = _padding(value, rank)
    if found is None:
        sides = "one for each end" if rank == 1 else f"one or a pair for each of ({', '.join(axes[:-1])})"
        raise GraphError(
            f"{type(layer).__name__}: padding must be {' or '.join(map(repr, NAMES[rank]))}, a whole number of at "
            f"least 0, or {sides}; found {short(value)}."
        )
    object.__setattr__(layer, "padding", found)


def _padding(value: Any, rank: int) -> Any:
    """Return a number, or numbers and pairs for each axis, for a single axis a pair; None where it is none of these."""
    if rank == 1 or not isinstance(value, tuple | list):
        return _whole(2, 0).read(value)
    each = tuple([_whole(2, 0).read(side) for side in value])
    return each if len(each) == rank and None not in each else None


def _whole(count: int, least: int) -> Several:
    """Return what reads one whole number, or so many."""
    return Several("", lambda x: x >= least and isinstance(x, Integral), int, count)


def framed(
    layer: Layer,
    x: Node,
    padding: Any,
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Node:
    """Return x with the zeros around its places that a layer asks for; a kernel fits into it.

    Raises:
        ShapeError: If it does not.
    """
    spans = [span(k, d) for k, d in zip(sizes, dilations, strict=True)]
    places: Any = x.shape[1:-1]
    around = convolving.sides(padding, places, spans, strides)
    for length, reach, (before, after) in zip(places, spans, around, strict=True):
        if length + before + after < reach or not length:
            raise ShapeError(too_small(layer, x, spans))
    if sizes[0] > 1 and (first := looks_channels_first(x)):
        warn(f"{layer!r} takes (height, width, channels). {first}", LearningWarning)
    return convolving.framed(x, around)


def finished(layer: Any, scope: Scope, z: Any) -> Node:
    """Return what a layer with kernels puts out: z, with a bias for each filter and its activation."""
    if layer.use_bias:
        z = z + scope.parameter("b", (z.shape[-1],), "zeros")
    scope.parts["Z"] = z
    return activate(layer.activation, z)
