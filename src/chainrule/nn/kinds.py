"""What a user may give where something is chosen: a name, which an editor completes, or something of their own.

A name in another case and one that was added to a table are texts like any other. A Literal cannot be computed: a test
holds each of them to the table that it is of.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeAlias, cast, overload

from chainrule.graph.node import Node, NodeLike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, DTypeLike, NDArray

ActivationName: TypeAlias = Literal[
    "relu", "sigmoid", "tanh", "softmax", "identity", "linear", "gelu", "silu", "swish", "elu", "leaky_relu",
    "softplus", "logistic", "step",
]  # fmt: skip
LossName: TypeAlias = Literal[
    "mse", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mae", "huber",
    "poisson", "quantile", "half_mse", "mean_squared_error", "half_mean_squared_error", "mean_absolute_error",
    "pinball", "log_loss",
]  # fmt: skip
InitializerName: TypeAlias = Literal[
    "he", "he_normal", "he_uniform", "glorot", "glorot_normal", "glorot_uniform", "xavier", "xavier_normal",
    "xavier_uniform", "lecun", "lecun_normal", "lecun_uniform", "orthogonal", "zeros", "ones", "small", "large",
]  # fmt: skip
RegularizerName: TypeAlias = Literal["l1", "l2", "l1_l2"]
OptimizerName: TypeAlias = Literal[
    "adam", "sgd", "adamw", "rmsprop", "adagrad", "momentum", "nesterov", "lbfgs"
]  # fmt: skip
MetricName: TypeAlias = Literal[
    "accuracy", "acc", "binary_accuracy", "categorical_accuracy"
]  # and every loss
MonitorName: TypeAlias = Literal[
    "val_cost", "cost", "val_accuracy", "accuracy"
]  # and every other that is recorded
TaskName: TypeAlias = Literal["regression", "classification", "binary", "multiclass", "multilabel"]
SampleName: TypeAlias = Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]
EngineName: TypeAlias = Literal["auto", "native", "numpy"]
StageName: TypeAlias = Literal["graph", "fusion", "memory", "ir", "asm", "source"]

if TYPE_CHECKING:
    ActivationLike: TypeAlias = ActivationName | str | Callable[[Node], NodeLike] | None
    LossLike: TypeAlias = LossName | str | Callable[[Node, Node], NodeLike]
    InitializerLike: TypeAlias = (
        InitializerName | str | ArrayLike | Callable[[tuple[int, ...], np.random.Generator], ArrayLike] | None
    )
    RegularizerLike: TypeAlias = RegularizerName | str | float | Callable[[Node], NodeLike] | None
    EngineLike: TypeAlias = EngineName | str
    StageLike: TypeAlias = StageName | str
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
    return cast(OfNumbers[P], function)


def of_pairs(function: Callable[Concatenate[Any, Any, P], Any]) -> OfPairs[P]:
    """Likewise of two."""
    return cast(OfPairs[P], function)
