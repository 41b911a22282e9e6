"""What a training was like, and what was predicted for the rows that judged, beside the truth: the files of a run."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chainrule.data.labels import decode_predictions, in_units
from chainrule.data.words import row_labels
from chainrule.data.written import texts_of
from chainrule.doors import late
from chainrule.errors import DataError
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
_views = late("chainrule.models.views.gathering:views_of")
_budget = late("chainrule.models.views.gathering:budget_for")


@dataclass(frozen=True)
class Judged:
    """What is true of the rows that judged, and what was said of them.

    Attributes:
        truth: The positions of classes (rows,), whether a row has each label (rows, labels), or numbers in their units,
            (rows, columns).
        said: Probabilities (rows, width), or numbers in their units.
        about: What there is to say of these rows, or "".
        frame: The rows themselves, with all their columns.
    """

    truth: np.ndarray
    said: np.ndarray
    about: str
    frame: pd.DataFrame | None = None

    @property
    def rows(self) -> pd.DataFrame:
        """The rows with all their columns; DataError where they have lost them."""
        if self.frame is None:
            raise DataError("These rows have lost their columns: give some, as a table.")
        return self.frame


@dataclass(frozen=True, eq=False)
class Court:
    """Rows, and the network that they judge: it learned from none of them.

    Attributes:
        ready: What that network learned from.
        network: The network.
        frame: The rows, with all their columns.
        features: They, as the network takes them.
        truth: What is true of them, as it learns.
        said: What it says of them.
    """

    ready: Ready[Prepared]
    network: Network
    frame: pd.DataFrame
    features: np.ndarray
    truth: np.ndarray
    said: np.ndarray


def courts_of(whole: Sorted, trained: Trained[Prepared]) -> tuple[list[Court], str]:
    """Return the rows that judged, of the test, of each fold, else those that said when to stop; and which they are."""
    parts = [
        (fold.ready, fold.network, fold.ready.test, whole.frame.iloc[fold.rows.test])
        for fold in trained.folds
    ]
    about = "By cross-validation: each row is judged by a network that never saw it."
    ready, rows = trained.ready, trained.rows
    if ready.test is not None:
        part = whole.frame.iloc[rows.test] if whole.judges is None else whole.judges
        parts, about = [(ready, trained.judged, ready.test, part)], "Of the rows of the test."
    elif not parts and ready.validation is not None:
        part = whole.frame.iloc[rows.validation]
        parts, about = [(ready, trained.judged, ready.validation, part)], FLATTER
    found = []
    for of, network, arrays, part in parts:
        if arrays is not None:
            known = of.tested if arrays is of.test else None
            said = np.asarray(network.predict(arrays[0]) if known is None else known, float)
            found.append(Court(of, network, part, arrays[0], arrays[1], said))
    return found, about


def judged_rows(whole: Sorted, trained: Trained[Prepared]) -> Judged | None:
    """Return what was said of the rows that judged; without a test of those that said when to stop."""
    courts, about = courts_of(whole, trained)
    truths, outputs = [], []
    for court in courts:
        target, truth, said = court.ready.data.target, court.truth, court.said
        if target.task == "regression":
            truth, said = in_units(target, truth), in_units(target, said)
        truths.append(truth)
        outputs.append(said)
    if not courts:
        return None
    frame = courts[0].frame if len(courts) == 1 else pd.concat([court.frame for court in courts])
    frame.attrs = dict(courts[0].frame.attrs)  # how cells were written
    return Judged(np.concatenate(truths), np.concatenate(outputs), about, frame)


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
    courts, about = courts_of(whole, trained)
    return [] if about == FLATTER else [_beside_truth(court) for court in courts]


def write_run(
    place: Place, model: Any, trained: Trained[Prepared], file: "Checkpoints", whole: Sorted,
    asked: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Write all that there is of a run; ``asked`` says whether somebody asked for the end meanwhile."""
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
        if trained.options.report and report_wanted():
            runs.write_views(
                folder, _views(model, trained, whole, begun.data, _budget(trained.seconds, asked))
            )
            runs.write_report(folder)
    if not signal:
        file.remove()


def report_wanted() -> bool:
    """Say whether runs have reports: not where the environment says CHAINRULE_REPORT=no, as for hundreds of runs."""
    return os.environ.get("CHAINRULE_REPORT", "").lower() not in ("no", "0", "false")


def _beside_truth(court: Court) -> pd.DataFrame:
    """Return what a network predicts for the rows that judge it, beside what is there and the names of the rows."""
    target, part = court.ready.data.target, court.frame
    predicted = decode_predictions(target, court.said)
    told = {name: f"predicted_{name}" for name in target.columns}
    truth = part[list(target.columns)]
    if target.task != "regression":  # as they were written, as what is predicted is
        truth = pd.DataFrame({name: texts_of(part[name]) for name in target.columns})
    truth = truth.reset_index(drop=True)
    rows = pd.Series(row_labels(part.index), name="row")
    return pd.concat([rows, truth, predicted.rename(columns=told)], axis=1)
