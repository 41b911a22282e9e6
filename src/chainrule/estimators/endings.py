"""The network of an estimator: made of what the user gave, with a last layer that suits what is predicted."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, short
from chainrule.estimators.wanted import Wanted
from chainrule.graph.shapes import show
from chainrule.nn import losses
from chainrule.nn.alike import chain_of
from chainrule.nn.architecture import Architecture
from chainrule.nn.callables import apply
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Activation, Dense
from chainrule.nn.reading import output_kind
from chainrule.shown import cut
from chainrule.train.classes import is_share
from chainrule.train.network import Network
from chainrule.train.targets import loss_of

USUAL_UNITS = 100  # of the one hidden layer where none is given, as in scikit-learn
ACTIVATIONS: dict[str, str | None] = {"classes": "softmax", "labels": "sigmoid", "numbers": None}


def network_for(
    given: Any,
    shape: tuple[int, ...],
    wanted: Wanted,
    dtype: str | None,
    engine: str,
    seed: int | None,
    usual: str = "float64",
) -> Network:
    """Return the network that is to learn, which knows the shape of its input.

    Args:
        given: What the user gave: layers, a network, a function that makes either, or None.
        shape: That of one example.
        wanted: What is predicted.
        dtype: What it computes in; that of the network that was given if None, or the usual one.
        engine: What it computes on; of a network that was given that one's, where this is "auto".
        seed: Fixes what it draws; that of the network that was given if None.
        usual: What one computes in that is not given.
    """
    if callable(given) and not isinstance(given, Network | Layer | type):
        inputs = shape[0] if len(shape) == 1 else shape
        given = apply("the function that makes a network", given, inputs=inputs, outputs=wanted.units)
        if given is None:
            raise DataError(
                "The function that makes a network returned None: end it with 'return' and a list of layers, or a "
                "cr.Network."
            )
    if isinstance(given, Network):
        return _as_given(given, shape, wanted, dtype, engine, seed)
    layers: Any = [Dense(USUAL_UNITS, "relu")] if given is None else given
    if isinstance(layers, Layer):
        layers = [layers]
    if not isinstance(layers, list | tuple):
        raise DataError(
            "network is a list of layers, a cr.Network, or a function (inputs, outputs) that returns either; found "
            f"{short(given)}."
        )
    found = dtype or usual
    layers = ended(layers, shape, wanted, found)
    return Network(layers, input_shape=shape, dtype=found, engine=engine, seed=seed)


def _as_given(
    given: Network, shape: tuple[int, ...], wanted: Wanted, dtype: str | None, engine: str, seed: int | None
) -> Network:
    """Return a network like the one that was given: its numbers, where it has them, are what a fit begins with."""
    if dtype not in (None, given.dtype):
        raise DataError(f"dtype is {dtype!r}, and the network computes in {given.dtype}. Leave dtype out.")
    engine = given.engine if engine == "auto" else engine
    seed = given.seed if seed is None else seed
    try:
        made = given.architecture
    except GraphError:  # it has seen no data
        layers = ended(given.layers, shape, wanted, given.dtype)
        return Network(layers, input_shape=shape, dtype=given.dtype, engine=engine, seed=seed)
    if wrong := _misfit(made, wanted):
        raise GraphError(f"The network {wrong}")
    network = copy.deepcopy(given)
    network.engine, network.seed = engine, seed
    return network


def ended(layers: Sequence[Layer], shape: tuple[int, ...], wanted: Wanted, dtype: str) -> list[Layer]:
    """Return layers that end as what is predicted wants: a last one is added where it is left out.

    The last layer is there where it gives a number for each output, or ends in a softmax, or in a sigmoid of one unit.
    A ``Dense`` without activation is no hidden layer: of classes its sums get the activation that they lack.
    """
    layers = list(layers)
    suits = "sigmoid" if wanted.units == 1 and wanted.kind == "classes" else ACTIVATIONS[wanted.kind]
    if not layers:  # nothing between: a linear model
        return [Dense(wanted.units, suits)]
    made = chain_of(layers, shape, dtype)
    if made.output.ndim != 2:
        raise GraphError(
            f"The layers give {show(made.output.shape)}, and an estimator predicts a row for each example. Put "
            "cr.Flatten() behind them, or cr.GlobalAveragePooling2D() and the like, or let the last recurrent layer "
            "return its last step only."
        )
    kind, units, last = output_kind(made), int(made.output.shape[1]), layers[-1]
    bare = isinstance(last, Dense) and kind == "identity"
    if bare and wanted.kind != "numbers" and units in (wanted.units, wanted.count):
        return [*layers, Activation("softmax" if wanted.kind == "classes" and units > 1 else "sigmoid")]
    ends = isinstance(last, Dense | Activation)
    one_for_each = ends and units == wanted.units and (wanted.kind == "numbers" or _gives_shares(made))
    if bare or kind == "softmax" or one_for_each or (ends and units == 1 and _gives_shares(made)):
        if wrong := _misfit(made, wanted):
            hidden = f" A hidden layer has an activation: Dense({units}, 'relu')." if bare else ""
            raise GraphError(
                f"The last layer, {cut(repr(last), 60)}, {wrong} Or leave it out: the one that suits is added.{hidden}"
            )
        return layers
    return [*layers, Dense(wanted.units, suits)]


def _gives_shares(made: Architecture) -> bool:
    return output_kind(made) == "sigmoid" or is_share(made.output)


def _misfit(made: Architecture, wanted: Wanted) -> str:
    """Return why what a network puts out is not what is predicted, and what would be; "" where it is."""
    output, kind = made.output, output_kind(made)
    units = int(output.shape[1]) if output.ndim == 2 else 0
    one_of = kind == "softmax" and units == wanted.count
    two = wanted.count == 2 and units == 1 and _gives_shares(made) and kind != "softmax"
    fits = {
        "classes": one_of or two,
        "labels": units == wanted.count and _gives_shares(made) and kind != "softmax",
        "numbers": units == wanted.count,
    }[wanted.kind]
    if fits:
        return ""
    gives = f"puts out {show(output.shape)}" + (f" of '{kind}'" if kind not in ("", "identity") else "")
    what = {
        "classes": f"Dense({wanted.count}, 'softmax')"
        + (" or Dense(1, 'sigmoid')" if wanted.count == 2 else ""),
        "labels": f"Dense({wanted.count}, 'sigmoid')",
        "numbers": f"Dense({wanted.count})",
    }[wanted.kind]
    return f"{gives}, and y has {wanted}: end with {what}."


def targets_for(network: Network, loss: Any, wanted: Wanted, y: np.ndarray) -> np.ndarray:
    """Return y as the network's loss compares it: the number of a class, or a row with a 1 in its place."""
    made = network.architecture
    if wanted.kind == "classes" and output_kind(made) == "softmax":
        name = losses.describe_loss(loss_of(made, loss))
        if losses.targets_of(name) != "labels":
            return np.eye(wanted.count)[y]
    return y


def loss_for(network: Network, loss: Any, wanted: Wanted) -> Any:
    """Return the loss that is meant: of numbers the squared error, whatever the network ends in."""
    if loss is not None or wanted.kind != "numbers":
        return loss
    return losses.default_loss(output_kind(network.architecture), "regression")
