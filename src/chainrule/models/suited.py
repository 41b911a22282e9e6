"""The network that suits a table: what was chosen of it, and what the recipe, or else what is usual, adds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.columns import Columns
from chainrule.data.target import Target
from chainrule.doors import late
from chainrule.models.options import USUAL_EPOCHS, USUAL_RATE, Options, Training
from chainrule.models.plan import OUTPUTS
from chainrule.models.recipe import DECAY, recipe_for
from chainrule.nn.layers.base import MOST_NUMBERS, Layer
from chainrule.nn.layers.dense import Activation, Dense
from chainrule.nn.layers.dropout import Dropout
from chainrule.nn.layers.normalization import BatchNormalization
from chainrule.nn.room import check_trained
from chainrule.train.network import Network
from chainrule.train.optimizers import AdamW, Optimizer
from chainrule.train.schedules import Cosine

if TYPE_CHECKING:
    from chainrule.nn.binning import bin_edges
    from chainrule.nn.layers.encoding import PiecewiseLinearEncoding
else:  # for which nobody waits whose numbers have no bins
    bin_edges = late("chainrule.nn.binning:bin_edges")
    PiecewiseLinearEncoding = late("chainrule.nn.layers.encoding:PiecewiseLinearEncoding")


@dataclass(frozen=True)
class Setting:
    """What suits a table: hidden layers, batch size, and for how many epochs to wait for a better one."""

    hidden: tuple[int, ...]
    batch_size: int
    patience: int


def setting_for(rows: int) -> Setting:
    """Return what suits a table with so many rows to learn from.

    Small tables are learned by heart by large networks; large ones give better gradients in larger batches.

    >>> setting_for(120), setting_for(30_000).hidden
    (Setting(hidden=(32, 16), batch_size=32, patience=20), (64, 32))
    """
    if rows <= 1_000:
        return Setting((32, 16), batch_size=32, patience=20)
    return Setting((64, 32), batch_size=32 if rows <= 5_000 else 128, patience=20 if rows <= 5_000 else 10)


def decide(options: Options, target: Target, rows: int, columns: int = 0) -> Options:
    """Return the choices with what the recipe says, or what is usual for a table, where nothing was chosen.

    ``columns`` is how many features hold more than two values.
    """
    if options.recipe:
        found = recipe_for(rows, columns, target.task)
        said: dict[str, Any] = {**vars(found), "activation": "relu"}
    else:
        usual = setting_for(rows)
        said = {
            "hidden": usual.hidden, "batch_size": usual.batch_size, "activation": "relu", "bins": 0,
            "dropout": 0.0 if target.task == "regression" else 0.2,
            "epochs": USUAL_EPOCHS, "learning_rate": USUAL_RATE,
        }  # fmt: skip
    chosen = {name: value for name in said if (value := getattr(options, name)) is not None}
    return replace(options, target=target.columns, **{**said, **chosen})


def several_values(features: np.ndarray) -> int:
    """Return how many features hold more than two values."""
    return int(sum(_has_several(column) for column in features.T))


def _has_several(column: np.ndarray) -> bool:
    low, high = column.min(initial=np.inf), column.max(initial=-np.inf)
    return bool(((column > low) & (column < high)).any())


def edges_of(features: np.ndarray, bins: int) -> tuple[tuple[float, ...], ...]:
    """Return the edges of the bins of each feature; none of one that holds two values, or where no bins are wanted."""
    if not bins:
        return ((),) * features.shape[1]
    found = bin_edges(features, bins)
    return tuple(each if _has_several(column) else () for each, column in zip(found, features.T, strict=True))


def check_room(inputs: int, target: Target, options: Options) -> None:
    """Raise, before all the work, if the network that was chosen cannot be trained in this machine's memory."""
    sizes = [a * b for a, b in pairwise([inputs, *(options.hidden or ()), target.width])]
    weights = 4 * sum(sizes)  # float32
    if max(sizes) <= MOST_NUMBERS:  # a layer that is larger says so by its name
        check_trained(weights, 2 * weights)  # of Adam


def network_for(
    columns: Columns, target: Target, edges: Sequence[tuple[float, ...]], options: Options
) -> Network:
    """Return the network that suits a table, untrained."""
    check_room(columns.width, target, options)
    layers: list[Layer] = [PiecewiseLinearEncoding(tuple(edges))] if options.bins and any(edges) else []
    for width in options.hidden or ():
        if options.batch_norm:
            layers += [Dense(width), BatchNormalization(), Activation(options.activation or "relu")]
        else:
            layers += [Dense(width, options.activation or "relu")]
        layers += [Dropout(options.dropout)] if options.dropout else []
    layers = [*layers, Dense(target.width, OUTPUTS[target.task])]
    return Network(layers, input_shape=(columns.width,), seed=options.seed, engine=options.engine)


def falling(options: Training) -> Optimizer:
    """Return the optimizer of the recipe, whose rate falls over the run."""
    return AdamW(Cosine(options.learning_rate or USUAL_RATE), weight_decay=DECAY, clip_norm=options.clip_norm)
