"""What a notebook shows of a node, and of a check of gradients."""

import numpy as np

from chainrule.graph import show
from chainrule.graph.node import Node
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.trace import Trace
from chainrule.showing.html import page, sentences, table, title
from chainrule.shown import cut, screen
from chainrule.transform import report as reporting
from chainrule.transform.report import GradientReport

MOST_ROWS, WIDE = 20, 100


def node(of: Node) -> str:
    """Return how a node is computed, what it is, and from what."""
    rows = [("shape", cut(show_shape(of.shape), WIDE)), ("dtype", str(of.dtype))]
    if of.attributes.keys() & {"value", "cell"}:  # a constant or a variable
        rows.append(("value", _numbers(np.asarray(of.value))))
    for number, x in enumerate(screen(list(of.inputs), MOST_ROWS, more="… {} more …")):
        rows.append(("" if number else "made from", x if isinstance(x, str) else show.line(x)[1:-1]))
    made = of
    while made.primitive.unwritten and made.inputs:  # a gradient or a layer's output: the step under its mark
        made = made.inputs[0]
    row = made.primitive
    what, note = row.name.replace("_", " "), [f"{row.name}: {row.note}"] if row.note and made.inputs else []
    written = cut(show.text(of), WIDE)
    name = f"{cut(of.name, 40)} = {written}" if of.name and of.inputs else cut(of.name, 40) or written
    return page(title(name, what), table(("", ""), rows, left=(0, 1)), sentences(note))


def trace(of: Trace) -> str:
    """Return the steps of a run, with what each gave."""
    rows = []
    for step in screen([n for n in of if n.inputs], MOST_ROWS, more="… {} more steps …"):
        if isinstance(step, str):
            rows.append((step, "", ""))
        else:
            named = step.name and cut(step.name, 40)
            rows.append((named, cut(show.text(step), WIDE), _numbers(np.asarray(of[step]))))
    return page(table(("step", "computed as", "value"), rows, left=(0, 1)))


def _numbers(value: np.ndarray) -> str:
    if value.size <= 6 or value.dtype.kind not in "fi":
        return cut(show.array(value), WIDE)
    return f"{value.size:,} numbers from {show.number(value.min(), 4)} to {show.number(value.max(), 4)}"


def gradients(of: GradientReport) -> str:
    """Return the table of a check, what is wrong first, and what is said below it."""
    told, left = reporting.worst(of, MOST_ROWS)
    wrong = [i for i, p in enumerate(told) if not p.passed]
    rows = [reporting.HEADS, *map(reporting.cells, told)]
    heads, *rows = rows if any(row[-1] for row in rows) else [row[:-1] for row in rows]
    right = f"{sum(p.passed for p in of.parameters)} of {len(of.parameters)} parameters"
    return page(
        title(
            "Gradients are right" if of.passed else "A gradient is wrong",
            right,
        ),
        table(heads, rows, left=reporting.LEFT, strong=wrong),
        sentences(
            [*left, *(line for said in reporting.paragraphs(of) for line in said.splitlines())][:MOST_ROWS]
        ),
    )
