"""What the doctor found, the worst first; where it found nothing, that, and what it tried."""

from collections.abc import Mapping
from typing import Any

from chainrule.showing.html import element, plain
from chainrule.showing.report.parts import Section, bullets, paragraph, paragraphs
from chainrule.showing.report.run import Run
from chainrule.showing.report.views import Diagnosis, Doctor
from chainrule.shown import counted, cut, plainly

SEVERITIES = ("critical", "warning", "note")
MOST = 12


def doctor(run: Run) -> Section:
    """Return the section with the verdicts."""
    found: Doctor | None = run.view("doctor", Doctor)
    inside = "" if found is None else _verdicts(found)
    return Section("doctor", "What the doctor found", inside, "Doctor")


def _verdicts(of: Doctor) -> str:
    wrong = any(each.severity != "note" for each in of.found)
    healthy, tried = "", ""
    if not wrong and (of.tried or of.found):
        healthy = element("p", element("strong", "Nothing was found to be wrong."))
    if of.tried:
        tried = f"{counted(of.tried, 'change')} to the training {'was' if of.tried == 1 else 'were'} tried."
    more = len(of.found) - MOST
    below = [*of.says, *([tried] if not of.says else [])]
    return (
        (element("div", healthy, paragraphs(below), class_="found none") if healthy or not of.found else "")
        + "".join(_diagnosis(each) for each in of.found[:MOST])
        + (paragraph(f"{counted(more, 'more verdict')} in views.json.") if more > 0 else "")
        + ("" if healthy or not of.found else paragraphs(below, "quiet"))
    )


def _diagnosis(of: Diagnosis) -> str:
    kind = of.severity if of.severity in SEVERITIES else "note"
    head = element("p", plain(cut(f"{of.severity} · {of.cause.replace('_', ' ')}", 80)), class_="severity")
    change = (
        paragraph(f"What to change: {of.change if '`' in of.change else f'`{of.change}`'}")
        if of.change
        else ""
    )
    body = element("p", element("strong", plain(cut(of.sentence, 700))))
    return element(
        "div", head, body, _evidence(of.evidence), change, paragraph(_trial(of.trial)), class_=f"found {kind}"
    )


def _evidence(of: Any) -> str:
    if isinstance(of, Mapping):
        return paragraph(
            "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in of.items()), "quiet"
        )
    if isinstance(of, list | tuple):
        return bullets([_value(each) for each in of], "quiet")
    return paragraph(str(of), "quiet") if of not in (None, "") else ""


def _value(of: Any) -> str:
    if isinstance(of, list | tuple):
        return ", ".join(_value(each) for each in of[:12])
    return plainly(of) if isinstance(of, int | float) and not isinstance(of, bool) else str(of)


def _trial(of: Any) -> str:
    """Return what a change gave that was tried: both numbers."""
    if isinstance(of, str):
        return of
    if not isinstance(of, Mapping) or not {"before", "after"} <= set(of):
        return ""
    metric = str(of.get("metric") or "cost").replace("_", " ")
    before, after = (
        f"{100 * value:.0f} %" if "accuracy" in metric and isinstance(value, int | float) else _value(value)
        for value in (of["before"], of["after"])
    )
    return f"Tried: {metric} {after} with that change, instead of {before}."
