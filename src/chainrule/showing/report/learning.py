"""How a model learned: its cost from epoch to epoch, with the best epoch."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from chainrule.explaining.pictures import trainings
from chainrule.explaining.pictures.marks import Line, Mark, Rule
from chainrule.explaining.pictures.picture import Picture
from chainrule.models.scores import in_short
from chainrule.showing.report.parts import Section, figure, paragraph
from chainrule.showing.report.run import Run
from chainrule.shown import counted
from chainrule.train.history import History, measured

AGAIN = ("refit", "fold")  # stages that begin anew: on all rows, or without those of a fold
OTHER = "plain "  # networks that were tried beside, whose costs may be of another scale
MOST_LINES, MOST_PANELS = 24, 4


def learning(run: Run) -> Section:
    """Return the section with the learning curves."""
    best = run.views.get("best_epoch")
    best = best if isinstance(best, int) and not isinstance(best, bool) and best > 0 else None
    drawn = curves(run.stages, best)
    inside = paragraph(in_short(run.report)) + ("" if drawn is None else figure(drawn))
    return Section("learning", "How it learned", inside, "Learning")


def curves(stages: Mapping[str, History], best: int | None = None) -> Picture | None:
    """Draw the costs of the stages of a training; None where no epoch was done.

    Args:
        stages: The epochs of each.
        best: The best epoch, from 1; by default that of the least validation cost, where there is one stage.
    """
    first = own_stages(stages)
    if not first:
        return None
    if len(first) == 1:
        return _one(next(iter(first.values())), best)
    shown = dict(list(first.items())[:MOST_LINES])
    what = "val_cost" if all("val_cost" in each for each in shown.values()) else "cost"
    drawn = trainings.costs({"": list(shown.values())}, what)
    held = "rows that they did not learn from" if what == "val_cost" else "the rows that they learned from"
    panel = drawn.panels[0]
    marks: list[Mark] = [
        replace(mark, name=f"median of {len(shown)} networks") if isinstance(mark, Line) else mark
        for mark in panel.marks
    ]
    if best is not None:
        marks.append(Rule(x=best, name=f"best epoch: {best:,}", dash="dotted"))
    note = (
        (f"Of {len(first)} trainings the first {len(shown)} are drawn.",) if len(first) > len(shown) else ()
    )
    return replace(
        drawn,
        panels=[replace(panel, marks=marks, size=(640.0, 300.0))],
        title=f"Cost of {counted(len(shown), 'network')} on {held}",
        notes=("The band reaches from the lowest to the highest.", *note),
    )


def own_stages(stages: Mapping[str, History]) -> dict[str, History]:
    """Return the stages of the networks that were chosen; of cross-validation alone those of the folds."""
    known = {name: each for name, each in stages.items() if measured(each) and each.epochs}
    first = {name: each for name, each in known.items() if not name.startswith(AGAIN)}
    first = first or {name: each for name, each in known.items() if not name.startswith("refit")} or known
    return {name: each for name, each in first.items() if not name.startswith(OTHER)} or first


def _one(history: History, best: int | None) -> Picture:
    """Draw one training, with its best epoch."""
    lines = {name: np.asarray(numbers, np.float64) for name, numbers in measured(history).items()}
    watched = lines.get("val_cost")
    if best is None and watched is not None and np.isfinite(watched).any():
        best = int(np.nanargmin(watched)) + 1
    known = history if best is None or best > history.epochs else _with_best(history, best - 1)
    drawn = trainings.history(known)
    several = len(drawn.panels) > 1
    sized = [each if several else replace(each, size=(640.0, 300.0)) for each in drawn.panels[:MOST_PANELS]]
    return replace(drawn, panels=sized, title="")


def _with_best(history: History, best: int) -> History:
    return History(measured(history), history.times, best_epoch=best)
