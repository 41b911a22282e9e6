"""What asks a process to end: Ctrl-C, SIGTERM (kill, a shutdown, a scheduler) and SIGHUP (a terminal that closes)."""

import signal
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | signal.Handlers

NAMES: dict[signal.Signals, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
if hasattr(signal, "SIGHUP"):  # not on Windows
    NAMES[signal.SIGHUP] = "SIGHUP"
if hasattr(signal, "SIGBREAK"):  # on Windows alone
    NAMES[signal.SIGBREAK] = "Ctrl-Break"


class Ended(KeyboardInterrupt):
    """Raised by :func:`end_at_once`, as Ctrl-C raises its base; ``number`` is the signal."""

    def __init__(self, number: int) -> None:
        super().__init__(NAMES[signal.Signals(number)])
        self.number = number


@dataclass
class Asked:
    """``number`` is the first signal that came, 0 for none."""

    number: int = 0

    @property
    def name(self) -> str:
        """What its sender calls it."""
        return NAMES[signal.Signals(self.number)]


@contextmanager
def asking() -> Iterator[Asked]:
    """Let signals ask for the end of what is done inside, instead of ending it; what came is in what this yields.

    A second Ctrl-C ends it as usual. Only in the main thread, and only signals that would end the process: a
    handler of the user's own stays, and what is ignored (nohup) stays ignored.
    """
    asked = Asked()

    def ask(number: int, frame: FrameType | None) -> None:
        asked.number = asked.number or number
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)

    ending: dict[signal.Signals, Collection[Handler]] = dict.fromkeys(NAMES, (signal.SIG_DFL, end_at_once))
    ending[signal.SIGINT] = (signal.default_int_handler,)
    with handling(ask, ending):
        yield asked
    if asked.number:
        # The end has begun: a terminal that closes says so twice, and what was done is to be saved.
        for number in NAMES:
            if signal.getsignal(number) is end_at_once:
                signal.signal(number, signal.SIG_IGN)


def end_at_once(number: int, frame: FrameType | None) -> None:
    """Raise :class:`Ended`: a handler for SIGTERM and SIGHUP."""
    raise Ended(number)


@contextmanager
def handling(handler: Handler, instead_of: Mapping[signal.Signals, Collection[Handler]]) -> Iterator[None]:
    """Handle the signals of which one of the given handlers is in place, and put that back afterwards."""
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in instead_of}
    taken = []
    try:
        for number, found in before.items():
            if found in instead_of[number]:
                with suppress(ValueError):  # a sub-interpreter: its signals are not ours
                    signal.signal(number, handler)
                    taken.append(number)
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
