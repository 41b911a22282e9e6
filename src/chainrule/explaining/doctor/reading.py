"""What a user has, as a case: rows as arrays, settings as objects, splits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, DataError, GraphError, short
from chainrule.explaining.doctor.blueprints import blueprint_of
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.jobs import job_of
from chainrule.explaining.doctor.scoring import task_of
from chainrule.explaining.doctor.splitting import MOST, MOST_NUMBERS, Split, groups_of, kinds_of, splits
from chainrule.nn import losses
from chainrule.nn.reading import output_kind
from chainrule.train import frames, validation
from chainrule.train.network import Network
from chainrule.train.taking import shape_of, take
from chainrule.train.targets import loss_of

SEEDS = 3
FEW = 12  # kinds of rows: with fewer none are held back, for each is a case of its own
COPIES = 0.5  # of the rows differ at least, where equal ones are copies; else they are what there is to draw


def case_of(network: Any, X: Any, y: Any, history: Any = None, job: Mapping[str, Any] | None = None) -> Case:
    """Return the case of a training.

    Raises:
        GraphError: If there is no network.
        DataError: If rows or targets cannot be read.
    """
    if not isinstance(network, Network):
        raise GraphError(f"diagnose looks at a cr.Network as it was trained; found {short(network)}.")
    if job is not None and not isinstance(job, Mapping):
        raise DataError(f"job is a dict of the arguments that fit was given; found {short(job)}.")
    if network._made is None:  # nothing was ever fitted: look at one that is built for these rows
        built = Network(
            network._layers, input_shape=shape_of(X, network._layers), dtype=network.dtype, seed=network.seed
        )
        built.loss, network = network.loss, built
    settings = job_of(network, history, job)
    notes: list[str] = []
    inputs = tables_of(network, X)
    targets = targets_of(y)
    rows = len(next(iter(inputs.values())))
    if rows != len(targets):
        raise DataError(f"X has {rows} rows and y has {len(targets)}. Each example needs its target.")
    if rows < 2:
        raise DataError("There are fewer than two rows, of which nothing can be said.")
    held = None
    if settings.validation_data is not None:
        try:
            held = tables_of(network, settings.validation_data[0]), targets_of(settings.validation_data[1])
        except (ChainruleError, ValueError, TypeError, IndexError, KeyError) as error:
            notes.append(f"validation_data was not examined: {error}")
    architecture = network._programs.architecture
    output = architecture.output
    units = int(output.shape[-1]) if output.ndim > 1 else 1
    loss = losses.describe_loss(loss_of(architecture, settings.loss))
    task = task_of(targets, units, output_kind(architecture), loss)
    return Case(
        blueprint_of(network),
        inputs,
        targets,
        settings,
        task,
        splits_of(inputs, targets, task, network.seed),
        network,
        history,
        held,
        {name: tuple(called) for name, called in network.columns.items()},
        notes=tuple(notes),
    )


def tables_of(network: Network, X: Any) -> dict[str, np.ndarray]:
    """Return an array for each input of a network: as they came where they are numbers, padded where they are lists."""
    nodes = network._programs.architecture.inputs
    taken = take(network._programs, X, network.columns).arrays
    given = validation.by_input(X, nodes)
    found = {}
    for (name, _), cast in zip(nodes.items(), taken, strict=True):
        part = (
            frames.by_name(given[name], network.columns.get(name, ()), name)
            if network.columns
            else given[name]
        )
        try:
            raw = np.asarray(part)
        except ValueError:  # rows of different lengths
            raw = np.zeros(0)
        if raw.shape != cast.shape or raw.dtype.kind not in "fiub":
            raw = cast
        found[name] = np.asarray(raw, np.float64 if raw.dtype.kind in "fb" else raw.dtype)
        if found[name].dtype.kind in "iu" and cast.dtype.kind == "f":
            found[name] = found[name].astype(np.float64)
    return found


def targets_of(y: Any) -> np.ndarray:
    """Return targets as an array of numbers."""
    array = np.asarray(y)
    if array.dtype.kind == "O":
        array = array.astype(np.float64)
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind not in "fiu" or not array.ndim:
        raise DataError(f"y holds {short(y)}, and no numbers.")
    return array


def splits_of(inputs: Mapping[str, np.ndarray], y: np.ndarray, task: str, seed: int) -> tuple[Split, ...]:
    """Return which rows trials learn from, and which judge them."""
    tables = list(inputs.values())
    rows = len(y)
    groups = groups_of(tables)
    different = int(groups.max()) + 1
    if different < FEW:
        every = np.arange(rows)
        return tuple([Split(every, every)] * SEEDS)
    if different < COPIES * rows:
        groups = np.arange(rows)
    numbers = sum(int(np.prod(t.shape[1:], dtype=np.int64)) for t in tables)
    most = max(200, min(MOST, MOST_NUMBERS // max(numbers, 1)))
    return splits(groups, None if task == "numbers" else kinds_of(y), SEEDS, seed, most)
