"""What the classifier and the regressor have in common: a fit as scikit-learn does it, of a network of ours."""

import itertools
import math
import warnings
from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from chainrule.arguments import public
from chainrule.doors import late
from chainrule.engines.compiled import Compiled
from chainrule.engines.executable import Executable
from chainrule.estimators.base import Estimator, checked, refuse_foreign
from chainrule.estimators.course import Course, Orders, Rate, Watch
from chainrule.estimators.learner import Learner, Target, learner_of
from chainrule.estimators.losses import Loss
from chainrule.estimators.rules import Moments, Rule, Steps
from chainrule.estimators.settings import CONSTRAINTS, STOCHASTIC, validated
from chainrule.graph.evaluate import Arrays
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.dense import Dense
from chainrule.train.optimizers import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from chainrule.estimators.quasi import minimised
    from chainrule.estimators.whole import whole_cost
    from chainrule.train.network import Network
else:  # what most fits do without
    minimised = late("chainrule.estimators.quasi:minimised")
    whole_cost = late("chainrule.estimators.whole:whole_cost")
    Network = late("chainrule.train.network:Network")

NAMES: dict[str, str | None] = {
    "logistic": "sigmoid",
    "exp": "exponential",
    "identity": None,
}  # ours, where it differs
BLOCK_BYTES = 2**25  # of sparse rows that are written out at a time, to predict


@dataclass
class Descent:
    """An optimizer under way: how it steps, what it keeps, how many steps it has made.

    Attributes:
        rule: How it steps.
        rate: Its learning rate.
        slots: What it keeps; empty before the first step.
        steps: How many it has made.
    """

    rule: Optimizer
    rate: Rate
    slots: Arrays
    steps: int = 0

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.rate.now


class Perceptron(Estimator):
    """A multi-layer perceptron, whose training step is one graph."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS
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
        hidden = NAMES.get(self.activation, self.activation)
        last = NAMES.get(self.out_activation_, self.out_activation_)
        return [
            Dense(w.shape[1], last if i == len(self.coefs_) - 1 else hidden)
            for i, w in enumerate(self.coefs_)
        ]

    def _key(self) -> Hashable:
        """Return what these layers have in common with those of others alike."""
        return tuple([w.shape[1] for w in self.coefs_]), self.activation, self.out_activation_

    def _learner(self, dtype: np.dtype, weighed: bool = False) -> Learner:
        return learner_of(
            self._key(),
            self._layers,
            len(self.coefs_[0]),
            dtype.name,
            self._loss,
            self._target(dtype),
            weighed,
        )

    def _target(self, dtype: np.dtype) -> Target:
        if self.out_activation_ == "softmax":
            return Target((), np.dtype(np.int64))
        return Target((self.n_outputs_,), dtype)

    def _rule(self) -> Rule:
        if self.solver == "sgd":
            return Steps(momentum=float(self.momentum), nesterov=bool(self.nesterovs_momentum))
        return Moments(beta_1=float(self.beta_1), beta_2=float(self.beta_2), epsilon=float(self.epsilon))

    @property
    def _engine(self) -> str:
        return "auto"

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

    @property
    def _dtype(self) -> np.dtype:
        return np.result_type(*self.coefs_, *self.intercepts_)

    # --- its values: weights and biases in turn, as a network has them ---

    @property
    def _values(self) -> Arrays:
        return [x for pair in zip(self.coefs_, self.intercepts_, strict=True) for x in pair]

    @_values.setter
    def _values(self, values: Sequence[np.ndarray]) -> None:
        self.coefs_, self.intercepts_ = list(values[::2]), list(values[1::2])

    def _initialize(self, units: list[int], dtype: np.dtype) -> None:
        """Draw the first weights (Glorot & Bengio 2010), as scikit-learn does."""
        factor = 2.0 if self.activation == "logistic" else 6.0
        self.coefs_, self.intercepts_ = [], []
        for before, after in itertools.pairwise(units):
            bound = np.sqrt(factor / (before + after))
            weights = self._random_state.uniform(-bound, bound, (before, after))
            biases = self._random_state.uniform(-bound, bound, after)
            self.coefs_.append(weights.astype(dtype, copy=False))
            self.intercepts_.append(biases.astype(dtype, copy=False))
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(units)
        if self.solver in STOCHASTIC:
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
    def _read(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Any]:
        """Return X and y, checked; from y it may be known what is put out."""

    @abstractmethod
    def _encoded(self, y: Any, dtype: np.dtype) -> np.ndarray:
        """Return y as the network learns it; n_outputs_ and out_activation_ are known after this."""

    @abstractmethod
    def _score_of(self, y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> float:
        """Return how good outputs are, given encoded targets."""

    @public
    def fit(self, X: "ArrayLike", y: "ArrayLike", sample_weight: "ArrayLike | None" = None) -> Self:
        """Fit the model to data matrix X and target(s) y.

        Args:
            X: The input data, an array or a sparse matrix of shape (n_samples, n_features).
            y: The target values, (n_samples,) or (n_samples, n_outputs): class labels, or real numbers.
            sample_weight: A weight for each example, (n_samples,); None for equal ones.

        Returns:
            The estimator itself.

        Raises:
            DataError: If X, y or the weights are arrays of another library than NumPy.
            ValueError: What scikit-learn says of X, y and the parameters; if weights become infinite.

        >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), ["low", "low", "high", "high"]
        >>> cr.MLPClassifier(5, "tanh", solver="lbfgs", random_state=0).fit(X, y).score(X, y)
        1.0
        """
        with validated(self):
            self._fit(X, y, sample_weight, incremental=False)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> None:
        sizes = self.hidden_layer_sizes
        hidden = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if np.any(np.array(hidden) <= 0):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._read(X, y, incremental, reset=first)
        if sample_weight is not None:
            refuse_foreign(sample_weight=sample_weight)
            sample_weight = _check_sample_weight(sample_weight, X)
        self._random_state = check_random_state(self.random_state)
        y = self._encoded(y, X.dtype)
        if first:
            self._initialize([X.shape[1], *hidden, self.n_outputs_], X.dtype)
        if self.solver in STOCHASTIC:
            self._descend(X, y, sample_weight, incremental)
        else:
            self._minimise(X, y, sample_weight)
        if not all(np.isfinite(w).all() for w in self._values):
            raise ValueError(self._not_finite())

    def _not_finite(self, why: str = "") -> str:
        return (
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed.{why}"
        )

    def _minimise(self, X: Any, y: np.ndarray, weight: np.ndarray | None) -> None:
        dtype = X.dtype
        learner = self._learner(dtype, weight is not None)
        table = [X, y, *([] if weight is None else [_cast(weight, dtype)])]
        executable = self._on(learner.slopes, min(self.max_iter, self.max_fun), X.shape[0])
        whole = whole_cost(executable, table, self.alpha)

        def cost(values: Arrays) -> tuple[float, Arrays]:
            loss, slopes = whole([_cast(x, dtype) for x in _in_turn(values)])
            return loss, [*slopes[::2], *slopes[1::2]]

        start = [np.asarray(x, dtype) for x in [*self.coefs_, *self.intercepts_]]
        found = minimised(cost, start, self.max_iter, self.max_fun, self.tol, self.verbose)
        self._values = _in_turn(found.values)
        self.loss_, self.n_iter_ = found.loss, found.iterations

    def _descend(self, X: Any, y: np.ndarray, weight: np.ndarray | None, incremental: bool) -> None:
        if not incremental or not hasattr(self, "_optimizer"):
            constant = self.solver != "sgd"
            rate = Rate(self.learning_rate_init, "constant" if constant else self.learning_rate, self.power_t)
            self._optimizer = Descent(self._rule(), rate, [])
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        held = None
        if self.early_stopping:
            (X, y, weight), held = self._held_back(X, y, weight)
        rows, dtype = X.shape[0], self._dtype
        learner = self._learner(dtype, weight is not None)
        size = self._batch_size(rows)
        epochs = 1 if incremental else self.max_iter
        program = learner.training(self._optimizer.rule)
        executable = self._on(program, epochs * -(-rows // size), size)
        table = [_cast(X, dtype), _cast(y, dtype), *([] if weight is None else [_cast(weight, dtype)])]
        watch = self._watch(learner, held)
        private = not isinstance(self.random_state, np.random.RandomState) and self.random_state is not None
        random = self._random_state if self.shuffle else None
        course = Course(executable, table, size, Orders(rows, random, private, size < rows), watch)
        self._run(course, program, epochs, incremental)

    def _run(self, course: Course, program: Compiled, epochs: int, incremental: bool) -> None:
        watch, method, values = course.watch, self._optimizer, self._values
        slots = method.slots or [
            np.zeros(n.shape, n.dtype) for n in program.program.state[len(values) : -SETTINGS]
        ]
        clock = [method.steps, 0, method.rate.now, 1.0, 1.0]
        state = [
            *values,
            *slots,
            *(np.asarray(x) for x in (float(self.alpha), *clock[:2], *map(float, clock[2:]))),
        ]
        state, stopped, failure = course.run(state, epochs)
        self._values = state[: len(values)]
        method.slots, method.steps = state[len(values) : -SETTINGS], int(state[-len(clock)])
        self.n_iter_, self.t_ = watch.epochs, watch.seen
        self._no_improvement_count, self.best_loss_ = watch.waited, watch.best_loss
        if watch.losses:
            self.loss_ = watch.losses[-1]
        if watch.score is not None:
            self.best_validation_score_ = watch.best_score
        if failure is not None and watch.score is None:
            raise ValueError(self._not_finite())
        if failure is not None:  # the best weights are finite
            watch.losses.append(float("nan"))
            watch.scores.append(float("nan"))
        if stopped == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=2)
        elif not stopped and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )
        if watch.score is not None and watch.best:
            self._values = watch.best

    def _watch(self, learner: Learner, held: Any) -> Watch:
        watch = Watch(
            self._optimizer.rate, self.tol, self.n_iter_no_change, self.verbose, self.loss_curve_, self.best_loss_,
            waited=self._no_improvement_count, seen=self.t_, count=2 * len(self.coefs_),
        )  # fmt: skip
        if held is not None:
            X, y, weight = held

            def score(state: Sequence[np.ndarray]) -> float:
                return self._score_of(y, self._put_out(X, list(state[: watch.count])), weight)

            if self.validation_scores_ is None:  # fitted before, without early stopping
                self.validation_scores_ = []
            known = self.best_validation_score_
            watch.score, watch.scores = score, self.validation_scores_
            watch.best_score = -np.inf if known is None else known
            watch.best = [np.array(x) for x in self._values]
        return watch

    def _batch_size(self, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=2,
            )
        return int(np.clip(self.batch_size, 1, rows))

    def _held_back(self, X: Any, y: np.ndarray, weight: np.ndarray | None) -> tuple[Any, Any]:
        """Return the examples to learn from and those to be scored on, as ``train_test_split`` cuts them."""
        from sklearn.model_selection import train_test_split  # noqa: PLC0415 -- for early stopping alone

        stratify = y.ravel().astype(bool) if self._stratifies else None
        learned, held = train_test_split(
            np.arange(X.shape[0]),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=stratify,
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        every = (X, y, weight)
        one, other = ([None if each is None else each[rows] for each in every] for rows in (learned, held))
        return one, other

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

    def _put_out(self, X: Any, values: Arrays) -> np.ndarray:
        dtype = np.result_type(X.dtype, *values)
        dtype = dtype if dtype.kind == "f" and dtype.itemsize in (4, 8) else np.dtype(np.float64)
        learner = self._learner(dtype)
        values = [x if x.dtype is dtype else np.asarray(x, dtype) for x in values]
        if scipy.sparse.issparse(X):
            X = X.tocsr()
            block = max(1, BLOCK_BYTES // max(X.shape[1] * dtype.itemsize, 1))
            starts = range(0, X.shape[0], block)
            parts = [_cast(X[start : start + block].toarray(), dtype) for start in starts]
            return np.concatenate([learner.predicted(x, values, self._engine) for x in parts])
        return learner.predicted(_cast(X, dtype), values, self._engine)


SETTINGS = 6  # of a training step's state, after the values and slots: alpha and the clock


def _cast(x: Any, dtype: np.dtype) -> Any:
    """Return numbers in a dtype; labels stay whole numbers, a sparse matrix stays one."""
    if scipy.sparse.issparse(x):
        return x.astype(dtype, copy=False)
    return x if x.dtype.kind == "i" and x.ndim == 1 else np.asarray(x, dtype)


def _in_turn(values: Sequence[np.ndarray]) -> Arrays:
    half = len(values) // 2
    return [x for pair in zip(values[:half], values[half:], strict=True) for x in pair]


def learns_by_steps(estimator: Any) -> bool:
    """Say whether there is a partial_fit; where there is none, scikit-learn's words are raised."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True
