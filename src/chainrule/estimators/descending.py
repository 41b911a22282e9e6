"""A descent step by step: of an estimator, its optimizer, its rows and what ends it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from sklearn.exceptions import ConvergenceWarning

from chainrule.doors import late
from chainrule.engines.compiled import Compiled
from chainrule.engines.epochs import Batches, Failure
from chainrule.estimators.course import Course, Orders, Rate, Watch
from chainrule.estimators.holding import Rows, cast, split_off
from chainrule.estimators.learner import Learner
from chainrule.estimators.rules import Moments, Steps
from chainrule.estimators.settings import warn_as_theirs
from chainrule.estimators.telling import audience
from chainrule.graph.evaluate import Arrays
from chainrule.train.objective import CLOCK, STEP_AT
from chainrule.train.optimizers import Optimizer

if TYPE_CHECKING:
    from chainrule.estimators.asked import rule_asked
    from chainrule.estimators.exploding import explosion, not_finite
    from chainrule.estimators.judging import judge
    from chainrule.nn.layers.normalization import BatchNormalization
else:  # what most fits do without
    rule_asked = late("chainrule.estimators.asked:rule_asked")
    explosion = late("chainrule.estimators.exploding:explosion")
    not_finite = late("chainrule.estimators.exploding:not_finite")
    judge = late("chainrule.estimators.judging:judge")
    BatchNormalization = late("chainrule.nn.layers.normalization:BatchNormalization")

PARTS = 100  # so many calls of partial_fit an engine is chosen for
ROWS_TO_SETTLE = 10_000  # so many suffice for a mean and a variance
SETTINGS = 1 + len(CLOCK)  # of a training step's state, after the values and slots: alpha and the clock


@dataclass
class Descent:
    """An optimizer under way: how it steps, what it keeps, how many steps it has made.

    Attributes:
        rule: How it steps.
        rate: Its learning rate.
        slots: What it keeps; empty before the first step.
        steps: How many it has made.
        seed: Of what is dropped out.
    """

    rule: Optimizer
    rate: Rate
    slots: Arrays
    steps: int = 0
    seed: int = 0

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.rate.now


def descent_of(model: Any) -> Descent:
    """Return the optimizer before its first step."""
    seed = int(model._random_state.randint(2**31 - 1)) if np.any(model.dropout) else 0
    rule, rate = _chosen(model)
    return Descent(rule, rate, [], seed=seed)


def _chosen(model: Any) -> tuple[Optimizer, Rate]:
    """Return how an estimator is to step, and the learning rate that it begins with."""
    if model.optimizer is not None:
        rule, initial = rule_asked(model.optimizer, model)
        return rule, Rate(initial, model.learning_rate, model.power_t)
    if model.solver == "sgd":
        steps = Steps(momentum=float(model.momentum), nesterov=bool(model.nesterovs_momentum))
        return steps, Rate(model.learning_rate_init, model.learning_rate, model.power_t)
    betas = {"beta_1": float(model.beta_1), "beta_2": float(model.beta_2)}
    return Moments(**betas, epsilon=float(model.epsilon)), Rate(model.learning_rate_init)


def _going_on(model: Any) -> Descent:
    """Return the optimizer of a fit that goes on, at the rate that is set now; one that is another begins anew."""
    before: Descent = model._optimizer
    rule, rate = _chosen(model)
    if rule != before.rule:
        return descent_of(model)
    known = before.rate
    if (rate.initial, rate.schedule, rate.power) == (known.initial, known.schedule, known.power):
        return before
    return Descent(rule, rate, before.slots, before.steps, before.seed)


def descend(model: Any, rows: Rows, held: Rows | None, incremental: bool, resumes: bool) -> None:
    """Fit an estimator to rows.

    Args:
        model: The estimator, whose weights are where it begins.
        rows: What it learns from, and, with early stopping and no others, what some are held back of.
        held: What it is scored on, or None.
        incremental: Whether it does one epoch more, and keeps its optimizer.
        resumes: Whether it goes on with all there is.
    """
    if not (incremental or resumes) or not hasattr(model, "_optimizer"):
        model._optimizer = descent_of(model)
    elif resumes:
        model._optimizer = _going_on(model)
    if model.early_stopping and incremental:
        raise ValueError(
            "partial_fit does not support early_stopping=True. Each call is one iteration, and who calls it "
            "decides when to stop: set early_stopping=False, and give X_val and y_val to record their score."
        )
    if model.early_stopping and held is None:
        rows, held = _split(model, rows, resumes)
    count, dtype = len(rows), model._dtype
    learner = model._learner(dtype, rows.mass is not None)
    batches = Batches(_batch_size(model, count), 2 if model._beside else 1)
    epochs = 1 if incremental else model.max_iter
    program = learner.training(model._optimizer.rule)
    alike = PARTS if incremental else 1  # a part is one of many
    executable = model._on(program, alike * epochs * batches.steps(count), batches.largest(count))
    table = [cast(rows.X, dtype), model._targets(rows.y, dtype)]
    if rows.mass is not None:
        table.append(cast(rows.mass, dtype))
    watch = _watch(model, held)
    if model._beside and not incremental:
        watch.settled = _settling(model, learner, table)
    private = model.random_state is not None and not isinstance(model.random_state, np.random.RandomState)
    private = private and model.warm_start != "resume"
    random = model._random_state if model.shuffle else None
    orders = Orders(count, random, private, batches.size < count)
    if resumes and model._order is not None and len(model._order) == count:
        orders.last = model._order
    course = Course(executable, table, batches, orders, watch)
    watch.hears = audience(model, rows, epochs)
    _run(model, course, program, epochs, incremental, resumes)


def _settling(model: Any, learner: Learner, table: Sequence[Any]) -> Callable[[Arrays], Arrays]:
    """Return what gives values the means and variances that the rows have with them.

    The running ones lag behind the weights, much so in a short fit. Ioffe & Szegedy (2015, algorithm 2) predict
    with those of the population too.
    """
    some = slice(None, None, max(1, table[0].shape[0] // ROWS_TO_SETTLE))
    thin = [x[some].toarray() if scipy.sparse.issparse(x) else x[some] for x in table]
    executable = model._on(learner.settling, model.max_iter, len(thin[0]))
    half, share = len(model._beside) // 2, 1 - BatchNormalization().momentum
    running = [np.zeros_like(x) for x in model._beside[half:]]

    def settled(values: Arrays) -> Arrays:
        moved = executable.step([*values[:-half], *running, np.asarray(0), np.asarray(0)], thin)[1]
        return [*values[:-half], *((x / share).astype(x.dtype) for x in moved)]

    return settled


def _run(
    model: Any, course: Course, program: Compiled, epochs: int, incremental: bool, resumes: bool
) -> None:
    watch, method = course.watch, model._optimizer
    values = model._values
    if resumes and model.early_stopping and model._at_end is not None:
        values = model._at_end
    slots = method.slots or [
        np.zeros(n.shape, n.dtype) for n in program.program.state[len(values) : -SETTINGS]
    ]
    steps = course.batches.steps(course.rows)
    total = steps * (model.max_iter if incremental else epochs) + (0 if incremental else method.steps)
    settings = float(model.alpha), method.steps, method.seed, method.rate.now, float(total), float(steps)
    state, stopped, failure = course.run([*values, *slots, *map(np.asarray, settings)], epochs)
    model._values = watch.settled(state[: len(values)]) if failure is None else state[: len(values)]
    method.slots, method.steps = state[len(values) : -SETTINGS], int(state[STEP_AT])
    model.n_iter_, model.t_ = watch.epochs, watch.seen
    model._no_improvement_count, model.best_loss_ = watch.waited, watch.best_loss
    if watch.losses:
        model.loss_ = watch.losses[-1]
    if watch.judge is not None:
        model.best_validation_score_ = watch.best_score
    kept = model.warm_start == "resume"
    model._at_end, model._order = (state[: len(values)], course.orders.last) if kept else (None, None)
    if watch.hears is not None:
        watch.hears.end()
    if failure is not None:
        _exploded(model, failure, course)
    if stopped == "interrupted":
        warn_as_theirs("Training interrupted by user.")
    elif not stopped and not incremental:
        warn_as_theirs(
            f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
        )
    if watch.decides and watch.best:
        model._values = watch.best


def _exploded(model: Any, failure: Failure, course: Course) -> None:
    """Say where the loss became NaN or infinite: raise, unless there are weights that scored well."""
    watch = course.watch
    why = explosion(failure, watch.losses, watch.epochs, *rate_words(model))
    if not watch.decides:
        raise ValueError(not_finite(f" {why}"))
    watch.fail()
    model.n_iter_, model.loss_ = watch.epochs, watch.losses[-1]
    kept = f"iteration {watch.best_epoch}" if watch.best_epoch else "the beginning"
    warn_as_theirs(f"{why} Training ended there, and kept the weights of {kept}.", ConvergenceWarning)


def rate_words(model: Any) -> tuple[str, str]:
    """The learning rate and a tenth of it, as the user sets them."""
    own = model.optimizer is not None and not isinstance(model.optimizer, str)
    rate = model._optimizer.rate
    if own and rate.initial == 1.0:  # it has a schedule, or a rate that nobody else knows
        return "the learning rate of the optimizer", "a tenth of it"
    name = f"{type(model.optimizer).__name__}(learning_rate=" if own else "learning_rate_init="
    end = ")" if own else ""
    return f"{name}{rate.initial:g}{end}", f"{name}{rate.initial / 10:g}{end}"


def _watch(model: Any, held: Rows | None) -> Watch:
    watch = Watch(
        model._optimizer.rate, model.tol, model.n_iter_no_change, model.verbose, model.loss_curve_, model.best_loss_,
        waited=model._no_improvement_count, seen=model.t_, count=len(model._values),
    )  # fmt: skip
    if held is not None:
        watch.judge, watch.scores, watch.judged = judge(model, held)
        watch.decides = bool(model.early_stopping)
        known = model.best_validation_score_
        watch.best_score = -np.inf if known is None else known
        watch.best = [np.array(x) for x in model._values]
    return watch


def _batch_size(model: Any, rows: int) -> int:
    if model.batch_size == "auto":
        return min(200, rows)
    if model.batch_size > rows:
        warn_as_theirs("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
    return int(np.clip(model.batch_size, 1, rows))


def _split(model: Any, rows: Rows, resumes: bool) -> tuple[Rows, Rows]:
    """Return the rows to learn from, and those that are held back: in a fit that goes on, the same."""
    random = model._random_state
    if resumes and model._split_at is not None:
        random = np.random.RandomState()
        random.set_state(model._split_at)
    else:
        model._split_at = random.get_state() if model.warm_start == "resume" else None
    stratify = rows.y.astype(bool) if model._stratifies else None
    return split_off(rows, model.validation_fraction, random, stratify)
