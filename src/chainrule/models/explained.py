"""What a model of a table lets be explained: its network, in the names and units of the table."""

from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.columns import encode
from chainrule.data.labels import encode_target
from chainrule.data.target import Target, drop_rows_without_target
from chainrule.errors import DataError
from chainrule.explaining.importance import Scoring
from chainrule.explaining.subjects import Subject
from chainrule.models.asked import read_like
from chainrule.models.scoring import chosen, score


def subject(model: Any) -> Subject:
    """Return what of a model is explained."""
    places: dict[str, slice] = {}
    begin = 0
    for column in model.columns.columns:
        places[column.name] = slice(begin, begin + len(column.features))
        begin += len(column.features)

    def read(table: Any) -> np.ndarray:
        if isinstance(table, pd.Series):  # a row
            table = table.to_frame().T
        return encode(model.columns, read_like(table, model.missing, model.decimal))

    return Subject(
        model.network, read, places, model.columns.names, output_names(model.target),
        model.target.task != "regression", _scale(model.target),
        lambda table: _targets(model, table), lambda of, X, y, metric: _scoring(model, X, y, metric),
        other=model.target.classes[0] if model.target.task == "binary" else None,
    )  # fmt: skip


def _targets(model: Any, table: Any) -> np.ndarray:
    """Return the targets that stand in a table."""
    return encode_target(model.target, read_like(table, model.missing, model.decimal))


def output_names(target: Target) -> tuple[Any, ...]:
    """Return what each output of a network is called: the class whose probability it is, or its column.

    >>> output_names(Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5)))
    ('spam',)
    """
    if target.task == "binary":
        return target.classes[1:]
    return target.classes if target.task == "multiclass" else target.columns


def _scale(target: Target) -> tuple[np.ndarray, np.ndarray] | None:
    return (np.array(target.std), np.array(target.mean)) if target.task == "regression" else None


def _scoring(model: Any, X: Any, y: Any, metric: Any) -> Scoring:
    """Return how the predictions of a model are scored."""
    if y is not None:
        raise DataError(
            "A model of a table finds the targets in it: leave y out, and give the table with its targets."
        )
    table, _ = drop_rows_without_target(read_like(X, model.missing, model.decimal), model.target.columns)
    names = [column.name for column in model.columns.columns]
    known = chosen(model.target, metric or ())
    name, watched = next(iter(known.items()))
    if metric is not None and len(known) > 1:
        raise DataError(f"One metric decides what matters; found {', '.join(known)}.")
    truth = table[list(model.target.columns)]

    def of(frame: Any) -> float:
        found = score(
            model.target, truth, model.network.predict(encode(model.columns, frame)), [metric or name]
        )
        if not found:
            raise DataError(
                f"{name} has no value for these rows; give metric another name, such as 'log_loss'."
            )
        return float(np.mean(list(found.values())))

    return Scoring(name, bool(getattr(watched, "larger_is_better", False)), table[names], tuple(names), of)
