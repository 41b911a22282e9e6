"""Several networks compared on a table, of which the one that wins is trained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from chainrule.models import runs
from chainrule.models.base import Say, Stages
from chainrule.models.comparing import Comparison, Rate, compare
from chainrule.models.given import Place
from chainrule.models.options import Options
from chainrule.models.places import CHECKPOINT
from chainrule.models.prepared import Sorted, prepare
from chainrule.models.scoring import chosen, measured
from chainrule.train.fit.resuming import Checkpoints

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
    comparison = compare(prepare_rows, whole.rows, whole.folds, options, rate, say, stages, keep)
    if stages.signal and stages.file:
        stages.file.write()
    left = options
    if options.time_budget:
        fits = len(comparison.tried) * max(1, len(whole.folds)) + len(whole.folds) + 2
        left = replace(options, time_budget=options.time_budget * (len(whole.folds) + 2) / fits)
    model = train(place, table, whole, replace(left, **comparison.changes), say, verbose, stages)
    return replace(model, comparison=comparison)


def once(say: Say) -> Say:
    """Return what says each sentence once: the winner's plan is that of all the others."""
    said: set[str] = set()

    def first(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            say(sentence)

    return first
