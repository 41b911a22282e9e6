"""A table made ready for a network: which rows are for what, and what those to learn from tell of its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.belonging import NOTHING_TOGETHER, Belonging, belonging_of
from chainrule.data.categories import CategoryColumn
from chainrule.data.cells import MISSING
from chainrule.data.columns import (
    Columns,
    describe_columns,
    encode,
    fit_columns,
    news,
    plan_lines,
    wrong_cells,
)
from chainrule.data.labels import encode_target
from chainrule.data.splitting import about_rare_classes, strata_of
from chainrule.data.target import (
    Target,
    alike_classes,
    describe_target,
    drop_rows_without_target,
    target_columns,
    target_of,
    told_by,
)
from chainrule.data.together import found_together
from chainrule.data.told import Told
from chainrule.data.words import apart, checked_table, listed
from chainrule.data.written import texts_of, written_of
from chainrule.errors import DataError
from chainrule.models.base import Ready
from chainrule.models.conformal import Distances
from chainrule.models.options import Options
from chainrule.models.rows import Rows, by_fold, divided, named_in, told
from chainrule.models.weighing import check_choices, class_weights, watching, weights_of
from chainrule.nn.layers.base import MOST_NUMBERS, Layer
from chainrule.nn.layers.dense import Activation, Dense
from chainrule.nn.layers.dropout import Dropout
from chainrule.nn.layers.normalization import BatchNormalization
from chainrule.nn.room import check_trained
from chainrule.shown import counted
from chainrule.train.network import Network

TEST_FRACTION = 0.2
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
        settled: How the thresholds of the target were found, in words.
        measured: How far the network was off, in rows that it did not learn from: of numbers only.
    """

    columns: Columns
    target: Target
    notes: tuple[str, ...]
    settled: str = ""
    measured: Distances | None = None


@dataclass(frozen=True, eq=False)
class Sorted:
    """The rows of a table that have all their targets, and which of them are for what.

    Attributes:
        frame: Those rows.
        target: What all of them tell of the target: they decide the task and its classes.
        rows: Which are learned from, say when to stop, and judge.
        folds: The same for each fold.
        judges: Rows of a table of their own that judge; then none of the frame do.
        belonging: Which of them belong together.
        notes: Sentences about them.
    """

    frame: pd.DataFrame
    target: Target
    rows: Rows
    folds: tuple[Rows, ...]
    judges: pd.DataFrame | None
    belonging: Belonging
    notes: tuple[str, ...]


def sort_rows(
    frame: pd.DataFrame, options: Options, judges: pd.DataFrame | None = None
) -> tuple[Sorted, Options]:
    """Decide which rows of a table are for what; returns the choices with the target and the share of the test.

    Args:
        frame: The table.
        options: The choices, the target among them.
        judges: Rows of a table of their own, which judge.
    """
    frame = checked_table(frame)
    written = written_of(frame).notes
    frame, dropped = drop_rows_without_target(frame, options.target)
    said = {name: named_in(frame, getattr(options, name)) for name in ("group", "time_order")}
    frame, belonging, about = belonging_of(frame, **said)
    whole = target_of(frame, target_columns(frame, options.target), options.task)
    check_choices(whole, options.metric, options.class_weight, options.threshold)
    corrected: dict[str, Any] = {
        each.name: apart(getattr(options, each.name), frame.columns) for each in fields(Told)
    }
    if belonging == NOTHING_TOGETHER:
        taken = [name for each in ("keep", "numbers", "categories", "dates") for name in corrected[each]]
        open_ = {name: getattr(options, name) is None for name in said}
        group, time_order, seen = found_together(frame, whole, taken, open_["group"], open_["time_order"])
        frame, belonging, about = belonging_of(frame, group, time_order)
        about = (*filter(None, [seen]), *about)
        corrected |= {"group": group or options.group, "time_order": time_order or options.time_order}
    fraction = options.test_fraction
    if fraction is None:
        fraction = 0.0 if options.folds or judges is not None else TEST_FRACTION
    if fraction and judges is not None:
        raise DataError(
            f"test_fraction={fraction:g} holds back rows for the test, and there are rows of their own that judge: "
            "give one of the two."
        )
    strata, rare = _strata(whole, frame, belonging, 2 if fraction or not options.folds else options.folds)
    rows = divided(strata, belonging, fraction, options.seed)
    among = np.sort(np.concatenate([rows.learn, rows.validation]))
    folds = (
        by_fold(strata_of(whole, frame), belonging, among, options.folds, options.seed)
        if options.folds
        else ()
    )
    notes = (
        *written,
        *dropped,
        *about,
        *rare,
        *told(rows, belonging, options.folds),
        *_known_already(frame, judges),
    )
    options = replace(options, target=whole.columns, task=whole.task, test_fraction=fraction, **corrected)
    return Sorted(frame, whole, rows, folds, judges, belonging, notes), options


def _known_already(frame: pd.DataFrame, judges: pd.DataFrame | None) -> tuple[str, ...]:
    """Return a sentence about rows that judge and are learned from too."""
    if judges is None:
        return ()
    names = [name for name in frame if name in judges]
    learned, judging = (
        pd.util.hash_pandas_object(table[names].astype(str), index=False) for table in (frame, judges)
    )
    alike = int(judging.isin(learned).sum())
    if not alike:
        return ()
    return (
        f"{alike:,} of the {counted(len(judges), 'row')} that judge {'is' if alike == 1 else 'are'} among those to "
        "learn from as well: the scores flatter.",
    )


def _strata(
    target: Target, frame: pd.DataFrame, belonging: Belonging, fewest: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what is to have its share in all parts, by number, and a sentence about classes of too few rows."""
    if belonging != NOTHING_TOGETHER:
        return strata_of(target, frame), ()
    if target.task not in {"binary", "multiclass"}:
        return np.zeros(len(frame), np.intp), ()
    labels = texts_of(frame[target.columns[0]])
    return pd.factorize(labels)[0], about_rare_classes(target.columns[0], labels, fewest)


def prepare(whole: Sorted, rows: Rows, options: Options) -> Ready[Prepared]:
    """Make rows of a table ready.

    What is learned of its columns is learned from the rows to learn from, and from those that say when to stop.

    Args:
        whole: The table.
        rows: Which of its rows are for what.
        options: The choices.
    """
    frame = whole.frame
    training = frame.iloc[np.sort(np.concatenate([rows.learn, rows.validation]))]
    target = told_by(whole.target, training)
    columns = fit_columns(training, target, told_in(options), whole.belonging.aside(options.keep))
    decided = decide(options, target, len(rows.learn))
    _check_room(columns.width, target, decided)
    every = *whole.notes, *alike_classes(target), *_never_learned(target), *columns.notes
    by_class, patience = class_weights(target, options.class_weight), setting_for(len(rows.learn)).patience
    validated = len(rows.validation) > 0
    watched, stopping = watching(target, options.metric if validated else (), patience)

    def arrays(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
        return (encode(columns, part), encode_target(target, part)) if len(part) else None

    judges = frame.iloc[rows.test]
    if rows is whole.rows and whole.judges is not None:
        judges = whole.judges
    plan = "\n".join(plan_lines(columns))
    network = _plan(columns, target, decided, rows, len(judges), whole)
    remarks = (
        news if judges is whole.judges else wrong_cells
    )  # of the same table, spellings and dates are no news
    every = *every, *(f"Of the rows that judge: {sentence}" for sentence in remarks(columns, judges))
    return Ready(
        Prepared(columns, target, every),
        decided,
        partial(network_for, columns, target),
        (encode(columns, part := frame.iloc[rows.learn]), encode_target(target, part)),
        _weighed(arrays(frame.iloc[rows.validation]), None if watched else by_class),
        arrays(judges),
        stopping,
        guess_of(target),
        (describe_target(target), plan, describe_columns(columns), *every, network),
        watched,
        by_class,
    )


def _never_learned(target: Target) -> tuple[str, ...]:
    """Return a sentence about classes of which no row is learned from."""
    lost = [label for label, share in zip(target.classes, target.shares, strict=False) if not share]
    if not lost or target.task == "multilabel":
        return ()
    return (
        f"No row to learn from is of {listed(map(repr, lost))}, since all of them judge: nothing is learned of such "
        "rows.",
    )


def told_in(options: Options) -> Told:
    """Return what the choices tell of the columns."""
    return Told(*(getattr(options, each.name) for each in fields(Told)))


def _weighed(arrays: Any, by_class: Mapping[int, float] | None) -> Any:
    """Return arrays, and what each row weighs where that differs: a metric is one of rows as they are."""
    weights = None if arrays is None else weights_of(by_class, arrays[1])
    return arrays if weights is None else (*arrays, weights)


def decide(options: Options, target: Target, rows: int) -> Options:
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


def _check_room(inputs: int, target: Target, options: Options) -> None:
    """Raise, before all the work, if the network that was chosen cannot be trained in this machine's memory."""
    sizes = [a * b for a, b in pairwise([inputs, *(options.hidden or ()), target.width])]
    weights = 4 * sum(sizes)  # float32
    if max(sizes) <= MOST_NUMBERS:  # a layer that is larger says so by its name
        check_trained(weights, 2 * weights)  # of Adam


def network_for(columns: Columns, target: Target, options: Options) -> Network:
    """Return the network that suits a table, untrained."""
    _check_room(columns.width, target, options)
    layers: list[Layer] = []
    for width in options.hidden or ():
        if options.batch_norm:
            layers += [Dense(width), BatchNormalization(), Activation(options.activation)]
        else:
            layers += [Dense(width, options.activation)]
        layers += [Dropout(options.dropout)] if options.dropout else []
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


def _plan(columns: Columns, target: Target, options: Options, rows: Rows, judges: int, whole: Sorted) -> str:
    units = [str(width) for width in options.hidden or ()]
    layers = "a hidden layer" if len(units) == 1 else "hidden layers"
    hidden = f"{layers} of {' and '.join(units)} unit{'s' * (units != ['1'])}" if units else "no hidden layer"
    if units and (options.batch_norm or options.activation != "relu"):
        hidden += f" ({options.activation}{', batch norm' if options.batch_norm else ''})"
    counts = {
        "to learn from": len(rows.learn),
        "to know when to stop": len(rows.validation),
        "for the test": judges,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return (
        f"Network: {counted(columns.width, 'input')}, {hidden}, {counted(target.width, 'output')} "
        f"({_OUTPUTS[target.task]}). Rows: {told}.{_of_folds(whole)}"
    )


def _of_folds(whole: Sorted) -> str:
    folds = whole.folds
    if not folds:
        return ""
    judged = sum(len(rows.test) for rows in folds)
    if whole.belonging.times:
        return f" Folds: {len(folds)}; the {judged:,} rows that judge are later than those that their network saw."
    return f" Folds: {len(folds)}; each of {judged:,} rows judges once, a network that never saw it."


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
