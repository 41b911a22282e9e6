"""Why a model says what it does: what each column matters, the network drawn, and one row explained."""

from typing import Any

from chainrule.explaining.pictures.marks import Bars, Mark, Spans
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.showing.report.parts import (
    Section,
    bullets,
    figure,
    paragraphs,
    stored_figure,
    subtitle,
    table,
)
from chainrule.showing.report.run import Run
from chainrule.showing.report.views import Explained, Importance
from chainrule.shown import counted, cut, plainly

MOST_BARS, MOST_ROWS = 20, 60


def importance(run: Run) -> Section:
    """Return the section with what each column matters."""
    found: Importance | None = run.view("importance", Importance)
    inside = ""
    if found is not None and found.columns:
        inside = paragraphs(found.says) + figure(_bars(found))
    return Section("importance", "What matters", inside, "What matters")


def _bars(found: Importance) -> Picture:
    """Draw a bar for each column with the spread of what several shuffles gave."""
    shown = found.columns[:MOST_BARS]
    places = [float(i) for i in range(len(shown))]
    marks: list[Mark] = [
        Bars(places, [each.mean for each in shown], horizontal=True, colour="c1", width=0.62)
    ]
    if all(each.low is not None and each.high is not None for each in shown):
        low, high = [each.low or 0.0 for each in shown], [each.high or 0.0 for each in shown]
        marks.append(Spans(places, low, high, colour="ink", horizontal=True))
    ticks = [(place, cut(each.name, 24)) for place, each in zip(places, shown, strict=True)]
    panel = Panel(
        marks,
        x=Axis(f"{found.metric}: how much worse without it"),
        y=Axis(ticks=ticks, limits=(-0.6, len(shown) - 0.4), reversed=True),
        legend=False,
        size=(700.0, 66.0 + 26.0 * len(shown)),
    )
    told = ", ".join(f"{cut(each.name, 30)} {plainly(each.mean)}" for each in shown[:3])
    more = len(found.columns) - len(shown)
    notes = (f"{counted(more, 'column')} that matter less are left out.",) if more > 0 else ()
    words = f"By how much the {found.metric} is worse when a column is shuffled: {told}."
    return Picture([panel], "Importance of each column", words, notes=notes)


def network(run: Run) -> Section:
    """Return the section with the network drawn."""
    kept = run.view("pictures", dict[str, Any]) or {}
    told = run.view("network", dict[str, tuple[str, ...]]) or {}
    drawn = stored_figure(kept["network"], "network", "") if "network" in kept else ""
    inside = paragraphs(told.get("says", ())) + drawn
    return Section("network", "The network", inside, "Network")


def explained(run: Run) -> Section:
    """Return the section with one row, explained forward and backward."""
    found: Explained | None = run.view("explained", Explained)
    inside = ""
    for each in found.tables if found else ():
        rows = [row for row in each.rows if len(row) == len(each.heads)][:MOST_ROWS]
        caption = each.title or "One row explained"
        inside += (subtitle(each.title) if each.title else "") + paragraphs(each.says, choices=False)
        inside += table(caption, each.heads, rows, left=each.left, shown=False)
        left_out = len(each.rows) - len(rows)
        inside += bullets([f"{counted(left_out, 'more line')} in views.json."] if left_out else [], "quiet")
    return Section("explained", "One row explained", inside, "One row")
