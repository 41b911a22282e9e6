"""Fits side by side: each on a thread of its own while there are cores, begun as others end."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from signal import SIGINT
from typing import Any

import numpy as np

from chainrule.engines.cores import alone, threads
from chainrule.engines.registry import REFERENCE
from chainrule.shown import counted
from chainrule.signals import Asked
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.fit.asking import Begun, failure, learn
from chainrule.train.fit.divergence import Told
from chainrule.train.history import History
from chainrule.train.optimizers import LBFGS
from chainrule.train.programs import training_of
from chainrule.train.progress import ProgressLine, Watched

LONG_SECONDS = 0.01  # of NumPy: what takes less is mostly Python, of which one thread is done at a time
LOOK_SECONDS = 0.05  # between two looks at how far all are, and at signals


class Crew:
    """Does fits. What calls functions of the user's is done in the caller's thread, and alone, as it always was.

    Args:
        places: The numbers of the fits.
        signals: Those that ask for the end of all.
        verbose: What of :meth:`Network.fit`, for all of them together.
        epochs: How many epochs there are in all.

    Attributes:
        threads: How many fits are done at a time.
        failures: What there is to say of each that has ended.
    """

    def __init__(self, places: Sequence[int], signals: Asked, verbose: int, epochs: int) -> None:
        self.threads: int = max(1, min(threads(), len(places)))
        self.failures: dict[int, Told | None] = {}
        self._places, self._signals = places, signals
        self._given: SimpleQueue[tuple[int, Begun] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._running: dict[int, Begun] = {}
        self._verbose, self._epochs = verbose, epochs
        self._line: ProgressLine | None = None
        self._done: list[History] = []
        self._here: list[History] = []  # of the fit that this thread does
        self._spared = 0  # epochs of those that ended early
        self._shown, self._when = 0, 0.0  # epochs that the line told of last, and when that was

    def do(self, begin: Callable[[int, int], Begun]) -> dict[int, History]:
        """Do all fits, each begun by ``begin(number, threads)``; return the histories of those that were begun."""
        histories: dict[int, History] = {}
        try:
            for i in self._places:
                while len(self._running) > self.threads:  # one waits, so that no thread does
                    self._look()
                if self._signals.number:
                    break
                fit = begin(i, self.threads)
                histories[i] = fit.run.history
                self._draw(fit)
                if not (self.threads > 1 and _goes_on_a_thread(fit) and self._give(i, fit)):
                    self._learn_here(i, fit)
            while self._running:
                self._look()
        except BaseException:
            self._signals.number = self._signals.number or SIGINT  # the others end, too
            raise
        finally:
            for _ in self._workers:
                self._given.put(None)
            for worker in self._workers:
                worker.join()
            if self._line is not None:
                self._show()
                by = f"Stopped by {self._signals.name}: " if self._signals.number else ""
                self._line.close(f"{by}{counted(len(self._done), 'network')} trained.")
        return histories

    def _give(self, i: int, fit: Begun) -> bool:
        """Give a fit to a thread; False where the system lets no thread begin."""
        if len(self._workers) < self.threads and len(self._workers) <= len(self._running):
            worker = threading.Thread(target=self._work, name=f"fit-{len(self._workers)}", daemon=True)
            with suppress(RuntimeError):  # a limit of the system: as many as there are do it
                worker.start()
                self._workers.append(worker)
        if not self._workers:
            return False
        fit.run.settings = replace(fit.run.settings, verbose=0)
        fit.run.among = None
        self._running[i] = fit
        self._given.put((i, fit))
        return True

    def _draw(self, fit: Begun) -> None:
        """Begin the line of all, and let a fit be shown in it."""
        if not self._verbose or len(self._places) == 1:
            return
        if self._line is None:
            watched = Watched("val_cost" if fit.run.validation is not None else "cost")
            self._line = ProgressLine(self._verbose, self._epochs, 1, watched, networks=len(self._places))
        fit.run.among = _Among(self._show_again)

    def _learn_here(self, i: int, fit: Begun) -> None:
        """Do a fit in this thread."""
        self._here = [fit.run.history]
        learn(fit, self._signals)
        self._here = []
        self._end(i, fit)

    def _work(self) -> None:
        with alone():
            while (given := self._given.get()) is not None:
                i, fit = given
                error: BaseException | None = None
                try:
                    if self._signals.number:
                        vars(fit.run.history).update(never_begun(self._signals))
                    else:
                        learn(fit, self._signals)
                except BaseException as found:  # it belongs to the caller's thread
                    error = found
                self._ended.put((i, error))
                del given, fit, error  # while it waits for the next one, nothing holds their examples

    def _look(self) -> None:
        """Wait a little for one to end, and show how far all are."""
        try:
            i, error = self._ended.get(timeout=LOOK_SECONDS)
        except Empty:
            if self._verbose == 1:
                self._show()
            return
        fit = self._running.pop(i)
        if error is not None:
            raise error
        self._end(i, fit)
        self._show()

    def _end(self, i: int, fit: Begun) -> None:
        """Note that a fit has ended."""
        self._done.append(fit.run.history)
        self._spared += max(0, fit.run.settings.last - fit.run.history.epochs)
        self.failures[i] = failure(fit)

    def _show_again(self) -> None:
        """Show it if that is some time ago: to look at thousands takes longer than an epoch of one."""
        if self._verbose == 2 or time.monotonic() - self._when > LOOK_SECONDS:
            self._show()

    def _show(self) -> None:
        """Show how many epochs of all are done, and the means of what was recorded last of each."""
        every = [*self._done, *self._here, *(fit.run.history for fit in self._running.values())]
        begun = [history for history in every if history.epochs]
        if self._verbose and self._line is not None and begun:
            logs = {name: float(np.mean([h[name][-1] for h in begun if h[name]])) for name in begun[0]}
            told, self._shown = self._shown, sum(history.epochs for history in every) + self._spared
            if self._shown != told:
                self._line.show(self._shown - 1, logs)
            self._when = time.monotonic()


class _Among(ProgressLine):
    """Shows a fit by showing all."""

    def __init__(self, show: Callable[[], None]) -> None:
        super().__init__(verbose=0, epochs=0)
        self._show_all = show

    def show(self, epoch: int, logs: dict[str, float], best: tuple[float, int] | None = None) -> None:
        """Show all."""
        self._show_all()


def never_begun(signals: Asked) -> dict[str, Any]:
    """Return what the history of a fit says that a signal was before."""
    return {"stopped": f"Never begun: {signals.name} came before.", "signal": signals.number}


def _goes_on_a_thread(fit: Begun) -> bool:
    """Say whether another thread may do a fit, and is of use: beside machine code others run, beside Python not."""
    run = fit.run
    callbacks = run.listeners.callbacks
    ours = all(isinstance(each, EarlyStopping) or getattr(each, "on_any_thread", False) for each in callbacks)
    if not ours or isinstance(run.method, LBFGS) or run.executable.engine == REFERENCE:
        return False
    work = training_of(run.goal, run.method).work[REFERENCE]
    return work.seconds(run.steps * run.settings.last, run.batches.largest(run.rows)) > LONG_SECONDS
