"""One row explained, forward and backward, in the words and numbers that ``model.explain`` and ``cr.explain`` have."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from chainrule.data.columns import encode
from chainrule.data.labels import encode_target
from chainrule.explaining.explanation import explain
from chainrule.graph import show
from chainrule.models.telling import of_row
from chainrule.models.views.reduced import short_cell
from chainrule.models.views.wrong import named
from chainrule.nn.layers.merging import Mixture
from chainrule.shown import counted

LAYERS, UNITS, TERMS, COLUMNS = 3, 1, 4, 12  # that are told


def explained(
    model: Any, row: pd.DataFrame, place: int | None, optimizer: Any, time_is_over: Callable[[], bool]
) -> dict[str, Any]:
    """Return why a model says what it does of a row, as tables; those for which there is no time are left out.

    Args:
        model: The model that was judged by the row.
        row: The row, with its targets.
        place: Which output is explained; None for the only one, or for the class that is said.
        optimizer: Which rule would move a weight.
        time_is_over: Says so.
    """
    tables = []
    for table in _tables(model, row, place, optimizer):
        tables.append(table)
        if time_is_over():
            break
    return {"row": named(row)[0], "tables": tables}


def _tables(model: Any, row: pd.DataFrame, place: int | None, optimizer: Any) -> Iterator[dict[str, Any]]:
    told: Any = of_row(model, row, output=place)
    told = replace(told, row=named(row)[0])
    heads, *rows = told.rows()
    yield {
        "title": "What each column adds",
        "says": [told.sentence, str(told.attributions.check)],
        "heads": list(heads), "rows": _first_columns(rows), "left": [0, 1, 3],
    }  # fmt: skip
    features = encode(model.columns, row)
    mixed = isinstance(model.network.layers[-1], Mixture)
    network: Any = explain(model.network, features, output=place)
    forward = network.row(0, LAYERS if mixed else None)
    if not forward.layers:
        return
    of = " of the first of the networks that decide together" if mixed else ""
    yield {
        "title": "Forward",
        "says": [
            f"In each layer{of}, the unit that matters most: what comes in, times its weight, adds up to it.",
*map(_sum, forward.layers[-1].units),
        ],
        "heads": ["layer", "unit", "what comes in", "value", "weight", "adds"],
        "rows": [list(line) for line in _forward(forward)],
        "left": [0, 1, 2],
    }  # fmt: skip
    weights = (t.weight for unit in forward.layers[0].units if unit.out for t in unit.terms if t.weight)
    weight = next(weights, "")
    if weight:
        yield from _backward(model, features, row, weight, optimizer)


def _first_columns(rows: list[tuple[str, ...]]) -> list[list[str]]:
    """Return the lines of the first columns: of one that has several, those after the first begin with nothing."""
    found: list[list[str]] = []
    columns = 0
    for line in rows:
        columns += bool(line[0])
        if columns > COLUMNS:
            break
        found.append([line[0], short_cell(line[1]), *line[2:]])
    return found


def _sum(unit: Any) -> str:
    return f"{unit.z} = {show.number(unit.sum, 4)}, {unit.a} = {show.number(unit.out, 4)}"


def _forward(told: Any) -> Iterator[tuple[str, ...]]:
    for layer in told.layers:
        for i, unit in enumerate(layer.units[:UNITS]):
            for j, term in enumerate(unit.terms[:TERMS]):
                label = f"{layer.label}, of {counted(layer.of, 'unit')}" if i == j == 0 else ""
                numbers = (show.number(term.value, 4), show.number(term.slope, 4), f"{term.adds:+.4g}")
                yield (label, unit.z if j == 0 else "", term.came, *numbers)
            if rest := unit.terms[TERMS:]:
                yield ("", "", f"{len(rest):,} more", "", "", f"{sum(t.adds for t in rest):+.4g}")
            yield ("", "", "bias", "", "", f"{unit.bias:+.4g}")


def _backward(
    model: Any, features: Any, row: pd.DataFrame, weight: str, optimizer: Any
) -> Iterator[dict[str, Any]]:
    """Yield how the cost of the row moves with a weight, factor by factor, and what a step would make of it."""
    y = encode_target(model.target, row)
    told: Any = explain(model.network, features, y, parameter=weight, optimizer=optimizer)
    told = replace(told, rule_of="run")
    said = told.sentences
    for use in told.uses[:1]:
        heads, *rows = told.factor_rows(use)
        label = str(named(row)[0])
        yield {
            "title": "Backward",
            "says": [said["weight"], said["gradient"], "By the chain rule it is the product of these:"],
            "heads": list(heads), "rows": [[label, *line[1:]] for line in rows], "left": [0],
        }  # fmt: skip
    yield {
        "title": "The next step",
        "says": [f"{told.rule_head}. {said['step']}"],
        "heads": ["the rule, line by line"], "rows": [[str(line.line.text)] for line in told.rule], "left": [0],
    }  # fmt: skip
