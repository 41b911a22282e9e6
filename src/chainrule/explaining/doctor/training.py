"""A case, trained: several seeds side by side, each judged by rows that it did not learn from."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.scoring import Score
from chainrule.explaining.doctor.splitting import Split
from chainrule.signals import Ended
from chainrule.train.history import History
from chainrule.train.many import fit_many
from chainrule.train.network import Network

WORST = Score("", 0.0, -1.0)
ENOUGH = 2000  # rows that say how well those are predicted that were learned from


@dataclass(frozen=True, eq=False)
class Wanted:
    """A network that has not learned yet, and the rows that it learns from and is judged by."""

    network: Network
    split: Split


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a training.

    Attributes:
        network: As trained.
        history: Its costs; None where it could not be trained.
        learning: How well it predicts the rows that it learned from.
        choosing: And those that it did not.
        said: What it predicts for these.
        error: What was said where it could not be trained.
    """

    network: Network
    history: History | None
    learning: Score
    choosing: Score
    said: np.ndarray
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be trained, or its cost became NaN or infinite."""
        return self.history is None or bool(self.history.diverged)


def outcomes(case: Any, wanted: Sequence[Wanted], curves: bool = False) -> list[Outcome]:
    """Train networks for a case, and judge them.

    Args:
        case: The case.
        wanted: The networks, and their rows.
        curves: Whether the histories tell of the rows that judge, epoch by epoch, as "val_cost".
    """
    job, networks = case.job, [w.network for w in wanted]
    settings: dict[str, Any] = {
        "loss": job.loss, "optimizer": job.optimizer, "batch_size": _batch(job.batch_size, wanted[0].split.share),
        "epochs": job.epochs,
        "class_weight": job.class_weight, "shuffle": job.shuffle, "tol": job.tol, "sample_weight": job.sample_weight,
        "rows": [w.split.learning for w in wanted],
    }  # fmt: skip
    if job.stopping is not None:
        settings["callbacks"] = [job.stopping]
        if job.validation_data is not None and case.validation is not None:
            settings["validation_data"] = (case.given(tables=case.validation[0]), case.validation[1])
        elif job.validation_split:
            settings["validation_split"] = job.validation_split
    elif curves:
        settings["validation_rows"] = [w.split.choosing for w in wanted]
    histories: Sequence[History | None] = [None] * len(wanted)
    error = ""
    with np.errstate(all="ignore"):
        try:
            histories = fit_many(networks, case.given(), case.targets, **settings)
        except Exception as problem:  # a loss or a layer of the user's may raise anything
            error = says(problem)
        asked = next((h.signal for h in histories if h is not None and h.signal), 0)
        if asked:  # Ctrl-C in a trial is meant for the whole
            raise Ended(asked)
        return [_judged(case, w, history, error) for w, history in zip(wanted, histories, strict=True)]


def _batch(size: int | None, share: float) -> int | None:
    """Return the size of batches of a share of the rows, of which an epoch has as many steps."""
    return size if size is None or share == 1 else max(min(size, 4), round(size * share))


def says(error: Exception) -> str:
    """Return what an error says, and its kind where it is none of ours."""
    if not isinstance(error, ChainruleError):
        return f"{type(error).__name__}: {error}"
    return re.sub(r"^networks\[\d+\], whose rows are counted anew: ", "", str(error))


def _judged(case: Any, wanted: Wanted, history: History | None, error: str) -> Outcome:
    learning, choosing, said = WORST, WORST, np.zeros(0)
    if history is not None:
        with contextlib.suppress(Exception):
            said = case.said(wanted.network, wanted.split.choosing)
            choosing = case.judge(wanted.split.choosing, said)
            known = wanted.split.learning
            learning = case.score(wanted.network, known[:: -(-len(known) // ENOUGH)])
            if (
                history.diverged
            ):  # the weights are those of the last good epoch: what came after is no success
                choosing, learning = _no_better(choosing), _no_better(learning)
    return Outcome(wanted.network, history, learning, choosing, said, error)


def _no_better(score: Score) -> Score:
    return Score(score.metric, score.value, min(score.skill, 0.0))
