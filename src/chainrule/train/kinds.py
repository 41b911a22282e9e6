"""What a user may give to ``fit``, as type checkers and editors see it; nothing of it is needed to run."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from chainrule.graph.node import Node, NodeLike
from chainrule.literals import LossName, MetricName, OptimizerName
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.metrics import Metric
from chainrule.train.optimizers import LBFGS, Moved, NewSlot, Optimizer
from chainrule.train.recording import Record

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

N = TypeVar("N", contravariant=True)  # the network, which is known above


class OnTrainBegin(Protocol[N]):
    """A callback that hears of the begin of training."""

    def on_train_begin(self, network: N, /) -> object:
        """Hear that training begins."""


class OnEpochEnd(Protocol[N]):
    """A callback that hears of each epoch."""

    def on_epoch_end(self, network: N, epoch: int, logs: dict[str, float], /) -> object:
        """Hear that an epoch (from 0) has ended, with its costs and metrics; True stops the run."""


class OnTrainEnd(Protocol[N]):
    """A callback that hears of the end of training."""

    def on_train_end(self, network: N, history: History, /) -> object:
        """Hear that training has ended."""


Callback: TypeAlias = (
    EarlyStopping
    | Record
    | OnTrainBegin[N]
    | OnEpochEnd[N]
    | OnTrainEnd[N]
    | Callable[[N, int, dict[str, float]], object]
)
CallbacksLike: TypeAlias = Callback[N] | Sequence[Callback[N]] | None

MetricLike: TypeAlias = MetricName | LossName | str | Metric | Callable[[Node, Node], NodeLike]
MetricsLike: TypeAlias = MetricLike | Sequence[MetricLike] | None
OptimizerLike: TypeAlias = (
    OptimizerName | str | Optimizer | LBFGS | Callable[[Node, NewSlot, Node], tuple[NodeLike, Moved]]
)

Data: TypeAlias = "ArrayLike | Mapping[str, ArrayLike]"  # tables of pandas are array-likes
Validation: TypeAlias = "tuple[Data, ArrayLike] | tuple[Data, ArrayLike, ArrayLike | None] | list[Any] | None"
ClassWeight: TypeAlias = Literal["balanced"] | Mapping[int, float] | None
