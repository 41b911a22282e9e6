"""The layers of a multi-layer perceptron: hidden ones of any activation, normalized and dropped out where asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.doors import late
from chainrule.errors import DataError, short
from chainrule.nn.activations import activation_name
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Activation, Dense
from chainrule.shown import counted

if TYPE_CHECKING:
    from chainrule.nn.layers.dropout import Dropout
    from chainrule.nn.layers.normalization import BatchNormalization
else:  # what most networks do without
    Dropout = late("chainrule.nn.layers.dropout:Dropout")
    BatchNormalization = late("chainrule.nn.layers.normalization:BatchNormalization")


def hidden_layers(
    sizes: Sequence[int], activation: Any, dropout: Any = 0.0, batch_normalization: bool = False
) -> list[Layer]:
    """Return the hidden layers: ``Dense`` with its activation, and dropout behind it.

    A batch is normalized between the two, as Ioffe & Szegedy (2015) do, so the activation is a layer of its own there.

    Args:
        sizes: How many units each has.
        activation: What all of them have, or a list: one for each.
        dropout: The share of each one's outputs that is dropped, or a list: one for each.
        batch_normalization: Whether their sums are normalized.

    Raises:
        DataError: If a list has another length than sizes.
        UnknownNameError: If no activation bears a name.

    >>> hidden_layers([8, 4], ["tanh", "relu"], dropout=[0.0, 0.5])
    [Dense(8, activation='tanh'), Dense(4, activation='relu'), Dropout(0.5)]
    """
    found: list[Layer] = []
    count = len(sizes)
    for units, each, rate in zip(
        sizes, activations_of(activation, count), rates_of(dropout, count), strict=True
    ):
        if batch_normalization:
            found += [Dense(units), BatchNormalization(), Activation(each)]
        else:
            found.append(Dense(units, each))
        if rate:
            found.append(Dropout(rate))
    return found


def activations_of(activation: Any, count: int) -> list[Any]:
    """Return the activation of each hidden layer.

    >>> activations_of("relu", 2), activations_of(["tanh", "relu"], 2)
    (['relu', 'relu'], ['tanh', 'relu'])
    """
    return _of_each(activation, count, "activation", "an activation")


def rates_of(dropout: Any, count: int) -> list[float]:
    """Return which share of each hidden layer's outputs is dropped.

    >>> rates_of(0.5, 2), rates_of([0, 0.25], 2)
    ([0.5, 0.5], [0.0, 0.25])
    """
    try:
        return [float(rate) for rate in _of_each(dropout, count, "dropout", "a share")]
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"dropout is a share such as 0.2, or a list: one for each hidden layer; found {short(dropout)}."
        ) from None


def first_bounds(activation: Any, widths: Sequence[int]) -> list[float]:
    """Return between -bound and bound of what the weights and biases of each layer are drawn at first.

    The bound is √(6 / (inputs + outputs)), as Glorot & Bengio (2010) have it for tanh; with 2 in the place of 6 where
    the layer's activation is the logistic sigmoid. What the output layer has is that of the last hidden one, and
    that of ``activation`` where there is none: so scikit-learn draws them.

    Args:
        activation: As of :func:`hidden_layers`.
        widths: How many inputs there are, units of each hidden layer, and outputs.

    >>> [round(bound, 3) for bound in first_bounds(["logistic", "relu"], [2, 4, 4, 2])]
    [0.577, 0.866, 1.0]
    """
    hidden = activations_of(activation, len(widths) - 2)
    last = hidden[-1] if hidden else None if isinstance(activation, list | tuple) else activation
    factors = [2.0 if activation_name(each) == "sigmoid" else 6.0 for each in [*hidden, last]]
    pairs = zip(widths, widths[1:], factors, strict=False)
    return [float(np.sqrt(factor / (fan_in + fan_out))) for fan_in, fan_out, factor in pairs]


def first_beside(hidden: Sequence[int], dtype: np.dtype) -> list[np.ndarray]:
    """Return what batch normalization begins with: gamma and beta of each hidden layer, then mean and variance of each.

    >>> [x.tolist() for x in first_beside([1], np.dtype("float64"))]
    [[1.0], [0.0], [0.0], [1.0]]
    """
    learned = [make(units, dtype) for units in hidden for make in (np.ones, np.zeros)]
    return learned + [make(units, dtype) for units in hidden for make in (np.zeros, np.ones)]


def together(
    coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], beside: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return the values of a network in its order: layer by layer, then what its layers keep of the batches.

    Args:
        coefs: The weights of each layer.
        intercepts: The biases of each.
        beside: What normalization has, as :func:`first_beside` orders it; nothing where there is none.

    >>> together(["W1", "W2"], ["b1", "b2"], ["gamma", "beta", "mean", "variance"])
    ['W1', 'b1', 'gamma', 'beta', 'W2', 'b2', 'mean', 'variance']
    """
    half, found = len(beside) // 2, []
    for i, pair in enumerate(zip(coefs, intercepts, strict=True)):
        found += [*pair, *beside[2 * i : min(2 * i + 2, half)]]
    return [*found, *beside[half:]]


def apart(
    values: Sequence[np.ndarray], layers: int, normalized: bool
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return the weights, the biases and what normalization has: what :func:`together` made one.

    >>> apart(["W1", "b1", "gamma", "beta", "W2", "b2", "mean", "variance"], 2, True)
    (['W1', 'W2'], ['b1', 'b2'], ['gamma', 'beta', 'mean', 'variance'])
    """
    each = 4 if normalized else 2
    learned, kept = list(values[: each * (layers - 1) + 2]), list(values[each * (layers - 1) + 2 :])
    between = [x for i in range(0, len(learned), each) for x in learned[i + 2 : i + each]]
    return learned[::each], learned[1::each], [*between, *kept]


def _of_each(value: Any, count: int, name: str, one: str) -> list[Any]:
    """Return what each of so many hidden layers has: the same, or what a list says."""
    if not isinstance(value, list | tuple | np.ndarray):
        return [value] * count
    if len(value) != count:
        raise DataError(
            f"{name} has {counted(len(value), 'entry', 'entries')}, and there {'is' if count == 1 else 'are'} "
            f"{counted(count, 'hidden layer')}. Give {one} for each, or one for all."
        )
    return list(value)
