"""The target: what is to be predicted, and which task that makes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.cells import floats, kind_of, mean_and_std, number_of, numbers_of, read_numbers, text_of
from chainrule.data.dates import dates_in
from chainrule.data.words import check_columns, checked_table, listed, row_name
from chainrule.data.written import as_written, positions_of, reads_as_numbers, stripped, texts_of, written_of
from chainrule.errors import DataError, FileFormatError, unknown_name
from chainrule.names import spelled
from chainrule.shown import brief, counted

Task = Literal["regression", "binary", "multiclass", "multilabel"]
TASKS = (*get_args(Task), "classification")  # what may be asked for
Label = str | int | float | bool

MOST_WHOLE_CLASSES = 20


@dataclass(frozen=True, repr=False)
class Target:
    """What is to be predicted, learned from the training rows. ``model.target`` is one.

    Attributes:
        task: "regression", "binary", "multiclass" or "multilabel".
        columns: The names of the target columns.
        classes: The labels in the order of the encoding; those of "multilabel" are the two that every column knows, no
            and yes.
        shares: The share of each class in training, for "multilabel" that of yes in each column.
        mean: That of each column of numbers.
        std: The standard deviation of each column of numbers.
        thresholds: Above which probability yes is said, of two classes or of each of several labels; () is one half.

    >>> table, target = cr.load_table("iris")
    >>> found = cr.TableModel.train(table, target, epochs=1).target
    >>> found.task, found.classes
    ('multiclass', ('setosa', 'versicolor', 'virginica'))
    """

    task: Task
    columns: tuple[str, ...]
    classes: tuple[Label, ...] = ()
    shares: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()

    __repr__ = brief

    @property
    def width(self) -> int:
        """The number of outputs that a network needs: one, one for each class, or one for each column."""
        return {"binary": 1, "multiclass": len(self.classes)}.get(self.task, len(self.columns))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold, to the last bit."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Any) -> "Target":
        """Return the target that :meth:`to_dict` wrote.

        Args:
            data: What it wrote.

        Returns:
            The same target.

        Raises:
            FileFormatError: If it is anything else.
        """
        found: Target = plain.record(cls, data, "target")
        columns, classes, thresholds = len(found.columns), len(found.classes), found.thresholds
        whole = {
            "regression": columns == len(found.mean) == len(found.std) and all(found.std),
            "binary": columns == 1 and classes == 2 == len(found.shares),
            "multiclass": columns == 1 and classes == len(found.shares) > 1,
            "multilabel": columns == len(found.shares) and classes == 2,
        }[found.task]
        of_yes = found.task in ("binary", "multilabel") and len(thresholds) == found.width
        whole = whole and (not thresholds or (of_yes and all(0 < share < 1 for share in thresholds)))
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
    return target_of(drop_rows_without_target(frame, names)[0], names, task)


def target_of(frame: pd.DataFrame, names: tuple[str, ...], task: str | None) -> Target:
    """Return what :func:`fit_target` does, of rows that have all their targets."""
    task = spelled(task, TASKS) if task else _task_of(frame, names)
    match task:
        case "regression":
            means, stds = zip(*(_scale(frame[name]) for name in names), strict=True)
            return Target("regression", names, mean=means, std=stds)
        case "classification" | "binary" | "multiclass" if len(names) == 1:
            return _apart(_fit_classes(frame[names[0]], task))
        case "classification" | "multilabel":
            return _apart(_fit_labels(frame, names))
        case "binary" | "multiclass":
            raise DataError(
                f"task={task!r} takes one target column; {len(names)} were named: {listed(names)}."
            )
    raise unknown_name("task", task, TASKS)


def told_by(whole: Target, frame: pd.DataFrame) -> Target:
    """Return what some of the rows tell of a target, whose task and classes all rows know.

    Raises :class:`~chainrule.errors.DataError` where they tell nothing apart.

    >>> table = pd.DataFrame({"kind": ["a", "b", "a", "c", "b", "c"]})
    >>> told_by(fit_target(table, "kind"), table[:4]).shares
    (0.5, 0.25, 0.25)
    """
    if whole.task == "regression":
        return target_of(frame, whole.columns, whole.task)
    codes = [positions_of(stripped(frame[name]), whole.classes) for name in whole.columns]
    if whole.task == "multilabel":
        return replace(whole, shares=tuple(float((code == 1).mean()) for code in codes))
    counts = np.bincount(codes[0], minlength=len(whole.classes))
    if (counts > 0).sum() == 1:
        raise DataError(
            f"All {counted(len(frame), 'row')} to learn from are of one class of {_quoted(whole.columns)}, "
            f"{whole.classes[int(counts.argmax())]!r}: the others are all among those that judge.\n"
            "Hold back fewer rows, or other ones."
        )
    return replace(whole, shares=tuple(float(count) / len(frame) for count in counts))


def _apart(target: Target) -> Target:
    """Return a target; one of whose predictions two columns would be called alike is refused."""
    for name in target.columns if target.task == "multilabel" else target.classes:
        if (column := f"probability_{name}") in target.columns:
            raise DataError(
                f"Target {column!r} is called as predictions call the probability of {str(name)!r}, and a column of "
                "theirs would be lost.\nRename it."
            )
    return target


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
    gaps = "".join(f" {sentence}" for sentence in about_gaps(frame, names))
    if not has_all.any():
        raise DataError(
            f"No row has a value in {_quoted(names)}; rows without one are passed over, and none is left.{gaps}"
        )
    lost = counted(int((~has_all).sum()), "row")
    note = f"Left out of training: {lost} of {len(frame):,} without a value in {_quoted(names)}.{gaps}"
    return frame[has_all], () if has_all.all() else (note,)


def about_gaps(frame: pd.DataFrame | pd.Series, names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each column with words that counted as no value, with what to do if one is a class."""
    gaps = {name: words for name in names if (words := written_of(frame).gaps.get(name))}
    return tuple(
        f"In {name!r} {listed(map(repr, words))} {'counts' if len(words) == 1 else 'count'} as no value; if that is a "
        f"class, say with missing={{{name!r}: ('',)}} that only an empty cell has none."
        for name, words in gaps.items()
    )


def target_columns(frame: pd.DataFrame, columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the target columns, all of which the table has."""
    names = (columns,) if isinstance(columns, str) else tuple(map(str, columns))
    numbers = [name for name in columns if not isinstance(name, str)]  # such as a column 0 of pandas
    values = isinstance(columns, np.ndarray) or len({*numbers}) < len(numbers)
    if isinstance(columns, pd.Series) or (numbers and values):
        raise DataError(
            f"The target is the name of a column, or several names; found {len(names)} values. Put them into the "
            "table: table['target'] = y."
        )
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
                f"{target.classes[1]!r}." + (f" {describe_thresholds(target)}" if target.thresholds else "")
            )
        case "multilabel":
            no, yes = target.classes
            count = counted(len(target.columns), "label")
            said = f" {describe_thresholds(target)}" if target.thresholds else ""
            return f"{subject}: {count}, each {no} or {yes}, multi-label classification.{said}"
    texts = pd.Series([str(label) for label in target.classes], dtype=object)
    numbers = read_numbers(texts).notna().any()  # $40,000 too
    hint = " Whole numbers are read as classes; task='regression' reads them as quantities."
    return f"{subject}: {what}, multi-class classification.{hint * bool(numbers)}"


def describe_thresholds(target: Target) -> str:
    """Say above which probability yes is said, where that is not one half.

    >>> describe_thresholds(Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5), thresholds=(0.3,)))
    "'spam' is said above a probability of 0.3."
    """
    names = target.classes[1:] if target.task == "binary" else target.columns
    each = [f"{name!r} above {share:.4g}" for name, share in zip(names, target.thresholds, strict=True)]
    if len(each) == 1:
        return each[0].replace("above", "is said above a probability of") + "."
    if len({*target.thresholds}) == 1:
        return f"Each label is said above a probability of {target.thresholds[0]:.4g}."
    return f"Said where the probability is more: {listed(each, 20)}."


def alike_classes(target: Target) -> tuple[str, ...]:
    """Return a sentence about classes that may be meant as one: yes and Yes, 1 and 1.0.

    >>> alike_classes(Target("multiclass", ("kind",), ("Yes", "no", "yes")))
    ("'Yes' and 'yes' count as two classes of 'kind'; if they are one, write them alike.",)
    """
    groups: dict[Any, list[str]] = {}
    for label in target.classes:
        number = number_of(label)
        groups.setdefault(str(label).casefold() if number is None else number, []).append(repr(label))
    alike = [labels for labels in groups.values() if len(labels) > 1]
    if not alike:
        return ()
    count = {2: "two classes"}.get(len(alike[0]), f"{len(alike[0])} classes")
    more = f"; so do {listed(f'{a} and {b}' for a, b, *_ in alike[1:])}" if alike[1:] else ""
    return (
        f"{' and '.join(alike[0])} count as {count} of {_quoted(target.columns)}{more}; if they are one, write them "
        "alike.",
    )


def _quoted(names: Iterable[str]) -> str:
    return listed(map(repr, names))


def _task_of(frame: pd.DataFrame, names: tuple[str, ...]) -> str:
    numbers = all(reads_as_numbers(frame[name]) for name in names)
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
    cells = [stripped(frame[name]) for name in frame]
    labels = _labels_by_text(zip(map(as_written, cells), cells, strict=True))
    if len(cells) > 1 < len(plain := _labels_by_text(zip(cells, cells, strict=True))) < len(labels):
        labels = plain  # 0 and 1 here, 0.0 and 1.0 there
    if all(reads_as_numbers(each) for each in cells):
        return {
            text: label
            for text, (label, number) in sorted(labels.items(), key=lambda item: (item[1][1], item[0]))
        }
    # numbers by size, then texts by letter
    found = {text: label for text, (label, _) in labels.items()}
    return dict(sorted(found.items(), key=lambda item: (isinstance(item[1], str), item[1])))


def _labels_by_text(columns: Iterable[tuple[pd.Series, pd.Series]]) -> dict[str, tuple[Label, Any]]:
    """Return by its text each label of columns given as they were written, and the number that it is read as."""
    found = {}
    for written, cells in columns:
        first = ~written.duplicated()
        for label, number in zip(written[first], cells[first], strict=True):
            found[text_of(label)] = _label(label), number_of(number)
    return found


def _label(value: Any) -> Label:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # whole numbers become floats where a column has gaps
    if isinstance(value, int) and abs(value) >= 2**64:
        return str(value)  # no reader of a model file needs longer numbers
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
            + "".join(f"\n{sentence}" for sentence in about_gaps(cells, [name]))
        )
    if len(classes) > max(20, rows / 2) or 2 < len(classes) == rows:
        quantity = ", or task='regression' if it is a quantity" if reads_as_numbers(cells) else ""
        raise DataError(
            f"Target {name!r} has {len(classes):,} different values in {counted(rows, 'row')}, too many "
            f"to be classes (such as {listed(map(repr, labels))}).\n"
            f"{_nearly(cells)}Choose another target{quantity}."
        )
    if task == "binary" and len(classes) != 2:
        raise DataError(
            f"task='binary' takes two classes; target {name!r} has {len(classes)}: {listed(labels)}.\n"
            "Give task='multiclass'."
        )
    counts = texts_of(cells).value_counts()
    shares = tuple(float(counts[text]) / rows for text in classes)
    kind: Task = "binary" if len(classes) == 2 and task != "multiclass" else "multiclass"
    return Target(kind, (name,), tuple(labels), shares)


def _nearly(cells: pd.Series) -> str:
    """Say what a column of too many classes is rather: numbers but for some cell, or dates."""
    if kind_of(cells) != "number":
        _, wrong = numbers_of(cells)
        if 0 < wrong.mean() < 0.5:
            first = int(wrong.argmax())
            return (
                f"They are numbers but for {cells.iloc[first]!r} in {row_name(cells.index, first)}: correct or empty "
                "such cells (a row without a target is passed over). Or: "
            )
        if dates_in(cells):
            return "They are dates, and numbers are predicted: make one of them, such as the days since the first. Or: "
    return ""


def _fit_labels(frame: pd.DataFrame, names: tuple[str, ...]) -> Target:
    classes = _classes(frame[list(names)])
    if len(classes) != 2:
        have = "has" if len(names) == 1 else "have"
        raise DataError(
            f"task='multilabel' takes columns of two values, such as 0 and 1; {_quoted(names)} {have} "
            f"{len(classes)}: {listed(map(repr, classes.values()))}.\n"
            "Name the columns of labels only, or train a network for each target."
        )
    labels = tuple(classes.values())
    shares = tuple(float((positions_of(stripped(frame[name]), labels) == 1).mean()) for name in names)
    return Target("multilabel", names, labels, shares)
