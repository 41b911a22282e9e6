"""The page of the primitives with its formulas set: those of the rows themselves, as MathML."""

import make_primitives as made
from chainrule.explaining.formula import written
from chainrule.graph.node import record, variable


def page():
    """Return the page, on which elementwise primitives have formulas in place of code."""
    return made.page(formulas)


def formulas(row):
    """Return how a row and its derivatives are written, set where they are formulas."""
    if row.partials is None or row.no_derivative or row.adjoint is not None or row.name == "where":
        return made.plain(row)
    inputs, attributes = made.elementwise_inputs(row)
    partials = row.partials(variable(0.5, "y"), *inputs, **attributes)
    told = [str(p or 0) if p is None or isinstance(p, int | float) else written(p).mathml for p in partials]
    return written(record(row, inputs, attributes)).mathml, "; ".join(told)
