"""What is told of a training that is over: what its scores mean, where the model is, and what can be done with it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import chainrule as cr
from chainrule.shown import counted

MEANINGS = {
    "auc": "auc: how often a row of the one class is ranked above one of the other; 0.5 is chance, 1 the best.",
    "r2": "r2: the share of the target's variation that is predicted; 0 is that of the mean, 1 the best.",
}


def meanings(model: "cr.TableModel") -> list[str]:
    """Return a sentence for each score whose name says nothing to who never met it."""
    scores = model.report.scores
    return [meaning for name, meaning in MEANINGS.items() if scores and name in scores.network]


def saved(model: "cr.TableModel", path: Path, before: "cr.TableModel | None", replaced: bool) -> str:
    """Return where a model is, and how good the one was that was there."""
    told = f"{path.stat().st_size / 1000:,.0f} kB, trained in {model.report.took}"
    if before and before.report.scores:
        name, value = next(iter(before.report.scores.network.items()))
        told += f"; {name} {value:.4g} before"
    return f"{'Replaced' if replaced else 'Saved'} the model: {path} ({told})."


def next_steps(model: "cr.TableModel", path: Path) -> Iterator[str]:
    """Yield what can be done now: sentences, and commands that begin with blanks."""
    if held := model.report.test_rows:
        of_test = f"{counted(held, 'row')} of the test"
        yield f"Once its scores are known, test_fraction=0 learns from the {of_test} too."
    yield "What it is made of, and predictions for the rows of another table:"
    yield f"  {shlex.join(['chainrule', 'summary', str(path)])}"
    yield f"  {shlex.join(['chainrule', 'predict', str(path), 'new.csv', '--out', 'predictions.csv'])}"
