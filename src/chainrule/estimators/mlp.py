"""scikit-learn's networks: the same classes, of which each fit is a graph that these engines run."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target
from sklearn.utils.validation import check_is_fitted

from chainrule.arguments import public
from chainrule.doors import late
from chainrule.errors import DataError
from chainrule.estimators.base import checked
from chainrule.estimators.holding import check_numbers
from chainrule.estimators.labels import Labels, are_plainly, labels_of
from chainrule.estimators.losses import LOSSES, Loss
from chainrule.estimators.perceptron import Perceptron, learns_by_steps
from chainrule.estimators.settings import is_fitted, validated
from chainrule.estimators.telling import heard
from chainrule.estimators.theirs import ClassifierMixin, RegressorMixin
from chainrule.nn.kinds import ActivationLike, LossLike
from chainrule.nn.losses import poisson

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from chainrule.estimators.asked import loss_asked, loss_of_labels
    from chainrule.estimators.weighing import weights_of_classes, weights_of_labels
    from chainrule.train.kinds import CallbacksLike, OptimizerLike
    from chainrule.train.network import Network
else:  # what most fits do without
    loss_asked = late("chainrule.estimators.asked:loss_asked")
    loss_of_labels = late("chainrule.estimators.asked:loss_of_labels")
    weights_of_classes = late("chainrule.estimators.weighing:weights_of_classes")
    weights_of_labels = late("chainrule.estimators.weighing:weights_of_labels")

__all__ = ["MLPClassifier", "MLPRegressor"]


class MLPClassifier(ClassifierMixin, Perceptron):
    """A network for classes, as scikit-learn's ``MLPClassifier``: the same parameters, attributes and numbers.

    With the same ``random_state`` it begins with the same weights, sees the examples in the same orders and ends with
    the same weights, but for rounding. It learns in an engine's machine code, as every network here.

    Args:
        hidden_layer_sizes: How many neurons each hidden layer has: ``(100,)`` is one of 100, ``()`` none; a number
            alone is one layer.
        activation: What the hidden layers end in: "identity", "logistic", "tanh", "relu" or another of ours by name, an
            object such as ``cr.LeakyReLU(0.2)``, or a function of nodes; a list has one for each layer.
        solver: "lbfgs" (for small tables), "sgd" or "adam".
        alpha: Half of it, times the squares of all weights, over the examples of a batch, is added to the loss.
        batch_size: The examples of a step; "auto" is 200, or all where there are fewer. "lbfgs" takes all.
        learning_rate: With "sgd": "constant"; "invscaling", the first one over the examples seen to the power of
            ``power_t``, epoch by epoch; or "adaptive", a fifth of it wherever training would have stopped. With any
            ``optimizer``, too.
        learning_rate_init: The first learning rate, of "sgd" and "adam".
        power_t: The exponent of "invscaling".
        max_iter: The epochs, or with "lbfgs" the iterations, at most.
        shuffle: Whether each epoch sees the examples in a new order.
        random_state: Fixes first weights, orders and what is held back: a whole number, a ``RandomState``, or None.
        tol: By how much the loss, or the score, must be better to count; with "lbfgs", how large an entry of the
            gradient counts as 0.
        verbose: Whether each epoch is told.
        warm_start: Whether ``fit`` goes on from the weights there are. With "resume" the optimizer's averages, the
            orders and what is dropped out go on as well: two fits of 10 epochs are one of 20.
        momentum: With "sgd": which share of a step the next one keeps.
        nesterovs_momentum: With "sgd": whether to look ahead.
        early_stopping: Whether to hold examples back, and to end with the weights of the best accuracy on them.
        validation_fraction: The share that is held back, each class alike where there are two.
        beta_1: With "adam": the weight of the past in the mean of the gradients.
        beta_2: With "adam": the weight of the past in the mean of their squares.
        epsilon: With "adam": what is added to the root of that.
        n_iter_no_change: Training ends when more epochs than this in a row were not better.
        max_fun: With "lbfgs": how often the cost may be asked for.
        loss: "log_loss", another of ours by name, an object such as ``cr.CategoricalCrossentropy(0.1)``, or a function
            ``(y, p)`` of nodes: from rows of 0 and a 1, and of probabilities, to what each example costs.
        class_weight: What the examples of each class weigh: a dict by class, or "balanced", such that all classes weigh
            alike. Of several labels at once a list of dicts, for the 0 and the 1 of each.
        dropout: Which share of each hidden layer's outputs is dropped while learning; a list has one for each layer.
        batch_normalization: Whether the sums of each hidden layer are normalized, over the batch while learning; after
            ``fit`` with the means and variances that all rows have.
        optimizer: Another than "sgd" or "adam": a name ("rmsprop", "adamw" ...), which takes its settings from the
            parameters here, or an object such as ``cr.AdamW(cr.Cosine(0.01))``, which has its own; None is ``solver``.
        scoring: What scores the examples held back: the name of one of scikit-learn's scorers, a function ``(estimator,
            X, y)``, "loss", or None: the accuracy.
        callbacks: Whom to tell of each epoch: a function ``(network, epoch, logs)`` that ends the fit where it returns
            True, ``cr.CSVLog(...)``, or a list. For scikit-learn's see :meth:`set_callbacks`.
        dtype: What to compute in, "float32" or "float64"; None is that of X.
        engine: The name of one of ``cr.ENGINES``, or "auto".

    Attributes:
        classes_: All labels, sorted.
        loss_: The loss of the last epoch, alpha's share included.
        best_loss_: The least loss; None with ``early_stopping``.
        loss_curve_: The loss of each epoch, of all fits where it is a ``warm_start`` or ``partial_fit``.
        validation_scores_: The score of each epoch with ``early_stopping`` or ``X_val``, else None.
        validation_loss_curve_: What the scored examples cost after each epoch, without alpha's share, else None.
        best_validation_score_: The largest of them, else None.
        t_: How many examples were learned from, each as often as it was.
        coefs_: The weights of each layer, ``(inputs, outputs)``. Those of yours may be put there: predictions follow.
        intercepts_: The biases of each layer, ``(outputs,)``, likewise.
        n_features_in_: How many columns X had.
        feature_names_in_: What they are called, where all names are texts.
        n_iter_: How many epochs, or iterations, the last fit took.
        n_layers_: How many layers there are, input and output counted.
        n_outputs_: How many numbers are put out for an example.
        out_activation_: What the last layer ends in.
        network_: The fitted network, a :class:`Network`: it explains, saves, shows itself.

    >>> X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), ["no", "yes", "yes", "no"]
    >>> model = cr.MLPClassifier(8, "tanh", solver="lbfgs", random_state=1).fit(X, y)
    >>> model.predict(X)
    array(['no', 'yes', 'yes', 'no'], dtype='<U3')
    >>> model.network_
    Network([Dense(8, activation='tanh'), Dense(1, activation='sigmoid')]) with 33 parameters

    What scikit-learn's does not have:

    >>> table, target = cr.load_table("iris")
    >>> X, y = table.drop(columns=target).to_numpy(), table[target].to_numpy()
    >>> layers = {"hidden_layer_sizes": (32, 16), "activation": ["gelu", "tanh"], "dropout": [0.2, 0.0]}
    >>> learning = {"optimizer": cr.AdamW(cr.Cosine(0.01)), "class_weight": "balanced", "max_iter": 60}
    >>> model = cr.MLPClassifier(**layers, **learning, early_stopping=True, scoring="f1_macro", random_state=0)
    >>> model = model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    >>> model.score(X[1::2], y[1::2]) > 0.9, len(model.validation_loss_curve_) == model.n_iter_
    (True, True)
    >>> list(model.activations(X[:2]))[:4]
    ['Z1', 'A1', 'Z2', 'A2']
    """

    classes_: "NDArray[Any]"
    n_outputs_: int
    out_activation_: str

    def __init__(
        self,
        hidden_layer_sizes: "int | Sequence[int]" = (100,),
        activation: "ActivationLike | Sequence[ActivationLike]" = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: "int | np.random.RandomState | None" = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool | str = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: LossLike = "log_loss",
        class_weight: "str | Mapping[Hashable, float] | Sequence[Mapping[int, float]] | None" = None,
        dropout: float | Sequence[float] = 0.0,
        batch_normalization: bool = False,
        optimizer: "OptimizerLike | None" = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: "CallbacksLike[Network]" = None,
        dtype: "DTypeLike | None" = None,
        engine: str = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation: ActivationLike | Sequence[ActivationLike] = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.class_weight = class_weight
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.optimizer = optimizer
        self.scoring = scoring
        self.callbacks = callbacks
        self.dtype = dtype
        self.engine = engine

    _labels: Labels

    @property
    def _loss(self) -> Loss:
        if not (isinstance(self.loss, str) and self.loss == "log_loss"):
            return loss_asked(self.loss)
        if self._label_weights is not None:
            return loss_of_labels(self._label_weights)
        return LOSSES["log_loss" if self.out_activation_ == "softmax" else "binary_log_loss"]

    _label_weights: np.ndarray | None = None  # of the no and the yes of each label, where these are weighed
    _class_weights: np.ndarray | None = None  # of each class, likewise

    def _factors(self, y: np.ndarray, incremental: bool, judging: bool = False) -> np.ndarray | None:
        numbers = (y if y.ndim == 1 else y[:, 0]).astype(np.intp)
        if not judging:
            self._weigh_classes(y, numbers, incremental)
        return None if self._class_weights is None else self._class_weights[numbers]

    def _weigh_classes(self, y: np.ndarray, numbers: np.ndarray, incremental: bool) -> None:
        self._label_weights = self._class_weights = None
        if self.class_weight is None:
            return
        if incremental and isinstance(self.class_weight, str):
            why = f"class_weight={self.class_weight!r} counts all rows, and partial_fit sees a part"
            raise DataError(f"{why} of them. Give the weights: class_weight={{class: weight, ...}}.")
        if self._labels.kind == "multilabel-indicator":
            self._label_weights = weights_of_labels(self.class_weight, y)
        else:
            self._class_weights = weights_of_classes(self.class_weight, numbers, self.classes_)

    def _named(self, y: np.ndarray) -> Any:
        return self._labels.named(y)

    def _read(self, X: Any, y: Any, incremental: bool, reset: bool, judging: bool = False) -> tuple[Any, Any]:
        if reset or not self._are_right(X, y):
            X, y = checked(
                self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=self._dtypes, reset=reset
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if judging:
            self._labels.check_judges(y)
        elif not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._labels = labels_of(y)
            self.classes_ = self._labels.classes
        else:
            parts = incremental and self.warm_start == "resume"  # of which none needs all classes
            self._labels.check_more(y, self.warm_start and not parts)
        return X, y

    def _encoded(self, y: Any, dtype: np.dtype[Any]) -> np.ndarray:
        self._end_in(self._labels.outputs, self._labels.activation)
        return self._labels.encoded(y, dtype)

    @property
    def _stratifies(self) -> bool:
        return bool(self.n_outputs_ == 1)

    def _score_of(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        return self._labels.accuracy(y, p, weight)

    @public
    def predict(self, X: "ArrayLike") -> "NDArray[Any]":
        """Predict the classes of examples.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).

        Returns:
            The labels, (n_samples,) or for several at once (n_samples, n_classes).

        Raises:
            ValueError: What scikit-learn says of X: NaN, say, or another number of columns.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> cr.MLPClassifier(5, "tanh", solver="lbfgs", random_state=0).fit(X, y).predict(X).tolist()
        ['low', 'low', 'high', 'high']
        """
        check_is_fitted(self)
        return self._labels.decoded(self._outputs(X))

    @available_if(learns_by_steps)  # type: ignore[untyped-decorator]
    @public
    def partial_fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        sample_weight: "ArrayLike | None" = None,
        classes: "ArrayLike | None" = None,
        *,
        X_val: "ArrayLike | None" = None,
        y_val: "ArrayLike | None" = None,
        sample_weight_val: "ArrayLike | None" = None,
    ) -> "MLPClassifier":
        """Learn from examples for one epoch, and go on from where the last call was.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).
            y: Their labels.
            sample_weight: A weight for each example, (n_samples,).
            classes: All labels that may come; they are needed at the first call, but where each example has several
                labels: its columns are the classes.
            X_val: Examples that are scored after this epoch, and not learned from.
            y_val: Their labels.
            sample_weight_val: What they weigh.

        Returns:
            The estimator itself.

        Raises:
            AttributeError: With "lbfgs", which does not go step by step.
            DataError: If X, y or the weights are arrays of another library than NumPy.
            ValueError: What scikit-learn says of X, y and the parameters; if weights become infinite; or if
                ``classes`` is missing the first time, or another later.

        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
        >>> from chainrule import MLPClassifier
        >>> model = MLPClassifier(learning_rate_init=0.01, random_state=0)
        >>> for rows in [[0, 3], [1, 2]] * 100:
        ...     model = model.partial_fit(X[rows], y[rows], classes=[0, 1])
        >>> model.predict(X)
        array([0, 0, 1, 1])
        """
        several = not hasattr(self, "classes_") and type_of_target(y).startswith("multilabel")
        if several and classes is None:
            classes = np.arange(np.shape(y)[1])
        judges = X_val, y_val, sample_weight_val
        with validated(self, again=is_fitted(self)):
            known = getattr(self, "classes_", None)
            if not are_plainly(classes, known) and _check_partial_fit_first_call(self, classes):
                self._labels = labels_of(y if several else classes)
            heard(self, self._fit, X, y, sample_weight, judges, incremental=True)
        return self

    @public
    def predict_log_proba(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return the logarithm of the probability of each class.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).

        Returns:
            The logarithms, (n_samples, n_classes), in the order of ``classes_``.

        Raises:
            ValueError: What scikit-learn says of X: NaN, say, or another number of columns.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> model = cr.MLPClassifier(5, "tanh", solver="lbfgs", random_state=0).fit(X, y)
        >>> np.array_equal(model.predict_log_proba(X), np.log(model.predict_proba(X)))
        True
        """
        found = self.predict_proba(X)
        return np.log(found, out=found)

    @public
    def predict_proba(self, X: "ArrayLike") -> "NDArray[Any]":
        """Return the probability of each class.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).

        Returns:
            The probabilities, (n_samples, n_classes), in the order of ``classes_``.

        Raises:
            ValueError: What scikit-learn says of X: NaN, say, or another number of columns.

        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> model = cr.MLPClassifier(5, "tanh", solver="lbfgs", random_state=0).fit(X, y)
        >>> model.predict_proba([[0.0], [3.0]]).round(2)
        array([[0., 1.],
               [1., 0.]])
        """
        check_is_fitted(self)
        p = self._outputs(X)
        return np.hstack([1 - p, p]) if self.n_outputs_ == 1 else p

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, Perceptron):
    """A network for numbers, as scikit-learn's ``MLPRegressor``: the same parameters, attributes and numbers.

    With the same ``random_state`` it begins with the same weights, sees the examples in the same orders and ends with
    the same weights, but for rounding. It learns in an engine's machine code, as every network here.

    Args:
        loss: "squared_error"; "poisson" for counts, whose logarithm the network then learns; "absolute_error" or
            another of ours by name; an object such as ``cr.Huber(0.5)`` or ``cr.Quantile(0.9)``; or a function
            ``(y, p)`` of nodes: from targets and predictions to what each example costs.
        hidden_layer_sizes: How many neurons each hidden layer has: ``(100,)`` is one of 100, ``()`` none; a number
            alone is one layer.
        activation: What the hidden layers end in: "identity", "logistic", "tanh", "relu" or another of ours by name, an
            object such as ``cr.LeakyReLU(0.2)``, or a function of nodes; a list has one for each layer.
        solver: "lbfgs" (for small tables), "sgd" or "adam".
        alpha: Half of it, times the squares of all weights, over the examples of a batch, is added to the loss.
        batch_size: The examples of a step; "auto" is 200, or all where there are fewer. "lbfgs" takes all.
        learning_rate: With "sgd": "constant"; "invscaling", the first one over the examples seen to the power of
            ``power_t``, epoch by epoch; or "adaptive", a fifth of it wherever training would have stopped. With any
            ``optimizer``, too.
        learning_rate_init: The first learning rate, of "sgd" and "adam".
        power_t: The exponent of "invscaling".
        max_iter: The epochs, or with "lbfgs" the iterations, at most.
        shuffle: Whether each epoch sees the examples in a new order.
        random_state: Fixes first weights, orders and what is held back: a whole number, a ``RandomState``, or None.
        tol: By how much the loss, or the score, must be better to count; with "lbfgs", how large an entry of the
            gradient counts as 0.
        verbose: Whether each epoch is told.
        warm_start: Whether ``fit`` goes on from the weights there are. With "resume" the optimizer's averages, the
            orders and what is dropped out go on as well: two fits of 10 epochs are one of 20.
        momentum: With "sgd": which share of a step the next one keeps.
        nesterovs_momentum: With "sgd": whether to look ahead.
        early_stopping: Whether to hold examples back, and to end with the weights of the best R² on them.
        validation_fraction: The share that is held back.
        beta_1: With "adam": the weight of the past in the mean of the gradients.
        beta_2: With "adam": the weight of the past in the mean of their squares.
        epsilon: With "adam": what is added to the root of that.
        n_iter_no_change: Training ends when more epochs than this in a row were not better.
        max_fun: With "lbfgs": how often the cost may be asked for.
        dropout: Which share of each hidden layer's outputs is dropped while learning; a list has one for each layer.
        batch_normalization: Whether the sums of each hidden layer are normalized, over the batch while learning; after
            ``fit`` with the means and variances that all rows have.
        optimizer: Another than "sgd" or "adam": a name ("rmsprop", "adamw" ...), which takes its settings from the
            parameters here, or an object such as ``cr.AdamW(cr.Cosine(0.01))``, which has its own; None is ``solver``.
        scoring: What scores the examples held back: the name of one of scikit-learn's scorers, a function ``(estimator,
            X, y)``, "loss", or None: R².
        callbacks: Whom to tell of each epoch: a function ``(network, epoch, logs)`` that ends the fit where it returns
            True, ``cr.CSVLog(...)``, or a list. For scikit-learn's see :meth:`set_callbacks`.
        dtype: What to compute in, "float32" or "float64"; None is that of X.
        engine: The name of one of ``cr.ENGINES``, or "auto".

    Attributes:
        loss_: The loss of the last epoch, alpha's share included.
        best_loss_: The least loss; None with ``early_stopping``.
        loss_curve_: The loss of each epoch, of all fits where it is a ``warm_start`` or ``partial_fit``.
        validation_scores_: The score of each epoch with ``early_stopping`` or ``X_val``, else None.
        validation_loss_curve_: What the scored examples cost after each epoch, without alpha's share, else None.
        best_validation_score_: The largest of them, else None.
        t_: How many examples were learned from, each as often as it was.
        coefs_: The weights of each layer, ``(inputs, outputs)``. Those of yours may be put there: predictions follow.
        intercepts_: The biases of each layer, ``(outputs,)``, likewise.
        n_features_in_: How many columns X had.
        feature_names_in_: What they are called, where all names are texts.
        n_iter_: How many epochs, or iterations, the last fit took.
        n_layers_: How many layers there are, input and output counted.
        n_outputs_: How many numbers are put out for an example.
        out_activation_: What the last layer ends in.
        network_: The fitted network, a :class:`Network`: it explains, saves, shows itself.

    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> model = cr.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0).fit(X, 3 * X.ravel() + 1)
    >>> model.predict([[0.5]]).round(3)
    array([2.5])
    >>> model.network_
    Network([Dense(1)]) with 2 parameters

    What scikit-learn's does not have, here any loss: nine in ten targets are below what this one predicts.

    >>> rng = np.random.default_rng(0)
    >>> X = np.linspace(0, 1, 500)[:, None]
    >>> y = X.ravel() + rng.exponential(size=500)
    >>> high = cr.MLPRegressor(cr.Quantile(0.9), (), learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> bool(0.87 < np.mean(y < high.predict(X)) < 0.93)
    True
    """

    n_outputs_: int

    def __init__(
        self,
        loss: LossLike = "squared_error",
        hidden_layer_sizes: "int | Sequence[int]" = (100,),
        activation: "ActivationLike | Sequence[ActivationLike]" = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: "int | np.random.RandomState | None" = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool | str = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float | Sequence[float] = 0.0,
        batch_normalization: bool = False,
        optimizer: "OptimizerLike | None" = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: "CallbacksLike[Network]" = None,
        dtype: "DTypeLike | None" = None,
        engine: str = "auto",
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation: ActivationLike | Sequence[ActivationLike] = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.optimizer = optimizer
        self.scoring = scoring
        self.callbacks = callbacks
        self.dtype = dtype
        self.engine = engine

    @property
    def _loss(self) -> Loss:
        if self._is_poisson:
            return LOSSES["poisson"]
        squared = isinstance(self.loss, str) and self.loss == "squared_error"
        return LOSSES["squared_error"] if squared else loss_asked(self.loss)

    @property
    def _is_poisson(self) -> bool:
        return self.loss is poisson or (isinstance(self.loss, str) and self.loss == "poisson")

    def _read(self, X: Any, y: Any, incremental: bool, reset: bool, judging: bool = False) -> tuple[Any, Any]:
        if reset or not self._are_right(X, y):
            X, y = checked(
                self,
                X,
                y,
                accept_sparse=["csr", "csc"],
                multi_output=True,
                y_numeric=True,
                dtype=self._dtypes,
                reset=reset,
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        before = self.n_outputs_ if judging else None if reset else self.coefs_[-1].shape[1]
        check_numbers(y, before, self._is_poisson, "y_val" if judging else "y")
        return X, y

    def _named(self, y: np.ndarray) -> Any:
        return y.ravel() if y.shape[1] == 1 else y

    def _encoded(self, y: Any, dtype: np.dtype[Any]) -> np.ndarray:
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        self._end_in(y.shape[1], "exp" if self._is_poisson else "identity")
        return np.asarray(y, dtype)

    def _score_of(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        from sklearn.metrics import r2_score  # noqa: PLC0415 -- for early stopping alone

        return float(r2_score(y, p, sample_weight=weight)) if np.isfinite(p).all() else float("nan")

    @public
    def predict(self, X: "ArrayLike") -> "NDArray[Any]":
        """Predict the targets of examples.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).

        Returns:
            The predictions, (n_samples,) or (n_samples, n_outputs).

        Raises:
            ValueError: What scikit-learn says of X: NaN, say, or another number of columns.

        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> model = cr.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0).fit(X, X.ravel() + 1)
        >>> model.predict([[0.5], [1.0]]).round(3)
        array([1.5, 2. ])
        """
        check_is_fitted(self)
        found = self._outputs(X)
        return found.ravel() if found.shape[1] == 1 else found

    @public
    def partial_fit(
        self,
        X: "ArrayLike",
        y: "ArrayLike",
        sample_weight: "ArrayLike | None" = None,
        *,
        X_val: "ArrayLike | None" = None,
        y_val: "ArrayLike | None" = None,
        sample_weight_val: "ArrayLike | None" = None,
    ) -> "MLPRegressor":
        """Learn from examples for one epoch, and go on from where the last call was.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).
            y: Their targets.
            sample_weight: A weight for each example, (n_samples,).
            X_val: Examples that are scored after this epoch, and not learned from.
            y_val: Their targets.
            sample_weight_val: What they weigh.

        Returns:
            The estimator itself.

        Raises:
            DataError: If X, y or the weights are arrays of another library than NumPy.
            ValueError: What scikit-learn says of X, y and the parameters; if weights become infinite; or with
                ``early_stopping``.

        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> model = cr.MLPRegressor(hidden_layer_sizes=(), learning_rate_init=0.1, random_state=0)
        >>> for _ in range(200):
        ...     model = model.partial_fit(X, X.ravel() + 1)
        >>> model.predict([[0.5], [1.0]]).round(2)
        array([1.5, 2. ])
        """
        judges = X_val, y_val, sample_weight_val
        with validated(self, again=is_fitted(self)):
            heard(self, self._fit, X, y, sample_weight, judges, incremental=True)
        return self
