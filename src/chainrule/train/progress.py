"""The progress line: one line in a terminal or a notebook, that is drawn again; plain lines in a pipe."""

import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

REDRAWN = 0.1  # seconds between two states of a line
LONG = 1.0  # seconds of an epoch, until the line moves within it
REMEMBERED = 5.0  # seconds, after which an older pace counts for a third
_UNTOLD = ContextVar("untold", default=False)
BLOCKS = "▁▂▃▄▅▆▇█"
LIST = 200  # values of a curve, of which two neighbours become one where there are twice as many


@contextmanager
def ends_untold() -> Iterator[None]:
    """Inside, a fit shows how far it is, and leaves it to the caller to say how it ended."""
    before = _UNTOLD.set(True)
    try:
        yield
    finally:
        _UNTOLD.reset(before)


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


def curve(values: Sequence[float], width: int) -> str:
    """Draw values as blocks, the lowest as the least; by their logarithm where all are above 0.

    >>> curve([8.0, 4.0, 2.0, 1.0], 10), curve([0.0, 1.0, 2.0, 3.0], 2)
    ('█▆▃▁', '▁█')
    """
    known = [v for v in values if math.isfinite(v)]
    if len(known) < 2:
        return ""
    largest = max(map(abs, known)) or 1.0  # sums of large numbers are none
    heights = [math.log(v) for v in known] if min(known) > 0 else [v / largest for v in known]
    count = min(width, len(heights))
    cuts = [len(heights) * i // count for i in range(count + 1)]
    means = [sum(heights[a:b]) / (b - a) for a, b in pairwise(cuts)]
    low, span = min(means), max(means) - min(means)
    return "".join(BLOCKS[round((len(BLOCKS) - 1) * (m - low) / span) if span else 0] for m in means)


class Place(Protocol):
    """Where a line is shown."""

    redrawn: bool  # whether in place, and so within an epoch too
    blocks: bool  # whether it has letters that draw

    def show(self, done: float, parts: Sequence[str], values: Sequence[float] = ()) -> None:
        """Show a line: so many epochs have ended, the last perhaps in part. What matters most comes first.

        ``values`` are those of a curve, for which there may be room.
        """

    def close(self, sentence: str, last: str) -> None:
        """Say how training ended, if that is for the line to say, and perhaps what there was of its last epoch."""


@dataclass(frozen=True)
class Watched:
    """What decides which epoch is best, and what follows from it.

    Attributes:
        name: What the history calls it.
        larger_is_better: Whether more is better.
        remembered: Whether the best epoch is of interest.
        may_end: Whether training may end before its last epoch.
    """

    name: str = "cost"
    larger_is_better: bool = False
    remembered: bool = False
    may_end: bool = False


class ProgressLine:
    """Shows how far training is.

    ``verbose`` 0 shows nothing, 1 one line that is redrawn, within long epochs too, 2 a line for each epoch. In a pipe
    1 is a line every few seconds, and one at the end.

    Args:
        verbose: See there.
        epochs: How many there are to be.
        steps: Of an epoch.
        watched: What decides which epoch is best.
        done: How many epochs there were before an interruption.
        seconds: How long it may take from here.
        networks: How many networks have these epochs, together.
    """

    def __init__(
        self,
        verbose: int,
        epochs: int,
        steps: int = 1,
        watched: Watched | None = None,
        done: int = 0,
        seconds: float = math.inf,
        networks: int = 1,
    ) -> None:
        self._verbose = verbose
        self._whose = f"{networks} networks" if networks > 1 else ""
        self._epochs, self._steps, self._watched = epochs, steps, watched or Watched()
        self._place: Place | None = _place(verbose, epochs) if verbose else None
        self._began = self._ended = self._drawn = time.monotonic()  # the last epoch, the line
        self._deadline = self._ended + seconds
        self._done, self._last = (
            done,
            dict[str, str](),
        )  # epochs that have ended, and what was said of the last
        self._before = done
        self._pace = 0.0  # seconds an epoch takes; 0 where that is not known
        self._best = ""
        self._values = list[float]()  # of what decides

    @property
    def moves(self) -> bool:
        """Whether it shows what is done of an epoch."""
        return self._place is not None and self._place.redrawn

    def show(self, epoch: int, logs: dict[str, float], best: tuple[float, int] | None = None) -> None:
        """Show that ``epoch`` (from 0) has ended; ``best`` is the best value so far and its epoch."""
        if self._place is None:
            return
        now = time.monotonic()
        self._pace = self._paced(now, epoch + 1 - self._done)
        self._done, self._ended = epoch + 1, now
        self._last = {name: f"{name} {number(value)}" for name, value in logs.items()}
        self._note(logs, best)
        if not self._place.redrawn:
            more = [] if self._verbose == 2 else [self._best, *self._left(0.0)]
            parts = [*self._last.values(), *more, self._whose]
            self._place.show(self._done, [self._count(epoch), *filter(None, parts)])
        elif now - self._drawn >= REDRAWN or self._done == self._epochs:
            decides, *others = self._in_order()
            parts = [decides, *others[:1], *self._left(0.0), self._best, self._whose, *others[1:]]
            self._draw(now, self._done, [self._count(epoch), *filter(None, parts)])

    def within(self, epoch: int, steps: int, cost: float) -> None:
        """Show that so many steps of ``epoch`` (from 0) are done, if it is a long one; ``cost`` is their mean."""
        now = time.monotonic()
        if now - self._drawn < REDRAWN or now - self._ended < LONG:
            return
        share, since = steps / self._steps, (epoch - self._done) * self._steps + steps
        parts = [
            self._count(epoch),
            f"{100 * share:3.0f} %",
            f"cost {number(cost)}",
            *self._left(since / self._steps),
        ]
        parts.append(speed(since / (now - self._ended)))
        if self._last:
            first, *rest = self._in_order()
            parts += [f"epoch {self._done}: {first}", *rest]
        self._draw(now, epoch + share, parts)

    def _note(self, logs: dict[str, float], best: tuple[float, int] | None) -> None:
        """Keep what there is to say of the best epoch so far, and the curve."""
        watched = self._watched
        self._values.append(logs[watched.name] if watched.name in logs else next(iter(logs.values())))
        if len(self._values) > 2 * LIST:
            pairs = zip(self._values[::2], self._values[1::2], strict=False)
            self._values = [(one + other) / 2 for one, other in pairs]
        if watched.remembered and best is not None and best[1] >= 0:
            value = -best[0] if watched.larger_is_better else best[0]
            self._best = f"best {number(value)} at {best[1] + 1}"

    def _paced(self, now: float, epochs: float) -> float:
        """Return how many seconds an epoch takes: at first in the mean, then as of late, if it was otherwise before."""
        spent, done = now - self._ended, self._done - self._before + epochs
        if now - self._began < REMEMBERED and done > 0:  # many networks end a hundred epochs at a time
            return (now - self._began) / done
        if not self._pace or epochs <= 0:
            return spent / epochs if epochs > 0 else self._pace
        weight = -math.expm1(-spent / REMEMBERED)
        return (1 - weight) * self._pace + weight * spent / epochs

    def _left(self, since: float) -> list[str]:
        """Return how long it takes from here, where so much of an epoch was done since the last one ended."""
        pace = self._paced(time.monotonic(), since) if since else self._pace
        rest = max(self._deadline - time.monotonic(), 0.0)
        left = min(pace * (self._epochs - self._done - since), rest)
        at_most = "" if not self._watched.may_end else "≤" if self._place and self._place.blocks else "<"
        return [f"{at_most}{duration(left)} left"] if self._done + since < self._epochs else []

    def _in_order(self) -> list[str]:
        """Return what is said of an epoch, that which decides first, then the costs."""
        first = self._watched.name if self._watched.name in self._last else "val_cost"
        return [
            self._last[name]
            for name in sorted(self._last, key=lambda name: (name != first, "cost" not in name))
        ]

    def _draw(self, now: float, done: float, parts: Sequence[str]) -> None:
        self._drawn = now
        if self._place is not None:
            self._place.show(done, parts, self._values)

    def _count(self, epoch: int) -> str:
        return f"epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"

    def close(self, sentence: str) -> None:
        """Clear the line and say how training ended."""
        if self._place is not None:
            last = [self._count(self._done - 1), *self._last.values()] if self._last else []
            self._place.close("" if _UNTOLD.get() else sentence, "  ".join(last))


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


BAR, SHORTEST, BROAD = 20, 4, 70  # columns: of a bar or a curve, and of a terminal that has room for one
SOON = 0.25  # seconds: what is over by then needs no line


class Terminal:
    """One line, with a curve or a bar where there is room for it, which is gone at the end."""

    redrawn = True

    def __init__(self, epochs: int) -> None:
        self._epochs, self._done, self._parts = epochs, 0.0, ["training begins"]
        self._values: Sequence[float] = ()
        self._live: Any = None
        self._soon = time.monotonic() + SOON
        self.blocks: bool = _has_blocks(sys.stderr)

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """Draw the line, as wide as the terminal is now."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415 -- only where a line is drawn
        from rich.table import Table  # noqa: PLC0415 -- likewise
        from rich.text import Text  # noqa: PLC0415 -- likewise

        width, drawn = options.max_width, self.blocks and len(self._values) > 1
        kept = SHORTEST + 2 if drawn and width >= BROAD else 0
        first, *others = self._parts
        shorter = [first.removeprefix("epoch "), *others]  # where that leaves room for one more
        full, short = (fitted(parts, width - kept) for parts in (self._parts, shorter))
        says = short if len(short) > len(full) - len("epoch ") else full
        text = Text(says, no_wrap=True, overflow="crop")
        room = min(BAR, width - text.cell_len - 2)
        row = Table.grid(padding=(0, 2))
        if drawn and room >= SHORTEST:
            row.add_row(text, Text(curve(self._values, room), style="cyan"))
        else:
            row.add_row(text, *[ProgressBar(self._epochs, self._done, width=room)] * (room >= BAR // 2))
        yield row

    def show(self, done: float, parts: Sequence[str], values: Sequence[float] = ()) -> None:
        """Let the line say so when it is drawn next."""
        self._done, self._parts, self._values = done, list(parts), list(values)
        if self._live is None and time.monotonic() >= self._soon:
            from rich.console import Console  # noqa: PLC0415 -- only where a line is drawn
            from rich.live import Live  # noqa: PLC0415 -- likewise

            self._live = Live(self, console=Console(stderr=True), refresh_per_second=5, transient=True)
            self._live.start()

    def close(self, sentence: str, last: str) -> None:
        """Clear the line, and say how training ended."""
        with suppress(OSError):  # the terminal was closed
            if self._live is not None:
                self._live.stop()
        with suppress(OSError):
            if sentence:
                print(sentence, file=sys.stderr)


def _has_blocks(stream: Any) -> bool:
    try:
        f"{BLOCKS}≤".encode(stream.encoding)
    except (AttributeError, LookupError, TypeError, UnicodeError):
        return False
    return True


class Notebook:
    """One output of a cell that changes in place: what is saved with the notebook is its last state alone."""

    redrawn = blocks = True

    def __init__(self, epochs: int) -> None:
        from IPython.display import DisplayHandle  # noqa: PLC0415 -- it is there where a notebook is

        self._epochs, self._handle = epochs, DisplayHandle()
        self._draw(self._handle.display, "training begins", 0)

    def show(self, done: float, parts: Sequence[str], values: Sequence[float] = ()) -> None:
        """Move the bar."""
        self._draw(self._handle.update, "  ".join(filter(None, [*parts, curve(values, BAR)])), done)

    def close(self, sentence: str, last: str) -> None:
        """Leave the last epoch and how training ended, without a bar."""
        self._draw(self._handle.update, "  ".join(filter(None, (last, sentence))))

    def _draw(self, how: Any, text: str, done: float | None = None) -> None:
        from html import escape  # noqa: PLC0415 -- who fits elsewhere does not wait for its table of characters

        bar = "" if done is None else f'<progress value="{done:g}" max="{self._epochs}"></progress> '
        html = f'<div style="font-family:monospace;white-space:pre-wrap">{bar}{escape(text)}</div>'
        with suppress(Exception):  # a page that has gone is no reason to lose a training
            how({"text/plain": text, "text/html": html}, raw=True)


BETWEEN = 3.0  # seconds between lines in a pipe


class Pipe:
    """Lines: with ``verbose`` 2 one for each epoch, else one every few seconds."""

    redrawn = blocks = False

    def __init__(self, epochs: int, verbose: int, stream: Any) -> None:
        self._epochs, self._every, self._stream = epochs, verbose == 2, stream
        self._last = time.monotonic()  # a run that is over by then needs no sign of life

    def show(self, done: float, parts: Sequence[str], values: Sequence[float] = ()) -> None:
        """Print the epoch, if it is its turn."""
        now = time.monotonic()
        last = done == self._epochs and not _UNTOLD.get()
        if self._every or last or now - self._last >= BETWEEN:
            self._last = now
            self._print("  ".join(parts))

    def close(self, sentence: str, last: str) -> None:
        """Print how training ended."""
        if sentence:
            self._print(sentence)

    def _print(self, text: str) -> None:
        if self._stream is not None:
            try:
                print(text, file=self._stream)
            except OSError:  # a reader that has gone, or a full disk, is no reason to lose a training
                self._stream = None
