"""Several runs of the same target, read side by side: what their pages, and programs, are told of how they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from os.path import basename, realpath, samefile
from pathlib import Path
from textwrap import wrap
from typing import Any

from chainrule.arguments import public
from chainrule.errors import DataError, MissingFileError, short
from chainrule.friendly import Friendly
from chainrule.models.configuration import toml
from chainrule.models.contrasting import Paired, Said, disputed, paired, read_said
from chainrule.models.options import CHOICES
from chainrule.models.places import MODEL, PREDICTIONS
from chainrule.models.scores import alike, larger_is_better, span
from chainrule.showing.report.run import Run, read_run
from chainrule.shown import WIDE, columns, counted, cut, in_a_row, screen

__all__ = ["RunComparison", "compare_runs"]

NAME = 30  # characters of a run's name in a table of a screen


@dataclass(frozen=True, eq=False, repr=False)
class RunComparison(Friendly):
    """Runs of the same target, side by side; the others are compared with the first. Printed, it is a table.

    Attributes:
        runs: What the files of each run tell.
        names: What the runs are called.
        said: What each says of the rows that judged it; None of one that none judged.
        pairs: How each but the first compares with the first, on the rows that judged both; None where none did.
        sizes: How many bytes the model of each has.

    >>> for epochs in (5, 20):
    ...     model = cr.TableModel.train("iris", epochs=epochs, run=f"after-{epochs}")
    >>> found = cr.compare_runs("after-5", "after-20")
    >>> found.names, found.metric, found.pairs[0].rows
    (('after-5', 'after-20'), 'accuracy', 30)
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    said: tuple[Said | None, ...]
    pairs: tuple[Paired | None, ...]
    sizes: tuple[int, ...]

    @property
    def metric(self) -> str:
        """What decides which is better: the first metric of the first run that the others have, too; "" for none.

        >>> for epochs in (5, 20):
        ...     model = cr.TableModel.train("iris", epochs=epochs, run=f"for-{epochs}")
        >>> cr.compare_runs("for-5", "for-20").metric
        'accuracy'
        """
        known = [set(_scores(run)) for run in self.runs]
        return next((name for name in _scores(self.runs[0]) if all(name in names for names in known)), "")

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return all that differs as plain data, which JSON can hold.

        Returns:
            A dict: "runs", what "differ"s between them, "comparisons" with the first, "disagreements" by row.

        >>> for epochs in (5, 20):
        ...     model = cr.TableModel.train("iris", epochs=epochs, run=f"of-{epochs}")
        >>> cr.compare_runs("of-5", "of-20").to_dict()["differ"]["epochs"]
        {'of-5': '5', 'of-20': '20'}
        """
        return _as_dict(self)

    def __str__(self) -> str:
        rows = [["model", self.metric or "score", "95 % interval", "trained in", "size"]]
        for name, run, many in zip(self.names, self.runs, self.sizes, strict=True):
            scores = run.report.scores
            value = None if scores is None else scores.network.get(self.metric)
            ends = None if scores is None else scores.intervals.get("network", {}).get(self.metric)
            size = f"{many / 1000:,.0f} kB"
            rows.append(
                [cut(name, NAME), "" if value is None else alike(value)[0], span(ends), run.report.took, size]
            )
        lines = [line.rstrip() for line in columns(rows)]
        lines += [verdict(self, i) for i in range(1, len(self.runs))]
        differ = [cut(f"{row[0]}: {' | '.join(row[1:])}") for row in settings(self)]
        return "\n".join([*lines, *(["Chosen otherwise:", *differ] if differ else [])])

    def __repr__(self) -> str:
        return "\n".join(
            screen([part for line in str(self).split("\n") for part in wrap(line, WIDE) or [""]])
        )


@public
def compare_runs(run: str | PathLike[str], *others: str | PathLike[str]) -> RunComparison:
    """Compare runs of the same target by what is in their folders; :func:`report` writes a page of it.

    Args:
        run: The folder of a run that has ended: with it the others are compared.
        others: Those of others.

    Returns:
        The runs side by side: which are better, beyond chance, on the rows that judged both, what was chosen
        otherwise, and on which rows they disagree.

    Raises:
        MissingFileError: If one of them is not there, or has not ended.
        FileFormatError: If a file of one is damaged.
        DataError: If they predict different things, one is there twice, or there is one alone.

    >>> for epochs in (1, 60):
    ...     model = cr.TableModel.train("iris", hidden=(8,), epochs=epochs, run=f"epochs-{epochs}")
    >>> print(cr.compare_runs("epochs-1", "epochs-60"))
    model      accuracy   95 % interval  trained in  size
    ...
    epochs-60 is better than epochs-1: accuracy by ...
    """
    folders = [run, *others]
    for each in folders:
        if not isinstance(each, str | PathLike):
            raise DataError(f"Runs are compared by their folders; found {short(each)}.")
    if not others:
        raise DataError("A run is compared with others: give the folders of two at least.")
    runs = [read_run(folder) for folder in folders]
    for i, one in enumerate(runs):
        if any(samefile(one.place, before.place) for before in runs[:i]):
            raise DataError(f"{one.place} is there twice: a run is compared with others.")
    first = runs[0]
    for other in runs[1:]:
        if (other.target.columns, other.target.task) != (first.target.columns, first.target.task):
            raise DataError(
                f"{first.place} predicts {_what(first)} and {other.place} {_what(other)}: they cannot be compared. "
                "Each has a page of its own."
            )
    said = [_said(each) for each in runs]
    metrics, seed = first.chosen.choices.get("metric") or (), int(first.chosen.choices.get("seed", 0))
    pairs = [
        None if each is None or said[0] is None else paired(each, said[0], metrics, seed) for each in said[1:]
    ]
    names, sizes = _names([each.place for each in runs]), [_size(each) for each in runs]
    return RunComparison(tuple(runs), tuple(names), tuple(said), tuple(pairs), tuple(sizes))


def _what(run: Run) -> str:
    names = in_a_row([repr(name) for name in run.target.columns], 80)
    return f"{names} ({run.target.task})"


def _said(run: Run) -> Said | None:
    try:
        return read_said(Path(run.place) / PREDICTIONS, run.target)
    except MissingFileError:
        return None


def _names(places: Sequence[str]) -> list[str]:
    """Return what runs are called: the names of their folders, or the whole paths where these are alike."""
    short = [basename(realpath(place)) for place in places]
    return short if len(set(short)) == len(short) else list(places)


def _scores(run: Run) -> Mapping[str, float]:
    return {} if run.report.scores is None else run.report.scores.network


# --- what differs -----------------------------------------------------------------------------------------


def settings(of: RunComparison) -> list[list[str]]:
    """Return the choices that are not the same in all runs: a row for each, with what each run chose."""
    rows = [["data", *(run.data or "a table in memory" for run in of.runs)]]
    rows.append(["cells of the table", *(_table(of, run) for run in of.runs)])
    rows.append(["columns learned from", *(str(len(run.columns.columns)) for run in of.runs)])
    for name, choice in CHOICES.items():
        values = [run.chosen.choices.get(name) for run in of.runs]
        if any(value != values[0] for value in values):
            rows.append(
                [name, *(choice.usual or "none" if v in (None, ()) else toml(name, v) for v in values)]
            )
    rows.append(["version", *(run.chosen.version or "unknown" for run in of.runs)])
    return [row for row in rows if len(set(row[1:])) > 1]


def _table(of: RunComparison, run: Run) -> str:
    """Return which table a run learned from, by letters: those of the same cells have the same."""
    found = [each.chosen.fingerprint for each in of.runs]
    known = list(dict.fromkeys(found))
    mine = run.chosen.fingerprint
    return (
        "unknown"
        if mine is None
        else f"{chr(65 + known.index(mine) % 26)}: {mine.rows:,} rows, {mine.columns:,} columns"
    )


def verdict(of: RunComparison, place: int) -> str:
    """Say in a sentence whether a run, by its place from 1, is better than the first, beyond chance."""
    name, first, pair = of.names[place], of.names[0], of.pairs[place - 1]
    if pair is None:
        return f"{name} and {first} cannot be compared row by row: {_why_not(of, place)}."
    rows = counted(pair.rows, "row")
    where = f"the same {rows}" if pair.every else f"the {rows} that judged both"
    alone = f"{name} alone is {_right(of)} in {pair.alone:,}, {first} alone in {pair.other_alone:,} (p = {_p(pair.p)})"
    metric, gain = gained(of, place)
    if gain is None:
        return f"On {where}, {alone}."
    better, low, high = gain
    if better == 0:
        return f"{name} is as good as {first} on {where}, by {metric}; {alone}."
    ends = (low, high) if better > 0 else (-high, -low)
    by = f"{metric} by {_number(abs(better))} ({_number(ends[0])} to {_number(ends[1])})"
    than = "better than" if better > 0 else "worse than"
    chance = "" if ends[0] > 0 else " by no more than chance may give"
    return f"{name} is {than} {first}{chance}: {by} on {where}; {alone}."


def gained(of: RunComparison, place: int) -> tuple[str, tuple[float, float, float] | None]:
    """Return by how much of the metric that decides a run is better than the first, and from where to where that is."""
    pair = of.pairs[place - 1]
    if pair is None:
        return of.metric, None
    metric = of.metric if of.metric in pair.scores.network else next(iter(pair.scores.network), "")
    ends, larger = pair.scores.intervals.get("over_linear", {}).get(metric), larger_is_better(metric)
    if ends is None or larger is None or metric not in pair.scores.linear:
        return metric, None
    better = pair.scores.network[metric] - pair.scores.linear[metric]
    return metric, (better if larger else -better, ends[0], ends[1])


def _why_not(of: RunComparison, place: int) -> str:
    missing = [of.names[i] for i in (0, place) if of.said[i] is None]
    if missing:
        return f"no row was held back to judge {' and '.join(missing)}"
    if of.runs[0].target.classes != of.runs[place].target.classes:
        return "they know other classes"
    return "not the same rows judged them (another table, seed or way of testing)"


def _right(of: RunComparison) -> str:
    return "nearer to the truth" if of.runs[0].target.task == "regression" else "right"


def _p(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-4 else "below 0.0001"


def _number(value: float) -> str:
    return f"{value:.4g}"


# --- as plain data ----------------------------------------------------------------------------------------


def disagreements(of: RunComparison, most: int = 20) -> tuple[list[str], list[list[str]]]:
    """Return the rows that the runs disagree on, the most first, and the names of their columns.

    Of runs that other rows judged nothing is told.
    """
    alike = [0, *(i for i, pair in enumerate(of.pairs, start=1) if pair is not None)]
    found = [said for i in alike if (said := of.said[i]) is not None]
    rows = disputed(found, most) if len(found) > 1 else []
    return ["row", "true", *(of.names[i] for i in alike)], rows


def _as_dict(of: RunComparison) -> dict[str, Any]:
    """Return all that differs as plain data, which JSON can hold."""
    runs = [
        {
            "name": name, "run": run.place, "data": run.data, "kilobytes": round(size / 1000, 1),
            **run.report.to_dict(),
        }
        for name, run, size in zip(of.names, of.runs, of.sizes, strict=True)
    ]  # fmt: skip
    heads, rows = disagreements(of)
    return {
        "target": list(of.runs[0].target.columns),
        "task": of.runs[0].target.task,
        "metric": of.metric,
        "runs": runs,
        "differ": {row[0]: dict(zip(of.names, row[1:], strict=True)) for row in settings(of)},
        "compared_with": of.names[0],
        "comparisons": [_pair(of, i) for i in range(1, len(of.runs))],
        "disagreements": [dict(zip(heads, row, strict=True)) for row in rows],
    }


def _pair(of: RunComparison, place: int) -> dict[str, Any]:
    pair = of.pairs[place - 1]
    found: dict[str, Any] = {"name": of.names[place], "says": verdict(of, place)}
    if pair is None:
        return found
    gains = pair.scores.intervals.get("over_linear", {})
    metrics = {
        name: {
            "value": value,
            "first": pair.scores.linear.get(name),
            "better_by": list(gains[name]) if name in gains else None,
        }
        for name, value in pair.scores.network.items()
    }
    counts = {"right_alone": pair.alone, "first_right_alone": pair.other_alone, "p": pair.p}
    return {**found, "rows": pair.rows, "metrics": metrics, **counts}


def _size(run: Run) -> int:
    """Return how many bytes the model of a run has."""
    return (Path(run.place) / MODEL).stat().st_size
