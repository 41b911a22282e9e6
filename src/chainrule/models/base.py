"""The way from data to a model, the same for every kind of data: prepare, fit, score, learn from all rows.

A kind of data supplies a :class:`DataKind`, and nothing here knows of tables.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from chainrule.doors import late
from chainrule.errors import DataError
from chainrule.models.by_folds import in_a_sentence, mean_of
from chainrule.models.options import USUAL_EPOCHS, USUAL_RATE, Training
from chainrule.models.rows import Rows
from chainrule.models.runs import note, noted
from chainrule.models.scores import Scores
from chainrule.shown import counted
from chainrule.signals import Ended, asking
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.metrics import Metric
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam, Optimizer
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
CUT_SHORT = (
    "Time was over within the first epoch. Another time it ends elsewhere: no configuration repeats this."
)
SECONDS = "seconds"  # what a checkpoint calls how long its fits took
BRIEF = 1.0  # seconds, below which a first fit is over before others like it need a line
FAR = 10.0  # times the cost of a guess: no beginning of a training costs as much


def adam(options: Training) -> Optimizer:
    """Return Adam as it was chosen, or as is usual."""
    return Adam(options.learning_rate or USUAL_RATE, clip_norm=options.clip_norm)


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
        optimizer: Makes what moves the weights, of choices.
        unseen: Targets, and what the network that was trained said of them without having learned from them: of the
            examples that say when to stop, or of all by others that did not learn from them.
        tested: What it says of those that judge.
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
    optimizer: Callable[[Training], Optimizer] = adam
    unseen: Arrays | None = None
    tested: np.ndarray | None = None


@dataclass(frozen=True)
class Fitted(Generic[D]):
    """A network that learned, and how it is done again.

    Attributes:
        ready: What it learned from, with what its training told.
        network: The network.
        history: Its training.
        epochs: After how many epochs it was best.
        again: Learns from other examples without choosing anew: takes these, how many epochs are best, and what was
            done before; returns a network, and why it is not to be kept, or "".
    """

    ready: Ready[D]
    network: Network
    history: History
    epochs: int
    again: Callable[[Ready[D], int, "Stages"], tuple[Network, History, str]]


@dataclass(frozen=True)
class DataKind(Generic[D]):
    """What is special to a kind of data.

    Attributes:
        prepare: Makes examples ready, and learns what there is to learn of them from those to learn from and those
            that say when to stop alone.
        score: Judges a network by examples that it never saw.
        settle: Adds what only a trained network tells, of examples that it did not learn from.
        fit: Trains: takes the name of the stage, what to learn from, the choices, what was done before, and whom to
            tell; returns what learned.
    """

    prepare: Callable[[Rows, Training], Ready[D]]
    score: Callable[[Ready[D], Network, Arrays], Scores]
    settle: Callable[[Ready[D], Network], Ready[D]] = lambda ready, network: ready
    fit: "Callable[[str, Ready[D], Training, Stages, Say], Fitted[D]]" = (
        lambda name, ready, options, stages, say: fit_one(name, ready, options, stages)
    )


@dataclass(frozen=True)
class Fold(Generic[D]):
    """A network that judges by examples of its own, in cross-validation.

    Attributes:
        ready: What it learned from.
        network: The network.
        rows: Which examples it learned from, which said when to stop, and which judged.
        scores: Those on the examples that judged.
        history: Its training.
        epochs: After how many epochs it was best.
    """

    ready: Ready[D]
    network: Network
    rows: Rows
    scores: Scores
    history: History
    epochs: int


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
        seconds: How long all of it took.
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
    seconds: float


@dataclass
class Stages:
    """The fits of a training, one after another, by name.

    Attributes:
        verbose: As in :meth:`Network.fit`; at 1 those that follow a brief one show nothing.
        histories: Those of the fits that are done.
        file: Where it is written down how far they are; where one was there, those that had ended are read from it, and
            the one that was broken off goes on.
        began: When, by the clock of the process.
        before: How many seconds it took until it was broken off.
    """

    verbose: int = 0
    histories: dict[str, History] = field(default_factory=dict)
    file: "Checkpoints | None" = None
    began: float = field(init=False)
    before: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = time.perf_counter()
        self.before = noted(self.file, SECONDS).get("milliseconds", 0) / 1000

    @property
    def seconds(self) -> float:
        """How long all of it took until now, what another process did of it included."""
        return self.before + time.perf_counter() - self.began

    def ended(self, names: Sequence[str], histories: Sequence[History]) -> None:
        """Take down fits that have ended."""
        self.histories.update(zip(names, histories, strict=True))
        if self.file is not None and self.file.fits:
            note(self.file, SECONDS, {"milliseconds": round(1000 * self.seconds)})

    @property
    def verbose_now(self) -> int:
        """How much the next fit shows."""
        first = next(iter(self.histories.values()), None)
        return 0 if self.verbose == 1 and first is not None and first.seconds < BRIEF else self.verbose

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
    """Fit a network, as a stage of a training.

    Args:
        name: That of the stage: "main", "refit", "fold 1".
        network: The network, untrained.
        ready: What to learn from, and what says when to stop.
        options: The choices, all decided.
        stages: What was done before.
        epochs: How many at most; as chosen if None.
        stopping: What ends it earlier.
    """
    if epochs is not None and ready.optimizer is adam:
        options, epochs = replace(options, epochs=epochs), None
    # else a rate that falls over the run falls as it did where that was chosen
    return fit_stages([name], [network], ready, [options], stages, until=epochs, stopping=stopping)[0]


@dataclass(frozen=True)
class _End:
    """A callback that tells of a fit that has ended of itself."""

    tell: Callable[[Network, History], Any]
    on_any_thread: ClassVar[bool] = True

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
    until: int | None = None,
    seconds: float | None = None,
    stopping: EarlyStopping | None = None,
    ended: Sequence[Callable[[Network, History], Any]] = (),
) -> list[History]:
    """Fit several networks on the same examples at once, each a stage as by :func:`fit_stage`, to the same bits.

    ``until`` ends all of them before the course of their epochs does, and ``seconds`` are for all together: what is
    left is shared by those that have not begun. By default each has the time of its choices. ``ended`` has for each
    what is told that it has ended, perhaps by a thread of its own.
    """
    common: list[Any] = [] if stopping is None else [stopping]
    histories = fit_many(
        networks,
        *ready.learn,
        optimizer=[ready.optimizer(each) for each in choices], batch_size=[each.batch_size for each in choices],
        epochs=[each.epochs or USUAL_EPOCHS for each in choices],
        class_weight=ready.class_weight, metrics=ready.watched, validation_data=ready.validation,
        callbacks=[[*common, _End(tell)] for tell in ended] if ended else common,
        time_budget=seconds or [each.time_budget for each in choices],
        resume=[stages.keeper(name) for name in names],
        until=until,
        verbose=stages.verbose_now,
    )  # fmt: skip
    stages.ended(names, histories)
    return histories


def train(
    kind: DataKind[D],
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
    main = _its_share(ready.options, len(folds), say)
    fitted = kind.fit("main", ready, main, stages, say)
    ready, network, history = fitted.ready, fitted.network, fitted.history
    if history.signal and not history.epochs:  # there is nothing to be kept
        raise Ended(history.signal)
    went = ready.options
    shorter = f"learning_rate={min((went.learning_rate or USUAL_RATE) / 10, USUAL_RATE):g}"
    if history.diverged and not history.epochs:
        raise DataError(
            "The cost became NaN or infinite in the first epoch, so nothing was learned.\n"
            f"Its steps were too long: try {shorter}."
        )
    if why := blown_up(history, ready.guess):
        say(f"{why} Try {shorter}.")
    network.engine = went.engine
    with asking() as late:  # what was learned is not lost by a signal that comes now
        ready = kind.settle(ready, network)
        scores = kind.score(ready, network, ready.test) if ready.test is not None else None
    history.signal = history.signal or late.number
    each = replace(went, time_budget=main.time_budget) if went.time_budget else went
    done = () if blown_up(history, ready.guess) else _by_folds(kind, folds, each, history, stages, say)
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
    fitted = replace(fitted, ready=ready)
    epochs = int(np.median([fold.epochs for fold in done] or [fitted.epochs]) + 0.5)
    kept, last, told = refit(kind, rows, fitted, stages, max(1, epochs), judged)
    if told:
        say(told)
    ended = history.signal or (main.time_budget and not cut_short(history))
    if ended and last is network and len(done) == len(folds):  # a repetition may have time for more
        went = replace(went, refit=False)
    return Trained(
        ready, last, kept, rows, scores, done, history, stages.histories, told, went, network, stages.seconds
    )  # fmt: skip


def _its_share(options: Training, folds: int, say: Say) -> Training:
    """Return choices with the time of the first fit, of all there is for folds and learning from all rows as well."""
    shares = 1 + folds + 1.5 * options.refit  # all rows are half as many again
    if not options.time_budget or shares == 1:
        return options
    main = replace(options, time_budget=options.time_budget / shares)
    who = "this network" if options.members == 1 else "these networks"
    say(f"Of {options.time_budget:g} s {main.time_budget:.3g} s are for {who}, the rest for others.")
    return main


def _by_folds(
    kind: DataKind[D], folds: Sequence[Rows], options: Training, main: History, stages: Stages, say: Say
) -> tuple[Fold[D], ...]:
    """Train a network for each fold and judge it; fewer than all of them where a signal ends it."""
    done: list[Fold[D]] = []
    for number, rows in enumerate(folds, start=1):
        if main.signal:
            break
        ready = kind.prepare(rows, options)
        fitted = kind.fit(f"fold {number}", ready, options, stages, lambda sentence: None)
        network, history = fitted.network, fitted.history
        main.signal = main.signal or history.signal
        ready = kind.settle(fitted.ready, network)
        if not history.signal and ready.test is not None:
            scores = kind.score(ready, network, ready.test)
            name, value = next(iter(scores.network.items()))
            say(f"Fold {number} of {len(folds)}: {name} {value:.4f} on {counted(scores.rows, 'row')}.")
            done.append(Fold(ready, network, rows, scores, history, fitted.epochs))
    return tuple(done)


def fit_one(name: str, ready: Ready[D], options: Training, stages: Stages) -> Fitted[D]:
    """Train the network of choices until its validation tells that it is best."""
    network = ready.network(options)
    history = fit_stage(name, network, ready, options, stages, stopping=ready.stopping)

    def again(whole: Ready[D], epochs: int, stages: Stages) -> tuple[Network, History, str]:
        network = whole.network(whole.options)
        with ends_untold():
            last = fit_stage("refit", network, whole, whole.options, stages, epochs=epochs)
        return network, last, dropped(last, epochs, whole)

    went = _as_it_went(ready, history)
    return Fitted(replace(ready, options=went), network, history, best_epochs(history), again)


def best_epochs(history: History) -> int:
    """Return after how many epochs a network was best."""
    return history.epochs if history.best_epoch is None else history.best_epoch + 1


def _as_it_went(ready: Ready[Any], history: History) -> Training:
    """Return the choices that lead to the same network where time, or a signal, might have ended the training."""
    options = ready.options
    if history.epochs == 0 or cut_short(history) or not (options.time_budget or history.signal):
        return options
    # the last epoch may have been broken off; and which engine is done first depends on the number of epochs
    return replace(options, epochs=best_epochs(history), engine=history.engine, time_budget=None)


def refit(
    kind: DataKind[D], rows: Rows, chosen: Fitted[D], stages: Stages, epochs: int, judged: str
) -> tuple[Ready[D], Network, str]:
    """Let what was chosen begin anew and learn from all rows, for as many epochs as were best.

    ``judged`` says whose scores stand in the report.

    Returns what the network that is kept learned from, that network, and a sentence.
    """
    ready, history, everything = chosen.ready, chosen.history, rows.all
    options = ready.options
    if cut_short(history):
        return ready, chosen.network, CUT_SHORT
    no_more = not options.refit or len(everything.learn) == len(ready.learn[0])
    if no_more or history.signal or history.diverged or blown_up(history, ready.guess):
        return ready, chosen.network, ""
    try:
        whole = kind.prepare(everything, options)
    except DataError as error:  # what was learned is not lost because more rows have other columns
        why = str(error).replace("\n", " ")
        told = f"All rows together teach nothing ({why}), so the network that was judged is kept."
        return ready, chosen.network, told
    network, again, why = chosen.again(whole, epochs, stages)
    history.signal = history.signal or again.signal
    if why:
        return ready, chosen.network, f"Learning from all rows {why}, so the network that was judged is kept."
    as_long = f", as many epochs as were best ({epochs})" if again.epochs else ""
    rows_of = counted(len(everything.learn), "row")
    return whole, network, f"Learned anew from all {rows_of}{as_long}; the scores are those of {judged}."


def dropped(again: History, epochs: int, whole: Ready[Any]) -> str:
    """Return why what learned from all rows is not kept, or ""."""
    if again.diverged or blown_up(again, whole.guess):
        return "diverged"
    return "was ended early" if again.epochs < epochs or again.last_share < 1 else ""


def cut_short(history: History) -> bool:
    """Say whether a training ended within its first epoch: no number of epochs leads there again."""
    return history.epochs == 1 and history.last_share < 1


def blown_up(history: History, guess: float) -> str:
    """Say so if no epoch's cost came near that of the same guess in every row, or return ""."""
    best = min(history["cost"], default=guess)
    if not best > FAR * guess:
        return ""
    than = f"and the same guess in every row costs {guess:.3g}"
    return f"The cost came down to {best:.3g} at best, {than}: the steps were too long."
