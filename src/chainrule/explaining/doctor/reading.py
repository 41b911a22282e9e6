"""What a user has, as a case: rows as arrays, settings as objects, splits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.explaining.doctor.blueprints import blueprint_of, with_settings
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.jobs import Job, job_of
from chainrule.explaining.doctor.scoring import task_of
from chainrule.explaining.doctor.splitting import Split, groups_of, kinds_of, splits
from chainrule.explaining.doctor.work import BUDGET, of_example, of_step, of_training
from chainrule.nn import losses
from chainrule.nn.reading import output_kind
from chainrule.train import frames, validation
from chainrule.train.network import Network
from chainrule.train.sequences import ragged
from chainrule.train.taking import shape_of, take
from chainrule.train.targets import loss_of

SEEDS, FEWEST_SEEDS = 6, 3
OF_BUDGET = 0.2  # the share of all work that the training, done again, may take
LEAST, MOST, MOST_NUMBERS = 300, 8_000, 2_000_000  # rows, and numbers in them, that trials look at
FEW = 12  # kinds of rows: with fewer none are held back, for each is a case of its own
COPIES = 0.5  # of the rows differ at least, where equal ones are copies; else they are what there is to draw


def case_of(
    network: Network,
    X: Any,
    y: Any,
    history: Any = None,
    job: Mapping[str, Any] | None = None,
    work: float = BUDGET,
) -> Case:
    """Return the case of a training.

    Args:
        network: As in :func:`diagnose`, like all that follow.
        X: The rows.
        y: Their targets.
        history: Of the training.
        job: The arguments of ``fit``.
        work: How much trials may take, in billionths of a second: what is large is looked at in part.

    Raises:
        DataError: If rows or targets cannot be read.
    """
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
            held = held_of(network, settings.validation_data)
        except Exception as error:  # frames, lists, iterators ... anything may stand there
            notes.append(f"validation_data was not examined: {error}")
    architecture = network._programs.architecture
    if architecture.carried:
        notes.append("States that go on from batch to batch begin anew in each batch of what was tried.")
    output = architecture.output
    units = int(output.shape[-1]) if output.ndim > 1 else 1
    loss = losses.describe_loss(loss_of(architecture, settings.loss))
    task = task_of(targets, units, output_kind(architecture), loss)
    blueprint = blueprint_of(network)
    if architecture.carried:
        blueprint = blueprint.each(lambda layer: with_settings(layer, stateful=False))
    return Case(
        blueprint,
        inputs,
        targets,
        settings,
        task,
        splits_of(inputs, targets, task, network.seed, *_share_of(work, network, settings, inputs, rows)),
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


def held_of(network: Network, data: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the inputs and targets of ``validation_data``."""
    tables, targets = tables_of(network, data[0]), targets_of(data[1])
    rows = {len(table) for table in tables.values()}
    if rows != {len(targets)} or not len(targets):
        raise DataError(f"It holds {max(rows)} rows and {len(targets)} targets.")
    return tables, targets


def targets_of(y: Any) -> np.ndarray:
    """Return targets as an array of numbers."""
    lists = ragged(y, "y")
    array = np.asarray(y) if lists is None else lists.padded(int(lists.lengths.max()), 0)
    if array.dtype.kind == "O":
        array = array.astype(np.float64)  # or this is a ValueError
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind not in "fiu" or not array.ndim:
        raise DataError(f"y holds {short(y)}, and no numbers.")
    return array


def _share_of(
    work: float, network: Network, job: Job, inputs: Mapping[str, np.ndarray], rows: int
) -> tuple[int, int]:
    """Return how many rows trials look at, and how many seeds a change is tried with."""
    numbers = sum(int(np.prod(t.shape[1:], dtype=np.int64)) for t in inputs.values())
    example, step = of_example(network._programs.architecture), of_step(network._programs.architecture)
    batch = rows if job.batch_size is None else int(job.batch_size)
    all_rows = of_training(example, step, rows, batch, job.epochs)
    steps = of_training(0.0, step, rows, batch, job.epochs)  # what is left however few rows there are
    each = OF_BUDGET * work
    seeds = int(np.clip(each // max(all_rows, 1.0), FEWEST_SEEDS, SEEDS))
    share = (each / seeds - steps) / max(all_rows - steps, 1.0)
    return int(
        max(min(LEAST, rows), min(MOST, MOST_NUMBERS // max(numbers, 1), rows * min(share, 1.0)))
    ), seeds


def splits_of(
    inputs: Mapping[str, np.ndarray],
    y: np.ndarray,
    task: str,
    seed: int,
    most: int = MOST,
    seeds: int = SEEDS,
) -> tuple[Split, ...]:
    """Return which rows trials learn from, and which judge them.

    Args:
        inputs: The rows.
        y: Their targets.
        task: What they are.
        seed: Decides which.
        most: How many rows there are at most.
        seeds: How many splits.
    """
    rows = len(y)
    groups = groups_of(list(inputs.values()))
    different = int(groups.max()) + 1
    if different < FEW:
        every = np.arange(rows)
        return tuple([Split(every, every)] * seeds)
    if different < COPIES * rows:
        groups = np.arange(rows)
    return splits(groups, None if task == "numbers" else kinds_of(y), seeds, seed, most)
