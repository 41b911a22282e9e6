"""What a training was like, and what was predicted for the rows that judged, beside the truth."""

import pandas as pd

from chainrule.data.labels import decode_predictions
from chainrule.data.words import row_labels
from chainrule.data.written import texts_of
from chainrule.models.base import Ready, Trained
from chainrule.models.prepared import Prepared, Sorted
from chainrule.models.scores import Report
from chainrule.train.network import Network


def report_of(trained: Trained[Prepared]) -> Report:
    """Return what a training was like."""
    history, rows, test = trained.history, trained.rows, trained.ready.test
    judged = sum(len(fold.rows.test) for fold in trained.folds) if test is None else len(test[1])
    return Report(
        len(rows.learn), len(rows.validation), judged, trained.scores, trained.ready.data.notes,
        history.stopped, history.epochs, history.seconds, trained.refit,
    )  # fmt: skip


def judgements(whole: Sorted, trained: Trained[Prepared]) -> list[pd.DataFrame]:
    """Return the rows that judged, by their place in their table: the truth, and what was predicted for them."""
    if trained.ready.test is None:
        parts = [(fold.ready, fold.network, whole.frame.iloc[fold.rows.test]) for fold in trained.folds]
    else:
        part = whole.frame.iloc[trained.rows.test] if whole.judges is None else whole.judges
        parts = [(trained.ready, trained.judged, part)]
    return [_beside_truth(ready, network, part) for ready, network, part in parts if ready.test is not None]


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
