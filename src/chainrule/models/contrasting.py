"""Two models of the same target, side by side: how far they differ on the rows that judged both, and where.

All is found from what runs keep of the rows that judged them. A difference of scores is that of the same draws of the
same rows, so that what makes rows hard for both takes no part in it; which of the two is right more often is a sign
test (McNemar 1947).
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.labels import encode_target, in_units, predicted_codes
from chainrule.data.spreadsheet import unmark_cells
from chainrule.data.target import Target
from chainrule.disk import read_bytes
from chainrule.errors import DataError, FileFormatError, MissingFileError
from chainrule.models.scores import Scores
from chainrule.models.scoring import judge

LEAST_ROWS = 10  # fewer that judged both tell nothing


@dataclass(frozen=True)
class Said:
    """What a run says of the rows that judged it.

    Attributes:
        target: What is predicted; numbers are in their own units, so its mean is 0 and its deviation 1.
        rows: What the rows are called, their numbers in the table.
        truth: What is true, encoded.
        outputs: Probabilities, or numbers, of shape (rows, width).
    """

    target: Target
    rows: tuple[str, ...]
    truth: np.ndarray
    outputs: np.ndarray

    @property
    def words(self) -> list[str]:
        """What is predicted of each row, in words."""
        if self.target.task == "regression":
            return [", ".join(f"{x:.5g}" for x in row) for row in self.outputs]
        return [_named(self.target, row) for row in predicted_codes(self.target, self.outputs)]

    @property
    def true_words(self) -> list[str]:
        """What is true of each row, in words."""
        if self.target.task == "regression":
            return [", ".join(f"{x:.5g}" for x in row) for row in self.truth]
        return [_named(self.target, np.atleast_1d(row)) for row in self.truth]

    def at(self, places: Sequence[int] | np.ndarray) -> "Said":
        """Return some of the rows."""
        chosen = np.asarray(places, np.int64)
        rows = tuple(self.rows[i] for i in chosen)
        return replace(self, rows=rows, truth=self.truth[chosen], outputs=self.outputs[chosen])


@dataclass(frozen=True)
class Paired:
    """How a model compares with another one on the rows that judged both.

    Attributes:
        rows: How many these are.
        every: Whether they are all that judged either of them.
        scores: Those of the model (``network``) beside those of the other (``linear``); ``over_linear`` among the
            intervals has by how much it is better.
        alone: On how many rows it is right, or nearer to the truth, and the other is not.
        other_alone: On how many rows the other is.
        p: How likely so uneven numbers are by chance alone, if both are equally good.
    """

    rows: int
    every: bool
    scores: Scores
    alone: int
    other_alone: int
    p: float


def read_said(path: str | PathLike[str], target: Target) -> Said:
    """Return what the ``predictions.csv`` of a run holds.

    Raises:
        MissingFileError: If there is none: no row was held back.
        FileFormatError: If it is damaged, or of another target.
    """
    try:
        found = pd.read_csv(
            io.BytesIO(read_bytes(path)), header=None, dtype=str, keep_default_na=False, na_filter=False
        )
    except FileNotFoundError:
        raise MissingFileError(f"No predictions {str(path)!r}: no row was held back to judge.") from None
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from None
    except ValueError as error:  # that of pandas, and of letters that are none
        raise FileFormatError(f"{path} is no table of predictions: {str(error)[:200]}.") from None
    count, task = len(target.columns), target.task
    chances = {"binary": 2, "multiclass": len(target.classes), "multilabel": count}.get(task, 0)
    if found.shape[1] != 1 + 2 * count + chances or len(found) < 2:
        raise FileFormatError(
            f"{path} is no table of predictions of {', '.join(map(repr, target.columns))}: it has {found.shape[1]} "
            f"columns, where {1 + 2 * count + chances} are expected."
        )
    cells = found.iloc[1:].reset_index(drop=True)
    truth = pd.concat([unmark_cells(cells.iloc[:, 1 + i]) for i in range(count)], axis=1)
    truth.columns = pd.Index(list(target.columns))
    first = 1 + count if task == "regression" else cells.shape[1] - target.width
    try:
        outputs = cells.iloc[:, first : first + target.width].to_numpy(dtype=float)
        encoded = encode_target(target, truth)
    except (ValueError, DataError) as error:
        raise FileFormatError(f"{path} is no table of predictions: {str(error)[:200]}") from None
    if task == "regression":
        encoded = in_units(target, encoded)
        target = replace(target, mean=(0.0,) * count, std=(1.0,) * count)
    return Said(target, tuple(cells.iloc[:, 0]), encoded, outputs)


def common(several: Sequence[Said]) -> list[np.ndarray] | None:
    """Return for each of several the places of the rows that judged all of them, in the same order.

    None where they are too few, or where not the same is true of them: these are not the same rows.
    """
    known = [{name: place for place, name in enumerate(said.rows)} for said in several]
    if any(len(places) < len(said.rows) for places, said in zip(known, several, strict=True)):
        return None  # two rows have one name: that of several files, say
    names = [name for name in several[0].rows if all(name in places for places in known)]
    if len(names) < LEAST_ROWS:
        return None
    found = [np.array([places[name] for name in names]) for places in known]
    truths = [said.truth[places] for said, places in zip(several, found, strict=True)]
    same = all(np.allclose(truth, truths[0], rtol=1e-9, atol=0.0) for truth in truths[1:])
    return found if same else None


def paired(model: Said, other: Said, metrics: Any = (), seed: int = 0) -> Paired | None:
    """Return how a model compares with another one, None where they were not judged by the same rows.

    Both say the same classes in the same order.
    """
    places = common([model, other]) if model.target.classes == other.target.classes else None
    if places is None:
        return None
    mine, theirs = model.at(places[0]), other.at(places[1])
    scores = judge(
        mine.target,
        mine.truth,
        mine.outputs,
        linear=(theirs.target, theirs.outputs),
        metrics=metrics,
        seed=seed,
    )
    off, theirs_off = _off(mine), _off(theirs)
    alone, other_alone = int((off < theirs_off).sum()), int((theirs_off < off).sum())
    rows = len(mine.rows)
    every = rows == len(model.rows) == len(other.rows)
    return Paired(rows, every, scores, alone, other_alone, sign_test(alone, other_alone))


def sign_test(one: int, other: int) -> float:
    """Return how likely two counts are so uneven, or more, where each case falls to either side alike.

    >>> round(sign_test(1, 9), 4), sign_test(4, 4), sign_test(0, 0)
    (0.0215, 1.0, 1.0)
    """
    total, fewer = one + other, np.arange(min(one, other) + 1)
    logs = np.array([math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) for k in fewer])
    return min(1.0, 2.0 * float(np.exp(logs - total * math.log(2)).sum()))


def disputed(several: Sequence[Said], most: int = 20) -> list[list[str]]:
    """Return the rows that models disagree on, the most first: their names, the truth, and what each says.

    Classes are disputed where they are not the same, the more the further apart the probabilities of the truth are;
    numbers by how far apart they are.
    """
    places = common(several)
    if places is None:
        return []
    found = [said.at(where) for said, where in zip(several, places, strict=True)]
    if found[0].target.task == "regression":
        apart = np.ptp([said.outputs for said in found], axis=0).sum(axis=1)
        differ = apart > 0
    else:
        codes = np.array([predicted_codes(said.target, said.outputs) for said in found])
        differ = (codes != codes[0]).any(axis=(0, 2))
        apart = np.ptp([_chance_of_truth(said) for said in found], axis=0)
    order = [int(i) for i in np.argsort(-apart, kind="stable") if differ[i]][:most]
    truth, words, sure = found[0].true_words, [said.words for said in found], [_sure(said) for said in found]
    return [
        [found[0].rows[i], truth[i], *(f"{says[i]}{how[i]}" for says, how in zip(words, sure, strict=True))]
        for i in order
    ]


def _off(said: Said) -> np.ndarray:
    """Return how far off each row is: of classes whether, or how many labels are wrong."""
    if said.target.task == "regression":
        spread = said.truth.std(axis=0)
        return np.asarray((np.abs(said.outputs - said.truth) / np.where(spread > 0, spread, 1.0)).sum(axis=1))
    codes = predicted_codes(said.target, said.outputs)
    return np.asarray((codes != said.truth.reshape(codes.shape)).sum(axis=1))


def _chance_of_truth(said: Said) -> np.ndarray:
    """Return the probability that each row's truth was given."""
    rows = np.arange(len(said.rows))
    if said.target.task == "multiclass":
        return np.asarray(said.outputs[rows, said.truth.astype(np.int64)])
    truth = said.truth.reshape(said.outputs.shape)
    return np.asarray(np.where(truth > 0.5, said.outputs, 1 - said.outputs).mean(axis=1))


def _sure(said: Said) -> list[str]:
    """Return how sure a model is of the class that it says."""
    if said.target.task not in ("binary", "multiclass"):
        return [""] * len(said.rows)
    codes = predicted_codes(said.target, said.outputs)[:, 0]
    of = np.hstack([1 - said.outputs, said.outputs]) if said.target.task == "binary" else said.outputs
    return [f" ({of[i, code]:.0%})" for i, code in enumerate(codes)]


def _named(target: Target, codes: np.ndarray) -> str:
    if target.task == "multilabel":
        there = [name for name, code in zip(target.columns, codes, strict=True) if code > 0.5]
        return ", ".join(there) or "none"
    return str(target.classes[int(codes[0])])
