"""What is told of a training that is over: what its scores mean, where it all is, and what can be done with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chainrule as cr
from chainrule.cli.speech import spoken
from chainrule.shown import in_a_row
from chainrule.terminal import quoted

MEANINGS = {
    "auc": "auc: how often a row of the one class is ranked above one of the other; 0.5 is chance, 1 the best.",
    "r2": "r2: the share of the target's variation that is predicted; 0 is that of the mean, 1 the best.",
}
MODEL, METRICS, CHECKPOINT = "model.safetensors", "metrics.json", "checkpoint.safetensors"
OTHERS = ("report.html", "card.md", METRICS, "compare.csv", "predictions.csv", "history.csv", "config.toml")


def meanings(model: "cr.TableModel") -> list[str]:
    """Return a sentence for each score whose name says nothing to who never met it."""
    scores = model.report.scores
    return [meaning for name, meaning in MEANINGS.items() if scores and name in scores.network]


def saved(model: "cr.TableModel", run: Path) -> str:
    """Return where a run is, and what is in it."""
    size = (run / MODEL).stat().st_size / 1000
    *others, last = [name for name in OTHERS if (run / name).exists()]
    files = f"{', '.join(others)} and {last}"
    quick = model.report.row_seconds
    alone = "" if quick is None else f", {1000 * quick:.2g} ms for one row"
    return f"{run} has the model ({size:,.0f} kB, trained in {model.report.took}{alone}), {files}."


def next_steps(model: "cr.TableModel", run: Path) -> Iterator[str]:
    """Yield what can be done now: sentences, and commands that begin with blanks."""
    if (run / CHECKPOINT).exists():
        yield "It was ended early; to go on with it:"
        yield _command("train", "--resume", str(run))
    columns = [column.name for column in model.columns.columns]
    needed = "the column" if len(columns) == 1 else "the columns"
    yield f"Next, with a new table that has {needed} {in_a_row(columns, 120)}:"
    yield _command("predict", str(run), "new.csv", "--out", "predictions.csv")
    yield "What it is made of; and the same training once more:"
    yield _command("summary", str(run))
    yield _command("train", "--config", str(run / "config.toml"))


def judged(model: "cr.TableModel") -> str:
    """Return how networks compared, where several did, and how well the one that is kept does."""
    scores = spoken(str(model.report.scores or "No row was held back for a test."))
    found = model.comparison
    return f"{found}\n\nTest of '{found.winner}':\n{scores}" if found else scores


def as_document(model: "cr.TableModel", run: Path, code: int) -> dict[str, Any]:
    """Return what is told of a training as one JSON document: where it is, and what its metrics.json holds."""
    import json  # noqa: PLC0415 -- only where it is asked for

    found = model.comparison
    networks = {"networks": found.table.to_dict("records")} if found else {}
    metrics = json.loads((run / METRICS).read_text(encoding="utf-8"))
    return {"run": str(run), "exit_code": code, **metrics, **networks}


def _command(*words: str) -> str:
    return f"  {quoted('chainrule', *words)}"
