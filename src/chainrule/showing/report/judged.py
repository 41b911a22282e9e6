"""Where a model is right and where it is wrong: pictures, the rows it was most wrong about, and worse kinds of rows."""

from collections.abc import Sequence
from typing import Any

from chainrule.models.scores import larger_is_better
from chainrule.showing.html import element
from chainrule.showing.report.parts import Section, paragraph, paragraphs, stored_figure, table
from chainrule.showing.report.run import Run
from chainrule.showing.report.views import Calibration, Slices, Wrong
from chainrule.shown import cut, plainly

ORDER = (
    "confusion", "roc", "precision_recall", "calibration", "thresholds",
    "predicted_against_true", "residuals", "errors",
)  # fmt: skip
MOST_ROWS, MOST_SLICES = 20, 12
PAGE, GAP = 105, 2  # letters of a line of a table, and between its columns


def pictures(run: Run) -> Section:
    """Return the section with the pictures of what was said and what is true."""
    kept = run.view("pictures", dict[str, Any]) or {}
    calibration = run.view("calibration", Calibration)
    told = paragraph(calibration.says) if calibration else ""
    where = run.views.get("rows")
    says = str(where.get("says") or "") if isinstance(where, dict) else ""
    kinds = [
        kind for kind in ORDER if kind in kept and (kind, run.target.task) != ("thresholds", "multiclass")
    ]
    drawn = [stored_figure(kept[kind], kind, said=says) for kind in kinds]
    inside = paragraph(says, "quiet") + told + element("div", *drawn, class_="figures") if drawn else ""
    return Section("pictures", "Said and true", inside, "Said and true")


def wrong(run: Run) -> Section:
    """Return the section with the rows that the model was most wrong about."""
    found: Wrong | None = run.view("wrong", Wrong)
    if found is None:
        return Section("wrong", "Where it was most wrong", "", "Most wrong")
    sure, off = (any(getattr(row, name) is not None for row in found.rows) for name in ("sure", "off"))
    heads = ["row", "true", "said", *["how sure"] * sure, *["off by"] * off, *found.columns]
    rows = [
        [
            str(row.row),
            row.true,
            row.said,
            *([f"{100 * row.sure:.0f} %" if row.sure is not None else ""] * sure),
            *([plainly(row.off, "+") if row.off is not None else ""] * off),
            *(cut(cell, 40) for cell in row.cells),
        ]
        for row in found.rows[:MOST_ROWS]
        if len(row.cells) == len(found.columns)
    ]
    own = {3, 3 + sure} - {3 + sure + off}  # how sure, and how far off
    many = fitting(heads, rows, 3 + sure + off)
    left = [
        0,
        *(i for i in range(1, many) if i not in own and not all(_is_number(row[i]) for row in rows)),
    ]
    inside = table(
        "The rows with the largest errors, the worst first",
        heads[:many],
        [row[:many] for row in rows],
        left=left,
        shown=False,
    )
    none = "" if rows else paragraph("It was wrong about none of them.")
    return Section("wrong", "Where it was most wrong", paragraphs(found.says) + none + inside, "Most wrong")


def fitting(heads: Sequence[str], rows: Sequence[Sequence[str]], least: int) -> int:
    """Return how many columns of a table fit a page, so many at least.

    >>> fitting(["row", "x", "y", "z"], [["1", "2" * 90, "3" * 90, "4" * 90]], 1)
    3
    """
    room, many = PAGE, 0
    for i, head in enumerate(heads):
        words = [max(head.split("_"), key=len), *(cut(row[i], 40) for row in rows)]
        room -= max(map(len, words)) + GAP
        if room < 0 and many >= least:
            break
        many += 1
    return many


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "") or 0)
    except ValueError:
        return False
    return True


def slices(run: Run) -> Section:
    """Return the section with the kinds of rows that the model is worse of than of others."""
    found: Slices | None = run.view("slices", Slices)
    if found is None:
        return Section("slices", "Which rows it is worse at", "", "Weak spots")
    tested = any(each.p is not None for each in found.found)
    rows = [
        [
            each.column,
            each.where + (f" (nearly the same rows: {', '.join(each.also[:2])})" if each.also else ""),
            f"{each.rows:,}",
            plainly(each.value),
            f"{plainly(each.interval[0])} to {plainly(each.interval[1])}"
            if each.interval and len(each.interval) == 2
            else "",
            *([f"{each.p:.2g}" if each.p is not None else ""] * tested),
        ]
        for each in found.found[:MOST_SLICES]
    ]
    heads = ["column", "where it is", "rows", found.metric, "95 % interval", *["chance"] * tested]
    none = "" if rows or found.says else paragraph("It is worse at no kind of rows by more than chance.")
    of_all = ""
    if found.overall is not None and rows:
        better = "larger" if larger_is_better(found.metric) else "smaller"
        of_all = paragraph(f"Of all rows the {found.metric} is {plainly(found.overall)}; {better} is better.")
    inside = (
        none
        + of_all
        + table("Kinds of rows that it is worse at", heads, rows, left=[0, 1], long=[1], shown=False)
    )
    return Section(
        "slices",
        "Which rows it is worse at",
        inside + paragraphs(found.says, "quiet" if rows else None),
        "Weak spots",
    )
