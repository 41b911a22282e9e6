"""The way from data to a model, the same for every kind of data: prepare, fit, score, learn from all rows.

A kind of data supplies a :class:`Kind`, and nothing here knows of tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from chainrule.doors import late
from chainrule.errors import DataError
from chainrule.models.by_folds import in_a_sentence, mean_of
from chainrule.models.options import USUAL_RATE, Training
from chainrule.models.rows import Rows
from chainrule.models.scores import Scores
from chainrule.shown import counted
from chainrule.signals import asking
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.metrics import Metric
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam
from chainrule.train.progress import ends_untold

if TYPE_CHECKING:
    from chainrule.train.fit.resuming import Checkpoints, Keeper
    from chainrule.train.many import fit_many
else:  # a process that loads a model and predicts waits for nothing of learning
    Keeper = late("chainrule.train.fit.resuming:Keeper")
    fit_many = late("chainrule.train.many:fit_many")

D = TypeVar("D")
Arrays = tuple[Any, np.ndarray]
Say = Callable[[str], Any]

FLATTER = "No row was held back for a test: these said when to stop, so their scores flatter a little."
BRIEF = 1.0  # seconds, below which a first fit is over before others like it need a line
FAR = 10.0  # times the cost of a guess: no beginning of a training costs as much


@dataclass(frozen=True)
class Ready(Generic[D]):
    """Examples as numbers, and what suits them.

    Attributes:
        data: What the kind of data learned from them, such as the columns of a table.
        options: The choices, with those that the data decides.
        network: Makes the network of choices, untrained.
        learn: Inputs and targets of the examples to learn from.
        validation: Of those that say when to stop, and what each of them weighs where that differs.
        test: Of those that judge.
        stopping: When to stop, and what decides which epoch was best.
        guess: What the best guess costs that is the same for every example.
        about: Sentences about what was decided.
        watched: Metrics that are recorded of each epoch.
        class_weight: What each class weighs, by its number; None where all examples are equal.
    """

    data: D
    options: Training
    network: Callable[[Training], Network]
    learn: Arrays
    validation: Any
    test: Arrays | None
    stopping: EarlyStopping
    guess: float
    about: tuple[str, ...] = ()
    watched: tuple[Metric, ...] = ()
    class_weight: dict[int, float] | None = None


@dataclass(frozen=True)
class Kind(Generic[D]):
    """What is special to a kind of data.

    Attributes:
        prepare: Makes examples ready, and learns what there is to learn of them from those to learn from and those
            that say when to stop alone.
        score: Judges a network by examples that it never saw.
        settle: Adds what only a trained network tells, of examples that it did not learn from.
    """

    prepare: Callable[[Rows, Training], Ready[D]]
    score: Callable[[Ready[D], Network, Arrays], Scores]
    settle: Callable[[Ready[D], Network], Ready[D]] = lambda ready, network: ready


@dataclass(frozen=True)
class Fold(Generic[D]):
    """A network that judges by examples of its own, in cross-validation.

    Attributes:
        ready: What it learned from.
        network: The network.
        rows: Which examples it learned from, which said when to stop, and which judged.
        scores: Those on the examples that judged.
        history: Its training.
    """

    ready: Ready[D]
    network: Network
    rows: Rows
    scores: Scores
    history: History


@dataclass(frozen=True)
class Trained(Generic[D]):
    """What a training gave.

    Attributes:
        ready: What the chosen network learned from.
        network: The network that is kept.
        kept: What that one learned from.
        rows: Which examples the chosen network learned from, which said when to stop, and which judged.
        scores: Those of the chosen network on the rows of the test; without any, those by folds; without these, those
            on the rows that said when to stop.
        folds: The networks of cross-validation.
        history: That of the chosen network.
        histories: Those of all stages, by name.
        refit: What is said of learning from all rows.
        options: The choices that lead to the same networks again, whatever ended this training.
        judged: The network that was judged.
    """

    ready: Ready[D]
    network: Network
    kept: Ready[D]
    rows: Rows
    scores: Scores | None
    folds: tuple[Fold[D], ...]
    history: History
    histories: dict[str, History]
    refit: str
    options: Training
    judged: Network


@dataclass
class Stages:
    """The fits of a training, one after another, by name.

    Attributes:
        verbose: As in :meth:`Network.fit`; at 1 those that follow a brief one show nothing.
        histories: Those of the fits that are done.
        file: Where it is written down how far they are; where one was there, those that had ended are read from it, and
            the one that was broken off goes on.
    """

    verbose: int = 0
    histories: dict[str, History] = field(default_factory=dict)
    file: "Checkpoints | None" = None

    @property
    def signal(self) -> int:
        """The signal that ended one of them, 0 if none did."""
        return next((history.signal for history in self.histories.values() if history.signal), 0)

    def keeper(self, name: str) -> "Keeper | None":
        """Return what writes down how far a stage is."""
        return None if self.file is None else Keeper(self.file, name, alone=False)


def fit_stage(
    name: str,
    network: Network,
    ready: Ready[Any],
    options: Training,
    stages: Stages,
    *,
    epochs: int | None = None,
    stopping: EarlyStopping | None = None,
) -> History:
    """Fit a network, as a stage of a training: the one place where anything is learned.

    Args:
        name: That of the stage: "main", "refit", "fold 1".
        network: The network, untrained.
        ready: What to learn from, and what says when to stop.
        options: The choices, all decided.
        stages: What was done before.
        epochs: How many at most; as chosen if None.
        stopping: What ends it earlier.
    """
    first = next(iter(stages.histories.values()), None)
    brief = stages.verbose == 1 and first is not None and first.seconds < BRIEF
    history = network.fit(
        *ready.learn,
        optimizer=Adam(options.learning_rate, clip_norm=options.clip_norm),
        batch_size=options.batch_size,
        epochs=options.epochs if epochs is None else epochs,
        class_weight=ready.class_weight,
        metrics=ready.watched,
        validation_data=ready.validation,
        callbacks=[] if stopping is None else [stopping],
        time_budget=options.time_budget,
        resume=stages.keeper(name),
        verbose=0 if brief else stages.verbose,
    )
    stages.histories[name] = history
    return history


@dataclass(frozen=True)
class _End:
    """A callback that tells of a fit that has ended of itself."""

    tell: Callable[[Network, History], Any]

    def on_train_end(self, network: Network, history: History) -> None:
        if history.stopped and not history.signal:
            self.tell(network, history)


def fit_stages(
    names: Sequence[str],
    networks: Sequence[Network],
    ready: Ready[Any],
    choices: Sequence[Training],
    stages: Stages,
    *,
    stopping: EarlyStopping | None = None,
    ended: Sequence[Callable[[Network, History], Any]] = (),
) -> list[History]:
    """Fit several networks on the same examples at once, each a stage as by :func:`fit_stage`, to the same bits.

    Their ``time_budget`` is added up: who ends early leaves the rest to the others. ``ended`` has for each what is told
    that it has ended, perhaps by a thread of its own.
    """
    times = [each.time_budget for each in choices if each.time_budget]
    common: list[Any] = [] if stopping is None else [stopping]
    histories = fit_many(
        networks,
        *ready.learn,
        optimizer=[Adam(each.learning_rate, clip_norm=each.clip_norm) for each in choices],
        batch_size=[each.batch_size for each in choices],
        epochs=[each.epochs for each in choices],
        class_weight=ready.class_weight,
        metrics=ready.watched,
        validation_data=ready.validation,
        callbacks=[[*common, _End(tell)] for tell in ended] if ended else common,
        time_budget=sum(times) if times else None,
        resume=None if stages.file is None else [stages.keeper(name) for name in names],
        verbose=stages.verbose,
    )
    stages.histories.update(zip(names, histories, strict=True))
    return histories


def train(
    kind: Kind[D],
    rows: Rows,
    options: Training,
    say: Say,
    stages: Stages | None = None,
    folds: Sequence[Rows] = (),
) -> Trained[D]:
    """Train a network on examples, judge it by those it never saw, and let it learn from all of them.

    With folds others like it, each of which judges by other examples, tell how good it is and how long to learn.

    Raises :class:`~chainrule.errors.DataError` where nothing was learned.
    """
    stages = stages or Stages()
    ready = kind.prepare(rows, options)
    for sentence in ready.about:
        say(sentence)
    options = ready.options
    network = ready.network(options)
    main = options
    if options.time_budget:  # which is for the folds too, and for learning from all rows, half as many again
        shares = 1 + len(folds) + 1.5 * options.refit
        main = replace(options, time_budget=options.time_budget / shares)
        if shares > 1:
            say(
                f"Of {options.time_budget:g} s {main.time_budget:.3g} s are for this network, the rest for others."
            )
    history = fit_stage("main", network, ready, main, stages, stopping=ready.stopping)
    shorter = f"learning_rate={min(options.learning_rate / 10, USUAL_RATE):g}"
    if history.diverged and not history.epochs:
        raise DataError(
            "The cost became NaN or infinite in the first epoch, so nothing was learned.\n"
            f"Its steps were too long: try {shorter}."
        )
    if why := blown_up(history, ready.guess):
        say(f"{why} Try {shorter}.")
    options = _as_it_went(options, history)
    ready, network.engine = replace(ready, options=options), options.engine
    with asking() as late:  # what was learned is not lost by a signal that comes now
        ready = kind.settle(ready, network)
        scores = kind.score(ready, network, ready.test) if ready.test is not None else None
    history.signal = history.signal or late.number
    done = () if blown_up(history, ready.guess) else _by_folds(kind, folds, options, history, stages, say)
    judged = "the network before, on rows that it never saw"
    if len(done) == len(folds) > 0:
        crossed = mean_of([fold.scores for fold in done])
        if scores is None:
            scores, judged = crossed, f"{len(done)} networks, on rows that each never saw"
        else:
            scores = replace(scores, notes=(*scores.notes, in_a_sentence(crossed)))
    elif scores is None and ready.validation is not None:
        scores = kind.score(ready, network, ready.validation)
        scores, judged = replace(scores, notes=(FLATTER, *scores.notes)), "the network before"
    of_folds = [fold.history for fold in done]
    kept, last, told = refit(kind, rows, ready, network, history, stages, of_folds, judged)
    if told:
        say(told)
    if history.signal and last is network and len(done) == len(folds):
        options = replace(options, refit=False)
    return Trained(ready, last, kept, rows, scores, done, history, stages.histories, told, options, network)


def _by_folds(
    kind: Kind[D], folds: Sequence[Rows], options: Training, main: History, stages: Stages, say: Say
) -> tuple[Fold[D], ...]:
    """Train a network for each fold and judge it; fewer than all of them where a signal ends it."""
    done: list[Fold[D]] = []
    for number, rows in enumerate(folds, start=1):
        if main.signal:
            break
        ready = kind.prepare(rows, options)
        network = ready.network(options)
        history = fit_stage(f"fold {number}", network, ready, options, stages, stopping=ready.stopping)
        main.signal = main.signal or history.signal
        ready = kind.settle(ready, network)
        if not history.signal and ready.test is not None:
            scores = kind.score(ready, network, ready.test)
            name, value = next(iter(scores.network.items()))
            say(f"Fold {number} of {len(folds)}: {name} {value:.4f} on {counted(scores.rows, 'row')}.")
            done.append(Fold(ready, network, rows, scores, history))
    return tuple(done)


def best_epochs(history: History) -> int:
    """Return after how many epochs a network was best."""
    return history.epochs if history.best_epoch is None else history.best_epoch + 1


def _as_it_went(options: Training, history: History) -> Training:
    """Return the choices that lead to the same network where time, or a signal, might have ended the training."""
    if history.epochs == 0 or not (options.time_budget or history.signal):
        return options
    # the last epoch may have been broken off; and which engine is done first depends on the number of epochs
    return replace(options, epochs=best_epochs(history), engine=history.engine, time_budget=None)


def refit(
    kind: Kind[D],
    rows: Rows,
    ready: Ready[D],
    chosen: Network,
    history: History,
    stages: Stages,
    folds: Sequence[History],
    judged: str,
) -> tuple[Ready[D], Network, str]:
    """Let a network begin anew and learn from all rows, as long as the chosen one took to become best.

    With folds that is as long as theirs took, the one in the middle. ``judged`` says whose scores stand in the report.

    Returns what the network that is kept learned from, that network, and a sentence.
    """
    options, everything = ready.options, rows.all
    if not options.refit or len(everything.learn) == len(rows.learn):
        return ready, chosen, ""
    if history.signal or history.diverged or blown_up(history, ready.guess):
        return ready, chosen, ""
    epochs = max(1, int(np.median([best_epochs(each) for each in folds or [history]]) + 0.5))
    try:
        whole = kind.prepare(everything, options)
    except DataError as error:  # what was learned is not lost because more rows have other columns
        why = str(error).replace("\n", " ")
        told = f"All rows together teach nothing ({why}), so the network that was judged is kept."
        return ready, chosen, told
    network = whole.network(options)
    with ends_untold():
        again = fit_stage("refit", network, whole, options, stages, epochs=epochs)
    history.signal = history.signal or again.signal
    if why := _dropped(again, epochs, whole):
        return ready, chosen, f"Learning from all rows {why}, so the network that was judged is kept."
    return whole, network, (
        f"Learned anew from all {counted(len(everything.learn), 'row')}, as many epochs as were best ({epochs}); the "
        f"scores are those of {judged}."
    )  # fmt: skip


def _dropped(again: History, epochs: int, whole: Ready[Any]) -> str:
    """Return why what learned from all rows is not kept, or ""."""
    if again.diverged or blown_up(again, whole.guess):
        return "diverged"
    return "was ended early" if again.epochs < epochs else ""


def blown_up(history: History, guess: float) -> str:
    """Say so if no epoch's cost came near that of the same guess in every row, or return ""."""
    best = min(history["cost"], default=guess)
    if not best > FAR * guess:
        return ""
    return (
        f"The cost came down to {best:.3g} at best, and the same guess in every row costs {guess:.3g}: "
        "the steps were too long."
    )
