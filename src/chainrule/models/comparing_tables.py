"""Several networks compared on a table, of which the one that wins is trained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.splitting import strata_of
from chainrule.errors import DataError
from chainrule.models import runs
from chainrule.models.base import Say, Stages
from chainrule.models.comparing import Comparison, Rate, compare
from chainrule.models.given import Place
from chainrule.models.ladder import ladder
from chainrule.models.options import Options
from chainrule.models.places import CHECKPOINT
from chainrule.models.prepared import Sorted, prepare
from chainrule.models.rows import Rows, by_fold
from chainrule.models.scoring import chosen, measured
from chainrule.train.fit.resuming import Checkpoints

FOLDS = 5
FEW = 2_000  # rows, up to which folds of them rank
RANKED_BY = {"regression": "r2"}  # what few rows tell apart best


def compare_in(
    place: Place | None,
    table: pd.DataFrame,
    whole: Sorted,
    options: Options,
    say: Say,
    verbose: int,
    train: Callable[..., Any],
) -> Any:
    """Compare networks on a table, and return the model that ``train`` makes of the one that wins.

    In the folder of a run each fit is a stage in its checkpoint, and each network that was tried a row of its table.
    """
    folder = place[0] if place else None
    stages = Stages(verbose if verbose > 1 else 0, file=Checkpoints(folder / CHECKPOINT) if folder else None)
    metrics = chosen(whole.target, options.metric or RANKED_BY.get(whole.target.task, "log_loss"))
    rate = Rate(
        *next(iter(metrics.items())),
        lambda ready, truth, outputs: measured(ready.data.target, truth, outputs),
    )

    def keep(comparison: Comparison) -> None:
        if folder:
            runs.write_comparison(folder, comparison.table)

    prepare_rows: Any = partial(prepare, whole)
    folds = whole.folds or _folds_of(whole, options)
    tries, left = options, options
    if options.time_budget:
        winners = len(whole.folds) + 2
        share = options.time_budget / (len(ladder(options)) * max(1, len(folds)) + winners)
        left = replace(options, time_budget=share * winners)
        tries = replace(options, time_budget=options.time_budget - left.time_budget)
    comparison = compare(prepare_rows, whole.rows, folds, tries, rate, say, stages, keep)
    if stages.signal and stages.file:
        stages.file.write()
    model = train(place, table, whole, replace(left, **comparison.changes), say, verbose, stages)
    return replace(model, comparison=comparison)


def _folds_of(whole: Sorted, options: Options) -> tuple[Rows, ...]:
    """Return folds of the rows to learn from, where there are few: their ranks are worth more than a single part's.

    What is told apart by a few rows, by which the best epoch was chosen besides, is mostly luck.
    """
    among = np.sort(np.concatenate([whole.rows.learn, whole.rows.validation]))
    if len(among) > FEW or not len(whole.rows.validation):
        return ()
    try:
        return by_fold(strata_of(whole.target, whole.frame), whole.belonging, among, FOLDS, options.seed)
    except DataError:  # too few groups, or times
        return ()


def once(say: Say) -> Say:
    """Return what says each sentence once: the winner's plan is that of all the others."""
    said: set[str] = set()

    def first(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            say(sentence)

    return first
