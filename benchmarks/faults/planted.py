"""What a run of the doctor's bench is: made from a seed, with the causes that were planted in it."""

import contextlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr


@dataclass(frozen=True)
class Run:
    """A training as its user has it: what ``cr.diagnose`` is given.

    Attributes:
        network: As trained.
        X: The rows to learn from.
        y: Their targets.
        history: What ``fit`` returned; None where it raised.
        job: The arguments that ``fit`` was given.
    """

    network: cr.Network
    X: Any
    y: Any
    history: cr.History | None
    job: dict[str, Any]


@dataclass(frozen=True)
class Planted:
    """A run of the bench.

    Attributes:
        name: What it is called in tables.
        causes: What is right as the first verdict: one, or those of two faults at once, or of two names for one
            fault; none where the run is healthy.
        make: The run, by its seed.
    """

    name: str
    causes: tuple[str, ...]
    make: Callable[[int], Run]


def trained(
    layers: Any,
    X: Any,
    y: Any,
    job: Mapping[str, Any],
    seed: int,
    begin: Callable[[str, np.ndarray], np.ndarray] | None = None,
    **network: Any,
) -> Run:
    """Train a network as its user would, and keep what there is even where training broke off.

    Args:
        layers: Of the network.
        X: The rows to learn from.
        y: Their targets.
        job: The arguments of ``fit``.
        seed: Of the network.
        begin: What each parameter begins with, by its name and what the initializer made of it.
        **network: Other arguments of the network, such as ``input_shape``.
    """
    if begin is not None:
        network.setdefault("input_shape", np.shape(X)[1:])
    made = cr.Network(layers, seed=seed, **network)
    if begin is not None:
        for name in list(made.parameters):
            made.parameters[name] = begin(name, np.array(made.parameters[name]))
    history = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(cr.ChainruleError):
            history = made.fit(X, y, **job)
    return Run(made, X, y, history, dict(job))


def halves(X: np.ndarray, y: np.ndarray, seed: int, share: float = 0.75) -> Sequence[Any]:
    """Return shuffled rows to learn from and to validate: X, y, (X, y)."""
    order = np.random.default_rng(seed).permutation(len(X))
    cut = int(share * len(X))
    first, rest = order[:cut], order[cut:]
    return X[first], y[first], (X[rest], y[rest])
