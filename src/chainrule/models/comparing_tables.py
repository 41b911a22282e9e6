"""Several networks compared on a table, of which the one that wins is trained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from chainrule.data.splitting import strata_of
from chainrule.doors import late
from chainrule.errors import DataError
from chainrule.models import runs
from chainrule.models.base import Fitted, Say, Stages
from chainrule.models.comparing import LEAST, Beside, Comparison, Rate, compare
from chainrule.models.given import Place, rows_of
from chainrule.models.ladder import Rung, ladder
from chainrule.models.options import BY_HAND, Options, made_by_hand
from chainrule.models.places import CHECKPOINT
from chainrule.models.prepared import Sorted, prepare
from chainrule.models.rows import Rows, by_fold
from chainrule.models.scoring import chosen, measured
from chainrule.models.suited import decide
from chainrule.shown import counted
from chainrule.train.fit.resuming import Checkpoints

if TYPE_CHECKING:
    from chainrule.models.members import fit
else:  # a process that loads a model and predicts waits for nothing of learning
    fit = late("chainrule.models.members:fit")

RECIPE = "recipe"
SHARES = 4  # networks for which those of the recipe count at most, where time is short
FOLDS = 5
FEW = 2_000  # rows, up to which folds of them rank
RANKED_BY = {"regression": "r2"}  # what few rows tell apart best


def usual_of(table: pd.DataFrame, options: Options) -> Options:
    """Return the choices of the usual network, from which others differ.

    ``recipe`` says whether the recipe is tried as well: it is not where a network is made by hand.
    """
    by_hand = made_by_hand(options)
    if by_hand and (options.members or options.recipe):
        what = "members" if options.members else "recipe"
        raise DataError(
            f"{what} is a choice of the recipe, and {by_hand[0]} makes networks by hand: a comparison tries either.\n"
            "Leave out one of the two."
        )
    whole, usual = rows_of(table, replace(options, recipe=False, members=None))
    usual = decide(usual, whole.target, len(whole.rows.learn))
    recipe = not by_hand and options.recipe is not False
    return replace(usual, recipe=recipe, members=options.members, bins=options.bins)


def compare_in(
    place: Place | None,
    table: pd.DataFrame,
    options: Options,
    say: Say,
    verbose: int,
    train: Callable[..., Any],
) -> Any:
    """Compare networks on a table, and return the model that ``train`` makes of the one that wins.

    ``options`` are those of :func:`usual_of`. In the folder of a run each fit is a stage in its checkpoint, and each
    network that was tried a row of its table.
    """
    whole, by_hand = rows_of(table, replace(options, recipe=False, members=None))
    folder = place[0] if place else None
    stages = Stages(verbose if verbose > 1 else 0, file=Checkpoints(folder / CHECKPOINT) if folder else None)
    metrics = chosen(whole.target, options.metric or RANKED_BY.get(whole.target.task, "log_loss"))
    rate = Rate(
        *next(iter(metrics.items())),
        lambda ready, truth, outputs: measured(ready.data.target, truth, outputs),
    )

    def keep(comparison: Comparison) -> None:
        if folder and stages.file:
            stages.file.try_to(partial(runs.write_comparison, folder, comparison.table))

    prepare_rows: Any = partial(prepare, whole)
    folds = whole.folds or _folds_of(whole, options)
    several, by_recipe = _by_recipe(table, options) if options.recipe else (whole, by_hand)
    beside = _beside(several, by_recipe) if options.recipe else None
    tries, left = options.time_budget, options.time_budget
    if options.time_budget:
        shares = beside.shares if beside else 0
        winner = (len(whole.folds) + 2) * max(1, shares)
        left = options.time_budget * winner / ((len(ladder(by_hand)) + shares) * max(1, len(folds)) + winner)
        tries = options.time_budget - left
    with runs.breaking_off(stages.file):
        comparison = compare(
            prepare_rows,
            whole.rows,
            folds,
            replace(by_hand, time_budget=tries),
            rate,
            say,
            stages,
            keep,
            beside,
        )
    if stages.signal and stages.file:
        stages.file.try_to(stages.file.write, last=True)
    if comparison.winner == RECIPE:
        whole, by_hand = several, by_recipe
    if left:  # what the tries did not take, or took, is the winner's
        left = max(options.time_budget - stages.seconds, LEAST * left)
    winner_is = replace(by_hand, **comparison.changes, time_budget=left)
    model = train(place, table, whole, winner_is, say, verbose, stages)
    return replace(model, comparison=comparison)


def _by_recipe(table: pd.DataFrame, options: Options) -> tuple[Sorted, Options]:
    """Return rows and choices of the recipe, of those of the usual network: it decides itself what those decide."""
    return rows_of(table, replace(options, **{name: getattr(Options, name) for name in BY_HAND}))


def _beside(whole: Sorted, options: Options) -> Beside:
    """Return what the recipe makes of a table, to be tried beside networks that are made by hand."""

    def fit_it(name: str, rows: Rows, seconds: float | None, stages: Stages) -> Fitted[Any]:
        ready = prepare(whole, rows, replace(options, time_budget=seconds))
        return fit(name, ready, ready.options, stages, lambda sentence: None)

    count = options.members or whole.members
    return Beside(Rung(RECIPE, counted(count, "network"), {"recipe": True}), min(count, SHARES), fit_it)


def _folds_of(whole: Sorted, options: Options) -> tuple[Rows, ...]:
    """Return folds of the rows to learn from, where there are few: their ranks are worth more than a single part's.

    What is told apart by a few rows, by which the best epoch was chosen besides, is mostly luck. They take five times
    as long, so that there are none where time is short.
    """
    among = np.sort(np.concatenate([whole.rows.learn, whole.rows.validation]))
    if len(among) > FEW or not len(whole.rows.validation) or options.time_budget:
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
