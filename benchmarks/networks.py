"""Networks as data, which every peer builds in its own words: layers in a row, without the last activation."""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Dense:
    """Units, each of which takes all features: W (features, units) and b."""

    units: int


@dataclass(frozen=True)
class Convolution:
    """Filters over places: W (*kernel, channels, filters) and b.

    Attributes:
        filters: How many.
        kernel: Their extents, one for each axis of places.
        stride: How far one place is from the next, on every axis.
        padding: How many zeros lie around, on every side.
    """

    filters: int
    kernel: Shape
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class Norm:
    """Batch normalization of each feature, or channel: gamma and beta."""


@dataclass(frozen=True)
class Activation:
    """Tanh, sigmoid or relu."""

    name: str


@dataclass(frozen=True)
class MaxPool:
    """The largest of each two places, of each two by two in pictures; what is left over at the end is left out."""


@dataclass(frozen=True)
class MeanOverPlaces:
    """The mean of each channel."""


@dataclass(frozen=True)
class Flatten:
    """All numbers in a row, channels next to each other."""


Layer: TypeAlias = Dense | Convolution | Norm | Activation | MaxPool | MeanOverPlaces | Flatten


@dataclass(frozen=True)
class Stack:
    """Layers of any kind.

    Attributes:
        shape: Of an example: (features,), (time, channels) or (height, width, channels).
        layers: One after the other.
    """

    shape: Shape
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Perceptron:
    """Dense layers with one kind of activation between them: what peers have that know no other layers.

    Attributes:
        sizes: Inputs, the units of each hidden layer, outputs.
        hidden: The activation of the hidden layers.
        normalized: Whether batch normalization stands before each of these.
    """

    sizes: Shape
    hidden: str
    normalized: bool = False

    @property
    def shape(self) -> Shape:
        """The shape of an example."""
        return self.sizes[:1]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The same as layers."""
        norm = [Norm()] if self.normalized else []
        hidden = [layer for n in self.sizes[1:-1] for layer in (Dense(n), *norm, Activation(self.hidden))]
        return (*hidden, Dense(self.sizes[-1]))


Network: TypeAlias = Stack | Perceptron


def shapes(network: Network) -> list[Shape]:
    """Return the shape of an example before each layer, and after the last."""
    return list(accumulate(network.layers, after, initial=network.shape))


def after(shape: Shape, layer: Layer) -> Shape:
    """Return the shape of an example after a layer."""
    *places, channels = shape
    match layer:
        case Dense(units):
            return (*places, units)
        case Convolution(filters, kernel, stride, padding):
            extents = zip(places, kernel, strict=True)
            return (*((n + 2 * padding - k) // stride + 1 for n, k in extents), filters)
        case MaxPool():
            return (*(n // 2 for n in places), channels)
        case MeanOverPlaces():
            return (channels,)
        case Flatten():
            return (prod(shape),)
    return shape


def weights(network: Network) -> list[Shape]:
    """Return the shape of the W of each layer that has one."""
    found: list[Shape] = []
    for layer, shape in zip(network.layers, shapes(network), strict=False):
        if isinstance(layer, Dense):
            found.append((shape[-1], layer.units))
        elif isinstance(layer, Convolution):
            found.append((*layer.kernel, shape[-1], layer.filters))
    return found


def products(network: Network) -> list[int]:
    """Return how many multiply-adds an example takes in each layer that has weights."""
    sizes = [s for s, layer in zip(shapes(network)[1:], network.layers, strict=True) if weighs(layer)]
    return [prod(W) * prod(size[:-1]) for W, size in zip(weights(network), sizes, strict=True)]


def weighs(layer: Layer) -> bool:
    """Return whether a layer has W and b."""
    return isinstance(layer, Dense | Convolution)


def normed(network: Network) -> list[int]:
    """Return how many features or channels each normalization has."""
    return [
        s[-1] for s, layer in zip(shapes(network), network.layers, strict=False) if isinstance(layer, Norm)
    ]


def parameters(network: Network) -> int:
    """Return how many numbers are learned."""
    return sum(prod(W) + W[-1] for W in weights(network)) + 2 * sum(normed(network))
