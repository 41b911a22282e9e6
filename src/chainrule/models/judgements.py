"""What a training was like, and what was predicted for the rows that judged, beside the truth: the files of a run."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chainrule.data.labels import decode_predictions, in_units
from chainrule.data.words import row_labels
from chainrule.data.written import texts_of
from chainrule.doors import late
from chainrule.models import configuration, runs
from chainrule.models.base import FLATTER, Ready, Trained
from chainrule.models.given import Place
from chainrule.models.places import MODEL
from chainrule.models.prepared import Prepared, Sorted
from chainrule.models.scores import Report
from chainrule.train.network import Network

if TYPE_CHECKING:
    from chainrule.train.fit.resuming import Checkpoints

_card = late("chainrule.models.card:card")


@dataclass(frozen=True)
class Judged:
    """What is true of the rows that judged, and what was said of them.

    Attributes:
        truth: The positions of classes (rows,), whether a row has each label (rows, labels), or numbers in their units,
            (rows, columns).
        said: Probabilities (rows, width), or numbers in their units.
        about: What there is to say of these rows, or "".
    """

    truth: np.ndarray
    said: np.ndarray
    about: str


def judged_rows(trained: Trained[Prepared]) -> Judged | None:
    """Return what was said of the rows that judged; without a test of those that said when to stop."""
    parts = [(fold.ready, fold.network, fold.ready.test) for fold in trained.folds]
    about = "By cross-validation: each row is judged by a network that never saw it."
    if trained.ready.test is not None:
        parts, about = [(trained.ready, trained.judged, trained.ready.test)], "Of the rows of the test."
    elif not parts and trained.ready.validation is not None:
        parts, about = [(trained.ready, trained.judged, trained.ready.validation)], FLATTER
    truths, outputs = [], []
    for ready, network, arrays in parts:
        if arrays is None:
            continue
        target, known = ready.data.target, ready.tested if arrays is ready.test else None
        truth, said = arrays[1], np.asarray(network.predict(arrays[0]) if known is None else known, float)
        if target.task == "regression":
            truth, said = in_units(target, truth), in_units(target, said)
        truths.append(truth)
        outputs.append(said)
    return Judged(np.concatenate(truths), np.concatenate(outputs), about) if truths else None


def report_of(trained: Trained[Prepared]) -> Report:
    """Return what a training was like."""
    history, rows, test = trained.history, trained.rows, trained.ready.test
    judged = sum(len(fold.rows.test) for fold in trained.folds) if test is None else len(test[1])
    return Report(
        len(rows.learn), len(rows.validation), judged, trained.scores, trained.ready.data.notes,
        history.stopped, history.epochs, trained.seconds, trained.refit,
    )  # fmt: skip


def judgements(whole: Sorted, trained: Trained[Prepared]) -> list[pd.DataFrame]:
    """Return the rows that judged, by their place in their table: the truth, and what was predicted for them."""
    if trained.ready.test is None:
        parts = [(fold.ready, fold.network, whole.frame.iloc[fold.rows.test]) for fold in trained.folds]
    else:
        part = whole.frame.iloc[trained.rows.test] if whole.judges is None else whole.judges
        parts = [(trained.ready, trained.judged, part)]
    return [_beside_truth(ready, network, part) for ready, network, part in parts if ready.test is not None]


def write_run(
    place: Place, model: Any, trained: Trained[Prepared], file: "Checkpoints", whole: Sorted
) -> None:
    """Write all that there is of a run."""
    folder, begun = place
    signal = trained.history.signal
    with runs.writing(folder, file):
        if signal:
            file.try_to(file.write, last=True)  # from which the training can go on
        runs.write_history(folder, trained.histories)
        runs.write_metrics(folder, model.report.to_dict())
        if beside := judgements(whole, trained):
            runs.write_predictions(folder, pd.concat(beside, ignore_index=True))
        runs.write_card(folder, _card(model, begun.data, trained.options))
        runs.write_configuration(folder, configuration.ended(begun, trained.options, goes_on=bool(signal)))
        model.save(folder / MODEL)  # the last: a run that has one, and no checkpoint, has ended
    if not signal:
        file.remove()


def _beside_truth(ready: Ready[Prepared], network: Network, part: pd.DataFrame) -> pd.DataFrame:
    """Return what a network predicts for the rows that judge it, beside what is there and the names of the rows."""
    features, _ = ready.test or ([], [])
    target = ready.data.target
    said = network.predict(features) if ready.tested is None else ready.tested
    predicted = decode_predictions(target, said)
    told = {name: f"predicted_{name}" for name in target.columns}
    truth = part[list(target.columns)]
    if target.task != "regression":  # as they were written, as what is predicted is
        truth = pd.DataFrame({name: texts_of(part[name]) for name in target.columns})
    truth = truth.reset_index(drop=True)
    rows = pd.Series(row_labels(part.index), name="row")
    return pd.concat([rows, truth, predicted.rename(columns=told)], axis=1)
