"""Several networks compared on a table, of which the one that wins is trained."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from os import PathLike
from typing import Any

from chainrule.models import runs
from chainrule.models.base import Say, Stages
from chainrule.models.comparing import Comparison, Rate, compare
from chainrule.models.given import rows_of, table_of
from chainrule.models.options import Options, by_name
from chainrule.models.prepared import prepare
from chainrule.models.scoring import chosen, measured

RANKED_BY = {"regression": "r2"}  # what few rows tell apart best


def compare_on_table(
    data: Any,
    choices: dict[str, Any],
    tell: Say | None,
    verbose: int,
    run: str | PathLike[str] | bool | None,
    train: Callable[..., Any],
) -> Comparison:
    """Return how several networks compare on a table, with the model that ``train`` makes of the one that wins."""
    options, say = Options(**by_name("compare", choices)), tell or (lambda sentence: None)
    runs.check_place(run)  # before all the work
    table, options = table_of(data, options, say)
    whole, decided = rows_of(table, options)
    metrics = chosen(whole.target, options.metric or RANKED_BY.get(whole.target.task, "log_loss"))
    rate = Rate(
        *next(iter(metrics.items())),
        lambda ready, truth, outputs: measured(ready.data.target, truth, outputs),
    )
    prepare_rows: Any = partial(prepare, whole)
    for sentence in prepare_rows(whole.rows, decided).about[:-1]:
        say(sentence)
    stages = Stages(verbose if verbose > 1 else 0)
    comparison = compare(prepare_rows, whole.rows, whole.folds, decided, rate, say, stages)
    left = options
    if options.time_budget:
        fits = len(comparison.tried) * max(1, len(whole.folds)) + len(whole.folds) + 2
        left = replace(options, time_budget=options.time_budget * (len(whole.folds) + 2) / fits)
    model = train(data, replace(left, **comparison.changes), say, verbose, run)
    if model.history is not None:
        model.history.signal = model.history.signal or stages.signal
    if model.run:
        runs.write_comparison(model.run, comparison.table)
    return replace(comparison, model=model)
