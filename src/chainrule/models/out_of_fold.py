"""What networks say of rows that they did not learn from, and after how many epochs that is the best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.models.base import Ready
from chainrule.models.logarithm import Logarithm
from chainrule.models.prepared import Prepared
from chainrule.models.recipe import FEW, best_epoch
from chainrule.train.history import History
from chainrule.train.kept import KeptEpochs
from chainrule.train.network import Network


@dataclass(frozen=True)
class Variant:
    """What networks see and learn.

    Attributes:
        bins: How many bins stand beside each column of numbers.
        logarithm: Of what is predicted, if that is what they learn.
    """

    bins: int
    logarithm: Logarithm | None = None

    @property
    def name(self) -> str:
        """What stages of it are called, before their number; "" for that of the choices."""
        return "log " if self.logarithm else "" if self.bins else "plain "


@dataclass(frozen=True, eq=False)
class Member:
    """A network that learned, which of the folds it learned from, and its training."""

    network: Network
    fold: int
    history: History

    @property
    def kept(self) -> KeptEpochs:
        """What it said after each epoch of the rows that judge it."""
        kept: Any = self.history.kept
        return kept


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks that learn the same of several folds.

    Attributes:
        members: Those that learned.
        variant: What they see and learn.
        epochs: After how many epochs each was best.
        outputs: What they say of rows that they did not learn from, shape (rows, outputs); NaN where all did.
        cost: What that costs, in the mean.
    """

    members: tuple[Member, ...]
    variant: Variant
    epochs: tuple[int, ...]
    outputs: np.ndarray
    cost: float


def ensemble_of(
    ready: Ready[Prepared],
    losses: Callable[[np.ndarray], np.ndarray],
    weight: np.ndarray | None,
    members: Sequence[Member],
    variant: Variant,
) -> Ensemble:
    """Return those networks that learned, after how many epochs each is best, and what they say then."""
    done = [each for each in members if each.history.epochs and not each.history.diverged]
    if in_step(ready):
        most = max((each.history.epochs for each in done), default=0)
        done = [each for each in done if each.history.epochs == most]
    rows, width = len(ready.learn[0]), ready.data.target.width
    nothing = np.full((rows, width), np.nan)
    if not done:
        return Ensemble((), variant, (), nothing, np.inf)
    said = [_said(ready, each, variant.logarithm) for each in done]
    judged = [ready.data.folds[each.fold][1] for each in done]
    if in_step(ready):
        by_epoch = _out_of_fold(rows, judged, said)
        monitor = ready.stopping.monitor
        if monitor is None or variant.logarithm:
            curve = _means(losses(by_epoch), weight)
        else:
            curve = np.mean([each.history[monitor] for each in done], axis=0)
            curve = -curve if ready.stopping.larger_is_better else curve
        epochs = [best_epoch(curve) + 1] * len(done)
        outputs = by_epoch[epochs[0] - 1]
    else:
        best = (each.history.best_epoch for each in done)
        epochs = [each.history.epochs if at is None else at + 1 for each, at in zip(done, best, strict=True)]
        outputs = _out_of_fold(rows, judged, [p[[e - 1]] for p, e in zip(said, epochs, strict=True)])[0]
    cost = float(_means(losses(outputs[None]), weight)[0])
    return Ensemble(tuple(done), variant, tuple(epochs), outputs, cost)


def in_step(ready: Ready[Prepared]) -> bool:
    """Say whether all folds have one best epoch."""
    return len(ready.learn[0]) <= FEW


def at_epoch(ready: Ready[Prepared], member: Member, variant: Variant, epoch: int) -> np.ndarray:
    """Return what a network said, after an epoch from 1, of the rows that judge it: (rows, outputs)."""
    return _said(ready, member, variant.logarithm, slice(epoch - 1, epoch))[0]


def _said(
    ready: Ready[Prepared], member: Member, logarithm: Logarithm | None, epochs: slice = slice(None)
) -> np.ndarray:
    """Return what a network said after each epoch of the rows that judge it, shape (epochs, rows, outputs)."""
    found = member.kept.predictions[epochs]
    found = found.reshape(*found.shape[:2], -1)
    return found if logarithm is None else logarithm.said(ready.data.target, found)


def _out_of_fold(rows: int, judged: Sequence[np.ndarray], said: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of what networks say of each row, shape (epochs, rows, outputs); NaN where none does."""
    shape = said[0].shape[0], rows, said[0].shape[2]
    total, count = np.zeros(shape), np.zeros(rows)
    for places, outputs in zip(judged, said, strict=True):
        total[:, places] += outputs
        count[places] += 1
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count[:, None])


def _means(losses: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the mean over the rows that have a loss, of each epoch; losses have shape (epochs, rows)."""
    known = np.isfinite(losses).any(axis=0)
    return np.average(losses[:, known], axis=1, weights=None if weight is None else weight[known])
