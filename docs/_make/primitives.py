"""The page of the primitives with its formulas set: those of the rows themselves, as MathML."""

import make_primitives as made
from chainrule.explaining.formula import written
from chainrule.graph.node import record, variable
from chainrule.graph.table import TABLE


def page(text):
    """Return the page whose lines of elementwise primitives have formulas in place of code."""
    lines = []
    for line in text.splitlines():
        row = TABLE.get(line.split(" | ")[0].removeprefix("| "))
        lines.append(line if row is None or not line.startswith("| ") else formulas(row, line))
    return "\n".join(lines) + "\n"


def formulas(row, line):
    """Return the line of a row of the table, set."""
    if row.partials is None or row.no_derivative or row.adjoint is not None or row.name == "where":
        return line
    inputs, attributes = made.elementwise_inputs(row)
    whole = written(record(row, inputs, attributes)).mathml
    partials = row.partials(variable(0.5, "y"), *inputs, **attributes)
    told = [str(p or 0) if p is None or isinstance(p, int | float) else written(p).mathml for p in partials]
    name, _, _, *others = cells(line)
    return f"| {' | '.join(piped(cell) for cell in (name, whole, '; '.join(told), *others))} |"


def cells(line):
    """Return the cells of a line of a table, without what a bar in them needs."""
    return [cell.replace(r"\|", "|") for cell in line.removeprefix("| ").removesuffix(" |").split(" | ")]


def piped(text):
    """Return a text as it stands in a cell."""
    return text.replace("|", r"\|")
