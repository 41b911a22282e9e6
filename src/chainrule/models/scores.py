"""How a model was trained, and how good it is beside two baselines: a guess without inputs, and a linear model."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from chainrule import plain
from chainrule.doors import Door
from chainrule.errors import FileFormatError
from chainrule.models.found import ClassFound, confusion_lines, dense, words_by_class
from chainrule.shown import WIDE, columns, counted, took
from chainrule.train.metrics import metric_named

TELLING = ("accuracy", "auc", "log_loss")  # of classes; of the others a guess has what any noise has more of
COLUMNS_TOLD = 4


@dataclass(frozen=True)
class Coverage:
    """How many prediction intervals held the truth, in rows that had no part in making them.

    Attributes:
        column: The target.
        level: The share that they are made to hold.
        width: How far they reach to each side, in the target's units.
        held: The share that they held.
        rows: Of so many rows.
    """

    column: str
    level: float
    width: float
    held: float
    rows: int


@dataclass(frozen=True, repr=False)
class Scores:
    """How good predictions are, beside two baselines. Printed, it is a table.

    Attributes:
        rows: How many rows they were taken from.
        network: The metrics of the network, by name.
        baseline: The same metrics of a baseline that says the same in every row.
        baseline_is: What the baseline says: "the most frequent class of training, in every row", say.
        notes: Sentences about them, such as which metrics have no value for these rows.
        linear: The same metrics of a linear model of the same features, trained on the same rows; {} if there is none.
        linear_is: "linear regression" or "logistic regression".
        intervals: 95 % intervals: ``intervals["network"]["auc"]`` and so of "linear" and "baseline"; by how much the
            network is better, in the same draws, is in "over_linear" and "over_baseline", below 0 where it is worse.
        classes: Of each class, or each of several labels: how many rows it has, and how many of them were found.
        confusion: What was taken for what: (class, predicted, rows), by their positions in ``classes``.
        coverage: How many prediction intervals held the truth.
        folds: Over how many folds these scores are means; 0 where they are of rows that were held back.

    >>> table, target = cr.load_table("iris")
    >>> scores = cr.TableModel.train(table, target, epochs=30).evaluate(table)
    >>> scores.rows, scores.network["accuracy"] > scores.baseline["accuracy"]
    (150, True)
    """

    rows: int
    network: dict[str, float]
    baseline: dict[str, float]
    baseline_is: str
    notes: tuple[str, ...] = ()
    linear: dict[str, float] = field(default_factory=dict)
    linear_is: str = ""
    intervals: dict[str, dict[str, tuple[float, ...]]] = field(default_factory=dict)
    classes: tuple[ClassFound, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    coverage: tuple[Coverage, ...] = ()
    folds: int = 0

    @property
    def learned(self) -> bool:
        """Whether any metric is better than that of the baseline.

        Of classes these are the accuracy, the area under the ROC curve and the log loss, where they were asked for: of
        the others the baseline has what any noise has more of, such as a recall of 0.
        """
        return any(_is_better(name, self.network[name], self.baseline[name]) for name in self._telling)

    @property
    def surely_learned(self) -> bool:
        """Whether any of these is better by more than chance; without intervals, whether any is better."""
        gains = self.intervals.get("over_baseline")
        if gains is None:
            return self.learned
        return any(name in gains and gains[name][0] > 0 for name in self._telling)

    @property
    def _telling(self) -> list[str]:
        names = [*self.network]
        return [name for name in names if name in TELLING] if "log_loss" in names else names

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data that JSON can hold; what is no finite number is None.

        >>> table, target = cr.load_table("iris")
        >>> found = cr.TableModel.train(table, target, epochs=30).report.scores.to_dict()
        >>> list(found["metrics"]["accuracy"])[:4]
        ['network', 'network_interval', 'linear', 'linear_interval']
        """
        return {
            "rows": self.rows,
            "folds": self.folds,
            "metrics": {name: self._of(name) for name in self.network},
            "baseline": self.baseline_is,
            "linear": self.linear_is,
            "verdict": verdicts(self),
            "classes": [each.to_dict() for each in self.classes],
            "confusion": dense(self.classes, self.confusion),
            "coverage": [vars(each) for each in self.coverage],
            "notes": list(self.notes),
        }

    def _of(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for whose, values in (
            ("network", self.network),
            ("linear", self.linear),
            ("baseline", self.baseline),
        ):
            found[whose] = _finite(values.get(name))
            found[f"{whose}_interval"] = self._interval(whose, name)
        for than in ("linear", "baseline"):
            found[f"better_than_{than}"] = self._interval(f"over_{than}", name)
        return found

    def _interval(self, whose: str, name: str) -> list[float] | None:
        interval = self.intervals.get(whose, {}).get(name)
        return list(interval) if interval else None

    def __str__(self) -> str:
        return "\n".join([*_fitting(self), *confusion_lines(self.classes, self.confusion), *remarks(self)])

    __repr__ = __str__
    _repr_html_ = Door()


def heads(scores: Scores) -> tuple[str, ...]:
    """Return what stands above the columns of the table of scores."""
    return tuple(row[0] for row in _rows_of(scores, narrow=False))


def cells(scores: Scores) -> list[tuple[str, ...]]:
    """Return what the table says of each metric, below :func:`heads`."""
    return [
        tuple(row) for row in zip(*(column[1:] for column in _rows_of(scores, narrow=False)), strict=True)
    ]


def _fitting(scores: Scores) -> list[str]:
    """Return the lines of the table: without the intervals of the linear model where they do not fit the screen."""
    for narrow in (False, True):
        lines = columns([*zip(*_rows_of(scores, narrow), strict=True)])
        if len(lines[0]) <= WIDE:
            break
    return lines


def _rows_of(scores: Scores, narrow: bool) -> list[list[str]]:
    """Return the columns of the table, each from its head down."""
    found = [["metric", *scores.network]]
    written = [
        alike(scores.network[n], *([scores.linear[n]] if n in scores.linear else []), scores.baseline[n])
        for n in scores.network
    ]
    known = scores.intervals
    found.append(["this network", *(cell[0] for cell in written)])
    if "network" in known:
        found.append(["95 % interval", *(span(known["network"].get(n)) for n in scores.network)])
    if scores.linear:
        beside = zip(scores.network, written, strict=True)
        found.append(["linear", *(cell[1] if name in scores.linear else "" for name, cell in beside)])
        if "linear" in known and not narrow:
            found.append(["95 % interval", *(span(known["linear"].get(n)) for n in scores.network)])
    found.append(["baseline", *(cell[-1] for cell in written)])
    return found


def remarks(scores: Scores) -> list[str]:
    """Return what is said below the table."""
    linear = f" Linear: {scores.linear_is} on the same rows and features." if scores.linear_is else ""
    rows = counted(scores.rows, "row")
    where = f"Means over {scores.folds} folds of {rows}" if scores.folds else f"On {rows}"
    lines = [
        f"{where}. Baseline: {scores.baseline_is}.{linear}",
        *words_by_class(scores.classes, scores.confusion),
        *scores.notes,
        *_of_coverage(scores.coverage),
        *verdicts(scores),
    ]
    return lines


def verdicts(scores: Scores) -> list[str]:
    """Return what the scores mean beside the baselines, in sentences."""
    lines = [_beside_linear(scores)]
    if not scores.learned:
        lines.append(
            "The network does no better than the baseline: these inputs may say little about the target; "
            "more rows, more epochs or another learning rate may help."
        )
    elif not scores.surely_learned:
        lines.append(
            f"Better than the baseline by no more than chance may give: {counted(scores.rows, 'row')} are too few to "
            "tell, or these inputs say little about the target."
        )
    return [line for line in lines if line]


def _beside_linear(scores: Scores) -> str:
    """Say whether the network is better than the linear model, by the first of its metrics."""
    name = next(iter(scores.network), "")
    gain = scores.intervals.get("over_linear", {}).get(name)
    if gain is None or name not in scores.linear:
        return ""
    low, high = gain
    better = scores.network[name] - scores.linear[name]
    better = better if larger_is_better(name) else -better
    by = alike(abs(better), scores.network[name])[0]
    ends = f"({signed(low, scores.network[name])} to {signed(high, scores.network[name])})"
    if low > 0:
        return f"Better than {scores.linear_is}: {name} by {by} {ends}."
    if high < 0:
        return f"Worse than {scores.linear_is}: {name} by {by} {ends}. hidden=() trains that simpler model."
    if better == 0:
        return f"As good as {scores.linear_is}, by {name}; hidden=() trains that simpler one."
    than = "better" if better >= 0 else "worse"
    simpler = "" if better > 0 else " hidden=() trains that simpler model."
    return f"Beside {scores.linear_is}: {name} {than} by {by} {ends}, which may be chance.{simpler}"


def _too_few(coverage: Coverage) -> str:
    """Say that intervals held clearly less than they are made to, by three standard errors of such a share."""
    level = coverage.level
    if coverage.held >= level - 3 * math.sqrt(level * (1 - level) / coverage.rows):
        return ""
    return (
        " That is too few: these rows are unlike those that were learned from, and new ones may be so, too."
    )


def _of_coverage(coverage: tuple[Coverage, ...]) -> list[str]:
    lines = [
        f"Prediction intervals that are to hold {c.level:.3g}: {alike(c.width)[0]} to each side of '{c.column}' held "
        f"{c.held:.3f} of {counted(c.rows, 'row')}.{_too_few(c)}"
        for c in coverage[:COLUMNS_TOLD]
    ]
    if len(coverage) > COLUMNS_TOLD:
        lines.append(f"So do those of {len(coverage) - COLUMNS_TOLD} more targets.")
    return lines


@dataclass(frozen=True, repr=False)
class Report:
    """What a training was like. Printed, it is a few sentences and the table of its scores.

    Attributes:
        rows: How many rows were learned from.
        validation_rows: How many only said when to stop.
        test_rows: How many had no part in either.
        scores: Those of the test rows, None if none were held back.
        notes: Sentences that the owner of the table should know.
        stopped: Why training ended.
        epochs: After so many epochs.
        seconds: How many seconds all of it took, networks on folds and on all rows included; 0 of a model from a file,
            for the same training gives the same file.
        refit: What is to be said of the network that is kept, where another was judged.
        row_seconds: How long a prediction for a single row takes, preparing included; likewise.

    >>> table, target = cr.load_table("iris")
    >>> report = cr.TableModel.train(table, target, epochs=30).report
    >>> report.rows, report.validation_rows, report.test_rows, report.epochs
    (102, 18, 30, 30)
    """

    rows: int
    validation_rows: int
    test_rows: int
    scores: Scores | None
    notes: tuple[str, ...]
    stopped: str
    epochs: int
    seconds: float
    refit: str = ""
    row_seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data that JSON can hold.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=30).report.to_dict()["test_rows"]
        30
        """
        own = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("scores", "notes")
        }
        return {**own, "notes": list(self.notes), "scores": self.scores.to_dict() if self.scores else None}

    def __str__(self) -> str:
        tested = [] if self.scores is None else [f"Test:\n{self.scores}"]
        return "\n".join([*self.notes, in_short(self), *tested])

    __repr__ = __str__

    @property
    def took(self) -> str:
        """How long it took, in words.

        >>> from dataclasses import replace
        >>> table, target = cr.load_table("iris")
        >>> report = cr.TableModel.train(table, target, epochs=1).report
        >>> [replace(report, seconds=seconds).took for seconds in (12.34, 0.0123, 0.0)]
        ['12.3 s', '12 ms', '1 ms']
        """
        return took(self.seconds)


def in_short(report: Report) -> str:
    """Return what a training was like, in a few sentences."""
    quick = report.row_seconds
    alone = "" if quick is None else f"Predicting a row takes {1000 * quick:.2g} ms."
    took = f" in {report.took}" * bool(report.seconds)
    parts = (
        f"Learned from {counted(report.rows, 'row')}{took}.",
        report.stopped,
        report.refit,
        alone,
    )
    return " ".join(filter(None, parts))


def report_from(data: Any) -> Report:
    """Return the report that a file holds."""
    report: Report = plain.read(Report, data, "report")
    if report.scores:
        _check(report.scores)
    return report


def _check(scores: Scores) -> None:
    """Raise if a file's scores do not fit each other."""
    if scores.network.keys() != scores.baseline.keys() or not scores.linear.keys() <= scores.network.keys():
        raise FileFormatError("report: network and baseline are scored by different metrics.")
    if any(len(ends) != 2 for found in scores.intervals.values() for ends in found.values()):
        raise FileFormatError("report: an interval has two ends.")
    known = range(len(scores.classes))
    if any(len(cell) != 3 or cell[0] not in known or cell[1] not in known for cell in scores.confusion):
        raise FileFormatError("report: a row of its confusion names no two classes.")


def _is_better(name: str, value: float, than: float) -> bool:
    """Say whether a score is the better one: of a metric of ours, or of that of one of several columns, "mae_price"."""
    larger = larger_is_better(name)
    return larger is not None and (value > than if larger else value < than)


def larger_is_better(name: str) -> bool | None:
    """Say whether more of a metric is better; None if it is the user's own."""
    parts = name.split("_")
    known = next(filter(None, (metric_named("_".join(parts[:i])) for i in range(len(parts), 0, -1))), None)
    return None if known is None else known.larger_is_better


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def span(ends: tuple[float, ...] | None) -> str:
    """Write an interval, with a digit less than scores have."""
    return "" if ends is None else " to ".join(alike(*ends, digits=4))


def signed(value: float, beside: float) -> str:
    """Write a difference with as many decimals as what it is a difference of."""
    written = alike(abs(value), beside)[0]
    return f"{'-' if value < 0 and written.strip('0.') else ''}{written}"


def alike(*numbers: float, digits: int = 5) -> tuple[str, ...]:
    """Write numbers that are compared with as many decimals as each other: five digits of the largest."""
    sizes = sorted(map(abs, numbers))
    larger = sizes[-1]
    if len(numbers) > 1 and larger >= 1e3 and larger > 1e3 * sizes[0] > 0:  # no decimals suit all
        return tuple(alike(x, digits=digits)[0] for x in numbers)
    if larger >= 1e12:
        return tuple(f"{x:.{digits - 2}e}" for x in numbers)
    if 0 < larger < 1e-3:
        return tuple(f"{x:.{digits - 3}e}" for x in numbers)
    decimals = max(0, digits - len(str(int(larger))))
    return tuple(f"{round(x, decimals) + 0.0:,.{decimals}f}" for x in numbers)  # + 0.0 leaves no -0
