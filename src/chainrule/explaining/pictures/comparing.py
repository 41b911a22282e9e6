"""Comparisons on the user's own data: networks, or settings of one, trained side by side."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.trainings import EPOCH, MOST_LINES, costs, lines_of, of_each, scale_of
from chainrule.shown import counted
from chainrule.train.kinds import Data
from chainrule.train.many import fit_many
from chainrule.train.network import Network

__all__ = ["compare"]

MOST_SEEDS = 100


@public
def compare(
    networks: Any,
    X: Data,
    y: Any,
    *,
    what: str | None = None,
    seeds: int = 1,
    together: bool = True,
    **settings: Any,
) -> Picture:
    """Train several networks, or one with several settings, on the same examples, and draw their costs.

    They are copies, trained side by side by :func:`fit_many`, from their first weights where they were trained before;
    what is given stays as it is.

    Args:
        networks: Networks by name, which differ in initializers, activations, layers; or one, of which a setting is
            compared.
        X: The examples.
        y: Their targets.
        what: What to draw: "cost", "val_cost", a metric. By default the validation cost where there is one.
        seeds: How many trainings of each, from other first weights: the median and a band are drawn.
        together: Whether the lines stand over each other, or in a panel for each, with axes that are alike.
        **settings: As in :func:`fit_many`: ``epochs``, ``batch_size``, ``optimizer``, ``validation_split`` ... Of one
            network, one of them may be a dict by name: ``optimizer={"SGD": "sgd", "Adam": "adam"}``.

    Returns:
        The picture.

    Raises:
        DataError: If X and y cannot be learned from, or nothing is compared.
        GraphError: If a network is none.
        UnknownNameError: If nothing of that name was recorded.

    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
    >>> rules = {"SGD": cr.SGD(0.1), "momentum": cr.SGD(0.1, momentum=0.9), "Adam": cr.Adam(0.01)}
    >>> picture = cr.pictures.compare(network, X, np.sin(3 * X), optimizer=rules, epochs=60)
    >>> [line.name for line in picture.panels[0].marks]
    ['SGD', 'momentum', 'Adam']
    """
    variants = _variants(networks, settings)
    if isinstance(seeds, bool) or not isinstance(seeds, int) or not 1 <= seeds <= MOST_SEEDS:
        raise DataError(
            f"seeds is how many trainings there are of each, from 1 to {MOST_SEEDS}; found {short(seeds)}."
        )
    made, given = [], []
    for network, own in variants.values():
        for i in range(seeds):
            made.append(_copied(network, i))
            given.append(own)
    each: dict[str, Any] = {name: [own[name] for own in given] for name in given[0]}
    same = {name: value for name, value in settings.items() if name not in each}
    histories = fit_many(made, X, y, **same, **each)
    groups = {name: histories[i * seeds : (i + 1) * seeds] for i, name in enumerate(variants)}
    drawn = what or ("val_cost" if "val_cost" in histories[0] else "cost")
    picture = costs({name: group if seeds > 1 else group[0] for name, group in groups.items()}, drawn)
    title = f"{counted(len(groups), 'variant')}, on the same examples"
    if together:
        return Picture(picture.panels, title, picture.words)
    lines = {name: lines_of(group, drawn, name) for name, group in groups.items()}
    every = [line for several in lines.values() for line in several]
    low, high = float(np.nanmin(np.concatenate(every))), float(np.nanmax(np.concatenate(every)))
    scale = scale_of(*every)
    room = (
        (low * 0.9, high * 1.1) if scale == "log" else (low - 0.05 * (high - low), high + 0.05 * (high - low))
    )
    limits = room if np.isfinite(room).all() and room[0] < room[1] else None
    panels = []
    for i, (name, several) in enumerate(lines.items()):
        marks = of_each({name: several}, first=i % MOST_LINES)
        panels.append(Panel(marks, name, EPOCH, Axis(drawn, scale=scale, limits=limits), legend=False))
    return Picture(panels, title, picture.words)


def _variants(networks: Any, settings: Mapping[str, Any]) -> dict[str, tuple[Network, dict[str, Any]]]:
    """Return what is compared by name: a network, and the settings that are its own."""
    several = {
        name: value
        for name, value in settings.items()
        if isinstance(value, Mapping) and name != "class_weight"
    }
    if isinstance(networks, Mapping):
        if several:
            raise DataError(
                f"Compare networks, or a setting of one: found {counted(len(networks), 'network')} and "
                f"{counted(len(next(iter(several.values()))), 'value')} of {next(iter(several))}."
            )
        found = {str(name): (network, dict[str, Any]()) for name, network in networks.items()}
    else:
        if len(several) != 1:
            raise DataError(
                "One setting of the network is compared, as a dict by name: compare(network, X, y, "
                f"optimizer={{'SGD': 'sgd', 'Adam': 'adam'}}); found {', '.join(several) or 'none'}."
            )
        ((setting, values),) = several.items()
        found = {str(name): (networks, {setting: value}) for name, value in values.items()}
    if not found:
        raise DataError("There is nothing to compare: give networks, or values of a setting, by name.")
    for name, (network, _) in found.items():
        if not isinstance(network, Network):
            raise GraphError(
                f"compare takes networks, one or a dict by name; found {short(network)} for {name!r}."
            )
    return found


def _copied(network: Network, number: int) -> Network:
    """Return a copy that begins anew, from other first weights where it is not the first."""
    made = copy.deepcopy(network)
    if made._made is None:
        made.seed = network.seed + number
    elif number or network.runs:  # what was set by hand stays, what was learned not
        made.initialize(network.seed + number)
    return made
