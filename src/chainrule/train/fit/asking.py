"""One fit from what the user asks for to its history: all is checked, then begun, then done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError, warn
from chainrule.friendly import named
from chainrule.nn.losses import LOSSES
from chainrule.signals import Asked as Signals
from chainrule.train import validation
from chainrule.train.callbacks import Listeners
from chainrule.train.fit.descent import descend
from chainrule.train.fit.divergence import Told, failure_of
from chainrule.train.fit.fitting import Fitting, Left
from chainrule.train.fit.preparing import begin, hold_back
from chainrule.train.fit.resuming import Keeper, ResumeLike
from chainrule.train.fit.settings import Settings
from chainrule.train.frames import names
from chainrule.train.objective import Examples
from chainrule.train.optimizers import optimizer
from chainrule.train.sequences import numbers_of

if TYPE_CHECKING:
    from chainrule.train.kept import Keeping


@dataclass(frozen=True)
class Asking:
    """What a user asks a fit for; the meaning of each is in :meth:`Network.fit`."""

    X: Any
    y: Any
    loss: Any = None
    optimizer: Any = "adam"
    batch_size: int | None = 32
    epochs: int = 100
    metrics: Any = ()
    validation_split: float = 0.0
    validation_data: Any = None
    shuffle: Any = True
    class_weight: Any = None
    sample_weight: Any = None
    callbacks: Any = ()
    tol: float | None = None
    time_budget: float | None = None
    resume: ResumeLike = None
    verbose: int = 0
    until: int | None = None


@dataclass(frozen=True, eq=False)
class Begun:
    """A fit that is ready for its first step.

    Attributes:
        network: Whose it is.
        run: The fit.
        keeper: What writes down how far it is, or None.
        before: What of the network an error before the first step leaves as it was.
    """

    network: Any
    run: Fitting
    keeper: Keeper | None
    before: Mapping[str, Any]


def begun(
    network: Any, asked: Asking, engine: str | None = None, times: int = 1, keep: "Keeping | None" = None
) -> Begun:
    """Check all that a fit is asked for and bring it to where its first step can be done.

    Args:
        network: What is to learn; nobody else changes it meanwhile.
        asked: What it is asked for.
        engine: What does the work of a network that leaves that open; None: what suits it.
        times: How many fits like this one there are, which the choice of an engine goes by.
        keep: What keeps something of every epoch, or None.
    """
    before = network._kept()
    with network._as_before(before):
        settings = Settings(
            asked.batch_size,
            asked.epochs,
            asked.validation_split,
            asked.tol,
            asked.time_budget,
            asked.verbose,
            asked.until,
        )
        if asked.validation_split and asked.validation_data is not None:
            raise DataError("Give validation_split or validation_data, not both.")
        method, listeners = optimizer(asked.optimizer), Listeners(asked.callbacks, network)
        _check_column_names(asked.X, asked.y)
        given = network._read(asked.X, asked.y, asked.sample_weight, learning=True)
        if given.rows == 0:
            raise DataError("X has no rows: there is nothing to learn from.")
        loss, metrics = asked.loss, asked.metrics
        examples = network._examples(given, loss, metrics, asked.class_weight)
        target = examples[1][len(given.inputs)]
        if target.dtype.kind == "f":
            validation.check_resolution(numbers_of(asked.y, "y"), target.dtype, asked.y, "y")
        held: Examples | None = None
        if asked.validation_data is not None:
            held = network._examples(network._read_validation(asked.validation_data), loss, metrics)
        elif asked.validation_split:
            examples, held = hold_back(examples, asked.validation_split, network.seed)
        network.loss = network.loss if loss is None else named("loss", loss, LOSSES)
        network._method = method
        run, keeper = begin(
            given.programs, settings, method, listeners, examples, held, asked.shuffle, network.runs, asked.resume,
            engine, times, keep,
        )  # fmt: skip
    return Begun(network, run, keeper, before)


def learn(fit: Begun, signals: Signals | None = None) -> None:
    """Do a fit; ``signals`` are those that ask for its end, where another thread than this one hears of them."""
    network, run = fit.network, fit.run
    with run.watched():
        with network._as_before(fit.before):
            run.listeners.begin(run.history if run.goes_on else None)
        network.runs = run.runs + 1
        descend(run, fit.keeper, signals)
    if run.keeping is not None:
        run.history.kept = run.keeping.found()
    if run.recorder is not None:
        run.history.recorded = run.recorder.found()


def fitted(network: Any, asked: Asking, before: Left | None = None) -> Fitting:
    """Do a fit from beginning to end.

    Args:
        network: What is to learn.
        asked: What is asked for.
        before: What an optimizer left that goes on; one of another kind begins anew.
    """
    with network._alone():
        fit = begun(network, asked)
        fit.run.before = before
        learn(fit)
        warn_of(fit)
        return fit.run


def failure(fit: Begun) -> Told | None:
    """Return what to say of a fit that diverged, or learned nothing, and as which warning."""
    return failure_of(fit.run, fit.network.columns, fit.network.runs == 1)


def warn_of(fit: Begun) -> None:
    """Warn of a fit that diverged, or learned nothing."""
    told = failure(fit)
    if told is not None:
        warn(*told)


def _check_column_names(X: Any, y: Any) -> None:
    """Raise where y is no column but the name of one."""
    if isinstance(y, str) and y in (names(X) or ()):
        raise DataError(
            f"y is the name of a column of X; give the column, and X without it: fit(X.drop(columns={y!r}), X[{y!r}]). "
            f"cr.TableModel.train(X, {y!r}) takes the whole table, and prepares its columns too."
        )
