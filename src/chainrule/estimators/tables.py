"""TableClassifier and TableRegressor: the recipe for tables, where scikit-learn wants an estimator."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from chainrule.arguments import public
from chainrule.data.columns import encode
from chainrule.data.labels import checked_outputs, in_units, predicted_codes
from chainrule.data.target import fit_target
from chainrule.data.written import places
from chainrule.errors import ChainruleError, DataError, short
from chainrule.estimators.base import Estimator, checked, refuse_foreign
from chainrule.estimators.frames import frame_of, free_name
from chainrule.estimators.theirs import ClassifierMixin, RegressorMixin
from chainrule.estimators.wanted import Wanted, classes_in, numbers_in
from chainrule.models.asked import warn_of_cells
from chainrule.models.table import TableModel
from chainrule.nn.saved import from_config, to_config
from chainrule.train.network import Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from chainrule.estimators.frames import TableLike
    from chainrule.literals import EngineName
    from chainrule.train.history import History
    from chainrule.train.kinds import MetricsLike

# Parameters that need a word of their own.
NOT_FOR_TRAINING = ("random_state", "class_weight", "group", "verbose")


class _OfTables(Estimator):
    """What both have in common."""

    group: "str | Literal[False] | None"
    random_state: "int | np.random.RandomState | None"
    verbose: int
    model_: TableModel
    network_: Network
    history_: "History | None"
    n_outputs_: int
    _wanted: Wanted
    _labels: list[Any]
    _columns: list[str]

    def _fit(self, X: Any, y: Any, groups: Any, sample_weight: Any) -> None:
        refuse_foreign(y=y, groups=groups, sample_weight=sample_weight)
        if isinstance(y, str):
            raise DataError(
                f"y is the name {short(y)}, and estimators take the values: y = X.pop({short(y)}) takes them out of X."
            )
        name = getattr(y, "name", None)
        y = checked(
            self, y=y, multi_output=True, y_numeric=not is_classifier(self)
        )  # forgets names of columns
        frame, numeric = frame_of(self, X, reset=True)
        check_consistent_length(frame, y, groups, sample_weight)
        wanted, numbers = classes_in(y) if is_classifier(self) else numbers_in(np.asarray(y))
        target = free_name(name if isinstance(name, str) and name else "y", frame.columns)
        columns, labels = _targets(target, wanted, numbers)
        settings = {k: v for k, v in self.get_params(deep=False).items() if k not in NOT_FOR_TRAINING}
        if numeric and not settings["categories"] and not settings["dates"]:
            settings["numbers"] = tuple(frame.columns)
        if groups is not None:
            if self.group:
                raise DataError(
                    f"group={self.group!r} names a column, and groups was given to fit: give one of them."
                )
            settings["group"] = free_name("groups", [*frame.columns, *columns])
            columns[settings["group"]] = np.asarray(groups)
        else:
            settings["group"] = self.group
        weights = getattr(self, "class_weight", None)
        if isinstance(weights, dict):
            weights = _by_label(weights, wanted, labels)
        if is_classifier(self):
            settings["class_weight"] = weights
        named = [each for each in columns if each != settings["group"]]
        self.model_ = TableModel.train(
            pd.concat([frame, pd.DataFrame(columns)], axis="columns"),
            named,
            task=_task(wanted),
            test_fraction=0.0,
            seed=int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max)),
            verbose=int(self.verbose),
            **settings,
        )
        self.network_, self.history_ = in_double(self.model_.network), self.model_.history
        self.n_outputs_, self._wanted, self._labels = wanted.count, wanted, labels
        self._columns = list(frame.columns)

    def _outputs(self, X: Any) -> np.ndarray:
        """Return what the network says of the rows of X."""
        check_is_fitted(self)
        frame, _ = frame_of(self, X, reset=False)
        frame = frame.set_axis(self._columns, axis="columns")  # an array's go by position
        warn_of_cells(self.model_.columns, frame)
        return checked_outputs(self.model_.target, self.network_.predict(encode(self.model_.columns, frame)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags


def in_double(network: Network) -> Network:
    """Return the same network in float64: what it says of a row is then the same beside any others.

    The last bits of float32 differ with the number of rows that are multiplied together.
    """
    made = from_config(to_config(network.architecture, keep=True) | {"dtype": "float64"})
    found = Network(made, dtype="float64", seed=network.seed, engine=network.engine)
    for name, value in network.parameters.items():
        found.parameters[name] = value
    for name, value in network.statistics.items():
        found.statistics[name] = value
    found.loss, found.runs = network.loss, network.runs
    return found


def _task(wanted: Wanted) -> str:
    if wanted.kind == "classes":
        return "binary" if wanted.count == 2 else "multiclass"
    return "multilabel" if wanted.kind == "labels" else "regression"


def _targets(name: str, wanted: Wanted, numbers: np.ndarray) -> tuple[dict[str, Any], list[Any]]:
    """Return the columns that are predicted, and what each class is called in them.

    It is called what it is, where a table tells all classes apart: "NA" would be no value.
    """
    if wanted.kind != "classes":
        if numbers.ndim == 1:
            return {name: numbers}, []
        return {f"{name}_{i}": column for i, column in enumerate(numbers.T)}, []
    labels = wanted.classes.tolist()
    if not _are_told_apart(labels, wanted):
        labels = [f"class {i}" for i in range(wanted.count)]
    return {name: pd.Series([labels[i] for i in numbers], dtype=object)}, labels


def _are_told_apart(labels: list[Any], wanted: Wanted) -> bool:
    try:
        known = fit_target(
            pd.DataFrame({"y": pd.Series(labels * 2, dtype=object)}), "y", _task(wanted)
        ).classes
    except ChainruleError:
        return False
    return sorted(places(labels, known)) == list(range(len(labels)))


def _by_label(weights: "Mapping[Any, float]", wanted: Wanted, labels: list[Any]) -> dict[Any, float]:
    """Return weights of classes by what these are called in the table; unknown ones stay, and are told of."""
    called = dict(zip(wanted.classes.tolist(), labels, strict=True))
    return {called.get(name, name): weight for name, weight in weights.items()}


class TableClassifier(ClassifierMixin, _OfTables):
    """A classifier for tables of numbers, texts, dates and holes: the recipe of :class:`TableModel`.

    Nothing needs to be scaled, encoded or filled before. X is a table of pandas', polars', pyarrow's or another
    library, or an array. No row is held back for a test: who scores an estimator holds rows back.

    Args:
        members: How many networks decide together; by default 8, or 1 of a network by hand, in a tenth of the time.
        recipe: Whether the recipe decides what is not chosen; None: where no network is made by hand.
        bins: How many bins each column of numbers has beside it.
        hidden: The units of each hidden layer.
        dropout: The share of hidden units left out in a step.
        activation: That of the hidden layers.
        batch_norm: Whether the sums of each hidden layer are normalized over the batch.
        epochs: The most epochs.
        batch_size: Examples a step.
        learning_rate: Of Adam.
        clip_norm: The longest gradient of a step.
        class_weight: A weight for each class by its label, or "balanced"; None where all are equal.
        threshold: From which probability on a class of two is said: a number between 0 and 1, or "best".
        metric: What decides which epoch is best, by default the cost.
        numbers: Columns to read as numbers; by default all of an array of numbers.
        categories: Columns to read as categories. Those of an array are called "x0", "x1" and so on.
        dates: Columns to read as dates.
        drop: Columns to leave out.
        keep: Columns to learn from that would be left out.
        group: A column; rows with the same value in it stay together where networks judge. False looks for none.
        time_order: A column of dates or numbers: what judges is later than what is learned from. False looks for none.
        time_budget: The most seconds, or a text such as "5m".
        engine: The name of one of ``cr.ENGINES``, or "auto".
        random_state: Decides folds, first weights and shuffles: a whole number, or a ``RandomState`` that goes on.
        verbose: 1 shows a progress line, 2 a line for each epoch.

    Attributes:
        model_: The :class:`TableModel`: its plan of columns, its report, saving.
        network_: Its :class:`Network`.
        history_: The :class:`History` of its training.
        classes_: The classes; for several labels, the numbers of their columns.
        n_outputs_: How many classes or labels there are.
        n_features_in_: How many columns X had.
        feature_names_in_: What they were called, where X was a table with names.

    >>> from sklearn.model_selection import cross_val_score
    >>> table, target = cr.load_table("iris")
    >>> X, y = table.drop(columns=target), table[target]
    >>> cross_val_score(cr.TableClassifier(members=2, random_state=0), X, y, cv=3).mean() > 0.9
    np.True_
    """

    classes_: "NDArray[Any]"

    @public
    def __init__(
        self,
        *,
        members: int | None = None,
        recipe: bool | None = None,
        bins: int | None = None,
        hidden: "Sequence[int] | None" = None,
        dropout: float | None = None,
        activation: str | None = None,
        batch_norm: bool = False,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        clip_norm: float | None = None,
        class_weight: "Literal['balanced'] | Mapping[Any, float] | None" = None,
        threshold: "Literal['best'] | float | None" = None,
        metric: "MetricsLike" = (),
        numbers: "str | Sequence[str]" = (),
        categories: "str | Sequence[str]" = (),
        dates: "str | Sequence[str]" = (),
        drop: "str | Sequence[str]" = (),
        keep: "str | Sequence[str]" = (),
        group: "str | Literal[False] | None" = None,
        time_order: "str | Literal[False] | None" = None,
        time_budget: float | str | None = None,
        engine: "EngineName | str" = "auto",
        random_state: "int | np.random.RandomState | None" = None,
        verbose: int = 0,
    ) -> None:
        self.members = members
        self.recipe = recipe
        self.bins = bins
        self.hidden = hidden
        self.dropout = dropout
        self.activation = activation
        self.batch_norm = batch_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.class_weight = class_weight
        self.threshold = threshold
        self.metric = metric
        self.numbers = numbers
        self.categories = categories
        self.dates = dates
        self.drop = drop
        self.keep = keep
        self.group: str | Literal[False] | None = group
        self.time_order = time_order
        self.time_budget = time_budget
        self.engine = engine
        self.random_state = random_state
        self.verbose = verbose

    @public
    def fit(self, X: "TableLike", y: "ArrayLike", *, groups: "ArrayLike | None" = None) -> "TableClassifier":
        """Learn from a table.

        Args:
            X: One row for each example: a table, or an array.
            y: The class of each, of any kind; or a column of 0 and 1 for each of several labels.
            groups: What tells which rows belong together, one for each, instead of ``group``.

        Returns:
            The estimator.

        Raises:
            DataError: If X or y cannot be learned from, with column, row and remedy, or a parameter makes no sense.
            UnknownNameError: For a column, engine or metric that is not there.
            ValueError: What scikit-learn says of X and y: another number of rows, say.

        >>> import pandas as pd
        >>> X = pd.DataFrame({"town": ["Basel", "Bern", None] * 40, "age": [20, 30, None, 50] * 30})
        >>> y = np.where(X["age"] > 25, "yes", "no")
        >>> cr.TableClassifier(members=1, random_state=0).fit(X, y).score(X, y) > 0.9
        True
        """
        self._fit(X, y, groups, None)
        self.classes_ = self._wanted.classes
        return self

    @public
    def predict(self, X: "TableLike") -> "NDArray[Any]":
        """Return the class of each row, or whether each label is right.

        Args:
            X: A table with the columns of the one that was learned from.

        Returns:
            Classes as y had them, ``(n,)``; for several labels 0 and 1, ``(n, labels)``.

        Raises:
            DataError: For text in a column of numbers, and infinite numbers.
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = np.arange(40.0)[:, np.newaxis], np.repeat(["low", "high"], 20)
        >>> cr.TableClassifier(members=1, random_state=0).fit(X, y).predict([[3.0], [33.0]]).tolist()
        ['low', 'high']
        """
        outputs = self._outputs(X)
        said = predicted_codes(self.model_.target, outputs)
        if self._wanted.kind == "labels":
            return said
        return self.classes_[self._order()[said[:, 0]]]

    @public
    def predict_proba(self, X: "TableLike") -> "NDArray[Any]":
        """Return the probability of each class.

        Args:
            X: A table with the columns of the one that was learned from.

        Returns:
            ``(n, classes)``, in the order of ``classes_``; for several labels that of each, ``(n, labels)``.

        Raises:
            DataError: For text in a column of numbers, and infinite numbers.
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = np.arange(40.0)[:, np.newaxis], np.repeat(["low", "high"], 20)
        >>> cr.TableClassifier(members=1, random_state=0).fit(X, y).predict_proba([[3.0]]).round()
        array([[0., 1.]])
        """
        found = self._outputs(X)
        if self._wanted.kind == "labels":
            return found
        if found.shape[1] == 1:
            found = np.concatenate([1 - found, found], axis=1)
        chances = np.empty_like(found)
        chances[:, self._order()] = found / found.sum(axis=1, keepdims=True)
        return chances

    @public
    def predict_log_proba(self, X: "TableLike") -> "NDArray[Any]":
        """Return the logarithm of the probability of each class.

        Args:
            X: A table with the columns of the one that was learned from.

        Returns:
            ``(n, classes)``, as :meth:`predict_proba` has them.

        Raises:
            DataError: For text in a column of numbers, and infinite numbers.
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = np.arange(40.0)[:, np.newaxis], np.repeat(["low", "high"], 20)
        >>> estimator = cr.TableClassifier(members=1, random_state=0).fit(X, y)
        >>> np.allclose(np.exp(estimator.predict_log_proba(X)), estimator.predict_proba(X))
        True
        """
        with np.errstate(divide="ignore"):
            found: Any = np.log(self.predict_proba(X))
        return found

    def _order(self) -> np.ndarray:
        """Return for each class of the model its place in ``classes_``."""
        return np.array(places(list(self.model_.target.classes), self._labels))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class TableRegressor(RegressorMixin, _OfTables):
    """A regressor for tables of numbers, texts, dates and holes: the recipe of :class:`TableModel`.

    Nothing needs to be scaled, encoded or filled before. X is a table of pandas', polars', pyarrow's or another
    library, or an array. No row is held back for a test: who scores an estimator holds rows back.

    Args:
        members: How many networks decide together; by default 8, or 1 of a network by hand, in a tenth of the time.
        recipe: Whether the recipe decides what is not chosen; None: where no network is made by hand.
        bins: How many bins each column of numbers has beside it.
        hidden: The units of each hidden layer.
        dropout: The share of hidden units left out in a step.
        activation: That of the hidden layers.
        batch_norm: Whether the sums of each hidden layer are normalized over the batch.
        epochs: The most epochs.
        batch_size: Examples a step.
        learning_rate: Of Adam.
        clip_norm: The longest gradient of a step.
        metric: What decides which epoch is best, by default the cost.
        numbers: Columns to read as numbers; by default all of an array of numbers.
        categories: Columns to read as categories. Those of an array are called "x0", "x1" and so on.
        dates: Columns to read as dates.
        drop: Columns to leave out.
        keep: Columns to learn from that would be left out.
        group: A column; rows with the same value in it stay together where networks judge. False looks for none.
        time_order: A column of dates or numbers: what judges is later than what is learned from. False looks for none.
        time_budget: The most seconds, or a text such as "5m".
        engine: The name of one of ``cr.ENGINES``, or "auto".
        random_state: Decides folds, first weights and shuffles: a whole number, or a ``RandomState`` that goes on.
        verbose: 1 shows a progress line, 2 a line for each epoch.

    Attributes:
        model_: The :class:`TableModel`: its plan of columns, its report, saving.
        network_: Its :class:`Network`.
        history_: The :class:`History` of its training.
        n_outputs_: How many columns y had.
        n_features_in_: How many columns X had.
        feature_names_in_: What they were called, where X was a table with names.

    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": ["Basel", "Bern", None] * 40, "rooms": [1, 2, 3, 4] * 30})
    >>> y = 500 * X["rooms"] + 300 * (X["town"] == "Basel")
    >>> cr.TableRegressor(members=1, random_state=0).fit(X, y).score(X, y) > 0.9
    True
    """

    @public
    def __init__(
        self,
        *,
        members: int | None = None,
        recipe: bool | None = None,
        bins: int | None = None,
        hidden: "Sequence[int] | None" = None,
        dropout: float | None = None,
        activation: str | None = None,
        batch_norm: bool = False,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        clip_norm: float | None = None,
        metric: "MetricsLike" = (),
        numbers: "str | Sequence[str]" = (),
        categories: "str | Sequence[str]" = (),
        dates: "str | Sequence[str]" = (),
        drop: "str | Sequence[str]" = (),
        keep: "str | Sequence[str]" = (),
        group: "str | Literal[False] | None" = None,
        time_order: "str | Literal[False] | None" = None,
        time_budget: float | str | None = None,
        engine: "EngineName | str" = "auto",
        random_state: "int | np.random.RandomState | None" = None,
        verbose: int = 0,
    ) -> None:
        self.members = members
        self.recipe = recipe
        self.bins = bins
        self.hidden = hidden
        self.dropout = dropout
        self.activation = activation
        self.batch_norm = batch_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.clip_norm = clip_norm
        self.metric = metric
        self.numbers = numbers
        self.categories = categories
        self.dates = dates
        self.drop = drop
        self.keep = keep
        self.group: str | Literal[False] | None = group
        self.time_order = time_order
        self.time_budget = time_budget
        self.engine = engine
        self.random_state = random_state
        self.verbose = verbose

    @public
    def fit(self, X: "TableLike", y: "ArrayLike", *, groups: "ArrayLike | None" = None) -> "TableRegressor":
        """Learn from a table.

        Args:
            X: One row for each example: a table, or an array.
            y: A number for each, or a row of several.
            groups: What tells which rows belong together, one for each, instead of ``group``.

        Returns:
            The estimator.

        Raises:
            DataError: If X or y cannot be learned from, with column, row and remedy, or a parameter makes no sense.
            UnknownNameError: For a column, engine or metric that is not there.
            ValueError: What scikit-learn says of X and y: another number of rows, say.

        >>> X = np.linspace(-3, 3, 200)[:, np.newaxis]
        >>> y = X[:, 0] ** 2
        >>> cr.TableRegressor(members=1, random_state=0).fit(X, y).score(X, y) > 0.9
        True
        """
        self._fit(X, y, groups, None)
        return self

    @public
    def predict(self, X: "TableLike") -> "NDArray[Any]":
        """Return what is predicted for each row, in the units of y.

        Args:
            X: A table with the columns of the one that was learned from.

        Returns:
            Numbers ``(n,)``, or ``(n, columns)`` where y had several.

        Raises:
            DataError: For text in a column of numbers, and infinite numbers.
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X = np.linspace(-3, 3, 200)[:, np.newaxis]
        >>> estimator = cr.TableRegressor(members=1, random_state=0).fit(X, 100 + X[:, 0])
        >>> estimator.predict([[0.0]]).round(-1)
        array([100.])
        """
        outputs = self._outputs(X)
        found = in_units(self.model_.target, outputs)
        return found[:, 0] if self._wanted.flat else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
