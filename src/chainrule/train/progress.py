"""The progress line: one line in a terminal or a notebook, that is drawn again; plain lines in a pipe."""

import sys
import time
from contextlib import suppress
from typing import Any, Protocol


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


class Place(Protocol):
    """Where a line is shown."""

    def show(self, epoch: int, text: str) -> None:
        """Show the epoch (from 0) that has ended."""

    def close(self, sentence: str) -> None:
        """Say how training ended."""


class ProgressLine:
    """Shows how far training is.

    ``verbose`` 0 shows nothing, 1 one line that is redrawn, 2 a line for each epoch. In a pipe 1 is a line for each
    tenth of the run that takes longer than a second, one a minute at least, and one at the end.
    """

    def __init__(self, verbose: int, epochs: int) -> None:
        self.epochs: int = epochs
        self._place: Place | None = _place(verbose, epochs) if verbose else None

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Show that ``epoch`` (from 0) has ended."""
        if self._place is not None:
            self._place.show(epoch, line(epoch, self.epochs, logs))

    def close(self, sentence: str) -> None:
        """Clear the line and say how training ended."""
        if self._place is not None:
            self._place.close(sentence)


def _place(verbose: int, epochs: int) -> Place | None:
    if _in_notebook():  # where what goes to the error stream is on red
        return Notebook(epochs) if verbose == 1 else Pipe(epochs, verbose, sys.stdout)
    if sys.stderr is None:  # it was closed, or there is no console (pythonw)
        return None
    # rich draws from a thread, which a browser has not
    redrawn = verbose == 1 and sys.stderr.isatty() and sys.platform != "emscripten"
    return Terminal(epochs) if redrawn else Pipe(epochs, verbose, sys.stderr)


def _in_notebook() -> bool:
    """Say whether a page shows what is printed: IPython runs, and not in a terminal. It is not imported to ask."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kinds = [kind.__name__ for kind in type(shell).__mro__]
    return shell is not None and "TerminalInteractiveShell" not in kinds


def duration(seconds: float) -> str:
    """Write a time to wait.

    >>> [duration(seconds) for seconds in (12.3, 1403, 19409)]
    ['12 s', '23 min', '5.4 h']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


class Terminal:
    """A bar in one line, which is gone at the end."""

    def __init__(self, epochs: int) -> None:
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

    def show(self, epoch: int, text: str) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=epoch + 1, numbers=text)

    def close(self, sentence: str) -> None:
        """Clear the line, and say how training ended."""
        with suppress(OSError):  # the terminal was closed
            self._bar.stop()
        with suppress(OSError):
            print(sentence, file=sys.stderr)


REDRAWN = 0.1  # seconds between two states of a line in a notebook


class Notebook:
    """One output of a cell that changes in place: what is saved with the notebook is its last state alone."""

    def __init__(self, epochs: int) -> None:
        from IPython.display import DisplayHandle  # noqa: PLC0415 -- it is there where a notebook is

        self._epochs, self._handle = epochs, DisplayHandle()
        self._began = self._drawn = time.monotonic()
        self._text = ""
        self._draw(self._handle.display, "training begins", 0)

    def show(self, epoch: int, text: str) -> None:
        """Move the bar."""
        self._text = text
        now = time.monotonic()
        if now - self._drawn >= REDRAWN:
            left = (now - self._began) / (epoch + 1) * (self._epochs - epoch - 1)
            self._drawn = now
            self._draw(self._handle.update, f"{text}  {duration(left)} left", epoch + 1)

    def close(self, sentence: str) -> None:
        """Leave the last epoch and how training ended, without a bar."""
        self._draw(self._handle.update, "  ".join(filter(None, (self._text, sentence))))

    def _draw(self, how: Any, text: str, done: int | None = None) -> None:
        from html import escape  # noqa: PLC0415 -- who fits elsewhere does not wait for its table of characters

        bar = "" if done is None else f'<progress value="{done}" max="{self._epochs}"></progress> '
        html = f'<div style="font-family:monospace;white-space:pre-wrap">{bar}{escape(text)}</div>'
        with suppress(Exception):  # a page that has gone is no reason to lose a training
            how({"text/plain": text, "text/html": html}, raw=True)


OFTEN, RARELY = 1.0, 60.0  # seconds between lines in a pipe, at least and at most


class Pipe:
    """Lines: with ``verbose`` 2 one for each epoch, else few."""

    def __init__(self, epochs: int, verbose: int, stream: Any) -> None:
        self._epochs, self._every, self._stream = epochs, verbose == 2, stream
        self._shown_tenth = -1
        self._last = time.monotonic()  # a run that is over by then needs no sign of life

    def show(self, epoch: int, text: str) -> None:
        """Print the epoch, if it is its turn."""
        tenth = (epoch + 1) * 10 // self._epochs
        now = time.monotonic()
        since = now - self._last
        ended = epoch + 1 == self._epochs
        if self._every or ended or since > RARELY or (since > OFTEN and tenth > self._shown_tenth):
            self._shown_tenth, self._last = tenth, now
            self.close(text)

    def close(self, sentence: str) -> None:
        """Print how training ended."""
        if self._stream is not None:
            try:
                print(sentence, file=self._stream)
            except OSError:  # a reader that has gone, or a full disk, is no reason to lose a training
                self._stream = None
