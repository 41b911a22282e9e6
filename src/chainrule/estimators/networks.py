"""NetworkClassifier and NetworkRegressor: any network of ours, where scikit-learn wants an estimator."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.errors import UnknownNameError
from chainrule.estimators.base import Estimator
from chainrule.estimators.fitting import Held, fit, fit_further, outputs_of
from chainrule.estimators.nested import changed, inside
from chainrule.estimators.theirs import ClassifierMixin, RegressorMixin
from chainrule.estimators.wanted import Wanted, check_first, classes_in, numbers_in
from chainrule.train.optimizers import optimizer as find_optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from chainrule.literals import EngineName
    from chainrule.nn.kinds import FloatLike, LossLike
    from chainrule.nn.layers.base import Layer
    from chainrule.train.callbacks import EarlyStopping
    from chainrule.train.history import History
    from chainrule.train.kinds import CallbacksLike, MetricsLike, OptimizerLike
    from chainrule.train.network import Network

    NetworkLike = Network | Layer | Sequence[Layer] | Callable[..., Any] | None

NESTED = "network", "optimizer", "loss", "early_stopping"  # what holds parameters of its own


class _OfNetworks(Estimator):
    """What both have in common."""

    network: Any
    network_: "Network"
    history_: "History"
    n_iter_: int
    n_outputs_: int
    _wanted: Wanted

    @public
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Args:
            deep: Whether those within them are there too: ``network__0__units``, ``optimizer__learning_rate``.

        Returns:
            Their values.

        >>> estimator = cr.NetworkRegressor([cr.Dense(8, "relu")], optimizer=cr.Adam(0.01))
        >>> found = estimator.get_params()
        >>> found["network__0__units"], found["optimizer__learning_rate"]
        (8, 0.01)
        """
        found: dict[str, Any] = super().get_params(deep=False)
        if not deep:
            return found
        within = {name: inside(self._holder(name)) for name in NESTED}
        return found | {f"{name}__{key}": v for name, parts in within.items() for key, v in parts.items()}

    @public
    def set_params(self, **params: Any) -> "_OfNetworks":
        """Set parameters by name, also those within them: a layer of the list, say, is replaced by another.

        Args:
            params: As :meth:`get_params` names them.

        Returns:
            The estimator.

        Raises:
            UnknownNameError: If a parameter does not hold what is to be set.
            ValueError: If there is no such parameter.

        >>> estimator = cr.NetworkRegressor([cr.Dense(8, "relu")])
        >>> estimator.set_params(network__0__units=16, optimizer__learning_rate=0.01).network
        [Dense(16, activation='relu')]
        """
        within: dict[str, dict[str, Any]] = {}
        for name in [name for name in params if name.partition("__")[0] in NESTED and "__" in name]:
            owner, _, part = name.partition("__")
            within.setdefault(owner, {})[part] = params.pop(name)
        super().set_params(**params)
        for owner, settings in within.items():
            setattr(self, owner, changed(self._holder(owner), settings, owner))
        return self

    def _holder(self, name: str) -> Any:
        value = getattr(self, name)
        if name == "optimizer" and isinstance(value, str):
            with suppress(UnknownNameError):  # of which a fit tells
                return find_optimizer(value)
        return value

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.three_d_array = True
        return tags


class NetworkClassifier(ClassifierMixin, _OfNetworks):
    """A classifier around any network: scikit-learn's interface, our layers.

    The last layer may be left out: one that suits the classes of y is added.

    Args:
        network: A list of layers; a :class:`Network`; a function ``(inputs, outputs)`` that returns either, from the
            shape of an example (a whole number for columns of a table) and the number of outputs; None, the default,
            for one hidden layer of 100 units. A network that knows its input begins each fit with the numbers it has.
        loss: As in :meth:`Network.fit`; None for what suits the last activation.
        optimizer: A name, an object or a function, as in :meth:`Network.fit`.
        batch_size: Examples a step; None for all.
        epochs: How often all examples are seen, at most.
        shuffle: Whether each epoch sees the examples in a new order.
        class_weight: A weight for each class by its label, or "balanced"; None where all are equal.
        early_stopping: Whether a share of the rows is held back, and training stops when their cost does not fall any
            more, and goes back to the best epoch; or a :class:`EarlyStopping` that says when.
        validation_fraction: That share; 0.1 by default.
        n_iter_no_change: How many epochs ``early_stopping=True`` waits for a better one.
        metrics: What else ``history_`` records, as in :meth:`Network.fit`.
        callbacks: As in :meth:`Network.fit`.
        time_budget: The most seconds that a fit takes; None for no limit.
        dtype: "float32" or "float64"; None for that of X, or of a network that is given.
        engine: The name of one of ``cr.ENGINES``, or "auto".
        random_state: Fixes first weights, shuffles and dropout: a whole number, or a ``RandomState`` that goes on.
        warm_start: Whether another fit goes on where the last one ended, with the same classes.
        verbose: 1 shows a progress line, 2 a line for each epoch.

    Attributes:
        network_: The :class:`Network` that has learned: it explains, summarizes, saves.
        history_: The :class:`History`: costs and metrics for each epoch.
        classes_: The classes; for several labels, the numbers of their columns.
        n_iter_: How many epochs were run.
        n_outputs_: How many classes or labels there are.
        n_features_in_: How many columns X had.
        feature_names_in_: What they were called, where X was a table with names.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> layers = [cr.BatchNormalization(), cr.Dense(16, "relu"), cr.Dropout(0.1)]
    >>> estimator = cr.NetworkClassifier(layers, random_state=0).fit(X, y)
    >>> estimator.score(X, y) > 0.9, estimator.network_.layers[-1]
    (True, Dense(3, activation='softmax'))
    """

    classes_: "NDArray[Any]"

    @public
    def __init__(
        self,
        network: "NetworkLike" = None,
        *,
        loss: "LossLike" = None,
        optimizer: "OptimizerLike" = "adam",
        batch_size: int | None = 32,
        epochs: int = 200,
        shuffle: bool = True,
        class_weight: "Literal['balanced'] | Mapping[Any, float] | None" = None,
        early_stopping: "bool | EarlyStopping" = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        metrics: "MetricsLike" = (),
        callbacks: "CallbacksLike[Network]" = (),
        time_budget: float | None = None,
        dtype: "FloatLike | None" = None,
        engine: "EngineName | str" = "auto",
        random_state: "int | np.random.RandomState | None" = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.metrics = metrics
        self.callbacks = callbacks
        self.time_budget = time_budget
        self.dtype = dtype
        self.engine = engine
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    @public
    def fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        sample_weight: "ArrayLike | None" = None,
        *,
        X_val: "ArrayLike | None" = None,
        y_val: "ArrayLike | None" = None,
        sample_weight_val: "ArrayLike | None" = None,
    ) -> "NetworkClassifier":
        """Learn from examples.

        Args:
            X: One row for each example: a table of numbers, a sparse matrix, which is made dense, or pictures and
                sequences with more axes, whatever the network takes.
            y: The class of each, of any kind; or a column of 0 and 1 for each of several labels.
            sample_weight: A weight for each example.
            X_val: Examples to validate on; with ``early_stopping`` in the place of a share of X.
            y_val: Their classes.
            sample_weight_val: Their weights.

        Returns:
            The estimator.

        Raises:
            DataError: If X, y or the weights cannot be learned from, or a parameter makes no sense.
            GraphError: If the network does not end as the classes want it.
            ValueError: What scikit-learn says of X and y: NaN, say, or another number of rows.

        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(["no", "yes", "yes", "no"])
        >>> layers = [cr.Dense(8, "tanh")]
        >>> estimator = cr.NetworkClassifier(layers, optimizer=cr.Adam(0.05), epochs=300, random_state=0)
        >>> estimator.fit(X, y).predict(X).tolist()
        ['no', 'yes', 'yes', 'no']
        """
        fit(self, X, y, classes_in, sample_weight, Held(X_val, y_val, sample_weight_val))
        self.classes_ = self._wanted.classes
        return self

    @public
    def partial_fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        classes: "ArrayLike | None" = None,
        sample_weight: "ArrayLike | None" = None,
    ) -> "NetworkClassifier":
        """Go once through some examples, from where the network and its optimizer are.

        Args:
            X: One row for each example.
            y: The class of each; or a column of 0 and 1 for each of several labels.
            classes: All classes that there will be: the first time it has to be given, but for labels.
            sample_weight: A weight for each example.

        Returns:
            The estimator.

        Raises:
            DataError: If ``classes`` is missing the first time, or is another later, or X, y or the weights cannot be
                learned from.
            GraphError: If the network does not end as the classes want it.
            ValueError: What scikit-learn says of X and y.

        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
        >>> estimator = cr.NetworkClassifier(optimizer=cr.Adam(0.01), random_state=0)
        >>> for rows in [[0, 3], [1, 2]] * 100:
        ...     estimator = estimator.partial_fit(X[rows], y[rows], classes=[0, 1])
        >>> estimator.predict(X)
        array([0, 0, 1, 1])
        """
        check_first(self, y, classes)
        fit_further(self, X, y, classes_in, sample_weight, classes)
        self.classes_ = self._wanted.classes
        return self

    @public
    def predict(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return the class of each row, or whether each label is right.

        Args:
            X: One row for each example.

        Returns:
            Classes as y had them, ``(n,)``; for several labels 0 and 1, ``(n, labels)``.

        Raises:
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> cr.NetworkClassifier(optimizer=cr.Adam(0.05), random_state=0).fit(X, y).predict(X).tolist()
        ['low', 'low', 'high', 'high']
        """
        found = outputs_of(self, X)
        if self._wanted.kind == "labels":
            return (found > 0.5).astype(np.int64)
        places = found.argmax(axis=1) if found.shape[1] > 1 else (found[:, 0] > 0.5).astype(np.intp)
        return self.classes_[places]

    @public
    def predict_proba(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return the probability of each class.

        Args:
            X: One row for each example.

        Returns:
            ``(n, classes)``, in the order of ``classes_``; for several labels that of each, ``(n, labels)``.

        Raises:
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> estimator = cr.NetworkClassifier(optimizer=cr.Adam(0.05), random_state=0).fit(X, y)
        >>> estimator.predict_proba([[-1.0], [4.0]]).round()
        array([[0., 1.],
               [1., 0.]])
        """
        found = outputs_of(self, X)
        if self._wanted.kind == "labels" or found.shape[1] > 1:
            return found
        return np.concatenate([1 - found, found], axis=1)

    @public
    def predict_log_proba(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return the logarithm of the probability of each class.

        Args:
            X: One row for each example.

        Returns:
            ``(n, classes)``, as :meth:`predict_proba` has them.

        Raises:
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> estimator = cr.NetworkClassifier(random_state=0).fit(X, y)
        >>> np.allclose(np.exp(estimator.predict_log_proba(X)), estimator.predict_proba(X))
        True
        """
        with np.errstate(divide="ignore"):
            found: Any = np.log(self.predict_proba(X))
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NetworkRegressor(RegressorMixin, _OfNetworks):
    """A regressor around any network: scikit-learn's interface, our layers.

    The last layer may be left out: one with a unit for each column of y is added.

    Args:
        network: A list of layers; a :class:`Network`; a function ``(inputs, outputs)`` that returns either, from the
            shape of an example (a whole number for columns of a table) and the number of outputs; None, the default,
            for one hidden layer of 100 units. A network that knows its input begins each fit with the numbers it has.
        loss: As in :meth:`Network.fit`; None for the squared error.
        optimizer: A name, an object or a function, as in :meth:`Network.fit`.
        batch_size: Examples a step; None for all.
        epochs: How often all examples are seen, at most.
        shuffle: Whether each epoch sees the examples in a new order.
        early_stopping: Whether a share of the rows is held back, and training stops when their cost does not fall any
            more, and goes back to the best epoch; or a :class:`EarlyStopping` that says when.
        validation_fraction: That share; 0.1 by default.
        n_iter_no_change: How many epochs ``early_stopping=True`` waits for a better one.
        metrics: What else ``history_`` records, as in :meth:`Network.fit`.
        callbacks: As in :meth:`Network.fit`.
        time_budget: The most seconds that a fit takes; None for no limit.
        dtype: "float32" or "float64"; None for that of X, or of a network that is given.
        engine: The name of one of ``cr.ENGINES``, or "auto".
        random_state: Fixes first weights, shuffles and dropout: a whole number, or a ``RandomState`` that goes on.
        warm_start: Whether another fit goes on where the last one ended, with as many columns of y.
        verbose: 1 shows a progress line, 2 a line for each epoch.

    Attributes:
        network_: The :class:`Network` that has learned: it explains, summarizes, saves.
        history_: The :class:`History`: costs and metrics for each epoch.
        n_iter_: How many epochs were run.
        n_outputs_: How many columns y had.
        n_features_in_: How many columns X had.
        feature_names_in_: What they were called, where X was a table with names.

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_diabetes(return_X_y=True)
    >>> estimator = cr.NetworkRegressor([cr.Dense(16, "relu")], optimizer=cr.Adam(0.01), random_state=0)
    >>> scaled = TransformedTargetRegressor(estimator, transformer=StandardScaler())
    >>> scaled.fit(10 * X, y).score(10 * X, y) > 0.5
    True
    """

    @public
    def __init__(
        self,
        network: "NetworkLike" = None,
        *,
        loss: "LossLike" = None,
        optimizer: "OptimizerLike" = "adam",
        batch_size: int | None = 32,
        epochs: int = 200,
        shuffle: bool = True,
        early_stopping: "bool | EarlyStopping" = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        metrics: "MetricsLike" = (),
        callbacks: "CallbacksLike[Network]" = (),
        time_budget: float | None = None,
        dtype: "FloatLike | None" = None,
        engine: "EngineName | str" = "auto",
        random_state: "int | np.random.RandomState | None" = None,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.network = network
        self.loss = loss
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.metrics = metrics
        self.callbacks = callbacks
        self.time_budget = time_budget
        self.dtype = dtype
        self.engine = engine
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose

    @public
    def fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        sample_weight: "ArrayLike | None" = None,
        *,
        X_val: "ArrayLike | None" = None,
        y_val: "ArrayLike | None" = None,
        sample_weight_val: "ArrayLike | None" = None,
    ) -> "NetworkRegressor":
        """Learn from examples.

        Args:
            X: One row for each example: a table of numbers, a sparse matrix, which is made dense, or pictures and
                sequences with more axes, whatever the network takes.
            y: A number for each, or a row of several.
            sample_weight: A weight for each example.
            X_val: Examples to validate on; with ``early_stopping`` in the place of a share of X.
            y_val: Their numbers.
            sample_weight_val: Their weights.

        Returns:
            The estimator.

        Raises:
            DataError: If X, y or the weights cannot be learned from, or a parameter makes no sense.
            GraphError: If the network has another number of outputs than y has columns.
            ValueError: What scikit-learn says of X and y: NaN, say, or another number of rows.

        >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
        >>> estimator = cr.NetworkRegressor([cr.Dense(16, "tanh")], optimizer=cr.Adam(0.05), random_state=0)
        >>> estimator.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.95
        True
        """
        fit(self, X, y, numbers_in, sample_weight, Held(X_val, y_val, sample_weight_val))
        return self

    @public
    def partial_fit(
        self, X: "ArrayLike", y: "ArrayLike", sample_weight: "ArrayLike | None" = None
    ) -> "NetworkRegressor":
        """Go once through some examples, from where the network and its optimizer are.

        Args:
            X: One row for each example.
            y: A number for each, or a row of several.
            sample_weight: A weight for each example.

        Returns:
            The estimator.

        Raises:
            DataError: If X, y or the weights cannot be learned from, or y has another number of columns than before.
            GraphError: If the network has another number of outputs than y has columns.
            ValueError: What scikit-learn says of X and y.

        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 2.0, 3.0])
        >>> estimator = cr.NetworkRegressor(optimizer=cr.Adam(0.01), random_state=0)
        >>> for rows in [[0, 3], [1, 2]] * 100:
        ...     estimator = estimator.partial_fit(X[rows], y[rows])
        >>> estimator.score(X, y) > 0.95
        True
        """
        fit_further(self, X, y, numbers_in, sample_weight)
        return self

    @public
    def predict(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return what the network predicts for each row.

        Args:
            X: One row for each example.

        Returns:
            Numbers ``(n,)``, or ``(n, columns)`` where y had several.

        Raises:
            ValueError: What scikit-learn says of X: another number of columns, say.

        >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
        >>> cr.NetworkRegressor(random_state=0).fit(X, 3 * X[:, 0]).predict([[0.5]]).round()
        array([2.])
        """
        found = outputs_of(self, X)
        return found[:, 0] if self._wanted.flat else found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
