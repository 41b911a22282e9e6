"""What is wrong with a training, in HTML."""

from chainrule.explaining.doctor.verdict import Verdict, Verdicts
from chainrule.showing import html
from chainrule.shown import counted, cut, screen

MOST = 600  # characters of what a verdict says: names in it are the user's


def verdicts(found: Verdicts) -> str:
    """Return verdicts below each other, the worst first: what is wrong, what to write, and both numbers."""
    if not found:
        return html.page(html.sentences([str(found)]))
    tried = f"{counted(found.tried, 'change')} tried" if found.tried else ""
    rows = [_row(each) for each in found]
    shown = [row if isinstance(row, tuple) else (row, "", "", "") for row in screen(rows)]
    told = [
        f"{i}. {cut(each.sentence, MOST)}" for i, each in enumerate(screen(list(found)), 1) if _told(each)
    ]
    return html.page(
        html.title("Diagnosis", tried),
        html.table(["cause", "severity", "write", "trial"], shown, left=(0, 1, 2, 3)),
        html.sentences(told),
    )


def _told(each: object) -> bool:
    return isinstance(each, Verdict)


def _row(each: Verdict) -> tuple[str, ...]:
    return each.cause, each.severity, cut(each.change, 80), str(each.trial) if each.trial else ""
