"""How a model is used, with the names of its own run: by the command line and by Python."""

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.models.configuration import IN_MEMORY, SECTIONS as TITLES, as_data, toml
from chainrule.models.options import choices
from chainrule.showing.report.parts import Section, bullets, code, paragraph, subtitle, table
from chainrule.showing.report.run import Run
from chainrule.showing.report.views import ColumnSeen
from chainrule.shown import counted, in_a_row
from chainrule.terminal import quoted

FEW = 12  # columns that are written out
SECTIONS = [*TITLES]
LONG = 60  # characters of a cell


def using(run: Run) -> Section:
    """Return the section that says how to use the model."""
    place = quoted(run.place)
    names = [column.name for column in run.columns.columns]
    target = run.target.columns[0]
    lines = (
        f"chainrule predict {place} new.csv --out predictions.csv",
        f"chainrule evaluate {place} labelled.csv",
    )
    few = names if len(names) <= FEW else names[:FEW]
    row = _row(run, names) if len(names) <= FEW else ""
    python = (
        "import chainrule as cr",
        *["import pandas as pd"] * bool(row),
        "",
        f"model = cr.load({run.place!r})",
        'said = model.predict("new.csv")',
        f"print(said[{target!r}])",
        *([f"\nrow = pd.DataFrame([{row}])\nprint(model.predict(row))"] * bool(row)),
    )
    needs = in_a_row([f"{name}" for name in few], 400)
    more = f" and {len(names) - len(few):,} more" if len(names) > len(few) else ""
    inside = (
        paragraph(
            f"A new table needs {counted(len(names), 'column')}, in any order: {needs}{more}. Others are passed over."
        )
        + subtitle("By the command line")
        + code("\n".join(lines), "Commands")
        + subtitle("By Python")
        + code("\n".join(python), "Python")
    )
    return Section("using", "How to use it", inside, "Use it")


def _row(run: Run, names: Sequence[str]) -> str:
    """Return a row as Python writes it: the median of each number, of others what is most common; "" if not known."""
    seen: tuple[ColumnSeen, ...] = run.view("columns", tuple[ColumnSeen, ...]) or ()
    cells = {each.name: _usual(each) for each in seen}
    if any(cells.get(name) is None for name in names):
        return ""
    lines = [f"    {name!r}: {cells[name]!r},\n" for name in names]
    return f"{{\n{''.join(lines)}}}"


def _usual(of: ColumnSeen) -> Any:
    if of.quantiles and len(of.quantiles) == 5:
        middle = of.quantiles[2]
        return int(middle) if isinstance(middle, float) and middle.is_integer() else middle
    common = (of.common or ((),))[0]
    return common[0] if common and len(str(common[0])) <= LONG else None


def made(run: Run) -> Section:
    """Return the section with the configuration, versions and what is promised of a repetition."""
    place = quoted(run.place)
    seed = run.chosen.choices.get("seed", 0)
    known = choices()
    chosen = as_data(run.chosen.options)
    rows = [
        (name, "a table in memory" if value == IN_MEMORY else toml(name, value), known[name].says)
        for name, value in sorted(chosen.items(), key=lambda choice: SECTIONS.index(known[choice[0]].section))
        if value != () or name == "hidden"
    ]
    versions = run.views.get("versions")
    told = (
        ", ".join(f"{name} {value}" for name, value in versions.items() if isinstance(value, str))
        if isinstance(versions, Mapping)
        else f"chainrule {run.chosen.version}"
    )
    mark = run.chosen.fingerprint
    of = (
        f" Its table has {counted(mark.rows, 'row')}, {counted(mark.columns, 'column')} and the checksum {mark.cells}."
        if mark
        else ""
    )
    again = code(f"chainrule train --config {place}", "Command that trains again")
    promise = (
        f"Made with {told}, seed {seed}.{of} The same choices, the same table and the same versions give the "
        "same model on the same machine, to the last bit:"
    )
    inside = (
        paragraph(promise)
        + again
        + table(
            "Every choice of the training",
            ("choice", "value", "what it is"),
            rows,
            left=(0, 1, 2),
            long=(1, 2),
        )
        + _left_out(run)
    )
    return Section("made", "How it was made", inside, "Made how")


def _left_out(run: Run) -> str:
    """Write what could not be computed for this report, and why."""
    remarks: tuple[str, ...] = run.view("remarks", tuple[str, ...]) or ()
    return subtitle("What this report leaves out") + bullets(remarks) if remarks else ""
