"""The data: what stands in each column, what became of it, and why."""

from chainrule.data.columns import plan_rows
from chainrule.showing.report.parts import Section, paragraph, table
from chainrule.showing.report.run import Run
from chainrule.showing.report.views import ColumnSeen
from chainrule.shown import counted, cut, plainly

MOST, COMMON = 200, 4


def columns(run: Run) -> Section:
    """Return the section with the profile of the data."""
    found: tuple[ColumnSeen, ...] | None = run.view("columns", tuple[ColumnSeen, ...])
    data = run.views.get("data")
    says = ""
    if isinstance(data, dict) and all(isinstance(data.get(name), int) for name in ("rows", "columns")):
        says = paragraph(f"{counted(data['rows'], 'row')}, {counted(data['columns'], 'column')}.")
    inside = _profile(found, run.views.get("more_columns")) if found else _planned(run)
    return Section("data", "The data", says + inside if inside else "", "Data")


def _planned(run: Run) -> str:
    """Return what became of the columns, where no more is known of them."""
    rows = [list(row) for row in plan_rows(run.columns)]
    heads = ("column", "kind", "what became of it")
    return table("Columns, and what became of them", heads, rows, left=(0, 1, 2), long=(2,), shown=False)


def _profile(found: tuple[ColumnSeen, ...], more: object) -> str:
    heads = ("column", "kind", "what became of it", "missing", "distinct", "what is in it")
    rows = [
        (
            cut(each.name, 60),
            each.kind,
            f"{each.becomes}{': ' if each.becomes and each.why else ''}{each.why}",
            f"{each.missing:,}" if each.missing else "–",
            "" if each.distinct is None else f"{each.distinct:,}",
            _content(each),
        )
        for each in found[:MOST]
    ]
    left_out = len(found) - len(rows) + (more if isinstance(more, int) else 0)
    below = (
        paragraph(f"{counted(left_out, 'more column')} of the same table.", "quiet") if left_out > 0 else ""
    )
    caption = "Columns, what is in them and what became of them"
    return table(caption, heads, rows, left=(0, 1, 2, 5), long=(2, 5), shown=False) + below


def _content(of: ColumnSeen) -> str:
    """Return what stands in a column: of numbers how they spread, of others the most common."""
    if of.common:
        pairs = [pair for pair in of.common if len(pair) == 2][:COMMON]
        return ", ".join(
            f"{cut(str(value), 30)} ({count:,})" if isinstance(count, int) else cut(str(value), 30)
            for value, count in pairs
        )
    if of.low is None or of.high is None:
        return ""
    spans = f"{_written(of.low)} to {_written(of.high)}"
    if of.quantiles and len(of.quantiles) == 5 and of.low != of.high:
        _, lower, middle, upper, _ = map(_written, of.quantiles)
        return f"{spans}; half of them {lower} to {upper}, median {middle}"
    return spans


def _written(value: float | str) -> str:
    return cut(value, 30) if isinstance(value, str) else plainly(value)
