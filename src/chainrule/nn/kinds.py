"""What a user may give where something is chosen: a name, which an editor completes, or something of their own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeAlias, cast, overload

from chainrule.arguments import public
from chainrule.graph.node import Node, NodeLike
from chainrule.literals import ActivationName, InitializerName, LossName, RegularizerName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

if TYPE_CHECKING:
    ActivationLike: TypeAlias = ActivationName | str | Callable[[Node], NodeLike] | None
    LossLike: TypeAlias = LossName | str | Callable[[Node, Node], NodeLike] | None
    InitializerLike: TypeAlias = (
        InitializerName | str | ArrayLike | Callable[[tuple[int, ...], np.random.Generator], ArrayLike] | None
    )
    RegularizerLike: TypeAlias = RegularizerName | str | float | Callable[[Node], NodeLike] | None
    FloatLike: TypeAlias = Literal["float32", "float64"] | DTypeLike
else:  # of which the reader of files knows more than an annotation says
    ActivationLike = LossLike = InitializerLike = RegularizerLike = Any

P = ParamSpec("P")


class OfNumbers(Protocol[P]):
    """A function of numbers: a node of nodes, an array of whatever else has a shape."""

    @overload
    def __call__(self, z: Node, *settings: P.args, **named: P.kwargs) -> Node: ...
    @overload
    def __call__(self, z: "ArrayLike", *settings: P.args, **named: P.kwargs) -> "NDArray[Any]": ...


class OfPairs(Protocol[P]):
    """A function of targets and predictions, likewise."""

    @overload
    def __call__(self, y: "ArrayLike", p: Node, *settings: P.args, **named: P.kwargs) -> Node: ...
    @overload
    def __call__(
        self, y: "ArrayLike", p: "ArrayLike", *settings: P.args, **named: P.kwargs
    ) -> "NDArray[Any]": ...


def of_numbers(function: Callable[Concatenate[Any, P], Any]) -> OfNumbers[P]:
    """Say of a function what it makes of nodes and of arrays."""
    return cast(OfNumbers[P], public(function))


def of_pairs(function: Callable[Concatenate[Any, Any, P], Any]) -> OfPairs[P]:
    """Likewise of two."""
    return cast(OfPairs[P], public(function))
