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
class Embedding:
    """A row of numbers for each whole number: E (vocabulary, units).

    Attributes:
        vocabulary: How many whole numbers there are.
        units: How many numbers each becomes.
    """

    vocabulary: int
    units: int


@dataclass(frozen=True)
class Recurrence:
    """Units that see all of them a step before: W (features, gates * units), U (units, gates * units) and biases.

    The gates are i, f, g and o in an "lstm", which has one bias; in a "gru" update, reset and new, where biases of x
    and of h are two, and reset weighs h after its product with U.

    Attributes:
        kind: "lstm" or "gru".
        units: How many.
        whole: Whether what they are at every step goes on, and not the last step alone.
    """

    kind: str
    units: int
    whole: bool = False


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


Layer: TypeAlias = (
    Dense | Convolution | Embedding | Recurrence | Norm | Activation | MaxPool | MeanOverPlaces | Flatten
)
GATES = {"lstm": 4, "gru": 3}


@dataclass(frozen=True)
class Stack:
    """Layers of any kind.

    Attributes:
        shape: Of an example: (features,), (time,) of whole numbers, (time, channels) or (height, width, channels).
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
    if isinstance(layer, Embedding):
        return (*shape, layer.units)
    *places, channels = shape
    match layer:
        case Dense(units):
            return (*places, units)
        case Convolution(filters, kernel, stride, padding):
            extents = zip(places, kernel, strict=True)
            return (*((n + 2 * padding - k) // stride + 1 for n, k in extents), filters)
        case Recurrence(_, units, whole):
            return (*places, units) if whole else (units,)
        case MaxPool():
            return (*(n // 2 for n in places), channels)
        case MeanOverPlaces():
            return (channels,)
        case Flatten():
            return (prod(shape),)
    return shape


@dataclass(frozen=True)
class Weight:
    """An array that examples are multiplied by, or rows are taken from.

    Attributes:
        shape: Its shape.
        times: At how many places of an example it is multiplied by; 0 where rows are taken.
        biased: Whether a bias goes with it.
    """

    shape: Shape
    times: int
    biased: bool = True


def weights(network: Network) -> list[Weight]:
    """Return the weights of each layer that has some, in the order in which they are used."""
    found: list[Weight] = []
    around = shapes(network)
    for layer, before, behind in zip(network.layers, around, around[1:], strict=False):
        match layer:
            case Dense(units):
                found.append(Weight((before[-1], units), prod(behind[:-1])))
            case Convolution(filters, kernel):
                found.append(Weight((*kernel, before[-1], filters), prod(behind[:-1])))
            case Embedding(vocabulary, units):
                found.append(Weight((vocabulary, units), 0, biased=False))
            case Recurrence(kind, units):
                time, features = before
                wide = GATES[kind] * units
                found += [Weight((features, wide), time), Weight((units, wide), time, kind == "gru")]
    return found


def products(network: Network) -> list[int]:
    """Return how many multiply-adds an example takes with each array of weights."""
    return [prod(W.shape) * W.times for W in weights(network)]


def recurs(network: Network) -> bool:
    """Return whether a layer goes from step to step."""
    return any(isinstance(layer, Recurrence) for layer in network.layers)


def convolves(network: Network) -> bool:
    """Return whether a layer is a convolution."""
    return any(isinstance(layer, Convolution) for layer in network.layers)


def normed(network: Network) -> list[int]:
    """Return how many features or channels each normalization has."""
    return [
        s[-1] for s, layer in zip(shapes(network), network.layers, strict=False) if isinstance(layer, Norm)
    ]


def parameters(network: Network) -> int:
    """Return how many numbers are learned."""
    sizes = [prod(W.shape) + W.biased * W.shape[-1] for W in weights(network)]
    return sum(sizes) + 2 * sum(normed(network))
