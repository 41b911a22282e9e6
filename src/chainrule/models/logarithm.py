"""What is predicted as its logarithm: what a network learns instead of amounts that differ by magnitudes."""

from dataclasses import dataclass

import numpy as np

from chainrule.data.labels import in_units
from chainrule.data.target import Target
from chainrule.models.recipe import has_logarithm
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Activation
from chainrule.nn.layers.scaling import Clip, Rescaling
from chainrule.train.network import Network


@dataclass(frozen=True)
class Logarithm:
    """What networks learn instead of a number: its logarithm, standardised, of one column.

    Attributes:
        mean: That of the logarithms.
        std: Their standard deviation.
        low: The least of them.
        high: The largest.
    """

    mean: float
    std: float
    low: float
    high: float

    def learned(self, target: Target, y: np.ndarray) -> np.ndarray:
        """Return what networks learn, of encoded targets of shape (rows, 1)."""
        return (np.log(in_units(target, y)) - self.mean) / self.std

    def said(self, target: Target, outputs: np.ndarray) -> np.ndarray:
        """Return the outputs of networks, shape (..., rows, 1), as they would be without the logarithm."""
        numbers = np.exp(np.clip(outputs.astype(np.float64) * self.std + self.mean, self.low, self.high))
        return np.asarray((numbers - target.mean[0]) / target.std[0])

    def layers(self, target: Target) -> list[Layer]:
        """Return the layers that do so."""
        mean, std = target.mean[0], target.std[0]
        return [
            Rescaling(self.std, self.mean),
            Clip(self.low, self.high),
            Activation("exponential"),
            Rescaling(1 / std, -mean / std),
        ]


def logarithm_of(target: Target, y: np.ndarray) -> Logarithm | None:
    """Return the logarithm of what is predicted, where it is worth a trial."""
    if target.task != "regression" or target.width > 1 or not has_logarithm(numbers := in_units(target, y)):
        return None
    logs = np.log(numbers)
    return Logarithm(float(logs.mean()), float(logs.std()), float(logs.min()), float(logs.max()))


def said_plainly(network: Network, target: Target, logarithm: Logarithm | None) -> Network:
    """Return a network that has learned a logarithm as one that says the number."""
    if logarithm is None:
        return network
    inputs = network.inputs["x"].shape[1:]
    plain = Network([*network.layers, *logarithm.layers(target)], input_shape=inputs, seed=network.seed)
    for ours, learned in ((plain.parameters, network.parameters), (plain.statistics, network.statistics)):
        for name in learned:
            ours[name] = learned[name]
    return plain
