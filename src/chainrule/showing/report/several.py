"""The page of several runs: which is better, beyond chance, what was chosen otherwise, and where they disagree."""

from collections.abc import Sequence
from os import PathLike

import numpy as np

from chainrule.data.target import describe_target
from chainrule.explaining.pictures import trainings
from chainrule.explaining.pictures.marks import Mark, Points, Rule, Spans
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.models.scores import alike, larger_is_better, span
from chainrule.showing.html import element, words
from chainrule.showing.report.beside import (
    RunComparison,
    compare_runs,
    disagreements,
    gained,
    settings,
    verdict,
)
from chainrule.showing.report.learning import own_stages
from chainrule.showing.report.page import whole
from chainrule.showing.report.parts import Section, bullets, code, figure, paragraph, said, table
from chainrule.shown import counted, cut, in_a_row, took
from chainrule.terminal import quoted
from chainrule.train.history import History

NAME = 40  # characters of a run's name that stand in a table


def report_of_several(folders: Sequence[str | PathLike[str]]) -> str:
    """Return a page of HTML on which runs of the same target stand side by side.

    Args:
        folders: Those of the runs; the others are compared with the first.

    Raises:
        MissingFileError: If one of them is not there, or has not ended.
        FileFormatError: If a file of one is damaged.
        DataError: If they predict different things, or one is there twice.
    """
    return page_of(compare_runs(*folders))


def page_of(of: RunComparison) -> str:
    """Return the page of runs that were read."""
    target = of.runs[0].target
    names = in_a_row([cut(name, NAME) for name in target.columns], 60)
    about = f"{describe_target(target)} The others are compared with {of.names[0]}."
    sections = [_better(of), _differ(of), _learned(of), _disagree(of), _costs(of), _using(of)]
    title = f"{counted(len(of.runs), 'model')} that predict {names}"
    return whole(title, element("p", words(said(about)), class_="about"), sections, "Comparison of models")


def _short(of: RunComparison) -> list[str]:
    return [cut(name, NAME) for name in of.names]


def _better(of: RunComparison) -> Section:
    """Return the section that says which is better."""
    verdicts = [verdict(of, i) for i in range(1, len(of.runs))]
    inside = bullets(verdicts) if len(verdicts) > 1 else paragraph(verdicts[0], "lead")
    if len(verdicts) > 1:
        inside += paragraph(
            f"Of {len(verdicts)} comparisons with one run each interval holds the truth in 95 of 100 cases by itself, "
            "so that one among many may look better, or worse, by chance.",
            "quiet",
        )
    drawn = _drawn(of)
    inside += "" if drawn is None else figure(drawn)
    names = list(
        dict.fromkeys(
            name for run in of.runs for name in (run.report.scores.network if run.report.scores else ())
        )
    )
    heads = ["metric", *_short(of), "linear model", "baseline"]
    inside += table(
        "All metrics, with intervals that hold the truth in 95 of 100 cases", heads,
        [_metric(of, name) for name in names], strong=[names.index(of.metric)] if of.metric else [],
    )  # fmt: skip
    rows = [row for i in range(1, len(of.runs)) for row in _gains(of, i)]
    inside += table(
        f"By how much better than {of.names[0]}, on the rows that judged both; below 0 where worse",
        ["model", "metric", "better by", "95 % interval", "rows"], rows, left=(0, 1),
    )  # fmt: skip
    return Section("better", "Which is better", inside, "Which is better")


def _metric(of: RunComparison, name: str) -> list[str]:
    found = [run.report.scores for run in of.runs]
    cells = []
    for scores in found:
        value = None if scores is None else scores.network.get(name)
        ends = None if scores is None else scores.intervals.get("network", {}).get(name)
        cells.append("" if value is None else alike(value)[0] + (f" ({span(ends)})" if ends else ""))
    first = found[0]
    linear = None if first is None else first.linear.get(name)
    base = None if first is None else first.baseline.get(name)
    return [name, *cells, *("" if x is None else alike(x)[0] for x in (linear, base))]


def _gains(of: RunComparison, place: int) -> list[list[str]]:
    pair = of.pairs[place - 1]
    if pair is None:
        return []
    rows = []
    for name, ends in pair.scores.intervals.get("over_linear", {}).items():
        better = pair.scores.network[name] - pair.scores.linear[name]
        better = better if larger_is_better(name) else -better
        rows.append([cut(of.names[place], NAME), name, alike(better)[0], span(ends), f"{pair.rows:,}"])
    return rows


def _drawn(of: RunComparison) -> Picture | None:
    """Draw the metric that decides of all runs, with its intervals."""
    name = of.metric
    if not name:
        return None
    marks: list[Mark] = []
    words_of = []
    for place, run in enumerate(of.runs):
        scores = run.report.scores
        if scores is None:
            continue
        value, ends = scores.network[name], scores.intervals.get("network", {}).get(name)
        colour = f"c{place % 8 + 1}"
        if ends:
            marks.append(Spans([place], [ends[0]], [ends[1]], colour=colour, horizontal=True))  # type: ignore[arg-type]
        marks.append(Points([value], [place], colour=colour, marker="o", size=9))  # type: ignore[arg-type]
        words_of.append(f"{of.names[place]} {value:.4g}")
    first = of.runs[0].report.scores
    if first is not None and np.isfinite(first.network[name]):
        marks.insert(0, Rule(x=first.network[name], colour="faint", dash=""))
    better = {True: "larger is better", False: "smaller is better"}.get(larger_is_better(name))  # type: ignore[arg-type]
    ticks = [(i, cut(each, 24)) for i, each in enumerate(of.names)]
    panel = Panel(
        marks, x=Axis(f"{name} ({better})" if better else name),
        y=Axis(ticks=ticks, limits=(-0.6, len(ticks) - 0.4), reversed=True), legend=False,
        size=(640.0, 88.0 + 30.0 * len(ticks)),
    )  # fmt: skip
    return Picture([panel], f"{name} of each model", f"{name}: {', '.join(words_of)}.")


def _differ(of: RunComparison) -> Section:
    rows = settings(of)
    inside = table(
        "What was chosen otherwise", ["choice", *_short(of)], rows, left=range(len(of.runs) + 1), shown=False
    )
    return Section(
        "differ", "What was chosen otherwise", inside or paragraph("All choices are the same."), "Choices"
    )


def _learned(of: RunComparison) -> Section:
    """Return the section with the curves of all runs over each other."""
    kept = {name: list(own_stages(run.stages).values()) for name, run in zip(of.names, of.runs, strict=True)}
    known: dict[str, list[History]] = {name: stages for name, stages in kept.items() if stages}
    if not known:
        return Section("learning", "How they learned", "", "Learning")
    held = all("val_cost" in history for stages in known.values() for history in stages)
    drawn = trainings.costs(
        {cut(name, NAME): stages for name, stages in known.items()}, "val_cost" if held else "cost"
    )
    where = "on rows that said when to stop" if held else "on the rows that they learned from"
    panels = [Panel(p.marks, "", p.x, p.y, size=(640.0, 320.0)) for p in drawn.panels]
    picture = Picture(panels, f"Cost {where}", drawn.words, notes=drawn.notes)
    return Section("learning", "How they learned", figure(picture), "Learning")


def _disagree(of: RunComparison) -> Section:
    heads, rows = disagreements(of)
    if len(heads) < 4:  # one alone
        return Section("disagree", "Where they disagree", "", "Disagreements")
    if not rows:
        inside = paragraph("They say the same of every row that judged all of them.")
    else:
        numbers = of.runs[0].target.task == "regression"
        about = "the furthest apart" if numbers else "those whose truth they believe most differently"
        called = [*heads[:2], *(cut(name, NAME) for name in heads[2:])]
        caption = f"The rows on which they disagree the most, {about} first"
        inside = table(caption, called, rows, left=range(len(heads)))
    return Section("disagree", "Where they disagree", inside, "Disagreements")


def _costs(of: RunComparison) -> Section:
    def line(name: str, texts: Sequence[str]) -> list[str]:
        return [name, *texts]

    reports = [run.report for run in of.runs]
    rows = [
        line("trained in", [report.took for report in reports]),
        line("epochs", [f"{report.epochs:,}" for report in reports]),
        line("rows learned from", [f"{report.rows:,}" for report in reports]),
        line("size of the model", [f"{size / 1000:,.0f} kB" for size in of.sizes]),
        line("time for one row", ["" if r.row_seconds is None else took(r.row_seconds) for r in reports]),
    ]
    inside = table("Time and size", ["", *_short(of)], rows, shown=False)
    return Section("costs", "Time and size", inside, "Time and size")


def _using(of: RunComparison) -> Section:
    places = [quoted(run.place) for run in of.runs]
    lines = [f"chainrule report {place}" for place in places]
    best = _best(of)
    lines.append(f"chainrule predict {places[best]} new.csv --out predictions.csv")
    lines.append(f"chainrule report {' '.join(places)}")
    inside = paragraph("A page of each alone; predictions by the one that is best here; and this page again:")
    return Section("using", "What to do next", inside + code("\n".join(lines), "Commands"), "Next")


def _best(of: RunComparison) -> int:
    """Return the place of the run that is the best by the metric that decides; the first where nothing tells."""
    gains = [0.0, *((gain[0] if (gain := gained(of, i)[1]) else -np.inf) for i in range(1, len(of.runs)))]
    return int(np.argmax(gains))
