"""What a notebook shows of a network, its parameters and what a fit was like."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.explaining.pictures import trainings
from chainrule.graph.shapes import show as show_shape
from chainrule.nn import summary
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.base import Layer
from chainrule.showing.html import page, sentences, table, title
from chainrule.showing.svg.page import html as picture
from chainrule.shown import HIGH, counted, cut, in_a_row, screen, took
from chainrule.train.history import History, measured
from chainrule.train.network import Network
from chainrule.train.parameters import shape_of
from chainrule.train.progress import number

MOST_ROWS, MOST_COLUMNS = 40, 8
MOST_PANELS = 3


def network(of: Network) -> str:
    """Return the summary of a network."""
    return page(*summary_of(of))


def summary_of(of: Network) -> tuple[str, ...]:
    """Return the parts of a page that tell the summary of a network."""
    built = _made_of(of)
    found = summary.rows_of(built, of.dtype)
    shown = summary.folded(found)
    rows = [[cut(cell, 60) for cell in (*summary.cells(row), in_a_row(row.takes, 60))] for row in shown]
    for row, written in zip(shown, rows, strict=True):
        written[2] = f"{row.counting} = {written[2]}" if row.counting else written[2]
    heads = [*summary.HEADS, "takes"]
    if summary.in_one_line(found):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    gap = [["…", *[""] * (len(heads) - 1)]]
    half = MOST_ROWS // 2
    rows = rows if len(rows) <= MOST_ROWS else [*rows[:half], *gap, *rows[-half:]]
    return (
        title(summary.title(built)),
        table(heads, rows, left=(0, 1, 5)),
        sentences(summary.totals(found, built, of.dtype)),
    )


def _made_of(of: Network) -> Architecture | list[Layer]:
    try:
        return of.architecture
    except GraphError:  # it has seen no data
        return of.layers


def history(of: History) -> str:
    """Return some of the epochs, the best among them, and why training ended."""
    names = list(measured(of))
    shown = names[:MOST_COLUMNS]
    chosen = _epochs(of)
    rows = [[f"{epoch + 1:,}", *(number(of[name][epoch]) for name in shown)] for epoch in chosen]
    strong = [i for i, epoch in enumerate(chosen) if epoch == of.best_epoch]
    left_out = [f"Not shown: {in_a_row(names[MOST_COLUMNS:], 200)}."] if names[MOST_COLUMNS:] else []
    return page(
        title(f"History of {counted(of.epochs, 'epoch')}", took(of.seconds)),
        table(["epoch", *(cut(name, 40) for name in shown)], rows, left=(), strong=strong) if rows else "",
        sentences([*left_out, *([of.stopped] if of.stopped else [])]),
        _drawn(of) if of.epochs > 1 and names else "",
    )


def _drawn(of: History) -> str:
    """Return the curves; what is said above is not said again."""
    found = trainings.history(of)
    notes = [note for note in found.notes if note != of.stopped]
    more = len(found.panels) - MOST_PANELS
    notes += [f"history.plot() draws {more} more."] if more > 0 else []
    return picture(replace(found, title="", panels=found.panels[:MOST_PANELS], notes=notes))


def _epochs(of: History) -> Sequence[int]:
    """Return the epochs that are shown: a dozen, evenly, with the first, the best and the last."""
    if of.epochs <= 12:
        return range(of.epochs)
    evenly = {round(i * (of.epochs - 1) / 10) for i in range(11)}
    return sorted(evenly | ({of.best_epoch} if of.best_epoch is not None else set()))


def parameters(of: Mapping[str, Any]) -> str:
    """Return each parameter, gradient or activation with its shape and the range of its numbers."""
    rows = []
    for name in screen(list(of), HIGH, more="… {} more …"):
        if name in of:
            value = of[name]
            shape = show_shape(shape_of(value))
            value = np.concatenate(value) if isinstance(value, list) else value  # of sequences
            ends = (f"{value.min():.4g}", f"{value.max():.4g}") if value.size else ("", "")
            rows.append((cut(name, 40), shape, *ends))
        else:
            rows.append((name, "", "", ""))
    return page(table(("name", "shape", "smallest", "largest"), rows, left=(0, 1)))
