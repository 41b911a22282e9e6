"""The progress line: one line in a terminal or a notebook, that is drawn again; plain lines in a pipe."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

REDRAWN = 0.1  # seconds between two states of a line
LONG = 1.0  # seconds of an epoch, until the line moves within it


def number(value: float) -> str:
    """Write a cost or a metric, so that epochs stand below each other.

    >>> number(0.25), number(1e-5)
    ('0.2500', '1.000e-05')
    """
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3e}"


def speed(steps: float) -> str:
    """Write how many steps are done in a second.

    >>> speed(1234.5), speed(3.14159), speed(0.05)
    ('1,234 steps/s', '3.1 steps/s', '0.05 steps/s')
    """
    return f"{steps:,.0f} steps/s" if steps >= 10 else f"{steps:.2g} steps/s"


def fitted(parts: Iterable[str], width: int) -> str:
    """Return the parts of a line that there is room for, from the first on; none is cut.

    >>> fitted(["epoch 3/50", "cost 0.2500", "val_cost 0.3000"], 30)
    'epoch 3/50  cost 0.2500'
    """
    from rich.cells import cell_len  # noqa: PLC0415 -- only where a line is drawn

    shown = ""
    for part in parts:
        longer = f"{shown}  {part}" if shown else part
        if cell_len(longer) > width:
            break
        shown = longer
    return shown


class Place(Protocol):
    """Where a line is shown."""

    redrawn: bool  # whether in place, and so within an epoch too

    def show(self, done: float, parts: Sequence[str]) -> None:
        """Show a line: so many epochs have ended, the last perhaps in part. What matters most comes first."""

    def close(self, sentence: str, last: str) -> None:
        """Say how training ended, and perhaps what there was to say of its last epoch."""


class ProgressLine:
    """Shows how far training is.

    ``verbose`` 0 shows nothing, 1 one line that is redrawn, within long epochs too, 2 a line for each epoch. In a pipe
    1 is a line for each tenth of the run that takes longer than a second, of long epochs one a minute, and one at the
    end.

    Args:
        verbose: See there.
        epochs: How many there are to be.
        steps: Of an epoch.
    """

    def __init__(self, verbose: int, epochs: int, steps: int = 1) -> None:
        self._epochs, self._steps = epochs, steps
        self._place: Place | None = _place(verbose, epochs) if verbose else None
        self._began = self._ended = self._drawn = time.monotonic()  # training, the last epoch, the line
        self._done, self._last = 0, list[str]()  # epochs that have ended, and what was said of the last

    @property
    def moves(self) -> bool:
        """Whether it shows what is done of an epoch."""
        return self._place is not None and self._place.redrawn

    def show(self, epoch: int, logs: dict[str, float]) -> None:
        """Show that ``epoch`` (from 0) has ended."""
        if self._place is None:
            return
        self._done, self._last = epoch + 1, [f"{name} {number(value)}" for name, value in logs.items()]
        self._ended = now = time.monotonic()
        if not self._place.redrawn:
            self._place.show(self._done, [self._count(epoch), *self._last])
        elif now - self._drawn >= REDRAWN or self._done == self._epochs:
            cost, *others = self._last
            self._draw(now, self._done, [self._count(epoch), cost], sorted(others, key=_less_telling))

    def within(self, epoch: int, steps: int, cost: float) -> None:
        """Show that so many steps of ``epoch`` (from 0) are done, if it is a long one; ``cost`` is their mean."""
        now = time.monotonic()
        if now - self._drawn < REDRAWN or now - self._ended < LONG:
            return
        share, since = steps / self._steps, (epoch - self._done) * self._steps + steps
        others = [speed(since / (now - self._ended))]
        if self._last:
            first, *rest = sorted(self._last, key=_less_telling)
            others += [f"epoch {self._done}: {first}", *rest]
        self._draw(
            now, epoch + share, [self._count(epoch), f"{100 * share:3.0f} %", f"cost {number(cost)}"], others
        )

    def _draw(self, now: float, done: float, first: Sequence[str], others: Sequence[str]) -> None:
        left = (now - self._began) * (self._epochs / done - 1)
        waiting = [f"{duration(left)} left"] if done < self._epochs else []
        self._drawn = now
        if self._place is not None:
            self._place.show(done, [*first, *waiting, *others])

    def _count(self, epoch: int) -> str:
        return f"epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"

    def close(self, sentence: str) -> None:
        """Clear the line and say how training ended."""
        if self._place is not None:
            last = [self._count(self._done - 1), *self._last] if self._last else []
            self._place.close(sentence, "  ".join(last))


def _less_telling(part: str) -> bool:
    """Order what is said of an epoch: how well it foretells what it has not seen comes first."""
    return not part.startswith("val_cost ")


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


BAR = 20  # columns


class Terminal:
    """One line, with a bar where there is room for it, which is gone at the end."""

    redrawn = True

    def __init__(self, epochs: int) -> None:
        from rich.console import Console  # noqa: PLC0415 -- only where a line is drawn
        from rich.live import Live  # noqa: PLC0415 -- likewise

        self._epochs, self._done, self._parts = epochs, 0.0, ["training begins"]
        console = Console(stderr=True)
        self._live = Live(self, console=console, refresh_per_second=5, transient=True)
        self._live.start()

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Draw the line, as wide as the terminal is now."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 -- likewise
        from rich.table import Table  # noqa: PLC0415 -- likewise
        from rich.text import Text  # noqa: PLC0415 -- likewise

        text = Text(fitted(self._parts, options.max_width), no_wrap=True, overflow="crop")
        bar = min(BAR, options.max_width - text.cell_len - 2)
        row = Table.grid(padding=(0, 2))
        row.add_row(text, *[ProgressBar(self._epochs, self._done, width=bar)] * (bar >= BAR // 2))
        yield row

    def show(self, done: float, parts: Sequence[str]) -> None:
        """Let the line say so when it is drawn next."""
        self._done, self._parts = done, list(parts)

    def close(self, sentence: str, last: str) -> None:
        """Clear the line, and say how training ended."""
        with suppress(OSError):  # the terminal was closed
            self._live.stop()
        with suppress(OSError):
            print(sentence, file=sys.stderr)


class Notebook:
    """One output of a cell that changes in place: what is saved with the notebook is its last state alone."""

    redrawn = True

    def __init__(self, epochs: int) -> None:
        from IPython.display import DisplayHandle  # noqa: PLC0415 -- it is there where a notebook is

        self._epochs, self._handle = epochs, DisplayHandle()
        self._draw(self._handle.display, "training begins", 0)

    def show(self, done: float, parts: Sequence[str]) -> None:
        """Move the bar."""
        self._draw(self._handle.update, "  ".join(parts), done)

    def close(self, sentence: str, last: str) -> None:
        """Leave the last epoch and how training ended, without a bar."""
        self._draw(self._handle.update, "  ".join(filter(None, (last, sentence))))

    def _draw(self, how: Any, text: str, done: float | None = None) -> None:
        from html import escape  # noqa: PLC0415 -- who fits elsewhere does not wait for its table of characters

        bar = "" if done is None else f'<progress value="{done:g}" max="{self._epochs}"></progress> '
        html = f'<div style="font-family:monospace;white-space:pre-wrap">{bar}{escape(text)}</div>'
        with suppress(Exception):  # a page that has gone is no reason to lose a training
            how({"text/plain": text, "text/html": html}, raw=True)


OFTEN, RARELY = 1.0, 60.0  # seconds between lines in a pipe, at least and at most


class Pipe:
    """Lines: with ``verbose`` 2 one for each epoch, else few."""

    redrawn = False

    def __init__(self, epochs: int, verbose: int, stream: Any) -> None:
        self._epochs, self._every, self._stream = epochs, verbose == 2, stream
        self._shown_tenth = -1
        self._last = time.monotonic()  # a run that is over by then needs no sign of life

    def show(self, done: float, parts: Sequence[str]) -> None:
        """Print the epoch, if it is its turn."""
        tenth = int(done * 10 // self._epochs)
        now = time.monotonic()
        since = now - self._last
        ended = done == self._epochs
        if self._every or ended or since > RARELY or (since > OFTEN and tenth > self._shown_tenth):
            self._shown_tenth, self._last = tenth, now
            self._print("  ".join(parts))

    def close(self, sentence: str, last: str) -> None:
        """Print how training ended."""
        self._print(sentence)

    def _print(self, text: str) -> None:
        if self._stream is not None:
            try:
                print(text, file=self._stream)
            except OSError:  # a reader that has gone, or a full disk, is no reason to lose a training
                self._stream = None
