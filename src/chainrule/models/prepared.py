"""A table made ready for a network: which rows are for what, and what those to learn from tell of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.cells import MISSING
from chainrule.data.columns import CategoryColumn, Columns, describe_columns, encode, fit_columns
from chainrule.data.labels import encode_target
from chainrule.data.splitting import FEWEST_ROWS, split
from chainrule.data.target import Target, alike_classes, describe_target, target_of
from chainrule.data.written import texts_of, written_of
from chainrule.models.base import Ready, Rows
from chainrule.models.options import Options
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.dropout import Dropout
from chainrule.shown import counted
from chainrule.train.network import Network

VALIDATION_FRACTION = 0.15
_OUTPUTS = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}


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


@dataclass(frozen=True)
class Prepared:
    """What the rows to learn from, and those that say when to stop, tell of a table.

    Attributes:
        columns: Of its columns.
        target: Of what is predicted.
        notes: Sentences that the owner of the table should know.
    """

    columns: Columns
    target: Target
    notes: tuple[str, ...]


def rows_for(frame: pd.DataFrame, target: Target, options: Options) -> tuple[Rows, tuple[str, ...]]:
    """Return which rows are for what, and sentences about it; ``target`` is what all of them tell."""
    by_class = target.columns[0] if target.task in {"binary", "multiclass"} else None
    light = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    if by_class is not None:
        light[by_class] = pd.Series(
            texts_of(frame[by_class]).to_numpy(), dtype=object
        )  # any text, half a letter too
    training, test, notes = split(
        light, test_fraction=options.test_fraction, seed=options.seed, stratify=by_class
    )
    fraction = VALIDATION_FRACTION if len(training) >= 4 * FEWEST_ROWS else 0.0
    # another seed, or the same rows of each class would be drawn again
    learn, validation, _ = split(training, test_fraction=fraction, seed=options.seed + 1, stratify=by_class)
    return Rows(*(np.asarray(part.index, np.intp) for part in (learn, validation, test))), notes


def prepare(
    frame: pd.DataFrame, whole: Target, notes: Sequence[str], rows: Rows, options: Options
) -> Ready[Prepared]:
    """Make a table ready, of which all rows have their targets.

    Args:
        frame: The table.
        whole: What all rows tell of the target: they decide the task, and those of the test tell no more.
        notes: Sentences about the table.
        rows: Which of them are for what.
        options: The choices.
    """
    training = frame.iloc[np.sort(np.concatenate([rows.learn, rows.validation]))]
    target = target_of(training, whole.columns, whole.task)
    columns = fit_columns(training.drop(columns=list(target.columns)))
    decided = _decided(options, target, len(rows.learn))
    every = *notes, *alike_classes(target), *columns.notes

    def arrays(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        part = frame.iloc[positions]
        return encode(columns, part), encode_target(target, part)

    about = describe_target(target), describe_columns(columns), *every, _plan(columns, target, rows, decided)
    return Ready(
        Prepared(columns, target, every),
        decided,
        partial(network_for, columns, target, decided),
        arrays(rows.learn),
        arrays(rows.validation) if len(rows.validation) else None,
        arrays(rows.test) if len(rows.test) else None,
        setting_for(len(rows.learn)).patience,
        guess_of(target),
        about,
    )


def _decided(options: Options, target: Target, rows: int) -> Options:
    """Return the choices with what is usual for a table where nothing was chosen."""
    usual = setting_for(rows)
    share = 0.0 if target.task == "regression" else 0.2
    return replace(
        options,
        target=target.columns,
        hidden=usual.hidden if options.hidden is None else options.hidden,
        batch_size=options.batch_size or usual.batch_size,
        dropout=share if options.dropout is None else options.dropout,
    )


def network_for(columns: Columns, target: Target, options: Options) -> Network:
    """Return the network that suits a table, untrained."""
    layers: list[Layer] = []
    for width in options.hidden or ():
        layers += [Dense(width, "relu"), *([Dropout(options.dropout)] if options.dropout else [])]
    layers = [*layers, Dense(target.width, _OUTPUTS[target.task])]
    return Network(layers, input_shape=(columns.width,), seed=options.seed, engine=options.engine)


def guess_of(target: Target) -> float:
    """Return the cost of what is the same in every row: the mean, which is 0 here, or the shares of the classes.

    >>> round(guess_of(Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5))), 3)
    0.693
    """
    if target.task == "regression":
        return 1.0
    shares = np.clip(target.shares, 1e-7, 1 - 1e-7)
    no = (1 - shares) * np.log(1 - shares) if target.task == "multilabel" else 0.0
    return float(-(shares * np.log(shares) + no).sum()) / (len(shares) if target.task == "multilabel" else 1)


def _plan(columns: Columns, target: Target, rows: Rows, options: Options) -> str:
    units = [str(width) for width in options.hidden or ()]
    layers = "a hidden layer" if len(units) == 1 else "hidden layers"
    hidden = f"{layers} of {' and '.join(units)} unit{'s' * (units != ['1'])}" if units else "no hidden layer"
    counts = {"to learn from": rows.learn, "to know when to stop": rows.validation, "for the test": rows.test}
    told = ", ".join(f"{len(part):,} {what}" for what, part in counts.items() if len(part))
    return (
        f"Network: {counted(columns.width, 'input')}, {hidden}, {counted(target.width, 'output')} "
        f"({_OUTPUTS[target.task]}). Rows: {told}."
    )


def words_for_nothing(table: pd.DataFrame, columns: Columns, target: Target) -> dict[str, Sequence[str]]:
    """Return what the reader of the table was told, and where a usual word for nothing is a category or class."""
    known: dict[str, Sequence[Any]] = {
        each.name: each.categories for each in columns.columns if isinstance(each, CategoryColumn)
    }
    known |= dict.fromkeys(target.columns, target.classes)
    usual = {
        name: tuple(word for word in MISSING if word not in names)
        for name, names in known.items()
        if any(word in names for word in MISSING)
    }
    told = dict(written_of(table).missing)
    return told if "" in told else usual | told
