"""What ``fit`` was asked for, as the doctor reads it: settings as objects, defaults where nothing was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.train.callbacks import EarlyStopping
from chainrule.train.network import Network
from chainrule.train.optimizers import optimizer as find_optimizer

DEFAULTS: dict[str, Any] = {
    "loss": None, "optimizer": "adam", "batch_size": 32, "epochs": 100, "class_weight": None, "sample_weight": None,
    "callbacks": (), "shuffle": True, "tol": None, "validation_data": None, "validation_split": 0.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Job:
    """The settings of a fit.

    Attributes:
        loss: As given; None for what suits the last activation.
        optimizer: An object.
        batch_size: Examples a step; None for all.
        epochs: How often all are seen.
        class_weight: As in ``fit``.
        sample_weight: A weight for each row, or None.
        stopping: The ``EarlyStopping`` among the callbacks, or None; no other is called in trials.
        shuffle: Whether each epoch sees the examples in a new order.
        tol: As in ``fit``.
        validation_data: As given, or None.
        validation_split: As given.
        known: The names of those that were given, and not filled in by default.
    """

    loss: Any
    optimizer: Any
    batch_size: int | None
    epochs: int
    class_weight: Any
    sample_weight: Any
    stopping: EarlyStopping | None
    shuffle: bool
    tol: float | None
    validation_data: Any
    validation_split: float
    known: frozenset[str] = field(default_factory=frozenset)


def job_of(network: Network, history: Any, given: Mapping[str, Any] | None) -> Job:
    """Return the settings of a fit: those given, else what the network and the history tell, else the defaults."""
    told = dict(given or {})
    if "optimizer" not in told and network._method is not None:
        told["optimizer"] = network._method
    if "epochs" not in told and history is not None and history.epochs:
        told["epochs"] = history.epochs
    if told.get("loss") is None:
        told["loss"] = network.loss
    known = frozenset(name for name in (given or {}) if name in DEFAULTS)
    settings = {name: told.get(name, default) for name, default in DEFAULTS.items()}
    callbacks = settings.pop("callbacks")
    every = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    stopping = next((c for c in every if isinstance(c, EarlyStopping)), None)
    settings["optimizer"] = find_optimizer(settings["optimizer"])
    settings["shuffle"] = bool(settings["shuffle"]) if isinstance(settings["shuffle"], bool | int) else True
    settings["validation_split"] = settings["validation_split"] or 0.0
    return Job(**settings, stopping=stopping, known=known)
