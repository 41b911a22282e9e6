"""What goes on inside a network: the slopes of its units, the size of its weights, its gradients by layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import default_initializers, has_initializers
from chainrule.nn.activations import activation, activation_name
from chainrule.nn.layers.recurrent import SimpleRNN
from chainrule.nn.reading import seen_inside
from chainrule.train.network import Network

FAR = 60.0  # where an activation shows whether it has an end
FLAT = 0.02  # of its greatest slope: below, nothing is learned through a unit
LEFT = 0.01  # the share of examples for which a unit that is dead may still have a slope
NEARLY_ALL = 0.9


@dataclass(frozen=True, eq=False)
class Units:
    """The units of one use of a layer.

    Attributes:
        label: What the layer is called: "dense_1".
        kind: "rectifying" where the activation has an end below alone, "bounded" where it has two, else "open".
        slopes: Of each example and unit the slope of the activation, as a share of the greatest there is.
        hidden: Whether other layers follow.
    """

    label: str
    kind: str
    slopes: np.ndarray
    hidden: bool

    @property
    def dead(self) -> float:
        """The share of units that have no slope for any example, as rectifying ones may."""
        return float(np.mean(np.mean(self.slopes > FLAT, axis=0) < LEFT))

    @property
    def stuck(self) -> float:
        """The share of units that have no slope for nine of ten examples."""
        return float(np.mean(np.mean(self.slopes < FLAT, axis=0) > NEARLY_ALL))

    @property
    def flat(self) -> float:
        """The share of all units and examples without a slope."""
        return float(np.mean(self.slopes < FLAT))


def rms(array: Any) -> float:
    """Return the root of the mean square, 0 for nothing."""
    found = np.asarray(array, np.float64)
    return float(np.sqrt(np.mean(found * found))) if found.size else 0.0


def kind_of(function: Callable[..., Any]) -> tuple[str, float]:
    """Return of what kind an activation is, and its greatest slope from -10 to 10."""
    z = np.linspace(-10, 10, 4001)
    with np.errstate(all="ignore"):
        values = np.asarray(function(z), np.float64)
        slopes = np.abs(np.gradient(values, z))
        steepest = float(np.nanmax(slopes))
        ends = np.asarray(function(np.array([-FAR, -FAR / 2, FAR / 2, FAR])), np.float64)
    if not np.isfinite(steepest) or steepest == 0:
        return "open", 0.0
    flat = [abs(ends[1] - ends[0]) < FLAT * steepest, abs(ends[3] - ends[2]) < FLAT * steepest]
    kind = "bounded" if all(flat) else "rectifying" if any(flat) else "open"
    return kind, steepest


def units_of(case: Case, network: Network) -> list[Units]:
    """Return the units of each layer of a network that ends in an activation, those of softmax left out."""
    architecture = network._programs.architecture
    values = case.activations(network)
    names = {node: name for name, (node, _) in seen_inside(architecture).items()}
    found = []
    for label, call in architecture.calls.items():
        given = getattr(call.layer, "activation", None)
        given = None if given is not None and activation_name(given) == "softmax" else given
        after = values.get(names.get(architecture.outputs[label], ""))
        if given is None or after is None or not after.size:
            continue
        before = values.get(names.get(call.parts["Z"], "")) if "Z" in call.parts else None
        slopes, kind = _slopes(activation(given), before, after, isinstance(call.layer, SimpleRNN))
        if slopes is not None:
            last = architecture.outputs[label] is architecture.output
            found.append(Units(label, kind, slopes.reshape(-1, slopes.shape[-1]), not last))
    return found


def _slopes(
    function: Callable[..., Any], before: np.ndarray | None, after: np.ndarray, recurrent: bool
) -> tuple[np.ndarray | None, str]:
    """Return the slopes of units, as shares of the greatest, and of what kind they are; None where none are known."""
    try:
        if recurrent:  # nothing is kept of what goes in, but an S tells its slope by what comes out
            kind, _ = kind_of(function)
            low, high = (float(end) for end in np.asarray(function(np.array([-FAR, FAR]))))
            return (
                (4 * (after - low) * (high - after) / (high - low) ** 2, kind)
                if kind == "bounded"
                else (None, "")
            )
        if before is None or before.shape != after.shape or before.shape[-1:] == ():
            return None, ""
        kind, steepest = kind_of(function)
        if not steepest or not np.allclose(
            function(before[:2]), after[:2], atol=1e-3, rtol=1e-2, equal_nan=True
        ):
            return None, ""
        z, step = np.asarray(before, np.float64), 1e-3
        with np.errstate(all="ignore"):
            slopes = np.abs(np.asarray(function(z + step)) - np.asarray(function(z - step))) / (2 * step)
        return np.nan_to_num(slopes / steepest, nan=0.0), kind
    except (ChainruleError, TypeError, ValueError, AttributeError):  # a function of nodes alone
        return None, ""


def weights_of(network: Network) -> dict[str, np.ndarray]:
    """Return the weights of a network: its parameters that have units, biases left out."""
    architecture = network._programs.architecture
    roles = {name: getattr(node.meaning, "role", "") for name, node in architecture.parameters.items()}
    return {
        name: np.asarray(value, np.float64)
        for name, value in dict(network.parameters).items()
        if np.ndim(value) > 1 and roles.get(name, "W") != "b"
    }


def hidden_weights(network: Network) -> dict[str, np.ndarray]:
    """Return the weights of all layers but the last one."""
    found = weights_of(network)
    return dict(list(found.items())[:-1])


def sizes(network: Network, usual: Network) -> dict[str, float]:
    """Return how many times as large the weights of a network are as those that are usual, by name."""
    theirs = weights_of(usual)
    return {
        name: rms(w) / rms(theirs[name])
        for name, w in weights_of(network).items()
        if name in theirs and rms(theirs[name]) and np.isfinite(w).all()
    }


def alike(network: Network, tolerance: float = 1e-5) -> dict[str, float]:
    """Return the hidden weights whose units are all the same, by name, and the number that their first one holds."""
    found = {}
    for name, w in hidden_weights(network).items():
        flat = w.reshape(-1, w.shape[-1])
        if flat.shape[1] > 1 and np.ptp(flat, axis=1).max() <= tolerance * np.abs(flat).max():
            found[name] = float(flat.flat[0])
    return found


def trained_again(case: Case) -> Network | None:
    """Return a network of the training done again, beside which what was set by hand stands out; None if none came."""
    return next((o.network for o in case.outcomes if not o.failed), None)


def oversized(case: Case, most: float = 2.5) -> bool:
    """Say whether weights begin far larger than their layers draw them by default."""
    usual = default_initializers().make(case).fresh
    return has_initializers(case) and max(sizes(case.fresh, usual).values(), default=1.0) > most
