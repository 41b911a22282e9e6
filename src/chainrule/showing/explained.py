"""Networks explained on rows, in HTML: sums, factors, and the rule that moves a weight."""

from chainrule.explaining.networks import NetworkExplanation, RowExplanation
from chainrule.explaining.weights import WeightExplanation
from chainrule.graph import show
from chainrule.models.telling import TableExplanation
from chainrule.showing import html
from chainrule.showing.derivations import explanation


def row(told: RowExplanation) -> str:
    """Return what made one output: a table for each layer."""
    return html.page(*_layers(told))


def network(told: NetworkExplanation) -> str:
    """Return what made the output of the first row, and how the gradients come about."""
    more = [f"row(1) to row({len(told.of) - 1}) tell the others."] if len(told.of) > 1 else []
    below = "" if told._derived is None else explanation(told._derived)
    return html.page(*_layers(told.row()), html.sentences([*more, *filter(None, [told.remark])])) + below


def weight(told: WeightExplanation) -> str:
    """Return why a step moves a weight: the factors of its gradient as tables, the rule line by line."""
    said = told.sentences
    parts = [html.title(told.name), html.sentences([said["weight"], said["gradient"]])]
    for use in told.uses:
        heads, *rows = told.factor_rows(use)
        strong = [len(rows) - 1] if len(use.factors) > 1 else []
        parts.append(html.table(heads, rows, strong=strong))
    rule = [(str(line.line.text),) for line in told.rule]
    parts += [html.title(f"{type(told.optimizer).__name__}, step {told.step}"), html.table([""], rule)]
    return html.page(*parts, html.sentences([said["step"]]))


def table(told: TableExplanation) -> str:
    """Return what each column adds to a prediction, and what other values would do, as a table."""
    heads, *rows = told.rows()
    check = str(told.attributions.check)
    return html.page(
        html.sentences([told.sentence]), html.table(heads, rows, left=(0, 1, 3)), html.sentences([check])
    )


def _layers(told: RowExplanation) -> list[str]:
    parts = [html.title(f"Row {told.number}", told.says)]
    for layer in told.layers:
        rows = [
            (
                unit.z if i == 0 else "",
                term.came,
                show.number(term.value, 4),
                show.number(term.slope, 4),
                f"{term.adds:+.4g}",
            )
            for unit in layer.units
            for i, term in enumerate(unit.terms[:4])
        ]
        sums = [(f"{u.z} = {show.number(u.sum, 4)}, {u.a} = {show.number(u.out, 4)}") for u in layer.units]
        parts += [
            html.title(layer.label, f"of {layer.of:,}" if layer.of > 1 else ""),
            html.table(["unit", "what comes in", "value", "weight", "adds"], rows, left=(0, 1)),
            html.sentences(sums),
        ]
    return parts
