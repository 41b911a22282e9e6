"""The progress line: one line in a terminal, plain lines in a pipe."""

import sys
import time
from contextlib import suppress
from typing import Any


def line(epoch: int, epochs: int, logs: dict[str, float]) -> str:
    """Return one epoch in words.

    >>> line(4, 50, {"cost": 0.25, "val_cost": 0.3})
    'epoch  5/50  cost 0.2500  val_cost 0.3000'
    """
    numbers = "  ".join(f"{name} {number(value)}" for name, value in logs.items())
    return f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}  {numbers}"


def number(value: float) -> str:
    """Write a cost or a metric, so that epochs stand below each other.

    >>> number(0.25), number(1e-5)
    ('0.2500', '1.000e-05')
    """
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"


OFTEN, RARELY = 1.0, 60.0  # seconds between lines in a pipe, at least and at most


class ProgressLine:
    """Shows how far training is.

    ``verbose`` 0 shows nothing, 1 one line that is redrawn, 2 a line for each epoch. In a pipe 1 is a line for each
    tenth of the run that takes longer than a second, one a minute at least, and one at the end.
    """

    def __init__(self, verbose: int, epochs: int) -> None:
        self.verbose: int = verbose
        self.epochs: int = epochs
        self._shown_tenth = -1
        self._bar: Any = None
        self._task: Any = None
        self._last = time.monotonic()  # a run that is over by then needs no sign of life
        if sys.stderr is None:  # it was closed, or there is no console (pythonw)
            self.verbose = verbose = 0
        if verbose == 1 and sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 -- only where a line is drawn
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 -- likewise

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(20),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.fields[numbers]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("training", total=epochs, numbers="")
            self._bar.start()

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Show that ``epoch`` (from 0) has ended."""
        if self.verbose == 2:
            self._print(line(epoch, self.epochs, logs))
        elif self._bar is not None:
            self._bar.update(self._task, completed=epoch + 1, numbers=line(epoch, self.epochs, logs))
        elif self.verbose == 1:
            tenth = (epoch + 1) * 10 // self.epochs
            now = time.monotonic()
            since = now - self._last
            if epoch + 1 == self.epochs or since > RARELY or (since > OFTEN and tenth > self._shown_tenth):
                self._shown_tenth, self._last = tenth, now
                self._print(line(epoch, self.epochs, logs))

    def close(self, sentence: str) -> None:
        """Clear the line and say how training ended."""
        if self._bar is not None:
            with suppress(OSError):  # the terminal was closed
                self._bar.stop()
        if self.verbose:
            self._print(sentence)

    def _print(self, text: str) -> None:
        try:
            print(text, file=sys.stderr)
        except OSError:  # a reader that has gone, or a full disk, is no reason to lose a training
            self.verbose = 0
