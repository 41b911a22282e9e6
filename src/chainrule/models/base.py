"""The way from data to a model, the same for every kind of data: prepare, fit, score, learn from all rows.

A kind of data supplies a :class:`Kind`, and nothing here knows of tables.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import numpy as np

from chainrule.errors import DataError
from chainrule.models.options import USUAL_RATE, Training
from chainrule.models.scores import Scores
from chainrule.shown import counted
from chainrule.signals import asking
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam

D = TypeVar("D")
Arrays = tuple[Any, np.ndarray]
Say = Callable[[str], Any]

FAR = 10.0  # times the cost of a guess: no beginning of a training costs as much


@dataclass(frozen=True)
class Rows:
    """Which examples are for what, by their position in the data.

    Attributes:
        learn: Those to learn from.
        validation: Those that only say when to stop.
        test: Those that have no part in either.
    """

    learn: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def all(self) -> "Rows":
        """All of them, to learn from."""
        nothing = self.learn[:0]
        return Rows(np.sort(np.concatenate([self.learn, self.validation, self.test])), nothing, nothing)


@dataclass(frozen=True)
class Ready(Generic[D]):
    """Examples as numbers, and what suits them.

    Attributes:
        data: What the kind of data learned from them, such as the columns of a table.
        options: The choices, with those that the data decides.
        network: Makes the network, untrained.
        learn: Inputs and targets of the examples to learn from.
        validation: Of those that say when to stop.
        test: Of those that judge.
        patience: For how many epochs to wait for a better one.
        guess: What the best guess costs that is the same for every example.
        about: Sentences about what was decided.
    """

    data: D
    options: Training
    network: Callable[[], Network]
    learn: Arrays
    validation: Arrays | None
    test: Arrays | None
    patience: int
    guess: float
    about: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind(Generic[D]):
    """What is special to a kind of data.

    Attributes:
        prepare: Makes examples ready, and learns what there is to learn of them from those to learn from and those
            that say when to stop alone.
        score: Judges a network by examples that it never saw.
    """

    prepare: Callable[[Rows, Training], Ready[D]]
    score: Callable[[Ready[D], Network, Arrays], Scores]


@dataclass(frozen=True)
class Trained(Generic[D]):
    """What a training gave.

    Attributes:
        ready: What the chosen network learned from.
        network: The network that is kept.
        kept: What that one learned from.
        rows: Which examples the chosen network learned from, which said when to stop, and which judged.
        scores: Those of the chosen network on the rows of the test.
        history: That of the chosen network.
        histories: Those of all stages, by name.
        refit: What is said of learning from all rows.
        options: The choices that lead to the same network again, whatever ended this training.
    """

    ready: Ready[D]
    network: Network
    kept: Ready[D]
    rows: Rows
    scores: Scores | None
    history: History
    histories: dict[str, History]
    refit: str
    options: Training


@dataclass
class Stages:
    """The fits of a training, one after another, by name.

    Attributes:
        verbose: As in :meth:`Network.fit`.
        histories: Those of the fits that are done.
    """

    verbose: int = 0
    histories: dict[str, History] = field(default_factory=dict)


def fit_stage(
    name: str,
    network: Network,
    learn: Arrays,
    validation: Arrays | None,
    options: Training,
    stages: Stages,
    *,
    epochs: int | None = None,
    patience: int | None = None,
) -> History:
    """Fit a network, as a stage of a training: the one place where anything is learned.

    Args:
        name: That of the stage: "main", "refit", "fold 1".
        network: The network, untrained.
        learn: Inputs and targets to learn from.
        validation: Those that say when to stop, or None.
        options: The choices, all decided.
        stages: What was done before.
        epochs: How many; as chosen if None.
        patience: For how many epochs to wait for a better one; without, all are trained.
    """
    history = network.fit(
        *learn,
        optimizer=Adam(options.learning_rate, clip_norm=options.clip_norm),
        batch_size=options.batch_size,
        epochs=options.epochs if epochs is None else epochs,
        validation_data=validation,
        callbacks=[] if patience is None else [EarlyStopping(patience)],
        time_budget=options.time_budget,
        verbose=stages.verbose,
    )
    stages.histories[name] = history
    return history


def train(kind: Kind[D], rows: Rows, options: Training, say: Say, verbose: int = 0) -> Trained[D]:
    """Train a network on examples, judge it by those it never saw, and let it learn from all of them.

    Raises :class:`~chainrule.errors.DataError` where nothing was learned.
    """
    stages = Stages(verbose)
    ready = kind.prepare(rows, options)
    for sentence in ready.about:
        say(sentence)
    options = ready.options
    network = ready.network()
    history = fit_stage(
        "main", network, ready.learn, ready.validation, options, stages, patience=ready.patience
    )
    shorter = f"learning_rate={min(options.learning_rate / 10, USUAL_RATE):g}"
    if history.diverged and not history.epochs:
        raise DataError(
            "The cost became NaN or infinite in the first epoch, so nothing was learned.\n"
            f"Its steps were too long: try {shorter}."
        )
    if why := blown_up(history, ready.guess):
        say(f"{why} Try {shorter}.")
    with asking() as late:  # what was learned is not lost by a signal that comes now
        scores = kind.score(ready, network, ready.test) if ready.test is not None else None
    history.signal = history.signal or late.number
    kept, network, told = refit(kind, rows, ready, network, history, stages)
    if told:
        say(told)
    return Trained(ready, network, kept, rows, scores, history, stages.histories, told, options)


def refit(
    kind: Kind[D], rows: Rows, ready: Ready[D], chosen: Network, history: History, stages: Stages
) -> tuple[Ready[D], Network, str]:
    """Let a network begin anew and learn from all rows, as long as the chosen one took to become best.

    Returns what the network that is kept learned from, that network, and a sentence.
    """
    options, everything = ready.options, rows.all
    if not options.refit or len(everything.learn) == len(rows.learn):
        return ready, chosen, ""
    if history.signal or history.diverged or blown_up(history, ready.guess):
        return ready, chosen, ""
    epochs = history.epochs if history.best_epoch is None else history.best_epoch + 1
    try:
        whole = kind.prepare(everything, options)
    except DataError as error:  # what was learned is not lost because more rows have other columns
        why = str(error).replace("\n", " ")
        return (
            ready,
            chosen,
            f"All rows together teach nothing ({why}), so the network that was judged is kept.",
        )
    network = whole.network()
    options = replace(options, time_budget=None)
    again = fit_stage("refit", network, whole.learn, None, options, stages, epochs=epochs)
    history.signal = history.signal or again.signal
    if why := _dropped(again, epochs, whole):
        return ready, chosen, f"Learning from all rows {why}, so the network that was judged is kept."
    return (
        whole,
        network,
        f"Learned anew from all {counted(len(everything.learn), 'row')}, as many epochs as were best ({epochs}); the "
        "scores are those of the network before, on rows that it never saw.",
    )


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
