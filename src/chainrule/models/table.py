"""A network for a table, and all preparing of its columns, as one thing that is trained, saved and loaded."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any

import pandas as pd

from chainrule import plain
from chainrule.arguments import public
from chainrule.data.columns import Columns, describe_columns, encode, unseen_categories
from chainrule.data.labels import decode_predictions, encode_target
from chainrule.data.target import Target, about_gaps, describe_target, drop_rows_without_target, fit_target
from chainrule.data.written import written_of
from chainrule.doors import Door
from chainrule.errors import DataError, UnknownNameError, short
from chainrule.friendly import Friendly
from chainrule.literals import EngineName, StageName, TaskName
from chainrule.models.blowing_up import blown_up
from chainrule.models.prepared import Prepared, prepare, words_for_nothing
from chainrule.models.scores import Report, Scores, in_short, report_from
from chainrule.models.scoring import baseline, chosen, score, told_of
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.dropout import Dropout
from chainrule.shown import counted, in_a_row
from chainrule.signals import asking
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam

if TYPE_CHECKING:
    from chainrule.train.kinds import MetricsLike

_IN_FILE = "chainrule.table"  # what a model file calls the preparing, beside whatever its owner keeps there
USUAL_RATE = 3e-3
_OUTPUTS = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}
_BASELINES = {
    "regression": "the mean of training, in every row",
    "multilabel": "what is more frequent in training of each label, in every row",
}


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


@dataclass(frozen=True, eq=False, repr=False)
class TableModel(Friendly):
    """A network and the preparing of the table it was trained on: columns in, labels or numbers out.

    :meth:`train` makes one, ``cr.load`` reads one.

    Attributes:
        network: The :class:`Network`.
        columns: How each column becomes numbers.
        target: What is predicted, and how numbers become classes again.
        report: What training was like: ``rows``, ``scores`` on the test rows, ``notes``, why it ``stopped``.
        history: The costs by epoch; a model from a file has none.
        missing: Which words mean "no value" in which columns, where that is not the usual: read tables to predict with
            it, ``cr.read_table(path, missing=model.missing)``.

    >>> table, target = cr.load_table("iris")
    >>> model = cr.TableModel.train(table, target, epochs=30)
    >>> model.report.scores.network["accuracy"] > 0.8
    True
    >>> model.predict(table[:2]).columns.tolist()
    ['target', 'probability_setosa', 'probability_versicolor', 'probability_virginica']
    """

    network: Network
    columns: Columns
    target: Target
    report: Report
    history: History | None = None
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    @public
    def train(
        cls,
        table: pd.DataFrame,
        target: str | Sequence[str],
        *,
        task: TaskName | str | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        epochs: int = 300,
        batch_size: int | None = None,
        learning_rate: float = USUAL_RATE,
        clip_norm: float | None = None,
        test_fraction: float = 0.2,
        seed: int = 0,
        time_budget: float | None = None,
        engine: EngineName | str = "auto",
        metrics: "MetricsLike" = (),
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
    ) -> "TableModel":
        """Train a network to predict one or more columns of a table from all others.

        Some rows are held back for a test, with the same shares of the classes, and of the others some to say
        when to stop: training ends when their cost has not fallen for a while, and keeps the best weights.
        The optimizer is Adam. The same seed gives the same model.

        Args:
            table: One row for each example, by column names: a DataFrame, see :func:`read_table`.
            target: The column to be predicted, or several.
            task: "regression", "classification", "binary", "multiclass" or "multilabel"; decided from the
                target if None.
            hidden: The units of each hidden layer (relu); ``()`` for a linear model. By default 32 and 16 up
                to 1,000 rows, 64 and 32 above: small tables are learned by heart by large networks.
            dropout: The share of hidden units left out in a step, from 0 to below 1; by default 0.2 for classes, 0 for
                numbers.
            epochs: The most epochs; few tables need them all.
            batch_size: By default 32, and 128 above 5,000 rows.
            learning_rate: Of Adam.
            clip_norm: The longest gradient of a step; longer ones are shortened to it. None sets no limit.
            test_fraction: The share of rows held back for the test, from 0 to below 1; 0 holds back none.
            seed: Decides the split, the first weights and the shuffling.
            time_budget: The most seconds.
            engine: The name of one of ``cr.ENGINES``, or "auto": the one that is done first.
            metrics: What ``report.scores`` holds, named as in :meth:`Network.fit`; by default what is usual for the
                task: for two classes accuracy, auc, balanced accuracy, precision, recall, f1 and log loss.
            verbose: 1 shows a progress line, 2 a line for each epoch: on the error stream, or below the cell.
            tell: Called with a sentence about each decision before training starts: ``print``, for example.

        Returns:
            A model that predicts from tables with the same columns; ``report`` has its scores.

        Raises:
            DataError: If the table cannot be learned from, with column, row and remedy, or if the cost became
                NaN or infinite in the first epoch.
            UnknownNameError: For a column, task, engine or metric that is not there.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30, tell=print)
        Target 'target': 3 classes (setosa, versicolor, virginica), multi-class classification.
        Inputs: 4 columns of numbers...
        Network: 4 inputs, hidden layers of 32 and 16 units, 3 outputs (softmax). Rows: 102 to learn from...
        >>> model.report.rows, model.report.validation_rows, model.report.test_rows
        (102, 18, 30)
        """
        say = tell or (lambda sentence: None)
        data = prepare(table, target, task, test_fraction, seed)
        chosen(data.target, metrics)  # which refuses what makes no sense, before anything is done
        network, usual = _network(data, hidden, dropout, seed, engine), setting_for(len(data.learn))
        about = describe_target(data.target), describe_columns(data.columns)
        for sentence in (*about, *data.notes, _plan(network, data)):
            say(sentence)

        history = network.fit(
            *data.arrays(data.learn),
            optimizer=Adam(learning_rate, clip_norm=clip_norm),
            batch_size=batch_size or usual.batch_size,
            epochs=epochs,
            validation_data=data.arrays(data.validation) if len(data.validation) else None,
            callbacks=[EarlyStopping(usual.patience)],
            time_budget=time_budget,
            verbose=verbose,
        )
        if history.diverged and not history.epochs:
            raise DataError(
                "The cost became NaN or infinite in the first epoch, so nothing was learned.\n"
                f"Its steps were too long: try learning_rate={min(learning_rate / 10, USUAL_RATE):g}."
            )
        if why := blown_up(history, data.target):
            say(f"{why} Try learning_rate={min(learning_rate / 10, USUAL_RATE):g}.")
        with asking() as late:  # what was learned is not lost by a signal that comes now
            scores = (
                _scores(network, data.columns, data.target, data.test, metrics) if len(data.test) else None
            )
        history.signal = history.signal or late.number
        rows = len(data.learn), len(data.validation), len(data.test)
        report = Report(*rows, scores, data.notes, history.stopped, history.epochs, history.seconds)
        missing = words_for_nothing(table, data.columns, data.target)
        return cls(network, data.columns, data.target, report, history, missing)

    @property
    def diverged(self) -> bool:
        """Whether training led away from what it looked for: its steps were too long. Never so of one from a file.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=30).diverged
        False
        """
        return self.history is not None and (
            self.history.diverged or bool(blown_up(self.history, self.target))
        )

    @staticmethod
    @public
    def read_target(
        table: pd.DataFrame, target: str | Sequence[str], task: TaskName | str | None = None
    ) -> tuple[tuple[str, ...], str]:
        """Return the target's columns and the task that :meth:`train` would make of them.

        Args:
            table: One row for each example, by column names.
            target: The column to be predicted, or several.
            task: As in :meth:`train`.

        Returns:
            The names of the columns, and "regression", "binary", "multiclass" or "multilabel".

        Raises:
            DataError: If nothing can be learned from the target, or the task does not fit it.
            UnknownNameError: For a column or task that is not there.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.read_target(table, target)
        (('target',), 'multiclass')
        """
        found = fit_target(table, target, task)
        return found.columns, found.task

    @staticmethod
    @public
    def show(
        table: pd.DataFrame,
        target: str | Sequence[str],
        stage: StageName | str = "fusion",
        *,
        task: TaskName | str | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        learning_rate: float = USUAL_RATE,
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

        Returns:
            The text, of many lines: print it.

        Raises:
            DataError: If the table cannot be learned from.
            UnknownNameError: For a column, task or stage that is not there.

        >>> table, target = cr.load_table("iris")
        >>> "softmax" in cr.TableModel.show(table, target, "graph")
        True
        """
        data = prepare(table, target, task)
        network = _network(data, hidden, dropout)
        return network.show(*data.arrays(data.learn), stage, optimizer=Adam(learning_rate))

    @public
    def predict(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the predictions for the rows of a table, which needs no target column, under its index.

        Args:
            table: One row for each example, with the columns that training saw, in any order; others are passed over.

        Returns:
            A column for each target, named as it is; for classes ``probability_<class>`` follows for each of
            them, for several labels ``probability_<column>`` of yes.

        Raises:
            DataError: For a missing column, and for text in a column of numbers.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30)
        >>> model.predict(table[:3])["target"].tolist()
        ['setosa', 'setosa', 'setosa']
        """
        outputs = self.network.predict(encode(self.columns, table))
        return decode_predictions(self.target, outputs).set_axis(table.index, axis="index")

    @public
    def evaluate(self, table: pd.DataFrame, *, metrics: "MetricsLike" = ()) -> Scores:
        """Return the scores of the predictions for a table with targets; rows without one are passed over.

        Args:
            table: One row for each example, with the columns that training saw, the target among them.
            metrics: As in :meth:`train`.

        Returns:
            ``network`` and ``baseline`` with the metrics by name, and ``rows``, how many were scored; printed, a table.

        Raises:
            DataError: For a missing column, for text in a column of numbers, and for classes that training did not see.
            UnknownNameError: If the target is missing, or no metric bears a name.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30)
        >>> scores = model.evaluate(table)
        >>> scores.network["accuracy"] > 0.8, scores.rows
        (True, 150)
        """
        try:
            frame, _ = drop_rows_without_target(table, self.target.columns)
        except UnknownNameError as error:
            wanted = "evaluate compares predictions with what is there; predict needs no such column."
            raise UnknownNameError(f"{error}\n{wanted}") from None
        return _scores(self.network, self.columns, self.target, frame, metrics)

    @public
    def remarks(self, table: pd.DataFrame, *, evaluated: bool = False) -> tuple[str, ...]:
        """Return sentences about what is new in a table: categories that training did not see.

        Args:
            table: A table to predict for.
            evaluated: Whether it is evaluated: then which words counted as no target is told too.

        Returns:
            Sentences; none where there is nothing to say.

        >>> import pandas as pd
        >>> table = pd.DataFrame({"town": ["Basel", "Bern"] * 20, "price": [3, 5] * 20})
        >>> model = cr.TableModel.train(table, "price", task="regression", epochs=5)
        >>> model.remarks(pd.DataFrame({"town": ["Bern", "Bonn"]}))
        ("Column 'town' has values in 1 row (first: row 2) that training did not see: Bonn. They count as none.",)
        """
        passed_over = about_gaps(table, self.target.columns) if evaluated else ()
        return (*written_of(table).notes, *passed_over, *unseen_categories(self.columns, table))

    _repr_html_ = Door()

    def __repr__(self) -> str:
        columns = counted(len(self.columns.columns), "column")
        what = f"{in_a_row([repr(name) for name in self.target.columns], 40)} ({self.target.task}) from {columns}"
        if self.report.scores is None:
            return f"<TableModel of {what}>"
        scores = in_a_row([f"{name} {value:.4g}" for name, value in self.report.scores.network.items()])
        return f"<TableModel of {what}; {scores} on {counted(self.report.scores.rows, 'test row')}>"

    @public
    def summary(self) -> None:
        """Print what is predicted from what, by which layers, and how well.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=30).summary()
        Target 'target': 3 classes (setosa, versicolor, virginica), ...
        """
        print(self.summary_text())

    @public
    def summary_text(self) -> str:
        """Return what :meth:`summary` prints.

        >>> table, target = cr.load_table("iris")
        >>> "virginica" in cr.TableModel.train(table, target, epochs=30).summary_text()
        True
        """
        report = self.report
        about = [
            describe_target(self.target),
            describe_columns(self.columns),
            *report.notes,
            in_short(report),
        ]
        tested = [] if report.scores is None else [f"Test:\n{report.scores}"]
        return "\n\n".join(["\n".join(about), self.network.summary_text(), *tested])

    @public
    def save(self, path: str | PathLike[str]) -> None:
        """Write network and preparing to one safetensors file, whole or not at all; :func:`load` reads it.

        Args:
            path: The file; one that is there is replaced.

        Raises:
            DataError: If the file cannot be written.
            MissingFileError: If there is no such folder.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30)
        >>> model.save("iris.safetensors")
        >>> cr.load("iris.safetensors").predict(table).equals(model.predict(table))
        True
        """
        parts: dict[str, Any] = {
            "columns": self.columns.to_dict(),
            "target": self.target.to_dict(),
            "report": asdict(self.report),
        }
        if self.missing:
            parts["missing"] = {name: list(words) for name, words in self.missing.items()}
        self.network.save(path, extra={**self.network.extra, _IN_FILE: parts})


def from_file(network: Network, saved: Any) -> TableModel:
    """Return the model of a file's network and of what is saved beside it."""
    parts = plain.read(dict[str, Any], saved, "table")
    model = TableModel(
        network,
        Columns.from_dict(parts["columns"]),
        Target.from_dict(parts["target"]),
        report_from(parts["report"]),
        missing=plain.read(dict[str, tuple[str, ...]], parts.get("missing", {}), "missing"),
    )
    # a prediction finds what does not fit together, before the user's table gets the blame
    model.predict(pd.DataFrame({column.name: [None] for column in model.columns.columns}))
    return model


def _network(
    data: Prepared,
    hidden: Sequence[int] | None,
    dropout: float | None,
    seed: int = 0,
    engine: EngineName | str = "auto",
) -> Network:
    """Return the network that suits a table, untrained."""
    units = setting_for(len(data.learn)).hidden if hidden is None else hidden
    if isinstance(units, str) or not isinstance(units, Iterable):
        raise DataError(
            f"hidden has the units of each hidden layer, such as (32, 16) or (32,); found {short(units)}."
        )
    usual = 0.0 if data.target.task == "regression" else 0.2
    share = usual if dropout is None else dropout
    layers: list[Layer] = []
    for width in units:
        layers += [Dense(width, "relu"), *([Dropout(share)] if share else [])]
    layers = [*layers, Dense(data.target.width, _OUTPUTS[data.target.task])]
    return Network(layers, input_shape=(data.columns.width,), seed=seed, engine=engine)


def _scores(
    network: Network, columns: Columns, target: Target, frame: pd.DataFrame, metrics: "MetricsLike"
) -> Scores:
    features, truth = encode(columns, frame), encode_target(target, frame)
    usual = _BASELINES.get(target.task, "the most frequent class of training, in every row")
    outputs = network.predict(features)
    return Scores(
        len(frame),
        score(target, truth, outputs, metrics),
        baseline(target, truth, metrics),
        usual,
        told_of(target, truth, outputs, metrics),
    )


def _plan(network: Network, data: Prepared) -> str:
    found = network.architecture
    wide = [str(found.outputs[label].shape[-1]) for label, call in found.calls.items() if call.layer.counts]
    units = wide[:-1]
    layers = "a hidden layer" if len(units) == 1 else "hidden layers"
    hidden = f"{layers} of {' and '.join(units)} unit{'s' * (units != ['1'])}" if units else "no hidden layer"
    outputs = counted(data.target.width, "output")
    counts = {"to learn from": data.learn, "to know when to stop": data.validation, "for the test": data.test}
    rows = ", ".join(f"{len(frame):,} {what}" for what, frame in counts.items() if len(frame))
    return (
        f"Network: {counted(data.columns.width, 'input')}, {hidden}, {outputs} ({_OUTPUTS[data.target.task]}). "
        f"Rows: {rows}."
    )
