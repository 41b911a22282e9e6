"""What may be asked for beyond scikit-learn's choices: any loss, any optimizer, weights of labels."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.estimators.losses import Loss
from chainrule.graph.primitives.arithmetic import weigh
from chainrule.nn import losses
from chainrule.nn.callables import apply
from chainrule.train import optimizers
from chainrule.train.objective import rate_apart
from chainrule.train.optimizers import Optimizer
from chainrule.train.schedules import plateau

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload"

ALIASES = {"absolute_error": "mae"}  # what scikit-learn's other estimators call them
SHARED = ("momentum", "beta_1", "beta_2", "epsilon")  # settings that an estimator has for optimizers


@dataclass(frozen=True)
class OwnLoss:
    """A loss ``(y, p)`` of ours, or of the user's, as what each example costs.

    Attributes:
        name: What it is called.
        function: What is called. What it gives for each output of an example is averaged.
    """

    name: str
    function: Callable[[Any, Any], Any]

    def __call__(self, y: Any, p: Any) -> Any:
        """Return what each example costs."""
        each = apply(f"the loss '{self.name}'", self.function, y=y, p=p)
        rank = len(getattr(each, "shape", ()))
        return np.mean(each, axis=tuple(range(1, rank))) if rank > 1 else each


@dataclass(frozen=True)
class OfLabels:
    """The log loss of labels, of which each no and each yes has its weight.

    Attributes:
        no: What the no of each label weighs.
        yes: What its yes does.
    """

    no: tuple[float, ...]
    yes: tuple[float, ...]

    def __call__(self, y: Any, p: Any) -> Any:
        """Return what each example costs: the sum over its labels."""
        no, yes = (np.asarray(each, p.dtype) for each in (self.no, self.yes))
        return -np.sum(weigh(yes * y, np.log(p)) + weigh(no * (1 - y), np.log(1 - p)), axis=1)


def loss_asked(spec: Any) -> Loss:
    """Return a loss of ours, by name or as an object, or the user's.

    Raises:
        UnknownNameError: If no loss bears the name.

    >>> loss_asked("absolute_error").name, loss_asked(losses.Huber(2.0)).name
    ('mae', 'Huber(delta=2.0)')
    """
    spec = ALIASES.get(spec, spec) if isinstance(spec, str) else spec
    found = OwnLoss(losses.describe_loss(spec), losses.loss(spec))
    return Loss(found.name, found, found)


def loss_of_labels(weights: np.ndarray) -> Loss:
    """Return the log loss of labels of which the no and the yes have weights, ``(2, labels)``."""
    found = OfLabels(*(tuple(each) for each in weights.tolist()))
    return Loss("log_loss", found, found)


def rule_asked(spec: Any, settings: Any) -> tuple[Optimizer, float]:
    """Return an optimizer of ours, and what its rate begins with.

    One that is named takes its settings from the estimator's parameters: the learning rate, momentum, betas and
    epsilon that it has. An object has its own.

    Raises:
        UnknownNameError: If no optimizer bears the name.
        GraphError: If it does not go step by step, or its rate waits for a plateau.

    >>> from types import SimpleNamespace
    >>> settings = SimpleNamespace(learning_rate_init=0.25, momentum=0.5, nesterovs_momentum=False)
    >>> rule_asked("sgd", settings)[0].momentum, rule_asked("rmsprop", settings)[1]
    (0.5, 0.25)
    """
    found: Any = optimizers.optimizer(spec)
    if not found.by_steps:
        raise GraphError("L-BFGS is a solver, and no optimizer that goes step by step: write solver='lbfgs'.")
    if isinstance(spec, str):
        found = _as_set(found, spec.lower(), settings)
    if plateau(found.learning_rate) is not None:
        raise GraphError(
            "cr.ReduceOnPlateau is for Network.fit; an estimator lowers its rate where the loss no longer falls with "
            "learning_rate='adaptive', whatever the optimizer."
        )
    return rate_apart(found)


def _as_set(found: Any, name: str, settings: Any) -> Any:
    """Return an optimizer with the settings of an estimator."""
    given = {"learning_rate": float(settings.learning_rate_init)}
    given |= {
        each.name: float(getattr(settings, each.name))
        for each in fields(found)
        if each.name in SHARED and hasattr(settings, each.name)
    }
    if name == "sgd":
        given["nesterov"] = bool(settings.nesterovs_momentum and given["momentum"])
    return replace(found, **given)
