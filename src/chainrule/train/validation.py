"""The door of a network: data is checked and cast before the first step; nothing trains on wrong data.

Every message names the row, the column and what to do.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from numbers import Real
from typing import Any

import numpy as np

from chainrule.errors import DataError, LearningWarning, short, warn
from chainrule.graph.node import Node
from chainrule.graph.numbers import is_finite
from chainrule.graph.shapes import show
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.base import Layer
from chainrule.train import frames, remedies

TEXT = (
    "Turn text into numbers first: pandas.get_dummies(X) makes a column of each category, and "
    "cr.TableModel.train(table, target) prepares the columns of a table itself."
)
_TEXT_LABELS = (
    f"Turn labels into numbers first: {remedies.NUMBER_CLASSES}. For more than two classes end the network with "
    "Dense(len(classes), 'softmax')."
)


def as_numbers(value: Any, what: str, text: str = TEXT) -> np.ndarray:
    """Return ``value`` as an array of numbers, or say which cell is none; ``text`` says what to do with words."""
    if isinstance(value, Node):
        raise DataError(f"{what} is a node of a graph; give its numbers: {what}.value.")
    if value is None:
        raise DataError(f"{what} is missing.")
    if isinstance(value, str):
        raise DataError(
            f"{what} is the text {short(value)}; a network takes numbers: give it a table's columns, as in "
            "table = cr.read_table(path); network.fit(table[['a', 'b']], table['y']), or let "
            "cr.TableModel.train(table, 'y') prepare them all."
        )
    masked = getattr(sys.modules.get("numpy.ma"), "MaskedArray", ())  # which NumPy loads on first use, slowly
    if isinstance(value, masked):
        value = np.where(np.ma.getmaskarray(value), np.nan, value.data)  # what is masked is missing
    if hasattr(value, "toarray"):
        value = value.toarray()
    try:
        array = np.asarray(value)
    except ValueError:
        ragged = remedies.for_rows(value) or (
            "its rows have different lengths. Every row needs the same number of values."
        )
        raise DataError(f"{what} is no table: {ragged}") from None
    except Exception as error:  # what other libraries' arrays raise, those on an accelerator, say
        kind, reason = type(value).__name__, str(error).rstrip(".")
        raise DataError(
            f"{what} is a {kind} of which NumPy cannot make an array: {reason}. Give it as an array; for "
            "one of PyTorch's that is .detach().cpu().numpy()."
        ) from None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype == object:
        with suppress(TypeError, ValueError, OverflowError):
            return array.astype(np.float64)
        if array.ndim == 0:
            kind = type(value).__name__
            raise DataError(
                f"{what} is a {kind}; expected a table of numbers, such as an array.{_of_mapping(value)}"
            )
        if array.ndim == 1 and (ragged := remedies.for_rows(array)):
            raise DataError(f"{what} is no table: {ragged}")
    if array.dtype.kind in "OUS":
        for place, cell in np.ndenumerate(array):
            try:
                float(cell)
            except (TypeError, ValueError):
                remedy = remedies.for_files(cell) or _lone_word(array, place) or text
                raise _no_number(cell, what, _place(place, _columns(value)), remedy) from None
            except OverflowError:
                where = _place(place, _columns(value))
                raise DataError(
                    f"{what} holds {short(cell)} {where}, more than a float holds (1.8e308)."
                ) from None
        return array.astype(np.float64)
    remedy = "Convert it first."
    if array.dtype.kind in "mM":
        remedy = "Take what matters of it as numbers: the year, the month, or the days since the first."
    raise DataError(f"{what} holds {array.dtype.name}, and a network computes with numbers. {remedy}")


def _of_mapping(value: Any) -> str:
    """Return what to do with targets by name."""
    if not isinstance(value, Mapping):
        return ""
    return (
        " A network has one output so far: give several columns as one table, np.column_stack(list(y.values())), or "
        "fit a network for each."
    )


def _lone_word(array: np.ndarray, place: tuple[int, ...]) -> str:
    """Return what to do with a cell that is no number in a column of numbers; "" for a column of words."""
    column = array.reshape(len(array), -1)[
        :100, np.ravel_multi_index(place[1:], array.shape[1:]) if place[1:] else 0
    ]
    others = [cell for row, cell in enumerate(column) if row != place[0]]
    numeric = sum(isinstance(cell, Real) or _reads_as_number(cell) for cell in others)
    if not others or numeric < 0.8 * len(others):
        return ""
    return (
        "Most cells of this column are numbers: mend that one or drop its row; "
        "pandas.to_numeric(column, errors='coerce') makes missing values of such cells."
    )


def _reads_as_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _no_number(cell: Any, what: str, place: str, remedy: str) -> DataError:
    if repr(cell) in ("<NA>", "NaT"):
        return DataError(f"{what} holds a missing value {place}. {_FILL}")
    return DataError(f"{what} holds {short(cell)} {place}, and a network computes with numbers. {remedy}")


_FILL = "Fill or drop such rows first: missing values are often replaced by the column's median."


def _columns(value: Any) -> list[str] | None:
    names = getattr(value, "columns", None)
    return None if names is None else [str(n) for n in names]


def _first(bad: np.ndarray, original: Any) -> str:
    """Say where the first bad number stands in what the user gave."""
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    return _place(place[: np.ndim(original)], _columns(original))


def _place(place: tuple[int, ...], columns: list[str] | None) -> str:
    if len(place) == 0:
        return ""
    if len(place) == 1:
        return f"in row {place[0]}"
    return f"in row {place[0]}, {_column(place[1:], columns)}"


def _column(place: tuple[int, ...], columns: list[str] | None) -> str:
    if columns is not None and len(place) == 1:
        return f"column '{columns[place[0]]}'"
    return f"column {place[0] if len(place) == 1 else list(place)}"


def _refuse(bad: np.ndarray, array: np.ndarray, original: Any, before: str, after: str) -> None:
    """Raise if a number is bad, with the first and its place between what is said of it."""
    if bad.any():
        raise DataError(f"{before} {float(array[bad][0]):g} {_first(bad, original)}{after}")


def check_finite(array: np.ndarray, original: Any, what: str, remedy: str = _FILL) -> None:
    """Raise if ``array`` holds NaN or infinity, with the first place and how many there are."""
    if array.dtype.kind == "f" and array.size and not is_finite(array):
        bad = ~np.isfinite(array)
        kind = "NaN (a missing value)" if np.isnan(array[bad][0]) else "infinity"
        more = f", and {bad.sum() - 1} more such" if bad.sum() > 1 else ""
        raise DataError(f"{what} holds {kind} {_first(bad, original)}{more}. {remedy}")


def cast(array: np.ndarray, dtype: np.dtype, given: Any, what: str) -> np.ndarray:
    """Return ``array`` in ``dtype``, in which every number must be finite too."""
    if array.dtype == dtype:
        return np.ascontiguousarray(array)
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array, dtype=dtype)
    if not is_finite(cast):
        check_finite(array, given, what)
        remedy = "Scale it, or make the network with dtype='float64'."
        _refuse(~np.isfinite(cast), array, given, f"{what} holds", f", too large for {dtype.name}. {remedy}")
    return cast


FEW_STEPS = 2.0**14  # of the dtype's, from a feature's smallest value to its largest


def check_resolution(array: np.ndarray, dtype: np.dtype, given: Any, what: str) -> None:
    """Warn if values that differ in ``array`` become equal in ``dtype``, and with them much of what they tell."""
    bits = np.finfo(array.dtype).nmant if array.dtype.kind == "f" else 8 * array.dtype.itemsize
    if len(array) < 2 or array.size == 0 or bits <= np.finfo(dtype).nmant:
        return
    low, high = (np.asarray(x, np.float64) for x in (array.min(axis=0), array.max(axis=0)))
    step = np.spacing(np.maximum(np.abs(low), np.abs(high)).astype(dtype)).astype(np.float64)
    for place in np.argwhere(high - low < FEW_STEPS * step):
        column = array[(slice(None), *place)]
        before, after = len(np.unique(column)), len(np.unique(column.astype(dtype)))
        if after < before:
            where = f" in {_column(tuple(map(int, place)), _columns(given))}" if len(place) else ""
            warn(
                f"{what} holds {before:,} different values{where}, from {low[tuple(place)]:.10g} to "
                f"{high[tuple(place)]:.10g}, of which {dtype.name} tells {after:,} apart: the others become equal. "
                "Subtract the mean and divide by the deviation first, in float64.",
                LearningWarning,
            )
            return


def inputs(X: Any, nodes: Mapping[str, Node], learning: bool = False) -> list[np.ndarray]:
    """Return one array for each input node, cast and checked; all of the same number of rows.

    What is to be learned from gets a warning where its rows become equal in the network's dtype.
    """
    arrays: list[np.ndarray] = []
    for name, given in by_input(X, nodes).items():
        arrays.append(_one_input(given, nodes[name], called(name, nodes), learning))
    rows = {name: len(a) for name, a in zip(nodes, arrays, strict=True)}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{name} {n}" for name, n in rows.items())
        raise DataError(
            f"The inputs have different numbers of rows: {listed}. Each example needs all of them."
        )
    return arrays


def called(name: str, nodes: Mapping[str, Node]) -> str:
    """Return what the user calls what is given for an input."""
    return "X" if len(nodes) == 1 else f"The input '{name}'"


def by_input(X: Any, nodes: Mapping[str, Node]) -> dict[str, Any]:
    """Return what is given for each input node."""
    if frames.are_inputs(X):
        missing = [f"; missing: {n}" for n in nodes if n not in X]
        extra = [f"; not among them: {short(n)}" for n in X if n not in nodes]
        if missing or extra:
            wrong = "".join(missing[:1] + extra[:1])
            raise DataError(f"This network takes the inputs {', '.join(nodes)}{wrong}.")
        return {n: X[n] for n in nodes}
    if len(nodes) == 1:
        return dict.fromkeys(nodes, X)
    if isinstance(X, list | tuple) and len(X) == len(nodes):
        return dict(zip(nodes, X, strict=True))
    raise DataError(
        f"This network takes {len(nodes)} inputs. Give them by name: "
        f"{{{', '.join(f'{n!r}: ...' for n in nodes)}}}."
    )


def _one_input(given: Any, node: Node, what: str, learning: bool) -> np.ndarray:
    array = shaped(as_numbers(given, what), node, given, what)
    if array.dtype == node.dtype or node.dtype.kind != "f":  # else what it is cast to tells all
        check_finite(array, given, what)
    found = cast(array, node.dtype, given, what)
    if learning:
        check_resolution(array, node.dtype, given, what)
    return found


def shaped(array: np.ndarray, node: Node, given: Any, what: str) -> np.ndarray:
    """Return numbers in the shape of an input, or say how to bring them into it."""
    shape = node.shape[1:]
    if array.ndim == 1 and shape == (1,):
        array = array.reshape(-1, 1)
    if array.ndim == 0:
        raise DataError(f"{what} is a single number; expected a row for each example: {show(node.shape)}.")
    if array.shape[1:] != shape:
        if array.shape == shape:
            raise DataError(
                f"{what} has shape {show(array.shape)}, which is that of one example. "
                f"Give a table of examples: {what if what == 'X' else 'it'}[None] for a single one."
            )
        if len(shape) == 1 and array.ndim == 2 and array.size != shape[0]:
            names = _columns(given)
            listed = f" ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''})" if names else ""
            exchanged = "Its rows and columns may be exchanged: examples stand in rows, so try X.T."
            raise DataError(
                f"{what} has {array.shape[1]} columns{listed}; this network takes {shape[0]}. "
                f"{exchanged if len(array) == shape[0] else 'Train and predict on the same columns.'}"
            )
        name = what if what == "X" else f"X[{node.name!r}]"
        mended = remedies.for_shape(name, array.shape, shape)
        as_many = f" Its numbers are as many: give {mended}." if mended else ""
        remedy = as_many or remedies.for_pictures(name, array.shape, shape)
        raise DataError(
            f"{what} has shape {show(array.shape)}; this network takes {show(node.shape)}.{remedy}"
        )
    return array


def check_reaching(layer: Layer, values: np.ndarray, label: str) -> None:
    """Raise if numbers reach a layer that it refuses."""
    refused = layer.refuses(values)
    if refused is not None:
        bad, why = refused
        _refuse(bad, values, values, f"The {type(layer).__name__} {label} {why}; found", ".")


def targets(y: Any, architecture: Architecture, rows: int, kind: str, what: str = "y") -> np.ndarray:
    """Return the targets as the loss takes them: labels (rows,) or numbers in the output's shape.

    Their ``kind`` is "labels" (classes by number or one-hot rows), "probabilities" (in 0..1), "counts" or "numbers".
    """
    array, output = as_numbers(y, what, _TEXT_LABELS), architecture.output
    width = show(output.shape[1:])
    if array.ndim == 0:
        raise DataError(f"{what} is a single number; expected one for each of the {rows} rows of X.")
    if len(array) != rows:
        turned = (
            " Its rows and columns are exchanged: give np.transpose(y)." if rows in array.shape[1:2] else ""
        )
        raise DataError(
            f"X has {rows} rows and {what} has {len(array)}. Each example needs its target.{turned}"
        )
    check_finite(array, y, what)
    if kind == "labels":
        return _labels(array, architecture, what)
    if output.ndim > 1 and (*array.shape[1:], 1) == output.shape[1:]:
        array = array[..., np.newaxis]
    if output.ndim == 1 and array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.shape[1:] != output.shape[1:]:
        found = "one column" if array.ndim == 1 else f"shape {show(array.shape[1:])} for each row"
        hint = remedies.for_output(array, architecture)
        raise DataError(f"The network's output has shape {width} for each row; {what} has {found}.{hint}")
    if kind == "probabilities":
        bad = (array < 0) | (array > 1)
        why = "; the loss 'binary_crossentropy' takes targets from 0 to 1. "
        _refuse(
            bad, array, y, f"{what} holds", f"{why}{remedies.for_probabilities(array) if bad.any() else ''}"
        )
    if kind == "counts":
        why = "; the loss 'poisson' takes counts, which are at least 0."
        _refuse(array < 0, array, y, f"{what} holds", why)
    return cast(array, output.dtype, y, what)


def _labels(array: np.ndarray, architecture: Architecture, what: str) -> np.ndarray:
    output = architecture.output
    classes = int(output.shape[-1])
    if array.ndim == output.ndim and array.shape[1:] == output.shape[1:] and classes > 1:
        _check_distributions(array, what)
        return np.ascontiguousarray(array, dtype=output.dtype)
    if array.ndim == output.ndim and array.shape[-1] == 1:
        array = array[..., 0]
    if array.shape[1:] != output.shape[1:-1]:
        hint = remedies.for_output(array, architecture)
        each = output.shape[1:-1]
        wanted = f"one for each place, {show((len(array), *each))}" if each else "one for each row"
        raise DataError(
            f"{what} has shape {show(array.shape)}; expected labels, {wanted}, or one-hot rows of "
            f"{classes} classes.{hint}"
        )
    bad = (array < 0) | (array >= classes) | (array != np.floor(array))
    if bad.any():
        found = sorted({float(v) for v in array[bad].ravel()[:1000]})[:3]
        listed = ", ".join(f"{v:g}" for v in found)
        raise DataError(
            f"{what} holds the labels {listed} that the network cannot give: its output has {classes} units, "
            f"for the labels 0 to {classes - 1}. First bad row: {int(np.argwhere(bad)[0][0])}. "
            f"{remedies.for_labels(array, classes)}"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _check_distributions(array: np.ndarray, what: str) -> None:
    sums = array.sum(axis=-1, dtype=np.float64)
    bad = (np.abs(sums - 1) > 1e-3) | (array < 0).any(axis=-1)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise DataError(
            f"Row {row} of {what} is no distribution over the classes: its numbers must be at least 0 and "
            f"sum to 1 (they sum to {sums[tuple(np.argwhere(bad)[0])]:g}). For labels that may apply "
            "together end the network with 'sigmoid'."
        )


def check_classes(target: np.ndarray, original: Any, what: str, metric: str) -> None:
    """Raise if what a metric compares are no classes: it asks whether prediction and target are above 0.5."""
    before = f"The metric '{metric}' compares classes; {what} holds"
    after = ". For numbers watch 'mae', 'rmse' or 'r2'."
    _refuse((target < 0) | (target > 1), target, original, before, after)
