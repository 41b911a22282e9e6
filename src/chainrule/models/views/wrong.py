"""The rows that a model of a table is most wrong about: what is true, what was said, and how sure it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chainrule.arguments import public
from chainrule.data.labels import decode_predictions, predicted_codes
from chainrule.data.target import Target
from chainrule.data.words import row_labels
from chainrule.data.written import texts_of
from chainrule.models.judgements import Judged
from chainrule.models.pictured import judged_of
from chainrule.models.recipe import row_losses
from chainrule.shown import plainly
from chainrule.train.fit.settings import whole


@dataclass(frozen=True, eq=False)
class Wrong:
    """The rows that a model is most wrong about, the worst first.

    Attributes:
        at: Where they are among the rows, (wrong,).
        sure: The probability of what was said of each, (wrong,); None of numbers and of several labels.
        off: By how much each prediction is off, (wrong, columns); None of classes.
        count: How many rows are wrong; all of numbers.
    """

    at: np.ndarray
    sure: np.ndarray | None
    off: np.ndarray | None
    count: int


def wrong_of(target: Target, seen: Judged, most: int) -> Wrong:
    """Return which rows a model is most wrong about: by the log loss of classes, by how far off numbers are.

    Of classes those alone that it says wrongly.
    """
    truth, said = np.asarray(seen.truth), np.asarray(seen.said, float)
    if target.task == "regression":
        off = said - truth
        losses = (np.abs(off) / np.array(target.std)).mean(axis=1)
        at = np.argsort(-losses, kind="stable")[:most]
        return Wrong(at, None, off[at], len(off))
    losses, codes = row_losses(target.task, truth, said), predicted_codes(target, said)
    wrong = np.flatnonzero((codes != truth.reshape(len(truth), -1)).any(axis=1))
    at = wrong[np.argsort(-losses[wrong], kind="stable")[:most]]
    sure = None
    if target.task == "multiclass":
        sure = said[at, codes[at, 0]]
    elif target.task == "binary":
        sure = np.where(codes[at, 0] == 1, said[at, 0], 1 - said[at, 0])
    return Wrong(at, sure, None, len(wrong))


@partial(public, called="TableModel.most_wrong")
def most_wrong(model: Any, table: Any = None, most: int = 20, *, sheet: str | None = None) -> pd.DataFrame:
    """Return the rows that the model is most wrong about, the worst first.

    They are worth a look: a label that is wrong, a cell that is none, or a kind of rows that the columns do not tell.

    Args:
        model: A model of a table.
        table: Rows with their targets, a DataFrame or the path of a file; by default the rows that judged the model,
            none of which it had learned from.
        most: So many at the most, at least 1.
        sheet: As in :meth:`TableModel.predict`.

    Returns:
        A row for each, named as in the table, with all its columns; before these what was predicted, and the
        ``probability`` of that, or by how much it is ``off``. Of classes those alone that are said wrongly, by the
        probability of the truth; of numbers those that are furthest off.

    Raises:
        DataError: If there are no such rows, as of a model from a file, or ``most`` is none.

    >>> model = cr.TableModel.train("iris", epochs=5)
    >>> wrong = model.most_wrong()
    >>> list(wrong.columns[:3]), (wrong["target"] == wrong["predicted_target"]).any()
    (['target', 'predicted_target', 'probability'], np.False_)
    """
    most = whole("most", most, 1, 10**9)
    seen, _ = judged_of(model, table, sheet, "model.most_wrong(table)")
    target, found = model.target, wrong_of(model.target, seen, most)
    part = seen.rows.iloc[found.at]
    said = said_of(target, seen, found.at).set_axis(part.index, axis="index")
    made: dict[str, Any] = {}
    for i, name in enumerate(target.columns):
        made[name], made[f"predicted_{name}"] = truth_of(target, part[name]), said[name]
        if found.off is not None:
            made["off" if len(target.columns) == 1 else f"off_{name}"] = found.off[:, i]
    if found.sure is not None:
        made["probability"] = found.sure
    others = [name for name in part.columns if name not in target.columns]
    taken = {name if name not in others else f"{name} (of the model)": each for name, each in made.items()}
    return pd.concat([pd.DataFrame(taken, index=part.index), part[others]], axis=1)


def said_of(target: Target, seen: Judged, at: np.ndarray) -> pd.DataFrame:
    """Return what was predicted for some rows, as labels or numbers, a column for each target."""
    said = np.asarray(seen.said, float)[at]
    if target.task == "regression":
        return pd.DataFrame(said, columns=list(target.columns))
    return decode_predictions(target, said)[list(target.columns)]


def truth_of(target: Target, cells: pd.Series) -> pd.Series:
    """Return what is true, as it is predicted: labels as they are written, numbers as they are."""
    return cells if target.task == "regression" else texts_of(cells)


def in_words(target: Target, values: Iterable[Any]) -> str:
    """Return what is true or predicted of a row in words: of several labels those that it has.

    >>> in_words(Target("multilabel", ("rain", "wind"), ("no", "yes"), (0.5, 0.5)), ["no", "yes"])
    'wind'
    """
    if target.task == "multilabel":
        yes = str(target.classes[1])
        return (
            ", ".join(name for name, value in zip(target.columns, values, strict=True) if str(value) == yes)
            or "none"
        )
    texts = [plainly(float(value)) if target.task == "regression" else str(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    return ", ".join(f"{name} {text}" for name, text in zip(target.columns, texts, strict=True))


def named(part: pd.DataFrame) -> list[int | str]:
    """Return what rows are called, as JSON holds it: by their number from 1 in the table, or their own label.

    >>> named(pd.DataFrame({"x": [1, 2]})), named(pd.DataFrame({"x": [1]}, index=["ann"]))
    ([1, 2], ['ann'])
    """
    return [label if isinstance(label, int) else str(label) for label in row_labels(part.index)]
