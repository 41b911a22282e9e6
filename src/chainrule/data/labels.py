"""From targets to arrays that a network learns, and from its outputs back to labels and numbers."""

import numpy as np
import pandas as pd

from chainrule.data.cells import floats
from chainrule.data.target import Target, target_columns
from chainrule.data.words import checked_table, listed, row_name
from chainrule.data.written import positions_of, stripped, texts_of
from chainrule.errors import DataError, ShapeError


def encode_target(target: Target, frame: pd.DataFrame) -> np.ndarray:
    """Return the targets of every row as a network learns them.

    Classes: int64, shape (rows,), from 0. Multi-label: float64, shape (rows, columns), 0 or 1. Regression:
    float64, shape (rows, columns), less the mean of training and over its standard deviation.

    Raises :class:`~chainrule.errors.DataError` for a missing target, for a class that training did not have,
    and for what is no finite number.

    >>> from chainrule.data.target import fit_target
    >>> table = pd.DataFrame({"kind": ["a", "b", "a"]})
    >>> encode_target(fit_target(table, "kind"), table).tolist()
    [0, 1, 0]
    """
    frame = checked_table(frame)
    cells = [frame[name] for name in target_columns(frame, target.columns)]
    if target.task == "regression":
        return (np.column_stack([_numbers(each) for each in cells]) - target.mean) / target.std
    codes = [_codes(target, each) for each in cells]
    return np.column_stack(codes).astype(float) if target.task == "multilabel" else codes[0]


def decode_predictions(target: Target, outputs: np.ndarray) -> pd.DataFrame:
    """Return what the outputs of a network say: a column for each target, named as it is.

    ``outputs`` has shape (rows, target.width): probabilities, or standardised numbers. Labels have their
    original type. With classes, ``probability_<class>`` follows for each of them, with several labels
    ``probability_<column>`` of yes. One half, or the threshold, is no; of equal classes the first wins.

    Raises :class:`~chainrule.errors.ShapeError` for outputs of another shape, and
    :class:`~chainrule.errors.DataError` if one is not finite.

    >>> target = Target("binary", ("kind",), ("ham", "spam"), (0.9, 0.1))
    >>> decode_predictions(target, np.array([[0.25], [0.75]])).to_dict("list")
    {'kind': ['ham', 'spam'], 'probability_ham': [0.75, 0.25], 'probability_spam': [0.25, 0.75]}
    """
    outputs = checked_outputs(target, outputs)
    if target.task == "regression":
        return pd.DataFrame(in_units(target, outputs), columns=list(target.columns))
    codes = predicted_codes(target, outputs)
    # not from an array, nor of a type that pandas finds: 1 beside 2.5 would become 1.0
    kinds = {type(label) for label in target.classes}
    dtype = object if len(kinds) > 1 else None
    labels = [pd.Series([target.classes[code] for code in column], dtype=dtype) for column in codes.T]
    of = target.columns if target.task == "multilabel" else target.classes
    chances = np.hstack([1 - outputs, outputs]) if target.task == "binary" else outputs
    names = *target.columns, *(f"probability_{name}" for name in of)
    return pd.DataFrame(dict(zip(names, [*labels, *chances.T], strict=True)))


def checked_outputs(target: Target, outputs: np.ndarray) -> np.ndarray:
    """Return the outputs as float64, shape (rows, target.width), all finite."""
    outputs = np.asarray(outputs, dtype=float)
    if outputs.ndim == 1 and target.width == 1:
        outputs = outputs[:, None]
    if outputs.ndim != 2 or outputs.shape[1] != target.width:
        raise ShapeError(
            f"Outputs of shape {outputs.shape} where (rows, {target.width}) is expected for the target "
            f"{listed(map(repr, target.columns))} ({target.task})."
        )
    wrong = ~np.isfinite(outputs).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"The prediction of row {row + 1} is {outputs[row][~np.isfinite(outputs[row])][0]}.")
    return outputs


def in_units(target: Target, standardised: np.ndarray) -> np.ndarray:
    """Return standardised numbers, shape (rows, columns), in the target's own units."""
    return standardised * np.array(target.std) + np.array(target.mean)


def predicted_codes(target: Target, outputs: np.ndarray) -> np.ndarray:
    """Return the positions of the predicted labels in ``target.classes``, int64, shape (rows, columns)."""
    if target.task == "multiclass":
        return outputs.argmax(axis=1)[:, None]
    return (outputs > (target.thresholds or 0.5)).astype(np.int64)


def _codes(target: Target, cells: pd.Series) -> np.ndarray:
    values = cells if "" in target.classes else stripped(cells)
    _check_complete(cells, values.isna().to_numpy())
    found = positions_of(values, target.classes)
    if (found < 0).any():
        first = int((found < 0).argmax())
        label = texts_of(cells.iloc[[first]]).iloc[0]
        raise DataError(
            f"Target {cells.name!r}, {row_name(cells.index, first)}: {label!r} is not a "
            f"class that training saw: {listed(target.classes)}.\nCorrect it, or train with such rows."
        )
    return found


def _numbers(cells: pd.Series) -> np.ndarray:
    values = floats(cells)
    _check_complete(cells, np.isnan(values))
    return values


def _check_complete(cells: pd.Series, missing: np.ndarray) -> None:
    if missing.any():
        raise DataError(
            f"Target {cells.name!r} has no value in {row_name(cells.index, int(missing.argmax()))}.\n"
            f"Leave such rows out first: table.dropna(subset=[{str(cells.name)!r}])."
        )
