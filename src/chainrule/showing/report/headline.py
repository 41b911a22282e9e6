"""How good a model is, to be seen at a glance: one number with its interval, beside a linear model and a guess."""

from collections.abc import Iterator

import numpy as np

from chainrule.data.target import describe_target
from chainrule.explaining.pictures.marks import Colour, Mark, Points, Rule, Spans
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.models.found import words_by_class
from chainrule.models.scores import Scores, cells, heads, larger_is_better, remarks, verdicts
from chainrule.showing.html import element, plain, words
from chainrule.showing.report.parts import (
    Section,
    bullets,
    figure,
    paragraph,
    paragraphs,
    said,
    subtitle,
    table,
)
from chainrule.showing.report.run import Run
from chainrule.shown import counted, cut, in_a_row, plainly

MOST_CLASSES = 12
NAME = 40  # characters of a name that stands in a sentence
SHARES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")  # that are read in percent
CALLED = {
    "auc": "area under the ROC curve",
    "mae": "mean error",
    "rmse": "root of the mean squared error",
    "r2": "R²",
}


def title(run: Run) -> str:
    """Return what a report is of.

    >>> from types import SimpleNamespace
    >>> title(SimpleNamespace(target=SimpleNamespace(columns=("price",)), data="houses.csv"))
    'Predicting price from houses.csv'
    """
    names = in_a_row([cut(name, NAME) for name in run.target.columns], 60)
    return f"Predicting {names}" + (f" from {cut(run.data, NAME)}" if run.data else "")


def headline(run: Run) -> Section:
    """Return the section with the number that matters."""
    scores = run.report.scores
    inside = _unknown(run) if scores is None or not scores.network else "".join(_known(run, scores))
    return Section("score", "How good it is", inside, "How good it is")


def _unknown(run: Run) -> str:
    rows = counted(run.report.rows, "row")
    return (
        paragraph("Nobody knows how good it is.", "lead")
        + paragraph(
            f"It learned from all {rows}: none was held back for a test. Rows that it never saw would tell: "
            "`chainrule evaluate` takes a table of them, and a training with `test_fraction = 0.2` holds some back."
        )
        + paragraphs(run.report.notes)
    )


def _known(run: Run, scores: Scores) -> Iterator[str]:
    name = next(iter(scores.network))
    yield element(
        "div",
        _number(run, scores, name),
        figure(_beside(scores, name), "", False),
        class_="hero",
    )
    yield paragraph(meaning(run, scores, name), "lead")
    yield paragraphs(verdicts(scores)[:1])
    yield table("All metrics", heads(scores), cells(scores), strong=[0])
    yield _classes(scores)
    told = [*verdicts(scores)[:1], *words_by_class(scores.classes, scores.confusion)]
    yield bullets([remark for remark in remarks(scores) if remark not in told], "quiet")
    if run.report.notes:
        yield subtitle("What the owner of the table should know")
        yield bullets(run.report.notes)


def _classes(scores: Scores) -> str:
    """Write what was found of each class, those first of which the least was."""
    classes = sorted(scores.classes, key=lambda each: 2.0 if each.recall is None else each.recall)
    rows = [
        (
            each.label,
            f"{each.rows:,}",
            f"{each.said:,}",
            "" if each.recall is None else f"{100 * each.recall:.1f} %",
            "" if each.precision is None else f"{100 * each.precision:.1f} %",
        )
        for each in classes[:MOST_CLASSES]
    ]
    more = len(classes) - len(rows)
    below = (
        paragraph(f"{counted(more, 'more class', 'more classes')} of which more was found.", "quiet")
        if more > 0
        else ""
    )
    heads = ("class", "rows", "predicted", "found (recall)", "right (precision)")
    return table("Class by class", heads, rows) + below


def _number(run: Run, scores: Scores, name: str) -> str:
    """Write the number that is seen from a metre away."""
    value, unit = _seen(name, scores.network[name])
    ends = scores.intervals.get("network", {}).get(name)
    rows = counted(scores.rows, "row")
    held = f"on {rows} that it never saw"
    if scores.folds:
        held = f"mean of {scores.folds} folds, on {rows} that it never saw"
    elif not run.report.test_rows:
        held = f"on {rows} that said when to stop, which flatters a little"
    between = ""
    if ends:
        low, high = (_seen(name, end)[0] for end in ends)
        between = element(
            "span", plain(f"95 % interval: {low} to {high}{f' {unit}' if unit else ''}"), class_="range"
        )
    shown = element("span", plain(value), element("small", plain(unit)) if unit else "", class_="number")
    label = element("span", plain(called(name)), class_="label")
    return element(
        "p", label, shown, element("span", plain(held), class_="range"), between, class_="headline"
    )


def _seen(name: str, value: float) -> tuple[str, str]:
    """Return a number as it is read from far away, and its unit."""
    if _base(name) in SHARES:
        return f"{100 * value:.1f}", "%"
    if abs(value) < 10 and _base(name) in ("auc", "r2", "log_loss"):
        return f"{value:.3f}", ""
    return plainly(float(f"{value:.4g}")), ""


def _base(name: str) -> str:
    """Return the metric of a name, which may be that of one of several columns, "mae_price"."""
    parts = name.split("_")
    for i in range(len(parts), 0, -1):
        if (found := "_".join(parts[:i])) in (*SHARES, "auc", "r2", "log_loss", "mae", "rmse", "mse"):
            return found
    return name


def called(name: str) -> str:
    """Return what a metric is called where there is room for words.

    >>> called("balanced_accuracy"), called("auc"), called("mae_price")
    ('balanced accuracy', 'area under the ROC curve (auc)', 'mean error (mae_price)')
    """
    base = _base(name)
    long = CALLED.get(base)
    return (
        f"{long} ({name})"
        if long and base != "r2"
        else long + name[2:].replace("_", " ")
        if long
        else name.replace("_", " ")
    )


def _beside(scores: Scores, name: str) -> Picture:
    """Draw the number and its interval above those of a linear model and of a guess."""
    rows = [("this model", scores.network, "network")]
    rows += [("linear model", scores.linear, "linear")] if name in scores.linear else []
    rows += [("baseline", scores.baseline, "baseline")]
    marks: list[Mark] = [Rule(x=scores.network[name], colour="faint", dash="")]
    for place, (_, values, whose) in enumerate(rows):
        own = place == 0
        colour: Colour = "c1" if own else "muted"
        if ends := scores.intervals.get(whose, {}).get(name):
            marks.append(Spans([place], [ends[0]], [ends[1]], colour=colour, horizontal=True))
        marks.append(Points([values[name]], [place], "", colour, "o" if own else "d", 9.0 if own else 7.0))
    told = ", ".join(f"{who} {''.join(_seen(name, values[name]))}" for who, values, *_ in rows)
    share = (0.0, 1.0) if _base(name) in SHARES else None
    larger = larger_is_better(name)
    better = "" if larger is None else f" ({'larger' if larger else 'smaller'} is better)"
    panel = Panel(
        marks,
        x=Axis(f"{name}{better}", limits=share),
        y=Axis(
            ticks=[(i, who) for i, (who, *_) in enumerate(rows)],
            limits=(-0.6, len(rows) - 0.4),
            reversed=True,
        ),
        legend=False,
        size=(430.0, 88.0 + 30.0 * len(rows)),
    )
    return Picture([panel], f"{name} beside others", f"{called(name)}: {told}.")


def meaning(run: Run, scores: Scores, name: str) -> str:
    """Say in one sentence what the number means, beside what a linear model and a guess reach."""
    value, linear, base = scores.network[name], scores.linear.get(name), scores.baseline.get(name)
    says = _MEANS.get(_base(name))
    if says is None or not np.isfinite(value):
        return ""
    found = says.format(
        value=_read(name, value),
        column=_column(run, name),
        rows="rows" if run.target.task != "multilabel" else "labels",
    )
    others = [
        f"{who} {_read(name, other)}"
        for who, other in (("a linear model", linear), (f"the baseline ({scores.baseline_is})", base))
        if other is not None and np.isfinite(other)
    ]
    return f"{found}; {', '.join(others)}." if others else f"{found}."


def _column(run: Run, name: str) -> str:
    """Return the column that a metric is of; all of them, where it is of all."""
    columns = run.target.columns
    found = [column for column in columns if name.endswith(f"_{column}")] or columns[: len(columns) == 1]
    return cut(found[0], NAME) if found else "the targets"


def _read(name: str, value: float) -> str:
    """Return a number as it is read in a sentence."""
    share = 100 * value
    if _base(name) == "r2":
        return f"{round(share, 0 if share <= 99 else 1) + 0.0:g} %"
    if _base(name) in (*SHARES, "auc"):
        return f"{round(share, 0 if 1 <= share <= 99 else 1):g}"
    return plainly(float(f"{value:.3g}"))


_MEANS = {
    "accuracy": "Of 100 {rows} like these it gets {value} right",
    "balanced_accuracy": "Of 100 rows, as many of each class, it gets {value} right",
    "auc": "Of 100 pairs of rows, one of each class, it ranks {value} in the right order",
    "recall": "Of 100 rows that are sought it finds {value}",
    "precision": "Of 100 rows that it says yes to {value} are right",
    "r2": "It explains {value} of how rows differ in {column}",
    "mae": "In {column} it is off by {value} on average",
    "rmse": "In {column} it is off by {value}, the root of the mean squared error",
}


def about(run: Run) -> str:
    """Return the line below the title: what is predicted, from how many rows, when."""
    report = run.report
    rows = (
        report.rows
        + report.validation_rows
        + report.test_rows * (report.scores is None or not report.scores.folds)
    )
    made = run.views.get("made")
    parts = [
        describe_target(run.target),
        f"{counted(rows, 'row')}, {counted(len(run.columns.columns), 'column')} to predict from.",
        f"Trained {f'on {made} ' if isinstance(made, str) else ''}in {report.took} by chainrule {run.chosen.version}.",
    ]
    return element("p", words(" ".join(said(part) for part in parts)), class_="about")
