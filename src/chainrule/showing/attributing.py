"""What matters to a prediction, and to a score, in HTML."""

from chainrule.explaining.attributing import Attributions
from chainrule.explaining.importance import PermutationImportance
from chainrule.showing import html
from chainrule.shown import cut, screen


def attributions(found: Attributions) -> str:
    """Return the largest attributions of the first row as a table, and whether they add up."""
    of = f" of {found.of[0]}" if isinstance(found.of[0], str) else ""
    rows = [(cut(name, 60), f"{value:+.4g}") for name, value in found.largest()]
    more = f"row 0 of {len(found.of):,}" if len(found.of) > 1 else ""
    about = f"Prediction{of} {found.predicted[0]:.4g}, of the baseline {found.baseline[0]:.4g}."
    return html.page(
        html.title(f"By {found.method.replace('_', ' ')}", more),
        html.table(["part", "adds"], rows),
        html.sentences([about, str(found.check)]),
    )


def importance(found: PermutationImportance) -> str:
    """Return the importance of columns as a table."""
    rows = [(cut(name, 60), f"{mean:.4g}", f"{std:.2g}") for name, mean, std in found.rows]
    shown = screen(rows)
    return html.page(
        html.title(
            f"{found.metric} {found.score:.4g}", "and by how much it is worse where a column is shuffled"
        ),
        html.table(
            ["column", "worse by", "±"], [row if isinstance(row, tuple) else (row, "", "") for row in shown]
        ),
    )
