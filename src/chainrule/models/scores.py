"""How a model was trained, and how good it is beside a baseline."""

from dataclasses import asdict, dataclass
from typing import Any

from chainrule import plain
from chainrule.doors import Door
from chainrule.errors import FileFormatError
from chainrule.shown import columns, counted, took
from chainrule.train.metrics import metric_named


@dataclass(frozen=True, repr=False)
class Scores:
    """How good predictions are, beside a baseline that says the same in every row. Printed, it is a table.

    Attributes:
        rows: How many rows they were taken from.
        network: The metrics of the network, by name.
        baseline: The same metrics of the baseline.
        baseline_is: What the baseline says: "the most frequent class of training, in every row", say.
        notes: Sentences about them: of two classes how many rows were found and missed, and which metrics have no
            value for these rows.
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
    folds: int = 0

    @property
    def learned(self) -> bool:
        """Whether any metric is better than that of the baseline.

        Of classes these are the accuracy and the log loss, where they were asked for: of the others the baseline has
        what any noise has more of, such as a recall of 0.
        """
        telling = [name for name in ("accuracy", "log_loss") if name in self.network]
        names = telling if "log_loss" in telling else [*self.network]
        return any(_is_better(name, self.network[name], self.baseline[name]) for name in names)

    def __str__(self) -> str:
        return "\n".join([*columns([HEADS, *cells(self)]), *remarks(self)])

    __repr__ = __str__
    _repr_html_ = Door()


HEADS = ("metric", "this network", "baseline")


def cells(scores: Scores) -> list[tuple[str, str, str]]:
    """Return what the table says of each metric, below :data:`HEADS`."""
    return [(name, *_alike(value, scores.baseline[name])) for name, value in scores.network.items()]


def remarks(scores: Scores) -> list[str]:
    """Return what is said below the table."""
    where = f"Means over {scores.folds} folds of" if scores.folds else "On"
    lines = [f"{where} {counted(scores.rows, 'row')}. Baseline: {scores.baseline_is}.", *scores.notes]
    if not scores.learned:
        lines.append(
            "The network does no better than the baseline: these inputs may say little about the target; "
            "more rows, more epochs or another learning rate may help."
        )
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
        seconds: And so many seconds.
        refit: What is to be said of the network that is kept, where another was judged.

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
    return f"Learned from {counted(report.rows, 'row')} in {report.took}. {report.stopped} {report.refit}".rstrip()


def metrics_of(report: Report) -> dict[str, Any]:
    """Return what a report says as plain data, which JSON can hold: what ``metrics.json`` is made of."""
    return asdict(report)


def report_from(data: Any) -> Report:
    """Return the report that a file holds."""
    report: Report = plain.read(Report, data, "report")
    if report.scores and report.scores.network.keys() != report.scores.baseline.keys():
        raise FileFormatError("report: network and baseline are scored by different metrics.")
    return report


def _is_better(name: str, value: float, than: float) -> bool:
    """Say whether a score is the better one: of a metric of ours, or of that of one of several columns, "mae_price"."""
    parts = name.split("_")
    known = next(filter(None, (metric_named("_".join(parts[:i])) for i in range(len(parts), 0, -1))), None)
    return known is not None and (value > than if known.larger_is_better else value < than)


def _alike(a: float, b: float) -> tuple[str, str]:
    """Write two numbers that are compared with as many decimals as each other: five digits of the larger."""
    smaller, larger = sorted((abs(a), abs(b)))
    if larger >= 1e3 and larger > 1e3 * smaller > 0:  # no decimals suit both
        return _alike(a, a)[0], _alike(b, b)[0]
    if larger >= 1e12:
        return f"{a:.3e}", f"{b:.3e}"
    if 0 < larger < 1e-3:
        return f"{a:.2e}", f"{b:.2e}"
    decimals = max(0, 5 - len(str(int(larger))))
    a, b = round(a, decimals) + 0.0, round(b, decimals) + 0.0  # + 0.0 leaves no -0
    return f"{a:,.{decimals}f}", f"{b:,.{decimals}f}"
