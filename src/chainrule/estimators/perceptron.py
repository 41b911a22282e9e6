"""What the classifier and the regressor have in common: a fit as scikit-learn does it, of a network of ours."""

import itertools
import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import scipy.sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from chainrule.arguments import public
from chainrule.doors import late
from chainrule.engines.compiled import Compiled
from chainrule.engines.executable import Executable
from chainrule.estimators.base import Estimator, check_given, checked, refuse_foreign
from chainrule.estimators.descending import descend, rate_words
from chainrule.estimators.hidden import (
    activations_of,
    apart,
    first_beside,
    first_bounds,
    hidden_layers,
    rates_of,
    together,
)
from chainrule.estimators.holding import Rows, cast
from chainrule.estimators.learner import Learner, Target, forget, learner_of
from chainrule.estimators.losses import Loss
from chainrule.estimators.settings import CONSTRAINTS, STOCHASTIC, check_extras, validated
from chainrule.estimators.telling import heard, set_callbacks
from chainrule.estimators.written import blocks
from chainrule.graph.evaluate import Arrays
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Dense

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from chainrule.estimators.exploding import last_update, not_finite
    from chainrule.estimators.minimising import minimise
    from chainrule.nn.kinds import ActivationLike
    from chainrule.train.network import Network, float_name
else:  # what most fits do without
    last_update = late("chainrule.estimators.exploding:last_update")
    not_finite = late("chainrule.estimators.exploding:not_finite")
    minimise = late("chainrule.estimators.minimising:minimise")
    Network = late("chainrule.train.network:Network")
    float_name = late("chainrule.train.network:float_name")

# Our names of activations, where they differ.
NAMES: dict[str, str | None] = {"logistic": "sigmoid", "exp": "exponential", "identity": None}


class Perceptron(Estimator):
    """A multi-layer perceptron, whose training step is one graph."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS
    hidden_layer_sizes: "int | Sequence[int]"
    activation: "ActivationLike | Sequence[ActivationLike]"
    solver: str
    random_state: "int | np.random.RandomState | None"
    warm_start: bool | str
    early_stopping: bool
    dropout: float | Sequence[float]
    batch_normalization: bool
    dtype: "DTypeLike | None"
    engine: str
    coefs_: "list[NDArray[Any]]"
    intercepts_: "list[NDArray[Any]]"
    loss_: float
    n_iter_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    t_: int

    # --- what it is made of ---

    @property
    @abstractmethod
    def _loss(self) -> Loss:
        """What is minimised."""

    def _layers(self) -> list[Layer]:
        """Return the layers, of the sizes that the fitted weights have."""
        *hidden, outputs = [w.shape[1] for w in self.coefs_]
        last = NAMES.get(self.out_activation_, self.out_activation_)
        activations = [
            NAMES.get(each, each) if isinstance(each, str) else each
            for each in activations_of(self.activation, len(hidden))
        ]
        return [*hidden_layers(hidden, activations, self.dropout, bool(self._beside)), Dense(outputs, last)]

    def _key(self) -> tuple[Any, ...]:
        """Return what these layers have in common with those of others alike."""
        sizes = [w.shape[1] for w in self.coefs_]
        each = activations_of(self.activation, len(sizes) - 1), rates_of(self.dropout, len(sizes) - 1)
        return *sizes, self.out_activation_, *each[0], *each[1], bool(self._beside)

    def _learner(self, dtype: np.dtype, weighed: bool = False) -> Learner:
        features, target = len(self.coefs_[0]), self._target(dtype)
        return learner_of(self, self._key(), self._layers, features, dtype.name, self._loss, target, weighed)

    def _target(self, dtype: np.dtype) -> Target:
        if self._loss.numbered:
            return Target((), np.dtype(np.int64))
        return Target((self.n_outputs_,), dtype)

    def _targets(self, y: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Return encoded targets as the loss takes them: the numbers of classes, or rows of floats."""
        if y.ndim > 1 or self._loss.numbered:
            return cast(y, dtype)
        return np.eye(self.n_outputs_, dtype=dtype)[y]

    @property
    def _engine(self) -> str:
        return str(self.engine)

    def _on(self, program: Compiled, steps: int, rows: int) -> Executable:
        return program.on(self._engine, steps, rows)

    @property
    def network_(self) -> "Network":
        """The fitted network: it explains, saves, shows itself, and has the weights of this estimator.

        Raises:
            AttributeError: If nothing was fitted.

        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> model = cr.MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0).fit(X, X.ravel() - 1)
        >>> model.network_.parameters["W1"].round(3)
        array([[1.]])
        """
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet, so it has no network_.")
        network = Network(
            self._layers(), input_shape=len(self.coefs_[0]), dtype=self._dtype.name, engine=self._engine
        )
        network._programs.values.set(self._values)
        return network

    @public
    def activations(self, X: "ArrayLike") -> "dict[str, NDArray[Any]]":
        """Return what every layer computes for examples: "Z1" before the first activation, "A1" behind it, and so on.

        Args:
            X: An array or a sparse matrix of shape (n_samples, n_features).

        Returns:
            Arrays by name, each with a row for each example.

        Raises:
            ValueError: What scikit-learn says of X: NaN, say, or another number of columns.

        >>> X = np.linspace(-1, 1, 20)[:, None]
        >>> model = cr.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0).fit(X, np.abs(X.ravel()))
        >>> values = model.activations(X)
        >>> values["A1"].shape, np.array_equal(values["A1"], np.maximum(values["Z1"], 0))
        ((20, 3), True)
        """
        check_is_fitted(self)
        rows: Any = checked(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self.network_.activations(rows.toarray() if scipy.sparse.issparse(rows) else rows)

    @property
    def _dtypes(self) -> Any:
        """What X is cast to: what it has, if it is one of these."""
        return (np.float64, np.float32) if self.dtype is None else np.dtype(float_name(self.dtype))

    @property
    def _dtype(self) -> np.dtype:
        return np.result_type(*self.coefs_, *self.intercepts_)

    # --- its values: weights and biases in turn, as a network has them ---

    _beside: Sequence[np.ndarray] = ()  # what normalization has learned
    _at_end: Arrays | None = None  # the last values, where a fit is to go on from them, and not from the best
    _order: np.ndarray | None = None  # the last order of the rows, likewise
    _split_at: Any = None  # what the random state was when rows were held back, likewise

    @property
    def _values(self) -> Arrays:
        return together(self.coefs_, self.intercepts_, self._beside)

    @_values.setter
    def _values(self, values: Sequence[np.ndarray]) -> None:
        self.coefs_, self.intercepts_, beside = apart(values, len(self.coefs_), bool(self._beside))
        if beside:
            self._beside = beside

    def _initialize(self, units: list[int], dtype: np.dtype) -> None:
        """Draw the first weights (Glorot & Bengio 2010), as scikit-learn does."""
        self.coefs_, self.intercepts_ = [], []
        bounds = first_bounds(self.activation, units)
        for (before, after), bound in zip(itertools.pairwise(units), bounds, strict=True):
            weights = self._random_state.uniform(-bound, bound, (before, after))
            biases = self._random_state.uniform(-bound, bound, after)
            self.coefs_.append(weights.astype(dtype, copy=False))
            self.intercepts_.append(biases.astype(dtype, copy=False))
        self._beside = first_beside(units[1:-1], dtype) if self.batch_normalization else ()
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        self.validation_loss_curve_: list[float] | None = None
        if self.solver in STOCHASTIC:
            self._begin_curves()

    def _begin_curves(self) -> None:
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        stopping = self.early_stopping
        self.best_loss_: float | None = None if stopping else np.inf
        self.validation_scores_: list[float] | None = [] if stopping else None
        self.best_validation_score_: float | None = -np.inf if stopping else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # --- a fit ---

    @abstractmethod
    def _read(self, X: Any, y: Any, incremental: bool, reset: bool, judging: bool = False) -> tuple[Any, Any]:
        """Return X and y, checked; from y it may be known what is put out, but where both only judge."""

    def _end_in(self, outputs: int, activation: str) -> None:
        self.n_outputs_, self.out_activation_ = outputs, activation

    @abstractmethod
    def _encoded(self, y: Any, dtype: np.dtype) -> np.ndarray:
        """Return y as the network learns it; n_outputs_ and out_activation_ are known after this."""

    @abstractmethod
    def _score_of(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        """Return how good outputs are, given encoded targets."""

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
    ) -> Self:
        """Fit the model to data matrix X and target(s) y.

        Args:
            X: The input data, an array or a sparse matrix of shape (n_samples, n_features).
            y: The target values, (n_samples,) or (n_samples, n_outputs): class labels, or real numbers.
            sample_weight: A weight for each example, (n_samples,); None for equal ones.
            X_val: Examples that are scored after each epoch, and not learned from; with ``early_stopping`` they decide
                which epoch was the best, and nothing of X is held back.
            y_val: Their targets.
            sample_weight_val: What they weigh.

        Returns:
            The estimator itself.

        Raises:
            DataError: If X, y or the weights are arrays of another library than NumPy, or a choice beyond those of
                scikit-learn makes no sense.
            ValueError: What scikit-learn says of X, y and the parameters; if weights become infinite.

        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["low", "low", "high", "high"]
        >>> cr.MLPClassifier(5, "tanh", solver="lbfgs", random_state=0).fit(X, y).score(X, y)
        1.0
        """
        judges = X_val, y_val, sample_weight_val
        with validated(self):
            heard(self, self._fit, X, y, sample_weight, judges, incremental=False)
        return self

    @public
    def set_callbacks(self, *callbacks: Any) -> Self:
        """Let callbacks of scikit-learn's hear of each iteration, in the place of those that do so far.

        Args:
            callbacks: ``sklearn.callback.ProgressBar()``, ``ScoringMonitor(scoring="accuracy")`` or others that follow
                their protocol, from scikit-learn 1.9 on; none takes away those there are.

        Returns:
            The estimator itself.

        Raises:
            TypeError: If one follows it not, in scikit-learn's words, or an older scikit-learn is installed.

        >>> cr.MLPClassifier(8).set_callbacks()
        MLPClassifier(hidden_layer_sizes=8)
        """
        set_callbacks(self, *callbacks)
        return self

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, judges: tuple[Any, Any, Any], incremental: bool
    ) -> None:
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if np.any(np.array(hidden) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        check_extras(self)
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._read(X, y, incremental, reset=first)
        if sample_weight is not None:
            refuse_foreign(sample_weight=sample_weight)
            sample_weight = _check_sample_weight(sample_weight, X)
        resumes = self.warm_start == "resume" and not (first or incremental)
        if not resumes:
            self._random_state = check_random_state(self.random_state)
        y = self._encoded(y, X.dtype)
        rows = Rows(X, y, sample_weight, self._factors(y, incremental))
        held = self._held(judges, X.dtype) if check_given(*judges) else None
        if first:
            forget(self)
            self._initialize([X.shape[1], *hidden, self.n_outputs_], X.dtype)
        if self.solver in STOCHASTIC:
            if not hasattr(self, "loss_curve_"):  # it goes on where L-BFGS ended
                self._begin_curves()
            descend(self, rows, held, incremental, resumes)
        else:
            minimise(self, rows, held)
        if not all(np.isfinite(w).all() for w in self._values):
            by_steps = self.solver in STOCHASTIC
            raise ValueError(not_finite(f" {last_update(*rate_words(self))}" if by_steps else ""))

    def _held(self, judges: tuple[Any, Any, Any], dtype: np.dtype) -> Rows:
        """Return the rows that are given to be scored on."""
        X, y = self._read(*judges[:2], incremental=True, reset=False, judging=True)
        weight = None if judges[2] is None else _check_sample_weight(judges[2], X)
        y = self._encoded(y, dtype)
        return Rows(X, y, weight, self._factors(y, incremental=False, judging=True), judges[:2])

    @abstractmethod
    def _named(self, y: np.ndarray) -> Any:
        """Return encoded targets as the user knows them."""

    def _factors(self, y: np.ndarray, incremental: bool, judging: bool = False) -> np.ndarray | None:
        """Return what the class of each example weighs, or None."""
        return None

    @property
    def _stratifies(self) -> bool:
        return False

    # --- predicting ---

    def _outputs(self, X: Any) -> np.ndarray:
        """Return what the network puts out, (n_samples, n_outputs)."""
        if not self._is_right(X):
            X = checked(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self._put_out(X, self._values)

    def _is_right(self, X: Any) -> bool:
        """Say whether X is plainly what is predicted for, so that scikit-learn would find nothing to say of it.

        To ask it takes five times as long as to predict for a row.
        """
        if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.char not in "df" or not X.size:
            return False
        if X.shape[1] != getattr(self, "n_features_in_", None) or "feature_names_in_" in vars(self):
            return False
        with np.errstate(all="ignore"):
            return math.isfinite(np.add.reduce(X, axis=None))

    def _are_right(self, X: Any, y: Any) -> bool:
        """Say whether X and y are plainly what a fit goes on with, likewise."""
        if type(y) is not np.ndarray or y.ndim != 1 or y.dtype.kind not in "biuf":
            return False
        if not self._is_right(X) or len(X) != len(y) or self.dtype not in (None, X.dtype):
            return False
        with np.errstate(all="ignore"):
            return y.dtype.kind != "f" or math.isfinite(np.add.reduce(y))

    def _put_out(self, X: Any, values: Arrays) -> np.ndarray:
        dtype = np.result_type(X.dtype, *values)
        dtype = dtype if dtype.kind == "f" and dtype.itemsize in (4, 8) else np.dtype(np.float64)
        learner = self._learner(dtype)
        values = [x if x.dtype is dtype else np.asarray(x, dtype) for x in values]
        if scipy.sparse.issparse(X):
            X = X.tocsr()
            parts = (cast(X[rows].toarray(), dtype) for rows in blocks(X))
            return np.concatenate([learner.predicted(x, values, self._engine) for x in parts])
        return learner.predicted(cast(X, dtype), values, self._engine)


def learns_by_steps(estimator: Any) -> bool:
    """Say whether there is a partial_fit; where there is none, scikit-learn's words are raised."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True
