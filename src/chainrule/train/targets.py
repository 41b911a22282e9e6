"""What a network is to learn: which loss, and the targets as that takes them."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, short
from chainrule.graph.evaluate import Arrays
from chainrule.nn import activations, losses
from chainrule.nn.architecture import Architecture
from chainrule.nn.reading import output_kind
from chainrule.train import metrics, store, validation, weights
from chainrule.train.classes import is_share
from chainrule.train.objective import Examples, Objective, lasting, objective
from chainrule.train.programs import Programs
from chainrule.train.sequences import by_step, steps_of
from chainrule.train.taking import Taken

# After which of our activations a loss finds the probabilities it compares, the usual one first.
PROBABILITIES: dict[str, tuple[Callable[..., Any], ...]] = {
    "probabilities": (activations.sigmoid, activations.softmax, activations.step),
    "labels": (activations.softmax,),
}


@dataclass(frozen=True)
class Given:
    """What a verb of a network was given.

    Attributes:
        taken: What the network looks at.
        y: The targets as they came, their columns in the order that the network knows.
        weight: The weights of the examples as they came, or None.
        y_called: What the user calls the targets.
        weight_called: What the user calls the weights.
    """

    taken: Taken
    y: Any
    weight: Any
    y_called: str
    weight_called: str

    @property
    def inputs(self) -> Arrays:
        """An array for each input, checked and cast."""
        return self.taken.arrays

    @property
    def programs(self) -> Programs:
        """The network, for sequences of these lengths."""
        return self.taken.programs

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.inputs[0])


def loss_of(architecture: Architecture, loss: Any) -> Any:
    """Return the loss that is meant: a given one, or what suits the activation that the network ends with."""
    if isinstance(loss, store.Missing):
        name = loss.name.rpartition(".")[2]
        raise DataError(
            f"This network was trained with your own loss '{name}', and files hold no code. "
            f"Give it: loss={name}, or cr.load(path, custom={{'{name}': {name}}})."
        )
    if isinstance(loss, Mapping | list | tuple):
        raise GraphError(
            f"A network has one output so far, and one loss; found {short(loss)}. For a sum of several write a "
            "function of nodes: lambda y, p: cr.mse(y, p) + 0.1 * cr.mae(y, p)."
        )
    return losses.default_loss(output_kind(architecture)) if loss is None else loss


def classifies(architecture: Architecture, loss: Any) -> bool:
    """Say whether the targets of a loss are classes or probabilities."""
    return losses.of_classes(losses.describe_loss(loss_of(architecture, loss)))


def prepare(given: Given, loss: Any, watched: Any = (), class_weight: Any = None) -> Examples:
    """Return the objective that suits what was given, and its table, checked; settings are those of ``fit``."""
    programs, called = given.programs, given.y_called
    architecture, counts = programs.architecture, given.taken.counts()
    steps = steps_of(architecture)
    spec = loss_of(architecture, loss)
    name, function = losses.describe_loss(spec), losses.loss(spec)
    _check_output(architecture, name)
    kind, output = losses.targets_of(name), architecture.output
    softmax = kind == "labels" or output_kind(architecture) == "softmax"
    found = metrics.resolve(watched, softmax)
    own = given.taken.own(given.taken.looking.architecture.mask)
    y = by_step(given.y, architecture, own, counts, kind, called)
    target = validation.targets(y, architecture, given.rows, kind, called)
    for watched_name, metric in found.items():
        _check_metric(architecture, watched_name, metric, softmax)
        if kind != "labels" and metric.compares in ("classes", "probabilities"):
            validation.check_classes(target, y, called, watched_name)
    table, wide, factors = [*given.inputs, target], False, {}
    if class_weight is not None:
        if kind == "counts" or (kind == "numbers" and lasting(spec) and not is_share(output)):
            raise DataError(
                f"class_weight weighs classes, and the loss '{name}' of this network is one of numbers. Weigh its "
                "examples with sample_weight, or end it with 'sigmoid' or 'softmax'."
            )
        classes = max(2, int(output.shape[-1]) if output.ndim > 1 else 1)
        every = np.ones((given.rows, steps), bool) if steps is not None else None
        each_step = counts if counts is not None else every
        factors["class_weight"] = weights.class_weights(class_weight, target, classes, each_step)
    if given.weight is not None:
        factors[given.weight_called] = weights.weights(
            given.weight, given.rows, steps, own, counts, given.weight_called
        )
    if counts is not None:
        factors = weights.of_steps(factors, counts)
    if factors:
        each, wide = weights.scaled(factors, output.dtype)
        table.append(each)

    frozen, weighed = architecture.frozen, table[-1].shape[1:] if factors else None

    def make(known: Hashable = None) -> Objective:
        shape, dtype = target.shape[1:], target.dtype
        return objective(
            architecture, function, name, shape, dtype, found, weighed, wide, softmax, frozen, known
        )

    if not all(map(lasting, (function, *found.values()))):
        return make(), table
    key = (function, tuple(found.items()), target.shape[1:], target.dtype, weighed, wide, frozen)
    known = (architecture.structure, key) if architecture.structure is not None else None
    return programs.objectives.get(key, lambda: make(known)), table


def _check_output(architecture: Architecture, loss_name: str) -> None:
    output, kind = architecture.output, output_kind(architecture)
    if kind == "softmax" and output.shape[-1] == 1:
        raise GraphError(
            "A softmax over one unit is always 1, so there is nothing to learn. "
            "For two classes end the network with Dense(1, 'sigmoid') or Dense(2, 'softmax')."
        )
    if losses.targets_of(loss_name) == "labels" and output.shape[-1] == 1:
        raise GraphError(
            f"{loss_name} compares several classes, and this network has one output. "
            "For two classes use 'binary_crossentropy', or give the last layer a unit for each class."
        )
    _check_probabilities(architecture, loss_name, PROBABILITIES.get(losses.targets_of(loss_name), ()))


def _check_metric(architecture: Architecture, name: str, metric: metrics.Watched, softmax: bool) -> None:
    """Raise where a metric makes no sense of what the network puts out."""
    if metric.compares == "probabilities" and not softmax:
        _check_probabilities(architecture, name, PROBABILITIES["probabilities"])
    if metric.compares == "numbers" and softmax:
        raise DataError(
            f"The metric '{name}' compares numbers, and this network gives the probabilities of classes. Watch "
            "'accuracy', 'f1' or 'log_loss'."
        )


def _check_probabilities(architecture: Architecture, name: str, wanted: tuple[Any, ...]) -> None:
    kind = output_kind(architecture)
    if wanted and kind in activations.ACTIVATIONS and activations.ACTIVATIONS[kind] not in wanted:
        usual = activations.activation_name(wanted[0])
        raise GraphError(
            f"{name} compares probabilities, and this network ends with the activation '{kind}', "
            f"which makes none. End it with '{usual}': logits as large as ±1000 do no harm."
        )
