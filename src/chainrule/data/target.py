"""The target: what is to be predicted, and which task that makes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.cells import floats, kind_of, stripped, text_of
from chainrule.data.scaling import mean_and_std
from chainrule.data.words import check_columns, checked_table, counted, listed
from chainrule.errors import DataError, FileFormatError, unknown_name

Task = Literal["regression", "binary", "multiclass", "multilabel"]
Label = str | int | float | bool

MOST_WHOLE_CLASSES = 20


@dataclass(frozen=True)
class Target:
    """What is to be predicted, learned from the training rows.

    ``task`` is "regression", "binary", "multiclass" or "multilabel". ``classes`` are the labels in the order
    of the encoding; those of "multilabel" are the two that every column knows, no and yes. ``shares`` is the
    share of each class in training, for "multilabel" that of yes in each column. ``mean`` and ``std`` have an
    entry for each column of numbers.
    """

    task: Task
    columns: tuple[str, ...]
    classes: tuple[Label, ...] = ()
    shares: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def width(self) -> int:
        """The number of outputs that a network needs: one, one for each class, or one for each column."""
        return {"binary": 1, "multiclass": len(self.classes)}.get(self.task, len(self.columns))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, to the last bit."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, data: Any) -> "Target":
        """Return the target that :meth:`to_dict` wrote; anything else raises FileFormatError."""
        found: Target = plain.record(cls, data, "target")
        columns, classes = len(found.columns), len(found.classes)
        whole = {
            "regression": columns == len(found.mean) == len(found.std) and all(found.std),
            "binary": columns == 1 and classes == 2 == len(found.shares),
            "multiclass": columns == 1 and classes == len(found.shares) > 1,
            "multilabel": columns == len(found.shares) and classes == 2,
        }[found.task]
        if not whole or not columns:
            raise FileFormatError(f"target: its columns, classes and scales do not make a {found.task}.")
        return found


def fit_target(frame: pd.DataFrame, columns: str | Sequence[str], task: str | None = None) -> Target:
    """Learn from the training rows what is to be predicted, and decide the task.

    One column of texts, of truth values, or of few whole numbers (at most 20, each in 3 rows on average, or
    two) holds classes, any other column of numbers is for regression. Several columns that share two labels
    are "multilabel", other columns of numbers a regression with several outputs. ``task`` decides otherwise:
    "regression", "classification" (binary or multiclass), "binary", "multiclass" or "multilabel". Rows
    without a target are passed over.

    Raises :class:`~chainrule.errors.DataError` where nothing can be learned (a single class, a number that
    never changes, no value at all, an infinite one) or the task does not fit, and
    :class:`~chainrule.errors.UnknownNameError` for an unknown column or task.

    >>> table = pd.DataFrame({"kind": ["a", "b", "a", "c", "b", "c"]})
    >>> target = fit_target(table, "kind")
    >>> target.task, target.classes, target.width
    ('multiclass', ('a', 'b', 'c'), 3)
    """
    names = target_columns(frame, columns)
    frame, _ = drop_rows_without_target(frame, names)
    task = task or _task_of(frame, names)
    match task:
        case "regression":
            scales = [_scale(frame[name]) for name in names]
            return Target(
                "regression", names, mean=tuple(m for m, _ in scales), std=tuple(s for _, s in scales)
            )
        case "multilabel":
            return _fit_labels(frame, names)
        case "classification" | "binary" | "multiclass" if len(names) == 1:
            return _fit_classes(frame[names[0]], task)
        case "classification":
            return _fit_labels(frame, names)
        case "binary" | "multiclass":
            raise DataError(
                f"The task {task!r} has one target column; {len(names)} were named: {listed(names)}."
            )
    raise unknown_name("task", task, ["regression", "classification", "binary", "multiclass", "multilabel"])


def drop_rows_without_target(
    frame: pd.DataFrame, columns: str | Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that have all their targets, and a sentence about the others if there are any.

    Raises :class:`~chainrule.errors.DataError` if no row is left.

    >>> table = pd.DataFrame({"x": [1, 2], "kind": ["a", None]})
    >>> drop_rows_without_target(table, "kind")[1]
    ("Left out of training: 1 row of 2 without a value in 'kind'.",)
    """
    names = target_columns(frame, columns)
    frame = checked_table(frame)
    has_all = np.all([stripped(frame[name]).notna() for name in names], axis=0)
    if not has_all.any():
        raise DataError(f"No row has a value in {_quoted(names)}; there is nothing to learn.")
    lost = counted(int((~has_all).sum()), "row")
    note = f"Left out of training: {lost} of {len(frame):,} without a value in {_quoted(names)}."
    return frame[has_all], () if has_all.all() else (note,)


def target_columns(frame: pd.DataFrame, columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the target columns, all of which the table has."""
    names = (columns,) if isinstance(columns, str) else tuple(map(str, columns))
    if not names:
        raise DataError("No target column was named; name the column that is to be predicted.")
    check_columns(checked_table(frame), names)
    return tuple(dict.fromkeys(names))


def describe_target(target: Target) -> str:
    """Say in a sentence what is to be predicted.

    >>> print(describe_target(fit_target(pd.DataFrame({"kind": ["a", "b", "c"] * 3}), "kind")))
    Target 'kind': 3 classes (a, b, c), multi-class classification.
    """
    several = len(target.columns) > 1
    subject = f"Target{'s' if several else ''} {_quoted(target.columns)}"
    what = f"{counted(len(target.classes), 'class', 'classes')} ({listed(target.classes)})"
    match target.task:
        case "regression" if several:
            return f"{subject}: numbers, regression with {len(target.columns)} outputs."
        case "regression":
            return (
                f"{subject}: a number (mean {target.mean[0]:.6g}, standard deviation {target.std[0]:.6g}), "
                "regression."
            )
        case "binary":
            return (
                f"{subject}: {what}, binary classification; the network gives the probability of "
                f"{target.classes[1]!r}."
            )
        case "multilabel":
            no, yes = target.classes
            count = counted(len(target.columns), "label")
            return f"{subject}: {count}, each {no} or {yes}, multi-label classification."
    numbers = any(isinstance(label, int | float) for label in target.classes)
    hint = (
        " Whole numbers are read as classes; the task 'regression' reads them as quantities."
        if numbers
        else ""
    )
    return f"{subject}: {what}, multi-class classification.{hint}"


def _quoted(names: Iterable[str]) -> str:
    return listed(map(repr, names))


def _task_of(frame: pd.DataFrame, names: tuple[str, ...]) -> str:
    numbers = all(kind_of(frame[name]) == "number" for name in names)
    if len(names) == 1:
        return "regression" if numbers and not _few_whole(floats(frame[names[0]])) else "classification"
    if len(_classes(frame[list(names)])) == 2:
        return "multilabel"
    if numbers:
        return "regression"
    raise DataError(
        f"The targets {_quoted(names)} are neither all numbers nor labels with the same two values.\n"
        "Train a network for each of them."
    )


def _few_whole(values: np.ndarray) -> bool:
    distinct = np.unique(values)
    most = max(2, min(MOST_WHOLE_CLASSES, len(values) // 3))
    return bool((distinct % 1 == 0).all()) and len(distinct) <= most


def _scale(cells: pd.Series) -> tuple[float, float]:
    values = floats(cells)
    if (values == values[0]).all():
        raise DataError(
            f"Target {cells.name!r} is {values[0]:g} in {counted(len(values), 'row')}, that is in every one; "
            "there is nothing to learn.\nChoose another target, or add rows."
        )
    return mean_and_std(values, str(cells.name))


def _classes(frame: pd.DataFrame) -> dict[str, Label]:
    """Return the labels in all columns, in order, by their text."""
    labels = {text_of(value): _label(value) for name in frame for value in stripped(frame[name]).unique()}
    # numbers by size, then texts by letter
    return dict(sorted(labels.items(), key=lambda item: (isinstance(item[1], str), item[1])))


def _label(value: Any) -> Label:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # whole numbers become floats where a column has gaps
    return value if isinstance(value, bool | int | float) else str(value).strip()


def _fit_classes(cells: pd.Series, task: str) -> Target:
    name, rows = str(cells.name), len(cells)
    if kind_of(cells) == "number":
        floats(cells)  # refuses what is infinite
    classes = _classes(cells.to_frame())
    labels = list(classes.values())
    if len(labels) == 1:
        raise DataError(
            f"Target {name!r} has a single class, {labels[0]!r}, in {counted(rows, 'row')}; "
            "there is nothing to tell apart.\nChoose another target, or add rows of another class."
        )
    if len(classes) > max(20, rows / 2) or 2 < len(classes) == rows:
        raise DataError(
            f"Target {name!r} has {len(classes):,} different values in {counted(rows, 'row')}, too many "
            f"to be classes (such as {listed(map(repr, labels))}).\n"
            "Choose another target, or the task 'regression' for a number."
        )
    if task == "binary" and len(classes) != 2:
        raise DataError(
            f"The task 'binary' has two classes; target {name!r} has {len(classes)}: {listed(labels)}.\n"
            "Choose the task 'multiclass'."
        )
    counts = cells.map(text_of).value_counts()
    shares = tuple(float(counts[text]) / rows for text in classes)
    kind: Task = "binary" if len(classes) == 2 and task != "multiclass" else "multiclass"
    return Target(kind, (name,), tuple(labels), shares)


def _fit_labels(frame: pd.DataFrame, names: tuple[str, ...]) -> Target:
    classes = _classes(frame[list(names)])
    if len(classes) != 2:
        raise DataError(
            f"The task 'multilabel' has columns of two values, such as 0 and 1; {_quoted(names)} have "
            f"{len(classes)}: {listed(map(repr, classes.values()))}.\n"
            "Name the columns of labels only, or train a network for each target."
        )
    yes = list(classes)[1]
    shares = tuple(float((stripped(frame[name]).map(text_of) == yes).mean()) for name in names)
    return Target("multilabel", names, tuple(classes.values()), shares)
