"""Pictures of trainings: how the cost of one, or of many, fell from epoch to epoch."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, short, unknown_name
from chainrule.explaining.pictures.marks import Band, Line, Mark, Points, Rule
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.shown import counted, in_a_row
from chainrule.train.history import History, measured
from chainrule.train.metrics import recorded_name
from chainrule.train.rates import LearningRates

__all__ = ["costs", "history", "learning_rates"]

DECADES = 100.0  # numbers that span so much are drawn on a logarithmic axis
CURVES = {"cost": "loss_curve_", "val_cost": "validation_loss_curve_", "val_score": "validation_scores_"}
MOST_PANELS = 8
MOST_LINES = 8  # runs of which each has its own colour and dash


def scale_of(*lines: np.ndarray) -> Literal["linear", "log"]:
    """Return the scale of an axis for numbers: "log" where they are above 0 and span decades.

    >>> scale_of(np.array([1.0, 0.5])), scale_of(np.array([1.0, 1e-3])), scale_of(np.array([1.0, 0.0]))
    ('linear', 'log', 'linear')
    """
    found = np.concatenate([np.ravel(line) for line in lines]) if lines else np.zeros(0)
    found = found[np.isfinite(found)]
    spans = len(found) > 0 and found.min() > 0 and found.max() / found.min() >= DECADES
    return "log" if spans else "linear"


def counted_from_1(line: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the numbers of the epochs of a line, from 1."""
    return np.arange(1, len(line) + 1)


@public
def history(history: History) -> Picture:
    """Draw a training: its cost, what else was recorded, the best epoch, and the learning rate where it changed.

    ``history.plot()`` is the same. An axis is logarithmic where its numbers span a factor of a hundred.

    Args:
        history: What :meth:`Network.fit` returned.

    Returns:
        A picture with a panel for the cost, one for each metric, and one for the learning rate.

    Raises:
        DataError: If it is no history, or no epoch was done.

    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> network = cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0)
    >>> history = network.fit(X, X**2, epochs=40, optimizer=cr.Adam(0.02), validation_split=0.25, metrics="mae")
    >>> picture = history.plot()
    >>> [panel.title for panel in picture.panels], [mark.name for mark in picture.panels[0].marks][:2]
    (['cost', 'mae'], ['training', 'validation'])
    """
    if not isinstance(history, History):
        raise DataError(f"A history is what network.fit(X, y) returns; found {short(history)}.")
    lines = {name: np.asarray(numbers, np.float64) for name, numbers in measured(history).items()}
    if not lines:
        raise DataError("No epoch was done, so there is nothing to draw of this training.")
    names = [name for name in lines if not name.startswith("val_")]
    panels = [_recorded(name, lines, history.best_epoch) for name in names[:MOST_PANELS]]
    rates = np.asarray(history.learning_rates, np.float64)
    if len(rates) and np.ptp(rates) > 0:
        line = Line(counted_from_1(rates), rates, "learning rate", colour="c3")
        panels.append(Panel([line], "learning rate", EPOCH, Axis(scale=scale_of(rates)), legend=False))
    notes = [f"Not drawn: {in_a_row(names[MOST_PANELS:], 200)}."] if names[MOST_PANELS:] else []
    notes += [history.stopped] if history.stopped else []
    return Picture(
        panels,
        f"Training of {counted(history.epochs, 'epoch')}",
        _told(lines, history.best_epoch),
        notes=notes,
    )


EPOCH = Axis("epoch")


def _recorded(name: str, lines: Mapping[str, np.ndarray], best: int | None) -> Panel:
    held = f"val_{name}"
    marks: list[Mark] = [Line(counted_from_1(lines[name]), lines[name], "training", colour="c1", dash="")]
    if held in lines:
        marks.append(Line(counted_from_1(lines[held]), lines[held], "validation", colour="c2", dash="dashed"))
    if best is not None:
        watched = lines.get(held, lines[name])
        marks.append(Rule(x=best + 1, name=f"best epoch: {best + 1:,}", dash="dotted"))
        marks.append(Points([best + 1], [watched[best]], colour="c2" if held in lines else "c1", marker="o"))
    every = [lines[each] for each in (name, held) if each in lines]
    return Panel(marks, name, EPOCH, Axis(scale=scale_of(*every)), legend=len(marks) > 1)


def _told(lines: Mapping[str, np.ndarray], best: int | None) -> str:
    cost, held = lines["cost" if "cost" in lines else next(iter(lines))], lines.get("val_cost")
    words = f"The cost goes from {cost[0]:.4g} to {cost[-1]:.4g} in {counted(len(cost), 'epoch')}"
    words += f", that of validation from {held[0]:.4g} to {held[-1]:.4g}" if held is not None else ""
    return f"{words}." + (f" The best epoch is {best + 1:,}." if best is not None else "")


@public
def costs(runs: Any, what: str = "cost", *, title: str = "", names: Sequence[str] | None = None) -> Picture:
    """Draw the costs of many trainings over each other.

    Args:
        runs: A dict of histories by name, or a list of them, as :func:`fit_many` returns it; lists of numbers and
            fitted estimators (``loss_curve_``) are taken too. A list of several under one name (seeds, folds) is
            drawn as its median, with a band from the lowest to the highest.
        what: What of them: "cost", "val_cost", a metric.
        title: What stands above.
        names: What each of a list is called.

    Returns:
        A picture of one panel with a line for each; of more than eight runs without names thin lines, and their
        median.

    Raises:
        DataError: If a run is no history, there is none, or names are not as many as the runs.
        UnknownNameError: If a history has nothing of that name.

    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> fits = {}
    >>> for name, start in (("small", cr.Normal(0.01)), ("Xavier", "xavier"), ("He", "he")):
    ...     network = cr.Network([cr.Dense(8, "tanh", initializer=start), cr.Dense(1)], seed=0)
    ...     fits[name] = network.fit(X, np.sin(3 * X), epochs=300)
    >>> [line.name for line in cr.pictures.costs(fits, title="Weight initialization").panels[0].marks]
    ['small', 'Xavier', 'He']
    """
    by_name = named_runs(runs, names)
    groups = {name: lines_of(given, what, name) for name, given in by_name.items()}
    many = (
        len(groups) > MOST_LINES
        and all(len(lines) == 1 for lines in groups.values())
        and not _have_names(runs, names)
    )
    marks = _of_many([lines[0] for lines in groups.values()]) if many else of_each(groups)
    every = [line for lines in groups.values() for line in lines]
    scale = scale_of(*every)
    ends = sorted((float(np.median([line[-1] for line in lines])), name) for name, lines in groups.items())
    said = f"validation {what[4:]}" if what.startswith("val_") else what
    called = f"{said[:1].upper()}{said[1:]} of {counted(len(every), 'training')}"
    words = f"{called}: the lowest at the end is {ends[0][0]:.4g}"
    words += f" ({ends[0][1]}), the highest {ends[-1][0]:.4g} ({ends[-1][1]})." if len(ends) > 1 else "."
    panel = Panel(marks, x=EPOCH, y=Axis(what, scale=scale))
    return Picture([panel], title or called, words)


def _have_names(runs: Any, names: Any) -> bool:
    return names is not None or (isinstance(runs, Mapping) and not isinstance(runs, History))


def named_runs(runs: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return trainings by name: a dict as it is, of a list each by its number."""
    if isinstance(runs, Mapping) and not isinstance(runs, History):
        found = {str(name): run for name, run in runs.items()}
    elif isinstance(runs, list | tuple) and not (runs and all(isinstance(x, int | float) for x in runs)):
        if names is not None and len(names) != len(runs):
            raise DataError(
                f"There are {counted(len(runs), 'training')} and {len(names)} names; give one for each."
            )
        found = dict(zip(names or [f"run {i + 1}" for i in range(len(runs))], runs, strict=True))
    else:
        found = {"" if names is None else names[0]: runs}
    if not found:
        raise DataError("There is no training to draw: give a history, or a dict of them by name.")
    return found


def lines_of(given: Any, what: str, name: str) -> list[np.ndarray]:
    """Return the numbers of each epoch of a run, or of each of several; they are never empty."""
    several = isinstance(given, list | tuple) and len(given) > 0 and not np.isscalar(given[0])
    found = [_line_of(run, what, name) for run in (given if several else [given])]
    if any(len(line) == 0 for line in found):
        raise DataError(f"No epoch of {name or 'the training'} was done, so there is nothing to draw of it.")
    return found


def _line_of(run: Any, what: str, name: str) -> np.ndarray:
    run = getattr(run, "history_", run)
    if isinstance(run, Mapping):
        known = measured(run) if isinstance(run, History) else dict(run)
        ours = recorded_name(what, known.keys()) if isinstance(what, str) else what
        if ours not in known:
            raise unknown_name(f"number of the training {name}".rstrip(), what, known)
        return np.asarray(known[ours], np.float64)
    curve = getattr(run, CURVES.get(what, ""), None)
    try:
        line = np.asarray(run if curve is None else curve, np.float64)
    except (TypeError, ValueError):
        line = np.zeros((0, 0))
    if line.ndim != 1:
        raise DataError(
            f"A training is a history, as network.fit(X, y) returns it, a fitted estimator, or a list of one number "
            f"an epoch; found {short(run)}{f' for {name!r}' if name else ''}."
        )
    return line


def of_each(groups: Mapping[str, list[np.ndarray]], first: int = 0) -> list[Mark]:
    """Return a line for each name; where it has several the median, with a band from the lowest to the highest."""
    marks: list[Mark] = []
    for i, (name, lines) in enumerate(groups.items(), start=first):
        colour: Any = f"c{i % MOST_LINES + 1}"
        if len(lines) == 1:
            marks.append(Line(counted_from_1(lines[0]), lines[0], name, colour=colour))
            continue
        low, middle, high = over(lines)
        marks.append(Band(counted_from_1(low), low, high, colour=colour))
        marks.append(Line(counted_from_1(middle), middle, f"{name} (median of {len(lines)})", colour=colour))
    return marks


def over(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Return the lowest, the median and the highest of lines at each epoch; of those that are done the last counts."""
    longest = max(map(len, lines))
    every = np.array([np.pad(line, (0, longest - len(line)), mode="edge") for line in lines])
    return np.array([every.min(axis=0), np.median(every, axis=0), every.max(axis=0)])


def _of_many(lines: Sequence[np.ndarray]) -> list[Mark]:
    thin: list[Mark] = [
        Line(counted_from_1(line), line, colour="faint", dash="", width=1.0) for line in lines
    ]
    _, middle, _ = over(lines)
    return [*thin, Line(counted_from_1(middle), middle, f"median of {len(lines)}", colour="c1", dash="")]


def of_estimator(of: Any) -> Picture:
    """Draw how a fitted estimator learned: ``estimator.plot()``.

    Args:
        of: An estimator that was fitted.

    Returns:
        A picture as of :func:`history`.

    Raises:
        DataError: If it was not fitted, or recorded nothing.
    """
    found = getattr(of, "history_", None)
    if isinstance(found, History):
        return history(found)
    if isinstance(found, Mapping):
        lines = {name: list(map(float, line)) for name, line in found.items()}
    else:
        lines = {name: list(map(float, getattr(of, place, None) or ())) for name, place in CURVES.items()}
    lines = {name: line for name, line in lines.items() if line}
    if not lines:
        raise DataError(f"This {type(of).__name__} has no cost by epoch to draw: fit it first.")
    drawn = {name: np.asarray(line) for name, line in lines.items()}
    panels = [_recorded("cost", drawn, None)] if "cost" in lines else []
    if "val_score" in lines:
        line = np.asarray(lines["val_score"])
        panels.append(
            Panel(
                [Line(counted_from_1(line), line, colour="c2")], "score of validation", EPOCH, Axis("score")
            )
        )
    epochs = max(map(len, lines.values()))
    return Picture(panels, f"Training of {counted(epochs, 'epoch')}", _told(drawn, None))


@public
def learning_rates(found: LearningRates) -> Picture:
    """Draw what :func:`find_learning_rate` found: the cost by learning rate. ``found.plot()`` is the same.

    Args:
        found: The rates and costs.

    Returns:
        A picture of one panel: the cost of each step, their running mean, and the rate to try.

    Raises:
        DataError: If it is something else.

    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> found = cr.find_learning_rate(cr.Network([cr.Dense(8, "tanh"), cr.Dense(1)], seed=0), X, X**2)
    >>> found.plot().panels[0].x.scale
    'log'
    """
    if not isinstance(found, LearningRates):
        raise DataError(
            f"These are no learning rates, as cr.find_learning_rate returns them: {short(found)}."
        )
    marks = [
        Points(found.rates, found.costs, "cost of a step", colour="muted", marker="o", size=3.0),
        Line(found.rates, found.smoothed, "running mean", colour="c1", dash=""),
        Rule(x=found.suggestion, name=f"to try: {found.suggestion:g}", colour="c2", dash="dashed"),
    ]
    low, high = float(found.smoothed.min()), float(np.median(found.costs[: max(2, len(found.costs) // 5)]))
    limits = (
        None
        if scale_of(found.costs) == "log"
        else (low - 0.1 * (high - low), high + 0.6 * abs(high - low) + 1e-12)
    )
    y = Axis("cost", scale=scale_of(found.costs), limits=limits if limits and limits[0] < limits[1] else None)
    panel = Panel(marks, x=Axis("learning rate", scale="log"), y=y)
    ends = f"{found.rates[0]:g} to {found.rates[-1]:g}"
    words = f"The cost by learning rate, from {ends}. The rate to try is {found.suggestion:g}."
    return Picture([panel], "Which learning rate?", words)
