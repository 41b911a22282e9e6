"""What a model of a table lets be explained: its network, in the names and units of the table."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.columns import Columns, encode
from chainrule.data.labels import encode_target
from chainrule.data.target import Target, drop_rows_without_target
from chainrule.errors import DataError
from chainrule.explaining.importance import Scoring
from chainrule.explaining.subjects import Subject
from chainrule.models.asked import read_like
from chainrule.models.scoring import chosen, score
from chainrule.train.network import Network


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
    """Return how the predictions of a model for a table are scored."""
    if y is not None:
        raise DataError(
            "A model of a table finds the targets in it: leave y out, and give the table with its targets."
        )
    table, _ = drop_rows_without_target(read_like(X, model.missing, model.decimal), model.target.columns)
    features = encode(model.columns, table)
    return scoring_of(
        model.network, model.columns, model.target, features, encode_target(model.target, table), metric
    )


def scoring_of(
    network: Network, columns: Columns, target: Target, features: np.ndarray, truth: np.ndarray, metric: Any = None,
    only: Sequence[int] | None = None,
) -> Scoring:  # fmt: skip
    """Return how the predictions of a network are scored where columns of a table are shuffled.

    A column's cells become features one by one, so that these are shuffled in their place.

    Args:
        network: What predicts.
        columns: The columns that its features are made of.
        target: What is predicted.
        features: The rows, as the network takes them.
        truth: Their targets, as it learns them.
        metric: Which score; by default what is usual for the target.
        only: Which columns may be shuffled; by default all.
    """
    ends = np.cumsum([len(column.features) for column in columns.columns])
    places = [slice(end - len(each.features), end) for each, end in zip(columns.columns, ends, strict=True)]
    chosen_places = range(len(places)) if only is None else only
    known = chosen(target, metric or ())
    name, watched = next(iter(known.items()))
    if metric is not None and len(known) > 1:
        raise DataError(f"One metric decides what matters; found {', '.join(known)}.")
    as_they_are = np.arange(len(features))

    def of(orders: np.ndarray) -> float:
        given = features.copy()
        for order, at in zip(orders.T, chosen_places, strict=True):
            if (order != as_they_are).any():
                given[:, places[at]] = features[order][:, places[at]]
        found = score(target, truth, network.predict(given), [metric or name])
        if not found:
            raise DataError(
                f"{name} has no value for these rows; give metric another name, such as 'log_loss'."
            )
        return float(np.mean(list(found.values())))

    names = tuple(columns.columns[at].name for at in chosen_places)
    orders = np.tile(as_they_are[:, None], len(names))
    return Scoring(name, bool(getattr(watched, "larger_is_better", False)), orders, names, of)
