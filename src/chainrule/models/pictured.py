"""Pictures of how good a model of a table is: on the rows that judged it, or on those of another table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.columns import encode
from chainrule.data.labels import encode_target, in_units, predicted_codes
from chainrule.data.target import Target, drop_rows_without_target
from chainrule.errors import DataError, unknown_name
from chainrule.explaining.pictures.boundaries import boundary
from chainrule.explaining.pictures.confusions import confusion
from chainrule.explaining.pictures.curves import calibration, precision_recall, roc, thresholds
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.regressions import predicted_against_true, residuals
from chainrule.models.asked import read_like, warn_of_cells
from chainrule.models.conformal import USUAL_LEVEL, widths
from chainrule.models.judgements import Judged
from chainrule.models.learned import FLATTERED, about_known
from chainrule.models.weighing import decided_at
from chainrule.shown import counted

OF_CHANCES: dict[str, Callable[..., Picture]] = {
    "roc": roc, "precision_recall": precision_recall, "calibration": calibration, "thresholds": thresholds,
}  # fmt: skip
OF_CLASSES = ("confusion", *OF_CHANCES, "boundary")
OF_NUMBERS = ("predicted_against_true", "residuals", "boundary")


def pictured(
    model: Any, kind: str | None, table: Any, threshold: float | None, features: Any, sheet: str | None
) -> Picture:
    """Return the picture of a kind, of the rows that judged the model, or of a table: see ``TableModel.plot``."""
    target: Target = decided_at(model.target, threshold)
    numbers = target.task == "regression"
    known = OF_NUMBERS if numbers else OF_CLASSES
    kind = known[0] if kind is None else kind
    if kind not in known:
        if kind in OF_CLASSES or kind in OF_NUMBERS:
            holds = "numbers" if numbers else "classes"
            raise DataError(
                f"A picture of kind {kind!r} is none of {holds}, which this model predicts: take one of "
                f"{', '.join(known)}."
            )
        raise unknown_name("kind of picture", kind, known)
    if kind == "boundary":
        if table is None:
            raise DataError("A map needs rows with all their columns: model.plot('boundary', table).")
        return _map(model, target, _with_targets(model, table, sheet), features)
    seen, about = judged_of(model, table, sheet, "model.plot(kind, table)")
    notes = tuple(note for note in (seen.about, about) if note)
    if numbers:
        found = _of_numbers(model, target, kind, seen)
    elif kind == "confusion":
        found = _confusion(target, seen)
    else:
        names = target.columns if target.task == "multilabel" else target.classes
        said = seen.said[:, 0] if target.task == "binary" else seen.said
        found = OF_CHANCES[kind](seen.truth, said, [str(name) for name in names])
    return replace(found, notes=(*found.notes, *notes))


def judged_of(model: Any, table: Any, sheet: str | None, so: str) -> tuple[Judged, str]:
    """Return the rows that judged a model, or those of a table with what it says of them, and what is to be told.

    ``so`` is how a table is given, in the words of an error.
    """
    if table is not None:
        return _judged(model, _with_targets(model, table, sheet))
    if model.judged is None:
        why = "it comes from a file" if model.history is None else "no rows were held back"
        raise DataError(f"This model knows no rows that judged it: {why}. Give some: {so}.")
    found: Judged = model.judged
    return found, ""


def _with_targets(model: Any, table: Any, sheet: str | None) -> pd.DataFrame:
    """Return the rows of a table that have their targets."""
    table = read_like(table, model.missing, model.decimal, sheet)
    frame, _ = drop_rows_without_target(table, model.target.columns)
    warn_of_cells(model.columns, frame)
    return frame


def _judged(model: Any, frame: pd.DataFrame) -> tuple[Judged, str]:
    """Return what the model says of a table's rows beside what is true, and how many of them it learned from."""
    features, truth = encode(model.columns, frame), encode_target(model.target, frame)
    said = np.asarray(model.network.predict(features), float)
    if model.target.task == "regression":
        truth, said = in_units(model.target, truth), in_units(model.target, said)
    known = about_known(model.learned, features) if model.learned else ""
    return Judged(truth, said, "", frame), f"{known} {FLATTERED}" if known else ""


def _confusion(target: Target, seen: Judged) -> Picture:
    """Return what was taken for what."""
    codes = predicted_codes(target, seen.said)
    if target.task == "multilabel":
        return confusion(seen.truth, codes, list(target.columns))
    return confusion(seen.truth, codes[:, 0], [str(name) for name in target.classes])


def _of_numbers(model: Any, target: Target, kind: str, seen: Judged) -> Picture:
    """Return a picture of numbers, with prediction intervals where these are known."""
    if kind == "residuals":
        return residuals(seen.truth, seen.said, target.columns)
    try:
        reach = None if model.measured is None else np.array(widths(model.measured, USUAL_LEVEL))
    except DataError:  # too few rows
        reach = None
    if reach is None:
        return predicted_against_true(seen.truth, seen.said, target.columns)
    found = predicted_against_true(
        seen.truth, seen.said, target.columns, low=seen.said - reach, high=seen.said + reach
    )
    return replace(found, notes=(*found.notes, f"The intervals are made to hold {USUAL_LEVEL:.0%}."))


@dataclass(frozen=True)
class _Estimator:
    """A model of a table as scikit-learn has estimators, for one column."""

    model: Any
    target: Target

    @property
    def classes_(self) -> np.ndarray:
        return np.array([str(label) for label in self.target.classes], object)

    def _said(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.model.network.predict(encode(self.model.columns, frame)), float)

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        said = self._said(frame)
        return np.hstack([1 - said, said]) if self.target.task == "binary" else said

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return in_units(self.target, self._said(frame))


@dataclass(frozen=True)
class _Regressor:
    """Likewise of numbers: it has no classes."""

    predict: Any


def _map(model: Any, target: Target, frame: pd.DataFrame, chosen: Any) -> Picture:
    """Return what the model says over two columns, all others held."""
    if target.task == "multilabel" or len(target.columns) > 1:
        raise DataError(
            f"A map is of one target; this model predicts {counted(len(target.columns), 'column')}."
        )
    names = [column.name for column in model.columns.columns]
    chosen = _numbers_first(frame[names]) if chosen is None else chosen
    estimator = _Estimator(model, target)
    features, truth = encode(model.columns, frame), encode_target(target, frame)
    if target.task == "regression":
        found = boundary(_Regressor(estimator.predict), frame[names], in_units(target, truth), chosen)
    else:
        found = boundary(estimator, frame[names], [str(target.classes[code]) for code in truth], chosen)
    known = about_known(model.learned, features) if model.learned else ""
    return replace(found, notes=(*found.notes, f"{known} {FLATTERED}")) if known else found


def _numbers_first(frame: pd.DataFrame) -> Sequence[str]:
    """Return the first two columns of numbers."""
    found = [str(name) for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name])]
    if not found:
        raise DataError("A map is over columns of numbers, and this table has none.")
    return found[:2]
