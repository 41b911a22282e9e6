"""A network for a table, and all preparing of its columns, as one thing that is trained, saved and loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule import plain
from chainrule.data.cells import MISSING
from chainrule.data.columns import (
    CategoryColumn,
    Columns,
    describe_columns,
    encode,
    fit_columns,
    unseen_categories,
)
from chainrule.data.labels import decode_predictions, encode_target
from chainrule.data.scoring import baseline, score
from chainrule.data.splitting import FEWEST_ROWS, split
from chainrule.data.target import (
    Target,
    about_gaps,
    alike_classes,
    describe_target,
    drop_rows_without_target,
    fit_target,
)
from chainrule.data.words import counted
from chainrule.data.written import written_of
from chainrule.errors import DataError, FileFormatError, lasted, within_memory
from chainrule.nn.layers import Dense, Dropout, Layer
from chainrule.signals import asking
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam

VALIDATION_FRACTION = 0.15
_IN_FILE = "chainrule.table"  # what a model file calls the preparing, beside whatever its owner keeps there
_OUTPUTS = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}
_BASELINES = {
    "regression": "the mean of training, in every row",
    "multilabel": "what is more frequent in training of each label, in every row",
}


@dataclass(frozen=True)
class Scores:
    """How good predictions are, beside a baseline that says the same in every row.

    ``network`` and ``baseline`` hold the same metrics by name, as :func:`~chainrule.data.scoring.score`
    defines them; ``rows`` is how many rows they were taken from. Printed, it is a table.
    """

    rows: int
    network: dict[str, float]
    baseline: dict[str, float]
    baseline_is: str

    @property
    def learned(self) -> bool:
        """Whether any metric is better than that of the baseline."""
        return any(
            value < self.baseline[name] if name.startswith(("mae", "rmse")) else value > self.baseline[name]
            for name, value in self.network.items()
        )

    def __str__(self) -> str:
        cells = [("metric", "this network", "baseline")]
        cells += [(name, *_alike(value, self.baseline[name])) for name, value in self.network.items()]
        wide = [max(len(row[i]) for row in cells) for i in range(3)]
        lines = [f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}" for a, b, c in cells]
        lines.append(f"On {counted(self.rows, 'row')}. Baseline: {self.baseline_is}.")
        if not self.learned:
            lines.append(
                "The network does no better than the baseline: these inputs may say little about the target; "
                "more rows, more epochs or another learning rate may help."
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """What a training was like.

    ``rows`` were learned from, ``validation_rows`` only said when to stop, ``test_rows`` had no part in
    either; ``scores`` are those of the test rows, None if none were held back. ``notes`` are sentences that
    the owner of the table should know, ``stopped`` says why training ended, after so many ``epochs`` and
    ``seconds``.
    """

    rows: int
    validation_rows: int
    test_rows: int
    scores: Scores | None
    notes: tuple[str, ...]
    stopped: str
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Setting:
    """What suits a table: hidden layers, batch size, and for how many epochs to wait for a better one."""

    hidden: tuple[int, ...]
    batch_size: int
    patience: int


def setting_for(rows: int) -> Setting:
    """Return what suits a table with so many rows to learn from.

    Small tables are learned by heart by large networks; large ones give better gradients in larger batches.

    >>> setting_for(120), setting_for(30_000).hidden
    (Setting(hidden=(32, 16), batch_size=32, patience=20), (64, 32))
    """
    if rows <= 1_000:
        return Setting((32, 16), batch_size=32, patience=20)
    return Setting((64, 32), batch_size=32 if rows <= 5_000 else 128, patience=20 if rows <= 5_000 else 10)


@dataclass(frozen=True, eq=False)
class TableModel:
    """A network and the preparing of the table it was trained on: columns in, labels or numbers out.

    ``history`` has the costs by epoch; a model from a file has none. ``missing`` says which words mean "no value"
    in which columns where that is not the usual: read tables to predict with it, ``cr.read_table(path,
    missing=model.missing)``.

    >>> from chainrule.data.tables import load_table
    >>> table, target = load_table("iris")
    >>> model = TableModel.train(table, target, epochs=30)
    >>> model.report.scores.network["accuracy"] > 0.8
    True
    >>> model.predict(table[:2]).columns.tolist()  # doctest: +NORMALIZE_WHITESPACE
    ['target', 'probability_setosa', 'probability_versicolor', 'probability_virginica']
    """

    network: Network
    columns: Columns
    target: Target
    report: Report
    history: History | None = None
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    @within_memory
    def train(
        cls,
        table: pd.DataFrame,
        target: str | Sequence[str],
        *,
        task: str | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        epochs: int = 300,
        batch_size: int | None = None,
        learning_rate: float = 3e-3,
        test_fraction: float = 0.2,
        seed: int = 0,
        time_budget: float | None = None,
        engine: str = "auto",
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
    ) -> "TableModel":
        """Train a network to predict one or more columns of a table from all others.

        Some rows are held back for a test, with the same shares of the classes, and of the others some to say
        when to stop: training ends when their cost has not fallen for a while, and keeps the best weights.
        The optimizer is Adam. The same seed gives the same model.

        Args:
            table: One row for each example, by column names.
            target: The column to be predicted, or several.
            task: "regression", "classification", "binary", "multiclass" or "multilabel"; decided from the
                target if None, see :func:`~chainrule.data.target.fit_target`.
            hidden: The units of each hidden layer (relu); ``()`` for a linear model. By default 32 and 16 up
                to 1,000 rows, 64 and 32 above.
            dropout: The share of hidden units left out in a step; by default 0.2 for classes, 0 for numbers.
            epochs: The most epochs.
            batch_size: By default 32, and 128 above 5,000 rows.
            learning_rate: Of Adam.
            test_fraction: The share of rows held back for the test; 0 holds back none.
            seed: Decides the split, the first weights and the shuffling.
            time_budget: The most seconds.
            engine: The name of one of ``cr.ENGINES``, or "auto": the one that is done first.
            verbose: 1 shows a progress line, 2 a line for each epoch, both on the error stream.
            tell: Called with a sentence about each decision before training starts: ``print``, for example.

        Raises:
            DataError: If the table cannot be learned from, with column, row and remedy, or if the cost became
                NaN or infinite in the first epoch.
            UnknownNameError: For a column, task or engine that is not there.
        """
        say = tell or (lambda sentence: None)
        network, parts = _begin(table, target, task, hidden, dropout, test_fraction, seed, engine)
        columns, goal, usual = parts.columns, parts.target, setting_for(len(parts.learn))
        for sentence in (
            describe_target(goal),
            describe_columns(columns),
            *parts.notes,
            _plan(network, goal, parts),
        ):
            say(sentence)

        history = network.fit(
            *_arrays(columns, goal, parts.learn),
            optimizer=Adam(learning_rate),
            batch_size=batch_size or usual.batch_size,
            epochs=epochs,
            validation_data=_arrays(columns, goal, parts.validation) if len(parts.validation) else None,
            callbacks=[EarlyStopping(usual.patience)],
            time_budget=time_budget,
            verbose=verbose,
        )
        if history.diverged and not history.epochs:
            raise DataError(
                "The cost became NaN or infinite in the first epoch, so nothing was learned.\n"
                f"Try a smaller learning rate than {learning_rate:g}, such as {learning_rate / 10:g}."
            )
        rows = len(parts.learn), len(parts.validation), len(parts.test)
        with asking() as late:  # what was learned is not lost by a signal that comes now
            scores = _scores(network, columns, goal, parts.test) if len(parts.test) else None
        history.signal = history.signal or late.number
        report = Report(*rows, scores, parts.notes, history.stopped, history.epochs, history.seconds)
        return cls(network, columns, goal, report, history, _missing(table, columns, goal))

    @staticmethod
    @within_memory
    def show(
        table: pd.DataFrame,
        target: str | Sequence[str],
        stage: str = "fusion",
        *,
        task: str | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        learning_rate: float = 3e-3,
    ) -> str:
        """Return what an engine makes of a step of :meth:`train`, as text; nothing is trained.

        Args:
            table: As in :meth:`train`, like all that follow ``stage``.
            target: The column to be predicted, or several.
            stage: "graph", "fusion", "memory", "ir", "asm" or "source", see :meth:`Network.show`.
            task: What kind of target it is.
            hidden: The units of each hidden layer.
            dropout: The share of hidden units left out in a step.
            learning_rate: Of Adam.

        Raises:
            DataError: If the table cannot be learned from.
            UnknownNameError: For a column, task or stage that is not there.
        """
        network, parts = _begin(table, target, task, hidden, dropout)
        X, y = _arrays(parts.columns, parts.target, parts.learn)
        return network.show(X, y, stage, optimizer=Adam(learning_rate))

    @within_memory
    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions for the rows of a table, which needs no target column, under its index.

        A column for each target, named as it is; for classes ``probability_<class>`` follows for each of
        them, for several labels ``probability_<column>`` of yes.

        Raises :class:`~chainrule.errors.DataError` for a missing column, and for text in a column of numbers.
        """
        outputs = self.network.predict(encode(self.columns, table))
        return decode_predictions(self.target, outputs).set_axis(table.index, axis="index")

    @within_memory
    def evaluate(self, table: pd.DataFrame) -> Scores:
        """Return the scores of the predictions for a table with targets; rows without one are passed over."""
        frame, _ = drop_rows_without_target(table, self.target.columns)
        return _scores(self.network, self.columns, self.target, frame)

    def remarks(self, table: pd.DataFrame, *, evaluated: bool = False) -> tuple[str, ...]:
        """Return sentences about what is new in a table: categories that training did not see.

        Of one that is evaluated also which words counted as no target.
        """
        passed_over = about_gaps(table, self.target.columns) if evaluated else ()
        return (*written_of(table).notes, *passed_over, *unseen_categories(self.columns, table))

    def summary(self) -> None:
        """Print what is predicted from what, by which layers, and how well."""
        print(self.summary_text())

    def summary_text(self) -> str:
        """Return what :meth:`summary` prints."""
        report = self.report
        training = f"Learned from {counted(report.rows, 'row')} in {lasted(report.seconds)}. {report.stopped}"
        about = [describe_target(self.target), describe_columns(self.columns), *report.notes, training]
        tested = [] if report.scores is None else [f"Test:\n{report.scores}"]
        return "\n\n".join(["\n".join(about), self.network.summary_text(), *tested])

    def save(self, path: Any) -> None:
        """Write network and preparing to one safetensors file, whole or not at all; ``cr.load`` reads it."""
        parts = {
            "columns": self.columns.to_dict(),
            "target": self.target.to_dict(),
            "report": asdict(self.report),
            **(
                {"missing": {name: list(words) for name, words in self.missing.items()}}
                if self.missing
                else {}
            ),
        }
        self.network.save(path, extra={**self.network.extra, _IN_FILE: parts})


def from_file(network: Network, saved: Any) -> TableModel:
    """Return the model of a file's network and of what is saved beside it."""
    parts = plain.read(dict[str, Any], saved, "table")
    model = TableModel(
        network,
        Columns.from_dict(parts["columns"]),
        Target.from_dict(parts["target"]),
        _report_from(parts["report"]),
        missing=plain.read(dict[str, tuple[str, ...]], parts.get("missing", {}), "missing"),
    )
    # a prediction finds what does not fit together, before the user's table gets the blame
    model.predict(pd.DataFrame({column.name: [None] for column in model.columns.columns}))
    return model


@dataclass(frozen=True)
class _Parts:
    learn: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    columns: Columns
    target: Target
    notes: tuple[str, ...]


def _begin(
    table: pd.DataFrame,
    target: str | Sequence[str],
    task: str | None,
    hidden: Sequence[int] | None,
    dropout: float | None,
    test_fraction: float = 0.2,
    seed: int = 0,
    engine: str = "auto",
) -> tuple[Network, _Parts]:
    """Return the network that suits a table, untrained, and the parts of the table with all there is to note."""
    frame, dropped = drop_rows_without_target(table, target)
    parts = _split(frame, fit_target(frame, target, task), test_fraction, seed)
    usual = 0.0 if parts.target.task == "regression" else 0.2
    layers = _layers(
        parts.target,
        setting_for(len(parts.learn)).hidden if hidden is None else hidden,
        usual if dropout is None else dropout,
    )
    network = Network(layers, input_shape=(parts.columns.width,), seed=seed, engine=engine)
    return network, replace(
        parts,
        notes=(
            *written_of(table).notes,
            *dropped,
            *alike_classes(parts.target),
            *parts.notes,
            *parts.columns.notes,
        ),
    )


def _split(frame: pd.DataFrame, whole: Target, test_fraction: float, seed: int) -> _Parts:
    """Return the rows to learn from, to stop by and to test with, and the columns that the first two tell."""
    by_class = whole.columns[0] if whole.task in {"binary", "multiclass"} else None
    training, test, notes = split(frame, test_fraction=test_fraction, seed=seed, stratify=by_class)
    fraction = VALIDATION_FRACTION if len(training) >= 4 * FEWEST_ROWS else 0.0
    # another seed, or the same rows of each class would be drawn again
    learn, validation, _ = split(training, test_fraction=fraction, seed=seed + 1, stratify=by_class)
    target = fit_target(training, whole.columns, whole.task)
    columns = fit_columns(training.drop(columns=list(target.columns)))
    return _Parts(learn, validation, test, columns, target, notes)


def _layers(target: Target, hidden: Sequence[int], dropout: float) -> list[Layer]:
    after = [Dropout(dropout)] if dropout else []
    inner = [layer for units in hidden for layer in (Dense(units, "relu"), *after)]
    return [*inner, Dense(target.width, _OUTPUTS[target.task])]


def _arrays(columns: Columns, target: Target, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return encode(columns, frame), encode_target(target, frame)


def _scores(network: Network, columns: Columns, target: Target, frame: pd.DataFrame) -> Scores:
    features, truth = _arrays(columns, target, frame)
    usual = _BASELINES.get(target.task, "the most frequent class of training, in every row")
    return Scores(len(frame), score(target, truth, network.predict(features)), baseline(target, truth), usual)


def _missing(table: pd.DataFrame, columns: Columns, target: Target) -> dict[str, Sequence[str]]:
    """Return what the reader of the table was told, and where a usual word for nothing is a category or class."""
    known: dict[str, Sequence[Any]] = {
        each.name: each.categories for each in columns.columns if isinstance(each, CategoryColumn)
    }
    known |= dict.fromkeys(target.columns, target.classes)
    usual = {
        name: tuple(word for word in MISSING if word not in names)
        for name, names in known.items()
        if any(word in names for word in MISSING)
    }
    told = dict(written_of(table).missing)
    return told if "" in told else usual | told


def _plan(network: Network, target: Target, parts: _Parts) -> str:
    found = network.architecture
    wide = [str(found.outputs[label].shape[-1]) for label, call in found.calls.items() if call.layer.counts]
    units = wide[:-1]
    layers = "a hidden layer" if len(units) == 1 else "hidden layers"
    hidden = f"{layers} of {' and '.join(units)} units" if units else "no hidden layer"
    outputs = counted(target.width, "output")
    counts = {
        "to learn from": parts.learn,
        "to know when to stop": parts.validation,
        "for the test": parts.test,
    }
    rows = ", ".join(f"{len(frame):,} {what}" for what, frame in counts.items() if len(frame))
    return (
        f"Network: {counted(parts.columns.width, 'input')}, {hidden}, {outputs} ({_OUTPUTS[target.task]}). "
        f"Rows: {rows}."
    )


def _report_from(data: Any) -> Report:
    report: Report = plain.read(Report, data, "report")
    if report.scores and report.scores.network.keys() != report.scores.baseline.keys():
        raise FileFormatError("report: network and baseline are scored by different metrics.")
    return report


def _alike(a: float, b: float) -> tuple[str, str]:
    """Write two numbers that are compared with as many decimals as each other: five digits of the larger."""
    larger = max(abs(a), abs(b))
    if 0 < larger < 1e-3:
        return f"{a:.2e}", f"{b:.2e}"
    decimals = max(0, 5 - len(str(int(larger))))
    a, b = round(a, decimals) + 0.0, round(b, decimals) + 0.0  # + 0.0 leaves no -0
    return f"{a:,.{decimals}f}", f"{b:,.{decimals}f}"
