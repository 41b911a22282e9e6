"""A network for a table, and all preparing of its columns, as one thing that is trained, saved and loaded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from chainrule import plain
from chainrule.arguments import public
from chainrule.data.columns import Columns, describe_columns, encode
from chainrule.data.labels import decode_predictions, encode_target
from chainrule.data.tables import Missing
from chainrule.data.target import (
    Target,
    describe_target,
    drop_rows_without_target,
    fit_target,
)
from chainrule.data.written import Mark, written_of
from chainrule.doors import Door, late
from chainrule.errors import DataError, UnknownNameError, deprecated
from chainrule.friendly import Friendly
from chainrule.literals import EngineName, PictureKind, StageName, TaskName
from chainrule.models import base, configuration, runs
from chainrule.models.asked import read_like, told_of, warn_of_cells
from chainrule.models.conformal import Distances, distances_from, with_intervals
from chainrule.models.fingerprint import about_other, fingerprint_of
from chainrule.models.given import Place, data_of, place_of, rows_of, source_of, table_of
from chainrule.models.judgements import Judged, judged_rows, report_of, write_run
from chainrule.models.judging import fastest, judged, settle
from chainrule.models.learned import FLATTERED, Learned, about_known, alike_by_chance, learned_from
from chainrule.models.options import Options, by_name, choices
from chainrule.models.places import CHECKPOINT
from chainrule.models.plan import Plan, about_leaving
from chainrule.models.prepared import Prepared, Sorted, guess_of, prepare, words_for_nothing
from chainrule.models.scores import Report, Scores, in_short, report_from
from chainrule.models.scoring import judge
from chainrule.models.weighing import decided_at
from chainrule.shown import Lines, counted, in_a_row
from chainrule.signals import asking
from chainrule.terminal import say
from chainrule.train.fit.resuming import Checkpoints
from chainrule.train.history import History
from chainrule.train.network import Network

if TYPE_CHECKING:
    from chainrule.explaining.doctor.verdict import Verdicts
    from chainrule.explaining.pictures.picture import Picture
    from chainrule.explaining.weights import WeightExplanation
    from chainrule.models.comparing import Comparison
    from chainrule.models.comparing_tables import compare_in, once, usual_of
    from chainrule.models.examining import examine
    from chainrule.models.pictured import pictured
    from chainrule.models.telling import TableExplanation
    from chainrule.models.views.slices import Slices
    from chainrule.train.kinds import MetricsLike, OptimizerLike
else:  # for which nobody waits who compares nothing
    compare_in = late("chainrule.models.comparing_tables:compare_in")
    once = late("chainrule.models.comparing_tables:once")
    usual_of = late("chainrule.models.comparing_tables:usual_of")
    pictured = late("chainrule.models.pictured:pictured")
    examine = late("chainrule.models.examining:examine")

Table = pd.DataFrame | str | PathLike[str] | Sequence[str | PathLike[str]]
_fit_several = late("chainrule.models.members:fit")  # for which nobody waits who makes one network by hand
_IN_FILE = "chainrule.table"  # what a model file calls the preparing, beside whatever its owner keeps there


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
        decimal: The mark of the fractions in the file it was trained on, "." or ",", by which cells such as 2,104 are
            read in files to predict for; "" where that is not known.
        run: The folder of its run, where it was trained with one.
        learned: By what it tells rows that it learned from.
        measured: How far predictions of numbers were off in rows that were not learned from: intervals are made of it.
        comparison: How it compared with other networks, where it won a comparison.
        judged: What was true and what was said of the rows that judged it: :meth:`plot` draws them. A model from a file
            has none.
        chosen: The choices by which it was trained; a model from a file has none.

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
    run: Path | None = None
    learned: Learned | None = None
    measured: Distances | None = None
    comparison: "Comparison | None" = None
    decimal: Mark = ""
    judged: Judged | None = None
    chosen: Options | None = None

    @classmethod
    @public
    def train(
        cls,
        data: Table | None = None,
        target: str | Sequence[str] | None = None,
        *,
        task: TaskName | str | None = None,
        test_data: Table | None = None,
        test_fraction: float | None = None,
        folds: int | None = None,
        group: str | Literal[False] | None = None,
        time_order: str | Literal[False] | None = None,
        drop: str | Sequence[str] = (),
        numbers: str | Sequence[str] = (),
        categories: str | Sequence[str] = (),
        dates: str | Sequence[str] = (),
        keep: str | Sequence[str] = (),
        ignore: str | Sequence[str] = (),
        missing: Missing | str | None = None,
        table: str | None = None,
        header: bool | None = None,
        any_size: bool = False,
        members: int | None = None,
        recipe: bool | None = None,
        bins: int | None = None,
        hidden: Sequence[int] | None = None,
        dropout: float | None = None,
        activation: str | None = None,
        batch_norm: bool = False,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        clip_norm: float | None = None,
        class_weight: Literal["balanced"] | Mapping[str | int | float, float] | None = None,
        metric: "MetricsLike" = (),
        threshold: Literal["best"] | float | None = None,
        seed: int = 0,
        time_budget: float | str | None = None,
        engine: EngineName | str = "auto",
        refit: bool = True,
        report: bool = True,
        doctor: bool = True,
        run: str | PathLike[str] | bool | None = None,
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
    ) -> "TableModel":
        """Train a network to predict one or more columns of a table from all others.

        Some rows are held back for a test, with the same shares of the classes. Eight networks learn from the others,
        each from all but an eighth of them, and what each says of its eighth tells how long to learn, and how much a
        linear model is to say beside them. The scores are those of all of them together on the rows of the test. Then
        as many begin anew and learn from all rows, as many epochs as were best.

        A network that is made by hand, by ``epochs``, ``hidden`` or others, is one: some rows say when to stop, and
        training ends when their cost has not fallen for a while, and keeps the best weights. The optimizer is Adam.
        The same seed gives the same model.

        Args:
            data: One row for each example, by column names: a DataFrame, the path of a file as in :func:`read_table`,
                or several, or the name of a sample.
            target: The column to be predicted, or several; where None, that of a sample.
            task: "regression", "classification", "binary", "multiclass" or "multilabel"; decided from the
                target if None.
            test_data: Rows that judge the network, as a table of their own; none of ``data`` is held back then.
            test_fraction: The share of rows held back for the test, from 0 to below 1; by default 0.2, and 0 with
                ``test_data`` or ``folds``, since others judge then.
            folds: Judge by cross-validation, with so many networks: each row once, by one that never saw it.
            group: A column; rows with the same value in it stay together: no customer is learned from and judges too.
                Where None, found by its name if it is plain: ``patient_id``, say, with rows that are alike; False looks
                for none.
            time_order: A column of dates or numbers: what judges is always later than what is learned from. Where None,
                found if the rows are a series, such as a row for each day; False looks for none.
            drop: Columns to leave out.
            numbers: Columns to read as numbers.
            categories: Columns to read as categories.
            dates: Columns to read as dates.
            keep: Columns to learn from that would be left out.
            ignore: Other targets, which are not known when predicting.
            missing: The words that say that a cell has no value, as in :func:`read_table`.
            table: Which table of a database.
            header: Whether the first row of a file names its columns, as in :func:`read_table`.
            any_size: Likewise.
            members: How many networks decide together. By default 8, or 1 of a network by hand; 1 trains one network,
                in a tenth of the time.
            recipe: Whether the recipe (docs/recipe.md) decides what is not chosen. By default it does where none of
                ``hidden``, ``dropout``, ``activation``, ``batch_norm``, ``epochs``, ``batch_size``, ``learning_rate``
                and ``clip_norm`` is given: with one of them a network is made by hand, and is just that.
            bins: How many bins each column of numbers has beside it; 0 for none. By default up to 48 by the recipe.
            hidden: The units of each hidden layer (relu); ``()`` for a linear model. By hand 32 and 16 up
                to 1,000 rows, 64 and 32 above: small tables are learned by heart by large networks.
            dropout: The share of hidden units left out in a step, from 0 to below 1; by hand 0.2 for classes, 0 for
                numbers.
            activation: That of the hidden layers: relu, gelu, silu, elu, leaky_relu, tanh or sigmoid.
            batch_norm: Whether the sums of each hidden layer are normalized over the batch.
            epochs: The most epochs; by hand 300, and few tables need them all.
            batch_size: By hand 32, and 128 above 5,000 rows.
            learning_rate: Of Adam, by hand 0.003.
            clip_norm: The longest gradient of a step; longer ones are shortened to it. None sets no limit.
            class_weight: A weight for each class, by label, or "balanced".
            metric: What ``report.scores`` holds, named as in :meth:`Network.fit`; by default what is usual for the
                task: for two classes accuracy, auc, balanced accuracy, precision, recall, f1 and log loss.
            threshold: From which probability on a class is said: a number between 0 and 1, or "best".
            seed: Decides the split, the first weights and the shuffling.
            time_budget: The most seconds, or a text such as "5m".
            engine: The name of one of ``cr.ENGINES``, or "auto": the one that is done first.
            refit: Whether the network that is kept learns from all rows; False keeps the one that was judged.
            report: Whether a run has what its report shows: the rows that are most wrong, where it is worse than
                elsewhere, what matters. It takes as long as the training at the most, or 2 s.
            doctor: Whether the report says what is wrong with the training, as :meth:`examine` does, in that time.
            run: A new folder for all that there is of this training: ``model.safetensors``, ``config.toml``,
                ``history.csv``, ``metrics.json`` and ``predictions.csv``; True for a free place in ``runs``.
            verbose: 1 shows a progress line, 2 a line for each epoch: on the error stream, or below the cell.
            tell: Called with a sentence about each decision: ``print``, for example.

        Returns:
            A model that predicts from tables with the same columns; ``report`` has its scores.

        Raises:
            DataError: If the table cannot be learned from, with column, row and remedy, if a choice makes no sense, or
                if the cost became NaN or infinite in the first epoch.
            UnknownNameError: For a column, task, engine or metric that is not there.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30, tell=print)
        Target 'target': 3 classes (setosa, versicolor, virginica), multi-class classification.
        column        kind    becomes
        sepal_length  number  1 feature
        ...
        Network: 4 inputs, hidden layers of 32 and 16 units, 3 outputs (softmax). Rows: 102 to learn from...
        Learned anew from all 150 rows, as many epochs as were best...
        >>> model.report.rows, model.report.validation_rows, model.report.test_rows
        (102, 18, 30)
        """
        here = locals()
        given: dict[str, Any] = {name: here[name] for name in choices()}
        if data is None and isinstance(table, pd.DataFrame):
            deprecated("The argument table of TableModel.train", "data")
            data, given["table"] = table, None
        return _train(data, Options(**given), tell or (lambda sentence: None), verbose, run)

    @classmethod
    @public
    def repeat(
        cls,
        config: str | PathLike[str],
        data: Table | None = None,
        *,
        run: str | PathLike[str] | bool | None = None,
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
        **changes: Any,
    ) -> "TableModel":
        """Train once more as a configuration says: with the same data the same model, to the last bit.

        Args:
            config: A ``config.toml``, or the folder of a run, which has one.
            data: The table; by default the file or sample that the configuration names.
            run: As in :meth:`train`.
            verbose: Likewise.
            tell: Likewise.
            changes: Choices that are to be others, as in :meth:`train`.

        Returns:
            The model.

        Raises:
            DataError: As in :meth:`train`, where the configuration names no data, and where it is of a comparison that
                ended before any network won.
            MissingFileError: If there is no such configuration.
            FileFormatError: If it is none.
            UnknownNameError: For a choice that there is not.

        >>> model = cr.TableModel.train("iris", epochs=5, run="first")
        >>> again = cr.TableModel.repeat("first")
        >>> (again.network.parameters["W1"] == model.network.parameters["W1"]).all()
        np.True_
        """
        found = configuration.read(config)
        changes = by_name("repeat", changes)
        given = data_of(found, config, data)
        say = tell or (lambda sentence: None)
        if found.compares:
            say(configuration.about_unended(found, config))
        return _train(given, Options(**found.choices | changes), say, verbose, run, found.fingerprint)

    @classmethod
    @public
    def resume(
        cls,
        run: str | PathLike[str],
        data: Table | None = None,
        *,
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
    ) -> "TableModel":
        """Go on with a training that was broken off, by a crash or by Ctrl-C: it ends as if it never was, bit for bit.

        So does a comparison: its table is ``comparison``.

        Args:
            run: The folder of its run.
            data: The table; by default the file or sample that it began with.
            verbose: As in :meth:`train`.
            tell: Likewise.

        Returns:
            The model.

        Raises:
            DataError: If the run has ended, or the table is another.
            MissingFileError: If there is no such run.
            FileFormatError: If what it keeps is damaged.

        >>> model = cr.TableModel.train("iris", epochs=5, run="ended")
        >>> cr.TableModel.resume("ended")
        Traceback (most recent call last):
            ...
        chainrule.errors.DataError: The run ended has ended: there is nothing to go on with...
        """
        folder, say = Path(run), tell or (lambda sentence: None)
        runs.check_resumable(folder)
        found = configuration.read(folder)
        given = data_of(found, folder, data)
        begun = found.asked if found.compares and found.asked else found.choices | found.asked
        table, options = table_of(given, Options(**begun), say)
        if other := about_other(table, found.fingerprint):
            raise DataError(
                f"The run {folder} began with another table: {other}. Give that one, or train anew."
            )
        if found.compares:
            place = folder, configuration.of(options, found.data, fingerprint_of(table), compares=True)
            return compare_in(place, table, options, once(say), verbose, _in_folder)
        whole, options = rows_of(table, options)
        place = folder, configuration.of(options, found.data, fingerprint_of(table))
        return _in_folder(place, table, whole, options, say, verbose)

    @classmethod
    @public
    def compare(
        cls,
        data: Table,
        target: str | Sequence[str] | None = None,
        *,
        run: str | PathLike[str] | bool | None = None,
        verbose: int = 0,
        tell: Callable[[str], Any] | None = None,
        **choices: Any,
    ) -> "Comparison":
        """Try about ten networks on the same rows, from a linear one to wide and deep, and train the one that wins.

        The networks of the recipe, which decide together, are one more, where no network is made by hand. They are
        ranked by the first ``metric``, by default the log loss of classes and the r2 of numbers, in five folds (or
        ``folds``) of the rows that are not held back for the test; of more than 2,000 rows, or in a ``time_budget``, on
        those that say when to stop. The smallest wins that is no worse than the best by more than one standard error of
        their difference (Breiman et al. 1984). It is trained as by :meth:`train`, which judges it by rows that had no
        part in any of this.

        Args:
            data: As in :meth:`train`.
            target: The column to be predicted, or several; where None, that of a sample.
            run: As in :meth:`train`, for the winner; ``compare.csv`` in it has a row for each network.
            verbose: 1 shows a progress line of the winner, 2 a line for each epoch of all.
            tell: Called with a sentence about each decision: ``print``, for example.
            choices: As in :meth:`train`; those of the network are those of the usual one, from which others differ, and
                ``members`` is that of the recipe. ``time_budget`` is for all of them together.

        Returns:
            What each was like, the best first; printed, a table. ``model`` is the model of the winner.

        Raises:
            DataError: As in :meth:`train`, or if there are too few rows to rank by.
            UnknownNameError: For a column, task, engine or metric that is not there.

        >>> table, target = cr.load_table("iris")
        >>> comparison = cr.TableModel.compare(table, target, epochs=5)
        >>> comparison.winner in [tried.name for tried in comparison.tried]
        True
        >>> comparison.model.report.test_rows
        30
        """
        options = Options(**by_name("compare", {"target": target, **choices}))
        runs.check_place(run)  # before all the work
        say = once(tell or (lambda sentence: None))
        table, options = table_of(data, options, say)
        options = usual_of(table, options)
        with place_of(run, data, table, options, compares=True) as place:
            model = compare_in(place, table, options, say, verbose, _in_folder)
        return replace(model.comparison, model=model)

    @property
    def diverged(self) -> bool:
        """Whether training led away from what it looked for: its steps were too long. Never so of one from a file.

        >>> table, target = cr.load_table("iris")
        >>> cr.TableModel.train(table, target, epochs=30).diverged
        False
        """
        return self.history is not None and (
            self.history.diverged or bool(base.blown_up(self.history, guess_of(self.target)))
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
    def plan(
        data: Table | None = None,
        target: str | Sequence[str] | None = None,
        *,
        config: str | PathLike[str] | None = None,
        tell: Callable[[str], Any] | None = None,
        **choices: Any,
    ) -> Plan:
        """Return what :meth:`train` would do with a table; nothing is trained.

        Args:
            data: As in :meth:`train`.
            target: The column to be predicted, or several.
            config: A configuration, as in :meth:`repeat`.
            tell: Called with what there is to say of reading the table: ``print``, for example.
            choices: Any of the choices of :meth:`train`, by name.

        Returns:
            What each column is and becomes, and why; the task, the network and the rows. Printed, a table.

        Raises:
            DataError: If the table cannot be learned from.
            UnknownNameError: For a column, task, engine or metric that is not there.

        >>> table, target = cr.load_table("iris")
        >>> print(cr.TableModel.plan(table, target, drop="sepal_width"))
        Target 'target': 3 classes (setosa, versicolor, virginica), multi-class classification.
        column        kind     becomes
        sepal_length  number   1 feature
        sepal_width   dropped  left out: as you said
        ...
        """
        given = by_name("plan", choices) | ({} if target is None else {"target": target})
        if config is not None:
            found = configuration.read(config)
            data, given = data_of(found, config, data), found.choices | given
        ready = _ready(data, Options(**given), tell or (lambda sentence: None))
        return Plan(ready.data.target, ready.data.columns, ready.about)

    @staticmethod
    @public
    def examine(
        data: Table | None = None,
        target: str | Sequence[str] | None = None,
        *,
        config: str | PathLike[str] | None = None,
        tell: Callable[[str], Any] | None = None,
        **choices: Any,
    ) -> "Verdicts":
        """Say what is wrong with a training on a table, as :meth:`train` would do it, and what would mend it.

        One of its networks is trained, and where something is suspected, trained again with the change that would mend
        it (:func:`diagnose`). What is found is told in the words of the table, with the choice to make.

        Args:
            data: As in :meth:`train`.
            target: The column to be predicted, or several.
            config: A configuration, or the folder of a run, as in :meth:`repeat`.
            tell: Called with what there is to say of reading the table: ``print``, for example.
            choices: Any of the choices of :meth:`train`, by name.

        Returns:
            Verdicts, the worst first: none, or notes alone, where nothing is wrong. Printed, sentences.

        Raises:
            DataError: If the table cannot be learned from.
            UnknownNameError: For a column, task, engine or metric that is not there.
            MissingFileError: If there is no such configuration.
            FileFormatError: If it is none.

        >>> cr.TableModel.examine("iris", hidden=(8,), epochs=60, learning_rate=1e-6)[0].cause
        'learning_rate_too_low'
        """
        given = by_name("examine", choices) | ({} if target is None else {"target": target})
        return examine(data, config, given, tell)

    @staticmethod
    @public
    def configuration(
        data: Table | None = None, target: str | Sequence[str] | None = None, **choices: Any
    ) -> Lines:
        """Return all choices of a training as TOML: a file that :meth:`repeat` takes.

        Args:
            data: As in :meth:`train`; with a table, what depends on it stands there too, such as the network.
            target: The column to be predicted, or several.
            choices: As in :meth:`train`.

        Returns:
            The text: print it, or write it to a file.

        Raises:
            DataError: If the table cannot be learned from, or a choice makes no sense.
            UnknownNameError: For a column, task, engine or metric that is not there.

        >>> "hidden = [64, 64]" in cr.TableModel.configuration("iris")
        True
        """
        options = Options(target=target, **by_name("configuration", choices))
        if data is None:
            return Lines(configuration.written(configuration.of(options)))
        decided: Any = _ready(data, options).options
        return Lines(configuration.written(configuration.of(decided, source_of(data))))

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
        learning_rate: float | None = None,
    ) -> str:
        """Return what an engine makes of a step of :meth:`train`, as text; nothing is trained.

        Args:
            table: As in :meth:`train`, like all that follow ``stage``.
            target: The column to be predicted, or several.
            stage: "graph", "fusion", "memory", "ir", "asm" or "source", see :meth:`Network.show`.
            task: What kind of target it is.
            hidden: The units of each hidden layer.
            dropout: The share of hidden units left out in a step.
            learning_rate: Of Adam: what ``learning_rate_scale`` begins with, a number of the step's state. Where
                nothing of a network is chosen, it is one of the recipe, whose rate falls from step to step.

        Returns:
            The text, of many lines: print it.

        Raises:
            DataError: If the table cannot be learned from.
            UnknownNameError: For a column, task or stage that is not there.

        >>> table, target = cr.load_table("iris")
        >>> "softmax" in cr.TableModel.show(table, target, "graph")
        True
        """
        choice: Any = {"hidden": hidden, "dropout": dropout, "learning_rate": learning_rate}
        ready = _ready(table, Options(target=target, task=task, **choice))
        method = ready.optimizer(ready.options)
        return ready.network(ready.options).show(*ready.learn, stage, optimizer=method)

    @public
    def predict(
        self, table: Table, *, interval: float | None = None, threshold: float | None = None, sheet: str | None = None
    ) -> pd.DataFrame:  # fmt: skip
        """Return the predictions for the rows of a table, which needs no target column, under its index.

        Args:
            table: One row for each example, with the columns that training saw, in any order; others are passed over. A
                DataFrame, or the path of a file, which is read as that of training was.
            interval: The share of new rows, such as 0.9, whose number is to lie in an interval around its prediction.
                They are split conformal (Lei et al. 2018): made from how far predictions were off in the rows of
                validation and test, none of which the network that was judged had learned from.
            threshold: From which probability on a class of two, or one of several labels, is said; by default what
                training decided, 0.5 if nothing else.
            sheet: Which sheet of a workbook is read, or table of a database, where a file has several.

        Returns:
            A column for each target, named as it is; for classes ``probability_<class>`` follows for each of
            them, for several labels ``probability_<column>`` of yes. With an interval ``<column>_low`` and
            ``<column>_high`` follow each column of numbers.

        Raises:
            DataError: For a missing column, and for text in a column of numbers; for an interval of classes, or one
                that too few rows were held back for; for a threshold of what is not two classes or several labels.

        >>> table, target = cr.load_table("iris")
        >>> model = cr.TableModel.train(table, target, epochs=30)
        >>> model.predict(table[:3])["target"].tolist()
        ['setosa', 'setosa', 'setosa']
        """
        target = decided_at(self.target, threshold)
        table = read_like(table, self.missing, self.decimal, sheet)
        warn_of_cells(self.columns, table)
        outputs = self.network.predict(encode(self.columns, table))
        found = decode_predictions(target, outputs)
        if interval is not None:
            found = with_intervals(self.target, found, self.measured, interval)
        return found.set_axis(table.index, axis="index")

    @public
    def evaluate(
        self, table: Table, *, metric: "MetricsLike" = (), threshold: float | None = None, sheet: str | None = None
    ) -> Scores:  # fmt: skip
        """Return the scores of the predictions for a table with targets; rows without one are passed over.

        Args:
            table: One row for each example, with the columns that training saw, the target among them: a DataFrame, or
                the path of a file.
            metric: As in :meth:`train`.
            threshold: As in :meth:`predict`.
            sheet: Likewise.

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
        target = decided_at(self.target, threshold)
        table = read_like(table, self.missing, self.decimal, sheet)
        try:
            frame, _ = drop_rows_without_target(table, self.target.columns)
        except UnknownNameError as error:
            wanted = "evaluate compares predictions with what is there; predict needs no such column."
            raise UnknownNameError(f"{error}\n{wanted}") from None
        warn_of_cells(self.columns, frame)
        features, truth = encode(self.columns, frame), encode_target(self.target, frame)
        scores = judge(target, truth, self.network.predict(features), metrics=metric)
        known = about_known(self.learned, features) if self.learned else ""
        return replace(scores, notes=(f"{known} {FLATTERED}", *scores.notes)) if known else scores

    @public
    def plot(
        self, kind: PictureKind | str | None = None, table: Table | None = None, *, threshold: float | None = None,
        features: Sequence[str] | None = None, sheet: str | None = None
    ) -> "Picture":  # fmt: skip
        """Draw how good the model is: on the rows that judged it, none of which it had learned from, or on a table's.

        Args:
            kind: Of classes "confusion" (the default), "roc", "precision_recall", "calibration" or "thresholds"; of
                numbers "predicted_against_true" (the default), with prediction intervals, or "residuals"; of both
                "boundary": what it says over two columns of a table, all others held.
            table: Rows with their targets, a DataFrame or the path of a file; by default the rows that judged it.
            threshold: As in :meth:`predict`.
            features: The two columns of a map; by default the first of numbers.
            sheet: As in :meth:`predict`.

        Returns:
            The picture: a notebook shows it, ``.save("roc.svg")`` writes it.

        Raises:
            DataError: If there are no such rows, as of a model from a file, or the kind is not one of such targets.
            UnknownNameError: If there is no such kind, or no column of a name.

        >>> model = cr.TableModel.train("iris", epochs=30)
        >>> model.plot("roc").title, model.plot("confusion").notes
        ('ROC curve', ('Of the rows of the test.',))
        """
        return pictured(self, kind, table, threshold, features, sheet)

    @public
    def remarks(self, table: Table, *, evaluated: bool = False, sheet: str | None = None) -> tuple[str, ...]:
        """Return sentences about what is new in a table, such as categories that training did not see, and what is not.

        Args:
            table: A table to predict for, or the path of a file.
            evaluated: Whether it is evaluated: then which words counted as no target is told too.
            sheet: As in :meth:`predict`.

        Returns:
            Sentences; none where there is nothing to say.

        Raises:
            DataError: If the file cannot be read, or a sheet of what is in memory is asked for.

        >>> import pandas as pd
        >>> table = pd.DataFrame({"town": ["Basel", "Bern"] * 20, "price": [3, 5] * 20})
        >>> model = cr.TableModel.train(table, "price", task="regression", epochs=5)
        >>> model.remarks(pd.DataFrame({"town": ["Bern", "Bonn"]}))
        ("Column 'town' has values in 1 row (first: row 2) that training did not see: Bonn. They count as none.",)
        """
        table = read_like(table, self.missing, self.decimal, sheet)
        return told_of(table, self.columns, self.target, self.learned, evaluated)

    _repr_html_, _subject = Door(), Door()
    if TYPE_CHECKING:

        def diagnose(self, data: Table | None = None) -> Verdicts:
            """Say what is wrong with the training of the model, and what would mend it."""

        def draw(
            self, table: Table | None = None, row: int | None = None, *, names: Sequence[str] = (),
            classes: Sequence[str] = (), neuron: tuple[int, int] | None = None,
            labels: Literal["", "names", "values"] = "", most: int = 8,
        ) -> "Picture":  # fmt: skip
            """Draw the network of the model, with the names of its features and classes."""

        def explain(
            self, table: Table, row: int = 0, *, output: object = None, weight: str | None = None,
            optimizer: "OptimizerLike | None" = None, first: int = 0,
        ) -> "TableExplanation | WeightExplanation":  # fmt: skip
            """Say why the model predicts what it does for a row, or why a weight moves."""

        def most_wrong(
            self, table: Table | None = None, most: int = 20, *, sheet: str | None = None
        ) -> pd.DataFrame:
            """Return the rows that the model is most wrong about."""

        def worst_slices(
            self, table: Table | None = None, *, metric: "MetricsLike" = (), sheet: str | None = None
        ) -> "Slices":
            """Say where the model is worse than elsewhere."""

    else:
        draw, explain, diagnose, most_wrong, worst_slices = Door(), Door(), Door(), Door(), Door()

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
        say(self.summary_text())

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
            # no times: the same training, the same file
            "report": asdict(replace(self.report, seconds=0.0, row_seconds=None)),
        }
        if self.decimal:
            parts["decimal"] = self.decimal
        if self.missing:
            parts["missing"] = {name: list(words) for name, words in self.missing.items()}
        if self.learned:
            parts["learned"] = self.learned.to_dict()
        if self.measured:
            parts["measured"] = asdict(self.measured)
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
        learned=Learned.from_dict(parts["learned"]) if "learned" in parts else None,
        measured=distances_from(parts.get("measured"), Target.from_dict(parts["target"])),
        decimal=plain.read(Mark, parts.get("decimal", ""), "decimal"),
    )
    # a prediction finds what does not fit together, before the user's table gets the blame
    model.predict(pd.DataFrame({column.name: [None] for column in model.columns.columns}))
    return model


def _train(
    data: Any,
    options: Options,
    say: base.Say,
    verbose: int,
    run: str | PathLike[str] | bool | None,
    before: configuration.Fingerprint | None = None,
) -> TableModel:
    """Return the model of a table, with all choices in their place; ``before`` is what the table was once."""
    table, options = table_of(data, options, say)
    if other := about_other(table, before):
        say(f"This is not the table of that configuration: {other}. So the model will differ, too.")
    whole, options = rows_of(table, options)
    with place_of(run, data, table, options) as place:
        return _in_folder(place, table, whole, options, say, verbose)


def _in_folder(
    place: Place | None,
    table: pd.DataFrame,
    whole: Sorted,
    options: Options,
    say: base.Say,
    verbose: int,
    compared: base.Stages | None = None,
) -> TableModel:
    """Train, in the folder of a run from where its checkpoint leads, and write all that there is of it.

    ``compared`` are the stages of a comparison that has led here; the winner of one that was broken off is a makeshift,
    which no checkpoint needs to know.
    """
    file = compared.file if compared else Checkpoints(place[0] / CHECKPOINT) if place else None
    before = compared.signal if compared else 0
    stages = base.Stages(verbose, file=None if before else file)
    if compared:  # it was trained for as well
        stages.began, stages.before = compared.began, compared.before
    with runs.breaking_off(file):
        trained = base.train(_kind(whole), whole.rows, options, say, stages, whole.folds)
        with asking() as late:  # what was learned is not lost by a signal that comes now
            trained.history.signal = before or trained.history.signal
            model = _model(table, trained, whole)
            if place is not None and file is not None:
                model = replace(model, run=place[0])
                write_run(place, model, trained, file, whole, lambda: bool(late.number))
    trained.history.signal = trained.history.signal or late.number
    if about := about_leaving(options, whole.by_hand):
        say(about)
    return model


def _model(table: pd.DataFrame, trained: base.Trained[Prepared], whole: Sorted) -> TableModel:
    """Return the model that a training gave."""
    made, report = trained.kept.data, report_of(trained)
    chosen: Any = trained.options
    missing = words_for_nothing(table, made.columns, made.target)
    learned = learned_from(trained.kept.learn[0], alike_by_chance(trained.ready.learn[0], trained.ready.test))
    known = trained.ready.data  # of rows that the network that was judged did not learn from
    target = replace(made.target, thresholds=known.target.thresholds)
    model = TableModel(
        trained.network, made.columns, target, report, trained.history, missing, learned=learned,
        measured=known.measured, decimal=written_of(table).decimal, judged=judged_rows(whole, trained),
        chosen=chosen,
    )  # fmt: skip
    return replace(model, report=replace(report, row_seconds=fastest(lambda: model.predict(table[:1]))))


def _kind(whole: Sorted) -> base.DataKind[Prepared]:
    """Return what is special to a table."""
    prepare_rows: Any = partial(prepare, whole)
    return base.DataKind(prepare_rows, judged, settle, _fit)


def _fit(
    name: str, ready: base.Ready[Prepared], options: Any, stages: base.Stages, say: base.Say
) -> base.Fitted[Prepared]:
    """Train what the choices say: one network, or several that decide together."""
    if options.members == 1 and not (options.recipe and options.time_budget):
        return base.fit_one(name, ready, options, stages)
    return _fit_several(name, ready, options, stages, say)


def _ready(table: Any, options: Options, say: base.Say = lambda sentence: None) -> base.Ready[Prepared]:
    """Return a table made ready as for training."""
    table, options = table_of(table, options, say)
    whole, options = rows_of(table, options)
    return _kind(whole).prepare(whole.rows, options)
